"""The role sinks on a booted Pi: a real broker and a real MariaDB on it, a real Telegraf, real systemd.

| fault | test |
|---|---|
| a reading does not arrive, with passwords that have odd characters | test_readings_arrive |
| a password is where others read it | test_no_password_is_to_be_seen |
| the second run changes something, or only looking does | test_a_second_run_changes_nothing |
| ... or starts a sink anew whose server is away | test_the_metering_goes_on_without_the_servers |
| a sink that dies, or whose server is away, stops the metering, or costs readings | test_the_metering_goes_on_without_the_servers |
| a server that is away is not told | likewise |
| a sink that cannot start is behind a green playbook | test_a_sink_that_ends_is_named |
| a changed word does not reach the service | test_a_changed_word_is_taken_up |
| one that is named no more stays, or takes another with it | test_one_sink_goes_and_the_other_stays |
| a switch that is off leaves something | test_the_switch_takes_all_of_it_away |
| what the uninstalling leaves | test_uninstalling_takes_it_away |

The role stack is stood in for: the token is a file, and no InfluxDB listens. The Telegraf of the sink by SQL is that of
tests/servers/build-sinks, since Telegraf's package here has no database's driver.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from pi.house import House, Played
from pi.machine import CHECKOUT, Built, docker
from waiting import until

pytestmark = [pytest.mark.pi, pytest.mark.timeout(900)]

PASSWORD = "pa$word#x \"q' \\ @/:%20"  # noqa: S105 - of servers that live as long as the tests
MYSELF = '[[outputs.file]]\n  files = ["/var/lib/telegraf/lines"]\n  data_format = "influx"\n  flush_interval = "1s"\n'
BROKER = "listener 1883 127.0.0.1\nallow_anonymous false\npassword_file /etc/mosquitto/passwords\n"
OTHER_TELEGRAF = "[Service]\nExecStart=\nExecStart=/usr/local/bin/telegraf-sinks --config /etc/wattline-sinks/%i.conf\n"
KNOBS: dict[str, Any] = {
    "sinks_enabled": True,
    "sinks_mqtt": "mqtt://wattline@127.0.0.1",
    "sinks_mariadb": "mysql://telegraf@127.0.0.1/energychannel",
    "sinks_passwords": {"mqtt": PASSWORD, "mariadb": PASSWORD},
}
LISTEN = ["timeout", "60", "mosquitto_sub", "-h", "127.0.0.1", "-u", "wattline", "-P", PASSWORD, "-q", "1"]
SERVERS = ["mosquitto", "mariadb"]
SINKS = ["wattline-mqtt", "wattline-sink@mariadb"]
# What stays of the household itself, of the secrets that the role stack would have made, and of the data.
NOT_OURS = re.compile(
    r"file (/opt/wattline(/compose(/secrets.*)?)?|/etc/telegraf(/telegraf\.d(/99-mine\.conf)?)?|/var/lib/wattline(/journal.*)?)"
)

# The plugin knows of MQTT whether it is used or not.
OF_A_SINK = re.compile("(?!file /opt/wattline/).*(sink|mqtt|/var/lib/private)")


class Pi(House):
    """A house with a broker and a database, and with what the sinks are to be."""

    def write(self, path: str, text: str, mode: str = "0644") -> None:
        words = ["sh", "-c", f'mkdir -p "${{0%/*}}" && cat >"$0" && chmod {mode} "$0"', path]
        self.machine.run(*words, text=text)

    def wants(self, **knobs: Any) -> None:
        """What its inventory says from now on. Not on the command line, which the playbook may repeat."""
        self.machine.write_inventory(Built().variables() | knobs)

    def bring(self, *words: str) -> Played:
        """Play the parts that concern the sinks."""
        played = self.play("-t", "plugin,telegraf,sinks", *words)
        assert played.ended_well, played.said
        return played

    def own_seconds(self) -> list[int]:
        """Of which there are readings, whatever becomes of the sinks."""
        lines = self.machine.run("cat", "/var/lib/telegraf/lines").splitlines()
        return [int(line.split()[-1]) // 10**9 for line in lines if line.startswith("electricity,")]

    def rows(self) -> list[int]:
        """The seconds of which there are rows."""
        ask = "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', time) FROM electricity ORDER BY time"
        return [int(row) for row in self.machine.run("mariadb", "-N", "energychannel", text=ask).split()]

    def heard(self) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.machine.run(*LISTEN, "-C", "1", "-t", "wattline/house/reading"))
        return message

    def states(self, *units: str) -> list[str]:
        told = self.machine.try_to_run("systemctl", "is-active", *units).stdout
        return told.split()

    def main_pid(self, unit: str) -> str:
        return self.machine.run("systemctl", "show", "-P", "MainPID", unit).strip()


def set_up_servers(pi: Pi) -> None:
    """As a person does it, with the users that README.md tells of."""
    install = "DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends mosquitto mosquitto-clients mariadb-server"
    pi.machine.run("sh", "-c", install, within_s=300)
    pi.write("/etc/mosquitto/conf.d/house.conf", BROKER)
    pi.machine.run("mosquitto_passwd", "-b", "-c", "/etc/mosquitto/passwords", "wattline", PASSWORD)
    pi.machine.run("chown", "mosquitto", "/etc/mosquitto/passwords")
    pi.machine.run("systemctl", "restart", "mosquitto")
    text = PASSWORD.replace("\\", "\\\\").replace("'", "''")
    schema = (CHECKOUT / "telegraf/sinks/mariadb.sql").read_text()
    pi.machine.run("mariadb", text=f"CREATE DATABASE energychannel;\nUSE energychannel;\n{schema}")
    rights = "".join(
        f"GRANT SELECT, INSERT ON {table} TO telegraf@localhost;\n" for table in ("electricity_in", "run_info_in")
    )
    pi.machine.run("mariadb", "energychannel", text=f"CREATE USER telegraf@localhost IDENTIFIED BY '{text}';\n{rights}")


@pytest.fixture(scope="module")
def before() -> set[str]:
    """What was on the Pi before the playbook, once it is there."""
    return set()


@pytest.fixture(scope="module")
def pi(another_house: Callable[[str], House], sinks_server: Callable[[str], str], before: set[str]) -> Pi:
    """One that has its sinks by one run."""
    pi = Pi(another_house("wattline-sinks").machine, Built())
    set_up_servers(pi)
    docker("cp", sinks_server("telegraf-sinks"), f"{pi.machine.name}:/usr/local/bin/telegraf-sinks")
    pi.write("/etc/systemd/system/wattline-sink@.service.d/50-mine.conf", OTHER_TELEGRAF)
    pi.write("/etc/telegraf/telegraf.d/99-mine.conf", MYSELF)
    pi.write("/opt/wattline/compose/secrets/influxdb_telegraf_token", "a-token", "0600")
    before |= pi.machine.traces()
    pi.wants(**KNOBS)
    pi.bring()
    return pi


def test_readings_arrive(pi: Pi) -> None:
    assert pi.heard().keys() >= {"time_s", "power_w", "voltage_v"}
    config = pi.machine.run(*LISTEN, "-C", "1", "-t", "homeassistant/device/wattline_home_house/config")
    assert "power_w" in json.loads(config)["components"]
    until(lambda: len(pi.rows()) > 3, within_s=30, pause_s=0.5)
    assert pi.states(*SINKS) == ["active", "active"]


def test_no_password_is_to_be_seen(pi: Pi) -> None:
    """In no log, no list of processes, and no file but two that are root's; nor by what the first Telegraf could start."""
    word = PASSWORD.partition(" ")[0]
    for unit in SINKS:
        pi.machine.run("systemctl", "kill", "--signal", "KILL", unit)
    said = pi.bring("--diff", "-vvv").said
    pi.heard()
    journal = pi.machine.run("journalctl", "--no-pager")
    processes = pi.machine.run("runuser", "-u", "telegraf", "--", "ps", "axeww")
    assert [text for text in (said, journal, processes) if word in text] == []
    # The broker's own is one that it has hashed.
    files = pi.machine.run(
        "grep", "-rlF", word, "/etc", "/opt/wattline", "/opt/wattline-mqtt", "/run/wattline", "/var/log"
    ).split()
    assert sorted(files) == ["/etc/default/wattline-mqtt", "/etc/default/wattline-sink"]
    assert pi.machine.run("stat", "--format", "%a %U", *files).split("\n")[:2] == ["600 root", "600 root"]


