"""What a journal has: of each series, field and hour the seconds of which there is a point, one bit for each.

A second that stands in it twice, as after a clock that was set back, is one. Absences are held likewise, of each meter and
reason.
"""

import base64
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from wattline.journal.notes import is_note, of_line
from wattline_backup.reconcile.lines import HOUR_S, parts_of

Held = dict[str, dict[int, dict[str, int]]]
"""Series (or meter), hour since 1970, field (or reason) -> a number whose bits are the seconds of the hour."""

_HOUR_BYTES = HOUR_S // 8
# A clock that was wrong by more than a fortnight was no time that was metered before.
_TWICE_HOURS = 14 * 24
# What comes so soon after a process began, is the first that it tells: a slot, or a reading of several seconds.
_AT_ONCE_S = 15


@dataclass(frozen=True, slots=True)
class Began:
    """That a process began, or went on in another file.

    Attributes:
        at: when it began, in seconds since 1970.
        meters: the seconds from one due reading of each meter to the next.
        offsets: of these the second at which it is due, counted from 1970 on, where it is not 0; None where that is not told.
    """

    at: int
    meters: dict[str, int]
    offsets: dict[str, int] | None = None


@dataclass
class Kept:
    """What one file has, or several of one port.

    Attributes:
        points: by series.
        again: those of them that stand there twice, since the clock was set back: InfluxDB may have the value of before.
        absent: by meter, with the reasons.
        began: the processes, as they stand.
        lost: from which second to which lines were lost, or cannot be read any more.
        given_up: at which second how many due readings of a meter were given up since the clock was not known.
        broken: the hours in which a process ended or another began after it, since the one may have been killed; and those
            that were metered twice, since the clock was set back.
        first_s: the first second of which it tells anything, since 1970; None where it tells nothing.
        has_dropped: whether there were older files, which went.
        lost_from_s: the second from which on it cannot be read up to its end; None where it can.
        is_head_lost: whether its begin cannot be read, and so neither which process that is of.
    """

    points: Held = field(default_factory=dict)
    again: Held = field(default_factory=dict)
    absent: Held = field(default_factory=dict)
    began: list[Began] = field(default_factory=list)
    lost: list[tuple[int, int]] = field(default_factory=list)
    given_up: list[tuple[int, str, float]] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)
    first_s: int | None = None
    has_dropped: bool = False
    lost_from_s: int | None = None
    is_head_lost: bool = False

    def add(self, other: "Kept") -> None:
        """Take in what the next file has."""
        if self.began and other.began and self.began[-1].at != other.began[0].at:
            # It began with the file, in which the last words of the one before are not.
            self.broken |= {max(self.hours, default=0), other.began[0].at // HOUR_S}
        elif other.first_s is not None and (since_s := self._lost_from(other)) is not None:
            self.lost.append((since_s, other.first_s - 1))
        self.lost_from_s = other.lost_from_s
        self.broken |= other.broken
        self.first_s = min((each for each in (self.first_s, other.first_s) if each is not None), default=None)
        self.has_dropped |= other.has_dropped
        _merge(self.again, other.again)
        _merge(self.again, _common(self.points, other.points))
        _merge(self.points, other.points)
        _merge(self.absent, other.absent)
        self.began += other.began
        self.lost += other.lost
        self.given_up += other.given_up

    def _lost_from(self, other: "Kept") -> int | None:
        """From when on it cannot be read up to the first sound record of the next file; None where it can."""
        if self.lost_from_s is None and other.is_head_lost and (last_s := self.last_s) is not None:
            return last_s + 1
        return self.lost_from_s

    def masked(self, holes_of: Callable[[str], Iterable[tuple[int, int]]]) -> "Kept":
        """The points in none of the ranges that a series is given, each from a second on and before one; all else as it is."""
        points, again = _outside(self.points, holes_of), _outside(self.again, holes_of)
        return replace(self, points=points, again=again)

    @property
    def hours(self) -> set[int]:
        """Those of which there is a point, or the reason for none."""
        return {hour for held in (self.points, self.absent) for hours in held.values() for hour in hours}

    @property
    def last_s(self) -> int | None:
        """The last second of which there is a point, or the reason for none; None where there is neither."""
        seconds = (
            hour * HOUR_S + bits.bit_length() - 1
            for held in (self.points, self.absent)
            for _, hour, _, bits in each(held)
        )
        return max(seconds, default=None)

    @property
    def doubtful_hours(self) -> set[int]:
        """Those in which the journal may lack what InfluxDB has: where a process may have been killed, or lines were lost."""
        return self.broken.union(
            *(range(since // HOUR_S, at // HOUR_S + 1) for since, at in self.lost if at - since < 1 << 20)
        )

    def ended_hours(self, cut_s: int) -> set[int]:
        """The last one, if it is over before ``cut_s``: a process that is no more may have been killed in it."""
        last = max(self.hours, default=0)
        return {last} if (last + 1) * HOUR_S <= cut_s else set()


def merged(kept: Iterable[Kept]) -> Kept:
    """What all of these ports have."""
    whole = Kept()
    for one in kept:
        whole.add(one)
    return whole


def each(held: Held) -> Iterator[tuple[str, int, str, int]]:
    """Series, hour, field, bits."""
    for series, hours in held.items():
        for hour, names in hours.items():
            for name, bits in names.items():
                yield series, hour, name, bits


def _outside(held: Held, holes_of: Callable[[str], Iterable[tuple[int, int]]]) -> Held:
    rest: Held = {}
    holes = {series: list(holes_of(series)) for series in held}
    for series, hour, name, bits in each(held):
        for start, stop in holes[series]:
            bits &= ~bits_between(hour, start, stop)  # noqa: PLW2901 - hole by hole
        if bits:
            rest.setdefault(series, {}).setdefault(hour, {})[name] = bits
    return rest


def bits_between(hour: int, start_s: int, stop_s: int) -> int:
    """The bits of the seconds of ``hour`` from ``start_s`` on and before ``stop_s``."""
    first = min(max(start_s - hour * HOUR_S, 0), HOUR_S)
    last = min(max(stop_s - hour * HOUR_S, 0), HOUR_S)
    return ((1 << last) - 1) & ~((1 << first) - 1)


def text_of(bits: int) -> str:
    """The seconds of an hour, as JSON has them: those of most hours are nearly all, so it is short."""
    return base64.b64encode(zlib.compress(bits.to_bytes(_HOUR_BYTES, "little"))).decode()


def bits_of(text: str) -> int:
    """The same, back.

    Raises:
        ValueError, zlib.error: it is none.
    """
    return int.from_bytes(zlib.decompress(base64.b64decode(text)), "little")


class Reader:
    """Takes in lines, and gives what they hold."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, tuple[str, ...], int], bytearray] = defaultdict(lambda: bytearray(_HOUR_BYTES))
        self._kept = Kept()
        self._interval_s = 1
        self._undated: Began | None = None
        self._last_hour: int | None = None
        self._last_s: int | None = None
        self._is_damaged = False
        self._lost_from_s: int | None = None

    def take(self, lines: Iterable[str]) -> None:
        """Take in some lines, notes among them."""
        for line in lines:
            if is_note(line):
                self._note(of_line(line) or {})
            elif parts := parts_of(line):
                hour, second = divmod(parts.second, HOUR_S)
                seconds, bit = self._points[parts.series, parts.fields, hour], 1 << (second & 7)
                if seconds[second >> 3] & bit:
                    again = dict.fromkeys(parts.fields, 1 << second)
                    _merge(self._kept.again, {parts.series: {hour: again}})
                seconds[second >> 3] |= bit
                if self._is_damaged:
                    self._doubt(hour)
                self._last_hour = hour
                self._tells_of(parts.second)
                if self._undated is not None:
                    self._begin(replace(self._undated, at=parts.second))
                    self._undated = None

    def note_damage(self) -> None:
        """Between the lines before and those that come there were others, which cannot be read any more."""
        self._is_damaged = True
        self._lost_from_s = None if self._last_s is None else self._last_s + 1
        self._kept.is_head_lost |= not self._kept.began

    def kept(self) -> Kept:
        """What all of them hold."""
        if self._is_damaged and self._last_hour is not None:
            self._kept.broken |= {self._last_hour, self._last_hour + 1}
        self._kept.lost_from_s = self._lost_from_s
        for (series, names, hour), seconds in self._points.items():
            points: Held = {series: {hour: dict.fromkeys(names, int.from_bytes(seconds, "little"))}}
            _merge(self._kept.again, _common(self._kept.points, points))
            _merge(self._kept.points, points)
        return self._kept

    def _note(self, note: dict[str, object]) -> None:
        match note:
            case {"began": _, "at": int(at), "meters": dict(meters), **rest}:
                interval_s = rest.get("interval_s")
                self._interval_s = interval_s if isinstance(interval_s, int) else 1
                offsets = rest.get("offsets")
                began = Began(at, dict(meters), dict(offsets) if isinstance(offsets, dict) else None)
                if not self._kept.began or self._kept.began[-1].at != at:
                    # Whoever was before may have been killed, and its last record torn: then nothing ran.
                    self._lost_from_s = None
                if rest.get("believed", True):
                    self._begin(began)
                else:
                    # The clock was wrong, but the next point bears the right time: it is held until that is known.
                    self._undated = began
            case {"absent": dict(reasons), "at": int(at)}:
                self._tells_of(at)
                for meter, reason in reasons.items():
                    held = self._kept.absent.setdefault(meter, {}).setdefault(at // HOUR_S, {})
                    held[reason] = held.get(reason, 0) | 1 << at % HOUR_S
            case {"lost": int(), "since": int(since), "at": int(at)}:
                self._tells_of(since)
                self._kept.lost.append((since, at))
            case {"clock": int(slots), "at": int(at)} if self._kept.began:
                self._tells_of(at)
                for meter, every_s in self._kept.began[-1].meters.items():
                    if every_s:
                        self._kept.given_up.append((at, meter, slots * self._interval_s / every_s))

    def _doubt(self, hour: int) -> None:
        """What cannot be read was before this hour, or in it."""
        begin = hour - 1 if self._last_hour is None else self._last_hour
        self._kept.broken |= {begin, *range(begin, min(hour, begin + _TWICE_HOURS)), hour}
        self._is_damaged = False

    def _tells_of(self, second: int) -> None:
        """Each file begins with the note about its process, which may have begun long before: that tells of nothing."""
        if self._lost_from_s is not None:
            self._kept.lost.append((self._lost_from_s, second - 1))
        self._lost_from_s, self._last_s = None, second
        if self._kept.first_s is None or second < self._kept.first_s:
            begins = self._kept.began and 0 <= second - self._kept.began[-1].at <= _AT_ONCE_S
            self._kept.first_s = self._kept.began[-1].at if begins else second

    def _begin(self, began: Began) -> None:
        if self._kept.began and self._kept.began[-1].at != began.at:
            begin = began.at // HOUR_S
            end = begin if self._last_hour is None else self._last_hour
            self._kept.broken |= {begin, end, *range(begin, min(end, begin + _TWICE_HOURS))}
        self._kept.began.append(began)


def _merge(to: Held, other: Held) -> None:
    for series, hour, name, bits in each(other):
        held = to.setdefault(series, {}).setdefault(hour, {})
        held[name] = held.get(name, 0) | bits


def _common(held: Held, other: Held) -> Held:
    found: Held = {}
    for series, hour, name, bits in each(other):
        if common := held.get(series, {}).get(hour, {}).get(name, 0) & bits:
            found.setdefault(series, {}).setdefault(hour, {})[name] = common
    return found
