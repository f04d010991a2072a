"""A live bucket gets the content that it has in a set.

The bucket stays the same one: tokens are bound to its number, not to its name. A restored bucket that takes the live one's
name by two renamings has another number, and Telegraf is refused with 403 and Grafana finds no database until each has a new
token. (InfluxDB has an old request, ``restore/buckets/ID``, that gives new shards to the same bucket; the old shards are then
known to nobody and lie on the disk for ever.) So each shard that differs is emptied and filled again, one after the other, and
no more than one shard lacks its points at any moment.

What is stamped from the safety set's beginning until now stays, so that nothing is lost that comes in meanwhile. What is
stamped later, as a forecast is, is emptied like the past.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from wattline.errors import WattlineError
from wattline_backup.errors import BackupError
from wattline_backup.progress import Watcher
from wattline_backup.restore.bucket import IntoLive
from wattline_backup.restore.field_types import demand_fit_for_swap
from wattline_backup.restore.half import half_swapped, note_end
from wattline_backup.restore.late import Late, put_aside
from wattline_backup.restore.pairs import Pair, pairs
from wattline_backup.restore.saved import demand_saved
from wattline_backup.restore.signals import disregarded, obeyed_afterwards, reason_of
from wattline_backup.restore.source import Source, source_of
from wattline_backup.restore.target import AHEAD, LATENESS, Group, Target
from wattline_backup.restore.upload import inject
from wattline_backup.restore.values import demand_shown, has_values, values_by_day
from wattline_backup.sets import Set
from wattline_backup.state import State
from wattline_backup.unfinished import Unfinished, late_files, undoing


@dataclass(frozen=True)
class Swap(IntoLive):
    """A live bucket that is going to get the content that it has in a set.

    Attributes:
        source: the bucket of the set.
        target: the live bucket.
        pairs: what belongs together, as far as it differs.
        earlier: a swap of the bucket that has not come to its end, where there is one.
    """

    earlier: Unfinished | None

    @classmethod
    def prepare(cls, source: Source, target: Target, watcher: Watcher) -> Self:
        """Compare the two.

        Raises:
            BackupError: they do not fit, the set is damaged, or InfluxDB is away.
        """
        kept = target.remembered(source)
        found = pairs(kept, target, watcher)
        earlier = State(source.set.path.parent).begun.get(target.name)
        # On the way back, what the bucket has meanwhile may be anything.
        if not earlier or earlier.origin != source.set.stamp:
            demand_fit_for_swap(kept, target, found)
        differing = [pair for pair in found if pair.differs]
        return cls(kept, target, differing, len(source.shards) - len(kept.shards), earlier)

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""
        told = [
            (
                f"Into: the live bucket {self.target.name} of {self.target.server.url}, which gets the content that it had when the "
                "set was made, also of times to come, and loses what came since; that is in the safety set then. What is stamped "
                "while this is at work stays. Its tokens go on working."
            ),
            *self.left_out,
            *self._late_told(),
        ]
        if not self.pairs:
            is_end = self.earlier is not None and not self._leaves_half
            return [*told, f"Nothing differs{'; the swap that did not come to its end is over' if is_end else ''}."]
        return [*told, f"What differs: {', '.join(each.span for each in self.pairs)}.", *self._warning()]

    def _late_told(self) -> list[str]:
        """What else goes into the bucket, and what does not any more."""
        name, late = self.target.name, self._late
        comes, old = (
            " and ".join(str(path) for path in late_files(self.set.path.parent, name) if (path in late) is is_kept)
            for is_kept in (True, False)
        )
        told = [f"Brought in as well: what came in while an earlier swap failed, from {comes}."] if comes else []
        return told + (
            [f"Not brought in, as older than what {name} keeps: {old}, which may be removed."] if old else []
        )

    def _warning(self) -> list[str]:
        """What to stop, where something writes into the bucket."""
        target, now = self.target, self.server.now()
        if not has_values(self.server, target.organisation_id, target.id, now - LATENESS, now + AHEAD):
            return []
        return [
            (
                f"Something writes into {target.name} just now. What it stamps with the moment, stays; where it may write points of other "
                "times too, as Telegraf after a pause or a rollup, stop it for the minutes of this: what comes into a day in the "
                "milliseconds before that is emptied, is lost. Telegraf keeps its readings meanwhile."
            )
        ]

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
        name, state, done = self.target.name, State(safety.path.parent), Done()
        try:
            begun = self._begun(safety)
            undo = undoing(begun.origin, name)
            watcher.say(f"Where this is killed, start InfluxDB anew; then `{undo}` makes {name} what it was.")
            state.begin(name, begun)
            self._swap(safety, watcher, done)
            values = self._counted(watcher)
        except BaseException as failure:
            with disregarded():
                self._recover(safety, watcher, done, failure)
            if isinstance(failure, WattlineError | KeyboardInterrupt | OSError):
                raise BackupError(f"{name} is again what it was. What went wrong: {reason_of(failure)}") from failure
            raise
        if not self._leaves_half:
            note_end(state, name, self.source.set.stamp)
            for path in self._late:
                Late(path).remove()
        return values

    def remarks(self, safety: Set | None) -> list[str]:
        """How to go back, and how what came since the set was made is brought in again."""
        if safety is None:
            return []
        name, back = self.target.name, undoing(safety.stamp, self.target.name)
        merge = f"`{back.replace('--swap', '--merge')}` brings in"
        again = f"{merge} again what came since the set was made."
        if not self.earlier:
            return [f"`{back}` undoes this; {again}"]
        before = f"`{undoing(self.earlier.origin, name)}` makes {name} what it was before that."
        if self._leaves_half:
            return [f"The set {self.set.stamp} was made in the middle of a swap: {before}"]
        if self._is_way_back:
            stayed = f"What came in since the set {self.set.stamp} was made stayed, as far as it could be told from what the swap"
            gaps = f"{merge} the rest, and whatever the swap had brought into gaps of {name}"
            return [
                f"{stayed} had brought. {gaps}; after a way back that was cut off, so does each older set that `list` calls half."
            ]
        # What the unfinished swap had left is nothing to go back to, and of another set nothing to bring in.
        ended = f"A swap that was cut off is over: {before}"
        return [f"{ended} {again}"] if self.set.stamp == self.earlier.stamp else [ended]

    @property
    def has_work(self) -> bool:
        """Whether anything is to be done, be it only to end what did not come to its end."""
        return bool(self.pairs) or bool(self._late) or (self.earlier is not None and not self._leaves_half)

    @property
    def _leaves_half(self) -> bool:
        """Whether the bucket only gets what an unfinished swap had left of it.

        What a swap began with is no such thing, be it half itself, as it is in the middle of a restore of everything.
        """
        return self.earlier is not None and not self._is_way_back and self.set.index.is_half(self.target.name)

    @property
    def _is_way_back(self) -> bool:
        """Whether the bucket becomes what it was before a swap that has not come to its end."""
        return self.earlier is not None and self.earlier.origin == self.set.stamp

    def _begun(self, safety: Set) -> Unfinished:
        """What is unfinished from now on; what the bucket was before an earlier swap, has its safety set still."""
        if self.earlier and (self._leaves_half or self._is_way_back):
            return self.earlier
        return Unfinished(self.set.stamp, self.earlier.origin if self.earlier else safety.stamp)

    def _counted(self, watcher: Watcher) -> dict[str, int]:
        target, came = self.target, [shard for pair in self.pairs for shard in pair.stored]
        demand_shown(target.server, target.organisation_id, target.id, self.fields_of(came), watcher)
        return values_by_day(target.server, target.organisation_id, target.id, self.source.filled, watcher)

    def _swap(self, safety: Set, watcher: Watcher, done: "Done") -> None:
        """Swap, and note in ``done`` how far that is."""
        self._bring_late_of_others()
        for number, pair in enumerate(self.pairs):
            watcher.move("shards", number, len(self.pairs))
            with obeyed_afterwards():
                self._swap_pair(pair, safety, done)
        watcher.move("shards", len(self.pairs), len(self.pairs))

    def _swap_pair(self, pair: Pair, safety: Set, done: "Done") -> None:
        if pair.group and self._is_way_back:
            # What the killed swap had done with the shard is not known.
            self._put_back(pair, pair.group, frozenset(), is_filled=None)
            return
        now = demand_saved(self.target, pair.group, safety) if pair.group else None
        done.begun.append(pair)
        if pair.group and now:
            self.target.empty(pair.group, safety.index.began, now)
            self._bring_late(pair.group)
        self._fill(pair)
        done.filled.append(pair)

    @property
    def _late(self) -> dict[Path, datetime]:
        """What the way back of an earlier swap could not bring in again, and when its shard begins."""
        found = late_files(self.set.path.parent, self.target.name)
        return {path: start for path, start in found.items() if self.target.keeps(start)}

    def _bring_late_of_others(self) -> None:
        """Bring in what is of shards that do not differ, or are not there any more, as after a restore of everything."""
        for start in self._late.values():
            self.target.make_group_at(start)
        for group in self.target.again().groups if self._late else []:
            if not any(pair.group and pair.group.shard == group.shard for pair in self.pairs):
                with obeyed_afterwards():
                    self._bring_late(group)

    def _bring_late(self, group: Group) -> None:
        for path, start in self._late.items():
            if group.start <= start < group.end:
                Late(path).bring_into(self.server, group)

    def _fill(self, pair: Pair) -> None:
        for shard in pair.stored:
            group = pair.group or self.target.make_group(shard)
            inject(self.target.server, group.shard, self.source.set.path, shard)

    def _recover(self, safety: Set, watcher: Watcher, done: "Done", failure: BaseException) -> None:
        """Make the bucket what it was; what an unfinished swap had left of it, is not made anew.

        Raises:
            BackupError: it is half swapped.
        """
        name = self.target.name
        if self.earlier:
            raise half_swapped(name, self.earlier.origin, failure) from failure
        watcher.say(f"Making {name} again what it was, which comes to its end before anything else.")
        self._swap_back(safety, watcher, done, failure)
        note_end(State(safety.path.parent), name, safety.stamp)

    def _swap_back(self, safety: Set, watcher: Watcher, done: "Done", failure: BaseException) -> None:
        """What was not begun is as it was. Whatever got points meanwhile, keeps them, since they are nowhere else."""
        name = self.target.name
        try:
            saved = source_of(safety, name)
            # What was not begun is not looked at again: of that a disk may refuse what it will.
            shards = tuple(shard for shard in saved.shards if any(each.meets_shard(shard) for each in done.begun))
            back = Swap.prepare(replace(saved, shards=shards), self.target.again(), watcher)
            for pair in back.pairs:
                if any(pair.meets(each) for each in done.begun):
                    self._fill_back(back, pair, done)
            back._counted(watcher)  # noqa: SLF001 - its own kind
        except (WattlineError, OSError) as error:
            late = late_files(safety.path.parent, name)
            raise half_swapped(name, safety.stamp, failure, error, late) from error

    def _fill_back(self, back: "Swap", pair: Pair, done: "Done") -> None:
        if not pair.group:
            back._fill(pair)  # noqa: SLF001 - its own kind
            return
        sent = set[str]().union(*(mine.stored_points for mine in done.begun if mine.meets(pair)))
        is_filled = any(mine.meets(pair) for mine in done.filled)
        back._put_back(pair, pair.group, sent, is_filled=is_filled)  # noqa: SLF001 - its own kind

    def _put_back(self, pair: Pair, group: Group, sent: frozenset[str] | set[str], *, is_filled: bool | None) -> None:
        """Make a shard what it was before a swap, and keep what came in since."""
        folder = self.set.path.parent
        late, now = put_aside(self.target, group, pair.stored_points, sent, folder, is_filled=is_filled)
        self.target.clear(group, self.set.index.began, now)
        # What came last wins.
        self._bring_late(group)
        self._fill(pair)
        if late:
            late.remove()


@dataclass
class Done:
    """How far a swap is.

    Attributes:
        begun: the pairs of which something may have changed.
        filled: those that have become what they are in the set.
    """

    begun: list[Pair] = field(default_factory=list)
    filled: list[Pair] = field(default_factory=list)
