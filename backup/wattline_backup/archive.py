"""A shard as InfluxDB sends it: a tar of TSM files, perhaps in gzip. Read to its very end, for a 200 proves nothing.

A tar that ends early passes ``tarfile`` and GNU tar, and InfluxDB restores of it what it likes, with status 200. So each
archive has to end with two zero blocks and with nothing behind them: a server that fails in the middle of its answer
appends a message in JSON.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wattline_backup.errors import ArchiveError

BLOCK = 512
END = bytes(BLOCK)
PIECE = 1 << 18
GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a shard.

    Attributes:
        name: without its folders, for example ``000000001-000000001.tsm``.
        size: in bytes.
        changed_s: when it was written, in seconds since 1970, by the server's clock.
    """

    name: str
    size: int
    changed_s: float

    @property
    def is_tsm(self) -> bool:
        """Whether it holds points; the others say which of them were deleted."""
        return self.name.endswith(".tsm")


class TarReader:
    """Takes a tar in pieces of any length, and gives its members once it has come to its end.

    Args:
        what: whose tar it is, for the messages.
        open_member: called with each member, gives what takes its content piece by piece; nothing takes it unless given.
    """

    def __init__(self, what: str, open_member: Callable[[Member], Callable[[bytes], None]] | None = None) -> None:
        self._what = what
        self._open_member = open_member
        self._pending = bytearray()
        self._content_left = 0
        self._padding_left = 0
        self._end_blocks = 0
        self._take: Callable[[bytes], None] | None = None
        self._members: list[Member] = []

    def feed(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            ArchiveError: it is no tar, or something stands behind its end.
        """
        self._pending += piece
        while self._pending and self._step():
            pass

    def close(self) -> list[Member]:
        """The members; to be called at the end.

        Raises:
            ArchiveError: the tar has no end.
        """
        if self._pending or self._content_left or self._padding_left or self._end_blocks != 2:
            raise ArchiveError(f"The archive of {self._what} was cut off: it does not come to its end.")
        return self._members

    def _step(self) -> bool:
        """Use up some of what is pending; whether anything could be used."""
        if self._content_left:
            content = bytes(self._pending[: self._content_left])
            if self._take:
                self._take(content)
            self._content_left -= self._drop(len(content))
            return True
        if self._padding_left:
            self._padding_left -= self._drop(min(self._padding_left, len(self._pending)))
            return True
        if len(self._pending) < BLOCK:
            return False
        self._head(bytes(self._pending[:BLOCK]))
        self._drop(BLOCK)
        return True

    def _drop(self, count: int) -> int:
        del self._pending[:count]
        return count

    def _head(self, block: bytes) -> None:
        if block == END and self._end_blocks < 2:
            self._end_blocks += 1
            return
        if self._end_blocks:
            raise ArchiveError(
                f"Behind the end of the archive of {self._what} stands more: InfluxDB failed while it sent it."
            )
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeError) as error:
            raise ArchiveError(f"The archive of {self._what} is damaged: {error}.") from error
        if not info.isreg():
            return
        member = Member(info.name.rsplit("/", 1)[-1], info.size, float(info.mtime))
        self._members.append(member)
        self._take = self._open_member(member) if self._open_member else None
        self._content_left = info.size
        self._padding_left = -info.size % BLOCK


class Gunzip:
    """Unpacks gzip in pieces, and knows whether it came to its end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._inner = zlib.decompressobj(GZIP_WINDOW)

    def feed(self, piece: bytes) -> bytes:
        """What is in the next piece.

        Raises:
            ArchiveError: it is no gzip, or something stands behind its end.
        """
        try:
            content = self._inner.decompress(piece)
        except zlib.error as error:
            raise ArchiveError(f"The compressed archive of {self._what} is damaged: {error}.") from error
        if self._inner.unused_data:
            raise ArchiveError(f"Behind the end of the compressed archive of {self._what} stands more.")
        return content

    def close(self) -> None:
        """To be called at the end.

        Raises:
            ArchiveError: it was not the end.
        """
        if not self._inner.eof:
            raise ArchiveError(f"The compressed archive of {self._what} was cut off: it does not come to its end.")


@dataclass(frozen=True, slots=True)
class Stored:
    """An archive that lies in a file.

    Attributes:
        size: of the file, in bytes.
        sha256: of the file.
        tar_sha256: of the tar in it, however it is packed.
        members: of the tar.
    """

    size: int
    sha256: str
    tar_sha256: str
    members: tuple[Member, ...]


def store(pieces: Iterable[bytes], to: BinaryIO, what: str, *, is_gzip: bool) -> Stored:
    """Write an archive as it comes, packed by gzip if it is not yet, and read it to its end on the way.

    Args:
        pieces: the archive.
        to: the file.
        what: whose archive it is, for the messages.
        is_gzip: whether it comes packed.

    Raises:
        ArchiveError: it is not whole.
        OSError: the file cannot be written.
    """
    packed, whole, tar = hashlib.sha256(), hashlib.sha256(), TarReader(what)
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        size += len(data)
        packed.update(data)
        to.write(data)

    def read(content: bytes) -> None:
        whole.update(content)
        tar.feed(content)

    gunzip = Gunzip(what)
    pack = zlib.compressobj(wbits=GZIP_WINDOW)
    for piece in pieces:
        write(piece if is_gzip else pack.compress(piece))
        read(gunzip.feed(piece) if is_gzip else piece)
    if is_gzip:
        gunzip.close()
    else:
        write(pack.flush())
    return Stored(size, packed.hexdigest(), whole.hexdigest(), tuple(tar.close()))


def checksum(pieces: Iterable[bytes], what: str, *, is_gzip: bool) -> str:
    """The SHA-256 of a tar, read to its end, however it comes.

    Raises:
        ArchiveError: it is not whole.
    """
    whole, tar, gunzip = hashlib.sha256(), TarReader(what), Gunzip(what)
    for piece in pieces:
        content = gunzip.feed(piece) if is_gzip else piece
        whole.update(content)
        tar.feed(content)
    if is_gzip:
        gunzip.close()
    tar.close()
    return whole.hexdigest()


def pieces_of(file: Path) -> Iterator[bytes]:
    """A file, piece by piece."""
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


def read_stored(
    file: Path, what: str, open_member: Callable[[Member], Callable[[bytes], None]] | None = None
) -> Stored:
    """A stored archive, read to its end.

    Args:
        file: packed by gzip.
        what: whose archive it is, for the messages.
        open_member: called with each member, gives what takes its content piece by piece.

    Raises:
        ArchiveError: it is not whole.
        OSError: it cannot be read.
    """
    packed, whole, tar, gunzip = hashlib.sha256(), hashlib.sha256(), TarReader(what, open_member), Gunzip(what)
    size = 0
    for piece in pieces_of(file):
        size += len(piece)
        packed.update(piece)
        content = gunzip.feed(piece)
        whole.update(content)
        tar.feed(content)
    gunzip.close()
    return Stored(size, packed.hexdigest(), whole.hexdigest(), tuple(tar.close()))
