"""What is believed of one meter's answers in a slot: each is added to the evidence on its part (``evidence.py``)."""

from collections.abc import Iterable

from wattline.bus.evidence import Answer, Evidence
from wattline.bus.failures import Failures
from wattline.bus.health import Health
from wattline.bus.parts import Parts
from wattline.bus.spans import Spans
from wattline.bus.suspicion import LateAnswer
from wattline.clock import Slot
from wattline.log import LOG
from wattline.meters import Block
from wattline.plan import Span
from wattline.registers import Decoded
from wattline.words import Meter


class Belief:
    """What is believed of the answers of one meter.

    Args:
        meter: the meter.
        parts: what is read of it, in which lengths.
        spans: what is known of its spans.
        failures: is told what was answered.
        health: the meter's counters.

    Attributes:
        decoded: address of a part to what it said in this slot.
    """

    def __init__(self, meter: Meter, parts: Parts, spans: Spans, failures: Failures, health: Health) -> None:
        self.decoded: dict[int, Decoded] = {}
        self._meter = meter
        self._lengths = parts.lengths
        self._spans = spans
        self._failures = failures
        self._health = health
        self._evidence: dict[int, Evidence] = {}

    def begin(self) -> None:
        """A sweep begins."""
        self._evidence = {}

    def expect(self, parts: Iterable[Block]) -> None:
        """``parts`` are asked for from now on, so that what comes late may be the answer."""
        for part in parts:
            self._evidence_of(part)

    def end(self, parts: Iterable[Block]) -> None:
        """The sweep of ``parts`` is over; what was answered and not believed is counted."""
        for part in parts:
            if part.address not in self.decoded:
                self._health.count("doubtful_replies", len(self._evidence_of(part).answers))

    def waits_for_proof(self, part: Block) -> bool:
        """Whether a certain answer in a length on trial waits for one in the proven length, be that in doubt."""
        return any(not answer.is_known and answer.doubts == 0 for answer in self._evidence_of(part).answers)

    def hear(self, part: Block, answer: Answer) -> bool:
        """Add ``answer`` to the evidence on ``part``, and believe what may be believed.

        Returns:
            Whether it differs from what was believed before, so that its length is not to be trusted.
        """
        evidence, was_read = self._evidence_of(part), part.address in self.decoded
        evidence.proved = None
        evidence.add(answer)
        self._learn_length(part, evidence)
        if evidence.believed is not None and not was_read:
            self._believe(part, evidence, evidence.believed)
            if answer.length:
                self._failures.answered(Span(part.address, part.count))
        is_certain_trial = not answer.is_known and answer.doubts == 0
        return is_certain_trial and was_read and evidence.proved != answer.length

    def hear_late(self, late: LateAnswer, slot: Slot) -> None:
        """A late answer to a question of this slot is as good as one in time."""
        if late.question is None or late.question.slot_s != slot.began_s:
            return
        heard = Span(late.question.first, late.length)
        for evidence in list(self._evidence.values()):
            part = evidence.block
            if heard.holds(part.address, part.end):
                is_known = self._spans.is_known(heard) or late.length in self._lengths[part.address].usable
                start = part.address - heard.first
                self.hear(part, Answer(late.length, late.registers[start : start + part.count], 0, is_known))

    def _evidence_of(self, part: Block) -> Evidence:
        return self._evidence.setdefault(part.address, Evidence(part, self._meter.model))

    def _learn_length(self, part: Block, evidence: Evidence) -> None:
        proved, lengths = evidence.proved, self._lengths[part.address]
        if proved is not None and proved in lengths.untried and lengths.agreed(proved):
            span = Span(part.address, proved)
            LOG.debug("%s: %s answer in one read and agree with the proven one.", self._meter.name, span)

    def _believe(self, part: Block, evidence: Evidence, registers: tuple[int, ...]) -> None:
        decoded = evidence.decode(Answer(part.count, registers, 0, True))
        for field, value in decoded.implausible.items():
            self._health.count("implausible_values")
            LOG.warning(
                "%s: %s = %g is outside what the meter can measure and was left out.", self._meter.name, field, value
            )
        self._health.count("absent_values", len(decoded.absent))
        self.decoded[part.address] = decoded
