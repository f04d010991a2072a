"""The units of systemd, judged by systemd, and the file of their environment.

| fault | test |
|---|---|
| a word of a unit is misspelt, or one that systemd does not know | test_systemd_finds_no_fault_with_a_unit |
| a time of a timer is none, or another | test_a_timer_is_due_as_often_as_it_says |
| a unit may do more than it needs | test_a_unit_is_closed_as_far_as_it_can_be |
| what is open has no reason beside it | test_what_is_open_has_its_reason_beside_it |
| what waits for InfluxDB is still at it when its timer is due, and that time is left out | test_who_waits_for_influxdb_has_ended_before_it_is_due_again |
| a hung command runs for ever, one that wants too much takes the Pi with it | test_a_unit_is_bounded_in_time_and_memory |
| a backup makes a sample wait | test_a_unit_gives_way_to_the_metering |
| a failure is nobody's business | test_a_failure_calls_the_unit_that_tells_of_it |
| a unit calls a command that there is not | test_a_unit_calls_a_command_that_there_is |
| a missed hour stays missed, all houses come at once | test_a_missed_time_is_made_up_for_and_none_is_that_of_all |
| the outcome is not where Telegraf looks, or may not be read there | test_the_outcome_is_where_telegraf_reads_it |
| a word is read that the example does not tell, or told that nobody reads | test_the_example_tells_the_words_that_are_read |
| what the example says of a word that is not set is not what holds then | test_a_default_of_the_example_is_what_holds |
| a secret is put into the environment | test_no_word_of_the_example_holds_a_secret |
"""

import configparser
import re
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from systemd_units import Ask, analyzer, unit_in
from wattline.keys import seconds_of
from wattline_backup.cli import BACKUP
from wattline_backup.settings import Settings, settings

CHECKOUT = Path(__file__).parents[2]
UNITS = CHECKOUT / "backup" / "systemd"
EXAMPLE = (CHECKOUT / "backup" / "wattline-backup.example").read_text()
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
TIMERS = sorted(path.name for path in UNITS.glob("*.timer"))
PROGRAM = "/opt/wattline/bin/wattline-backup"
# Ten times systemd's exposure. Root costs 0.4, the network 0.5, its addresses 0.2 and its sockets 0.4, other people's files
# 0.3, a root folder, users and devices of its own, which they cannot have, 0.4: nothing is open but what is needed.
EXPOSURE_LIMIT = 20
# InfluxDB and Grafana may take 672 MB of a Pi's 1 GB, the system and Telegraf take some 200.
MEMORY_LIMIT_MB = 288


@pytest.fixture
def analyze(tmp_path: Path) -> Ask:
    return analyzer(UNITS, PROGRAM, tmp_path / "units")


def unit(name: str) -> configparser.ConfigParser:
    return unit_in(UNITS / name)


def test_there_are_a_service_and_a_timer_of_each_kind() -> None:
    kinds = [
        "wattline-backup",
        "wattline-backup-offsite",
        "wattline-backup-offsite-check",
        "wattline-backup-reconcile",
        "wattline-backup-verify",
        "wattline-backup-verify-whole",
    ]
    assert sorted(SERVICES) == sorted([*(f"{kind}.service" for kind in kinds), "wattline-backup-failed@.service"])
    assert sorted(TIMERS) == sorted(f"{kind}.timer" for kind in kinds)


@pytest.mark.parametrize("name", [*SERVICES, *TIMERS])
def test_systemd_finds_no_fault_with_a_unit(analyze: Ask, name: str) -> None:
    """It ends with 0 even for a word that it does not know, so it may say nothing."""
    result = analyze("verify", "--man=no", f"./{name}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_fault_would_be_found(analyze: Ask, tmp_path: Path) -> None:
    path = tmp_path / "units" / "wattline-backup.service"
    path.write_text(path.read_text().replace("ProtectClock", "ProtectTheClock"))
    assert "ProtectTheClock" in analyze("verify", "--man=no", "./wattline-backup.service").stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_is_closed_as_far_as_it_can_be(analyze: Ask, name: str) -> None:
    result = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}", "--no-pager", f"./{name}")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_open_has_its_reason_beside_it(name: str) -> None:
    """In the unit, or in that of the backup, to which the others refer."""
    text = (UNITS / name).read_text() + (UNITS / "wattline-backup.service").read_text()
    words = " ".join(line for line in text.splitlines() if line.startswith("#"))
    service = unit(name)["Service"]
    opened = ["User=root", *service["CapabilityBoundingSet"].split(), *re.findall(r"/mnt|/media", str(dict(service)))]
    opened += ["ProtectHome=read-only"] if service["ProtectHome"] != "yes" else []
    opened += ["IPAddressAllow="] if "IPAddressAllow" in service else []
    opened += ["no IPAddressDeny="] if "IPAddressDeny" not in service else []
    assert [word for word in opened if word not in words] == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_is_bounded_in_time_and_memory(name: str) -> None:
    service = unit(name)["Service"]
    assert service["Type"] == "oneshot"
    assert re.fullmatch(r"\d+(min|h)", service["TimeoutStartSec"])
    assert int(service["MemoryMax"].removesuffix("M")) <= MEMORY_LIMIT_MB


