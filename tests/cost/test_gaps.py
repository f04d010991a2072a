"""While nobody read the meter its counter went on: the energy is known, and when it was used is not.

| fault                                                       | test                                                     |
|-------------------------------------------------------------|----------------------------------------------------------|
| the energy of a gap stands in the quarter-hour after it     | test_a_gap_is_spread_over_the_time_that_was_not_read     |
| a gap is not told from what was read                        | test_a_gap_is_spread_over_the_time_that_was_not_read     |
| the rest of a quarter-hour that was read in part is lost    | test_what_the_power_explains_is_left_where_it_was        |
| more is explained than the counter gained, and a gap is < 0 | test_a_gap_has_nothing_where_the_power_explains_it_all   |
| a gap's energy belongs to the day on which it ends          | test_a_gap_across_midnight_is_of_both_days               |
| the display at midnight has digits that no display has      | test_a_gap_across_midnight_is_of_both_days               |
| midnight is where the reading before the gap left it        | test_a_day_that_was_not_read_to_its_end_ends_with_its_rest |
| a quarter-hour that lost readings is taken for cut off, or one that was cut off for whole | test_what_is_cut_off_and_what_lost_some_readings |
| without power the quarter-hour after the gap has all of it  | test_without_power_the_quarter_hour_after_a_gap_is_one_of_them |
| a gap of years takes memory or time without end             | test_a_gap_of_ten_years_is_no_matter                     |
| registers of a gap are not those that counted in it         | test_registers_of_a_gap_share_it_as_they_moved           |
| the clocks change in a gap                                  | test_a_gap_in_which_the_clocks_change_is_spread_by_time  |
"""

import pytest

from cost.metered import QUARTER_S, ROME, at, row
from wattline_cost.energy.display import Habits
from wattline_cost.energy.quarter import Rolled
from wattline_cost.energy.reads import reads_of
from wattline_cost.energy.shaping import shape
from wattline_cost.tariff.model import Direction

IN = Direction.IMPORT
# Of a few rows told by hand nobody could tell how many decimals the display has.
HABITS = Habits(dict.fromkeys(("consumption_counter_kwh", "energy_total_t1_kwh", "energy_total_t2_kwh"), 2))


def energies(rows: list[Rolled], begin: str = "", end: str = "") -> list[tuple[int, bool]]:
    """Watt-hours and whether they are estimated."""
    span = (at(begin), at(end)) if begin else None
    quarters = list(shape(rows, IN, ROME, span, HABITS))
    return [(round(quarter.energy_mwh / 1000), quarter.is_estimated) for quarter in quarters]


def test_a_gap_is_spread_over_the_time_that_was_not_read() -> None:
    """Three quarter-hours are missing. From 10:15 to 11:15 the counter gained 1.15 kWh, of which the 1 kW of the last
    quarter-hour explains 0.25: 0.90, or 0.30 for each of the three."""
    ten = at("2026-05-04 10:00")
    rows = [
        row(ten - QUARTER_S, 50.00, 0.0, 1000.0),
        row(ten, 50.25, 0.25, 1000.0),
        row(ten + 4 * QUARTER_S, 51.40, 1.15, 1000.0),
        row(ten + 5 * QUARTER_S, 51.65, 0.25, 1000.0),
    ]
    found = energies(rows, "2026-05-04 10:00", "2026-05-05 00:00")
    assert found == [(250, False), (300, True), (300, True), (300, True), (250, False), (250, False)]


def test_what_the_power_explains_is_left_where_it_was() -> None:
    """At 10:05 the reading stops, with 1.2 kW: 10 of its 15 minutes were not read, in which that makes 0.20 kWh. At 10:40
    it begins again, and at 10:45 the counter shows 0.90 kWh more, 0.15 of them by the 600 W of this quarter-hour. So
    0.55 are left for 10:15 to 10:30; and 0.10 + 0.20 for 10:00."""
    ten = at("2026-05-04 10:00")
    rows = [
        row(ten - QUARTER_S, 50.00, 0.0, 1200.0),
        row(ten, 50.10, 0.10, 1200.0, readings=300),
        row(ten + 2 * QUARTER_S, 51.00, 0.90, 600.0, readings=300),
        row(ten + 3 * QUARTER_S, 51.15, 0.15, 600.0),
    ]
    found = energies(rows, "2026-05-04 10:00", "2026-05-05 00:00")
    assert found == [(300, False), (550, True), (150, False), (150, False)]


