"""The folder of the sets.

::

    /var/backups/wattline/
    ├── lock                      held by whoever changes anything here
    ├── state.json                what was found out about sets later: verified, off-site, needed by a restore
    ├── state.lock                held for the moment in which that is written
    ├── 20261126T140503Z/         a set, by the second of UTC in which it was begun
    │   ├── 20261126T140503Z.manifest, .bolt.gz, .sqlite.gz, .17.tar.gz, ...    as `influx restore` reads them
    │   ├── wattline.json         what is in them
    │   └── house/                all else that a house needs to begin again
    ├── 20261126T150459Z.partial/ a set that is being made, or was when the power went
    └── late-energy-...tar        what came into a bucket while a swap of it failed

A set gets its name when it is whole and on the disk, so a name without ``.partial`` is a promise. A file that did not change
is the same file in many sets, by hard links; for that reason none is ever written to again.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from wattline_backup import index
from wattline_backup.errors import FolderError, SetError
from wattline_backup.index import Index
from wattline_backup.unfinished import unwritten

STAMP = re.compile(r"\d{8}T\d{6}Z")
STAMP_FORM = "%Y%m%dT%H%M%SZ"
PARTIAL = ".partial"
LOCK = "lock"
OWNER_ONLY, READ_ONLY = 0o700, 0o400


@dataclass(frozen=True)
class Set:
    """A whole set."""

    path: Path

    @property
    def stamp(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def at(self) -> datetime:
        """When it was begun, by the clock of this machine."""
        return moment_of(self.stamp)

    @cached_property
    def index(self) -> Index:
        """What it knows of itself.

        Raises:
            SetError: that is missing or damaged.
        """
        file = self.path / index.NAME
        try:
            return index.from_json(file.read_text(), str(file))
        except OSError as error:
            raise SetError(f"{file} cannot be read ({error.strerror}): the set cannot be trusted.") from error


@dataclass(frozen=True)
class Folder:
    """The folder of the sets, which need not be there yet."""

    path: Path

    def make(self) -> None:
        """Make it where it is not there, for its owner alone.

        Raises:
            FolderError: it cannot be made.
        """
        try:
            self.path.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(f"The folder {self.path} cannot be made: {error.strerror}.") from error

    def sets(self) -> list[Set]:
        """All whole sets, oldest first.

        Raises:
            FolderError: it is not there, or only somebody else may look.
        """
        try:
            return [Set(each) for each in sorted(self.path.iterdir()) if STAMP.fullmatch(each.name) and each.is_dir()]
        except FileNotFoundError as error:
            raise _missing(self.path) from error
        except OSError as error:
            raise FolderError(
                f"{self.path} cannot be looked through ({error.strerror}): the sets are for root alone, so use sudo."
            ) from error

    def find(self, stamp: str) -> Set:
        """The set of that name.

        Raises:
            SetError: there is none.
        """
        found = next((each for each in self.sets() if each.stamp == stamp), None)
        if found is None:
            raise SetError(
                f"There is no set {stamp} in {self.path}; `wattline-backup list` lists those that there are."
            )
        return found

    @contextmanager
    def locked(self, *, is_only_read: bool = False) -> Iterator[None]:
        """Be the only one who changes anything here.

        Args:
            is_only_read: whether it will do as well that nobody can change anything, since the disk is read-only.

        Raises:
            FolderError: it is not there, somebody else is at it, or nobody may write here.
        """
        place = self.path / LOCK
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError as error:
            raise _missing(self.path) from error
        except OSError as error:
            if is_only_read and error.errno == errno.EROFS:
                yield
                return
            raise FolderError(f"Nothing can be written into {self.path}: {error.strerror}.") from error
        try:
            _hold(descriptor, self.path)
            yield
        finally:
            # The lock goes with the descriptor, and with the process however it ends.
            os.close(descriptor)

    def clear(self) -> list[str]:
        """Throw away what an interrupted run, removal or swap left half; to be called under the lock. Gives the names."""
        left = [each for each in sorted(self.path.iterdir()) if each.name.endswith(PARTIAL)]
        for each in left:
            shutil.rmtree(each)
        half = unwritten(self.path)
        for each in half:
            each.unlink()
        return [each.name for each in left + half]

    def begin(self, now: datetime) -> "Beginning":
        """A new set, under a name of the moment; to be called under the lock.

        Raises:
            FolderError: there is a set of this second, or nothing can be written.
        """
        stamp = now.astimezone(UTC).strftime(STAMP_FORM)
        last = self.sets()[-1:]
        if last and last[0].stamp >= stamp:
            raise FolderError(
                f"The newest set in {self.path} is {last[0].stamp}, which is not before now ({stamp}): set the clock, or "
                "remove the set if its stamp is wrong."
            )
        path = self.path / (stamp + PARTIAL)
        try:
            path.mkdir(mode=OWNER_ONLY)
        except OSError as error:
            raise FolderError(f"Nothing can be written into {self.path}: {error.strerror}.") from error
        return Beginning(path, stamp)

    def remove(self, old: Set) -> None:
        """Remove a set; to be called under the lock. It loses its name first, so that no half set has one."""
        going = old.path.with_name(old.path.name + PARTIAL)
        old.path.rename(going)
        sync(self.path)
        shutil.rmtree(going)


@dataclass(frozen=True)
class Beginning:
    """A set that is not whole yet.

    Attributes:
        path: its folder.
        stamp: its name when it is whole.
    """

    path: Path
    stamp: str

    def finish(self) -> Set:
        """Bring it to the disk, for its owner alone, and give it its name: first all it has, then the name.

        Raises:
            OSError: it cannot be written.
        """
        found = [each for each in sorted(self.path.rglob("*")) if not each.is_symlink()]
        for each in found:
            # What is shared came to the disk with an earlier set; a flush for each of many shards would cost more than the rest.
            if each.is_file() and each.stat().st_nlink == 1:
                each.chmod(READ_ONLY)
                sync(each)
        for each in [*(each for each in found if each.is_dir()), self.path]:
            each.chmod(OWNER_ONLY)
            sync(each)
        whole = self.path.with_name(self.stamp)
        self.path.rename(whole)
        sync(whole.parent)
        return Set(whole)


def moment_of(stamp: str) -> datetime:
    """The moment that a stamp names."""
    return datetime.strptime(stamp, STAMP_FORM).replace(tzinfo=UTC)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(folder: Path) -> FolderError:
    return FolderError(
        f"There is no folder {folder}: `wattline-backup run` makes it with the first set, or WATTLINE_BACKUP_FOLDER has to name "
        "another."
    )


def _hold(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderError(
            f"Another wattline-backup is at work in {folder}: wait for its end (`fuser {folder}/lock` names it)."
        ) from None
