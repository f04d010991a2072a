"""Role preflight sees what is in the way, on a machine as on files that tell of one.

| fault | test |
|---|---|
| the user of the port is not seen, or our own Telegraf is taken for a stranger | test_a_stranger_on_the_port_is_named, test_each_held_device_is_told, test_whoever_has_a_device_open_is_seen, test_our_telegraf_is_no_stranger |
| the other side of a pseudo-terminal passes for its user | test_a_terminal_that_nobody_reads_is_free |
| a service on Grafana's or InfluxDB's port is not seen | test_who_listens_is_named, test_an_address_of_its_own_is_free |
| a container of another project is not seen, or ours is taken for one | test_only_foreign_containers_are_strangers, test_a_container_is_told_by_its_name |
| Docker that does not answer passes for one without containers | test_a_docker_that_does_not_answer_is_told_apart |
| packages are installed while others are | test_the_lock_of_dpkg_is_seen |
| a weak supply or a root that forgets is not seen | test_a_weak_supply_is_seen, test_the_last_mount_at_the_root_counts |
"""

import fcntl
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_scripts import script

look = script("preflight", "look")


@pytest.fixture
def terminal() -> Iterator[Path]:
    """A pseudo-terminal, both sides of which are open here."""
    ends = os.openpty()
    yield Path(os.ttyname(ends[1]))
    for end in ends:
        os.close(end)


def cgroup(proc: Path, unit: str) -> None:
    """Let this process be one of a systemd unit's, as far as ``proc`` tells."""
    process = proc / str(os.getppid())
    process.mkdir()
    (process / "cgroup").write_text(f"0::/system.slice/{unit}\n")
    (process / "cmdline").write_bytes(b"wattline\0run\0")


def locked_by_parent(terminal: Path, proc: Path) -> None:
    """Let this process's parent have a lock on ``terminal``, as far as ``proc`` tells."""
    status = terminal.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    (proc / "locks").write_text(f"1: FLOCK  ADVISORY  WRITE {os.getppid()} {place} 0 EOF\n")


def test_a_stranger_on_the_port_is_named(tmp_path: Path, terminal: Path) -> None:
    locked_by_parent(terminal, tmp_path)
    cgroup(tmp_path, "oldlogger.service")
    assert look.strangers_on(terminal, tmp_path) == [f"process {os.getppid()} (wattline run, of oldlogger.service)"]


def test_each_held_device_is_told(tmp_path: Path, terminal: Path) -> None:
    """The adapter's and those of gateways."""
    locked_by_parent(terminal, tmp_path)
    cgroup(tmp_path, "oldlogger.service")
    (told,) = look.held([str(terminal), "/dev/null", "/dev/ttyUSB99"], tmp_path)
    assert told == {"device": str(terminal), "by": f"process {os.getppid()} (wattline run, of oldlogger.service)"}


@pytest.mark.parametrize("unit", ["telegraf.service", "serial-getty@ttyAMA0.service"])
def test_our_telegraf_is_no_stranger(tmp_path: Path, terminal: Path, unit: str) -> None:
    """Nor is the login on the serial port, which role host turns off."""
    locked_by_parent(terminal, tmp_path)
    cgroup(tmp_path, unit)
    assert look.strangers_on(terminal, tmp_path) == []


def test_whoever_has_a_device_open_is_seen() -> None:
    with Path("/dev/zero").open() as device, subprocess.Popen(["sleep", "30"], stdin=device) as stranger:
        assert stranger.pid in look.holders(Path("/dev/zero"))
        stranger.kill()


def test_a_terminal_that_nobody_reads_is_free(terminal: Path) -> None:
    assert look.strangers_on(terminal) == []
    assert look.strangers_on(Path("/dev/ttyUSB99")) == []


def test_who_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for address in (f"127.0.0.1:{port}", f"0.0.0.0:{port}"):
            (found,) = look.taken([address], [])
            assert found["address"] == address
            assert f"process {os.getpid()} (" in found["by"]
    assert look.taken([f"127.0.0.1:{port}"], []) == []


def test_an_address_of_its_own_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert look.taken([f"127.0.0.2:{server.getsockname()[1]}"], []) == []


def test_everywhere_in_version_6_is_everywhere() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        assert look.taken([f"127.0.0.1:{server.getsockname()[1]}"], []) != []


OURS = {
    "Names": "wattline-grafana-1",
    "Labels": "a=b,com.docker.compose.project=wattline",
    "Ports": "0.0.0.0:3000->3000/tcp",
}
FOREIGN = {"Names": "old-grafana", "Labels": "", "Ports": "0.0.0.0:3000->3000/tcp, :::3000->3000/tcp"}


def test_only_foreign_containers_are_strangers() -> None:
    output = "\n".join(json.dumps(container) for container in (OURS, FOREIGN))
    assert look.strange_containers(lambda _: output) == [FOREIGN]
    assert look.strange_containers(lambda _: "") == []


def test_a_docker_that_does_not_answer_is_told_apart() -> None:
    assert look.strange_containers(lambda _: None) is None


def test_a_container_is_told_by_its_name(tmp_path: Path) -> None:
    expected = [{"address": "0.0.0.0:3000", "by": "the container old-grafana"}]
    assert look.taken(["0.0.0.0:3000", "127.0.0.1:8086"], [FOREIGN], tmp_path) == expected


def test_the_lock_of_dpkg_is_seen(tmp_path: Path) -> None:
    lock = tmp_path / "lock-frontend"
    with lock.open("w") as file:
        assert look.lock_holders(lock.stat()) == []
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert look.lock_holders(lock.stat()) == [os.getpid()]


@pytest.mark.parametrize(("alarm", "expected"), [("1\n", True), ("0\n", False)])
def test_a_weak_supply_is_seen(tmp_path: Path, alarm: str, expected: bool) -> None:
    sensor = tmp_path / "sys/class/hwmon/hwmon1"
    sensor.mkdir(parents=True)
    (sensor / "name").write_text("rpi_volt\n")
    (sensor / "in0_lcrit_alarm").write_text(alarm)
    assert look.is_under_voltage(tmp_path) is expected


def test_the_last_mount_at_the_root_counts(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text(
        "/dev/mmcblk0p2 / ext4 ro 0 0\noverlayroot / overlay rw 0 0\nproc /proc proc rw 0 0\n"
    )
    assert look.root_type(tmp_path) == "overlay"
