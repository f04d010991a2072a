"""What came of each command, for Telegraf, and what is said of a unit that failed.

| fault | test |
|---|---|
| a line is none, or of another time | test_a_line_is_a_point_of_the_moment_at_which_the_command_ended |
| the newest of one kind drives out that of another | test_each_kind_has_its_newest_line |
| ... where two commands end together | test_commands_that_end_together_lose_no_line |
| a command fails since the outcome cannot be written | test_a_folder_that_is_not_there_costs_a_warning_and_no_more |
| Telegraf, another user, may not read it | test_everybody_may_read_it |
| nobody learns why a unit failed | test_the_last_words_of_a_failed_unit_are_said |
| ... or there is no journal | test_a_unit_without_last_words_is_named_all_the_same |
| a killed command leaves no failure for the alerts | test_the_failure_of_a_killed_command_is_written_down |
| a failure is written down twice | test_a_failure_that_the_command_wrote_down_is_not_written_again |
| a wrong setting, which made the unit fail, keeps that from being said | test_a_wrong_setting_does_not_keep_the_failure_from_being_said |
"""

import logging
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wattline_backup import outcome
from wattline_backup.cli import main

Parsed = Callable[[str], dict[str, Any]]


def test_a_line_is_a_point_of_the_moment_at_which_the_command_ended(tmp_path: Path, parsed: Parsed) -> None:
    file = tmp_path / "outcome.lp"
    outcome.record(file, "run", {"success": 1.0, "duration_s": 2.5}, at_s=1795707351)
    point = parsed(file.read_text().strip())
    assert point == {
        "measurement": "wattline_backup",
        "tags": {"kind": "run"},
        "fields": {"success": 1.0, "duration_s": 2.5},
        "time": 1795707351_000000000,
    }
    assert outcome.ended_s(file, "run") == 1795707351
    before = int(time.time())
    outcome.record(file, "run", {"success": 1.0})
    assert before <= outcome.ended_s(file, "run") <= time.time()


def test_each_kind_has_its_newest_line(tmp_path: Path, parsed: Parsed) -> None:
    file = tmp_path / "outcome.lp"
    for number, kind in enumerate([*outcome.KINDS, *outcome.KINDS], 1):
        outcome.record(file, kind, {"success": float(number % 2)}, at_s=number)
    points = [parsed(line) for line in file.read_text().splitlines()]
    assert [point["tags"]["kind"] for point in points] == list(outcome.KINDS)
    assert [point["time"] // 10**9 for point in points] == [len(outcome.KINDS) + n + 1 for n in range(len(points))]


def _record_often(file: Path, kind: str) -> None:
    for _ in range(50):
        outcome.record(file, kind, {"success": 1.0})


def test_commands_that_end_together_lose_no_line(tmp_path: Path) -> None:
    file = tmp_path / "outcome.lp"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_record_often, args=(file, kind)) for kind in outcome.KINDS]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(file.read_text().splitlines()) == len(outcome.KINDS)


def test_a_folder_that_is_not_there_costs_a_warning_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome.LOG, "propagate", True)
    with caplog.at_level(logging.WARNING):
        outcome.record(tmp_path / "none" / "outcome.lp", "run", {"success": 1.0})
    (said,) = caplog.messages
    assert said.endswith("cannot be written (No such file or directory), so the alerts do not learn of this.")
    outcome.record(None, "run", {"success": 1.0})


def test_everybody_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "outcome.lp"
    outcome.record(file, "run", {"success": 1.0})
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The outcome; beside it a journal that says what it is told to say."""
    monkeypatch.setenv("WATTLINE_BACKUP_OUTCOME", str(tmp_path / "outcome.lp"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("MONITOR_SERVICE_RESULT", "exit-code")
    monkeypatch.setenv("MONITOR_EXIT_STATUS", "1")
    monkeypatch.setenv("MONITOR_INVOCATION_ID", "d3adb33f")
    let_the_journal_say(tmp_path, 'echo "$*" >"$0.asked"; echo "wattline-backup: The token is wrong: mend it."; echo')
    return tmp_path / "outcome.lp"


def let_the_journal_say(folder: Path, script: str) -> None:
    (folder / "journalctl").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "journalctl").chmod(0o755)


def test_the_last_words_of_a_failed_unit_are_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failed", "wattline-backup"]) == 0
    assert capsys.readouterr().out == (
        "wattline-backup failed (exit-code, 1); its last words were: wattline-backup: The token is wrong: mend it.\n"
    )
    assert (file.parent / "journalctl.asked").read_text().split()[-1] == "_SYSTEMD_INVOCATION_ID=d3adb33f"


@pytest.mark.parametrize("script", ["exit 1", ""])
def test_a_unit_without_last_words_is_named_all_the_same(
    file: Path, capsys: pytest.CaptureFixture[str], script: str
) -> None:
    let_the_journal_say(file.parent, script)
    assert main(["failed", "wattline-backup-verify.service"]) == 0
    assert capsys.readouterr().out == (
        "wattline-backup-verify failed (exit-code, 1); `journalctl -u wattline-backup-verify` may tell more.\n"
    )


def test_a_machine_without_a_journal_says_so_too(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(file.parent / "empty"))
    for name in ("SERVICE_RESULT", "EXIT_STATUS", "INVOCATION_ID"):
        monkeypatch.delenv(f"MONITOR_{name}")
    assert main(["failed", "wattline-backup"]) == 0
    assert capsys.readouterr().out == "wattline-backup failed; `journalctl -u wattline-backup` may tell more.\n"


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("wattline-backup", "run"),
        ("wattline-backup-verify", "verify"),
        ("wattline-backup-offsite.service", "offsite"),
        ("wattline-backup-offsite-check", "offsite_check"),
    ],
)
def test_the_failure_of_a_killed_command_is_written_down(file: Path, parsed: Parsed, unit: str, kind: str) -> None:
    outcome.record(file, kind, {"success": 1.0}, at_s=int(time.time()) - 3600)
    assert main(["failed", unit]) == 0
    point = parsed(file.read_text().strip())
    assert (point["tags"], point["fields"]) == ({"kind": kind}, {"success": 0.0})
    assert time.time() - point["time"] / 1e9 < 60


def test_a_failure_that_the_command_wrote_down_is_not_written_again(file: Path) -> None:
    outcome.record(file, "run", {"success": 0.0, "duration_s": 1.0})
    before = file.read_text()
    assert main(["failed", "wattline-backup"]) == 0
    assert file.read_text() == before


def test_a_wrong_setting_does_not_keep_the_failure_from_being_said(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATTLINE_BACKUP_KEEP_DAILY", "many")
    assert main(["failed", "wattline-backup"]) == 2
    assert "The token is wrong" in capsys.readouterr().out
