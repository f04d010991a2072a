"""How a meter that does not answer is left in peace.

| fault | test |
|---|---|
| one lost slot makes a meter one that is away | test_two_silent_slots_are_no_absence |
| a dead meter is asked as often as ever | test_it_is_asked_after_1_2_4_8_16_30_seconds |
| ... or a second later than it might, as the clock is slewed | test_a_slewed_clock_costs_no_second |
| ... or ever more rarely without end | test_it_is_asked_at_least_every_30_seconds |
| the log fills with it, or says nothing | test_it_says_once_that_it_is_away_and_once_that_it_is_back |
| after its return it has the old patience | test_after_its_return_all_is_as_at_the_start |
| a meter that suffers alone is left in peace as well | test_alone_on_its_bus_it_is_asked_in_every_slot |
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.rest import LONGEST_S, SILENT_SLOTS, Rest


def asked(rest: Rest, seconds: int, unsteady_s: float = 0.0) -> list[int]:
    """The seconds in which a dead meter is asked, once it is taken to be away in second 0."""
    for second in range(-SILENT_SLOTS + 1, 1):
        rest.was_silent(second)
    found = []
    for second in range(1, seconds):
        now_s = second + (unsteady_s if second % 2 else -unsteady_s)
        if rest.is_over(now_s):
            found.append(second)
            rest.was_silent(now_s)
    return found


def test_two_silent_slots_are_no_absence() -> None:
    rest = Rest("house")
    for second in range(100):
        assert not rest.is_away
        rest.was_silent(second)
        rest.was_silent(second + 0.5)
        assert not rest.is_away
        rest.was_heard(second + 0.7)
    for second in range(SILENT_SLOTS):
        rest.was_silent(100 + second)
    assert rest.is_away


def test_it_is_asked_after_1_2_4_8_16_30_seconds() -> None:
    assert asked(Rest("house"), 130) == [1, 3, 7, 15, 31, 61, 91, 121]


@pytest.mark.parametrize("unsteady_s", [0.001, 0.01, 0.1])
def test_a_slewed_clock_costs_no_second(unsteady_s: float) -> None:
    assert asked(Rest("house"), 130, unsteady_s) == [1, 3, 7, 15, 31, 61, 91, 121]


@given(st.lists(st.integers(1, 60), max_size=60))
def test_it_is_asked_at_least_every_30_seconds(silences: list[int]) -> None:
    rest, now_s = Rest("house"), 0.0
    for later_s in silences:
        rest.was_silent(now_s)
        assert rest.is_over(now_s + LONGEST_S)
        now_s += later_s


def test_it_says_once_that_it_is_away_and_once_that_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    rest = Rest("house")
    asked(rest, 200)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.messages == [
        "house: It has not answered in 3 slots; it is asked again after 1 s, then ever more rarely, at least every 30 s."
    ]
    rest.was_heard(200)
    rest.was_heard(201)
    assert caplog.messages[1:] == ["house: It answers again after 202 s."]


def test_a_meter_that_was_not_away_does_not_come_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    rest = Rest("house")
    rest.was_silent(1)
    rest.was_heard(2)
    assert caplog.messages == []


def test_after_its_return_all_is_as_at_the_start() -> None:
    rest = Rest("house")
    first = asked(rest, 100)
    rest.was_heard(100)
    assert not rest.is_away
    assert rest.is_over(100)
    assert asked(rest, 100) == first


def test_alone_on_its_bus_it_is_asked_in_every_slot(caplog: pytest.LogCaptureFixture) -> None:
    rest = Rest("house", is_alone=True)
    assert asked(rest, 50) == list(range(1, 50))
    assert caplog.messages == ["house: It has not answered in 3 slots; it is asked in every slot."]
