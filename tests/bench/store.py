"""A real InfluxDB that a house has filled for a year, in seconds.

One day of a simulated house with an OR-WE-515 is written to InfluxDB point by point, rolled up by the stack's own tasks and
compacted. A shard of a year is that day's blocks again, moved in time, put into InfluxDB's folder while it is stopped. What
is written hour by hour goes in as points.
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bench.moved import Pattern
from database import NS, wait_until
from stack.conftest import ROLLUPS, Stack
from stack.simulated_year import SimulatedYear
from stack.test_storage import DAY_S, START, household
from wattline.fields import ELECTRICITY
from wattline_backup.checks import nanoseconds
from wattline_backup.manifest import shards_of
from wattline_backup.server import Server

HOUR_S = 3600
# Longer than any pattern, so that each of them is one file.
ONE_SHARD_DAYS = 3640
# Every series and field has a point in the first minute, save those of the rollups, which have one at its begin.
SEED_S = 60
# InfluxDB compacts a shard of the patterns when nothing was written to it for two seconds.
AT_ONCE = ("--storage-cache-snapshot-write-cold-duration=1s", "--storage-compact-full-write-cold-duration=2s")
# A file older than this is none that a run takes for new.
AGE_S = 2 * HOUR_S
# Up to this much is written as points.
AS_POINTS_S = 3 * HOUR_S
# How many days of its points a bucket's pattern has; a block has a thousand points, and takes long to fill in a rollup.
PATTERN_DAYS = {"energy": 1, "energy_1m": 28, "energy_15m": 364, "energy_1d": 364, "host": 1}


@dataclass(frozen=True)
class Kind:
    """A bucket.

    Attributes:
        name: of the bucket.
        day: the points of a day: second of the day, and line without its stamp.
        pattern: of its files.
        shard_days: how long a shard is.
        keep_days: what is older than this goes, a shard at a time; 0 keeps all.
    """

    name: str
    day: Sequence[tuple[int, str]]
    pattern: Pattern
    shard_days: int
    keep_days: int = 0

    @property
    def shard_bytes(self) -> int:
        """What a whole shard takes."""
        return len(self.pattern.file(0, self.shard_days * DAY_S * NS)[0])

    def lines(self, start: int, end: int) -> Iterator[str]:
        """The points of that time."""
        for midnight in range(start // DAY_S * DAY_S, end, DAY_S):
            for second, text in self.day:
                if start <= midnight + second < end:
                    yield f"{text} {midnight + second}"


class NoReport:
    """In place of pytest's configuration, for a program that is no test."""

    def __init__(self) -> None:
        self.stash = pytest.Stash()


def stack_in(folder: Path, programs: Sequence[str], kind: type[Stack] = Stack) -> Stack:
    """An InfluxDB, not started.

    Args:
        folder: where it keeps all it has; made.
        programs: influxd and influx.
        kind: its class.
    """
    folder.mkdir()
    return kind(*programs, folder, cast(pytest.Config, NoReport()))


def kinds(stack: Stack, shard_days: dict[str, int], keep_days: dict[str, int]) -> list[Kind]:
    """The buckets of a house, from a day that ``stack`` stores, rolls up and compacts."""
    days = {"energy": list(moved_to_day(household(START, DAY_S))), "host": list(host_day())}
    stack.write(f"{text} {START + second}" for second, text in days["energy"])
    stack.roll_up(START, START + DAY_S)
    for name in ROLLUPS:
        days[name] = list(moved_to_day(_stored(stack, name)))
    for name, each in days.items():
        rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": ONE_SHARD_DAYS * DAY_S}
        stack.ask("POST", "buckets", {"name": f"pattern_{name}", "orgID": stack.org_id, "retentionRules": [rule]})
        for turn in range(PATTERN_DAYS[name]):
            stack.write((f"{text} {START + turn * DAY_S + second}" for second, text in each), f"pattern_{name}")
    stack.restart(*AT_ONCE)
    return [
        Kind(name, days[name], _pattern(stack, name), shard_days[name], keep_days.get(name, 0)) for name in shard_days
    ]