def test_a_gap_has_nothing_where_the_power_explains_it_all() -> None:
    """0.40 kWh in three quarter-hours of which the last one says 2 kW, which is 0.50: it was not 2 kW all the time."""
    ten = at("2026-05-04 10:00")
    rows = [
        row(ten - QUARTER_S, 50.00, 0.0, 400.0),
        row(ten + 2 * QUARTER_S, 50.40, 0.40, 2000.0, readings=100),
        row(ten + 3 * QUARTER_S, 50.50, 0.10, 400.0),
    ]
    found = energies(rows, "2026-05-04 10:00", "2026-05-05 00:00")
    assert [energy for energy, _ in found][:2] == [0, 0]
    assert sum(energy for energy, _ in found) == 500


@pytest.mark.parametrize(
    ("readings", "goes_on", "is_whole"),
    [
        # Before a gap it was read to its end if no more than one in twenty is missing: 45 of 900.
        (855, False, True),
        (854, False, False),
        # Where the reading goes on at once, if no more than half is.
        (450, True, True),
        (449, True, False),
    ],
)
def test_what_is_cut_off_and_what_lost_some_readings(readings: int, goes_on: bool, is_whole: bool) -> None:
    """Of a day whose quarter-hours have 900 as a rule; one that has more, as after another interval, is no rule."""
    ten = at("2026-05-04 10:00")
    before = [row(ten - n * QUARTER_S, 50.00 - n / 4, 0.25, readings=1800 if n == 4 else 900) for n in (4, 3, 2, 1)]
    after = ten + (QUARTER_S if goes_on else 4 * QUARTER_S)
    rows = [
        *before,
        row(ten, 50.25, 0.25, readings=readings),
        row(after, 51.25, 1.0),
        row(after + QUARTER_S, 51.5, 0.25),
    ]
    read = next(each for each in reads_of(rows, IN, ROME, HABITS) if each.start_s == ten)
    assert read.is_whole is is_whole


def test_a_gap_across_midnight_is_of_both_days() -> None:
    """From 23:00 to 02:00 twelve quarter-hours pass, eleven of them not read. The last one has 500 W, 0.125 kWh; 1.00 kWh
    was metered, so 0.875 is left, 79.545 Wh for each of the eleven. At midnight four of them are over: 0.318 kWh, of which a
    display with two decimals shows 0.31. So the day before has 0.31 of it and the day after 0.69.
    """
    eleven = at("2026-05-04 23:00")
    rows = [
        row(eleven - 2 * QUARTER_S, 99.90, 0.0, 400.0),
        row(eleven - QUARTER_S, 100.00, 0.10, 400.0),
        row(eleven + 11 * QUARTER_S, 101.00, 1.00, 500.0),
        row(eleven + 12 * QUARTER_S, 101.13, 0.13, 500.0),
    ]
    before = list(shape(rows, IN, ROME, (eleven - QUARTER_S, at("2026-05-05 00:00")), HABITS))
    after = list(shape(rows, IN, ROME, (at("2026-05-05 00:00"), eleven + 12 * QUARTER_S), HABITS))
    # 0.10 before eleven and 0.31 after it.
    assert sum(quarter.energy_mwh for quarter in before) == 410_000
    assert before.pop(0).energy_mwh == pytest.approx(100_000, abs=10_000)
    # At 02:15 the display shows 101.00, and there may be as much as a digit more.
    assert 690_000 <= sum(quarter.energy_mwh for quarter in after) < 700_000
    assert [quarter.is_estimated for quarter in [*before, *after]] == [True] * 11 + [False]
    # About 77.5 Wh each before midnight; after it nearly 80, as if nothing were there.
    assert all(75_000 <= quarter.energy_mwh <= 79_000 for quarter in before)
    assert all(79_000 <= quarter.energy_mwh <= 82_000 for quarter in after[:-1])


