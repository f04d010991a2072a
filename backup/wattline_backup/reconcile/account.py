"""What is told of each meter and day: counted anew where the journal has the day whole, else on from what was told of it last.

Numbers are told when all is filled, so of a part of a day that the journal has no more nothing changes any more: what InfluxDB
took later than it was told, or has lost since, is not looked at again.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

from wattline_backup.reconcile.days import Meter, local_days, numbers_of
from wattline_backup.reconcile.due import Due, is_left, rest_of
from wattline_backup.reconcile.memory import Memory, key_of
from wattline_backup.reconcile.ranges import Range, joined, within, without
from wattline_backup.reconcile.told import UNTIL, Numbers


class Told(NamedTuple):
    """What is told of a meter and a day.

    Attributes:
        begin_s: the first second of the day, since 1970.
        numbers: of it.
        aside: the ranges that were set aside and that the numbers leave out.
        parts: of what time the numbers are: the day as far as it was told, in parts where the time zone was changed.
    """

    begin_s: int
    numbers: Numbers
    aside: list[Range]
    parts: Sequence[Range]


class Account:
    """Tells it of a meter.

    Args:
        name: of the meter.
        meter: what is known of it.
        due: when it was.
        memory: what was told last, of which nothing is changed.
    """

    def __init__(self, name: str, meter: Meter, due: Due, memory: Memory) -> None:
        self._name, self._meter, self._due, self._memory = name, meter, due, memory

    def days(self, zone: tzinfo | None) -> Iterator[Told]:
        """Each day of which anything is known, and each that was told in another time zone, which goes no further than that.

        Args:
            zone: whose days; None is the system's.
        """
        claimed = self._claimed(zone)
        taken = joined(each for ranges in claimed.values() for each in ranges)
        days = list(local_days(self._due.since_s, self._due.until_s, zone))
        # A day of another zone may begin with one of this and end at another hour: it keeps what it was told of.
        own = {day[0]: joined([*claimed.pop(day[0], []), *without([day], taken)]) for day in days}
        for begin_s, ranges in claimed.items():
            if not _is_begin(begin_s, zone):
                yield self._told(begin_s, ranges)
        for day in days:
            told = self._told(day[0], own[day[0]])
            # Of a day of which nothing is due any more there may be a number of before.
            if told.numbers and (told.numbers["due"] or within(self._due.left, day)):
                yield told

    def _claimed(self, zone: tzinfo | None) -> dict[int, list[Range]]:
        """By the second at which each day that was told begins, what its numbers are of."""
        found: dict[int, list[Range]] = {}
        for key, numbers in self._memory.told.items():
            name, _, begin = key.rpartition(" ")
            if name == self._name and numbers:
                (day, *_) = local_days(int(begin), int(begin) + 1, zone)
                found[int(begin)] = self._memory.told_parts(key, int(begin) + (day[1] - day[0]))
        taken: list[Range] = []
        # An early version did not say of what they are. Of two that overlap, the one that ends earlier was told earlier.
        for begin_s, ranges in sorted(found.items(), key=lambda each: max((stop for _, stop in each[1]), default=0)):
            found[begin_s] = without(ranges, taken)
            taken += ranges
        return found

    def _told(self, begin_s: int, parts: Sequence[Range]) -> Told:
        """What is told of a day, or of the parts of it that no day of another zone has; and of what time that is."""
        told = self._counted(begin_s, parts)
        claimed = self._memory.told_parts(key_of(self._name, begin_s), begin_s)
        # What was told once stays with this day, though the clock be set back and less of it be counted now.
        until_s = max(told.numbers.get(UNTIL, begin_s), *(stop for _, stop in claimed))
        return told._replace(parts=within(parts, (self._due.since_s, until_s)))

    def _counted(self, begin_s: int, parts: Sequence[Range]) -> Told:
        key, due = key_of(self._name, begin_s), self._due
        before = Told(begin_s, self._memory.told.get(key, {}), self._memory.aside.get(key, []), parts)
        own = [(max(start, due.since_s), stop) for start, stop in parts if stop > due.since_s]
        if not own:
            return before
        if own[0][0] < due.whole_from_s:
            return self._carried_on(before)
        numbers = self._numbers(own) | {UNTIL: min(own[-1][1], due.until_s)}
        return Told(begin_s, numbers, _aside(due, own), parts)

    def _carried_on(self, told: Told) -> Told:
        """The same of a day that the journal has not whole, behind what was told; no numbers where nothing of it is known."""
        due, before, day = self._due, told.numbers, (max(told.begin_s, self._due.since_s), told.parts[-1][1])
        told_s = _told_until(before, due, day) if before else day[0]
        start_s = min(max(told_s, due.counted_from_s), day[1])
        head = (day[0], start_s)
        if is_left(head, due.left):
            before, aside = {}, within(due.left, head)
        elif start_s == day[1]:
            return told._replace(numbers=before and before | {UNTIL: told_s})
        else:
            aside = within(told.aside, head)
        rest = within(told.parts, (start_s, day[1]))
        numbers = _sum([before, self._numbers(rest)]) | {UNTIL: max(told_s, min(day[1], due.until_s))}
        return Told(told.begin_s, numbers, joined([*aside, *_aside(due, rest)]), told.parts)

    def _numbers(self, parts: Sequence[Range]) -> Numbers:
        # Of no time at all each number is 0.
        due, spans = self._due, parts or [(0, 0)]
        return _sum(numbers_of(self._name, self._meter, due.spans, due.kept, part) for part in spans)


def _is_begin(second: int, zone: tzinfo | None) -> bool:
    return next(local_days(second, second + 1, zone))[0] == second


def _aside(due: Due, parts: Sequence[Range]) -> list[Range]:
    return joined(each for part in parts for each in within(due.left, part))


def _sum(many: Iterable[Numbers]) -> Numbers:
    """Number by number, without that up to when they tell."""
    whole: Numbers = {}
    for numbers in many:
        whole |= {field: whole.get(field, 0) + number for field, number in numbers.items() if field != UNTIL}
    return whole


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
