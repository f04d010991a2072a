"""What is told of each meter and day: counted anew where the journal has the day whole, else on from what was told of it last.

Numbers are told when all is filled, so nothing changes any more of a part of a day that the journal has no more: but for what
InfluxDB refused, which it may have taken since.
"""

from collections.abc import Iterator, Mapping
from datetime import tzinfo

from wattline_backup.reconcile.days import Meter, local_days, numbers_of
from wattline_backup.reconcile.due import Due, is_left, rest_of
from wattline_backup.reconcile.memory import UNTIL, Numbers, Range, key_of


def days_of(
    name: str, meter: Meter, due: Due, told: Mapping[str, Numbers], zone: tzinfo | None
) -> Iterator[tuple[int, Numbers]]:
    """The first second of each day of which anything is known, with its numbers.

    Args:
        name: of the meter.
        meter: what is known of it.
        due: when it was.
        told: the numbers of a meter and day, as they were told last.
        zone: whose days; None is the system's.
    """
    for day in local_days(due.since_s, due.until_s, zone):
        begin = max(day[0], due.since_s)
        if begin >= due.whole_from_s:
            counted = numbers_of(name, meter, due.spans, due.kept, day)
            numbers = counted | {UNTIL: min(day[1], due.until_s)}
        else:
            numbers = _carried_on(name, meter, due, (begin, day[1]), told.get(key_of(name, day[0]), {}))
        # Of a day of which nothing is due any more there may be a number of before.
        if numbers and (numbers["due"] or any(start < day[1] and stop > day[0] for start, stop in due.left)):
            yield day[0], numbers


def _carried_on(name: str, meter: Meter, due: Due, day: Range, before: Numbers) -> Numbers:
    """The numbers of a day that the journal has not whole; none where nothing of it is known."""
    told_s = _told_until(before, due, day) if before else day[0]
    start_s = min(max(told_s, due.counted_from_s), day[1])
    if is_left((day[0], start_s), due.left):
        before = {}
    elif start_s == day[1]:
        return before and before | {UNTIL: told_s}
    rest = numbers_of(name, meter, due.spans, due.kept, (start_s, day[1]))
    numbers = {field: number + before.get(field, 0) for field, number in rest.items()}
    return numbers | {UNTIL: max(told_s, min(day[1], due.until_s))}


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
