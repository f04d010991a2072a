"""InfluxDB as compose.yaml runs it: the settings that it has read, and ten years of shards inside the container's memory.

| fault | test |
|---|---|
| a size or a duration cannot be read and is ignored without a word | test_influxd_reads_each_setting_as_it_is_written |
| a name is misspelt, or the next version does not know it | the same |
| the memory that shards cost fills the container within years | test_ten_years_of_shards_fit_into_the_container |
| ... or their files are more than it may open | the same |
| Go's limit leaves no room below the container's | test_go_collects_before_the_container_is_full |

A shard costs its memory for as long as it exists, however little is in it. So each gets a few points of every field, with the
bucket's own shard length, for two meters; then InfluxDB is stopped, which writes all into files, and started.
"""

import re
import subprocess
from pathlib import Path

import pytest

from stack import composition
from stack.setup_rig import House
from wattline import costs, fields

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

DAY_S = 86400
TEN_YEARS_S = 3652 * DAY_S
# The end of the ten years is the end of a shard of each length, or nearly so.
END_S = 1_900_000_000
METERS = ("house", "heatpump")
# How often there is a point in the first hours of a shard.
POINTS = 12
# What an OR-WE-515 gives; a three-phase meter has more, and costs no more shards.
GAUGES = (
    "voltage_v",
    "current_a",
    "power_w",
    "reactive_power_var",
    "apparent_power_va",
    "power_factor",
    "frequency_hz",
)
COUNTERS = (
    "energy_total_kwh",
    *(f"energy_total_t{tariff}_kwh" for tariff in range(1, 5)),
    "reactive_energy_total_kvarh",
)
RAW = (*GAUGES, *COUNTERS)
ROLLED_UP = (*RAW, *(f"{gauge}_{edge}" for gauge in GAUGES for edge in ("min", "max")), "readings", "consumption_kwh")
FIELDS = {
    "energy": RAW,
    "energy_1m": ROLLED_UP,
    "energy_15m": ROLLED_UP,
    "energy_1d": ROLLED_UP,
    "cost": tuple(costs.COST_FIELDS[costs.QUARTER_HOURS]),
}


def setting(name: str) -> str:
    """The option that an environment variable of influxd's sets."""
    return name.removeprefix("INFLUXD_").lower().replace("_", "-")


def test_influxd_reads_each_setting_as_it_is_written(server):
    environment = composition.services()["influxdb"]["environment"]
    asked = {setting(name): value for name, value in environment.items() if name.startswith("INFLUXD_")}
    printed = subprocess.run(
        [server("influxd"), "print-config"], env=environment | {"HOME": "/"}, check=True, capture_output=True, text=True
    ).stdout
    read = dict(re.findall(r"^([a-z-]+): (.*)$", printed, re.MULTILINE))
    for name, value in asked.items():
        assert name in read, f"influxd has no {name}"
        is_size_or_time = value[0].isdigit()
        assert in_bytes_or_seconds(read[name]) == composition.number(value) if is_size_or_time else read[name] == value


def in_bytes_or_seconds(printed: str) -> int:
    """Of what influxd prints: 67108864, 20s, 10m0s."""
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s?", printed).groups(default="0")
    return int(minutes) * 60 + int(seconds)


def test_go_collects_before_the_container_is_full():
    service = composition.services()["influxdb"]
    limit = composition.mebibytes(service["mem_limit"])
    collects = composition.number(service["environment"]["GOMEMLIMIT"]) / 2**20
    assert 0.6 * limit <= collects <= 0.8 * limit


def test_ten_years_of_shards_fit_into_the_container(server, tmp_path, capsys):
    house = House(server, tmp_path)
    house.influxdb.start()
    try:
        run = house.set_up()
        assert run.returncode == 0, run.stderr
        shards = sum(fill(house, bucket) for bucket in FIELDS)
        house.influxdb.stop()
        house.influxdb.start()
        pid = house.influxdb.process.pid
        anonymous_mib = kibibytes(pid, "RssAnon") / 1024
        peak_mib = kibibytes(pid, "VmHWM") / 1024
        file_mib = kibibytes(pid, "RssFile") / 1024
        handles = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    finally:
        house.influxdb.stop()
    found = len(list((tmp_path / "influxdb" / "engine" / "data").glob("*/autogen/*/")))
    service = composition.services()["influxdb"]
    limit_mib = composition.mebibytes(service["mem_limit"])
    with capsys.disabled():
        print(
            f"\n{found} shards of ten years: {anonymous_mib:.0f} MiB anonymous, {file_mib:.0f} MiB of files, "
            f"{peak_mib:.0f} MiB at most, {handles} handles; the limit is {limit_mib} MiB"
        )
    assert found >= shards
    assert anonymous_mib < 0.7 * limit_mib
    assert handles < 0.2 * service["ulimits"]["nofile"]


def fill(house: House, bucket: str) -> int:
    """Write points into each shard of ten years; returns how many shards that is."""
    (_, shard_days) = house.buckets()[bucket]
    begins = range(END_S - TEN_YEARS_S, END_S, shard_days * DAY_S)
    assert set(COUNTERS) | set(GAUGES) <= fields.ELECTRICITY_FIELDS.keys()
    values = ",".join(f"{name}=1.5" for name in FIELDS[bucket])
    for begin in begins:
        lines = (
            f"electricity,meter={meter},role=grid,site=home {values} {begin + point * 900}000000000"
            for meter in METERS
            for point in range(POINTS)
        )
        assert house.influxdb.write(bucket, house.operator, "\n".join(lines)) == 204
    return len(begins)


def kibibytes(pid: int, line: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{line}:\s+(\d+) kB$", status, re.MULTILINE)[1])
