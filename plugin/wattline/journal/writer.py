"""Groups of lines into the files of one port: goes on where the last file ends, and begins the next when it is full."""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from wattline.journal.files import FILE_BYTES, path_of
from wattline.journal.limits import Limits
from wattline.journal.reader import read
from wattline.journal.record import pack
from wattline.journal.sectors import SectorFile, make
from wattline.journal.shelf import Shelf
from wattline.log import LOG

# What a process that ends has for its last record, three seconds, and the way there.
HAND_OVER_S = 5.0
LOOK_S = 0.05


class Writer:
    """Writes the journal of one port.

    Args:
        folder: of the port; it is made if it is not there.
        head: gives the line that stands at the begin of the process and of each file.
        limits: how much is kept.
        now_s: seconds since 1970; None while the clock is not believed.

    Raises:
        OSError: the folder cannot be used.
    """

    def __init__(
        self, folder: Path, head: Callable[[], str], limits: Limits, now_s: Callable[[], float | None]
    ) -> None:
        self._folder, self._head = folder, head
        self._wants_head = True
        self._file: SectorFile | None = None
        self._written_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _hold(self._lock)
            self._shelf = Shelf(folder, limits, now_s)
            self._go_on()
        except OSError:
            self.close()
            raise

    @property
    def written_bytes(self) -> int:
        """What went to the disk."""
        return self._written_bytes + (self._file.written_bytes if self._file else 0)

    @property
    def dropped(self) -> int:
        """Files that were deleted to keep to the limits."""
        return self._shelf.dropped

    def commit(self, lines: Sequence[str]) -> None:
        """Write ``lines`` as one record; in several if they are too many for a file. They are on the disk when this returns.

        Raises:
            OSError: they are not, or not all of them.
        """
        self._shelf.drop_beyond_age()
        if self._append(lines):
            return
        self._begin_next()
        if self._append(lines):
            return
        half = len(lines) // 2
        if not half:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self.commit(lines[:half])
        self.commit(lines[half:])

    def close(self) -> None:
        """Let go of the folder."""
        self._close_file()
        os.close(self._lock)

    def _append(self, lines: Sequence[str]) -> bool:
        """Write them into this file; False if they have no room in it."""
        if not self._file:
            return False
        lines = [self._head(), *lines] if self._wants_head else lines
        record = pack(self._shelf.last, lines)
        if not self._file.has_room(len(record)):
            return False
        self._file.append(record)
        self._wants_head = False
        return True

    def _go_on(self) -> None:
        """Take up the last file behind its last sound record; one that is not whole in its size is left as it is."""
        path = path_of(self._folder, self._shelf.last)
        if not path.exists():
            return
        records = read(path)
        records.pass_over()
        is_whole = records.bytes == FILE_BYTES
        torn = max(0, min(records.last_skipped, records.bytes) - records.end)
        if torn:
            LOG.warning(
                "The journal %s ends within a record, as after a power cut; its last %d bytes are %s.",
                path,
                torn,
                "cut off" if is_whole else "passed over, and the next file is begun",
            )
        if is_whole:
            self._file = SectorFile(path, records.end, records.last_skipped)

    def _begin_next(self) -> None:
        self._close_file()
        self._shelf.drop_beyond_size()
        number = self._shelf.last + 1
        path = path_of(self._folder, number)
        make(path)
        self._written_bytes += FILE_BYTES
        self._shelf.add(number)
        self._file, self._wants_head = SectorFile(path), True

    def _close_file(self) -> None:
        if self._file:
            self._written_bytes += self._file.written_bytes
            self._file.close()
            self._file = None


def _hold(folder: int) -> None:
    """Be the only one that writes there, since two would overwrite each other.

    Whoever wrote before may just be ending: Telegraf died, and was started again at once.

    Raises:
        BlockingIOError: another one goes on writing.
    """
    until_s = time.monotonic() + HAND_OVER_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise
            time.sleep(LOOK_S)  # between two looks: a lock with a limit has no event
        else:
            return
