"""A live bucket, as far as a restore is concerned: its shard groups, and how points get into them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from shlex import join
from typing import Any, Self
from urllib.parse import urlencode

from wattline.errors import WordError
from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.restore.source import Source
from wattline_backup.restore.values import has_values
from wattline_backup.server import Server

# InfluxDB's shard groups begin at multiples of their length since the year 1.
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
MARKER = "wattline_restore"
# A writer's clock may be ahead by so much, and what it writes comes in up to so much later than it is stamped.
AHEAD, LATENESS = timedelta(seconds=10), timedelta(minutes=1)
NS_A_SECOND = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    def around(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """What of its span is before ``start``, and what is from ``end`` on."""
        spans = [(self.start, min(self.end, start)), (max(self.start, end), self.end)]
        return [(first, last) for first, last in spans if first < last]

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
                f"`{join(['wattline-backup', 'restore', source.set.stamp, '--bucket', source.bucket, '--as', source.bucket])}`."
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
        """Its shard groups, oldest first, without those that it forgets at its next look."""
        now = self.server.now()
        found = [
            Group(moment(group["startTime"]), moment(group["endTime"]), int(group["shards"][0]["id"]))
            for group in self._policy["shardGroups"]
            if not group.get("deletedAt") and group["shards"]
        ]
        return sorted((group for group in found if not self._forgets(group.end, now)), key=lambda group: group.start)

    def again(self) -> "Target":
        """The same bucket, as it is now.

        Raises:
            BackupError: it is gone.
        """
        buckets = self.server.metadata().buckets
        found = next((each for each in buckets if each["bucketID"] == self.id), None)
        if found is None:
            raise BackupError(f"Somebody deleted the bucket {self.name} meanwhile: try again.")
        return Target(self.server, found)

    def forgets(self, shard: Shard, now: datetime) -> bool:
        """Whether the points of a stored shard are older than what the bucket keeps."""
        return self._forgets(moment(shard.end), now)

    def remembered(self, source: Source) -> Source:
        """A bucket of a set without the shards that are older than what this one keeps."""
        now = self.server.now()
        return replace(source, shards=tuple(shard for shard in source.shards if not self.forgets(shard, now)))

    def misfits(self, shards: Sequence[Shard]) -> list[Shard]:
        """Those stored shards whose time does not lie in one shard of the bucket, nor would."""
        groups, length = self.groups, _length(self._policy["shardGroupDuration"])
        return [shard for shard in shards if not _fits(shard, groups, length)]

    def would_begin(self, shard: Shard) -> datetime:
        """When the shard group begins that the bucket would make for the time of a stored shard."""
        return _begin(moment(shard.start), _length(self._policy["shardGroupDuration"]))

    def make_group(self, shard: Shard) -> Group:
        """A shard group for a time of which the bucket has nothing: one value goes in and is deleted again.

        Raises:
            ServerError: InfluxDB refuses.
        """
        self._write_once(moment(shard.end) - timedelta(seconds=1))
        found = next((group for group in self.again().groups if group.holds(shard)), None)
        if found is None:
            raise BackupError(f"InfluxDB made no room in {self.name} for the time from {shard.start} to {shard.end}.")
        return found

    def make_group_at(self, instant: datetime) -> None:
        """A shard group for a moment, where the bucket has none.

        Raises:
            ServerError: InfluxDB refuses.
        """
        if not any(group.start <= instant < group.end for group in self.again().groups):
            self._write_once(self._end_at(instant) - timedelta(seconds=1))

    def keeps(self, instant: datetime) -> bool:
        """Whether the bucket has a shard group for a moment, or would make one that it does not forget at once."""
        is_there = any(group.start <= instant < group.end for group in self.groups)
        return is_there or not self._forgets(self._end_at(instant), self.server.now())

    def empty(self, group: Group, since: datetime, now: datetime) -> None:
        """Delete all points of a shard group but those of ``since`` until ``now``, and see that none comes in again.

        Raises:
            BackupError: some came in again of a time that is long over, or is far away.
            ServerError: InfluxDB refuses.
        """
        self.clear(group, since, now)
        for start, end in group.around(since - LATENESS, now + LATENESS):
            if has_values(self.server, self.organisation_id, self.id, start, end):
                raise BackupError(
                    f"Something writes points into {self.name} that are stamped from {start} to {end}: stop it, and try again."
                )

    def clear(self, group: Group, since: datetime, now: datetime) -> None:
        """Delete all points of a shard group but those of ``since`` until ``now``, which are just coming in.

        Raises:
            ServerError: InfluxDB refuses.
        """
        for start, end in group.around(since, now + AHEAD):
            self.delete(start, end)

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

    def _write_once(self, instant: datetime) -> None:
        """A value that is deleted again; the shard group that it lay in stays."""
        words = urlencode({"orgID": self.organisation_id, "bucket": self.id, "precision": "s"})
        line = f"{MARKER} here=1 {int(instant.timestamp())}"
        with self.server.request("POST", f"/api/v2/write?{words}", body=line.encode()):
            pass
        self.delete(instant, instant + timedelta(seconds=1), f'_measurement="{MARKER}"')

    def _end_at(self, instant: datetime) -> datetime:
        """When the shard group is over that the bucket would make for a moment."""
        length = _length(self._policy["shardGroupDuration"])
        return _begin(instant, length) + length

    def _forgets(self, end: datetime, now: datetime) -> bool:
        kept = _length(self._policy["duration"])
        return bool(kept) and end <= now - kept

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


def moment_of(stamp_ns: int) -> datetime:
    """A stamp of InfluxDB, down to the microsecond."""
    return EPOCH + timedelta(microseconds=stamp_ns // 1000)


def _length(nanoseconds: int) -> timedelta:
    return timedelta(seconds=int(nanoseconds) // NS_A_SECOND)


def _fits(shard: Shard, groups: Sequence[Group], length: timedelta) -> bool:
    met = [group for group in groups if group.meets(shard)]
    if met:
        return len(met) == 1 and met[0].holds(shard)
    return moment(shard.end) <= _begin(moment(shard.start), length) + length


def _begin(instant: datetime, length: timedelta) -> datetime:
    return instant - (instant - YEAR_1) % length
