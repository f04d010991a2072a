"""`wattline-cost update`, `recompute` and `bill` as somebody calls them.

| fault | test |
|---|---|
| without a contract the timer's unit fails each quarter of an hour | test_without_a_contract_there_is_nothing_to_do |
| a broken contract ends as if all were well, or hides what is wrong with another | test_every_broken_contract_is_told |
| two contracts have one name, and take turns | test_two_contracts_of_one_name_are_refused |
| a missing token, or an InfluxDB that is away, ends in a riddle | test_a_missing_token_is_a_sentence, test_an_influxdb_that_is_away_is_a_sentence |
| what is wrong with InfluxDB, or how long it took, is said once for each contract | test_what_is_the_same_for_all_contracts_is_said_once |
| wrong words do something | test_wrong_words_are_refused |
| a bill is another than that of the days, or no program can read it | test_a_bill_is_that_of_the_days |
| a file of prices that cannot be read ends as if all were well, or before all that can be priced is | test_a_spoilt_file_of_prices_is_told_behind_the_rest |
| a token that lacks a right ends in a riddle | test_a_token_without_a_right_is_told_which |
| it says too much, or nothing of what somebody has to do | test_the_timer_hears_only_what_is_to_be_done |
"""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, ROME, TWO_BANDS, House, midnight
from stack.conftest import Stack
from wattline.errors import WattlineError, WordError
from wattline_cost.cli import main
from wattline_cost.commands.update import tell
from wattline_cost.settings import settings
from wattline_cost.store.stored import Change
from wattline_cost.store.work import Result, files_in
from wattline_cost.tariff.file import parse_contract

