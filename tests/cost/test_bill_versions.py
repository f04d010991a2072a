"""The bill of a month in which the contract changes: what did not change has one line, as a supplier prints it.

| fault | test |
|---|---|
| one tax at one rate has two lines, and a cent more than on paper | test_one_tax_has_one_line |
| what is taxed otherwise from a day on is taxed by both rates, or by one | test_a_tax_that_changes_divides_what_it_is_of |
| ... as is what a new tax is of | test_a_new_tax_stands_above_the_tax_of_it, test_a_name_may_change_its_meaning |
| a line of two versions has the quantity of one | test_what_did_not_change_is_one_line |
| ... or is rounded twice | test_energy_of_one_price_is_rounded_once |
| a band whose price did not change is divided with the others, or the bands lose their order | test_a_band_at_one_price_is_one_line |
| ... or by a version in which nothing of it was used | test_a_version_in_which_a_band_was_not_used_divides_no_line |
| a price that comes back joins the days before it went | test_a_price_that_comes_back_has_a_line_of_its_own |
| another factor of a source's price is taken for the same | test_a_source_at_other_terms_has_another_line |
| a power that changes shares a line with the one before | test_another_power_has_another_line |
| nobody sees from when on what held | test_a_line_tells_when_its_versions_were_in_force, test_csv_and_json_tell_when |
| ... or sees what is on no line of it | test_a_version_that_is_not_on_the_bill_is_not_told |
| the lines do not add up to what the days owe | test_whatever_changes_the_lines_are_what_the_days_owe |
"""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from cost.contracts import D, Table, bill, contract, italian_band, pricer, quarter, steady, version
from cost.examples import OCTOBER
from cost.metered import QUARTER_S, ROME, at
from wattline_cost.energy.quarter import Quarter
from wattline_cost.money import rounded, total
from wattline_cost.prices.source import Price
from wattline_cost.pricing.bill import Bill
from wattline_cost.pricing.bill_lines import BillLine
from wattline_cost.pricing.document import as_csv, as_json, as_table
from wattline_cost.tariff.model import (
    ByBand,
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

CHANGE = "2026-10-15"


def changed(before: Sequence[Component], after: Sequence[Component], rounding: Rounding | None = None) -> Contract:
    return contract(version(*before, stop=CHANGE), version(*after, start=CHANGE), rounding=rounding)


def energy(price: str, name: str = "Energy") -> EnergyCharge:
    return EnergyCharge(name, Flat(D(price)))


def by_day(price: str = "0.48") -> FixedCharge:
    return FixedCharge("Day", D(price), Per.DAY)


def vat(percent: str, *of: str) -> Percentage:
    return Percentage("VAT", D(percent), of)


def billed(house: Contract, before_kwh: str = "100", after_kwh: str = "50") -> Bill:
    """October with so much before the change and so much after it."""
    quarters = [quarter("2026-10-05 10:00", before_kwh), quarter("2026-10-20 10:00", after_kwh)]
    return bill(house, pricer(house, italian_band).lines(quarters, *OCTOBER), *OCTOBER)


def told(line: BillLine) -> tuple[str, tuple[int, ...], Decimal, Decimal]:
    return f"{line.component} {line.part}".strip(), line.versions, line.quantity, line.amount


def test_one_tax_has_one_line() -> None:
    """100 x 0.3365 = 33.65 and 100 x 0.4905 = 49.05. 10 % of 82.70 are 8.27; in two lines it were 3.37 and 4.91, a cent more."""
    found = billed(
        changed([energy("0.3365"), vat("10", "Energy")], [energy("0.4905"), vat("10.0", "Energy")]), "100", "100"
    )
    assert [told(line) for line in found.lines] == [
        ("Energy", (0,), 100, D("33.65")),
        ("Energy", (1,), 100, D("49.05")),
        ("VAT", (0, 1), D("82.70"), D("8.27")),
    ]
    assert (found.taxes, found.total) == (D("8.27"), D("90.97"))


def test_a_tax_that_changes_divides_what_it_is_of() -> None:
    """Energy 20.00 and 10.00, days 14 x 0.48 = 6.72 and 17 x 0.48 = 8.16, though neither price changes: 10 % of 26.72 are
    2.672, 22 % of 18.16 are 3.9952. The fee is not taxed, and one line."""
    fee = FixedCharge("Fee", D("1.00"), Per.MONTH)
    before, after = ([energy("0.20"), by_day(), fee, vat(percent, "Energy", "Day")] for percent in ("10", "22"))
    found = billed(changed(before, after))
    assert [told(line) for line in found.lines] == [
        ("Energy", (0,), 100, D("20.00")),
        ("Energy", (1,), 50, D("10.00")),
        ("Day", (0,), 14, D("6.72")),
        ("Day", (1,), 17, D("8.16")),
        ("Fee", (0, 1), 31, D("1.00")),
        ("VAT", (0,), D("26.72"), D("2.67")),
        ("VAT", (1,), D("18.16"), D("4.00")),
    ]
    assert found.total == D("52.55")


def test_a_new_tax_stands_above_the_tax_of_it() -> None:
    """From the 15th on 5 % of the energy: of 10.00, which are 0.50; VAT is 10 % of 20.00 + 10.00 + 0.50, 3.05."""
    duty = Percentage("Duty", D(5), ("Energy",))
    found = billed(changed([energy("0.20"), vat("10", "Energy")], [energy("0.20"), duty, vat("10", "Energy", "Duty")]))
    assert [told(line) for line in found.lines] == [
        ("Energy", (0,), 100, D("20.00")),
        ("Energy", (1,), 50, D("10.00")),
        ("Duty", (1,), D("10.00"), D("0.50")),
        ("VAT", (0, 1), D("30.50"), D("3.05")),
    ]


def test_a_name_may_change_its_meaning() -> None:
    """What was a tax is a price from the 15th on, and the other way round: 20.00 and 10 % of it, 10.00 and 20 % of it."""
    before = [energy("0.20", "A"), Percentage("B", D(10), ("A",))]
    after = [energy("0.20", "B"), Percentage("A", D(20), ("B",))]
    found = billed(changed(before, after))
    assert (found.energy, found.taxes, found.total) == (D("30.00"), D("4.00"), D("34.00"))


def test_what_did_not_change_is_one_line() -> None:
    """The 15th at 06:00: 15 days whole and a quarter of one before, together 31. 150 x 0.20 and 31 x 0.48 = 14.88."""
    change = "2026-10-15T06:00"
    parts = [energy("0.20"), by_day()]
    extra = FixedCharge("New", D("3.10"), Per.MONTH)
    found = billed(contract(version(*parts, stop=change), version(*parts, extra, start=change)))
    assert [told(line) for line in found.lines] == [
        ("Energy", (0, 1), 150, D("30.00")),
        ("Day", (0, 1), 31, D("14.88")),
        # 16 days and three quarters of one, at 0.10.
        ("New", (1,), D("16.7500"), D("1.68")),
    ]


def test_energy_of_one_price_is_rounded_once() -> None:
    """10.4 + 10.4 = 20.8 kWh are 21, at 0.20; by themselves they were 10 each."""
    found = billed(changed([energy("0.20")], [energy("0.20"), by_day()], Rounding(kwh_decimals=0)), "10.4", "10.4")
    assert told(found.lines[0]) == ("Energy", (0, 1), 21, D("4.20"))


def test_a_band_at_one_price_is_one_line() -> None:
    """400 W: F1 and F3 change, F2 does not. Until the 14th F1 has 10 days x 4.4 kWh, F2 10 x 2 and two Saturdays x 6.4, F3 the
    rest of 134.4 kWh; October has 96.8, 76.0 and 125.2 in all."""
    prices = [{"F1": D("0.20"), "F2": D("0.15"), "F3": D("0.10")}, {"F3": D("0.12"), "F2": D("0.15"), "F1": D("0.22")}]
    house = changed(*([EnergyCharge("Energy", ByBand(each))] for each in prices))
    found = bill(house, pricer(house, italian_band).lines(steady(*OCTOBER, 100_000), *OCTOBER), *OCTOBER)
    assert [told(line) for line in found.lines] == [
        ("Energy F1", (0,), D("44.0"), D("8.80")),
        ("Energy F1", (1,), D("52.8"), D("11.62")),
        ("Energy F2", (0, 1), D("76.0"), D("11.40")),
        ("Energy F3", (0,), D("57.6"), D("5.76")),
        ("Energy F3", (1,), D("67.6"), D("8.11")),
    ]


def test_a_version_in_which_a_band_was_not_used_divides_no_line() -> None:
    """Two hours of a Thursday are F1 alone: F3 is one line of 125.2 kWh, as if they were not there."""
    prices = EnergyCharge("Energy", ByBand({"F1": D("0.20"), "F2": D("0.15"), "F3": D("0.10")}))
    dates = ("2026-10-15T10:00", "2026-10-15T12:00")
    house = contract(
        version(prices, stop=dates[0]),
        version(prices, by_day(), start=dates[0], stop=dates[1]),
        version(prices, start=dates[1]),
    )
    found = bill(house, pricer(house, italian_band).lines(steady(*OCTOBER, 100_000), *OCTOBER), *OCTOBER)
    assert [told(line) for line in found.lines] == [
        ("Energy F1", (0, 1, 2), D("96.8"), D("19.36")),
        ("Energy F2", (0, 1, 2), D("76.0"), D("11.40")),
        ("Energy F3", (0, 1, 2), D("125.2"), D("12.52")),
        ("Day", (1,), D("0.0833"), D("0.04")),
    ]


def test_a_price_that_comes_back_has_a_line_of_its_own() -> None:
    dates = ("2026-10-10", "2026-10-20")
    house = contract(
        version(energy("0.20"), vat("10", "Energy"), stop=dates[0]),
        version(energy("0.30"), vat("10", "Energy"), start=dates[0], stop=dates[1]),
        version(energy("0.20"), vat("10", "Energy"), start=dates[1]),
    )
    quarters = [quarter(f"2026-10-{day} 10:00", "10") for day in ("05", "15", "25")]
    found = bill(house, pricer(house).lines(quarters, *OCTOBER), *OCTOBER)
    assert [told(line) for line in found.lines] == [
        ("Energy", (0,), 10, D("2.00")),
        ("Energy", (1,), 10, D("3.00")),
        ("Energy", (2,), 10, D("2.00")),
        ("VAT", (0, 1, 2), D("7.00"), D("0.70")),
    ]
    rows = [row.strip() for row in as_table(found).splitlines() if row.startswith("  ")]
    assert rows == ["before 2026-10-10", "from 2026-10-10, before", "2026-10-20", "from 2026-10-20"]


def test_a_source_at_other_terms_has_another_line() -> None:
    """0.10 and 0.20 at the exchange: together 100 x 0.10 + 50 x 0.20 = 20.00, a mean of 0.133333; at 1.1 times 11.00."""
    starts_s = [at("2026-10-05 10:00"), at("2026-10-20 10:00")]
    table = Table(
        [Price(each, each + QUARTER_S, D(text)) for each, text in zip(starts_s, ("0.10", "0.20"), strict=True)]
    )
    spot, dearer = (EnergyCharge("Spot", BySource("pun", D(factor))) for factor in ("1", "1.1"))
    quarters = [Quarter(starts_s[0], 100_000_000), Quarter(starts_s[1], 50_000_000)]

    def lines(house: Contract) -> list[tuple[tuple[int, ...], Decimal | None, Decimal]]:
        found = bill(house, pricer(house, sources={"pun": table}).lines(quarters, *OCTOBER), *OCTOBER)
        return [(line.versions, line.price, line.amount) for line in found.lines if line.component == "Spot"]

    assert lines(changed([spot], [spot, by_day()])) == [((0, 1), D("0.133333"), D("20.00"))]
    assert lines(changed([spot], [dearer])) == [((0,), D("0.1"), D("10.00")), ((1,), D("0.22"), D("11.00"))]


def test_another_power_has_another_line() -> None:
    """3 kW x 2.00 x 14/31 = 2.7097 and 4.5 kW x 2.00 x 17/31 = 4.9355."""
    power = FixedCharge("Power", D("2.00"), Per.KW_MONTH)
    house = contract(version(power, kw="3", stop=CHANGE), version(power, kw="4.5", start=CHANGE))
    found = billed(house)
    assert [(line.kw, line.amount) for line in found.lines] == [(3, D("2.71")), (D("4.5"), D("4.94"))]


HOUSE = changed(
    [energy("0.20"), by_day(), vat("10", "Energy", "Day")], [energy("0.25"), by_day(), vat("10", "Energy", "Day")]
)
# 10 % of 20.00 + 12.50 + 14.88 = 47.38.
TABLE = """\
What house costs, 2026-10-01 to 2026-10-31, in EUR

Energy                                      100 kWh         0.20/kWh       20.00
  before 2026-10-15
Energy                                       50 kWh         0.25/kWh       12.50
  from 2026-10-15
Day                                         31 days         0.48/day       14.88
VAT                                        of 47.38              10%        4.74

--------------------------------------------------------------------------------
Energy                                                                     32.50
Fixed                                                                      14.88
Taxes                                                                       4.74
Total                                                                      52.12
"""


def test_a_line_tells_when_its_versions_were_in_force() -> None:
    assert as_table(billed(HOUSE)) == TABLE


def test_a_version_that_is_not_on_the_bill_is_not_told() -> None:
    """The next year's price ends that of October, and is no news in October's table."""
    first, second = HOUSE.versions
    with_next = contract(
        first,
        replace(second, stop=datetime(2027, 1, 1, tzinfo=ROME)),
        version(energy("0.30"), start="2027-01-01"),
    )
    assert as_table(billed(with_next)) == TABLE
    assert json.loads(as_json(billed(with_next)))["lines"][-1]["version_to"] == "2027-01-01"


def test_csv_and_json_tell_when() -> None:
    lines = json.loads(as_json(billed(HOUSE)))["lines"]
    whens = [("2020-01-01", CHANGE), (CHANGE, None), ("2020-01-01", None), ("2020-01-01", None)]
    assert [(line["version_from"], line["version_to"]) for line in lines] == whens
    rows = list(csv.DictReader(io.StringIO(as_csv(billed(HOUSE)))))
    assert [(row["version_from"], row["version_to"] or None) for row in rows[:-1]] == whens


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """Three versions of which each component is changed now and then, and left out."""
    dice, versions = random.Random(draw(st.integers(0, 2**32))), []
    dates = ["2020-01-01", "2026-10-09T10:15", "2026-10-20", ""]
    for start, stop in pairwise(dates):
        parts: list[Component] = [
            energy(dice.choice(["0.20", "0.25"])),
            EnergyCharge("Bands", ByBand({band: D(dice.choice(["0.01", "0.02"])) for band in ("F1", "F2", "F3")})),
            EnergyCharge("Steps", ByStep((Step(D(0), D(0)), Step(D(dice.choice(["100", "150"])), D("0.02"))))),
            by_day(dice.choice(["0.48", "0.5"])),
            FixedCharge("Year", D(dice.choice(["96", "100"])), Per.YEAR),
        ]
        parts = [part for part in parts if dice.random() < 0.8]
        for name in ("Duty", "VAT", "Levy"):
            of = tuple(part.name for part in parts if dice.random() < 0.7)
            if of:
                parts.append(Percentage(name, D(dice.choice(["10", "2.5"])), of))
        versions.append(version(*(parts or [by_day()]), start=start, stop=stop))
    return contract(*versions, rounding=Rounding(decimals=6, each_line=False))


@settings(max_examples=60)
@given(contracts())
def test_whatever_changes_the_lines_are_what_the_days_owe(house: Contract) -> None:
    lines = pricer(house, italian_band).lines(steady(*OCTOBER, 123_457), *OCTOBER)
    found = bill(house, lines, *OCTOBER)
    assert total(line.amount for line in found.lines) == total(line.amount for line in lines)
    assert found.total == rounded(total(line.amount for line in lines), 6, "ROUND_HALF_UP")
