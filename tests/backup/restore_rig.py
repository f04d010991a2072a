"""A real InfluxDB with buckets of one-day shards, sets of it, and `wattline-backup` as a person calls it."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from database import InfluxDB, nanoseconds
from wattline_backup.cli import main
from wattline_backup.house import House
from wattline_backup.progress import Quiet
from wattline_backup.run import Run
from wattline_backup.server import Server
from wattline_backup.sets import Folder, Set

DAY_S = 86_400
# Midnight of UTC, some days ago, so that no shard is written to but by the tests.
START = int(datetime.now(UTC).timestamp()) // DAY_S * DAY_S - 8 * DAY_S
DAYS = 5
STEP_S = 600
FIELDS = ("power_w", "voltage_v")

Points = dict[tuple[str, str, int], float]
"""Meter, field, second since 1970 -> value."""


def day(number: int) -> int:
    """The second at which a day of the tests begins."""
    return START + number * DAY_S


def household(start: int, end: int, *, meter: str = "house", plus: float = 0.0, step_s: int = STEP_S) -> Points:
    """Readings of a meter."""
    return {
        (meter, field, second): float((second // step_s * (7 + place)) % 997) + plus
        for second in range(start, end, step_s)
        for place, field in enumerate(FIELDS)
    }


def lines(points: Mapping[tuple[str, str, int], float]) -> Iterator[str]:
    """As line protocol."""
    for (meter, field, second), value in points.items():
        yield f"electricity,meter={meter} {field}={value!r} {second}"


class Database(InfluxDB):
    """InfluxDB, and a token each for Telegraf and Grafana, bound to the bucket energy."""

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """What the API says; ``body`` goes as JSON, or as it is when it is text."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Token {token or self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/{path}", data, headers, method=method)  # noqa: S310 - our child
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
            return json.loads(answer.read() or b"null")

    @property
    def org_id(self) -> str:
        return str(self.ask("GET", "orgs?org=home")["orgs"][0]["id"])

    def buckets(self) -> dict[str, dict[str, Any]]:
        """By name, those of the tests."""
        found = self.ask("GET", "buckets?limit=100")["buckets"]
        return {each["name"]: each for each in found if not each["name"].startswith("_")}

    def empty(self, *, days: int = 1, keep_s: int = 0) -> None:
        """One bucket, energy, without a point."""
        for bucket in self.buckets().values():
            self.ask("DELETE", f"buckets/{bucket['id']}")
        rule = {"type": "expire", "everySeconds": keep_s, "shardGroupDurationSeconds": days * DAY_S}
        made = self.ask("POST", "buckets", {"name": "energy", "orgID": self.org_id, "retentionRules": [rule]})
        resource = {"type": "buckets", "id": made["id"], "orgID": self.org_id}
        self.telegraf, self.grafana = (
            str(
                self.ask(
                    "POST",
                    "authorizations",
                    {"orgID": self.org_id, "permissions": [{"action": action, "resource": resource}]},
                )["token"]
            )
            for action in ("write", "read")
        )

    def write(self, points: Mapping[tuple[str, str, int], float], bucket: str = "energy", token: str = "") -> None:
        self.ask("POST", f"write?org=home&bucket={bucket}&precision=s", "\n".join(lines(points)), token)

    def bring(self, points: Points) -> None:
        """Write as Telegraf does: what is answered by an error of the server, as while a shard is swapped, comes again."""
        is_taken = False
        while not is_taken:
            try:
                self.write(points, token=self.telegraf)
                is_taken = True
            except urllib.error.HTTPError as error:
                if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise

    def flush(self) -> None:
        """Have it write what it has in memory into files, as a backup does."""
        server = Server(self.url, self.token, "the test")
        for bucket in server.metadata().buckets:
            for group in bucket["retentionPolicies"][0]["shardGroups"]:
                for shard in [] if group.get("deletedAt") else group["shards"]:
                    with server.shard(shard["id"], packed=False) as answer:
                        assert b"".join(answer.pieces)
        server.close()

    def delete(self, start: int, end: int, bucket: str = "energy") -> None:
        """Delete what is from ``start`` on and before ``end``."""
        instants = [datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for second in (start, end - 1)]
        self.ask("POST", f"delete?org=home&bucket={bucket}", dict(zip(("start", "stop"), instants, strict=True)))

    def points(self, bucket: str = "energy") -> Points:
        """Everything in a bucket."""
        found: Points = {}
        for row in self.query(f'from(bucket: "{bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)'):
            key = (row["meter"], row["_field"], nanoseconds(row["_time"]) // 1_000_000_000)
            assert key not in found, f"twice: {row}"
            found[key] = float(row["_value"])
        return found

    def restart(self, *options: str) -> None:
        """Stop it, and start it with further ``options``."""
        self.stop()
        self._options = [*self._options, *options]
        self.start()

    def tokens_work(self) -> None:
        """Telegraf may write into energy, and Grafana may read it."""
        probe = {("probe", "power_w", START + 1): 1.0}
        self.write(probe, token=self.telegraf)
        token, self.token = self.token, self.grafana
        try:
            assert probe.items() <= self.points().items()
        finally:
            self.token = token
        self.ask(
            "POST",
            "delete?org=home&bucket=energy",
            {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z", "predicate": 'meter="probe"'},
        )


class Desk:
    """A folder of sets and the settings of `wattline-backup` for a server."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder / "sets", capsys, monkeypatch
        self.token_file = folder / "token"
        self.outcome = folder / "outcome"
        self._sets = 0
        monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(self.folder))
        monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", str(self.token_file))
        monkeypatch.setenv("WATTLINE_BACKUP_OUTCOME", str(self.outcome))
        for name in ("WATTLINE_BACKUP_FILES", "WATTLINE_BACKUP_GRAFANA"):
            monkeypatch.delenv(name, raising=False)

    def at(self, database: InfluxDB) -> "Desk":
        """Work with this server from now on."""
        self._monkeypatch.setenv("INFLUX_HOST", database.url)
        self.token_file.write_text(database.token)
        return self

    def make_set(self, database: InfluxDB, files: Iterable[Path] = ()) -> Set:
        """A set of the server as it is, each a minute younger than the one before."""
        self._sets += 1
        now = datetime.now(UTC) - timedelta(hours=2) + timedelta(minutes=self._sets)
        server = Server(database.url, database.token, str(self.token_file))
        made = Run(server, Folder(self.folder), House(list(files)), Quiet(), now=lambda: now).make().made
        server.close()
        return made

    def sets(self) -> list[str]:
        return [each.stamp for each in Folder(self.folder).sets()]

    def call(self, *words: object) -> tuple[int, str, str]:
        """Exit code, stdout, stderr of `wattline-backup` with these words."""
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        told = self._capsys.readouterr()
        return code, told.out, told.err

    def restored(self, *words: object) -> dict[str, Any]:
        """What `restore` answers in JSON, once it has succeeded."""
        code, out, err = self.call("restore", *words, "--json")
        assert code == 0, err
        return dict(json.loads(out))

    def refusal(self, *words: object, code: int = 1) -> str:
        """The one sentence, or two, of a `restore` that failed."""
        found, out, err = self.call("restore", *words)
        assert (found, out) == (code, ""), err
        complaint = [line for line in err.splitlines() if line.startswith("wattline-backup: ")]
        assert len(complaint) == 1, err
        assert err.splitlines()[-1] == complaint[0]
        return complaint[0].removeprefix("wattline-backup: ")


def kill_before(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, number: int, database: Database
) -> None:
    """Let the server be killed when the function of that name is called for the ``number``th time."""
    function, numbers = getattr(module, name), count(1)

    def kill_once(*words: object) -> None:
        if next(numbers) == number:
            assert database.process
            database.process.kill()
            database.process.wait()
        function(*words)

    monkeypatch.setattr(module, name, kill_once)


@pytest.fixture(scope="module")
def database_of_module(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Database]:
    """One InfluxDB for a module."""
    with Database(server("influxd"), server("influx"), tmp_path_factory.mktemp("influxdb"), pytestconfig) as database:
        database.start()
        database.set_up()
        yield database


@pytest.fixture
def database(database_of_module: Database) -> Database:
    """The module's InfluxDB, with an empty bucket energy."""
    database_of_module.empty()
    return database_of_module


@pytest.fixture
def own_database(
    server: Callable[[str], str], tmp_path: Path, pytestconfig: pytest.Config
) -> Iterator[Callable[..., Database]]:
    """Starts an InfluxDB for one test: ``own_database("name", options)``."""
    started: list[Database] = []

    def start(name: str = "influxdb", *options: str, is_set_up: bool = True) -> Database:
        folder = tmp_path / name
        folder.mkdir()
        database = Database(server("influxd"), server("influx"), folder, pytestconfig, options)
        started.append(database)
        database.start()
        if is_set_up:
            database.set_up()
            database.empty()
        return database

    yield start
    for database in started:
        database.__exit__()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder of sets, and the program."""
    return Desk(tmp_path, capsys, monkeypatch)
