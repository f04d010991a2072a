"""A contract applied to quarter-hours: that every sum is the sum of its parts, and the price of one kilowatt-hour more.

| fault                                                         | test                                                  |
|---------------------------------------------------------------|-------------------------------------------------------|
| bands, or registers, do not add up to the day                 | test_the_parts_of_a_day_are_the_day                   |
| quarter-hours do not add up to the day                        | test_quarter_hours_add_up_to_what_the_days_owe        |
| ... or are others where those before them are only counted    | test_quarter_hours_are_the_same_whichever_is_the_first |
| days do not add up to the month                               | test_days_one_by_one_are_the_range                    |
| the order of quarter-hours, or one that comes twice, counts   | test_neither_order_nor_repetition_counts              |
| an amount loses a digit                                       | test_amounts_are_exact                                |
| a tax on a tax, or on a fixed charge, is of something else    | test_percentages_are_of_what_they_name                |
| what a kilowatt-hour less would spare includes fixed charges  | test_percentages_are_of_what_they_name                |
| one kilowatt-hour more is told without taxes, or with fees    | test_the_price_in_force_has_the_taxes_of_energy       |
| no price is told as 0                                         | test_the_price_in_force_is_not_known_where_a_part_is_not |
| a moment before the contract has its first price              | test_no_contract_no_price                             |
| a year takes a Raspberry Pi a minute                          | test_a_year_of_quarter_hours_is_priced_at_once        |
| the month is not the counter's end less its start             | test_a_month_is_what_the_counter_gained               |
"""

import random
import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from cost.contracts import KWH, Table, contract, italian_band, month_of, pricer, quarter, steady, version
from cost.metered import QUARTER_S, ROME, Meter, at
from wattline_cost.energy.quarter import Quarter
from wattline_cost.energy.shaping import shape
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.money import total
from wattline_cost.prices.source import Price
from wattline_cost.pricing.bill import bill_of
from wattline_cost.pricing.days import Pricer
from wattline_cost.store.points import priced
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Direction,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Step,
)

D = Decimal
BANDS = ByBand({"F1": D("0.161234"), "F2": D("0.15"), "F3": D("0.13")})
EVERYTHING = (
    EnergyCharge("Bands", BANDS),
    EnergyCharge("Registers", ByRegister({1: D("0.011"), 2: D("0.022")})),
    EnergyCharge("Market", BySource("pun", D("1.1"), D("0.02"))),
    EnergyCharge("Steps", ByStep((Step(D(0), D("0.03")), Step(D("7.777777"), D("-0.01")), Step(D(60), D("0.0333"))))),
    EnergyCharge("Other steps", ByStep((Step(D(0), D(0)), Step(D("7.8"), D("0.04"))))),
    FixedCharge("Fixed", D("77.77"), Per.YEAR),
    Percentage("Duty", D("2.5"), ("Bands", "Market", "Steps")),
    Percentage("VAT", D(10), ("Bands", "Registers", "Market", "Steps", "Fixed", "Duty")),
)


def everything(sources: Table) -> Pricer:
    change = "2026-10-20T07:15"
    house = contract(version(*EVERYTHING, stop=change), version(*EVERYTHING, start=change))
    return pricer(house, italian_band, {"pun": sources})


