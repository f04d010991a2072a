"""Role host tells from the running system what only a restart brings about.

| fault | test |
|---|---|
| a machine that has everything is restarted, or asked to be | test_a_machine_that_has_everything_waits_for_nothing |
| what was asked for since the start is not told | test_what_was_asked_for_since_the_start_is_told |
| a machine that a restart does not help is restarted at each run | test_what_a_start_did_not_bring_is_no_reason_for_another, test_a_kernel_that_refuses_is_told_apart |
| swap on the card is not seen behind compressed memory | test_a_file_behind_zram_is_on_the_card |
| a UART that is Bluetooth's, or a login's, passes for the meters' | test_whose_the_uart_is |
"""

import os
from pathlib import Path

import pytest

from ansible_scripts import script

state = script("host", "state")

STARTED = 1_700_000_000


class Files:
    """A machine as files tell of it; at first one that has everything."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/stat", f"cpu 1 2 3\nbtime {STARTED}\n")
        self.write("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
        self.write("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0")
        self.write("proc/cmdline", "console=tty1 root=PARTUUID=1-2 cgroup_enable=memory")
        self.write("proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 905000 0 100\n")
        self.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
        self.write("sys/block/zram0/backing_dev", "none\n")
        for name in (state.COMMAND_LINE, state.BOOT_CONFIGURATION, state.SWAP_CONFIGURATION):
            self.write(name, "", STARTED - 1000)
        self.write("dev/ttyAMA0", "")
        (root / "dev/serial0").symlink_to("ttyAMA0")

    def write(self, name: str, text: str, written_at: int = STARTED - 1) -> None:
        """Make or replace a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (written_at, written_at))

    def lack_everything(self) -> None:
        """Take away all that a restart can bring."""
        self.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
        self.write("sys/block/zram0/backing_dev", "/dev/loop0\n")
        self.write("proc/cmdline", "console=serial0,115200 console=tty1 root=PARTUUID=1-2")

    def reasons(self, device: str = "/dev/ttyAMA0") -> list[str]:
        """What it waits for."""
        return list(state.waits_for_a_restart(state.Machine(self.root), device))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A machine that has everything."""
    return Files(tmp_path)


def test_a_machine_that_has_everything_waits_for_nothing(files: Files) -> None:
    assert files.reasons() == []


def test_what_was_asked_for_since_the_start_is_told(files: Files) -> None:
    files.lack_everything()
    for name in (state.COMMAND_LINE, state.BOOT_CONFIGURATION, state.SWAP_CONFIGURATION):
        files.write(name, "", STARTED + 60)
    assert files.reasons() == [
        "only then Docker's memory limits hold",
        "only then nothing is swapped to the card",
        "only then /dev/ttyAMA0 is the meters' alone",
    ]
    assert len(files.reasons("/dev/serial/by-id/usb-FTDI")) == 2


def test_what_a_start_did_not_bring_is_no_reason_for_another(files: Files) -> None:
    files.lack_everything()
    assert files.reasons() == []


def test_a_kernel_that_refuses_is_told_apart(files: Files) -> None:
    assert not state.Machine(files.root).memory_cgroup_is_refused
    files.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
    assert state.Machine(files.root).memory_cgroup_is_refused


@pytest.mark.parametrize(
    ("swaps", "behind", "on_card"),
    [
        ("/dev/zram0 partition 1 0 100", "none", False),
        ("/dev/zram0 partition 1 0 100", "/dev/loop0", True),
        ("/var/swap file 1 0 -2", "", True),
        ("", "", False),
    ],
    ids=["zram", "zram with a file behind it", "a file", "none"],
)
def test_a_file_behind_zram_is_on_the_card(files: Files, swaps: str, behind: str, on_card: bool) -> None:
    files.write("proc/swaps", f"Filename Type Size Used Priority\n{swaps}\n")
    files.write("sys/block/zram0/backing_dev", f"{behind}\n")
    assert state.Machine(files.root).swaps_on_card is on_card


@pytest.mark.parametrize(
    ("chip", "serial0", "command_line", "is_ready"),
    [
        ("brcm,bcm2711", "ttyAMA0", "console=tty1", True),
        ("brcm,bcm2711", "ttyS0", "console=tty1", False),
        ("brcm,bcm2711", "ttyAMA0", "console=ttyAMA0,115200 console=tty1", False),
        ("brcm,bcm2712", "ttyAMA10", "console=tty1", True),
        ("brcm,bcm2712", "ttyAMA10", "console=serial0,115200 console=tty1", False),
    ],
)
def test_whose_the_uart_is(files: Files, chip: str, serial0: str, command_line: str, is_ready: bool) -> None:
    files.write("proc/device-tree/compatible", chip)
    files.write("proc/cmdline", command_line)
    files.write(f"dev/{serial0}", "")
    (files.root / "dev/serial0").unlink()
    (files.root / "dev/serial0").symlink_to(serial0)
    assert state.Machine(files.root).uart_is_ready("/dev/ttyAMA0") is is_ready
