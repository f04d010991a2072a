"""A week of a house in a real InfluxDB and in a journal, and what `wattline-backup reconcile` takes with it.

Each day is the same simulated one, of an OR-WE-515 read each second, with what the plugin says of itself; further meters show
the same values. InfluxDB has it as it has any week: compacted, in shards of its own length, under the limits that a Pi gives.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.chains import SITE, Programs, cpu_s
from bench.processes import timed
from bench.store import AT_ONCE, HOUR_S, host_day, moved_to_day, stack_in
from database import instant, wait_until
from stack.composition import query_limits
from stack.conftest import INFLUXDB, Stack
from stack.test_storage import DAY_S, START, household
from wattline.journal import notes
from wattline.journal.files import FILE_BYTES, folder_name, path_of
from wattline.journal.record import pack
from wattline_backup.reconcile.routes import ENERGY, HOST, ROUTES

NS = 1_000_000_000
DAYS = 7
GROUP_S = 10
PORT = "/dev/ttyRS485"
ZONE = "Europe/Rome"
# A day is deleted once and then filled; this one is the first, further ones follow.
FIRST_GONE = 1
REMAKE = """\
#!/bin/sh
PATH={path}:$PATH INFLUX_HOST={url} INFLUX_TOKEN={token} HOME={home} WATTLINE_TIMEZONE={zone} exec {remake} --here "$@"
"""

Second = tuple[int, str]
"""The second of the day, and a line without its stamp."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of reconcile took.

    Attributes:
        seconds: from the start of its process to its end.
        own_cpu_s, influxdb_cpu_s: of the processor, of itself with its children and of InfluxDB.
        said: its JSON.
    """

    seconds: float
    own_cpu_s: float
    influxdb_cpu_s: float
    said: Any


def day_of_house() -> list[Second]:
    """What the plugin writes on one day."""
    host = [(second, text.replace(",site=home", "")) for second, text in host_day()]
    ours = [each for each in host if each[1].startswith(("wattline_bus,", "wattline_meter,"))]
    return sorted([*moved_to_day(household(START, DAY_S)), *ours], key=lambda each: each[0])


class Week:
    """The week; ended with the block.

    Args:
        folder: a new folder.
        programs: InfluxDB.
        day: of a house with one meter.
        meters: how many there are.
    """

    def __init__(self, folder: Path, programs: Programs, day: Sequence[Second], meters: int) -> None:
        folder.mkdir()
        self._folder, self._programs, self._day, self.meters = folder, programs, day, meters
        self._stack: Stack = stack_in(folder / "influxdb", [programs.influxd, programs.influx])
        self._stack._options = query_limits()
        self.begin_s = int(time.time()) // HOUR_S * HOUR_S - DAYS * DAY_S
        self._gone = FIRST_GONE

    def __enter__(self) -> "Week":
        with ExitStack() as stack:
            stack.enter_context(self._stack)
            self._live()
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.__exit__()

    def _live(self) -> None:
        """Seven days pass."""
        self._stack.start()
        self._stack.set_up()
        self._stack.empty_host()
        end_s = self.begin_s + DAYS * DAY_S
        self._store(end_s)
        self._keep(end_s)
        self._stack.restart(*AT_ONCE)
        wait_until("the week is compacted", self._is_compacted, 300)
        self._stack._options = query_limits()
        self._stack.restart()
        self._prepare()

    def delete_day(self) -> None:
        """InfluxDB lacks a day from now on; another one each time."""
        start = self.begin_s + self._gone * DAY_S
        self._gone += 1
        # The last second is deleted as well.
        span = {"start": instant(start), "stop": instant(start + DAY_S - 1)}
        for bucket in (ENERGY, HOST):
            self._stack.ask("POST", f"delete?org=home&bucket={bucket}", span)

    def reconcile(self) -> Run:
        """`wattline-backup reconcile`, as its timer calls it."""
        influxd = self._stack.process
        assert influxd
        before, own_before = cpu_s(influxd.pid), _of_children()
        spent = timed([sys.executable, "-m", "wattline_backup", "reconcile", "--json"], self._environment)
        return Run(spent.seconds, _of_children() - own_before, cpu_s(influxd.pid) - before, json.loads(spent.said))

    def _lines(self, start: int, stop: int) -> Iterator[tuple[int, str]]:
        for midnight in range(start - start % DAY_S, stop, DAY_S):
            for second, text in self._day:
                if start <= midnight + second < stop:
                    for each in self._of_each_meter(text):
                        yield midnight + second, each

    def _of_each_meter(self, text: str) -> list[str]:
        if "meter=house" not in text:
            return [text]
        return [text.replace("meter=house", f"meter=meter{number}") for number in range(1, self.meters + 1)]

    def _store(self, end_s: int) -> None:
        """As Telegraf stores it."""
        for start in range(self.begin_s, end_s, 6 * HOUR_S):
            batches: dict[str, list[str]] = {ENERGY: [], HOST: []}
            for second, text in self._lines(start, min(end_s, start + 6 * HOUR_S)):
                series, rest = text.split(" ", 1)
                bucket = ROUTES[series.partition(",")[0]]
                batches[bucket].append(f"{series},site={SITE} {rest} {second}")
            for bucket, lines in batches.items():
                self._stack.write(lines, bucket)

    def _keep(self, end_s: int) -> None:
        """As the plugin keeps it, without the sync of each record: there are sixty thousand."""
        due = {f"meter{number}": 1 for number in range(1, self.meters + 1)}
        began = notes.began("0", {"at": self.begin_s}, PORT, due, 1)
        place = self._folder / "journal" / folder_name(PORT)
        place.mkdir(parents=True)
        number, content = 1, pack(1, [began])
        for group in self._groups(end_s):
            record = pack(number, group)
            if len(content) + len(record) > FILE_BYTES:
                path_of(place, number).write_bytes(content.ljust(FILE_BYTES, b"\0"))
                number += 1
                content, record = b"", pack(number, [began, *group])
            content += record
        path_of(place, number).write_bytes(content.ljust(FILE_BYTES, b"\0"))

    def _groups(self, end_s: int) -> Iterator[list[str]]:
        """The lines of each ten seconds."""
        lines = self._lines(self.begin_s, end_s)
        for _, group in groupby(lines, key=lambda each: each[0] // GROUP_S):
            yield [f"{text} {second * NS}" for second, text in group]
        yield [notes.ended("the week is over", {"at": end_s})]

    def _is_compacted(self) -> bool:
        data, wal = self._stack.engine / "data", self._stack.engine / "wal"
        shards = [folder for folder in data.glob("*/autogen/*") if list(folder.glob("*.tsm"))]
        is_one = all(len(list(shard.glob("*.tsm*"))) == 1 for shard in shards)
        is_in_files = not any(file.stat().st_size for file in wal.glob("**/*.wal"))
        return bool(shards) and is_one and is_in_files

    def _prepare(self) -> None:
        token, remake = self._folder / "token", self._folder / "remake"
        token.write_text(self._stack.token)
        path = Path(self._programs.influx).parent
        words = {"path": path, "url": self._stack.url, "token": self._stack.token, "home": self._folder, "zone": ZONE}
        remake.write_text(REMAKE.format(**words, remake=INFLUXDB / "remake"))
        remake.chmod(0o700)
        self._environment = os.environ | {
            "INFLUX_HOST": self._stack.url,
            "WATTLINE_BACKUP_TOKEN_FILE": str(token),
            "WATTLINE_BACKUP_FOLDER": str(self._folder / "sets"),
            "WATTLINE_BACKUP_JOURNAL": str(self._folder / "journal"),
            "WATTLINE_BACKUP_REMAKE": str(remake),
            "WATTLINE_SITE": SITE,
            "WATTLINE_TIMEZONE": ZONE,
        }


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
