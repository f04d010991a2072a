"""Power against voltage, current and power factor, as far as values can be compared that were read one after the other.

The reads of a slot lie a tenth of a second apart. When a load is switched between them, the current is the old one and
the power the new one, and both are true. But each quantity then lies between its value of the slot before and its value
of this one. So ranges are compared, not values: the power must meet what voltage, current and power factor can make, if
each may be anything between its two values, give or take a display unit, and 5 % for the accuracy of the meter. A load
step passes, whichever read came first; a single false value passes as well, since it cannot be told from a load that was
on for half a second. What fails twice in a row is the wrong model, a wrong scale, or a mix-up of registers.

Where the power or the current halved or doubled, the range says too little, and nothing is judged.
"""

from collections.abc import Mapping
from typing import NamedTuple

from wattline.fields import LINES
from wattline.meters import Model
from wattline.plausibility.counters import step_units

TOLERANCE = 0.05
# Of a few watts a meter knows little: its accuracy is promised from a twentieth of its reference current on (EN 50470-3).
LEAST_VA = 10.0
STRONG = 0.5


class _Range(NamedTuple):
    low: float
    high: float

    def times(self, other: "_Range") -> "_Range":
        """The product; both are zero or more."""
        return _Range(self.low * other.low, self.high * other.high)

    def is_below(self, other: "_Range") -> bool:
        """Whether it is so with all tolerance."""
        return self.high * (1 + TOLERANCE) + LEAST_VA < other.low

    def misses(self, other: "_Range") -> bool:
        """Whether they have nothing in common."""
        return self.is_below(other) or other.is_below(self)


class Consistency:
    """Compares what belongs together: on one phase, or on each line.

    Args:
        model: the table by which the values were decoded.
    """

    def __init__(self, model: Model) -> None:
        self._steps = {row.field: step_units(row) / 10**row.decimals for row in model.rows}
        # With three lines the totals do not belong together: the power is a sum and the voltage an average.
        self._parts = [""] if model.phases == 1 else [f"_{line}" for line in LINES]
        self._before: Mapping[str, float] = {}
        self._told: set[str] = set()

    def check(self, values: Mapping[str, float]) -> list[str]:
        """The powers that do not agree with the other ``values`` (field to value in its unit) of this slot."""
        disagreeing = [f"power{part}_w" for part in self._parts if self._is_off(part, values)]
        self._before = values
        return disagreeing

    def is_news(self, name: str) -> bool:
        """Whether ``name`` is asked for here for the first time; a wrong model would be said again for ever."""
        is_new = name not in self._told
        self._told.add(name)
        return is_new

    def _is_off(self, part: str, values: Mapping[str, float]) -> bool:
        voltage, current = self._range(f"voltage{part}_v", values), self._range(f"current{part}_a", values)
        power = self._range(f"power{part}_w", values)
        if not (voltage and current and power):
            return False
        if self._moved(f"power{part}_w", values) or self._moved(f"current{part}_a", values):
            return False
        apparent = voltage.times(current)
        if factor := self._range(f"power_factor{part}", values):
            return power.misses(apparent.times(factor))
        if shown := self._range(f"apparent_power{part}_va", values):
            return shown.misses(apparent) or shown.is_below(power)
        return apparent.is_below(power)

    def _range(self, name: str, values: Mapping[str, float]) -> _Range | None:
        """What the size of a quantity may be, its sign aside; None when one of the two values is missing.

        Meters disagree about the sign of a power factor, and some have none for power.
        """
        if name not in values or name not in self._before:
            return None
        sizes, step = (abs(values[name]), abs(self._before[name])), self._steps[name]
        return _Range(max(0.0, min(sizes) - step), max(sizes) + step)

    def _moved(self, name: str, values: Mapping[str, float]) -> bool:
        now, before = values[name], self._before[name]
        return abs(now - before) > STRONG * max(abs(now), abs(before))
