"""A live bucket, as far as a restore is concerned: its shard groups, and how points get into them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from wattline.errors import WordError
from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.restore.source import Source
from wattline_backup.server import Server

# InfluxDB's shard groups begin at multiples of their length since the year 1.
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
MARKER = "wattline_restore"
NS_A_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """A span of time whose points lie in one shard.

    Attributes:
        start, end: of the span; the end is outside.
        shard: its number.
    """

    start: datetime
    end: datetime
    shard: int

    def holds(self, shard: Shard) -> bool:
        """Whether all the time of a stored shard is in it."""
        return self.start <= moment(shard.start) and moment(shard.end) <= self.end

    def meets(self, shard: Shard) -> bool:
        """Whether some of the time of a stored shard is in it."""
        return self.start < moment(shard.end) and moment(shard.start) < self.end


@dataclass(frozen=True)
class Target:
    """A live bucket.

    Attributes:
        server: InfluxDB.
        document: what it says of the bucket.
    """

    server: Server
    document: Mapping[str, Any]

    @classmethod
    def find(cls, server: Server, source: Source) -> Self:
        """The live bucket of the name and the organisation that it has in the set.

        Raises:
            WordError: there is none.
            ServerError: InfluxDB is away, or refuses.
        """
        found = bucket_named(server.metadata().buckets, source.bucket, source.organisation)
        if found is None:
            raise WordError(
                f"InfluxDB at {server.url} has no bucket {source.bucket} any more: bring it back by "
                f"`wattline-backup restore {source.set.stamp} --bucket {source.bucket} --as {source.bucket}`."
            )
        return cls(server, found)

    @property
    def id(self) -> str:
        """Its number, to which tokens are bound."""
        return str(self.document["bucketID"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["bucketName"])

    @property
    def organisation_id(self) -> str:
        """Of its organisation."""
        return str(self.document["organizationID"])

    @property
    def groups(self) -> list[Group]:
        """Its shard groups, oldest first."""
        found = [
            Group(moment(group["startTime"]), moment(group["endTime"]), int(group["shards"][0]["id"]))
            for group in self._policy["shardGroups"]
            if not group.get("deletedAt") and group["shards"]
        ]
        return sorted(found, key=lambda group: group.start)

    def again(self) -> "Target":
        """The same bucket, as it is now."""
        buckets = self.server.metadata().buckets
        return Target(self.server, next(each for each in buckets if each["bucketID"] == self.id))

    def forgets(self, shard: Shard, now: datetime) -> bool:
        """Whether the points of a stored shard are older than what the bucket keeps."""
        kept = _length(self._policy["duration"])
        return bool(kept) and moment(shard.end) <= now - kept

    def misfits(self, shards: Sequence[Shard]) -> list[Shard]:
        """Those stored shards whose time does not lie in one shard of the bucket, nor would."""
        groups, length = self.groups, _length(self._policy["shardGroupDuration"])
        return [shard for shard in shards if not _fits(shard, groups, length)]

    def make_group(self, shard: Shard) -> Group:
        """A shard group for a time of which the bucket has nothing: one value goes in and is deleted again.

        Raises:
            ServerError: InfluxDB refuses.
        """
        last = moment(shard.end) - timedelta(seconds=1)
        words = urlencode({"orgID": self.organisation_id, "bucket": self.id, "precision": "s"})
        line = f"{MARKER} here=1 {int(last.timestamp())}"
        with self.server.request("POST", f"/api/v2/write?{words}", body=line.encode()):
            pass
        self.delete(last, last + timedelta(seconds=1), f'_measurement="{MARKER}"')
        found = next((group for group in self.again().groups if group.holds(shard)), None)
        if found is None:
            raise BackupError(f"InfluxDB made no room in {self.name} for the time from {shard.start} to {shard.end}.")
        return found

    def delete(self, start: datetime, end: datetime, predicate: str = "") -> None:
        """Delete all points from ``start`` on and before ``end``.

        Raises:
            ServerError: InfluxDB refuses.
        """
        words = urlencode({"orgID": self.organisation_id, "bucketID": self.id})
        # InfluxDB deletes the end as well.
        before_end = (end - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S") + ".999999999Z"
        document = {"start": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "stop": before_end, "predicate": predicate}
        body = json.dumps(document).encode()
        with self.server.request("POST", f"/api/v2/delete?{words}", body=body):
            pass

    @property
    def _policy(self) -> Mapping[str, Any]:
        return dict(self.document["retentionPolicies"][0])


def bucket_named(buckets: Sequence[Mapping[str, Any]], name: str, organisation: str) -> Mapping[str, Any] | None:
    """The bucket of that name in that organisation."""
    named = (each for each in buckets if each["bucketName"] == name and each["organizationName"] == organisation)
    return next(named, None)


def moment(text: str) -> datetime:
    """RFC 3339, of a whole second."""
    return datetime.fromisoformat(text)


def _length(nanoseconds: int) -> timedelta:
    return timedelta(seconds=int(nanoseconds) // NS_A_SECOND)


def _fits(shard: Shard, groups: Sequence[Group], length: timedelta) -> bool:
    met = [group for group in groups if group.meets(shard)]
    if met:
        return len(met) == 1 and met[0].holds(shard)
    start = moment(shard.start) - (moment(shard.start) - YEAR_1) % length
    return moment(shard.end) <= start + length
