"""What the tests of the off-site copy stand on: sets made without InfluxDB, restic, and stores that are real servers."""

import asyncio
import base64
import hashlib
import hmac
import http.client
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
import urllib.parse
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from database import Program, wait_until
from wattline_backup import index
from wattline_backup.archive import store
from wattline_backup.house import describe
from wattline_backup.index import Index, Shard
from wattline_backup.sets import Folder, Set

SERVERS = Path(__file__).parents[1] / "servers"
BEGAN = datetime(2026, 11, 1, 0, 5, tzinfo=UTC)
DAY = timedelta(days=1)
PASSWORD = "correct-horse-battery-staple"  # noqa: S105 - of a repository that lives for a test
TOKEN = "an-operators-token-of-a-server-that-never-was=="  # noqa: S105 - likewise
SHARD_BYTES = 700_000


@cache
def _folders() -> str:
    script = SERVERS / "build-stores"
    return subprocess.run(["sh", script, "--path"], check=True, capture_output=True, text=True).stdout.strip()


def program(name: str, *, debian: bool = False) -> str:
    """The path of a program of tests/servers/build-stores, or with ``debian`` of the system's own.

    Where it is missing the test is skipped with what brings it; in CI that is a failure.
    """
    found = shutil.which(name) if debian else shutil.which(name, path=_folders())
    if found is None:
        way = f"`apt-get install {name}`" if debian else "`tests/servers/build-stores`"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name} is not here; {way} brings it.")
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def make_set(folder: Folder, at: datetime, shards: Mapping[int, int]) -> Set:
    """A whole set with a file of points for each shard, and a house.

    Args:
        folder: of the sets.
        at: when it was begun.
        shards: the seed of the content of each, so that equal seeds are equal shards.
    """
    folder.make()
    beginning = folder.begin(at)
    made = [_shard(beginning.path, beginning.stamp, number, seed) for number, seed in shards.items()]
    (beginning.path / "house" / "etc").mkdir(parents=True)
    for name, text in {
        f"{beginning.stamp}.manifest": "{}",
        "house/etc/telegraf.conf": f"# {beginning.stamp}\n",
    }.items():
        (beginning.path / name).write_text(text)
    files = {
        name: describe(beginning.path / name) for name in (f"{beginning.stamp}.manifest", "house/etc/telegraf.conf")
    }
    known = Index(beginning.stamp, "http://127.0.0.1:8086", "v2.9.1", at, is_full=True, shards=tuple(made), files=files)
    (beginning.path / index.NAME).write_text(known.to_json())
    return beginning.finish()


