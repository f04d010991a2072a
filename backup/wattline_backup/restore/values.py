"""How many values a bucket has of each day, by Flux."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.server import Server

FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {end})
|> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start") |> keep(columns: ["_time", "_value"])"""
FIRST = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {end}) |> first() |> keep(columns: ["_time"]) |> limit(n: 1)"""


def values_by_day(
    server: Server, organisation: str, bucket: str, shards: Sequence[Shard], watcher: Watcher
) -> dict[str, int]:
    """Count all values of the time of some shards, and see that none of them is empty.

    Args:
        server: InfluxDB.
        organisation: the number of the bucket's organisation.
        bucket: its number.
        shards: of which time; each of them has points.
        watcher: is told how far it is.

    Returns:
        For each day of UTC that has any, as YYYY-MM-DD, how many.

    Raises:
        BackupError: there is nothing of the time of a shard, or InfluxDB does not answer.
    """
    found: Counter[str] = Counter()
    for done, shard in enumerate(shards):
        watcher.move("days counted", done, len(shards))
        rows = _rows(server, organisation, FLUX.format(bucket=bucket, start=shard.start, end=shard.end))
        if not rows:
            raise BackupError(
                f"InfluxDB has nothing of {shard.bucket} from {shard.start} to {shard.end}, though it took all that was sent."
            )
        for row in rows:
            found[row["_time"][:10]] += int(row["_value"])
    watcher.move("days counted", len(shards), len(shards))
    return dict(sorted(found.items()))


def has_values(server: Server, organisation: str, bucket: str, start: datetime, end: datetime) -> bool:
    """Whether a bucket has any value from ``start`` on and before ``end``.

    Raises:
        ServerError: InfluxDB does not answer.
    """
    query = FIRST.format(bucket=bucket, start=start.isoformat(), end=end.isoformat())
    return bool(_rows(server, organisation, query))


def _rows(server: Server, organisation: str, query: str) -> list[dict[str, str]]:
    body = json.dumps({"query": query, "dialect": {"annotations": []}}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/csv"}
    with server.request("POST", f"/api/v2/query?orgID={organisation}", body=body, headers=headers) as response:
        text = response.data.decode().replace("\r\n", "\n")
    return [row for table in text.split("\n\n") for row in csv.DictReader(io.StringIO(table.lstrip("\n")))]
