"""How the live server's shards stand to those of a set; it has gone on since the set was made.

| the shard there | by which it is known | so its answers can be compared |
|---|---|---|
| is the same | the same number of files, bytes, and SHA-256 of the tar | over all of its time |
| has gone on | a file that the set has not, newer than the set | up to the day before the set, if nothing came late |
| is gone | it is not listed | not at all: it was forgotten by its retention, or deleted |
| was another already when the set was made | a file that the set has not, older than the set | it is wrong: the set is stale |
| has lost files, and got none | files that only the set has | it is wrong, or something was deleted since: nothing dates it |

A stale shard comes of a change that ``since`` does not see, such as a delete that leaves no file behind. Restored, it would
bring the deleted points back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from wattline.influxdb.errors import GoneError
from wattline_backup.errors import SetError
from wattline_backup.index import Key, Shard
from wattline_backup.manifest import key_of, shards_of
from wattline_backup.proof.answers import Answers, ask
from wattline_backup.proof.content import content_of
from wattline_backup.server import Server
from wattline_backup.sets import Set
from wattline_backup.tsm_files import NONE, TsmFiles, stored_files

# Stamps of files are coarse, and the set's own is of before its first request.
MARGIN_S = 60.0
# Readings that come late, and the rollups of a day that is not over, still change the last day.
UNSETTLED = timedelta(days=1)


class Standing(StrEnum):
    """How a shard of the live server stands to that of the set."""

    SAME = "same"
    GONE_ON = "gone on"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class _There:
    files: Mapping[int, TsmFiles]
    organisations: Mapping[Key, str]


class Live:
    """The live server.

    Args:
        server: to be asked.
        checked: the set.
        is_newest: whether no other set is newer.

    Raises:
        ServerError: it is away, or refuses.
    """

    def __init__(self, server: Server, checked: Set, *, is_newest: bool) -> None:
        self._server, self._set, self._is_newest = server, checked, is_newest
        buckets = server.metadata().buckets
        organisations = {
            key_of(bucket, group, shard): _organisation(bucket) for bucket, group, shard in shards_of(buckets)
        }
        self._there = _There(server.files(), organisations)
        self.remarks: list[str] = []

    def standing_by_size(self, shard: Shard) -> Standing:
        """How a shard stands as far as the server's counts tell; costs a request only where they differ.

        Raises:
            SetError: it is stale.
            ServerError: the server is away, or refuses.
        """
        if shard.key not in self._there.organisations:
            return Standing.GONE
        is_same = self._there.files.get(shard.shard, NONE) == stored_files(shard)
        return Standing.SAME if is_same else self.standing(shard)

    def standing(self, shard: Shard) -> Standing:
        """How a shard stands, by its content.

        Raises:
            SetError: it is stale.
            ServerError: the server is away, or refuses.
        """
        if shard.key not in self._there.organisations:
            return Standing.GONE
        try:
            now = content_of(self._server, shard.shard, f"shard {shard.shard} of {shard.bucket} at {self._server.url}")
        except GoneError:
            return Standing.GONE
        if now.tar_sha256 == shard.stored.tar_sha256:
            return Standing.SAME
        added = set(now.members) - set(shard.stored.members)
        lost = {member for member in set(shard.stored.members) - set(now.members) if member.is_tsm}
        if any(member.changed_s < self._set.index.began.timestamp() - MARGIN_S for member in added):
            raise SetError(
                f"{self._set.path / shard.file} was out of date when the set was made: it would bring back what had been "
                f"deleted from {shard.bucket} or lack what had been written; `wattline-backup run --full` makes a good set."
            )
        if lost and not added:
            self._doubt(shard)
        return Standing.GONE_ON

    def _doubt(self, shard: Shard) -> None:
        doubt = (
            f"{self._set.path / shard.file} holds points of {shard.bucket} ({shard.start} to {shard.end}) that InfluxDB no "
            "longer has, and nothing tells whether they were deleted before the set was made or after"
        )
        if self._is_newest:
            raise SetError(f"{doubt}: `wattline-backup run --full` makes a set that has what InfluxDB has.")
        self.remarks.append(f"{doubt}.")

    def answers(self, shard: Shard, stop: str) -> Answers:
        """What the live server answers about the shard's time up to ``stop``.

        Raises:
            ServerError: the server is away, or refuses.
        """
        return ask(self._server, self._there.organisations[shard.key], shard.bucket_id, shard.start, stop)

    def settled(self, shard: Shard) -> str | None:
        """Until when a shard that has gone on should still answer as it did; None where that is before its time."""
        began = self._set.index.began.astimezone(UTC)
        midnight = began.replace(hour=0, minute=0, second=0, microsecond=0) - UNSETTLED
        if midnight <= datetime.fromisoformat(shard.start):
            return None
        return min(midnight, datetime.fromisoformat(shard.end)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _organisation(bucket: Mapping[str, Any]) -> str:
    return str(bucket["organizationID"])
