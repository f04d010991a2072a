"""Whether a wide read says what the proven reads before and after it say: pure functions.

A meter that skips registers it does not have answers a read over them with everything behind the gap shifted. So a
trial counts only if the same reply, shifted by a register, would not agree as well; where too much is zero to tell, as
at night, nothing is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Block, Model
from wattline.plan import Read
from wattline.registers import Decoded, Row, decode

# Between two reads a value moves by itself; this much of it, and this many units of its last decimal, are allowed.
TOLERANCE_SHARE = 0.02
TOLERANCE_UNITS = 5

Readings = Mapping[int, Decoded]
"""Address of a part to what it said."""


class Outcome(Enum):
    """What a trial has shown."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Trial:
    """A wide read that was answered, and waits for the proven reads behind it.

    Attributes:
        read: what was asked for.
        registers: what it said.
        before: what the proven reads said before it.
    """

    read: Read
    registers: tuple[int, ...]
    before: Readings

    def judge(self, model: Model, after: Readings) -> Outcome:
        """What it shows, given what the proven reads said after it."""
        segments = _segments(self.read.parts)
        if not all(self._agrees(model, part, after, 0) for part in self.read.parts):
            return Outcome.DIFFERS
        for shift in (-1, 1):
            for segment in segments:
                if all(self._agrees(model, part, after, shift) for part in segment):
                    return Outcome.UNCERTAIN
        return Outcome.AGREES

    def _agrees(self, model: Model, part: Block, after: Readings, shift: int) -> bool:
        rows = model.rows_of(part)
        start = part.address - self.read.span.first + shift
        if start < 0 or start + part.count > len(self.registers):
            # What a shift moves out of the reply cannot be told to be right.
            return False
        registers = self.registers[start : start + part.count]
        said = decode(rows, part.address, registers, model.absent)
        return all(is_between(row, self.before[part.address], said, after[part.address]) for row in rows)


def is_between(row: Row, before: Decoded, said: Decoded, after: Decoded) -> bool:
    """Whether ``said`` is possible between ``before`` and ``after``: a counter exactly, a gauge with a tolerance."""
    ends = [decoded.values.get(row.field) for decoded in (before, after)]
    value = said.values.get(row.field)
    known = [end for end in ends if end is not None]
    if value is None or len(known) < len(ends):
        return value is None and not known
    slack = 0.0
    if ELECTRICITY_FIELDS[row.field].kind == "gauge":
        slack = TOLERANCE_SHARE * max(map(abs, known)) + TOLERANCE_UNITS / 10**row.decimals
    return min(known) - slack <= value <= max(known) + slack


def _segments(parts: Sequence[Block]) -> list[list[Block]]:
    """The parts between one gap and the next: behind a gap all is shifted by the same."""
    segments = [[parts[0]]]
    for one, other in pairwise(parts):
        if other.address > one.end:
            segments.append([])
        segments[-1].append(other)
    return segments
