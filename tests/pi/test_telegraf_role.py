"""The role telegraf on a booted Pi, with real systemd and a real Telegraf.

| fault | test |
|---|---|
| what the check approves, the service refuses, or the other way round | test_readings_arrive_with_what_was_put_in_place |
| Telegraf cannot measure within its limits | test_telegraf_measures_within_its_limits |
| the token is in the environment | test_the_token_is_a_credential_and_in_no_environment |
| the second run changes something | test_the_second_run_changes_nothing |
| a broken file of the user's stops the metering, or nobody is told which it is | test_a_broken_file_is_named_and_telegraf_runs_on |
| an edit by hand is lost, or one of the user's files touched | test_an_edit_by_hand_is_shown_and_kept |
| a heartbeat that is not wanted any more is still called, what it called is told | test_a_heartbeat_comes_and_goes |
| a restart that got lost is never made up for | test_a_restart_that_got_lost_is_made_up_for |
| a plugin, or Telegraf, that hangs is not started anew | test_what_hangs_is_back_within_a_minute |

The roles plugin and stack are stood in for: the plugin is run from the checkout, the token is a file, and no database listens.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pi.machine import CHECKOUT, Built, Machine

pytestmark = [pytest.mark.pi, pytest.mark.timeout(900)]

ANSIBLE = CHECKOUT / "ansible"
TOKEN = "a-token-that-nobody-else-knows"  # noqa: S105
WATTLINE = """#!/usr/bin/python3
import sys
sys.dont_write_bytecode = True
sys.path[:0] = ["/rig/plugin", "/rig/site"]
from wattline.cli import main
sys.exit(main())
"""
# A file of the user's. Without a database it shows what Telegraf has.
MINE = '[[outputs.file]]\n  files = ["/var/lib/telegraf/lines"]\n  data_format = "influx"\n  flush_interval = "1s"\n'
BLOCK = "/opt/wattline/versions/a/bin/wattline"


class Pi:
    """A machine on which nothing but the role telegraf is played."""

    def __init__(self, machine: Machine, built: Built, folder: Path) -> None:
        self.machine, self._folder = machine, folder
        self._ansible = built.ansible / "bin" / "ansible-playbook"
        self._knobs = built.variables() | {"wattline_meters": ["house=orno-we515@1"], "wattline_port": "/dev/ttyRS485"}
        # Which preflight finds out.
        self._knobs["sinks_wanted"] = []
        (folder / "play.json").write_text(json.dumps([{"hosts": "all", "become": True, "roles": ["telegraf"]}]))

    def bring(self, path: str, text: str, mode: str = "0644") -> None:
        words = ["sh", "-c", f'mkdir -p "${{0%/*}}" && cat >"$0" && chmod {mode} "$0"', path]
        self.machine.run(*words, text=text)

    def play(self, *words: str, **knobs: Any) -> subprocess.CompletedProcess[str]:
        command = [self._ansible, "-i", self.machine.inventory, "-e", f"@{ANSIBLE}/group_vars/all.yml"]
        command += ["-e", json.dumps(self._knobs | knobs), *words, self._folder / "play.json"]
        # The configuration of the folder counts, with its paths.
        return subprocess.run(command, cwd=ANSIBLE, capture_output=True, text=True, check=False, timeout=800)

    def show(self, name: str) -> str:
        return self.machine.run("systemctl", "show", "--value", "--property", name, "telegraf.service").strip()

    def lines(self) -> list[str]:
        return self.machine.run("cat", "/var/lib/telegraf/lines").splitlines()

    def seconds(self) -> list[int]:
        """Of which there are readings."""
        return [int(line.split()[-1]) // 10**9 for line in self.lines() if line.startswith("electricity,")]

    def wait_for(self, what: Callable[[], bool], within_s: float) -> float:
        """The seconds that it took."""
        started = time.monotonic()
        while not what():
            assert time.monotonic() - started < within_s, self.machine.run("journalctl", "-u", "telegraf", "-n", "40")
            time.sleep(0.5)
        return time.monotonic() - started


def recap(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", result.stdout.split("PLAY RECAP")[1])}


def succeeded(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert result.returncode == 0, result.stdout + result.stderr
    return recap(result)


@pytest.fixture(scope="module")
def pi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pi]:
    """One on which the role was played once."""
    machine, built = Machine("wattline-telegraf"), Built()
    machine.up(built)
    try:
        blank = Pi(machine, built, tmp_path_factory.mktemp("play"))
        blank.bring(BLOCK, WATTLINE, "0755")
        machine.run("sh", "-c", f"mkdir -p /opt/wattline/bin && ln -sfn {BLOCK} /opt/wattline/bin/wattline")
        blank.bring("/opt/wattline/compose/secrets/influxdb_telegraf_token", TOKEN, "0600")
        blank.bring("/etc/telegraf/telegraf.d/99-mine.conf", MINE)
        succeeded(blank.play())
        yield blank
    finally:
        machine.down()


def test_readings_arrive_with_what_was_put_in_place(pi: Pi) -> None:
    pi.wait_for(lambda: len(pi.seconds()) > 3, within_s=30)
    pi.wait_for(lambda: "1 of 1 meters answer" in pi.show("StatusText"), within_s=30)


def test_telegraf_measures_within_its_limits(pi: Pi) -> None:
    """What the hardening could take from it; the network's interfaces, the processes and the memory are read in several ways."""
    wanted = {"cpu", "mem", "net", "processes", "swap", "system", "internal_write", "wattline_meter", "electricity"}
    pi.wait_for(lambda: wanted <= {re.split("[, ]", line)[0] for line in pi.lines()}, within_s=90)
    log = pi.machine.run("journalctl", "-u", "telegraf", "-o", "cat", "--no-pager")
    complaints = [line for line in re.findall(" E! (.*)", log) if "127.0.0.1:8086" not in line]
    assert [line for line in complaints if "permitted" in line or "denied" in line] == []


