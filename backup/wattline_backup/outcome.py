"""What came of each command, in a file of line protocol that Telegraf reads: one line for each kind, the newest.

Telegraf reads the file again and again; since each line bears the time at which the command ended, the same line is the same
point. So the dashboard and the alerts know the age of the newest backup even if nothing runs any more.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wattline.fields import BACKUP
from wattline.line import to_line
from wattline.log import LOG
from wattline.reading import Point

NS_A_SECOND = 1_000_000_000
KINDS = (
    "run",
    "check",
    "verify",
    "offsite",
    "offsite_check",
    "offsite_prune",
    "offsite_verify",
    "prune",
    "restore",
    "reconcile",
)


def record(file: Path | None, kind: str, fields: Mapping[str, float], *, at_s: int | None = None) -> None:
    """Write down what came of a command.

    Args:
        file: that Telegraf reads; nothing is written where there is none.
        kind: one of ``KINDS``.
        fields: those of ``wattline.fields.BACKUP_FIELDS`` that are known, ``success`` (1 or 0) and ``duration_s`` always.
        at_s: when it ended, in seconds since 1970; now unless given.
    """
    if file is None:
        return
    ended_s = int(time.time()) if at_s is None else at_s
    point = Point(BACKUP, {"kind": kind}, dict(fields), ended_s * NS_A_SECOND)
    try:
        with _alone(file.parent):
            lines = _lines(file) | {kind: to_line(point)}
            # Renamed, so that Telegraf never reads half of it; and readable for Telegraf's user, since it says nothing secret.
            fresh = file.with_name(file.name + ".new")
            fresh.write_text("".join(f"{line}\n" for line in lines.values()))
            fresh.chmod(0o644)
            fresh.replace(file)
    except OSError as error:
        # The backup itself is what counts.
        LOG.warning("%s cannot be written (%s), so the alerts do not learn of this.", file, error.strerror)


def ended_s(file: Path, kind: str) -> float:
    """When the newest command of a kind ended, in seconds since 1970; 0 where that is not known."""
    try:
        return int(_lines(file)[kind].rpartition(" ")[2]) / NS_A_SECOND
    except (OSError, KeyError, ValueError):
        return 0.0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only one for a moment: a proof may end while a run does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lines(file: Path) -> dict[str, str]:
    return {_kind(line): line for line in file.read_text().splitlines()} if file.exists() else {}


def _kind(line: str) -> str:
    return line.partition("kind=")[2].partition(" ")[0].partition(",")[0]
