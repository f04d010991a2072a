"""How many points InfluxDB has of each series, field and hour: one question a bucket, answered by its storage engine.

``range |> filter |> aggregateWindow(count)`` is worked out beside the files (``ReadWindowAggregate``); of an hour and field
one number comes.
"""

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wattline_backup.errors import GoneError, ServerError
from wattline_backup.reconcile.lines import HOUR_S, Series
from wattline_backup.reconcile.routes import COMPLETENESS_BUCKET, ENERGY, HOST, measurements_of
from wattline_backup.server import Server

Counts = dict[Series, dict[int, dict[str, int]]]
"""Series, hour since 1970, field -> points."""

# Hours of a journal that lie farther apart are asked for apart: a clock that was wrong makes no question of decades.
_APART_HOURS = 48
# What a row has beside its series' tags.
_COLUMNS = {"", "result", "table", "_start", "_stop", "_time", "_value", "_field", "_measurement"}
_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop}) |> filter(fn: (r) => {which})
|> aggregateWindow(every: 1h, fn: count, createEmpty: false, timeSrc: "_start")"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of InfluxDB: its name, its number and that of its organisation."""

    name: str
    id: str
    organisation: str


def buckets_of(server: Server) -> dict[str, Bucket]:
    """The two that Telegraf writes to, and that of the number of seconds.

    Raises:
        ServerError: one is not there, or there are several of its name, or InfluxDB does not answer.
    """
    return {name: bucket_of(server, name) for name in (ENERGY, HOST, COMPLETENESS_BUCKET)}


def bucket_of(server: Server, name: str) -> Bucket:
    """The bucket of that name.

    Raises:
        ServerError: it is not there, or there are several, or InfluxDB does not answer.
    """
    try:
        found = server.ask("GET", f"/api/v2/buckets?name={name}")["buckets"]
    except GoneError:
        found = []
    if len(found) != 1:
        how_many = "no bucket" if not found else "several organisations with a bucket"
        raise ServerError(f"InfluxDB at {server.url} has {how_many} {name}; wattline's own are in one organisation.")
    return Bucket(name, found[0]["id"], found[0]["orgID"])


def counted(
    server: Server, bucket: Bucket, hours: Collection[int], cut_s: int, left: Sequence[tuple[int, int]] = ()
) -> Counts:
    """Count.

    Args:
        server: to be asked.
        bucket: of the two.
        hours: since 1970, that are of interest.
        cut_s: the second up to which points are counted.
        left: ranges of which none is, each from a second on and before one.

    Raises:
        ServerError: InfluxDB does not answer, or not to the end.
    """
    counts: Counts = {}
    for start, stop in _stretches(hours, [*left, (cut_s, 1 << 62)]):
        for row in rows(server, bucket.organisation, question(bucket, start, stop)):
            tags = frozenset((name, value) for name, value in row.items() if name not in _COLUMNS and value)
            of_hours = counts.setdefault(Series(row["_measurement"], tags), {})
            hour = int(datetime.fromisoformat(row["_time"].replace("Z", "+00:00")).timestamp()) // HOUR_S
            of_fields = of_hours.setdefault(hour, {})
            of_fields[row["_field"]] = of_fields.get(row["_field"], 0) + int(row["_value"])
    return counts


def question(bucket: Bucket, start: int, stop: int) -> str:
    """The Flux that counts our measurements in a bucket from a second since 1970 on and before one, hour by hour."""
    which = " or ".join(f"r._measurement == {json.dumps(name)}" for name in measurements_of(bucket.name))
    return _FLUX.format(bucket=bucket.id, start=instant(start), stop=instant(stop), which=which)


def rows(server: Server, organisation: str, flux: str) -> Iterator[dict[str, str]]:
    """The rows that a question in Flux is answered with.

    Raises:
        ServerError: InfluxDB does not answer, or not to the end.
    """
    body = json.dumps({"query": flux, "dialect": {"annotations": []}}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/csv"}
    with server.request("POST", f"/api/v2/query?orgID={organisation}", body=body, headers=headers) as response:
        lines = response.data.decode().splitlines()
    names: list[str] = []
    for values in csv.reader(lines):
        if not values:
            names = []
        elif not names:
            names = values
        else:
            row = dict(zip(names, values, strict=True))
            if "error" in row and "_time" not in row:
                # What fails once the answer has begun comes as a table, in the middle of a success.
                raise ServerError(f"InfluxDB at {server.url} could not answer to its end: {row['error']}.")
            yield row


def instant(second: int) -> str:
    """A second since 1970 as Flux writes it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stretches(hours: Collection[int], holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The seconds of hours in a row, or nearly, without the holes; each from one on and before one."""
    rows_of: list[tuple[int, int]] = []
    for hour in sorted(hours):
        if rows_of and hour - rows_of[-1][1] <= _APART_HOURS:
            rows_of[-1] = (rows_of[-1][0], hour)
        else:
            rows_of.append((hour, hour))
    found = [(first * HOUR_S, (last + 1) * HOUR_S) for first, last in rows_of]
    for begin, end in holes:
        parts = [part for start, stop in found for part in ((start, min(stop, begin)), (max(start, end), stop))]
        found = [(start, stop) for start, stop in parts if start < stop]
    return found
