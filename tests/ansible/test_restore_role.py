"""Role restore: which of Telegraf's files and of the contracts come back, as Ansible tells it on this machine.

| fault | test |
|---|---|
| what the playbook wrote comes back as the household's own, and no later run takes it away | test_the_households_own_files_come_back_alone |
| a file of the household's own does not come back | likewise |
| what was metered after the set stays lost, or is not in the next one | test_what_came_after_the_set_is_brought_where_there_is_a_journal, test_the_set_of_what_came_back_has_what_the_journal_brought |
| ... or a trouble with it ends the restore, or is not told | likewise |
| contracts do not come back, or over those that are here | test_contracts_come_back_where_there_is_none |
| a sign by which the roles tell whose a file is differs from the one that is written | test_what_is_written_has_the_sign_that_is_looked_for |

`tests/pi` restores a whole Pi.
"""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from ansible_scripts import ROLES, play

pytestmark = pytest.mark.timeout(120)

HEAD: str = yaml.safe_load((ROLES / "telegraf/vars/main.yml").read_text())["__telegraf_owner"]
OF_THE_PLAYBOOK = ["10-meters", "20-host", "92-sinks", "93-mqtt", "95-heartbeat"]


def test_the_households_own_files_come_back_alone(tmp_path: Path) -> None:
    """One that is called as ours was written by hand then, and means a set-up that is no more."""
    here = tmp_path / "here"
    here.mkdir()
    folder = Path(f"{tmp_path}/set/house{here}")
    folder.mkdir(parents=True)
    for name in OF_THE_PLAYBOOK:
        (folder / f"{name}.conf").write_text("[[inputs.mem]]\n" if name == "92-sinks" else HEAD)
    (folder / "94-older.conf").write_text(f"\n{HEAD}")
    (folder / "50-mine.conf").write_text("## What wattline's playbook does not write.\n[[inputs.mem]]\n")
    tasks = [{"ansible.builtin.include_role": {"name": "restore", "tasks_from": "telegraf"}}]

    extra = {"__restore_folder": str(tmp_path), "__restore_name": "set", "__restore_telegraf_folder": str(here)}

    said = play(tmp_path, tasks, {"pi": {}}, "--check", f"-e{json.dumps(extra)}")

    assert set(re.findall(r"item=\S*/([\w-]+)\.conf", said)) == {"50-mine"}


def test_contracts_come_back_where_there_is_none(tmp_path: Path) -> None:
    here = tmp_path / "here"
    folder = Path(f"{tmp_path}/set/house{here}")
    folder.mkdir(parents=True)
    for name in ("house", "solar"):
        (folder / f"{name}.toml").write_text("of the set")
    here.mkdir()
    (here / "house.toml").write_text("newer")
    tasks = [{"ansible.builtin.include_role": {"name": "restore", "tasks_from": "contracts"}}]
    extra = {"__restore_folder": str(tmp_path), "__restore_name": "set", "__restore_tariffs": str(here)}

    play(tmp_path, tasks, {"pi": {}}, f"-e{json.dumps(extra)}")

    assert {path.name: path.read_text() for path in here.iterdir()} == {
        "house.toml": "newer",
        "solar.toml": "of the set",
    }


@pytest.mark.parametrize("tasks", ["restore/tasks/telegraf.yml", "uninstall/tasks/files.yml"])
def test_what_is_written_has_the_sign_that_is_looked_for(tasks: str) -> None:
    (sign,) = [
        task["ansible.builtin.find"]["contains"]
        for task in yaml.safe_load((ROLES / tasks).read_text())
        if "contains" in task.get("ansible.builtin.find", {})
    ]
    assert re.match(sign, HEAD)
    assert all("__telegraf_owner" in path.read_text() for path in (ROLES / "telegraf/templates").glob("[129]*.conf.j2"))


def stand_in(folder: Path, *, timer: str, result: str) -> Path:
    """A systemctl that tells of that timer and of what came of the service; gives the file of what it was asked."""
    asked, program = folder / "asked", folder / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$*" >>{asked}\ncase $1 in\n    is-active) echo {timer} ;;\n'
        f"    show) printf '%s\\n' ActiveState=inactive Result={result} ;;\nesac\n"
    )
    (folder / "journalctl").write_text("#!/bin/sh\necho what it said last\n")
    for name in ("systemctl", "journalctl"):
        (folder / name).chmod(0o755)
    return asked


@pytest.mark.parametrize(
    ("timer", "result", "is_started", "is_told"),
    [
        ("active", "success", True, False),
        ("active", "exit-code", True, True),
        ("inactive", "success", False, False),
    ],
)
def test_what_came_after_the_set_is_brought_where_there_is_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timer: str, result: str, *, is_started: bool, is_told: bool
) -> None:
    """A failure is told, and what comes after it is done."""
    asked = stand_in(tmp_path, timer=timer, result=result)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    tasks = [{"ansible.builtin.include_role": {"name": "restore", "tasks_from": "reconcile"}}]

    said = " ".join(play(tmp_path, tasks, {"pi": {}}).split())

    assert ("start --no-block wattline-backup-reconcile.service" in asked.read_text()) == is_started
    assert ("is not in InfluxDB yet; it is in /var/lib/wattline/journal" in said) == is_told
    assert ("what it said last" in said) == is_told


def test_the_set_of_what_came_back_has_what_the_journal_brought() -> None:
    last = yaml.safe_load((ROLES.parent / "restore.yml").read_text())[-1]
    assert [task["ansible.builtin.include_role"]["tasks_from"] for task in last["tasks"]] == ["reconcile", "save"]