def test_a_day_that_was_not_read_to_its_end_ends_with_its_rest() -> None:
    """At 23:50 the reading stops with 1.2 kW, of which 10 minutes are 0.20 kWh; at 00:15 the counter has gained 0.50, of
    which 0.30 by the 1.2 kW of the quarter-hour after midnight. So midnight was at 0.20."""
    last = at("2026-05-04 23:45")
    rows = [
        row(last - QUARTER_S, 70.00, 0.30, 1200.0),
        row(last, 70.10, 0.10, 1200.0, readings=300),
        row(last + QUARTER_S, 70.60, 0.50, 1200.0),
        row(last + 2 * QUARTER_S, 70.90, 0.30, 1200.0),
    ]
    assert energies(rows, "2026-05-04 23:45", "2026-05-05 00:15") == [(300, False), (300, False)]


def test_without_power_the_quarter_hour_after_a_gap_is_one_of_them() -> None:
    """1.00 kWh in four quarter-hours of which three were not read: a quarter each."""
    ten = at("2026-05-04 10:00")
    rows = [row(ten - QUARTER_S, 5.00, 0.0), row(ten + 3 * QUARTER_S, 6.00, 1.0), row(ten + 4 * QUARTER_S, 6.10, 0.1)]
    found = energies(rows, "2026-05-04 10:00", "2026-05-05 00:00")
    assert found == [(250, True), (250, True), (250, True), (250, False), (100, False)]


@pytest.mark.timeout(60)  # a third of a million quarter-hours
def test_a_gap_of_ten_years_is_no_matter() -> None:
    """3653 days, and what the counter shows at their end: nothing is kept in memory but one day."""
    begin, end = at("2016-05-04 10:00"), at("2026-05-04 10:00")
    rows = [row(begin, 100.00, 0.0, 100.0), row(end, 17_632.00, 17_532.00, 100.0)]
    first = at("2026-05-03 00:00")
    last_days = list(shape(rows, IN, ROME, (first, end), HABITS))
    # 17532 kWh in 350 640 quarter-hours is 50 Wh each, and a day has 96.
    assert sum(quarter.energy_mwh for quarter in last_days[:96]) == pytest.approx(4_800_000, abs=20_000)
    count = total = 0
    for quarter in shape(rows, IN, ROME, habits=HABITS):
        count += 1
        total += quarter.energy_mwh
    assert count == (end - begin) // QUARTER_S + 1
    assert total == 17_532_000_000


def test_registers_of_a_gap_share_it_as_they_moved() -> None:
    """In a night and a day register 1 gained 3 kWh and register 2 gained 1: nobody knows when, so each quarter-hour has
    three quarters of the one."""
    ten = at("2026-05-04 10:00")
    rows = [
        row(ten - QUARTER_S, 500.00, 0.0, 100.0, registers={1: 300.00, 2: 200.00}),
        row(ten + 96 * QUARTER_S, 504.00, 4.00, 100.0, registers={1: 303.00, 2: 201.00}),
    ]
    quarters = list(shape(rows, IN, ROME, habits=HABITS))[1:]
    assert sum(quarter.energy_mwh for quarter in quarters) == 4_000_000
    for quarter in quarters:
        assert quarter.registers_mwh[1] == pytest.approx(quarter.energy_mwh * 3 / 4, abs=2)
        assert sum(quarter.registers_mwh.values()) == quarter.energy_mwh


def test_a_gap_in_which_the_clocks_change_is_spread_by_time() -> None:
    """From 23:00 to 09:00 by the clock are nine hours on 2026-03-29: 36 quarter-hours, 35 of them not read, and 3.60 kWh."""
    before, after = at("2026-03-28 22:45"), at("2026-03-29 08:45")
    assert after - before == 36 * QUARTER_S
    rows = [row(before, 10.00, 0.1, 400.0), row(after, 13.60, 3.60, 400.0), row(after + QUARTER_S, 13.70, 0.1, 400.0)]
    found = energies(rows, "2026-03-28 23:00", "2026-03-29 09:00")
    assert found == [(100, True)] * 35 + [(100, False)]
