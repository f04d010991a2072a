"""From rows to spans: what is read at once, what is due, and what it costs on the wire. Pure functions.

A read costs its milliseconds on the line, and the plan with the fewest is chosen; of equal ones that with the fewest
requests. ``plugin/README.md`` says why.

Rows are first gathered into *parts*: what one proven read holds of the rows of one pace. Parts are then covered by
*spans*. A span is known when it lies within a proven read or within one that was learnt; any other may be tried
(``bus/learning.py``), unless it crosses a hole, is longer than the meter takes, or holds one that has failed before.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattline.bus.settings import LONGEST_READ, LineSettings
from wattline.meters import Block, Model
from wattline.registers import Row

SLOW_S = 10.0
"""Age at which a slow part is read again. A counter of 0.01 kWh steps every 36 s at 1 kW."""

TYPICAL_TURNAROUND_S = 0.02
"""From a request's end to the reply's begin, before anything was measured."""

LENGTHS_OF_A_PART = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Registers that are read with one request.

    Attributes:
        first: the first register.
        count: how many.
    """

    first: int
    count: int

    @property
    def end(self) -> int:
        """The register after the last."""
        return self.first + self.count

    def holds(self, first: int, end: int) -> bool:
        """Whether all registers from ``first`` to before ``end`` are in it."""
        return self.first <= first and end <= self.end

    def __str__(self) -> str:
        last = self.end - 1
        return f"Register 0x{self.first:04X}" if self.count == 1 else f"Registers 0x{self.first:04X} to 0x{last:04X}"


def in_a_sentence(span: Span) -> str:
    """``span`` where no sentence begins."""
    return str(span)[:1].lower() + str(span)[1:]


@dataclass(frozen=True, slots=True)
class Read:
    """One request, and the parts that it serves."""

    span: Span
    parts: tuple[Block, ...]


def parts_of(model: Model) -> tuple[Block, ...]:
    """What is read at once from the start: of each proven read the rows of one pace, and each other row alone.

    Slow rows between fast ones come with them for nothing.
    """
    parts: list[Block] = []
    taken: set[int] = set()
    for block in _outermost(model.blocks):
        rows = [row for row in model.rows_of(block) if row.address not in taken]
        parts += [_part(block, group) for group in _groups(rows)]
        taken.update(row.address for row in rows)
    parts += [Block(row.address, row.encoding.count) for row in model.rows if row.address not in taken]
    return tuple(sorted(parts, key=lambda part: part.address))


def _outermost(blocks: Sequence[Block]) -> list[Block]:
    """Without those that lie within another, which reads their rows as well; of equal ones the first stays."""
    return [
        block
        for number, block in enumerate(blocks)
        if not any(
            other.address <= block.address and block.end <= other.end and (other.count > block.count or before < number)
            for before, other in enumerate(blocks)
            if before != number
        )
    ]


