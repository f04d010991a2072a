"""Which meter has its turn in which slot, when not all fit into one: pure functions.

Meters that do not fit into an interval together are read in turn, in the smallest whole number of slots that holds them
all. Every reading carries the second in which it was really read, and none is promised that the wire cannot bring.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wattline.clock import SWEEP_LONGEST_S
from wattline.plan import SLOW_S

# The rest is for the machine's own time, and for learning.
USABLE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Load:
    """What one meter needs of the bus, as far as is known.

    Attributes:
        fast_s: seconds of what is read in each of its turns.
        slow_s: seconds of each read that is due every ten seconds.
        spare_s: seconds that have to be left of a slot, beyond what such a read usually takes, for it to be begun.
        slow_spare_s: the same of what is due every ten seconds.
        trial_s: seconds of a slot that a trial needs, while the meter is new.
        every_slot_s: seconds that it takes of every slot, whoever has a turn in it.
        is_measured: whether none of it is presumed, since something was never read before.
    """

    fast_s: float = 0.0
    slow_s: tuple[float, ...] = ()
    spare_s: float = 0.0
    slow_spare_s: float = 0.0
    trial_s: float = 0.0
    every_slot_s: float = 0.0
    is_measured: bool = True

    @property
    def cost_s(self) -> float:
        """Seconds of its sweep, or of what it takes of every slot."""
        return self.fast_s + self.every_slot_s


LoadsAt = Callable[[float], Sequence[Load]]
"""What the meters need if no slow read takes more than so many seconds, but for what cannot be cut."""


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

    def hold(self, loads: Sequence[Load], interval_s: float) -> bool:
        """Whether these turns do for ``loads`` too: no slot with several meters is overfull."""
        every_slot_s = sum(load.every_slot_s for load in loads)
        round_s = self.slots * interval_s
        return all(is_room(inside, interval_s, round_s, every_slot_s) for inside in self._shared(loads))

    def longest_slow_s(self, loads: Sequence[Load], interval_s: float) -> float:
        """How long a slow read, and the patience for it, may be: what is left of the fullest slot that several meters share.

        A trial does not count, since it is over soon; nor does a meter that has its slots to itself.
        """
        every_slot_s = sum(load.every_slot_s for load in loads)
        left_s = (
            room_s(interval_s) - every_slot_s - sum(load.fast_s for load in inside) for inside in self._shared(loads)
        )
        return min(left_s, default=math.inf)

    def _shared(self, loads: Sequence[Load]) -> list[list[Load]]:
        """The loads in each slot that several meters have their turn in."""
        slots: list[list[Load]] = [[] for _ in range(self.slots)]
        for load, place in zip(loads, self.of_meter, strict=True):
            if load.fast_s:
                slots[place].append(load)
        return [inside for inside in slots if len(inside) > 1]


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
    return Load(every_slot_s=interval_s * (load.fast_s / own_s + sum(load.slow_s) / max(own_s, SLOW_S)))


def kept_free_s(loads: Sequence[Load], round_s: float) -> float:
    """Seconds of the slot of these meters for the slow reads that fall into it, for patience, and for a trial while meters are new.

    Slow reads are spread, so it is their mean that falls into a slot, but never less than the longest of them.

    Args:
        loads: who has a turn in the slot.
        round_s: seconds from turn to turn.
    """
    slow_s = [read_s for load in loads for read_s in load.slow_s]
    # A trial needs no patience beside its own.
    patience_s = max((max(load.slow_spare_s, load.trial_s) for load in loads), default=0.0)
    in_slot_s = max(sum(slow_s) * min(round_s / SLOW_S, 1.0), max(slow_s, default=0.0))
    # What moves is read first, so the time of the slow reads is patience for it.
    return max(in_slot_s + patience_s, max((load.spare_s for load in loads), default=0.0))


def is_room(loads: Sequence[Load], interval_s: float, round_s: float, every_slot_s: float = 0.0) -> bool:
    """Whether a slot of ``interval_s`` holds the turns of all these meters, which come every ``round_s``.

    Args:
        loads: who has a turn in the slot.
        interval_s: seconds from slot to slot.
        round_s: seconds from turn to turn.
        every_slot_s: seconds that others take of every slot.
    """
    return sum(load.fast_s for load in loads) + every_slot_s <= room_s(interval_s, kept_free_s(loads, round_s))


def take_turns(loads: Sequence[Load], interval_s: float) -> Turns:
    """The turns of meters with these ``loads``, in as few slots of ``interval_s`` as hold them.

    The costliest are placed first, each into the first slot that has room. A meter that fills more than a slot on its
    own has one to itself, and reads in it what it can. One that costs nothing, since it is away, needs no slot.
    """
    # In as many slots as there are meters each has one to itself.
    return next(filter(None, (_in_so_many(slots, loads, interval_s) for slots in range(1, max(1, len(loads)) + 1))))


def take_shorter_turns(loads_at: LoadsAt, interval_s: float) -> Turns:
    """The turns in as few slots as can be had when slow reads are cut for it.

    Each slow read needs room in every slot, since it may fall into any. So a long one may cost everybody a slot, though
    it takes the fewest milliseconds of ten seconds.
    """
    turns = take_turns(loads_at(math.inf), interval_s)
    if turns.slots == 1:
        return turns
    # Whatever is cut, the longest that cannot be is kept room for.
    least = [replace(load, slow_s=(max(load.slow_s),) if load.slow_s else ()) for load in loads_at(0.0)]
    for slots in range(1, turns.slots):
        shorter = _in_so_many(slots, least, interval_s)
        if shorter and shorter.hold(loads_at(shorter.longest_slow_s(least, interval_s)), interval_s):
            return shorter
    return turns


def _in_so_many(slots: int, loads: Sequence[Load], interval_s: float) -> Turns | None:
    """The turns in just so many ``slots``; None if these do not hold all."""
    every_slot_s = sum(load.every_slot_s for load in loads)
    inside: list[list[Load]] = [[] for _ in range(slots)]
    of_meter = [0] * len(loads)
    for meter in sorted(range(len(loads)), key=lambda number: -loads[number].fast_s):
        load = loads[meter]
        if not load.fast_s:
            continue
        round_s = slots * interval_s
        has_room = (not those or is_room([*those, load], interval_s, round_s, every_slot_s) for those in inside)
        place = next((number for number, is_place in enumerate(has_room) if is_place), None)
        if place is None:
            return None
        inside[place].append(load)
        of_meter[meter] = place
    return Turns(slots, tuple(of_meter))
