"""Prices that depend on how much was used in the month, each answer worked out by hand.

| fault | test |
|---|---|
| the milliwatt-hour at the edge of a step has the price of another | test_a_step_begins_with_the_milliwatt_hour_behind_its_edge |
| what crosses an edge within a quarter-hour has one price, or is lost beyond the second edge | test_a_quarter_hour_may_cross_several_edges, test_the_parts_are_the_whole |
| days do not add up to the month | test_days_add_up_to_the_month |
| a month goes on in the next one, or begins by another clock | test_each_month_begins_with_the_first_step, test_a_month_is_that_of_the_contracts_clock |
| days that are priced by themselves all begin with the first step | test_what_was_used_before_the_days_that_are_asked_for_counts |
| what was used before the contract counts | test_what_was_used_before_the_contract_does_not_count |
| a version that begins within the month begins the steps anew | test_a_month_goes_on_where_the_contract_changes |
| ... or has a second line, though its steps are the same | test_steps_that_stay_have_one_line_each |
| steps of one price divide the energy of another | test_each_price_has_steps_of_its_own |
| a register and a step of one quarter-hour exclude each other | test_a_register_and_a_step_change_in_one_quarter_hour |
| energy that is estimated, or whose other price is not known, is not said to be of its step | test_what_is_estimated_is_so_in_its_step, test_a_price_that_is_not_known_takes_nothing_from_a_step |
| a bill has no line for a step, one for a step that was not reached, or lines in another order | test_a_bill_has_a_line_for_each_step_with_energy |
| a step is rounded otherwise than a band | test_the_quantity_of_each_step_is_rounded |
| the price of one kilowatt-hour more is that of another step | test_one_kilowatt_hour_more_is_of_the_step_at_that_moment |
| the coming quarter-hours have no price, or that of the first step, and the next month's that of this one | test_coming_quarter_hours_stay_in_the_step_until_the_month_ends |
| a month without steps is read from its begin, or one with them is not | test_a_month_is_counted_where_a_version_of_it_has_steps |
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from cost.contracts import KWH, D, Table, bill, contract, month_of, pricer, quarter, steady, version
from cost.examples import OCTOBER
from cost.metered import QUARTER_S, SANTIAGO, at
from wattline_cost.energy.quarter import Quarter
from wattline_cost.prices.source import Price
from wattline_cost.pricing.bill import Bill
from wattline_cost.pricing.line import Line
from wattline_cost.store.points import coming, priced
from wattline_cost.tariff.model import (
    ByRegister,
    BySource,
    ByStep,
    Component,
    Contract,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Rounding,
    Step,
)
from wattline_cost.tariff.steps import by_begin


def steps(*told: tuple[str, str]) -> ByStep:
    """Each by what it is above, and its price."""
    return ByStep(tuple(Step(D(above), D(price)) for above, price in told))


EXCISE = EnergyCharge("Excise", steps(("0", "0"), ("150", "0.0227"), ("220", "0.0454"), ("370", "0.0227")))
TWO = EnergyCharge("Energy", steps(("0", "0.10"), ("100", "0.30")))


def owed(of: Contract, quarters: Sequence[Quarter], first: date, last: date) -> list[tuple[str, str, Decimal]]:
    """Part, kilowatt-hours and amount of each line of the days."""
    return [told(line) for line in pricer(of).lines(quarters, first, last)]


def told(line: Line) -> tuple[str, str, Decimal]:
    return line.part, f"{D(line.energy_mwh) / KWH:f}", line.amount


def billed(of: Contract, *quarters: Quarter) -> Bill:
    return bill(of, pricer(of).lines(quarters, *OCTOBER), *OCTOBER)


def rows(of: Bill) -> list[tuple[str, Decimal, Decimal]]:
    return [(f"{line.component} {line.part}".strip(), line.quantity, line.amount) for line in of.lines]


def test_a_step_begins_with_the_milliwatt_hour_behind_its_edge() -> None:
    """100 kWh and not one milliwatt-hour more: all of it in the first step. The next is in the second."""
    day = date(2026, 10, 5)
    quarters = [quarter("2026-10-05 10:00", "100")]
    house = contract(version(TWO))
    assert owed(house, quarters, day, day) == [("up to 100 kWh", "100", D(10))]
    quarters += [Quarter(at("2026-10-05 10:15"), 1)]
    assert owed(house, quarters, day, day) == [
        ("up to 100 kWh", "100", D(10)),
        ("above 100 kWh", "0.000001", D("0.0000003")),
    ]


def test_a_quarter_hour_may_cross_several_edges() -> None:
    """140 kWh, and then 300 at once: 10 free ones, 70 and 150 dearer ones, and 70 behind them. The quarter-hour costs as much."""
    house, day = contract(version(EXCISE)), date(2026, 10, 5)
    quarters = [quarter("2026-10-05 10:00", "140"), quarter("2026-10-05 10:15", "300")]
    assert owed(house, quarters, day, day) == [
        ("up to 150 kWh", "150", D(0)),
        ("150 to 220 kWh", "70", D("1.589")),
        ("220 to 370 kWh", "150", D("6.81")),
        ("above 370 kWh", "70", D("1.589")),
    ]
    assert [slot.cost for slot in priced(pricer(house), quarters)] == [0, D("9.988")]


@pytest.mark.parametrize("energy_mwh", [0, 1, 4, 5, 6, 99])
@pytest.mark.parametrize("used_mwh", [0, 4, 5, 6, 7, 50])
def test_the_parts_are_the_whole(energy_mwh: int, used_mwh: int) -> None:
    """By counting: steps at 0, 5 and 7."""
    each = [max(begin for begin in (0, 5, 7) if begin <= place) for place in range(used_mwh, used_mwh + energy_mwh)]
    found = list(by_begin(energy_mwh, used_mwh, (0, 5, 7)))
    assert [begin for begin, part_mwh in found for _ in range(part_mwh)] == each
    assert all(part_mwh for _, part_mwh in found) or (len(found), energy_mwh) == (1, 0)


def test_each_month_begins_with_the_first_step() -> None:
    """150 kWh at the end of October, and 60 at the begin of November."""
    quarters = [
        quarter("2026-10-31 23:45", "150"),
        quarter("2026-11-01 00:00", "60"),
        quarter("2026-11-01 00:15", "50"),
    ]
    assert owed(contract(version(TWO)), quarters, date(2026, 10, 31), date(2026, 11, 1)) == [
        ("up to 100 kWh", "100", D(10)),
        ("above 100 kWh", "50", D(15)),
        ("up to 100 kWh", "100", D(10)),
        ("above 100 kWh", "10", D(3)),
    ]


def test_a_month_is_that_of_the_contracts_clock() -> None:
    """Midnight of the 1st of May in Chile is four in the morning of UTC: what is used before it is April's."""
    house = contract(version(TWO, zone=SANTIAGO), zone=SANTIAGO)
    quarters = [quarter("2026-04-30 23:45", "100", SANTIAGO), quarter("2026-05-01 00:00", "100", SANTIAGO)]
    assert [part for part, *_ in owed(house, quarters, date(2026, 4, 30), date(2026, 5, 1))] == ["up to 100 kWh"] * 2


