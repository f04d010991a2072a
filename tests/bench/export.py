"""``make bench-export``: what an export costs, `wattline export` beside what one would take else, from the same InfluxDB.

Seconds of one OR-WE-515 for a month, out of a real InfluxDB, to a table with a row for each second: by `influx query` with
Flux's ``pivot``, by the same without it, which leaves a row for each value to be put together afterwards, and, where they
are installed here, by influxdb-client to a data frame of pandas, and to Parquet by that. One after the other, each a process
of its own; what it took is what this program saw: seconds by its own clock, memory by /proc, that of the server as well.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import wattline
from bench.processes import Spent, timed
from bench.readers import BUILD
from bench.store import stack_in
from bench.table import markdown
from database import instant
from stack.conftest import Stack
from stack.test_storage import DAY_S, START, household

DAYS = 31
MEASURED = 'filter(fn: (r) => r._measurement == "electricity" and r.meter == "house")'
PIVOT = 'pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
FRAME = """\
import os, sys, warnings
from influxdb_client import InfluxDBClient
warnings.simplefilter("ignore")
with InfluxDBClient(os.environ["INFLUX_HOST"], os.environ["INFLUX_TOKEN"], org="home", timeout=3_600_000) as client:
    table = client.query_api().query_data_frame(sys.argv[1])
table.drop(columns=["result", "table", "_start", "_stop"]).to_parquet(sys.argv[2])
"""
FRAME_NEEDS = ("influxdb_client", "pandas")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to get the table.

    Attributes:
        name: for the reader.
        words: of the process; what it prints goes into the file where there is no ``{file}`` in them.
    """

    name: str
    words: Sequence[str]


def main() -> int:
    """Measure and print; returns 0, or 1 with a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="make bench-export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=DAYS, help="of seconds (default: %(default)s)")
    days = parser.parse_args().days
    folders = subprocess.run([BUILD, "--path"], check=True, capture_output=True, text=True).stdout.strip()
    programs = [path for name in ("influxd", "influx") if (path := shutil.which(name, path=folders))]
    if len(programs) != 2:
        print("InfluxDB is not built; `make servers` builds it.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        show(Path(folder), programs, days)
    return 0


def tell(what: str) -> None:
    """Say how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {what} ...", file=sys.stderr, flush=True)


def show(folder: Path, programs: Sequence[str], days: int) -> None:
    """Measure all, and print one table."""
    load = os.getloadavg()[0]
    with stack_in(folder / "influxdb", programs) as stack:
        stack.start()
        stack.set_up()
        fill(stack, days)
        rows = [measured(stack, way, folder / "table") for way in ways(programs[1], days)]
    print(markdown([f"{days} days of seconds", "seconds", "peak, MB", "InfluxDB's peak, MB", "file, MB"], rows))
    print(
        f"\nwattline {wattline.__version__}, Python {platform.python_version()}, InfluxDB 2.9.1, {platform.machine()} with "
        f"{os.cpu_count()} cores, load average {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end."
    )


def fill(stack: Stack, days: int) -> None:
    """The same day of a house, again and again."""
    tell(f"{days} days of a house, written")
    day = list(household(START, DAY_S))
    for number in range(days):
        stack.write(moved(day, number * DAY_S))


def moved(lines: Sequence[str], seconds: int) -> Iterator[str]:
    """Lines with later stamps."""
    for line in lines:
        text, _, stamp = line.rpartition(" ")
        yield f"{text} {int(stamp) + seconds}"


def ways(influx: str, days: int) -> Iterator[Way]:
    """All of them that can be gone here."""
    begin, end = instant(START), instant(START + days * DAY_S)
    ours = [sys.executable, "-m", "wattline", "export", "--from", begin, "--to", end]
    flux = f'from(bucket: "energy") |> range(start: {begin}, stop: {end}) |> {MEASURED}'
    query = [influx, "query", "--org", "home", "--raw"]
    yield Way("`wattline export` to Parquet", [*ours, "{file}.parquet"])
    yield Way("`wattline export` to CSV", [*ours, "{file}.csv"])
    yield Way("`influx query --raw`, a row a value", [*query, flux])
    yield Way("`influx query --raw` with pivot", [*query, f"{flux} |> {PIVOT}"])
    if all(map(find_spec, FRAME_NEEDS)):
        frame = [sys.executable, "-c", FRAME, f"{flux} |> {PIVOT}", "{file}.parquet"]
        yield Way("influxdb-client, pandas, to Parquet", frame)


def measured(stack: Stack, way: Way, path: Path) -> list[str]:
    """A row of the table."""
    tell(way.name)
    words = [word.replace("{file}", str(path)) for word in way.words]
    if words == list(way.words):
        words = ["/bin/sh", "-c", 'exec "$@" >"$0"', f"{path}.out", *words]
    environment = os.environ | {"INFLUX_HOST": stack.url, "INFLUX_TOKEN": stack.token}
    assert stack.process
    server = Path(f"/proc/{stack.process.pid}")
    # From here on the peak counts anew.
    (server / "clear_refs").write_text("5")
    try:
        spent = timed(words, environment)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        spent = Spent(float("nan"), float("nan"))
    peak_kb = next(int(line.split()[1]) for line in (server / "status").read_text().splitlines() if "VmHWM" in line)
    files = [each for each in path.parent.glob(f"{path.name}.*") if each.is_file()]
    size = sum(each.stat().st_size for each in files)
    for each in files:
        each.unlink()
    return [way.name, f"{spent.seconds:.0f}", f"{spent.peak_mb:.0f}", f"{peak_kb / 1024:.0f}", f"{size / 1e6:.0f}"]


if __name__ == "__main__":
    sys.exit(main())
