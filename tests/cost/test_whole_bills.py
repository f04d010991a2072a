"""Whole bills of the shipped examples by `wattline-cost bill`, out of a real InfluxDB, each reckoned with pencil and paper.

| fault | test |
|---|---|
| the hour that is there twice is lost, or has the band of another | test_a_house_with_solar_power_in_the_month_of_25_hours |
| what is given to the grid counts as used, or the other way round | the same |
| a step begins too early or too late, or a tax of it is of something else | test_a_month_of_a_residence_of_3_kw |
| the exchange's hours are those of the clock, on a day of 25 of them | the same |
| a price that rises at noon holds for the whole day, or a tax that did not change is on the bill twice | test_a_quarter_in_which_the_price_rises_at_noon |
| a month's charge that changes within is more or less than its parts | the same |
| a day without prices costs nothing and nobody is told, or what is known is wrong for it | test_a_month_of_which_the_exchange_told_no_price_for_a_day |
| prices that come late are never on the bill | the same |
| a bill owes for days that what is stored does not, before the meter was read | test_a_bill_owes_from_the_first_reading_on_as_what_is_stored_does |
| a misspelt meter, or a month without the contract, has a bill of nothing | test_where_there_is_nothing_to_bill_it_says_why |
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cost.examples import BERLIN
from cost.gme_files import hours, quarters
from cost.metered import MWH_PER_W, QUARTER_S, ROME
from cost.priced_house import TWO_BANDS
from database import line
from stack.conftest import Stack
from wattline_cost.cli import main
from wattline_cost.commands import bill as command
from wattline_cost.energy.quarter import MWH_PER_KWH
from wattline_cost.local_days import day_start_s, days_through

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

EXAMPLES = Path(__file__).parents[2] / "cost" / "tariffs"
# Later than all that is billed here.
NOW = day_start_s(date(2026, 12, 1), ROME)


@pytest.fixture
def tariffs(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the contracts, in the environment of a house whose InfluxDB is there."""
    for name in ("tariffs", "prices"):
        (tmp_path / name).mkdir()
    (tmp_path / "token").write_text(stack.token)
    monkeypatch.setenv("WATTLINE_COST_TARIFFS", str(tmp_path / "tariffs"))
    monkeypatch.setenv("WATTLINE_COST_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("WATTLINE_COST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("INFLUX_HOST", stack.url)
    monkeypatch.setattr(command, "time", SimpleNamespace(time=lambda: NOW))
    return tmp_path / "tariffs"


def example(tariffs: Path, name: str, *changes: tuple[str, str]) -> None:
    """Copy an example and edit it; the prices are those of the folder beside."""
    text = (EXAMPLES / f"{name}.toml").read_text()
    for old, new in [("/var/lib/wattline/prices", str(tariffs.parent / "prices")), *changes]:
        text = text.replace(old, new)
    (tariffs / f"{name}.toml").write_text(text)


def meter(stack: Stack, first: date, last: date, zone: ZoneInfo, power_w: Callable[[datetime], int]) -> None:
    """Have a house read from ``first`` to ``last`` that takes ``power_w`` at a time of its clock; below 0 it gives."""
    used_mwh, given_mwh, rows = 4_321_000_000, 987_000_000, []
    for start_s in range(day_start_s(first, zone), day_start_s(last + timedelta(1), zone), QUARTER_S):
        power = power_w(datetime.fromtimestamp(start_s, zone))
        used, given = max(power, 0) * MWH_PER_W, max(-power, 0) * MWH_PER_W
        used_mwh, given_mwh = used_mwh + used, given_mwh + given
        counters = {"consumption_counter_kwh": used_mwh / MWH_PER_KWH, "energy_export_kwh": given_mwh / MWH_PER_KWH}
        gains = {"consumption_kwh": used / MWH_PER_KWH, "export_kwh": given / MWH_PER_KWH}
        rows.append(line(start_s, {"readings": 900, "power_w": power} | counters | gains, site="home"))
    stack.write(rows, "energy_15m")
    stack.write([line(day_start_s(first, zone), {"readings": 86400}, site="home")], "energy_1d")


def billed(capsys: pytest.CaptureFixture[str], month: str, contract: str) -> dict[str, Any]:
    assert main(["bill", "--month", month, "--contract", contract, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def rows_of(bill: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, quantity and amount of each line."""
    lines = bill["lines"]
    return [(f"{each['component']} {each['part']}".strip(), each["quantity"], each["amount"]) for each in lines]


def sums_of(bill: dict[str, Any]) -> Sequence[str]:
    return [bill[name] for name in ("energy", "fixed", "taxes", "total")]


def test_a_house_with_solar_power_in_the_month_of_25_hours(
    stack: Stack, tariffs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """October 2026: the house takes 400 W, but from 11 to 15 it gives 1200 W. 745 hours, since the 25th has 25; the 1st is a
    Thursday, so there are 22 days of work, and no holiday.

    Used  745 h - 31 x 4 h = 621 h = 248.4 kWh, of which F1 22 x 7 h = 154 h = 61.6 kWh, F23 186.8 kWh
    Energia F1       61.6 x 0.1450 =  8.932   8.93      Oneri di sistema  248.4 x 0.0298 = 7.40232  7.40
    Energia F23     186.8 x 0.1230 = 22.9764 22.98      Accisa            248.4 x 0.0227 = 5.63868  5.64
    Dispacciamento  248.4 x 0.0130 =  3.2292  3.23      Quota fissa       23.40 / 12     = 1.95
    Quota energia   248.4 x 0.0125 =  3.105   3.11      Quota potenza     3 x 23.16 / 12 = 5.79
    Commercializz.  144.00 / 12    = 12.00              IVA               10 % of 71.03  = 7.103    7.10

    Given 31 x 4 h x 1.2 kW = 148.8 kWh. The n-th hour of a day is at 10 n euros for a megawatt-hour: from 11 to 15 the hours
    12 to 15, 1.2 x (0.12 + 0.13 + 0.14 + 0.15) = 0.648; on the 25th the hours 13 to 16, 1.2 x 0.58 = 0.696. Together
    30 x 0.648 + 0.696 = 20.136, of which 148.8 kWh have a mean of 0.135323. GSE: 6 x -0.70 x 31 / 365 = -0.3567.
    """
    first, last = date(2026, 10, 1), date(2026, 10, 31)
    for day in days_through(first, last):
        count = 25 if day.day == 25 else 24
        prices = [{"PUN": "999,0", "NORD": f"{10 * n},000000"} for n in range(1, count + 1)]
        (tariffs.parent / "prices" / f"{day:%Y%m%d}MGPPrezzi.xml").write_bytes(hours(f"{day:%Y%m%d}", prices))
    meter(stack, first - timedelta(1), last + timedelta(1), ROME, lambda at: -1200 if 11 <= at.hour < 15 else 400)
    example(tariffs, "italy-f1-f23")
    example(tariffs, "italy-export")
    used = billed(capsys, "2026-10", "italy-f1-f23")
    assert rows_of(used) == [
        ("Energia F1", "61.6", "8.93"),
        ("Energia F23", "186.8", "22.98"),
        ("Dispacciamento", "248.4", "3.23"),
        ("Commercializzazione", "31", "12.00"),
        ("Trasporto quota energia", "248.4", "3.11"),
        ("Trasporto quota fissa", "31", "1.95"),
        ("Trasporto quota potenza", "31", "5.79"),
        ("Oneri di sistema", "248.4", "7.40"),
        ("Accisa", "248.4", "5.64"),
        ("IVA", "71.03", "7.10"),
    ]
    assert sums_of(used) == ["51.29", "19.74", "7.10", "78.13"]
    given = billed(capsys, "2026-10", "italy-export")
    assert rows_of(given) == [("Energia immessa", "148.8", "20.14"), ("Corrispettivo GSE", "31", "-0.36")]
    assert (given["lines"][0]["price"], given["total"]) == ("0.135323", "19.78")
    assert (used["estimated_kwh"], given["estimated_kwh"]) == ("0", "0")


def test_a_quarter_in_which_the_price_rises_at_noon(
    stack: Stack, tariffs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """600 W, 14.4 kWh a day. At noon of the 15th of August the Arbeitspreis becomes 0.2890, the Grundpreis 11.90.

    July       446.4 x 0.2680 = 119.6352; x 0.0205 = 9.1512; 10.50;                    19 % of 139.29 = 26.4651
    August     208.8 x 0.2680 =  55.9584, 237.6 x 0.2890 = 68.6664; 446.4 x 0.0205 = 9.1512;
               10.50 x 14.5 / 31 = 4.9113, 11.90 x 16.5 / 31 = 6.3339;                 19 % of 145.02 = 27.5538
    September  432.0 x 0.2890 = 124.848; x 0.0205 = 8.856; 11.90;                      19 % of 145.61 = 27.6659
    """
    meter(stack, date(2026, 6, 30), date(2026, 10, 1), BERLIN, lambda _: 600)
    text = (EXAMPLES / "germany-flat.toml").read_text()
    later = text[text.index("[[version]]") :].replace("2026-01-01", "2026-08-15T12:00:00")
    later = later.replace("0.2680", "0.2890").replace("10.50", "11.90")
    (tariffs / "germany-flat.toml").write_text(f"{text}\n{later}")
    july, august, september = (billed(capsys, f"2026-0{month}", "germany-flat") for month in (7, 8, 9))
    assert rows_of(july) == [
        ("Arbeitspreis", "446.4", "119.64"),
        ("Stromsteuer", "446.4", "9.15"),
        ("Grundpreis", "31", "10.50"),
        ("Mehrwertsteuer", "139.29", "26.47"),
    ]
    assert rows_of(august) == [
        ("Arbeitspreis", "208.8", "55.96"),
        ("Arbeitspreis", "237.6", "68.67"),
        ("Stromsteuer", "446.4", "9.15"),
        ("Grundpreis", "14.5000", "4.91"),
        ("Grundpreis", "16.5000", "6.33"),
        ("Mehrwertsteuer", "145.02", "27.55"),
    ]
    assert rows_of(september) == [
        ("Arbeitspreis", "432", "124.85"),
        ("Stromsteuer", "432", "8.86"),
        ("Grundpreis", "30", "11.90"),
        ("Mehrwertsteuer", "145.61", "27.67"),
    ]
    assert [each["total"] for each in (july, august, september)] == ["165.76", "172.57", "173.28"]


# Of so many kilowatt-hours: what they cost without the excise, its lines, and IVA and all of it; worked out below.
RESIDENCE = {
    140: (("18.06", "1.82", "1.75", "4.17"), [("up to 150 kWh", "140", "0.00")], ("45.54", "4.55", "50.09")),
    200: (
        ("25.80", "2.60", "2.50", "5.96"),
        [("up to 150 kWh", "150", "0.00"), ("150 to 220 kWh", "50", "1.14")],
        ("57.74", "5.77", "63.51"),
    ),
    300: (
        ("38.70", "3.90", "3.75", "8.94"),
        [("up to 150 kWh", "150", "0.00"), ("150 to 220 kWh", "70", "1.59"), ("220 to 370 kWh", "80", "3.63")],
        ("80.25", "8.03", "88.28"),
    ),
    400: (
        ("51.60", "5.20", "5.00", "11.92"),
        [
            ("up to 150 kWh", "150", "0.00"),
            ("150 to 220 kWh", "70", "1.59"),
            ("220 to 370 kWh", "150", "6.81"),
            ("above 370 kWh", "30", "0.68"),
        ],
        ("102.54", "10.25", "112.79"),
    ),
}


@pytest.mark.parametrize("used_kwh", RESIDENCE)
def test_a_month_of_a_residence_of_3_kw(
    stack: Stack, tariffs: Path, capsys: pytest.CaptureFixture[str], used_kwh: int
) -> None:
    """November 2026, 3200 W from its begin on, 0.8 kWh in a quarter-hour, so that both 150 and 370 kWh are within one.

                     140 kWh        200 kWh        300 kWh        400 kWh
    Energia 0.1290   18.06          25.80          38.70          51.60
    Dispacc. 0.0130   1.82           2.60           3.90           5.20
    Q. en.  0.0125    1.75           2.50           3.75           5.00
    Oneri   0.0298    4.172   4.17   5.96           8.94          11.92
    Accisa  0         0.00           0.00           0.00           0.00
            0.0227            50:    1.135   1.14   70: 1.589 1.59 1.59
            0.0454                                  80: 3.632 3.63 150: 6.81
            0.0227                                                 30: 0.681  0.68
    Fixed   12.00 + 1.95 + 3 x 23.16 / 12 = 5.79: 19.74 in each
    together         45.54          57.74          80.25         102.54
    IVA 10 %          4.554   4.55   5.774   5.77   8.025   8.03  10.254 10.25

    At 400 kWh the excise is 9.08, as if each of them had paid 0.0227.
    """
    begin_s = day_start_s(date(2026, 11, 1), ROME)
    end_s = begin_s + used_kwh * 5 * QUARTER_S // 4
    meter(
        stack,
        date(2026, 10, 31),
        date(2026, 12, 1),
        ROME,
        lambda at: 3200 if begin_s <= at.timestamp() < end_s else 0,
    )
    example(tariffs, "italy-f0")
    found = billed(capsys, "2026-11", "italy-f0")
    used, (energy, excise, (base, vat, total)) = str(used_kwh), RESIDENCE[used_kwh]
    assert rows_of(found) == [
        ("Energia", used, energy[0]),
        ("Dispacciamento", used, energy[1]),
        ("Commercializzazione", "30", "12.00"),
        ("Trasporto quota energia", used, energy[2]),
        ("Trasporto quota fissa", "30", "1.95"),
        ("Trasporto quota potenza", "30", "5.79"),
        ("Oneri di sistema", used, energy[3]),
        *((f"Accisa {step}", quantity, amount) for step, quantity, amount in excise),
        ("IVA", base, vat),
    ]
    assert (found["total"], found["energy_kwh"], found["estimated_kwh"]) == (total, used, "0")


def test_a_month_of_which_the_exchange_told_no_price_for_a_day(
    stack: Stack, tariffs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """June 2026: 250 W until noon and 750 W after it, 3 and 9 kWh a day; 80 and 140 euros for a megawatt-hour, but on the 20th
    -40 until noon, and of the 10th nothing is known.

    At the exchange  28 x (3 x 0.08 + 9 x 0.14) + 3 x -0.04 + 9 x 0.14 = 28 x 1.50 + 1.14 = 43.14, of 29 x 12 = 348 kWh
    Energia          1.1 x 43.14 + 348 x 0.0132 = 47.454 + 4.5936 = 52.0476 52.05, a mean of 0.149562
    Dispacciamento   360 x 0.0130 =  4.68       Commercializzazione  12.00
    Quota energia    360 x 0.0125 =  4.50       Quota fissa           1.95
    Oneri            360 x 0.0298 = 10.728 10.73     potenza          5.79
    Accisa           360 x 0.0227 =  8.172  8.17     IVA  10 % of 99.87 = 9.987 9.99

    When the price of the 10th is there 1.50 more: 1.1 x 44.64 + 360 x 0.0132 = 53.856, and 10 % of 101.68 are 10.168.
    """
    first, last = date(2026, 6, 1), date(2026, 6, 30)

    def publish(day: date) -> None:
        prices = ["-40,000000" if day.day == 20 else "80,000000"] * 48 + ["140,000000"] * 48
        (tariffs.parent / "prices" / f"{day:%Y%m%d}MGPPrezzi15.xml").write_bytes(quarters(f"{day:%Y%m%d}", prices))

    for day in days_through(first, last):
        if day.day != 10:
            publish(day)
    meter(stack, first - timedelta(1), last + timedelta(1), ROME, lambda at: 250 if at.hour < 12 else 750)
    example(tariffs, "italy-dynamic")
    found = billed(capsys, "2026-06", "italy-dynamic")
    assert rows_of(found) == [
        ("Energia", "360", "52.05"),
        ("Dispacciamento", "360", "4.68"),
        ("Commercializzazione", "30", "12.00"),
        ("Trasporto quota energia", "360", "4.50"),
        ("Trasporto quota fissa", "30", "1.95"),
        ("Trasporto quota potenza", "30", "5.79"),
        ("Oneri di sistema", "360", "10.73"),
        ("Accisa", "360", "8.17"),
        ("IVA", "99.87", "9.99"),
    ]
    assert found["total"] == "109.86"
    energy = found["lines"][0]
    assert (energy["price"], energy["is_mean"], energy["unpriced_kwh"]) == ("0.149562", True, "12")
    assert main(["bill", "--month", "2026-06"]) == 0
    note = "12 kWh have no price for 'Energia': that is in neither its amount nor the total; the rest of what they cost is."
    assert note in " ".join(capsys.readouterr().out.split())
    publish(date(2026, 6, 10))
    found = billed(capsys, "2026-06", "italy-dynamic")
    assert (rows_of(found)[0], rows_of(found)[-1]) == (("Energia", "360", "53.86"), ("IVA", "101.68", "10.17"))
    assert (found["lines"][0]["unpriced_kwh"], found["total"]) == ("0", "111.85")


@pytest.fixture
def read_since_march(stack: Stack, tariffs: Path) -> Path:
    """The folder of the contracts of a house that was first read on 10 March, and uses nothing."""
    meter(stack, date(2026, 3, 10), date(2026, 4, 1), ROME, lambda _: 0)
    return tariffs


def test_a_bill_owes_from_the_first_reading_on_as_what_is_stored_does(
    read_since_march: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract holds since January, and the meter was first read on 10 March: 22 days of 0.10, and a tenth of them as tax."""
    (read_since_march / "house.toml").write_text(TWO_BANDS)
    found = billed(capsys, "2026-03", "house")
    assert rows_of(found) == [("Standing charge", "22", "2.20"), ("Tax", "2.20", "0.22")]
    assert (found["first"], found["metered_since"], found["total"]) == ("2026-03-01", "2026-03-10", "2.42")
    assert main(["bill", "--month", "2026-03"]) == 0
    assert "From 2026-03-10 on, when the meter was first read;" in capsys.readouterr().out
    (read_since_march / "house.toml").write_text(TWO_BANDS.replace("from = 2026-01-01", "from = 2026-03-10"))
    assert billed(capsys, "2026-03", "house")["metered_since"] is None, "the contract itself began then"


@pytest.mark.parametrize(
    ("change", "month", "sentence"),
    [
        (
            ("currency", 'meter = "hose"\ncurrency'),
            "2026-03",
            "house: There are no readings of the meter 'hose'; the nearest is 'house'; there are those of house, and the contract's",
        ),
        (("", ""), "2026-02", "a meter with the role grid was not read while the contract held, up to 2026-02-28."),
        (("2026-01-01", "2026-04-01"), "2026-03", "has no bill of 2026-03: the contract begins 2026-04-01."),
        (
            ("2026-01-01", "2026-01-01\nto = 2026-03-01"),
            "2026-03",
            "the contract begins 2026-01-01 and ends before 2026-03-01.",
        ),
    ],
    ids=["misspelt", "before the first reading", "before the contract", "after it"],
)
def test_where_there_is_nothing_to_bill_it_says_why(
    read_since_march: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], month: str, sentence: str
) -> None:
    """And hides no other contract's bill."""
    (read_since_march / "house.toml").write_text(TWO_BANDS.replace(*change))
    (read_since_march / "other.toml").write_text(TWO_BANDS.replace("2026-01-01", "2020-01-01"))
    assert main(["bill", "--month", month, "--contract", "house"]) == 1
    told = capsys.readouterr()
    assert sentence in " ".join(told.err.split())
    assert told.out == ""
    if month == "2026-03":
        assert main(["bill", "--month", month]) == 1
        assert "What other costs, " in capsys.readouterr().out
