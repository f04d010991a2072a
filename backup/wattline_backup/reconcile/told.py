"""What is told of each meter and day, as InfluxDB has it: ``wattline_completeness``, at the second at which the day begins."""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from wattline import fields
from wattline.clock import NS
from wattline.influxdb.flux import Bucket, instant, rows, second_of
from wattline.line import to_line
from wattline.reading import Point, Value
from wattline_backup.reconcile.ranges import Range
from wattline_backup.server import Server

Numbers = dict[str, int]
"""The fields that are numbers."""
UNTIL = "until_s"
"""That of them which says up to when the others tell."""
PARTS = "parts"
"""The field beside them that says of what time they are."""

# By a clock that is ahead a day may begin later than InfluxDB's now.
_NEVER = "2200-01-01T00:00:00Z"


class Day(NamedTuple):
    """Of a meter: its name, its site, and the second since 1970 at which the day begins."""

    meter: str
    site: str
    begin_s: int


class Row(NamedTuple):
    """What is told of a day.

    Attributes:
        numbers: of it.
        parts: of what time they are; none where an early version told it.
    """

    numbers: Numbers
    parts: list[Range]


def all_told(server: Server, bucket: Bucket, meter: str) -> dict[Day, Row]:
    """What InfluxDB has of each day of a meter of that name, at whatever site.

    Raises:
        ServerError: InfluxDB does not answer, or not to the end.
    """
    tags = {"_measurement": fields.COMPLETENESS, "meter": meter}
    which = " and ".join(f"r.{name} == {json.dumps(value)}" for name, value in tags.items())
    flux = f'from(bucketID: "{bucket.id}") |> range(start: 0, stop: {_NEVER}) |> filter(fn: (r) => {which})'
    return _rows(rows(server, bucket.organisation, flux))


def told_since(server: Server, bucket: Bucket, since_s: int) -> dict[Day, Row]:
    """What InfluxDB has of each meter, site and day that begins at a second since 1970 or later.

    Raises:
        ServerError: InfluxDB does not answer, or not to the end.
    """
    which = f"r._measurement == {json.dumps(fields.COMPLETENESS)}"
    span = f"range(start: {instant(since_s)}, stop: {_NEVER})"
    flux = f'from(bucketID: "{bucket.id}") |> {span} |> filter(fn: (r) => {which})'
    return _rows(rows(server, bucket.organisation, flux))


def _rows(found: Iterable[Mapping[str, str]]) -> dict[Day, Row]:
    told: dict[Day, Row] = {}
    for row in found:
        day = Day(row["meter"], row.get("site", ""), second_of(row["_time"]))
        numbers, parts = told.setdefault(day, Row({}, []))
        if row["_field"] == PARTS:
            parts += _ranges(row["_value"])
        else:
            numbers[row["_field"]] = int(float(row["_value"]))
    return told


def line_of(day: Day, row: Row) -> str:
    """The line that tells it."""
    values: dict[str, Value] = {**row.numbers, PARTS: _text(row.parts)}
    return to_line(Point(fields.COMPLETENESS, {"meter": day.meter, "site": day.site}, values, day.begin_s * NS))


def _text(ranges: Iterable[Range]) -> str:
    """As ISO 8601 writes intervals, one after another."""
    return " ".join(f"{instant(start)}/{instant(stop)}" for start, stop in ranges)


def _ranges(text: str) -> list[Range]:
    """What ``_text`` wrote; nothing of anything else."""
    try:
        return [(second_of(start), second_of(stop)) for start, stop in (each.split("/") for each in text.split())]
    except ValueError:
        return []