def _shard(folder: Path, stamp: str, number: int, seed: int) -> Shard:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo(f"b/autogen/{number}/000000001-000000001.tsm")
        info.size = SHARD_BYTES
        tar.addfile(info, io.BytesIO(random.Random(seed).randbytes(SHARD_BYTES)))
    # tarfile fills up to 20 blocks, InfluxDB ends with two.
    whole = packed.getvalue()[: 512 + -(-SHARD_BYTES // 512) * 512 + 1024]
    name = f"{stamp}.{number}.tar.gz"
    with (folder / name).open("wb") as to:
        stored = store([whole], to, name, is_gzip=False)
    return Shard("b", "energy", number, "2026-11-01T00:00:00Z", "2026-11-15T00:00:00Z", name, stored, is_linked=False)


@dataclass
class House:
    """A machine with sets, and an off-site copy by its environment.

    Attributes:
        home: its folder.
        restic: the folder of the restic that it has.
        repository: as restic writes it.
        credentials: of the store.
        outer: what else is in its environment.
        wider: credentials that may make the repository, where the others may only use it.
        patience_s: how long a store may take to answer; as it is in the program unless given.
    """

    home: Path
    restic: Path
    repository: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    outer: Mapping[str, str] = field(default_factory=dict)
    wider: Mapping[str, str] | None = None
    patience_s: float | None = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.secret("password", PASSWORD)
        self.secret("token", TOKEN)
        self.give(self.credentials)

    def give(self, credentials: Mapping[str, str]) -> None:
        """Write the credentials file."""
        self.secret("credentials", "\n".join(["# of the store", "", *(f"{k}={v}" for k, v in credentials.items())]))

    def init(self) -> None:
        """Make the repository."""
        self.give(self.wider or self.credentials)
        self.done("offsite", "init")
        self.give(self.credentials)

    def secret(self, name: str, text: str) -> None:
        """Write a file that only its owner may read."""
        file = self.home / name
        file.write_text(text + "\n")
        file.chmod(0o600)

    @property
    def folder(self) -> Folder:
        return Folder(self.home / "sets")

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "HOME": str(self.home),
            "PATH": f"{self.restic}:/usr/bin:/bin",
            "COLUMNS": "100",
            "WATTLINE_BACKUP_FOLDER": str(self.home / "sets"),
            "WATTLINE_BACKUP_TOKEN_FILE": str(self.home / "token"),
            "WATTLINE_BACKUP_OUTCOME": str(self.home / "outcome"),
            "WATTLINE_OFFSITE_REPOSITORY": self.repository,
            "WATTLINE_OFFSITE_PASSWORD_FILE": str(self.home / "password"),
        }
        named = {"WATTLINE_OFFSITE_CREDENTIALS": str(self.home / "credentials")} if self.credentials else {}
        return {"PYTHONPATH": os.pathsep.join(sys.path), **own, **named, **self.outer}

    def words(self, *words: str) -> list[str]:
        if self.patience_s is None:
            return [sys.executable, "-m", "wattline_backup", *words]
        patch = f"from wattline_backup.offsite import restic; restic.PATIENCE_S = {self.patience_s}"
        return [
            sys.executable,
            "-c",
            f"{patch}; import sys; from wattline_backup.cli import main; sys.exit(main())",
            *words,
        ]

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Run it in a group of its own, as systemd does."""
        null = subprocess.DEVNULL
        command = self.words(*words)
        return subprocess.Popen(
            command, env=self.environment, stdin=null, stdout=null, stderr=null, start_new_session=True
        )

    def end(self, child: "subprocess.Popen[bytes]") -> None:
        """End it and what it has started, as systemd does."""
        os.killpg(child.pid, signal.SIGTERM)

    def run(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
        """Run ``wattline-backup`` to its end."""
        return subprocess.run(
            self.words(*words),
            env=self.environment,
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def done(self, *words: str) -> str:
        """What it prints, when it succeeds."""
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def refused(self, *words: str) -> str:
        """The one sentence that it says, when the world said no."""
        ended = self.run(*words)
        assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
        *_, sentence = ended.stderr.splitlines()
        assert sentence.startswith("wattline-backup: ")
        assert sentence.endswith(".")
        return sentence.removeprefix("wattline-backup: ")

    def offsite(self) -> list[str]:
        """The stamps in the copy."""
        return [each["stamp"] for each in json.loads(self.done("offsite", "list", "--json"))["sets"]]

    def by_hand(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run restic as a person would."""
        own = {"RESTIC_REPOSITORY": self.repository, "RESTIC_PASSWORD_FILE": str(self.home / "password")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.credentials, **self.outer, **own}
        return subprocess.run(
            [self.restic / "restic", *words], env=environment, capture_output=True, text=True, check=True, timeout=60
        )


class S3(Program):
    """versitygw on a folder: an S3 server with one bucket, ``house``, on 127.0.0.1."""

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__("versitygw", folder, config)
        self._folder, self._port = folder, free_port()
        self.credentials = {"AWS_ACCESS_KEY_ID": "wattline-pi", "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-store-0123"}
        self.repository = f"s3:http://127.0.0.1:{self._port}/house"
        (folder / "s3" / "house").mkdir(parents=True)
        (folder / "sidecar").mkdir()

    def start(self) -> None:
        words = [
            "--quiet",
            "--port",
            f"127.0.0.1:{self._port}",
            "posix",
            "--sidecar",
            f"{self._folder}/sidecar",
            f"{self._folder}/s3",
        ]
        own = {"ROOT_ACCESS_KEY_ID": self.credentials["AWS_ACCESS_KEY_ID"]}
        own["ROOT_SECRET_ACCESS_KEY"] = self.credentials["AWS_SECRET_ACCESS_KEY"]
        self.run([program("versitygw"), *words], {"PATH": os.environ["PATH"], **own})
        wait_until("versitygw listens", lambda: _listens(self._port), 20)


class Azurite(Program):
    """Microsoft's imitation of Azure Blob, reached as Azure is: by name and TLS, through a proxy that leads every name to it."""

    ACCOUNT, CONTAINER = "wattlinehouse", "sets"
    VERSION = "2021-12-02"

    def __init__(self, folder: Path, config: pytest.Config) -> None:
        super().__init__("azurite", folder, config)
        self._folder, self.port = folder, free_port()
        self._key = base64.b64encode(hashlib.sha256(b"a key of the account").digest()).decode()
        self._name = f"{self.ACCOUNT}.blob.core.windows.net"
        self.repository = f"azure:{self.CONTAINER}:/"
        self.certificate, self.private = folder / "certificate.pem", folder / "key.pem"
        self._make_certificate()
        self.proxy = self.make_proxy()

    def make_proxy(self) -> "Proxy":
        """One that can be cut without harm to others."""
        return Proxy(self.port, self.certificate, self.private)

    def start(self) -> None:
        words = [
            program("azurite-blob"),
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            str(self.port),
            "--disableTelemetry",
        ]
        words += ["--skipApiVersionCheck", "--location", str(self._folder), "--cert", str(self.certificate), "--silent"]
        own = {"AZURITE_ACCOUNTS": f"{self.ACCOUNT}:{self._key}", "PATH": os.environ["PATH"], "HOME": str(self._folder)}
        self.run([*words, "--key", str(self.private)], own)
        wait_until("Azurite listens", lambda: _listens(self.port), 60)
        self._make_container()

    @property
    def outer(self) -> dict[str, str]:
        """What leads a program to it."""
        return {"HTTPS_PROXY": self.proxy.url, "SSL_CERT_FILE": str(self.certificate)}

    @property
    def key(self) -> dict[str, str]:
        """Credentials that are good for the whole account."""
        return {"AZURE_ACCOUNT_NAME": self.ACCOUNT, "AZURE_ACCOUNT_SAS": self._account_sas()}

    @property
    def sas(self) -> dict[str, str]:
        """Credentials that are good for the one container."""
        return {"AZURE_ACCOUNT_NAME": self.ACCOUNT, "AZURE_ACCOUNT_SAS": self._container_sas("racwdl")}

    def _container_sas(self, permissions: str) -> str:
        expiry = (datetime.now(UTC) + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
        resource = f"/blob/{self.ACCOUNT}/{self.CONTAINER}"
        signed = [permissions, "", expiry, resource, "", "", "https", self.VERSION, "c", "", "", "", "", "", "", ""]
        words = {"sp": permissions, "se": expiry, "spr": "https", "sv": self.VERSION, "sr": "c"}
        return urllib.parse.urlencode({**words, "sig": self._sign("\n".join(signed))})

    def _account_sas(self) -> str:
        expiry = (datetime.now(UTC) + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = [self.ACCOUNT, "rwdlac", "b", "sco", "", expiry, "", "https", self.VERSION, "", ""]
        words = {"sp": "rwdlac", "ss": "b", "srt": "sco", "se": expiry, "spr": "https", "sv": self.VERSION}
        return urllib.parse.urlencode({**words, "sig": self._sign("\n".join(signed))})

    def _make_container(self) -> None:
        connection = http.client.HTTPSConnection(
            "127.0.0.1",
            self.proxy.port,
            timeout=20,
            context=ssl.create_default_context(cafile=str(self.certificate)),
        )
        connection.set_tunnel(self._name, 443)
        path = f"/{self.CONTAINER}?restype=container&{self._account_sas()}"
        connection.request("PUT", path, headers={"x-ms-version": self.VERSION, "Content-Length": "0"})
        assert connection.getresponse().status == 201
        connection.close()

    def _sign(self, text: str) -> str:
        return base64.b64encode(hmac.digest(base64.b64decode(self._key), text.encode(), "sha256")).decode()

    def _make_certificate(self) -> None:
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=azurite"]
        words += ["-keyout", str(self.private), "-out", str(self.certificate)]
        subprocess.run(
            [*words, "-addext", "subjectAltName=DNS:*.blob.core.windows.net"], check=True, capture_output=True
        )

    def __exit__(self, *others: object) -> None:
        self.proxy.close()
        super().__exit__(*others)


class Proxy:
    """A proxy that leads every host to one port of 127.0.0.1, and can be cut after so many bytes.

    It looks into the TLS on both sides, to take out one header: from 0.18 on restic sends an empty tier, which Azure takes and
    Azurite refuses.

    Args:
        port: where everything goes.
        certificate: that it shows to whoever comes.
        key: of that.
    """

    EMPTY_TIER = re.compile(rb"x-ms-access-tier: *\r\n", re.IGNORECASE)

    def __init__(self, port: int, certificate: Path, key: Path) -> None:
        self._port = port
        self._shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._shown.load_cert_chain(certificate, key)
        self._seen = ssl.create_default_context(cafile=str(certificate))
        self.left: int | None = None
        self.cut = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self._wait_for(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def cut_after(self, count: int | None) -> None:
        """Carry so many bytes more towards the store, then let nothing through; None lets all through again."""
        self.cut.clear()
        self.left = count

    def close(self) -> None:
        self._server.close()
        self._wait_for(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        far = None
        # What ends a connection here is the other side, or the test.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            if not self.cut.is_set():
                name = head.split(b" ")[1].decode().partition(":")[0]
                near.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await near.start_tls(self._shown)
                answers, far = await asyncio.open_connection(
                    "127.0.0.1", self._port, ssl=self._seen, server_hostname=name
                )
                ways = [self._carry(reader, far, self._towards_store), self._carry(answers, near, lambda piece: piece)]
                await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        for each in (near, far):
            if each:
                each.transport.abort()

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, change: Callable[[bytes], bytes]
    ) -> None:
        with suppress(OSError):
            while piece := change(await source.read(65536)):
                target.write(piece)
                await target.drain()

    def _towards_store(self, piece: bytes) -> bytes:
        """The piece; nothing, which ends the connection, once enough has passed."""
        if self.left is not None:
            self.left -= len(piece)
            if self.left < 0:
                self.cut.set()
        return b"" if self.cut.is_set() else self.EMPTY_TIER.sub(b"", piece)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def watch_command_lines(stop: threading.Event) -> Iterator[tuple[str, str]]:
    """Name and command line of every process, again and again, until ``stop``."""
    while not stop.wait(0.002):  # the list of processes has no event
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            yield words.partition(" ")[0].rsplit("/", 1)[-1], words
