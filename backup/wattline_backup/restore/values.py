"""How many values a bucket has of each day, by Flux."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence, Set
from datetime import datetime

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.server import Server
from wattline_backup.tsm import Field

FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {end})
|> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start") |> keep(columns: ["_time", "_value"])"""
SHOWN = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {end}) |> first()
|> keep(columns: ["_measurement", "_field"]) |> limit(n: 1)"""
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


def demand_shown(
    server: Server,
    organisation: str,
    bucket: str,
    brought: Sequence[tuple[Shard, Set[Field]]],
    watcher: Watcher,
) -> None:
    """See that InfluxDB shows something of each field that was brought; of one that has another type there, it shows nothing.

    Args:
        server: InfluxDB.
        organisation: the number of the bucket's organisation.
        bucket: its number.
        brought: shards, each with its fields.
        watcher: is told how far it is.

    Raises:
        BackupError: there is nothing of a field, or InfluxDB does not answer.
    """
    for done, (shard, fields) in enumerate(brought):
        watcher.move("fields looked for", done, len(brought))
        rows = _rows(server, organisation, SHOWN.format(bucket=bucket, start=shard.start, end=shard.end))
        hidden = sorted(fields - {Field(row["_measurement"], row["_field"]) for row in rows})
        if hidden:
            raise BackupError(
                f"InfluxDB shows nothing of the field {hidden[0].field} of {hidden[0].measurement} from {shard.start} to "
                f"{shard.end}, though it took all that was sent: that time had the field with another type before. Restore "
                f"{shard.bucket} beside (--as)."
            )
    watcher.move("fields looked for", len(brought), len(brought))


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
