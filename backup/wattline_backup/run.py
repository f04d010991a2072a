"""A set is made: what changed is fetched whole, what did not is shared with the set before.

While something is being deleted a shard holds a tombstone, which a restore passes over, so that all of it would come back.
InfluxDB is done with it within two seconds; such a shard is asked for again.
"""

import gzip
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from wattline.influxdb.errors import GoneError
from wattline_backup import index
from wattline_backup.archive import store
from wattline_backup.checks import check_points
from wattline_backup.choice import Choice, Wanted
from wattline_backup.errors import ArchiveError, FolderError, SetError
from wattline_backup.house import House, describe
from wattline_backup.index import Index, Shard
from wattline_backup.manifest import known_to_both, manifest, shards_of
from wattline_backup.progress import Watcher
from wattline_backup.server import Metadata, Server
from wattline_backup.sets import READ_ONLY, Beginning, Folder, Set
from wattline_backup.state import State

TOMBSTONE_WAIT_S, TOMBSTONE_TRIES = 2.0, 5
# Beyond what is fetched: for what Telegraf, Grafana and the system want to write meanwhile.
SPARE_BYTES = 64 << 20


@dataclass
class Made:
    """What a run has come to.

    Attributes:
        made: the set.
        seconds: how long it took.
        fetched: the shards that were written.
        linked: the shards that are shared with the set before.
        remarks: whatever a person should know, in sentences.
    """

    made: Set
    seconds: float
    fetched: int
    linked: int
    remarks: list[str] = field(default_factory=list)


