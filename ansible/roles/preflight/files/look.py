#!/usr/bin/env python3
"""See what stands in wattline's way on this machine; changes nothing.

Ansible runs it on the Pi as root: ``look.py [--device PATH ...] [--tcp ADDRESS:PORT ...] [--file PATH ...]``. It prints JSON.
"""

import argparse
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PROC = Path("/proc")
# Character device majors of the far side of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt).
PSEUDO_TERMINALS = range(136, 144)
OUR_PROJECT = "com.docker.compose.project=wattline"
# Packages that cannot stay beside those of the other provider.
DOCKER_PACKAGES = {
    "docker": ("docker-ce", "docker-compose-plugin"),
    "debian": ("docker.io", "docker-compose", "podman-docker"),
}
LISTENS = "0A"
EVERYWHERE = {"0.0.0.0", "::", "*"}  # noqa: S104, compared with and not listened on


# Who has a file, a device or a lock.


def lock_holders(status: os.stat_result, proc: Path = PROC) -> list[int]:
    """The processes with a lock on a file, by /proc/locks: ``1: FLOCK ADVISORY WRITE pid major:minor:inode ...``."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    lines = [line.split() for line in _text(proc / "locks").splitlines()]
    return [int(words[4]) for words in lines if len(words) > 5 and words[5] == place and int(words[4]) > 0]


def descriptors(proc: Path = PROC) -> Iterator[tuple[int, Path]]:
    """What every process has open, as (pid, descriptor)."""
    for process in proc.glob("[0-9]*"):
        try:
            yield from ((int(process.name), descriptor) for descriptor in (process / "fd").iterdir())
        except OSError:
            # It has ended.
            continue


def holders(device: Path, proc: Path = PROC) -> list[int]:
    """The processes that have a device open; of a pseudo-terminal those with a lock, as its maker has it open too."""
    status = device.stat()
    pids = lock_holders(status, proc)
    if stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) not in PSEUDO_TERMINALS:
        pids += [pid for pid, descriptor in descriptors(proc) if _is_on(descriptor, status.st_rdev)]
    return sorted(set(pids) - {os.getpid()})


def _is_on(descriptor: Path, device: int) -> bool:
    try:
        status = descriptor.stat()
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == device


def unit_of(pid: int, proc: Path = PROC) -> str:
    """The systemd unit that a process belongs to; empty if to none."""
    units = re.findall(r"([^/\n]+\.service)", _text(proc / str(pid) / "cgroup"))
    return units[-1] if units else ""


def called(pid: int, proc: Path = PROC) -> str:
    """A process as it is told to a person."""
    command = _text(proc / str(pid) / "cmdline").replace("\0", " ").strip()
    unit = unit_of(pid, proc)
    return f"process {pid} ({command or 'its command is hidden'}{', of ' + unit if unit else ''})"


def held(devices: Sequence[str], proc: Path = PROC) -> list[dict[str, str]]:
    """Which of the meters' devices somebody else has, and who."""
    who = {device: strangers_on(Path(device), proc) for device in devices}
    return [{"device": device, "by": " and ".join(strangers)} for device, strangers in who.items() if strangers]


def strangers_on(device: Path, proc: Path = PROC) -> list[str]:
    """Who has a device of the meters', Telegraf with our plugin and a login that is going to be turned off apart."""
    if not device.exists():
        return []
    ours = ("telegraf.service", "serial-getty@")
    return [called(pid, proc) for pid in holders(device, proc) if not unit_of(pid, proc).startswith(ours)]


# Who listens.


def listeners(proc: Path = PROC) -> Iterator[tuple[str, int, str]]:
    """(address, port, inode) of every TCP socket that listens."""
    for name in ("net/tcp", "net/tcp6"):
        for line in _text(proc / name).splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENS:
                address, _, port = words[1].partition(":")
                yield _address(address), int(port, 16), words[9]


def _address(digits: str) -> str:
    """The kernel's hexadecimal words, each with its last byte first; a version 6 address only as far as it matters."""
    if len(digits) == 8:
        return ".".join(str(byte) for byte in bytes.fromhex(digits)[::-1])
    if digits == "0" * 32:
        return "::"
    is_mapped = digits.startswith("0000000000000000FFFF0000")
    return _address(digits[24:]) if is_mapped else digits


def collide(one: str, other: str) -> bool:
    """Whether two addresses cannot both be listened on with one port."""
    return one == other or one in EVERYWHERE or other in EVERYWHERE


