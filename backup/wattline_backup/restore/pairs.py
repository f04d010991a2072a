"""Which stored shard belongs to which shard group of a live bucket, and which of them differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.restore.source import Source, digests_of_stored
from wattline_backup.restore.target import Group, Target
from wattline_backup.restore.upload import live_digests


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together.

    Attributes:
        group: of the live bucket; None where it has none for this time.
        stored: the shards of the set, oldest first.
        has_other: whether the live shard has anything that the set has not.
        lacks: the stored shards of which the live one lacks something.
    """

    group: Group | None
    stored: tuple[Shard, ...]
    has_other: bool
    lacks: tuple[Shard, ...]

    @property
    def span(self) -> str:
        """Its days, for people."""
        start = str(self.group.start.date()) if self.group else self.stored[0].start[:10]
        end = str(self.group.end.date()) if self.group else self.stored[-1].end[:10]
        return f"{start} to {end}"


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
    alone = (shard for shard in source.filled if shard.shard not in known)
    found += [Pair(None, (shard,), has_other=False, lacks=(shard,)) for shard in alone]
    return sorted(found, key=lambda pair: pair.span)


def _compared(source: Source, target: Target, group: Group, stored: Sequence[Shard]) -> Pair:
    live = live_digests(target.server, group.shard)
    # What a tombstone deletes is still in the files beside it, for a second or two.
    intact = set() if any(not name.endswith(".tsm") for name in live) else set(live.values())
    content = {shard.shard: set(digests_of_stored(source.set.path, shard).values()) for shard in stored}
    has_other = not set(live.values()) <= set().union(*content.values())
    lacks = tuple(shard for shard in stored if not content[shard.shard] <= intact)
    return Pair(group, tuple(stored), has_other=has_other, lacks=lacks)
