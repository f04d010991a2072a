"""What is paid by day, month and year: the part of each day, and that nothing is left over.

| fault                                                        | test                                                    |
|--------------------------------------------------------------|---------------------------------------------------------|
| a year has 365 days, always                                  | test_a_day_has_a_365th_or_366th_of_a_year               |
| a twelfth is spread over thirty days                         | test_a_year_in_twelfths_spreads_each_over_its_month     |
| the parts of a year, a month or a day do not add up          | test_the_days_of_a_year_add_up_to_what_is_paid, test_two_versions_of_one_price_are_one, test_three_versions_of_a_day_share_it_without_a_rest |
| a day of 23 hours is taken for 24 where it is shared         | test_a_change_on_a_day_of_23_hours_shares_its_quarter_hours |
| a day that begins at one o'clock is none, or two             | test_a_day_without_a_midnight_is_a_day                  |
| a contract charges for days before it began, or after its end | test_a_contract_charges_from_its_first_moment_to_its_last |
| the charge of a day depends on the days that are asked with it | test_a_day_owes_the_same_whatever_is_asked_with_it     |
"""

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cost.contracts import contract, month_of, pricer, steady, version
from cost.metered import BEIRUT, ROME, SANTIAGO
from wattline_cost.money import total
from wattline_cost.tariff.model import Contract, EnergyCharge, FixedCharge, Flat, Per, Spread

D = Decimal


def charged(of: Contract, first: date, last: date) -> Decimal:
    return total(line.amount for line in pricer(of).lines([], first, last))


def fixed(price: str, per: Per, spread: Spread = Spread.DAYS, kw: str = "", zone: ZoneInfo = ROME) -> Contract:
    return contract(version(FixedCharge("Fixed", D(price), per, spread), kw=kw, zone=zone), zone=zone)


@pytest.mark.parametrize(("year", "price"), [(2026, "365"), (2028, "366"), (2027, "365")])
def test_a_day_has_a_365th_or_366th_of_a_year(year: int, price: str) -> None:
    for month, day in ((1, 1), (2, 28), (12, 31)):
        assert charged(fixed(price, Per.YEAR), date(year, month, day), date(year, month, day)) == 1


def test_a_leap_day_is_a_day_of_its_year() -> None:
    assert charged(fixed("36.6", Per.YEAR), date(2028, 2, 29), date(2028, 2, 29)) == D("0.1")


@pytest.mark.parametrize(("year", "month", "days"), [(2026, 2, 28), (2028, 2, 29), (2026, 4, 30), (2026, 10, 31)])
def test_a_year_in_twelfths_spreads_each_over_its_month(year: int, month: int, days: int) -> None:
    """12 x 8.40 x days a year: 8.40 x days a month, 8.40 a day."""
    house = fixed(str(D("100.80") * days), Per.YEAR, Spread.MONTHS)
    first, last = month_of(year, month)
    assert charged(house, first, last) == D("8.40") * days
    assert charged(house, first + timedelta(3), first + timedelta(3)) == D("8.40")


def test_kilowatts_are_those_of_the_contract() -> None:
    """4.5 kW x 2.00 a month; 4.5 kW x 73.00 a year of 365 days are 0.90 a day."""
    october = month_of(2026, 10)
    assert charged(fixed("2.00", Per.KW_MONTH, kw="4.5"), *october) == 9
    assert charged(fixed("73.00", Per.KW_YEAR, kw="4.5"), *october) == D("0.90") * 31


@pytest.mark.parametrize("year", [2026, 2028])
@pytest.mark.parametrize("spread", list(Spread))
@pytest.mark.parametrize("price", ["100", "0.01", "-7.77", "1234.5678901234"])
def test_the_days_of_a_year_add_up_to_what_is_paid(year: int, spread: Spread, price: str) -> None:
    house = fixed(price, Per.YEAR, spread)
    days = [date(year, 1, 1) + timedelta(number) for number in range(366 if year == 2028 else 365)]
    assert total(charged(house, day, day) for day in days) == D(price)
    assert charged(house, date(year, 1, 1), date(year, 12, 31)) == D(price)


def test_a_day_owes_a_part_to_a_billionth() -> None:
    """A third of 10.00 on the first of 30 days of April: 0.333333333; the second day has what makes 0.666666667 of it."""
    house = fixed("10.00", Per.MONTH)
    assert charged(house, date(2026, 4, 1), date(2026, 4, 1)) == D("0.333333333")
    assert charged(house, date(2026, 4, 2), date(2026, 4, 2)) == D("0.333333334")
    assert charged(house, *month_of(2026, 4)) == 10


