"""Which hours of which series are written again."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from wattline_backup.reconcile.kept import Kept
from wattline_backup.reconcile.lines import HOUR_S, Series, Tags, series_of
from wattline_backup.reconcile.memory import Tried
from wattline_backup.reconcile.naming import Naming, naming_of
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.stored import Counts

DAY_S = 86_400


@dataclass(frozen=True)
class Compared:
    """A series and hour of the journal beside InfluxDB.

    Attributes:
        text: the series as the journal has it.
        series: the same, taken apart.
        hour: since 1970.
        tags: those that Telegraf adds; None where it cannot be told which.
        kept: the points that the journal has, by field.
        stored: those that InfluxDB has, by field; also of fields that the journal has not.
        next_hour: the next one of which there is anything; the one behind it if there is none.
        is_first: whether it is the first that the journal has of it, the begin of which may have been dropped.
    """

    text: str
    series: Series
    hour: int
    tags: Tags | None
    kept: Mapping[str, int]
    stored: Mapping[str, int]
    next_hour: int
    is_first: bool

    @property
    def missing(self) -> int:
        """Values that InfluxDB lacks, at the least."""
        return sum(max(0, count - self.stored.get(name, 0)) for name, count in self.kept.items())

    @property
    def seems_partial(self) -> bool:
        """Whether the field that most lines have is whole: then the tasks of the rollups see nothing of what is filled."""
        return max(self.stored.values(), default=0) >= max(self.kept.values())

    @property
    def total(self) -> int:
        """Values that the journal has."""
        return sum(self.kept.values())

    @property
    def has_more(self) -> bool:
        """Whether InfluxDB has seconds that the journal lacks; then equal numbers prove nothing."""
        return any(count > self.kept.get(name, 0) for name, count in self.stored.items())


def compared(kept: Kept, counts: Mapping[str, Counts], ours: Tags) -> Iterator[Compared]:
    """Each series of the journal of one port, and each hour of which the journal or InfluxDB has anything of it.

    Args:
        kept: what the journal has.
        counts: what InfluxDB has, by bucket.
        ours: the tags that our settings say Telegraf adds.
    """
    for text, names_of in kept.points.items():
        series = series_of(text)
        if series.measurement not in ROUTES:
            continue
        of_bucket = counts[ROUTES[series.measurement]]
        naming = naming_of(series, of_bucket, ours)
        stored_of = _stored(series, naming, of_bucket)
        hours = sorted(names_of.keys() | stored_of)
        for hour, next_hour in zip(hours, [*hours[1:], hours[-1] + 1], strict=True):
            in_journal = {name: bits.bit_count() for name, bits in names_of.get(hour, {}).items()}
            stored, is_first = stored_of.get(hour, {}), hour <= min(names_of)
            yield Compared(text, series, hour, naming.at(hour), in_journal, stored, next_hour, is_first)


def _stored(series: Series, naming: Naming, counts: Counts) -> Mapping[int, Mapping[str, int]]:
    found: dict[int, Mapping[str, int]] = {}
    if naming.now is not None:
        found |= counts.get(Series(series.measurement, series.tags | naming.now), {})
    for hour, tags in naming.before.items():
        found[hour] = counts[Series(series.measurement, series.tags | tags)][hour]
    return found


def is_due(each: Compared, doubtful_hours: Collection[int], tried: Tried | None, cut_s: int) -> bool:
    """Whether it is written again.

    It is when InfluxDB has fewer; unless InfluxDB did not take it within the last day. And once when the numbers prove
    nothing, since the journal may lack seconds too, as when the plugin was killed: then nothing tells but writing.

    Args:
        each: the series and hour.
        doubtful_hours: those in which the journal may lack seconds.
        tried: what came of writing it before.
        cut_s: the second from which on nothing is looked at, which is nearly now.
    """
    if not each.kept or each.tags is None:
        return False
    # The journal drops its oldest file, so that it may have less of the hour than it had.
    is_known = tried is not None and tried.total >= each.total
    if each.missing:
        return not (is_known and tried and tried.is_short and cut_s - tried.at_s < DAY_S)
    end_s = (each.hour + 1) * HOUR_S
    if end_s > cut_s or (is_known and tried and tried.at_s >= end_s):
        return False
    return each.hour in doubtful_hours or (each.has_more and not each.is_first)
