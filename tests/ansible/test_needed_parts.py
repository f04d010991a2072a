"""A part that is played alone stops in a sentence where it cannot do what it is asked, before it changes anything.

| fault | test |
|---|---|
| a part fails in the middle, or says nothing, where the parts before it are not there | test_a_part_says_which_part_goes_before_it |
| an empty token passes for one | likewise |
| a role needs something of which nobody knows whence it comes | test_what_a_role_needs_comes_from_a_role |
| words that the installed wattline does not know reach Telegraf, where preflight was not played | test_words_that_wattline_does_not_take_stop_the_role |
| words that it knows are refused | test_words_that_wattline_takes_do_not |
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play

pytestmark = pytest.mark.timeout(120)

CHECKOUT = ROLES.parents[1]
FROM: dict[str, str] = yaml.safe_load((ROLES / "needed/vars/main.yml").read_text())["__needed_from"]


def said_by(folder: Path, role: str, tasks_from: str, variables: dict[str, Any], extra: dict[str, Any]) -> str:
    """What tasks of a role say, on one line; `refused` at its end where they stopped."""
    included = {"ansible.builtin.include_role": {"name": role, "tasks_from": tasks_from}, "vars": variables}
    rescue = [{"ansible.builtin.debug": {"msg": "refused"}}]
    said = play(folder, [{"block": [included], "rescue": rescue}], {"pi": {}}, f"-e{json.dumps(extra)}")
    return " ".join(said.split())


def test_a_part_says_which_part_goes_before_it(tmp_path: Path) -> None:
    here, empty, missing = (tmp_path / name for name in ("here", "empty", "missing"))
    here.write_text("x")
    empty.touch()
    sources = {str(here): "docker", str(empty): "stack", str(missing): "plugin"}
    needed = {"needed_by": "backup", "needed_paths": list(sources)}

    said = said_by(tmp_path, "needed", "main", needed, {"__needed_from": sources})

    assert "The role backup has left everything as it was, since what comes with the role plugin and stack" in said
    assert f"{missing}, {empty}. Run site.yml without --tags." in said
    assert "refused" in said


def test_what_a_role_needs_comes_from_a_role() -> None:
    """Each path that a role names where it asks, itself or by a variable of its own."""
    asked: set[str] = set()
    for path in ROLES.glob("*/tasks/*.yml"):
        own = path.parents[1] / "vars/main.yml"
        variables = yaml.safe_load(own.read_text()) if own.exists() else {}
        for words in re.findall(r"needed_paths: (?:>-\n)?((?:.*\n)(?: {10,}.*\n)*)", path.read_text()):
            asked |= set(re.findall(r"/(?:opt|usr)/[\w/-]+", words))
            asked |= {str(variables[name]) for name in re.findall(r"__\w+", words)}
    assert len(asked) >= 5
    assert asked <= FROM.keys()
    assert {role for role in FROM.values() if not (ROLES / role / "tasks").exists()} == set()


@pytest.fixture
def wattline(tmp_path: Path) -> Path:
    """The installed one."""
    program = tmp_path / "wattline"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT}/plugin exec {sys.executable} -m wattline "$@"\n')
    program.chmod(0o755)
    return program


def judged(folder: Path, wattline: Path, *meters: str, gateways: list[dict[str, Any]] | None = None) -> str:
    knobs = {"__telegraf_plugin": str(wattline), "wattline_meters": meters, "wattline_gateways": gateways or []}
    return said_by(folder, "telegraf", "words", {}, knobs)


@pytest.mark.parametrize("word", ["orno-we551", "--help"])
def test_words_that_wattline_does_not_take_stop_the_role(tmp_path: Path, wattline: Path, word: str) -> None:
    said = judged(tmp_path, wattline, word if word[0] == "-" else f"house={word}@1")
    assert "wattline does not take the words of the meters, so Telegraf was left as it is" in said
    assert word in said
    assert "refused" in said
    gateway = {"port": "socket://192.168.1.50", "meters": ["garage=orno-we515@1"]}
    assert "socket://192.168.1.50" in judged(tmp_path, wattline, gateways=[gateway])


def test_words_that_wattline_takes_do_not(tmp_path: Path, wattline: Path) -> None:
    gateway = {"port": "socket://192.168.1.50:4196", "meters": ["garage=orno-we515@1"]}
    assert "refused" not in judged(tmp_path, wattline, "house=orno-we515@1", gateways=[gateway])