def taken(wanted: Sequence[str], containers: Sequence[dict[str, str]], proc: Path = PROC) -> list[dict[str, str]]:
    """Which of the addresses are somebody else's, and whose."""
    result = []
    listening = list(listeners(proc))
    for address_and_port in wanted:
        address, _, port = address_and_port.rpartition(":")
        inodes = {
            f"socket:[{inode}]" for at, number, inode in listening if number == int(port) and collide(at, address)
        }
        pids = {pid for pid, descriptor in descriptors(proc) if inodes and _target(descriptor) in inodes}
        # Docker's own listener stands for a container, which is told by its name.
        who = [called(pid, proc) for pid in sorted(pids) if "docker-proxy" not in called(pid, proc)]
        who += [
            f"the container {container['Names']}" for container in containers if _publishes(container, address, port)
        ]
        if who:
            result.append({"address": address_and_port, "by": " and ".join(who)})
    return result


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _publishes(container: dict[str, str], address: str, port: str) -> bool:
    published = re.findall(r"(\S+):(\d+)->", container.get("Ports", ""))
    return any(number == port and collide(at.strip("[]"), address) for at, number in published)


# Docker, packages, power.


def strange_containers(run: Callable[[Sequence[str]], str | None]) -> list[dict[str, str]] | None:
    """The containers that are not wattline's, as ``docker ps`` tells of them; None where Docker does not answer."""
    output = run(["docker", "ps", "--all", "--no-trunc", "--format", "{{json .}}"])
    if output is None:
        return None
    containers = [json.loads(line) for line in output.splitlines() if line.strip()]
    return [container for container in containers if OUR_PROJECT not in container.get("Labels", "").split(",")]


def output_of(command: Sequence[str]) -> str | None:
    """What a command prints; None where it is not there, fails, or takes longer than half a minute."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def installed(packages: Sequence[str], run: Callable[[Sequence[str]], str | None]) -> list[str]:
    """Those of the packages that are installed."""
    form = "${db:Status-Status}"
    return [
        package for package in packages if run(["dpkg-query", "--show", f"--showformat={form}", package]) == "installed"
    ]


def is_under_voltage(root: Path) -> bool:
    """Whether the Pi says that its supply is too weak."""
    sensors = (root / "sys/class/hwmon").glob("hwmon*")
    return any(_text(s / "name") == "rpi_volt" and _text(s / "in0_lcrit_alarm") == "1" for s in sensors)


def root_type(proc: Path = PROC) -> str:
    """The kind of file system at /."""
    mounts = [line.split() for line in _text(proc / "mounts").splitlines()]
    return next((words[2] for words in reversed(mounts) if words[1] == "/"), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def seen(
    devices: Sequence[str],
    tcp: Sequence[str],
    files: Sequence[str] = (),
    lock: Path = Path("/var/lib/dpkg/lock-frontend"),
) -> dict[str, object]:
    """All of it, ready for JSON."""
    containers = strange_containers(output_of)
    dpkg = lock_holders(lock.stat()) if lock.exists() else []
    return {
        "architecture": (output_of(["dpkg", "--print-architecture"]) or "").strip(),
        "is_overlay": root_type() == "overlay" or "overlayroot=" in _text(PROC / "cmdline"),
        "free_mb": shutil.disk_usage("/").free // 1_000_000,
        "has_wattline": Path("/opt/wattline/bin/wattline").exists(),
        "missing_files": [file for file in files if not Path(file).exists()],
        "held": held(devices),
        "taken": taken(tcp, containers or []),
        "docker_answers": containers is not None,
        "docker_packages": {provider: installed(names, output_of) for provider, names in DOCKER_PACKAGES.items()},
        "strange_containers": [container["Names"] for container in containers or []],
        "dpkg_holders": [called(pid) for pid in dpkg],
        "dpkg_is_broken": bool((output_of(["dpkg", "--audit"]) or "").strip()),
        "is_under_voltage": is_under_voltage(Path("/")),
        "grabbers": [name for name in ("brltty",) if shutil.which(name)],
    }


def main() -> None:
    """Print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", action="append", default=[])
    parser.add_argument("--tcp", action="append", default=[])
    parser.add_argument("--file", action="append", default=[])
    arguments = parser.parse_args()
    print(json.dumps(seen(arguments.device, arguments.tcp, arguments.file)))


if __name__ == "__main__":
    main()
