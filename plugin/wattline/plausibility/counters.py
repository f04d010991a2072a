"""Counters of energy: they never fall, and never grow faster than the meter's maximum power allows.

A reading that breaks this is withheld, since nearly always it is the reading that is false: a counter that says 0.0 for
one poll, the value of another register. But a meter can be replaced, and a counter that is full begins anew. So the
level is believed after all once two more reads agree with it. After a start there is nothing yet that a reading could
break: there it takes two that agree.

A false reading that lies within what was possible since the last one cannot be told from a true one; with a read every
ten seconds that is at most some tenths of a kilowatt-hour.
"""

import enum
from dataclasses import dataclass

from wattline.fields import ELECTRICITY_FIELDS, LINES
from wattline.meters import Model
from wattline.registers import Row

MARGIN = 1.25
# Of a meter whose table tells nothing of power or current. A spike in ten seconds is far beyond it, a house far below.
UNKNOWN_POWER_KW = 1000.0
READS_AT_START = 2
READS_AT_ANOTHER_LEVEL = 3
# True readings between false ones, and the other way round: so many levels are remembered until one is believed.
LEVELS_KEPT = 4


class Finding(enum.Enum):
    """What one reading of a counter is found to be."""

    GIVEN = "believed"
    RESET = "believed, though it does not follow the reading before"
    UNCONFIRMED = "the first one, or none that agrees with it"
    FELL = "below the reading before"
    ROSE = "farther above the reading before than is possible"


@dataclass(slots=True)
class _Reading:
    """A reading in units of the last decimal, when it was made, and how many in a row agree with it."""

    units: int
    at_s: float
    times: int = 1


class EnergyCounter:
    """One counter of one meter.

    Args:
        row: its row.
        limit_kw: what it may grow by in an hour; in kvarh or kVAh as well.
        reads_at_start: so many that agree are believed after a start.
        reads_at_another_level: so many that agree are believed though they do not follow the reading before.
    """

    def __init__(
        self,
        row: Row,
        limit_kw: float,
        reads_at_start: int = READS_AT_START,
        reads_at_another_level: int = READS_AT_ANOTHER_LEVEL,
    ) -> None:
        self._unit = ELECTRICITY_FIELDS[row.field].unit
        self._decimals = row.decimals
        self._step = step_units(row)
        self._limit_per_s: float = limit_kw / 3600 * 10**row.decimals
        self._reads_at_start, self._reads_at_another_level = reads_at_start, reads_at_another_level
        self._believed: _Reading | None = None
        self._levels: list[_Reading] = []

    def judge(self, value: float, at_s: float) -> Finding:
        """What a reading of ``value`` at the monotonic second ``at_s`` is found to be."""
        reading, believed = _Reading(round(value * 10**self._decimals), at_s), self._believed
        if believed is not None and self._follows(believed, reading):
            return self._believe(reading, Finding.GIVEN)
        times = self._add_to_level(reading)
        if believed is None:
            return self._believe(reading, Finding.GIVEN) if times >= self._reads_at_start else Finding.UNCONFIRMED
        if times >= self._reads_at_another_level:
            return self._believe(reading, Finding.RESET)
        return Finding.FELL if reading.units < believed.units else Finding.ROSE

    @property
    def shown(self) -> str:
        """The last reading that was believed, as people read it; empty when there is none."""
        return "" if self._believed is None else self.show(self._believed.units / 10**self._decimals)

    def show(self, value: float) -> str:
        """``value`` as the meter shows it, with its unit."""
        return f"{value:.{self._decimals}f} {self._unit}"

    def _believe(self, reading: _Reading, finding: Finding) -> Finding:
        self._believed = reading
        self._levels.clear()
        return finding

    def _add_to_level(self, reading: _Reading) -> int:
        """How many readings agree by now, this one included."""
        before = next((level for level in reversed(self._levels) if self._follows(level, reading)), None)
        if before is not None:
            self._levels.remove(before)
            reading.times = before.times + 1
        self._levels = [*self._levels, reading][-LEVELS_KEPT:]
        return reading.times

    def _follows(self, before: _Reading, after: _Reading) -> bool:
        """Whether a true counter can have gone from one to the other: a display that cuts may show one step more."""
        possible = self._limit_per_s * max(0.0, after.at_s - before.at_s) + self._step
        return 0 <= after.units - before.units <= possible


def step_units(row: Row) -> int:
    """The smallest step that the meter shows, in units of the last decimal: 10 for steps of 10 W."""
    return 1 if row.encoding.is_float else max(1, round(abs(row.scale) * 10**row.decimals))


def max_power_kw(model: Model) -> float:
    """The most that a meter can have measured, in kW: by the ends of its ranges and a margin of a quarter."""
    highest = {row.field: max(-row.low, row.high) for row in model.rows}

    def sum_of_lines(quantity: str, unit: str) -> float:
        return sum(highest.get(f"{quantity}_{line}_{unit}", 0.0) for line in LINES)

    voltage = max(
        (row.high for row in model.rows if row.field.startswith("voltage_") and row.field.endswith("_v")), default=0.0
    )
    current = sum_of_lines("current", "a") or highest.get("current_a", 0.0)
    power = highest.get("power_w") or sum_of_lines("power", "w") or voltage * current
    return MARGIN * power / 1000 if power else UNKNOWN_POWER_KW
