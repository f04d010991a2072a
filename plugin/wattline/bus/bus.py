"""A bus of meters as a source of points: it is polled once a slot, and its port comes and goes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from wattline.bus.attendance import Roll
from wattline.bus.learning import Trying
from wattline.bus.member import Member
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.rota import Rota
from wattline.bus.settings import NETWORK
from wattline.bus.timetable import Share, Wants, shared_out
from wattline.bus.turns import room_s
from wattline.clock import Slot
from wattline.errors import PortError
from wattline.log import LOG, state
from wattline.plan import fitted
from wattline.ports import is_packets
from wattline.reading import Absence, Point, Reason
from wattline.registers import on_grain
from wattline.status import listed, of_meter
from wattline.words import Meter

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# Of the room in a slot, what one read may take; the rest is for patience. A longer one would never be begun.
LONGEST_SHARE = 0.7
# The same of a meter with an interval of its own, which has what the others leave.
LONGEST_SHARE_OF_PATIENT = 0.4
# Of so many rounds those who can wait leave one to a trial.
ROUNDS_PER_TRIAL = 4


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

    speaks_unasked = False

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
            Member(
                _as_behind(port.name, meter, _longest_share(meter, meters, interval_s) * room_s(interval_s)),
                modbus,
                interval_s,
                place=number / len(meters),
                is_alone=len(meters) == 1,
                monotonic=monotonic,
                trying=trying,
            )
            for number, meter in enumerate(meters)
        ]
        self._rota = Rota(port.name, self._members, interval_s)
        self._roll = Roll(meters, int(interval_s))
        self._polled: list[Member] = []
        self._swept: list[Member] = []
        self._cut_off: list[Member] = []
        self._gave: set[str] = set()
        self._monotonic = monotonic
        self._lost_s: float | None = None
        self._pause_s = FIRST_PAUSE_S
        self._try_again_s = 0.0
        self._busy_s = 0.0
        self._reported_s = monotonic()

    def poll(self, slot: Slot) -> list[Point]:
        """The readings of one slot; a meter that said nothing has none.

        What moves is read of all meters before what can wait is read of any, so that a slow read which takes longer than
        it should costs no other meter its reading. Meters with intervals of their own have what the others leave.
        """
        self._polled, self._swept, self._cut_off = self._rota.whose_turn(slot), [], []
        patient = [member for member in self._polled if member.takes_what_is_left(slot)]
        self._read([member for member in self._polled if member not in patient], slot)
        if not self._is_left_to_trial(slot):
            self._read(patient, slot)
        points = [point for member in self._polled for point in member.end(slot)]
        self._gave = {point.tags["meter"] for point in points}
        return points

    def absences(self, slot: Slot) -> list[Absence]:
        """Which readings that were due did not come, in ``slot`` and those missed before it; asked once, after ``poll``."""
        absent = [member for member in self._members if member.meter.name not in self._gave]
        return self._roll.call(slot, {member.meter.name: self._why_absent(member, slot) for member in absent})

    def _why_absent(self, member: Member, slot: Slot) -> Reason | None:
        """Why ``member`` gave no reading in the slot that was polled; None where none was due."""
        was_swept = member in self._swept
        if not was_swept and not member.is_due(slot):
            return None
        if member in self._cut_off or not (was_swept or self._port.is_open):
            return Reason.PORT
        if not was_swept:
            return Reason.SILENT if member.rest.is_away else Reason.BUSY
        return _why_nothing(member)

    def _read(self, members: Sequence[Member], slot: Slot) -> None:
        """Read what moves of all ``members``, then what can wait."""
        wants = [member.wants(slot) for member in members]
        for done, member in enumerate(members):
            # A line that breaks off again and again shall not always do so before the same meter.
            member.passed_over += 1
            if self._ready():
                member.passed_over = 0
                self._sweep(member, slot, wants[done:], is_alone=len(members) == 1)
            else:
                self._cut_off.append(member)
        self._read_what_can_wait(members, slot)

    def idle(self, slot: Slot) -> None:
        """Use what is left of a slot to learn more about the meters that were read in it, each first in its turn."""
        first = self._rota.round_number(slot) % max(1, len(self._polled))
        for member in self._polled[first:] + self._polled[:first]:
            if self._port.is_open:
                try:
                    member.session.learn(slot)
                except PortError as error:
                    self._lost(error)

    def attend(self) -> None:
        """There is nothing to be done: a meter speaks when it is asked."""

    def meter_id(self) -> str:
        """None: a meter on a bus has an address, which is not its own."""
        return ""

    def report(self, slot: Slot) -> list[Point]:
        """The health of each meter."""
        return [member.report(slot) for member in self._members]

    def health(self) -> dict[str, float]:
        """What the bus adds to ``wattline_bus``; the busy share is that since the last call."""
        now, busy_s = self._monotonic(), self._port.busy_s
        elapsed_s = max(now - self._reported_s, 0.001)
        busy_percent = on_grain(100 * (busy_s - self._busy_s) / elapsed_s, 1)
        self._reported_s, self._busy_s = now, busy_s
        return {
            "busy_percent": busy_percent,
            "reopenings": float(self.reopenings),
            "round_s": self._rota.round_s,
        }

    def status(self) -> str:
        """Whether the port is there, and how the meters are: those first that do not answer."""
        if self._lost_s is not None:
            return f"the port is away for {self._monotonic() - self._lost_s:.0f} s"
        meters = sorted(self._members, key=lambda member: member.said is not None)
        answering = sum(member.said is not None for member in meters)
        words = [of_meter(member.meter.name, member.said) for member in meters]
        return f"{answering} of {len(meters)} meters answer ({listed(words)})"

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _sweep(self, member: Member, slot: Slot, wants: Sequence[Wants], *, is_alone: bool) -> None:
        """Read ``member``; the first of ``wants`` is what it wants of the slot, the others what those after it want."""
        listen_until_s, share = self._shared_out(slot, wants)
        self._swept.append(member)
        try:
            others_s = sum(other.fast_s for other in wants[1:])
            member.sweep(slot, listen_until_s, share, has_rest=is_alone, others_s=others_s)
        except PortError as error:
            self._cut_off.append(member)
            self._lost(error)

    def _read_what_can_wait(self, members: Sequence[Member], slot: Slot) -> None:
        """In what is left of the slot: of that meter first, of which something has waited longest."""
        waiting = [(wants, member) for member in members if (wants := member.waits()).slow]
        waiting.sort(key=lambda pair: -max(read.waited_s for read in pair[0].slow))
        for done, (_, member) in enumerate(waiting):
            listen_until_s, share = self._shared_out(slot, [wants for wants, _ in waiting[done:]])
            if share.fitting and self._port.is_open:
                try:
                    member.read_slow(slot, listen_until_s, share.fitting)
                except PortError as error:
                    self._cut_off.append(member)
                    self._lost(error)

    def _shared_out(self, slot: Slot, wants: Sequence[Wants]) -> tuple[float, Share]:
        """How long the first of those who want something may listen, and what it has of the time for slow reads."""
        now_s = self._monotonic()
        left_s = slot.deadline_s - now_s
        # Nobody listens for late replies in the others' time.
        return now_s + left_s / len(wants), shared_out(wants, left_s - self._kept_for_trial_s(slot))

    def _is_left_to_trial(self, slot: Slot) -> bool:
        """Whether what is left of ``slot`` is left to a trial, and is enough for it: it has it, or others do."""
        return 0.0 < self._kept_for_trial_s(slot) <= slot.deadline_s - self._monotonic()

    def _kept_for_trial_s(self, slot: Slot) -> float:
        """Seconds of every fourth round that those who can wait leave to a trial: else they might fill what is left for ever."""
        if self._rota.round_number(slot) % ROUNDS_PER_TRIAL:
            return 0.0
        return max((member.session.trial_s(slot) for member in self._polled), default=0.0)

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
            sentence = "%s: The port is open again after %.0f s."
            LOG.info(sentence, self._port.name, now - self._lost_s, extra=state(f"{self._port.name}: open"))
        self._lost_s, self._pause_s = None, FIRST_PAUSE_S
        return True

    def _lost(self, error: PortError) -> None:
        """Say once that the port is away, and when it is tried again."""
        now = self._monotonic()
        self._try_again_s = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if self._lost_s is None:
            self._lost_s = now
            sentence = "%s It is tried again after 1 s, then ever more rarely, at least every 30 s."
            LOG.error(sentence, error, extra=state(f"{self._port.name}: open"))
        else:
            LOG.debug("%s", error)


def _why_nothing(member: Member) -> Reason | None:
    """Why the last sweep of ``member`` gave no reading; None where it asked for nothing."""
    if member.session.decoded:
        return Reason.UNBELIEVED
    if member.session.was_heard is None and not member.session.was_in_doubt:
        return Reason.BUSY if member.went_without or member.is_left_to_trial else None
    return Reason.SILENT


def _longest_share(meter: Meter, meters: Sequence[Meter], interval_s: float) -> float:
    """Of the room in a slot, what one proven read of ``meter`` may take beside the others."""
    is_patient = len(meters) > 1 and (meter.interval_s or 0) > interval_s
    return LONGEST_SHARE_OF_PATIENT if is_patient else LONGEST_SHARE


def _as_behind(port_name: str, meter: Meter, longest_s: float) -> Meter:
    """``meter``, with no proven read that takes more than ``longest_s``, and on the line that is really there.

    Behind Modbus TCP that may be none: what there is, is learnt from how long the replies take. The reads are cut all
    the same, since a gateway may have a slow line behind it.
    """
    settings = NETWORK if is_packets(port_name) else meter.settings
    return replace(meter, model=fitted(meter.model, meter.settings, longest_s), settings=settings)
