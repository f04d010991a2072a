"""The simulated house is a plausible one, and the same one each time.

What could be wrong with it:

| fault                                              | test                                                |
|----------------------------------------------------|-----------------------------------------------------|
| two runs differ                                    | test_equal_seeds_give_equal_houses                  |
| every seed gives the same house                    | test_another_seed_gives_another_house               |
| a day that no household has                        | test_a_day_takes_5_to_20_kwh                        |
| no life in it                                      | test_the_evening_takes_most, test_the_fridge_cycles |
| P, V, I and PF contradict each other               | test_power_is_voltage_times_current_times_factor    |
| a voltage that no load moves, or a mains off 50 Hz | test_the_voltage_sags..., test_the_mains_stay...    |
| a run that is cut off at midnight                  | test_every_run_ends_on_its_day                      |
| counters that jump, stop or run back               | test_energy_integrates_the_power and below it       |
"""

from dataclasses import asdict
from itertools import pairwise
from math import hypot

import pytest

from wattline.simulate import house
from wattline.simulate.electricity import LOADS, electricity
from wattline.simulate.energy import OF_TWO, Energy, tariff_of
from wattline.simulate.image import SimulatedMeter
from wattline.words import parse_meters

DAY = 20_782
START_S = DAY * house.DAY_S
SEEDS = range(1, 9)


def powers(seed: int, start_s: int, seconds: int, step_s: int, share: int = 0) -> list[float]:
    return [electricity("house", seed, start_s + s, share).power_w for s in range(0, seconds, step_s)]


def metered(load: str, at_s: float, seed: int = 1) -> SimulatedMeter:
    (meter,) = parse_meters(["house=orno-we515@1"])
    return SimulatedMeter(meter, load, seed, 0, at_s)


@pytest.mark.parametrize("load", LOADS)
def test_equal_seeds_give_equal_houses(load):
    seconds = range(START_S, START_S + house.DAY_S, 977)

    assert [electricity(load, 7, s) for s in seconds] == [electricity(load, 7, s) for s in seconds]


def test_the_house_of_seed_1_is_the_same_on_every_machine():
    """Frozen numbers: hashing, floats and tables must not drift between versions of Python."""
    noon = electricity("house", 1, START_S + 12 * 3600)

    assert (round(noon.power_w, 3), round(noon.voltage_v, 3), round(noon.frequency_hz, 4)) == (98.174, 234.594, 50.0105)


def test_another_seed_gives_another_house():
    days = {tuple(round(w) for w in powers(seed, START_S, house.DAY_S, 1800)) for seed in SEEDS}

    assert len(days) == len(SEEDS)


