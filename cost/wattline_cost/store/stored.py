"""What the bucket `cost` has of a contract, and how it becomes what it should have.

What is the same is left alone, since a shard that was written to is a shard that the next backup fetches anew. What is missing or
differs is written, and only then what should not be there is deleted: so a panel is never empty, and a run that ends in the
middle leaves what the next one finishes.
"""

import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattline.costs import BUCKET
from wattline.influxdb.flux import bucket_of, instant, rows, second_of
from wattline.influxdb.server import Server
from wattline.line import to_line
from wattline.reading import Point

BATCH_LINES = 5000
NS_A_SECOND = 1_000_000_000

Tags = frozenset[tuple[str, str]]
Key = tuple[str, Tags, int]
"""Measurement, tags, and the second since 1970: what makes two points one."""

Fields = Mapping[str, float]

_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop})
|> filter(fn: (r) => r.contract == {contract} and r.site == {site} and ({which})) |> drop(columns: ["_start", "_stop"])"""
# What a row has beside its series' tags.
_COLUMNS = {"", "result", "table", "_time", "_value", "_field", "_measurement"}


@dataclass(frozen=True, slots=True)
class Change:
    """What was done.

    Attributes:
        written: points that were not there, or were others.
        removed: points that should not have been there.
    """

    written: int
    removed: int

    def __add__(self, other: "Change") -> "Change":
        return Change(self.written + other.written, self.removed + other.removed)


class Stored:
    """The points of one contract.

    Args:
        server: InfluxDB.
        site: the tag of all of them.
        contract: the name.

    Raises:
        ServerError: there is no bucket `cost`, or InfluxDB does not answer.
    """

    def __init__(self, server: Server, site: str, contract: str) -> None:
        self._server, self._bucket = server, bucket_of(server, BUCKET)
        self._site, self._contract = site, contract

    def points(self, measurements: Collection[str], start_s: int, stop_s: int) -> dict[Key, dict[str, float]]:
        """What there is of some measurements from ``start_s`` on and before ``stop_s``.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        flux = _FLUX.format(
            bucket=self._bucket.id,
            start=instant(start_s),
            stop=instant(stop_s),
            contract=json.dumps(self._contract),
            site=json.dumps(self._site),
            which=" or ".join(f"r._measurement == {json.dumps(name)}" for name in measurements),
        )
        found: dict[Key, dict[str, float]] = {}
        for row in rows(self._server, self._bucket.organisation, flux):
            tags = frozenset((name, value) for name, value in row.items() if name not in _COLUMNS and value)
            fields = found.setdefault((row["_measurement"], tags, second_of(row["_time"])), {})
            fields[row["_field"]] = float(row["_value"])
        return found

    def replace(self, measurements: Collection[str], start_s: int, stop_s: int, points: Sequence[Point]) -> Change:
        """Have ``points`` in a range, and no others of these measurements.

        Args:
            measurements: of which there is nothing else afterwards.
            start_s: the first second.
            stop_s: the one after the last.
            points: those that lie in it.

        Raises:
            ServerError: InfluxDB does not answer; to do it again finishes it.
        """
        there = self.points(measurements, start_s, stop_s)
        wanted = {key_of(point): point for point in points}
        # A field that is not wanted any more goes with its point only.
        overfull = {key for key in wanted.keys() & there.keys() if there[key].keys() - wanted[key].fields.keys()}
        self._delete(overfull, there.keys())
        fresh = [point for key, point in wanted.items() if there.get(key) != point.fields]
        for first in range(0, len(fresh), BATCH_LINES):
            self._write(fresh[first : first + BATCH_LINES])
        stale = there.keys() - wanted.keys()
        self._delete(stale, there.keys() | wanted.keys())
        return Change(len(fresh), len(stale))

    def remove(
        self, measurements: Collection[str], start_s: int, stop_s: int, is_owed: Callable[[str, int], bool]
    ) -> set[Key]:
        """Delete what is not owed of a range, and return what it was.

        Args:
            measurements: that are looked at.
            start_s: the first second.
            stop_s: the one after the last.
            is_owed: by the measurement and the second.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        there = self.points(measurements, start_s, stop_s)
        stale = {key for key in there if not is_owed(key[0], key[2])}
        self._delete(stale, there.keys())
        return stale

    def _write(self, points: Sequence[Point]) -> None:
        path = f"/api/v2/write?bucket={self._bucket.id}&orgID={self._bucket.organisation}&precision=ns"
        headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
        body = gzip.compress("\n".join(map(to_line, points)).encode(), compresslevel=1)
        with self._server.request("POST", path, body=body, headers=headers):
            pass

    def _delete(self, keys: Collection[Key], there: Collection[Key]) -> None:
        """Delete points of which ``there`` has all neighbours: a request for as many in a row as have nobody between them."""
        path = f"/api/v2/delete?bucket={self._bucket.id}&orgID={self._bucket.organisation}"
        for measurement, tags, first_s, last_s in _runs(keys, there):
            words = {"_measurement": measurement} | dict(sorted(tags))
            predicate = " AND ".join(f"{name}={_quoted(value)}" for name, value in words.items())
            # The end is one of those that go.
            span = {"start": instant(first_s), "stop": instant(last_s)}
            self._server.ask("POST", path, span | {"predicate": predicate})


def key_of(point: Point) -> Key:
    """What tells a point from others."""
    # A line has no backslash at the end of a tag.
    tags = frozenset((name, text) for name, value in point.tags.items() if (text := value.rstrip("\\")))
    return point.measurement, tags, point.time_ns // NS_A_SECOND


def _runs(keys: Collection[Key], there: Collection[Key]) -> Iterator[tuple[str, Tags, int, int]]:
    """The points of each series that follow one another, by the first and the last of them."""
    series = {(measurement, tags) for measurement, tags, _ in keys}
    seconds: dict[tuple[str, Tags], list[int]] = {each: [] for each in series}
    for measurement, tags, second in there:
        if (measurement, tags) in seconds:
            seconds[measurement, tags].append(second)
    for (measurement, tags), all_of_it in seconds.items():
        run: list[int] = []
        for second in sorted(all_of_it):
            if (measurement, tags, second) in keys:
                run.append(second)
            elif run:
                yield measurement, tags, run[0], run[-1]
                run = []
        if run:
            yield measurement, tags, run[0], run[-1]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
