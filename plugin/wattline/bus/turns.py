"""Which meter has its turn in which slot, when not all fit into one: pure functions.

Meters that do not fit into an interval together are read in turn, in the smallest whole number of slots that holds them
all. Every reading carries the second in which it was really read, and none is promised that the wire cannot bring.

Fewer requests would let more meters fit, but to learn of them takes time that a full slot does not have. So while there
is something to learn, one slot more is left to one meter at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# The rest is for what goes wrong, for slow reads that meet in one slot, and for learning.
USABLE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Turns:
    """Who is read when.

    Attributes:
        slots: after so many slots it is everybody's turn again.
        of_meter: the slot, from 0, in which each meter has its turn.
        has_spare: whether the last of the slots is nobody's.
    """

    slots: int
    of_meter: tuple[int, ...]
    has_spare: bool = False

    def has_turn(self, meter: int, slot_number: int) -> bool:
        """Whether ``meter`` is read in the slot with this number."""
        return slot_number % self.slots == self.of_meter[meter]

    def is_spare(self, slot_number: int) -> bool:
        """Whether the slot with this number is nobody's."""
        return self.has_spare and slot_number % self.slots == self.slots - 1


def take_turns(costs_s: Sequence[float], interval_s: float, *, learns: bool = False) -> Turns:
    """The turns of meters whose sweeps take ``costs_s``, in slots of ``interval_s``.

    The costliest are placed first, each into the first slot that has room. A meter that fills more than a slot on its
    own has one to itself, and reads in it what it can. If one slot does not hold all, and somebody ``learns``, a slot
    is left spare.
    """
    room_s = USABLE_SHARE * interval_s
    used_s: list[float] = []
    of_meter = [0] * len(costs_s)
    for meter in sorted(range(len(costs_s)), key=lambda number: -costs_s[number]):
        place = next((n for n, used in enumerate(used_s) if used + costs_s[meter] <= room_s), len(used_s))
        if place == len(used_s):
            used_s.append(0.0)
        used_s[place] += costs_s[meter]
        of_meter[meter] = place
    has_spare = learns and len(used_s) > 1
    return Turns(max(1, len(used_s)) + has_spare, tuple(of_meter), has_spare)