@st.composite
def autumns(draw: st.DrawFn) -> tuple[list[Quarter], Table, date, date]:
    """Quarter-hours about the change of the clocks and that of the month, of which some have no price."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    first = date(2026, 10, 18) + timedelta(draw(st.integers(0, 12)))
    last = first + timedelta(draw(st.integers(0, 9)))
    quarters, prices = [], []
    for start_s in range(day_start_s(first - timedelta(2), ROME), day_stop_s(last, ROME), QUARTER_S):
        if dice.random() < 0.9:
            energy_mwh = dice.choice([0, 1, 77_777, dice.randrange(KWH)])
            registers = {1: energy_mwh // 3, 2: energy_mwh - energy_mwh // 3}
            quarters.append(Quarter(start_s, energy_mwh, dice.random() < 0.1, registers))
        if dice.random() < 0.9:
            prices.append(Price(start_s, start_s + QUARTER_S, D(dice.randrange(-50, 300)) / 1000))
    return quarters, Table(prices), first, last


@settings(max_examples=40)
@given(autumns())
def test_the_parts_of_a_day_are_the_day(autumn: tuple[list[Quarter], Table, date, date]) -> None:
    quarters, table, first, last = autumn
    lines = everything(table).lines(quarters, first, last)
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        begin_s, end_s = day_start_s(day, ROME), day_stop_s(day, ROME)
        energy_mwh = sum(each.energy_mwh for each in quarters if begin_s <= each.start_s < end_s)
        guessed_mwh = sum(each.energy_mwh for each in quarters if begin_s <= each.start_s < end_s and each.is_estimated)
        for name in ("Bands", "Registers", "Market", "Steps", "Other steps"):
            own = [line for line in lines if line.day == day and line.component == name]
            assert sum(line.energy_mwh for line in own) == energy_mwh
            assert sum(line.estimated_mwh for line in own) == guessed_mwh


@settings(max_examples=40)
@given(autumns())
def test_quarter_hours_add_up_to_what_the_days_owe(autumn: tuple[list[Quarter], Table, date, date]) -> None:
    """Also where the register, or the step, changes within one."""
    quarters, table, first, last = autumn
    prices = everything(table)
    begin_s, end_s = day_start_s(first, ROME), day_stop_s(last, ROME)
    slots = [slot for slot in priced(prices, quarters) if begin_s <= slot.start_s < end_s]
    owed = total(line.of_energy for line in prices.lines(quarters, first, last))
    assert total(slot.cost for slot in slots if slot.cost is not None) == owed


@settings(max_examples=40)
@given(autumns())
def test_quarter_hours_are_the_same_whichever_is_the_first(autumn: tuple[list[Quarter], Table, date, date]) -> None:
    quarters, table, first, _ = autumn
    begin_s = day_start_s(first, ROME)
    whole = [slot for slot in priced(everything(table), quarters) if slot.start_s >= begin_s]
    assert list(priced(everything(table), quarters, begin_s)) == whole


@settings(max_examples=40)
@given(autumns())
def test_days_one_by_one_are_the_range(autumn: tuple[list[Quarter], Table, date, date]) -> None:
    quarters, table, first, last = autumn
    prices = everything(table)
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    one_by_one = [line for day in days for line in prices.lines(quarters, day, day)]
    assert one_by_one == prices.lines(quarters, first, last)


@settings(max_examples=40)
@given(autumns(), st.randoms())
def test_neither_order_nor_repetition_counts(
    autumn: tuple[list[Quarter], Table, date, date], dice: random.Random
) -> None:
    quarters, table, first, last = autumn
    shuffled = [*quarters, *quarters[::2]]
    dice.shuffle(shuffled)
    assert everything(table).lines(shuffled, first, last) == everything(table).lines(quarters, first, last)


def test_amounts_are_exact() -> None:
    """1.000001 kWh x 0.1234567890123456789 has 25 digits, and 10 % of it one more."""
    price = D("0.1234567890123456789")
    house = contract(version(EnergyCharge("Energy", Flat(price)), Percentage("VAT", D(10), ("Energy",))))
    day = date(2026, 10, 5)
    energy, tax = pricer(house).lines([Quarter(at("2026-10-05 10:00"), 1_000_001)], day, day)
    assert str(energy.amount) == "0.1234569124691346912456789"
    assert tax.amount == D("0.01234569124691346912456789")


def test_percentages_are_of_what_they_name() -> None:
    """1 kWh at 0.20 and a fixed 0.30. Duty: 50 % of the energy, 0.10. VAT: 10 % of 0.20 + 0.30 + 0.10 = 0.06, of which 0.03 is
    on energy."""
    house = contract(
        version(
            EnergyCharge("Energy", Flat(D("0.20"))),
            FixedCharge("Fixed", D("0.30"), Per.DAY),
            Percentage("Duty", D(50), ("Energy",)),
            Percentage("VAT", D(10), ("Energy", "Fixed", "Duty")),
        )
    )
    day = date(2026, 10, 5)
    lines = pricer(house).lines([quarter("2026-10-05 10:00", "1")], day, day)
    assert [line.amount for line in lines] == [D("0.20"), D("0.30"), D("0.10"), D("0.06")]
    assert [line.of_energy for line in lines] == [D("0.20"), 0, D("0.10"), D("0.03")]


def test_the_price_in_force_has_the_taxes_of_energy() -> None:
    """F1 0.161234, register 2 0.022, market 1.1 x 0.10 + 0.02 = 0.13, the last steps 0.0333 and 0.04; duty 2.5 % of 0.324534 =
    0.00811335; VAT 10 % of 0.35464735 = 0.035464735. Together 0.430112085; what is fixed costs nothing more."""
    ten = at("2026-10-05 10:00")
    prices = everything(Table([Price(ten, ten + 3600, D("0.10"))]))
    found = prices.in_force(ten + QUARTER_S, register=2, used_mwh=60 * KWH)
    assert found is not None
    assert (found.band, found.per_kwh) == ("F1", D("0.430112085"))


def test_the_price_in_force_is_not_known_where_a_part_is_not() -> None:
    ten = at("2026-10-05 10:00")
    prices = everything(Table([Price(ten, ten + 3600, D("0.10"))]))
    without = (
        prices.in_force(ten, used_mwh=0),
        prices.in_force(ten, register=1),
        prices.in_force(ten + 3600, register=1, used_mwh=0),
    )
    for found in without:
        assert found is not None
        assert (found.band, found.per_kwh) == ("F1", None)


def test_no_contract_no_price() -> None:
    house = contract(version(EnergyCharge("Energy", Flat(D("0.20"))), start="2026-10-05", stop="2026-10-06"))
    prices = pricer(house)
    assert prices.in_force(at("2026-10-04 23:45")) is None
    assert prices.in_force(at("2026-10-06 00:00")) is None
    quarters = [quarter(f"2026-10-0{day} {clock}", "1") for day, clock in ((4, "23:45"), (5, "00:00"), (6, "00:00"))]
    lines = prices.lines(quarters, *month_of(2026, 10))
    assert [(line.day.day, line.energy_mwh) for line in lines] == [(5, KWH)]


def test_a_year_of_quarter_hours_is_priced_at_once() -> None:
    """It takes 0.2 s on a PC; the bound is there for a loop in a loop, and not for a busy machine."""
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    quarters = steady(first, last, 100_000)
    prices = [Price(each.start_s, each.start_s + QUARTER_S, D("0.1")) for each in quarters]
    quarters = [replace(each, registers_mwh={1: 50_000, 2: 50_000}) for each in quarters]
    begun_s = time.process_time()
    lines = everything(Table(prices)).lines(quarters, first, last)
    assert time.process_time() - begun_s < 20
    assert len(quarters) == 35_040
    assert sum(line.energy_mwh for line in lines if line.component == "Market") == 3504 * KWH


def test_a_month_is_what_the_counter_gained() -> None:
    """From rows to the bill, a gap of two days among them and the change of the clocks: the counter's end less its start."""
    first, last = month_of(2026, 10)
    begin_s, end_s = day_start_s(first, ROME), day_stop_s(last, ROME)
    count = (end_s - begin_s) // QUARTER_S
    dice = random.Random(42)
    powers = [dice.uniform(40, 900) for _ in range(count + 2)]
    rows = list(Meter().rows(begin_s - QUARTER_S, powers, missing=range(1400, 1600)))
    house = contract(version(EnergyCharge("Bands", BANDS), EnergyCharge("Flat", Flat(D("0.05")))))
    quarters = shape(rows, Direction.IMPORT, ROME)
    lines = pricer(house, italian_band).lines(quarters, first, last)
    shown = {row.start_s: round(row.counters_kwh["consumption_counter_kwh"], 2) for row in rows}
    gained = round(shown[end_s - QUARTER_S] - shown[begin_s - QUARTER_S], 2)
    found = bill_of(house, lines, first, last)
    assert found.energy_kwh == D(str(gained))
    assert found.estimated_kwh > 0
    assert sum(line.quantity for line in found.lines if line.component == "Bands") == found.energy_kwh
    assert total(line.amount for line in lines if line.component == "Flat") == found.energy_kwh * D("0.05")
