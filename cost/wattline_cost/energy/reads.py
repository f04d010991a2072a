"""Rows of the bucket as readings of one counter, which only rises: what is done with resets, other meters and lies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from statistics import median_high
from zoneinfo import ZoneInfo

from wattline_cost.energy.display import Habits
from wattline_cost.energy.quarter import QUARTER_S, Rolled
from wattline_cost.local_days import day_of
from wattline_cost.tariff.model import Direction

# A watt over a quarter-hour.
MWH_PER_W = 250
# Before a gap a quarter-hour is read to its end where no more than one reading in twenty is missing.
NEARLY_ALL = 0.95
# Where the reading goes on at once fewer are those of a line that loses some: it was cut off if more than half is missing.
HALF = 0.5

COUNTERS = {
    Direction.IMPORT: ("consumption_counter_kwh", "consumption_kwh"),
    Direction.EXPORT: ("energy_export_kwh", "export_kwh"),
}
"""The counter of a direction, and the field by how much it rose."""
REGISTERS = {Direction.IMPORT: ("energy_import", "energy_total"), Direction.EXPORT: ("energy_export",)}
"""The counters of which the tariff registers are parts; the first that a meter has counts, as in the rollups."""


@dataclass(frozen=True, slots=True)
class Read:
    """A quarter-hour in which the meter was read.

    Attributes:
        start_s: seconds since 1970.
        counter_mwh: what the counter gained from the first row to the last reading of this one.
        power_mwh: the energy of the whole quarter-hour if the mean power held in all of it; None: it is not known.
        rest_mwh: that of the part which was not read; 0 where it was read to its end.
        is_whole: whether it was read to its end, or near it.
        registers_mwh: what each tariff register gained, likewise.
    """

    start_s: int
    counter_mwh: int
    power_mwh: int | None
    rest_mwh: int
    is_whole: bool
    registers_mwh: Mapping[int, int] = field(default_factory=dict)


def reads_of(rows: Iterable[Rolled], direction: Direction, zone: ZoneInfo, habits: Habits) -> list[Read]:
    """The readings of ``rows``, in order; of those with the same start the last one counts.

    What a row becomes depends on the rows of its local day in ``zone``, the last one before it and the first one after it.
    """
    ordered = [row for _, row in sorted({row.start_s: row for row in rows}.items())]
    gained_mwh = _Gained(direction, habits)
    reads = []
    usual = _usual_readings(ordered, zone)
    for before, row, after in zip([None, *ordered[:-1]], ordered, [*ordered[1:], None], strict=True):
        counter_mwh, registers_mwh = gained_mwh.until(row)
        power_mwh = None if row.power_w is None else _energy_mwh(row.power_w, direction)
        day = day_of(row.start_s, zone)
        # What came before the day is not known to whoever asks for the day after it.
        is_of_day = before is not None and day_of(before.start_s, zone) == day
        is_whole = _is_whole(row, before if is_of_day else None, after, usual[day])
        missing = 0 if is_whole else max(usual[day] - row.readings, 0)
        rest_mwh = (power_mwh or 0) * missing // usual[day]
        reads.append(Read(row.start_s, counter_mwh, power_mwh, rest_mwh, is_whole, registers_mwh))
    return reads


def _usual_readings(rows: Iterable[Rolled], zone: ZoneInfo) -> Mapping[date, int]:
    """How many readings a quarter-hour of each day has, as a rule; by that day alone, so that no run knows it otherwise."""
    counts: dict[date, list[int]] = {}
    for row in rows:
        counts.setdefault(day_of(row.start_s, zone), []).append(row.readings)
    return {day: max(median_high(of_day), 1) for day, of_day in counts.items()}


def _is_whole(row: Rolled, before: Rolled | None, after: Rolled | None, usual: int) -> bool:
    """Whether a quarter-hour was read to its end: it was not if it has clearly fewer readings than is usual.

    Nor than one beside it: the interval may be another one for a part of the day.
    """
    if after is None or after.start_s != row.start_s + QUARTER_S:
        return row.readings >= NEARLY_ALL * usual
    if row.readings >= HALF * usual:
        return True
    beside = [after.readings]
    if before is not None and before.start_s == row.start_s - QUARTER_S:
        beside.append(before.readings)
    return any(NEARLY_ALL * count <= row.readings <= count / NEARLY_ALL for count in beside)


def _energy_mwh(power_w: float, direction: Direction) -> int:
    return round(max(power_w if direction is Direction.IMPORT else -power_w, 0.0) * MWH_PER_W)


class _Gained:
    """Adds up by how much the counter and the registers rose, from row to row."""

    def __init__(self, direction: Direction, habits: Habits) -> None:
        self._habits = habits
        self._counter, self._gain = COUNTERS[direction]
        self._names = _register_names(direction, habits)
        self._shown: dict[str, int] = {}
        self._counter_mwh = 0
        self._registers_mwh = dict.fromkeys(self._names, 0)

    def until(self, row: Rolled) -> tuple[int, Mapping[int, int]]:
        """What the counter and each register gained up to the last reading of ``row``, which is the next one."""
        step_mwh = self._step_mwh(row)
        self._counter_mwh += step_mwh
        steps_mwh = {number: self._rise_mwh(name, row) or 0 for number, name in self._names.items()}
        # A register that fell, or rose by more than all together, is that of another meter.
        slack_mwh = sum(map(self._habits.unit_mwh, self._names.values())) + self._habits.unit_mwh(self._counter)
        if min(steps_mwh.values(), default=0) >= 0 and sum(steps_mwh.values()) <= step_mwh + slack_mwh:
            for number, rise_mwh in steps_mwh.items():
                self._registers_mwh[number] += rise_mwh
        return self._counter_mwh, dict(self._registers_mwh)

    def _step_mwh(self, row: Rolled) -> int:
        """What the display says, unless the rollups believed something else: after a reset, another meter, a lie."""
        shown_mwh = self._rise_mwh(self._counter, row)
        gained_kwh = row.gained_kwh.get(self._gain)
        if gained_kwh is None:
            return max(shown_mwh or 0, 0)
        unit_mwh = self._habits.unit_mwh(self._counter)
        gained_mwh = self._habits.shown_mwh(self._counter, gained_kwh)
        if shown_mwh is None or shown_mwh < 0 or abs(shown_mwh - gained_mwh) > unit_mwh:
            return max(gained_mwh, 0)
        return shown_mwh

    def _rise_mwh(self, name: str, row: Rolled) -> int | None:
        """By how much a display changed since it was seen last; None where it was not, or is not."""
        if name not in row.counters_kwh:
            return None
        shown_mwh = self._habits.shown_mwh(name, row.counters_kwh[name])
        before_mwh = self._shown.get(name)
        self._shown[name] = shown_mwh
        return None if before_mwh is None else shown_mwh - before_mwh


def _register_names(direction: Direction, habits: Habits) -> dict[int, str]:
    for stem in REGISTERS[direction]:
        names = {number: f"{stem}_t{number}_kwh" for number in (1, 2, 3, 4)}
        if found := {number: name for number, name in names.items() if name in habits.decimals}:
            return found
    return {}
