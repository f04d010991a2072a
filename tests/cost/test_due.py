"""Which days are priced anew, as a function of what was read and what was priced.

| fault | test |
|---|---|
| a day that was never priced, or whose readings are others, stays | test_a_day_is_due_when_its_readings_are_others |
| ... or the gap before it and the day behind it, over which its energy was spread | test_a_gap_is_priced_with_the_day_that_ends_it |
| all is priced each time | test_nothing_else_is_due |
| a stretch is of two months, whose sums would be made too early | test_a_stretch_is_of_one_month |
"""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wattline_cost.local_days import next_month
from wattline_cost.store.due import due_days, stretches
from wattline_cost.store.points import Metered

FIRST, TODAY = date(2026, 3, 1), date(2026, 3, 20)
DAYS = [FIRST + timedelta(number) for number in range(20)]
READ = {day: Metered(86_400, 12.5) for day in DAYS}


def march(*days: int) -> set[date]:
    return {date(2026, 3, day) for day in days}


def test_nothing_else_is_due() -> None:
    assert due_days(FIRST, TODAY, READ, READ) == march(19, 20)


def test_a_day_is_due_when_its_readings_are_others() -> None:
    """More of them, or of other energy, or none that were priced: with its neighbours."""
    for priced in (
        {**READ, date(2026, 3, 10): Metered(80_000, 12.5)},
        {**READ, date(2026, 3, 10): Metered(86_400, 12.0)},
    ):
        assert due_days(FIRST, TODAY, READ, priced) == march(9, 10, 11, 19, 20)
    unpriced = {day: metered for day, metered in READ.items() if day != date(2026, 3, 10)}
    assert due_days(FIRST, TODAY, READ, unpriced) == march(9, 10, 11, 19, 20)


def test_a_gap_is_priced_with_the_day_that_ends_it() -> None:
    """Nobody read from the 5th to the 8th, which were priced as such; on the 9th the meter is read again."""
    read = {day: metered for day, metered in READ.items() if day not in march(5, 6, 7, 8)}
    priced = {day: read.get(day, Metered()) for day in DAYS if day != date(2026, 3, 9)}
    assert due_days(FIRST, TODAY, read, priced) == march(4, 5, 6, 7, 8, 9, 10, 19, 20)
    settled = {day: read.get(day, Metered()) for day in DAYS}
    assert due_days(FIRST, TODAY, read, settled) == march(19, 20)


@given(st.sets(st.integers(0, 400)))
def test_a_stretch_is_of_one_month(numbers: set[int]) -> None:
    days = {date(2026, 1, 1) + timedelta(number) for number in numbers}
    found = stretches(days)
    assert {first + timedelta(number) for first, last in found for number in range((last - first).days + 1)} == days
    assert all((first.year, first.month) == (last.year, last.month) for first, last in found)
    assert found == sorted(found)
    for (_, last), (first, _) in pairwise(found):
        assert first - last > timedelta(1) or first.day == 1


def test_a_month_behind_the_longest_is_the_next() -> None:
    assert [next_month(date(2026, month, 31)) for month in (1, 12)] == [date(2026, 2, 1), date(2027, 1, 1)]
