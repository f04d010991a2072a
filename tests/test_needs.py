"""What one meter needs of its bus, reckoned from how it is read and how long it takes.

| fault                                                       | test                                                 |
|-------------------------------------------------------------|------------------------------------------------------|
| a sweep is reckoned without the pause before it             | test_a_meter_needs_what_its_reads_take               |
| ... or by lengths in which the meter is not read            | test_lengths_count_as_they_are_read                  |
| what a bad line costs is nobody's time                      | test_what_a_bad_line_loses_is_asked_for_again        |
| what was learnt makes no difference                         | test_what_is_read_at_once_is_reckoned_at_once        |
| time is kept for a trial that saves next to nothing         | test_time_is_kept_for_the_longest_trial_that_is_worth_it |
| ... or too little for one that saves much                   | the same                                             |
| a trial that was postponed is kept time for                 | test_no_time_is_kept_for_what_is_not_tried_now       |
"""

from collections.abc import Iterable
from types import SimpleNamespace

import pytest

from wattline.bus.losses import Losses
from wattline.bus.needs import WORTH_S, Needs
from wattline.bus.parts import Parts
from wattline.bus.spans import AGREEMENTS_NEEDED, Spans
from wattline.meters import load_models
from wattline.plan import Span

MODEL = load_models()["orno-we515"]
WIDE, ENERGIES = Span(0x130, 41), Span(0xA000, 40)
PAUSE_S, REQUEST_S, REGISTER_S = 0.012, 0.03, 0.001


def reads_s(lengths: Iterable[int]) -> float:
    return sum(REQUEST_S + REGISTER_S * length for length in lengths)


def trial_s(length: int) -> float:
    return 1.0 + length / 1000


def spare_s(lengths: Iterable[int]) -> float:
    return max(length / 500 for length in lengths)


def waits_s(lengths: Iterable[int]) -> float:
    return 0.1 * len(list(lengths))


ASKING = SimpleNamespace(
    waits_s=waits_s,
    pause_s=PAUSE_S,
    spare_s=spare_s,
    reads_s=reads_s,
    trial_s=trial_s,
    is_measured=lambda _lengths: True,
)


class Reckoned:
    """An OR-WE-515 and what it needs."""

    def __init__(self) -> None:
        parts, self.losses = Parts(MODEL), Losses()
        self.lengths = parts.lengths
        self.spans = Spans(MODEL, parts.values(), MODEL.settings)
        self.needs = Needs(ASKING, self.lengths, self.spans, SimpleNamespace(trials=self.spans.wanted), self.losses)
        self.fast = [part for part in parts.values() if not parts.can_wait(part)]
        self.slow = [part for part in parts.values() if parts.can_wait(part)]


@pytest.fixture
def reckoned() -> Reckoned:
    return Reckoned()


def test_a_meter_needs_what_its_reads_take(reckoned: Reckoned) -> None:
    load = reckoned.needs.load()
    assert load.fast_s == pytest.approx(PAUSE_S + reads_s(part.count for part in reckoned.fast))
    assert load.slow_s == pytest.approx([PAUSE_S + reads_s([part.count]) for part in reckoned.slow])
    assert load.spare_s == spare_s(part.count for part in reckoned.fast)
    assert load.slow_spare_s == spare_s(part.count for part in reckoned.slow)
    assert load.trial_s == 0


@pytest.mark.parametrize(("losses", "lost_s"), [(9, 0.0), (10, 0.01), (50, 0.05)], ids=str)
def test_what_a_bad_line_loses_is_asked_for_again(reckoned: Reckoned, losses: int, lost_s: float) -> None:
    """So many of a hundred questions, to which nobody answers in 0.1 s; where few are lost, what a slot has left will do."""
    usual_s = reckoned.needs.load().fast_s
    for number in range(100 - losses):
        reckoned.losses.answered(int(number < losses))
    assert reckoned.needs.load().fast_s - usual_s == pytest.approx(lost_s * len(reckoned.fast))


def test_what_is_read_at_once_is_reckoned_at_once(reckoned: Reckoned) -> None:
    for _ in range(AGREEMENTS_NEEDED):
        reckoned.spans.agreed(WIDE)
    assert reckoned.needs.load().fast_s == pytest.approx(PAUSE_S + reads_s([WIDE.count]))


def test_lengths_count_as_they_are_read(reckoned: Reckoned) -> None:
    """A part that is told from others by a longer length takes that."""
    before_s = reckoned.needs.load().fast_s
    longer = [(part, reckoned.lengths[part.address].untried[0]) for part in reckoned.fast[:3]]
    more = 0
    for part, length in longer:
        reckoned.lengths[part.address].has_room(length)
        more += reckoned.lengths[part.address].usable[0] - part.count
    assert more > 0
    assert reckoned.needs.load().fast_s == pytest.approx(before_s + REGISTER_S * more)


@pytest.mark.parametrize(
    ("saved_s", "longest"),
    [
        ({}, None),
        ({41: 0.1}, 41),
        ({41: 0.1, 30: 0.2}, 41),
        ({30: 0.2, 41: 0.1}, 41),
        ({41: WORTH_S}, 41),
        ({41: WORTH_S - 0.001}, None),
        ({41: WORTH_S - 0.001, 10: WORTH_S}, 10),
    ],
    ids=str,
)
def test_time_is_kept_for_the_longest_trial_that_is_worth_it(saved_s: dict[int, float], longest: int | None) -> None:
    """A twentieth of a second is as much as a request; for less it is tried when there happens to be time."""
    reads = [SimpleNamespace(span=Span(0, count)) for count in saved_s]
    spans = SimpleNamespace(saved_s=lambda read: saved_s[read.span.count])
    assert Needs(ASKING, {}, spans, SimpleNamespace(trials=lambda _now_s: reads), Losses()).trial_s(0.0) == (
        trial_s(longest) if longest else 0
    )
    assert 0.02 < WORTH_S < 0.1


def test_no_time_is_kept_for_what_is_not_tried_now(reckoned: Reckoned) -> None:
    assert reckoned.needs.trial_s(0.0) == trial_s(max(read.span.count for read in reckoned.spans.wanted(0.0)))
    for read in reckoned.spans.wanted(0.0):
        reckoned.spans.postpone(read.span, 0.0)
    assert reckoned.needs.trial_s(1.0) == 0
    assert reckoned.needs.trial_s(1000.0) > 0
