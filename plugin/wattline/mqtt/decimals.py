"""The number on the meter's display, from the binary grain in which values travel (see ``registers.py``).

How many decimals a meter shows a value alone does not tell: 230.125 may stand for 230.1 or for 230.125. So they are the
most that any value of the same field of the same meter has needed so far, and until there were eight different ones at
least those of the vocabulary, which are never too few. ``telegraf/sinks/rounding.star`` does the same.
"""

import math

from wattline.fields import ELECTRICITY_FIELDS

ENOUGH = 8
GRAINS = (1, 16, 128, 1024, 16384, 131072, 1048576)
# More decimals than any meter shows: such a value is left as it came.
ANY = len(GRAINS)


class Decimals:
    """What was learnt of each field of each meter."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, int, float]] = {}

    def shown(self, meter: str, name: str, value: float) -> float:
        """``value`` of the field ``name`` as ``meter`` shows it."""
        most, count, last = self._seen.get((meter, name), (0, 0, math.nan))
        if value != last:
            most, count = max(most, needed(value)), count + 1
            self._seen[meter, name] = most, count, value
        return rounded(value, most if count >= ENOUGH else max(most, ELECTRICITY_FIELDS[name].decimals))


def needed(value: float) -> int:
    """The fewest decimals of which ``value`` is the grain; ``ANY`` when it is that of none."""
    for decimals, grain in enumerate(GRAINS):
        if _whole(rounded(value, decimals) * grain) / grain == value:
            return decimals
    return ANY


def rounded(value: float, decimals: int) -> float:
    """``value`` at ``decimals``, halves away from zero."""
    unit = 10**decimals
    return value if decimals >= ANY else _whole(value * unit) / unit


def _whole(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value) + 0.0
