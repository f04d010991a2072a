"""The roles without a machine: their scripts as modules, their tasks and texts as Ansible on this machine plays them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ANSIBLE = Path(__file__).parents[1] / "ansible"
ROLES = ANSIBLE / "roles"
# The sinks that are wanted: a fact, by the expression that finds it.
(WANTED_SINKS,) = [
    task["ansible.builtin.set_fact"]["sinks_wanted"]
    for task in yaml.safe_load((ROLES / "preflight/tasks/facts.yml").read_text())
    if "sinks_wanted" in task.get("ansible.builtin.set_fact", {})
]


def script(role: str, name: str, folder: str = "files") -> ModuleType:
    """The file ``name`` of ``role``, loaded but not run."""
    spec = spec_from_file_location(f"{role}_{name}", ROLES / role / folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # A dataclass looks its module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def play(
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    hosts: Mapping[str, Mapping[str, Any]],
    *words: str,
    role: str = "",
) -> str:
    """Let Ansible play ``tasks`` on this machine, once for each of ``hosts`` with its variables; returns what it said.

    Every knob has its default, and the variables of ``role`` are there. Where Ansible is not here the test is skipped; in CI that is a failure.

    Raises:
        AssertionError: it failed; with what it said.
    """
    book = [{"hosts": "all", "gather_facts": False, "connection": "local", "tasks": list(tasks)}]
    book[0]["vars_files"] = [str(ANSIBLE / "group_vars/all.yml"), *([f"{ROLES}/{role}/vars/main.yml"] if role else [])]
    (folder / "play.yml").write_text(json.dumps(book))
    return play_book(folder, folder / "play.yml", hosts, *words)


def play_book(folder: Path, book: Path, hosts: Mapping[str, Mapping[str, Any]], *words: str) -> str:
    """Let Ansible play ``book`` on ``hosts``, with its inventory in ``folder``; returns what it said.

    Raises:
        AssertionError: it failed; with what it said.
    """
    path = os.pathsep.join([f"{os.environ.get('WATTLINE_ANSIBLE', '')}/bin", os.environ["PATH"]])
    program = shutil.which("ansible-playbook", path=path)
    if program is None:
        sentence = "ansible-playbook is not here; WATTLINE_ANSIBLE names its environment."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    (folder / "inventory.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    environment = {**os.environ, "ANSIBLE_ROLES_PATH": str(ROLES), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORKS": "2"}
    environment |= {"ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    command = [program, "-i", str(folder / "inventory.json"), str(book), *words]
    done = subprocess.run(command, env=environment, cwd=folder, check=False, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
