"""A real InfluxDB with the environment that compose.yaml gives it, and the set-up of compose/influxdb run against it."""

import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stack import composition

SETUP = composition.FOLDER / "influxdb" / "setup"
MAKE_SECRETS = composition.FOLDER / "make-secrets"
# Every program that the set-up may call: nothing else is found, so a builtin of the shell is one.
PROGRAMS = ("awk", "basename", "cat", "curl", "cut", "dirname", "grep", "influx", "sed", "sort", "tr")
# Writes down how it was called; where a counter is given, the call that brings it to zero is an accident.
WRAPPER = """#!/bin/sh
printf '%s\\n' "{name} $*" >>"{log}"
if [ "{name}" = influx ] && [ -n "$ACCIDENT" ]; then
    read -r calls_left <"$ACCIDENT"
    echo $((calls_left - 1)) >"$ACCIDENT"
    [ "$calls_left" -gt 0 ] || exit 1
fi
exec "{program}" "$@"
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """influxd on data in ``folder``, on a free port, with the environment of the service."""

    def __init__(self, influxd: str, folder: Path) -> None:
        self._influxd, self.folder = influxd, folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """That of the container, but for the folders and the address."""
        own = {"INFLUXD_HTTP_BIND_ADDRESS": self.url.removeprefix("http://"), "HOME": str(self.folder)}
        own |= {"INFLUXD_BOLT_PATH": f"{self.folder}/influxd.bolt", "INFLUXD_ENGINE_PATH": f"{self.folder}/engine"}
        return {"PATH": os.environ["PATH"]} | composition.services()["influxdb"]["environment"] | own

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([self._influxd], env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "influxd does not answer"
            time.sleep(0.02)  # between two looks: another process has no event for us

    def stop(self) -> None:
        """As `docker stop` does it."""
        if self.process:
            self.process.terminate()
            self.process.wait(60)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/health", token="")[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, token: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of the answer to a request."""
        headers |= {"Authorization": f"Token {token}"} if token else {}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)  # noqa: S310 - our child's
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - likewise
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read()

    def get(self, path: str, token: str) -> Any:
        """The JSON of a path."""
        status, body = self.ask("GET", path, token)
        assert status == 200, body
        return json.loads(body)

    def write(self, bucket: str, token: str, lines: str) -> int:
        """The status of a write."""
        return self.ask("POST", f"/api/v2/write?org=home&bucket={bucket}", token, lines.encode())[0]

    def query(self, flux: str, token: str) -> tuple[int, list[dict[str, str]]]:
        """The status of a query, and the rows of its one table."""
        body = json.dumps({"query": flux, "dialect": {"annotations": []}}).encode()
        status, answer = self.ask("POST", "/api/v2/query?org=home", token, body, **{"Content-Type": "application/json"})
        rows = csv.DictReader(io.StringIO(answer.decode().strip().replace("\r\n", "\n")))
        return status, list(rows) if status == 200 else []


class House:
    """A server, its secrets and its tasks, and the set-up that brings them together."""

    def __init__(self, server: Callable[[str], str], folder: Path) -> None:
        self.folder = folder
        self.secrets, self.tasks, self.calls = folder / "secrets", folder / "tasks", folder / "calls"
        self.influxdb = Server(server("influxd"), folder / "influxdb")
        self._accident = folder / "accident"
        self.tasks.mkdir()
        self.make_secrets()
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name in PROGRAMS:
            program = server("influx") if name == "influx" else shutil.which(name)
            wrapper = self._programs / name
            wrapper.write_text(WRAPPER.format(name=name, log=self.calls, program=program))
            wrapper.chmod(0o755)

    def make_secrets(self) -> None:
        """Make what is missing of them."""
        subprocess.run([MAKE_SECRETS, self.secrets], check=True, capture_output=True)

    def set_up(self, *, calls: int | None = None, **words: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up with these words of .env; after so many ``calls`` of the CLI the next fails."""
        return self._run([str(SETUP)], calls, words)

    def rotate(self, *words: str, calls: int | None = None) -> subprocess.CompletedProcess[str]:
        """Run `rotate` with these words, likewise."""
        return self._run([str(SETUP.with_name("rotate")), "--here", *words], calls, {})

    def _run(
        self, command: Sequence[str], calls: int | None, words: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        own = {"PATH": str(self._programs), "INFLUX_HOST": self.influxdb.url, "ACCIDENT": ""}
        own |= {"WATTLINE_SECRETS": str(self.secrets), "WATTLINE_TASKS": str(self.tasks)}
        if calls is not None:
            self._accident.write_text(f"{calls}\n")
            own["ACCIDENT"] = str(self._accident)
        self.calls.write_text("")
        command = ["/bin/sh", *command]
        return subprocess.run(command, env=own | words, capture_output=True, text=True, check=False, timeout=60)

    @property
    def environment(self) -> dict[str, str]:
        """For a program that runs beside the server."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)}

    @staticmethod
    def end_session(leader: subprocess.Popen[bytes]) -> None:
        """End a program that leads a session, and all that it started."""
        os.killpg(leader.pid, signal.SIGTERM)
        leader.wait(30)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()

    @property
    def operator(self) -> str:
        return self.secret("influxdb_operator_token")

    def buckets(self) -> dict[str, tuple[int, int]]:
        """Retention and shard length of each bucket that is not InfluxDB's own, in days."""
        found = self.influxdb.get("/api/v2/buckets?limit=100", self.operator)["buckets"]
        rules = {bucket["name"]: bucket["retentionRules"][0] for bucket in found if bucket["type"] == "user"}
        return {
            name: (rule["everySeconds"] // 86400, rule["shardGroupDurationSeconds"] // 86400)
            for name, rule in rules.items()
        }

    def bucket_id(self, name: str) -> str:
        (bucket,) = self.influxdb.get(f"/api/v2/buckets?org=home&name={name}", self.operator)["buckets"]
        return str(bucket["id"])

    def tokens(self) -> dict[str, list[str]]:
        """The rights of each token, by its description, as "write energy"; of an operator's only "read buckets" and so on."""
        return {
            found["description"]: sorted(
                f"{right['action']} {right['resource'].get('name', right['resource']['type'])}"
                for right in found["permissions"]
            )
            for found in self.influxdb.get("/api/v2/authorizations", self.operator)["authorizations"]
        }

    def stored_tasks(self) -> list[Mapping[str, Any]]:
        return self.influxdb.get("/api/v2/tasks?limit=100", self.operator)["tasks"]

    def delete(self, path: str) -> None:
        status, body = self.influxdb.ask("DELETE", path, self.operator)
        assert status == 204, body

    def patch(self, path: str, change: Mapping[str, Any]) -> None:
        self._send("PATCH", path, change, 200)

    def post(self, path: str, content: Mapping[str, Any]) -> None:
        self._send("POST", path, content, 201)

    def _send(self, method: str, path: str, content: Mapping[str, Any], expected: int) -> None:
        headers = {"Content-Type": "application/json"}
        status, body = self.influxdb.ask(method, path, self.operator, json.dumps(content).encode(), **headers)
        assert status == expected, body
