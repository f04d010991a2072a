"""Runs that are cut off, or refused, before a month ends: the next one makes of it what an uninterrupted house has.

| fault | test |
|---|---|
| a contract that was not changed loses the month in which nothing could be stored | test_a_month_in_which_nothing_could_be_stored_is_made_up_for |
| ... or what a run of its last day did not store, since it was the first of a contract, or a word in its file was another | test_what_a_cut_off_run_left_is_stored_by_a_run_of_the_next_month |
| a price that is corrected before anything was stored leaves out the months that the run before began with | test_a_month_of_which_nothing_was_stored_has_the_prices_of_now |
| ... or mixes two prices in one of which something was, and nobody is told | likewise |
| ... or months that were not owed when they were priced are priced unasked | test_what_was_not_owed_stays_unpriced |
| ... since the clock was ahead meanwhile | test_what_was_not_owed_stays_unpriced_behind_a_clock_that_was_ahead |
| a month in which not one run was finished is left out, since another word stands in the file by the next one, and is said to have been priced | test_a_month_without_a_run_is_owed_by_the_terms_of_now |
| ... or since the run before it, which priced by other terms, was cut off | test_a_month_behind_a_change_that_was_cut_off_is_owed |
| ... or since a run of it was cut off before it stored anything | test_a_month_that_was_only_begun_is_owed |
| a month that the contract was said not to hold in counts as not owed, though nobody had read the meter | test_a_month_before_any_reading_was_not_left_out |
| a `recompute` that is the first of all, and cut off, leaves months of which it stored some days without the others | test_a_first_run_by_hand_that_is_cut_off_is_made_up_for |
| a memory lost before a month ends leaves it at the day on which it began, since all that is stored is due | test_a_month_that_was_under_way_when_the_memory_was_lost_is_whole |
| ... or takes months for priced by other terms, since a `recompute` was cut off behind the loss | test_a_lost_memory_is_lost_also_behind_a_recompute_that_was_cut_off |
"""

from datetime import date
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, House, midnight
from cost.test_changed_contracts import TWICE, cut_off
from stack.conftest import Stack

FEBRUARY, MARCH, APRIL = date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)
FIRST, LAST_EVENING, NEXT_MORNING = date(2026, 2, 20), midnight(APRIL) - QUARTER_S, midnight(APRIL) + 9 * QUARTER_S
pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    """It is read since 20 February; nothing of it is priced."""
    house = House(stack, tmp_path)
    house.contract(FLAT)
    return house


def update(house: House, now: int) -> str:
    """What a run has to say at a second up to which the meter was read."""
    house.read(midnight(FIRST), now)
    return " ".join(remark for result in house.update(now) for remark in result.remarks)


def is_as_uninterrupted(house: House, text: str = FLAT) -> bool:
    """Whether it has the points that a contract of the same terms gets which was never cut off."""
    house.contract(text, "twin")
    house.update(NEXT_MORNING)
    own, twin = (house.all_stored(name) for name in ("house", "twin"))

    def by_name(points: dict[object, dict[str, float]]) -> list[tuple[object, ...]]:
        return sorted(
            (measurement, second, sorted(tag for tag in tags if tag[0] != "contract"), sorted(fields.items()))
            for (measurement, tags, second), fields in points.items()  # type: ignore[misc]  # a key of three
        )

    return by_name(own) == by_name(twin)


def healed(house: House) -> str:
    """What the next run has to say, in April, once nothing is in its way."""
    said = update(house, NEXT_MORNING)
    assert not house.faults
    return said


def test_a_month_in_which_nothing_could_be_stored_is_made_up_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    update(house, midnight(MARCH) - QUARTER_S)
    with monkeypatch.context() as broken:
        cut_off(broken, 0)
        for day in (1, 2, 15, 31):
            update(house, midnight(date(2026, 3, day)) + QUARTER_S)
            assert [str(fault) for fault in house.faults] == ["The plug was pulled."]
    assert healed(house) == ""
    assert is_as_uninterrupted(house)


@pytest.mark.parametrize("writes", range(0, 18, 4))
@pytest.mark.parametrize("is_first", [True, False])
def test_what_a_cut_off_run_left_is_stored_by_a_run_of_the_next_month(
    house: House, monkeypatch: pytest.MonkeyPatch, writes: int, is_first: bool
) -> None:
    if not is_first:
        update(house, LAST_EVENING - DAY_S)
        house.contract(FLAT + "# a note\n")
    with monkeypatch.context() as broken:
        cut_off(broken, writes)
        update(house, LAST_EVENING)
    assert healed(house) == ""
    assert is_as_uninterrupted(house)


