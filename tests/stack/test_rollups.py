"""Minutes, quarter-hours and days of gauges and counters, worked out here from the readings themselves.

| fault | test |
|---|---|
| a mean, a lowest or a highest value is wrong, a counter is not the last, readings are not counted | test_each_bucket_holds_what_the_readings_say |
| a quarter-hour's mean is that of its minutes, however few readings some have | test_a_minute_weighs_as_many_readings_as_it_has |
| a field of three lines, or one that appears later, is missing | test_each_bucket_holds_what_the_readings_say |
| meters with other tags are mixed, or a tag is lost | test_each_bucket_holds_what_the_readings_say |
| a reading on the border counts for both minutes, or for the wrong one | test_a_minute_begins_with_its_first_second |
| a gap is filled with zeros | test_nothing_stands_where_nothing_was_read |
| other measurements are rolled up | test_only_electricity_is_rolled_up |
| a field of a rollup is not in the vocabulary | test_each_field_of_a_rollup_is_in_the_vocabulary |
| a moment of nothing is taken for the base load | test_the_base_load_is_the_lowest_quarter_hour_of_the_day |
| what panels or a battery give is taken for it | test_panels_do_not_hide_the_base_load |
"""

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import fsum
from zoneinfo import ZoneInfo

import pytest

from database import line
from wattline.rollups import ROLLUP_FIELDS

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

START = int(datetime(2026, 5, 13, 20, tzinfo=UTC).timestamp())
HOURS = 4
ROME = ZoneInfo("Europe/Rome")
GRAIN = 1 / 16384

Readings = dict[int, dict[str, float]]
Begin = Callable[[int], int]


def minute_of(second: int) -> int:
    return second - second % 60


def quarter_of(second: int) -> int:
    return second - second % 900


def day_of(second: int) -> int:
    local = datetime.fromtimestamp(second, ROME)
    return int(local.replace(hour=0, minute=0, second=0).timestamp())


def is_counter(field: str) -> bool:
    return field.endswith(("_kwh", "_kvarh"))


def rolled_up(readings: Readings, begin: Begin) -> dict[int, dict[str, float]]:
    """What each stretch of time says, from all readings in it; what is made of energy is told elsewhere."""
    values: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    counted: dict[int, int] = defaultdict(int)
    for second in sorted(readings):
        counted[begin(second)] += 1
        for field, value in readings[second].items():
            values[begin(second)][field].append(value)
    points: dict[int, dict[str, float]] = {at: {"readings": float(number)} for at, number in counted.items()}
    for at, fields in values.items():
        for field, of_field in fields.items():
            if is_counter(field):
                points[at][field] = of_field[-1]
            else:
                points[at][field] = fsum(of_field) / len(of_field)
                points[at] |= {f"{field}_min": min(of_field), f"{field}_max": max(of_field)}
    return points


def differences(found: Mapping[int, Mapping[str, float]], expected: Mapping[int, Mapping[str, float]]) -> list[str]:
    """A sentence about each value that is not as expected; means lie on a grain, and are means of means."""
    wrong = [f"stamps {sorted(found.keys() ^ expected.keys())[:5]}"] if found.keys() != expected.keys() else []
    for at in found.keys() & expected.keys():
        for field in expected[at].keys() | found[at].keys() - MADE_OF_ENERGY:
            told, wanted = found[at].get(field), expected[at].get(field)
            is_mean = not is_counter(field) and not field.endswith(("_min", "_max"))
            allowed = 1.5 * GRAIN if is_mean else 0.0
            if told is None or wanted is None or abs(told - wanted) > allowed:
                wrong.append(f"{at} {field} = {told}, expected {wanted}")
    return wrong


MADE_OF_ENERGY = {"consumption_counter_kwh", "consumption_kwh", "export_kwh", "base_load_w"}


def one_phase(dice: random.Random) -> Readings:
    """A meter read every second, its counters every ten; two gaps, one of which crosses a quarter-hour."""
    readings: Readings = {}
    energy_kwh = 2000.0
    for second in range(START, START + HOURS * 3600):
        since = second - START
        power_w = dice.randrange(90, 3200)
        energy_kwh += power_w / 3.6e6
        if 3000 <= since < 4111 or 9001 <= since < 9030:
            continue
        readings[second] = {"voltage_v": dice.randrange(29000, 30200) / 128, "power_w": float(power_w)}
        if second % 10 == 3:
            readings[second] |= {"energy_total_kwh": int(energy_kwh * 128) / 128}
    return readings


def three_phases(dice: random.Random) -> Readings:
    """A meter read every five seconds, with lines, tariffs and export; its frequency is there from the third hour on."""
    readings: Readings = {}
    for second in range(START, START + HOURS * 3600, 5):
        hours = (second - START) / 3600
        readings[second] = {f"power_l{n}_w": float(dice.randrange(-4000, 4000)) for n in (1, 2, 3)}
        readings[second] |= {
            "power_w": sum(readings[second].values()),
            "power_factor": dice.randrange(-1024, 1025) / 1024,
            "energy_import_kwh": 10 + int(hours * 1024) / 1024,
            "energy_export_kwh": 20 + int(hours * 512) / 512,
            "energy_import_t2_kwh": 3 + int(hours * 256) / 256,
            "reactive_energy_total_kvarh": int(hours * 64) / 64,
        }
        if hours >= 2:
            readings[second] |= {"frequency_hz": dice.randrange(6390, 6410) / 128}
    return readings


