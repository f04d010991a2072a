"""The number on the meter's display, from the binary grain in which values travel (see ``registers.py``).

How many decimals a meter shows a value alone does not tell: 230.125 may stand for 230.1 or for 230.125. So they are the
most that any value of the same field of the same meter has needed so far: never a digit that the meter does not show, and
at first perhaps one too few. The counters of one unit have the same decimals in every model, so until there were eight
different values of one its sisters are heard too; and a counter that did not fall is never shown lower than it was.
``telegraf/sinks/rounding.star`` does the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from wattline.fields import ELECTRICITY_FIELDS

ENOUGH = 8
GRAINS = (1, 16, 128, 1024, 16384, 131072, 1048576)
# More decimals than any meter shows: such a value is left as it came.
ANY = len(GRAINS)


@dataclass(slots=True)
class _Seen:
    """What was seen of a field of a meter: the decimals that it needed, how many values, the last, and how that was shown."""

    most: int = 0
    count: int = 0
    last: float = math.nan
    shown: float = -math.inf


class Decimals:
    """What was learnt of each field of each meter."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, _Seen]] = {}

    def shown(self, meter: str, values: Mapping[str, float]) -> dict[str, float]:
        """``values`` (field to value, of one reading) as ``meter`` shows them."""
        seen = self._seen.setdefault(meter, {})
        before = {name: seen.setdefault(name, _Seen()).last for name in values}
        for name, value in values.items():
            if value != before[name]:
                field = seen[name]
                field.most, field.count, field.last = max(field.most, needed(value)), field.count + 1, value
        return {name: self._show(seen, name, value, before[name]) for name, value in values.items()}

    def _show(self, seen: Mapping[str, _Seen], name: str, value: float, before: float) -> float:
        field, sort = seen[name], ELECTRICITY_FIELDS[name]
        if sort.kind != "counter":
            return rounded(value, field.most)
        sisters = (seen[other].most for other in seen if ELECTRICITY_FIELDS[other].unit == sort.unit)
        number = rounded(value, field.most if field.count >= ENOUGH else max(sisters))
        field.shown = max(number, field.shown) if value >= before else number
        return field.shown


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
