"""When what one meter says is read again: what moves in every sweep, the rest every ten seconds, as the slots have room.

Slow reads keep to places of their own in the ten seconds, so that no slot carries all. Those of several meters may meet
all the same; then those that have waited least wait for another slot, since a counter can, and no reading of what moves
is lost for it.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from wattline.bus.session import Session
from wattline.bus.turns import room_s
from wattline.clock import Slot
from wattline.meters import Block
from wattline.plan import SLOW_S, due_parts
from wattline.registers import Decoded

# When a slow read does not wait any longer for a slot in which there is time for it.
OVERDUE_S = 3 * SLOW_S
# How much of a slot those have that do not wait any longer.
FIRST_SHARE = 0.5


class SlowRead(NamedTuple):
    """A slow read that is due.

    Attributes:
        meter: the name of the meter.
        waited_s: seconds since it was made.
        read_s: seconds that it takes.
        spare_s: seconds that have to be left of the slot, beyond those, for it to be begun.
        addresses: of the parts that it serves.
    """

    meter: str
    waited_s: float
    read_s: float
    spare_s: float
    addresses: frozenset[int]


class Wants(NamedTuple):
    """What one meter wants of a slot.

    Attributes:
        fast_s: seconds of what moves.
        slow: the slow reads that are due.
    """

    fast_s: float
    slow: Sequence[SlowRead]


class Share(NamedTuple):
    """What one meter has of the time for slow reads.

    Attributes:
        fitting: those that are due and fit.
        waiting: the others that are due.
    """

    fitting: list[SlowRead]
    waiting: list[SlowRead]


class Due(NamedTuple):
    """What is to be read in a sweep.

    Attributes:
        parts: all of it.
        first: the addresses of those that come before the others.
    """

    parts: list[Block]
    first: Collection[int]


def shared_out(wants: Sequence[Wants], left_s: float) -> Share:
    """What the first of several meters has of the ``left_s`` seconds of a slot: who has waited longest, comes first."""
    left_s -= sum(meter.fast_s for meter in wants)
    share = Share([], [])
    for read in sorted((read for meter in wants for read in meter.slow), key=_longest):
        is_fitting = read.read_s + read.spare_s <= left_s
        left_s -= read.read_s if is_fitting else 0.0
        if read in wants[0].slow:
            (share.fitting if is_fitting else share.waiting).append(read)
    return share


def _longest(read: SlowRead) -> float:
    return -read.waited_s


def _addresses(reads: Iterable[SlowRead]) -> frozenset[int]:
    return frozenset().union(*(read.addresses for read in reads))


class Timetable:
    """The times of one meter.

    Args:
        session: the conversation with it.
        interval_s: seconds from slot to slot.
        place: its place among its bus's meters, from 0 to less than 1.
    """

    def __init__(self, session: Session, interval_s: float, place: float) -> None:
        self._session = session
        self._interval_s = interval_s
        self._place = place
        self._began_s = math.inf
        self._read_s: dict[int, float] = {}
        self._came_first = False

    def wants(self, slot: Slot, round_s: float) -> Wants:
        """What the meter wants of ``slot``: its slow reads that are due, each with all that comes for nothing in it.

        Args:
            slot: the slot.
            round_s: seconds from one sweep to the next.
        """
        self._began_s = min(self._began_s, slot.began_s)
        parts = self._session.failures.can_be_read(slot.began_s)
        addresses = {part.address for part in parts}
        due = {p.address for p in due_parts(self._session.meter.model, parts, self._read_s, slot.began_s, round_s)}
        needs, slow = self._session.needs, []
        for read in self._session.slow_reads():
            of_read = frozenset(part.address for part in read.parts) & addresses
            if of_read & due:
                since_s = min(self._read_s.get(address, self._began_s) for address in of_read & due)
                waited_s, spare_s = slot.began_s - since_s, needs.spare_s(read)
                slow.append(SlowRead(self._session.meter.name, waited_s, needs.read_s(read), spare_s, of_read))
        return Wants(needs.load().fast_s, slow)

    def due(self, slot: Slot, round_s: float, share: Share) -> Due:
        """What is to be read in ``slot``: what moves, and the slow reads for which there is time.

        The others wait; not for ever: then some come before what moves, but never in two sweeps in a row.
        """
        waited = [read for read in share.waiting if not self._came_first and self._has_waited(read, round_s)]
        first = self._first_of(sorted(waited, key=_longest))
        self._came_first = bool(first)
        slow = _addresses((*share.fitting, *first))
        parts = [
            part
            for part in self._session.failures.can_be_read(slot.began_s)
            if part.address in slow or not self._session.parts.can_wait(part)
        ]
        return Due(parts, _addresses(first))

    def parts_of(self, slot: Slot, reads: Iterable[SlowRead]) -> list[Block]:
        """The parts that are to be read in ``slot`` by ``reads``."""
        slow = _addresses(reads)
        return [part for part in self._session.failures.can_be_read(slot.began_s) if part.address in slow]

    def was_not_asked(self) -> None:
        """Nothing of what was due was asked for, since there was no time; so what came first comes first again."""
        self._came_first = False

    def _first_of(self, waited: Sequence[SlowRead]) -> list[SlowRead]:
        """As many of ``waited`` as half a slot holds, but one at least."""
        left_s = FIRST_SHARE * room_s(self._interval_s)
        first: list[SlowRead] = []
        for read in waited:
            if first and read.read_s > left_s:
                break
            first.append(read)
            left_s -= read.read_s
        return first

    def note(self, slot: Slot, round_s: float, decoded: Mapping[int, Decoded], withheld: Set[str]) -> None:
        """Remember that ``decoded`` was read in ``slot``, by address; but for the fields that are ``withheld``.

        Those are asked for again in the next slot, since only another read can tell.
        """
        slow = self._session.slow_reads()
        places_s = {
            part.address: SLOW_S * (number + self._place) / len(slow)
            for number, read in enumerate(slow)
            for part in read.parts
        }
        for address, said in decoded.items():
            if withheld & said.values.keys():
                continue
            read_s = slot.began_s
            if address in places_s and round_s < SLOW_S / 2:
                # It is this place's turn, or that of the one before.
                early_s = round_s / 2 if address in self._read_s else 0.0
                read_s -= (read_s + early_s - places_s[address]) % SLOW_S - early_s
            self._read_s[address] = read_s

    def _has_waited(self, read: SlowRead, round_s: float) -> bool:
        """Whether ``read`` has waited long enough; for no slot, if none has room for it."""
        fast_s = self._session.needs.load().fast_s
        may_fit = fast_s + read.read_s + read.spare_s <= room_s(self._interval_s)
        return read.waited_s >= (OVERDUE_S if may_fit else SLOW_S) - round_s / 2
