"""Which shards are as they were in the set before, and can be shared with it.

Whether a shard is the same is asked three times over, since each answer alone has a hole:

- ``since``: InfluxDB sends what is newer than the run before. It does not see files that went away, as after a delete, nor
  files with an older stamp, as of a Pi whose clock was behind.
- the number and the bytes of its files, which InfluxDB counts in its metrics, against those that are stored.
- once a day the content itself: every shard is read, and only what differs is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wattline.influxdb.errors import GoneError
from wattline_backup.archive import checksum
from wattline_backup.index import Index, Key, Shard
from wattline_backup.manifest import key_of
from wattline_backup.progress import Watcher
from wattline_backup.server import Server
from wattline_backup.tsm_files import NONE, stored_files

# Stamps of files are coarse, and may be of a moment before the request that made them.
MARGIN = timedelta(minutes=15)
FULL_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A shard that the server has."""

    bucket: Mapping[str, Any]
    group: Mapping[str, Any]
    shard: int

    @property
    def key(self) -> Key:
        """What it is known by."""
        return key_of(self.bucket, self.group, self.shard)

    @property
    def name(self) -> str:
        """For people."""
        return f"shard {self.shard} of {self.bucket['bucketName']}"


class Choice:
    """Compares what the server has with the newest set.

    Args:
        server: InfluxDB.
        earlier: the sets that can be built upon, oldest first.
        at: the server's time.
        is_full: whether every shard is to be read.

    Attributes:
        known: the shards of the newest set.
        is_full: whether every shard is read.
    """

    def __init__(self, server: Server, earlier: Sequence[Index], at: datetime, *, is_full: bool) -> None:
        self._server = server
        self._before = earlier[-1] if earlier else None
        # A set of the future is one of a wrong clock: nothing is newer than that.
        is_usable = self._before is not None and self._before.began <= at
        self.known: dict[Key, Shard] = self._before.by_key if self._before and is_usable else {}
        is_due = not any(each.is_full and at - FULL_EVERY < each.began <= at for each in earlier)
        self.is_full = is_full or is_due or not self.known

    def missing_buckets(self, buckets: Sequence[Mapping[str, Any]]) -> list[str]:
        """A sentence for each bucket that the newest set has and the server has no more."""
        names = {str(bucket["bucketID"]): str(bucket["bucketName"]) for bucket in buckets}
        gone = {shard.bucket_id: shard.bucket for shard in self.known.values() if shard.bucket_id not in names}
        return [
            f"The bucket {name} of the set before is no longer there; the older sets have it." for name in gone.values()
        ]

    def same(self, wanted: Sequence[Wanted], watcher: Watcher) -> dict[Key, Shard]:
        """Those of ``wanted`` that are as they were."""
        same = {}
        for done, each in enumerate(wanted):
            watcher.move("compared", done, len(wanted))
            known = self.known.get(each.key)
            if known and self._is_same(each, known):
                same[each.key] = known
        files = self._server.files() if same else {}
        return {key: shard for key, shard in same.items() if files.get(key.shard, NONE) == stored_files(shard)}

    def _is_same(self, wanted: Wanted, known: Shard) -> bool:
        if known.has_tombstone or self._before is None:
            return False
        try:
            if self.is_full:
                with self._server.shard(wanted.shard, packed=False) as answer:
                    return checksum(answer.pieces, wanted.name, is_gzip=answer.is_gzip) == known.stored.tar_sha256
            return not self._server.has_changed(wanted.shard, self._before.began - MARGIN)
        except GoneError:
            # It is asked for once more, and then left out.
            return False
