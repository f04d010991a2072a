"""What came into a live shard while a swap was at work, put aside while the way back makes the shard what it was.

It is in files of its own, unless InfluxDB has put those together with others meanwhile: then it cannot be told from what the
swap had brought, and is not kept.
"""

import hashlib
import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from wattline_backup.archive import PIECE
from wattline_backup.restore.upload import put
from wattline_backup.server import Server


@dataclass(frozen=True)
class Late:
    """What was put aside.

    Attributes:
        archive: all of the shard.
        content: the SHA-256 of each file in it that came meanwhile, by its name.
    """

    archive: IO[bytes]
    content: Mapping[str, str]

    def bring_back(self, server: Server, shard: int) -> None:
        """Let it be in the shard again; where that has or gets a value of the same moment by a restore, this one wins.

        Raises:
            BackupError: it did not arrive.
        """
        if self.content:
            self.archive.seek(0)
            with tarfile.open(fileobj=self.archive, mode="r|*") as archive:
                put(server, shard, archive, self.content, f"what came into shard {shard} meanwhile")


@contextmanager
def put_aside(
    server: Server, shard: int, saved: Collection[str], sent: Collection[str], scratch: Path, *, is_filled: bool
) -> Iterator[Late]:
    """Keep what came into a live shard, on the disk, as long as this lasts.

    Args:
        server: InfluxDB.
        shard: its number there.
        saved: the SHA-256 of the files of points that the safety set has of it.
        sent: that of those with which the swap fills it.
        scratch: where it lies meanwhile.
        is_filled: whether the swap has filled it.

    Raises:
        BackupError: the shard cannot be read.
        OSError: there is no room for it.
    """
    with TemporaryFile(dir=scratch) as kept:
        with server.shard(shard, packed=True) as answer:
            for piece in answer.pieces:
                kept.write(piece)
        kept.seek(0)
        found = dict(sorted(_digests(kept)))
        is_together = is_filled and not set(sent) <= set(found.values())
        came = {} if is_together else {name: each for name, each in found.items() if each not in {*saved, *sent}}
        yield Late(kept, came)


def _digests(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """The name and the SHA-256 of each file of points in an archive."""
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name.endswith(".tsm"):
                digest = hashlib.sha256()
                while piece := content.read(PIECE):
                    digest.update(piece)
                yield member.name.rsplit("/", 1)[-1], digest.hexdigest()
