"""The set-ups of the READMEs by hand, typed as they stand with other folders in the place of / and without sudo.

| fault | test |
|---|---|
| a line fails, or a file that it names is not in the checkout | test_the_command_of_the_pages_is_there_and_has_the_settings |
| the command that the pages call with sudo is not there, or works on other settings than the timers | likewise |
| a second run takes the settings back | test_a_second_run_keeps_the_settings |
| README.md sets a backup up otherwise than backup/README.md | test_both_pages_set_a_backup_up_alike |
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
# What takes the place of a machine's own: they are only called.
CALLED = ("systemctl", "sudoedit")


def block(page: str, title: str) -> str:
    """The first commands below a heading."""
    (below,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", (CHECKOUT / page).read_text(), re.MULTILINE | re.DOTALL)
    return str(re.findall(r"```sh\n(.*?)```", below, re.DOTALL)[0])


class Machine:
    """A machine below a folder, and a checkout on it whose scripts know it for /."""

    def __init__(self, folder: Path) -> None:
        self.root, self.checkout = folder / "root", folder / "checkout"
        for name in ("etc/systemd/system", "etc/default", "usr/local/sbin", "opt/wattline", "bin"):
            (self.root / name).mkdir(parents=True)
        (self.root / "opt/wattline/bin").symlink_to(PROGRAMS)
        for name in ("backup", "cost", "ansible/roles/backup/files", "ansible/roles/cost/files"):
            shutil.copytree(CHECKOUT / name, self.checkout / name)
        for script in self.checkout.glob("ansible/roles/*/files/*"):
            script.write_text(self._moved(script.read_text()))
        for name in CALLED:
            (self.root / "bin" / name).write_text("#!/bin/sh\n")
            (self.root / "bin" / name).chmod(0o755)

    def _moved(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(?=(etc|usr/local|opt|var)/)", f"{self.root}/", text)

    def type(self, commands: str) -> subprocess.CompletedProcess[str]:
        """What comes of them, one after the other until one fails; sudo finds what it would find."""
        own = {"PATH": f"{self.root}/bin:{self.root}/usr/local/sbin:/usr/bin:/bin", "HOME": str(self.root)}
        text = self._moved(commands).replace("sudo ", "")
        return subprocess.run(
            ["sh", "-euc", text], cwd=self.checkout, env=own, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


SET_UPS = {
    "backup": ("backup/README.md", "Set it up"),
    "backup of README.md": ("README.md", "Keep it"),
    "cost": ("cost/README.md", "Set it up"),
}


@pytest.mark.parametrize("set_up", SET_UPS)
def test_the_command_of_the_pages_is_there_and_has_the_settings(machine: Machine, set_up: str) -> None:
    done = machine.type(block(*SET_UPS[set_up]))
    assert (done.returncode, done.stderr) == (0, "")
    program = set_up.split(maxsplit=1)[0]
    units = machine.root / "etc/systemd/system"
    given = (CHECKOUT / program / "systemd").iterdir()
    assert {path.name for path in units.iterdir()} == {path.name for path in given}
    settings = machine.root / f"etc/default/wattline-{program}"
    word, command = {
        "backup": ("WATTLINE_TIMEZONE", "sudo wattline-backup list"),
        "cost": ("WATTLINE_COST_TARIFFS", "sudo wattline-cost bill --month 2026-10"),
    }[program]
    settings.write_text(f"{settings.read_text()}\n{word}=/no/such\n")
    told = machine.type(command)
    assert "/no/such" in told.stdout + told.stderr


@pytest.mark.parametrize("set_up", SET_UPS)
def test_a_second_run_keeps_the_settings(machine: Machine, set_up: str) -> None:
    machine.type(block(*SET_UPS[set_up]))
    settings = machine.root / f"etc/default/wattline-{set_up.split(maxsplit=1)[0]}"
    settings.write_text("# Mine.\n")
    assert machine.type(block(*SET_UPS[set_up])).returncode == 0
    assert settings.read_text() == "# Mine.\n"


def test_both_pages_set_a_backup_up_alike() -> None:
    """README.md has the timer of a journal beside it."""
    more = [line for line in block("README.md", "Keep it").splitlines() if "reconcile" not in line]
    assert more == block("backup/README.md", "Set it up").splitlines()
