"""Rows of the bucket as readings of one counter, which only rises: what is done with resets, other meters and lies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wattline_cost.energy.display import Habits
from wattline_cost.energy.quarter import QUARTER_S, Rolled
from wattline_cost.tariff.model import Direction

# A watt over a quarter-hour.
MWH_PER_W = 250
# A quarter-hour is read to its end where no more than one reading in twenty is missing.
NEARLY_ALL = 0.95

# How often a quarter-hour is read with each interval that people choose; one more or less may fall on its other side.
OTHER_COUNTS = [
    range(QUARTER_S // interval_s - 1, QUARTER_S // interval_s + 2)
    for interval_s in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60)
]

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


def reads_of(rows: Iterable[Rolled], direction: Direction, habits: Habits) -> list[Read]:
    """The readings of ``rows``, in order; of those with the same start the last one counts."""
    ordered = [row for _, row in sorted({row.start_s: row for row in rows}.items())]
    gained_mwh = _Gained(direction, habits)
    reads = []
    for row, after in zip(ordered, [*ordered[1:], None], strict=True):
        counter_mwh, registers_mwh = gained_mwh.until(row)
        power_mwh = None if row.power_w is None else _energy_mwh(row.power_w, direction)
        is_whole = _is_whole(row, after, habits)
        missing = 0 if is_whole else habits.readings - row.readings
        rest_mwh = (power_mwh or 0) * missing // habits.readings
        reads.append(Read(row.start_s, counter_mwh, power_mwh, rest_mwh, is_whole, registers_mwh))
    return reads


def _energy_mwh(power_w: float, direction: Direction) -> int:
    return round(max(power_w if direction is Direction.IMPORT else -power_w, 0.0) * MWH_PER_W)


def _is_whole(row: Rolled, after: Rolled | None, habits: Habits) -> bool:
    """Whether a quarter-hour has about as many readings as is usual.

    Or as many as another interval gives, and so has the one that follows it: the interval may have been another one once.
    """
    if row.readings >= NEARLY_ALL * habits.readings:
        return True
    if after is None or after.start_s != row.start_s + QUARTER_S:
        return False
    return any(row.readings in counts and after.readings in counts for counts in OTHER_COUNTS)


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
