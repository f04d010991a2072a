"""Rows of the bucket become quarter-hours of energy: how much by the counter, when by the power. Gaps are in ``test_gaps.py``, registers in
``test_tariff_registers.py``.

| fault                                                          | test                                                   |
|----------------------------------------------------------------|--------------------------------------------------------|
| a day is not what the display gained                           | test_a_day_is_the_display_at_its_end_less_that_at_its_begin |
| a month is not the sum of what its days' displays gained       | test_the_quarter_hours_add_up_to_what_the_counter_gained |
| energy strays from the counter by more than its last digit     | test_no_quarter_hour_strays_from_the_counter           |
| a quiet load comes in steps of the counter                     | test_a_quiet_load_is_shaped_by_its_power               |
| a wrong factor of the power spoils the energy                  | test_the_counter_says_how_much_whatever_the_power_says |
| the digits that the display does not show spoil every quarter-hour | test_what_the_display_does_not_show_costs_no_quarter_hour_its_shape |
| without power nothing is counted, or a quarter-hour is below 0 | test_without_power_the_counter_alone_counts            |
| the binary grain leaks into the energy                         | test_what_is_stored_goes_back_to_the_display           |
| a counter that began anew makes a hole, or a huge step         | test_a_counter_that_began_anew_counts_what_it_shows    |
| another meter's counter is taken for energy                    | test_another_meter_costs_nothing                       |
| a lie that the rollups refused is billed                       | test_a_lie_that_was_refused_counts_for_nothing         |
| a day has 96 quarter-hours whatever the clocks do              | test_days_have_as_many_quarter_hours_as_the_clocks_allow |
| what one day has depends on the days that are asked with it    | test_days_one_by_one_are_the_month                     |
| a counter that goes back by a digit takes energy back          | test_a_counter_that_flickers_by_a_digit_gives_nothing_back |
| the order of rows, or a row that comes twice, changes anything | test_neither_order_nor_repetition_counts               |
| export is taken for import                                     | test_each_direction_has_its_own_counter                |
| another interval of reading is taken for a gap                 | test_another_interval_is_no_gap                        |
| a line that loses readings, or another interval, moves midnight | test_midnight_is_what_was_shown_whatever_is_lost       |
| the quarter-hour that is under way has what nobody counted yet | test_a_day_under_way_ends_with_what_the_counter_shows  |
"""

import random
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost import metered
from cost.metered import BEIRUT, QUARTER_S, ROME, SANTIAGO, Meter, at, row
from wattline_cost.energy.display import Habits, decimals_of, learn
from wattline_cost.energy.quarter import Quarter, Rolled
from wattline_cost.energy.shaping import shape
from wattline_cost.local_days import day_of
from wattline_cost.tariff.model import Direction

IN, OUT = Direction.IMPORT, Direction.EXPORT
MIDNIGHT = at("2026-05-04 00:00")


def total(quarters: list[Quarter]) -> int:
    return sum(quarter.energy_mwh for quarter in quarters)


def test_a_day_is_the_display_at_its_end_less_that_at_its_begin() -> None:
    """At midnight 100.00 was shown, at the next 102.40: 2.40 kWh, in 96 steps of 0.025 of which 0.02 and 0.03 are seen."""
    rows = [row(MIDNIGHT - QUARTER_S, 100.00, 0.0, 100.0)]
    rows += [row(MIDNIGHT + n * QUARTER_S, round(100 + (n + 1) * 0.025 - 0.0001, 2), 0.025, 100.0) for n in range(95)]
    rows += [row(MIDNIGHT + 95 * QUARTER_S, 102.40, 0.03, 100.0)]
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert len(quarters) == 96
    assert total(quarters) == 2_400_000
    # The power was the same all day, so each has a 96th: 25 Wh.
    assert {quarter.energy_mwh for quarter in quarters} == {25_000}


def test_a_quiet_load_is_shaped_by_its_power() -> None:
    """40 W by night and 1000 W in the last hour: 23 h x 40 Wh = 0.92 and 1.00, 1.92 kWh, in steps of 0.01."""
    rows = list(Meter(counter_mwh=100_000_000).rows(MIDNIGHT - QUARTER_S, [0.0] + [40.0] * 92 + [1000.0] * 4))
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert [quarter.energy_mwh for quarter in quarters] == [10_000] * 92 + [250_000] * 4


def test_what_the_display_does_not_show_costs_no_quarter_hour_its_shape() -> None:
    """At midnight the counter was at 7.9 Wh beyond its last digit, of ten: each of the 95 quarter-hours after the first is
    its power all the same, up to the hundredth of a step that is spread over the day."""
    dice = random.Random(7)
    powers = [float(dice.randrange(100, 900)) for _ in range(97)]
    rows = list(Meter(counter_mwh=100_007_900 - round(powers[0] * 250)).rows(MIDNIGHT - QUARTER_S, powers))
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert [quarter.energy_mwh for quarter in quarters] == pytest.approx([power * 250 for power in powers[1:]], abs=400)


