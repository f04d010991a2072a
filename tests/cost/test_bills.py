"""Bills as suppliers print them, each reckoned with pencil and paper.

| fault                                                            | test                                                |
|------------------------------------------------------------------|-----------------------------------------------------|
| a band has the hours of another, or the 25th hour is lost        | test_an_italian_bill_of_three_bands                 |
| the share of a month in a charge for a year is another one       | test_an_italian_bill_of_three_bands                 |
| a charge by kW is not multiplied by the contract's power         | test_an_italian_bill_of_three_bands                 |
| a percentage is of what was not rounded, so the cents differ     | test_a_percentage_is_of_the_amounts_that_are_printed |
| half a cent is rounded another way than the contract says        | test_half_a_cent_goes_where_the_contract_says       |
| the quantity of energy is not rounded before it is priced        | test_a_german_bill_of_whole_kilowatt_hours          |
| ... or another way than the contract says                        | test_kilowatt_hours_go_where_the_contract_says      |
| each line is rounded where the sum alone is to be                | test_a_bill_that_is_rounded_at_its_end              |
| a standing charge misses the leap day, or the days without energy | test_a_british_bill_of_a_leap_february              |
| energy without a price costs nothing and nobody is told          | test_a_dynamic_bill_tells_what_has_no_price         |
| a price below 0 is taken for none                                | test_a_dynamic_bill_tells_what_has_no_price         |
| a fee on export is added to the income                           | test_an_export_bill                                 |
| a month with two versions has one price, or double charges       | test_a_bill_of_two_versions                         |
| the energy is counted as often as it has charges                 | test_energy_is_counted_once_however_many_charges_it_has |
| hours of a source are taken for quarter-hours                    | test_hours_and_quarter_hours_of_a_source_stand_side_by_side |
| a register that the contract does not know is free               | test_registers_have_their_own_prices                |
| energy of a band that has no price vanishes                      | test_a_band_without_a_price_is_not_free             |
| a price that changes at ten holds from midnight on               | test_a_tariff_may_change_within_a_day               |
| a month under way has the charges of days to come                | test_a_month_under_way_has_the_charges_of_its_days  |
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cost.contracts import (
    Table,
    amounts,
    bill,
    contract,
    italian_band,
    month_of,
    pricer,
    quarter,
    steady,
    version,
)
from cost.examples import OCTOBER, dynamic_bill, german_bill, italian_bill, two_versions
from cost.metered import at
from wattline_cost.prices.source import Price
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    Direction,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Rounding,
)

D = Decimal
LONDON = ZoneInfo("Europe/London")
BERLIN = ZoneInfo("Europe/Berlin")


def test_an_italian_bill_of_three_bands() -> None:
    """October 2026, 400 W all the time. The 1st is a Thursday: 22 days from Monday to Friday, five Saturdays, four Sundays,
    and on the 25th the hour from 2 to 3 comes twice.

    F1  22 x 11 h                       = 242 h =  96.8 kWh x 0.16   = 15.488  15.49
    F2  22 x 5 h + 5 x 16 h             = 190 h =  76.0 kWh x 0.15   = 11.40   11.40
    F3  22 x 8 h + 5 x 8 h + 4 x 24 h + 1 = 313 h = 125.2 kWh x 0.13 = 16.276  16.28
    System charges                      745 h = 298.0 kWh x 0.0301   =  8.9698  8.97
    Excise                                      298.0 kWh x 0.0227   =  6.7646  6.76
    Quota fissa     96.00 x 31 / 365                                 =  8.1534  8.15
    Quota potenza   3 kW x 24.00 / 12                                =  6.00    6.00
    VAT             10 % of 73.05                                    =  7.305   7.31
    """
    found = italian_bill()
    assert amounts(found) == {
        "Energy F1": D("15.49"),
        "Energy F2": D("11.40"),
        "Energy F3": D("16.28"),
        "Quota fissa": D("8.15"),
        "Quota potenza": D("6.00"),
        "System charges": D("8.97"),
        "Excise": D("6.76"),
        "VAT": D("7.31"),
    }
    assert (found.energy, found.fixed, found.taxes, found.total) == (D("58.90"), D("14.15"), D("7.31"), D("80.36"))
    quantities = [line.quantity for line in found.lines]
    assert quantities == [D("96.8"), D("76.0"), D("125.2"), 31, 31, D(298), D(298), D("73.05")]


def test_energy_is_counted_once_however_many_charges_it_has() -> None:
    assert italian_bill().energy_kwh == 298


def test_a_german_bill_of_whole_kilowatt_hours() -> None:
    """250 x 0.268 = 67.00, with 12.50 that is 79.50, of which 19 % are 15.105: 15.11."""
    found = german_bill(Rounding(kwh_decimals=0))
    assert list(amounts(found).values()) == [D("12.50"), D("67.00"), D("15.11")]
    assert found.total == D("94.61")
    assert found.lines[1].quantity == 250


@pytest.mark.parametrize(("mode", "kwh"), [("ROUND_HALF_UP", 250), ("ROUND_UP", 251), ("ROUND_DOWN", 250)])
def test_kilowatt_hours_go_where_the_contract_says(mode: str, kwh: int) -> None:
    """250.37 of them; 251 x 0.268 = 67.268, which is rounded up as well."""
    found = german_bill(Rounding(kwh_decimals=0, mode=mode))
    assert found.lines[1].quantity == kwh
    assert found.lines[1].amount == {250: D("67.00"), 251: D("67.27")}[kwh]


def test_a_percentage_is_of_the_amounts_that_are_printed() -> None:
    """250.37 x 0.268 = 67.09916: 67.10. 19 % of 79.60 are 15.124: 15.12; the sum is 94.72."""
    found = german_bill(Rounding())
    assert list(amounts(found).values()) == [D("12.50"), D("67.10"), D("15.12")]
    assert found.total == D("94.72")
    assert found.lines[2].quantity == D("79.60")


def test_a_bill_that_is_rounded_at_its_end() -> None:
    """79.59916 x 1.19 = 94.7230004. The parts are shown as 67.10, 12.50 and 15.12 (15.1238404)."""
    found = german_bill(Rounding(each_line=False))
    assert found.lines[2].amount == D("15.1238404")
    assert (found.energy, found.fixed, found.taxes, found.total) == (D("67.10"), D("12.50"), D("15.12"), D("94.72"))


@pytest.mark.parametrize(
    ("mode", "cents"), [("ROUND_HALF_UP", "0.13"), ("ROUND_HALF_EVEN", "0.12"), ("ROUND_UP", "0.13")]
)
def test_half_a_cent_goes_where_the_contract_says(mode: str, cents: str) -> None:
    """0.5 kWh x 0.25 = 0.125."""
    house = contract(version(EnergyCharge("Energy", Flat(D("0.25")))), rounding=Rounding(mode=mode))
    found = bill(house, pricer(house).lines([quarter("2026-10-02 10:00", "0.5")], *OCTOBER), *OCTOBER)
    assert found.total == D(cents)


def test_a_british_bill_of_a_leap_february() -> None:
    """29 days x 0.5326 = 15.4454: 15.45. 310.5 kWh x 0.2467 = 76.60035: 76.60. 5 % of 92.05 are 4.6025: 4.60."""
    house = contract(
        version(
            FixedCharge("Standing charge", D("0.5326"), Per.DAY),
            EnergyCharge("Electricity", Flat(D("0.2467"))),
            Percentage("VAT", D(5), ("Standing charge", "Electricity")),
            zone=LONDON,
        ),
        zone=LONDON,
        currency="GBP",
    )
    february = month_of(2028, 2)
    quarters = [quarter("2028-02-03 18:00", "300", LONDON), quarter("2028-02-29 23:45", "10.5", LONDON)]
    # That is March, and on no bill of February.
    quarters += [quarter("2028-03-01 00:00", "99", LONDON)]
    found = bill(house, pricer(house).lines(quarters, *february), *february)
    assert amounts(found) == {"Standing charge": D("15.45"), "Electricity": D("76.60"), "VAT": D("4.60")}
    assert found.total == D("96.65")
    assert found.lines[0].quantity == 29


def test_a_dynamic_bill_tells_what_has_no_price() -> None:
    """0.11 + 0.13 - 0.01 = 0.23, a mean of 0.076667; network 4 x 0.03 = 0.12; 10 % of 0.35 are 0.035: 0.04."""
    found = dynamic_bill()
    assert amounts(found) == {"PUN": D("0.23"), "Network": D("0.12"), "VAT": D("0.04")}
    assert found.total == D("0.39")
    pun = found.lines[0]
    assert (pun.price, pun.is_mean, pun.quantity, pun.unpriced_kwh) == (D("0.076667"), True, 4, 1)
    assert (found.energy_kwh, found.estimated_kwh) == (4, 1)


def test_hours_and_quarter_hours_of_a_source_stand_side_by_side() -> None:
    """An hour at 0.10 with 4 x 0.25 kWh, then a quarter-hour at 0.20 with 0.25 kWh: 0.10 + 0.05."""
    ten = at("2026-10-05 10:00")
    table = Table([Price(ten, ten + 3600, D("0.10")), Price(ten + 3600, ten + 4500, D("0.20"))])
    house = contract(version(EnergyCharge("PUN", BySource("pun"))))
    quarters = [quarter(f"2026-10-05 {clock}", "0.25") for clock in ("10:00", "10:15", "10:30", "10:45", "11:00")]
    found = bill(house, pricer(house, sources={"pun": table}).lines(quarters, *OCTOBER), *OCTOBER)
    assert found.total == D("0.15")


def test_an_export_bill() -> None:
    """120 kWh x 0.085 = 10.20, less a fee of 0.50 a month."""
    house = contract(
        version(EnergyCharge("Feed-in", Flat(D("0.085"))), FixedCharge("Fee", D("-0.50"), Per.MONTH)),
        direction=Direction.EXPORT,
    )
    found = bill(house, pricer(house).lines([quarter("2026-10-09 13:00", "120")], *OCTOBER), *OCTOBER)
    assert (found.energy, found.fixed, found.total) == (D("10.20"), D("-0.50"), D("9.70"))


def test_registers_have_their_own_prices() -> None:
    """2 kWh in T1 at 0.30 and 3 kWh in T2 at 0.20: 0.60 each; of T3 the contract says nothing, and 1 kWh has no price."""
    house = contract(version(EnergyCharge("Energy", ByRegister({1: D("0.30"), 2: D("0.20")}))))
    kwh = 1_000_000
    quarters = [replace(quarter("2026-10-05 10:00", "6"), registers_mwh={1: 2 * kwh, 2: 3 * kwh, 3: kwh})]
    found = bill(house, pricer(house).lines(quarters, *OCTOBER), *OCTOBER)
    assert amounts(found) == {"Energy T1": D("0.60"), "Energy T2": D("0.60"), "Energy T3": D(0)}
    assert [line.unpriced_kwh for line in found.lines] == [0, 0, 1]


def test_a_band_without_a_price_is_not_free() -> None:
    """A file that says so is refused; should one slip through, what it cannot price is told."""
    house = contract(version(EnergyCharge("Energy", ByBand({"F1": D("0.20")}))))
    quarters = [quarter("2026-10-05 10:00", "1"), quarter("2026-10-05 03:00", "2")]
    found = bill(house, pricer(house, italian_band).lines(quarters, *OCTOBER), *OCTOBER)
    assert [(line.part, line.amount, line.unpriced_kwh) for line in found.lines] == [("F1", D("0.20"), 0), ("F3", 0, 2)]


def test_a_bill_of_two_versions() -> None:
    """The price changes on 2026-10-15: 14 days of 9.6 kWh = 134.4 at 0.20 = 26.88, and 17 days of 9.6 and one hour more of
    0.4 kWh = 163.6 at 0.25 = 40.90. By day 14 x 0.48 = 6.72 and 17 x 0.96 = 16.32."""
    house = two_versions("2026-10-15")
    found = bill(house, pricer(house).lines(steady(*OCTOBER, 100_000), *OCTOBER), *OCTOBER)
    assert [(line.versions, line.amount) for line in found.lines] == [
        ((0,), D("26.88")),
        ((1,), D("40.90")),
        ((0,), D("6.72")),
        ((1,), D("16.32")),
    ]
    assert found.total == D("90.82")


def test_a_tariff_may_change_within_a_day() -> None:
    """At 10:00 of 2026-10-15: 10 h x 0.4 kWh at 0.20 and 14 h at 0.25 = 0.80 and 1.40; 10/24 of 0.48 and 14/24 of 0.96 =
    0.20 and 0.56."""
    house, day = two_versions("2026-10-15T10:00"), date(2026, 10, 15)
    found = bill(house, pricer(house).lines(steady(day, day, 100_000), day, day), day, day)
    assert [line.amount for line in found.lines] == [D("0.80"), D("1.40"), D("0.20"), D("0.56")]
    assert [line.quantity for line in found.lines] == [4, D("5.6"), D("0.4167"), D("0.5833")]


def test_a_month_under_way_has_the_charges_of_its_days() -> None:
    """Up to the 10th: ten days, whether or not anything was used."""
    house = two_versions("2026-10-15")
    found = bill(house, pricer(house).lines([], date(2026, 10, 1), date(2026, 10, 10)), *OCTOBER)
    assert (found.total, found.lines[0].quantity) == (D("4.80"), 10)
