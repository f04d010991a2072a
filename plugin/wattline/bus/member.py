"""One meter as a member of its bus: when it is due, what of it, and the point that comes of it."""

import time
from collections.abc import Callable
from dataclasses import replace

from wattline import fields
from wattline.bus.learning import Trying
from wattline.bus.modbus import Modbus
from wattline.bus.rest import LONGEST_S, Rest
from wattline.bus.session import Session
from wattline.bus.turns import Load, room_s
from wattline.clock import NS, Slot
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import SLOW_S, due_parts
from wattline.plausibility import Judge, Verdict
from wattline.reading import Point
from wattline.words import Meter

# For so long after it was first heard, or has lost a read, time is kept for trying what it can.
NEW_S = 120.0
# How much of a slot that is full a trial may take.
TRIAL_SHARE = 0.5


class Member:
    """A meter on a bus.

    Args:
        meter: the meter.
        modbus: how it is asked.
        interval_s: seconds from slot to slot.
        place: its place among its bus's meters, from 0 to less than 1, by which slow reads are spread, and the seconds of
            meters that have an interval of their own.
        is_alone: whether it has the bus to itself.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried beyond the proven reads.

    Attributes:
        meter: the meter.
        session: the conversation with it.
        rest: when it is asked again while it is away.
        round_s: seconds from one of its readings to the next.
        is_silent: whether it said nothing when it was asked last; so it is until it was heard.
        went_without: whether there was no time left for it in its last turn.
    """

    def __init__(
        self,
        meter: Meter,
        modbus: Modbus,
        interval_s: float,
        *,
        place: float = 0.0,
        is_alone: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        trying: Trying = Trying.ALL,
    ) -> None:
        self.meter = meter
        self.session = Session(meter, modbus, monotonic, trying)
        self.rest = Rest(meter.name, is_alone=is_alone)
        self.round_s = float(meter.interval_s or interval_s)
        self.is_silent = True
        self.went_without = False
        self._interval_s = interval_s
        self._is_alone = is_alone
        self._place = place
        self._asked_s: float | None = None
        self._heard_s: float | None = None
        self._judge = Judge(meter.model)
        self._verdict = Verdict()
        self._read_s: dict[int, float] = {}
        self._polled_s: float | None = None

    def load(self, slot: Slot) -> Load:
        """What it needs of the bus, as far as is known; nothing while it is away."""
        if self.rest.is_away:
            return Load()
        is_new = self._heard_s is not None and slot.began_s - max(self._heard_s, self.session.cut_s) < NEW_S
        return replace(self.session.needs.load(), trial_s=self.session.needs.trial_s(slot.began_s) if is_new else 0.0)

    def is_last(self, slot: Slot) -> bool:
        """Whether the others are read first: it will hardly answer, and was asked not long ago."""
        return (
            self.is_silent
            and not self.went_without
            and (self._asked_s is None or slot.began_s - self._asked_s < LONGEST_S)
        )

    def is_due(self, slot: Slot) -> bool:
        """Whether its own interval, if it has one, lets it be read in ``slot``; at once if there was no time for it.

        Meters with intervals have seconds of their own, so that they do not all want the same one.
        """
        own_s = self.meter.interval_s
        if not own_s or self._polled_s is None or self.went_without:
            return True
        is_its_second = slot.time_ns // NS % own_s == int(self._place * own_s)
        return is_its_second or slot.began_s - self._polled_s >= own_s

    def sweep(self, slot: Slot, listen_until_s: float) -> None:
        """Read what is due.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._polled_s = slot.began_s
        slot = self._with_time_to_learn(slot)
        parts = self._due_parts(slot)
        is_expected = not self.rest.is_away and (self._is_alone or not self.is_silent)
        try:
            self.session.sweep(parts, slot, listen_until_s, is_expected=is_expected)
        finally:
            self._verdict = self._judged(slot)
            self._note(slot)
        self.went_without = self.session.was_heard is None and bool(parts)
        if self.session.was_heard is None:
            return
        self._asked_s, self.is_silent = slot.began_s, not self.session.was_heard
        if self.is_silent:
            self.rest.was_silent(slot.began_s)
        else:
            self.rest.was_heard(slot.began_s)
            self._heard_s = slot.began_s if self._heard_s is None else self._heard_s

    def points(self, slot: Slot) -> list[Point]:
        """What it said in ``slot``; nothing when it said nothing."""
        tags = {"meter": self.meter.name, "role": self.meter.role}
        values = self._verdict.values
        return [Point(fields.ELECTRICITY, tags, values, slot.time_ns)] if values else []

    def report(self, slot: Slot) -> Point:
        """How the conversation with it goes."""
        tags = {"meter": self.meter.name, "model": self.meter.model.name}
        return Point(fields.METER_HEALTH, tags, self.session.report(), slot.time_ns)

    def _judged(self, slot: Slot) -> Verdict:
        """What may be believed of all that was read in ``slot``."""
        said = self.session.decoded.values()
        if not said:
            return Verdict()
        values = {name: value for decoded in said for name, value in decoded.values.items()}
        implausible = {name: value for decoded in said for name, value in decoded.implausible.items()}
        verdict = self._judge.judge(values, slot.began_s, implausible)
        for counter, times in verdict.counts.items():
            self.session.count(counter, times)
        for remark in verdict.remarks:
            LOG.warning(remark.sentence, self.meter.name, *remark.about)
        return verdict

    def _with_time_to_learn(self, slot: Slot) -> Slot:
        """``slot``, or a shorter one if the sweep fills it, and a wider read that is worth a trial could end that."""
        trial_s, room = self.session.needs.trial_s(slot.began_s), room_s(self._interval_s)
        is_full = self.session.needs.load().fast_s > room - trial_s
        if not is_full or not 0 < trial_s < TRIAL_SHARE * room:
            return slot
        return replace(slot, deadline_s=slot.deadline_s - trial_s)

    def _due_parts(self, slot: Slot) -> list[Block]:
        """The parts that are due, and those that come for nothing in the same read as a slow part that is due."""
        parts = self.session.can_be_read(slot.began_s)
        due = {p.address: p for p in due_parts(self.meter.model, parts, self._read_s, slot.began_s, self.round_s)}
        for read in self.session.slow_reads():
            if any(part.address in due for part in read.parts):
                due |= {part.address: part for part in read.parts if part in parts}
        return list(due.values())

    def _note(self, slot: Slot) -> None:
        """Remember what was read when. Slow reads keep to places of their own, so that no slot carries all."""
        slow = self.session.slow_reads()
        places_s = {
            part.address: SLOW_S * (number + self._place) / len(slow)
            for number, read in enumerate(slow)
            for part in read.parts
        }
        for address, decoded in self.session.decoded.items():
            if self._verdict.withheld.keys() & decoded.values.keys():
                # It is asked for again in the next slot, since only another read can tell.
                continue
            read_s = slot.began_s
            if address in places_s and self.round_s < SLOW_S / 2:
                # It is this place's turn, or that of the one before.
                early_s = self.round_s / 2 if address in self._read_s else 0.0
                read_s -= (read_s + early_s - places_s[address]) % SLOW_S - early_s
            self._read_s[address] = read_s
