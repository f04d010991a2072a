"""All that a probe has found of one meter, as far as it came; what was not measured is None or empty."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattline.meters import Block
from wattline.plan import Span, proven_spans
from wattline.probe.questions import Reply
from wattline.registers import Decoded
from wattline.words import Meter

AGREES, DIFFERS, UNCERTAIN, UNPROVEN = (
    "agrees",
    "differs from the proven reads",
    "answered, but too much is zero to judge it",
    "the proven reads beside it failed",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """A span, and what came of each time that it was asked for.

    Attributes:
        span: the registers.
        outcomes: each in words: one of the above, or that of a ``Reply``.
    """

    span: Span
    outcomes: Sequence[str]

    @property
    def is_sound(self) -> bool:
        """Whether it was answered, and rightly as far as that can be told, each time."""
        return bool(self.outcomes) and set(self.outcomes) <= {"answered", AGREES}

    def __str__(self) -> str:
        return ", ".join(f"{outcome} ({times} of {len(self.outcomes)})" for outcome, times in self._counts())

    def _counts(self) -> list[tuple[str, int]]:
        return Counter(self.outcomes).most_common()


@dataclass(frozen=True, slots=True)
class Pause:
    """The silence before a request.

    Attributes:
        ms: the shortest that never failed, 0 for the 3.5 characters of Modbus; None when each failed.
        tried: milliseconds to (requests, how many of them failed).
    """

    ms: int | None
    tried: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Latency:
    """The turnaround, from the end of a request to the first byte of its reply.

    Attributes:
        part: what was read.
        ms: milliseconds of each reply, ascending.
        requests: how many were sent.
    """

    part: Block
    ms: Sequence[float]
    requests: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """How often a value moves.

    Attributes:
        part: what was read.
        seconds: for how long.
        reads: how often.
        changes: how often what it said was new.
        interval_s: from one change to the next, in the quickest quarter of them; None when there were too few.
    """

    part: Block
    seconds: float
    reads: int
    changes: int
    interval_s: float | None

    @property
    def is_too_fast(self) -> bool:
        """Whether it changed nearly as often as it could be read."""
        return self.changes > 0.7 * self.reads


@dataclass(frozen=True, slots=True)
class Longest:
    """How many registers are answered at once.

    Attributes:
        run: the registers within which it was tried: the longest run that the meter is known to have, or those of a longer read.
        answered: so many were.
        failed: so many were not, the fewest that were tried; 0 when all that could be tried were answered.
        reason: what came of that.
        is_cut_short: whether there was no time to try more.
    """

    run: Span
    answered: int
    failed: int = 0
    reason: str = ""
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """Something that the values should obey.

    Attributes:
        claim: what, in words.
        holds: whether they do, in most of the readings.
        detail: both sides in the last reading.
    """

    claim: str
    holds: bool
    detail: str


@dataclass(slots=True)
class Findings:
    """What was found.

    Attributes:
        meter: the meter.
        port: where.
        identity: what came of a read of the identity register; None when the model has none.
        pause: the silence that it needs.
        latency: how soon it replies.
        parts: what it is read by at the start, its proven reads and the rows that none of these holds, as far as it was asked.
        pieces: the largest pieces that are answered of those that are not.
        wider: the reads over gaps that the planner would like.
        longest: how much it answers at once.
        functions: function (3, 4) to what came of the same read by it.
        is_same: whether both functions said the same; None when not both answered.
        refresh: how often a fast value moves.
        replies: address of a part to what it last answered.
        decoded: address of a part to what that means.
        checks: whether the values obey their documentation.
        late_replies: replies that came after their question was given up.
        cut_short: what there was no time for, or not for the whole of it.
        seconds: how long it took.
    """

    meter: Meter
    port: str
    identity: Reply | None = None
    pause: Pause | None = None
    latency: Latency | None = None
    parts: list[Tried] = field(default_factory=list)
    pieces: list[Tried] = field(default_factory=list)
    wider: list[Tried] = field(default_factory=list)
    longest: Longest | None = None
    functions: dict[int, Reply] = field(default_factory=dict)
    is_same: bool | None = None
    refresh: Refresh | None = None
    replies: dict[int, Reply] = field(default_factory=dict)
    decoded: dict[int, Decoded] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    late_replies: int = 0
    cut_short: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def is_proven(self, span: Span) -> bool:
        """Whether a proven read holds ``span``; else it is a row that is read alone, since there is no other way to it."""
        return any(proven.holds(span.first, span.end) for proven in proven_spans(self.meter.model))
