"""What is metered is kept on the Pi beside InfluxDB, which is brought what it lacks.

| fault | test |
|---|---|
| no journal is kept, or others may read it | test_what_is_metered_is_kept_for_telegraf_alone |
| nobody looks for what InfluxDB lacks | test_what_influxdb_lacks_is_looked_for |
| ... or may not, as the service, within its limits | likewise |
| readings that Telegraf held when it was killed are lost | test_what_telegraf_held_comes_as_soon_as_influxdb_is_back |
| ... or those that the plugin had not written down yet | likewise |
| ... or come a quarter of an hour after InfluxDB is back | likewise |
| minutes of hours that are long over are not made anew by the service | test_minutes_that_are_long_over_are_made_anew |
| a journal that is not wanted is kept, or looked for each quarter of an hour in vain | test_the_journal_goes_with_its_knob |
"""

import re
import time
from pathlib import Path

import pytest

import waiting
from pi.house import House

pytestmark = [pytest.mark.pi, pytest.mark.timeout(900)]

JOURNAL = "/var/lib/wattline/journal"
UNIT, TIMER = "wattline-backup-reconcile.service", "wattline-backup-reconcile.timer"
DATABASE = "wattline-influxdb-1"
HOUR_S, DAY_S = 3600, 86_400
# As many seconds are to be with the plugin alone when Telegraf is killed; a record holds ten.
HELD_BY_THE_PLUGIN_S = 3
UNDER_WAY_S = 120
# Half an hour of a port that is no more, three days ago.
OLD_JOURNAL = """
import sys
from pathlib import Path
from wattline.journal import notes
from wattline.journal.files import folder_name
from wattline.journal.limits import Limits
from wattline.journal.writer import Writer

start, port = int(sys.argv[1]), "/dev/ttyOLD"
began = notes.began("0.1.0", {"at": start}, port, {"house": 1}, 1)
writer = Writer(Path(sys.argv[2]) / folder_name(port), lambda: began, Limits(days=100), lambda: None)
for first in range(start, start + 1800, 100):
    writer.commit([f"electricity,meter=house,role=grid voltage_v=230 {second}000000000" for second in range(first, first + 100)])
writer.close()
"""


def show(house: House, name: str, unit: str) -> str:
    return house.machine.run("systemctl", "show", "--value", "--property", name, unit).strip()


def kept(house: House) -> set[int]:
    """The seconds that the journal has readings of."""
    told = house.machine.run("/opt/wattline/bin/wattline", "journal", JOURNAL)
    return {int(second) for second in re.findall(r"^electricity,.* (\d+)0{9}$", told, re.MULTILINE)}


def test_what_is_metered_is_kept_for_telegraf_alone(house: House) -> None:
    house.wait_for_reading(time.time() - 20)
    modes = house.machine.run("sh", "-c", f"stat --format '%U %a' {JOURNAL} {JOURNAL}/* {JOURNAL}/*/*").splitlines()
    assert set(modes) == {"telegraf 700", "telegraf 600"}
    assert time.time() - max(kept(house)) < 30
    told = house.machine.try_to_run("runuser", "-u", "pi", "--", "ls", JOURNAL)
    assert told.returncode != 0


def test_what_influxdb_lacks_is_looked_for(house: House) -> None:
    assert show(house, "ActiveState", TIMER) == "active"
    assert show(house, "UnitFileState", TIMER) == "enabled"

    house.machine.run("systemctl", "start", UNIT)

    assert show(house, "Result", UNIT) == "success"
    assert "kind=reconcile" in house.machine.run("cat", "/var/lib/wattline-backup/outcome.lp")
    waiting.until(lambda: "none is missing" in completeness(house), UNDER_WAY_S + 60, pause_s=5)


def completeness(house: House) -> str:
    """What is said of this month, once it was counted."""
    house.machine.run("systemctl", "start", UNIT)
    return " ".join(house.machine.run("wattline-backup", "completeness").split())


def test_what_telegraf_held_comes_as_soon_as_influxdb_is_back(house: House) -> None:
    """The service that the timer starts is begun while InfluxDB is away, and waits for it."""
    house.wait_for_reading(time.time())
    house.machine.run("docker", "stop", DATABASE)
    away = time.time()
    telegraf, plugin = show(house, "MainPID", "telegraf.service"), str(house.plugin())
    waiting.until(lambda: time.time() > max(away + 30, max(kept(house)) + HELD_BY_THE_PLUGIN_S), 60, pause_s=0.5)
    killed = time.time()
    # One that is awake may be quicker than systemd, which kills it where it does not ask it to end.
    house.machine.run("kill", "-STOP", plugin)
    house.machine.run("kill", "-KILL", telegraf)
    waiting.until(lambda: time.time() > killed + UNDER_WAY_S + 5, UNDER_WAY_S + 20)
    # All but the one that was under way.
    metered = set(range(int(away) + 1, int(killed)))
    assert metered <= kept(house)

    house.machine.run("systemctl", "start", "--no-block", UNIT)
    waiting.until(lambda: "is waited for" in house.machine.run("journalctl", "-u", UNIT, "-n", "3"), 30)
    assert show(house, "ActiveState", UNIT) == "activating"
    house.machine.run("docker", "start", DATABASE)

    waiting.until(lambda: show(house, "ActiveState", UNIT) != "activating", 60, pause_s=0.5)
    assert show(house, "Result", UNIT) == "success"
    assert metered <= set(house.seconds(away, killed))
    house.wait_for_reading(time.time())


def test_minutes_that_are_long_over_are_made_anew(house: House) -> None:
    start = int(time.time()) // HOUR_S * HOUR_S - 3 * DAY_S
    place = Path(house.machine.run("readlink", "--canonicalize", "/opt/wattline/bin/wattline").strip())
    house.machine.run(str(place.with_name("python")), "-", str(start), JOURNAL, text=OLD_JOURNAL)

    house.machine.run("systemctl", "start", UNIT)

    flux = f'from(bucket: "energy_1m") |> range(start: {start}, stop: {start + 1800}) |> keep(columns: ["_time"])'
    told = house.machine.run("sh", "-c", f"cd /opt/wattline/compose && ./influx query --raw '{flux}'")
    assert len(set(re.findall(r"T\d\d:\d\d:00Z", told))) == 30
    house.machine.run("rm", "--recursive", f"{JOURNAL}/+dev+ttyOLD")


def test_the_journal_goes_with_its_knob(house: House) -> None:
    off = house.play("--tags", "telegraf,backup", wattline_journal=False)
    assert off.ended_well, off.said
    assert show(house, "ActiveState", TIMER) == "inactive"
    assert show(house, "UnitFileState", TIMER) == "disabled"
    house.wait_for_reading(time.time())
    assert "--journal" not in house.command_line()

    on = house.play("--tags", "telegraf,backup")
    assert on.ended_well, on.said
    assert show(house, "ActiveState", TIMER) == "active"
    house.wait_for_reading(time.time())
    assert f"--journal {JOURNAL}" in house.command_line()