def test_the_counter_says_how_much_whatever_the_power_says() -> None:
    """The power is said 20 % too low: a quarter-hour of 1 kW is 0.25 kWh all the same."""
    rows = [replace(each, power_w=800.0) for each in Meter().rows(MIDNIGHT - QUARTER_S, [1000.0] * 97)]
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert total(quarters) == 24_000_000
    assert {quarter.energy_mwh for quarter in quarters} == {250_000}


def test_without_power_the_counter_alone_counts() -> None:
    """Steps of 0.01, 0, 0.02, 0 kWh are what there is."""
    shown = [5.00, 5.01, 5.01, 5.03, 5.03]
    rows = [row(MIDNIGHT + (n - 1) * QUARTER_S, kwh, 0.0) for n, kwh in enumerate(shown)]
    rows = [replace(each, gained_kwh={}) for each in rows]
    quarters = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert [quarter.energy_mwh for quarter in quarters] == [10_000, 0, 20_000, 0]


@pytest.mark.parametrize(("decimals", "shown"), [(0, 231), (1, 231.4), (2, 231.42), (3, 231.423)])
def test_what_is_stored_goes_back_to_the_display(decimals: int, shown: float) -> None:
    """231.42 is stored as 231.421875, the nearest 128th."""
    meter = Meter(decimals=decimals)
    units = round(shown * 10**decimals)
    stored = [meter.shown((units + more) * 10 ** (6 - decimals)) for more in range(30)]
    assert decimals_of(stored) == decimals
    habits = Habits({"a": decimals})
    assert habits.shown_mwh("a", stored[0]) == round(shown * 1_000_000)


def test_decimals_that_were_known_are_not_lost_by_a_quiet_day() -> None:
    """515.8125 is 515.8 and 515.81 alike."""
    known = Habits({"consumption_counter_kwh": 2})
    assert learn([row(0, 515.8125, 0.0)]).decimals["consumption_counter_kwh"] == 1
    assert learn([row(0, 515.8125, 0.0)], known).decimals["consumption_counter_kwh"] == 2


def test_decimals_that_another_program_wrote_are_known_too() -> None:
    """0.3 lies on no binary grain."""
    assert decimals_of([0.3, 0.31, 12.5]) == 2


def test_the_sum_of_registers_has_their_decimals() -> None:
    """A meter with registers alone: 12.34 is stored as 1580/128 and 7.89 as 1010/128, and what the rollups make of them,
    2590/128 = 20.234375, is no number of two decimals on the grain (20.23 is 2589/128)."""
    shown = Meter().shown(12_340_000), Meter().shown(7_890_000)
    assert [value * 128 for value in shown] == [1580, 1010]
    counters = {"energy_total_t1_kwh": shown[0], "energy_total_t2_kwh": shown[1], "consumption_counter_kwh": sum(shown)}
    habits = learn([Rolled(0, 900, 100.0, counters)])
    assert habits.shown_mwh("consumption_counter_kwh", sum(shown)) == 20_230_000


def steps(*rows: Rolled) -> list[int]:
    return [quarter.energy_mwh for quarter in shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400))]


def test_a_counter_that_began_anew_counts_what_it_shows() -> None:
    """500.00, 500.10, then 0.05 and 0.15 after a reset: 0.10, 0.05 as the rollups say, 0.10."""
    before = row(MIDNIGHT - QUARTER_S, 500.00, 0.1)
    rest = [(500.10, 0.10), (0.05, 0.05), (0.15, 0.10)]
    rows = [row(MIDNIGHT + n * QUARTER_S, kwh, gained) for n, (kwh, gained) in enumerate(rest)]
    assert steps(before, *rows) == [100_000, 50_000, 100_000]


def test_another_meter_costs_nothing() -> None:
    """A meter that stands at 4711 takes the place of one at 500: it counts from there on."""
    before = row(MIDNIGHT - QUARTER_S, 500.00, 0.1)
    rest = [(500.10, 0.10), (4711.00, 0.0), (4711.25, 0.25)]
    rows = [row(MIDNIGHT + n * QUARTER_S, kwh, gained) for n, (kwh, gained) in enumerate(rest)]
    assert steps(before, *rows) == [100_000, 0, 250_000]


