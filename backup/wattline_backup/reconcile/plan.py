"""The journal beside InfluxDB, second by second, and which seconds of which series are written again.

Counts are cheap, and nearly always enough: of an hour that the journal has whole, InfluxDB can have nothing else, so equal
counts are the same seconds. Elsewhere they prove nothing, and InfluxDB is asked for the very seconds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wattline import fields
from wattline_backup.reconcile.kept import Kept
from wattline_backup.reconcile.lines import HOUR_S, Series, Tags, series_of
from wattline_backup.reconcile.memory import Written
from wattline_backup.reconcile.naming import naming_of
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.stored import Counts

DAY_S = 86_400

Seconds = Mapping[str, int]
"""Field -> a number whose bits are the seconds of an hour."""
Look = Callable[[Series, int, Mapping[str, int]], Seconds]
"""Gives of a series of InfluxDB, an hour and its counts, the very seconds."""


@dataclass(frozen=True)
class Compared:
    """A series and hour of the journal beside InfluxDB.

    Attributes:
        text: the series as the journal has it.
        series: the same, taken apart.
        hour: since 1970.
        tags: those that Telegraf adds; None where it cannot be told which.
        kept: the seconds that the journal has, by field.
        stored: those that InfluxDB has, by field.
        again: those that the journal has twice, of any field.
        next_hour: the next one of which there is anything; the one behind it if there is none.
    """

    text: str
    series: Series
    hour: int
    tags: Tags | None
    kept: Seconds
    stored: Seconds
    again: int
    next_hour: int

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


def _most(seconds: Seconds) -> int:
    return max((bits.bit_count() for bits in seconds.values()), default=0)


def compared(
    kept: Kept, counts: Mapping[str, Counts], ours: Tags, doubtful_hours: Collection[int], look: Look
) -> Iterator[Compared]:
    """Each series of the journal, and each hour of which the journal or InfluxDB has anything of it.

    Args:
        kept: what the journal has.
        counts: what InfluxDB has, by bucket.
        ours: the tags that our settings say Telegraf adds.
        doubtful_hours: those in which the journal may lack seconds that InfluxDB has.
        look: is asked where counts prove nothing.
    """
    for text, names_of in kept.points.items():
        series = series_of(text)
        if series.measurement not in ROUTES:
            continue
        of_bucket = counts[ROUTES[series.measurement]]
        naming = naming_of(series, of_bucket, ours)
        known = {name for names in names_of.values() for name in names}
        found = _found(series, naming.now, naming.before, of_bucket)
        hours = sorted(names_of.keys() | found)
        for hour, next_hour in zip(hours, [*hours[1:], hours[-1] + 1], strict=True):
            in_journal = names_of.get(hour, {})
            there = {name: count for name, count in found.get(hour, {}).items() if name in known}
            tags = naming.at(hour)
            if _are_proven(series, in_journal, there, is_doubtful=hour in doubtful_hours):
                stored: Seconds = in_journal if there else {}
            else:
                stored = look(Series(series.measurement, series.tags | (tags or frozenset())), hour, there)
            again = union(kept.again.get(text, {}).get(hour, {}).values())
            yield Compared(text, series, hour, tags, in_journal, stored, again, next_hour)


def _found(
    series: Series, now: Tags | None, before: Mapping[int, Tags], counts: Counts
) -> dict[int, Mapping[str, int]]:
    found: dict[int, Mapping[str, int]] = {}
    if now is not None:
        found |= counts.get(Series(series.measurement, series.tags | now), {})
    for hour, tags in before.items():
        found[hour] = counts[Series(series.measurement, series.tags | tags)][hour]
    return found


def _are_proven(series: Series, kept: Seconds, there: Mapping[str, int], *, is_doubtful: bool) -> bool:
    """Whether counts tell which seconds InfluxDB has: none, or those of the journal."""
    if not there:
        return True
    if not kept:
        # Only of what is metered does it matter what the journal has nothing of.
        return series.measurement != fields.ELECTRICITY
    return not is_doubtful and there == {name: bits.bit_count() for name, bits in kept.items()}


def is_due(each: Compared, written: Written | None, cut_s: int) -> bool:
    """Whether it is written again.

    It is when InfluxDB lacks seconds of it; unless it did not take these within the last day. And once when the journal has
    seconds twice, as soon as their hour is over: of two values the later one stands, and InfluxDB may have the first.

    Args:
        each: the series and hour.
        written: what came of writing it before.
        cut_s: the second from which on nothing is looked at, which is nearly now.
    """
    if each.tags is None:
        return False
    if each.missing:
        return not (written and each.missing <= written.missing and cut_s - written.at_s < DAY_S)
    end_s = (each.hour + 1) * HOUR_S
    return bool(each.again) and end_s <= cut_s and not (written and written.at_s >= end_s)
