"""Which series of InfluxDB carry the readings of the journal: of one measurement and own tags there may be several.

Telegraf puts further tags on every point, ``site`` for one. Under those that the settings say a series is ours. Under others it
is another house's that has the same name for a meter, or ours as well: from before ``site`` was renamed, or since, or with a
tag more. No name tells, but the values do: the lines of the journal are the very ones that Telegraf got.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum

from wattline import fields
from wattline_backup.reconcile.lines import Series, Tags
from wattline_backup.reconcile.stored import Counts

LEAST_SECONDS = 3
"""So many seconds, with so many values, have to agree."""

Carried = dict[int, dict[Tags, dict[str, int]]]
"""Hour since 1970 -> the further tags of each series that carries ours -> points by field."""


class Verdict(StrEnum):
    """What the values of an hour say of a series under further tags that are not those of the settings."""

    OURS = "ours"
    """They are those of the journal, but for a few, and another house's would be others."""
    THEIRS = "theirs"
    """They are not."""
    STILL = "still"
    """They are equal, as those of another house might be: they do not move, or evenly, or are those of all houses."""
    UNKNOWN = "unknown"
    """There are none to compare, or too few."""


Judge = Callable[[int, Tags, Mapping[str, int]], Verdict]
"""Tells it of an hour since 1970, further tags, and the points by field."""


def carriers_of(series: Series, known: Iterable[str], counts: Counts, ours: Tags, judge: Judge) -> Carried:
    """Tell of each hour which they are.

    Args:
        series: as the journal has it.
        known: the fields that it has there.
        counts: what InfluxDB has.
        ours: the further tags that our settings say.
        judge: is asked about others, and about ours where ours stand under others too.
    """
    found = _found(series, set(known), counts)
    own = {
        tags: _proven({hour: judge(hour, tags, hours[hour]) for hour in hours})
        for tags, hours in found.items()
        if tags != ours
    }
    if ours in found:
        own[ours] = _of_the_settings(found[ours], {hour for hours in own.values() for hour in hours}, ours, judge)
    carried: Carried = {}
    for tags, hours in own.items():
        for hour in hours:
            carried.setdefault(hour, {})[tags] = found[tags][hour]
    return carried


def _of_the_settings(
    hours: Mapping[int, Mapping[str, int]], elsewhere: Collection[int], ours: Tags, judge: Judge
) -> set[int]:
    """The hours under our own tags: all, unless these are by mistake another house's, and ours stand elsewhere."""
    verdicts = {hour: judge(hour, ours, hours[hour]) for hour in hours.keys() & set(elsewhere)}
    if Verdict.THEIRS not in verdicts.values():
        return set(hours)
    return {hour for hour in hours if judge(hour, ours, hours[hour]) == Verdict.OURS}


def _found(series: Series, known: set[str], counts: Counts) -> dict[Tags, dict[int, dict[str, int]]]:
    """All that have the measurement and the tags of a series, by their further tags; of the fields that are known."""
    own = fields.TAGS.get(series.measurement, {}).keys() | dict(series.tags)
    found: dict[Tags, dict[int, dict[str, int]]] = {}
    for other, hours in counts.items():
        further = other.tags - series.tags
        is_like = other.measurement == series.measurement and other.tags >= series.tags
        if is_like and not own & {name for name, _ in further}:
            there = {hour: {name: n for name, n in names.items() if name in known} for hour, names in hours.items()}
            found[further] = {hour: names for hour, names in there.items() if names}
    return found


def _proven(verdicts: Mapping[int, Verdict]) -> set[int]:
    """The hours that are ours.

    Where an hour itself proves nothing, the nearest before it that does counts, else the nearest behind. Where none does at
    all, readings that never move and are equal are ours: such a meter stands still for days.
    """
    firm = sorted(hour for hour, verdict in verdicts.items() if verdict in {Verdict.OURS, Verdict.THEIRS})
    if not firm:
        return {hour for hour, verdict in verdicts.items() if verdict == Verdict.STILL}
    nearest = {hour: max((each for each in firm if each <= hour), default=firm[0]) for hour in verdicts}
    return {hour for hour in verdicts if verdicts[nearest[hour]] == Verdict.OURS}