def test_a_lie_that_was_refused_counts_for_nothing() -> None:
    """The rollups keep the level before a lie; one that they kept and that went on rising is not believed either."""
    before = row(MIDNIGHT - QUARTER_S, 500.00, 0.1)
    rest = [(500.10, 0.10), (999.99, 0.0), (500.20, 0.0), (500.30, 0.10)]
    rows = [row(MIDNIGHT + n * QUARTER_S, kwh, gained) for n, (kwh, gained) in enumerate(rest)]
    assert steps(before, *rows) == [100_000, 0, 0, 100_000]


def test_a_counter_that_flickers_by_a_digit_gives_nothing_back() -> None:
    before = row(MIDNIGHT - QUARTER_S, 500.00, 0.1)
    rest = [(500.10, 0.10), (500.09, 0.0), (500.09, 0.0), (500.19, 0.10)]
    rows = [row(MIDNIGHT + n * QUARTER_S, kwh, gained) for n, (kwh, gained) in enumerate(rest)]
    assert steps(before, *rows) == [100_000, 0, 0, 100_000]


@pytest.mark.parametrize(
    ("zone", "day", "after", "quarters"),
    [
        (ROME, "2026-03-29", "2026-03-30", 92),
        (ROME, "2026-10-25", "2026-10-26", 100),
        (ROME, "2028-02-29", "2028-03-01", 96),
        # Clocks go from 24:00 to 01:00: the day begins at one.
        (SANTIAGO, "2026-09-06", "2026-09-07", 92),
        # From 24:00 back to 23:00: that hour comes twice, and belongs to the day that ends.
        (SANTIAGO, "2026-04-04", "2026-04-05", 100),
        (BEIRUT, "2026-03-29", "2026-03-30", 92),
        (BEIRUT, "2026-10-24", "2026-10-25", 100),
    ],
)
def test_days_have_as_many_quarter_hours_as_the_clocks_allow(
    zone: ZoneInfo, day: str, after: str, quarters: int
) -> None:
    """Each is a day by itself: its energy is what the display gained between its two midnights."""
    begin, end = at(f"{day} 00:00", zone), at(f"{after} 00:00", zone)
    assert end - begin == quarters * QUARTER_S
    rows = list(Meter().rows(begin - 8 * QUARTER_S, [50.0] * 8 + [333.3] * quarters + [70.0] * 8))
    found = list(shape(rows, IN, zone, (begin, end)))
    assert [quarter.start_s for quarter in found] == list(range(begin, end, QUARTER_S))
    shown = {each.start_s: round(each.counters_kwh["consumption_counter_kwh"], 2) for each in rows}
    assert total(found) == round((shown[end - QUARTER_S] - shown[begin - QUARTER_S]) * 1_000_000)


