"""What a set knows of itself beyond InfluxDB's own manifest: the file ``wattline.json`` in it, which the influx CLI passes over."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from wattline_backup.archive import Member, Stored
from wattline_backup.errors import SetError
from wattline_backup.unfinished import EVERYTHING

NAME = "wattline.json"
FORM = 1


class Key(NamedTuple):
    """What a shard is known by from set to set; numbers of buckets and shards begin anew on a restored server."""

    bucket_id: str
    shard: int
    start: str


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a set.

    Attributes:
        bucket_id: of its bucket.
        bucket: the bucket's name.
        shard: its number.
        start: when its time begins, RFC 3339.
        end: when its time is over, RFC 3339.
        file: its file in the set.
        stored: what is in that.
        is_linked: whether the set before has the same file.
    """

    bucket_id: str
    bucket: str
    shard: int
    start: str
    end: str
    file: str
    stored: Stored
    is_linked: bool

    @property
    def key(self) -> Key:
        """What it is known by."""
        return Key(self.bucket_id, self.shard, self.start)

    @property
    def tsm(self) -> list[Member]:
        """Its files of points."""
        return [member for member in self.stored.members if member.is_tsm]

    @property
    def has_tombstone(self) -> bool:
        """Whether something was just being deleted; a restore would bring that back."""
        return any(not member.is_tsm for member in self.stored.members)


@dataclass(frozen=True, slots=True)
class File:
    """Any other file of a set."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Index:
    """A set's own description.

    Attributes:
        stamp: the set's name.
        url: of the server.
        version: of the server.
        began: when the run began, by the server's clock.
        is_full: whether each shard was read anew, and none taken for unchanged.
        shards: those with points, and empty ones.
        files: all the others, by their path in the set.
        unfinished: the buckets, or ``EVERYTHING``, of which a restore had not come to its end, so that the set has what that
            had left of them.
    """

    stamp: str
    url: str
    version: str
    began: datetime
    is_full: bool
    shards: tuple[Shard, ...]
    files: Mapping[str, File] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()

    def is_half(self, bucket: str) -> bool:
        """Whether the set has of a bucket, or of ``EVERYTHING``, what an unfinished restore had left of it."""
        return bucket in self.unfinished or EVERYTHING in self.unfinished

    @property
    def by_key(self) -> dict[Key, Shard]:
        """Its shards."""
        return {shard.key: shard for shard in self.shards}

    @property
    def size(self) -> int:
        """Bytes of all its files, shared or not."""
        return sum(shard.stored.size for shard in self.shards) + sum(file.size for file in self.files.values())

    @property
    def written(self) -> int:
        """Bytes that the run wrote."""
        return self.size - sum(shard.stored.size for shard in self.shards if shard.is_linked)

    def to_json(self) -> str:
        """As it stands in the file."""
        return json.dumps({"form": FORM, **asdict(self), "began": self.began.isoformat()}, indent=1)


def from_json(text: str, place: str) -> Index:
    """What ``to_json`` wrote.

    Args:
        text: the file's.
        place: where it was, for the message.

    Raises:
        SetError: it is something else.
    """
    try:
        document = json.loads(text)
        if document.pop("form") != FORM:
            raise SetError(f"{place} was written by a newer wattline-backup: upgrade this one.")
        shards = tuple(_shard(each) for each in document.pop("shards"))
        files = {name: File(**each) for name, each in document.pop("files").items()}
        began = datetime.fromisoformat(document.pop("began"))
        # Before it could be all of them, it was called otherwise.
        unfinished = tuple(document.pop("unfinished", ()) or document.pop("half_swapped", ()))
        return Index(shards=shards, files=files, began=began, unfinished=unfinished, **document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SetError(f"{place} is damaged ({error}): the set cannot be trusted.") from error


def _shard(document: dict[str, Any]) -> Shard:
    stored = document.pop("stored")
    members = tuple(Member(**member) for member in stored.pop("members"))
    return Shard(stored=Stored(members=members, **stored), **document)
