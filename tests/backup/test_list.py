"""`wattline-backup list`: what it says of the sets, and what it says is amiss.

| fault | test |
|---|---|
| the table is wider than a terminal | test_the_table_fits_eighty_columns |
| a row says something else than the set is | test_a_row_says_what_a_set_is |
| a shared file is counted for each of its sets | test_the_total_is_what_du_counts |
| a program has to read the table | test_json_has_all_that_the_table_has |
| an age is told in a unit that nobody thinks in | test_an_age_has_one_unit_and_six_letters_at_most |
| the time is not the household's | test_the_time_is_the_households |
| nothing is said though something is amiss, or something though all is well | test_what_is_amiss_is_said, test_nothing_is_said_where_all_is_well |
| a damaged set ends the list, or hides | test_a_damaged_set_is_a_row_and_a_remark |
| the list waits for a run, or stumbles over a set that is being removed | test_the_list_does_not_wait, test_a_set_that_goes_meanwhile_is_left_out |
| a command that only looks makes the folder, so that a slip in its name is never noticed | test_who_only_looks_makes_no_folder |
| somebody who may not look gets a traceback | test_who_may_not_look_is_told_so |
"""

import json
import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backup.sets_rig import make_sets, stamp_of
from wattline_backup import nags
from wattline_backup.cli import main
from wattline_backup.household import age_in_words, local
from wattline_backup.nags import Situation
from wattline_backup.sets import Folder
from wattline_backup.sheet import Confirmed
from wattline_backup.state import SetState, State

