"""The chain: a simulated meter, the real plugin under a real Telegraf, a real InfluxDB. All listen on 127.0.0.1 only."""

import csv
import io
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from wattline.meters import load_models
from wattline.simulate import Served

FOLDER = Path(__file__).parent.parent.parent / "telegraf"
WATTLINE = str(Path(sys.executable).with_name("wattline"))
MODEL = load_models()["orno-we515"]
DECIMALS = {row.field: row.decimals for row in MODEL.rows}
NS = 1_000_000_000
LOG_TAIL_LINES = 60
# Columns of an answer that are no tags of the points, nor begin with "_".
COLUMNS = {"", "result", "table"}

_LOGS = pytest.StashKey[list[Path]]()


def wait_until(what: str, condition: Callable[[], Any], seconds: float) -> Any:
    """Whatever ``condition`` gives once it is true; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"Not within {seconds:g} s: {what}.")
        time.sleep(0.05)  # between two looks: another process has no event for us
    return result


def sleep_until(wall_s: float) -> None:
    """Let the world go on until ``wall_s`` seconds since 1970."""
    time.sleep(max(0.0, wall_s - time.time()))  # the time itself is waited for


class Program:
    """A child process with a log file, killed at the end whatever happens."""

    def __init__(self, name: str, folder: Path, config: pytest.Config) -> None:
        self.name = name
        self.log_path = folder / f"{name}.log"
        config.stash.setdefault(_LOGS, []).append(self.log_path)
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, words: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start ``words``; the log grows over restarts."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """All that it has said."""
        return self.log_path.read_text(errors="replace")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM, and wait; returns its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.is_alive:
            self.process.kill()
            self.process.wait()


class InfluxDB(Program):
    """InfluxDB with the organisation home and the buckets energy and host."""

    def __init__(self, influxd: str, influx: str, folder: Path, config: pytest.Config) -> None:
        super().__init__("influxd", folder, config)
        self._influxd, self._influx, self._folder = influxd, influx, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}"
        self.token = secrets.token_hex(16)

    def start(self) -> None:
        """Start it, on the data that it had, and wait until it takes points."""
        paths = [f"--{name}-path={self._folder}/{name}" for name in ("bolt", "engine", "sqlite")]
        options = [f"--http-bind-address={self._address}", "--reporting-disabled", "--log-level=warn"]
        self.run([self._influxd, *paths, *options], {"PATH": os.environ["PATH"], "HOME": str(self._folder)})
        wait_until("InfluxDB is healthy", self._is_healthy, 60)

    def set_up(self) -> None:
        """Make organisation, token and buckets."""
        self._ask(
            f"setup --force --username admin --password {secrets.token_hex(16)} --org home --bucket energy --retention 0"
        )
        self._ask("bucket create --name host --org home")

    def query(self, flux: str) -> list[dict[str, str]]:
        """The rows of all tables that a Flux query gives, by column name."""
        request = urllib.request.Request(  # noqa: S310 - the URL is our own child's
            f"{self.url}/api/v2/query?org=home",
            data=json.dumps({"query": flux, "dialect": {"annotations": []}}).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            tables = answer.read().decode().replace("\r\n", "\n").split("\n\n")
        return [row for table in tables if table.strip() for row in csv.DictReader(io.StringIO(table.lstrip("\n")))]

    def series(self, bucket: str, site: str, measurement: str) -> dict[tuple[str, ...], dict[int, dict[str, float]]]:
        """A site's points of one measurement: tags, as "key=value", to nanosecond to field to value."""
        which = f'r["_measurement"] == "{measurement}" and r["site"] == "{site}"'
        series: dict[tuple[str, ...], dict[int, dict[str, float]]] = {}
        for row in self.query(f'from(bucket: "{bucket}") |> range(start: 0) |> filter(fn: (r) => {which})'):
            tags = {key: row[key] for key in row.keys() - COLUMNS if row[key] and not key.startswith("_")}
            points = series.setdefault(tuple(sorted(f"{key}={value}" for key, value in tags.items())), {})
            fields = points.setdefault(nanoseconds(row["_time"]), {})
            assert row["_field"] not in fields, f"twice in one point: {row}"
            fields[row["_field"]] = float(row["_value"])
        return series

    def measurements(self, bucket: str) -> set[str]:
        """The measurements that a bucket has."""
        flux = f'import "influxdata/influxdb/schema" schema.measurements(bucket: "{bucket}", start: 0)'
        return {row["_value"] for row in self.query(flux)}

    def _is_healthy(self) -> bool:
        if not self.is_alive:
            pytest.fail("influxd ended.")
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:  # noqa: S310 - likewise
                return bool(answer.status == 200)
        except OSError:
            return False

    def _ask(self, words: str) -> None:
        command = [self._influx, *words.split(), "--host", self.url, "--token", self.token]
        own = {"INFLUX_CONFIGS_PATH": f"{self._folder}/configs", "HOME": str(self._folder)}
        result = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


def nanoseconds(text: str) -> int:
    """Nanoseconds since 1970 of InfluxDB's time, with or without a fraction."""
    second, _, fraction = text.rstrip("Z").partition(".")
    whole = datetime.fromisoformat(second).replace(tzinfo=UTC)
    return int(whole.timestamp()) * NS + int(fraction.ljust(9, "0") if fraction else 0)


