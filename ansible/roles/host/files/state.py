#!/usr/bin/env python3
"""Tell how this machine stands to what role host wants of it; changes nothing.

Ansible runs it on the Pi: ``state.py DEVICE``. It prints JSON. What only a restart brings about is told by what the
running system does, not by what a playbook remembers, and only where the files that ask for it are newer than the start.
"""

import argparse
import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

COMMAND_LINE = "boot/firmware/cmdline.txt"
BOOT_CONFIGURATION = "boot/firmware/config.txt"
JOURNAL_SETTINGS = "etc/systemd/journald.conf.d/90-wattline.conf"
SWAP_CONFIGURATION = "etc/rpi/swap.conf.d/90-wattline.conf"
CONSOLES = re.compile(r"console=(?:serial0|ttyAMA\d+|ttyS\d+)\b")


class Machine:
    """A machine, as its files tell.

    Args:
        root: the folder that ``proc``, ``sys``, ``boot`` and ``etc`` are in.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def text(self, name: str) -> str:
        """What a file holds; nothing where there is none."""
        try:
            return (self._root / name).read_text(errors="replace").strip("\0\n ")
        except OSError:
            return ""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self._root / name).exists()

    def target(self, name: str) -> str:
        """The name of what a link leads to; empty where it leads nowhere."""
        link = self._root / name
        return link.resolve().name if link.exists() else ""

    @property
    def started_at(self) -> int:
        """When it was started, in seconds since 1970."""
        found = re.search(r"^btime (\d+)$", self.text("proc/stat"), re.MULTILINE)
        return int(found[1]) if found else 0

    def asks_since_the_start(self, names: Iterable[str]) -> bool:
        """Whether one of the files was written since the start, so that the next one may bring what it asks for."""
        return any(self.is_newer(name, self.started_at) for name in names)

    def is_newer(self, name: str, moment_s: int) -> bool:
        """Whether there is such a file, written in a later second."""
        return self.has(name) and int((self._root / name).stat().st_mtime) > moment_s

    @property
    def is_raspberry_pi(self) -> bool:
        """Whether it is one, of whatever kind."""
        return "Raspberry Pi" in self.text("proc/device-tree/model")

    @property
    def is_raspberry_pi_5(self) -> bool:
        """Whether its chip is that of the Pi 5, whose serial ports have other names."""
        return "brcm,bcm2712" in self.text("proc/device-tree/compatible")

    @property
    def has_memory_cgroup(self) -> bool:
        """Whether memory limits hold. /proc/cgroups does not tell, from Linux 6.12 on."""
        return "memory" in self.text("sys/fs/cgroup/cgroup.controllers").split()

    @property
    def memory_cgroup_is_refused(self) -> bool:
        """Whether the kernel was asked for it, and has it not."""
        return not self.has_memory_cgroup and "cgroup_enable=memory" in self.text("proc/cmdline").split()

    @property
    def swaps_on_card(self) -> bool:
        """Whether memory is written to the card: by a file or partition, or by what lies behind zram."""
        swaps = [line.split()[0] for line in self.text("proc/swaps").splitlines()[1:]]
        is_behind = self.text("sys/block/zram0/backing_dev") not in {"", "none"}
        return is_behind or any(not Path(swap).name.startswith("zram") for swap in swaps)

    def uart_is_ready(self, device: str) -> bool:
        """Whether the Pi's own UART is the meters' alone."""
        name = Path(device).name
        is_shared = CONSOLES.search(self.text("proc/cmdline")) is not None
        is_bluetooths = not self.is_raspberry_pi_5 and self.has("dev/serial0") and self.target("dev/serial0") != name
        return self.has(f"dev/{name}") and not is_shared and not is_bluetooths


def waits_for_a_restart(machine: Machine, device: str) -> list[str]:
    """What is asked for and comes with the next start, as ends of a sentence that asks for it."""
    reasons = []
    if not machine.has_memory_cgroup and machine.asks_since_the_start([COMMAND_LINE]):
        reasons.append("only then Docker's memory limits hold")
    if machine.swaps_on_card and machine.asks_since_the_start([SWAP_CONFIGURATION]):
        reasons.append("only then nothing is swapped to the card")
    boot_files = [COMMAND_LINE, BOOT_CONFIGURATION]
    is_uart = device.startswith("/dev/ttyAMA") and machine.is_raspberry_pi
    if is_uart and not machine.uart_is_ready(device) and machine.asks_since_the_start(boot_files):
        reasons.append(f"only then {device} is the meters' alone")
    return reasons


def property_of(name: str, *unit: str) -> str:
    """What systemd says of a unit, or of itself; a time is ``@SECONDS``."""
    command = ["systemctl", "show", f"--property={name}", "--value", "--timestamp=unix", *unit]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def journal_waits(machine: Machine) -> bool:
    """Whether the journal runs with other settings than ours, which are there."""
    started_at = property_of("ActiveEnterTimestamp", "systemd-journald.service").lstrip("@")
    return started_at.isdigit() and machine.is_newer(JOURNAL_SETTINGS, int(started_at))


def main() -> None:
    """Print how the machine stands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", nargs="?", default="")
    parser.add_argument("--root", type=Path, default=Path("/"))
    arguments = parser.parse_args()
    machine = Machine(arguments.root)
    state = {
        "restart_reasons": waits_for_a_restart(machine, arguments.device),
        "is_raspberry_pi": machine.is_raspberry_pi,
        "is_raspberry_pi_5": machine.is_raspberry_pi_5,
        "has_memory_cgroup": machine.has_memory_cgroup,
        "has_command_line": machine.has(COMMAND_LINE),
        "memory_cgroup_is_refused": machine.memory_cgroup_is_refused,
        "has_rpi_swap": machine.has("etc/rpi/swap.conf"),
        "has_dphys_swapfile": machine.has("usr/sbin/dphys-swapfile"),
        "has_zram_tools": machine.has("usr/sbin/zramswap"),
        "has_watchdog": machine.has("sys/class/watchdog/watchdog0"),
        "watchdog_is_off": property_of("RuntimeWatchdogUSec") in {"", "0", "infinity"},
        "journal_waits": journal_waits(machine),
    }
    print(json.dumps(state))


if __name__ == "__main__":
    main()
