"""Role rotate: what it refuses, as Ansible and its script say it on this machine.

| fault | test |
|---|---|
| tokens are made that a part which is switched off would never hand over | test_nothing_is_made_where_a_part_is_off |
| the household's usual switches are refused | test_nothing_is_refused_where_both_are_on |
| a Telegraf or Grafana that runs with the old token is locked out | test_who_runs_since_before_the_new_token_is_told |
| who took the new one, or takes it at the next start, keeps the old from being locked | likewise |

`tests/pi` locks real ones.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play

pytestmark = pytest.mark.timeout(240)

NEW: list[dict[str, Any]] = yaml.safe_load((ROLES / "rotate/tasks/new.yml").read_text())
CAME_S, BEFORE, AFTER = 1_764_000_000, "2025-11-24 15:59:59 UTC", "2025-11-24 16:00:01 UTC"


def refuse(folder: Path, **switches: Any) -> str:
    """What the first task of all says."""
    return play(folder, NEW[:1], {"pi": {}}, f"-e{json.dumps(switches)}", role="rotate")


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"telegraf_enabled": False}, "since telegraf_enabled is off, and"),
        ({"stack_enabled": "no"}, "since stack_enabled is off, and"),
        (
            {"telegraf_enabled": "false", "stack_enabled": False},
            "(-e telegraf_enabled=true -e stack_enabled=true)",
        ),
    ],
)
def test_nothing_is_made_where_a_part_is_off(tmp_path: Path, switches: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError) as refused:
        refuse(tmp_path, **switches)
    said = " ".join(str(refused.value).split())
    assert "No new tokens were made, " in said
    assert words in said


def test_nothing_is_refused_where_both_are_on(tmp_path: Path) -> None:
    refuse(tmp_path, telegraf_enabled="yes")


@pytest.mark.parametrize(
    ("telegraf", "grafana", "expected"),
    [
        (BEFORE, BEFORE, ["Telegraf", "Grafana"]),
        (AFTER, BEFORE, ["Grafana"]),
        (BEFORE, AFTER, ["Telegraf"]),
        (AFTER, AFTER, []),
        ("", "", []),
    ],
)
def test_who_runs_since_before_the_new_token_is_told(
    tmp_path: Path, telegraf: str, grafana: str, expected: list[str]
) -> None:
    """An empty time is one that does not run."""
    for name in ("telegraf", "grafana"):
        token = tmp_path / f"influxdb_{name}_token"
        token.touch()
        os.utime(token, (CAME_S, CAME_S))
    programs = {
        "systemctl": f'case $* in *ActiveState*) echo {"active" if telegraf else "failed"} ;; *) echo "{telegraf or BEFORE}" ;; esac',
        "docker": f'echo "{grafana}"',
    }
    for name, text in programs.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    words = [ROLES / "rotate/files/still-on-old", tmp_path]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run(words, env=path, check=True, capture_output=True, text=True).stdout.split() == expected
