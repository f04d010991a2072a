"""``wattline export`` out of a real InfluxDB: what is in the file is what a program of others finds in the bucket.

| fault | test |
|---|---|
| a row, a value or a second is lost, doubled or moved on the way | test_the_file_has_what_the_bucket_has |
| ... or an hour of the night in which the clocks change | likewise, by local time |
| two meters, or two roles of one, are mixed | likewise |
| a mean, a last or an increase is another than that of the readings | test_a_window_has_the_mean_and_the_last, test_increases_add_up |
| a day of the household is not its calendar day | test_a_day_is_the_households |
| a window in which nothing was read has a row | test_a_gap_stays_a_gap |
| the buckets of the rollups cannot be exported | test_a_rollup_is_exported |
| what is not there is a traceback, or an empty file | test_what_is_not_there_is_one_sentence |
| a token that may not read gets an empty file | test_a_token_that_may_not_read_is_told_so |
| memory grows with the range | test_a_fortnight_needs_no_more_memory_than_a_day |
| a full disk makes a screenful | test_a_full_disk_is_one_sentence |
"""

import csv
import io
import os
import random
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyarrow import parquet

from database import InfluxDB, instant
from wattline.registers import to_grain

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

ROME = ZoneInfo("Europe/Rome")
# The two days around the night of 2026-10-25, in which 02:00 to 03:00 comes twice.
BEGIN = int(datetime(2026, 10, 24, tzinfo=ROME).timestamp())
END = int(datetime(2026, 10, 26, tzinfo=ROME).timestamp())
DECIMALS = {"voltage_v": 2, "current_a": 3, "power_w": 0, "energy_total_kwh": 2}
METERS = [("house", "grid"), ("house", "load"), ("it's, a=b", "load")]
Key = tuple[str, str, int]


def shown() -> dict[Key, dict[str, float]]:
    """What the displays of three meters showed: each some seconds, with a gap of hours, the counter at some of them."""
    dice = random.Random(8)
    readings = {}
    for meter, role in METERS:
        second, energy = BEGIN - 86_400, 2063.25
        while second < END + 3600:
            second += dice.choice([1, 1, 7, 30]) if dice.random() < 0.999 else 7000
            energy += dice.randrange(3) / 100
            values = {
                "voltage_v": dice.randrange(22000, 24000) / 100,
                "current_a": dice.randrange(20000) / 1000,
                "power_w": float(dice.randrange(-4000, 4000)),
            }
            readings[meter, role, second] = values | (
                {"energy_total_kwh": round(energy, 2)} if dice.random() < 0.3 else {}
            )
    return readings


def line(key: Key, values: dict[str, float]) -> str:
    meter, role, second = key
    name = re.sub(r"([, =])", r"\\\1", meter)
    stored = {field: to_grain(round(value * 10 ** DECIMALS[field]), DECIMALS[field]) for field, value in values.items()}
    fields = ",".join(f"{field}={value!r}" for field, value in stored.items())
    return f"electricity,meter={name},role={role},site=home {fields} {second}"


@pytest.fixture(scope="module")
def readings() -> dict[Key, dict[str, float]]:
    return shown()


@pytest.fixture(scope="module")
def database(server, tmp_path_factory, pytestconfig, readings) -> Iterator[InfluxDB]:
    folder = tmp_path_factory.mktemp("export")
    with InfluxDB(server("influxd"), server("influx"), folder, pytestconfig) as database:
        database.start()
        database.set_up()
        text = "\n".join(line(key, values) for key, values in readings.items())
        write(database, text)
        yield database


def write(database: InfluxDB, text: str) -> None:
    own = {"HOME": str(database._folder), "INFLUX_HOST": database.url, "INFLUX_TOKEN": database.token}
    words = [database._influx, "write", "--org", "home", "--bucket", "energy", "--precision", "s"]
    subprocess.run(words, env=own, input=text.encode(), check=True)


def export(database: InfluxDB, *words: str, **more: Any) -> "subprocess.CompletedProcess[bytes]":
    environment = os.environ | {"INFLUX_HOST": database.url, "INFLUX_TOKEN": more.pop("token", database.token)}
    command = [sys.executable, "-m", "wattline", "export", *words]
    return subprocess.run(command, env=environment, check=False, **({"capture_output": True} | more))


