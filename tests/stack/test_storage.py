"""What the readings and their rollups take on the disk, in TSM files as InfluxDB's compaction leaves them.

| fault | test |
|---|---|
| a year of seconds of an OR-WE-515 takes more than 0.30 GB | test_a_year_takes_no_more_than_is_told |
| a rollup costs more than the README tells | likewise |
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from database import wait_until
from wattline.fields import ELECTRICITY
from wattline.line import to_line
from wattline.meters import load_models
from wattline.reading import Point
from wattline.registers import to_grain
from wattline.simulate.electricity import electricity
from wattline.simulate.energy import Energy

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

START = int(datetime(2026, 5, 12, 22, tzinfo=UTC).timestamp())
DAY_S = 86_400
DAYS_A_YEAR = 365
# Gigabytes a year. Of a single day a file's index is a larger part than of the weeks that a real one holds.
AT_MOST_GB = {"energy": 0.30, "energy_1m": 0.04}


def household(start: int, seconds: int) -> Iterator[str]:
    """An OR-WE-515 in a simulated house, as `wattline run` writes it: its counters every ten seconds."""
    model, energy = load_models()["orno-we515"], Energy(1, 0)
    for second in range(start, start + seconds):
        seen = electricity("house", 1, second)
        energy.add([seen.power_w], [seen.reactive_power_var], 1, second)
        counted = energy.readings() if second % 10 == 1 else {}
        values = {row.field: counted.get(row.field, getattr(seen, row.field, None)) for row in model.rows}
        fields = {
            row.field: to_grain(round(value * 10**row.decimals), row.decimals)
            for row in model.rows
            if (value := values[row.field]) is not None
        }
        point = Point(ELECTRICITY, {"meter": "house", "role": "grid"}, fields, second)
        yield to_line(point)


def test_a_year_takes_no_more_than_is_told(stack) -> None:
    stack.write(household(START, DAY_S))
    stack.roll_up(START, START + DAY_S)
    stack.restart("--storage-cache-snapshot-write-cold-duration=1s", "--storage-compact-full-write-cold-duration=2s")
    for bucket, at_most_gb in AT_MOST_GB.items():
        (found,) = stack.ask("GET", f"buckets?name={bucket}")["buckets"]
        folder = stack.engine / "data" / found["id"]
        (file,) = wait_until(f"{bucket} lies in one file", lambda f=folder: only_file(f), 120)
        assert 0 < file.stat().st_size * DAYS_A_YEAR < at_most_gb * 1e9, bucket


def only_file(folder: Path) -> list[Path]:
    """The TSM file of a bucket, once there is one and no more."""
    files = list(folder.glob("**/*.tsm"))
    return files if len(files) == 1 and not list(folder.glob("**/*.tsm.tmp")) else []
