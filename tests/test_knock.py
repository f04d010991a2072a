"""Whether a silent meter answers anything at all: when its shortest row is asked for, and when not.

The meter behind it is in ``test_failures.py``; here is a stand-in that answers as it is told to.

| fault                                                         | test                                                |
|---------------------------------------------------------------|-----------------------------------------------------|
| a meter that was held up for a moment is asked for one row    | test_nothing_is_asked_of_a_meter_that_was_silent_for_a_moment |
| a meter that is silent to all that is read of it is not found | test_every_other_question_to_a_silent_meter_is_for_a_row |
| ... or, found, is forgotten by the next sweep                 | test_whoever_answers_for_a_row_is_asked_for_it_until_it_gives_values |
| a meter that was heard is called away, since the next sweep asks only for what is too long for it | test_whoever_is_there_but_does_not_answer_is_asked_for_a_row |
| ... or costs a question in every sweep ever after             | the same                                            |
| ... or is asked on though it has gone                         | test_whoever_does_not_answer_for_a_row_any_more_is_not_taken_to_be_there |
| a late reply is taken for the row's                           | test_nothing_is_asked_while_it_is_in_doubt          |
| a question is put without the time for it                     | test_nothing_is_asked_without_time                  |
"""

import pytest

from wattline.bus.knock import SILENT_SWEEPS, Knock
from wattline.bus.window import UNLIMITED, Least, Window
from wattline.clock import Slot
from wattline.errors import NoReplyError, RefusedError
from wattline.meters.eastron_sdm120 import MODEL

SLOT = Slot(10**9, 1.0, 1.95)
SHORTEST = min(row.encoding.count for row in MODEL.rows)


class Door:
    """In the place of the asking: what was asked, and what comes of it."""

    def __init__(self) -> None:
        self.comes: Exception | None = None
        self.in_doubt: set[int] = set()
        self.has_time = True
        self.asked: list[tuple[int, int]] = []

    def doubts(self, length: int, _question: object) -> int:
        return int(length in self.in_doubt)

    def window(self, _deadline_s: float, _length: int, least: Least) -> Window | None:
        assert least is Least.ANY, "however slow it is thought to be"
        return UNLIMITED if self.has_time else None

    def ask(self, first: int, length: int, _question: object, *, within: Window) -> tuple[int, ...]:
        assert within is UNLIMITED
        self.asked.append((first, length))
        if self.comes:
            raise self.comes
        return (0,) * length


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def knock(door: Door) -> Knock:
    return Knock(door, MODEL)


def silent(knock: Knock, sweeps: int) -> list[bool]:
    """In which of so many sweeps without a word it was due."""
    told = []
    for _ in range(sweeps):
        told.append(knock.is_due(SLOT))
        knock.end(was_heard=False, has_values=False)
    return told


def test_nothing_is_asked_of_a_meter_that_was_silent_for_a_moment(knock: Knock) -> None:
    for _ in range(5):
        assert not any(silent(knock, SILENT_SWEEPS))
        knock.end(was_heard=True, has_values=True)


def test_every_other_question_to_a_silent_meter_is_for_a_row(knock: Knock, door: Door) -> None:
    """The others are the usual ones, since it may have been switched off and be the same as ever."""
    assert silent(knock, 9) == [False, False, True, False, True, False, True, False, True]
    silent(knock, 1)
    assert knock.is_due(SLOT)
    assert knock.ask(SLOT)
    ((first, length),) = door.asked
    assert length == SHORTEST
    assert first in {row.address for row in MODEL.rows}


def test_whoever_answers_for_a_row_is_asked_for_it_until_it_gives_values(knock: Knock) -> None:
    """In every sweep, since that it is there is what tells that the long reads are too long for it."""
    silent(knock, SILENT_SWEEPS)
    for _ in range(8):
        assert knock.is_due(SLOT)
        assert knock.ask(SLOT)
        knock.end(was_heard=True, has_values=False)
    assert knock.is_due(SLOT)
    assert knock.ask(SLOT)
    knock.end(was_heard=True, has_values=True)
    assert not knock.is_due(SLOT)


def test_whoever_is_there_but_does_not_answer_is_asked_for_a_row(knock: Knock) -> None:
    """So that what it does not answer is known to be what is wrong, be it all that was read of it in that sweep."""
    knock.end(was_heard=True, has_values=False, is_in_question=True)
    assert knock.is_due(SLOT)
    assert knock.ask(SLOT)
    knock.end(was_heard=True, has_values=True, is_in_question=True)
    assert not knock.is_due(SLOT)
    knock.end(was_heard=False, has_values=False, is_in_question=True)
    assert not knock.is_due(SLOT)


@pytest.mark.parametrize("error", [NoReplyError(), RefusedError("", 2)], ids=["silence", "refusal"])
def test_whoever_does_not_answer_for_a_row_any_more_is_not_taken_to_be_there(
    knock: Knock, door: Door, error: Exception
) -> None:
    silent(knock, SILENT_SWEEPS)
    assert knock.ask(SLOT)
    knock.end(was_heard=True, has_values=False)
    door.comes = error
    assert knock.is_due(SLOT)
    assert not knock.ask(SLOT)
    knock.end(was_heard=False, has_values=False)
    assert not knock.is_due(SLOT)


def test_nothing_is_asked_while_it_is_in_doubt(knock: Knock, door: Door) -> None:
    silent(knock, SILENT_SWEEPS)
    door.in_doubt = {SHORTEST}
    assert not knock.is_due(SLOT)
    door.in_doubt = {SHORTEST + 1}
    assert knock.is_due(SLOT)


def test_nothing_is_asked_without_time(knock: Knock, door: Door) -> None:
    silent(knock, SILENT_SWEEPS)
    door.has_time = False
    assert not knock.ask(SLOT)
    assert door.asked == []