@pytest.mark.parametrize("words", [[], ["--check"]])
def test_a_second_run_changes_nothing(pi: Pi, words: list[str]) -> None:
    until(lambda: pi.states(*SINKS) == ["active", "active"], within_s=30, pause_s=0.5)
    again = pi.bring(*words)
    assert not again.changed, again.changes


def test_the_metering_goes_on_without_the_servers(pi: Pi) -> None:
    """The sinks are killed, and their servers are away for as long as a run of the playbook; every second arrives afterwards."""
    pi.heard()
    began = max(pi.rows())
    pi.machine.run("systemctl", "stop", *SERVERS)
    for unit in SINKS:
        pi.machine.run("systemctl", "kill", "--signal", "KILL", unit)
    starts = pi.machine.run("systemctl", "show", "-P", "MainPID", "telegraf")
    again = pi.bring()
    assert not again.changed, again.changes
    assert "wattline-mqtt runs, and has not reached the broker at 127.0.0.1 yet:" in again.said
    assert pi.machine.run("systemctl", "show", "-P", "MainPID", "telegraf") == starts
    ended = int(time.time())
    until(lambda: max(pi.own_seconds()) >= ended, within_s=30, pause_s=0.5)
    metered = [second for second in pi.own_seconds() if began < second <= ended]
    assert metered == list(range(began + 1, ended + 1))
    pi.machine.run("systemctl", "start", *SERVERS)
    until(lambda: pi.rows()[-1] >= ended, within_s=60, pause_s=0.5)
    missing = set(metered) - set(pi.rows())
    # What the killed one had taken.
    assert len(missing) <= 5
    assert pi.heard()["time_s"] > began


