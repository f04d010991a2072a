"""Whose turn it is when not all meters fit into an interval.

| fault | test |
|---|---|
| a slot is promised more than it holds | test_no_slot_holds_more_than_it_may |
| a meter is forgotten, or asked twice | test_every_meter_has_one_turn_in_a_round |
| readings are rarer than they need be | test_there_are_no_more_slots_than_are_needed, test_what_fits_into_one_slot_takes_one |
| ... for the sake of one that is away | test_a_meter_that_is_away_needs_no_slot |
| the turns change by chance | test_equal_costs_give_equal_turns |
| a meter that is too slow for the interval pushes another out | test_a_meter_too_slow_for_a_slot_has_one_to_itself |
| a slot of an hour is believed to be a sweep of an hour | test_a_sweep_takes_five_seconds_at_most |
| ... or those of a meter that has no turn in the slot | test_what_is_kept_free_is_that_of_those_who_have_a_turn |
| a meter with an interval counts in one slot alone | test_a_meter_with_an_interval_takes_its_share_of_every_slot |
| the slow reads, or a lost reply, push the last meter out for ever | test_time_is_kept_for_slow_reads_and_patience |
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.turns import USABLE_SHARE, Load, Turns, kept_free_s, room_s, take_turns

COSTS = st.lists(st.one_of(st.just(0.0), st.floats(0.001, 2.0)), max_size=12)
KEPT = st.floats(0.0, 0.9)
TINY = 1e-9


def loads(costs_s: list[float], kept_s: float = 0.0) -> list[Load]:
    """Of meters that want so much of a slot kept free."""
    return [Load(cost_s, spare_s=kept_s) for cost_s in costs_s]


def in_slots(turns: Turns, costs_s: list[float]) -> list[list[float]]:
    return [
        [cost for meter, cost in enumerate(costs_s) if turns.has_turn(meter, slot) and cost]
        for slot in range(turns.slots)
    ]


@given(COSTS, st.integers(1, 5), KEPT)
def test_no_slot_holds_more_than_it_may(costs_s: list[float], interval_s: int, kept_s: float) -> None:
    for inside_s in in_slots(take_turns(loads(costs_s, kept_s), interval_s), costs_s):
        assert len(inside_s) <= 1 or sum(inside_s) <= USABLE_SHARE * interval_s - kept_s + TINY


@given(COSTS, KEPT, st.integers(0, 10**6))
def test_every_meter_has_one_turn_in_a_round(costs_s: list[float], kept_s: float, begin: int) -> None:
    turns = take_turns(loads(costs_s, kept_s), 1)
    for meter in range(len(costs_s)):
        assert sum(turns.has_turn(meter, begin + slot) for slot in range(turns.slots)) == 1
    assert len(turns.of_meter) == len(costs_s)


def first_fit_decreasing(costs_s: list[float], limit_s: float) -> int:
    free_s: list[float] = []
    for cost_s in sorted(filter(None, costs_s), reverse=True):
        for number, left_s in enumerate(free_s):
            if left_s >= cost_s:
                free_s[number] -= cost_s
                break
        else:
            free_s.append(limit_s - cost_s)
    return max(1, len(free_s))


@given(st.lists(st.integers(0, 2048), max_size=12))
def test_there_are_no_more_slots_than_are_needed(costs: list[int]) -> None:
    # In 1/1024 s, so that no rounding decides.
    costs_s = [cost / 1024 for cost in costs]
    assert take_turns(loads(costs_s), 1).slots == first_fit_decreasing(costs_s, USABLE_SHARE)


@given(st.lists(st.floats(0.0, 1.0), max_size=10))
def test_what_fits_into_one_slot_takes_one(costs_s: list[float]) -> None:
    if sum(costs_s) <= USABLE_SHARE - TINY:
        assert take_turns(loads(costs_s), 1).slots == 1


@given(COSTS, KEPT)
def test_equal_costs_give_equal_turns(costs_s: list[float], kept_s: float) -> None:
    assert take_turns(loads(costs_s, kept_s), 1) == take_turns(loads(list(costs_s), kept_s), 1)


@given(COSTS, KEPT)
def test_turns_hold_what_they_were_made_for(costs_s: list[float], kept_s: float) -> None:
    assert take_turns(loads(costs_s, kept_s), 1).hold(loads(costs_s, kept_s), 1)


def test_turns_do_not_hold_more_than_a_slot() -> None:
    turns = take_turns(loads([0.4, 0.4, 0.4]), 1)
    assert turns == Turns(2, (0, 0, 1))
    assert turns.hold(loads([0.5, 0.45, 0.9]), 1)
    assert not turns.hold(loads([0.5, 0.46, 0.9]), 1)
    assert not turns.hold(loads([0.4, 0.4, 0.4], 0.2), 1)
    assert turns.hold(loads([0.0, 1.4, 1.4]), 1)


def test_the_costliest_are_placed_first() -> None:
    assert take_turns(loads([0.2, 0.7, 0.2, 0.7]), 1) == Turns(2, (0, 0, 1, 1))


@pytest.mark.parametrize("costs_s", [[1.3, 0.0], [0.0, 1.3, 0.0], [0.0, 0.0]])
def test_a_meter_that_is_away_needs_no_slot(costs_s: list[float]) -> None:
    assert take_turns(loads(costs_s), 1).slots == 1


def test_a_meter_too_slow_for_a_slot_has_one_to_itself() -> None:
    turns = take_turns(loads([0.1, 1.4, 0.1]), 1)
    assert turns == Turns(2, (1, 0, 1))


def test_no_meter_takes_no_turn() -> None:
    assert take_turns(loads([]), 1) == Turns(1, ())


def test_a_sweep_takes_five_seconds_at_most() -> None:
    """The clock's deadline for a sweep; a sixty-second slot does not make it longer."""
    assert [room_s(interval_s) for interval_s in (1, 2, 5, 60)] == [0.95, 1.9, 4.75, 5.0]
    assert take_turns(loads([3.0, 3.0]), 60).slots == 2


