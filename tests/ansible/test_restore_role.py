"""Role restore: which of Telegraf's files and of the contracts come back, as Ansible tells it on this machine.

| fault | test |
|---|---|
| what the playbook wrote comes back as the household's own, and no later run takes it away | test_the_households_own_files_come_back_alone |
| a file of the household's own does not come back | likewise |
| contracts do not come back, or over those that are here | test_contracts_come_back_where_there_is_none |
| a sign by which the roles tell whose a file is differs from the one that is written | test_what_is_written_has_the_sign_that_is_looked_for |

`tests/pi` restores a whole Pi.
"""

import json
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
