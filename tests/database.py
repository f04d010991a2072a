"""Programs that run beside a test, with their logs, and among them a real InfluxDB that listens on 127.0.0.1 only."""

import csv
import io
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from wattline.fields import ELECTRICITY

NS = 1_000_000_000
LOG_TAIL_LINES = 60
# Columns of an answer that are no tags of the points, nor begin with "_".
COLUMNS = {"", "result", "table"}

_LOGS = pytest.StashKey[list[Path]]()


def instant(second: int) -> str:
    """``second`` since 1970 as Flux writes it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(second: int, fields: Mapping[str, float], **tags: str) -> str:
    """A reading as line protocol, its stamp in seconds; meter "house" and role "grid" unless said."""
    words = ",".join(f"{key}={value}" for key, value in sorted(({"meter": "house", "role": "grid"} | tags).items()))
    return f"{ELECTRICITY},{words} {','.join(f'{name}={float(value)!r}' for name, value in fields.items())} {second}"


def wait_until(what: str, condition: Callable[[], Any], seconds: float) -> Any:
    """Whatever ``condition`` gives once it is true; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"Not within {seconds:g} s: {what}.")
        time.sleep(0.05)  # between two looks: another process has no event for us
    return result


def lines_of(log: str) -> list[str]:
    """Those of a Telegraf, but one that is 1.39's own: it closes the pipe of a child that has ended while it may still read it."""
    return [line for line in log.splitlines() if not line.endswith("read |0: file already closed")]


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
    """InfluxDB with the organisation home and the buckets energy and host.

    Args:
        options: of influxd, beyond those that keep it to itself.
    """

    def __init__(
        self, influxd: str, influx: str, folder: Path, config: pytest.Config, options: Sequence[str] = ()
    ) -> None:
        super().__init__("influxd", folder, config)
        self._options = options
        self._influxd, self._influx, self._folder = influxd, influx, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}"
        self.token = secrets.token_hex(16)

    def start(self) -> None:
        """Start it, on the data that it had, and wait until it takes points."""
        paths = [f"--{name}-path={self._folder}/{name}" for name in ("bolt", "engine", "sqlite")]
        options = [f"--http-bind-address={self._address}", "--reporting-disabled", "--log-level=warn", *self._options]
        self.run([self._influxd, *paths, *options], {"PATH": os.environ["PATH"], "HOME": str(self._folder)})
        wait_until("InfluxDB is healthy", self._is_healthy, 60)

    def set_up(self) -> None:
        """Make organisation, token and buckets."""
        self._ask(
            f"setup --force --username admin --password {secrets.token_hex(16)} --org home --bucket energy --retention 0"
        )
        for bucket in ("host", "energy_1d"):
            self._ask(f"bucket create --name {bucket} --org home")

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
        """A site's points of one measurement: tags, as "key=value", to nanosecond to field to number."""
        which = f'r["_measurement"] == "{measurement}" and r["site"] == "{site}"'
        series: dict[tuple[str, ...], dict[int, dict[str, float]]] = {}
        points = f'from(bucket: "{bucket}") |> range(start: 0) |> filter(fn: (r) => {which})'
        for row in self.query(f'import "types" {points} |> filter(fn: (r) => types.isNumeric(v: r._value))'):
            tags = {key: row[key] for key in row.keys() - COLUMNS if row[key] and not key.startswith("_")}
            of_series = series.setdefault(tuple(sorted(f"{key}={value}" for key, value in tags.items())), {})
            fields = of_series.setdefault(nanoseconds(row["_time"]), {})
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of each program's log when a test fails."""
    report = yield
    if report.failed:
        for path in item.config.stash.get(_LOGS, []):
            tail = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:] if path.exists() else []
            report.sections.append((f"end of {path.name}", "\n".join(tail)))
    return report
