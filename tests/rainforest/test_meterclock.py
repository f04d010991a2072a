"""The meter's clock against this machine's: the second that a stamp means.

| fault | test |
|---|---|
| a good stamp is not used, or is changed | test_a_clock_that_is_right_is_used |
| a clock that is off puts readings at another time | test_what_a_clock_is_off_is_taken_away |
| a reading is put into the future | test_nothing_is_later_than_its_arrival |
| an old time from the stick's memory moves good readings | test_a_stale_time_moves_nothing |
| readings are early for long after a clock was set back, or at another time after it was set on | test_a_clock_that_is_set_is_believed_soon |
| what the stick remembers is told as new | test_what_is_old_is_left_out |
| ... in a heap, after a pause of the line | test_a_heap_of_late_readings_is_late |
| ... after it has lost its meter, before anything is known | test_without_a_meter_nothing_is_learnt_from_one_stamp |
| one wrong stamp spoils all that follow | test_one_wrong_stamp_costs_few |
"""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.rainforest.meterclock import MeterClock

START_S = 1_900_000_000


def told(*said: tuple[int, int], is_linked: bool = True) -> list[int | None]:
    """Seconds since the start that demands mean, each said at a second with a stamp."""
    clock = MeterClock()
    return [one(clock, at_s, own_s, is_linked=is_linked) for at_s, own_s in said]


def one(clock: MeterClock, at_s: int, own_s: int, *, is_linked: bool = True) -> int | None:
    clock.learn(START_S + own_s, START_S + at_s, is_linked=is_linked)
    second = clock.reading_s("demand", START_S + own_s, START_S + at_s)
    return None if second is None else second - START_S


def every_8_s(*ahead_s: int, begin_s: int = 0) -> Iterable[tuple[int, int]]:
    return [(begin_s + 8 * n, begin_s + 8 * n + ahead) for n, ahead in enumerate(ahead_s)]


def test_a_clock_that_is_right_is_used() -> None:
    assert told(*every_8_s(-1, -3, 0, -10, -1)) == [-1, 5, 16, 14, 31]
    assert told((0, -1), (30, 20), (900, 100)) == [-1, 20, 100]


@pytest.mark.parametrize("ahead_s", [-86_400, -300, -60, 60, 300, 28_800, 86_400])
def test_what_a_clock_is_off_is_taken_away(ahead_s: int) -> None:
    """From the first reading on, before the stick has told the time."""
    assert told(*every_8_s(ahead_s, ahead_s, ahead_s - 2, ahead_s - 1)) == [0, 8, 14, 23]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(-2000, 2000)), max_size=30), st.booleans())
def test_nothing_is_later_than_its_arrival(steps: list[tuple[int, int]], is_linked: bool) -> None:
    clock, at_s = MeterClock(), 0
    for step_s, ahead_s in steps:
        at_s += step_s
        second = one(clock, at_s, at_s + ahead_s, is_linked=is_linked)
        assert second is None or at_s - 900 <= second <= at_s


def test_a_stale_time_moves_nothing() -> None:
    clock = MeterClock()
    clock.learn(START_S - 60, START_S, is_linked=True)
    assert [one(clock, 8, 7), one(clock, 16, 15)] == [7, 15]
    clock.learn(START_S - 60, START_S + 20, is_linked=True)
    assert one(clock, 24, 23) == 23


@pytest.mark.parametrize("step_s", [-3600, -300, -60, 60, 300, 3600])
def test_a_clock_that_is_set_is_believed_soon(step_s: int) -> None:
    """Forward at once; backward with the third reading, and what came until then is left out or early."""
    seconds = told(*every_8_s(-1, -1, -1, *(4 * [step_s - 1])))

    assert seconds[:3] == [-1, 7, 15]
    assert seconds[5:] == pytest.approx([40, 48], abs=1)
    assert all(second is None or 24 + 8 * n - 900 <= second <= 24 + 8 * n for n, second in enumerate(seconds[3:5]))


def test_a_clock_that_was_ahead_and_is_set_right_loses_two_readings() -> None:
    assert told((0, 300), (5, 305), (60, 60), (68, 68), (76, 76)) == [0, 5, None, None, 76]


def test_what_is_old_is_left_out() -> None:
    """An hour old; and younger, but older than what was told before it."""
    assert told((0, 0), (5, -3600), (6, -3500)) == [0, None, None]
    assert told((0, 0), (300, 299), (320, 120)) == [0, 299, None]


def test_a_heap_of_late_readings_is_late() -> None:
    assert told((0, 0), (100, 20), (100, 28), (100, 36), (101, 99)) == [0, 20, 28, 36, 99]


def test_a_clock_that_stands_still_is_not_taken_for_one_that_is_behind() -> None:
    assert told((0, 0), (20, 0), (40, 0), (60, 0), (901, 0)) == [0, 0, 0, 0, None]


def test_without_a_meter_nothing_is_learnt_from_one_stamp() -> None:
    assert told((0, -3600), (20, -3500), is_linked=False) == [None, None]
    # Those that go on with the seconds are of a meter that is there, whatever the stick says.
    assert told(*every_8_s(-300, -300, -301), is_linked=False) == [None, None, 15]


def test_one_wrong_stamp_costs_few() -> None:
    assert told(*every_8_s(-1, -1, 1_000_000, -1, -1, -1, -1)) == [-1, 7, 16, None, None, 39, 47]
