"""Bills that several test modules read; they are reckoned by hand in ``test_bills.py``."""

from zoneinfo import ZoneInfo

from cost.contracts import D, Table, bill, contract, italian_band, month_of, pricer, quarter, steady, version
from cost.metered import QUARTER_S, at
from wattline_cost.prices.source import Price
from wattline_cost.pricing.bill import Bill
from wattline_cost.tariff.model import (
    ByBand,
    BySource,
    Contract,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Rounding,
    Spread,
)

BERLIN = ZoneInfo("Europe/Berlin")
OCTOBER = month_of(2026, 10)

ITALIAN = (
    EnergyCharge("Energy", ByBand({"F1": D("0.16"), "F2": D("0.15"), "F3": D("0.13")})),
    FixedCharge("Quota fissa", D("96.00"), Per.YEAR),
    FixedCharge("Quota potenza", D("24.00"), Per.KW_YEAR, Spread.MONTHS),
    EnergyCharge("System charges", Flat(D("0.0301"))),
    EnergyCharge("Excise", Flat(D("0.0227"))),
    Percentage("VAT", D(10), ("Energy", "Quota fissa", "Quota potenza", "System charges", "Excise")),
)


def italian_bill() -> Bill:
    house = contract(version(*ITALIAN, kw="3"))
    lines = pricer(house, italian_band).lines(steady(*OCTOBER, 100_000), *OCTOBER)
    return bill(house, lines, *OCTOBER)


def german(rounding: Rounding) -> Contract:
    vat = Percentage("MwSt", D(19), ("Arbeitspreis", "Grundpreis"))
    energy, fixed = (
        EnergyCharge("Arbeitspreis", Flat(D("0.2680"))),
        FixedCharge("Grundpreis", D("12.50"), Per.MONTH),
    )
    return contract(version(fixed, energy, vat, zone=BERLIN), zone=BERLIN, rounding=rounding)


def german_bill(rounding: Rounding) -> Bill:
    """November 2026: 250.37 kWh in one evening."""
    house = german(rounding)
    days = month_of(2026, 11)
    return bill(house, pricer(house).lines([quarter("2026-11-12 19:15", "250.37")], *days), *days)


def dynamic_bill() -> Bill:
    """1 kWh in each quarter-hour of an hour. The source says 0.10, 0.12, -0.02 and of the last nothing."""
    ten = at("2026-10-05 10:00")
    prices = [
        Price(ten + n * QUARTER_S, ten + (n + 1) * QUARTER_S, D(text))
        for n, text in enumerate(["0.10", "0.12", "-0.02"])
    ]
    house = contract(
        version(
            EnergyCharge("PUN", BySource("pun", plus=D("0.01"))),
            EnergyCharge("Network", Flat(D("0.03"))),
            Percentage("VAT", D(10), ("PUN", "Network")),
        )
    )
    quarters = [quarter(f"2026-10-05 10:{minute}", "1") for minute in ("00", "15", "30")]
    quarters += [quarter("2026-10-05 10:45", "1", is_estimated=True)]
    lines = pricer(house, sources={"pun": Table(prices)}).lines(quarters, *OCTOBER)
    return bill(house, lines, *OCTOBER)


def two_versions(change: str) -> Contract:
    def terms(per_kwh: str, per_day: str) -> tuple[EnergyCharge, FixedCharge]:
        return EnergyCharge("Energy", Flat(D(per_kwh))), FixedCharge("Day", D(per_day), Per.DAY)

    return contract(version(*terms("0.20", "0.48"), stop=change), version(*terms("0.25", "0.96"), start=change))
