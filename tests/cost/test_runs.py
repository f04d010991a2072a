"""What is stored is a function of what was metered, and not of when it was priced: in a real InfluxDB.

| fault | test |
|---|---|
| days that were priced one by one are others than those of `recompute` | test_days_priced_as_they_come_are_those_of_one_run |
| midnight is moved where the interval of reading, or what the line loses, changes | test_days_priced_as_they_come_are_those_of_one_run |
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, House, midnight
from stack.conftest import Stack
from wattline_cost.store.stored import Change

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

BEGIN, DAYS = midnight(date(2026, 3, 1)), 8
CHANGED = BEGIN + 4 * DAY_S + 2 * 3600


@pytest.mark.parametrize(
    "often",
    [
        lambda second: 225 if second < CHANGED else 900,
        lambda second: 900 if second < CHANGED else 225,
        lambda second: 800 if second < CHANGED else 900,
        lambda second: 600 + second // 900 * 7919 % 301,
    ],
    ids=["each second instead of four", "each four seconds instead of one", "a line that was mended", "one that loses"],
)
def test_days_priced_as_they_come_are_those_of_one_run(
    stack: Stack, tmp_path: Path, often: Callable[[int], int]
) -> None:
    """Each day shortly before and after midnight, when the day that begins has no readings, or few."""
    house = House(stack, tmp_path)
    house.contract(FLAT)
    for number in range(1, DAYS + 1):
        for now in (BEGIN + number * DAY_S - 1800, BEGIN + number * DAY_S + 900):
            house.read(BEGIN, now, often=often)
            house.update(now)
    assert house.faults == []
    # 24 hours of 1 kW by the counter.
    days = house.stored("cost_1d")
    assert [fields[""]["energy_kwh"] for _, fields in sorted(days.items())] == [24.0] * DAYS + [0.25]
    (result,) = house.recompute(now, date(2026, 3, 1))
    assert result.change == Change(0, 0)
