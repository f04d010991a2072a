"""When each meter was due: from the begin of a process that knew it until one began that did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattline import fields
from wattline_backup.reconcile.kept import Began, Kept, merged
from wattline_backup.reconcile.kept import each as each_of
from wattline_backup.reconcile.lines import HOUR_S, series_of
from wattline_backup.reconcile.memory import Memory
from wattline_backup.reconcile.plan import union
from wattline_backup.reconcile.ranges import Range, without
from wattline_backup.reconcile.terms import likely_offset_s

# So long does a journal go back unless it is told otherwise. In a longer hole nobody meant to count.
LONGEST_HOLE_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which a meter was due.

    Attributes:
        start: seconds since 1970.
        stop: likewise, the first second that is none of it.
        every_s: seconds from one reading that is due to the next; 0 of a meter that speaks when it wants to, of which is due
            whatever it says.
        offset_s: of these the second at which it is due, counted from 1970 on.
    """

    start: int
    stop: int
    every_s: int
    offset_s: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """Of a meter.

    Attributes:
        kept: the journal of its port, or of both, if it was moved from one to another.
        since_s: when it was due for the first time, in seconds since 1970, as far as is known.
        whole_from_s: from when on the journal has all of it, and InfluxDB keeps it.
        counted_from_s: from when on it is counted, of a day that the journal has not whole: up to then it was told, or there is
            nothing to count by. Before ``whole_from_s`` is a hole, in which it was due as before and behind it.
        until_s: the second from which on nothing is told.
        left: ranges that count for nothing.
        spans: when it was due.
        is_due_on: whether it is due from ``until_s`` on, since the last process of one of its ports knew it.
    """

    kept: Kept
    since_s: int
    whole_from_s: int
    counted_from_s: int
    until_s: int
    left: Sequence[Range]
    spans: Sequence[Span]
    is_due_on: bool

    @property
    def every_s(self) -> int:
        """Seconds from one reading that is due to the next, of late."""
        return self.spans[-1].every_s if self.spans else 1


def dues_of(ports: Sequence[Kept], memory: Memory, cut_s: int, stored_from_s: int = 0) -> dict[str, Due]:
    """Of each meter that was ever due.

    Args:
        ports: what the journal of each has.
        memory: what is remembered; since when a meter is due that is new, is noted there, and a hole that is not counted.
        cut_s: the second from which on nothing is told.
        stored_from_s: before that one InfluxDB has nothing any more, so that nothing can be counted anew.
    """
    whole_from = whole_from_of(ports, stored_from_s)
    return {
        name: _due_of(name, own, memory, whole_from[name], cut_s) for name, own in sorted(_own_ports(ports).items())
    }


def whole_from_of(ports: Sequence[Kept], stored_from_s: int = 0) -> dict[str, int]:
    """Of each meter that was ever due the second from which on the journal has all of it; arguments as of ``dues_of``."""
    return {name: max(stored_from_s, _whole_from(name, own)) for name, own in _own_ports(ports).items()}


def _own_ports(ports: Sequence[Kept]) -> dict[str, list[Kept]]:
    """Each meter that was ever due, with the ports on which it was."""
    names = {name for kept in ports for began in kept.began for name in began.meters}
    return {name: [kept for kept in ports if any(name in began.meters for began in kept.began)] for name in names}


def _due_of(name: str, own: Sequence[Kept], memory: Memory, whole_from_s: int, cut_s: int) -> Due:
    first, last = _first(name, own), max((began for kept in own for began in kept.began), key=lambda began: began.at)
    since_s = memory.since.setdefault(name, max(first.at, whole_from_s))
    told_s = memory.counted.get(name, whole_from_s)
    counted_from_s = told_s if whole_from_s - LONGEST_HOLE_S <= told_s <= cut_s else whole_from_s
    if told_s < min(counted_from_s, cut_s):
        memory.note_hole(name, (told_s, whole_from_s))
    kept, began = merged(own), [each.began for each in own]
    if counted_from_s < whole_from_s:
        kept.lost.append((counted_from_s, whole_from_s - 1))
    # It was due there still, though what named it has left the journal, or is damaged.
    if counted_from_s == memory.counted.get(name) and counted_from_s < first.at:
        began.append([Began(counted_from_s, {name: first.meters[name]}, first.offsets), Began(first.at, {})])
    likely_s = _likely_offset_s(name, kept)
    # A reading of several seconds is told when they are over, so that none is told twice.
    until_s = cut_s - (cut_s - _offset_s(name, last, likely_s)) % (last.meters.get(name) or 1)
    spans = spans_of(name, began, since_s, until_s, memory.left, likely_s=likely_s)
    is_due_on = any(_knows(name, each, until_s) for each in began)
    return Due(kept, since_s, whole_from_s, counted_from_s, until_s, memory.left, spans, is_due_on)


