"""Which lengths a meter answers in one block: the proven one from the start, longer ones once they have agreed with it."""

from collections.abc import Sequence

from wattline.meters import Block
from wattline.registers import Decoded, Row

AGREEMENTS_NEEDED = 2
FAILURES_ALLOWED = 5
# Between two reads a value moves by itself; this much of it, and this many units of its last decimal, are allowed.
TOLERANCE_SHARE = 0.02
TOLERANCE_UNITS = 5


class Lengths:
    """What is known about the lengths of one block.

    Args:
        block: the lengths, the preferred first, and which of them is proven.
    """

    def __init__(self, block: Block) -> None:
        self._preferred = block.lengths or (block.count,)
        self._proven = block.count
        untried = [length for length in self._preferred if length != block.count]
        self._agreements = dict.fromkeys(untried, 0)
        self._failures = dict.fromkeys(untried, 0)

    @property
    def usable(self) -> list[int]:
        """The lengths to read with, the preferred first; the proven one is always among them."""
        return [length for length in self._preferred if self._agreements_of(length) >= AGREEMENTS_NEEDED]

    @property
    def untried(self) -> int | None:
        """The next length that has to be tried, None when all is known."""
        return next((length for length, times in self._agreements.items() if times < AGREEMENTS_NEEDED), None)

    def rank(self, length: int) -> int:
        """How much ``length`` is preferred, 0 for most."""
        return self._preferred.index(length)

    def agreed(self, length: int) -> bool:
        """``length`` was answered and agreed; returns whether it may be used from now on."""
        self._agreements[length] += 1
        return self._agreements[length] == AGREEMENTS_NEEDED

    def failed(self, length: int) -> bool:
        """``length`` was not answered or disagreed; returns whether it is dropped for that."""
        self._failures[length] += 1
        return self._failures[length] >= FAILURES_ALLOWED and self.drop(length)

    def drop(self, length: int) -> bool:
        """Never ask for ``length`` again; returns whether it had not been dropped before."""
        self._failures.pop(length, None)
        return self._agreements.pop(length, None) is not None

    def _agreements_of(self, length: int) -> int:
        return AGREEMENTS_NEEDED if length == self._proven else self._agreements.get(length, 0)


def agree(rows: Sequence[Row], before: Decoded, tried: Decoded, after: Decoded) -> bool:
    """Whether what a tried length said lies between what the proven one said just before and just after."""
    return all(_between(row, before.values, tried.values, after.values) for row in rows)


def _between(row: Row, before: dict[str, float], tried: dict[str, float], after: dict[str, float]) -> bool:
    if not (row.field in before and row.field in tried and row.field in after):
        return False
    low, high = sorted((before[row.field], after[row.field]))
    slack = TOLERANCE_SHARE * max(abs(low), abs(high)) + TOLERANCE_UNITS / 10**row.decimals
    return bool(low - slack <= tried[row.field] <= high + slack)