class Run:
    """One backup.

    Args:
        server: InfluxDB.
        folder: of the sets; the run wants to be alone there.
        house: what else is taken along.
        watcher: is told how far it is.
        is_full: whether every shard is read; on the first run of each 24 hours it is in any case.
        sleep: waits so many seconds.
        now: the time of this machine's clock.
    """

    def __init__(
        self,
        server: Server,
        folder: Folder,
        house: House,
        watcher: Watcher,
        *,
        is_full: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._server, self._folder, self._house, self._watcher = server, folder, house, watcher
        self._is_full, self._sleep, self._now = is_full, sleep, now
        self._remarks: list[str] = []

    def make(self) -> Made:
        """Make a set.

        Raises:
            BackupError: it could not be made; the older ones are as they were.
        """
        began_s = time.monotonic()
        self._folder.make()
        with self._folder.locked():
            for name in self._folder.clear():
                self._remarks.append(f"Removed {name}, which an interrupted command had left.")
            earlier = self._earlier()
            version = self._server.version()
            beginning = self._folder.begin(self._moment())
            try:
                shards = self._fill(beginning, earlier, version)
                made = beginning.finish()
            except OSError as error:
                self._folder.clear()
                raise FolderError(
                    f"The set could not be written into {self._folder.path} ({error.strerror}); the older ones are as they were."
                ) from error
            except BaseException:
                self._folder.clear()
                raise
        linked = sum(shard.is_linked for shard in shards)
        return Made(made, time.monotonic() - began_s, len(shards) - linked, linked, self._remarks)

    def _moment(self) -> datetime:
        """Now. A set bears the name of its second, so the second of one that was just made is waited out."""
        now = self._now()
        if any(each.at == now.replace(microsecond=0) for each in self._folder.sets()[-1:]):
            self._sleep(1.0 - now.microsecond / 1e6)
            return self._now()
        return now

    def _earlier(self) -> list[Set]:
        """The sets that can be built upon, oldest first."""
        usable = []
        for each in self._folder.sets():
            try:
                _ = each.index
            except SetError as error:
                self._remarks.append(str(error))
            else:
                usable.append(each)
        return usable

    def _fill(self, beginning: Beginning, earlier: Sequence[Set], version: str) -> list[Shard]:
        metadata = self._metadata()
        wanted = [Wanted(*each) for each in shards_of(metadata.buckets)]
        previous = earlier[-1] if earlier else None
        choice = Choice(self._server, [each.index for each in earlier], metadata.at, is_full=self._is_full)
        self._remarks += choice.missing_buckets(metadata.buckets)
        same = choice.same(wanted, self._watcher)
        self._guard([each for each in wanted if each.key not in same], metadata)
        shards = []
        for done, each in enumerate(wanted):
            self._watcher.move("shards", done, len(wanted))
            known = same.get(each.key)
            shard = self._link(beginning, known, previous) if known and previous else None
            shard = shard or self._fetch(beginning, each, choice.known.get(each.key))
            if shard:
                shards.append(shard)
        self._watcher.move("shards", len(wanted), len(wanted))
        self._write_rest(beginning, metadata, shards, version, is_full=choice.is_full)
        return shards

    def _metadata(self) -> Metadata:
        """All but the points, in which the Bolt database knows each shard that the list of buckets has.

        InfluxDB copies the database first and makes the list afterwards. A shard that is made in between would be in the
        manifest alone, and a restore of everything stops at it. What an earlier list has as well, is in the copy.
        """
        earlier, metadata = self._server.metadata(), self._server.metadata()
        return replace(metadata, buckets=known_to_both(earlier.buckets, metadata.buckets), at=earlier.at)

    def _guard(self, to_fetch: Sequence[Wanted], metadata: Metadata) -> None:
        """See to it that there is room, before anything is written."""
        files = self._server.files()
        needed = sum(files[each.shard].size for each in to_fetch if each.shard in files)
        needed += len(metadata.kv) + len(metadata.sql) + self._house.size() + SPARE_BYTES
        free = shutil.disk_usage(self._folder.path).free
        if free < needed:
            raise FolderError(
                f"{self._folder.path} has {free >> 20} MiB free, and the next set may take {needed >> 20} MiB: make room "
                "(`wattline-backup prune --dry-run` tells what could go)."
            )

    def _link(self, beginning: Beginning, known: Shard, previous: Set) -> Shard | None:
        """Share a file with the set before; None where that file is not what it was."""
        source = previous.path / known.file
        name = f"{beginning.stamp}.{known.shard}.tar.gz"
        if not source.is_file() or source.stat().st_size != known.stored.size:
            self._remarks.append(f"{source} is missing or changed, so it is fetched anew; verify the older sets.")
            return None
        target = beginning.path / name
        try:
            os.link(source, target)
        except OSError:
            # A file system without hard links, or one file with too many.
            shutil.copyfile(source, target)
        return Shard(**{**_fields(known), "file": name, "is_linked": True})

    def _fetch(self, beginning: Beginning, wanted: Wanted, known: Shard | None) -> Shard | None:
        """A shard from the server; None where it has gone meanwhile."""
        file = beginning.path / f"{beginning.stamp}.{wanted.shard}.tar.gz"
        start, end = str(wanted.group["startTime"]), str(wanted.group["endTime"])
        for last in [*[False] * (TOMBSTONE_TRIES - 1), True]:
            try:
                with self._server.shard(wanted.shard, packed=True) as answer, file.open("wb") as to:
                    stored = store(answer.pieces, to, wanted.name, is_gzip=answer.is_gzip)
            except GoneError:
                file.unlink(missing_ok=True)
                return None
            if all(member.is_tsm for member in stored.members):
                break
            if last:
                self._remarks.append(
                    f"Something was deleted from {wanted.name} all the while: a restore of this set brings that back."
                )
            else:
                self._sleep(TOMBSTONE_WAIT_S)
        if check_points(file, wanted.name, start, end) != stored:
            raise ArchiveError(f"{file} does not read as it was written: the disk is failing.")
        file.chmod(READ_ONLY)
        if known and known.tsm and not stored.members:
            self._remarks.append(f"All points of {wanted.name} are gone since the set before; an older set has them.")
        bucket = wanted.bucket
        return Shard(
            bucket["bucketID"], bucket["bucketName"], wanted.shard, start, end, file.name, stored, is_linked=False
        )

    def _write_rest(
        self, beginning: Beginning, metadata: Metadata, shards: Sequence[Shard], version: str, *, is_full: bool
    ) -> None:
        """All but the shards; the manifest last."""
        path, stamp = beginning.path, beginning.stamp
        files = self._house.copy(path)
        for name, content in ((f"{stamp}.bolt.gz", metadata.kv), (f"{stamp}.sqlite.gz", metadata.sql)):
            (path / name).write_bytes(gzip.compress(content, mtime=0))
            files[name] = describe(path / name)
        written = manifest(
            metadata.buckets,
            {shard.shard: (shard.file, shard.stored) for shard in shards},
            (f"{stamp}.bolt.gz", files[f"{stamp}.bolt.gz"].size),
            (f"{stamp}.sqlite.gz", files[f"{stamp}.sqlite.gz"].size),
        )
        name = f"{stamp}.manifest"
        (path / name).write_text(written)
        files[name] = describe(path / name)
        begun = tuple(State(self._folder.path).begun)
        known = Index(stamp, self._server.url, version, metadata.at, is_full, tuple(shards), files, begun)
        (path / index.NAME).write_text(known.to_json())


def _fields(shard: Shard) -> dict[str, Any]:
    return {name: getattr(shard, name) for name in Shard.__slots__}