def test_what_was_used_before_the_days_that_are_asked_for_counts() -> None:
    """90 kWh on the 2nd: of the 20 on the 9th half are above 100, whether or not the 2nd is asked for."""
    quarters = [quarter("2026-10-09 10:00", "20"), quarter("2026-10-02 10:00", "90")]
    day = date(2026, 10, 9)
    assert owed(contract(version(TWO)), quarters, day, day) == [
        ("up to 100 kWh", "10", D(1)),
        ("above 100 kWh", "10", D(3)),
    ]


def test_what_was_used_before_the_contract_does_not_count() -> None:
    """It begins at noon of the 5th, before which the old one had 500 kWh."""
    quarters = [quarter("2026-10-05 11:45", "500"), quarter("2026-10-05 12:00", "60")]
    house = contract(version(TWO, start="2026-10-05T12:00"))
    assert owed(house, quarters, *OCTOBER) == [("up to 100 kWh", "60", D(6))]


def test_a_month_goes_on_where_the_contract_changes() -> None:
    """80 kWh at one price, and then steps: 20 are left of the first, and 30 of the 50 are above 100."""
    flat = EnergyCharge("Energy", Flat(D("0.20")))
    house = contract(version(flat, stop="2026-10-15"), version(TWO, start="2026-10-15"))
    quarters = [quarter("2026-10-05 10:00", "80"), quarter("2026-10-20 10:00", "50")]
    assert owed(house, quarters, *OCTOBER) == [
        ("", "80", D(16)),
        ("up to 100 kWh", "20", D(2)),
        ("above 100 kWh", "30", D(9)),
    ]


