"""What one block answered in one slot, and what of it may be believed: a function of the answers.

An answer is certain of its question when no late reply of its length may be under way. Then:

- An answer in a length that the meter is known to answer is believed when it is certain.
- Uncertain answers of one length are believed when they came once more often than late replies may be under way: of
  m + 1 equal answers at most m can be stale.
- A certain answer in a length that is only being tried is believed when it agrees with another answer of the slot in
  another length; the two prove each other, the one being certain of its question, the other of its length.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from wattline.bus.tolerance import tolerance
from wattline.meters import Block, Model
from wattline.registers import Decoded, Row, decode


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of a block.

    Attributes:
        length: the registers that were asked for; 0 where shorter reads were put together.
        registers: those that the rows need.
        doubts: how many late replies it could have been.
        is_known: whether the meter is known to answer this length.
    """

    length: int
    registers: tuple[int, ...]
    doubts: int
    is_known: bool


@dataclass(slots=True)
class Evidence:
    """The answers of one block in one slot.

    Attributes:
        block: the block.
        model: the table that it is of.
        answers: in the order in which they came.
        believed: the registers that may be believed, None as long as there are none.
        proved: the length that was tried and agreed, None if none was.
    """

    block: Block
    model: Model
    answers: list[Answer] = field(default_factory=list)
    believed: tuple[int, ...] | None = None
    proved: int | None = None

    def add(self, answer: Answer) -> None:
        """Take in one more answer."""
        self.answers.append(answer)
        if answer.is_known:
            self._add_known(answer)
        for tried, other in self._pairs(answer):
            if agree(self.model.rows_of(self.block), self.decode(tried), self.decode(other)):
                self.proved = tried.length
                self.believed = self.believed or tried.registers

    def decode(self, answer: Answer) -> Decoded:
        """What the registers of ``answer`` mean."""
        rows = self.model.rows_of(self.block)
        return decode(rows, self.block.address, answer.registers, self.model.absent)

    def _add_known(self, answer: Answer) -> None:
        same = Counter((a.length, a.registers) for a in self.answers)
        doubts = max(a.doubts for a in self.answers if a.length == answer.length)
        if answer.doubts == 0 or same[answer.length, answer.registers] > doubts:
            self.believed = answer.registers

    def _pairs(self, answer: Answer) -> list[tuple[Answer, Answer]]:
        """(tried and certain, other) for each pair that ``answer`` makes with an earlier one."""
        pairs = [(one, two) for other in self.answers[:-1] for one, two in ((answer, other), (other, answer))]
        return [
            (tried, other)
            for tried, other in pairs
            if not tried.is_known and tried.doubts == 0 and other.length != tried.length and other.is_known
        ]


def agree(rows: Sequence[Row], one: Decoded, other: Decoded) -> bool:
    """Whether two reads of the same registers, moments apart, say the same."""
    return all(_close(row, one.values.get(row.field), other.values.get(row.field)) for row in rows)


def _close(row: Row, one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        # What the meter has no value for, it has none for twice.
        return one is other
    return abs(one - other) <= tolerance(row, one, other)
