"""Up to when a month is owed, as its point says for who foresees what it comes to.

| fault | test |
|---|---|
| the month's own end is not that of the calendar | test_a_month_ends_by_the_calendar |
| the end of a contract is not seen, or that of a version is taken for it | test_a_contract_ends_within_a_month |
| ... or is off by the hour of the clock | test_what_is_left_of_the_last_day_is_told_in_hours |
| a point of a part of the month, a band or a component, bears it | test_the_month_alone_bears_it |
"""

from datetime import date

import pytest

from cost.contracts import contract, version
from wattline.costs import BAND_DAYS, COMPONENT_DAYS, DAYS, MONTHS
from wattline.reading import Point
from wattline_cost.store.points import Points
from wattline_cost.tariff.model import Contract

Tags = frozenset[tuple[str, str]]


def points(of: Contract, first: date) -> list[Point]:
    """Those of a month in which a day is priced."""
    owed = {"cost": 1.0, "energy_kwh": 2.0}
    days: dict[tuple[str, Tags, int], dict[str, float]] = {
        (DAYS, frozenset(), 0): owed,
        (BAND_DAYS, frozenset({("band", "all")}), 0): owed,
        (COMPONENT_DAYS, frozenset({("component", "Energy")}), 0): owed,
    }
    return Points(of, "home").of_month(first, days)


def end_days(of: Contract, first: date) -> float:
    (month,) = (point for point in points(of, first) if point.measurement == MONTHS)
    return float(month.fields["end_days"])


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (date(2026, 2, 1), 28),
        (date(2028, 2, 1), 29),
        (date(2026, 4, 1), 30),
        # An hour less and an hour more.
        (date(2026, 3, 1), 31),
        (date(2026, 10, 1), 31),
        (date(2026, 12, 1), 31),
    ],
)
@pytest.mark.parametrize("stop", ["", "2029-01-01"])
def test_a_month_ends_by_the_calendar(first: date, expected: int, stop: str) -> None:
    assert end_days(contract(version(stop=stop)), first) == expected


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("2026-04-02", 1),
        ("2026-04-25", 24),
        ("2026-04-25T12:00", 24.5),
        ("2026-04-01T06:00", 0.25),
        ("2026-04-30T23:45", 30 - 1 / 96),
        ("2026-05-01", 30),
        ("2026-05-01T00:15", 30),
    ],
)
def test_a_contract_ends_within_a_month(stop: str, expected: float) -> None:
    april = date(2026, 4, 1)
    ends = contract(version(stop="2026-04-01T03:00"), version(start="2026-04-01T03:00", stop=stop))
    assert end_days(ends, april) == pytest.approx(expected)
    assert end_days(contract(version(stop=stop), version(start=stop)), april) == 30


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_what_is_left_of_the_last_day_is_told_in_hours(day: date) -> None:
    """Six hours behind the end, of a day of 23 and of 25; and an end at the midnights beside it."""
    ends = {f"{day}T18:00": day.day - 0.25, f"{day}": day.day - 1, f"{day.replace(day=day.day + 1)}": day.day}
    for stop, expected in ends.items():
        assert end_days(contract(version(stop=stop)), day.replace(day=1)) == expected


def test_the_month_alone_bears_it() -> None:
    found = points(contract(version()), date(2026, 4, 1))
    assert [point.measurement for point in found if "end_days" in point.fields] == [MONTHS]
    assert len(found) == 3
