"""A minute on a bad line: replies that are late, torn or missing, behind a gateway and on a bare wire.

| fault | how often | what would be seen |
|---|---|---|
| a reply 0.1 to 1.2 s late | one request in six | it is taken for the answer to a later question: a wrong value |
| a reply with a wrong CRC | one in ten | a value of noise, or a second without any |
| no reply | one in fifteen | the rest of the second is waited away |

Behind a gateway replies arrive in parallel, so a late one can meet any later question. On a wire two that overlap destroy
each other, and a busy meter does not hear. A minute of one wire scatters by chance from 0.48 to 0.94 of the seconds with a
value (300 on a virtual clock, as ``test_bad_line.py`` has them), so there are six.
"""

import time
from collections import Counter
from typing import Any

import pytest

pytestmark = [pytest.mark.chain, pytest.mark.timeout(150)]

NS = 1_000_000_000
SITE = "a-bad-line"
MINUTE_S = 60
FAULTS = "late=0.1667:100-1200,crc=0.1,silence=0.0667"
FAST = {"voltage_v", "current_a", "power_w", "reactive_power_var", "apparent_power_va", "power_factor", "frequency_hz"}
WIRES = [f"wire{number}" for number in range(1, 7)]
FURTHER_PORT = """
[[inputs.execd]]
  alias = "{wire}"
  command = ["/opt/wattline/bin/wattline", "run", "{port}", "{wire}=orno-we515@1"]
  signal = "none"
  data_format = "influx"
"""


@pytest.fixture(scope="module")
def minute(chain: Any) -> dict[str, tuple[dict[int, dict[str, float]], list[Any]]]:
    """A minute of all lines side by side: the meter's name to its points and to what it served."""
    words = ("--faults", FAULTS, "--load", "random")
    ports = {
        line: chain.start_simulator(line, "--line", line.rstrip("123456"), "--seed", str(seed), *words)
        for seed, line in enumerate(["gateway", *WIRES], 1)
    }
    further = {f"11-{wire}.conf": FURTHER_PORT.format(wire=wire, port=ports[wire][0]) for wire in WIRES}
    telegraf = chain.start_telegraf(SITE, ports["gateway"][0], further)
    chain.wait_until("all meters are asked", lambda: all(truth.stat().st_size for _, truth in ports.values()), 15)
    chain.sleep_until(time.time() + MINUTE_S + 2)
    assert telegraf.stop() == 0
    points = {tags[0]: series for tags, series in chain.influxdb.series("energy", SITE, "electricity").items()}
    meters = {"gateway": "house"} | dict(zip(WIRES, WIRES, strict=True))
    return {line: (points[f"meter={meter}"], chain.read_truth(ports[line][1])) for line, meter in meters.items()}


@pytest.mark.parametrize("line", ["gateway", *WIRES])
def test_the_line_was_as_bad_as_it_should_be(minute: Any, line: str) -> None:
    """Else the other tests prove nothing."""
    _, truth = minute[line]
    kinds = Counter(fault.partition(":")[0] for served in truth for fault in served.faults)
    assert len(truth) > 200
    for kind, share in {"late": 0.1667, "crc": 0.1, "silence": 0.0667}.items():
        assert kinds[kind] > 0.6 * share * len(truth), kinds


@pytest.mark.parametrize("line", ["gateway", *WIRES])
def test_not_one_wrong_value_is_stored(chain: Any, minute: Any, line: str) -> None:
    points, truth = minute[line]
    assert sum(map(len, points.values())) > MINUTE_S
    assert chain.compare(points, truth) == []


@pytest.mark.parametrize(("lines", "share"), [(["gateway"], 4 / 5), (WIRES, 3 / 5)], ids=["gateway", "wires"])
def test_most_seconds_have_some_value(minute: Any, lines: list[str], share: float) -> None:
    has_value = []
    for line in lines:
        points, _ = minute[line]
        seconds = span(points)
        assert len(seconds) >= MINUTE_S - 3
        has_value += [second * NS in points for second in seconds]
    assert sum(has_value) >= share * len(has_value)


def test_behind_a_gateway_each_value_is_there_in_nearly_half_of_the_seconds(minute: Any) -> None:
    points, _ = minute["gateway"]
    seconds = span(points)
    shares = {
        name: sum(name in points.get(second * NS, ()) for second in seconds) / len(seconds) for name in sorted(FAST)
    }
    assert {name: share for name, share in shares.items() if share < 0.45} == {}


def span(points: dict[int, dict[str, float]]) -> range:
    """The seconds from the first point to the last."""
    return range(min(points) // NS, max(points) // NS + 1)
