"""Role uninstall: what becomes of the data, as Ansible tells it on this machine.

| fault | test |
|---|---|
| the journal of the readings goes though the data are kept, or stays though they are deleted | test_the_journal_stays_or_goes_with_the_data |
| ... or stays as that of a user who is gone | likewise |
| ... or is taken from a Telegraf that stays | likewise |
| what lies beside the sets stays for ever | test_what_lies_beside_the_sets_goes_with_them |

`tests/pi` takes a whole Pi apart.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play
from wattline_backup import sets, state
from wattline_backup.reconcile import work

pytestmark = pytest.mark.timeout(120)

VARIABLES: dict[str, Any] = yaml.safe_load((ROLES / "uninstall/vars/main.yml").read_text())
DATA: list[dict[str, Any]] = yaml.safe_load((ROLES / "uninstall/tasks/data.yml").read_text())
# The others are about folders of this machine.
OF_THE_JOURNAL = [task for task in DATA if "__uninstall_journal }}" in str(task) and "removes" not in str(task)]


@pytest.mark.parametrize(
    ("data", "superfluous", "is_there", "is_given"),
    [
        ("keep", ["telegraf"], True, True),
        ("keep", [], True, False),
        ("delete", ["telegraf"], False, False),
    ],
)
def test_the_journal_stays_or_goes_with_the_data(
    tmp_path: Path, data: str, superfluous: list[str], *, is_there: bool, is_given: bool
) -> None:
    """Who is no root cannot give anything away: then Ansible tells what it would do."""
    journal = tmp_path / "wattline/journal"
    (journal / "+dev+ttyRS485").mkdir(parents=True)
    kept = journal / "+dev+ttyRS485/00000001.journal"
    kept.touch(0o600)
    if is_root := os.geteuid() == 0:
        for path in (journal, kept.parent, kept):
            os.chown(path, 12345, 12345)
    said = {"uninstall_data": data, "__uninstall_journal": str(journal), "__uninstall_superfluous": superfluous}

    told = play(
        tmp_path,
        OF_THE_JOURNAL,
        {"pi": {}},
        f"-e{json.dumps(said)}",
        *([] if is_root else ["--check"]),
        role="uninstall",
    )

    assert len(OF_THE_JOURNAL) == 3
    changed = [task.split("]")[0] for task in told.split("TASK [")[1:] if "changed: [pi]" in task]
    expected = {(True, True): ["Data | Give it to root with Telegraf's user gone"], (True, False): []}
    assert changed == expected.get((is_there, is_given), ["Data | Delete the journal of the readings"])
    if is_root:
        assert kept.exists() == is_there
        assert not is_there or (kept.stat().st_uid == 0) == is_given


def test_what_lies_beside_the_sets_goes_with_them() -> None:
    known = re.compile(VARIABLES["__uninstall_sets"])
    assert all(known.match(name) for name in (work.FOLDER, sets.LOCK, state.NAME, "20261126T140503Z"))
    assert not known.match("photos")
