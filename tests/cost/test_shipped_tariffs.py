"""The examples that are shipped are right, and say what they are said to say.

| fault | test |
|---|---|
| an example is refused | test_every_example_is_read |
| it has a budget, a meter or a name that whoever copies it has not | the same |
| a band or price is another than the contract on paper would have | test_each_moment_costs_what_is_worked_out_by_hand |
| a holiday is missing, or is one too many | test_italy_has_eleven_holidays |
| the excise of a residence has other steps than it has by law | test_the_excise_of_a_residence_goes_by_steps |
| a dynamic price is off, or a gap is a price | test_the_dynamic_example_follows_the_exchange, test_the_export_example_yields_the_price_of_its_zone |
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from wattline_cost.energy.quarter import MWH_PER_KWH
from wattline_cost.tariff.explain import Explanation, explain
from wattline_cost.tariff.file import read_contract
from wattline_cost.tariff.holidays import Calendar

USED_MWH = 180 * MWH_PER_KWH
EXAMPLES = {path.stem: path for path in sorted((Path(__file__).parents[2] / "cost" / "tariffs").glob("*.toml"))}


def at(name: str, text: str, published: str | None = None) -> Explanation:
    """What an example explains of a time of its own clock, when the exchange's price for a kilowatt-hour is ``published``, and
    180 kWh were used in the month."""
    contract = read_contract(EXAMPLES[name])
    moment = datetime.fromisoformat(text)
    at_s = int((moment if moment.tzinfo else moment.replace(tzinfo=contract.zone)).timestamp())
    return explain(contract, at_s, lambda *_asked: None if published is None else Decimal(published), used_mwh=USED_MWH)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_read(name: str) -> None:
    contract = read_contract(EXAMPLES[name])
    assert (contract.name, contract.meter, contract.budget) == (name, None, None)
    assert contract.versions[0].start == datetime(2026, 1, 1, tzinfo=contract.zone)
    assert contract.versions[-1].stop is None


def test_all_the_kinds_are_there() -> None:
    assert list(EXAMPLES) == [
        *("britain-standing-charge", "germany-flat", "italy-dynamic", "italy-export"),
        *("italy-f0", "italy-f1-f2-f3", "italy-f1-f23"),
    ]


# Beside the energy each kilowatt-hour of the Italian ones has 0.0130 (dispatching) + 0.0125 (transport) + 0.0298 (system charges)
# + 0.0227 (excise) = 0.0780, and from July on, in the one with three bands, 0.0800; and on all of it 10 % VAT.
#   F1  0.1450 + 0.0780 = 0.2230, with VAT 0.2453; from July on 0.2250, 0.2475
#   F2  0.1320 + 0.0780 = 0.2100, with VAT 0.2310; from July on 0.2120, 0.2332
#   F3  0.1120 + 0.0780 = 0.1900, with VAT 0.2090; from July on 0.1920, 0.2112
THREE = {"F1": "0.2453", "F2": "0.2310", "F3": "0.2090"}
THREE_FROM_JULY = {"F1": "0.2475", "F2": "0.2332", "F3": "0.2112"}
# F23 0.1230 + 0.0780 = 0.2010, with VAT 0.2211.
TWO = {"F1": "0.2453", "F23": "0.2211"}


@pytest.mark.parametrize(
    ("moment", "three", "holiday"),
    [
        # A day of work, at the edges.
        ("2026-03-04T06:59", "F3", None),
        ("2026-03-04T07:00", "F2", None),
        ("2026-03-04T08:00", "F1", None),
        ("2026-03-04T18:59", "F1", None),
        ("2026-03-04T19:00", "F2", None),
        ("2026-03-04T22:59", "F2", None),
        ("2026-03-04T23:00", "F3", None),
        # Saturday and Sunday.
        ("2026-03-07T07:00", "F2", None),
        ("2026-03-07T23:00", "F3", None),
        ("2026-03-08T12:00", "F3", None),
        # Easter Monday, and Saturdays that are holidays: Liberation 2026, and All Saints in 2031.
        ("2026-04-06T12:00", "F3", "Lunedì dell'Angelo"),
        ("2026-04-25T12:00", "F3", "Liberazione"),
        ("2031-11-01T12:00", "F3", "Ognissanti"),
        # The 4th of October is a Monday in 2027, and no holiday to meters.
        ("2027-10-04T12:00", "F1", None),
        # The clock goes to 03:00 on Sunday the 29th of March; on the Monday after, its 08:00 is 06:00 of UTC, and no more 07:00.
        ("2026-03-29T01:59", "F3", None),
        ("2026-03-29T03:00", "F3", None),
        ("2026-03-27T07:00+00:00", "F1", None),
        ("2026-03-30T06:00+00:00", "F1", None),
        ("2026-03-30T05:59+00:00", "F2", None),
        # The 25th of October has its 02:30 twice; on the Monday after, 08:00 is 07:00 of UTC again.
        ("2026-10-25T02:30+02:00", "F3", None),
        ("2026-10-25T02:30+01:00", "F3", None),
        ("2026-10-26T06:59+00:00", "F2", None),
        ("2026-10-26T07:00+00:00", "F1", None),
    ],
)
def test_each_moment_costs_what_is_worked_out_by_hand(moment: str, three: str, holiday: str | None) -> None:
    found = at("italy-f1-f2-f3", moment)
    prices = THREE if found.start.date() < date(2026, 7, 1) else THREE_FROM_JULY
    assert (found.band, found.holiday, found.per_kwh) == (three, holiday, Decimal(prices[three]))
    # Two bands are F1 and the rest; one band is 0.1290 + 0.0780 = 0.2070, with VAT 0.2277.
    two = "F1" if three == "F1" else "F23"
    assert (at("italy-f1-f23", moment).band, at("italy-f1-f23", moment).per_kwh) == (two, Decimal(TWO[two]))
    assert (at("italy-f0", moment).band, at("italy-f0", moment).per_kwh) == ("", Decimal("0.2277"))


def test_italys_system_charges_change_at_midnight_of_july() -> None:
    assert at("italy-f1-f2-f3", "2026-06-30T23:59").per_kwh == Decimal("0.2090")
    assert at("italy-f1-f2-f3", "2026-07-01T00:00").per_kwh == Decimal("0.2112")
    assert at("italy-f1-f2-f3", "2026-06-30T21:59Z").number == 1
    assert at("italy-f1-f2-f3", "2026-06-30T22:00Z").number == 2


@pytest.mark.parametrize("name", ["italy-f1-f2-f3", "italy-f1-f23"])
def test_italy_has_eleven_holidays(name: str) -> None:
    days = Calendar(read_contract(EXAMPLES[name]).holidays).of_year(2026)
    assert [f"{day:%m-%d}" for day in days] == [
        *("01-01", "01-06", "04-06", "04-25", "05-01", "06-02", "08-15", "11-01", "12-08", "12-25", "12-26")
    ]


def test_what_is_paid_anyway_is_told() -> None:
    found = at("italy-f0", "2026-03-04T12:00")
    assert [(charge.name, str(charge.price), charge.per.value) for charge in found.fixed] == [
        ("Commercializzazione", "144.00", "year"),
        ("Trasporto quota fissa", "23.40", "year"),
        ("Trasporto quota potenza", "23.16", "kW year"),
    ]
    assert found.version.contract_kw == 3


@pytest.mark.parametrize(
    ("used_kwh", "per_kwh"),
    [
        (0, "0.20273"),
        (149, "0.20273"),
        (150, "0.2277"),
        (219, "0.2277"),
        (220, "0.25267"),
        (369, "0.25267"),
        (370, "0.2277"),
    ],
)
def test_the_excise_of_a_residence_goes_by_steps(used_kwh: int, per_kwh: str) -> None:
    """Without it 0.1843, with 10 % VAT 0.20273; with 0.0227 0.2070, 0.2277; with 0.0454 0.2297, 0.25267."""
    contract = read_contract(EXAMPLES["italy-f0"])
    at_s = int(datetime(2026, 3, 4, tzinfo=contract.zone).timestamp())
    found = explain(contract, at_s, lambda *_asked: None, used_mwh=used_kwh * MWH_PER_KWH)
    assert found.per_kwh == Decimal(per_kwh)


def test_the_dynamic_example_follows_the_exchange() -> None:
    """0.1 at the exchange: 1.1 x 0.1 + 0.0132 = 0.1232, with 0.0780 0.2012, with VAT 0.22132. At -0.02: 1.1 x -0.02 + 0.0132 = -0.0088,
    with 0.0780 0.0692, with VAT 0.07612."""
    assert at("italy-dynamic", "2026-03-04T12:15", "0.1").per_kwh == Decimal("0.22132")
    assert at("italy-dynamic", "2026-03-04T12:15", "-0.02").per_kwh == Decimal("0.07612")
    assert at("italy-dynamic", "2026-03-04T12:15").per_kwh is None


def test_the_export_example_yields_the_price_of_its_zone() -> None:
    contract = read_contract(EXAMPLES["italy-export"])
    assert contract.direction.value == "export"
    assert contract.sources["nord"].price == "NORD"
    assert at("italy-export", "2026-03-04T12:00", "0.0815").per_kwh == Decimal("0.0815")


def test_the_german_example_has_its_tax_on_everything() -> None:
    """0.2680 + 0.0205 = 0.2885, and with 19 % 0.343315."""
    assert at("germany-flat", "2026-03-29T03:00").per_kwh == Decimal("0.343315")
    assert [charge.per.value for charge in at("germany-flat", "2026-03-29T03:00").fixed] == ["month"]


def test_the_british_example_changes_in_april() -> None:
    """0.2637 and 5 % are 0.276885; 0.2356 and 5 % are 0.24738. Midnight of the 1st of April is 23:00 of UTC."""
    assert at("britain-standing-charge", "2026-03-31T23:59").per_kwh == Decimal("0.276885")
    assert at("britain-standing-charge", "2026-04-01T00:00").per_kwh == Decimal("0.24738")
    changed = read_contract(EXAMPLES["britain-standing-charge"]).versions[1].start
    assert changed.astimezone(UTC).isoformat() == "2026-03-31T23:00:00+00:00"
