"""When each meter was due: from the begin of a process that knew it until one began that did not."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from wattline_backup.reconcile.kept import Began, Kept, merged
from wattline_backup.reconcile.lines import HOUR_S
from wattline_backup.reconcile.memory import Range, without


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


@dataclass(frozen=True, slots=True)
class Due:
    """Of a meter.

    Attributes:
        kept: the journal of its port, or of both, if it was moved from one to another.
        since_s: when it was due for the first time, in seconds since 1970, as far as is known.
        whole_from_s: from when on the journal has all of it.
        until_s: the second from which on nothing is told.
        left: ranges that count for nothing.
        spans: when it was due.
    """

    kept: Kept
    since_s: int
    whole_from_s: int
    until_s: int
    left: Sequence[Range]
    spans: Sequence[Span]


def dues_of(
    ports: Sequence[Kept], since: MutableMapping[str, int], cut_s: int, left: Sequence[Range]
) -> dict[str, Due]:
    """Of each meter that was ever due.

    Args:
        ports: what the journal of each has.
        since: when each meter was due for the first time; of one that is new this is noted.
        cut_s: the second from which on nothing is told.
        left: ranges that count for nothing.
    """
    found = {}
    for name in sorted(
        {name for kept in ports for began in kept.began for name, every_s in began.meters.items() if every_s}
    ):
        own = [kept for kept in ports if any(began.meters.get(name) for began in kept.began)]
        whole_from_s = _whole_from(own)
        known_s = min(began.at for kept in own for began in kept.began if began.meters.get(name))
        since_s = since.setdefault(name, max(known_s, whole_from_s))
        spans = spans_of(name, [kept.began for kept in own], since_s, cut_s, left)
        found[name] = Due(merged(own), since_s, whole_from_s, cut_s, left, spans)
    return found


def unknown_of(ports: Sequence[Kept], since: Mapping[str, int]) -> dict[str, int]:
    """The meters of which it is not known when they were first due, and the journal does not tell, since it dropped files.

    Each with the second from which on the journal has all of it; arguments as of ``dues_of``.
    """
    found = {}
    for name in {name for kept in ports for began in kept.began for name, every_s in began.meters.items() if every_s}:
        own = [kept for kept in ports if any(began.meters.get(name) for began in kept.began)]
        if name not in since and any(kept.has_dropped for kept in own):
            found[name] = _whole_from(own)
    return found


def _whole_from(ports: Sequence[Kept]) -> int:
    """From when on nothing was dropped of any of them; or, if nothing ever was, from their begin."""
    firsts = [(kept.first_s, kept.has_dropped) for kept in ports if kept.first_s is not None]
    dropped = [first for first, has_dropped in firsts if has_dropped]
    return max(dropped) if dropped else min((first for first, _ in firsts), default=0)


def hours_of(dues: Mapping[str, Due]) -> set[int]:
    """The hours since 1970 in which any meter was due, as far as the journal goes back."""
    return {
        hour
        for due in dues.values()
        for span in due.spans
        for hour in range(max(span.start, due.whole_from_s) // HOUR_S, -(-span.stop // HOUR_S))
    }


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
    rest = [day]
    for hole in left:
        rest = without(rest, hole)
    return not rest
