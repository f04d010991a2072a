"""A live bucket gets the content that it has in a set.

The bucket stays the same one: tokens are bound to its number, not to its name. A restored bucket that takes the live one's
name by two renamings has another number, and Telegraf is refused with 403 and Grafana finds no database until each has a new
token. (InfluxDB has an old request, ``restore/buckets/ID``, that gives new shards to the same bucket; the old shards are then
known to nobody and lie on the disk for ever.) So each shard that differs is emptied and filled again, one after the other, and
no more than one shard lacks its points at any moment.

What is stamped from the safety set's beginning until now stays, so that nothing is lost that comes in meanwhile. What is
stamped later, as a forecast is, is emptied like the past.
"""

from dataclasses import dataclass
from datetime import datetime

from wattline.errors import WattlineError
from wattline_backup.errors import BackupError
from wattline_backup.progress import Watcher
from wattline_backup.restore.bucket import IntoLive
from wattline_backup.restore.field_types import demand_fit_for_swap
from wattline_backup.restore.pairs import Pair, pairs
from wattline_backup.restore.signals import disregarded, obeyed_afterwards, reason_of
from wattline_backup.restore.source import Source, source_of
from wattline_backup.restore.target import Target
from wattline_backup.restore.upload import inject
from wattline_backup.restore.values import values_by_day
from wattline_backup.sets import Set
from wattline_backup.state import State, undoing


@dataclass(frozen=True)
class Swap(IntoLive):
    """A live bucket that is going to get the content that it has in a set.

    Attributes:
        source: the bucket of the set.
        target: the live bucket.
        pairs: what belongs together, as far as it differs.
    """

    @classmethod
    def prepare(cls, source: Source, target: Target, watcher: Watcher) -> "Swap":
        """Compare the two.

        Raises:
            BackupError: they do not fit, the set is damaged, or InfluxDB is away.
        """
        kept = target.remembered(source)
        found = pairs(kept, target, watcher)
        # On the way back to what a bucket was before a swap, what it has meanwhile may be anything.
        if State(source.set.path.parent).swaps.get(target.name) != source.set.stamp:
            demand_fit_for_swap(kept, target, found)
        differing = [pair for pair in found if pair.differs]
        return cls(kept, target, differing, len(source.shards) - len(kept.shards))

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""
        told = [
            (
                f"Into: the live bucket {self.target.name} of {self.target.server.url}, which gets the content that it had when the "
                "set was made, also of times to come, and loses what came since; that is in the safety set then. What is stamped "
                "while this is at work stays. Its tokens go on working."
            ),
            *self.left_out,
        ]
        if not self.has_work:
            return [*told, "Nothing differs."]
        return [*told, f"What differs: {', '.join(each.span for each in self.pairs)}."]

    def act(self, safety: Set | None, watcher: Watcher) -> dict[str, int]:
        """Swap; where that fails, swap back.

        Args:
            safety: has all that is live.
            watcher: is told how far it is.

        Returns:
            How many values the live bucket has now of each day of the set.

        Raises:
            BackupError: it could not be done.
        """
        if safety is None:
            raise BackupError("Nothing live is changed without a safety set.")
        name, since = self.target.name, safety.index.began
        state = State(safety.path.parent)
        is_whole = name not in state.swaps
        try:
            watcher.say(
                f"Where this is killed, start InfluxDB anew; then `{undoing(safety.stamp, name)}` makes {name} what it was."
            )
            state.begin_swap(name, safety.stamp)
            self._swap(self.pairs, since, watcher)
            target, shards = self.target, self.source.filled
            values = values_by_day(target.server, target.organisation_id, target.id, shards, watcher)
        except BaseException as failure:
            with disregarded():
                watcher.say(f"Making {name} again what it was, which comes to its end before anything else.")
                self._swap_back(safety, since, watcher, failure)
                if is_whole:
                    state.end_swap(name)
            if isinstance(failure, WattlineError | KeyboardInterrupt):
                raise BackupError(f"{name} is again what it was. What went wrong: {reason_of(failure)}") from failure
            raise
        state.end_swap(name)
        return values

    def remarks(self, safety: Set | None) -> list[str]:
        """How to go back, and how what came since the set was made is brought in again."""
        if safety is None:
            return []
        back = undoing(safety.stamp, self.target.name)
        again = back.replace("--swap", "--merge")
        return [f"`{back}` undoes this; `{again}` brings in again what came since the set was made."]

    def _swap(self, differing: list[Pair], since: datetime, watcher: Watcher) -> None:
        for done, pair in enumerate(differing):
            watcher.move("shards", done, len(differing))
            with obeyed_afterwards():
                self._swap_pair(pair, since)
        watcher.move("shards", len(differing), len(differing))

    def _swap_pair(self, pair: Pair, since: datetime) -> None:
        if pair.group:
            self.target.empty(pair.group, since)
        for shard in pair.stored:
            group = pair.group or self.target.make_group(shard)
            inject(self.target.server, group.shard, self.source.set.path, shard)

    def _swap_back(self, safety: Set, since: datetime, watcher: Watcher, failure: BaseException) -> None:
        name = self.target.name
        try:
            back = Swap.prepare(source_of(safety, name), self.target.again(), watcher)
            for pair in back.pairs:
                back._swap_pair(pair, since)  # noqa: SLF001 - its own kind
        except (WattlineError, OSError) as error:
            raise BackupError(
                f"{name} is half swapped. Start InfluxDB anew; then `{undoing(safety.stamp, name)}` makes it what it was. What went "
                f"wrong: {reason_of(failure)}"
            ) from error
