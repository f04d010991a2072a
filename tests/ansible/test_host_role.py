"""Role host without a Pi: its texts and its edit of the kernel's command line, as Ansible makes them.

| fault | test |
|---|---|
| the command line loses a word, gets a second line, or the word twice | test_the_word_is_added_once_and_nothing_else_changes |
| the line from before is gone | test_the_line_from_before_is_kept |
| a command line that is none is made worse | test_a_command_line_that_is_none_is_left_alone |
| the second run changes something | test_the_second_run_changes_nothing |
| the rule does not give the name, the group, or the latency | test_the_rule_gives_name_group_and_latency; whether udev takes it is asked on the booted Pi |
"""

from pathlib import Path
from typing import Any

import pytest

from ansible_scripts import ROLES, play

WORD = "cgroup_enable=memory"
SHIPPED = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootfstype=ext4 fsck.repair=yes rootwait"
# As files of real Pis are, and what they have to be afterwards.
COMMAND_LINES = {
    "shipped": (f"{SHIPPED}\n", f"{SHIPPED} {WORD}\n"),
    "no-end-of-line": (SHIPPED, f"{SHIPPED} {WORD}\n"),
    "crlf": (f"{SHIPPED}\r\n", f"{SHIPPED} {WORD}\n"),
    "trailing-spaces": (f"{SHIPPED}  \t \n", f"{SHIPPED} {WORD}\n"),
    "another-controller": (f"{SHIPPED} cgroup_enable=memory_x\n", f"{SHIPPED} cgroup_enable=memory_x {WORD}\n"),
    "there": (f"{SHIPPED} {WORD} quiet\n", f"{SHIPPED} {WORD} quiet\n"),
}
NO_COMMAND_LINES = {
    "empty": "",
    "two-lines": f"{SHIPPED}\nquiet\n",
    "no-root": "console=tty1 quiet\n",
    "only-like-root": "console=tty1 nfsroot=1\n",
}
ADD_THE_WORD = {
    "block": [{"ansible.builtin.include_role": {"name": "host", "tasks_from": "memory_cgroup", "public": False}}],
    "rescue": [{"ansible.builtin.debug": {"msg": "refused"}}],
    # What holds for the tasks that are included has to be more than the role's own.
    "vars": {"__host_state": {"has_command_line": True}},
}


def pis(folder: Path, command_lines: dict[str, str]) -> dict[str, dict[str, Any]]:
    """A machine's folder for each of the command lines."""
    for name, text in command_lines.items():
        boot = folder / name / "boot/firmware"
        boot.mkdir(parents=True)
        (boot / "cmdline.txt").write_bytes(text.encode())
    return {name: {"place": f"{folder}/{name}/"} for name in command_lines}


def add_the_word(folder: Path, hosts: dict[str, dict[str, Any]]) -> str:
    """Play the tasks that ask for the memory cgroup."""
    return play(folder, [ADD_THE_WORD], hosts, "-e", "__host_root={{ place }}")


def lines_of(folder: Path) -> dict[str, str]:
    return {file.parents[2].name: file.read_bytes().decode() for file in folder.glob("*/boot/firmware/cmdline.txt")}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of machines whose command line was edited."""
    folder = tmp_path_factory.mktemp("edited")
    add_the_word(folder, pis(folder, {name: before for name, (before, _) in COMMAND_LINES.items()}))
    return folder


@pytest.mark.timeout(120)
def test_the_word_is_added_once_and_nothing_else_changes(edited: Path) -> None:
    assert lines_of(edited) == {name: after for name, (_, after) in COMMAND_LINES.items()}


@pytest.mark.timeout(120)
def test_the_line_from_before_is_kept(edited: Path) -> None:
    kept = {file.parents[2].name: file.read_bytes().decode() for file in edited.glob("*/boot/firmware/cmdline.txt.*")}
    assert kept == {name: before for name, (before, _) in COMMAND_LINES.items() if name != "there"}


@pytest.mark.timeout(120)
def test_the_second_run_changes_nothing(edited: Path) -> None:
    hosts = {name: {"place": f"{edited}/{name}/"} for name in COMMAND_LINES}
    said = add_the_word(edited, hosts)
    assert said.count("changed=0") == len(hosts)
    assert said.count("rescued=0") == len(hosts)
    assert lines_of(edited) == {name: after for name, (_, after) in COMMAND_LINES.items()}


@pytest.mark.timeout(120)
def test_a_command_line_that_is_none_is_left_alone(tmp_path: Path) -> None:
    said = add_the_word(tmp_path, pis(tmp_path, NO_COMMAND_LINES))
    assert lines_of(tmp_path) == NO_COMMAND_LINES
    assert said.count("rescued=1") == len(NO_COMMAND_LINES)
    assert "must be one line with the word root=" in said


FTDI = {"matches": ['ATTRS{idVendor}=="0403"', 'ATTRS{serial}=="A900WXPC"'], "driver": "ftdi_sio"}
CH340 = {"matches": ['ENV{ID_PATH}=="platform-usb-0:1-1.1:1.0"'], "driver": "ch341-uart"}
UART = {"matches": ['KERNEL=="ttyAMA0"'], "driver": ""}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The rules that are written for an adapter of each kind."""
    folder = tmp_path_factory.mktemp("rules")
    template = f"{{{{ lookup('ansible.builtin.template', '{ROLES}/host/templates/90-wattline.rules.j2') }}}}"
    task = {"ansible.builtin.copy": {"content": template, "dest": f"{folder}/{{{{ inventory_hostname }}}}.rules"}}
    adapters = {"ftdi": FTDI, "ch340": CH340, "uart": UART}
    play(folder, [task], {name: {"__wattline_adapter": adapter} for name, adapter in adapters.items()})
    return {name: folder / f"{name}.rules" for name in adapters}


@pytest.mark.timeout(120)
def test_the_rule_gives_name_group_and_latency(rules: dict[str, Path]) -> None:
    lines = {name: [line for line in path.read_text().splitlines() if line[:1] != "#"] for name, path in rules.items()}
    given = 'SYMLINK+="ttyRS485", GROUP="dialout", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"'
    latency = 'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"'
    assert lines == {
        "ftdi": [f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="0403", ATTRS{{serial}}=="A900WXPC", {given}', latency],
        "ch340": [f'SUBSYSTEM=="tty", ENV{{ID_PATH}}=="platform-usb-0:1-1.1:1.0", {given}'],
        "uart": [f'SUBSYSTEM=="tty", KERNEL=="ttyAMA0", {given}'],
    }
