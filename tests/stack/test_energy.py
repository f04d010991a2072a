"""Energy from counters, against what really flowed. The rule: the difference of the meter's own counter, never an integral.

| fault | test |
|---|---|
| energy between two quarter-hours is lost, or counts twice | test_each_quarter_hour_has_what_its_counter_rose_by |
| the day is not what the counter rose by | test_a_day_is_what_the_counter_rose_by |
| energy over a gap is lost, or counts elsewhere | test_energy_over_a_gap_counts_where_the_counter_is_seen_again |
| a long gap has no reading before it in reach | test_a_gap_of_weeks_is_bridged |
| a reset counts against the day, or what came since is lost | test_a_counter_that_begins_anew_goes_on |
| one reading of zero, or one far too high, counts | test_one_bad_reading_counts_for_nothing |
| ... on the border of what `remake` does at once | test_the_last_reading_of_a_slice_is_judged_by_what_follows |
| ... the last before the end, or before a gap of days | test_a_fall_at_the_end_is_not_believed_yet, test_a_zero_before_a_long_gap_counts_for_nothing |
| ... believed while nothing followed it, the only one of its quarter-hour | test_a_bad_reading_that_was_believed_at_first_is_written_over |
| a bad spell of minutes counts | test_a_bad_spell_never_counts_for_energy_that_cannot_have_flowed |
| another meter's level counts as energy | test_a_meter_replaced_by_another_counts_on |
| a counter that moves in steps of several kWh counts nothing, or loses some of them | test_a_coarse_counter_counts_each_of_its_steps |
| ... and what cannot have flowed since it moved counts | test_a_step_counts_that_was_possible_since_the_counter_moved |
| import and total are mixed | test_the_import_is_the_consumption_where_there_is_one, test_an_import_that_is_missing_does_not_bring_the_total_in |
| a meter that counts its tariffs alone has no consumption, or one that falls | test_tariffs_alone_are_the_consumption, test_a_missing_tariff_makes_no_fall |
| tariffs are added to the total, or take its place | test_a_total_that_is_missing_does_not_bring_the_tariffs_in |
| a meter replaced by one with fewer counters has no consumption any more | test_a_meter_without_import_takes_over |
| power is integrated | test_power_makes_no_energy |
| many of these at once | test_whatever_happens_the_energy_is_that_which_flowed |
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from database import line

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

START = int(datetime(2026, 5, 12, 22, tzinfo=UTC).timestamp())
DAY_S, HOUR_S, QUARTER_S = 86_400, 3_600, 900
GRAIN = 1 / 128


def quarters(stack, field: str = "consumption_kwh", **tags: str) -> dict[int, float]:
    """Quarter-hours since START to the energy in them."""
    points = stack.points("energy_15m", **tags)
    return {(at - START) // QUARTER_S: point[field] for at, point in points.items() if field in point}


def write_counter(stack, readings: Mapping[int, float], field: str = "energy_total_kwh", **tags: str) -> None:
    """Write a counter's readings, by the second since START."""
    stack.write(line(START + second, {field: value}, **tags) for second, value in readings.items())


def rising(seconds: Iterable[int], begin: float = 1000.0, step: float = GRAIN) -> dict[int, float]:
    """A counter that rises by one step from reading to reading."""
    return {second: begin + n * step for n, second in enumerate(seconds)}


def test_each_quarter_hour_has_what_its_counter_rose_by(stack) -> None:
    """90 steps a quarter-hour; but the first begins with the last reading of its first minute, the sixth."""
    write_counter(stack, rising(range(0, HOUR_S, 10)))
    stack.roll_up(START, START + HOUR_S)
    assert quarters(stack) == {0: 84 * GRAIN, 1: 90 * GRAIN, 2: 90 * GRAIN, 3: 90 * GRAIN}


def test_a_day_is_what_the_counter_rose_by(stack) -> None:
    """From the last reading of one day to the last of the next, exactly."""
    dice = random.Random(5)
    readings, value = {}, 500.0
    for second in range(0, 3 * DAY_S, 30):
        value += dice.choice([0, 0, 1, 5]) * GRAIN
        readings[second] = value
    write_counter(stack, readings)
    stack.roll_up(START, START + 3 * DAY_S)
    last = [readings[day * DAY_S - 30] for day in (1, 2, 3)]
    days = stack.points("energy_1d")
    assert [days[at]["consumption_kwh"] for at in sorted(days)] == _steps([readings[30], *last])
    assert [days[at]["consumption_counter_kwh"] for at in sorted(days)] == last


