"""Moving in: energy-monitor's history out of a real InfluxDB, through ``wattline convert``, into ours.

| fault | test |
|---|---|
| an export of a real server is not understood | test_the_totals_agree_before_and_after |
| ... or its order, by the files on the disk, is taken for that of time | likewise, by `influxd inspect export-lp` over eleven shards |
| a value, a second or a kilowatt-hour is lost or doubled on the way | likewise |
| written twice, it counts twice | test_written_twice_it_is_there_once |
| the days do not add up to the kilowatt-hours that the summary tells, where the counter was reset too | test_the_days_add_up_to_the_summary |
"""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from chain.conftest import InfluxDB, wait_until
from wattline.meters.orno_we515 import MODEL

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

NS = 1_000_000_000
# 2022-11-25 00:00 UTC, and ten weeks of shards of a week.
BEGIN_S, DAYS = 1_669_334_400, 75
TURN_WH = 655_360
DECIMALS = {row.field: row.decimals for row in MODEL.rows}
OLD = 'from(bucket: "energy_old") |> range(start: 0) |> filter(fn: (r) => r["_measurement"] == "energy")'
PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'


class Server(InfluxDB):
    """InfluxDB that writes its files soon, so that an export has both files and a write-ahead log to read."""

    def run(self, words: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        super().run([*words, "--storage-cache-snapshot-write-cold-duration=1s"], environment)

    def influx(self, *words: str, text: bytes = b"") -> bytes:
        """What the influx CLI prints."""
        own = {"INFLUX_CONFIGS_PATH": f"{self._folder}/configs", "HOME": str(self._folder), "INFLUX_HOST": self.url}
        command = [self._influx, *words]
        result = subprocess.run(
            command, env=own | {"INFLUX_TOKEN": self.token}, input=text, capture_output=True, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def write(self, bucket: str, lines: bytes) -> None:
        """Write as a user does."""
        self.influx("write", "--org", "home", "--bucket", bucket, text=lines)

    def export_lines(self, bucket: str) -> bytes:
        """What `influxd inspect export-lp` prints of a bucket."""
        (row,) = self.query(f'buckets() |> filter(fn: (r) => r["name"] == "{bucket}")')
        options = ["--bucket-id", row["id"], "--engine-path", f"{self._folder}/engine", "--output-path", "-"]
        own = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        words = [self._influxd, "inspect", "export-lp", *options, "--log-level", "error"]
        return subprocess.run(words, env=own, capture_output=True, check=True).stdout

    @property
    def files(self) -> list[Path]:
        """Those that hold points for good."""
        return list((self._folder / "engine" / "data").rglob("*.tsm"))


class History(NamedTuple):
    """Lines as energy-monitor wrote them; what they say by second; and what the meter truly counted, and shows at the end."""

    lines: list[str]
    seconds: dict[int, dict[str, float]]
    used_kwh: float
    shown_kwh: float


def history() -> History:
    """A house of some kilowatts, read at odd times; the counter turns over several times."""
    dice = random.Random(1)
    lines, seconds, time_ns, used_wh = [], {}, BEGIN_S * NS, 2_400_000.0
    end_ns = time_ns + DAYS * 86_400 * NS
    first_wh = int(used_wh) // 10 * 10
    while time_ns < end_ns:
        # Twice in a second, as its reader did it, and over gaps.
        kind = dice.random()
        gap_ns = dice.randrange(NS // 10, NS) if kind < 0.1 else dice.randrange(NS, 3 * NS)
        gap_ns += dice.randrange(600, 1500) * NS if kind > 0.7 else 0
        power_w = dice.randrange(200, 5000)
        time_ns += gap_ns
        used_wh += power_w * gap_ns / NS / 3600
        total_wh = int(used_wh) // 10 * 10
        old = {
            "active_energy": total_wh % TURN_WH,
            "active_power": power_w,
            "apparent_power": power_w + 20,
            "current": power_w * 4,
            "frequency": dice.randrange(4990, 5010) / 100,
            "power_factory": dice.randrange(800, 1000) / 1000,
            "reactive_energy": total_wh // 40 * 10 % TURN_WH,
            "reactive_power": power_w // 3,
            "voltage": dice.randrange(22_000, 24_000) / 100,
        }
        lines.append(f"energy {','.join(f'{name}={value}' for name, value in old.items())} {time_ns}")
        seconds[time_ns // NS] = {
            "energy_total_kwh": total_wh / 1000,
            "power_w": old["active_power"],
            "apparent_power_va": old["apparent_power"],
            "current_a": old["current"] / 1000,
            "frequency_hz": old["frequency"],
            "power_factor": old["power_factory"],
            "reactive_energy_total_kvarh": total_wh // 40 / 100,
            "reactive_power_var": old["reactive_power"],
            "voltage_v": old["voltage"],
        }
    return History(lines, seconds, (total_wh - first_wh) / 1000, total_wh / 1000)


@pytest.fixture(scope="module")
def told() -> History:
    return history()


@pytest.fixture(scope="module")
def database(server, tmp_path_factory, pytestconfig, told) -> Iterator[Server]:
    """A server with the history in its bucket energy_old, for the most part in files, the rest in its log."""
    folder = tmp_path_factory.mktemp("moving-in")
    with Server(server("influxd"), server("influx"), folder, pytestconfig) as database:
        database.start()
        database.set_up()
        database.influx("bucket", "create", "--name", "energy_old", "--org", "home")
        middle = len(told.lines) * 9 // 10
        database.write("energy_old", "\n".join(told.lines[:middle]).encode())
        wait_until("the server has written files", lambda: len(database.files) >= DAYS // 7, 60)
        database.write("energy_old", "\n".join(told.lines[middle:]).encode())
        yield database


def export(database: Server, kind: str) -> bytes:
    if kind == "lines":
        return database.export_lines("energy_old")
    return database.influx("query", "--org", "home", "--raw", OLD if kind == "single" else f"{OLD} |> {PIVOT}")


def convert(text: bytes, site: str, told: History) -> tuple[bytes, list[str]]:
    """Its lines and its summary."""
    words = ["convert", "energy-monitor", "--site", site, "--meter-shows", f"{told.shown_kwh + 3:.2f}"]
    started_s = time.monotonic()
    found = subprocess.run([sys.executable, "-m", "wattline", *words], input=text, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr
    lines = text.count(b"\n")
    print(f"{site}: {lines} lines in {time.monotonic() - started_s:.1f} s; {found.stderr.decode().splitlines()[-1]}")
    return found.stdout, found.stderr.decode().splitlines()


@pytest.mark.parametrize("kind", ["single", "pivoted", "lines"])
def test_the_totals_agree_before_and_after(database: Server, told: History, kind: str) -> None:
    text = export(database, kind)

    lines, summary = convert(text, kind, told)
    database.write("energy", lines)

    ((tags, points),) = database.series("energy", kind, "electricity").items()
    assert tags == ("meter=house", "role=grid", f"site={kind}")
    assert points.keys() == {second * NS for second in told.seconds}
    for second, values in told.seconds.items():
        assert {name: round(value, DECIMALS[name]) for name, value in points[second * NS].items()} == values
    assert used_kwh(points) == told.used_kwh
    assert f"in all {used_kwh(points):.2f} kWh; {turns_of(told)} wraps, 0 resets, 0 readings withheld." in summary[1]


def used_kwh(points: Mapping[int, Mapping[str, float]]) -> float:
    first, last = (points[edge]["energy_total_kwh"] for edge in (min(points), max(points)))
    return round(last - first, 2)


def turns_of(told: History) -> int:
    """How often the low register has begun anew."""
    totals = [round(values["energy_total_kwh"] * 1000) // TURN_WH for values in told.seconds.values()]
    return totals[-1] - totals[0]


def test_written_twice_it_is_there_once(database: Server, told: History) -> None:
    lines, _ = convert(export(database, "single"), "twice", told)
    for _ in range(2):
        database.write("energy", lines)

    counts = database.query(
        'from(bucket: "energy") |> range(start: 0) |> filter(fn: (r) => r["site"] == "twice") |> count()'
    )
    assert {row["_field"]: int(row["_value"]) for row in counts} == dict.fromkeys(
        next(iter(told.seconds.values())), len(told.seconds)
    )


HOUR_S, DAY_S = 3600, 86_400
RESETS = {
    "no reset": (),
    "another meter from nothing on": ((4 * DAY_S, 2, 0.0),),
    "one that shows 5 kWh, after six hours": ((4 * DAY_S, 6 * HOUR_S, 5.0),),
    "one that shows too much, and one that shows more than before": (
        (2 * DAY_S, 2 * HOUR_S, 60.0),
        (4 * DAY_S, 60, 380.0),
    ),
    "two, one of them in an hour, from 400 kWh on": ((2 * DAY_S, 30 * 60, 0.5), (4 * DAY_S, HOUR_S, 400.0)),
}


@pytest.mark.parametrize("resets", RESETS.values(), ids=RESETS)
def test_the_days_add_up_to_the_summary(stack, resets: Sequence[tuple[int, int, float]]) -> None:
    """But for the first minute, in which nothing flows here, and that of a reset: a step or two of 25 Wh."""
    lines = list(counted(resets))
    words = ["convert", "energy-monitor", "--most-power", "10000"]
    found = subprocess.run(
        [sys.executable, "-m", "wattline", *words], input="\n".join(lines).encode(), capture_output=True, check=True
    )
    summary = found.stderr.decode()
    stack.ask("POST", "write?org=home&bucket=energy&precision=ns", found.stdout.decode())
    stack.roll_up(BEGIN_S - DAY_S, BEGIN_S + 8 * DAY_S)

    days = sum(point.get("consumption_kwh", 0.0) for point in stack.points("energy_1d").values())
    told_kwh, count = re.findall(r"energy_total_kwh: .* in all ([\d.]+) kWh; \d+ wraps?, (\d+) reset", summary)[0]
    assert int(count) == len(resets)
    assert days == pytest.approx(float(told_kwh), abs=0.02 + 0.03 * len(resets))


def counted(resets: Sequence[tuple[int, int, float]]) -> Iterator[str]:
    """A week of readings of 3 kW; at each of ``resets``, a second, nothing is read for so long, and then another meter is."""
    second, total_wh, waiting = 0, 600_000.0, list(resets)
    while second < 7 * DAY_S:
        yield f"energy active_energy={int(total_wh) // 10 * 10 % TURN_WH} {(BEGIN_S + second) * NS}"
        gap_s = 30
        if waiting and second >= waiting[0][0]:
            _, gap_s, shown_kwh = waiting.pop(0)
            # So that of the last minute of the old meter nothing is unseen.
            gap_s += 60 - (second + gap_s) % 60
            total_wh = shown_kwh * 1000
        elif second > 60:
            total_wh += 25
        second += gap_s
