"""``wattline-backup failed``: say why a unit of systemd failed. It is called by systemd, where the unit has ``OnFailure``.

A command that ends by itself has written down that it failed; one that was killed, by its time, by the memory or by hand, has
not. So this writes it down for it, and the alerts learn of both.
"""

import argparse
import os
import subprocess
import time
from collections.abc import Mapping

from wattline_backup import outcome
from wattline_backup.settings import settings

SUMMARY = "says in one line why a unit failed, and writes it down for the alerts; systemd calls it"
EXAMPLE = "wattline-backup failed wattline-backup.service"
ERROR_PREFIX = "wattline-backup: "

# Which kind of outcome a unit leaves.
KINDS = {
    "wattline-backup": "run",
    "wattline-backup-verify": "verify",
    "wattline-backup-verify-whole": "verify",
    "wattline-backup-offsite": "offsite",
    "wattline-backup-offsite-check": "offsite_check",
    "wattline-backup-reconcile": "reconcile",
}
# What the command wrote down so shortly before is of this failure.
JUST_NOW_S = 120
JOURNAL_WAIT_S = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("unit", metavar="UNIT", help="the unit that failed")


def execute(arguments: argparse.Namespace) -> int:
    """Say it, and write it down where that was not done; returns 0.

    Raises:
        WordError: a word of the environment is none.
    """
    unit = str(arguments.unit).removesuffix(".service")
    # Said before anything else is read, since that may be what was wrong.
    print(sentence(unit, os.environ), flush=True)
    kind, file = KINDS.get(unit), settings().outcome
    if kind and file and time.time() - outcome.ended_s(file, kind) > JUST_NOW_S:
        outcome.record(file, kind, {"success": 0.0})
    return 0


def sentence(unit: str, environment: Mapping[str, str]) -> str:
    """Why ``unit`` failed.

    Args:
        unit: its name.
        environment: what systemd, from 251 on, says of it in ``MONITOR_*``.
    """
    result = environment.get("MONITOR_SERVICE_RESULT", "")
    status = environment.get("MONITOR_EXIT_STATUS", "")
    how = f" ({result}{f', {status}' if status else ''})" if result else ""
    invocation = environment.get("MONITOR_INVOCATION_ID", "")
    words = _last_words([f"_SYSTEMD_INVOCATION_ID={invocation}"] if invocation else ["--unit", unit])
    said = f"its last words were: {words}" if words else f"`journalctl -u {unit}` may tell more."
    return f"{unit} failed{how}; {said}"


def _last_words(which: list[str]) -> str:
    """The last line that the unit's program wrote; empty where there is none, or no journal."""
    command = ["journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=1", *which]
    try:
        asked = subprocess.run(command, capture_output=True, check=False, timeout=JOURNAL_WAIT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = asked.stdout.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
