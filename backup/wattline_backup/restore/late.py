"""What came into a live shard while a swap was at work, put aside while the way back makes the shard what it was.

It is in files of its own, unless InfluxDB has put those together with others meanwhile: then it cannot be told from what the
swap had brought, and is not kept. It lies beside the sets until it is in the shard again, also where the way back fails; the
next swap of the bucket brings it in then.
"""

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from wattline_backup.archive import BLOCK, PIECE, Member
from wattline_backup.checks import FilesOfPoints
from wattline_backup.errors import BackupError, FolderError
from wattline_backup.restore.content import content_of_late, feed
from wattline_backup.restore.reading import as_file, opened
from wattline_backup.restore.saved import FLUSHED, SECOND
from wattline_backup.restore.target import Group, Target, moment_of
from wattline_backup.restore.upload import put
from wattline_backup.server import Server
from wattline_backup.sets import sync
from wattline_backup.unfinished import NEW, late_file


@dataclass(frozen=True)
class Late:
    """What was put aside.

    Attributes:
        path: of the archive that has it.
    """

    path: Path

    def bring_into(self, server: Server, group: Group) -> None:
        """Let it be in the shard; where that has or gets a value of the same moment by a restore, this one wins.

        Raises:
            BackupError: it cannot be read, does not belong there, or did not arrive.
        """
        content = content_of_late(self.path)
        spans = [(moment_of(each.first_ns), moment_of(each.last_ns)) for each in content.summaries.values()]
        if any(first < group.start or group.end <= last for first, last in spans):
            raise BackupError(
                f"{self.path} has points that are not of {group.start} to {group.end}, which is one shard of its bucket by now: "
                "move the file out of the folder, and try again."
            )
        with (
            opened(self.path, self.path.stat().st_size) as body,
            tarfile.open(fileobj=as_file(body), mode="r|") as archive,
        ):
            what = f"what came into shard {group.shard} meanwhile"
            put(server, group.shard, archive, dict(sorted(content.digests.items())), what)

    def remove(self) -> None:
        """Throw it away, as the shard has it."""
        self.path.unlink(missing_ok=True)


@dataclass
class Sieve:
    """Takes those files of points of a shard that came meanwhile, look for look.

    Args:
        known: the SHA-256 of those that did not.
        to: the archive that they go into.
        found: the SHA-256 of all that were seen.
        count: how many were taken.
    """

    known: Set[str]
    to: IO[bytes]
    found: set[str] = field(default_factory=set)
    count: int = 0

    def take(self, points: IO[bytes], member: Member) -> None:
        """Look at a file, and keep it if it came."""
        digest = hashlib.sha256()
        points.seek(0)
        while piece := points.read(PIECE):
            digest.update(piece)
        if digest.hexdigest() not in self.known | self.found:
            # In the order in which a later one wins.
            info = tarfile.TarInfo(f"{self.count:09d}-{member.name}")
            info.size = member.size
            self.to.write(info.tobuf())
            points.seek(0)
            while piece := points.read(PIECE):
                self.to.write(piece)
            self.to.write(bytes(-member.size % BLOCK))
            self.count += 1
        self.found.add(digest.hexdigest())

    def take_flushed(self, points: IO[bytes], member: Member) -> None:
        """The same, but not of files that InfluxDB has put together."""
        if member.name.endswith(FLUSHED):
            self.take(points, member)


def put_aside(
    target: Target, group: Group, saved: Set[str], sent: Set[str], folder: Path, *, is_filled: bool | None
) -> tuple[Late | None, datetime]:
    """Keep what came into a live shard, on the disk.

    The shard is read twice, the second time only what came while it was read the first time: so its emptying can follow
    at once.

    Args:
        target: the bucket.
        group: the shard's.
        saved: the SHA-256 of the files of points that the safety set has of it.
        sent: that of those with which the swap fills it.
        folder: of the sets.
        is_filled: whether the swap has filled it; None where nobody knows. What InfluxDB has put together is not kept then.

    Returns:
        What came, None where nothing did, and the time of InfluxDB's clock.

    Raises:
        BackupError: the shard cannot be read, or there is no room for what came.
    """
    server, path = target.server, late_file(folder, target.name, group.start)
    fresh = path.with_name(path.name + NEW)
    with _written(fresh, target.name) as file:
        sieve, before = Sieve(saved | sent, file), server.now() - SECOND
        _look(server, group.shard, folder, sieve.take_flushed if is_filled is None else sieve.take)
        is_together = bool(is_filled) and not sent <= sieve.found
        now = server.now()
        _look(server, group.shard, folder, sieve.take_flushed, since=before)
        if sieve.count:
            # On a full disk not even this has room, where nothing came.
            file.write(bytes(2 * BLOCK))
    if is_together or not sieve.count:
        fresh.unlink()
        return None, now
    sync(fresh)
    fresh.replace(path)
    sync(folder)
    return Late(path), now


def _look(
    server: Server,
    shard: int,
    folder: Path,
    take: Callable[[IO[bytes], Member], None],
    since: datetime | None = None,
) -> None:
    with FilesOfPoints(folder, take) as files, server.shard(shard, packed=False, since=since) as answer:
        feed(answer.pieces, shard, files.open_member)
        files.end_member()


@contextmanager
def _written(path: Path, bucket: str) -> Iterator[IO[bytes]]:
    """A file for its owner alone, which is gone where it does not come to be whole."""
    try:
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise FolderError(
                f"What came into {bucket} meanwhile cannot be kept in {path.parent} ({error.strerror}), so its shard was left as "
                "it is."
            ) from error
        raise