@pytest.mark.parametrize("name", [name for name in SERVICES if "@" not in name])
def test_a_unit_gives_way_to_the_metering(name: str) -> None:
    service = unit(name)["Service"]
    assert int(service["Nice"]) >= 10
    assert service["IOSchedulingClass"] == "idle"
    assert max(int(service["CPUWeight"]), int(service["IOWeight"])) <= 20, "100 is usual"


@pytest.mark.parametrize("name", [name for name in SERVICES if "@" not in name])
def test_a_failure_calls_the_unit_that_tells_of_it(name: str) -> None:
    assert unit(name)["Unit"]["OnFailure"] == "wattline-backup-failed@%N.service"
    assert "OnFailure" not in unit("wattline-backup-failed@.service")["Unit"], "it would call itself"


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_calls_a_command_that_there_is(name: str) -> None:
    """With words that it takes."""
    for line in re.findall(r"^ExecStart=(.*)$", (UNITS / name).read_text(), re.MULTILINE):
        program, command, *words = line.split()
        assert program == PROGRAM
        assert command in BACKUP.commands
        BACKUP.parser_of(command).parse([word.replace("%i", "wattline-backup") for word in words])


def test_who_waits_for_influxdb_has_ended_before_it_is_due_again() -> None:
    """systemd starts nothing that runs still; and it may be late by the accuracy of the timer."""
    service, timer = (
        unit("wattline-backup-reconcile.service")["Service"],
        unit("wattline-backup-reconcile.timer")["Timer"],
    )
    parsed = BACKUP.parser_of("reconcile").parse(service["ExecStart"].split()[2:])
    late_s = seconds_of(timer["AccuracySec"].removesuffix("in"))
    assert 10 * 60 < parsed.wait < 15 * 60 - late_s
    assert service["TimeoutStartSec"] == "6h"


@pytest.mark.parametrize("name", TIMERS)
def test_a_missed_time_is_made_up_for_and_none_is_that_of_all(name: str) -> None:
    timer = unit(name)["Timer"]
    assert (timer["Persistent"], timer["FixedRandomDelay"]) == ("yes", "yes")
    assert re.fullmatch(r"\d+(min|h)", timer["RandomizedDelaySec"])
    assert unit(name)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("wattline-backup.timer", 1),
        ("wattline-backup-reconcile.timer", 0.25),
        ("wattline-backup-offsite.timer", 24),
        ("wattline-backup-offsite-check.timer", 7 * 24),
        ("wattline-backup-verify.timer", 7 * 24),
    ],
)
def test_a_timer_is_due_as_often_as_it_says(analyze: Ask, name: str, hours: float) -> None:
    """In UTC; elsewhere two days of the year are of 23 and 25 hours."""
    due = unit(name)["Timer"]["OnCalendar"]
    result = analyze("calendar", "--iterations=60", "--base-time=2027-03-20 12:00:00 UTC", due)
    assert result.returncode == 0, result.stderr
    times = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ ([\d-]+ [\d:]+) UTC", result.stdout)
    moments = [datetime.fromisoformat(time) for time in times]
    assert len(moments) == 60
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(hours=hours)}


def words_of(text: str, *, also_defaults: bool) -> dict[str, str]:
    """The words that a file for systemd sets; also those that it tells as defaults."""
    return dict(re.findall(rf"^{'#?' if also_defaults else ''}([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


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
        for path in (CHECKOUT / "backup" / "wattline_backup").rglob("*.py")
        for word in re.findall(r"\bWATTLINE_[A-Z_]*[A-Z]\b(?!\{)", path.read_text())
    }
    read = asked.names | named
    assert set(words_of(EXAMPLE, also_defaults=True)) == read


def test_a_default_of_the_example_is_what_holds() -> None:
    defaults = dict(re.findall(r"^#([A-Z][A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert set(defaults) == set(words_of(EXAMPLE, also_defaults=True)), "each word has a line that tells it"
    for each in fields(Settings):
        assert getattr(settings(defaults), each.name) == getattr(settings({}), each.name), each.name


def test_no_word_of_the_example_holds_a_secret() -> None:
    for name in words_of(EXAMPLE, also_defaults=True):
        assert not re.search(r"(TOKEN|PASSWORD|SECRET|KEY)$", name), f"{name}: secrets come from files"
    for value in words_of(EXAMPLE, also_defaults=False).values():
        assert value.startswith("/"), "what is set is where something is"


def test_the_outcome_is_where_telegraf_reads_it() -> None:
    outcome = Path(words_of(EXAMPLE, also_defaults=False)["WATTLINE_BACKUP_OUTCOME"])
    assert f'"{outcome}"' in (CHECKOUT / "telegraf" / "telegraf.d" / "30-backup.conf").read_text()
    for name in SERVICES:
        service = unit(name)["Service"]
        assert f"/var/lib/{service['StateDirectory']}" == str(outcome.parent)
        assert service["StateDirectoryMode"] == "0755"
