"""A set comes back from the off-site copy to be proven: beside the sets, and gone afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from wattline_backup.errors import FolderError
from wattline_backup.offsite.repository import Repository
from wattline_backup.offsite.restoring import find, restore
from wattline_backup.progress import Watcher
from wattline_backup.run import SPARE_BYTES
from wattline_backup.sets import Folder, Set

FOLDER = "offsite"


@contextmanager
def brought_back(repository: Repository, stamp: str, beside: Folder, watcher: Watcher) -> Iterator[Set]:
    """The set, each of its files compared with what the set knows of itself.

    Args:
        repository: the off-site copy.
        stamp: the set's name, or ``latest``.
        beside: the folder of the sets, on whose disk there has to be room for it.
        watcher: is told how far it is.

    Raises:
        OffsiteError: there is no such set, or the repository is away.
        SetError: what came is not what was sent.
        FolderError: there is no room, or another proof of the kind is at work.
    """
    snapshot = find(repository.snapshots(), stamp, repository.restic.place.repository)
    place = Folder(beside.path / FOLDER)
    for each in (beside, place):
        each.make()
    with place.locked():
        try:
            # A proof that was killed leaves it.
            shutil.rmtree(place.path / "set", ignore_errors=True)
            _guard(beside, repository.size(snapshot))
            yield restore(repository, snapshot.stamp, place.path / "set", watcher).restored
        finally:
            shutil.rmtree(place.path, ignore_errors=True)


def _guard(folder: Folder, size: int) -> None:
    free, needed = shutil.disk_usage(folder.path).free, size + SPARE_BYTES
    if free < needed:
        raise FolderError(
            f"{folder.path} has {free >> 20} MiB free, and the set takes {needed >> 20} MiB: make room, or prove it on another "
            "machine."
        )
