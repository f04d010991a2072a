"""What a month comes to: the panel of *Cost*, on a real InfluxDB that `wattline-cost update` has filled, against the truth.

What the alert makes of it says `test_coming_alerts.py`.

| fault | test |
|---|---|
| an hour of energy too much or too little on a day on which the clock changes | test_a_day_of_23_or_25_hours_has_as_many_left |
| a day of which only the evening was read, or owed, passes for a whole one | test_the_first_day_is_none_of_the_usual_ones |
| days that nobody read cost nothing | test_a_meter_that_is_not_read_makes_no_month_cheaper |
| energy or fixed charges behind the end of the contract | test_a_month_is_foreseen_to_the_end_of_the_contract |
| ... or within its last day, by hours that are not 24 | test_a_day_in_which_the_contract_ends_is_foreseen_to_there |
| ... or when that is over | test_a_contract_that_ended_comes_to_what_it_came_to |
| ... unless nobody read the meter before it | test_what_was_not_read_before_the_end_is_foreseen |
| ... or passes for the present month when its own is over | test_a_contract_that_ended_in_a_month_before_is_not_of_this_one |
| a meter that is silent for longer than is looked back on has a wrong forecast, or nothing at all | test_a_long_silence_has_no_forecast |
| an end that was taken back still holds | test_an_end_that_was_taken_back_is_forgotten |
"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cost.priced_house import FLAT, House, midnight
from stack.conftest import Stack
from stack.priced_panels_house import NOW, Householder

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]
HOUR_S = 3600
# 7.20 of energy and 1.00 that is fixed make a day of 8.20.
FIXED = FLAT + '[[version.component]]\nname = "Standing charge"\nper = "day"\nprice = 1.00\n'


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    return House(stack, tmp_path)


def month(house: House, begin: date, read_to: int, now: int, zone: str = "Europe/Rome") -> dict[str, float]:
    """What the panel says of a month in which a kilowatt flows all the time, of which the meter was read up to a second."""
    house.read(midnight(begin), read_to)
    house.update(now)
    assert house.faults == []
    return Householder(house.stack, NOW).one("This month", now=datetime.fromtimestamp(now, UTC), zone=zone)


def forecast(house: House, begin: date, read_to: int, now: int, zone: str = "Europe/Rome") -> float:
    """What the month comes to at 0.30 a kilowatt-hour."""
    house.contract(FLAT)
    return month(house, begin, read_to, now, zone)["forecast"]


@pytest.mark.parametrize(
    ("day", "noon_h", "coming", "zone"),
    [
        (date(2026, 3, 29), 11, 2, "Europe/Rome"),
        (date(2026, 10, 25), 13, 6, "Europe/Rome"),
        (date(2026, 3, 29), 11, 2, "Europe/Paris"),
        (date(2026, 5, 20), 12, 11, "Europe/Rome"),
        (date(2026, 5, 20), 12, 11, "Asia/Tokyo"),
    ],
)
def test_a_day_of_23_or_25_hours_has_as_many_left(house: House, day: date, noon_h: int, coming: int, zone: str) -> None:
    """At noon twelve are, whatever has passed. A day costs 7.20; the first of the month is the first that was read."""
    noon = midnight(day) + noon_h * 3600
    found = forecast(house, day.replace(day=1), noon, noon, zone)
    assert found == pytest.approx(7.2 * (day.day - 1) + 0.3 * noon_h + 7.2 * (coming + 0.5))


@pytest.mark.parametrize("silent_h", [0, 6, 13, 80, 24 * 15])
def test_a_meter_that_is_not_read_makes_no_month_cheaper(house: House, silent_h: int) -> None:
    """Each of May's 31 days costs 7.20, and nothing is another way: it is the 25th, an hour behind noon."""
    now = midnight(date(2026, 5, 25)) + 13 * 3600
    assert forecast(house, date(2026, 4, 20), now - silent_h * 3600, now) == pytest.approx(31 * 7.2)


@pytest.mark.parametrize("is_contract_new", [False, True])
@pytest.mark.parametrize("days", [1, 2, 9])
def test_the_first_day_is_none_of_the_usual_ones(house: House, is_contract_new: bool, days: int) -> None:
    """The 9th from nine in the evening on; before the first whole day nothing is foreseen."""
    begin_s, now = midnight(date(2026, 4, 9)) + 21 * HOUR_S, midnight(date(2026, 4, 9 + days)) + 12 * HOUR_S
    house.contract(FLAT.replace("2026-01-01", "2026-04-09T21:00:00") if is_contract_new else FLAT)
    house.read(midnight(date(2026, 4, 1)) if is_contract_new else begin_s, now)
    house.update(now)
    found = Householder(house.stack, NOW).one("This month", now=datetime.fromtimestamp(now, UTC))
    assert found.get("forecast") == (pytest.approx(21 * 7.2 + 0.9) if days > 1 else None)


def test_one_that_is_silent_since_the_month_before_neither(house: House) -> None:
    now = midnight(date(2026, 5, 4)) + 13 * 3600
    assert forecast(house, date(2026, 4, 1), midnight(date(2026, 4, 28)) + 3600, now) == pytest.approx(31 * 7.2)