@pytest.mark.parametrize("writes", [0, 1, 3, 4, 8])
def test_a_month_of_which_nothing_was_stored_has_the_prices_of_now(
    house: House, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """Each month is stored in four writes, so that of February is whole behind the fourth."""
    house.contract(TWICE)
    with monkeypatch.context() as broken:
        cut_off(broken, writes)
        update(house, LAST_EVENING)
    house.contract(FLAT)
    said = healed(house)
    told = [month for month in (FEBRUARY, MARCH) if f"--from {month}" in said]
    assert told == [] if writes < 4 else [FEBRUARY]
    if not told:
        assert is_as_uninterrupted(house)
    else:
        assert house.stored("cost_1mo")[midnight(FEBRUARY)][""]["cost"] == pytest.approx(9 * 24 * 0.6, abs=1e-9)
        house.recompute(NEXT_MORNING, FEBRUARY)
        assert is_as_uninterrupted(house)


def test_what_was_not_owed_stays_unpriced(house: House) -> None:
    """The contract is said to have begun in March, and then in January."""
    house.contract(FLAT.replace("2026-01-01", "2026-03-01"))
    update(house, LAST_EVENING)
    house.contract(FLAT)
    assert "--from 2026-02-01`" in healed(house)
    house.contract(FLAT + "# a note\n")
    assert "--from 2026-02-01`" in healed(house)
    assert list(house.stored("cost_1mo")) == [midnight(MARCH), midnight(APRIL)]


BEGAN_LATER = FLAT.replace("2026-01-01", "2026-04-01")
FROM_APRIL = (
    FLAT.replace("from = 2026-01-01", "from = 2026-01-01\nto = 2026-04-01") + BEGAN_LATER[BEGAN_LATER.index("[[") :]
)
BEFORE_MARCH = midnight(MARCH) - QUARTER_S


@pytest.mark.parametrize("text", [FLAT, FLAT + "# a note\n", FROM_APRIL], ids=["same", "a note", "a version"])
def test_a_month_without_a_run_is_owed_by_the_terms_of_now(house: House, text: str) -> None:
    update(house, BEFORE_MARCH)
    house.contract(text)
    assert healed(house) == ""
    assert is_as_uninterrupted(house, text)


def test_a_month_behind_a_change_that_was_cut_off_is_owed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """February is of two prices, and told; March is at the new one."""
    update(house, BEFORE_MARCH - DAY_S)
    house.contract(TWICE)
    with monkeypatch.context() as broken:
        cut_off(broken, 2)
        update(house, BEFORE_MARCH)
    assert "--from 2026-02-01`" in healed(house)
    assert house.stored("cost_1mo")[midnight(MARCH)][""]["cost"] == pytest.approx(743 * 0.6, abs=1e-9)


def test_what_was_not_owed_stays_unpriced_behind_a_clock_that_was_ahead(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """February; in March the clock was a week ahead, and the run that saw it set right was cut off."""
    house.contract(FLAT.replace("2026-01-01", "2026-03-01"))
    update(house, midnight(date(2026, 3, 10)))
    house.contract(FLAT)
    house.update(midnight(date(2026, 3, 17)))
    with monkeypatch.context() as broken:
        cut_off(broken, 0)
        update(house, midnight(date(2026, 3, 10)) + QUARTER_S)
    house.contract(FLAT + "# a note\n")
    assert "--from 2026-02-01`" in healed(house)
    assert list(house.stored("cost_1mo")) == [midnight(MARCH), midnight(APRIL)]


def test_a_month_that_was_only_begun_is_owed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract was said to begin in April, which was corrected in March; February was not owed, and stays so."""
    house.contract(BEGAN_LATER)
    update(house, midnight(date(2026, 3, 20)))
    house.contract(FLAT)
    with monkeypatch.context() as broken:
        cut_off(broken, 0)
        update(house, LAST_EVENING)
    assert "--from 2026-02-01`" in healed(house)
    assert list(house.stored("cost_1mo")) == [midnight(MARCH), midnight(APRIL)]
    assert house.stored("cost_1mo")[midnight(MARCH)][""]["cost"] == pytest.approx(743 * 0.3, abs=1e-9)


def test_a_month_before_any_reading_was_not_left_out(house: House) -> None:
    """`recompute` went over January, when the contract was said to begin in March: readings of it are brought later."""
    house.contract(FLAT.replace("2026-01-01", "2026-03-01"))
    update(house, LAST_EVENING)
    house.recompute(LAST_EVENING, date(2026, 1, 1))
    house.contract(FLAT)
    assert "--from 2026-02-01`" in healed(house)
    house.read(midnight(date(2026, 1, 10)), midnight(date(2026, 1, 11)))
    house.update(NEXT_MORNING + DAY_S)
    assert house.stored("cost_1d")[midnight(date(2026, 1, 10))][""]["cost"] == pytest.approx(24 * 0.3, abs=1e-6)


@pytest.mark.parametrize("writes", range(0, 10, 3))
def test_a_first_run_by_hand_that_is_cut_off_is_made_up_for(
    house: House, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    house.read(midnight(FIRST), LAST_EVENING)
    with monkeypatch.context() as broken:
        cut_off(broken, writes)
        house.recompute(LAST_EVENING, FEBRUARY)
    assert healed(house) == ""
    assert is_as_uninterrupted(house)


@pytest.mark.parametrize("begin", [FIRST, date(2026, 2, 28)])
def test_a_month_that_was_under_way_when_the_memory_was_lost_is_whole(house: House, begin: date) -> None:
    """Of March, or February, one day is all that was stored, and has more readings by now."""
    now = midnight(MARCH) + (QUARTER_S if begin == FIRST else -QUARTER_S)
    house.read(midnight(begin), now)
    house.update(now)
    (house.chosen.state / "memory.json").unlink()
    house.read(midnight(begin), NEXT_MORNING)
    (result,) = house.update(NEXT_MORNING)
    assert result.remarks == []
    assert is_as_uninterrupted(house)


def test_a_lost_memory_is_lost_also_behind_a_recompute_that_was_cut_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(house, LAST_EVENING)
    (house.chosen.state / "memory.json").unlink()
    with monkeypatch.context() as broken:
        cut_off(broken, 0)
        house.recompute(LAST_EVENING, MARCH)
    assert "--from 2026-03-01`" in healed(house)
