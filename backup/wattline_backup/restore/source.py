"""What a set has of a bucket, looked through before any of it is sent."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattline.errors import WordError
from wattline.options import nearest
from wattline_backup.checks import check_stored
from wattline_backup.errors import SetError
from wattline_backup.house import describe
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.sets import Set
from wattline_backup.size import shards_in_words


@dataclass(frozen=True, slots=True)
class Source:
    """A bucket of a set.

    Attributes:
        set: the set.
        document: what the set's manifest says of the bucket.
        shards: those of the bucket, oldest first, empty ones too.
    """

    set: Set
    document: Mapping[str, Any]
    shards: tuple[Shard, ...]

    @property
    def bucket(self) -> str:
        """Its name in the set."""
        return str(self.document["bucketName"])

    @property
    def organisation(self) -> str:
        """The organisation that it belonged to."""
        return str(self.document["organizationName"])

    @property
    def what(self) -> str:
        """For people, for example ``bucket energy, 30 shards of 2026-10-28 to 2026-11-27``."""
        filled = self.filled
        span = f" of {filled[0].start[:10]} to {filled[-1].end[:10]}" if filled else ""
        return f"bucket {self.bucket}, {shards_in_words(len(filled))}{span}"

    @property
    def filled(self) -> list[Shard]:
        """Its shards that have points."""
        return [shard for shard in self.shards if shard.tsm]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(shard.stored.size for shard in self.shards)


def source_of(chosen: Set, bucket: str) -> Source:
    """The bucket of that name.

    Raises:
        WordError: the set has none, or several.
        SetError: the set is damaged.
    """
    buckets = manifest_of(chosen)["buckets"]
    found = [each for each in buckets if each["bucketName"] == bucket]
    names = sorted(str(each["bucketName"]) for each in buckets if not str(each["bucketName"]).startswith("_"))
    if not found:
        raise WordError(
            f"The set {chosen.stamp} has no bucket {bucket}{nearest(bucket, names)}; it has {', '.join(names)}."
        )
    if len(found) > 1:
        owners = " and ".join(str(each["organizationName"]) for each in found)
        raise WordError(
            f"In the set {chosen.stamp} there are buckets {bucket} of {owners}: restore the one that is meant with the influx CLI."
        )
    mine = (shard for shard in chosen.index.shards if shard.bucket_id == found[0]["bucketID"])
    return Source(chosen, found[0], tuple(sorted(mine, key=lambda shard: shard.start)))


def manifest_of(chosen: Set) -> dict[str, Any]:
    """The manifest of a set, once it is known to be what was written.

    Raises:
        SetError: it is not.
    """
    name = f"{chosen.stamp}.manifest"
    check_files(chosen, [name])
    document: dict[str, Any] = json.loads((chosen.path / name).read_text())
    return document


def check_files(chosen: Set, names: Iterable[str]) -> None:
    """See that files of a set, other than those of shards, are what was written.

    Raises:
        SetError: one is not.
    """
    for name in names:
        file = chosen.path / name
        try:
            is_same = describe(file) == chosen.index.files.get(name)
        except OSError as error:
            raise SetError(f"{file} cannot be read ({error.strerror}): restore an older set.") from error
        if not is_same:
            raise SetError(f"{file} is not the file that was stored: restore an older set.")


def check_shards(chosen: Set, shards: Iterable[Shard], watcher: Watcher, *, with_points: bool = True) -> None:
    """Look through the files of shards, with every block of points in them unless told otherwise.

    Raises:
        ArchiveError: one is damaged, another, or missing.
    """
    all_shards = list(shards)
    for done, shard in enumerate(all_shards):
        watcher.move("files checked", done, len(all_shards))
        check_stored(chosen.path, shard, with_points=with_points)
    watcher.move("files checked", len(all_shards), len(all_shards))
