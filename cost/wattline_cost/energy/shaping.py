"""From the rows of the bucket to quarter-hours of energy: how much by the counter, when by the power.

A counter moves in steps of 10 Wh or more, of which a quiet quarter-hour sees one or two; the power is right up to a
factor near 1. So the energy of a day is the difference of what the display showed at its ends, and within the day it follows
the power, but never further from the counter than its last digit. That is on either side: what the meter had counted beyond the
digit at midnight the display does not say, so the course since then may be before it by as much as behind.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from zoneinfo import ZoneInfo

from wattline_cost.energy.course import Course, Slot
from wattline_cost.energy.display import Habits, learn
from wattline_cost.energy.parts import by_register
from wattline_cost.energy.quarter import QUARTER_S, Quarter, Rolled
from wattline_cost.energy.reads import COUNTERS, reads_of
from wattline_cost.local_days import day_of, day_start_s, day_stop_s, days_through
from wattline_cost.tariff.model import Direction


def shape(
    rows: Iterable[Rolled],
    direction: Direction,
    zone: ZoneInfo,
    span: tuple[int, int] | None = None,
    habits: Habits | None = None,
) -> Iterator[Quarter]:
    """The quarter-hours of a meter in one direction, from its first row to its last, those that were not read among them.

    Whatever the span, a quarter-hour has the same energy if the same habits are given and the rows are those of its whole
    local day, those of the last day before it that was read, and the first one after it.

    Args:
        rows: of one meter, in any order. One that comes twice counts once, and of different ones with one start the last.
        direction: of the energy.
        zone: whose days count.
        span: the first second and the one after the last; None: all. Rows outside it are what a day is reckoned by.
        habits: of the meter; None: those that ``rows`` show.
    """
    given = list(rows)
    habits = habits or learn(given)
    counter, _ = COUNTERS[direction]
    if counter not in habits.decimals or not given:
        return
    reads = reads_of(given, direction, zone, habits)
    first_s, stop_s = span or (reads[0].start_s, reads[-1].start_s + QUARTER_S)
    first_s, stop_s = max(first_s, reads[0].start_s), min(stop_s, reads[-1].start_s + QUARTER_S)
    course = Course(reads, habits.unit_mwh(counter))
    for day in days_through(day_of(first_s, zone), day_of(stop_s - 1, zone)) if first_s < stop_s else ():
        # A row is never of two days: every zone is whole quarter-hours from UTC.
        for quarter in _day(course, day_start_s(day, zone), day_stop_s(day, zone)):
            if first_s <= quarter.start_s < stop_s:
                yield quarter


def _day(course: Course, start_s: int, stop_s: int) -> Iterator[Quarter]:
    """The quarter-hours of a day."""
    (begin_mwh, begin), (end_mwh, end) = course.at(start_s), course.at(stop_s)
    slots = list(course.slots(start_s, stop_s))
    energies_mwh = _energies_mwh(slots, begin_mwh, end_mwh, course.unit_mwh)
    if not begin:
        for slot, energy_mwh in zip(slots, energies_mwh, strict=True):
            yield Quarter(slot.start_s, energy_mwh, slot.is_estimated)
        return
    courses = [begin, *(read.registers_mwh for read in course.read_in(start_s, stop_s)), end]
    parts = by_register(energies_mwh, courses)
    for slot, energy_mwh, registers_mwh in zip(slots, energies_mwh, parts, strict=True):
        yield Quarter(slot.start_s, energy_mwh, slot.is_estimated, registers_mwh)


def _energies_mwh(slots: Sequence[Slot], begin_mwh: int, end_mwh: int, unit_mwh: int) -> list[int]:
    """The energy of each slot of a day on which the counter went from ``begin_mwh`` to ``end_mwh``: it adds up to that."""
    # What a later quarter-hour allows at most, an earlier one may not pass; and the end of the day is known.
    highs = list(accumulate((slot.high_mwh + unit_mwh for slot in reversed(slots)), min, initial=end_mwh))[:0:-1]
    weights = list(accumulate(slot.weight_mwh for slot in slots))
    whole = weights[-1] if weights else 0
    energies, before_mwh = [], begin_mwh
    for slot, weight, high_mwh in zip(slots, weights, highs, strict=True):
        # Without power the counter alone.
        until_mwh = begin_mwh + (end_mwh - begin_mwh) * weight // whole if whole else slot.low_mwh
        until_mwh = min(max(until_mwh, slot.low_mwh - unit_mwh, begin_mwh), high_mwh)
        energies.append(until_mwh - before_mwh)
        before_mwh = until_mwh
    if energies:
        energies[-1] += end_mwh - before_mwh
    return energies
