"""Whether a wide read says what the proven reads before and after it say: pure functions.

A meter that skips registers it does not have answers a read over them with everything behind the gap shifted. What lies
behind the last gap is shifted by all that was skipped before it; so it alone tells, whatever else happens to be zero. A
trial counts only if that part of the reply, shifted by a register or two, would not agree as well; where it is zero
itself, as at night, nothing is decided.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from wattline.bus.tolerance import tolerance
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Block, Model
from wattline.plan import Read
from wattline.registers import Decoded, Row, decode

# What differs by more is not what the proven reads say. In between nothing is decided: a load may have come and gone.
GROSS = 10
# And of reads that are farther apart nothing is decided however much a gauge differs: a counter still has to be between them.
NEAR_S = 5.0
SHIFTS = (-2, -1, 1, 2)

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
        slot_s: when its slot began, by the monotonic clock.
        before: what the proven reads said before it.
        before_s: how many seconds before it the first of them was made.
    """

    read: Read
    registers: tuple[int, ...]
    slot_s: float
    before: Readings
    before_s: float = 0.0

    def judge(self, model: Model, after: Readings, after_s: float = 0.0) -> Outcome:
        """What it shows, given what the proven reads said after it, the last of them ``after_s`` seconds."""
        parts = self.read.parts
        times = GROSS if max(self.before_s, after_s) <= NEAR_S else math.inf
        if not all(self._agrees(model, part, after, times=times) for part in parts):
            return Outcome.DIFFERS
        if not all(self._agrees(model, part, after) for part in parts):
            return Outcome.UNCERTAIN
        last = _behind_the_last_gap(parts)
        if any(all(self._agrees(model, part, after, shift) for part in last) for shift in SHIFTS):
            return Outcome.UNCERTAIN
        return Outcome.AGREES

    def _agrees(self, model: Model, part: Block, after: Readings, shift: int = 0, times: float = 1) -> bool:
        rows = model.rows_of(part)
        start = part.address - self.read.span.first + shift
        if start < 0 or start + part.count > len(self.registers):
            # What a shift moves out of the reply cannot be told to be right.
            return False
        registers = self.registers[start : start + part.count]
        said = decode(rows, part.address, registers, model.absent)
        before = self.before[part.address]
        return all(is_between(row, before, said, after[part.address], times) for row in rows)


def is_between(row: Row, before: Decoded, said: Decoded, after: Decoded, times: float = 1) -> bool:
    """Whether ``said`` is possible between ``before`` and ``after``: a counter exactly, a gauge with a tolerance.

    Args:
        row: the quantity.
        before: what was said before.
        said: what is judged.
        after: what was said afterwards.
        times: how many times the usual tolerance.
    """
    ends = [decoded.values.get(row.field) for decoded in (before, after)]
    value = said.values.get(row.field)
    known = [end for end in ends if end is not None]
    if value is None or len(known) < len(ends):
        return value is None and not known
    slack = 0.0
    if ELECTRICITY_FIELDS[row.field].kind == "gauge":
        slack = times * tolerance(row, *known)
    return min(known) - slack <= value <= max(known) + slack


def _behind_the_last_gap(parts: Sequence[Block]) -> Sequence[Block]:
    begins = [number for number, (one, other) in enumerate(pairwise(parts), 1) if other.address > one.end]
    return parts[begins[-1] :] if begins else parts
