"""`wattline-backup` and `influx` as processes, and what each took."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from database import InfluxDB
from wattline_backup.disk import usage

LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took.

    Attributes:
        seconds: from its start to its end.
        peak_mb: the most memory that was its own.
        written: bytes of the files that it made.
        blocks: of the disk, that these and their folders take.
        own_s: what it says itself, which begins when Python is up.
        said: its JSON.
    """

    seconds: float
    peak_mb: float
    written: int = 0
    blocks: int = 0
    own_s: float = 0.0
    said: Any = None


class Client:
    """Who backs up an InfluxDB.

    Args:
        database: what is backed up.
        influx: the CLI.
        folder: of the sets.
    """

    def __init__(self, database: InfluxDB, influx: str, folder: Path) -> None:
        self._influx, self._folder = influx, folder
        token_file = folder.with_suffix(".token")
        token_file.write_text(database.token)
        self._token = database.token
        self._environment = os.environ | {
            "INFLUX_HOST": database.url,
            "INFLUX_CONFIGS_PATH": str(folder.with_suffix(".configs")),
            "WATTLINE_BACKUP_FOLDER": str(folder),
            "WATTLINE_BACKUP_TOKEN_FILE": str(token_file),
        }

    def run(self, *words: str) -> Spent:
        """`wattline-backup run`."""
        self._next_second()
        spent = self._ours("run", "--json", *words)
        folder = self._folder / spent.said["set"]
        new = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_nlink == 1]
        written = sum(file.stat().st_size for file in new)
        assert written == spent.said["written_bytes"] + (folder / "wattline.json").stat().st_size
        before = [each for each in self._folder.iterdir() if each.is_dir() and each != folder]
        blocks = usage([folder, *before]).total - usage(before).total
        return replace(spent, written=written, blocks=blocks, own_s=spent.said["seconds"])

    def stock(self, folder: Path) -> Spent:
        """`influx backup` into a folder, which is gone afterwards."""
        spent = timed([self._influx, "backup", "--token", self._token, str(folder)], self._environment)
        written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        blocks = usage([folder]).total
        shutil.rmtree(folder)
        return replace(spent, written=written, blocks=blocks)

    def restore(self, url: str) -> Spent:
        """`wattline-backup restore --all` of the newest set."""
        return self._ours("restore", self._newest.name, "--all", "--yes", "--json", INFLUX_HOST=url)

    def restore_stock(self, url: str) -> Spent:
        """`influx restore` of the same set."""
        setup = f"setup --force --username restore --password {secrets.token_hex(9)} --org restore --bucket restore"
        own = self._environment | {"INFLUX_HOST": url, "INFLUX_TOKEN": self._token}
        subprocess.run([self._influx, *setup.split(), "--token", self._token], env=own, check=True, capture_output=True)
        return timed([self._influx, "restore", "--full", str(self._newest)], own)

    @property
    def _newest(self) -> Path:
        return max(each for each in self._folder.iterdir() if each.is_dir())

    def _ours(self, *words: str, **environment: str) -> Spent:
        own = self._environment | environment
        spent = timed([sys.executable, "-m", "wattline_backup", *words], own)
        return replace(spent, said=json.loads(spent.said))

    def _next_second(self) -> None:
        """A set is named by its second."""
        if self._folder.is_dir() and any(each.is_dir() for each in self._folder.iterdir()):
            while time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) <= self._newest.name:
                time.sleep(LOOK_S)  # the clock itself is waited for


def timed(words: Sequence[str], environment: Mapping[str, str]) -> Spent:
    """Run a process to its end; it must succeed."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        began_s, peak_kb = time.monotonic(), 0
        process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=error)
        while process.poll() is None:
            peak_kb = max(peak_kb, _peak_kb(process.pid))
            time.sleep(LOOK_S)  # between two looks: the peak is gone with the process
        took_s = time.monotonic() - began_s
        for each in (out, error):
            each.seek(0)
        if process.returncode:
            raise RuntimeError(f"{words[0]} ended with {process.returncode}: {error.read().decode()}")
        return Spent(took_s, peak_kb / 1024, said=out.read().decode())


def _peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
