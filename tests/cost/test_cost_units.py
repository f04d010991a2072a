"""The units of systemd, judged by systemd, and the file of their environment.

| fault | test |
|---|---|
| a word of a unit is misspelt, or one that systemd does not know | test_systemd_finds_no_fault_with_a_unit |
| the unit may do more than it needs, or what is open has no reason beside it | test_the_service_is_closed_as_far_as_it_can_be |
| it runs for ever, takes the Pi's memory, or makes a sample wait | test_the_service_is_bounded_and_gives_way |
| it calls a command that there is not | test_the_service_calls_a_command_that_there_is |
| the timer is due before the rollups are made, or at another pace | test_the_timer_is_due_behind_the_rollups |
| a word is read that the example does not tell, or told that nobody reads | test_the_example_tells_the_words_that_are_read |
| what the example says of a word that is not set is not what holds then | test_a_default_of_the_example_is_what_holds |
| it may not write where it has to | test_the_service_may_write_what_it_remembers |
"""

import configparser
import re
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from systemd_units import Ask, analyzer, unit_in
from wattline_cost.cli import COST
from wattline_cost.settings import Settings, settings

CHECKOUT = Path(__file__).parents[2]
UNITS = CHECKOUT / "cost" / "systemd"
EXAMPLE = (CHECKOUT / "cost" / "wattline-cost.example").read_text()
SERVICE, TIMER = "wattline-cost.service", "wattline-cost.timer"
PROGRAM = "/opt/wattline/bin/wattline-cost"
# As for those of the backup, where the sum stands.
EXPOSURE_LIMIT, MEMORY_LIMIT_MB = 20, 288


@pytest.fixture
def analyze(tmp_path: Path) -> Ask:
    return analyzer(UNITS, PROGRAM, tmp_path / "units")


def unit(name: str) -> configparser.ConfigParser:
    return unit_in(UNITS / name)


@pytest.mark.parametrize("name", [SERVICE, TIMER])
def test_systemd_finds_no_fault_with_a_unit(analyze: Ask, name: str) -> None:
    """It ends with 0 even for a word that it does not know, so it may say nothing."""
    result = analyze("verify", "--man=no", f"./{name}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_service_is_closed_as_far_as_it_can_be(analyze: Ask) -> None:
    result = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}", "--no-pager", f"./{SERVICE}")
    assert result.returncode == 0, result.stdout
    said = " ".join(line for line in (UNITS / SERVICE).read_text().splitlines() if line.startswith("#"))
    service = unit(SERVICE)["Service"]
    opened = ["User=root", service["CapabilityBoundingSet"], "ProtectHome=read-only", "IPAddressAllow="]
    assert [word for word in opened if word not in said] == []


def test_the_service_is_bounded_and_gives_way() -> None:
    service = unit(SERVICE)["Service"]
    assert service["Type"] == "oneshot"
    assert re.fullmatch(r"\d+(min|h)", service["TimeoutStartSec"])
    assert int(service["MemoryMax"].removesuffix("M")) <= MEMORY_LIMIT_MB
    assert int(service["Nice"]) >= 10
    assert service["IOSchedulingClass"] == "idle"
    assert max(int(service["CPUWeight"]), int(service["IOWeight"])) <= 20, "100 is usual"


def test_the_service_calls_a_command_that_there_is() -> None:
    program, command, *words = unit(SERVICE)["Service"]["ExecStart"].split()
    assert program == PROGRAM
    COST.parser_of(command).parse(words)


def test_the_service_may_write_what_it_remembers() -> None:
    service = unit(SERVICE)["Service"]
    assert settings({}).state == Path(f"/var/lib/{service['StateDirectory']}")


def test_the_timer_is_due_behind_the_rollups(analyze: Ask) -> None:
    """The slowest of them is made a minute behind the quarter; each quarter of an hour, made up for once if it was missed."""
    timer = unit(TIMER)["Timer"]
    assert (timer["Persistent"], timer["FixedRandomDelay"]) == ("yes", "yes")
    assert unit(TIMER)["Install"]["WantedBy"] == "timers.target"
    result = analyze("calendar", "--iterations=8", "--base-time=2027-03-20 12:00:00 UTC", timer["OnCalendar"])
    assert result.returncode == 0, result.stderr
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", result.stdout)
    moments = [datetime.fromisoformat(time) for time in found]
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(minutes=15)}
    behind_min = {moment.minute % 15 for moment in moments}
    delay_min = int(timer["RandomizedDelaySec"].removesuffix("min"))
    assert min(behind_min) >= 2
    assert max(behind_min) + delay_min < 10


class _Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]  # only what is asked here
        self.names.add(key)
        return default


def test_the_example_tells_the_words_that_are_read() -> None:
    asked = _Asked()
    settings(asked)
    named = {
        word
        for path in (CHECKOUT / "cost" / "wattline_cost").rglob("*.py")
        for word in re.findall(r"\bWATTLINE_[A-Z_]*[A-Z]\b(?!\{)", path.read_text())
    }
    assert set(re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE)) == asked.names | named


def test_a_default_of_the_example_is_what_holds() -> None:
    defaults = dict(re.findall(r"^#([A-Z][A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    for each in fields(Settings):
        assert getattr(settings(defaults), each.name) == getattr(settings({}), each.name), each.name