def only_counters(dice: random.Random) -> Readings:
    return {
        second: {"energy_total_kwh": (second - START) / 1024}
        for second in range(START + dice.randrange(10), START + HOURS * 3600, 10)
    }


METERS = {
    ("house", "grid", ""): one_phase,
    ("house", "grid", "cabin"): three_phases,
    ("water", "load", ""): only_counters,
}


def test_each_bucket_holds_what_the_readings_say(stack) -> None:
    written = {key: make(random.Random(n)) for n, (key, make) in enumerate(METERS.items())}
    for (meter, role, site), readings in written.items():
        tags = {"meter": meter, "role": role} | ({"site": site} if site else {})
        stack.write(line(second, fields, **tags) for second, fields in readings.items())
    stack.roll_up(START, START + HOURS * 3600)
    for bucket, begin in (("energy_1m", minute_of), ("energy_15m", quarter_of), ("energy_1d", day_of)):
        found = stack.all_points(bucket)
        for (meter, role, site), readings in written.items():
            tags = {"meter": meter, "role": role} | ({"site": site} if site else {})
            points = found.pop(tuple(sorted(tags.items())))
            assert differences(points, rolled_up(readings, begin)) == [], (bucket, tags)
        assert found == {}


def test_each_field_of_a_rollup_is_in_the_vocabulary(stack) -> None:
    for n, (key, make) in enumerate(METERS.items()):
        stack.write(
            line(second, fields, meter=f"m{n}", role=key[1]) for second, fields in make(random.Random(n)).items()
        )
    stack.roll_up(START, START + HOURS * 3600)
    for bucket, vocabulary in ROLLUP_FIELDS.items():
        fields = {field for points in stack.all_points(bucket).values() for point in points.values() for field in point}
        assert fields - vocabulary.keys() == set()
        assert MADE_OF_ENERGY & fields == MADE_OF_ENERGY & vocabulary.keys()


def test_a_minute_weighs_as_many_readings_as_it_has(stack) -> None:
    """59 readings of 100 W and, in another minute, one of 4000 W are 165 W, not 2050."""
    stack.write([line(START + n, {"power_w": 100}) for n in range(59)] + [line(START + 60, {"power_w": 4000})])
    stack.roll_up(START, START + 900)
    for bucket in ("energy_15m", "energy_1d"):
        ((_, point),) = stack.points(bucket).items()
        assert point["power_w"] == pytest.approx((59 * 100 + 4000) / 60, abs=GRAIN)


def test_a_minute_begins_with_its_first_second(stack) -> None:
    stack.write([line(START + n, {"power_w": n}) for n in (59, 60, 119, 120)])
    stack.roll_up(START, START + 900)
    found = {at - START: point["power_w"] for at, point in stack.points("energy_1m").items()}
    assert found == {0: 59.0, 60: 89.5, 120: 120.0}


def test_nothing_stands_where_nothing_was_read(stack) -> None:
    stack.write([line(START, {"power_w": 5}), line(START + 3600, {"power_w": 7})])
    stack.roll_up(START, START + 7200)
    assert sorted(at - START for at in stack.points("energy_1m")) == [0, 3600]
    assert sorted(at - START for at in stack.points("energy_15m")) == [0, 3600]


def test_only_electricity_is_rolled_up(stack) -> None:
    stack.write([f"weather,place=roof temperature_c=3 {START}", line(START, {"power_w": 5})])
    stack.roll_up(START, START + 900)
    for bucket in ROLLUP_FIELDS:
        assert len(stack.all_points(bucket)) == 1


def test_the_base_load_is_the_lowest_quarter_hour_of_the_day(stack) -> None:
    """A second at 1 W is no base load: quarter-hours of 300, 120 and 200 W are."""
    powers = [300.0] * 900 + [120.0] * 899 + [1.0] + [200.0] * 900
    midnight = day_of(START)
    stack.write(line(midnight + 3600 + n, {"power_w": power}) for n, power in enumerate(powers))
    stack.roll_up(midnight, midnight + 86_400)
    base_load_w = stack.points("energy_1d")[midnight]["base_load_w"]
    assert base_load_w == pytest.approx((899 * 120 + 1) / 900, abs=GRAIN)


@pytest.mark.parametrize(
    ("powers", "base_load_w"),
    [
        pytest.param({0: 250, 3: 200, 5: 150, 12: -2000, 18: 40}, 200, id="panels: the first four hours"),
        pytest.param({0: 250, 3: 200, 5: 150, 12: 60, 18: 40}, 40, id="nothing given: the whole day"),
        pytest.param({0: -30, 3: -50, 12: 900}, None, id="a battery gives at night: none"),
        pytest.param({5: 150, 12: -2000}, None, id="panels, and the night was not read: none"),
        pytest.param({18: 900, 21: 600}, None, id="only the evening was read: none"),
    ],
)
def test_panels_do_not_hide_the_base_load(stack, powers, base_load_w) -> None:
    """Of a quarter-hour that begins at each hour of the day."""
    midnight = day_of(START)
    stack.write(
        line(midnight + hour * 3600 + n, {"power_w": power}) for hour, power in powers.items() for n in range(900)
    )
    stack.roll_up(midnight, midnight + 86_400)
    assert stack.points("energy_1d")[midnight].get("base_load_w") == base_load_w
