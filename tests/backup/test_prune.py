"""`wattline-backup prune` on folders of sets, and `run --prune`.

| fault | test |
|---|---|
| a set goes that a rule keeps, or stays that none does | test_what_no_rule_keeps_is_gone_and_the_rest_is_as_it_was |
| a shared file goes with one of its sets | test_what_no_rule_keeps_is_gone_and_the_rest_is_as_it_was |
| the dry run changes something, or tells something else than is done | test_the_dry_run_changes_nothing_and_tells_what_is_done_then |
| ... or does not say why a set stays | test_the_dry_run_says_which_rules_keep_a_set |
| ... or cannot be had while a run is at work | test_the_dry_run_does_not_wait_for_a_run |
| a set is removed while another one is built upon it | test_nothing_is_removed_while_a_run_is_at_work |
| the power goes while a set is removed | test_an_interrupted_removal_is_brought_to_its_end |
| a number is none, or would keep nothing | test_a_number_that_is_none_is_refused |
| the option does not go before the environment, nor that before what is usual | test_an_option_goes_before_the_environment |
| a zone that nobody knows is taken for UTC | test_a_zone_that_nobody_knows_is_refused |
| the alerts do not learn of it | test_the_outcome_is_written_down |
| what was known of a removed set stays known | test_a_removed_set_is_forgotten |
| a set goes that a restore needs of which nothing is known any more | test_nothing_is_removed_while_what_restores_need_is_not_known |
| a set that a disk keeps ends in a traceback | test_a_set_that_cannot_be_removed_is_named |
| `run --prune` prunes before there is a new set, or hides that there is one when it cannot | test_run_prunes_when_the_set_is_there, test_a_set_that_was_made_is_told_even_if_nothing_can_be_removed |
| JSON is two documents | test_run_prints_one_document |
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backup.sets_rig import make_set, make_sets, stamp_of
from wattline_backup import pruning
from wattline_backup.cli import main
from wattline_backup.commands import run as run_command
from wattline_backup.lost import DAMAGED
from wattline_backup.run import Made
from wattline_backup.sets import Folder, Set
from wattline_backup.state import NAME, State

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """A noon long ago, in winter: the hours begin at 22:00 in Rome, two days before."""
    return datetime(2024, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Forty sets, one an hour."""
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "sets"))
    monkeypatch.setenv("WATTLINE_BACKUP_OUTCOME", str(tmp_path / "outcome.lp"))
    monkeypatch.setenv("WATTLINE_TIMEZONE", "Europe/Rome")
    return make_sets(tmp_path / "sets", [now - HOUR * number for number in range(40)])


def stamps(folder: Folder) -> list[str]:
    return [each.stamp for each in folder.sets()]


def content(folder: Folder) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.path.rglob("*")) if path.is_file()}


def few(*words: str) -> list[str]:
    return [
        "prune",
        "--keep-newest",
        "2",
        *(f"--keep-{rule}=0" for rule in ("hourly", "daily", "weekly", "monthly")),
        *words,
    ]


