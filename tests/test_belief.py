"""What is believed of one meter's answers in a slot, and who is told of it. How much is enough is in ``test_evidence.py``.

| fault                                                             | test                                          |
|-------------------------------------------------------------------|-----------------------------------------------|
| a late answer to a question of an earlier second is this second's | test_a_late_answer_counts_in_its_own_slot     |
| ... or one to nobody knows which                                  | the same                                      |
| a late answer to a wide read is lost, or taken for a part's       | test_a_late_answer_serves_all_that_it_holds   |
| what was read in halves counts as an answer to the whole          | test_halves_are_no_answer_of_the_whole        |
| what was answered and not believed is not counted                 | test_what_is_not_believed_is_counted          |
"""

import pytest

from virtual import MODEL, POWER, REACTIVE, image
from wattline.bus.belief import Belief
from wattline.bus.evidence import Answer
from wattline.bus.failures import ENOUGH, Failures
from wattline.bus.health import Health
from wattline.bus.parts import Parts
from wattline.bus.spans import AGREEMENTS_NEEDED, Spans
from wattline.bus.suspicion import LateAnswer, Question
from wattline.clock import Slot
from wattline.errors import ChecksumError
from wattline.plan import Span
from wattline.words import parse_meters

(METER,) = parse_meters(["house=orno-we515@1"])
SLOT = Slot(8 * 10**9, 8.0, 8.95)
WIDE, ENERGY = Span(0x130, 41), Span(0xA000, 10)


def said(span: Span) -> tuple[int, ...]:
    return tuple(image(8).get(register, 7) for register in range(span.first, span.end))


class Sweep:
    """The sweep of all parts of a meter, and what is believed in it."""

    def __init__(self) -> None:
        self.parts = Parts(MODEL)
        self.spans = Spans(MODEL, self.parts.values(), MODEL.settings)
        self.failures = Failures("house", self.parts, self.spans)
        self.health = Health()
        self.belief = Belief(METER, self.parts, self.spans, self.failures, self.health)
        self.belief.begin()
        self.belief.expect(self.parts.values())

    def hear_late(self, question: Question | None, span: Span) -> set[int]:
        """A late answer of ``span``; the addresses of what is believed then."""
        self.belief.hear_late(LateAnswer(question, span.count, said(span)), SLOT)
        return set(self.belief.decoded)


@pytest.fixture
def sweep() -> Sweep:
    return Sweep()


@pytest.mark.parametrize(
    ("question", "is_believed"),
    [
        (Question(SLOT.began_s, POWER), True),
        (Question(SLOT.began_s - 1, POWER), False),
        (Question(SLOT.began_s + 1, POWER), False),
        (None, False),
    ],
    ids=["this", "the one before", "the one after", "either of two"],
)
def test_a_late_answer_counts_in_its_own_slot(sweep: Sweep, question: Question | None, *, is_believed: bool) -> None:
    assert sweep.hear_late(question, Span(POWER, 2)) == ({POWER} if is_believed else set())


def test_a_late_answer_serves_all_that_it_holds(sweep: Sweep) -> None:
    """If it is known that the meter answers so much at once; else it is an answer on trial."""
    question = Question(SLOT.began_s, WIDE.first)
    assert sweep.hear_late(question, WIDE) == set()
    for _ in range(AGREEMENTS_NEEDED):
        sweep.spans.agreed(WIDE)
    fast = {part.address for part in sweep.parts.values() if not sweep.parts.can_wait(part)}
    sweep.belief.begin()
    sweep.belief.expect(sweep.parts.values())
    assert sweep.hear_late(question, WIDE) == fast


@pytest.mark.parametrize("is_whole", [True, False])
def test_halves_are_no_answer_of_the_whole(sweep: Sweep, *, is_whole: bool) -> None:
    """Else a meter that answers them only would be asked in vain for the whole for ever."""
    part = sweep.parts[ENERGY.first]
    for _ in range(ENOUGH):
        sweep.belief.decoded.clear()
        sweep.belief.begin()
        sweep.belief.expect(sweep.parts.values())
        sweep.failures.begin()
        sweep.failures.failed(ENERGY, ChecksumError())
        sweep.belief.hear(part, Answer(ENERGY.count * is_whole, said(ENERGY), 0, is_known=True))
        assert ENERGY.first in sweep.belief.decoded
        sweep.failures.end(8.0, has_replied=True)
    assert (sweep.parts[ENERGY.first] == part) is is_whole


def test_what_is_not_believed_is_counted(sweep: Sweep) -> None:
    for address, doubts in ((POWER, 1), (POWER, 2), (REACTIVE, 0)):
        span = Span(address, 2)
        sweep.belief.hear(sweep.parts[address], Answer(2, said(span), doubts, is_known=True))
    sweep.belief.end(sweep.parts.values())
    assert sweep.health["doubtful_replies"] == 2
