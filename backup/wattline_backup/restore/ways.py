"""The four ways of a restore, and what they have in common: a plan, a safety set where something live changes, a check."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from wattline_backup.errors import BackupError, FolderError
from wattline_backup.house import House
from wattline_backup.progress import Watcher
from wattline_backup.restore.beside import Beside
from wattline_backup.restore.merge import Merge
from wattline_backup.restore.signals import before_any_change
from wattline_backup.restore.source import check_shards, source_of
from wattline_backup.restore.swap import Swap
from wattline_backup.restore.target import Target
from wattline_backup.restore.version import demand_version
from wattline_backup.restore.whole import Whole
from wattline_backup.run import Run
from wattline_backup.server import Server
from wattline_backup.sets import Folder, Set


class Way(Protocol):
    """A restore that is prepared: the set is looked through, and what will happen is known."""

    @property
    def set(self) -> Set:
        """The set."""

    @property
    def server(self) -> Server:
        """InfluxDB, with the token that it takes now."""

    @property
    def what(self) -> str:
        """What is restored, for people."""

    @property
    def size(self) -> int:
        """Bytes of the files that it is in."""

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do."""

    @property
    def changes_live(self) -> bool:
        """Whether it changes what is live, so that a safety set is made first."""

    def plan(self) -> list[str]:
        """What is going to happen, in sentences."""

    def again(self, watcher: Watcher) -> Self:
        """The same, as things stand now.

        Raises:
            BackupError: it cannot be done any more, or InfluxDB is away.
        """

    def act(self, safety: Set | None, watcher: Watcher) -> dict[str, int]:
        """Do it; gives how many values there are of each day, or in each bucket."""

    def remarks(self, safety: Set | None) -> list[str]:
        """What a person should know or do afterwards."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has come to.

    Attributes:
        stamp: of the set.
        what: was restored.
        size: bytes of the files that it was in.
        safety: the stamp of the safety set; None where nothing live was changed.
        values: how many there are of each day, or in each bucket.
        remarks: whatever a person should know, in sentences.
    """

    stamp: str
    what: str
    size: int
    safety: str | None
    values: dict[str, int]
    remarks: list[str]


def beside(server: Server, chosen: Set, bucket: str, name: str, watcher: Watcher, *, influx: str) -> Beside:
    """A bucket of the set as a new one; ``influx`` is how a person calls the influx CLI.

    Raises:
        WordError: there is no such bucket, or the name is taken.
        BackupError: the set is damaged, or InfluxDB is away or refuses.
    """
    demand_version(server, chosen)
    source = source_of(chosen, bucket)
    way = Beside.prepare(server, source, name, influx)
    check_shards(chosen, source.shards, watcher)
    return way


def into_live(server: Server, chosen: Set, bucket: str, watcher: Watcher, *, is_swap: bool) -> Swap | Merge:
    """A bucket of the set in the place of the live one, or into its gaps.

    Raises:
        WordError: there is no such bucket in the set, or live.
        BackupError: the set is damaged or does not fit, or InfluxDB is away or refuses.
    """
    demand_version(server, chosen)
    source = source_of(chosen, bucket)
    target = Target.find(server, source)
    check_shards(chosen, source.shards, watcher)
    return (Swap if is_swap else Merge).prepare(source, target, watcher)


def whole(server: Server, chosen: Set, token_files: Sequence[Path], watcher: Watcher) -> Whole:
    """Everything.

    Raises:
        WordError: no token of the set is known.
        BackupError: the set is damaged, or InfluxDB is away or refuses.
    """
    demand_version(server, chosen)
    return Whole.prepare(server, chosen, token_files, watcher)


def restore(way: Way, folder: Folder, house: House, watcher: Watcher) -> Restored:
    """Do what was prepared, after a safety set where something live changes.

    Raises:
        BackupError: it could not be done.
    """
    with before_any_change():
        safety = _safety_set(way, folder, house, watcher) if way.changes_live else None
        if safety:
            watcher.say(f"Made the safety set {safety.stamp}, which has all that is live now.")
    # Nobody may remove the set meanwhile.
    with folder.locked(is_only_read=not way.changes_live):
        with before_any_change():
            _demand_there(way.set)
            # Something may have come in since it was planned.
            way = way.again(watcher)
        values = way.act(safety, watcher)
    stamp = safety.stamp if safety else None
    return Restored(way.set.stamp, way.what, way.size, stamp, values, way.remarks(safety))


def _safety_set(way: Way, folder: Folder, house: House, watcher: Watcher) -> Set:
    try:
        return Run(way.server, folder, house, watcher).make().made
    except FolderError as error:
        raise FolderError(
            f"{error} There the safety set has to go, without which nothing live is changed: copy the sets to another disk and "
            "name that by WATTLINE_BACKUP_FOLDER, or restore everything into an InfluxDB that was never set up."
        ) from error


def _demand_there(chosen: Set) -> None:
    if not chosen.path.is_dir():
        raise BackupError(
            f"The set {chosen.stamp} was removed since this was planned, as `wattline-backup prune` does; nothing in InfluxDB was "
            "changed. `wattline-backup list` shows those that are there."
        )
