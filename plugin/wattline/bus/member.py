"""One meter as a member of its bus: when it is due, what of it, and the point that comes of it."""

import math
import time
from collections.abc import Callable

from wattline import fields
from wattline.bus.learning import Trying
from wattline.bus.modbus import Modbus
from wattline.bus.rest import Rest
from wattline.bus.session import Session
from wattline.clock import NS, Slot
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import SLOW_S, due_parts, is_slow
from wattline.plausibility import Judge, Verdict
from wattline.reading import Point
from wattline.words import Meter


class Member:
    """A meter on a bus.

    Args:
        meter: the meter.
        modbus: how it is asked.
        interval_s: seconds from slot to slot.
        place: its place among its bus's meters, from 0 to less than 1, by which slow reads are spread.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried beyond the proven reads.

    Attributes:
        meter: the meter.
        session: the conversation with it.
        rest: when it is asked again while it is away.
        given_s: when the last slot began in which it gave all that moves, by the monotonic clock.
    """

    def __init__(
        self,
        meter: Meter,
        modbus: Modbus,
        interval_s: float,
        *,
        place: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        trying: Trying = Trying.ALL,
    ) -> None:
        self.meter = meter
        self.session = Session(meter, modbus, monotonic, trying)
        self.rest = Rest(meter.name)
        self.given_s = -math.inf
        self._interval_s = float(meter.interval_s or interval_s)
        self._place = place
        self._fast = [part.address for part in self.session.parts.values() if not is_slow(meter.model, part)]
        self._judge = Judge(meter.model)
        self._verdict = Verdict()
        self._read_s: dict[int, float] = {}
        self._polled_s: float | None = None

    @property
    def cost_s(self) -> float:
        """Seconds that it takes of an interval of the bus, as far as is known."""
        return 0.0 if self.rest.is_away else self.session.sweep_s(SLOW_S / self._interval_s)

    def wants_to_learn(self, slot: Slot) -> bool:
        """Whether there is a wider span that is worth a trial."""
        return not self.rest.is_away and self.session.wants_to_learn(slot)

    def is_due(self, slot: Slot) -> bool:
        """Whether its own interval, if it has one, lets it be read in ``slot``."""
        if not self.meter.interval_s or self._polled_s is None:
            return True
        second = slot.time_ns // NS
        return second % self.meter.interval_s == 0 or slot.began_s - self._polled_s >= self.meter.interval_s

    def sweep(self, slot: Slot, share_until_s: float) -> None:
        """Read what is due.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._polled_s = slot.began_s
        parts = self._due_parts(slot)
        try:
            self.session.sweep(parts, slot, share_until_s, knocks=self.rest.is_away)
        finally:
            self._verdict = self._judged(slot)
            self._note(slot)
        if self.session.was_heard:
            self.rest.was_heard(slot.began_s)
        elif self.session.was_heard is False:
            self.rest.was_silent(slot.began_s)

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

    def _due_parts(self, slot: Slot) -> list[Block]:
        """The parts that are due, and those that come for nothing in the same read as a slow part that is due."""
        parts = self.session.parts.values()
        due = {
            part.address: part
            for part in due_parts(self.meter.model, parts, self._read_s, slot.began_s, self._interval_s)
        }
        for read in self.session.slow_reads():
            if any(part.address in due for part in read.parts):
                due |= {part.address: part for part in read.parts}
        return list(due.values())

    def _note(self, slot: Slot) -> None:
        """Remember what was read when. After their first read the slow parts are spread, so that no slot carries all."""
        if all(address in self.session.decoded for address in self._fast):
            self.given_s = slot.began_s
        slow = self.session.slow_reads()
        places = {part.address: number / len(slow) for number, read in enumerate(slow) for part in read.parts}
        for address, decoded in self.session.decoded.items():
            if self._verdict.withheld.keys() & decoded.values.keys():
                # It is asked for again in the next slot, since only another read can tell.
                continue
            spread_s = 0.0
            if address in places and address not in self._read_s:
                spread_s = (places[address] + self._place) % 1 * SLOW_S
            self._read_s[address] = slot.began_s - spread_s
