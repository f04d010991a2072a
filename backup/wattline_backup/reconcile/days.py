"""Of each meter and day of the household: in how many seconds a reading was due, was metered and is stored, and why not.

A second counts as metered when the journal has it, or InfluxDB: where the plugin was killed, the journal lacks up to ten. It
counts as stored when InfluxDB has all that the journal has of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from wattline import fields
from wattline_backup.reconcile.due import Span
from wattline_backup.reconcile.kept import Kept
from wattline_backup.reconcile.lines import HOUR_S, Tags
from wattline_backup.reconcile.plan import Compared, union
from wattline_backup.reconcile.ranges import Range
from wattline_backup.reconcile.terms import Terms, terms_of


@dataclass
class Meter:
    """What is known of a meter, by hours since 1970; each number's bits are seconds.

    Attributes:
        seconds: of which the journal or InfluxDB has a reading.
        lacking: of them those of which InfluxDB lacks what the journal has.
        absent: of which the journal has the reason why there is none, by reason.
        sites: the tag that it has in InfluxDB, of each hour of which that has anything.
        all_sites: all that it has there, as one that was renamed within an hour.
    """

    seconds: dict[int, int] = field(default_factory=dict)
    lacking: dict[int, int] = field(default_factory=dict)
    absent: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    sites: dict[int, str] = field(default_factory=dict)
    all_sites: set[str] = field(default_factory=set)

    def site_from(self, second: int) -> str:
        """The site that it has first from a second since 1970 on, or had last; empty where that is not known.

        So a day in which it was renamed stays under the name that it began with, and is not told twice.
        """
        hours = sorted(self.sites)
        first = next((hour for hour in hours if hour >= second // HOUR_S), hours[-1] if hours else None)
        return "" if first is None else self.sites[first]


def meters_of(kept: Kept, beside: Iterable[Compared]) -> dict[str, Meter]:
    """The meters that ever had a reading or a reason for none.

    Args:
        kept: what the journal has.
        beside: the same beside InfluxDB.
    """
    meters = {name: Meter(absent=hours) for name, hours in kept.absent.items()}
    for each in beside:
        name = dict(each.series.tags).get("meter")
        if name and each.series.measurement == fields.ELECTRICITY:
            meter = meters.setdefault(name, Meter())
            there = union([*each.kept.values(), *each.stored.values()])
            meter.seconds[each.hour] = meter.seconds.get(each.hour, 0) | there
            meter.lacking[each.hour] = meter.lacking.get(each.hour, 0) | each.lacking
            if each.stored and (site := site_of(each.tags)):
                meter.sites[each.hour] = site
            meter.all_sites |= {site_of(tags) for tags in each.firm}
    return meters


def site_of(tags: Tags) -> str:
    """The site among further tags; empty where there is none."""
    return dict(tags).get("site", "")


def local_days(start_s: int, stop_s: int, zone: tzinfo | None) -> Iterator[tuple[int, int]]:
    """The days of a time zone, each from its first second to that of the next, from that of ``start_s`` on.

    Args:
        start_s: seconds since 1970.
        stop_s: before this one.
        zone: None is the system's.
    """
    day = (
        datetime.fromtimestamp(start_s).astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    )
    begin = _second(day, zone)
    while begin < stop_s:
        day += timedelta(days=1)
        end = _second(day, zone)
        yield begin, end
        begin = end


def _second(day: datetime, zone: tzinfo | None) -> int:
    return int((day.replace(tzinfo=zone) if zone else day.astimezone()).timestamp())


def numbers_of(name: str, meter: Meter, spans: Sequence[Span], kept: Kept, day: Range) -> dict[str, int]:
    """The fields of ``wattline_completeness`` of one meter and day, but up to when they tell.

    Args:
        name: of the meter.
        meter: what is known of it.
        spans: when it was due.
        kept: the journal of its port, or ports.
        day: its first second, and that of the next; or a part of it.
    """
    reasons: Counter[str] = Counter()
    due = metered = lacking = 0
    for span in spans:
        terms = terms_of((span.start, span.stop), span.every_s or 1, span.offset_s, day)
        if not terms.count:
            continue
        there = terms.folded(meter.seconds)
        due += terms.count if span.every_s else there.bit_count()
        metered += there.bit_count()
        lacking += terms.folded(meter.lacking).bit_count()
        reasons.update(_reasons(meter.absent, terms, kept.lost, there))
        given_up = (n for at, who, n in kept.given_up if who == name and terms.begin <= at < terms.end)
        reasons["clock"] += round(sum(given_up))
    return {"due": due, "metered": metered, "stored": metered - lacking, **_told(reasons, due - metered)}


def _told(reasons: Counter[str], rest: int) -> dict[str, int]:
    """Why the rest was not metered. Whatever the numbers are, they add up to it."""
    told = {}
    for reason in fields.NOT_METERED[:-1]:
        told[reason] = min(reasons[reason], rest)
        rest -= told[reason]
    return told | {"off": rest}


def _reasons(absent: Mapping[int, Mapping[str, int]], terms: Terms, lost: Iterable[Range], there: int) -> Counter[str]:
    """A reading that was metered after all, as after a clock that was set back, has no reason."""
    counts: Counter[str] = Counter()
    known = there
    for reason in sorted({reason for reasons in absent.values() for reason in reasons}):
        bits = terms.folded({hour: reasons.get(reason, 0) for hour, reasons in absent.items()})
        counts[reason] = (bits & ~there).bit_count()
        known |= bits
    # The notes of what was lost were lost with it.
    counts["lost"] = (union(terms.between(since, at + 1) for since, at in lost) & ~known).bit_count()
    return counts
