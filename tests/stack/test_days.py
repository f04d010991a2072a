"""Days are those of the household: they begin at its midnight, and two of the year have 23 and 25 hours.

| fault | test |
|---|---|
| a day begins at another instant than local midnight, or has another length, where the clocks change | test_every_day_begins_at_local_midnight_and_has_its_own_length |
| ... where they change at midnight or by half an hour | likewise |
| a range that begins or ends within a day makes half a day of it | test_a_range_within_a_day_makes_the_whole_day |
| the task leaves out today, or a day is cut by the hour of the task | test_the_task_keeps_today_and_the_two_days_before |
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from database import line

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

QUARTER_S = 900
SWITCHES = [
    ("Europe/Rome", date(2026, 3, 29), 23.0),
    ("Europe/Rome", date(2026, 10, 25), 25.0),
    ("Australia/Adelaide", date(2026, 4, 5), 25.0),
    ("Australia/Adelaide", date(2026, 10, 4), 23.0),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
    ("America/Santiago", date(2026, 9, 6), 23.0),
    ("Africa/Cairo", date(2026, 4, 24), 23.0),
]


def midnight(zone: str, day: date) -> int:
    """The first instant of a day; where midnight itself is left out, that at which the clocks jump."""
    return int(datetime.combine(day, time(0), ZoneInfo(zone)).timestamp())


def write_days(stack, start: int, stop: int) -> None:
    """Quarter-hours, as their task writes them, of which each consumes a quarter of a kWh more than the one before."""
    stack.write(
        (
            line(at, {"consumption_kwh": n / 4, "readings": 900, "power_w": n, "power_w_min": n})
            for n, at in enumerate(range(start, stop, QUARTER_S))
        ),
        "energy_15m",
    )


@pytest.mark.parametrize(("zone", "switch", "hours"), SWITCHES, ids=str)
def test_every_day_begins_at_local_midnight_and_has_its_own_length(
    stack, zone: str, switch: date, hours: float
) -> None:
    borders = [midnight(zone, switch + timedelta(days)) for days in range(-2, 4)]
    assert (borders[3] - borders[2]) / 3600 == hours
    write_days(stack, borders[0], borders[-1])
    stack.run_over("energy_1d", borders[0], borders[-1], zone)
    found = stack.points("energy_1d")
    assert sorted(found) == borders[:-1]
    for start, stop in pairwise(borders):
        numbers = [(at - borders[0]) // QUARTER_S for at in range(start, stop, QUARTER_S)]
        assert found[start]["readings"] == 900 * len(numbers)
        assert found[start]["consumption_kwh"] == sum(numbers) / 4
        assert found[start]["base_load_w"] == numbers[0]
        assert found[start]["power_w"] == pytest.approx(sum(numbers) / len(numbers), abs=1 / 16384)


def test_a_range_within_a_day_makes_the_whole_day(stack) -> None:
    start = midnight("Europe/Rome", date(2026, 10, 25))
    write_days(stack, start - 86_400, start + 2 * 90_000)
    stack.run_over("energy_1d", start + 3600, start + 7200)
    assert {at: point["readings"] for at, point in stack.points("energy_1d").items()} == {start: 90_000}


def test_the_task_keeps_today_and_the_two_days_before(stack) -> None:
    """At twenty past eleven in the evening, in the winter that began this morning."""
    today = midnight("Europe/Rome", date(2026, 10, 25))
    now = int(datetime(2026, 10, 25, 22, 15, tzinfo=UTC).timestamp())
    write_days(stack, today - 5 * 86_400, now)
    stack.run_at("energy_1d", now)
    found = {at: point["readings"] for at, point in stack.points("energy_1d").items()}
    assert found == {today - 2 * 86_400: 86_400, today - 86_400: 86_400, today: now - today}
