"""All that a house needs besides InfluxDB to begin again on a blank machine: settings, secrets, and Grafana's database."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from wattline_backup.archive import pieces_of
from wattline_backup.errors import BackupError
from wattline_backup.index import File

FOLDER = "house"
GRAFANA = "grafana.db"
BUSY_S = 30.0
# In the head of a SQLite file: it is written, and read, by way of a write-ahead log.
WITH_LOG = b"\x02\x02"


@dataclass(frozen=True, slots=True)
class House:
    """What is taken along.

    Attributes:
        files: files and folders, which come with all that is in them.
        grafana: Grafana's SQLite database; None where there is none.
    """

    files: Sequence[Path] = ()
    grafana: Path | None = None

    def size(self) -> int:
        """Bytes of all of it, about."""
        known = [each for path in self.files for each in _walk(path)] + ([self.grafana] if self.grafana else [])
        return sum(each.stat().st_size for each in known if each.is_file())

    def copy(self, folder: Path) -> dict[str, File]:
        """Copy all of it into ``folder`` of a set. Gives what was copied, by its path in the set.

        Raises:
            BackupError: something is not there, or cannot be read.
        """
        target = folder / FOLDER
        target.mkdir()
        for path in self.files:
            _copy(path, target)
        if self.grafana:
            copy_database(self.grafana, target / GRAFANA)
        copied = [each for each in sorted(target.rglob("*")) if each.is_file() and not each.is_symlink()]
        return {str(each.relative_to(folder)): describe(each) for each in copied}


def describe(file: Path) -> File:
    """Size and checksum of a file."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(file):
        digest.update(piece)
        size += len(piece)
    return File(size, digest.hexdigest())


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite database that is in use: a plain copy of it may be torn.

    Raises:
        BackupError: it is none, is damaged, or cannot be read.
    """
    try:
        with (
            closing(sqlite3.connect(_uri(source), uri=True, timeout=BUSY_S)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.backup(copy)
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"Grafana's database {source} cannot be copied: {error}.") from error
    if verdict != "ok":
        raise BackupError(f"Grafana's database {source} is damaged: {verdict}.")


def _uri(source: Path) -> str:
    """To read only. A database with a write-ahead log cannot even be read without that log, which goes when the last program
    closes it, and which nobody who may only read could make anew; but then nobody is writing either.
    """
    has_log = source.with_name(source.name + "-wal").exists()
    is_at_rest = not has_log and _head(source)[18:20] == WITH_LOG
    return f"{source.resolve().as_uri()}?mode=ro{'&immutable=1' if is_at_rest else ''}"


def _head(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(100)
    except OSError as error:
        raise BackupError(
            f"Grafana's database {source} cannot be read ({error.strerror}): say in WATTLINE_BACKUP_GRAFANA where it is, or "
            "nothing where there is none."
        ) from error


def _walk(path: Path) -> Iterator[Path]:
    return path.rglob("*") if path.is_dir() and not path.is_symlink() else iter([path])


def _copy(path: Path, target: Path) -> None:
    """Under its whole path, so that two folders of one name do not meet and everybody sees where it belongs."""
    copy = target / path.absolute().relative_to("/")
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
        else:
            shutil.copy2(path, copy)
    except (OSError, shutil.Error) as error:
        raise BackupError(
            f"{path} cannot be taken along into the backup ({error}): mend that, or take it out of WATTLINE_BACKUP_FILES."
        ) from error
