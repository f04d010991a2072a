"""Of each meter and day of the household: in how many seconds a reading was due, was metered and is stored, and why not.

A second counts as metered when the journal has it, or InfluxDB: where the plugin was killed, the journal lacks up to ten.
InfluxDB's part is known by numbers of an hour, so of a day that begins within an hour of UTC a part of what it lacks may be
told of its neighbour.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from wattline import fields
from wattline_backup.reconcile.kept import Began, Kept, bits_between
from wattline_backup.reconcile.lines import HOUR_S, series_of
from wattline_backup.reconcile.memory import Range
from wattline_backup.reconcile.plan import Compared


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a meter was due.

    Attributes:
        start: seconds since 1970.
        stop: likewise, the first second that is none of it.
        every_s: seconds from one reading that is due to the next.
    """

    start: int
    stop: int
    every_s: int


@dataclass
class Meter:
    """What is known of a meter, by hours since 1970.

    Attributes:
        seconds: of which the journal has a reading.
        absent: of which it has the reason why not, by reason.
        missing: how many readings of them InfluxDB lacks.
        more: how many it has that the journal lacks.
        site: the tag that it has in InfluxDB.
    """

    seconds: dict[int, int] = field(default_factory=Counter)
    absent: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    missing: Counter[int] = field(default_factory=Counter)
    more: Counter[int] = field(default_factory=Counter)
    site: str = ""


def meters_of(kept: Kept, beside: Iterable[Compared]) -> dict[str, Meter]:
    """The meters that ever had a reading or a reason for none.

    Args:
        kept: what the journal has.
        beside: the same beside InfluxDB.
    """
    meters = {name: Meter(absent=hours) for name, hours in kept.absent.items()}
    for text, hours in kept.points.items():
        series = series_of(text)
        if series.measurement == fields.ELECTRICITY and (name := dict(series.tags).get("meter")):
            seconds = meters.setdefault(name, Meter()).seconds
            for hour, names in hours.items():
                for bits in names.values():
                    seconds[hour] = seconds.get(hour, 0) | bits
    balances: dict[tuple[str, int], Counter[str]] = {}
    for each in beside:
        name = dict(each.series.tags).get("meter", "")
        if each.series.measurement == fields.ELECTRICITY and name in meters:
            balance = balances.setdefault((name, each.hour), Counter())
            balance.update(each.stored)
            balance.subtract(each.kept)
            meters[name].site = dict(each.tags or ()).get("site", "") or meters[name].site
    for (name, hour), balance in balances.items():
        meters[name].more[hour] = max(0, *balance.values(), 0)
        meters[name].missing[hour] = -min(0, *balance.values(), 0)
    return meters


def spans_of(
    name: str, began: Sequence[Sequence[Began]], since_s: int, cut_s: int, left: Sequence[Range]
) -> list[Span]:
    """When a meter was due: from the begin of a process that knew it until one began that did not.

    Args:
        name: of the meter.
        began: the processes of its port; of each port, if it was moved from one to another.
        since_s: when it was due for the first time, as far as is known.
        cut_s: the second from which on nothing is told.
        left: ranges that count for nothing.
    """
    spans: list[Span] = []
    for span in sorted((span for port in began for span in _spans(name, port, cut_s)), key=lambda span: span.start):
        start = max(span.start, since_s, spans[-1].stop if spans else 0)
        if start < span.stop:
            spans.append(Span(start, span.stop, span.every_s))
    for hole in left:
        spans = [rest for span in spans for rest in _without(span, hole)]
    return spans


def _spans(name: str, began: Sequence[Began], cut_s: int) -> list[Span]:
    """Those of one port; what follows without a break is one."""
    ordered = sorted({each.at: each for each in began if each.at < cut_s}.values(), key=lambda each: each.at)
    spans: list[Span] = []
    for place, each in enumerate(ordered, 1):
        start, every_s = each.at, each.meters.get(name, 0)
        stop = ordered[place].at if place < len(ordered) else cut_s
        if not every_s:
            continue
        if spans and (spans[-1].stop, spans[-1].every_s) == (start, every_s):
            spans[-1] = Span(spans[-1].start, stop, every_s)
        else:
            spans.append(Span(start, stop, every_s))
    return spans


def _without(span: Span, hole: Range) -> Iterator[Span]:
    before, after = min(span.stop, hole[0]), max(span.start, hole[1])
    if span.start < before:
        yield Span(span.start, before, span.every_s)
    if after < span.stop:
        yield Span(after, span.stop, span.every_s)


