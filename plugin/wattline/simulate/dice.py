"""Chance that can be repeated: the same keys give the same numbers on every machine and in every run."""

from functools import lru_cache
from hashlib import blake2b


# A curve asks for its two neighbouring points once a second, for minutes.
@lru_cache(maxsize=1024)
def fraction(*keys: object) -> float:
    """A number from 0 to 1, 1 excluded, that depends on the ``keys`` alone."""
    digest = blake2b("/".join(map(str, keys)).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def between(low: float, high: float, *keys: object) -> float:
    """A number from ``low`` to ``high`` that depends on the ``keys`` alone."""
    return low + (high - low) * fraction(*keys)


def wander(x: float, *keys: object) -> float:
    """A smooth curve over ``x`` between -1 and 1 that takes a new direction at every whole ``x``."""
    step = int(x // 1)
    here, there = (2 * fraction(*keys, n) - 1 for n in (step, step + 1))
    part = x - step
    return here + (there - here) * part * part * (3 - 2 * part)


class Dice:
    """A row of throws, told apart from other rows by its keys."""

    def __init__(self, *keys: object) -> None:
        self._keys = keys
        self._throws = 0

    def fraction(self) -> float:
        """The next number from 0 to 1, 1 excluded."""
        self._throws += 1
        return fraction(*self._keys, self._throws)

    def between(self, low: float, high: float) -> float:
        """The next number from ``low`` to ``high``."""
        return low + (high - low) * self.fraction()

    def whole(self, low: int, high: int) -> int:
        """The next whole number from ``low`` to ``high``, both included."""
        return low + int((high - low + 1) * self.fraction())
