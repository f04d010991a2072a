"""The silence before a request, learnt from what a change of meter costs.

| fault | test |
|---|---|
| every change of meter costs a pause that no meter needs | test_there_is_no_pause_before_one_was_missed |
| a meter that misses the first request after a change goes on missing it | test_requests_lost_after_a_change_make_it_grow |
| it grows without end | test_it_grows_to_200_ms_at_most |
| a bad line is taken for a meter in need | test_one_loss_in_twenty_is_the_lines |
| ... or a meter that is switched off | test_a_meter_that_is_gone_needs_no_pause |
| ... or a slow meter, of which the late answer comes when it is asked again | test_what_was_late_wants_no_pause |
| ... or a loss that followed no change | test_a_loss_without_a_change_has_another_reason |
| it stays for ever | test_good_times_make_it_shrink |
| ... or a meter that needs it loses a request every minute | test_what_was_too_little_is_tried_ever_more_rarely |
| what the user or the model says is overruled | test_a_pause_that_was_given_is_kept, test_the_models_pause_comes_before_every_request |
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.pause import FIRST_S, GOOD_CHANGES, LONGEST_S, LOSSES_NEEDED, MOST_CHANGES, Pause


def lose(pause: Pause, times: int = 1) -> None:
    """A request after a change is lost, the next one to the same meter is answered."""
    for _ in range(times):
        pause.unanswered(is_change=True)
        pause.answered(is_change=False)


def go_well(pause: Pause, times: int) -> None:
    for _ in range(times):
        pause.answered(is_change=True)
        pause.answered(is_change=False)


def needing(pause: Pause, needed_s: float, changes: int) -> list[bool]:
    """Which of ``changes`` were lost by a meter that needs ``needed_s``."""
    lost = []
    for _ in range(changes):
        lost.append(pause.before_s(is_change=True) < needed_s)
        (lose if lost[-1] else go_well)(pause, 1)
    return lost


def test_there_is_no_pause_before_one_was_missed() -> None:
    pause = Pause()
    go_well(pause, 1000)
    assert pause.before_s(is_change=True) == 0


def test_requests_lost_after_a_change_make_it_grow() -> None:
    pause = Pause()
    lose(pause, LOSSES_NEEDED - 1)
    assert pause.change_s == 0
    lose(pause)
    assert pause.change_s == FIRST_S
    lose(pause, LOSSES_NEEDED)
    assert pause.change_s == 2 * FIRST_S
    assert pause.before_s(is_change=False) == 0


@given(st.lists(st.booleans(), max_size=300))
def test_it_grows_to_200_ms_at_most(losses: list[bool]) -> None:
    pause = Pause()
    for is_lost in losses:
        (lose if is_lost else go_well)(pause, 1)
        assert pause.change_s == 0 or FIRST_S <= pause.change_s <= LONGEST_S


@pytest.mark.parametrize("needed_s", [0.01, 0.05, 0.15])
def test_a_meter_in_need_gets_what_it_needs_within_a_dozen_changes(needed_s: float) -> None:
    pause = Pause()
    needing(pause, needed_s, 4 * LOSSES_NEEDED)
    assert needed_s <= pause.change_s < max(2 * needed_s, 2 * FIRST_S)


def test_a_meter_that_misses_every_second_change_is_in_need_too() -> None:
    pause = Pause()
    for number in range(40):
        (lose if number % 2 == 0 and pause.change_s < 0.03 else go_well)(pause, 1)
    assert pause.change_s >= 0.03


@pytest.mark.parametrize("seed", range(5))
def test_one_loss_in_twenty_is_the_lines(seed: int) -> None:
    """In a day of changes the mean pause is a few milliseconds."""
    pause, dice = Pause(), random.Random(seed)
    pauses_s = []
    for _ in range(20_000):
        (lose if dice.random() < 1 / 20 else go_well)(pause, 1)
        pauses_s.append(pause.change_s)
    assert sum(pauses_s) / len(pauses_s) < 0.01


def test_a_meter_that_is_gone_needs_no_pause() -> None:
    pause = Pause()
    for _ in range(10):
        for _ in range(100):
            pause.unanswered(is_change=True)
            pause.unanswered(is_change=False)
        pause.answered(is_change=True)
    assert pause.change_s == 0


def test_what_was_late_wants_no_pause() -> None:
    pause = Pause()
    for _ in range(100):
        pause.unanswered(is_change=True)
        pause.answered(is_change=False, is_its_own=False)
    assert pause.before_s(is_change=True) == 0


def test_a_loss_without_a_change_has_another_reason() -> None:
    pause = Pause()
    for _ in range(100):
        pause.answered(is_change=True)
        pause.unanswered(is_change=False)
        pause.answered(is_change=False)
    assert pause.change_s == 0


def test_good_times_make_it_shrink() -> None:
    pause = Pause()
    lose(pause, 2 * LOSSES_NEEDED)
    go_well(pause, GOOD_CHANGES - 1)
    assert pause.change_s == 2 * FIRST_S
    go_well(pause, 1)
    assert pause.change_s == FIRST_S
    go_well(pause, GOOD_CHANGES)
    assert pause.change_s == 0


def test_what_was_too_little_is_tried_ever_more_rarely() -> None:
    pause = Pause()
    lost = needing(pause, 0.015, 86_400)
    assert sum(lost[:1000]) <= 8 * LOSSES_NEEDED
    assert sum(lost[-MOST_CHANGES:]) <= LOSSES_NEEDED
    assert sum(lost) < 0.002 * len(lost)


def test_a_pause_that_was_given_is_kept() -> None:
    pause = Pause(change_s=0.05)
    lose(pause, 100)
    assert pause.before_s(is_change=True) == 0.05
    go_well(pause, 1000)
    assert pause.before_s(is_change=True) == 0.05
    none = Pause(change_s=0.0)
    lose(none, 100)
    assert none.before_s(is_change=True) == 0


def test_the_models_pause_comes_before_every_request() -> None:
    pause = Pause(always_s=0.03)
    assert pause.before_s(is_change=False) == pause.before_s(is_change=True) == 0.03
    lose(pause, 3 * LOSSES_NEEDED)
    assert pause.before_s(is_change=False) == 0.03
    assert pause.before_s(is_change=True) == 4 * FIRST_S