TARIFF = FLAT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a house without InfluxDB."""
    (tmp_path / "tariffs").mkdir()
    (tmp_path / "token").write_text("a-token\n")
    monkeypatch.setenv("WATTLINE_COST_TARIFFS", str(tmp_path / "tariffs"))
    monkeypatch.setenv("WATTLINE_COST_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("WATTLINE_COST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:9")
    return tmp_path


COMMANDS = [["update"], ["recompute", "--from", "2026-01-01"], ["bill", "--month", "2026-01"]]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_without_a_contract_there_is_nothing_to_do(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    told = capsys.readouterr()
    assert " ".join(told.out.split()).startswith(f"There is no contract in {folder}")
    assert told.err == ""
    assert main(["update", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_folder_that_is_not_there_is_one_without_a_contract(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATTLINE_COST_TARIFFS", str(folder / "nowhere"))
    assert main(["update", "--quiet"]) == 0


def test_every_broken_contract_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tariffs" / "a.toml").write_text('currency = "EURO"\ntimezone = "Europe/Rome"\n')
    (folder / "tariffs" / "b.toml").write_text("what is this")
    assert main(["update"]) == 2
    told = capsys.readouterr().err
    assert "a.toml: " in told
    assert "b.toml: " in told


def test_two_contracts_of_one_name_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (folder / "tariffs" / f"{name}.toml").write_text(f'name = "house"\n{TARIFF}')
    faults: list[WattlineError] = []
    files_in(settings(), faults)
    assert [type(fault) for fault in faults] == [WordError], "a file is wrong, and not the world"
    assert main(["update"]) == 1, "since InfluxDB is away as well"
    assert "are both called 'house': give one another name." in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_missing_token_is_a_sentence(folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tariffs" / "house.toml").write_text(TARIFF)
    (folder / "token").unlink()
    assert main(words) == 2
    assert "WATTLINE_COST_TOKEN_FILE" in capsys.readouterr().err
    (folder / "token").write_text("\n")
    assert main(words) == 2
    assert "holds no token" in capsys.readouterr().err


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_an_influxdb_that_is_away_is_a_sentence(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tariffs" / "house.toml").write_text(TARIFF)
    assert main(words) == 1
    assert capsys.readouterr().err.count("InfluxDB does not answer at http://127.0.0.1:9 (") == 1


def test_what_is_the_same_for_all_contracts_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("house", "garage", "solar"):
        (folder / "tariffs" / f"{name}.toml").write_text(TARIFF)
    assert main(["update"]) == 1
    assert capsys.readouterr().err.count("InfluxDB does not answer") == 1
    results = [Result(parse_contract(Path(name), TARIFF), 2, Change(3, 1)) for name in ("a.toml", "b.toml")]
    tell(results, 33.84, is_quiet=False, as_json=False)
    assert capsys.readouterr().out == (
        "a: 2 days priced, 3 points written, 1 removed.\nb: 2 days priced, 3 points written, 1 removed; 33.8 s.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["recompute", "--from", "yesterday"], "yesterday is no day"),
        (["recompute", "--from", "2999-01-01"], "2999-01-01 has not come yet: --from is today, or a day before."),
        (["recompute", "--from", "2026-03-02", "--to", "2026-03-01"], "--from is before --to"),
        (["bill", "--month", "2026-13"], "2026-13 is no month"),
        (
            ["bill", "--month", "2026-01", "--contract", "hose"],
            "There is no contract 'hose'; the nearest is 'house'; those there are: house.",
        ),
        (["recompute"], "--from"),
    ],
)
def test_wrong_words_are_refused(
    folder: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tariffs" / "house.toml").write_text(TARIFF)
    assert main(words) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def house(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house that was read for the last forty days."""
    monkeypatch.setenv("INFLUX_HOST", stack.url)
    (folder / "token").write_text(stack.token)
    (folder / "tariffs").rmdir()
    house = House(stack, folder)
    now = int(datetime.now(UTC).timestamp()) // QUARTER_S * QUARTER_S
    begin = midnight((datetime.fromtimestamp(now, ROME) - timedelta(40)).date())
    house.read(begin, now)
    return house


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_bill_is_that_of_the_days(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the month in which the day before yesterday was: its energy and its total are those that `update` stored."""
    house.contract(TWO_BANDS)
    assert main(["update"]) == 0
    capsys.readouterr()
    month = (datetime.now(ROME) - timedelta(2)).date().replace(day=1)
    words = ["bill", "--month", f"{month:%Y-%m}"]
    assert main([*words, "--json"]) == 0
    bill = json.loads(capsys.readouterr().out)
    stored = house.stored("cost_1mo")[midnight(month)][""]
    assert float(bill["energy_kwh"]) == pytest.approx(stored["energy_kwh"], abs=0.001)
    assert float(bill["total"]) == pytest.approx(stored["cost"], abs=0.03), "a bill rounds its lines"
    assert main([*words, "--csv", "--contract", "house"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {line["component"] for line in lines} >= {"Energy", "Standing charge", "Tax"}
    assert main(words) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_spoilt_file_of_prices_is_told_behind_the_rest(
    house: House, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By each command that prices, once, though two contracts go by it; and what is fixed is on the bill."""
    (folder / "prices").mkdir()
    spoilt = folder / "prices" / "year.csv"
    spoilt.write_text("start,price\n2026-01-01T00:00\n")
    source = f'[source.exchange]\nkind = "table"\nfolder = "{folder}/prices"\nminutes = 60\nunit = "kWh"\n'
    for name in ("house", "garage"):
        house.contract(TWO_BANDS.replace("prices = { day = 0.20, night = 0.10 }", 'source = "exchange"') + source, name)
    sentence = f"wattline-cost: {spoilt}, line 2: The line has fewer columns than the first line.\n"
    for words in (
        ["update"],
        ["recompute", "--from", "2026-01-01"],
        ["bill", "--month", f"{datetime.now(ROME):%Y-%m}"],
    ):
        assert main(words) == 1
        out, err = capsys.readouterr()
        assert err == sentence
        assert "house" in out
        assert "garage" in out
    assert "Standing charge" in out
    assert all(fields[""]["cost"] > 0 for fields in house.stored("cost_1d").values())


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_the_timer_hears_only_what_is_to_be_done(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.contract(FLAT)
    assert main(["update", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["update"]) == 0
    assert capsys.readouterr().out.startswith("house: 2 days priced, ")
    house.contract(TWO_BANDS)
    assert main(["update", "--quiet"]) == 0
    assert "recompute --contract house --from" in capsys.readouterr().out
    since = datetime.fromtimestamp(min(house.stored("cost_1d")) + DAY_S, ROME).date()
    assert main(["recompute", "--from", str(since), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["contracts"][0]["days"] >= 39


@pytest.mark.chain
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (
            ("read", "energy_1d"),
            "has no bucket energy_1d, which compose/influxdb/setup makes; or the token in {token} lacks the right to read it, and",
        ),
        (
            ("write", "cost"),
            "insufficient permissions for write; the token in {token} lacks this right, and has to be that of wattline-cost.",
        ),
    ],
    ids=["read", "write"],
)
def test_a_token_without_a_right_is_told_which(
    house: House, folder: Path, capsys: pytest.CaptureFixture[str], missing: tuple[str, str], sentence: str
) -> None:
    ids = {bucket["name"]: bucket["id"] for bucket in house.stack.ask("GET", "buckets?limit=100")["buckets"]}
    rights = [("read", "energy_15m"), ("read", "energy_1d"), ("read", "cost"), ("write", "cost")]
    permissions = [
        {"action": action, "resource": {"type": "buckets", "id": ids[name], "orgID": house.stack.org_id}}
        for action, name in rights
        if (action, name) != missing
    ]
    made = house.stack.ask("POST", "authorizations", {"orgID": house.stack.org_id, "permissions": permissions})
    (folder / "token").write_text(made["token"])
    house.contract(FLAT)
    assert main(["update"]) == 1
    assert sentence.format(token=folder / "token") in " ".join(capsys.readouterr().err.split())