def rows_of(database: InfluxDB, path: Path | str, *words: str) -> list[dict[str, Any]]:
    """The rows by a reader of others, times as seconds since 1970 and without what is empty."""
    done = export(
        database, "--from", "2026-10-24", "--to", "2026-10-26", "--timezone", "Europe/Rome", *words, str(path)
    )
    assert done.returncode == 0, done.stderr
    if str(path).endswith(".parquet"):
        found = parquet.read_table(path).to_pylist()
        return [
            {name: value for name, value in row.items() if value is not None} | {"time": int(row["time"].timestamp())}
            for row in found
        ]
    text = done.stdout.decode() if path == "-" else Path(path).read_text()
    return [
        {
            name: value if name in {"meter", "role", "site"} else float(value)
            for name, value in row.items()
            if value and name != "time"
        }
        | {"time": int(datetime.fromisoformat(row["time"]).timestamp())}
        for row in csv.DictReader(io.StringIO(text))
    ]


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "-"])
def test_the_file_has_what_the_bucket_has(database, readings, tmp_path, name) -> None:
    rows = rows_of(database, name if name == "-" else tmp_path / name)

    found = {(row.pop("meter"), row.pop("role"), row.pop("time")): row for row in rows}
    assert len(found) == len(rows)
    assert {row.pop("site") for row in rows} == {"home"}
    assert found == {key: values for key, values in readings.items() if BEGIN <= key[2] < END}
    # And as InfluxDB counts them.
    flux = f'from(bucket: "energy") |> range(start: {instant(BEGIN)}, stop: {instant(END)}) |> group(columns: ["_field"]) |> count()'
    counts = {row["_field"]: int(row["_value"]) for row in database.query(flux)}
    assert counts == {field: sum(field in row for row in rows) for field in DECIMALS}


