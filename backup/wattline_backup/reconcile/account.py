"""What is told of each meter and day: counted anew where the journal has the day whole, else on from what was told of it last.

Numbers are told when all is filled, so of a part of a day that the journal has no more nothing changes any more: what InfluxDB
took later than it was told, or has lost since, is not looked at again.
"""

from collections.abc import Iterator
from datetime import tzinfo
from typing import NamedTuple

from wattline_backup.reconcile.days import Meter, local_days, numbers_of
from wattline_backup.reconcile.due import Due, is_left, rest_of
from wattline_backup.reconcile.memory import UNTIL, Memory, Numbers, key_of
from wattline_backup.reconcile.ranges import Range, joined, within


class Told(NamedTuple):
    """What is told of a meter and a day.

    Attributes:
        begin_s: the first second of the day, since 1970.
        numbers: of it.
        aside: the ranges that were set aside and that the numbers leave out.
    """

    begin_s: int
    numbers: Numbers
    aside: list[Range]


def days_of(name: str, meter: Meter, due: Due, memory: Memory, zone: tzinfo | None) -> Iterator[Told]:
    """Each day of which anything is known.

    Args:
        name: of the meter.
        meter: what is known of it.
        due: when it was.
        memory: what was told last, of which nothing is changed.
        zone: whose days; None is the system's.
    """
    for day in local_days(due.since_s, due.until_s, zone):
        begin = max(day[0], due.since_s)
        if begin >= due.whole_from_s:
            counted = numbers_of(name, meter, due.spans, due.kept, day)
            told = Told(day[0], counted | {UNTIL: min(day[1], due.until_s)}, within(due.left, day))
        else:
            key = key_of(name, day[0])
            before = Told(begin, memory.told.get(key, {}), memory.aside.get(key, []))
            told = Told(day[0], *_carried_on(name, meter, due, day[1], before))
        # Of a day of which nothing is due any more there may be a number of before.
        if told.numbers and (told.numbers["due"] or within(due.left, day)):
            yield told


def other_days_s(memory: Memory, zone: tzinfo | None) -> dict[str, int]:
    """Of each meter that was told in days of another time zone, up to when.

    Those numbers stand, so what they tell of belongs to no day of this zone.
    """
    until_s: dict[str, int] = {}
    for key, numbers in memory.told.items():
        name, _, begin = key.rpartition(" ")
        (begin_s, end_s), *_ = local_days(int(begin), int(begin) + 1, zone)
        if begin_s != int(begin) and numbers:
            until_s[name] = max(until_s.get(name, 0), numbers.get(UNTIL, end_s))
    return until_s


def _carried_on(name: str, meter: Meter, due: Due, end_s: int, told: Told) -> tuple[Numbers, list[Range]]:
    """The same of a day that the journal has not whole, behind what was told; no numbers where nothing of it is known."""
    before, day = told.numbers, (told.begin_s, end_s)
    told_s = _told_until(before, due, day) if before else day[0]
    start_s = min(max(told_s, due.counted_from_s), day[1])
    head = (day[0], start_s)
    if is_left(head, due.left):
        before, aside = {}, within(due.left, head)
    elif start_s == day[1]:
        return before and before | {UNTIL: told_s}, told.aside
    else:
        aside = within(told.aside, head)
    rest = numbers_of(name, meter, due.spans, due.kept, (start_s, day[1]))
    numbers = {field: number + before.get(field, 0) for field, number in rest.items()}
    aside = joined([*aside, *within(due.left, (start_s, day[1]))])
    return numbers | {UNTIL: max(told_s, min(day[1], due.until_s))}, aside


def _told_until(before: Numbers, due: Due, day: Range) -> int:
    """Up to when numbers tell. Those of an early version do not say it: a day that is over was told to its end."""
    if UNTIL in before:
        return before[UNTIL]
    rest_s = before["due"] * due.every_s
    for start, stop in rest_of(day, due.left) if day[1] > due.until_s else ():
        if rest_s < stop - start:
            return start + rest_s
        rest_s -= stop - start
    return day[1]
