"""Which lengths a meter answers in one block: the proven one from the start, longer ones once they have agreed with it."""

from wattline.meters import Block

AGREEMENTS_NEEDED = 2
# On a bad line one request in three fails; eight in a row have another reason.
FAILURES_ALLOWED = 8


class Lengths:
    """What is known about the lengths of one block.

    Args:
        block: the lengths, the preferred first, and which of them is proven.
    """

    def __init__(self, block: Block) -> None:
        self._preferred = block.lengths or (block.count,)
        self._room = block.room
        untried = [length for length in self._preferred if length > block.room]
        self._agreements = dict.fromkeys(untried, 0)
        self._failures = dict.fromkeys(untried, 0)

    @property
    def usable(self) -> list[int]:
        """The lengths to read with, the preferred first; the proven one is always among them."""
        return [length for length in self._preferred if self._agreements_of(length) >= AGREEMENTS_NEEDED]

    @property
    def untried(self) -> list[int]:
        """The lengths that have to be tried, the preferred first."""
        return [length for length in self._agreements if self._agreements_of(length) < AGREEMENTS_NEEDED]

    def rank(self, length: int) -> int:
        """How much ``length`` is preferred, 0 for most."""
        return self._preferred.index(length)

    def has_room(self, room: int) -> None:
        """A wider span was learnt: ``room`` registers from the first on are answered in one read."""
        self._room = max(self._room, room)
        for length in [length for length in self._agreements if length <= room]:
            self._agreements[length] = AGREEMENTS_NEEDED

    def agreed(self, length: int) -> bool:
        """``length`` was answered and agreed; returns whether it may be used from now on."""
        self._agreements[length] += 1
        self._failures[length] = 0
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
        return AGREEMENTS_NEEDED if length <= self._room else self._agreements.get(length, 0)
