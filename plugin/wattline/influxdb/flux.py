"""Buckets by name, and the rows that a question in Flux is answered with."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from wattline.influxdb.errors import GoneError, ServerError
from wattline.influxdb.server import Server


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of InfluxDB: its name, its number, that of its organisation, and how long it keeps a point; 0 is for ever."""

    name: str
    id: str
    organisation: str
    keeps_s: int = 0


def bucket_of(server: Server, name: str) -> Bucket:
    """The bucket of that name.

    Raises:
        ServerError: it is not there, or there are several, or InfluxDB does not answer.
    """
    try:
        found = server.ask("GET", f"/api/v2/buckets?name={name}")["buckets"]
    except GoneError:
        found = []
    if not found:
        # To a token without the right it does not exist either.
        raise ServerError(
            f"InfluxDB at {server.url} has no bucket {name}, which compose/influxdb/setup makes; or the token in "
            f"{server.token_place} lacks the right to read it, and has to be {server.token_owner}."
        )
    if len(found) > 1:
        raise ServerError(
            f"InfluxDB at {server.url} has several organisations with a bucket {name}; wattline's own are in one."
        )
    keeps_s = max((rule["everySeconds"] for rule in found[0]["retentionRules"]), default=0)
    return Bucket(name, found[0]["id"], found[0]["orgID"], keeps_s)


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


def second_of(time: str) -> int:
    """A time of Flux, which has no fraction, in seconds since 1970."""
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())
