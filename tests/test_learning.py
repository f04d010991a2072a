"""What is learnt in the rest of a slot, and when nothing may be asked for it.

How spans and lengths are learnt is told in ``test_spans.py`` and ``test_session.py``; here is what must not be learnt.

| fault                                                       | test                                                     |
|-------------------------------------------------------------|----------------------------------------------------------|
| a refusal of the moment drops a span for good               | test_only_some_refusals_last                             |
| a late reply of one register is taken for the identity      | test_the_identity_is_not_asked_for_while_it_is_in_doubt  |
| ... or it is asked for without the time for it              | test_the_identity_is_not_asked_for_without_time          |
| another identity is told every slot, or never               | test_another_identity_is_told_once                       |
| an identity that does not answer is asked for for ever      | test_an_identity_that_does_not_answer_is_given_up        |
| ... or given up at the first silence                        | the same                                                 |
"""

from types import SimpleNamespace

import pytest

from wattline.bus.learning import IDENTITY_TRIES, Learning, Trying, is_lasting
from wattline.bus.spans import Spans
from wattline.clock import Slot
from wattline.errors import MODBUS_EXCEPTIONS, NoReplyError, ReadError, RefusedError
from wattline.words import parse_meters

(METER,) = parse_meters(["house=orno-we515@1"])
IDENTITY = METER.model.identity
LASTING = {1, 2, 3}


@pytest.mark.parametrize("code", [*MODBUS_EXCEPTIONS, 99])
def test_only_some_refusals_last(code):
    """An illegal function, address or value stays one; a meter that is busy will not always be."""
    assert is_lasting(RefusedError("", code)) == (code in LASTING)
    assert not is_lasting(NoReplyError())


class Meter:
    """One that is asked for its identity, and the learning that asks it."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, int, int]] = []
        self.doubted: list[int] = []
        self.has_time = True
        asking = SimpleNamespace(time_for=self._time_for, doubts=self._doubts, ask=self._ask)
        spans = Spans(METER.model, (), METER.settings, widens=False)
        self._learning = Learning(METER, asking, {}, spans, trying=Trying.NOTHING, read=lambda *_: None)

    def _time_for(self, *_: float) -> bool:
        return self.has_time

    def _doubts(self, length: int, _question: object) -> int:
        return self.doubted.count(length)

    def _ask(self, first: int, length: int, _question: object, function: int = 0) -> tuple[int, ...]:
        self.asked.append((first, length, function))
        answer = self.answers.pop(0)
        if isinstance(answer, ReadError):
            raise answer
        return (answer,)

    def learn(self, slots: int) -> None:
        for number in range(1, slots + 1):
            self._learning.learn(Slot(number * 10**9, float(number), number + 0.9), {}, {})


def test_the_identity_is_asked_for_once():
    meter = Meter(IDENTITY.expected[0])
    meter.learn(5)
    assert meter.asked == [(IDENTITY.address, 1, IDENTITY.function)]


def test_the_identity_is_not_asked_for_while_it_is_in_doubt():
    """Any reply of one register would be taken for it; and no try is lost by waiting."""
    meter = Meter(*[NoReplyError()] * IDENTITY_TRIES)
    meter.doubted = [1]
    meter.learn(20)
    assert meter.asked == []
    meter.doubted = [2]
    meter.learn(20)
    assert len(meter.asked) == IDENTITY_TRIES


def test_the_identity_is_not_asked_for_without_time():
    meter = Meter(IDENTITY.expected[0])
    meter.has_time = False
    meter.learn(20)
    assert meter.asked == []
    meter.has_time = True
    meter.learn(1)
    assert len(meter.asked) == 1


@pytest.mark.parametrize("found", [*IDENTITY.expected, 0x00A7])
def test_another_identity_is_told_once(caplog, monkeypatch, found):
    monkeypatch.setattr("wattline.log.LOG.propagate", True)
    meter = Meter(found)
    meter.learn(5)
    assert len(meter.asked) == 1
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [("0x00A7" in warning, "check the model" in warning) for warning in warnings] == [(True, True)] * (
        found not in IDENTITY.expected
    )


@pytest.mark.parametrize(
    ("error", "tries"),
    [(NoReplyError(), IDENTITY_TRIES), (RefusedError("", 2), 1), (RefusedError("", 6), IDENTITY_TRIES)],
    ids=["silence", "illegal address", "busy"],
)
def test_an_identity_that_does_not_answer_is_given_up(error, tries):
    meter = Meter(*[error] * 100)
    meter.learn(20)
    assert len(meter.asked) == tries
