"""The chain with its disk: a simulated line, the plugin under a real Telegraf, a real InfluxDB, and what of it lies on a disk.

What a chain keeps of its readings until InfluxDB has them is changed from span to span: nothing, wattline's journal, or
Telegraf's own disk buffer. All else stays as it is.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self, cast

import pytest

from bench.card import Card
from bench.readers import BUILD
from bench.store import NoReport
from chain.conftest import Telegraf
from database import InfluxDB, Program, wait_until
from wattline.journal import sectors
from wattline.journal.files import path_of
from wattline.journal.reader import files_in, folders_in, read

SITE = "bench"
MODEL = "orno-we515"
METERS_CONF = "10-meters.conf"
EXECD = """\
[[inputs.execd]]
  command = {command}
  environment = ["PYTHONPATH={path}"]
  signal = "none"
  restart_delay = "5s"
  data_format = "influx"
"""
# The agent's settings must stand before the outputs that they are for.
TELEGRAF_CONF = Path(__file__).parents[2] / "telegraf" / "telegraf.conf"
AGENT = """\
[agent]
  buffer_strategy = "disk"
  buffer_directory = "{folder}"
"""


class Keeps(StrEnum):
    """What a chain keeps on its disk beside InfluxDB."""

    NOTHING = "nothing"
    JOURNAL = "wattline's journal"
    BUFFER = "Telegraf's disk buffer"


@dataclass(frozen=True, slots=True)
class Programs:
    """The paths of the real ones."""

    telegraf: str
    influxd: str
    influx: str


def programs() -> Programs | None:
    """Those that `make servers` has built; None if it has not."""
    folders = subprocess.run([BUILD, "--path"], check=True, capture_output=True, text=True).stdout.strip()
    found = [shutil.which(name, path=folders) for name in ("telegraf", "influxd", "influx")]
    return Programs(*(path for path in found if path)) if all(found) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was seen of a chain in a span.

    Attributes:
        seconds: how long it was.
        disk_bytes: that reached the disk.
        readings: that InfluxDB has of it.
        cpu_s: of the processor, that the plugin took.
        own_mb: memory of the plugin's alone, its share of what it has in common with others included, at the end.
        record_bytes: by which the journal's files were filled.
        files: of the journal that were made.
    """

    seconds: float
    disk_bytes: int
    readings: int
    cpu_s: float
    own_mb: float
    record_bytes: int
    files: int