def test_time_is_kept_for_slow_reads_and_patience() -> None:
    two = Load(0.2, (0.06, 0.05), slow_spare_s=0.04)
    # Two reads in ten seconds: the longer one in a slot of one second, both in one of ten.
    assert kept_free_s([two], 1) == pytest.approx(0.06 + 0.04)
    assert kept_free_s([two], 10) == kept_free_s([two], 60) == pytest.approx(0.11 + 0.04)
    # Twenty-four in ten seconds: more than two of them.
    assert kept_free_s([two] * 12, 1) == pytest.approx(0.132 + 0.04)
    # The patience of a trial is its own.
    assert kept_free_s([two, Load(0.2, (), 0.04, trial_s=0.25)], 1) == pytest.approx(0.06 + 0.25)
    assert kept_free_s([], 1) == kept_free_s([Load()], 1) == 0


@pytest.mark.parametrize(("spare_s", "kept_s"), [(0.09, 0.1), (0.1, 0.1), (0.23, 0.23)])
def test_the_time_of_slow_reads_is_patience_for_what_moves(spare_s: float, kept_s: float) -> None:
    """Which is read before them: a meter that is slow in what moves needs no more beside them."""
    assert kept_free_s([Load(0.2, (0.06,), spare_s, 0.04)], 1) == pytest.approx(kept_s)


def test_what_is_kept_free_is_that_of_those_who_have_a_turn() -> None:
    """The slow read of the first, which takes a quarter of a second, is made in its own slot alone."""
    first, others = Load(0.55, (0.25,), 0.05), Load(0.3, (), 0.05)
    assert take_turns([first, others, others, others], 1) == Turns(2, (0, 1, 1, 1))


def test_a_meter_with_an_interval_takes_its_share_of_every_slot() -> None:
    often = [Load(0.5), Load(0.4)]
    assert take_turns(often, 1).slots == 1
    assert take_turns([*often, Load(every_slot_s=0.1)], 1) == Turns(2, (0, 1, 0))
    assert not Turns(1, (0, 0, 0)).hold([*often, Load(every_slot_s=0.1)], 1)
