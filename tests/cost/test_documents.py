"""A bill as text, as CSV and as JSON.

| fault                                                       | test                                                    |
|-------------------------------------------------------------|---------------------------------------------------------|
| columns do not stand below each other, or are cut           | test_a_bill_as_a_table, test_no_row_is_wider_than_80_columns |
| nobody is told what is estimated, or has no price           | test_what_is_not_sure_is_said_below                     |
| a time of change is told as a date                          | test_a_change_within_a_day_is_told_with_its_time        |
| a bill of a part of the month passes for one of the whole    | test_a_bill_of_a_part_of_the_month_says_so              |
| income is called a cost                                     | test_an_export_yields                                   |
| CSV or JSON have other amounts than the table, or floats    | test_csv_and_json_have_what_the_table_has               |
| a month without energy, or without days, has no table       | test_a_bill_without_energy_has_a_table                  |
| a price that nobody knows is printed as None                | test_a_price_that_nobody_knows_is_left_out              |
| milliwatt-hours stand in the table, or go from the CSV       | test_a_table_has_no_part_of_a_watt_hour                 |
| nothing at all is told as estimated, or as without a price  | test_what_would_be_shown_as_nothing_is_not_told         |
| a comma in a name breaks the CSV                            | test_names_may_have_what_they_like                      |
"""

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from cost.contracts import bill, contract, pricer, quarter, steady, version
from cost.examples import OCTOBER, dynamic_bill, german_bill, italian_bill, two_versions
from wattline_cost.pricing.bill import Bill
from wattline_cost.pricing.document import as_csv, as_json, as_table
from wattline_cost.tariff.model import Direction, EnergyCharge, FixedCharge, Flat, Per, Rounding

CHECKOUT = Path(__file__).parents[2]
D = Decimal

ITALIAN = """\
What house costs, 2026-10-01 to 2026-10-31, in EUR

Energy F1                                  96.8 kWh         0.16/kWh       15.49
Energy F2                                  76.0 kWh         0.15/kWh       11.40
Energy F3                                 125.2 kWh         0.13/kWh       16.28
Quota fissa                                 31 days       96.00/year        8.15
Quota potenza                         3 kW, 31 days    24.00/kW year        6.00
System charges                            298.0 kWh       0.0301/kWh        8.97
Excise                                    298.0 kWh       0.0227/kWh        6.76
VAT                                        of 73.05              10%        7.31

--------------------------------------------------------------------------------
Energy                                                                     58.90
Fixed                                                                      14.15
Taxes                                                                       7.31
Total                                                                      80.36
"""


def named(name: str, direction: Direction = Direction.IMPORT) -> Bill:
    house = contract(version(EnergyCharge(name, Flat(D("0.085")))), direction=direction)
    return bill(house, pricer(house).lines([quarter("2026-10-05 10:00", "12")], *OCTOBER), *OCTOBER)


def test_a_table_has_no_part_of_a_watt_hour() -> None:
    """October has 2980 quarter-hours, each of 33.334 Wh here: 99.33532 kWh in all, a part of them estimated."""
    house = contract(version(EnergyCharge("Energy", Flat(D("0.1")))))
    quarters = [replace(each, is_estimated=number < 2) for number, each in enumerate(steady(*OCTOBER, 33_334))]
    found = bill(house, pricer(house).lines(quarters, *OCTOBER), *OCTOBER)
    text = " ".join(as_table(found).split())
    assert "Energy 99.335 kWh 0.1/kWh 9.93" in text
    assert "0.067 of 99.335 kWh are estimated" in text
    (row, _) = csv.DictReader(io.StringIO(as_csv(found)))
    assert D(row["quantity"]) == D("99.33532")
    assert D(json.loads(as_json(found))["estimated_kwh"]) == D("0.066668")


def test_a_bill_as_a_table() -> None:
    assert as_table(italian_bill()) == ITALIAN
    assert f"```\n{ITALIAN}```\n" in (CHECKOUT / "README.md").read_text(), "the bill that the README shows"


def test_no_row_is_wider_than_80_columns() -> None:
    long = "The part of the network charges that is paid for what others feed in"
    for each in (italian_bill(), dynamic_bill(), named(long), german_bill(Rounding(each_line=False))):
        assert all(len(row) <= 80 for row in as_table(each).splitlines())
    words = " ".join(row[:31].strip() for row in as_table(named(long)).splitlines())
    assert long in words


