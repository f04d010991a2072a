"""What became of a history: counted, and told in some sentences."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

# So many sentences of one kind are said; the rest of them is counted.
MOST_SAID = 5

OUTDONE = "of a second that has a later one"
UNREADABLE = "that cannot be read"
IMPLAUSIBLE = "outside what the meter can measure"
AMBIGUOUS = "that are one number by a decimal point and another by a comma"
UNKNOWN = "of a field that is not known"
ELSEWHERE = "of another measurement"
OTHER_SERIES = "of another series"
NO_ANSWER = "of rows that say -1, the stick having given no answer"
TWICE = "of rows that stand there twice"
CLAMPED = "that MySQL has cut to the largest number of its column"
LOST_SIGN = "that had lost their sign"
OTHER_EPOCH = "whose time counted from the year 2000 on"
# What is left out on purpose, and is no reason to look.
_QUIET = {OUTDONE, ELSEWHERE, NO_ANSWER, TWICE}


@dataclass(slots=True)
class CounterCourse:
    """What became of one counter, in units of its last decimal.

    Attributes:
        decimals: digits behind the point.
        unit: that of the field, such as kWh.
        first, last: as converted.
        grown: by which it has grown in all, as the rollups count it.
        presumed: of that, what lies between the readings of a reset, where nobody knows what was metered.
        wraps: falls from full to nothing, undone.
        resets: times it went on at another level.
        withheld: readings that no others confirmed.
        long_gaps: gaps in which it may have turned unseen.
    """

    decimals: int
    unit: str
    first: int | None = None
    last: int = 0
    grown: int = 0
    presumed: int = 0
    wraps: int = 0
    resets: int = 0
    withheld: int = 0
    long_gaps: int = 0

    def show(self, units: int) -> str:
        """``units`` as people read them."""
        return f"{units / 10**self.decimals:.{self.decimals}f}"


@dataclass(slots=True)
class Tally:
    """Counts of one conversion.

    Args:
        say: takes a sentence about something that was left out.
    """

    say: Callable[[str], None]
    lines: int = 0
    """Lines that were read."""
    points: int = 0
    """Lines that were written."""
    values: int = 0
    """Values in them."""
    seconds: Counter[str] = field(default_factory=Counter)
    """Whole seconds of each stream that have a value."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Values that were not written, by the reason."""
    mended: Counter[str] = field(default_factory=Counter)
    """Values that were written otherwise than they stood there, by what was wrong."""
    counters: dict[str, CounterCourse] = field(default_factory=dict)
    broken_off: list[str] = field(default_factory=list)
    """Where a source ended before its end."""
    first_s: int = 2**63
    last_s: int = -(2**63)
    _said: Counter[str] = field(default_factory=Counter)

    def leave_out(self, reason: str, sentence: str = "", count: int = 1) -> None:
        """Count ``count`` values that are left out for ``reason``, and say ``sentence`` if it is not the sixth of its kind."""
        self.left_out[reason] += count
        if sentence:
            self.tell(reason, sentence)

    def mend(self, how: str) -> None:
        """Count a value that was put right."""
        self.mended[how] += 1

    def break_off(self, where: str, sentence: str) -> None:
        """A source ends at ``where`` before its end; ``sentence`` tells how."""
        self.broken_off.append(where)
        self.tell("broken off", sentence)

    def tell(self, kind: str, sentence: str) -> None:
        """Say ``sentence``, unless there were five of its ``kind``."""
        self._said[kind] += 1
        if self._said[kind] <= MOST_SAID:
            last = self._said[kind] == MOST_SAID
            self.say(f"{sentence} More of this kind are counted only." if last else sentence)

    def written(self, stream: str, second: int, values: int) -> None:
        """Count one line that is written, with ``values`` in it."""
        self.points += 1
        self.values += values
        self.seconds[stream] += 1
        self.first_s = min(self.first_s, second)
        self.last_s = max(self.last_s, second)

    @property
    def lost(self) -> int:
        """Values that were left out and would have been of use, had they been sound."""
        return sum(count for reason, count in self.left_out.items() if reason not in _QUIET)


def summary(tally: Tally) -> list[str]:
    """What became of the history, in lines for people."""
    if not tally.points:
        none = [] if tally.left_out else ["Nothing in it is a reading: it may be the export of another query."]
        return [f"{counted(tally.lines, 'line')} read, nothing written.", *(none or _left_out(tally))]
    what = f"{counted(tally.lines, 'line')} read, {counted(tally.points, 'point')} written ({counted(tally.values, 'value')})"
    span = " to ".join(
        f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}" for second in (tally.first_s, tally.last_s)
    )
    return [
        f"{what}, {counted(max(tally.seconds.values()), 'second')} from {span} UTC.",
        *(line for name, course in tally.counters.items() for line in _course(name, course)),
        *_mended(tally),
        *_left_out(tally),
    ]


def shortfall(tally: Tally) -> str:
    """What is missing, and could be had by another run, in sentences for people; empty when nothing is."""
    sentences = []
    if not tally.points:
        sentences.append("Nothing could be converted: the sentences above say why.")
    if count := tally.left_out[AMBIGUOUS]:
        sentences.append(
            f"Left out for want of --decimal point or --decimal comma: {counted(count, 'value')}; run it again."
        )
    if tally.broken_off:
        places = "; ".join(tally.broken_off)
        sentences.append(f"The history is not whole, it breaks off at {places}. What stands before is converted.")
    return " ".join(sentences)


def _course(name: str, course: CounterCourse) -> list[str]:
    if course.first is None:
        return []
    counts = ((course.wraps, "wrap"), (course.resets, "reset"), (course.withheld, "reading"))
    told = ", ".join(counted(count, noun) for count, noun in counts)
    ends = f"{course.show(course.first)} to {course.show(course.last)}"
    lines = [f"{name}: {ends}, in all {course.show(course.grown)} {course.unit}; {told} withheld."]
    if course.resets:
        presumed = f"{course.show(course.presumed)} {course.unit} of these lie between the readings of a reset"
        lines.append(f"{name}: {presumed}, by the rule of the rollups; what was metered there is not known.")
    if course.long_gaps:
        gaps = counted(course.long_gaps, "gap")
        lines.append(f"{name}: in {gaps} it may have turned once more unseen, so long it was not read.")
    return lines


def _mended(tally: Tally) -> list[str]:
    told = ", ".join(f"{grouped(count)} {how}" for how, count in sorted(tally.mended.items()))
    return [f"Values mended: {told}."] if told else []


def _left_out(tally: Tally) -> list[str]:
    if not tally.left_out:
        is_less = tally.broken_off or any(course.withheld for course in tally.counters.values())
        return [] if is_less else ["Nothing was left out."]
    reasons = ", ".join(f"{grouped(count)} {reason}" for reason, count in sorted(tally.left_out.items()))
    return [f"Values left out: {reasons}."]


def counted(count: int, noun: str) -> str:
    """So many of something, in words: 1 wrap, 2 wraps."""
    return f"{grouped(count)} {noun}" if count == 1 else f"{grouped(count)} {noun}s"


def grouped(count: int) -> str:
    """A number with a space before each three digits."""
    return f"{count:,}".replace(",", " ")