def test_another_day_is_another_day():
    assert house.runs_of(1, DAY) != house.runs_of(1, DAY + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_takes_5_to_20_kwh(seed):
    for day in range(DAY, DAY + 4):
        drawn = powers(seed, day * house.DAY_S, house.DAY_S, 120)

        assert 5 <= sum(drawn) * 120 / 3.6e6 <= 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_evening_takes_most(seed):
    hours = [sum(powers(seed, START_S + h * 3600, 3600, 60)) / 60 for h in range(24)]

    assert max(range(24), key=hours.__getitem__) in range(17, 23)
    assert sum(hours[17:23]) / 6 > 2 * sum(hours[0:6]) / 6


@pytest.mark.parametrize("seed", [1, 2])
def test_the_fridge_cycles(seed):
    """Between midnight and six it starts every 40 to 55 minutes, draws more for its first seconds, and rests longer than it runs."""
    night = [house.power_w(seed, START_S + s)["fridge"] for s in range(6 * 3600)]
    starts = [s for s, (before, after) in enumerate(pairwise(night)) if before == 0 and after > 0]

    assert 6 <= len(starts) <= 9
    assert all(2400 <= b - a <= 3300 for a, b in pairwise(starts))
    assert all(night[s + 1] > 300 and 80 < night[s + 5] < 90 for s in starts)
    assert 0.28 < sum(w > 0 for w in night) / len(night) < 0.42


def test_kettle_oven_and_washing_machine_are_all_used_in_a_week():
    used = {run.appliance for day in range(DAY, DAY + 7) for run in house.runs_of(1, day)}

    assert used == {"kettle", "oven", "washing machine"}


def test_a_kettle_draws_two_kilowatts_while_it_boils_and_nothing_afterwards():
    kettle = next(run for run in house.runs_of(1, DAY) if run.appliance == "kettle")
    boiling = house.power_w(1, START_S + int(kettle.start_s) + 30)
    afterwards = house.power_w(1, START_S + int(kettle.end_s) + 1)

    assert 1980 < boiling["kettle"] < 2220
    assert "kettle" not in afterwards


def test_every_run_ends_on_its_day():
    for seed in SEEDS:
        for day in range(DAY, DAY + 100):
            assert all(0 < run.start_s < run.end_s < house.DAY_S for run in house.runs_of(seed, day))


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("share", [0, 1, 2, 3])
def test_power_is_voltage_times_current_times_factor(load, share):
    for second in range(START_S, START_S + house.DAY_S, 997):
        e = electricity(load, 3, second, share)

        assert e.power_w == pytest.approx(e.voltage_v * e.current_a * e.power_factor, abs=1e-6)
        assert e.apparent_power_va == pytest.approx(hypot(e.power_w, e.reactive_power_var))
        assert e.current_a >= 0
        assert (-1 if load == "solar" else 0) <= e.power_factor <= 1


def test_the_voltage_sags_with_the_load():
    kettle = next(run for run in house.runs_of(1, DAY) if run.appliance == "kettle")
    before, during = (electricity("house", 1, START_S + int(kettle.start_s) + s) for s in (-3, 3))

    assert 2 < before.voltage_v - during.voltage_v < 3.5


def test_the_voltage_stays_in_the_band_that_the_mains_may_have():
    volts = [
        electricity("house", seed, s).voltage_v for seed in SEEDS for s in range(START_S, START_S + house.DAY_S, 300)
    ]

    assert 207 < min(volts) < max(volts) < 253


def test_the_mains_stay_near_50_hertz_and_move():
    hertz = [electricity("house", 1, START_S + s).frequency_hz for s in range(3600)]

    assert 49.95 < min(hertz) < 50 < max(hertz) < 50.05
    assert max(abs(a - b) for a, b in pairwise(hertz)) < 0.02


def test_the_second_and_the_third_meter_share_the_house():
    whole, kitchen, rest = (powers(1, START_S, house.DAY_S, 600, share) for share in (0, 1, 2))

    assert [round(a + b, 6) for a, b in zip(kitchen, rest, strict=True)] == [round(w, 6) for w in whole]
    assert kitchen != rest
    assert all(w > 0 for w in rest)


def test_all_meters_of_a_house_see_its_mains():
    whole, kitchen = (electricity("house", 1, START_S + 70_000, share) for share in (0, 1))

    assert (whole.voltage_v, whole.frequency_hz) == (kitchen.voltage_v, kitchen.frequency_hz)


def test_fixed_never_moves():
    assert len({tuple(asdict(electricity("fixed", seed, s)).values()) for seed in SEEDS for s in range(100)}) == 1


def test_ramp_climbs_50_watts_a_second_and_begins_anew():
    ramp = [electricity("ramp", 1, s).power_w for s in range(200)]

    assert ramp[:3] == [0, 50, 100]
    assert ramp[99:101] == [4950, 0]
    assert ramp[:100] == ramp[100:]


def test_random_jumps_within_its_bounds():
    watts = [electricity("random", 1, s).power_w for s in range(1000)]

    assert 20 <= min(watts) < 200
    assert 6800 < max(watts) <= 7000


@pytest.mark.parametrize(("hour", "tariff"), [(0, 3), (6.99, 3), (7, 2), (12, 2), (21.99, 2), (22, 3), (23.99, 3)])
def test_the_tariff_of_the_hour_is_that_of_the_factory_tables(hour, tariff):
    second = START_S + int(hour * 3600)
    assert tariff_of(second) == tariff
    assert tariff_of(second, OF_TWO) == tariff - 1


def test_energy_integrates_the_power():
    """Two hours in uneven steps grow by what the sum over their seconds says, to the counter's last digit."""
    meter = metered("house", START_S)
    before = meter.values(START_S)
    at_s = START_S + 0.25
    while at_s < START_S + 7200:
        meter.values(at_s)
        at_s += 733.7
    after = meter.values(START_S + 7200)
    states = [electricity("house", 1, START_S + s) for s in range(7200)]

    grown = after["energy_total_kwh"] - before["energy_total_kwh"]
    grown_kvarh = after["reactive_energy_total_kvarh"] - before["reactive_energy_total_kvarh"]
    assert grown == pytest.approx(sum(e.power_w for e in states) / 3.6e6, abs=0.011)
    assert grown_kvarh == pytest.approx(sum(e.reactive_power_var for e in states) / 3.6e6, abs=0.011)


@pytest.mark.parametrize("hour", [6.5, 21.5])
def test_energy_is_monotone_and_always_the_sum_of_its_tariffs(hour):
    """Across each change of tariff of a day, on the display's hundredths."""
    start_s = START_S + int(hour * 3600)
    meter = metered("random", start_s)
    before = None
    for at_s in range(start_s, start_s + 3600, 60):
        values = meter.values(at_s)
        for stem, unit in (("energy_total", "kwh"), ("reactive_energy_total", "kvarh")):
            tariffs = [round(100 * values[f"{stem}_t{n}_{unit}"]) for n in (1, 2, 3, 4)]
            assert round(100 * values[f"{stem}_{unit}"]) == sum(tariffs)
        counters = {field: value for field, value in values.items() if "energy" in field}
        assert before is None or all(counters[field] >= before[field] for field in counters)
        before = counters


def test_only_the_tariff_of_the_hour_grows():
    meter = metered("fixed", START_S + 6 * 3600)
    at_6, at_7, at_8 = (meter.values(START_S + hour * 3600) for hour in (6, 7, 8))

    grown = {
        n: (
            at_7[f"energy_total_t{n}_kwh"] - at_6[f"energy_total_t{n}_kwh"],
            at_8[f"energy_total_t{n}_kwh"] - at_7[f"energy_total_t{n}_kwh"],
        )
        for n in (1, 2, 3, 4)
    }
    assert grown[1] == grown[4] == (0, 0)
    assert grown[3] == (pytest.approx(1.0), 0)
    assert grown[2] == (0, pytest.approx(1.0))


@pytest.mark.parametrize("seed", SEEDS)
def test_counters_start_past_the_reach_of_one_register(seed):
    readings = Energy(seed, 0).readings()

    assert readings["energy_total_kwh"] > 655.36
    assert readings["reactive_energy_total_kvarh"] > 655.36


def test_power_given_to_the_grid_is_not_counted():
    meter = metered("fixed", START_S)
    before = meter.values(START_S)["energy_total_kwh"]
    meter.set_values(START_S, {"power_w": -5000.0})

    assert meter.values(START_S + 3600)["energy_total_kwh"] == before


def test_a_set_power_is_counted_from_then_on_and_no_earlier():
    meter = metered("fixed", START_S)
    before = meter.values(START_S)["energy_total_kwh"]
    meter.set_values(START_S + 3600, {"power_w": 10_000.0})
    meter.release_values(START_S + 7200)

    assert meter.values(START_S + 10_800)["energy_total_kwh"] - before == pytest.approx(1 + 10 + 1)