def is_left(day: Range, left: Sequence[Range]) -> bool:
    """Whether nothing of a day counts, since ranges that are left cover it."""
    covered_s = day[0]
    for start, stop in sorted(left):
        if start <= covered_s:
            covered_s = max(covered_s, stop)
    return covered_s >= day[1]


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
    """The fields of ``wattline_completeness`` of one meter and day.

    Args:
        name: of the meter.
        meter: what is known of it.
        spans: when it was due.
        kept: the journal of its port, or ports.
        day: its first second, and that of the next.
    """
    parts = [
        Span(max(span.start, day[0]), min(span.stop, day[1]), span.every_s)
        for span in spans
        if span.start < day[1] and span.stop > day[0]
    ]
    reasons: Counter[str] = Counter()
    lost_in: Counter[int] = Counter()
    due = metered = 0
    for part in parts:
        there = _folded(meter.seconds, part)
        had = sum(bits.bit_count() for bits in there.values())
        due += max(part.stop // part.every_s - part.start // part.every_s, had)
        metered += had
        reasons.update(_reasons(meter.absent, part, there))
        for lost in kept.lost:
            lost_in.update(_lost(meter.seconds, part, lost))
        reasons["clock"] += round(
            sum(n for at, who, n in kept.given_up if who == name and part.start <= at < part.stop)
        )
    hours = range(day[0] // HOUR_S, -(-day[1] // HOUR_S))
    more = sum(meter.more[hour] for hour in hours)
    missing = min(metered, sum(meter.missing[hour] for hour in hours))
    # What InfluxDB has beyond the journal, the journal has lost before all else.
    lost_due = sum(max(0, count - meter.more[hour]) for hour, count in lost_in.items())
    return _summed(due, metered, reasons, more=more, missing=missing, lost=lost_due)


def _summed(due: int, metered: int, reasons: Counter[str], *, more: int, missing: int, lost: int) -> dict[str, int]:
    """Whatever the numbers are, those not metered add up to what is due."""
    rest = due - metered
    told = {}
    for reason in ("silent", "unbelieved", "busy", "port", "clock"):
        told[reason] = min(reasons[reason], rest)
        rest -= told[reason]
    more = min(more, rest)
    lost = min(lost, rest - more)
    numbers = {"due": due, "metered": metered + more, "stored": metered + more - missing}
    return numbers | told | {"lost": lost, "off": rest - more - lost}


def _reasons(absent: Mapping[int, Mapping[str, int]], part: Span, there: Mapping[int, int]) -> Counter[str]:
    """A second that was metered after all, as after a clock that was set back, has no reason."""
    counts: Counter[str] = Counter()
    for reason in {reason for reasons in absent.values() for reason in reasons}:
        seconds = {hour: reasons.get(reason, 0) for hour, reasons in absent.items()}
        for hour, bits in _folded(seconds, part).items():
            counts[reason] += (bits & ~there.get(hour, 0)).bit_count()
    return counts


def _lost(seconds: Mapping[int, int], part: Span, lost: Range) -> dict[int, int]:
    """By hour, how many of the readings that were due while lines were lost are not there."""
    start, stop = max(part.start, lost[0]), min(part.stop, lost[1] + 1)
    found = {}
    for hour in range(start // HOUR_S, -(-stop // HOUR_S)):
        inner = Span(max(start, hour * HOUR_S), min(stop, (hour + 1) * HOUR_S), part.every_s)
        there = _folded(seconds, inner)
        due = -(-(inner.stop - inner.start) // part.every_s)
        found[hour] = max(0, due - sum(bits.bit_count() for bits in there.values()))
    return found


def _folded(seconds: Mapping[int, int], part: Span) -> dict[int, int]:
    """The bits of a time, one for each reading that was due instead of one for each second."""
    found = {}
    for hour in range(part.start // HOUR_S, -(-part.stop // HOUR_S)):
        if bits := seconds.get(hour, 0) & bits_between(hour, part.start, part.stop):
            found[hour] = bits if part.every_s == 1 else _fold(bits, part.every_s)
    return found


def _fold(bits: int, every_s: int) -> int:
    folded = 0
    for second, bit in enumerate(reversed(f"{bits:b}")):
        if bit == "1":
            folded |= 1 << second // every_s
    return folded
