"""``make bench-backup``: what a backup costs, `wattline-backup run` beside `influx backup`, on the same InfluxDB.

Two stores: one of thirty daily shards, over a day of hourly runs; and all buckets of the stack after a year, with the stack's
own shard lengths, over the life of the shards that are written to. Each run is a process of its own, and what it took is
what this program saw: seconds by its own clock, memory by /proc, bytes by the files.

An hour passes in a second: its points are written, both back up, and all files are then made two hours older, as far as
their stamps go. What is not done is a compaction of yesterday's shard by InfluxDB itself, which comes four hours after its
last point; its stamp is set anew instead, which costs a run the same.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import wattline
from bench import backup_table as table
from bench.backup_table import Costs, Row
from bench.processes import Client, Spent
from bench.readers import BUILD
from bench.store import HOUR_S, Kind, Store, kinds, stack_in
from bench.table import markdown
from stack.test_storage import DAY_S
from wattline_backup.disk import usage
from wattline_backup.house import House
from wattline_backup.progress import Quiet
from wattline_backup.retention import Candidate, Policy, judge
from wattline_backup.run import Run
from wattline_backup.server import Server
from wattline_backup.sets import STAMP_FORM, Folder

SHARD_DAYS = {"energy": 14, "energy_1m": 28, "energy_15m": 364, "energy_1d": 3640, "host": 7}
KEEP_DAYS = {"host": 30}
# Where shards of 28 days begin and end; that of 364 days is half full in the four weeks before the second one.
BEGIN = int(datetime(2025, 8, 18, tzinfo=UTC).timestamp())
END = BEGIN + 364 * DAY_S
# In the last four weeks, so that shards of 7, 14, 28 and 364 days are on average half full.
PHASES_DAYS = (3.5, 10.5, 17.5, 24.5)
DAILY_SHARDS = 30
FULL_AT_HOUR, COMPACTED_AT_HOUR = 2, 4
ZONE = ZoneInfo("Europe/Rome")


def main() -> int:
    """Measure and print; returns 0, or 1 with a sentence when it cannot be done."""
    argparse.ArgumentParser(
        prog="make bench-backup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    folders = subprocess.run([BUILD, "--path"], check=True, capture_output=True, text=True).stdout.strip()
    programs = [path for name in ("influxd", "influx") if (path := shutil.which(name, path=folders))]
    if len(programs) != 2:
        print("InfluxDB is not built; `make servers` builds it.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        show(Path(folder), programs)
    return 0


def tell(what: str) -> None:
    """Say how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {what} ...", file=sys.stderr, flush=True)


def show(folder: Path, programs: Sequence[str]) -> None:
    """Measure all, and print one table."""
    load = os.getloadavg()[0]
    tell("a day of a house, written, rolled up and compacted")
    with stack_in(folder / "pattern", programs) as stack:
        stack.start()
        stack.set_up()
        house = kinds(stack, SHARD_DAYS, KEEP_DAYS)
    rows = [*daily(folder / "daily", programs, house), *year(folder / "year", programs, house)]
    print(markdown(["what", "`wattline-backup`", "`influx backup`", "ratio", "goal"], rows))
    print(
        f"\nwattline {wattline.__version__}, Python {platform.python_version()}, InfluxDB 2.9.1, {platform.machine()} with "
        f"{os.cpu_count()} cores, load average {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end."
    )


def daily(folder: Path, programs: Sequence[str], house: Sequence[Kind]) -> list[Row]:
    """A day of hourly runs on thirty daily shards and the one of today."""
    (energy,) = (replace(kind, shard_days=1) for kind in house if kind.name == "energy")
    today = BEGIN + DAILY_SHARDS * DAY_S
    with opened(folder, programs, [energy]) as store:
        tell("a day on thirty daily shards")
        store.begin(BEGIN)
        store.go_to(today)
        store.rest()
        client, costs = Client(store, programs[1], folder / "sets"), Costs()
        client.run()
        store.rest()
        for hour in range(24):
            store.go_to(today + (hour + 1) * HOUR_S)
            if hour == COMPACTED_AT_HOUR:
                store.touch(today - DAY_S)
            costs.ours.append(client.run(*(["--full"] if hour == FULL_AT_HOUR else [])))
            costs.stock.append(client.stock(folder / "stock"))
            store.rest()
    return table.daily(costs)


def year(folder: Path, programs: Sequence[str], house: Sequence[Kind]) -> list[Row]:
    """All buckets: the sets that a year leaves, the runs of its last weeks, and how it is restored."""
    phases = {END - 28 * DAY_S + int(days * DAY_S) for days in PHASES_DAYS}
    kept = set(kept_moments())
    with opened(folder, programs, house) as store:
        tell("a year, and the sets that are kept of it")
        store.begin(BEGIN)
        client, sets, costs = Client(store, programs[1], folder / "measured"), Folder(folder / "sets"), Costs()
        for moment in sorted(kept | phases):
            store.go_to(moment)
            if moment in kept:
                make_set(store, sets, moment)
            if moment in phases:
                costs.before.append(client.run())
                store.rest()
                store.go_to(moment + HOUR_S)
                costs.ours.append(client.run())
                costs.stock.append(client.stock(folder / "stock"))
            store.rest()
        # The first one finds stamps that were set anew meanwhile.
        _, costs.full = client.run("--full"), client.run("--full")
        costs.kept, costs.kept_bytes = len(sets.sets()), usage([each.path for each in sets.sets()]).total
        costs.points = store.size
        costs.again_a_day = sum(kind.shard_bytes / kind.shard_days for kind in house)
        return table.year(costs, restores(folder, programs, client))


def opened(folder: Path, programs: Sequence[str], house: Sequence[Kind]) -> Store:
    """A store with these buckets, empty and running."""
    folder.mkdir()
    store = stack_in(folder / "influxdb", programs, Store)
    assert isinstance(store, Store)
    store.kinds = house
    store.start()
    store.set_up()
    return store


def make_set(store: Store, sets: Folder, moment: int) -> None:
    """A set, as of that moment."""
    at = datetime.fromtimestamp(moment, UTC)
    Run(Server(store.url, store.token, ""), sets, House(), Quiet(), now=lambda: at).make()


def kept_moments() -> list[int]:
    """When the sets were made that the usual rules keep of a year of hourly ones."""
    kept: list[Candidate] = []
    for now in range(BEGIN + DAY_S, END + 1, DAY_S):
        hours = [datetime.fromtimestamp(now - DAY_S + hour * HOUR_S, UTC) for hour in range(24)]
        candidates = [*kept, *(Candidate(hour.strftime(STAMP_FORM), hour) for hour in hours)]
        left = {
            each.stamp for each in judge(candidates, Policy(), hours[-1] + timedelta(minutes=1), ZONE) if each.is_kept
        }
        kept = [each for each in candidates if each.stamp in left]
    # A set is of what the house had lived through by then; of no time there is none.
    return [int(each.at.timestamp()) for each in kept if each.at.timestamp() > BEGIN]


def restores(folder: Path, programs: Sequence[str], client: Client) -> tuple[Spent, Spent]:
    """The newest set, brought into a blank InfluxDB by either program."""
    tell("a year restored by either program")
    with stack_in(folder / "blank", programs) as blank, stack_in(folder / "other", programs) as other:
        blank.start()
        ours = client.restore(blank.url)
        blank.stop(60)
        other.start()
        return ours, client.restore_stock(other.url)


if __name__ == "__main__":
    sys.exit(main())
