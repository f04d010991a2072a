"""A stored shard, read to its end: the archive, and each TSM file in it."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from wattline_backup import tsm
from wattline_backup.archive import Member, Stored, read_stored
from wattline_backup.errors import ArchiveError
from wattline_backup.index import Shard

# A file of points beyond this lies on the disk while it is looked through; a Pi's /tmp is memory.
IN_MEMORY = 8 << 20
NS_A_SECOND = 1_000_000_000


def check_points(file: Path, what: str, start: str, end: str) -> Stored:
    """Read an archive and look through its files of points.

    Args:
        file: packed by gzip.
        what: whose archive it is, for the messages.
        start: when the time of its points begins, RFC 3339.
        end: when that is over.

    Raises:
        ArchiveError: anything about it is wrong.
        OSError: it cannot be read.
    """

    def look(points: IO[bytes], member: Member) -> None:
        tsm.check(points, member.size, f"{member.name} of {what}", nanoseconds(start), nanoseconds(end))

    with FilesOfPoints(file.parent, look) as files:
        stored = read_stored(file, what, files.open_member)
        files.end_member()
    return stored


def check_stored(folder: Path, shard: Shard, *, with_points: bool) -> None:
    """Compare a shard of a set with what was written down of it.

    Args:
        folder: of the set.
        shard: what was written down.
        with_points: whether to look into the files of points as well.

    Raises:
        ArchiveError: it is another, or damaged, or missing.
    """
    file, what = folder / shard.file, f"shard {shard.shard} of {shard.bucket} in {folder}"
    try:
        found = check_points(file, what, shard.start, shard.end) if with_points else read_stored(file, what)
    except OSError as error:
        raise ArchiveError(f"{file} cannot be read ({error.strerror}): this set cannot be restored whole.") from error
    if found != shard.stored:
        raise ArchiveError(f"{file} is not the file that was stored: its content has changed since.")


def nanoseconds(moment: str) -> int:
    """RFC 3339 as nanoseconds since 1970; shard groups begin and end at whole seconds."""
    return int(datetime.fromisoformat(moment).timestamp()) * NS_A_SECOND


class FilesOfPoints:
    """Gathers each file of points as it comes out of an archive, and has it looked through once it is whole.

    Args:
        scratch: where a large one lies meanwhile, if anything can be written there.
        look: is given each of them, which can be read and sought.
    """

    def __init__(self, scratch: Path, look: Callable[[IO[bytes], Member], None]) -> None:
        self._look = look
        # A failing card is made read-only by Linux; what is on it has to come off all the same.
        folder = str(scratch) if os.access(scratch, os.W_OK) else None
        self._gathered = SpooledTemporaryFile(IN_MEMORY, dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._member: Member | None = None

    def __enter__(self) -> "FilesOfPoints":
        return self

    def __exit__(self, *_: object) -> None:
        self._gathered.close()

    def open_member(self, member: Member) -> Callable[[bytes], None]:
        """What takes the content of the next member."""
        self.end_member()
        self._member = member
        self._gathered.seek(0)
        self._gathered.truncate()
        return self._gather

    def end_member(self) -> None:
        """Look through the member that has come to its end."""
        if self._member and self._member.is_tsm:
            self._look(self._gathered, self._member)

    def _gather(self, piece: bytes) -> None:
        self._gathered.write(piece)
