"""Roles preflight and host on a booted Pi.

| fault | test |
|---|---|
| a part of the role has no effect | test_the_first_run_does_all_of_it |
| the second run changes something | test_the_second_run_changes_nothing |
| a handler that was lost with a run is never made up for | test_a_lost_handler_is_made_up_for |
| a missing adapter, a port in use or a taken address is found out too late, or changes something | test_what_is_in_the_way_is_told_at_once_and_changes_nothing |
| packages that are being installed stop the playbook | test_packages_that_are_being_installed_are_waited_for |
| udev does not take the rule | test_udev_takes_the_rule |
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator

import pytest

from ansible_scripts import ANSIBLE, ROLES
from pi.machine import Built, Machine

pytestmark = [pytest.mark.pi, pytest.mark.timeout(600)]

Play = Callable[..., subprocess.CompletedProcess[str]]

ADAPTER = "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A900WXPC-if00-port0"
# What preflight must not touch: all that can be configured, and what is installed.
SNAPSHOT = "find /etc /boot /opt -type f -exec sha256sum {} + | sort | sha256sum; dpkg-query -W | sha256sum"
# Programs of strangers. Each says that it has got what it takes.
READS_THE_PORT = (
    f"import fcntl, time; f = open('{ADAPTER}'); fcntl.flock(f, 2); print('has it', flush=True); time.sleep(600)"
)
LISTENS = "import socket, time; s = socket.create_server(('', 3000)); print('has it', flush=True); time.sleep(600)"
INSTALLS = "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, 2); print('has it', flush=True); time.sleep(600)"
MATCHES = [
    'ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", ATTRS{serial}=="A???9?x", ENV{ID_USB_INTERFACE_NUM}=="00"',
    'ENV{ID_PATH}=="platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.1:1.0"',
    'KERNEL=="ttyAMA0"',
]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A blank Pi with a simulated adapter."""
    machine = Machine("wattline-test-host")
    machine.up(Built())
    yield machine
    machine.down()


@pytest.fixture
def play(machine: Machine) -> Play:
    """Plays the two roles of the playbook; ``play("-e", "knob=value")``. What it prints is given line by line to ``heard``."""
    program = Built().ansible / "bin/ansible-playbook"

    def play(
        *words: str, tags: str = "preflight,host", heard: Callable[[str], None] = lambda _: None
    ) -> subprocess.CompletedProcess[str]:
        command = [program, "-i", machine.inventory, "site.yml", "-t", tags, *words]
        environment = os.environ | {"ANSIBLE_NOCOLOR": "1"}
        lines = []
        with subprocess.Popen(
            command, cwd=ANSIBLE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                heard(line)
        return subprocess.CompletedProcess(command, process.returncode, "".join(lines), "")

    return play


@pytest.fixture
def stranger(machine: Machine) -> Iterator[Callable[[str], None]]:
    """Starts a program on the Pi that is not wattline's; it ends with the test."""
    started = []

    def start(program: str) -> None:
        process = subprocess.Popen(
            ["docker", "exec", machine.name, "python3", "-c", program], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "has it\n"

    yield start
    machine.try_to_run("pkill", "--full", "python3 -c import")
    for process in started:
        process.communicate(timeout=20)


def changes(done: subprocess.CompletedProcess[str]) -> int:
    """How much a run changed; it went well."""
    assert done.returncode == 0, done.stdout + done.stderr
    (number,) = re.findall(r"changed=(\d+)", done.stdout)
    return int(number)


def test_what_is_in_the_way_is_told_at_once_and_changes_nothing(
    machine: Machine, play: Play, stranger: Callable[[str], None]
) -> None:
    before = machine.run("sh", "-c", SNAPSHOT)
    stranger(READS_THE_PORT)
    stranger(LISTENS)

    told = play("-e", '{"wattline_gateways": [{"port": "socket://x", "meters": ["a=orno-we999@1"]}]}')
    machine.run("systemctl", "stop", "rig-meter")
    told_without = play()
    machine.run("systemctl", "start", "rig-meter")

    assert (told.returncode, told_without.returncode) == (2, 2)
    assert re.search(rf"{ADAPTER} is in use by process \d+ \(python3 -c import fcntl", told.stdout)
    assert re.search(r"0\.0\.0\.0:3000 is taken by process \d+ \(python3 -c import socket", told.stdout)
    assert "wattline_gateways, socket://x: There is no model 'orno-we999'" in told.stdout
    assert "No USB serial adapter is plugged in" in told_without.stdout
    assert machine.run("sh", "-c", SNAPSHOT) == before


def test_packages_that_are_being_installed_are_waited_for(
    machine: Machine, play: Play, stranger: Callable[[str], None]
) -> None:
    stranger(INSTALLS)
    waits = []

    def heard(line: str) -> None:
        if "FAILED - RETRYING" in line:
            waits.append(line)
            machine.try_to_run("pkill", "--full", "lock-frontend")

    done = play(tags="preflight", heard=heard)
    assert len(waits) == 1
    assert changes(done) == 0


def test_the_first_run_does_all_of_it(machine: Machine, play: Play) -> None:
    looked = changes(play("-C"))

    assert changes(play()) >= looked > 0
    words = machine.run("cat", "/boot/firmware/cmdline.txt").splitlines()[0].split()
    assert words.count("cgroup_enable=memory") == 1
    assert any(word.startswith("root=") for word in words)
    assert machine.run("systemctl", "show", "-P", "RuntimeWatchdogUSec").strip() == "1min"
    assert "/var/log/journal/" in machine.run("journalctl", "--header")
    settings = machine.run("systemd-analyze", "cat-config", "systemd/journald.conf").splitlines()
    assert [line for line in settings if line.startswith("SystemMaxUse=")][-1] == "SystemMaxUse=64M"
    assert "zram-size" in machine.run("cat", "/etc/systemd/zram-generator.conf.d/90-wattline.conf")


def test_the_second_run_changes_nothing(play: Play) -> None:
    assert changes(play()) == 0
    assert changes(play("-C")) == 0


def test_a_lost_handler_is_made_up_for(machine: Machine, play: Play) -> None:
    started = machine.run("systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", "systemd-journald")
    machine.run("touch", "/etc/systemd/journald.conf.d/90-wattline.conf")

    assert changes(play()) > 0
    assert machine.run("systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", "systemd-journald") != started
    assert changes(play()) == 0


@pytest.mark.parametrize("matches", MATCHES)
def test_udev_takes_the_rule(machine: Machine, matches: str) -> None:
    template = (ROLES / "host/templates/90-wattline.rules.j2").read_text()
    text = re.sub(r"\{\{ __wattline_adapter.* \}\}", lambda _: matches, re.sub(r"(?m)^\{%.*%\}\n", "", template))
    machine.run("sh", "-c", "cat >/run/90-wattline.rules", text=text)
    assert "Success: 1" in machine.run("udevadm", "verify", "/run/90-wattline.rules")
