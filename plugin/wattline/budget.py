"""What the reads of meters take of their line: pure arithmetic over ``plan.py`` and ``bus/turns.py``.

The spans are those that ``wattline run`` chooses once it has measured the turnaround that is assumed here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from wattline.bus.latency import patience_s
from wattline.bus.settings import LONGEST_READ, LineSettings
from wattline.bus.turns import Load, Turns, is_room, room_s, take_shorter_turns, takes_what_is_left
from wattline.meters import Block, Model
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
class Basis:
    """What the reads of one meter follow from.

    Attributes:
        model: the table.
        settings: the speed of the line.
        turnaround_s: from a request's end to the reply's begin.
        proven: whether only what is proven is read; else also what is tried, as if all of it will be answered.
        at_once: whether what is slow is read with the rest, as in the first sweep; spread otherwise.
    """

    model: Model
    settings: LineSettings
    turnaround_s: float
    proven: bool
    at_once: bool

    def groups(self) -> Iterable[tuple[list[Block], bool]]:
        """What is read together, and whether that is spread over ten seconds."""
        parts = parts_of(self.model)
        if self.at_once:
            return ((list(parts), False),)
        slow = [part for part in parts if is_slow(self.model, part)]
        return ([part for part in parts if part not in slow], False), (slow, True)

    def reads(self, longest_slow_s: float = math.inf) -> Iterable[PlannedRead]:
        """The reads, if no slow one is longer than so many seconds, but for what cannot be cut."""
        known, pause_s = proven_spans(self.model), self.model.pause_ms / 1000
        most_slow = self.settings.registers_within(longest_slow_s, self.turnaround_s + pause_s)
        for parts, is_spread in self.groups():
            most = most_slow if is_spread else LONGEST_READ
            cost = Cost(self.settings, (TYPICAL_TURNAROUND_S if is_spread else self.turnaround_s) + pause_s)
            if self.proven:
                reads = known_reads(parts, known, cost, most=most)
            else:
                reads = wanted_reads(self.model, parts, (), known, cost, most=most)
            for read in reads:
                is_proven = any(other.holds(read.span.first, read.span.end) for other in known)
                yield PlannedRead(
                    read.span,
                    _fields(self.model, read),
                    is_spread,
                    is_proven,
                    is_tried=len(read.parts) > 1 and not is_proven,
                    seconds=self.settings.read_s(read.span.count, self.turnaround_s) + pause_s,
                )


@dataclass(frozen=True, slots=True)
class Budget:
    """The reads of one meter.

    Attributes:
        reads: those of every sweep, then the slow ones.
        basis: what they follow from.
        change_s: seconds of silence that the change to this meter costs beside the pauses of its reads.
        spare_s: seconds that have to be left of a slot, beyond what a read usually takes, for it to be begun.
    """

    reads: tuple[PlannedRead, ...]
    basis: Basis = field(compare=False)
    change_s: float = 0.0
    spare_s: float = 0.0

    def within(self, longest_slow_s: float) -> "Budget":
        """The same meter, if no slow read of it, and the patience for it, takes more than so many seconds, as far as can be."""
        return replace(self, reads=tuple(self.basis.reads(longest_slow_s - self.spare_s)))

    @property
    def fast_s(self) -> float:
        """Seconds of a sweep that reads nothing slow."""
        return self.change_s + sum(read.seconds for read in self.reads if not read.is_slow)

    @property
    def has_fast_reads(self) -> bool:
        """Whether anything is read in every sweep."""
        return any(not read.is_slow for read in self.reads)

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
        slow_s = tuple(read.seconds for read in self.reads if read.is_slow)
        return Load(self.fast_s, slow_s, self.spare_s, self.spare_s if slow_s else 0.0)

    def fits(self, interval_s: float) -> int:
        """How many such meters fit on one line, all read every ``interval_s``."""
        numbers = (number for number in range(MOST_METERS, 0, -1) if number * self.fast_s <= room_s(interval_s))
        return next((number for number in numbers if self._is_room(number, interval_s)), 0)

    def _is_room(self, number: int, interval_s: float) -> bool:
        turns = Turns(1, (0,) * number)
        longest_slow_s = turns.longest_slow_s([self.load] * number, interval_s)
        return is_room([self.within(longest_slow_s).load] * number, interval_s, interval_s)


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
    basis = Basis(model, settings, turnaround_s, proven, at_once)
    spare_s = patience_s(turnaround_s) - turnaround_s
    return Budget(tuple(basis.reads()), basis, max(0.0, change_s - model.pause_ms / 1000), spare_s)


def _fields(model: Model, read: Read) -> tuple[str, ...]:
    rows = {row for part in read.parts for row in model.rows_of(part)}
    return tuple(row.field for row in sorted(rows, key=lambda row: row.address))


@dataclass(frozen=True, slots=True)
class Line:
    """What several meters take of the line that they share.

    Attributes:
        budgets: the reads of each meter, its slow ones cut so that the others have their round.
        costs_s: seconds of each interval that each meter takes.
        fits: whether all are read in every interval.
        round_s: seconds in which every meter has its turn.
    """

    budgets: tuple[Budget, ...]
    costs_s: tuple[float, ...]
    fits: bool
    round_s: float


def line_of(budgets: Iterable[Budget], intervals_s: Sequence[float], interval_s: float) -> Line:
    """The meters with these ``budgets``, each read every so many of ``intervals_s``, on one line with slots of ``interval_s``."""
    budgets = tuple(budgets)

    def loads_of(of_meters: Iterable[Budget]) -> list[Load]:
        pairs = zip(of_meters, intervals_s, strict=True)
        return [takes_what_is_left(budget.load, interval_s, own_s) for budget, own_s in pairs]

    turns = take_shorter_turns(lambda longest_s: loads_of(b.within(longest_s) for b in budgets), interval_s)
    longest_slow_s = turns.longest_slow_s(loads_of(budgets), interval_s)
    budgets = tuple(budget.within(longest_slow_s) for budget in budgets)
    loads = loads_of(budgets)
    costs_s = tuple(
        budget.sweep_s(own_s) * interval_s / own_s for budget, own_s in zip(budgets, intervals_s, strict=True)
    )
    has_room = is_room(loads, interval_s, interval_s, sum(load.every_slot_s for load in loads))
    return Line(budgets, costs_s, turns.slots == 1 and has_room, turns.slots * interval_s)
