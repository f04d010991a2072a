"""What the ways of restoring one bucket have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.restore.pairs import Pair
from wattline_backup.restore.source import Source, check_shards
from wattline_backup.restore.target import Target
from wattline_backup.server import Server
from wattline_backup.sets import Set
from wattline_backup.size import shards_in_words
from wattline_backup.tsm import Field


@dataclass(frozen=True)
class OfBucket:
    """A bucket of a set that is going to be restored.

    Attributes:
        source: the bucket of the set.
    """

    source: Source

    @property
    def set(self) -> Set:
        """The set."""
        return self.source.set

    @property
    def what(self) -> str:
        """What is restored, for people."""
        return self.source.what

    @property
    def size(self) -> int:
        """Bytes of the files that it is in."""
        return self.source.size

    def again(self, watcher: Watcher) -> Self:
        """The same, once its files are known to be what they were when this was planned.

        Raises:
            BackupError: they are not.
        """
        check_shards(self.source.set, self.source.shards, watcher, with_points=False)
        return self


@dataclass(frozen=True)
class IntoLive(OfBucket, ABC):
    """A bucket of a set that is going to be restored into a live one.

    Attributes:
        source: the bucket of the set.
        target: the live bucket.
        pairs: what belongs together, as far as something is to be done about it.
        forgotten: how many shards of the set are older than what the live bucket keeps, and were left out of ``source``.
    """

    target: Target
    pairs: list[Pair]
    forgotten: int

    @property
    def server(self) -> Server:
        """InfluxDB."""
        return self.target.server

    @property
    def left_out(self) -> list[str]:
        """What stays out, in sentences."""
        if not self.forgotten:
            return []
        return [
            f"Left out, as older than what {self.target.name} keeps and forgotten there by now: {shards_in_words(self.forgotten)} of the set."
        ]

    @property
    def changes_live(self) -> bool:
        """It does."""
        return True

    def again(self, watcher: Watcher) -> Self:
        """The same, compared with the live bucket as that is now.

        Raises:
            BackupError: they do not fit any more, or InfluxDB is away.
        """
        fresh = type(self).prepare(self.source, self.target.again(), watcher)
        if fresh.forgotten:
            raise BackupError(
                f"{self.target.name} keeps less by now than when this was planned, and {shards_in_words(fresh.forgotten)} more of the "
                "set would stay out: plan it again."
            )
        return fresh

    @classmethod
    @abstractmethod
    def prepare(cls, source: Source, target: Target, watcher: Watcher) -> Self:
        """Compare the two.

        Raises:
            BackupError: they do not fit, the set is damaged, or InfluxDB is away.
        """

    def fields_of(self, shards: Iterable[Shard]) -> list[tuple[Shard, set[Field]]]:
        """Stored shards, each with the fields of which it has values."""
        contents = {number: content for pair in self.pairs for number, content in pair.contents.items()}
        return [(shard, {field for field, _ in contents[shard.shard].types}) for shard in shards]

    @property
    def has_work(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.pairs)
