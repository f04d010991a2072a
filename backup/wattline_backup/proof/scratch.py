"""A scratch InfluxDB: empty, on this machine alone, in a folder of its own beside the sets, and gone afterwards.

It never sees the folder of the live server: all that it is given is ``scratch/``. It ends with this process, even where that is
killed; what could be left behind all the same, as by a power cut, is cleared away by the next proof.
"""

import ctypes
import fcntl
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattline.influxdb.errors import ServerError
from wattline_backup.errors import FolderError
from wattline_backup.proof.influxd import Way, go_limits
from wattline_backup.server import Server

FOLDER, LOCK, PID_FILE = "scratch", "scratch.lock", "pid"
START_S, END_S = 120.0, 10.0
PR_SET_PDEATHSIG = 1


@dataclass
class Scratch:
    """A scratch server that runs.

    Attributes:
        server: to be asked; its token is known to nobody else.
        organisation: the number of its organisation.
    """

    server: Server
    organisation: str

    def restore_bucket(self, bucket: Mapping[str, Any]) -> tuple[str, dict[int, int]]:
        """Make a bucket as the manifest describes it. Gives its number, and the new number of each shard by the old.

        Raises:
            ServerError: it refuses.
        """
        made = self.server.ask("POST", "/api/v2/restore/bucketMetadata", bucket)
        return str(made["id"]), {int(each["oldId"]): int(each["newId"]) for each in made["shardMappings"]}

    def remove_bucket(self, number: str) -> None:
        """Remove a bucket with all that is in it."""
        self.server.ask("DELETE", f"/api/v2/buckets/{number}")

    def restore_metadata(self, server: Server, name: str, file: Path) -> None:
        """Take over a database of a set. After ``kv`` only the set's own tokens open the server, and it has no points.

        Args:
            server: this one, with a token that opens it.
            name: ``kv``, which is the Bolt database, or ``sql``.
            file: the database, packed.

        Raises:
            ServerError: it refuses the database, or the token.
        """
        body, headers = file.read_bytes(), {"Content-Encoding": "gzip"}
        with server.request("POST", f"/api/v2/restore/{name}", body=body, headers=headers):
            pass


@contextmanager
def scratch(beside: Path, way: Way) -> Iterator[Scratch]:
    """A scratch server, for as long as this lasts.

    Args:
        beside: the folder of the sets.
        way: how it is run.

    Raises:
        FolderError: another proof is at work, or nothing can be written.
        ServerError: it does not start.
    """
    with _alone(beside):
        folder = beside / FOLDER
        try:
            clear(folder, way)
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise FolderError(f"{folder} cannot be cleared and made anew: {error.strerror}.") from error
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        try:
            with _process(way, folder, port) as process:
                yield _set_up(process, port, folder)
        finally:
            clear(folder, way)


def clear(folder: Path, way: Way) -> None:
    """End and remove what an earlier scratch server left; to be called by whoever is alone there."""
    way.clear(folder)
    with suppress(OSError, ValueError):
        pid = int((folder / PID_FILE).read_text())
        # The number may meanwhile be another program's; that one does not have this folder in its words.
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            _end(pid)
    if folder.exists():
        shutil.rmtree(folder)


def _end(pid: int) -> None:
    """Kill a process that is no child of this one, and wait until it is gone."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], END_S)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(beside: Path) -> Iterator[None]:
    try:
        descriptor = os.open(beside / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderError(f"Nothing can be written into {beside}: {error.strerror}.") from error
    try:
        _hold(descriptor, beside)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, beside: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderError(f"Another proof is at work in {beside}: wait for its end.") from None


@contextmanager
def _process(way: Way, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    words, parent = way.words(folder, port), os.getpid()
    library = ctypes.CDLL(None)

    def end_with_parent() -> None:
        # Whatever happens to this process, be it SIGKILL; also if it happened before the kernel was told.
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    # No more than that: a name that begins with INFLUXD_ might lead it to the live server's files.
    inherited = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
    environment = inherited | {"HOME": str(folder)} | dict(each.split("=", 1) for each in go_limits(str(folder)))
    with (folder / "log").open("wb") as log:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - there is no other thread
            )
        except OSError as error:
            raise ServerError(
                f"The scratch InfluxDB cannot be started ({words[0]}: {error.strerror}): install Docker, or set "
                "WATTLINE_BACKUP_INFLUXD to an influxd of the stack's version."
            ) from error
    with process:
        try:
            (folder / PID_FILE).write_text(str(process.pid))
            yield process
        finally:
            # Docker's client ends with its container, and would leave that behind if it were killed first.
            way.clear(folder)
            process.kill()


def _set_up(process: subprocess.Popen[bytes], port: int, folder: Path) -> Scratch:
    """Wait until it answers, and make the first user, whose token nobody else knows."""
    token = secrets.token_hex(16)
    server = Server(f"http://127.0.0.1:{port}", token, "the scratch server's memory")
    deadline_s = time.monotonic() + START_S
    while not _answers(server):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise ServerError(f"The scratch InfluxDB did not start; it said: {_last_words(folder / 'log')}")
        time.sleep(0.1)  # between two looks: another process has no event for us
    answer = server.ask(
        "POST",
        "/api/v2/setup",
        {
            "username": "scratch",
            "password": secrets.token_hex(16),
            "org": "scratch",
            "bucket": "scratch",
            "token": token,
        },
    )
    return Scratch(server, str(answer["org"]["id"]))


def _last_words(log: Path) -> str:
    """Why it ended: the last line, or Docker's own, behind which it only names its help."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return next((line for line in lines if line.startswith("docker: ")), lines[-1] if lines else "nothing")


def _answers(server: Server) -> bool:
    try:
        return bool(server.version())
    except ServerError:
        return False
