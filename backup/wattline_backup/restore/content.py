"""What is in a shard, read once: the SHA-256 of each of its files, the types of its fields, and the stamps of its points."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

from wattline_backup import tsm
from wattline_backup.archive import Member, TarReader, pieces_of, read_stored
from wattline_backup.checks import FilesOfPoints
from wattline_backup.index import Shard
from wattline_backup.restore.reading import blamed
from wattline_backup.server import Server
from wattline_backup.tsm import FieldTypes, Summary


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a shard.

    Attributes:
        digests: the SHA-256 of each file, by its name.
        summaries: of each file of points, by its name.
    """

    digests: Mapping[str, str]
    summaries: Mapping[str, Summary]

    @property
    def points(self) -> set[str]:
        """The SHA-256 of its files of points."""
        return {digest for name, digest in self.digests.items() if name.endswith(".tsm")}

    @property
    def types(self) -> FieldTypes:
        """Of the fields in its files of points."""
        return frozenset().union(*(summary.types for summary in self.summaries.values()))


class Digests:
    """The SHA-256 of each file in an archive, by its name, as the archive is read."""

    def __init__(self) -> None:
        self._running: dict[str, Any] = {}

    def open_member(self, member: Member) -> Callable[[bytes], None]:
        """What takes the content of the next file."""
        digest = self._running[member.name] = hashlib.sha256()
        return digest.update

    def of_all(self) -> dict[str, str]:
        """Of all that were read."""
        return {name: digest.hexdigest() for name, digest in self._running.items()}


class _Reading:
    """Takes in an archive; a context manager.

    Args:
        scratch: where a large file lies meanwhile.
    """

    def __init__(self, scratch: Path) -> None:
        self._digests, self._summaries = Digests(), dict[str, Summary]()
        self._files = FilesOfPoints(scratch, self._look)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.__exit__()

    def open_member(self, member: Member) -> Callable[[bytes], None]:
        """What takes the content of the next file."""
        gather, update = self._files.open_member(member), self._digests.open_member(member)

        def take(piece: bytes) -> None:
            gather(piece)
            update(piece)

        return take

    def end(self) -> Content:
        """What was read, once that is all."""
        self._files.end_member()
        return Content(self._digests.of_all(), self._summaries)

    def _look(self, points: IO[bytes], member: Member) -> None:
        self._summaries[member.name] = tsm.summary(points, member.size)


def content_of_stored(folder: Path, shard: Shard) -> Content:
    """That of a shard of a set.

    Raises:
        ArchiveError: it is damaged.
        SetError: the disk does not give it.
    """
    with _Reading(folder) as reading, blamed(folder / shard.file):
        read_stored(folder / shard.file, shard.file, reading.open_member)
        return reading.end()


def content_of_late(file: Path) -> Content:
    """That of a file of what came into a shard while a swap was at work.

    Raises:
        ArchiveError: it is damaged.
        SetError: the disk does not give it.
    """
    with _Reading(file.parent) as reading, blamed(file):
        tar = TarReader(str(file), reading.open_member)
        for piece in pieces_of(file):
            tar.feed(piece)
        tar.close()
        return reading.end()


def content_of_live(server: Server, shard: int, scratch: Path, since: datetime | None = None) -> Content:
    """That of a live shard; what was in memory is written into a file first.

    Args:
        server: InfluxDB.
        shard: its number there.
        scratch: where a large file lies meanwhile.
        since: only files that are younger; all unless given.

    Raises:
        BackupError: it cannot be read.
    """
    with _Reading(scratch) as reading, server.shard(shard, packed=False, since=since) as answer:
        feed(answer.pieces, shard, reading.open_member)
        return reading.end()


def digests_of_stored(folder: Path, shard: Shard) -> dict[str, str]:
    """Those of the files of points of a stored shard, in the order in which InfluxDB reads them.

    Raises:
        ArchiveError: it is damaged.
        SetError: the disk does not give it.
    """
    digests = Digests()
    with blamed(folder / shard.file):
        read_stored(folder / shard.file, shard.file, digests.open_member)
    return {name: digest for name, digest in sorted(digests.of_all().items()) if name.endswith(".tsm")}


def digests_of_live(server: Server, shard: int) -> dict[str, str]:
    """Those of all files of a live shard; what was in memory is written into one first.

    Raises:
        BackupError: it cannot be read.
    """
    digests = Digests()
    with server.shard(shard, packed=False) as answer:
        feed(answer.pieces, shard, digests.open_member)
    return digests.of_all()


def feed(pieces: Iterable[bytes], shard: int, open_member: Callable[[Member], Callable[[bytes], None]]) -> None:
    """Read a live shard as it comes, to its very end.

    Raises:
        ArchiveError: it did not come to that.
        ServerError: it broke off.
    """
    tar = TarReader(f"shard {shard}", open_member)
    for piece in pieces:
        tar.feed(piece)
    tar.close()