def until(end: str) -> str:
    """The contract, which ends then."""
    return FIXED.replace("from = 2026-01-01", f"from = 2026-01-01\nto = {end}")


@pytest.mark.parametrize(
    ("end", "now", "days"),
    [
        ("2026-04-25", midnight(date(2026, 4, 20)) + 10 * HOUR_S, 24),
        ("2026-04-25T12:00:00", midnight(date(2026, 4, 20)) + 10 * HOUR_S, 24.5),
        ("2026-04-20T18:00:00", midnight(date(2026, 4, 20)) + 10 * HOUR_S, 19.75),
        ("2026-05-01", midnight(date(2026, 4, 20)) + 10 * HOUR_S, 30),
        ("2026-05-13", midnight(date(2026, 4, 20)) + 10 * HOUR_S, 30),
        # The last one has 25 hours; each day to come counts as one like the others.
        ("2026-10-26", midnight(date(2026, 10, 24)) + 12 * HOUR_S, 25),
    ],
)
def test_a_month_is_foreseen_to_the_end_of_the_contract(house: House, end: str, now: int, days: float) -> None:
    house.contract(until(end))
    begin = datetime.fromtimestamp(now, UTC).date().replace(day=1)
    assert month(house, begin, now, now)["forecast"] == pytest.approx(days * 8.2)


@pytest.mark.parametrize(
    ("end", "noon_h"), [("2026-04-20T12:00:00", 12), ("2026-03-29T12:00:00", 11), ("2026-10-25T12:00:00", 13)]
)
def test_a_day_in_which_the_contract_ends_is_foreseen_to_there(house: House, end: str, noon_h: int) -> None:
    """At two hours before noon, of a day of 24, 23 or 25 hours."""
    house.contract(until(end))
    day = date.fromisoformat(end[:10])
    now = midnight(day) + (noon_h - 2) * HOUR_S
    length_h = 2 * noon_h if noon_h == 12 else 12 + noon_h
    expected = 8.2 * (day.day - 1) + noon_h / length_h + 0.3 * noon_h
    assert month(house, day.replace(day=1), now, now)["forecast"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("end", "days"), [("2026-04-20", 19), ("2026-04-20T12:00:00", 19.5), ("2026-04-20T00:15:00", 19 + 1 / 96)]
)
@pytest.mark.parametrize("later_days", [1, 8])
def test_a_contract_that_ended_comes_to_what_it_came_to(house: House, end: str, days: float, later_days: int) -> None:
    house.contract(until(end))
    now = midnight(date(2026, 4, 20 + later_days)) + 12 * HOUR_S
    found = month(house, date(2026, 4, 1), now, now)
    assert found == pytest.approx({"so_far": days * 8.2, "forecast": days * 8.2})


@pytest.mark.parametrize("zone", ["Europe/Rome", "Asia/Tokyo", "America/New_York"])
def test_a_contract_that_ended_in_a_month_before_is_not_of_this_one(house: House, zone: str) -> None:
    house.contract(until("2026-04-20"))
    house.read(midnight(date(2026, 4, 1)), last := midnight(date(2026, 5, 1)) - 1)
    house.update(last)

    def told(now: int) -> list[dict[str, str]]:
        return Householder(house.stack, NOW).rows("This month", now=datetime.fromtimestamp(now, UTC), zone=zone)

    assert (len(told(last)), told(last + 1)) == (1, [])


@pytest.mark.parametrize(("day", "has_forecast"), [(20, True), (21, False)])
def test_a_long_silence_has_no_forecast(house: House, day: int, has_forecast: bool) -> None:
    """Since the 10th of April: six weeks look back on the 9th, and then on no whole day."""
    house.contract(FIXED)
    now = midnight(date(2026, 5, day)) + 12 * HOUR_S
    found = month(house, date(2026, 4, 1), midnight(date(2026, 4, 10)) + 12 * HOUR_S, now)
    assert found["so_far"] == pytest.approx(day)
    assert found.get("forecast") == (pytest.approx(31 * 8.2) if has_forecast else None)


def test_what_was_not_read_before_the_end_is_foreseen(house: House) -> None:
    """Two days and a half of it; the meter is read again later, and then the energy is owed."""
    house.contract(until("2026-04-20"))
    now = midnight(date(2026, 4, 21)) + 12 * HOUR_S
    found = month(house, date(2026, 4, 1), midnight(date(2026, 4, 17)) + 12 * HOUR_S, now)
    assert found == pytest.approx({"so_far": 19 * 8.2 - 2.5 * 7.2, "forecast": 19 * 8.2})


def test_an_end_that_was_taken_back_is_forgotten(house: House) -> None:
    now = midnight(date(2026, 4, 20)) + 10 * HOUR_S
    for text, days in ((until("2026-04-25"), 24), (FIXED, 30)):
        house.contract(text)
        assert month(house, date(2026, 4, 1), now, now)["forecast"] == pytest.approx(days * 8.2)
