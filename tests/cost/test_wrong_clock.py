"""Runs of `update` and `recompute` while the clock is wrong, in a real InfluxDB.

| fault | test |
|---|---|
| by a clock that is behind, what is stored is deleted, or history priced anew unasked | test_a_clock_that_is_behind_changes_nothing |
| ... or nobody learns why nothing is priced, or learns it for each contract | test_a_clock_that_is_behind_is_told |
| ... of a meter that nobody reads any more | test_what_is_priced_tells_too_where_nobody_reads_the_meter |
| ... or prices a month that is over by other terms, the day after the meter fell silent | test_a_clock_that_is_behind_prices_no_month_that_is_over |
| a clock that was ahead stops the work of a silent meter for as long as it was ahead | test_who_knows_that_the_clock_is_right_says_so |
| a clock that is behind by less than shows stops the work | test_a_clock_within_the_quarter_hour_is_believed |
| what is fixed of days that a clock ahead took for over is owed for ever | test_what_a_clock_that_was_ahead_has_priced_goes |
| ... or the prices of its coming quarter-hours stay, since the run that deletes was cut off | test_what_a_cut_off_run_left_of_a_clock_that_was_ahead_goes |
| ... or the meter's own days go with it | test_a_meter_that_is_read_again_tells_that_the_clock_was_ahead |
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cost.priced_house import DAY_S, QUARTER_S, TWO_BANDS, House, midnight
from stack.conftest import Stack
from wattline_cost.errors import CostError
from wattline_cost.store.stored import Key, Stored

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

TODAY = date(2026, 3, 12)
NOW = midnight(TODAY) + 49 * QUARTER_S
BEGIN = midnight(date(2026, 2, 20))
DEARER = TWO_BANDS.replace("day = 0.20", "day = 0.40")


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    return House(stack, tmp_path)


def update(house: House, now: int) -> None:
    house.update(now)


def recompute(house: House, now: int) -> None:
    house.recompute(now, date(2026, 1, 1))


def changed(house: House) -> None:
    """February is priced by other terms than those of the contract."""
    house.contract(TWO_BANDS)
    house.update(NOW)
    house.contract(DEARER)
    house.update(NOW)
    assert house.faults == []


@pytest.mark.parametrize("run", [update, recompute])
@pytest.mark.parametrize(
    "now",
    [1000, midnight(date(2025, 6, 1)), midnight(date(2026, 2, 21)), NOW - 3 * DAY_S, midnight(TODAY) - 600],
    ids=["1970", "before the contract", "in the month before", "by three days", "before midnight"],
)
def test_a_clock_that_is_behind_changes_nothing(house: House, now: int, run: Callable[[House, int], None]) -> None:
    house.read(BEGIN, NOW)
    changed(house)
    before, remembered = house.all_stored(), (house.chosen.state / "memory.json").read_text()
    run(house, now)
    assert len(house.faults) == 1
    assert house.all_stored() == before
    assert (house.chosen.state / "memory.json").read_text() == remembered
    house.update(NOW)
    house.update(NOW)
    assert (house.faults, house.all_stored()) == ([], before)


def test_a_clock_that_is_behind_is_told(house: House) -> None:
    """Once, though there are two contracts."""
    house.read(BEGIN, NOW)
    house.contract(TWO_BANDS)
    house.contract(DEARER, "other")
    assert house.update(NOW - 3 * DAY_S) == []
    (fault,) = house.faults
    assert str(fault) == (
        "The clock says 2026-03-09 12:15, but a meter with the role grid was read at 2026-03-12 12:00: nothing is priced until the "
        "clock is set (`timedatectl` tells what sets it). If it is right, delete what is later from energy_15m and energy_1d."
    )


def test_what_is_priced_tells_too_where_nobody_reads_the_meter(house: House) -> None:
    """The house is dark from 22 February on, and owes what is fixed."""
    house.read(BEGIN, midnight(date(2026, 2, 22)))
    changed(house)
    before = house.all_stored()
    house.update(midnight(date(2026, 2, 27)))
    (fault,) = house.faults
    assert str(fault) == (
        "The clock says 2026-02-27 00:00, but in a run before it was 2026-03-12, and no reading of a meter with the role grid tells "
        "which of the two is wrong: nothing is priced until the clock is set (`timedatectl` tells what sets it), or the meter is "
        "read. If it is right, `wattline-cost recompute --from 2026-02-27` takes it for that, and deletes what is priced of later "
        "days."
    )
    house.update(NOW)
    assert (house.faults, house.all_stored()) == ([], before)


@pytest.mark.parametrize("end", ["", "\nto = 2026-03-01"], ids=["goes on", "has ended"])
def test_a_clock_that_is_behind_prices_no_month_that_is_over(house: House, end: str) -> None:
    """By 13 hours: less than a day after the last reading, and back in the month before."""
    first = midnight(date(2026, 3, 1))
    house.read(BEGIN, first - DAY_S)
    for text in (TWO_BANDS, DEARER):
        house.contract(text.replace("from = 2026-01-01", f"from = 2026-01-01{end}"))
        house.update(first + 40 * QUARTER_S)
    assert house.faults == []
    before = house.all_stored()
    house.update(first - 12 * QUARTER_S)
    assert len(house.faults) == 1
    house.update(first + 42 * QUARTER_S)
    assert (house.faults, house.all_stored()) == ([], before)


def test_who_knows_that_the_clock_is_right_says_so(house: House) -> None:
    """By `recompute`, of a meter that nobody has read for three days, behind a run that was eight days ahead."""
    house.read(BEGIN, NOW - 3 * DAY_S)
    changed(house)
    before = house.all_stored()
    house.update(NOW + 8 * DAY_S)
    house.update(NOW)
    assert len(house.faults) == 1
    house.recompute(NOW, TODAY)
    assert (house.faults, house.all_stored()) == ([], before)
    house.update(NOW + QUARTER_S)
    assert (house.faults, house.all_stored()) == ([], before)


def test_a_clock_within_the_quarter_hour_is_believed(house: House) -> None:
    """Two machines, of which one is slow by some minutes."""
    house.read(BEGIN, NOW)
    changed(house)
    house.update(NOW - 600)
    assert house.faults == []


@pytest.mark.parametrize("days", [1, 8, 25])
def test_what_a_clock_that_was_ahead_has_priced_goes(house: House, days: int) -> None:
    """By one run, also in a month that has not come, after the terms were changed."""
    house.read(BEGIN, NOW)
    changed(house)
    before = house.all_stored()
    house.update(NOW + days * DAY_S)
    assert max(house.stored("cost_1d")) == midnight(date.fromordinal(TODAY.toordinal() + days))
    (result,) = house.update(NOW)
    assert result.change.removed > 0
    assert house.all_stored() == before
    # As if it had not been: when the month comes, nothing of it is otherwise.
    house.contract(TWO_BANDS)
    house.update(NOW + days * DAY_S)
    house.update(NOW)
    house.contract(DEARER)
    house.update(NOW)
    assert house.all_stored() == before


@pytest.mark.parametrize("removals", range(5))
def test_what_a_cut_off_run_left_of_a_clock_that_was_ahead_goes(
    house: House, monkeypatch: pytest.MonkeyPatch, removals: int
) -> None:
    """The power fails behind so many times of deleting."""
    house.read(BEGIN, NOW)
    house.contract(TWO_BANDS)
    house.update(NOW)
    before = house.all_stored()
    house.update(NOW + 25 * DAY_S)
    sound, left = Stored.remove, removals

    def remove(self: Stored, *words: Any) -> set[Key]:
        nonlocal left
        if left == 0:
            raise CostError("The plug was pulled.")
        left -= 1
        return sound(self, *words)

    with monkeypatch.context() as broken:
        broken.setattr(Stored, "remove", remove)
        house.update(NOW)
    house.update(NOW)
    assert house.faults == []
    assert house.all_stored() == before


def test_a_meter_that_is_read_again_tells_that_the_clock_was_ahead(house: House) -> None:
    house.read(BEGIN, midnight(date(2026, 2, 22)))
    house.contract(TWO_BANDS)
    house.update(NOW)
    now = midnight(date(2026, 3, 5)) + 40 * QUARTER_S
    house.update(now)
    assert len(house.faults) == 1
    house.read(BEGIN, now)
    house.update(now)
    assert house.faults == []
    assert max(house.stored("cost_1d")) == midnight(date(2026, 3, 5))
    before = house.all_stored()
    house.stack.empty()
    (house.chosen.state / "memory.json").unlink()
    house.read(BEGIN, now)
    house.update(now)
    assert house.all_stored() == before