def test_what_no_rule_keeps_is_gone_and_the_rest_is_as_it_was(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    before, names = content(folder), stamps(folder)
    assert main(["prune"]) == 0
    left = stamps(folder)
    assert left[-24:] == names[-24:]
    assert left[:-24] == names[1:2], "the last one of the 25th; that of the 26th is of the 24 hours"
    after = {path: text for path, text in content(folder).items() if "/lock" not in path and "state" not in path}
    assert after.items() <= before.items()
    assert {Path(path).parent.name for path in after} == set(left)
    out = " ".join(capsys.readouterr().out.split())
    assert f"Sets removed: {40 - len(left)}, which frees" in out
    assert f"sets that stay: {len(left)}, which take" in out


def test_the_dry_run_changes_nothing_and_tells_what_is_done_then(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(folder)
    assert main(few("--dry-run", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert content(folder) == before
    assert not Path(os.environ["WATTLINE_BACKUP_OUTCOME"]).exists()
    assert main(few("--json")) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert stamps(folder) == [each["set"] for each in reversed(told["sets"]) if each["kept"]]


def test_the_dry_run_says_which_rules_keep_a_set(
    folder: Folder, now: datetime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lines that fit 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    State(folder.path).note_verified(stamps(folder)[0], 1.0, "restore")
    State(folder.path).note_offsite(stamps(folder)[4], 1.0)
    assert main(["prune", "--dry-run"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["set", "local", "time"]
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert f"{stamp_of(now)} {now:%d %b} 1" in text
    assert "keep newest, hourly, daily, weekly, monthly, yearly" in text
    assert "keep verified" in text
    assert "keep off-site" in text
    assert text.count("GOES") == 40 - text.count("keep ")
    assert f"{text.count('GOES')} of 40 sets would go, and " in text


def test_the_dry_run_does_not_wait_for_a_run(folder: Folder) -> None:
    with folder.locked():
        assert main(["prune", "--dry-run"]) == 0


def test_nothing_is_removed_while_a_run_is_at_work(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.locked():
        assert main(["prune"]) == 1
    assert "Another wattline-backup is at work" in capsys.readouterr().err
    assert len(stamps(folder)) == 40


def test_an_interrupted_removal_is_brought_to_its_end(folder: Folder) -> None:
    oldest = folder.sets()[0].path
    oldest.rename(oldest.with_name(f"{oldest.name}.partial"))
    assert main(["prune"]) == 0
    assert [path for path in folder.path.iterdir() if path.name.endswith(".partial")] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--keep-daily", "many"], "--keep-daily is 'many', but has to be 'all' or a whole number from 0 on."),
        (["--keep-daily=-1"], "--keep-daily is '-1', but has to be 'all' or a whole number from 0 on."),
        (["--keep-newest", "0"], "--keep-newest is '0', but has to be 'all' or a whole number from 1 on."),
    ],
)
def test_a_number_that_is_none_is_refused(
    folder: Folder, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(["prune", *words]) == 2
    assert capsys.readouterr().err == f"wattline-backup: {sentence}\n"
    assert len(stamps(folder)) == 40


def test_a_number_that_is_none_is_refused_in_the_environment(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATTLINE_BACKUP_KEEP_NEWEST", "0")
    assert main(["prune"]) == 2
    assert "WATTLINE_BACKUP_KEEP_NEWEST is '0'" in capsys.readouterr().err


def test_an_option_goes_before_the_environment(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        monkeypatch.setenv(f"WATTLINE_BACKUP_KEEP_{rule}", "0")
    monkeypatch.setenv("WATTLINE_BACKUP_KEEP_NEWEST", "7")
    assert main(["prune", "--keep-newest", "all"]) == 0
    assert len(stamps(folder)) == 40
    assert main(["prune"]) == 0
    assert len(stamps(folder)) == 7
    assert main(["prune", "--keep-newest", "3"]) == 0
    assert len(stamps(folder)) == 3


@pytest.mark.parametrize("zone", ["Europe/Roma", "../etc/passwd", "/"])
def test_a_zone_that_nobody_knows_is_refused(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("WATTLINE_TIMEZONE", zone)
    assert main(["prune"]) == 2
    assert f"WATTLINE_TIMEZONE={zone} is not a time zone" in capsys.readouterr().err
    assert len(stamps(folder)) == 40


def test_the_outcome_is_written_down(folder: Folder, parsed: Callable[[str], dict[str, dict[str, float]]]) -> None:
    assert main(few()) == 0
    (line,) = Path(os.environ["WATTLINE_BACKUP_OUTCOME"]).read_text().splitlines()
    point = parsed(line)
    assert point["tags"] == {"kind": "prune"}
    assert point["fields"]["success"] == 1
    assert point["fields"]["sets"] == len(stamps(folder))
    assert point["fields"]["removed_sets"] == 40 - len(stamps(folder))
    assert point["fields"]["freed_bytes"] >= point["fields"]["removed_sets"] * 10_000
    with folder.locked():
        assert main(few()) == 1
    (line,) = Path(os.environ["WATTLINE_BACKUP_OUTCOME"]).read_text().splitlines()
    assert parsed(line)["fields"].keys() == {"success", "duration_s"}
    assert parsed(line)["fields"]["success"] == 0


def test_nothing_is_removed_while_what_restores_need_is_not_known(folder: Folder) -> None:
    before = stamps(folder)
    (folder.path / NAME).write_text("{")
    State(folder.path).note_offsite(before[0], 1.0)
    assert main(few()) == 0
    assert stamps(folder) == before
    (folder.path / DAMAGED).unlink()
    assert main(few()) == 0
    assert len(stamps(folder)) < len(before)


def test_a_removed_set_is_forgotten(folder: Folder) -> None:
    first, second = stamps(folder)[:2]
    for stamp in (first, second):
        State(folder.path).note_verified(stamp, 1.0, "files")
    assert main(few()) == 0
    assert second in stamps(folder)
    assert State(folder.path).of(first).verified_s is None
    assert State(folder.path).of(second).verified_s == 1.0


def test_a_set_that_cannot_be_removed_is_named(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("wattline_backup.sets.shutil.rmtree", fail)
    oldest = stamps(folder)[0]
    assert main(few()) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"wattline-backup: The set {oldest} cannot be removed from {folder.path}: Read-only file system."
    )


@pytest.fixture
def run(folder: Folder, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A run that makes a set without a server; gives what was done, in order."""
    token = tmp_path / "token"
    token.write_text("a-token")
    monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", str(token))
    done: list[str] = []

    class _Run:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def make(self) -> Made:
            done.append("run")
            made: Set = make_set(folder.path, now + HOUR, {1: b"new"})
            return Made(made, 0.1, 1, 0)

    def prune(*words: object) -> pruning.Pruned:
        done.append("prune")
        return pruning.prune(*words)  # type: ignore[arg-type]  # words of any kind

    monkeypatch.setattr(run_command, "Run", _Run)
    monkeypatch.setattr("wattline_backup.commands.prune.prune", prune)
    return done


def test_run_prunes_when_the_set_is_there(
    folder: Folder, run: list[str], now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run"]) == 0
    assert run == ["run"]
    (folder.path / stamp_of(now + HOUR)).rename(folder.path / "20200101T000000Z")
    assert main(["run", "--prune"]) == 0
    assert run == ["run", "run", "prune"]
    assert stamps(folder)[-1] == stamp_of(now + HOUR)
    assert len(stamps(folder)) < 30
    assert "Sets removed: " in capsys.readouterr().out
    kinds = [line.split(" ")[0] for line in Path(os.environ["WATTLINE_BACKUP_OUTCOME"]).read_text().splitlines()]
    assert kinds == ["wattline_backup,kind=run", "wattline_backup,kind=prune"]


def test_a_set_that_was_made_is_told_even_if_nothing_can_be_removed(
    folder: Folder, run: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with folder.locked():
        assert main(["run", "--prune"]) == 1
    output = capsys.readouterr()
    assert output.out.startswith("Set 20")
    assert "Another wattline-backup is at work" in output.err
    lines = Path(os.environ["WATTLINE_BACKUP_OUTCOME"]).read_text().splitlines()
    assert [("kind=run" in line, "success=1" in line) for line in lines] == [(True, True), (False, False)]


def test_run_prints_one_document(folder: Folder, run: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--prune", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["set"] == stamps(folder)[-1]
    assert [each["set"] for each in told["prune"]["sets"] if each["kept"]] == stamps(folder)[::-1]
