"""How far a conversion is, as plain lines: none in the first seconds, few after that."""

import time
from collections.abc import Callable

EVERY_S = 30.0


def share(done_bytes: int, total_bytes: int) -> str:
    """How much of all is done; empty where nobody knows how much there is."""
    return f"{100 * done_bytes / total_bytes:.0f} %, " if total_bytes else ""


def millions(lines: int) -> str:
    """A number of lines for people."""
    return f"{lines / 1_000_000:.1f} million lines"


class Lines:
    """Says now and then how far it is.

    Args:
        say: takes a line.
        monotonic: seconds of a clock that never steps.
    """

    def __init__(self, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say, self._monotonic = say, monotonic
        self._said_s = monotonic()

    def at(self, done_bytes: int, total_bytes: int, lines: int) -> None:
        """Say it, twice a minute."""
        if self._monotonic() - self._said_s >= EVERY_S:
            self._said_s = self._monotonic()
            self._say(f"Converting: {share(done_bytes, total_bytes)}{millions(lines)}.")

    def say(self, sentence: str) -> None:
        """Say something else."""
        self._say(sentence)
