"""The playbook is one that Ansible takes, without a machine to play it on.

| fault | test |
|---|---|
| a playbook that cannot be read, a role or module that is not there | test_a_playbook_can_be_read |
| what ansible-lint's strictest profile warns of | test_ansible_lint_has_nothing_to_say |
| a knob that no role reads, or that a role asks for and nobody explains | test_every_knob_is_one_of_a_role |
| a role's description leaves out a knob that it reads | test_a_role_describes_each_knob_that_it_reads |
| a role without a description of what it takes, without a tag or without a switch | test_a_role_describes_itself, test_a_role_has_a_tag_and_a_switch |
| a restore takes the sinks of a living Pi away for its duration | test_a_restore_leaves_the_sinks_of_a_living_pi_alone |
| a switch or a number that was said as a text, as `-e` does, means its opposite or breaks a task | test_a_switch_and_a_number_may_be_texts |
| a collection of another version than the tests have | test_the_collection_is_the_one_that_is_asked_for |

`tests/pi` plays it.
"""

import json
import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[1]
ANSIBLE = CHECKOUT / "ansible"
PLAYBOOKS = sorted(
    path.name for path in ANSIBLE.glob("*.yml") if "hosts:" in path.read_text() and "inventory" not in path.name
)
ROLES_OF_SITE: list[dict[str, Any]] = yaml.safe_load((ANSIBLE / "site.yml").read_text())[0]["roles"]
KNOBS: dict[str, Any] = yaml.safe_load((ANSIBLE / "group_vars/all.yml").read_text())