DAY_S = 86_400
HOURS = (0.5, 1.5, 30, 24 * 20, 24 * 100, 24 * 365 * 3)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Six sets of half an hour to three years."""
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "sets"))
    monkeypatch.setenv("WATTLINE_TIMEZONE", "Europe/Rome")
    monkeypatch.setenv("COLUMNS", "80")
    now = datetime.now(UTC)
    return make_sets(tmp_path / "sets", [now - timedelta(hours=hours) for hours in HOURS])


def table(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["list"]) == 0
    return capsys.readouterr().out.splitlines()


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    assert main(["list", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_the_table_fits_eighty_columns(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(capsys)
    assert max(map(len, lines)) == len(lines[0]) == 80
    assert {len(line) for line in lines[1:7]} == {80}


def test_a_row_says_what_a_set_is(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    newest, before = (each.stamp for each in reversed(folder.sets()[-2:]))
    State(folder.path).note_verified(newest, time.time() - 600, "files")
    State(folder.path).note_offsite(before, time.time() - 5 * DAY_S)
    rows = {line.split()[0]: line for line in table(capsys)[1:7]}
    assert list(rows) == [each.stamp for each in folder.sets()]
    # 100 kB that all share, 10 kB of its own, its index and its folder.
    assert re.fullmatch(rf"{newest} .* 30 min +2 +1\d\d kB +\d\d?\.?\d? kB +10 min +no", rows[newest])
    assert re.fullmatch(rf"{before} .* 90 min +2 +1\d\d kB +\d\d?\.?\d? kB +no +5 d", rows[before])


def test_the_total_is_what_du_counts(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    sets = [str(each.path) for each in folder.sets()]
    output = subprocess.run(["du", "--block-size=1", "-s", *sets], capture_output=True, text=True, check=True).stdout
    assert listed(capsys)["disk_bytes"] == sum(int(line.split()[0]) for line in output.splitlines())


def test_json_has_all_that_the_table_has(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    oldest = folder.sets()[0].stamp
    State(folder.path).note_verified(oldest, 1.0, "restore")
    told = listed(capsys)
    first, *rest = told["sets"]
    assert first["set"] == oldest
    assert (first["verified_s"], first["verified_how"], first["offsite_s"]) == (1.0, "restore", None)
    assert [each["shards"] for each in told["sets"]] == [2] * 6
    assert [round(float(str(each["age_s"])) / 3600, 1) for each in reversed(told["sets"])] == list(HOURS)
    for each in [first, *rest]:
        assert 10_000 <= int(str(each["own_bytes"])) < 100_000 < int(str(each["bytes"]))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "future"),
        (0, "0 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (47 * 3600, "47 h"),
        (3 * DAY_S, "3 d"),
        (55 * DAY_S, "55 d"),
        (70 * DAY_S, "10 w"),
        (700 * DAY_S, "100 w"),
        (800 * DAY_S, "2 y"),
        (40 * 366 * DAY_S, "40 y"),
    ],
)
def test_an_age_has_one_unit_and_six_letters_at_most(seconds: float, words: str) -> None:
    assert age_in_words(seconds) == words
    assert len(words) <= 7


def test_the_time_is_the_households() -> None:
    summer, winter = datetime(2026, 7, 1, 22, 30, tzinfo=UTC), datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert local(summer, ZoneInfo("Europe/Rome")) == " 2 Jul 00:30"
    assert local(winter, ZoneInfo("Europe/Rome")) == " 1 Jan 00:30"
    assert local(winter, ZoneInfo("UTC")) == "31 Dec 23:30"


WELL = Situation(
    now_s=100 * DAY_S,
    newest_s=100 * DAY_S - 3600,
    states=[SetState(99 * DAY_S, "restore", 99.5 * DAY_S), SetState()],
    sheet_confirmed=Confirmed.AS_IT_IS,
)


def test_nothing_is_said_where_all_is_well() -> None:
    assert nags.nags(WELL) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"newest_s": None}, "There is no set yet: "),
        ({"newest_s": 100 * DAY_S - 5 * 3600}, "The newest set is 5 h old, "),
        ({"newest_s": 101 * DAY_S}, "The newest set is of the future, "),
        ({"states": []}, "No set was ever proven to restore: "),
        ({"states": [SetState(99.0 * DAY_S, "files", None)]}, "No set was ever proven to restore: "),
        ({"states": [SetState(91 * DAY_S, "restore", None)]}, "The last proof that a set restores is 9 d old, "),
        ({"states": [SetState(99 * DAY_S, "restore", 97 * DAY_S)]}, "The last copy that left the house is 3 d old, "),
        ({"damaged": ["20261126T140503Z"]}, "Damaged, and kept until somebody has looked "),
        ({"unfinished": ["A swap of energy has begun."]}, "A swap of energy has begun."),
        ({"sheet_confirmed": Confirmed.NEVER}, "Nobody has confirmed that the recovery sheet "),
        ({"sheet_confirmed": Confirmed.AS_IT_WAS}, "What stands on the recovery sheet has changed "),
    ],
)
def test_what_is_amiss_is_said(change: dict[str, object], sentence: str) -> None:
    fields = {name: getattr(WELL, name) for name in Situation.__slots__}
    (said,) = nags.nags(Situation(**{**fields, **change}))
    assert said.startswith(sentence)
    assert said.endswith(".")


def test_what_is_amiss_stands_below_the_table(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(capsys)
    text = " ".join(" ".join(lines[8:]).split())
    assert text.startswith("On the disk 6 sets: ")
    # Of the recovery sheet only once there is a copy that it opens.
    assert text.count("! ") == 1
    assert listed(capsys)["remarks"] == [part.strip() for part in text.split("! ")[1:]]


def test_an_empty_folder_is_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "none"))
    assert table(capsys)[0] == "! There is no set yet: `wattline-backup run` makes one."


@pytest.mark.parametrize(
    "words",
    [["list"], ["list", "--json"], ["prune"], ["prune", "--dry-run"], ["verify"], ["restore", "X", "--all", "--yes"]],
    ids=" ".join,
)
def test_who_only_looks_makes_no_folder(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "none"))
    assert main(words) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"wattline-backup: There is no folder {tmp_path}/none: `wattline-backup run` makes it with the first set, or "
        "WATTLINE_BACKUP_FOLDER has to name another.\n"
    )
    assert not (tmp_path / "none").exists()


def test_a_damaged_set_is_a_row_and_a_remark(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    broken = folder.sets()[2]
    (broken.path / "wattline.json").write_text("{")
    lines = table(capsys)
    assert "damaged" in lines[3]
    assert len(lines[3]) == 80
    assert broken.stamp in " ".join(line for line in lines if line.startswith("! Damaged"))


def test_the_list_does_not_wait(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.locked():
        assert len(table(capsys)) > 6


def test_a_set_that_goes_meanwhile_is_left_out(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets, (goes, *stay) = folder.sets(), folder.sets()
    folder.remove(goes)
    monkeypatch.setattr(Folder, "sets", lambda _: sets)
    assert [each["set"] for each in listed(capsys)["sets"]] == [each.stamp for each in stay]


def test_who_may_not_look_is_told_so(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may look everywhere, so the refusal is put on."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert main(["list"]) == 1
    assert capsys.readouterr().err == (
        f"wattline-backup: {folder.path} cannot be looked through (Permission denied): the sets are for root alone, "
        "so use sudo.\n"
    )


def test_the_name_of_a_set_is_its_stamp(folder: Folder) -> None:
    assert [each.stamp for each in folder.sets()] == sorted(stamp_of(each.at) for each in folder.sets())
