"""Which days are holidays.

| fault | test |
|---|---|
| Easter is wrong in a year, as in those with an exception | test_easter_is_on_the_days_that_the_church_tells |
| Easter Monday is Sunday's date in another month | test_days_from_easter_cross_months |
| a holiday that began in a year counts before it | test_a_holiday_counts_from_its_first_year_to_its_last |
| the 29th of February breaks three years of four | test_the_29th_of_february_is_a_holiday_in_leap_years |
| a date counts in every year | test_a_date_counts_once |
| two names on a day hide the day | test_two_holidays_on_a_day_are_one |
"""

from datetime import date

import pytest

from wattline_cost.tariff.holidays import Calendar, easter
from wattline_cost.tariff.model import Holiday

# The tables of the church. 1954, 1981 and 2049, 2076 are those in which the moon is moved by a day; 1818 and 2285 have the
# earliest day there is, 1943 and 2038 the latest.
EASTERS = """
1583-04-10 1818-03-22 1900-04-15 1943-04-25 1954-04-18 1961-04-02 1981-04-19 1999-04-04
2000-04-23 2008-03-23 2011-04-24 2016-03-27 2019-04-21 2020-04-12 2021-04-04 2022-04-17 2023-04-09 2024-03-31 2025-04-20
2026-04-05 2027-03-28 2028-04-16 2029-04-01 2030-04-21 2031-04-13 2032-03-28 2033-04-17 2034-04-09 2035-03-25 2036-04-13
2038-04-25 2049-04-18 2076-04-19 2100-03-28 2285-03-22
"""


@pytest.mark.parametrize("told", EASTERS.split())
def test_easter_is_on_the_days_that_the_church_tells(told: str) -> None:
    assert easter(int(told[:4])).isoformat() == told


def test_easter_is_a_sunday_of_spring() -> None:
    days = [easter(year) for year in range(1583, 4000)]
    assert {day.weekday() for day in days} == {6}
    assert min((day.month, day.day) for day in days) == (3, 22)
    assert max((day.month, day.day) for day in days) == (4, 25)


def test_days_from_easter_cross_months() -> None:
    """Easter is the 31st of March 2024: Monday is in April, Good Friday is the 29th, Ascension the 9th of May."""
    calendar = Calendar([Holiday(name, from_easter=days) for name, days in (("Mon", 1), ("Fri", -2), ("Asc", 39))])
    assert calendar.of_year(2024) == {date(2024, 3, 29): "Fri", date(2024, 4, 1): "Mon", date(2024, 5, 9): "Asc"}


def test_a_holiday_counts_from_its_first_year_to_its_last() -> None:
    calendar = Calendar([Holiday("St Francis", each=(10, 4), since=2026, until=2028)])
    counts = [year for year in range(2020, 2035) if calendar.name(date(year, 10, 4))]
    assert counts == [2026, 2027, 2028]


def test_the_29th_of_february_is_a_holiday_in_leap_years() -> None:
    calendar = Calendar([Holiday("leap day", each=(2, 29))])
    assert [year for year in range(2023, 2030) if calendar.of_year(year)] == [2024, 2028]


def test_a_date_counts_once() -> None:
    calendar = Calendar([Holiday("150 years", on=date(2011, 3, 17))])
    assert calendar.name(date(2011, 3, 17)) == "150 years"
    assert calendar.name(date(2012, 3, 17)) is None


def test_two_holidays_on_a_day_are_one() -> None:
    """The 25th of April 2011 was Easter Monday too."""
    calendar = Calendar([Holiday("Liberation", each=(4, 25)), Holiday("Easter Monday", from_easter=1)])
    assert list(calendar.of_year(2011)) == [date(2011, 4, 25)]
