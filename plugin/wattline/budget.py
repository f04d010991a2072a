"""What the reads of meters take of their line: pure arithmetic over ``plan.py`` and ``bus/turns.py``.

The spans are those that ``wattline run`` chooses once it has measured the turnaround that is assumed here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattline.bus.latency import patience_s
from wattline.bus.settings import LineSettings
from wattline.bus.turns import Load, is_room, take_turns, takes_what_is_left
from wattline.meters import Model
from wattline.plan import (
    SLOW_S,
    TYPICAL_TURNAROUND_S,
    Cost,
    Read,
    Span,
    is_slow,
    known_reads,
    parts_of,
    proven_spans,
    wanted_reads,
)

# A request of 8 characters, and a reply of 5 and two per register.
BYTES_OF_A_READ, BYTES_OF_A_REGISTER = 13, 2
# As many as there are addresses.
MOST_METERS = 247


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """One request.

    Attributes:
        span: the registers.
        fields: what it carries, by address.
        is_slow: whether it is made when it is ten seconds old; in every sweep otherwise.
        is_proven: whether a proven read holds it, so that it is known to be answered.
        is_tried: whether it has to agree with others before it is used; one that is neither carries a single row that
            no proven read holds, and is asked for from the start, since there is no other way to that row.
        seconds: on the line, from the pause before it to the silence behind it.
    """

    span: Span
    fields: tuple[str, ...]
    is_slow: bool
    is_proven: bool
    is_tried: bool
    seconds: float

    @property
    def bytes_on_the_wire(self) -> int:
        """Of request and reply together."""
        return BYTES_OF_A_READ + BYTES_OF_A_REGISTER * self.span.count


@dataclass(frozen=True, slots=True)
class Budget:
    """The reads of one meter.

    Attributes:
        reads: those of every sweep, then the slow ones.
        change_s: seconds of silence that the change to this meter costs beside the pauses of its reads.
        spare_s: seconds that have to be left of a slot, beyond what a read usually takes, for it to be begun.
    """

    reads: tuple[PlannedRead, ...]
    change_s: float = 0.0
    spare_s: float = 0.0

    @property
    def fast_s(self) -> float:
        """Seconds of a sweep that reads nothing slow."""
        return self.change_s + sum(read.seconds for read in self.reads if not read.is_slow)

    @property
    def slow_s(self) -> float:
        """Seconds of all slow reads."""
        return sum(read.seconds for read in self.reads if read.is_slow)

    def sweep_s(self, interval_s: float) -> float:
        """Seconds that a sweep takes on average when one comes every ``interval_s``: the slow reads are spread."""
        return self.fast_s + self.slow_s / max(1.0, SLOW_S / interval_s)

    @property
    def load(self) -> Load:
        """What ``wattline run`` reckons with."""
        return Load(self.fast_s, tuple(read.seconds for read in self.reads if read.is_slow), self.spare_s)

    def fits(self, interval_s: float) -> int:
        """How many such meters fit on one line, all read every ``interval_s``."""
        numbers = range(MOST_METERS, 0, -1)
        return next((number for number in numbers if is_room([self.load] * number, interval_s, interval_s)), 0)


def budget_of(
    model: Model,
    settings: LineSettings,
    turnaround_s: float,
    *,
    proven: bool,
    at_once: bool = False,
    change_s: float = 0.0,
) -> Budget:
    """What the reads of ``model`` take on a line of ``settings``.

    Args:
        model: the table.
        settings: the speed of the line.
        turnaround_s: from a request's end to the reply's begin.
        proven: whether only what is proven is read; else also what is tried, as if all of it will be answered.
        at_once: whether what is slow is read with the rest, as in the first sweep; spread otherwise.
        change_s: seconds of silence before it is asked after another meter.
    """
    known, pause_s = proven_spans(model), model.pause_ms / 1000
    parts = parts_of(model)
    slow = [part for part in parts if is_slow(model, part)]
    fast = [part for part in parts if part not in slow]
    planned = []
    for group, is_spread in ((parts, False),) if at_once else ((fast, False), (slow, True)):
        cost = Cost(settings, (TYPICAL_TURNAROUND_S if is_spread else turnaround_s) + pause_s)
        reads = known_reads(group, known, cost) if proven else wanted_reads(model, group, (), known, cost)
        for read in reads:
            is_proven = any(other.holds(read.span.first, read.span.end) for other in known)
            seconds = settings.read_s(read.span.count, turnaround_s) + pause_s
            is_tried = len(read.parts) > 1 and not is_proven
            planned.append(PlannedRead(read.span, _fields(model, read), is_spread, is_proven, is_tried, seconds))
    return Budget(tuple(planned), max(0.0, change_s - pause_s), patience_s(turnaround_s) - turnaround_s)


def _fields(model: Model, read: Read) -> tuple[str, ...]:
    rows = {row for part in read.parts for row in model.rows_of(part)}
    return tuple(row.field for row in sorted(rows, key=lambda row: row.address))


@dataclass(frozen=True, slots=True)
class Line:
    """What several meters take of the line that they share.

    Attributes:
        costs_s: seconds of each interval that each meter takes.
        fits: whether all are read in every interval.
        round_s: seconds in which every meter has its turn.
    """

    costs_s: tuple[float, ...]
    fits: bool
    round_s: float


def line_of(budgets: Iterable[Budget], intervals_s: Sequence[float], interval_s: float) -> Line:
    """The meters with these ``budgets``, each read every so many of ``intervals_s``, on one line with slots of ``interval_s``."""
    budgets, shares = tuple(budgets), tuple(interval_s / own_s for own_s in intervals_s)
    loads = [
        takes_what_is_left(budget.load, interval_s, own_s) for budget, own_s in zip(budgets, intervals_s, strict=True)
    ]
    slots = take_turns(loads, interval_s).slots
    costs_s = tuple(
        budget.sweep_s(own_s) * share for budget, own_s, share in zip(budgets, intervals_s, shares, strict=True)
    )
    has_room = is_room(loads, interval_s, interval_s, sum(load.every_slot_s for load in loads))
    return Line(costs_s, slots == 1 and has_room, slots * interval_s)
