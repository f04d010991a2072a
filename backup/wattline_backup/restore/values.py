"""How many values a bucket has of each day, by Flux."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence

from wattline_backup.errors import BackupError
from wattline_backup.index import Shard
from wattline_backup.progress import Watcher
from wattline_backup.server import Server

FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {end})
|> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start") |> keep(columns: ["_time", "_value"])"""


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
    headers = {"Content-Type": "application/json", "Accept": "application/csv"}
    for done, shard in enumerate(shards):
        watcher.move("days counted", done, len(shards))
        query = FLUX.format(bucket=bucket, start=shard.start, end=shard.end)
        body = json.dumps({"query": query, "dialect": {"annotations": []}}).encode()
        path = f"/api/v2/query?orgID={organisation}"
        with server.request("POST", path, body=body, headers=headers) as response:
            text = response.data.decode().replace("\r\n", "\n")
        rows = [row for table in text.split("\n\n") for row in csv.DictReader(io.StringIO(table.lstrip("\n")))]
        if not rows:
            raise BackupError(
                f"InfluxDB has nothing of {shard.bucket} from {shard.start} to {shard.end}, though it took all that was sent."
            )
        for row in rows:
            found[row["_time"][:10]] += int(row["_value"])
    watcher.move("days counted", len(shards), len(shards))
    return dict(sorted(found.items()))