def moved_to_day(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Of ``lines`` those of the simulated day: the second of the day, and the line without its stamp."""
    for line in lines:
        text, _, second = line.rpartition(" ")
        if START <= int(second) < START + DAY_S:
            yield int(second) - START, text


def host_day() -> Iterator[tuple[int, str]]:
    """What Telegraf says of the Pi, and wattline of one meter."""
    year = SimulatedYear(datetime.fromtimestamp(START + DAY_S, UTC), "Europe/Rome")
    for bucket, lines in year.lines():
        if bucket == "host":
            yield from moved_to_day(
                line for line in lines if "meter=heatpump" not in line and "meter=solar" not in line
            )


def _stored(stack: Stack, bucket: str) -> Iterator[str]:
    for tags, points in stack.all_points(bucket).items():
        words = ",".join(f"{key}={value}" for key, value in tags)
        for second, fields in points.items():
            yield f"{ELECTRICITY},{words} {','.join(f'{name}={value!r}' for name, value in fields.items())} {second}"


def _pattern(stack: Stack, name: str) -> Pattern:
    (found,) = stack.ask("GET", f"buckets?name=pattern_{name}")["buckets"]
    folder = stack.engine / "data" / found["id"]

    def only() -> list[Path]:
        files = list(folder.glob("**/*.tsm"))
        return files if len(files) == 1 and not list(folder.glob("**/*.tmp")) else []

    (file,) = wait_until(f"{name} lies in one file", only, 120)
    return Pattern(file.read_bytes(), START * NS, PATTERN_DAYS[name] * DAY_S * NS)


class Store(Stack):
    """An InfluxDB whose time is told to it.

    Attributes:
        kinds: its buckets; to be set before ``set_up``.
        now: the second up to which the house has lived.
    """

    kinds: Sequence[Kind] = ()
    began = now = 0

    def empty(self) -> None:
        """The buckets, without a point in them."""
        for bucket in self.ask("GET", "buckets?limit=100")["buckets"]:
            if bucket["type"] == "user":
                self.ask("DELETE", f"buckets/{bucket['id']}")
        for kind in self.kinds:
            # Nothing expires by the clock of this machine; what is too old is taken away by ``go_to``.
            rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": kind.shard_days * DAY_S}
            self.ask("POST", "buckets", {"name": kind.name, "orgID": self.org_id, "retentionRules": [rule]})

    def begin(self, second: int) -> None:
        """The house is metered from ``second`` on."""
        self.began = self.now = second
        self._seeded: dict[str, int] = {}
        self._placed: dict[Path, tuple[int, int]] = {}

    def go_to(self, second: int) -> None:
        """Live up to ``second``: a few hours point by point, more by files."""
        if second - self.now <= AS_POINTS_S and self._seeded:
            for kind in self.kinds:
                self.write(kind.lines(self.now, second), kind.name)
        else:
            self._place(second)
        self.now = second

    def _place(self, second: int) -> None:
        for kind in self.kinds:
            self._seed(kind, second)
        shards = list(shards_of(Server(self.url, self.token, "").metadata().buckets))
        self.stop()
        by_name = {kind.name: kind for kind in self.kinds}
        lacking = []
        for bucket, group, shard in shards:
            kind = by_name.get(str(bucket["bucketName"]))
            if kind:
                start, end = (nanoseconds(str(group[name])) // NS for name in ("startTime", "endTime"))
                place = Path(bucket["bucketID"]) / "autogen" / str(shard)
                lacking.append((kind, self._put(kind, place, max(start, self.began), min(end, second), second)))
        self.start()
        for kind, span in lacking:
            self.write(kind.lines(*span), kind.name)

    def _seed(self, kind: Kind, second: int) -> None:
        """Have InfluxDB make the shards up to ``second``, by a point in each."""
        at = self._seeded.get(kind.name, self.began)
        while at < second:
            day = at // DAY_S * DAY_S
            self.write((f"{text} {day + moment}" for moment, text in kind.day if moment < SEED_S), kind.name)
            at = day + DAY_S * min(kind.shard_days, 7)
        self._seeded[kind.name] = at

    def _put(self, kind: Kind, place: Path, start: int, end: int, second: int) -> tuple[int, int]:
        """A shard's file; from when to when its points are not in it, since they fill no block."""
        if kind.keep_days and end <= second - kind.keep_days * DAY_S:
            start = end = 0
        if self._placed.get(place) == (start, end):
            return end, end
        self._placed[place] = (start, end)
        data = self.engine / "data" / place
        # Without its list of fields InfluxDB looks through the files, and finds the series that no seed has.
        for old in [*data.glob("*.tsm"), *data.glob("fields.idx*"), *(self.engine / "wal" / place).glob("*.wal")]:
            old.unlink()
        content, until_ns = kind.pattern.file(start * NS, end * NS) if end else (b"", 0)
        if content:
            # As InfluxDB names what it has compacted to the end.
            (data / "000000001-000000005.tsm").write_bytes(content)
        return until_ns // NS, end

    def rest(self) -> None:
        """Hours pass in which nothing is written: each file becomes two hours old, as a run sees it."""
        old_s = time.time() - AGE_S
        for file in self.files():
            if file.stat().st_mtime > old_s:
                os.utime(file, (old_s, old_s))

    def touch(self, start: int) -> None:
        """What a compaction of the last shard before today's costs a run: its file is new."""
        shard = next(place for place, span in self._placed.items() if span[0] == start)
        for file in (self.engine / "data" / shard).glob("*.tsm"):
            os.utime(file)

    def files(self) -> list[Path]:
        """Those of points."""
        return list((self.engine / "data").glob("*/autogen/*/*.tsm"))

    @property
    def size(self) -> int:
        """Bytes of those."""
        return sum(file.stat().st_size for file in self.files())