def test_each_direction_has_its_own_counter() -> None:
    """By day 400 W go out, by night 200 W come in; both counters stand where they are in the other half of the day."""
    rows = []
    for n in range(-1, 96):
        taken, given_ = max(0, min(n + 1, 48)) * 0.05, max(0, n + 1 - 48) * 0.1
        counters = {"consumption_counter_kwh": round(10 + taken, 2), "energy_export_kwh": round(20 + given_, 2)}
        rows.append(Rolled(MIDNIGHT + n * QUARTER_S, 900, 200.0 if n < 48 else -400.0, counters))
    taken = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    out = list(shape(rows, OUT, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    assert [quarter.energy_mwh for quarter in taken] == [50_000] * 48 + [0] * 48
    assert [quarter.energy_mwh for quarter in out] == [0] * 48 + [100_000] * 48


def test_a_meter_without_the_counter_has_no_energy() -> None:
    rows = list(Meter().rows(MIDNIGHT, [100.0] * 4))
    assert list(shape(rows, OUT, ROME)) == []
    assert list(shape([], IN, ROME)) == []


def test_another_interval_is_no_gap() -> None:
    """For most of the month the meter is read each second, on the last day each ten: its midnight is the display's all the same."""
    meter = Meter()
    rows = list(meter.rows(MIDNIGHT - 30 * 86400, [123.0] * 96 * 29))
    meter.readings = 90
    rows += meter.rows(MIDNIGHT - 86400, [123.0] * 96 * 2 + [3000.0] * 96)
    rows[-96:-95] = [replace(rows[-96], readings=89)]
    last = list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
    shown = {each.start_s: round(each.counters_kwh["consumption_counter_kwh"] * 100) for each in rows}
    gained = shown[MIDNIGHT + 86400 - QUARTER_S] - shown[MIDNIGHT - QUARTER_S]
    assert total(last) == gained * 10_000


@pytest.mark.parametrize(
    ("counts", "length"),
    [([900, 800], 1), ([900, 800], 30), ([225, 900], 7), ([900, 225], 30), ([112, 450], 13), ([90, 150, 110, 100], 1)],
)
def test_midnight_is_what_was_shown_whatever_is_lost(counts: list[int], length: int) -> None:
    """As many readings for ``length`` quarter-hours, then the next number; and the reading goes on behind midnight."""
    rows = list(Meter().rows(MIDNIGHT - 96 * QUARTER_S, [333.0 + number % 50 for number in range(97 + 96)]))
    for phase in range(len(counts) * length):
        readings = [counts[(number + phase) // length % len(counts)] for number in range(len(rows))]
        other = [replace(each, readings=count) for each, count in zip(rows, readings, strict=True)]
        shown = {each.start_s: round(each.counters_kwh["consumption_counter_kwh"] * 100) for each in rows}
        day = list(shape(other, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))
        assert total(day) == (shown[MIDNIGHT + 86400 - QUARTER_S] - shown[MIDNIGHT - QUARTER_S]) * 10_000


def test_a_day_under_way_ends_with_what_the_counter_shows() -> None:
    """The last row has 300 of 900 readings and 0.08 kWh: more is not counted yet, whatever its power."""
    rows = [row(MIDNIGHT + (n - 1) * QUARTER_S, 7 + n * 0.25, 0.25, 1000.0) for n in range(4)]
    rows.append(row(MIDNIGHT + 3 * QUARTER_S, 7.83, 0.08, 1000.0, readings=300))
    assert total(list(shape(rows, IN, ROME, (MIDNIGHT, MIDNIGHT + 86400)))) == 830_000


@metered.FEWER
@given(metered.months())
def test_the_quarter_hours_add_up_to_what_the_counter_gained(house: tuple[list[Rolled], ZoneInfo]) -> None:
    rows, zone = house
    quarters = list(shape(rows, IN, zone))
    habits = learn(rows)
    name = "consumption_counter_kwh"
    first, last = (habits.shown_mwh(name, each.counters_kwh[name]) for each in (rows[0], rows[-1]))
    assert total(quarters) == last - first
    assert min(quarter.energy_mwh for quarter in quarters) >= 0
    starts = [quarter.start_s for quarter in quarters]
    assert starts == list(range(rows[0].start_s, rows[-1].start_s + 1, QUARTER_S))


@metered.FEWER
@given(metered.months())
def test_no_quarter_hour_strays_from_the_counter(house: tuple[list[Rolled], ZoneInfo]) -> None:
    """At the end of a quarter-hour that was read to its end the sum is what was shown, up to one digit of the display."""
    rows, zone = house
    habits = learn(rows)
    name = "consumption_counter_kwh"
    first = habits.shown_mwh(name, rows[0].counters_kwh[name])
    shown = {each.start_s: habits.shown_mwh(name, each.counters_kwh[name]) for each in rows if each.readings >= 880}
    gained = 0
    for quarter in shape(rows, IN, zone, habits=habits):
        gained += quarter.energy_mwh
        if quarter.start_s in shown:
            assert abs(gained - (shown[quarter.start_s] - first)) <= habits.unit_mwh(name)


@metered.FEWER
@given(metered.months(), st.randoms())
def test_days_one_by_one_are_the_month(house: tuple[list[Rolled], ZoneInfo], dice: random.Random) -> None:
    """Or some at a time, whichever go together: a day needs its own rows, those of the last day before it that was read and the first one after it."""
    rows, zone = house
    habits = learn(rows)
    whole = list(shape(rows, IN, zone, habits=habits))
    by_day: list[Quarter] = []
    begin = at("2026-03-20 00:00", zone)
    days = [at(f"2026-{month:02}-{day:02} 00:00", zone) for month in range(3, 12) for day in range(1, 31)]
    days = [begin, *sorted(day for day in days if rows[0].start_s - 86400 * 2 < day < rows[-1].start_s + 86400 * 2)]
    together = [days[0], *(day for day in days[1:-1] if dice.random() < 0.7), days[-1]]
    for start_s, stop_s in pairwise(together):
        before = [each for each in rows if each.start_s < start_s]
        before = [each for each in before if day_of(each.start_s, zone) == day_of(before[-1].start_s, zone)]
        after = [each for each in rows if each.start_s >= stop_s][:1]
        own = [each for each in rows if start_s <= each.start_s < stop_s]
        by_day += shape([*before, *own, *after], IN, zone, (start_s, stop_s), habits)
    assert by_day == whole


@metered.FEWER
@given(metered.months(), st.randoms())
def test_neither_order_nor_repetition_counts(house: tuple[list[Rolled], ZoneInfo], dice: random.Random) -> None:
    rows, zone = house
    shuffled = [*rows, *rows[::3]]
    dice.shuffle(shuffled)
    assert list(shape(shuffled, IN, zone, habits=learn(rows))) == list(shape(rows, IN, zone, habits=learn(rows)))