def test_a_sink_that_ends_is_named(pi: Pi) -> None:
    """Somebody else has what it listens on."""
    pi.machine.run("systemctl", "stop", "wattline-mqtt")
    squatter = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8193"]
    pi.machine.run("systemd-run", "--unit", "squatter", *squatter)
    said = pi.bring().said
    pi.machine.run("systemctl", "stop", "squatter")
    assert "has not reached" not in said
    assert "wattline-mqtt does not stay up." in said
    assert "sudo journalctl -u wattline-mqtt -n 20\n" in said
    assert "wattline-sink@mariadb does not" not in said
    until(lambda: pi.states(*SINKS) == ["active", "active"], within_s=30, pause_s=0.5)


def test_a_changed_word_is_taken_up(pi: Pi) -> None:
    """And nothing else is started anew for it."""
    telegraf, mariadb = pi.main_pid("telegraf"), pi.main_pid("wattline-sink@mariadb")
    pi.wants(**KNOBS, sinks_mqtt_prefix="cellar")
    pi.bring()
    message = pi.machine.run(*LISTEN, "-C", "1", "-t", "cellar/house/reading")
    assert json.loads(message)["meter"] == "house"
    assert (pi.main_pid("telegraf"), pi.main_pid("wattline-sink@mariadb")) == (telegraf, mariadb)


def test_one_sink_goes_and_the_other_stays(pi: Pi) -> None:
    pi.wants(**KNOBS | {"sinks_mariadb": ""})
    pi.bring()
    assert pi.states(*SINKS) == ["active", "inactive"]
    left = pi.machine.run("sh", "-c", "ls /etc/wattline-sinks /etc/default/wattline-* /etc/telegraf/telegraf.d")
    assert "mariadb" not in left
    assert "92-sinks.conf" not in left
    assert "93-mqtt.conf" in left
    pi.heard()


def test_the_switch_takes_all_of_it_away(pi: Pi, before: set[str]) -> None:
    """Whatever else still stands in the inventory."""
    pi.wants(**KNOBS | {"sinks_enabled": False})
    pi.bring("--check")
    assert pi.states("wattline-mqtt") == ["active"]
    pi.bring()
    assert pi.states(*SINKS) == ["inactive", "inactive"]
    assert [trace for trace in pi.machine.traces() - before if OF_A_SINK.match(trace)] == []
    seconds = pi.own_seconds()
    until(lambda: max(pi.own_seconds()) > max(seconds), within_s=30, pause_s=0.5)
    assert not pi.bring().changed


def test_uninstalling_takes_it_away(pi: Pi, before: set[str]) -> None:
    pi.wants(**KNOBS)
    pi.bring()
    taken_away = pi.play("-e", "uninstall_data=keep", book="uninstall.yml")
    assert taken_away.ended_well, taken_away.said
    different = sorted(trace for trace in pi.machine.traces() ^ before if not NOT_OURS.fullmatch(trace))
    assert different == []
    again = pi.play("-e", "uninstall_data=keep", book="uninstall.yml")
    assert not again.changed, again.changes
