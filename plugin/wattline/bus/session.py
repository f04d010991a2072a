"""The conversation with one meter: what is asked in a slot, what is believed, and what has been learnt.

A sweep asks for what is due (``sweep.py``), each part so that its answer can be told from any other (``reader.py``);
what a slot has left is used to learn (``learning.py``).
"""

import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from wattline.bus.asking import Asking
from wattline.bus.belief import Belief
from wattline.bus.failures import Failures
from wattline.bus.knock import Knock
from wattline.bus.learning import Learning, Trying
from wattline.bus.modbus import Modbus
from wattline.bus.needs import Needs
from wattline.bus.parts import Parts
from wattline.bus.reader import SILENCES, Reader
from wattline.bus.spans import Spans
from wattline.bus.sweep import Sweep
from wattline.bus.window import Least
from wattline.clock import Slot
from wattline.meters import Block
from wattline.plan import Read
from wattline.words import Meter


class Session:
    """What is said to one meter and what is believed of what it says.

    Args:
        meter: the meter.
        modbus: how it is asked.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried beyond the proven reads.

    Attributes:
        parts: what is read of the meter at once, by address.
        decoded: address of a part to what it said in the last sweep.
        needs: what it needs of the bus.
        health: the meter's counters.
        failures: what the meter fails to answer.
        was_heard: whether anything came from the meter in its last sweep; None when nobody asked it, or too late.
        was_late: whether nothing came in its last sweep but late replies.
        was_in_doubt: whether nothing was asked in it, since no answer could have been told from late ones.
    """

    def __init__(
        self,
        meter: Meter,
        modbus: Modbus,
        monotonic: Callable[[], float] = time.monotonic,
        trying: Trying = Trying.ALL,
    ) -> None:
        self.meter = meter
        self.parts = Parts(meter.model)
        self.was_heard: bool | None = None
        self.was_late = self.was_in_doubt = False
        self._asking = Asking(meter, modbus, monotonic)
        self.health = self._asking.health
        self._spans = Spans(meter.model, self.parts.values(), meter.settings, widens=Trying.SPANS in trying)
        lengths = self.parts.lengths
        self.failures = Failures(meter.name, self.parts, self._spans)
        self._belief = Belief(meter, self.parts, self._spans, self.failures, self.health)
        self.decoded = self._belief.decoded
        self._reader = Reader(
            meter.name, self._asking, self.parts, spans=self._spans, failures=self.failures, belief=self._belief
        )
        ask_part = self._reader.ask_part
        self._learning = Learning(meter, self._asking, lengths, self._spans, trying=trying, read=ask_part)
        self.needs = Needs(self._asking, lengths, self._spans, self._learning, self.failures.losses)
        self._given_s: dict[int, float] = {}
        self._asked_s: dict[int, float] = {}
        self._knock = Knock(self._asking, meter.model)

    def sweep(self, parts: Sequence[Block], slot: Slot, first: Collection[int] = ()) -> None:
        """Read ``parts`` into ``decoded``, as the only meter of the slot.

        Args:
            parts: what is due.
            slot: the slot.
            first: the addresses of parts that are read before all others; what moves unless given.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        sweep = self.begin(slot)
        sweep.read(parts, slot.deadline_s, first)
        self.end(sweep, slot)

    def begin(self, slot: Slot, least: Least = Least.ANY, *, is_expected: bool = True) -> Sweep:
        """Begin a sweep.

        Args:
            slot: the slot.
            least: what has to be left for the reply to the first question to begin in.
            is_expected: whether an answer is expected; if not, one question is put first, and no more if it was in vain.
        """
        # First of all: whatever fails from here on, nothing of the slot before is left to be given this one's stamp.
        self.decoded.clear()
        # What comes late of the slot before counts as heard in this one.
        before = self._asking.tally()
        self._asking.listen()
        self.failures.begin()
        self._belief.begin()
        self._spans.turnaround_s = self._asking.turnaround_s
        # However silent it was, one question a slot is put to it.
        self._asking.silences = SILENCES - 1 if self.was_heard is False else 0
        return Sweep(
            self._reader,
            self._knock,
            slot,
            before,
            can_wait=self.parts.can_wait,
            given_s=self._given_s,
            asked_s=self._asked_s,
            is_expected=is_expected,
            least=least,
        )

    def end(self, sweep: Sweep, slot: Slot) -> None:
        """End ``sweep``, and draw the conclusions."""
        outcome = sweep.end()
        self._given_s |= dict.fromkeys(self.decoded, slot.began_s)
        asked = (part.address for part in sweep.parts if part.address not in sweep.unasked)
        self._asked_s |= dict.fromkeys(asked, slot.began_s)
        self._belief.end(sweep.parts)
        self.health.count("polls", sweep.was_asked)
        self.was_heard, self.was_late = outcome.was_heard, outcome.was_late
        self.was_in_doubt = self.was_heard is None and outcome.was_in_doubt
        self.failures.end(slot.began_s, has_replied=outcome.has_replied, longest_late=self._asking.longest_late)
        self._asking.longest_late = 0
        if self.was_heard is not None:
            has_values = any(self.parts.tells(part) for part in sweep.parts if part.address in self.decoded)
            is_in_question = bool(self.failures.in_question)
            self._knock.end(was_heard=self.was_heard, has_values=has_values, is_in_question=is_in_question)

    def trial_s(self, slot: Slot) -> float:
        """Seconds of ``slot`` that a trial which is worth them needs; 0 while the meter is silent, or all of them wait for their proof."""
        can_begin = self.was_heard is not False and self._learning.free_trials(slot.began_s)
        return self.needs.trial_s(slot.began_s) if can_begin else 0.0

    def try_wider(self, slot: Slot, others_s: float) -> bool:
        """Try wider reads before the sweep, if they are over in time for what others need; whether any was tried.

        Args:
            slot: the slot.
            others_s: seconds of it that other meters need.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        until = replace(slot, deadline_s=slot.deadline_s - others_s)
        return self.was_heard is not False and self._learning.begin_trials(until)

    def learn(self, slot: Slot) -> None:
        """Use the rest of a slot to learn, as far as time allows.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if self.was_heard is not False:
            self._learning.learn(slot, self.parts, self.decoded)
        self._asking.listen()

    def oldest_s(self, slot: Slot) -> float:
        """When the sweep began that said last what was said longest ago of what moves; long ago if something never was."""
        fast = [p for p in self.failures.can_be_read(slot.began_s) if not self.parts.can_wait(p)]
        return min((self._given_s.get(part.address, -math.inf) for part in fast), default=slot.began_s)

    def slow_reads(self) -> list[Read]:
        """The reads by which what moves slowly is read now."""
        return self._spans.slow_reads()

    def report(self) -> dict[str, float]:
        """The fields of ``wattline_meter``."""
        return self._asking.report()
