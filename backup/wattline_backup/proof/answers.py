"""What a server answers about a shard's time: of each series, field and day, how many values there are and what they add up to.

InfluxDB works both out beside its files, at some 80 million values a second, and hands out a row for each day. Text and
truth values are counted only: they add up to nothing. The first value of each series is looked at besides; it tells the kind.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import urllib3

from wattline.influxdb.errors import ServerError
from wattline_backup.server import Server
from wattline_backup.tsm import Field

# What a row has beside the names of its series, its moment and its value.
COLUMNS = {"", "result", "table", "_start", "_stop"}
MOMENT, VALUE = "_time", "_value"
# What adds up; InfluxDB refuses the whole question where anything else is in it.
NUMBERS = {"double", "long", "unsignedLong"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server answered.

    Attributes:
        series: a checksum of all days, by function, measurement, field and tags.
        rows: how many answers that are.
    """

    series: Mapping[str, str]
    rows: int

    @property
    def checksum(self) -> str:
        """Of all of it."""
        digest = hashlib.sha256()
        for name, days in sorted(self.series.items()):
            digest.update(f"{name}={days}\n".encode())
        return digest.hexdigest()

    def difference(self, other: "Answers") -> str:
        """The first series about which ``other`` says something else; empty where there is none."""
        names = sorted(self.series.keys() | other.series.keys())
        return next((name for name in names if self.series.get(name) != other.series.get(name)), "")


def ask(server: Server, organisation: str, bucket: str, start: str, stop: str) -> Answers:
    """Ask a server.

    Args:
        server: to be asked.
        organisation: its number.
        bucket: its number.
        start: RFC 3339.
        stop: RFC 3339.

    Raises:
        ServerError: it is away, or refuses.
    """
    asking = _Asking(server, organisation)
    source = f'from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop})'
    kinds = asking.look("first", f"{source} |> first()")
    asking.look("count", f"{source} |> aggregateWindow(every: 1d, fn: count, createEmpty: false)")
    if NUMBERS & set(kinds.values()):
        # By name, since a field of text that has no point in this time is known to InfluxDB all the same, and has no sum.
        numbers = sorted(name for name, kind in kinds.items() if kind in NUMBERS)
        only = f" |> filter(fn: (r) => {_one_of([_is(name) for name in numbers])})"
        asking.look("sum", f"{source}{only} |> aggregateWindow(every: 1d, fn: sum, createEmpty: false)")
    return Answers({name: digest.hexdigest() for name, digest in asking.digests.items()}, asking.rows)


class _Asking:
    """Takes in answers, row by row."""

    def __init__(self, server: Server, organisation: str) -> None:
        self._server, self._organisation = server, organisation
        self.digests: dict[str, hashlib._Hash] = {}
        self.rows = 0

    def look(self, function: str, flux: str) -> dict[Field, str]:
        """Ask, and take in. Gives the kind of the values of each field."""
        kinds = {}
        for kind, row in self._rows_of(flux):
            names = sorted((key, value) for key, value in row.items() if key not in COLUMNS | {MOMENT, VALUE} and value)
            name = f"{function} of " + ",".join(f"{key}={value}" for key, value in names)
            self.digests.setdefault(name, hashlib.sha256()).update(f"{row[MOMENT]} {row[VALUE]}\n".encode())
            kinds[Field(row["_measurement"], row["_field"])] = kind
            self.rows += 1
        return kinds

    def _rows_of(self, flux: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Each row with the kind of its value."""
        question = json.dumps({"query": flux, "dialect": {"annotations": ["datatype"]}}).encode()
        path, headers = f"/api/v2/query?orgID={self._organisation}", {"Content-Type": "application/json"}
        with self._server.request("POST", path, body=question, headers=headers, stream=True) as response:
            try:
                yield from _rows(csv.reader(line.decode() for line in response))
            except (urllib3.exceptions.HTTPError, ValueError, csv.Error) as error:
                raise ServerError(f"InfluxDB at {self._server.url} could not answer to its end: {error}.") from error


def _rows(lines: Iterator[list[str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each table has a line of kinds, a line of names, and rows; an empty line parts two that have other columns."""
    kinds: list[str] = []
    names: list[str] = []
    for values in lines:
        if not values:
            names = []
        elif values[0] == "#datatype":
            kinds, names = values, []
        elif not names:
            names = values
        else:
            row = dict(zip(names, values, strict=True))
            if MOMENT not in row:
                # What fails once the answer has begun comes as a table, in the middle of a success.
                raise ValueError(row.get("error", " ".join(values)))
            yield kinds[names.index(VALUE)], row


def _is(name: Field) -> str:
    return f"(r._measurement == {_quoted(name.measurement)} and r._field == {_quoted(name.field)})"


def _one_of(tests: Sequence[str]) -> str:
    """Halved again and again: a chain of a hundred is to Flux one in the other, and nested too deep."""
    if len(tests) == 1:
        return tests[0]
    middle = len(tests) // 2
    return f"({_one_of(tests[:middle])} or {_one_of(tests[middle:])})"


def _quoted(text: str) -> str:
    """As Flux reads it, which would else put a value in where it finds ``${``."""
    return json.dumps(text, ensure_ascii=False).replace("${", "\\${")
