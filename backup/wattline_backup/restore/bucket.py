"""What the ways of restoring one bucket have in common."""

from dataclasses import dataclass

from wattline_backup.restore.pairs import Pair
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Target
from wattline_backup.server import Server
from wattline_backup.sets import Set
from wattline_backup.size import shards_in_words


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


@dataclass(frozen=True)
class IntoLive(OfBucket):
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

    @property
    def has_work(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.pairs)
