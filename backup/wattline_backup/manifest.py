"""The manifest that ``influx restore`` reads, made of the server's list of buckets and of what is stored."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wattline_backup.archive import Stored
from wattline_backup.index import Key

VERSION = 2
GZIP = 1


def shards_of(buckets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], int]]:
    """Each shard that the server has: its bucket, its group and its number. What is deleted or forgotten is left out."""
    for bucket in buckets:
        for policy in bucket["retentionPolicies"]:
            for group in policy["shardGroups"]:
                if not group.get("deletedAt"):
                    for shard in group["shards"]:
                        yield bucket, group, int(shard["id"])


def known_to_both(earlier: Sequence[Mapping[str, Any]], later: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The later of two lists of buckets, without what only that one has."""
    known = {key_of(*each) for each in shards_of(earlier)}
    ids = {bucket["bucketID"] for bucket in earlier}

    def is_known(bucket: Mapping[str, Any], group: Mapping[str, Any]) -> bool:
        return all(key_of(bucket, group, int(shard["id"])) in known for shard in group["shards"])

    return [
        {
            **bucket,
            "retentionPolicies": [_with_groups(bucket, policy, is_known) for policy in bucket["retentionPolicies"]],
        }
        for bucket in later
        if bucket["bucketID"] in ids
    ]


def _with_groups(
    bucket: Mapping[str, Any],
    policy: Mapping[str, Any],
    is_kept: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> dict[str, Any]:
    return {**policy, "shardGroups": [group for group in policy["shardGroups"] if is_kept(bucket, group)]}


def key_of(bucket: Mapping[str, Any], group: Mapping[str, Any], shard: int) -> Key:
    """What a shard is known by."""
    return Key(str(bucket["bucketID"]), shard, str(group["startTime"]))


def manifest(
    buckets: Sequence[Mapping[str, Any]],
    shards: Mapping[int, tuple[str, Stored]],
    kv: tuple[str, int],
    sql: tuple[str, int],
) -> str:
    """The manifest's text.

    Args:
        buckets: the server's list.
        shards: file and content of each shard that is stored. A group of which no shard is, is left out: restored, it
            would refuse every write into its days.
        kv: file and size of the packed Bolt database.
        sql: file and size of the packed SQLite database.
    """
    return json.dumps(
        {
            "manifestVersion": VERSION,
            "kv": _file(*kv),
            "sql": _file(*sql),
            "buckets": [_bucket(bucket, shards) for bucket in buckets],
        },
        indent=1,
    )


def _bucket(bucket: Mapping[str, Any], shards: Mapping[int, tuple[str, Stored]]) -> dict[str, Any]:
    policies = []
    for policy in bucket["retentionPolicies"]:
        groups = [_group(group, shards) for group in policy["shardGroups"] if not group.get("deletedAt")]
        policies.append({**policy, "shardGroups": [group for group in groups if group["shards"]]})
    return {**bucket, "retentionPolicies": policies}


def _group(group: Mapping[str, Any], shards: Mapping[int, tuple[str, Stored]]) -> dict[str, Any]:
    stored = [
        {**shard, **_file(shards[int(shard["id"])][0], shards[int(shard["id"])][1].size)}
        for shard in group["shards"]
        if int(shard["id"]) in shards
    ]
    return {**group, "shards": stored}


def _file(name: str, size: int) -> dict[str, Any]:
    return {"fileName": name, "size": size, "compression": GZIP}
