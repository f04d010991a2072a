"""``wattline-cost check`` and ``explain``, as a person calls them.

| fault | test |
|---|---|
| what is in a file is not told, or otherwise than on paper | test_check_tells_what_is_in_a_file |
| a wrong file passes, or one fault alone is told, or a right one beside it is not | test_check_tells_every_fault_of_every_file |
| a slip that costs a thousand times as much passes without a word, or what is usual is doubted | test_check_doubts_what_is_seldom_so, test_no_example_is_doubted |
| an explanation lacks the why | test_explain_tells_version_band_and_price_and_why |
| ... or is no JSON, or has floats | test_explain_as_json_has_exact_numbers |
| a price that lies in a folder is not found | test_explain_reads_the_prices_of_a_folder |
| wrong words, wrong files and missing prices have the same exit code | test_exit_codes_tell_whose_fault_it_is |
| the moment that is there twice, or not at all, is guessed | test_a_time_that_is_skipped_is_refused |
"""

import json
from pathlib import Path

import pytest

from cost.gme_files import quarters
from cost.tariff_texts import BY_BAND, ENERGY, TOP, TWO_BANDS, VERSION
from wattline_cost.cli import main

EXAMPLES = Path(__file__).parents[2] / "cost" / "tariffs"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


def told(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> str:
    """What a command prints; on standard error where ``code`` is not 0."""
    assert main([str(word) for word in words]) == code
    out, err = capsys.readouterr()
    return str(err if code else out)


def test_check_tells_what_is_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, "check", EXAMPLES / "italy-f1-f2-f3.toml").splitlines()
    assert lines[1:16] == [
        "import, EUR, Europe/Rome, the meter with the role grid",
        "",
        "version 1, from 2026-01-01 until 2026-07-01, 3 kW",
        "  Energia                  F1 0.1450, F2 0.1320, F3 0.1120 EUR per kWh",
        "  Dispacciamento           0.0130 EUR per kWh",
        "  Commercializzazione      144.00 EUR per year, by months",
        "  Trasporto quota energia  0.0125 EUR per kWh",
        "  Trasporto quota fissa    23.40 EUR per year, by months",
        "  Trasporto quota potenza  23.16 EUR per kW and year, by months: for 3 kW 69.48 EUR per year",
        "  Oneri di sistema         0.0298 EUR per kWh",
        "  Accisa                   0.0227 EUR per kWh",
        "  IVA                      10 % of all above",
        "bands",
        "  Mon-Fri        00:00 F3  07:00 F2  08:00 F1  19:00 F2  23:00 F3",
        "  Sat            00:00 F3  07:00 F2  23:00 F3",
    ]
    assert lines[16] == "  Sun, holidays  00:00 F3"
    assert "bands as before" in lines
    assert lines[-1] == "bill: each line rounded to 2 decimals (half up)"
    assert max(map(len, lines)) <= 100


