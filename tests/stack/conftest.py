"""The stack: a real InfluxDB with the buckets of compose/, its rollup tasks and `remake`. It listens on 127.0.0.1 only."""

import json
import os
import re
import subprocess
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import docker_in_place
from database import InfluxDB, instant, wait_until
from stack.composition import query_limits
from wattline.fields import COMPLETENESS, ELECTRICITY

INFLUXDB = Path(__file__).parents[2] / "compose" / "influxdb"
ROLLUPS = ("energy_1m", "energy_15m", "energy_1d")
SHARD_DAYS = {"energy": 14, "energy_1m": 28, "energy_15m": 364, "energy_1d": 3640, "cost": 364}
LINES_PER_WRITE = 20_000


class Stack(InfluxDB):
    """InfluxDB with what compose/influxdb/setup makes of it, under the memory limit that a Raspberry Pi gives a query."""

    def set_up(self) -> None:
        """Make organisation, token and buckets."""
        super().set_up()
        self.empty()

    @property
    def engine(self) -> Path:
        """The folder of what is stored."""
        return self._folder / "engine"

    def restart(self, *options: str) -> None:
        """Stop it, and start it with further ``options``."""
        self.stop()
        self._options = [*self._options, *options]
        self.start()

    def empty(self) -> None:
        """The buckets of readings and of their cost, without a point in them."""
        buckets = {bucket["name"]: bucket for bucket in self.ask("GET", "buckets?limit=100")["buckets"]}
        for name, days in SHARD_DAYS.items():
            if name in buckets:
                self.ask("DELETE", f"buckets/{buckets[name]['id']}")
            rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": days * 86_400}
            self.ask("POST", "buckets", {"name": name, "orgID": self.org_id, "retentionRules": [rule]})

    def empty_host(self) -> None:
        """The bucket of the machine and of the plugin itself, without a point in it."""
        buckets = {bucket["name"]: bucket for bucket in self.ask("GET", "buckets?limit=100")["buckets"]}
        if "host" in buckets:
            self.ask("DELETE", f"buckets/{buckets['host']['id']}")
        self.ask("POST", "buckets", {"name": "host", "orgID": self.org_id, "retentionRules": []})

    @property
    def org_id(self) -> str:
        """That of home."""
        return str(self.ask("GET", "orgs?org=home")["orgs"][0]["id"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What InfluxDB's API says; ``body`` goes as JSON, or as it is when it is text."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/{path}", data, headers, method=method)  # noqa: S310 - our child
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
            return json.loads(answer.read() or b"null")

    def write(self, lines: Iterable[str], bucket: str = "energy") -> None:
        """Store ``lines``, whose stamps are seconds."""
        whole = list(lines)
        for first in range(0, len(whole), LINES_PER_WRITE):
            text = "\n".join(whole[first : first + LINES_PER_WRITE])
            self.ask("POST", f"write?org=home&bucket={bucket}&precision=s", text)

    def points(self, bucket: str, **tags: str) -> dict[int, dict[str, float]]:
        """The points of the series that has these ``tags``; there must be one such series, or none."""
        found = [points for key, points in self.all_points(bucket).items() if tags.items() <= dict(key).items()]
        assert len(found) <= 1, f"several series in {bucket} have {tags}"
        return found[0] if found else {}

    def all_points(self, bucket: str) -> dict[tuple[tuple[str, str], ...], dict[int, dict[str, float]]]:
        """Every series of readings in a bucket: its tags, then its points."""
        series: dict[tuple[tuple[str, str], ...], dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        columns = {"", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement"}
        for row in self.query(
            f'from(bucket: "{bucket}") |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)'
        ):
            tags = tuple(sorted((key, value) for key, value in row.items() if key not in columns and value))
            second = int(datetime.fromisoformat(row["_time"].replace("Z", "+00:00")).timestamp())
            if row["_measurement"] == COMPLETENESS:
                continue
            assert row["_measurement"] == ELECTRICITY
            assert row["_field"] not in series[tags][second], f"twice in one point: {row}"
            series[tags][second][row["_field"]] = float(row["_value"])
        return {tags: dict(points) for tags, points in series.items()}

    def run_at(self, name: str, now: int, zone: str = "Europe/Rome") -> None:
        """Run a task as it is run at the second ``now``."""
        self.query(task_text(name, zone).replace("option task", f"option now = () => {instant(now)}\n\noption task", 1))

    def run_over(self, name: str, start: int, stop: int, zone: str = "Europe/Rome") -> None:
        """Run a task's text over a range, as `remake` does."""
        span = f"span = {{start: {instant(start)}, stop: {instant(stop)}}}"
        text, count = re.subn(r"^span = .*$", span, task_text(name, zone), flags=re.MULTILINE)
        assert count == 1
        self.query(text)

    def roll_up(self, start: int, stop: int, zone: str = "Europe/Rome") -> None:
        """Every bucket, over one range."""
        for name in ROLLUPS:
            self.run_over(name, start, stop, zone)

    def remake(
        self, *words: str, zone: str = "Europe/Rome", folder: Path = INFLUXDB, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """`compose/influxdb/remake --here` with these words, that of ``folder``; an empty word of the environment is none."""
        own = {
            "PATH": f"{Path(self._influx).parent}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "INFLUX_HOST": self.url,
            "INFLUX_TOKEN": self.token,
            "INFLUX_ORG": "home",
            "WATTLINE_TIMEZONE": zone,
        } | environment
        command = [str(folder / "remake"), "--here", *words]
        own = {name: value for name, value in own.items() if value}
        return subprocess.run(command, env=own, capture_output=True, text=True, check=False)

    def run_as_task(self, name: str, now: int, zone: str = "Europe/Rome") -> None:
        """Make the task in InfluxDB itself, let its scheduler run it as if it were ``now``, and take it away."""
        task = self.ask("POST", "tasks", {"orgID": self.org_id, "flux": task_text(name, zone), "status": "active"})
        run = self.ask("POST", f"tasks/{task['id']}/runs", {"scheduledFor": instant(now)})

        def outcome() -> dict[str, Any] | None:
            runs = self.ask("GET", f"tasks/{task['id']}/runs").get("runs", [])
            ended = {"success", "failed", "canceled"}
            return next((it for it in runs if it["id"] == run["id"] and it["status"] in ended), None)

        ended = wait_until(f"the task {name} has run", outcome, 60)
        assert ended["status"] == "success", ended
        self.ask("DELETE", f"tasks/{task['id']}")


def task_text(name: str, zone: str) -> str:
    """A task as the set-up puts it into InfluxDB."""
    return (INFLUXDB / "tasks" / f"{name}.flux").read_text().replace('"Europe/Rome"', f'"{zone}"')


@pytest.fixture(scope="module")
def server_of_stack(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Stack]:
    """One InfluxDB for a module."""
    folder = tmp_path_factory.mktemp("stack")
    with Stack(server("influxd"), server("influx"), folder, pytestconfig, query_limits()) as stack:
        stack.start()
        stack.set_up()
        yield stack


@pytest.fixture
def stack(server_of_stack: Stack) -> Stack:
    """The module's InfluxDB, its buckets emptied."""
    server_of_stack.empty()
    return server_of_stack


@pytest.fixture
def docker(stack: Stack, tmp_path: Path) -> Path:
    """The folder with what stands in for Docker."""
    docker_in_place.put_in_place(tmp_path, stack)
    return tmp_path