def test_a_window_has_the_mean_and_the_last(database, readings, tmp_path) -> None:
    rows = rows_of(database, tmp_path / "t.parquet", "--every", "15m", "--meter", "house")

    windows: dict[Key, list[dict[str, float]]] = defaultdict(list)
    for (meter, role, second), values in readings.items():
        if meter == "house" and BEGIN <= second < END:
            windows[meter, role, second // 900 * 900].append(values)
    assert {(row["meter"], row["role"], row["time"]) for row in rows} == windows.keys()
    for row in rows:
        there = windows[row["meter"], row["role"], row["time"]]
        assert row["power_w"] == pytest.approx(statistics.fmean(values["power_w"] for values in there), abs=0.006)
        last = [values["energy_total_kwh"] for values in there if "energy_total_kwh" in values]
        assert row.get("energy_total_kwh") == (last[-1] if last else None)


def test_increases_add_up(database, readings, tmp_path) -> None:
    rows = rows_of(database, tmp_path / "t.csv", "--every", "1h", "--counters", "increase", "--meter", "house")

    for role in ("grid", "load"):
        totals = [
            (second, values["energy_total_kwh"])
            for (meter, which, second), values in readings.items()
            if (meter, which) == ("house", role) and "energy_total_kwh" in values and second < END
        ]
        before = max(total for second, total in totals if second < BEGIN)
        told = sum(row.get("energy_total_increase_kwh", 0) for row in rows if row["role"] == role)
        assert told == pytest.approx(totals[-1][1] - before, abs=1e-6)


def test_a_day_is_the_households(database, readings, tmp_path) -> None:
    rows = rows_of(database, tmp_path / "t.csv", "--every", "1d", "--meter", "house", "--field", "power_w")
    assert [row["time"] for row in rows if row["role"] == "grid"] == [BEGIN, BEGIN + 86_400]
    second_day = [
        values["power_w"]
        for (meter, role, second), values in readings.items()
        if (meter, role) == ("house", "grid") and BEGIN + 86_400 <= second < END
    ]
    assert END - BEGIN == 49 * 3600
    assert rows[2]["power_w"] == pytest.approx(statistics.fmean(second_day), abs=0.006)


def test_a_gap_stays_a_gap(database, readings, tmp_path) -> None:
    rows = rows_of(database, tmp_path / "t.csv", "--every", "1m")
    there = {(meter, role, second // 60 * 60) for meter, role, second in readings if BEGIN <= second < END}
    assert {(row["meter"], row["role"], row["time"]) for row in rows} == there
    assert len(there) < len(METERS) * (END - BEGIN) // 60


def test_a_rollup_is_exported(stack, tmp_path) -> None:
    """As the tasks have made it: means to no more decimals than a person is shown, readings as a number."""
    lines = [
        f"electricity,meter=house,role=grid power_w={second % 7},energy_total_kwh=2063.2578125 {BEGIN + second}"
        for second in range(600)
    ]
    stack.ask("POST", "write?org=home&bucket=energy&precision=s", "\n".join(lines))
    stack.roll_up(BEGIN - 3600, BEGIN + 7200)
    rows = rows_of(stack, tmp_path / "t.csv", "--bucket", "energy_1m")
    assert [row["time"] for row in rows] == [BEGIN + 60 * minute for minute in range(10)]
    assert {(row["readings"], row["power_w_min"], row["power_w_max"], row["energy_total_kwh"]) for row in rows} == {
        (60, 0, 6, 2063.26)
    }
    assert rows[0]["power_w"] == round(statistics.fmean(second % 7 for second in range(60)), 2)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            "--from 2026-10-24 --bucket enrgy",
            1,
            "There is no bucket 'enrgy' that this token may read; the nearest is 'energy'",
        ),
        ("--from 2020-01-01 --to 2020-02-01", 1, "The bucket 'energy' has no reading in that time."),
        ("--from 2026-10-24 --to 2026-10-25 --meter hous", 2, "the nearest is 'house'"),
        ("--from 2026-10-24 --to 2026-10-25 --field power", 2, "the nearest is 'power_w'"),
    ],
)
def test_what_is_not_there_is_one_sentence(database, tmp_path, words, code, sentence) -> None:
    done = export(database, *words.split(), str(tmp_path / "t.csv"))
    assert (done.returncode, done.stderr.count(b"\n")) == (code, 1)
    assert sentence in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_token_that_may_not_read_is_told_so(database, tmp_path) -> None:
    own = {"HOME": str(database._folder), "INFLUX_HOST": database.url, "INFLUX_TOKEN": database.token}
    (bucket,) = database.query('buckets() |> filter(fn: (r) => r["name"] == "energy")')
    words = [database._influx, "auth", "create", "--org", "home", "--write-bucket", bucket["id"], "--json"]
    told = subprocess.run(words, env=own, capture_output=True, text=True, check=True).stdout
    (token,) = re.findall(r'"token": "([^"]+)"', told)
    for wrong, sentence in ((token, b"influxdb_grafana_token"), ("nobody's", b"refuses the token")):
        done = export(database, "--from", "2026-10-24", str(tmp_path / "t.csv"), token=wrong)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
        assert sentence in done.stderr
        assert wrong.encode() not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_fortnight_needs_no_more_memory_than_a_day(database, tmp_path) -> None:
    begin = int(datetime(2026, 3, 1, tzinfo=ROME).timestamp())
    for day in range(14):
        seconds = range(begin + day * 86_400, begin + (day + 1) * 86_400, 2)
        write(database, "\n".join(f"electricity,meter=big,role=grid power_w={s % 997} {s}" for s in seconds))
    # The most that the child had, as the kernel counts it.
    code = "import resource, sys; from wattline.cli import main; assert main(sys.argv[1:]) == 0; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    peaks = []
    for end in ("2026-03-02", "2026-03-15"):
        words = [
            "export",
            "--from",
            "2026-03-01",
            "--to",
            end,
            "--timezone",
            "Europe/Rome",
            str(tmp_path / "t.parquet"),
        ]
        environment = os.environ | {"INFLUX_HOST": database.url, "INFLUX_TOKEN": database.token}
        done = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout) / 1024)
    assert parquet.read_metadata(tmp_path / "t.parquet").num_rows == 14 * 43_200
    assert peaks[1] < peaks[0] + 30, peaks


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_full_disk_is_one_sentence(database, form) -> None:
    with Path("/dev/full").open("wb") as full:
        words = ["--from", "2026-10-24", "--format", form, "-"]
        done = export(database, *words, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "wattline: Lines cannot be written to standard output: No space left on device."
    ]
