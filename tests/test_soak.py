"""Ten minutes of a bus on which everything goes wrong at once: six meters of four makes at 9600 and at 2400 baud.

| fault | test |
|---|---|
| a value is given that its meter did not say in that second | test_no_wrong_value_whatever_befalls_the_bus |
| the faults are milder than they should be, and prove nothing | test_the_bus_was_as_bad_as_it_should_be |
| one meter goes without for the faults of the others | test_no_meter_is_starved |
| something is kept for ever | test_the_memory_stays_flat |
"""

import gc
import tracemalloc
from collections import Counter, defaultdict

import pytest

from wattline.log import LOG
from wattline.meters import load_models
from wattline.simulate import Scenario
from wattline.simulate.faults import parse_script

METERS = {
    "house": "orno-we515@1",
    "kitchen": "orno-we514@2",
    "shed": "eastron-sdm120@1",
    "heat": "orno-we517@3",
    "roof": "eastron-sdm630@4",
    "car": "carlo-gavazzi-em340@5",
}
WORDS = [f"{name}={model}" for name, model in METERS.items()]
RATES = {
    "silence": 0.03,
    "noise": 0.03,
    "crc": 0.05,
    "short": 0.03,
    "late": 0.08,
    "refuse": 0.02,
    "echo": 0.03,
    "stuck": 0.001,
    "unplug": 0.0005,
}
FAULTS = ",".join(f"{kind}={rate}" for kind, rate in RATES.items())
SECONDS = 600
LINES = ("gateway", "wire")


def scenario(line: str, faults: str = FAULTS, seed: int = 5) -> Scenario:
    return Scenario(load="house", seed=seed, line=line, script=parse_script(faults), gaps="zero")


def readings(points) -> dict[str, dict[int, dict[str, float]]]:
    """Meter to second to what was read."""
    found = defaultdict(dict)
    for point in (point for slot in points for point in slot if point.measurement == "electricity"):
        found[point.tags["meter"]][point.time_ns // 10**9] = point.fields
    return found


def served(line) -> dict[tuple[str, int, str], set[float]]:
    """(meter, second, field) to what the meter said of it in that second, on its display."""
    said = defaultdict(set)
    for entry in line.truth.entries:
        for field, value in entry.values.items():
            said[entry.meter, entry.heard_monotonic_ns // 10**9, field].add(value)
    return said


@pytest.fixture(scope="module")
def played():
    """What each kind of line gave, played once."""
    return {}


@pytest.fixture
def soak(played, play_simulated):
    def get(kind: str):
        if kind not in played:
            played[kind] = play_simulated(WORDS, scenario(kind), SECONDS)
        return played[kind]

    return get


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", LINES)
def test_no_wrong_value_whatever_befalls_the_bus(soak, kind):
    line, points = soak(kind)
    said, models, library = served(line), METERS, load_models()
    wrong, count = [], 0
    for name, seconds in readings(points).items():
        decimals = {row.field: row.decimals for row in library[models[name].partition("@")[0]].rows}
        for second, values in seconds.items():
            for field, value in values.items():
                count += 1
                if round(value, decimals[field]) not in said[name, second, field]:
                    wrong.append((name, second, field, value, said[name, second, field]))
    assert count > 10_000
    assert wrong == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", LINES)
def test_the_bus_was_as_bad_as_it_should_be(soak, kind):
    line, _ = soak(kind)
    entries = list(line.truth.entries)
    kinds = Counter(fault.partition(":")[0] for entry in entries for fault in entry.faults)
    assert len(entries) > 1500
    for fault, rate in RATES.items():
        if rate > 0.01:
            assert kinds[fault] > 0.6 * rate * len(entries), kinds
    assert kinds["stuck"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", LINES)
def test_no_meter_is_starved(soak, play_simulated, kind):
    """Each gets its share of what it gets on a line without faults; none pays for another's."""
    _, clean = play_simulated(WORDS, scenario(kind, ""), 120)
    _, points = soak(kind)
    rate = {name: len(seconds) / 120 for name, seconds in readings(clean).items()}
    share = {name: len(readings(points)[name]) / SECONDS / rate[name] for name in METERS}
    print(rate, share)
    assert min(share.values()) > 0.5, share
    assert min(share.values()) > 0.5 * max(share.values()), share


@pytest.mark.timeout(180)
def test_the_memory_stays_flat(play_simulated, monkeypatch):
    """What is kept after four minutes is all that is kept; the simulator's own truth aside.

    Of each length of a read the last 31 times are kept, which the rare ones take minutes to fill: 31 kB from here to eight minutes,
    25 kB in the eight that follow.
    """
    sizes = {}

    def measure(slot: int) -> None:
        if slot in {240, 480}:
            # What nobody refers to any more is not kept.
            gc.collect()
            kept = tracemalloc.take_snapshot().filter_traces(
                [
                    tracemalloc.Filter(True, "*/wattline/bus/*"),
                    tracemalloc.Filter(True, "*/wattline/plausibility/*"),
                    tracemalloc.Filter(True, "*/wattline/log.py"),
                ]
            )
            sizes[slot] = sum(trace.size for trace in kept.traces)

    # pytest keeps what is logged.
    monkeypatch.setattr(LOG, "disabled", True)
    tracemalloc.start()
    try:
        play_simulated(WORDS, scenario("gateway"), 480, measure, keeps=False)
    finally:
        tracemalloc.stop()
    assert sizes[480] < sizes[240] + 50_000, sizes
