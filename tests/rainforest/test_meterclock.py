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
| one wrong stamp spoils all that follow | test_a_wrong_digit_in_a_stamp_costs_one_reading |
| readings that are late are taken for a clock that was set back | test_readings_that_are_late_by_the_same_keep_their_stamps |
| ... or such a clock for readings that are late | test_a_stick_that_tells_the_time_sets_its_clock_back_by_that |
| two readings have one second | test_a_clock_that_stands_still_is_not_taken_for_one_that_is_behind |
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
    """And no second has two readings."""
    assert told((0, 0), (20, 0), (40, 0), (60, 0), (901, 0), (920, 919)) == [0, None, None, None, None, 919]


@pytest.mark.parametrize("late_s", [11, 14, 15, 20, 45, 300])
@pytest.mark.parametrize("period_s", [8, 15, 30])
def test_readings_that_are_late_by_the_same_keep_their_stamps(late_s: int, period_s: int) -> None:
    """Where the stick tells the time; but for the first, before it has."""
    clock = MeterClock()
    seconds = [one(clock, 0, -late_s)]
    clock.learn(START_S + 5, START_S + 5, is_linked=True, is_time=True)
    for at_s in range(period_s, 3600, period_s):
        if at_s % 900 < period_s:
            clock.learn(START_S + at_s, START_S + at_s, is_linked=True, is_time=True)
        seconds.append(one(clock, at_s, at_s - late_s))

    assert seconds[0] == 0
    known = [second for second in seconds[1:] if second is not None]
    assert len(known) >= len(seconds) - 2
    assert {second + late_s for second in known} <= set(range(period_s, 3600, period_s))
    assert len(set(seconds)) == len(seconds)


def test_a_stick_that_tells_the_time_sets_its_clock_back_by_that() -> None:
    """Readings that are late by the same raise a doubt, which its word about the time ends."""
    clock = MeterClock()
    clock.learn(START_S, START_S, is_linked=True, is_time=True)
    for at_s in range(8, 80, 8):
        one(clock, at_s, at_s - 300)
    assert clock.is_in_doubt
    clock.learn(START_S + 80 - 300, START_S + 80, is_linked=True, is_time=True)
    assert not clock.is_in_doubt
    assert one(clock, 88, 88 - 300) == 88

    clock.learn(START_S + 90, START_S + 90, is_linked=True, is_time=True)
    for at_s in range(8000, 8080, 8):
        second = one(clock, at_s, at_s - 300)
    assert second == 8072, "it has told no time for so long that the readings are believed"


def test_without_a_meter_nothing_is_learnt_from_one_stamp() -> None:
    assert told((0, -3600), (20, -3500), is_linked=False) == [None, None]
    # Those that go on with the seconds are of a meter that is there, whatever the stick says.
    assert told(*every_8_s(-300, -300, -301), is_linked=False) == [None, None, 15]


@pytest.mark.parametrize("off_s", [16, 256, 4096, 1_000_000, 1 << 28, -4096, -1_000_000])
@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_a_wrong_digit_in_a_stamp_costs_one_reading(off_s: int, place: int) -> None:
    ahead_s = [-1] * 7
    ahead_s[place] += off_s
    seconds = told(*every_8_s(*ahead_s))
    right = [8 * n - 1 for n in range(7)]

    assert sum(second is None or not right[n] <= second <= right[n] + 1 for n, second in enumerate(seconds)) <= 1