def _steps(values: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(values)]


def test_energy_over_a_gap_counts_where_the_counter_is_seen_again(stack) -> None:
    write_counter(stack, {0: 10.0, 890: 10.5, 5 * QUARTER_S + 20: 14.0, 6 * QUARTER_S: 14.25})
    stack.roll_up(START, START + 2 * HOUR_S)
    assert quarters(stack) == {0: 0.5, 5: 3.5, 6: 0.25}


def test_a_gap_of_weeks_is_bridged(stack) -> None:
    """The reading before it is found however old it is, by the task as well."""
    seen = 40 * DAY_S
    write_counter(stack, {0: 10.0, 60: 10.5, seen: 90.5, seen + 60: 90.75})
    stack.roll_up(START, START + HOUR_S)
    stack.run_over("energy_1m", START + seen, START + seen + HOUR_S)
    stack.run_at("energy_15m", START + seen + HOUR_S)
    assert quarters(stack) == {0: 0.5, seen // QUARTER_S: 80.25}


@pytest.mark.parametrize("since_kwh", [0.0, 0.125])
def test_a_counter_that_begins_anew_goes_on(stack, since_kwh: float) -> None:
    """What it shows when it is seen again was metered since."""
    anew = {second + 60: value for second, value in rising(range(QUARTER_S, HOUR_S, 60), since_kwh).items()}
    write_counter(stack, {**rising(range(0, QUARTER_S, 60)), **anew})
    stack.roll_up(START, START + 2 * HOUR_S)
    found = quarters(stack)
    assert found[1] == since_kwh + 13 * GRAIN
    assert sum(found.values()) == 14 * GRAIN + since_kwh + 44 * GRAIN


@pytest.mark.parametrize("at", [0, 7, 14, 15, 29, 30])
@pytest.mark.parametrize("bad", [0.0, 655.36, 99_999.0])
def test_one_bad_reading_counts_for_nothing(stack, at: int, bad: float) -> None:
    """The last reading of a minute, of the first and the last minute of a quarter-hour too."""
    readings = rising(range(50, HOUR_S, 60))
    readings |= {at * 60 + 50: bad}
    write_counter(stack, readings)
    stack.roll_up(START, START + HOUR_S)
    found = quarters(stack)
    assert min(found.values()) >= 0
    # With nothing before it a false first reading looks like a level from which the counter fell, or another meter.
    assert sum(found.values()) == (58 if at == 0 else 59) * GRAIN


def test_the_last_reading_of_a_slice_is_judged_by_what_follows(stack) -> None:
    """Of a spike that could have flowed only the next reading tells that it is one."""
    write_counter(stack, rising(range(0, HOUR_S, 60)) | {QUARTER_S - 60: 1005.0})
    stack.run_over("energy_1m", START, START + HOUR_S)
    stack.run_over("energy_15m", START, START + QUARTER_S)
    stack.run_over("energy_15m", START + QUARTER_S, START + HOUR_S)
    assert quarters(stack) == {0: 13 * GRAIN, 1: 16 * GRAIN, 2: 15 * GRAIN, 3: 15 * GRAIN}


def test_a_fall_at_the_end_is_not_believed_yet(stack) -> None:
    readings = rising(range(0, HOUR_S, 60)) | {HOUR_S - 60: 0.0}
    write_counter(stack, readings)
    stack.roll_up(START, START + HOUR_S)
    assert sum(quarters(stack).values()) == 58 * GRAIN
    assert stack.points("energy_15m")[START + 3 * QUARTER_S]["consumption_counter_kwh"] == 1000 + 58 * GRAIN


def test_a_zero_before_a_long_gap_counts_for_nothing(stack) -> None:
    """A reading goes bad when the power fails, and then nothing is read for five days."""
    seen = 5 * DAY_S
    write_counter(stack, rising(range(0, HOUR_S, 60)) | {HOUR_S - 60: 0.0, seen: 1010.0, seen + 60: 1010.25})
    stack.run_over("energy_1m", START, START + seen + HOUR_S)
    for now in (HOUR_S, 30 * HOUR_S, 60 * HOUR_S, seen + HOUR_S):
        stack.run_at("energy_15m", START + now)
    found = quarters(stack)
    assert found[seen // QUARTER_S] == 1010.25 - (1000 + 58 * GRAIN)
    assert sum(found.values()) == 10.25


@pytest.mark.parametrize("too_much_kwh", [5.0, 20.0, 9000.0])
def test_a_bad_reading_that_was_believed_at_first_is_written_over(stack, too_much_kwh: float) -> None:
    """A meter that is read every ten minutes, and the task every five: nothing speaks against the reading at first."""
    readings = rising(range(0, 3 * HOUR_S, 600), step=0.25)
    readings[4800] += too_much_kwh

    for now in range(300, 4 * HOUR_S, 300):
        write_counter(stack, {second: value for second, value in readings.items() if now - 300 <= second < now})
        stack.run_over("energy_1m", START + now - 300, START + now)
        stack.run_at("energy_15m", START + now + 40)

    assert sum(quarters(stack).values()) == pytest.approx(0.25 * (len(readings) - 1))


@pytest.mark.parametrize(("level", "bad"), [(1000.0, 0.0), (1000.0, 99_999.0), (1000.0, 1010.0), (13.0, 0.0)])
def test_a_bad_spell_never_counts_for_energy_that_cannot_have_flowed(stack, level: float, bad: float) -> None:
    """Three minutes of it: what flowed in them may be missing, and no more."""
    readings = rising(range(0, HOUR_S, 60), level) | dict.fromkeys((1200, 1260, 1320), bad)
    write_counter(stack, readings)
    stack.roll_up(START, START + HOUR_S)
    assert 55 * GRAIN <= sum(quarters(stack).values()) <= 59 * GRAIN


@pytest.mark.parametrize(("level", "hours"), [(40.0, 1), (3200.0, 1), (3200.0, 6), (3200.0, 24)])
def test_a_meter_replaced_by_another_counts_on(stack, level: float, hours: int) -> None:
    """It stands at another level, lower or higher, after hours without any."""
    write_counter(stack, rising(range(0, HOUR_S, 60)))
    seen = (1 + hours) * HOUR_S
    write_counter(stack, rising(range(seen, seen + HOUR_S, 60), level))
    stack.roll_up(START, START + seen + HOUR_S)
    assert sum(quarters(stack).values()) == 2 * 59 * GRAIN


@pytest.mark.parametrize(("hours", "average_kw"), [(1, 60.0), (24, 19.0), (240, 19.0)])
def test_what_a_large_house_used_over_a_gap_counts(stack, hours: int, average_kw: float) -> None:
    seen = (1 + hours) * HOUR_S
    write_counter(stack, {0: 1000.0, HOUR_S: 1000.0, seen: 1000.0 + average_kw * hours})
    stack.roll_up(START, START + seen + HOUR_S)
    assert sum(quarters(stack).values()) == average_kw * hours


@pytest.mark.parametrize(
    ("step_kwh", "power_kw", "at_once"),
    [(1.0, 60.0, True), (3.0, 6.0, True), (3.0, 60.0, True), (3.0, 6.0, False), (10.0, 0.8, True), (10.0, 60.0, True)],
)
def test_a_coarse_counter_counts_each_of_its_steps(stack, step_kwh: float, power_kw: float, at_once: bool) -> None:
    """Through a day, at once or as the task runs; with one bad reading in each hour, a zero or one far too high."""
    dice = random.Random(7)
    flowed = {second: power_kw * second / HOUR_S for second in range(0, DAY_S, 60)}
    readings = {second: 5000 + step_kwh * (kwh // step_kwh) for second, kwh in flowed.items()}
    bad = {hour * HOUR_S + 60 * dice.randrange(5, 55): dice.choice((0.0, 9e4)) for hour in range(24)}
    write_counter(stack, readings | bad)
    stack.run_over("energy_1m", START, START + DAY_S)
    if at_once:
        stack.run_over("energy_15m", START, START + DAY_S)
    else:
        for now in range(QUARTER_S, DAY_S + 1, QUARTER_S):
            stack.run_at("energy_15m", START + now)
    found = quarters(stack)
    assert len(found) == 96
    assert sum(found.values()) == pytest.approx(readings[max(readings)] - readings[0], abs=0.001)
    assert min(found.values()) >= 0


@pytest.mark.parametrize(
    ("still_s", "step_kwh", "counted"),
    [(60, 10.0, False), (360, 10.0, True), (60, 3.0, True), (QUARTER_S, 10.0, True), (6 * HOUR_S, 30.0, False)],
)
def test_a_step_counts_that_was_possible_since_the_counter_moved(
    stack, still_s: int, step_kwh: float, counted: bool
) -> None:
    """With 100 kW; but no counter shows more than 10 kWh in a step, so a night of stillness is no licence."""
    moves = rising(range(0, 2 * HOUR_S, 60))
    level = moves[max(moves)]
    begin = max(moves) + 60 + still_s
    still = dict.fromkeys(range(max(moves) + 60, begin, 60), level)
    after = rising(range(begin, begin + HOUR_S, 60), level + step_kwh)
    write_counter(stack, moves | still | after)
    stack.roll_up(START, START + begin + HOUR_S)
    assert sum(quarters(stack).values()) == (119 + 59) * GRAIN + (step_kwh if counted else 0)


def test_the_import_is_the_consumption_where_there_is_one(stack) -> None:
    stack.write(
        line(START + n * 60, {"energy_import_kwh": 5 + n * GRAIN, "energy_export_kwh": 7 + 2 * n * GRAIN,
                              "energy_total_kwh": 12 + 3 * n * GRAIN})
        for n in range(60)
    )  # fmt: skip
    stack.roll_up(START, START + HOUR_S)
    assert sum(quarters(stack).values()) == 59 * GRAIN
    assert sum(quarters(stack, "export_kwh").values()) == 2 * 59 * GRAIN
    (day,) = stack.points("energy_1d").values()
    assert (day["consumption_kwh"], day["export_kwh"]) == (59 * GRAIN, 2 * 59 * GRAIN)


def test_an_import_that_is_missing_does_not_bring_the_total_in(stack) -> None:
    """For 50 minutes, through which the tasks run as they do."""
    for n in range(120):
        fields = {"energy_total_kwh": 5000 + 2 * n * GRAIN}
        if not 30 <= n < 80:
            fields |= {"energy_import_kwh": 5 + n * GRAIN}
        stack.write([line(START + n * 60, fields)])
    for now in range(300, 121 * 60, 300):
        stack.run_at("energy_1m", START + now)
    stack.run_at("energy_15m", START + 2 * HOUR_S)
    assert sum(quarters(stack).values()) == 119 * GRAIN
    assert {point.get("consumption_counter_kwh", 0) < 6 for point in stack.points("energy_1m").values()} == {True}


def tariffs(n: int) -> dict[str, float]:
    """A step each minute, in tariff 2 while half an hour is even."""
    even = sum(minute // 30 % 2 == 0 for minute in range(1, n + 1))
    return {"energy_total_t1_kwh": 900 + (n - even) * GRAIN, "energy_total_t2_kwh": 70 + even * GRAIN}


def test_tariffs_alone_are_the_consumption(stack) -> None:
    """Of two meters, one of which has four."""
    more = {"energy_total_t3_kwh": 7.0, "energy_total_t4_kwh": 0.0}
    stack.write(line(START + n * 60, tariffs(n)) for n in range(120))
    stack.write(line(START + n * 60, tariffs(n) | more, meter="flat") for n in range(120))
    stack.roll_up(START, START + 2 * HOUR_S)
    for meter, level in {"house": 970.0, "flat": 977.0}.items():
        assert sum(quarters(stack, meter=meter).values()) == 119 * GRAIN
        first = stack.points("energy_1m", meter=meter)[START]
        assert first["consumption_counter_kwh"] == level


@pytest.mark.parametrize("missing", ["energy_total_t1_kwh", "energy_total_t2_kwh"])
def test_a_missing_tariff_makes_no_fall(stack, missing: str) -> None:
    """For one minute, and for 50, through which the tasks run as they do."""
    for n in range(180):
        gone = {missing} if n == 20 or 60 <= n < 110 else set()
        stack.write([line(START + n * 60, {name: kwh for name, kwh in tariffs(n).items() if name not in gone})])
    for now in range(300, 181 * 60, 300):
        stack.run_at("energy_1m", START + now)
    stack.run_at("energy_15m", START + HOUR_S)
    stack.run_at("energy_15m", START + 2 * HOUR_S)
    stack.run_at("energy_15m", START + 3 * HOUR_S)
    counter = [point["consumption_counter_kwh"] for _, point in sorted(stack.points("energy_1m").items())]
    assert counter == sorted(counter)
    assert sum(quarters(stack).values()) == 179 * GRAIN


def test_a_total_that_is_missing_does_not_bring_the_tariffs_in(stack) -> None:
    for n in range(120):
        total = {} if 30 <= n < 80 else {"energy_total_kwh": 5000 + n * GRAIN}
        stack.write([line(START + n * 60, tariffs(n) | total)])
    for now in range(300, 121 * 60, 300):
        stack.run_at("energy_1m", START + now)
    stack.run_at("energy_15m", START + 2 * HOUR_S)
    assert sum(quarters(stack).values()) == 119 * GRAIN
    assert {point.get("consumption_counter_kwh", 5000) >= 5000 for point in stack.points("energy_1m").values()} == {
        True
    }


def test_a_meter_without_import_takes_over(stack) -> None:
    """An hour later its total is the consumption; the level of the one says nothing of the other."""
    write_counter(stack, rising(range(0, HOUR_S, 60)), "energy_import_kwh")
    write_counter(stack, rising(range(HOUR_S, 4 * HOUR_S, 60), 30.0), "energy_total_kwh")
    stack.roll_up(START, START + 4 * HOUR_S)
    assert sum(quarters(stack).values()) == pytest.approx((59 + 119) * GRAIN, abs=2 * GRAIN)


def test_power_makes_no_energy(stack) -> None:
    stack.write(line(START + n, {"power_w": 1000}) for n in range(HOUR_S))
    stack.roll_up(START, START + HOUR_S)
    assert quarters(stack) == {}
    assert "consumption_kwh" not in stack.points("energy_1d")[START]


@dataclass(frozen=True)
class Seen:
    """A counter's reading.

    Attributes:
        second: since START.
        shown: kWh; what the counter said, or anything when it is bad.
        flowed: kWh that had flowed by then, since the beginning.
        life: the number of the counter: one more after each reset or replacement.
        began: what ``flowed`` was when this counter began at zero; None when it began elsewhere.
    """

    second: int
    shown: float
    flowed: float
    life: int
    began: float | None
    is_bad: bool = False


def lived(dice: random.Random) -> list[Seen]:
    """Twelve hours of a counter that is read every 20 s: gaps, resets, replacements and bad readings, far apart."""
    readings: list[Seen] = []
    flowed, life, level, began = 0.0, 0, 1000.0 + dice.randrange(100_000) * GRAIN, None
    events = {second: dice.choice(("gap", "reset", "replaced", "bad")) for second in range(1800, 12 * HOUR_S, 4800)}
    silent_until = 0
    for second in range(dice.randrange(20), 12 * HOUR_S, 20):
        flowed += dice.choice((0, 0, 1, 3)) * GRAIN
        event = next((kind for at, kind in events.items() if 0 <= second - at < 20), "")
        if event == "gap":
            silent_until = second + dice.choice((50, 1000, 4000))
        elif event == "reset":
            life, level, began = life + 1, -flowed, flowed
            silent_until = second + dice.choice((0, 0, 400))
        elif event == "replaced":
            life, level, began = life + 1, level + (-500 if level + flowed > 600 else 5000), None
            silent_until = second + 120
        if second >= silent_until:
            is_bad = event == "bad"
            shown = dice.choice((0.0, 54_321.5)) if is_bad else level + flowed
            readings.append(Seen(second, shown, flowed, life, began, is_bad))
    return readings


def expected(readings: list[Seen]) -> dict[int, float]:
    """What flowed, by quarter-hour: from one good last reading of a minute to the next."""
    lasts = {seen.second // 60: seen for seen in readings}
    good = [seen for _, seen in sorted(lasts.items()) if not seen.is_bad]
    energy: dict[int, float] = defaultdict(float)
    energy[good[0].second // QUARTER_S] += 0.0
    for before, after in pairwise(good):
        if after.life == before.life:
            flowed = after.flowed - before.flowed
        else:
            flowed = 0.0 if after.began is None else after.flowed - after.began
        energy[after.second // QUARTER_S] += flowed
    return dict(energy)


def test_whatever_happens_the_energy_is_that_which_flowed(stack) -> None:
    meters = {f"m{seed}": lived(random.Random(seed)) for seed in range(40)}
    for meter, readings in meters.items():
        write_counter(stack, {seen.second: seen.shown for seen in readings}, meter=meter)
    stack.roll_up(START, START + 12 * HOUR_S)
    for meter, readings in meters.items():
        assert quarters(stack, meter=meter) == expected(readings), meter
