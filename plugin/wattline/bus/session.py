"""The conversation with one meter: what is asked with which length, what is believed, and what has been learnt.

A late reply is never the next question's answer. Its length tells it, since nothing else does:

1. Every part is read with a length of its own, so a late reply to another part is known by its length.
2. A length for which a reply is missing is left alone while that may still come (``suspicion.py``); the part is read
   with another of its lengths. So a late reply of an earlier second is not taken for this second's either.
3. A part that has no free length is not asked until it has one again.

A span that serves several parts (``spans.py``) is one length more: while a reply to it is missing, the parts are read
by narrower spans. Longer lengths and wider spans than those proven in the field have to be learnt: in the time that a
slot has left (``learning.py``), or where a proven length is in doubt, so that the two confirm each other
(``evidence.py``).
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence

from wattline.bus.asking import Asking
from wattline.bus.evidence import Answer, Evidence
from wattline.bus.failures import Failures
from wattline.bus.learning import Learning, Trying, is_lasting
from wattline.bus.lengths import Lengths
from wattline.bus.modbus import Modbus
from wattline.bus.needs import Needs
from wattline.bus.spans import Spans
from wattline.bus.suspicion import Question
from wattline.clock import Slot
from wattline.errors import ReadError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Read, Span, is_slow, parts_of
from wattline.registers import Decoded
from wattline.words import Meter

ROUNDS = 2
# After so many questions in a row to which nothing came, the meter is taken to be busy with a late reply. On two wires
# it hears nothing until that is out, and a question asked meanwhile would collide with it.
SILENCES = 2


class Session:
    """What is said to one meter and what is believed of what it says.

    Args:
        meter: the meter.
        modbus: how it is asked.
        monotonic: seconds of a clock that never steps.
        trying: what may be tried beyond the proven reads.

    Attributes:
        parts: address to what is read of the meter at once.
        decoded: address of a part to what it said in the last sweep.
        needs: what it needs of the bus.
        was_heard: whether anything came from the meter in its last sweep; None when nobody asked it.
    """

    def __init__(
        self,
        meter: Meter,
        modbus: Modbus,
        monotonic: Callable[[], float] = time.monotonic,
        trying: Trying = Trying.ALL,
    ) -> None:
        self.meter = meter
        self.parts = {part.address: part for part in parts_of(meter.model)}
        self.decoded: dict[int, Decoded] = {}
        self.was_heard: bool | None = None
        self._asking = Asking(meter, modbus, monotonic)
        self._lengths = {part.address: Lengths(part) for part in self.parts.values()}
        self._spans = Spans(meter.model, self.parts.values(), meter.settings, widens=Trying.SPANS in trying)
        self._learning = Learning(meter, self._asking, self._lengths, self._spans, trying=trying, read=self._ask_part)
        self.needs = Needs(self._asking, self._lengths, self._spans)
        self._evidence: dict[int, Evidence] = {}
        self._given_s = dict.fromkeys(self.parts, -math.inf)
        self._slow = {part.address for part in self.parts.values() if is_slow(meter.model, part)}
        self._failures = Failures(meter.name, self._spans)
        self._listen_until_s = 0.0
        self._requests = 0

    def sweep(
        self, parts: Sequence[Block], slot: Slot, listen_until_s: float | None = None, *, is_expected: bool = True
    ) -> None:
        """Read ``parts`` into ``decoded``; those that were not believed once more, if time is left.

        Args:
            parts: what is due.
            slot: the slot.
            listen_until_s: how long a late reply may be listened for, so that other meters have their share of the
                slot; the whole slot unless given.
            is_expected: whether an answer is expected; if not, one question is put first, and no more if it was in vain.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        # First of all: whatever fails from here on, nothing of the slot before is left to be given this one's stamp.
        self.decoded.clear()
        health, heard = self._asking.health, self._asking.heard
        replies, requests = health["replies"], health["requests"]
        self._requests = requests
        self._begin(parts)
        self._listen_until_s = slot.deadline_s if listen_until_s is None else listen_until_s
        if is_expected or self._knock(parts, slot):
            for number in range(ROUNDS):
                self._round(number, self._in_order(parts, slot), slot)
        self._end(parts, slot)
        health.count("polls", health["requests"] > requests)
        # Whom nobody asked, for want of time, was not silent.
        self.was_heard = self._asking.heard > heard or (False if health["requests"] > requests else None)
        if health["replies"] > replies:
            self._failures.end(slot.began_s)

    def learn(self, slot: Slot) -> None:
        """Use the rest of a slot to learn, as far as time allows.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if self.decoded:
            self._learning.learn(slot, self.parts, self.decoded)
        self._asking.listen()

    def can_be_read(self, now_s: float) -> list[Block]:
        """The parts that the meter is not known to refuse."""
        return [part for part in self.parts.values() if not self._failures.leave_alone(part, now_s)]

    def slow_reads(self) -> list[Read]:
        """The reads by which what moves slowly is read now."""
        return self._spans.slow_reads()

    def report(self) -> dict[str, float]:
        """The fields of ``wattline_meter``."""
        return self._asking.health.report() | {
            "timeout_ms": float(round(self._asking.timeout_s * 1000)),
            "pause_ms": float(round(self._asking.pause_s * 1000)),
        }

    def count(self, counter: str, times: int = 1) -> None:
        """Add to a counter of ``wattline_meter``."""
        self._asking.health.count(counter, times)

    # Sweeping.

    def _begin(self, parts: Iterable[Block]) -> None:
        self._asking.listen()
        self._failures.begin()
        self._spans.turnaround_s = self._asking.turnaround_s
        # However silent it was, one question a slot is put to it.
        self._asking.silences = min(self._asking.silences, SILENCES - 1)
        self._evidence = {part.address: Evidence(part, self.meter.model) for part in parts}

    def _end(self, parts: Iterable[Block], slot: Slot) -> None:
        self._given_s |= dict.fromkeys(self.decoded, slot.began_s)
        for part in parts:
            if part.address not in self.decoded:
                self._asking.health.count("doubtful_replies", len(self._evidence[part.address].answers))

    def _knock(self, parts: Iterable[Block], slot: Slot) -> bool:
        """Put one question, and wait for the answer as long as the slot allows; whether anything came."""
        heard = self._asking.heard
        for read in self._in_order(parts, slot):
            length = self._choose(read, slot)
            if length is not None:
                self._ask(read, length, slot)
                break
        return self._asking.heard > heard

    def _in_order(self, parts: Iterable[Block], slot: Slot) -> list[Read]:
        """The reads of what was not yet decoded: what moves, then what can wait; what was longest ago, first."""
        missing = [part for part in parts if part.address not in self.decoded]
        reads = self._spans.reads(missing, lambda span: self._is_free(span, slot))
        return sorted(reads, key=lambda read: (self._can_wait(read), min(self._given_s[p.address] for p in read.parts)))

    def _can_wait(self, read: Read) -> bool:
        return all(part.address in self._slow for part in read.parts)

    def _is_free(self, span: Span, slot: Slot) -> bool:
        """Whether ``span`` may be asked for. What was silent in this slot may be so for longer: its parts are asked for."""
        return span not in self._failures.silent and not self._asking.doubts(
            span.count, Question(slot.began_s, span.first)
        )

    def _round(self, number: int, reads: Iterable[Read], slot: Slot) -> None:
        for read in reads:
            if self._asking.silences >= SILENCES:
                self._asking.listen(self._listen_until_s)
                self._take_late_answers(slot)
            missing = [part for part in read.parts if part.address not in self.decoded]
            length = self._choose(read, slot) if missing else None
            if length is not None and self._ask(read, length, slot):
                self._asking.health.count("retries", number > 0)

    def _ask(self, read: Read, length: int, slot: Slot) -> bool:
        """Ask once if time is left; whether it was."""
        is_first = self._asking.health["requests"] == self._requests
        with self._asking.hurried(slot.deadline_s, length, is_first=is_first) as is_time:
            if is_time and len(read.parts) == 1:
                self._ask_part(read.parts[0], length, slot)
            elif is_time and self._is_free(read.span, slot):
                # Looked at again, since something may have come meanwhile.
                self._ask_span(read, slot)
        self._take_late_answers(slot)
        return is_time

    def _choose(self, read: Read, slot: Slot) -> int | None:
        """The length to ask for; None when each could be confused with a late reply."""
        if len(read.parts) > 1:
            # What was free when the round began need not be any more.
            return read.span.count if self._is_free(read.span, slot) else None
        (part,) = read.parts
        lengths, question = self._lengths[part.address], Question(slot.began_s, part.address)
        evidence = self._evidence[part.address]
        for length in lengths.usable:
            if not self._asking.doubts(length, question):
                return length
        if any(not answer.is_known and answer.doubts == 0 for answer in evidence.answers):
            # A certain answer in a length on trial waits for one in the proven length, be that in doubt.
            return part.count
        return next((length for length in lengths.untried if not self._asking.doubts(length, question)), None)

    def _ask_span(self, read: Read, slot: Slot) -> None:
        """Ask once for all the parts of a known span."""
        try:
            registers = self._asking.ask(read.span.first, read.span.count, Question(slot.began_s, read.span.first))
        except ReadError as error:
            self._failures.of_span(read.span, error)
            return
        self._spans.kept(read.span)
        for part in read.parts:
            start = part.address - read.span.first
            self._hear(part, Answer(read.span.count, registers[start : start + part.count], 0, True))

    def _ask_part(self, part: Block, length: int, slot: Slot) -> None:
        """Ask for one part once, and believe what may be believed."""
        question, lengths = Question(slot.began_s, part.address), self._lengths[part.address]
        doubts, is_known = self._asking.doubts(length, question), length in lengths.usable
        try:
            registers = self._asking.ask(part.address, length, question)
        except ReadError as error:
            self._failed(part, length, error, is_known=is_known)
            return
        evidence, was_read = self._evidence_of(part), part.address in self.decoded
        self._hear(part, Answer(length, registers[: part.count], doubts, is_known))
        if not is_known and doubts == 0 and was_read and evidence.proved != length:
            reason = "its values differ from those of the proven read"
            self._failures.tell_dropped(lengths.failed(length), Span(part.address, length), reason)

    def _take_late_answers(self, slot: Slot) -> None:
        """A late answer to a question of this slot is as good as one in time."""
        late_answers, self._asking.late_answers = self._asking.late_answers, []
        for late in late_answers:
            if late.question is None or late.question.slot_s != slot.began_s:
                continue
            heard = Span(late.question.first, late.length)
            for evidence in list(self._evidence.values()):
                part = evidence.block
                if heard.holds(part.address, part.end):
                    is_known = self._spans.is_known(heard) or late.length in self._lengths[part.address].usable
                    start = part.address - heard.first
                    self._hear(part, Answer(late.length, late.registers[start : start + part.count], 0, is_known))

    def _hear(self, part: Block, answer: Answer) -> None:
        """Add an answer to the evidence, and believe what may be believed."""
        evidence, lengths = self._evidence_of(part), self._lengths[part.address]
        evidence.proved = None
        evidence.add(answer)
        proved = evidence.proved
        if proved is not None and proved in lengths.untried and lengths.agreed(proved):
            span = Span(part.address, proved)
            LOG.debug("%s: %s answer in one read and agree with the proven one.", self.meter.name, span)
        if evidence.believed is None or part.address in self.decoded:
            return
        decoded = evidence.decode(Answer(part.count, evidence.believed, 0, True))
        for field, value in decoded.implausible.items():
            self._asking.health.count("implausible_values")
            LOG.warning(
                "%s: %s = %g is outside what the meter can measure and was left out.", self.meter.name, field, value
            )
        self._asking.health.count("absent_values", len(decoded.absent))
        self.decoded[part.address] = decoded
        self._failures.answered(part)

    def _evidence_of(self, part: Block) -> Evidence:
        return self._evidence.setdefault(part.address, Evidence(part, self.meter.model))

    def _failed(self, part: Block, length: int, error: ReadError, *, is_known: bool) -> None:
        lengths = self._lengths[part.address]
        if is_lasting(error) and length > part.room:
            self._failures.tell_dropped(lengths.drop(length), Span(part.address, length), str(error))
            return
        if is_known:
            self._failures.of_part(part, error)
        elif self._asking.silences < SILENCES:
            self._failures.tell_dropped(lengths.failed(length), Span(part.address, length), str(error))
