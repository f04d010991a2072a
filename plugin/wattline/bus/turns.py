"""Which meter has its turn in which slot, when not all fit into one: pure functions.

Meters that do not fit into an interval together are read in turn, in the smallest whole number of slots that holds them
all. Every reading carries the second in which it was really read, and none is promised that the wire cannot bring.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# The rest is for what goes wrong, and for learning.
USABLE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Turns:
    """Who is read when.

    Attributes:
        slots: after so many slots it is everybody's turn again.
        of_meter: the slot, from 0, in which each meter has its turn.
    """

    slots: int
    of_meter: tuple[int, ...]

    def has_turn(self, meter: int, slot_number: int) -> bool:
        """Whether ``meter`` is read in the slot with this number."""
        return slot_number % self.slots == self.of_meter[meter]


def take_turns(costs_s: Sequence[float], interval_s: float) -> Turns:
    """The turns of meters whose sweeps take ``costs_s``, in slots of ``interval_s``.

    The costliest are placed first, each into the first slot that has room. A meter that fills more than a slot on its
    own has one to itself, and reads in it what it can.
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
    return Turns(max(1, len(used_s)), tuple(of_meter))
