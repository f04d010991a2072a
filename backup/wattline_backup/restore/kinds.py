"""Whether what is brought into a live shard is of the same kinds as what is there.

InfluxDB keeps one kind for each field of a shard (float, integer, ...) and refuses to write another. To files that are restored
it does not look: of a field that has two kinds then, it reads one, and of the other it says nothing, or fails.
"""

from collections.abc import Iterable
from typing import IO

from wattline_backup import tsm
from wattline_backup.archive import Member, TarReader, read_stored
from wattline_backup.checks import FilesOfPoints
from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.restore.pairs import Pair
from wattline_backup.restore.source import Source
from wattline_backup.restore.target import Target
from wattline_backup.tsm import Field


def demand_same_kinds(source: Source, target: Target, pairs: Iterable[Pair], watcher: Watcher) -> None:
    """See that no field has another kind in the set than in the live shard that it would come into.

    Raises:
        BackupError: one has, or a shard cannot be read.
    """
    shared = [pair for pair in pairs if pair.group and pair.lacks]
    for done, pair in enumerate(shared):
        watcher.move("kinds compared", done, len(shared))
        if pair.group:
            _demand_same(source, target, pair, _of_live(source, target, pair.group.shard))
    watcher.move("kinds compared", len(shared), len(shared))


def _demand_same(source: Source, target: Target, pair: Pair, live: dict[Field, str]) -> None:
    for shard in pair.lacks:
        stored = _of_stored(source, shard)
        for field in sorted(stored.keys() & live.keys()):
            if stored[field] != live[field]:
                raise BackupError(
                    f"From {pair.span} the field {field.field} of {field.measurement} is {stored[field]} in the set and "
                    f"{live[field]} in the live bucket {target.name}, and InfluxDB would read only one of them: restore it beside, "
                    f"`wattline-backup restore {source.set.stamp} --bucket {source.bucket} --as {source.bucket}_restored`."
                )
        live |= stored


def _of_stored(source: Source, shard: Shard) -> dict[Field, str]:
    found = _Kinds()
    with FilesOfPoints(source.set.path, found.look) as files:
        read_stored(source.set.path / shard.file, shard.file, files.open_member)
        files.end_member()
    return found.kinds


def _of_live(source: Source, target: Target, shard: int) -> dict[Field, str]:
    found = _Kinds()
    with (
        FilesOfPoints(source.set.path, found.look) as files,
        target.server.shard(shard, packed=False) as answer,
    ):
        tar = TarReader(f"shard {shard}", files.open_member)
        for piece in answer.pieces:
            tar.feed(piece)
        tar.close()
        files.end_member()
    return found.kinds


class _Kinds:
    """Gathers those of all files of a shard."""

    def __init__(self) -> None:
        self.kinds: dict[Field, str] = {}

    def look(self, file: IO[bytes], member: Member) -> None:
        """Take in those of one file."""
        self.kinds |= tsm.kinds(file, member.size)