def changed(*after: Component) -> Contract:
    return contract(version(TWO, stop="2026-10-15"), version(*after, start="2026-10-15"))


BEFORE, AFTER = quarter("2026-10-05 10:00", "80"), quarter("2026-10-20 10:00", "50")


def test_steps_that_stay_have_one_line_each() -> None:
    """Where one price of them changes, and where an edge does, that is another line."""
    by_day = FixedCharge("Day", D(0), Per.DAY)
    assert rows(billed(changed(TWO, by_day), BEFORE, AFTER))[:2] == [
        ("Energy up to 100 kWh", 100, D("10.00")),
        ("Energy above 100 kWh", 30, D("9.00")),
    ]
    dearer = EnergyCharge("Energy", steps(("0", "0.20"), ("100.0", "0.30")))
    assert rows(billed(changed(dearer), BEFORE, AFTER)) == [
        ("Energy up to 100 kWh", 80, D("8.00")),
        ("Energy up to 100 kWh", 20, D("4.00")),
        ("Energy above 100 kWh", 30, D("9.00")),
    ]
    earlier = EnergyCharge("Energy", steps(("0", "0.10"), ("90", "0.30")))
    assert rows(billed(changed(earlier), BEFORE, AFTER)) == [
        ("Energy up to 100 kWh", 80, D("8.00")),
        ("Energy up to 90 kWh", 10, D("1.00")),
        ("Energy above 90 kWh", 40, D("12.00")),
    ]


def test_each_price_has_steps_of_its_own() -> None:
    """120 kWh: 100 and 20 of the one, 50 and 70 of the other, all of the tax. 10 + 6 + 0 + 0.70, and a tenth of 16.70."""
    levy = EnergyCharge("Levy", steps(("0", "0"), ("50", "0.01")))
    house = contract(version(TWO, levy, Percentage("VAT", D(10), ("Energy", "Levy"))))
    assert rows(billed(house, quarter("2026-10-05 10:00", "120"))) == [
        ("Energy up to 100 kWh", 100, D("10.00")),
        ("Energy above 100 kWh", 20, D("6.00")),
        ("Levy up to 50 kWh", 50, D("0.00")),
        ("Levy above 50 kWh", 70, D("0.70")),
        ("VAT", D("16.70"), D("1.67")),
    ]


def test_a_register_and_a_step_change_in_one_quarter_hour() -> None:
    """110 kWh, of which 100 in the first step, 10.00 + 3.00; 80 in T2 at 0.01 and 30 in T1 at 0.02: 1.40 more. The price of one
    more is that of T2, in which most was, and of the first step."""
    house = contract(version(TWO, EnergyCharge("Grid", ByRegister({1: D("0.02"), 2: D("0.01")}))))
    quarters = [replace(quarter("2026-10-05 10:00", "110"), registers_mwh={1: 30 * KWH, 2: 80 * KWH})]
    (slot,) = priced(pricer(house), quarters)
    assert (slot.cost, slot.price, slot.unpriced_mwh) == (D("14.40"), D("0.11"), 0)
    unknown = [replace(quarters[0], registers_mwh={1: 30 * KWH, 3: 80 * KWH})]
    (slot,) = priced(pricer(house), unknown)
    assert (slot.cost, slot.price, slot.unpriced_mwh) == (D("13.60"), None, 80 * KWH)


def test_what_is_estimated_is_so_in_its_step() -> None:
    """90 kWh that were read, and 30 that were not: of these 10 in the first step."""
    quarters = [quarter("2026-10-05 10:00", "90"), quarter("2026-10-05 10:15", "30", is_estimated=True)]
    found = billed(contract(version(TWO)), *quarters)
    assert [line.estimated_kwh for line in found.lines] == [10, 20]
    assert (found.energy_kwh, found.estimated_kwh) == (120, 30)


