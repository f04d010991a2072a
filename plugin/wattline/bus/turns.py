"""Which meter has its turn in which slot, when not all fit into one: pure functions.

Meters that do not fit into an interval together are read in turn, in the smallest whole number of slots that holds them
all. Every reading carries the second in which it was really read, and none is promised that the wire cannot bring.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wattline.clock import SWEEP_LONGEST_S
from wattline.plan import SLOW_S

# The rest is for the machine's own time, and for learning.
USABLE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Load:
    """What one meter needs of the bus, as far as is known.

    Attributes:
        fast_s: seconds of what is read in every slot.
        slow_s: seconds of each read that is due every ten seconds.
        spare_s: seconds that have to be left of a slot, beyond what a read usually takes, for it to be begun.
        trial_s: seconds of a slot that a trial needs, while the meter is new.
    """

    fast_s: float = 0.0
    slow_s: tuple[float, ...] = ()
    spare_s: float = 0.0
    trial_s: float = 0.0


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

    def hold(self, costs_s: Sequence[float], interval_s: float, kept_free_s: float = 0.0) -> bool:
        """Whether these turns do for sweeps of ``costs_s`` too: no slot with several meters is overfull."""
        for slot in range(self.slots):
            inside_s = [
                cost_s for cost_s, place in zip(costs_s, self.of_meter, strict=True) if place == slot and cost_s
            ]
            if len(inside_s) > 1 and sum(inside_s) > room_s(interval_s, kept_free_s):
                return False
        return True


def room_s(interval_s: float, kept_free_s: float = 0.0) -> float:
    """Seconds of a slot that sweeps may fill."""
    return min(USABLE_SHARE * interval_s, SWEEP_LONGEST_S) - kept_free_s


def takes_what_is_left(load: Load, interval_s: float, own_s: float) -> Load:
    """``load`` as that of a meter that is read every ``own_s`` seconds, in slots of ``interval_s``.

    If that is several slots, its sweep may go on from one to the next, in the time that the others leave: it needs its
    share of each slot, and none has to be kept free for it.
    """
    if own_s <= interval_s:
        return load
    return Load(interval_s * (load.fast_s / own_s + sum(load.slow_s) / max(own_s, SLOW_S)))


def kept_free_s(loads: Sequence[Load], interval_s: float) -> float:
    """Seconds of each slot for the slow reads that fall into it, for patience, and for a trial while meters are new.

    Slow reads are spread, so it is their mean that falls into a slot, but never less than the longest of them.
    """
    slow_s = [read_s for load in loads for read_s in load.slow_s]
    # A trial needs no patience beside its own.
    patience_s = max((max(load.spare_s, load.trial_s) for load in loads), default=0.0)
    return max(sum(slow_s) * min(interval_s / SLOW_S, 1.0), max(slow_s, default=0.0)) + patience_s


def take_turns(costs_s: Sequence[float], interval_s: float, kept_free_s: float = 0.0) -> Turns:
    """The turns of meters whose sweeps take ``costs_s``, in slots of ``interval_s``.

    The costliest are placed first, each into the first slot that has room. A meter that fills more than a slot on its
    own has one to itself, and reads in it what it can. One that costs nothing, since it is away, needs no slot.

    Args:
        costs_s: seconds of each meter's sweep.
        interval_s: seconds from slot to slot.
        kept_free_s: seconds of each slot that no sweep may count on.
    """
    used_s: list[float] = []
    of_meter = [0] * len(costs_s)
    for meter in sorted(range(len(costs_s)), key=lambda number: -costs_s[number]):
        if not costs_s[meter]:
            continue
        limit_s = room_s(interval_s, kept_free_s)
        place = next((n for n, used in enumerate(used_s) if used + costs_s[meter] <= limit_s), len(used_s))
        if place == len(used_s):
            used_s.append(0.0)
        used_s[place] += costs_s[meter]
        of_meter[meter] = place
    return Turns(max(1, len(used_s)), tuple(of_meter))
