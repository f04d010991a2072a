"""Runs that are cut off, or refused, before a month ends: the next one makes of it what an uninterrupted house has.

| fault | test |
|---|---|
| a contract that was not changed loses the month in which nothing could be stored | test_a_month_in_which_nothing_could_be_stored_is_made_up_for |
| ... or what a run of its last day did not store, since it was the first of a contract, or a word in its file was another | test_what_a_cut_off_run_left_is_stored_by_a_run_of_the_next_month |
| a price that is corrected before anything was stored leaves out the months that the run before began with | test_a_month_of_which_nothing_was_stored_has_the_prices_of_now |
| ... or mixes two prices in one of which something was, and nobody is told | likewise |
| ... or months that were not owed when they were priced are priced unasked | test_what_was_not_owed_stays_unpriced |
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