class Chain:
    """One chain; all that it starts ends with the block.

    Args:
        folder: a new folder.
        programs: Telegraf and InfluxDB.
        meters: on its line.
        is_all_on_card: whether InfluxDB's data lie on the disk as well, as on a Pi; else only what is kept beside it.
    """

    def __init__(self, folder: Path, programs: Programs, meters: int, *, is_all_on_card: bool) -> None:
        folder.mkdir()
        self.meters, self.is_all_on_card = meters, is_all_on_card
        self._folder, self._programs = folder, programs
        self._config = cast(pytest.Config, NoReport())
        self._stack, self._of_span = ExitStack(), ExitStack()
        self._card = Card(folder / "card")
        self._port = folder / "ttyMeter"
        self._telegraf: Telegraf | None = None
        self._before = (0.0, 0, 0.0, (0, 0))

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._card)
            # As far from each other as they are on a Pi.
            for name in ("journal", "buffer"):
                self._on_card(name).mkdir(parents=True)
            data = self._on_card("influxdb") if self.is_all_on_card else self._folder / "influxdb"
            data.mkdir(parents=True)
            self._database = stack.enter_context(
                InfluxDB(self._programs.influxd, self._programs.influx, data, self._config)
            )
            self._database.log_path = self._folder / "influxd.log"
            self._database.start()
            self._database.set_up()
            simulator = stack.enter_context(Program("simulator", self._folder, self._config))
            simulator.run(
                [
                    sys.executable,
                    "-m",
                    "wattline",
                    "simulate",
                    "--turnaround",
                    "5",
                    "--jitter",
                    "0",
                    "--link",
                    str(self._port),
                    *self._words,
                ]
            )
            wait_until("the simulated line is there", self._port.exists, 20)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._of_span.close()
        self._stack.close()

    def start(self, keeps: Keeps) -> None:
        """Meter, and keep that."""
        folder = self._folder / f"run-{time.monotonic_ns()}"
        folder.mkdir()
        self._telegraf = self._of_span.enter_context(Telegraf(self._programs.telegraf, folder, self._config, SITE))
        self._telegraf.start(self._database, self._port, self._configuration(keeps))

    def begin(self) -> None:
        """The span begins; wait until it meters before."""
        wait_until("the plugin runs", lambda: self._pids, 20)
        disk_bytes = self._card.written_bytes()
        self._before = (time.time(), disk_bytes, self._cpu_s(), self._journal())

    def end(self) -> Span:
        """The span ends."""
        began_s, disk_bytes, cpu_s, (record_bytes, files) = self._before
        ended_s, record_bytes_now, files_now = time.time(), *self._journal()
        return Span(
            seconds=ended_s - began_s,
            disk_bytes=self._card.written_bytes() - disk_bytes,
            readings=self._readings(int(began_s), int(ended_s)),
            cpu_s=self._cpu_s() - cpu_s,
            own_mb=sum(own_mb(pid) for pid in self._pids),
            record_bytes=record_bytes_now - record_bytes,
            files=files_now - files,
        )

    def stop(self) -> None:
        """Meter no more."""
        assert self._telegraf
        self._telegraf.stop()
        self._of_span.close()

    def file_bytes(self) -> int:
        """What reaches the disk when a file of the journal is made; to be asked while nothing else is written."""
        folder = self._on_card("trial")
        folder.mkdir(parents=True)
        before = self._card.written_bytes()
        sectors.make(path_of(folder, 1))
        return self._card.written_bytes() - before

    @property
    def _words(self) -> list[str]:
        return [f"meter{number}={MODEL}@{number}" for number in range(1, self.meters + 1)]

    @property
    def _pids(self) -> list[int]:
        return self._telegraf.plugins if self._telegraf else []

    def _on_card(self, name: str) -> Path:
        return self._card.root / "var" / "lib" / name / "data"

    def _configuration(self, keeps: Keeps) -> Mapping[str, str]:
        journal = ["--journal", str(self._on_card("journal"))] if keeps is Keeps.JOURNAL else []
        command = [sys.executable, "-m", "wattline", "run", *journal, str(self._port), *self._words]
        path = os.environ.get("PYTHONPATH", "")
        quoted = "[" + ", ".join(f'"{word}"' for word in command) + "]"
        files = {METERS_CONF: EXECD.format(command=quoted, path=path)}
        if keeps is Keeps.BUFFER:
            agent = AGENT.format(folder=self._on_card("buffer"))
            files[f"../{TELEGRAF_CONF.name}"] = TELEGRAF_CONF.read_text().replace("[agent]\n", agent, 1)
        return files

    def _cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self._pids)

    def _journal(self) -> tuple[int, int]:
        """Bytes of the records, and files."""
        paths = [path for folder in folders_in(self._on_card("journal")) for path in files_in(folder)]
        return sum(filled_bytes(path) for path in paths), len(paths)

    def _readings(self, start: int, stop: int) -> int:
        """Of one of the values, that every reading has; of the last seconds Telegraf has not written them yet."""
        if start >= stop:
            return 0
        flux = (
            f'from(bucket: "energy") |> range(start: {start}, stop: {stop}) '
            '|> filter(fn: (r) => r._field == "power_w") |> count()'
        )
        return sum(int(row["_value"]) for row in self._database.query(flux))


def filled_bytes(path: Path) -> int:
    """How far a file of a journal is filled."""
    records = read(path)
    records.pass_over()
    return records.end


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process has taken since its start, all its threads together."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def own_mb(pid: int) -> float:
    """Memory of a process, each page that it shares divided by those that share it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def rounds(chains: Sequence[Chain], count: int, span_s: float, settle_s: float) -> list[dict[Keeps, list[Span]]]:
    """Equal spans of each way to keep readings, in turn, all chains side by side; one result for each chain."""
    seen: list[dict[Keeps, list[Span]]] = [{keeps: [] for keeps in Keeps} for _ in chains]
    for number in range(count):
        for keeps in Keeps:
            print(
                f"{time.strftime('%H:%M:%S')} round {number + 1} of {count}: {keeps} ...", file=sys.stderr, flush=True
            )
            for chain in chains:
                chain.start(keeps)
            time.sleep(settle_s)  # what a start writes is no part of a day
            for chain in chains:
                chain.begin()
            time.sleep(span_s)  # the measured time itself
            for chain, found in zip(chains, seen, strict=True):
                found[keeps].append(span := chain.end())
                print(
                    f"  {chain.meters} meters, all on the card {chain.is_all_on_card}: {span}",
                    file=sys.stderr,
                    flush=True,
                )
            for chain in chains:
                chain.stop()
    return seen
