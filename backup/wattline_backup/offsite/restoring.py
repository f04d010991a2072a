"""A set comes back from the off-site copy alone: no folder, no state, nothing but the repository and its password."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattline_backup.checks import check_stored
from wattline_backup.errors import OffsiteError, SetError
from wattline_backup.house import describe
from wattline_backup.offsite.repository import Repository, Snapshot
from wattline_backup.progress import Watcher
from wattline_backup.run import SPARE_BYTES
from wattline_backup.sets import LOCK, OWNER_ONLY, PARTIAL, Beginning, Folder, Set

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has come to.

    Attributes:
        restored: the set, where it is now.
        files: how many it has.
    """

    restored: Set
    files: int


def restore(repository: Repository, stamp: str, target: Path, watcher: Watcher) -> Restored:
    """Bring a set back, and compare every file with what the set knows of itself.

    Args:
        repository: the off-site copy.
        stamp: the set's name, or ``latest``.
        target: a folder that is empty or not there; it becomes a folder of sets with this one in it.
        watcher: is told how far it is.

    Raises:
        OffsiteError: there is no such set, the folder is in use, or the repository is away.
        SetError: what came is not what was sent.
    """
    snapshot = find(repository.snapshots(), stamp, repository.restic.place.repository)
    folder = _empty_folder(target)
    with folder.locked():
        folder.clear()
        beginning = Beginning(folder.path / (snapshot.stamp + PARTIAL), snapshot.stamp)
        try:
            beginning.path.mkdir(mode=OWNER_ONLY)
            repository.restic.run("restore", snapshot.id, "--target", str(beginning.path), hear=_bar(watcher))
            count = _check(beginning, watcher)
            return Restored(beginning.finish(), count)
        except OSError as error:
            raise OffsiteError(f"The set could not be written into {target}: {error.strerror}.") from error
        except OffsiteError as error:
            if shutil.disk_usage(target).free < SPARE_BYTES:
                raise OffsiteError(
                    f"{target} has no room for the set: make some there, or give another folder."
                ) from error
            raise
        finally:
            (folder.path / LOCK).unlink(missing_ok=True)
            shutil.rmtree(beginning.path, ignore_errors=True)


def find(snapshots: Sequence[Snapshot], stamp: str, repository: str) -> Snapshot:
    """The snapshot of a set.

    Args:
        snapshots: all that there are, oldest first.
        stamp: the set's name, or ``latest``.
        repository: its address, for the message.

    Raises:
        OffsiteError: there is none.
    """
    found = [each for each in snapshots if stamp in (each.stamp, LATEST)]
    if not found:
        known = "; `wattline-backup offsite list` lists those that there are" if snapshots else ", nor any other"
        what = "set" if stamp == LATEST else f"set {stamp}"
        raise OffsiteError(f"There is no {what} in the off-site copy {repository}{known}.")
    return found[-1]


def _empty_folder(target: Path) -> Folder:
    """Empty but for what an interrupted restore has left."""
    if target.exists() and not target.is_dir():
        raise OffsiteError(f"{target} is no folder.")
    left = [each.name for each in target.iterdir()] if target.exists() else []
    if others := [name for name in left if name != LOCK and not name.endswith(PARTIAL)]:
        raise OffsiteError(
            f"{target} is not empty ({sorted(others)[0]} is in it): name a new folder, so that nothing is mixed up."
        )
    folder = Folder(target)
    folder.make()
    return folder


def _bar(watcher: Watcher) -> Any:
    def hear(document: Mapping[str, Any]) -> None:
        done, total = (int(document.get(key, 0)) // 1000 for key in ("bytes_restored", "total_bytes"))
        watcher.move("kB restored", done, total)

    return hear


def _check(beginning: Beginning, watcher: Watcher) -> int:
    known = Set(beginning.path).index
    if known.stamp != beginning.stamp:
        raise SetError(
            f"The off-site copy has the set {known.stamp} under the name {beginning.stamp}: it was tampered with."
        )
    total = len(known.shards) + len(known.files)
    for done, shard in enumerate(known.shards):
        watcher.move("checked", done, total)
        check_stored(beginning.path, shard, with_points=False)
    for done, (name, file) in enumerate(known.files.items(), len(known.shards)):
        watcher.move("checked", done, total)
        place = beginning.path / name
        if not place.is_file() or describe(place) != file:
            raise SetError(f"{place} is missing or is not what was stored: restore another set from the off-site copy.")
    watcher.move("checked", total, total)
    return total