def test_the_token_is_a_credential_and_in_no_environment(pi: Pi) -> None:
    pids = pi.machine.run("pgrep", "--uid", "telegraf").split()
    assert len(pids) >= 2
    for pid in pids:
        environment = pi.machine.run("cat", f"/proc/{pid}/environ")
        assert "CREDENTIALS_DIRECTORY=" in environment
        assert TOKEN not in environment
    assert pi.machine.run("grep", "-rlF", TOKEN, "/etc", "/opt").split() == [
        "/opt/wattline/compose/secrets/influxdb_telegraf_token"
    ]


@pytest.mark.parametrize("words", [[], ["--check"]])
def test_the_second_run_changes_nothing(pi: Pi, words: list[str]) -> None:
    assert succeeded(pi.play(*words))["changed"] == 0


def test_a_broken_file_is_named_and_telegraf_runs_on(pi: Pi) -> None:
    broken, pid = "/etc/telegraf/telegraf.d/98-broken.conf", pi.show("MainPID")
    pi.bring(broken, '[[outputs.file]]\n  fles = ["x"]\n')
    try:
        result = pi.play(wattline_meters=["house=orno-we515@1", "cellar=orno-we515@2"])
    finally:
        pi.machine.run("rm", broken)
    assert (result.returncode, pi.show("MainPID")) == (2, pid)
    assert broken in result.stdout
    assert "fles" in result.stdout
    assert "cellar=" not in pi.machine.run("cat", "/etc/telegraf/telegraf.d/10-meters.conf")


def test_an_edit_by_hand_is_shown_and_kept(pi: Pi) -> None:
    meters, mine = "/etc/telegraf/telegraf.d/10-meters.conf", "/etc/telegraf/telegraf.d/99-mine.conf"
    edited = pi.machine.run("cat", meters) + "# by hand\n"
    before = pi.machine.run("stat", "--format", "%Y %Z", mine)
    pi.bring(meters, edited)
    result = pi.play()
    succeeded(result)
    assert "+# by hand" in result.stdout
    kept = pi.machine.run("sh", "-c", f"ls {meters}.edited-*").split()
    assert [pi.machine.run("cat", path) for path in kept] == [edited]
    assert "by hand\n" not in pi.machine.run("tail", "-n", "1", meters)
    assert pi.machine.run("stat", "--format", "%Y %Z", mine) == before
    assert succeeded(pi.play())["changed"] == 0


def test_a_heartbeat_comes_and_goes(pi: Pi) -> None:
    url, file = "http://127.0.0.1:9/secret-of-the-house", "/etc/wattline/telegraf-heartbeat"
    result = pi.play("--diff", "-vvv", telegraf_heartbeat_url=url)
    succeeded(result)
    # What was said on the command line is said again by -vvv, as no vault's would be.
    assert url not in re.sub(r"extra_vars.*", "", result.stdout.split("TASK", 1)[1])
    assert pi.machine.run("stat", "--format", "%a %U", file) == "600 root\n"
    pi.machine.run("ls", "/etc/telegraf/telegraf.d/95-heartbeat.conf")
    succeeded(pi.play())
    assert pi.machine.try_to_run("ls", "/etc/telegraf/telegraf.d/95-heartbeat.conf", file).returncode == 2


def test_a_restart_that_got_lost_is_made_up_for(pi: Pi) -> None:
    """The run before changed a file and died; this one finds nothing to change but the service."""
    pid = pi.show("MainPID")
    pi.machine.run("touch", "/opt/wattline/compose/secrets/influxdb_telegraf_token")
    succeeded(pi.play())
    assert pi.show("MainPID") != pid
    assert succeeded(pi.play())["changed"] == 0


@pytest.mark.parametrize("hung", ["the plugin", "Telegraf"])
def test_what_hangs_is_back_within_a_minute(pi: Pi, hung: str) -> None:
    plugin = pi.machine.run("pgrep", "--oldest", "-f", "wattline run").strip()
    pi.wait_for(lambda: "meters answer" in pi.show("StatusText"), within_s=30)
    pi.machine.run("kill", "-STOP", plugin if hung == "the plugin" else pi.show("MainPID"))
    stopped_at = max(pi.seconds())
    took_s = pi.wait_for(lambda: plugin not in pi.machine.run("sh", "-c", "pgrep -f 'wattline run' || :").split(), 60)
    took_s += pi.wait_for(lambda: max(pi.seconds()) > stopped_at + took_s, within_s=60 - took_s)
    assert took_s < 60
