"""One meter as a member of its bus: when it is due, what of it, and the point that comes of it."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from wattline import fields
from wattline.bus.learning import Trying
from wattline.bus.modbus import Modbus
from wattline.bus.rest import LONGEST_S, Rest
from wattline.bus.session import Session
from wattline.bus.sweep import Sweep
from wattline.bus.timetable import Share, SlowRead, Timetable, Wants
from wattline.bus.turns import Load, room_s
from wattline.bus.window import Least
from wattline.clock import NS, Slot
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import SLOW_S
from wattline.plausibility import Judge, Verdict
from wattline.reading import Point
from wattline.words import Meter

# For so long after it was first heard, or has lost a read, time is kept for trying what it can.
NEW_S = 120.0
# Where sweeps fill the slots, every so many of these is left to a trial, as soon as one can begin.
SWEEPS_PER_TRIAL = 2
# A meter with an interval of its own comes before the others once when something of it has found no room for so long.
STARVED_S = 3 * SLOW_S
# So many sweeps in a row in which nothing came but late replies, and it is taken to be too slow.
LATE_SWEEPS = 10


class Member:
    """A meter on a bus.

    Args:
        meter: the meter.
        modbus: how it is asked.
        interval_s: seconds from slot to slot.
        place: its place among its bus's meters, from 0 to less than 1; spreads slow reads, and intervals of their own.
        is_alone: whether it has the bus to itself.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried beyond the proven reads.

    Attributes:
        meter: the meter.
        session: the conversation with it.
        rest: when it is asked again while it is away.
        round_s: seconds from one of its readings to the next.
        is_silent: whether it said nothing when it was asked last; so it is until it was heard.
        went_without: whether there was no time left for it in its last turn, or too little.
        is_left_to_trial: whether a trial was made in place of its last sweep.
        passed_over: how many turns in a row it has lost because the port was away.
        said: the values that it said last; None while it does not answer.
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
        self.passed_over = 0
        self.said: Mapping[str, float] | None = None
        self._interval_s = interval_s
        self._is_alone = is_alone
        self._place = place
        self._asked_s: float | None = None
        self._heard_s: float | None = None
        self._judge = Judge(meter.model)
        self._timetable = Timetable(self.session, interval_s, place)
        self._polled_s: float | None = None
        self._came_first_s = -math.inf
        self._full_sweeps = self._late_sweeps = 0
        self._is_told = False
        self._unfinished: set[int] = set()
        self._sweep: Sweep | None = None
        self._slow: list[SlowRead] = []
        self._goes_on: set[int] | None = None
        self.is_left_to_trial = False

    def load(self, slot: Slot, longest_slow_s: float) -> Load:
        """What it needs of the bus, as far as is known, if slow reads are cut to so many seconds; nothing while it is away."""
        if self.rest.is_away:
            return Load()
        is_new = self._heard_s is not None and slot.began_s - max(self._heard_s, self.session.failures.cut_s) < NEW_S
        needs = self.session.needs
        return replace(needs.load(longest_slow_s), trial_s=needs.trial_s(slot.began_s) if is_new else 0.0)

    def limit_slow_reads(self, longest_slow_s: float) -> None:
        """From now on no slow read takes more than so many seconds, but for what cannot be cut."""
        self.session.needs.limit(longest_slow_s)

    def is_last(self, slot: Slot) -> bool:
        """Whether the others are read first: it will hardly answer, and was asked not long ago, or has other seconds too."""
        if self._has_more_slots and self._polled_s is not None:
            return slot.began_s - max(self.waits_since_s(slot), self._came_first_s) < STARVED_S
        return (
            self.is_silent
            and not self.went_without
            and (self._asked_s is None or slot.began_s - self._asked_s < LONGEST_S)
        )

    def waits_since_s(self, slot: Slot) -> float:
        """Since when something that moves has not been read, of a meter that takes what the others leave; now of others."""
        return self.session.oldest_s(slot) if self._has_more_slots else slot.began_s

    def takes_what_is_left(self, slot: Slot) -> bool:
        """Whether it has an interval of its own, so that it can wait for a slot in which the others leave time."""
        return self._has_more_slots and self.is_last(slot)

    def is_due(self, slot: Slot) -> bool:
        """Whether it is to be read in ``slot``: it is its time, or what there was no time for is still to be read."""
        return bool(self._unfinished) or self._is_its_time(slot)

    def wants(self, slot: Slot) -> Wants:
        """What it wants of ``slot``; nothing is counted on while it is away."""
        wants = self._timetable.wants(slot, self.round_s)
        return Wants(0.0, wants.slow) if self.rest.is_away or not self._is_its_time(slot) else wants

    def sweep(
        self, slot: Slot, listen_until_s: float, share: Share, *, has_rest: bool = True, others_s: float = 0.0
    ) -> None:
        """Read what moves, and what has waited too long; of what can wait the rest is read later (``read_slow``).

        Args:
            slot: the slot.
            listen_until_s: how long a late reply may be listened for.
            share: its slow reads that are due, and for which of them there is time.
            has_rest: whether it has all that is left of the slot, so that what can wait need not.
            others_s: seconds of the slot that the others after it need for what moves.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        least = self._least(slot)
        if not self.is_last(slot):
            self._came_first_s = slot.began_s
        self.is_left_to_trial = self._is_given_to_trial(slot, others_s)
        is_expected = not self.rest.is_away and (self._is_alone or not self.is_silent)
        self._sweep = self.session.begin(slot, least, is_expected=is_expected)
        if self._is_its_time(slot):
            self._polled_s, self._goes_on = slot.began_s, None
        else:
            self._goes_on = self._unfinished
        goes_on, waiting = self._goes_on, (*share.fitting, *share.waiting)
        slow = [read for read in waiting if goes_on is None or read.addresses & goes_on]
        if self.is_left_to_trial:
            return
        due = self._timetable.due(slot, self.round_s, share if has_rest else Share([], slow))
        parts = self._to_go_on_with(due.parts)
        self._slow = [read for read in slow if not read.addresses <= {part.address for part in parts}]
        self._sweep.read(parts, listen_until_s, due.first)

    def waits(self) -> Wants:
        """What it still wants of the slot in which it was swept, after what moves of all."""
        is_over = self.is_left_to_trial or self._sweep is None or self._sweep.is_silent
        return Wants(0.0, [] if is_over else self._slow)

    def read_slow(self, slot: Slot, listen_until_s: float, reads: Sequence[SlowRead]) -> None:
        """Read what could wait.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if self._sweep:
            parts = self._to_go_on_with(self._timetable.parts_of(slot, reads))
            self._sweep.read(parts, listen_until_s)

    def end(self, slot: Slot) -> list[Point]:
        """Draw the conclusions of its sweep; what it said, nothing when it said nothing."""
        sweep, self._sweep = self._sweep, None
        if sweep is None:
            return []
        self.session.end(sweep, slot)
        verdict = self._judged(slot)
        self._timetable.note(slot, self.round_s, self.session.decoded, verdict.withheld.keys())
        if self.meter.interval_s:
            # A sweep that is longer than a slot goes on in the next; so does what may be asked for in too large pieces.
            asked = {part.address for part in sweep.parts}
            in_question = self.session.failures.in_question if self.session.was_heard else asked
            in_question = in_question - self.session.decoded.keys()
            self._unfinished = sweep.unasked.union(in_question, *(read.addresses - asked for read in self._slow))
        else:
            self._note_crowding(sweep)
        self.went_without = self.session.was_heard is None and bool(sweep.parts) and not self.session.was_in_doubt
        self._note_silence(slot)
        self.said = None if self.rest.is_away else verdict.values or self.said
        tags = {"meter": self.meter.name, "role": self.meter.role}
        return [Point(fields.ELECTRICITY, tags, verdict.values, slot.time_ns)] if verdict.values else []

    @property
    def _has_more_slots(self) -> bool:
        """Whether it has an interval of its own that is longer than a slot."""
        return bool(self.meter.interval_s and self.meter.interval_s > self._interval_s)

    def _is_its_time(self, slot: Slot) -> bool:
        """Whether its own interval, if it has one, lets it be read in ``slot``.

        Meters with intervals have seconds of their own, so that they do not all want the same one.
        """
        own_s = self.meter.interval_s
        if not own_s or self._polled_s is None:
            return True
        is_its_second = slot.time_ns // NS % own_s == int(self._place * own_s)
        return is_its_second or slot.began_s - self._polled_s >= own_s

    def _least(self, slot: Slot) -> Least:
        """What has to be left for the reply to its first question.

        What a meter with an interval of its own is asked too late, costs those who can wait their time.
        """
        if not self.takes_what_is_left(slot) or self._polled_s is None:
            return Least.ANY
        can_wait = slot.began_s - self._polled_s < self.round_s * (0.5 if self._unfinished else 1.5)
        return Least.SURE if can_wait else Least.USUAL

    def _to_go_on_with(self, parts: Iterable[Block]) -> list[Block]:
        """``parts``, or of them what there was no time for when it was its time."""
        return [part for part in parts if self._goes_on is None or part.address in self._goes_on]

    def _note_crowding(self, sweep: Sweep) -> None:
        """Count a slot that had no time for something that moves, so that no reading is missing in silence."""
        lacked = (sweep.lacked_time & sweep.unasked) - self.session.decoded.keys()
        is_crowded = any(part.address in lacked and not self.session.parts.can_wait(part) for part in sweep.parts)
        self.session.health.count("crowded_slots", is_crowded or self.is_left_to_trial)

    def _note_silence(self, slot: Slot) -> None:
        if self.session.was_heard is None:
            self._timetable.was_not_asked()
            return
        self._asked_s, self.is_silent = slot.began_s, not self.session.was_heard or self._is_in_vain()
        if self.is_silent:
            self.rest.was_silent(slot.began_s)
        else:
            self.rest.was_heard(slot.began_s)
            self._heard_s = slot.began_s if self._heard_s is None else self._heard_s

    def _is_in_vain(self) -> bool:
        """Whether it always answers too late, so that asking it only costs the others their time."""
        if self.session.decoded:
            self._late_sweeps = 0
            return False
        self._late_sweeps += self.session.was_late
        if self._late_sweeps == LATE_SWEEPS and not self._is_told:
            self._is_told = True
            LOG.warning(
                "%s: It answers, but too late for slots of %g s; give it more time with a longer --interval%s.",
                self.meter.name,
                self._interval_s,
                ", and leave out its timeout" if self.meter.timeout_s else "",
            )
        return self._late_sweeps >= LATE_SWEEPS and not self._is_alone

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
            self.session.health.count(counter, times)
        for remark in verdict.complaints():
            LOG.warning(remark.sentence, self.meter.name, *remark.about)
        return verdict

    def _is_given_to_trial(self, slot: Slot, others_s: float) -> bool:
        """Whether a trial was made in place of the sweep: sweeps fill the slots, and a wider read that is worth it could end that."""
        trial_s = self.session.needs.trial_s(slot.began_s)
        room_for_sweep_s = room_s(self._interval_s) - trial_s
        if self.meter.interval_s or not trial_s or self.session.needs.load().fast_s <= room_for_sweep_s:
            self._full_sweeps = 0
            return False
        self._full_sweeps += 1
        if self._full_sweeps < SWEEPS_PER_TRIAL or not self.session.try_wider(slot, others_s):
            return False
        self._full_sweeps = 0
        return True
