"""What is in a shard's archive, taken in as it passes by."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wattline_backup.archive import Gunzip, Member, TarReader
from wattline_backup.server import Server


@dataclass(frozen=True, slots=True)
class Content:
    """An archive that was read to its end.

    Attributes:
        tar_sha256: of the tar.
        members: of the tar.
        sha256s: of each file of points, by its name.
    """

    tar_sha256: str
    members: tuple[Member, ...]
    sha256s: Mapping[str, str]


class Passing:
    """Takes in an archive while it passes by.

    Args:
        what: whose archive it is, for the messages.
        is_gzip: whether it comes packed.
    """

    def __init__(self, what: str, *, is_gzip: bool) -> None:
        self._whole = hashlib.sha256()
        self._tar = TarReader(what, self._open_member)
        self._gunzip = Gunzip(what) if is_gzip else None
        self._digests: dict[str, hashlib._Hash] = {}

    def through(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces.

        Raises:
            ArchiveError: they are not what they should be.
        """
        for piece in pieces:
            content = self._gunzip.feed(piece) if self._gunzip else piece
            self._whole.update(content)
            self._tar.feed(content)
            yield piece

    def content(self) -> Content:
        """What it was; to be called at the end.

        Raises:
            ArchiveError: it was not the end.
        """
        if self._gunzip:
            self._gunzip.close()
        members = tuple(self._tar.close())
        sha256s = {name: digest.hexdigest() for name, digest in self._digests.items()}
        return Content(self._whole.hexdigest(), members, sha256s)

    def _open_member(self, member: Member) -> Callable[[bytes], None]:
        digest = hashlib.sha256()
        if member.is_tsm:
            self._digests[member.name] = digest
        return digest.update


def content_of(server: Server, shard: int, what: str) -> Content:
    """A shard as a server has it now.

    Args:
        server: to be asked.
        shard: its number there.
        what: whose archive it is, for the messages.

    Raises:
        GoneError: there is no such shard any more.
        ServerError: anything else.
        ArchiveError: what came is not whole.
    """
    with server.shard(shard, packed=False) as answer:
        passing = Passing(what, is_gzip=answer.is_gzip)
        for _ in passing.through(answer.pieces):
            pass
        return passing.content()
