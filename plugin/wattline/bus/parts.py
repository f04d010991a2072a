"""What is read of one meter at once, and in which lengths; it is the meter that decides how small the pieces must be."""

from collections.abc import Iterator, Mapping

from wattline.bus.lengths import Lengths
from wattline.meters import Block, Model
from wattline.plan import Span, halves, is_slow, parts_of


class Parts(Mapping[int, Block]):
    """The parts of one meter, by address.

    Args:
        model: the table.

    Attributes:
        lengths: address of a part to what is known of its lengths.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._parts = {part.address: part for part in parts_of(model)}
        self.lengths = {address: Lengths(part) for address, part in self._parts.items()}
        self._slow = {part for part in self._parts.values() if is_slow(model, part)}

    def __getitem__(self, address: int) -> Block:
        return self._parts[address]

    def __iter__(self) -> Iterator[int]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def within(self, span: Span) -> list[Block]:
        """The parts that lie wholly in ``span``."""
        return [part for part in self._parts.values() if span.holds(part.address, part.end)]

    def can_wait(self, part: Block) -> bool:
        """Whether all that ``part`` holds is slow."""
        return part in self._slow

    def tells(self, part: Block) -> bool:
        """Whether the meter is read once ``part`` is: it moves, or nothing of the meter does."""
        return part not in self._slow or self._slow.issuperset(self._parts.values())

    def fields(self, part: Block) -> list[str]:
        """The fields that ``part`` carries."""
        return [row.field for row in self._model.rows_of(part)]

    def halves(self, part: Block) -> tuple[Block, ...]:
        """Two pieces of ``part`` that hold all its rows; none if it holds one row only."""
        return halves(self._model, part)

    def cut(self, part: Block) -> tuple[Block, ...]:
        """Put two pieces in the place of ``part``, which holds several rows; they are returned."""
        pieces = halves(self._model, part)
        del self._parts[part.address]
        for piece in pieces:
            self._parts[piece.address] = piece
            self.lengths[piece.address] = Lengths(piece)
            if is_slow(self._model, piece):
                self._slow.add(piece)
        return pieces
