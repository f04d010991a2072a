"""Folders of sets without a server: whole in all that list and prune look at, their archives a few bytes."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wattline_backup.archive import Stored
from wattline_backup.index import NAME, Index, Shard
from wattline_backup.sets import STAMP_FORM, Folder, Set


def stamp_of(moment: datetime) -> str:
    """The name of a set begun at ``moment``."""
    return moment.astimezone(UTC).strftime(STAMP_FORM)


def make_set(folder: Path, moment: datetime, shards: Mapping[int, bytes], shared_with: Set | None = None) -> Set:
    """A set with ``shards``; those that ``shared_with`` has too are its files."""
    stamp = stamp_of(moment)
    path = folder / stamp
    path.mkdir(parents=True)
    known = []
    for number, content in shards.items():
        file = path / f"{stamp}.{number}.tar.gz"
        earlier = shared_with.path / f"{shared_with.stamp}.{number}.tar.gz" if shared_with else None
        if earlier and earlier.exists() and earlier.read_bytes() == content:
            os.link(earlier, file)
        else:
            file.write_bytes(content)
        stored = Stored(size=len(content), sha256="", tar_sha256="", members=())
        known.append(
            Shard(
                "b",
                "energy",
                number,
                "2026-01-01T00:00:00Z",
                "2026-01-08T00:00:00Z",
                file.name,
                stored,
                earlier is not None,
            )
        )
    index = Index(stamp, "http://127.0.0.1:8086", "2.9.1", moment, is_full=False, shards=tuple(known))
    (path / NAME).write_text(index.to_json())
    return Set(path)


def make_sets(folder: Path, moments: Sequence[datetime]) -> Folder:
    """A set of each moment, oldest first, which share all but one shard with the one before."""
    folder.mkdir(exist_ok=True)
    earlier: Set | None = None
    for number, moment in enumerate(sorted(moments)):
        earlier = make_set(folder, moment, {1: b"o" * 100_000, 100 + number: b"n" * 10_000}, earlier)
    return Folder(folder)
