"""A bus of meters as a source of points: it is polled once a slot, and its port comes and goes."""

import time
from collections.abc import Callable, Sequence

from wattline.bus.learning import Trying
from wattline.bus.member import Member
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.turns import Turns, take_turns
from wattline.clock import NS, Slot
from wattline.errors import PortError
from wattline.log import LOG
from wattline.reading import Point
from wattline.words import Meter

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# What the meters need changes while it is learnt; the turns follow it this often.
TURNS_S = 10.0


class Bus:
    """The meters on one port.

    Args:
        port: the port, closed.
        meters: who is on it.
        interval_s: seconds from slot to slot.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried of the meters beyond the proven reads.

    Attributes:
        reopenings: times the port was opened again after it had been lost.
    """

    def __init__(
        self,
        port: Port,
        meters: Sequence[Meter],
        interval_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        trying: Trying = Trying.ALL,
    ) -> None:
        self.reopenings = 0
        self._port = port
        modbus = Modbus(port)
        self._members = [
            Member(meter, modbus, interval_s, place=number / len(meters), monotonic=monotonic, trying=trying)
            for number, meter in enumerate(meters)
        ]
        self._polled: list[Member] = []
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._turns = Turns(1, (0,) * len(meters))
        self._turns_s: float | None = None
        self._lost_s: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._try_again_s = 0.0
        self._busy_s = 0.0
        self._reported_s = monotonic()

    def poll(self, slot: Slot) -> list[Point]:
        """The readings of one slot; a meter that said nothing has none."""
        self._take_turns(slot)
        points = []
        self._polled = self._whose_turn(slot)
        for place, member in enumerate(self._polled):
            now_s = self._monotonic()
            if self._ready():
                # Nobody reads what can wait, or listens for late replies, in the others' time.
                needed_s = sum(other.cost_s for other in self._polled[place:])
                share = member.cost_s / needed_s if needed_s else 1.0
                self._sweep(member, slot, now_s + share * (slot.deadline_s - now_s))
                points += member.points(slot)
        return points

    def idle(self, slot: Slot) -> None:
        """Use what is left of a slot to learn more about the meters that were read in it, each first in its turn."""
        first = slot.time_ns // NS % max(1, len(self._polled))
        for member in self._polled[first:] + self._polled[:first]:
            if self._port.is_open:
                try:
                    member.session.learn(slot)
                except PortError as error:
                    self._lost(error)

    def report(self, slot: Slot) -> list[Point]:
        """The health of each meter."""
        return [member.report(slot) for member in self._members]

    def health(self) -> dict[str, float]:
        """What the bus adds to ``wattline_bus``; the busy share is that since the last call."""
        now, busy_s = self._monotonic(), self._port.busy_s
        elapsed_s = max(now - self._reported_s, 0.001)
        busy_percent = round(100 * (busy_s - self._busy_s) / elapsed_s, 1)
        self._reported_s, self._busy_s = now, busy_s
        return {
            "busy_percent": busy_percent,
            "reopenings": float(self.reopenings),
            "round_s": float(self._turns.slots * self._interval_s),
        }

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    # Whose turn it is.

    def _whose_turn(self, slot: Slot) -> list[Member]:
        """Those who are there, and after them at most one who is away, the one that has waited longest."""
        number = int(slot.time_ns // NS // self._interval_s)
        if self._turns.is_spare(number):
            learners = [member for member in self._members if member.wants_to_learn(slot)]
            return sorted(learners, key=lambda member: member.given_s)[:1]
        there, away = [], []
        for index, member in enumerate(self._members):
            if member.rest.is_away:
                away.append(member)
            elif member.is_due(slot) and (member.meter.interval_s or self._turns.has_turn(index, number)):
                there.append(member)
        # Nobody else suffers where there is nobody else.
        is_alone = len(self._members) == 1
        knocks = [member for member in away if is_alone or member.rest.until_s <= slot.began_s]
        # Who was silent in its last sweep comes last, and who has gone without for longest first.
        there.sort(key=lambda member: (member.session.was_heard is False, member.given_s))
        return there + sorted(knocks, key=lambda member: member.rest.until_s)[:1]

    def _take_turns(self, slot: Slot) -> None:
        """Let the turns follow what the meters are known to need."""
        if self._turns_s is not None and slot.began_s - self._turns_s < TURNS_S:
            return
        is_first, self._turns_s = self._turns_s is None, slot.began_s
        costs_s = [
            member.cost_s * self._interval_s / (member.meter.interval_s or self._interval_s) for member in self._members
        ]
        learns = any(member.wants_to_learn(slot) for member in self._members)
        turns = take_turns(costs_s, self._interval_s, learns=learns)
        if turns.slots > 1 and (is_first or turns.slots > self._turns.slots):
            LOG.warning(
                "%s: One sweep of all meters needs %.2f s (%s) of %.0f s; each is read every %.0f s.",
                self._port.name,
                sum(costs_s),
                ", ".join(
                    f"{member.meter.name} {cost_s:.2f} s" for member, cost_s in zip(self._members, costs_s, strict=True)
                ),
                self._interval_s,
                turns.slots * self._interval_s,
            )
        elif turns.slots < self._turns.slots:
            LOG.info(
                "%s: With fewer requests each meter is read every %.0f s.",
                self._port.name,
                turns.slots * self._interval_s,
            )
        self._turns = turns

    def _sweep(self, member: Member, slot: Slot, share_until_s: float) -> None:
        try:
            member.sweep(slot, share_until_s)
        except PortError as error:
            self._lost(error)

    # The port.

    def _ready(self) -> bool:
        """Whether the port is open, after trying to open it if it is time to."""
        if self._port.is_open:
            return True
        now = self._monotonic()
        if now < self._try_again_s:
            return False
        try:
            self._port.open()
        except PortError as error:
            self._lost(error)
            return False
        if self._lost_s is not None:
            self.reopenings += 1
            LOG.info("%s: The port is open again after %.0f s.", self._port.name, now - self._lost_s)
        self._lost_s, self._pause_s = None, FIRST_PAUSE_S
        return True

    def _lost(self, error: PortError) -> None:
        """Say once that the port is away, and when it is tried again."""
        now = self._monotonic()
        self._try_again_s = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if self._lost_s is None:
            self._lost_s = now
            LOG.error("%s It is tried again after 1 s, then ever more rarely, at least every 30 s.", error)
        else:
            LOG.debug("%s", error)