def _groups(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows from the first fast one to the last, the slow ones before them, and those after them."""
    ordered = sorted(rows, key=lambda row: row.address)
    fast = [number for number, row in enumerate(ordered) if row.pace == "fast"]
    ends = (fast[0], fast[-1] + 1) if fast else (0, len(ordered))
    return [group for group in (ordered[: ends[0]], ordered[slice(*ends)], ordered[ends[1] :]) if group]


def _part(block: Block, rows: Sequence[Row]) -> Block:
    first, end = rows[0].address, max(row.end for row in rows)
    if (first, end) == (block.address, block.end):
        return block
    room = block.address + block.room - first
    # A meter whose numbers take two registers may refuse to give half of one.
    step = min(2, *(row.encoding.count for row in rows))
    lengths = range(end - first, room + 1, step)[:LENGTHS_OF_A_PART]
    return Block(first, end - first, tuple(lengths), room)


# Of two or three rows the pieces would be no halves.
FEW_ROWS = 3


def fitted(model: Model, settings: LineSettings, longest_s: float) -> Model:
    """``model``, with each proven read that takes more than ``longest_s`` seconds cut between rows into some that do not."""
    most = settings.registers_within(longest_s, TYPICAL_TURNAROUND_S)
    pieces = [piece for block in model.blocks for piece in _pieces(model, block, most)]
    return replace(model, blocks=tuple(pieces))


def _pieces(model: Model, block: Block, most: int) -> list[Block]:
    if block.count <= most:
        return [block]
    groups: list[list[Row]] = []
    for row in sorted(model.rows_of(block), key=lambda row: row.address):
        if groups and row.end - groups[-1][0].address <= most:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [Block(group[0].address, group[-1].end - group[0].address) for group in groups]


def halves(model: Model, part: Block) -> tuple[Block, ...]:
    """Two pieces of ``part``, cut between rows of ``model`` near its middle; none if it has one row.

    They have different lengths where they can, since only by its length a late reply is told from another's.
    """
    rows = sorted(model.rows_of(part), key=lambda row: row.address)
    if len(rows) == 1:
        return ()

    def unevenness(cut: int) -> tuple[bool, int]:
        counts = rows[cut - 1].end - part.address, part.end - rows[cut].address
        return counts[0] == counts[1] and len(rows) > FEW_ROWS, max(counts)

    number = min(range(1, len(rows)), key=unevenness)
    return tuple(replace(_part(part, half), room=0) for half in (rows[:number], rows[number:]))


def is_slow(model: Model, part: Block) -> bool:
    """Whether all that ``part`` holds is slow."""
    return all(row.pace == "slow" for row in model.rows_of(part))


def due_parts(
    model: Model, parts: Iterable[Block], read_s: Mapping[int, float], now_s: float, interval_s: float
) -> list[Block]:
    """The ``parts`` of ``model`` to read now.

    Args:
        model: the table.
        parts: what can be read.
        read_s: address of a part to when it was last read, in seconds of the same clock as ``now_s``.
        now_s: when the slot began.
        interval_s: seconds from slot to slot; a slow part is due in the slot nearest to its tenth second.
    """
    oldest_s = now_s - SLOW_S + interval_s / 2
    return [
        part
        for part in parts
        if not is_slow(model, part) or part.address not in read_s or read_s[part.address] <= oldest_s
    ]


def proven_spans(model: Model) -> list[Span]:
    """The reads that are known to be answered before anything was learnt."""
    return [Span(block.address, block.room) for block in model.blocks]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request costs on one line.

    Attributes:
        settings: the speed of the line.
        turnaround_s: from a request's end to the reply's begin.
    """

    settings: LineSettings
    turnaround_s: float = TYPICAL_TURNAROUND_S

    def read_s(self, span: Span) -> float:
        """Seconds of a read of ``span``."""
        return self.settings.read_s(span.count, self.turnaround_s)


def known_reads(
    parts: Iterable[Block],
    known: Collection[Span],
    cost: Cost,
    is_free: Callable[[Span], bool] = lambda _span: True,
    most: int = LONGEST_READ,
) -> list[Read]:
    """The cheapest reads of ``parts`` that stay within ``known`` spans and that ``is_free`` lets be asked for.

    Of several parts none is read at once that has more than ``most`` registers.
    """

    def may_be(span: Span) -> bool:
        return span.count <= most and any(other.holds(span.first, span.end) for other in known) and is_free(span)

    return _cheapest(parts, may_be, cost)


def wanted_reads(
    model: Model,
    parts: Iterable[Block],
    failed: Collection[Span],
    known: Collection[Span],
    cost: Cost,
    *,
    most: int = LONGEST_READ,
) -> list[Read]:
    """The cheapest reads of ``parts`` that may be possible: known, or neither forbidden nor failed before.

    Args:
        model: tells the longest read and the holes.
        parts: what is to be read.
        failed: spans that the meter did not answer, or not rightly; what holds one of them is not tried.
        known: spans that it answers.
        cost: what a request costs.
        most: registers of one read of several parts, known or not.
    """

    def may_be(span: Span) -> bool:
        if span.count > most:
            return False
        if any(other.holds(span.first, span.end) for other in known):
            return True
        return (
            span.count <= model.longest
            and not any(span.first <= last and first < span.end for first, last in model.holes)
            and not any(span.holds(other.first, other.end) for other in failed)
        )

    return _cheapest(parts, may_be, cost)


def _cheapest(parts: Iterable[Block], is_allowed: Callable[[Span], bool], cost: Cost) -> list[Read]:
    """Fewest seconds, then fewest requests, then the shortest longest read. A part on its own is always allowed.

    Sorted by address, the parts up to each one are covered by the best cover of those before a last read, and that read.
    """
    ordered = sorted(parts, key=lambda part: part.address)
    best: list[tuple[float, int, int, int]] = [(0.0, 0, 0, 0)]
    for end in range(1, len(ordered) + 1):
        choices = []
        for begin in range(end):
            span = _span_of(ordered[begin:end])
            if end - begin == 1 or is_allowed(span):
                seconds, requests, longest, _ = best[begin]
                choices.append((round(seconds + cost.read_s(span), 6), requests + 1, max(longest, span.count), begin))
        best.append(min(choices))
    reads, end = [], len(ordered)
    while end:
        begin = best[end][-1]
        reads.append(Read(_span_of(ordered[begin:end]), tuple(ordered[begin:end])))
        end = begin
    return reads[::-1]


def _span_of(parts: Sequence[Block]) -> Span:
    first = parts[0].address
    return Span(first, max(part.end for part in parts) - first)


def sweep_s(counts: Iterable[int], settings: LineSettings, turnaround_s: float) -> float:
    """The least seconds on the wire for reads of ``counts`` registers, one after the other."""
    return sum(settings.read_s(count, turnaround_s) for count in counts)