class Telegraf(Program):
    """Telegraf on a copy of telegraf/ in which only the place of wattline is another.

    Args:
        site: the tag by which a test finds its points.
    """

    def __init__(self, program: str, folder: Path, config: pytest.Config, site: str) -> None:
        super().__init__(f"telegraf-{site}", folder, config)
        self._program, self._site = program, site
        self._copy = Path(shutil.copytree(FOLDER, folder / f"telegraf-{site}"))

    def start(self, database: InfluxDB, port: Path, extra: Mapping[str, str]) -> None:
        """Start it, with ``port`` in WATTLINE_PORT and ``extra`` files in telegraf.d, as a user would add them."""
        for name, text in extra.items():
            (self._copy / "telegraf.d" / name).write_text(text)
        for path in (self._copy / "telegraf.d").iterdir():
            path.write_text(path.read_text().replace("/opt/wattline/bin/wattline", WATTLINE))
        words = ["--config", f"{self._copy}/telegraf.conf", "--config-directory", f"{self._copy}/telegraf.d"]
        own = {"WATTLINE_SITE": self._site, "WATTLINE_PORT": str(port)}
        shared = {"PATH": os.environ["PATH"], "INFLUX_URL": database.url, "INFLUX_TOKEN": database.token}
        self.run([self._program, *words], own | shared)

    @property
    def restart_delay_s(self) -> int:
        """What 10-meters.conf says."""
        (execd,) = tomllib.loads((self._copy / "telegraf.d" / "10-meters.conf").read_text())["inputs"]["execd"]
        return int(execd["restart_delay"].removesuffix("s"))

    @property
    def plugins(self) -> list[int]:
        """The processes of wattline that are its children."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task")
        pids = [int(pid) for task in children.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in pids if b"wattline" in command_line(pid)]


def command_line(pid: int) -> bytes:
    """The words of a process; none when it is gone or not reaped."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def read_truth(path: Path) -> list[Served]:
    """What `wattline simulate --truth` has written."""
    return [Served(**json.loads(line)) for line in path.read_text().splitlines()]


def compare(points: Mapping[int, Mapping[str, float]], truth: Sequence[Served]) -> list[str]:
    """A sentence about each stored value that the meter did not serve, at its decimals, in the second of its stamp."""
    served: dict[tuple[int, str], set[float]] = {}
    for entry in truth:
        for name, value in entry.values.items():
            served.setdefault((entry.heard_wall_ns // NS * NS, name), set()).add(value)
    wrong = []
    for stamp, fields in points.items():
        for name, value in fields.items():
            shown, believable = round(value, DECIMALS[name]), served.get((stamp, name), set())
            if shown not in believable:
                wrong.append(f"{stamp // NS} {name} = {shown}, served in that second: {sorted(believable)}")
    return wrong


@pytest.fixture(scope="session")
def influxdb(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[InfluxDB]:
    """One InfluxDB for all; the tests tell their points apart by the tag ``site``."""
    with InfluxDB(server("influxd"), server("influx"), tmp_path_factory.mktemp("influxdb"), pytestconfig) as database:
        database.start()
        database.set_up()
        yield database


class Chain:
    """What a chain test works with; all that it starts ends with the module."""

    wait_until = staticmethod(wait_until)
    sleep_until = staticmethod(sleep_until)
    compare = staticmethod(compare)
    read_truth = staticmethod(read_truth)
    command_line = staticmethod(command_line)

    def __init__(self, influxdb: InfluxDB, telegraf: str, folder: Path, config: pytest.Config) -> None:
        self.influxdb, self.folder = influxdb, folder
        self.stack = ExitStack()
        self._telegraf, self._config = telegraf, config

    def start_telegraf(self, site: str, port: Path, extra: Mapping[str, str] | None = None) -> Telegraf:
        """Telegraf on a copy of telegraf/, writing into the database."""
        telegraf = self.stack.enter_context(Telegraf(self._telegraf, self.folder, self._config, site))
        telegraf.start(self.influxdb, port, extra or {})
        return telegraf

    def start_simulator(self, name: str, *words: str) -> tuple[Path, Path]:
        """`wattline simulate` with one meter and further ``words``; returns its port and its file of the truth."""
        link, truth = self.folder / name, self.folder / f"{name}.truth"
        simulator = self.stack.enter_context(Program(f"simulate-{name}", self.folder, self._config))
        files = ["--link", str(link), "--truth", str(truth)]
        simulator.run([WATTLINE, "simulate", *files, *words, f"{name}=orno-we515@1"])
        wait_until(f"the simulator of {name} is there", lambda: link.exists() or not simulator.is_alive, 10)
        assert simulator.is_alive
        return link, truth


@pytest.fixture(scope="module")
def chain(
    server: Callable[[str], str],
    influxdb: InfluxDB,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[Chain]:
    """The chain."""
    chain = Chain(influxdb, server("telegraf"), tmp_path_factory.mktemp("chain"), pytestconfig)
    with chain.stack:
        yield chain


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of each program's log when a test fails."""
    report = yield
    if report.failed:
        for path in item.config.stash.get(_LOGS, []):
            tail = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if path.exists() else []
            report.sections.append((f"end of {path.name}", "\n".join(tail)))
    return report
