"""Minutes, quarter-hours and days of what `wattline-backup reconcile` filled are what they would have been.

| fault | test |
|---|---|
| the rollups of hours that are older than what the tasks look at stay as they were | test_old_hours_are_made_anew |
| ... or the energy of the gap stays behind it | likewise |
| values that were missing in lines that were there are not seen by the tasks | test_hours_that_lacked_one_field_are_made_anew |
| what the tasks see is made anew as well, for a Pi to sweat over | test_what_the_tasks_see_is_left_to_them |
"""

import re
import time
from pathlib import Path

import pytest

from backup.journal_rig import write_journal
from stack.conftest import INFLUXDB, Stack
from stack.test_late_readings import everything, house
from wattline_backup.cli import main
from wattline_backup.reconcile.work import UNDER_WAY_S

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

HOUR_S, DAY_S = 3600, 86_400
NOW = int(time.time()) - UNDER_WAY_S


@pytest.fixture
def reconcile(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs it; gives what it said, and the words with which it called remake."""
    words = tmp_path / "words"
    words.touch()
    (tmp_path / "token").write_text(stack.token)
    influx = Path(stack._influx).parent
    remake = tmp_path / "remake"
    remake.write_text(
        f'#!/bin/sh\necho "$@" >> {words}\nPATH={influx}:$PATH INFLUX_HOST={stack.url} INFLUX_TOKEN={stack.token} '
        f'HOME={tmp_path} WATTLINE_TIMEZONE=Europe/Rome exec {INFLUXDB}/remake --here "$@"\n'
    )
    remake.chmod(0o700)
    environment = {
        "INFLUX_HOST": stack.url,
        "WATTLINE_BACKUP_TOKEN_FILE": tmp_path / "token",
        "WATTLINE_BACKUP_FOLDER": tmp_path / "sets",
        "WATTLINE_BACKUP_JOURNAL": tmp_path / "journal",
        "WATTLINE_BACKUP_REMAKE": remake,
        "WATTLINE_BACKUP_OUTCOME": "",
        "WATTLINE_SITE": "villa",
        "WATTLINE_TIMEZONE": "Europe/Rome",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))

    def run() -> tuple[str, list[str]]:
        assert main(["reconcile"]) == 0
        return capsys.readouterr().out, words.read_text().splitlines()

    return run


def with_site(lines: list[str]) -> list[str]:
    return [re.sub(r"^([^ ]*)", r"\1,site=villa", line) for line in lines]


def keep(tmp_path: Path, lines: list[str], start: int) -> None:
    write_journal(tmp_path / "journal", [f"{line}000000000" for line in lines], began_s=start)


def made_at_once(stack: Stack, lines: list[str], start: int, stop: int) -> dict[str, object]:
    """The rollups of all lines that came in time."""
    stack.empty()
    stack.write(with_site(lines))
    stack.roll_up(start, stop)
    return everything(stack)


def lines_from(start: int, hours: int) -> list[str]:
    return house(start, start + hours * HOUR_S)


def is_in(line: str, start: int, stop: int) -> bool:
    return start <= int(line.rsplit(" ", 1)[1]) < stop


def test_old_hours_are_made_anew(stack: Stack, tmp_path: Path, reconcile) -> None:
    start = (NOW - 60 * HOUR_S) // DAY_S * DAY_S
    lines = lines_from(start, 6)
    keep(tmp_path, lines, start)
    gap = start + HOUR_S, start + 3 * HOUR_S
    stack.write(with_site([line for line in lines if not is_in(line, *gap)]))
    stack.roll_up(start, start + 6 * HOUR_S)
    late = everything(stack)
    said, words = reconcile()
    assert "are there now" in said
    assert len(words) == 1, words
    found = everything(stack)
    assert found != late
    assert found == made_at_once(stack, lines, start, start + 6 * HOUR_S)


def test_hours_that_lacked_one_field_are_made_anew(stack: Stack, tmp_path: Path, reconcile) -> None:
    start = (NOW - 12 * HOUR_S) // HOUR_S * HOUR_S
    lines = lines_from(start, 4)
    keep(tmp_path, lines, start)
    gap = start + HOUR_S + 600, start + HOUR_S + 1200
    less = [re.sub(r"power_w=[^,]*,", "", line) if is_in(line, *gap) else line for line in lines]
    stack.write(with_site(less))
    stack.roll_up(start, start + 4 * HOUR_S)
    _, words = reconcile()
    assert len(words) == 1, words
    assert everything(stack) == made_at_once(stack, lines, start, start + 4 * HOUR_S)


def test_what_the_tasks_see_is_left_to_them(stack: Stack, tmp_path: Path, reconcile) -> None:
    start = (NOW - 12 * HOUR_S) // HOUR_S * HOUR_S
    lines = lines_from(start, 4)
    keep(tmp_path, lines, start)
    stack.write(with_site([line for line in lines if not is_in(line, start + HOUR_S, start + 2 * HOUR_S)]))
    said, words = reconcile()
    assert "are there now" in said
    assert words == []