def test_what_is_not_sure_is_said_below() -> None:
    text = " ".join(as_table(dynamic_bill()).split())
    assert "1 of 4 kWh are estimated: nobody read the meter then" in text
    assert (
        "1 kWh have no price for 'PUN': that is in neither its amount nor the total; the rest of what they cost is."
        in text
    )
    assert "~ 0.076667/kWh" in text
    assert "\n  1 kWh without a price\n" in as_table(dynamic_bill()), (
        "so the quantity times the price is not the amount"
    )
    assert "~ is the mean of the prices" in text
    assert "The total alone is rounded" in as_table(german_bill(Rounding(each_line=False)))
    assert "estimated" not in as_table(italian_bill())


def test_what_would_be_shown_as_nothing_is_not_told() -> None:
    """Of less than half a watt-hour; CSV and JSON have it."""
    found = dynamic_bill()
    for energy, is_told in (("0.000499", False), ("0.0005", False), ("0.000501", True)):
        lines = tuple(replace(line, unpriced_kwh=D(energy)) for line in found.lines)
        each = replace(found, estimated_kwh=D(energy), lines=lines)
        text = " ".join(as_table(each).split())
        assert ("0.001 of 4 kWh are estimated" in text) == ("estimated" in text) == is_told
        assert ("0.001 kWh have no price" in text) == ("have no price" in text) == is_told
        assert ("0.001 kWh without a price" in text) == ("without a price" in text) == is_told
        assert json.loads(as_json(each))["estimated_kwh"] == energy


def test_a_change_within_a_day_is_told_with_its_time() -> None:
    house = two_versions("2026-10-15T10:00")
    text = as_table(bill(house, pricer(house).lines(steady(*OCTOBER, 100_000), *OCTOBER), *OCTOBER))
    periods = [row for row in text.splitlines() if row.startswith("  ")]
    assert periods == ["  before 2026-10-15 10:00", "  from 2026-10-15 10:00"] * 2


def test_a_bill_of_a_part_of_the_month_says_so() -> None:
    """Of a contract that began or ended within it; what began with it, or ends with it, is whole."""
    for start, stop, said in (
        ("2026-10-15", "2026-10-20T10:00", ["From 2026-10-15 on,", "Before 2026-10-20 10:00,"]),
        ("2026-10-01", "2026-11-01", []),
    ):
        house = contract(version(EnergyCharge("Energy", Flat(D("0.10"))), start=start, stop=stop))
        rows = as_table(bill(house, pricer(house).lines(steady(*OCTOBER, 100_000), *OCTOBER), *OCTOBER)).splitlines()
        assert [row.partition(" when the contract")[0] for row in rows if "when the contract" in row] == said


def test_an_export_yields() -> None:
    assert as_table(named("Feed-in", Direction.EXPORT)).startswith("What house yields, ")


def test_a_bill_without_energy_has_a_table() -> None:
    house = contract(version(FixedCharge("Day", D("0.50"), Per.DAY)))
    text = as_table(bill(house, pricer(house).lines([], *OCTOBER), *OCTOBER))
    assert text.splitlines()[-1].split() == ["Total", "15.50"]
    assert as_table(bill(house, [], *OCTOBER)).splitlines()[-1].split() == ["Total", "0.00"]


def test_csv_and_json_have_what_the_table_has() -> None:
    for each in (italian_bill(), dynamic_bill()):
        rows = list(csv.DictReader(io.StringIO(as_csv(each))))
        whole = json.loads(as_json(each))
        assert [D(row["amount"]) for row in rows] == [*(line.amount for line in each.lines), each.total]
        assert [D(line["amount"]) for line in whole["lines"]] == [line.amount for line in each.lines]
        assert D(whole["total"]) == each.total
        assert [row["kind"] for row in rows][-1] == "total"
        assert {line["is_mean"] for line in whole["lines"]} <= {True, False}
        assert not [value for line in whole["lines"] for value in line.values() if isinstance(value, float)]


def test_names_may_have_what_they_like() -> None:
    name = 'Energy, "green"\u00e9'
    (row, _) = csv.DictReader(io.StringIO(as_csv(named(name))))
    assert row["component"] == name
    assert json.loads(as_json(named(name)))["lines"][0]["component"] == name


def test_a_price_that_nobody_knows_is_left_out() -> None:
    """As where the source had no price in the whole month."""
    found = dynamic_bill()
    lines = tuple(replace(line, price=None, is_mean=True) for line in found.lines)
    assert "~" not in as_table(replace(found, lines=lines))
    assert "None" not in as_table(replace(found, lines=lines)) + as_csv(replace(found, lines=lines))