def _knows(name: str, began: Sequence[Began], until_s: int) -> bool:
    """Whether the last process of a port that began before a second has the meter."""
    last = max((each for each in began if each.at < until_s), key=lambda each: each.at, default=None)
    return last is not None and name in last.meters


def _offset_s(name: str, began: Began, likely_s: int) -> int:
    """At which of its seconds a meter was due, by a process; ``likely_s`` where that did not say so."""
    return likely_s if began.offsets is None else began.offsets.get(name, 0)


def _likely_offset_s(name: str, kept: Kept) -> int:
    """The same of those that do not say so: 0 where there are none, or each second of the meter was due."""
    every_s = max((began.meters.get(name, 0) for began in kept.began if began.offsets is None), default=0)
    if every_s <= 1:
        return 0
    absent = {hour: union(reasons.values()) for hour, reasons in kept.absent.get(name, {}).items()}
    # An absence bears the very second, and a reading may be late.
    return likely_offset_s(absent or _metered(name, kept), every_s)


def _metered(name: str, kept: Kept) -> dict[int, int]:
    """The seconds in which a meter gave anything, by hour."""
    seconds: dict[int, int] = {}
    for text, hour, _, bits in each_of(kept.points):
        if dict(series_of(text).tags).get("meter") == name and text.startswith(f"{fields.ELECTRICITY},"):
            seconds[hour] = seconds.get(hour, 0) | bits
    return seconds


def _first(name: str, ports: Sequence[Kept]) -> Began:
    """The first process that knew a meter, as far as is known."""
    return min((began for kept in ports for began in kept.began if name in began.meters), key=lambda began: began.at)


def _whole_from(name: str, ports: Sequence[Kept]) -> int:
    """From when on nothing was dropped of any of them; or, if nothing ever was, from their begin."""
    firsts = [(kept.first_s, kept.has_dropped) for kept in ports if kept.first_s is not None]
    dropped = [first for first, has_dropped in firsts if has_dropped]
    return max(dropped) if dropped else min((first for first, _ in firsts), default=_first(name, ports).at)


def hours_of(dues: Mapping[str, Due]) -> set[int]:
    """The hours since 1970 in which any meter was due, as far as they are counted."""
    return {
        hour
        for due in dues.values()
        for span in due.spans
        for hour in range(max(span.start, min(due.whole_from_s, due.counted_from_s)) // HOUR_S, -(-span.stop // HOUR_S))
    }


def spans_of(
    name: str, began: Sequence[Sequence[Began]], since_s: int, cut_s: int, left: Sequence[Range], *, likely_s: int = 0
) -> list[Span]:
    """When a meter was due: from the begin of a process that knew it until one began that did not.

    Args:
        name: of the meter.
        began: the processes of its port; of each port, if it was moved from one to another.
        since_s: when it was due for the first time, as far as is known.
        cut_s: the second from which on nothing is told.
        left: ranges that count for nothing.
        likely_s: at which of its seconds it was due by a process that does not say so.
    """
    spans: list[Span] = []
    for span in sorted(
        (span for port in began for span in _spans(name, port, cut_s, likely_s)), key=lambda span: span.start
    ):
        start = max(span.start, since_s, spans[-1].stop if spans else 0)
        if start < span.stop:
            spans.append(replace(span, start=start))
    return [
        replace(span, start=start, stop=stop)
        for span in spans
        for start, stop in rest_of((span.start, span.stop), left)
    ]


def _spans(name: str, began: Sequence[Began], cut_s: int, likely_s: int) -> list[Span]:
    """Those of one port; what follows without a break is one."""
    ordered = sorted({each.at: each for each in began if each.at < cut_s}.values(), key=lambda each: each.at)
    spans: list[Span] = []
    for place, each in enumerate(ordered, 1):
        start, every_s = each.at, each.meters.get(name)
        stop = ordered[place].at if place < len(ordered) else cut_s
        if every_s is None:
            continue
        span = Span(start, stop, every_s, _offset_s(name, each, likely_s) % (every_s or 1))
        if spans and spans[-1] == replace(span, start=spans[-1].start, stop=start):
            span = replace(span, start=spans.pop().start)
        spans.append(span)
    return spans


def is_left(day: Range, left: Sequence[Range]) -> bool:
    """Whether nothing of a day counts, since ranges that are left cover it."""
    return not rest_of(day, left)


def rest_of(day: Range, left: Sequence[Range]) -> list[Range]:
    """What of a day is not left."""
    return without([day], left)
