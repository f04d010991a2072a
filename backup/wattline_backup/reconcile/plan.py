"""The journal beside InfluxDB, second by second, and which seconds of which series are written again.

Counts are cheap, and nearly always enough: of an hour that the journal has whole, InfluxDB can have nothing else, so equal
counts are the same seconds. Elsewhere they prove nothing, and InfluxDB is asked for the very seconds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wattline import fields
from wattline_backup.reconcile.carriers import Carried, Verdict, carriers_of
from wattline_backup.reconcile.kept import Kept
from wattline_backup.reconcile.lines import HOUR_S, Series, Tags, series_of
from wattline_backup.reconcile.memory import Written
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.stored import Counts

DAY_S = 86_400

Bits = Mapping[str, int]
"""Field -> a number whose bits are the seconds of an hour."""
Look = Callable[[Series, int, Mapping[str, int]], Bits]
"""Gives of a series of InfluxDB, an hour and its counts, the very seconds."""
Judge = Callable[[str, int, Tags, Mapping[str, int]], Verdict]
"""Tells of a series of the journal, an hour, further tags and the counts, whether InfluxDB has its readings there."""


@dataclass(frozen=True)
class Compared:
    """A series and hour of the journal beside InfluxDB.

    Attributes:
        text: the series as the journal has it.
        series: the same, taken apart.
        hour: since 1970.
        tags: those that Telegraf adds.
        kept: the seconds that the journal has, by field.
        stored: those that InfluxDB has, by field.
        again: those that the journal has twice, of any field; without those that InfluxDB has under other tags alone.
        next_hour: the next one of which there is anything; the one behind it if there is none.
        firm: the further tags under which InfluxDB has any of it, but those that only what stands still speaks for.
        doubled: the further tags under several of which InfluxDB has one second, as the values prove; none where it has each
            under one alone, or one that came twice.
    """

    text: str
    series: Series
    hour: int
    tags: Tags
    kept: Bits
    stored: Bits
    again: int
    next_hour: int
    firm: frozenset[Tags]
    doubled: frozenset[Tags]

    @property
    def lacking(self) -> int:
        """The seconds of which InfluxDB lacks a value that the journal has."""
        return union(bits & ~self.stored.get(name, 0) for name, bits in self.kept.items())

    @property
    def missing(self) -> int:
        """Values that InfluxDB lacks."""
        return sum((bits & ~self.stored.get(name, 0)).bit_count() for name, bits in self.kept.items())

    @property
    def seems_partial(self) -> bool:
        """Whether the field that most lines have is whole: then the tasks of the rollups see nothing of what is filled."""
        return _most(self.stored) >= _most(self.kept)


def union(many: Iterable[int]) -> int:
    """The seconds that are in any of them."""
    whole = 0
    for bits in many:
        whole |= bits
    return whole


def _most(seconds: Bits) -> int:
    return max((bits.bit_count() for bits in seconds.values()), default=0)


@dataclass(frozen=True)
class Beside:
    """What the journal is compared with.

    Attributes:
        counts: what InfluxDB has, by bucket.
        ours: the tags that our settings say Telegraf adds.
        doubtful_hours: those in which the journal may lack seconds that InfluxDB has.
        look: is asked where counts prove nothing.
        judge: is asked where there is a series under other further tags.
    """

    counts: Mapping[str, Counts]
    ours: Tags
    doubtful_hours: Collection[int]
    look: Look
    judge: Judge

    def compared(self, kept: Kept) -> Iterator[Compared]:
        """Each series of the journal, and each hour of which the journal or InfluxDB has anything of it."""
        for text, names_of in kept.points.items():
            series = series_of(text)
            if series.measurement in ROUTES:
                yield from self._of_series(text, series, names_of, kept.again.get(text, {}))

    def _of_series(
        self, text: str, series: Series, names_of: Mapping[int, Bits], again: Mapping[int, Bits]
    ) -> Iterator[Compared]:
        carried = self._carried(text, series, names_of)
        hours = sorted(names_of.keys() | carried.keys())
        stored_of = {hour: self._stored(series, hour, names_of.get(hour, {}), carried.get(hour, {})) for hour in hours}
        firm = self._firm(text, names_of, carried)
        tags_of = self._tags(stored_of, firm)
        for hour, next_hour in zip(hours, [*hours[1:], hours[-1] + 1], strict=True):
            tags, stored = tags_of[hour], stored_of[hour]
            came_twice = twice = union(again.get(hour, {}).values())
            if elsewhere := union(union(names.values()) for other, names in stored.items() if other != tags):
                twice &= union(stored.get(tags, {}).values()) | ~elsewhere
            yield Compared(
                text,
                series,
                hour,
                tags,
                names_of.get(hour, {}),
                _together(stored.values()),
                twice,
                next_hour,
                frozenset(tags for tags, names in stored.items() if tags in firm and any(names.values())),
                _doubled({tags: stored[tags] for tags in self._proven(text, hour, carried.get(hour, {}))}, came_twice),
            )

    def _firm(self, text: str, names_of: Mapping[int, Bits], carried: Carried) -> set[Tags]:
        """Those under which anything is written: ours, and others that the values of some hour prove."""
        others = {tags for there in carried.values() for tags in there} - {self.ours}
        return {self.ours} | {
            tags
            for tags in others
            if any(
                self.judge(text, hour, tags, there[tags]) == Verdict.OURS
                for hour, there in carried.items()
                if tags in there and hour in names_of
            )
        }

    def _tags(self, stored_of: Mapping[int, Mapping[Tags, Bits]], firm: set[Tags]) -> dict[int, Tags]:
        """The tags that Telegraf adds, by hour; where nothing is there those of before, and before all those of the first."""
        latest = {
            hour: _latest({tags: names for tags, names in stored.items() if tags in firm}, self.ours)
            for hour, stored in stored_of.items()
        }
        tags = next((tags for tags in latest.values() if tags is not None), self.ours)
        found = {}
        for hour, now in latest.items():
            # None at all, as of a Telegraf that adds none, are tags as well.
            tags = tags if now is None else now
            found[hour] = tags
        return found

    def _carried(self, text: str, series: Series, names_of: Mapping[int, Bits]) -> Carried:
        known = {name for names in names_of.values() for name in names}

        def judge(hour: int, tags: Tags, counts: Mapping[str, int]) -> Verdict:
            return self.judge(text, hour, tags, counts) if hour in names_of else Verdict.UNKNOWN

        return carriers_of(series, known, self.counts[ROUTES[series.measurement]], self.ours, judge)

    def _proven(self, text: str, hour: int, there: Mapping[Tags, Mapping[str, int]]) -> set[Tags]:
        """Those under which the values of this very hour are ours, of several: a meter that stands still is as the neighbour's."""
        if len(there) < 2:
            return set()
        return {tags for tags, counts in there.items() if self.judge(text, hour, tags, counts) == Verdict.OURS}

    def _stored(
        self, series: Series, hour: int, in_journal: Bits, there: Mapping[Tags, Mapping[str, int]]
    ) -> dict[Tags, Bits]:
        """The seconds that InfluxDB has, by further tags."""
        if not in_journal and series.measurement != fields.ELECTRICITY:
            # Only of what is metered does it matter what the journal has nothing of.
            return {}
        if len(there) == 1 and hour not in self.doubtful_hours:
            ((tags, counts),) = there.items()
            # Of an hour that the journal has whole InfluxDB can have nothing else.
            if counts == {name: bits.bit_count() for name, bits in in_journal.items()}:
                return {tags: in_journal}
        return {
            tags: self.look(Series(series.measurement, series.tags | tags), hour, counts)
            for tags, counts in there.items()
        }