def test_a_change_on_a_day_of_23_hours_shares_its_quarter_hours() -> None:
    """On 2026-03-29 it is 03:00 two hours after midnight: 8 of 92 quarter-hours at 9.20 a day, and 84 at 18.40."""
    change, day = "2026-03-29T03:00", date(2026, 3, 29)
    versions = (
        version(FixedCharge("Fixed", D("9.20"), Per.DAY), stop=change),
        version(FixedCharge("Fixed", D("18.40"), Per.DAY), start=change),
    )
    lines = pricer(contract(*versions)).lines([], day, day)
    assert [(line.version, line.amount) for line in lines] == [(0, D("0.80")), (1, D("16.80"))]


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        (SANTIAGO, date(2026, 9, 6), 92),
        (SANTIAGO, date(2026, 4, 4), 100),
        (BEIRUT, date(2026, 3, 29), 92),
        (BEIRUT, date(2026, 10, 24), 100),
        (ROME, date(2026, 3, 29), 92),
        (ROME, date(2026, 10, 25), 100),
    ],
)
def test_a_day_without_a_midnight_is_a_day(zone: ZoneInfo, day: date, quarters: int) -> None:
    """1 Wh in each quarter-hour of three days; the middle one has as many as its clocks allow, and one charge."""
    house = contract(
        version(FixedCharge("Fixed", D("1.00"), Per.DAY), EnergyCharge("Energy", Flat(D(1000))), zone=zone), zone=zone
    )
    around = day - timedelta(1), day + timedelta(1)
    lines = [line for line in pricer(house).lines(steady(*around, 1_000, zone), *around) if line.day == day]
    assert [line.amount for line in lines] == [1, quarters]


def test_a_contract_charges_from_its_first_moment_to_its_last() -> None:
    """From 2026-10-02 18:00 to the midnight after the 4th: 0.25 + 1 + 1 day at 2.00."""
    terms = version(FixedCharge("Fixed", D("2.00"), Per.DAY), start="2026-10-02T18:00", stop="2026-10-05")
    lines = pricer(contract(terms)).lines([], *month_of(2026, 10))
    assert [(line.day.day, line.amount) for line in lines] == [(2, D("0.50")), (3, 2), (4, 2)]


def test_three_versions_of_a_day_share_it_without_a_rest() -> None:
    """Eight hours each of 1.00: a third, what makes two thirds of it, and what makes it whole."""
    charge, day = FixedCharge("Fixed", D("1.00"), Per.DAY), date(2026, 10, 5)
    changes = "2026-10-05T08:00", "2026-10-05T16:00"
    house = contract(
        version(charge, stop=changes[0]),
        version(charge, start=changes[0], stop=changes[1]),
        version(charge, start=changes[1]),
    )
    parts = [line.amount for line in pricer(house).lines([], day, day)]
    assert parts == [D("0.333333333"), D("0.333333334"), D("0.333333333")]


@settings(max_examples=40)
@given(
    st.decimals("-1000", "1000", places=7),
    st.sampled_from(Per),
    st.sampled_from(Spread),
    st.dates(date(2023, 1, 1), date(2029, 12, 31)),
    st.integers(0, 96),
)
def test_two_versions_of_one_price_are_one(
    price: Decimal, per: Per, spread: Spread, day: date, quarter_of_day: int
) -> None:
    """Wherever in a day a version ends and its like begins: nothing is lost and nothing counts twice."""
    change = f"{day}T{min(quarter_of_day, 95) // 4:02}:{min(quarter_of_day, 95) % 4 * 15:02}"
    charge = FixedCharge("Fixed", price, Per.DAY if per is Per.KWH else per, spread)
    one = contract(version(charge, kw="3.3"))
    two = contract(version(charge, stop=change, kw="3.3"), version(charge, start=change, kw="3.3"))
    first, last = day - timedelta(1), day + timedelta(1)
    assert charged(one, first, last) == charged(two, first, last)


def test_a_day_owes_the_same_whatever_is_asked_with_it() -> None:
    house = fixed("99.99", Per.YEAR)
    whole = pricer(house).lines([], date(2026, 1, 1), date(2028, 12, 31))
    for line in whole[::37]:
        assert pricer(house).lines([], line.day, line.day) == [line]
