"""When the next record is written: as a rule ten seconds after the last, and so that another program syncs soon after it.

A write changes the time in the file's inode. ext4 brings that to the disk within five seconds, by a transaction of its own
of 12 KiB, or, when another program syncs meanwhile, along with what that one has to write. On a Pi InfluxDB syncs what
Telegraf sends each ten seconds; a record that comes just before that costs less than half of one that comes just after it.
ext4 tells to everybody how many transactions there were, and how many of them a program had asked for. Where one was that
nobody had asked for, the next record comes earlier; four such moves are a whole turn. If none of them has helped, all stays
as it is for ten minutes.
"""

import os
from pathlib import Path

GROUP_S = 10.0
# Moves that are a whole turn.
MOVES = 4
# Records until it is tried again.
REST = 60
_DEVICES = Path("/sys/dev/block")
_JOURNALS = Path("/proc/fs/jbd2")


class Pace:
    """The pace of the records of one journal.

    Args:
        folder: of the journal; need not be there yet.
        devices, journals: where the kernel tells of disks, and of the transactions on them.
    """

    def __init__(self, folder: Path, devices: Path = _DEVICES, journals: Path = _JOURNALS) -> None:
        self._folder, self._devices, self._journals = folder, devices, journals
        self._unasked: int | None = None
        self._moves = self._rest = 0

    def wait_s(self) -> float:
        """How long to wait from the record that was just written to the next one."""
        before, self._unasked = self._unasked, self._count_unasked()
        is_in_company = before is None or self._unasked is None or self._unasked <= before
        if self._rest:
            self._rest -= 1
            return GROUP_S
        if is_in_company:
            self._moves = 0
            return GROUP_S
        if self._moves == MOVES:
            self._moves, self._rest = 0, REST
            return GROUP_S
        self._moves += 1
        return GROUP_S - GROUP_S / MOVES

    def _count_unasked(self) -> int | None:
        """Transactions that nobody asked for; None where that is not told, as of any other file system."""
        try:
            number = self._folder.stat().st_dev
            device = (self._devices / f"{os.major(number)}:{os.minor(number)}").resolve().name
            (path,) = self._journals.glob(f"{device}-*/info")
            words = path.read_text().replace("(", " ").split()
            return int(words[0]) - int(words[2])
        except (OSError, ValueError, IndexError):
            return None