def _latest(stored: Mapping[Tags, Bits], ours: Tags) -> Tags | None:
    """The tags that Telegraf had last, of several at one second ours; None where there is nothing."""
    last = {tags: union(names.values()).bit_length() for tags, names in stored.items()}
    return max(sorted(last, key=sorted), key=lambda tags: (last[tags], tags == ours), default=None)


def _doubled(stored: Mapping[Tags, Bits], came_twice: int) -> frozenset[Tags]:
    """The tags under several of which there is one second, but such as came twice: these may be two readings."""
    seconds = {tags: union(names.values()) for tags, names in stored.items()}
    return frozenset(
        tags
        for tags in seconds
        if seconds[tags] & ~came_twice & union(seconds[other] for other in seconds if other != tags)
    )


def _together(many: Iterable[Bits]) -> dict[str, int]:
    """The seconds that are in any of them, by field."""
    together: dict[str, int] = {}
    for seconds in many:
        for name, bits in seconds.items():
            together[name] = together.get(name, 0) | bits
    return together


def is_due(each: Compared, written: Written | None, cut_s: int) -> bool:
    """Whether it is written again.

    It is when InfluxDB lacks seconds of it; unless it did not take these within the last day. And once when the journal has
    seconds twice, as soon as their hour is over: of two values the later one stands, and InfluxDB may have the first.

    Args:
        each: the series and hour.
        written: what came of writing it before.
        cut_s: the second from which on nothing is looked at, which is nearly now.
    """
    if each.missing:
        return not (written and each.missing <= written.missing and cut_s - written.at_s < DAY_S)
    end_s = (each.hour + 1) * HOUR_S
    return bool(each.again) and end_s <= cut_s and not (written and written.at_s >= end_s)
