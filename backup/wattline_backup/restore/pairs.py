"""Which stored shard belongs to which shard group of a live bucket, and which of them differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.restore.content import Content, content_of_live, content_of_stored
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Group, Target, moment
from wattline_backup.tsm import FieldTypes


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together.

    Attributes:
        group: of the live bucket; None where it has none for this time.
        stored: the shards of the set, oldest first.
        has_other: whether the live shard has anything that the set has not.
        lacks: the stored shards of which the live one lacks something.
        live_types: of the fields of the live shard.
        contents: of each stored shard, by its number in the set.
    """

    group: Group | None
    stored: tuple[Shard, ...]
    has_other: bool
    lacks: tuple[Shard, ...]
    live_types: FieldTypes
    contents: Mapping[int, Content]

    @property
    def differs(self) -> bool:
        """Whether the live shard is another than those of the set."""
        return self.has_other or bool(self.lacks)

    def types_of(self, shards: Iterable[Shard]) -> FieldTypes:
        """Of the fields of some of the stored shards."""
        return frozenset().union(*(self.contents[shard.shard].types for shard in shards))

    @property
    def stored_points(self) -> set[str]:
        """The SHA-256 of the files of points in the stored shards."""
        return set[str]().union(*(content.points for content in self.contents.values()))

    @property
    def start(self) -> datetime:
        """When its time begins."""
        return self.group.start if self.group else moment(self.stored[0].start)

    @property
    def end(self) -> datetime:
        """When its time is over."""
        return self.group.end if self.group else moment(self.stored[-1].end)

    def meets(self, other: "Pair") -> bool:
        """Whether the two have time in common."""
        return self.start < other.end and other.start < self.end

    def meets_shard(self, shard: Shard) -> bool:
        """Whether it has time in common with a stored shard."""
        return self.start < moment(shard.end) and moment(shard.start) < self.end

    @property
    def span(self) -> str:
        """Its days, for people."""
        return f"{self.start.date()} to {self.end.date()}"


def pairs(source: Source, target: Target, watcher: Watcher) -> list[Pair]:
    """Compare a bucket of a set with the live one, file by file; oldest first.

    Raises:
        BackupError: the live one divides its time in another way, or cannot be read.
    """
    if misfits := target.misfits(source.filled):
        raise BackupError(
            f"{target.name} divides its time otherwise than in the set, where {misfits[0].start} to {misfits[0].end} is one "
            "shard: restore it beside (--as) and copy it over with a Flux query, as backup/README.md shows."
        )
    groups, found = target.groups, []
    for done, group in enumerate(groups):
        watcher.move("shards compared", done, len(groups))
        stored = tuple(shard for shard in source.filled if group.holds(shard))
        found.append(_compared(source, target, group, stored))
    watcher.move("shards compared", len(groups), len(groups))
    known = {shard.shard for pair in found for shard in pair.stored}
    alone = [shard for shard in source.filled if shard.shard not in known]
    found += [_missing(source, tuple(shards)) for _, shards in groupby(alone, target.would_begin)]
    return sorted(found, key=lambda pair: pair.span)


def _missing(source: Source, stored: tuple[Shard, ...]) -> Pair:
    """Of what is going to be one live shard, and is none yet."""
    contents = {shard.shard: content_of_stored(source.set.path, shard) for shard in stored}
    return Pair(None, stored, has_other=False, lacks=stored, live_types=frozenset(), contents=contents)


def _compared(source: Source, target: Target, group: Group, stored: tuple[Shard, ...]) -> Pair:
    live = content_of_live(target.server, group.shard, source.set.path)
    # What a tombstone deletes is still in the files beside it, for a second or two.
    is_deleting = any(not name.endswith(".tsm") for name in live.digests)
    intact = set() if is_deleting else set(live.digests.values())
    contents = {shard.shard: content_of_stored(source.set.path, shard) for shard in stored}
    known = set[str]().union(*(content.points for content in contents.values()))
    has_other = not set(live.digests.values()) <= known
    lacks = tuple(shard for shard in stored if not contents[shard.shard].points <= intact)
    return Pair(group, stored, has_other, lacks, live.types, contents)
