"""Which days have to be priced anew: those whose readings are not those that were priced."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from wattline_cost.local_days import ONE_DAY, days_through, month_begin, next_month
from wattline_cost.store.points import Metered


def due_days(first: date, today: date, metered: Mapping[date, Metered], priced: Mapping[date, Metered]) -> set[date]:
    """The days from ``first`` to ``today`` that are due; yesterday and today always are.

    Where the readings of a day are others than before, what passed between it and its neighbours is so too: the days
    back to the last one before it that was read, which may have been a gap, and on to the next one.

    Args:
        first: of those that are looked at.
        today: the last one.
        metered: what ``energy_1d`` has of the days that were read.
        priced: what it had of those that were priced.
    """
    days = [first + timedelta(number) for number in range((today - first).days + 1)]
    read = sorted(day for day in metered if first <= day <= today)
    due = {day for day in (today - ONE_DAY, today) if day >= first}
    for day in days:
        if day in priced and priced[day] == metered.get(day, Metered()):
            continue
        due.add(day)
        place = bisect_left(read, day)
        before = read[place - 1] if place else day
        place = bisect_right(read, day)
        after = read[place] if place < len(read) else day
        due.update(before + timedelta(number) for number in range((after - before).days + 1))
    return due


def with_rest_of_month(days: Iterable[date], last: date, counts_in: Callable[[date], bool]) -> set[date]:
    """``days``, and all behind them in their months, ``last`` at most, of the months of which ``counts_in`` is true."""
    whole = set(days)
    firsts = {month_begin(day): day for day in sorted(whole, reverse=True)}
    for month, first in firsts.items():
        if counts_in(month):
            whole.update(days_through(first, min(next_month(month) - ONE_DAY, last)))
    return whole


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days in a row, by the first and the last of them; none is of two months."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and found[-1][1] == day - ONE_DAY and day.day != 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