@cache
def environment() -> Path | None:
    """The virtual environment with Ansible: that of WATTLINE_ANSIBLE, or the one that ``tests/pi/build`` makes."""
    if named := os.environ.get("WATTLINE_ANSIBLE"):
        return Path(named)
    built = subprocess.run(
        [CHECKOUT / "tests/pi/build", "--path"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return Path(built[-1]) if Path(built[-1]).exists() else None


def run(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs in the folder ansible/."""
    if (folder := environment()) is None:
        sentence = "Ansible is not here; `tests/pi/build --ansible` installs it, for Python 3.12 or newer."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    own = os.environ | {"ANSIBLE_NOCOLOR": "1", "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.run(
        [folder / "bin" / program, *words],
        cwd=ANSIBLE,
        env=own,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_can_be_read(playbook: str) -> None:
    done = run("ansible-playbook", "--syntax-check", "-i", "inventory.example.yml", playbook)

    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(600)
def test_ansible_lint_has_nothing_to_say() -> None:
    done = run(
        "ansible-lint",
        "--offline",
        "--profile",
        "production",
        "--strict",
        "--nocolor",
        "-q",
        "--config-file",
        os.devnull,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(60)
def test_the_collection_is_the_one_that_is_asked_for() -> None:
    (asked,) = yaml.safe_load((ANSIBLE / "requirements.yml").read_text())["collections"]
    told = run("ansible-galaxy", "collection", "list", asked["name"], "--format", "json")
    (versions,) = json.loads(told.stdout[told.stdout.index("{") :]).values()

    least, below = re.findall(r"[\d.]+", asked["version"])
    assert numbers(least) <= numbers(versions[asked["name"]]["version"]) < numbers(below)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def facts() -> set[str]:
    """What a role finds out for the others."""
    tasks = [task for path in (ANSIBLE / "roles").glob("*/tasks/*.yml") for task in yaml.safe_load(path.read_text())]
    return {name for task in tasks for name in task.get("ansible.builtin.set_fact", {})}


@pytest.mark.parametrize("role", [role["role"] for role in ROLES_OF_SITE])
def test_a_role_describes_itself(role: str) -> None:
    described = yaml.safe_load((ANSIBLE / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"][
        "main"
    ]

    assert described["short_description"]
    own = ANSIBLE / "roles" / role / "defaults/main.yml"
    decided = KNOBS.keys() | (yaml.safe_load(own.read_text()) if own.exists() else {}).keys() | facts()
    missing = described.get("options", {}).keys() - decided
    assert not missing, "group_vars/all.yml does not explain these"


def test_a_role_has_a_tag_and_a_switch() -> None:
    """All are on unless switched off, but for one; that takes away what it brought, and so is played when it is off, too.

    A restore leaves that one out, rather than switch it off.
    """
    for role in ROLES_OF_SITE:
        name = role["role"]
        assert name in ([role["tags"]] if isinstance(role["tags"], str) else role["tags"])
        is_played_when_off = f"{name}_enabled" not in role["when"]
        assert role["when"] == (
            "not (sinks_left_alone | default(false) | bool)" if is_played_when_off else f"{name}_enabled | bool"
        )
        assert is_played_when_off == (name == "sinks")
        assert KNOBS[f"{name}_enabled"] is not is_played_when_off


def test_a_restore_leaves_the_sinks_of_a_living_pi_alone() -> None:
    """Switched off they would be taken away, and what waits for them in Telegraf with them."""
    first, second = (
        play
        for play in yaml.safe_load((ANSIBLE / "restore.yml").read_text())
        if "ansible.builtin.import_playbook" in play
    )
    assert first["vars"]["sinks_left_alone"] is True
    assert "sinks_enabled" not in first["vars"]
    assert "vars" not in second


def test_every_knob_is_one_of_a_role() -> None:
    texts = [path.read_text() for path in (ANSIBLE / "roles").rglob("*") if path.suffix in {".yml", ".j2", ".py"}]
    whole = "\n".join([*texts, (ANSIBLE / "site.yml").read_text()])

    assert not {knob for knob in KNOBS if not re.search(rf"\b{knob}\b", whole)}


CONDITIONS = {"when", "that", "until", "changed_when", "failed_when"}


def expressions(text: str, *, is_yaml: bool) -> list[str]:
    """What Ansible evaluates of a file: what stands in braces, and the conditions, which have none."""
    found = [first or second for first, second in re.findall(r"\{\{(.*?)\}\}|\{%(.*?)%\}", text, re.DOTALL)]
    waiting = [yaml.safe_load(text)] if is_yaml else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            conditions = [value[key] for key in CONDITIONS & value.keys()]
            found += [str(each) for some in conditions for each in (some if isinstance(some, list) else [some])]
    return found


@pytest.mark.parametrize(("kind", "name_of_filter"), [(bool, "bool"), (int, "int")])
def test_a_switch_and_a_number_may_be_texts(kind: type, name_of_filter: str) -> None:
    """Wherever one is used it is made what it is; a number that is only printed may stay what it was said as."""
    names = [knob for knob, default in KNOBS.items() if type(default) is kind]
    raw = re.compile(rf"\b(?:{'|'.join(names)})\b(?!\s*\|\s*{name_of_filter}\b)")
    files = [
        *ANSIBLE.glob("*.yml"),
        *(
            path
            for name in ("tasks", "vars", "defaults", "handlers", "templates")
            for path in (ANSIBLE / "roles").glob(f"*/{name}/*")
        ),
    ]
    used = {
        f"{path.relative_to(ANSIBLE)}: {expression.strip()}"
        for path in files
        for expression in expressions(path.read_text(), is_yaml=path.suffix == ".yml")
        if raw.search(re.sub("'[^']*'", "", expression)) and not (kind is int and expression.strip() in names)
    }
    assert not used


@pytest.mark.parametrize("role", sorted({path.name for path in (ANSIBLE / "roles").iterdir()} - {"preflight"}))
def test_a_role_describes_each_knob_that_it_reads(role: str) -> None:
    """But for role preflight, which judges all of them in sentences of its own, before its description is looked at."""
    folder = ANSIBLE / "roles" / role
    specs = yaml.safe_load((folder / "meta/argument_specs.yml").read_text())["argument_specs"]
    described = {name for spec in specs.values() for name in spec.get("options", {})}
    files = [
        path for kind in ("tasks", "vars", "defaults", "handlers", "templates") for path in folder.glob(f"{kind}/*")
    ]
    read = {
        word
        for path in files
        for expression in expressions(path.read_text(), is_yaml=path.suffix == ".yml")
        for word in re.findall(r"\w+", re.sub("'[^']*'", "", expression))
    }
    assert read & KNOBS.keys() <= described
