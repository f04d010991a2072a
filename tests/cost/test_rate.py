"""The price of one kilowatt-hour more: whoever tells it, and however often it is asked for, it is the same.

| fault | test |
|---|---|
| `explain` tells another price than is stored, or than a bill of one kilowatt-hour has | test_whoever_tells_the_price_tells_the_same |
| ... or ends its digits where Python's own decimals end | test_no_digit_is_lost_whoever_tells_it |
| a percentage is of what is paid anyway, of too little, or of a factor not | test_a_rate_is_the_sum_of_what_it_is_made_of |
| a source that says nothing counts as 0, even for a percentage of 0 | test_a_rate_is_not_known_where_its_source_says_nothing |
| a source is asked for each quarter-hour | test_a_source_is_asked_once_for_a_day |
| what it says of one day is taken for another's | test_a_source_is_asked_once_for_a_day |
| a source that only an earlier version names is asked for ever | test_a_source_is_asked_while_a_version_names_it |
| the register that was asked for first has its price for all | test_each_register_has_its_own_price |
| what is known of a price is owed by the day, and not by its quarter-hours and bands | test_what_is_known_of_a_price_is_owed |
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from cost.contracts import D, Table, contract, pricer, version
from cost.metered import QUARTER_S, at
from wattline_cost.energy.quarter import MWH_PER_KWH, Quarter
from wattline_cost.local_days import day_of, day_start_s, month_begin
from wattline_cost.money import total
from wattline_cost.prices.source import Price
from wattline_cost.pricing.days import InForce, Pricer
from wattline_cost.store.points import priced
from wattline_cost.tariff.bands import Bands
from wattline_cost.tariff.explain import explain
from wattline_cost.tariff.file import read_contract
from wattline_cost.tariff.model import ByRegister, BySource, Contract, EnergyCharge, FixedCharge, Flat, Per, Percentage
from wattline_cost.tariff.rate import UNKNOWN, Circumstances, Rate, Times, rates, sum_of

EXAMPLES = sorted((Path(__file__).parents[2] / "cost" / "tariffs").glob("*.toml"))
MOMENTS = 300


class Exchange:
    """Quarter-hours of which one in thirteen has no price, and some one below 0."""

    def at(self, start_s: int) -> Decimal | None:
        number = start_s // QUARTER_S
        return D(number % 977 - 100) / 7000 if number % 13 else None

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        told = [(each, self.at(each)) for each in range(start_s, stop_s, QUARTER_S)]
        return [Price(each, each + QUARTER_S, price) for each, price in told if price is not None]


def pricer_of(told: Contract) -> Pricer:
    bands = [Bands(told.zone, each.rules, told.holidays).at for each in told.versions]
    return Pricer(told, bands, dict.fromkeys(told.sources, Exchange()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_whoever_tells_the_price_tells_the_same(path: Path) -> None:
    """Three ways: `explain`, the price in force, and what a day with one kilowatt-hour owes more than one without any; whatever was
    used in the month before."""
    told, dice = read_contract(path), random.Random(7)
    prices = pricer_of(told)
    begin_s = int(told.versions[0].start.timestamp())
    for _ in range(MOMENTS):
        start_s = begin_s + QUARTER_S * dice.randrange(2 * 35_040)
        day = day_of(start_s, told.zone)
        month_s = day_start_s(month_begin(day), told.zone)
        used_mwh = dice.choice([0, 149, 150, 219, 220, 369, 370]) * MWH_PER_KWH if day.day > 1 else 0
        in_force = prices.in_force(start_s, used_mwh=used_mwh)
        asked_s = start_s + dice.randrange(QUARTER_S)
        explained = explain(told, asked_s, lambda _, second: Exchange().at(second), used_mwh=used_mwh)
        lines = prices.lines([Quarter(month_s, used_mwh), Quarter(start_s, MWH_PER_KWH)], day, day)
        assert in_force is not None
        assert in_force.per_kwh == explained.per_kwh
        assert in_force.band in {explained.band, ""}
        assert sum(line.unpriced_mwh for line in lines) == (0 if explained.per_kwh is not None else MWH_PER_KWH)
        assert total(line.of_energy for line in lines) == in_force.known


def test_no_digit_is_lost_whoever_tells_it() -> None:
    """1.0123456789 x 0.1234567890123, and 1.0123456789 times as much with each of two taxes: in whole numbers, of which Python
    loses no digit, that is 10123456789^3 x 1234567890123 / 10^43."""
    tax = D("1.23456789")
    house = contract(
        version(
            EnergyCharge("Spot", BySource("pun", D("1.0123456789"))),
            Percentage("Duty", tax, ("Spot",)),
            Percentage("VAT", tax, ("Spot", "Duty")),
        )
    )
    ten, said = at("2026-10-05 10:00"), D("0.1234567890123")
    whole = D(f"{10_123_456_789**3 * 1_234_567_890_123}e-43")
    found = pricer(house, sources={"pun": Table([Price(ten, ten + QUARTER_S, said)])}).in_force(ten)
    assert found is not None
    assert found.per_kwh == explain(house, ten, lambda *_: said).per_kwh == whole
    assert len(whole.as_tuple().digits) > 28


def test_a_rate_is_the_sum_of_what_it_is_made_of() -> None:
    """Spot 1.1 x p + 0.02 and grid 0.03; duty 50 % of spot and of the day's charge; VAT 10 % of spot, grid and duty.

    Without the source: 0.03 + 0.1 x 0.03 = 0.033; with it 0.02 + 0.01 + 0.1 x 0.03 = 0.033; times p: 1.1 + 0.55 + 0.165 = 1.815.
    """
    house = version(
        EnergyCharge("Spot", BySource("pun", D("1.1"), D("0.02"))),
        EnergyCharge("Grid", Flat(D("0.03"))),
        FixedCharge("Day", D(1), Per.DAY),
        Percentage("Duty", D(50), ("Spot", "Day")),
        Percentage("Tax of day", D(50), ("Day",)),
        Percentage("VAT", D(10), ("Spot", "Grid", "Duty")),
    )
    found = rates(house, Circumstances())
    assert found == {
        "Spot": Rate(D(0), {"pun": Times(D("1.1"), D("0.02"))}),
        "Grid": Rate(D("0.03")),
        "Duty": Rate(D(0), {"pun": Times(D("0.55"), D("0.01"))}),
        "VAT": Rate(D("0.003"), {"pun": Times(D("0.165"), D("0.003"))}),
    }
    whole = sum_of(found.values())
    assert whole == Rate(D("0.033"), {"pun": Times(D("1.815"), D("0.033"))})
    assert whole.at({"pun": D("0.1"), "other": D(9)}) == D("0.2475")
    # Grid and its tax.
    assert (whole.at({"other": D(9)}), whole.known({"other": D(9)})) == (None, D("0.033"))


def test_a_rate_is_not_known_where_its_source_says_nothing() -> None:
    assert Rate(D("0.1"), {"pun": Times(D(0))}).at({}) is None
    assert Rate(D("0.1")).at({}) == D("0.1")
    assert sum_of([Rate(D("0.1")), UNKNOWN]) == Rate(D("0.1"), is_whole=False)
    assert sum_of([Rate(D("0.1")), UNKNOWN]).at({}) is None
    assert sum_of([]) == Rate(D(0))


@dataclass
class Counted:
    """A source that says of each quarter-hour its number, and remembers what it was asked for."""

    asked: list[tuple[int, int]] = field(default_factory=list)

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        self.asked.append((start_s, stop_s))
        return [Price(each, each + QUARTER_S, D(each // QUARTER_S)) for each in range(start_s, stop_s, QUARTER_S)]


def test_a_source_is_asked_once_for_a_day() -> None:
    """The 25th of October has 100 quarter-hours; then those of a whole range that `lines` asked for are known."""
    source = Counted()
    house = contract(version(EnergyCharge("Spot", BySource("pun"))))
    prices = Pricer(house, [lambda _: ""], {"pun": source})
    begin_s, end_s = (day_start_s(date(2026, 10, day), house.zone) for day in (24, 27))

    def told() -> list[object]:
        found = [prices.in_force(start_s) for start_s in range(begin_s, end_s, QUARTER_S)]
        return [each.per_kwh for each in found if each]

    starts_s = [day_start_s(date(2026, 10, day), house.zone) for day in (24, 25, 26, 27)]
    numbers = [start_s // QUARTER_S for start_s in range(begin_s, end_s, QUARTER_S)]
    assert told() == numbers
    assert source.asked == list(pairwise(starts_s))
    source.asked.clear()
    prices.lines([], date(2026, 10, 24), date(2026, 10, 26))
    assert told() == numbers
    assert source.asked == [(begin_s, end_s)]


def test_a_source_is_asked_while_a_version_names_it() -> None:
    """The folder of prices may go when the contract has another price."""
    source, change = Counted(), "2026-10-26"
    spot, flat = EnergyCharge("Spot", BySource("pun")), EnergyCharge("Energy", Flat(D("0.20")))
    house = contract(version(spot, stop=change), version(flat, start=change))
    prices = Pricer(house, [lambda _: ""] * 2, {"pun": source})
    prices.lines([], date(2026, 10, 26), date(2026, 10, 27))
    assert prices.in_force(at("2026-10-26 00:00")) == InForce("", D("0.20"))
    assert source.asked == []
    prices.lines([], date(2026, 10, 25), date(2026, 10, 26))
    assert len(source.asked) == 1


def test_each_register_has_its_own_price() -> None:
    house = contract(version(EnergyCharge("Energy", ByRegister({1: D("0.20"), 2: D("0.10")}))))
    prices, start_s = pricer(house), at("2026-10-05 10:00")
    found = [prices.in_force(start_s, register) for register in (1, 2, None, 3, 1)]
    unknown = InForce("", D(0), is_whole=False)
    assert found == [InForce("", D("0.20")), InForce("", D("0.10")), unknown, unknown, InForce("", D("0.20"))]


def test_what_is_known_of_a_price_is_owed() -> None:
    """Register 1 0.20 and the market's 0.30 in the first quarter-hour alone, 0.05 for the grid, VAT 10 %, of 1 kWh each.

    With all: 1.1 x 0.55 = 0.605. No market: 1.1 x 0.25 = 0.275. Half of it in register 3, of no price: 1.1 x (0.05 + 0.5 x 0.20)
    = 0.165. No register and no market: 1.1 x 0.05 = 0.055. That is 1.1 for all four, as the day's lines say.
    """
    ten = at("2026-10-05 10:00")
    house = contract(
        version(
            EnergyCharge("Energy", ByRegister({1: D("0.20")})),
            EnergyCharge("Market", BySource("pun")),
            EnergyCharge("Grid", Flat(D("0.05"))),
            Percentage("VAT", D(10), ("Energy", "Market", "Grid")),
        )
    )
    prices = pricer(house, sources={"pun": Table([Price(ten, ten + QUARTER_S, D("0.30"))])})
    counted: list[dict[int, int]] = [{1: MWH_PER_KWH}, {1: MWH_PER_KWH}, {1: MWH_PER_KWH // 2, 3: MWH_PER_KWH // 2}, {}]
    quarters = [
        Quarter(ten + QUARTER_S * place, MWH_PER_KWH, registers_mwh=registers)
        for place, registers in enumerate(counted)
    ]
    slots = list(priced(prices, quarters))
    assert [slot.cost for slot in slots] == [D("0.605"), D("0.275"), D("0.165"), D("0.055")]
    assert [slot.unpriced_mwh for slot in slots] == [0, *[MWH_PER_KWH] * 3]
    assert [slot.price for slot in slots] == [D("0.605"), None, None, None]
    day = date(2026, 10, 5)
    assert total(line.of_energy for line in prices.lines(quarters, day, day)) == D("1.1")
