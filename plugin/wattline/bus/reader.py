"""Asks one meter for what it says, each part in a length that no late reply has, and hands on what came to be believed.

A late reply is never the next question's answer. Its length tells it, since nothing else does:

1. Every part is read with a length of its own, so a late reply to another part is known by its length.
2. A length for which a reply is missing is left alone while that may still come (``suspicion.py``); the part is read
   with another of its lengths. So a late reply of an earlier second is not taken for this second's either.
3. A part that has no free length is read in two halves; if those have none either, it is not asked until one is free.

A span that serves several parts (``spans.py``) is one length more: while a reply to it is missing, the parts are read
by narrower spans. Longer lengths and wider spans than those proven in the field are learnt: in what a slot has left
(``learning.py``), or where a proven length is in doubt, so that the two confirm each other (``evidence.py``).
"""

from collections.abc import Iterable, Sequence

from wattline.bus.asking import Asking
from wattline.bus.belief import Belief
from wattline.bus.evidence import Answer
from wattline.bus.failures import Failures
from wattline.bus.learning import is_lasting, tell_dropped
from wattline.bus.parts import Parts
from wattline.bus.spans import Spans
from wattline.bus.suspicion import Question
from wattline.bus.window import UNLIMITED, Least, Window
from wattline.clock import Slot
from wattline.errors import ReadError
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Read, Span

# After so many questions in a row to which nothing came, the meter is taken to be gone, or busy with a late reply. On two
# wires it hears nothing until that is out, and a question asked meanwhile would collide with it.
SILENCES = 2


class Reader:
    """Reads one meter.

    Args:
        name: the meter's, for the log.
        asking: how it is asked.
        parts: what is read of it.
        spans: what is known of its spans.
        failures: is told what is not answered.
        belief: is told what is.
    """

    def __init__(
        self, name: str, asking: Asking, parts: Parts, *, spans: Spans, failures: Failures, belief: Belief
    ) -> None:
        self.asking = asking
        self.decoded = belief.decoded
        self._name = name
        self._parts = parts
        self._lengths = parts.lengths
        self._spans = spans
        self._failures = failures
        self._belief = belief

    def expect(self, parts: Iterable[Block]) -> None:
        """``parts`` are read from now on in this slot."""
        self._belief.expect(parts)

    def reads(self, parts: Iterable[Block], slot: Slot) -> list[Read]:
        """The reads by which those of ``parts`` that were not decoded yet can be asked for."""
        missing = [part for part in parts if part.address not in self.decoded]
        return self._spans.reads(missing, lambda span: self._is_free(span, slot))

    def length_of(self, read: Read, slot: Slot) -> int | None:
        """The length to ask for; None when each could be confused with a late reply."""
        if len(read.parts) > 1:
            # What was free when the round began need not be any more.
            return read.span.count if self._is_free(read.span, slot) else None
        (part,) = read.parts
        lengths, question = self._lengths[part.address], Question(slot.began_s, part.address)
        for length in lengths.usable:
            if not self.asking.doubts(length, question):
                return length
        if self._belief.waits_for_proof(part):
            return part.count
        return next((length for length in lengths.untried if not self.asking.doubts(length, question)), None)

    def ask(self, read: Read, length: int, slot: Slot, least: Least) -> bool:
        """Ask once if time is left; whether it was.

        Args:
            read: for what.
            length: in which length.
            slot: the slot.
            least: what has to be left for the reply to begin in.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        within = self.asking.window(slot.deadline_s, length, least)
        if within and len(read.parts) == 1:
            self.ask_part(read.parts[0], length, slot, within)
        elif within and self._is_free(read.span, slot):
            # Looked at again, since something may have come meanwhile.
            self._ask_span(read, slot, within)
        self.take_late_answers(slot)
        return within is not None

    def ask_part(self, part: Block, length: int, slot: Slot, within: Window = UNLIMITED) -> None:
        """Ask for one part once, and believe what may be believed."""
        question, lengths = Question(slot.began_s, part.address), self._lengths[part.address]
        doubts, is_known = self.asking.doubts(length, question), length in lengths.usable
        try:
            registers = self.asking.ask(part.address, length, question, within=within)
        except ReadError as error:
            self._failed(part, length, error, is_known=is_known)
            return
        if self._belief.hear(part, Answer(length, registers[: part.count], doubts, is_known)):
            reason = "its values differ from those of the proven read"
            tell_dropped(self._name, lengths.failed(length), Span(part.address, length), reason)

    def ask_halves(self, part: Block, slot: Slot) -> bool:
        """Read a part of which every length is in doubt by reads of other lengths, if time is left; whether any was asked."""
        pieces, asked_before = self._parts.halves(part), self.asking.tally().requests
        if pieces and (registers := self._registers_of(pieces, slot)) is not None:
            # What lies between them belongs to no row.
            whole = tuple(registers.get(register, 0) for register in range(part.address, part.end))
            self._belief.hear(part, Answer(0, whole, 0, True))
        return self.asking.tally().requests > asked_before

    def take_late_answers(self, slot: Slot) -> None:
        """Believe what came late of this slot."""
        late_answers, self.asking.late_answers = self.asking.late_answers, []
        for late in late_answers:
            self._belief.hear_late(late, slot)

    def _is_free(self, span: Span, slot: Slot) -> bool:
        """Whether ``span``, which serves several parts, may be asked for; else its parts are."""
        doubts = self.asking.doubts(span.count, Question(slot.began_s, span.first))
        return not doubts and self._failures.allow(span)

    def _ask_span(self, read: Read, slot: Slot, within: Window) -> None:
        """Ask once for all the parts of a known span."""
        question = Question(slot.began_s, read.span.first)
        try:
            registers = self.asking.ask(read.span.first, read.span.count, question, within=within)
        except ReadError as error:
            self._failures.failed(read.span, error)
            return
        self._failures.answered(read.span)
        for part in read.parts:
            start = part.address - read.span.first
            self._belief.hear(part, Answer(read.span.count, registers[start : start + part.count], 0, True))

    def _registers_of(self, pieces: Sequence[Block], slot: Slot) -> dict[int, int] | None:
        """What all ``pieces`` say, by register; None if one says nothing, is in doubt or has no time."""
        registers: dict[int, int] = {}
        for piece in pieces:
            question = Question(slot.began_s, piece.address)
            within = self.asking.window(slot.deadline_s, piece.count)
            if within is None or self.asking.doubts(piece.count, question):
                return None
            try:
                said = self.asking.ask(piece.address, piece.count, question, within=within)
            except ReadError as error:
                LOG.warning("%s: %s", self._name, error)
                return None
            registers |= enumerate(said, piece.address)
        return registers

    def _failed(self, part: Block, length: int, error: ReadError, *, is_known: bool) -> None:
        lengths = self._lengths[part.address]
        if is_lasting(error) and length > part.room:
            tell_dropped(self._name, lengths.drop(length), Span(part.address, length), str(error), was_used=is_known)
        elif is_known:
            self._failures.failed(Span(part.address, part.count), error)
        elif self.asking.silences < SILENCES:
            tell_dropped(self._name, lengths.failed(length), Span(part.address, length), str(error))