def test_a_price_that_is_not_known_takes_nothing_from_a_step() -> None:
    """The exchange has a price of the second quarter-hour alone; the first counts for the step all the same."""
    house = contract(version(TWO, EnergyCharge("Spot", BySource("pun"))))
    ten = at("2026-10-05 10:00")
    prices = pricer(house, sources={"pun": Table([Price(ten + QUARTER_S, ten + 2 * QUARTER_S, D("0.05"))])})
    quarters = [quarter("2026-10-05 10:00", "90"), quarter("2026-10-05 10:15", "20")]
    # 90 x 0.10; then 10 x 0.10 + 10 x 0.30 + 20 x 0.05.
    assert [(slot.cost, slot.unpriced_mwh) for slot in priced(prices, quarters)] == [(D(9), 90 * KWH), (D(5), 0)]
    lines = prices.lines(quarters, *OCTOBER)
    assert [(line.part, line.unpriced_mwh) for line in lines if line.unpriced_mwh] == [("", 90 * KWH)]


@pytest.mark.parametrize(
    ("kwh", "parts"),
    [
        ("140", [("Excise up to 150 kWh", "0.00")]),
        ("150", [("Excise up to 150 kWh", "0.00")]),
        (
            "220.5",
            [("Excise up to 150 kWh", "0.00"), ("Excise 150 to 220 kWh", "1.59"), ("Excise 220 to 370 kWh", "0.02")],
        ),
    ],
)
def test_a_bill_has_a_line_for_each_step_with_energy(kwh: str, parts: list[tuple[str, str]]) -> None:
    """70 x 0.0227 = 1.589, 0.5 x 0.0454 = 0.0227."""
    found = billed(contract(version(EXCISE)), quarter("2026-10-05 10:00", kwh))
    assert [(name, str(amount)) for name, _, amount in rows(found)] == parts


def test_the_quantity_of_each_step_is_rounded() -> None:
    """100 and 10.6, which are 11: 3.30."""
    house = contract(version(TWO), rounding=Rounding(kwh_decimals=0))
    assert rows(billed(house, quarter("2026-10-05 10:00", "110.6"))) == [
        ("Energy up to 100 kWh", 100, D("10.00")),
        ("Energy above 100 kWh", 11, D("3.30")),
    ]


def test_one_kilowatt_hour_more_is_of_the_step_at_that_moment() -> None:
    """A quarter-hour has the price with which it begins, also where it crosses an edge; VAT is 10 %."""
    house = contract(version(TWO, Percentage("VAT", D(10), ("Energy",))))
    quarters = [quarter("2026-10-05 10:00", "99"), quarter("2026-10-05 10:15", "2"), quarter("2026-10-05 10:30", "1")]
    found = [(slot.price, slot.cost) for slot in priced(pricer(house), quarters)]
    assert found == [(D("0.11"), D("10.89")), (D("0.11"), D("0.44")), (D("0.33"), D("0.33"))]


def test_coming_quarter_hours_stay_in_the_step_until_the_month_ends() -> None:
    """120 kWh by eleven in the evening of the 31st."""
    quarters = [quarter("2026-10-31 22:45", "120")]
    starts_s = range(at("2026-10-31 23:00"), at("2026-11-01 01:00"), QUARTER_S)
    found = [(slot.start_s, slot.price) for slot in coming(pricer(contract(version(TWO))), quarters, starts_s)]
    assert found == list(zip(starts_s, [D("0.30")] * 4 + [D("0.10")] * 4, strict=True))


def test_a_month_is_counted_where_a_version_of_it_has_steps() -> None:
    """From the 15th of October to the 1st of December, which is the first day without them."""
    flat = EnergyCharge("Energy", Flat(D("0.20")))
    house = contract(
        version(flat, stop="2026-10-15"),
        version(TWO, start="2026-10-15", stop="2026-12-01"),
        version(flat, start="2026-12-01"),
    )
    counts_in = pricer(house).counts_in
    assert [counts_in(date(2026, month, 20)) for month in (9, 10, 11, 12)] == [False, True, True, False]


def test_days_add_up_to_the_month() -> None:
    """February 2026: 672 h of 0.4 kW are 268.8 kWh; 70 x 0.0227 + 48.8 x 0.0454 = 1.589 + 2.21552."""
    days = month_of(2026, 2)
    lines = pricer(contract(version(EXCISE))).lines(steady(*days, 100_000), *days)
    assert sum(line.energy_mwh for line in lines) == 268_800_000
    assert sum(line.amount for line in lines) == D("3.80452")
