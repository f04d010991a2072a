"""How many points InfluxDB has of each series, field and hour: one question a bucket, answered by its storage engine.

``range |> filter |> aggregateWindow(count)`` is worked out beside the files (``ReadWindowAggregate``); of an hour and field
one number comes.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from wattline.influxdb.flux import Bucket, bucket_of, instant, rows, second_of
from wattline_backup.reconcile.lines import HOUR_S, Series
from wattline_backup.reconcile.ranges import without
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


def buckets_of(server: Server) -> dict[str, Bucket]:
    """The two that Telegraf writes to, and that of the number of seconds.

    Raises:
        ServerError: one is not there, or there are several of its name, or InfluxDB does not answer.
    """
    return {name: bucket_of(server, name) for name in (ENERGY, HOST, COMPLETENESS_BUCKET)}


def stored_from(bucket: Bucket, now_s: int) -> int:
    """The second since 1970 from which on a bucket still has what was written to it, and takes what is missing."""
    # What it would drop while this run looks at it, is as good as gone.
    return now_s - bucket.keeps_s + HOUR_S if bucket.keeps_s else 0


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
            of_hours = counts.setdefault(series_of_row(row), {})
            hour = second_of(row["_time"]) // HOUR_S
            of_fields = of_hours.setdefault(hour, {})
            of_fields[row["_field"]] = of_fields.get(row["_field"], 0) + int(row["_value"])
    return counts


def series_of_row(row: Mapping[str, str]) -> Series:
    """The series that a row of an answer is of."""
    return Series(
        row["_measurement"],
        frozenset((name, value) for name, value in row.items() if name not in _COLUMNS and value),
    )


def question(bucket: Bucket, start: int, stop: int) -> str:
    """The Flux that counts our measurements in a bucket from a second since 1970 on and before one, hour by hour."""
    which = " or ".join(f"r._measurement == {json.dumps(name)}" for name in measurements_of(bucket.name))
    return _FLUX.format(bucket=bucket.id, start=instant(start), stop=instant(stop), which=which)


def _stretches(hours: Collection[int], holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The seconds of hours in a row, or nearly, without the holes; each from one on and before one."""
    rows_of: list[tuple[int, int]] = []
    for hour in sorted(hours):
        if rows_of and hour - rows_of[-1][1] <= _APART_HOURS:
            rows_of[-1] = (rows_of[-1][0], hour)
        else:
            rows_of.append((hour, hour))
    return without([(first * HOUR_S, (last + 1) * HOUR_S) for first, last in rows_of], holes)
