"""Power against voltage, current and power factor, as far as values can be compared that were read one after the other.

The reads of a slot lie a tenth of a second apart. When a load is switched between them, the current is the old one and
the power the new one, and both are true. But each quantity then lies between its value of the slot before and its value
of this one. So ranges are compared, not values: the power must meet what voltage, current and power factor can make, if
each may be anything between its two values, give or take a display unit, and 5 % for the accuracy of the meter. A load
step passes, whichever read came first; a single false value passes as well, since it cannot be told from a load that was
on for half a second. What fails twice in a row is the wrong model, a wrong scale, or a mix-up of registers.

Where the power or the current halved or doubled, the range says too little, and nothing is judged.

Apparent power is compared with voltage and current alike. Some meters reckon it from active and reactive power, which
leaves out what a distorted current adds; so it may be below their product, but not below its half, nor below the power.

A zero in one slot alone is no load: one that lasts shows in all values of that slot, or in the same value of the next.
So it is held against the others of its own slot, once the next one is there.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from wattline.fields import LINES
from wattline.meters import Model
from wattline.plausibility.counters import step_units

TOLERANCE = 0.05
# Of a few watts a meter knows little: its accuracy is promised from a twentieth of its reference current on (EN 50470-3).
LEAST_VA = 10.0
STRONG = 0.5


class Oddity(Enum):
    """What does not agree."""

    POWER = auto()
    """Power with voltage, current and power factor."""
    APPARENT_POWER = auto()
    """Apparent power with voltage and current, or with power."""
    ZERO = auto()
    """A zero with the other values of its slot."""


class _Range(NamedTuple):
    low: float
    high: float

    def times(self, other: "_Range") -> "_Range":
        """The product; both are zero or more."""
        return _Range(self.low * other.low, self.high * other.high)

    def is_below(self, other: "_Range", least: float) -> bool:
        """Whether it is so with all tolerance, and by more than ``least``."""
        return self.high * (1 + TOLERANCE) + least < other.low

    def misses(self, other: "_Range", least: float) -> bool:
        """Whether they have nothing in common, and by more than ``least``."""
        return self.is_below(other, least) or other.is_below(self, least)


_HALF = _Range(STRONG, STRONG)


class Consistency:
    """Compares what belongs together: on one phase, or on each line.

    Args:
        model: the table by which the values were decoded.
    """

    def __init__(self, model: Model) -> None:
        # Behind current transformers the meter sees less than it tells.
        self._least_va = LEAST_VA * model.ratio
        self._steps = {row.field: step_units(row) / 10**row.decimals for row in model.rows}
        # With three lines the totals do not belong together: the power is a sum and the voltage an average.
        self._parts = [""] if model.phases == 1 else [f"_{line}" for line in LINES]
        self._earlier: Mapping[str, float] = {}
        self._before: Mapping[str, float] = {}
        self._told: set[tuple[str, Oddity]] = set()

    def check(self, values: Mapping[str, float]) -> list[tuple[str, Oddity]]:
        """The fields that do not agree with the other ``values`` (field to value in its unit) of this slot.

        Of the slot before, those that were zero in it alone.
        """
        odd: list[tuple[str, Oddity]] = []
        for part in self._parts:
            odd += [(name, Oddity.ZERO) for name in self._lone_zeros(part, values)]
            if self._is_off(part, values):
                odd.append((f"power{part}_w", Oddity.POWER))
            elif self._is_apparent_off(part, values):
                odd.append((f"apparent_power{part}_va", Oddity.APPARENT_POWER))
        self._earlier, self._before = self._before, values
        return odd

    def is_news(self, name: str, oddity: Oddity) -> bool:
        """Whether this is asked for here for the first time; a wrong model would be said again for ever."""
        is_new = (name, oddity) not in self._told
        self._told.add((name, oddity))
        return is_new

    def _is_off(self, part: str, values: Mapping[str, float]) -> bool:
        apparent, power = self._apparent(part, values), self._steady(f"power{part}_w", values)
        if not (apparent and power):
            return False
        if factor := self._range(f"power_factor{part}", values):
            return power.misses(apparent.times(factor), self._least_va)
        return apparent.is_below(power, self._least_va)

    def _is_apparent_off(self, part: str, values: Mapping[str, float]) -> bool:
        apparent, shown = self._apparent(part, values), self._steady(f"apparent_power{part}_va", values)
        if not (apparent and shown):
            return False
        power = self._steady(f"power{part}_w", values)
        is_too_small = shown.is_below(apparent.times(_HALF), self._least_va) or bool(
            power and shown.is_below(power, self._least_va)
        )
        return is_too_small or apparent.is_below(shown, self._least_va)

    def _apparent(self, part: str, values: Mapping[str, float]) -> _Range | None:
        """What voltage and current make, as far as they can be compared."""
        voltage, current = self._range(f"voltage{part}_v", values), self._steady(f"current{part}_a", values)
        return voltage.times(current) if voltage and current else None

    def _lone_zeros(self, part: str, values: Mapping[str, float]) -> list[str]:
        """What was zero in the slot before and in neither slot beside it, while that slot's other values say otherwise."""
        watts, factor = f"power{part}_w", f"power_factor{part}"
        slot = {name: abs(value) for name, value in self._before.items()}
        apparent = slot.get(f"voltage{part}_v", 0.0) * slot.get(f"current{part}_a", 0.0)
        # What the others of its slot say of each, in VA, and what its own unit is of that.
        others = {
            f"apparent_power{part}_va": (apparent, 1.0),
            watts: (apparent * slot.get(factor, 0.0), 1.0),
            factor: (slot.get(watts, 0.0), apparent),
        }
        return [name for name, (size, unit) in others.items() if self._is_lone_zero(name, values, size, unit)]

    def _is_lone_zero(self, name: str, values: Mapping[str, float], size_va: float, unit_va: float) -> bool:
        if self._before.get(name) != 0 or self._earlier.get(name, 0.0) * values.get(name, 0.0) <= 0:
            return False
        beside = min(abs(self._earlier[name]), abs(values[name]))
        return size_va > self._least_va + self._steps[name] * unit_va and size_va >= STRONG * beside * unit_va

    def _range(self, name: str, values: Mapping[str, float]) -> _Range | None:
        """What the size of a quantity may be, its sign aside; None when one of the two values is missing.

        Meters disagree about the sign of a power factor, and some have none for power.
        """
        if name not in values or name not in self._before:
            return None
        sizes, step = (abs(values[name]), abs(self._before[name])), self._steps[name]
        return _Range(max(0.0, min(sizes) - step), max(sizes) + step)

    def _steady(self, name: str, values: Mapping[str, float]) -> _Range | None:
        """The same; None as well where it halved or doubled."""
        size = self._range(name, values)
        if size is None:
            return None
        now, before = values[name], self._before[name]
        return None if abs(now - before) > STRONG * max(abs(now), abs(before)) else size
