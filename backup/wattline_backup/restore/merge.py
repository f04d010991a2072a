"""What a live bucket lacks is brought in from a set; wherever both have a value, the live one stays."""

from dataclasses import dataclass
from typing import Self

from wattline.errors import WattlineError
from wattline_backup.errors import BackupError
from wattline_backup.progress import Watcher
from wattline_backup.restore.bucket import IntoLive
from wattline_backup.restore.field_types import demand_fit_for_merge
from wattline_backup.restore.pairs import pairs
from wattline_backup.restore.signals import obeyed_afterwards, reason_of
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Target
from wattline_backup.restore.upload import inject
from wattline_backup.restore.values import demand_shown, values_by_day
from wattline_backup.sets import Set


@dataclass(frozen=True)
class Merge(IntoLive):
    """A bucket of a set that is going to be brought into the live one.

    Attributes:
        source: the bucket of the set.
        target: the live bucket.
        pairs: what belongs together, as far as the live one lacks something.
    """

    @classmethod
    def prepare(cls, source: Source, target: Target, watcher: Watcher) -> Self:
        """Compare the two.

        Raises:
            BackupError: they do not fit, the set is damaged, or InfluxDB is away.
        """
        kept = target.remembered(source)
        found = pairs(kept, target, watcher)
        demand_fit_for_merge(kept, target, found)
        lacking = [pair for pair in found if pair.lacks]
        return cls(kept, target, lacking, len(source.shards) - len(kept.shards))

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""
        told = [
            (
                f"Into: the live bucket {self.target.name} of {self.target.server.url}. What it lacks is brought in, also what was "
                "deleted from it on purpose; wherever it has a value, that stays."
            ),
            *self.left_out,
        ]
        if not self.has_work:
            return [*told, "Nothing is lacking."]
        return [
            *told,
            f"To be brought in, or to be compared value by value: {', '.join(each.span for each in self.pairs)}.",
        ]

    def act(self, _safety: Set | None, watcher: Watcher) -> dict[str, int]:
        """Bring in what is lacking.

        Returns:
            How many values the live bucket has now of each day of the set.

        Raises:
            BackupError: it could not be done. What was brought in stays, nothing that was live has changed.
        """
        # Where nothing is lacking any more, what is counted is what was there already.
        brought = [shard for pair in self.pairs for shard in pair.lacks] or self.source.filled
        try:
            for done, pair in enumerate(self.pairs):
                watcher.move("shards", done, len(self.pairs))
                for shard in pair.lacks:
                    group = pair.group or self.target.make_group(shard)
                    with obeyed_afterwards():
                        inject(self.target.server, group.shard, self.source.set.path, shard)
            watcher.move("shards", len(self.pairs), len(self.pairs))
            target = self.target
            if self.pairs:
                demand_shown(target.server, target.organisation_id, target.id, self.fields_of(brought), watcher)
            return values_by_day(target.server, target.organisation_id, target.id, brought, watcher)
        except (WattlineError, KeyboardInterrupt, OSError) as error:
            raise BackupError(
                f"{self.target.name} has all that it had, and of what it lacked what came in before it went wrong; the same "
                f"command goes on where this one stopped. What went wrong: {reason_of(error)}"
            ) from error

    def remarks(self, _safety: Set | None) -> list[str]:
        """What to know afterwards."""
        if not self.pairs:
            return ["Nothing was brought in: it came in since this was planned, so all of it was there already."]
        return ["The rollups of these days are not remade by this: `compose/influxdb/remake` does that."]
