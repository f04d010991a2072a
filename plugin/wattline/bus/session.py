"""The conversation with one meter: what is asked with which length, what is believed, and what has been learnt.

A late reply is never the next question's answer. Its length tells it, since nothing else does:

1. Every part is read with a length of its own, so a late reply to another part is known by its length.
2. A length for which a reply is missing is left alone while that may still come (``suspicion.py``); the part is read
   with another of its lengths. So a late reply of an earlier second is not taken for this second's either.
3. A part that has no free length is read in two halves; if those have none either, it is not asked until one is free.

A span that serves several parts (``spans.py``) is one length more: while a reply to it is missing, the parts are read
by narrower spans. Longer lengths and wider spans than those proven in the field are learnt: in what a slot has left
(``learning.py``), or where a proven length is in doubt, so that the two confirm each other (``evidence.py``).
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from wattline.bus.asking import Asking
from wattline.bus.belief import Belief
from wattline.bus.evidence import Answer
from wattline.bus.failures import Failures
from wattline.bus.knock import Knock
from wattline.bus.learning import Learning, Trying, is_lasting, tell_dropped
from wattline.bus.modbus import Modbus
from wattline.bus.needs import Needs
from wattline.bus.parts import Parts
from wattline.bus.spans import Spans
from wattline.bus.suspicion import Question
from wattline.clock import Slot
from wattline.errors import ReadError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Read, Span
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
        parts: what is read of the meter at once, by address.
        decoded: address of a part to what it said in the last sweep.
        needs: what it needs of the bus.
        health: the meter's counters.
        failures: what the meter fails to answer.
        was_late: whether nothing came in its last sweep but late replies.
        unasked: the addresses of what its last sweep had no time for.
        was_heard: whether anything came from the meter in its last sweep; None when nobody asked it, or too late.
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
        self.was_late = False
        self.unasked: set[int] = set()
        self._asking = Asking(meter, modbus, monotonic)
        self.health = self._asking.health
        self._spans = Spans(meter.model, self.parts.values(), meter.settings, widens=Trying.SPANS in trying)
        self._lengths = self.parts.lengths
        self._learning = Learning(meter, self._asking, self._lengths, self._spans, trying=trying, read=self._ask_part)
        self.needs = Needs(self._asking, self._lengths, self._spans, self._learning)
        self._given_s: dict[int, float] = {}
        self._knock = Knock(self._asking, meter.model)
        self.failures = Failures(meter.name, self.parts, self._spans)
        self._belief = Belief(meter, self.parts, self._spans, self.failures, self._asking.health)
        self.decoded = self._belief.decoded
        self._first: Collection[int] = ()
        self._listen_until_s, self._requests, self._is_patient = 0.0, 0, False

    def sweep(
        self,
        parts: Sequence[Block],
        slot: Slot,
        listen_until_s: float | None = None,
        *,
        is_expected: bool = True,
        first: Collection[int] = (),
        is_patient: bool = False,
    ) -> None:
        """Read ``parts`` into ``decoded``; those that were not believed once more, if time is left.

        Args:
            parts: what is due.
            slot: the slot.
            listen_until_s: how long a late reply may be listened for, so that other meters have their share of the
                slot; the whole slot unless given.
            is_expected: whether an answer is expected; if not, one question is put first, and no more if it was in vain.
            first: the addresses of parts that are read before all others; what moves unless given.
            is_patient: whether what there is too little time for waits for another slot, and nothing is hurried.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        # First of all: whatever fails from here on, nothing of the slot before is left to be given this one's stamp.
        self.decoded.clear()
        health, heard = self._asking.health, self._asking.heard
        replies, requests, answers = health["replies"], health["requests"], health["replies"] + health["refusals"]
        self._requests = requests
        has_time = self._begin(parts, slot)
        self._first, self._is_patient = first, is_patient
        self._listen_until_s = slot.deadline_s if listen_until_s is None else listen_until_s
        if self._is_there(parts, slot, is_expected=is_expected):
            for number in range(ROUNDS):
                self._round(number, self._in_order(parts, slot), slot)
        self._given_s |= dict.fromkeys(self.decoded, slot.began_s)
        self._belief.end(parts)
        health.count("polls", health["requests"] > requests)
        # Whom nobody asked for want of time, or only with the last of it, was not silent.
        self.was_heard = self._asking.heard > heard or (False if has_time and health["requests"] > requests else None)
        self.was_late = self._asking.heard > heard and health["replies"] + health["refusals"] == answers
        self.unasked -= self.decoded.keys()
        if self.was_heard is not None:
            self._knock.end(was_heard=self.was_heard, has_values=bool(self.decoded))
        self.failures.end(slot.began_s, has_replied=health["replies"] > replies)

    def learn(self, slot: Slot) -> None:
        """Use the rest of a slot to learn, as far as time allows.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        if self.was_heard is not False:
            self._learning.learn(slot, self.parts, self.decoded)
        self._asking.listen()

    def slow_reads(self) -> list[Read]:
        """The reads by which what moves slowly is read now."""
        return self._spans.slow_reads()

    def report(self) -> dict[str, float]:
        """The fields of ``wattline_meter``."""
        return self._asking.report()

    # Sweeping.

    def _begin(self, parts: Sequence[Block], slot: Slot) -> bool:
        """Begin a sweep; whether there is time for an answer."""
        self._asking.listen()
        self.failures.begin()
        self._spans.turnaround_s = self._asking.turnaround_s
        # However silent it was, one question a slot is put to it.
        self._asking.silences = min(self._asking.silences, SILENCES - 1)
        self._belief.begin(parts)
        self.unasked = {part.address for part in parts}
        enough_s = self._asking.trial_s(max((part.count for part in parts), default=0))
        return self._asking.left_s(slot.deadline_s) >= min(enough_s, (slot.deadline_s - slot.began_s) / 2)

    def _is_there(self, parts: Iterable[Block], slot: Slot, *, is_expected: bool) -> bool:
        """Whether to go on asking: put one question to a meter of which no answer is expected, and wait for anything."""
        if self._knock.is_due(slot):
            return self._knock.ask(slot) or is_expected
        if is_expected:
            return True
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
        return sorted(reads, key=self._rank)

    def _rank(self, read: Read) -> tuple[bool, bool, bool, float]:
        is_later = not any(part.address in self._first for part in read.parts)
        given_s = min(self._given_s.get(part.address, -math.inf) for part in read.parts)
        # What is lost again and again waits for what is answered, and must not be what is lost for want of a pause.
        return is_later, all(map(self.parts.can_wait, read.parts)), self._asking.is_lost(read.span), given_s

    def _is_free(self, span: Span, slot: Slot) -> bool:
        """Whether ``span``, which serves several parts, may be asked for; else its parts are."""
        doubts = self._asking.doubts(span.count, Question(slot.began_s, span.first))
        return not doubts and self.failures.allow(span)

    def _round(self, number: int, reads: Iterable[Read], slot: Slot) -> None:
        for read in reads:
            if self._asking.silences >= SILENCES:
                self._asking.listen(self._listen_until_s)
                self._take_late_answers(slot)
            missing = [part for part in read.parts if part.address not in self.decoded]
            length = self._choose(read, slot) if missing else None
            if length is not None and self._ask(read, length, slot):
                self._asking.health.count("retries", number > 0)
            elif missing and length is None and len(read.parts) == 1:
                self._ask_pieces(missing[0], self.parts.halves(missing[0]), slot)

    def _ask(self, read: Read, length: int, slot: Slot) -> bool:
        """Ask once if time is left; whether it was."""
        is_first = self._asking.health["requests"] == self._requests and not self._is_patient
        with self._asking.hurried(slot.deadline_s, length, is_first=is_first) as is_time:
            if is_time:
                self.unasked -= {part.address for part in read.parts}
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
        for length in lengths.usable:
            if not self._asking.doubts(length, question):
                return length
        if self._belief.waits_for_proof(part):
            return part.count
        return next((length for length in lengths.untried if not self._asking.doubts(length, question)), None)

    def _ask_span(self, read: Read, slot: Slot) -> None:
        """Ask once for all the parts of a known span."""
        try:
            registers = self._asking.ask(read.span.first, read.span.count, Question(slot.began_s, read.span.first))
        except ReadError as error:
            self.failures.failed(read.span, error)
            return
        self.failures.answered(read.span)
        for part in read.parts:
            start = part.address - read.span.first
            self._belief.hear(part, Answer(read.span.count, registers[start : start + part.count], 0, True))

    def _ask_part(self, part: Block, length: int, slot: Slot) -> None:
        """Ask for one part once, and believe what may be believed."""
        question, lengths = Question(slot.began_s, part.address), self._lengths[part.address]
        doubts, is_known = self._asking.doubts(length, question), length in lengths.usable
        try:
            registers = self._asking.ask(part.address, length, question)
        except ReadError as error:
            self._failed(part, length, error, is_known=is_known)
            return
        if self._belief.hear(part, Answer(length, registers[: part.count], doubts, is_known)):
            reason = "its values differ from those of the proven read"
            tell_dropped(self.meter.name, lengths.failed(length), Span(part.address, length), reason)

    def _ask_pieces(self, part: Block, pieces: Sequence[Block], slot: Slot) -> None:
        """Read a part of which every length is in doubt by reads of other lengths, if time is left."""
        registers: dict[int, int] = {}
        for piece in pieces:
            question = Question(slot.began_s, piece.address)
            with self._asking.hurried(slot.deadline_s, piece.count) as is_time:
                if not is_time or self._asking.doubts(piece.count, question):
                    return
                try:
                    said = self._asking.ask(piece.address, piece.count, question)
                except ReadError as error:
                    LOG.warning("%s: %s", self.meter.name, error)
                    return
            registers |= enumerate(said, piece.address)
        if pieces:
            # What lies between them belongs to no row.
            whole = tuple(registers.get(register, 0) for register in range(part.address, part.end))
            self._belief.hear(part, Answer(0, whole, 0, True))

    def _take_late_answers(self, slot: Slot) -> None:
        late_answers, self._asking.late_answers = self._asking.late_answers, []
        for late in late_answers:
            self._belief.hear_late(late, slot)

    def _failed(self, part: Block, length: int, error: ReadError, *, is_known: bool) -> None:
        lengths = self._lengths[part.address]
        if is_lasting(error) and length > part.room:
            tell_dropped(
                self.meter.name, lengths.drop(length), Span(part.address, length), str(error), was_used=is_known
            )
        elif is_known:
            self.failures.failed(Span(part.address, part.count), error)
        elif self._asking.silences < SILENCES:
            tell_dropped(self.meter.name, lengths.failed(length), Span(part.address, length), str(error))
