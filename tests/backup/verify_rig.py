"""A live InfluxDB with a few weeks of readings, sets of it, and `wattline-backup verify` as people call it."""

import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from database import line
from stack.conftest import Stack
from wattline_backup import index
from wattline_backup.archive import Stored, pieces_of, store
from wattline_backup.cli import main
from wattline_backup.house import describe
from wattline_backup.proof.live import MARGIN_S
from wattline_backup.proof.scratch import FOLDER
from wattline_backup.sets import Folder, Set
from wattline_backup.settings import settings
from wattline_backup.tsm_files import TsmFiles

DAY_S = 86_400
HOUR_S = 3600
WEEK_S = 7 * DAY_S
EMPTY_TAR = gzip.compress(bytes(1024), mtime=0)


def monday(weeks_ago: int) -> int:
    """The beginning of a shard of seven days, which InfluxDB counts from a Monday."""
    return (int(time.time()) - 4 * DAY_S) // WEEK_S * WEEK_S + 4 * DAY_S - weeks_ago * WEEK_S


class Live(Stack):
    """An InfluxDB with three weeks in `energy` and text in `host`."""

    def fill(self) -> None:
        for weeks_ago in (4, 3, 2):
            first = monday(weeks_ago)
            self.write(line(first + n * 600, {"power_w": n % 97, "energy_total_kwh": n / 128}) for n in range(1000))
        words = (
            f'system,host=pi uptime={n}i,says="up ${{n}} \\"days\\"",is_well=true {monday(2) + n}' for n in range(50)
        )
        self.write(words, "host")

    def delete(self, first: int, last: int) -> None:
        """The points of `energy` from one second to another."""
        start, stop = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(each)) for each in (first, last))
        self.ask("POST", "delete?org=home&bucket=energy", {"start": start, "stop": stop})

    def empty(self) -> None:
        """A bucket of weeks, without a point in it."""
        for bucket in self.ask("GET", "buckets?limit=100")["buckets"]:
            if bucket["type"] == "user":
                self.ask("DELETE", f"buckets/{bucket['id']}")
        rule = {"type": "expire", "everySeconds": 0, "shardGroupDurationSeconds": WEEK_S}
        for name in ("energy", "host"):
            self.ask("POST", "buckets", {"name": name, "orgID": self.org_id, "retentionRules": [rule]})


@dataclass
class Backup:
    """The folder of sets and the commands.

    Attributes:
        folder: of the sets.
        live: the server.
        environment: what the commands find there.
    """

    folder: Path
    live: Live
    environment: Mapping[str, str]
    capsys: pytest.CaptureFixture[str]

    def call(self, *words: str) -> tuple[int, str, str]:
        """Exit code and what was said on both sides."""
        code = main(words)
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def run(self, *words: str) -> Set:
        """Make a set; two within a second would have one name."""
        time.sleep(1.0 - time.time() % 1.0)  # a stamp has whole seconds
        code, _, said = self.call("run", *words)
        assert code == 0, said
        return self.newest

    def verify(self, *words: str) -> list[dict[str, Any]]:
        """What a proof that holds says of each set."""
        code, told, said = self.call("verify", "--json", *words)
        assert code == 0, said
        assert not self.scratch.exists()
        return list(json.loads(told))

    def fault(self, *words: str) -> str:
        """The sentence of a proof that does not hold."""
        code, told, said = self.call("verify", *words)
        assert (code, told) == (1, "")
        assert said.count("\n") == 1
        assert not self.scratch.exists()
        return said

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "wattline_backup", *words], env={**os.environ, **self.environment}
        )

    @property
    def newest(self) -> Set:
        return Folder(self.folder).sets()[-1]

    @property
    def scratch(self) -> Path:
        return self.folder / FOLDER

    def largest(self) -> index.Shard:
        """The largest shard of the newest set."""
        return max(self.newest.index.shards, key=lambda shard: shard.stored.size)

    def damage(self, file: Path, change: Callable[[bytes], bytes]) -> None:
        """Change a file of a set as a failing disk does."""
        content = change(file.read_bytes())
        file.chmod(0o600)
        file.write_bytes(content)

    def replace_shard(self, old: index.Shard, file: Path) -> None:
        """Put another archive in a shard's place, as if the set had been made with it."""
        made = self.newest
        target = made.path / old.file
        target.unlink()
        shutil.copy(file, target)
        with io.BytesIO() as nowhere:
            stored = store(pieces_of(target), nowhere, "the test's", is_gzip=True)
        self.rewrite({old.file: stored})

    def rewrite(self, changed: Mapping[str, Stored | index.File]) -> None:
        """Let manifest and index of the newest set say of some files what there is."""
        made = self.newest
        sizes = {name: each.size for name, each in changed.items()}
        file = made.path / f"{made.stamp}.manifest"
        manifest = json.loads(file.read_text(), object_hook=lambda each: fitted(each, sizes))
        self.damage(file, lambda _: json.dumps(manifest).encode())
        known = made.index
        shards = tuple(replace(each, stored=changed.get(each.file, each.stored)) for each in known.shards)
        files = {name: changed.get(name, each) for name, each in known.files.items()} | {file.name: describe(file)}
        self.damage(made.path / index.NAME, lambda _: replace(known, shards=shards, files=files).to_json().encode())

    def age(self, to_s: float | None = None) -> None:
        """Let the newest set have begun at ``to_s``, else long enough after its files were written to tell the two apart."""
        made = self.newest
        began = datetime.fromtimestamp(to_s, UTC) if to_s else made.index.began + timedelta(seconds=2 * MARGIN_S)
        self.damage(made.path / index.NAME, lambda _: replace(made.index, began=began).to_json().encode())

    def live_files(self) -> dict[int, TsmFiles]:
        """What the live server counts."""
        return settings().server().files()


def fitted(document: dict[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """A file in the manifest with the size that it has."""
    return document | {"size": sizes[document["fileName"]]} if document.get("fileName") in sizes else document


def repack(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Change the tar and pack it again."""
    return lambda packed: gzip.compress(change(gzip.decompress(packed)), mtime=0)


def flip(at: int) -> Callable[[bytes], bytes]:
    """One bit of one byte."""
    return lambda content: content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def first_block(tar: bytes) -> int:
    """Where in a tar the first block of points is, behind its checksum."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        (member, *_) = [each for each in opened if each.name.endswith(".tsm")]
        return member.offset_data + 5 + 4 + 8


@pytest.fixture(scope="module")
def filled(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Live]:
    """One live InfluxDB for a module."""
    with Live(server("influxd"), server("influx"), tmp_path_factory.mktemp("live"), pytestconfig) as live:
        live.start()
        live.set_up()
        yield live


@pytest.fixture
def backup(
    filled: Live,
    server: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Backup:
    """Three weeks in the live server, and a set of them."""
    filled.empty()
    filled.fill()
    token, grafana = tmp_path / "token", tmp_path / "grafana.db"
    token.write_text(filled.token)
    with closing(sqlite3.connect(grafana)) as database:
        database.execute("CREATE TABLE dashboard (title TEXT)")
        database.commit()
    environment = {
        "WATTLINE_BACKUP_FOLDER": str(tmp_path / "sets"),
        "WATTLINE_BACKUP_TOKEN_FILE": str(token),
        "WATTLINE_BACKUP_GRAFANA": str(grafana),
        "WATTLINE_BACKUP_INFLUXD": server("influxd"),
        "WATTLINE_BACKUP_OUTCOME": str(tmp_path / "outcome"),
        "INFLUX_HOST": filled.url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made = Backup(tmp_path / "sets", filled, environment, capsys)
    made.run()
    return made