def test_check_tells_of_registers_sources_months_and_times_of_change(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "house.toml"
    path.write_text(
        'meter = "house"\nbudget = 80\n'
        + TOP
        + 'rule = [{ band = "a" }, { band = "b", days = ["Sat-Sun"], hours = "22:00-06:00", months = "Nov-Feb" }]\n'
        + VERSION.replace("2026-01-01", "2026-01-01T06:30:00")
        + ENERGY.replace("price = 0.15", "registers = { T1 = 0.20, T2 = 0.10 }")
        + '[[version.component]]\nname = "Spot"\nper = "kWh"\nsource = "spot"\nfactor = 1.02\nplus = -0.01\n'
        + '[[version.component]]\nname = "Tax"\npercent = 10\nof = "Spot"\n'
        + "[rounding]\neach_line = false\nkwh_decimals = 0\n"
        + '[source.spot]\nkind = "table"\nfolder = "/prices"\nminutes = 30\nunit = "MWh"\n'
    )
    text = told(capsys, "check", path)
    assert "import, EUR, Europe/Rome, meter house, budget 80 EUR a month\n" in text
    assert "version 1, from 2026-01-01T06:30\n" in text
    assert "  Energy  T1 0.20, T2 0.10 EUR per kWh\n" in text
    assert "  Spot    1.02 times the price of 'spot' less 0.01 EUR per kWh\n" in text
    assert "  Tax     10 % of Spot\n" in text
    # Saturday's night ends on Sunday, Sunday's on Monday.
    assert (
        "bands in Nov-Feb\n  Mon      00:00 b  06:00 a\n  Tue-Fri  00:00 a\n  Sat      00:00 a  22:00 b\n  Sun      00:00 b  06:00 a  22:00 b\n"
        in text
    )
    assert "bands in Mar-Oct\n  Mon-Sun  00:00 a\n" in text
    # Sunday the 1st of November has a until 6, and Sunday the 1st of March b.
    assert "where a rule leads across midnight, the morning goes by the day before: here by" in " ".join(text.split())
    path.write_text(
        TOP
        + 'rule = [{ band = "a" }, { band = "b", hours = "22:00-06:00" }]\n'
        + VERSION
        + BY_BAND.replace("F1", "a").replace("F23", "b")
    )
    assert "across midnight" not in told(capsys, "check", path), "every morning is alike"
    assert "source spot: the column 'price' of tables, of each 30 minutes, in /prices\n" in text
    assert "bill: the sum rounded to 2 decimals (half up), energy to 0 decimals of a kWh\n" in text


def test_check_tells_every_fault_of_every_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.toml", EXAMPLES / "germany-flat.toml"
    wrong.write_text(TOP + TWO_BANDS.replace("08:00", "08:01") + VERSION + BY_BAND.replace("price", "cost"))
    assert main(["check", str(wrong), str(right), str(tmp_path / "none.toml")]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("germany-flat (")
    assert [line.partition(": The")[0].replace(f"{tmp_path}/", "") for line in err.splitlines()] == [
        "wattline-cost: wrong.toml, rule 2",
        "wattline-cost: wrong.toml, version 1 (from 2026-01-01), component 'Energy'",
        "wattline-cost: none.toml",
    ]


def test_check_doubts_what_is_seldom_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A price of a megawatt-hour, a tenth that is written so, and a folder that is not there; it may all be meant."""
    path = tmp_path / "house.toml"
    tax = '[[version.component]]\nname = "VAT"\npercent = 0.10\nof = "all above"\n'
    spot = '[source.spot]\nkind = "table"\nfolder = "none"\nminutes = 60\nunit = "MWh"\n'
    text = TOP + TWO_BANDS + VERSION + BY_BAND.replace("0.15", "151.2") + tax + spot
    path.write_text(text)
    doubted = told(capsys, "check", path).partition("to be looked at once more\n")[2]
    assert " ".join(doubted.split()) == (
        "version 1, 'Energy': 151.2 EUR for a kilowatt-hour, is that so? A price of a megawatt-hour is divided by 1000, one in cents "
        f"by 100. version 1, 'VAT': 0.10 %, is that so? A tenth is 10. source 'spot': there is no folder {tmp_path}/none here, and "
        "so no price of it."
    )
    for percent in ("10", "0.5"):
        usual = text.replace("EUR", "SEK").replace("151.2", "2.2").replace("0.10", percent).replace("none", ".")
        path.write_text(usual)
        assert "once more" not in told(capsys, "check", path)


def test_check_doubts_what_makes_a_month_of_thousands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A power in watts, and what is paid for a year as paid for each day."""
    path = tmp_path / "house.toml"
    fixed = '[[version.component]]\nname = "Quota"\nper = "day"\nprice = 144\n'
    path.write_text(TOP + TWO_BANDS + VERSION + "contract_kw = 3000\n" + BY_BAND + fixed)
    doubted = told(capsys, "check", path).partition("to be looked at once more\n")[2]
    assert " ".join(doubted.split()) == (
        "version 1, contract_kw = 3000: is that so? 3 kW are 3, not 3000. version 1, 'Quota': 144 EUR for each day, is that so?"
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_no_example_is_doubted(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    """But for the folders, which the machine of the test has not."""
    assert "is that so?" not in told(capsys, "check", path)


def test_explain_tells_version_band_and_price_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    """F3: 0.1120 + 0.0780 = 0.1900, with VAT 0.2090."""
    assert told(capsys, "explain", EXAMPLES / "italy-f1-f2-f3.toml", "2026-04-06T10:10") == (
        "italy-f1-f2-f3, Monday 2026-04-06, quarter-hour from 10:00 (Europe/Rome, UTC+02:00)\n"
        "version 1, in force from 2026-01-01 on, until 2026-07-01\n"
        "band F3: of the rules that hold, the last is 'every day'; the day is a holiday: Lunedì dell'Angelo\n"
        "\n"
        "one kilowatt-hour more costs 0.209 EUR\n"
        "  Energia                  0.112   band F3\n"
        "  Dispacciamento           0.013   always the same\n"
        "  Trasporto quota energia  0.0125  always the same\n"
        "  Oneri di sistema         0.0298  always the same\n"
        "  Accisa                   0.0227  always the same\n"
        "  IVA                      0.019   10 % of Energia, Dispacciamento, Trasporto quota energia, Oneri\n"
        "                                   di sistema, Accisa\n"
        "\n"
        "paid anyway\n"
        "  Commercializzazione      144.00 EUR per year, by months\n"
        "  Trasporto quota fissa    23.40 EUR per year, by months\n"
        "  Trasporto quota potenza  23.16 EUR per kW and year, by months: for 3 kW 69.48 EUR per year\n"
    )


def test_explain_as_json_has_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, "explain", "--json", EXAMPLES / "britain-standing-charge.toml", "2026-02-01T10:10"))
    assert found["components"] == [
        {"name": "Unit rate", "per_kwh": "0.2637", "why": "always the same"},
        {"name": "VAT", "per_kwh": "0.013185", "why": "5 % of Unit rate"},
    ]
    assert (found["per_kwh"], found["start"], found["band"], found["rule"]) == (
        "0.276885",
        "2026-02-01T10:00:00+00:00",
        None,
        None,
    )
    assert (found["version"], found["version_to"]) == (1, "2026-04-01T00:00:00+01:00")
    assert found["fixed"] == [{"name": "Standing charge", "price": "0.5214", "per": "day"}]


def test_explain_of_now_has_a_price(capsys: pytest.CaptureFixture[str]) -> None:
    assert "one kilowatt-hour more costs 0.343315 EUR\n" in told(capsys, "explain", EXAMPLES / "germany-flat.toml")


def test_explain_reads_the_prices_of_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The 5th quarter-hour of the day, at 01:00: 100 euros for a megawatt-hour, 0.1 for a kilowatt-hour."""
    path = tmp_path / "house.toml"
    path.write_text((EXAMPLES / "italy-dynamic.toml").read_text().replace("/var/lib/wattline/prices", "prices"))
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "20260304MGPPrezzi15.xml").write_bytes(quarters("20260304", ["1"] * 4 + ["100,000000", ""]))
    text = told(capsys, "explain", path, "2026-03-04T01:00")
    assert "one kilowatt-hour more costs 0.22132 EUR\n" in text
    assert "  Energia                  0.1232   1.1 times 0.1 of 'pun' plus 0.0132\n" in text
    text = told(capsys, "explain", path, "2026-03-04T01:15")
    assert "what one kilowatt-hour more costs is not known: its source has no price of this time\n" in text
    assert "  Energia                  ?       no price known: 'pun' has none of this time\n" in text


def test_explain_takes_a_register(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text(TOP + VERSION + ENERGY.replace("price = 0.15", "registers = { T1 = 0.20, T2 = 0.10 }"))
    text = told(capsys, "explain", path)
    assert "costs is not known: --register has to say which of the meter's registers counts" in " ".join(text.split())
    assert "\n  Energy  ?  as the meter's register says: T1 0.20, T2 0.10" in text
    assert "costs 0.1 EUR\n  Energy  0.1  register T2 of the meter" in told(capsys, "explain", path, "--register", "T2")
    refused = told(capsys, "explain", path, "--register", "T3", code=2)
    assert "Version 1 has prices of the registers T1, T2, and none of T3." in refused
    path.write_text(TOP + VERSION + ENERGY)
    refused = told(capsys, "explain", path, "--register", "T1", code=2)
    assert "Version 1 has no prices by the meter's registers, and none of T1." in refused


def test_steps_are_told_and_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """0.1843 and an excise of 0.0454, with 10 % VAT 0.25267."""
    path = EXAMPLES / "italy-f0.toml"
    assert " ".join(told(capsys, "check", path).split()).count(
        "Accisa up to 150 kWh 0, 150 to 220 kWh 0.0227, 220 to 370 kWh 0.0454, above 370 kWh 0.0227 EUR per kWh"
    )
    text = told(capsys, "explain", path, "2026-03-04")
    hint = "--used has to say how much was used in the month"
    assert f"what one kilowatt-hour more costs is not known: {hint} Energia" in " ".join(text.split())
    assert "  Accisa                   ?       by how much was used in the month: up to 150 kWh 0, 150 to 220" in text
    text = told(capsys, "explain", path, "2026-03-04", "--used", "220.000")
    assert "one kilowatt-hour more costs 0.25267 EUR\n" in text
    assert "  Accisa                   0.0454   220 to 370 kWh of the month\n" in text
    for word in ("-1", "many", "nan", "1e10"):
        refused = told(capsys, "explain", path, f"--used={word}", code=2)
        assert f"'{word}' must be a number of kilowatt-hours from 0 to 1000000000, such as 151.5" in refused
    refused = told(capsys, "explain", EXAMPLES / "germany-flat.toml", "--used", "1", code=2)
    assert "Version 1 has no price that depends on how much was used in the month; leave --used out." in refused


def test_all_that_a_price_lacks_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A source, steps and registers in one version: to say how much was used alone makes no price."""
    (tmp_path / "prices").mkdir()
    prices = {
        "Energy": 'source = "spot"',
        "Excise": "steps = [{ above_kwh = 0, price = 0 }, { above_kwh = 150, price = 0.02 }]",
        "Grid": "registers = { T1 = 0.20, T2 = 0.10 }",
    }
    charges = [ENERGY.replace("price = 0.15", price).replace("Energy", name) for name, price in prices.items()]
    spot = '[source.spot]\nkind = "table"\nfolder = "prices"\nminutes = 60\nunit = "MWh"\n'
    path = tmp_path / "house.toml"
    path.write_text(TOP + VERSION + "".join(charges) + spot)
    source, used = "its source has no price of this time", "--used has to say how much was used in the month"
    register = "--register has to say which of the meter's registers counts"
    for words, lacking in (
        ([], f"{source}, and {used}, and {register}"),
        (["--used", "1"], f"{source}, and {register}"),
        (["--used", "1", "--register", "T1"], source),
    ):
        text = " ".join(told(capsys, "explain", path, "2026-03-04T01:00", *words).split())
        assert f"what one kilowatt-hour more costs is not known: {lacking} Energy" in text


def test_income_is_told_as_such(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "solar.toml"
    path.write_text('direction = "export"\n' + TOP + VERSION + ENERGY)
    assert "one kilowatt-hour more yields 0.15 EUR\n" in told(capsys, "explain", path)


def test_exit_codes_tell_whose_fault_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "house.toml"
    path.write_text((EXAMPLES / "italy-dynamic.toml").read_text().replace("/var/lib/wattline/prices", "none"))
    assert main(["explain", str(path), "2026-03-04T01:00"]) == 1
    out, err = capsys.readouterr()
    assert "costs is not known: its source has no price" in out, "the rest is told all the same"
    assert err.startswith(f"wattline-cost: The folder '{tmp_path}/none' of the source 'pun' cannot be read (")
    assert "no version of the contract 'house' is in force" in told(capsys, "explain", path, "2020-03-04", code=2)
    assert "'yesterday' is no time" in told(capsys, "explain", path, "yesterday", code=2)
    for never in ("0001-01-01", "9999-12-31T23:59-05:00"):
        assert "That time is none of the calendar (year" in told(capsys, "explain", path, never, code=2)
    path.write_text("x")
    assert "This is not TOML" in told(capsys, "explain", path, code=2)


def test_a_time_that_is_skipped_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    path = EXAMPLES / "italy-f0.toml"
    assert "is skipped in Europe/Rome" in told(capsys, "explain", path, "2026-03-29T02:30", code=2)
    assert "UTC+02:00" in told(capsys, "explain", path, "2026-10-25T02:30")
    assert "UTC+01:00" in told(capsys, "explain", path, "2026-10-25T02:30+01:00")
