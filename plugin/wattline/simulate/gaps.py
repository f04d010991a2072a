"""Which registers a meter has, and what it does when it is asked for others."""

from typing import Literal, get_args

from wattline.meters import Model
from wattline.simulate.frames import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE, LONGEST_READ, Request

Gaps = Literal["refuse", "zero", "silence", "shift"]
GAPS: tuple[Gaps, ...] = get_args(Gaps)
"""What a meter does with a read that touches registers that it does not have: it refuses with code 2, gives zeros for
them, says nothing, or gives the registers one further on, as one that counts wrongly does."""

_REGISTERS = 0x10000


class RegisterMap:
    """The registers that a meter of ``model`` has, by function: its rows, what its table says beside them, its identity."""

    def __init__(self, model: Model) -> None:
        self._longest = min(model.longest, LONGEST_READ)
        self._holes = {register for first, last in model.holes for register in range(first, last + 1)}
        self._had: dict[int, set[int]] = {
            model.function: {
                register
                for first, end in (
                    *((row.address, row.end) for row in model.rows),
                    *((block.address, block.address + block.room) for block in model.blocks),
                    *((first, last + 1) for first, last in model.documented),
                )
                for register in range(first, end)
            }
        }
        if model.identity:
            of_identity = self._had.setdefault(model.identity.function or model.function, set())
            of_identity.add(model.identity.address)

    def refusal(self, request: Request) -> int:
        """The exception code with which every meter of the model refuses ``request``, 0 where none must."""
        if request.function not in self._had:
            return ILLEGAL_FUNCTION
        if not 1 <= request.count <= self._longest:
            return ILLEGAL_VALUE
        asked = range(request.first, request.first + request.count)
        return ILLEGAL_ADDRESS if asked.stop > _REGISTERS or not self._holes.isdisjoint(asked) else 0

    def is_within(self, request: Request) -> bool:
        """Whether the meter has every register that a ``request`` of one of its functions asks for."""
        return self._had[request.function].issuperset(range(request.first, request.first + request.count))
