"""What a backup asks InfluxDB 2.9.1 for, over HTTP. The requests are those of the influx CLI, and ``since`` besides."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import urllib3

from wattline.influxdb import server as influxdb
from wattline.influxdb.errors import ServerError
from wattline_backup.archive import BLOCK, PIECE
from wattline_backup.tsm_files import TsmFiles, counted_files

SHARDS = "/api/v2/backup/shards/"
# A shard that InfluxDB lays to rest at the very moment of a write cannot bring that into a file, and answers 500 until it looks
# at its shards again, which it does every ten seconds.
WAKING_TRIES, WAKING_WAIT_S = 6, 2.0
PARTS = ("kv", "sql", "buckets")
# What InfluxDB answers where no file of a shard is newer: an empty tar.
NOTHING = bytes(2 * BLOCK)
# From this version on a restore wants the operator's token besides, since tokens are stored hashed.
VERSION = (2, 9)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What InfluxDB knows besides the points.

    Attributes:
        kv: its Bolt database: users, tokens, tasks, dashboards.
        sql: its SQLite database: annotations, notebooks.
        buckets: a document for each bucket, with its shard groups and shards.
        at: when it said so, by its own clock.
    """

    kv: bytes
    sql: bytes
    buckets: list[dict[str, Any]]
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is still coming.

    Attributes:
        pieces: its body, as it is on the wire.
        is_gzip: whether that is packed.
    """

    pieces: Iterator[bytes]
    is_gzip: bool


class Server(influxdb.Server):
    """An InfluxDB that is backed up.

    Args:
        url: for example ``http://127.0.0.1:8086``.
        token: an operator's; InfluxDB gives a backup to no other.
        token_place: where the token came from, for the messages.
    """

    def __init__(self, url: str, token: str, token_place: str) -> None:
        super().__init__(url, token, token_place, "an operator's")

    def version(self) -> str:
        """Its version, for example ``v2.9.1``.

        Raises:
            ServerError: it is away, or not one that can be backed up.
        """
        version = str(json.loads(self._body("GET", "/health"))["version"])
        numbers = re.match(r"v?(\d+)\.(\d+)", version)
        if not numbers or not VERSION <= (int(numbers[1]), int(numbers[2])) < (3, 0):
            raise ServerError(
                f"InfluxDB at {self.url} is {version}; backups are made of 2.9 and later 2.x alone, whose requests are known."
            )
        return version

    def now(self) -> datetime:
        """The time of its clock, to the second.

        Raises:
            ServerError: it is away.
        """
        with self.request("GET", "/health") as response:
            return _date(response.headers)

    def metadata(self) -> Metadata:
        """All but the points.

        Raises:
            ServerError: it is away, refuses the token, or its answer is not whole.
        """
        with self.request("GET", "/api/v2/backup/metadata") as response:
            body = response.data
            boundary = re.search(r"boundary=\"?([^\";]+)", response.headers.get("Content-Type", ""))
            if not boundary:
                raise ServerError(f"InfluxDB at {self.url} answered the request for its metadata with something else.")
            parts = self._parts(body, boundary[1].encode())
            buckets = json.loads(parts["buckets"])
            return Metadata(parts["kv"], parts["sql"], buckets, _date(response.headers))

    def _parts(self, body: bytes, boundary: bytes) -> dict[str, bytes]:
        """The parts of a multipart answer, which are bytes and may hold anything but the boundary."""
        *whole, end = (b"\r\n" + body).split(b"\r\n--" + boundary)
        parts = {}
        for part in whole[1:]:
            head, _, content = part.partition(b"\r\n\r\n")
            name = re.search(rb'name="?(\w+)', head)
            if name:
                parts[name[1].decode()] = content
        if not end.startswith(b"--") or not parts.keys() >= set(PARTS):
            raise ServerError(f"The metadata of InfluxDB at {self.url} was cut off while it came: run it again.")
        return parts

    def has_changed(self, shard: int, since: datetime) -> bool:
        """Whether the shard has a file that is newer than ``since``. One that went away is not seen by this.

        Raises:
            GoneError: there is no such shard any more.
            ServerError: anything else.
        """
        with self.request("GET", f"{SHARDS}{shard}?{_since(since)}", stream=True) as response:
            begin = response.read(len(NOTHING) + 1, decode_content=True)
        return bool(begin != NOTHING)

    @contextmanager
    def shard(self, shard: int, *, packed: bool, since: datetime | None = None) -> Iterator[Answer]:
        """A shard, flushed to files first.

        Args:
            shard: its number.
            packed: whether it may come in gzip.
            since: only its files that are younger; all unless given.

        Raises:
            GoneError: there is no such shard any more.
            ServerError: anything else, also while it comes.
        """
        headers = {"Accept-Encoding": "gzip" if packed else "identity"}
        headers |= {} if packed else {"Gzip-Compression-Level": "none"}
        path = f"{SHARDS}{shard}?{_since(since)}" if since else f"{SHARDS}{shard}"
        with self.request("GET", path, stream=True, headers=headers) as response:
            is_gzip = response.headers.get("Content-Encoding") == "gzip"
            yield Answer(self._pieces(response), is_gzip)

    def _pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        try:
            yield from response.stream(PIECE, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise ServerError(f"InfluxDB at {self.url} broke off in the middle of a shard: {error}.") from error

    def files(self) -> dict[int, TsmFiles]:
        """The TSM files of each shard; a shard without any is not there.

        Raises:
            ServerError: it is away, or refuses, as with INFLUXD_METRICS_DISABLED.
        """
        return counted_files(self._body("GET", "/metrics").decode())

    def _answer(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, stream: bool
    ) -> urllib3.BaseHTTPResponse:
        response = super()._answer(method, path, body, headers, stream=stream)
        for _ in range(WAKING_TRIES if path.startswith(SHARDS) else 0):
            if response.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                break
            response.close()
            time.sleep(WAKING_WAIT_S)
            response = super()._answer(method, path, body, headers, stream=stream)
        return response


def _since(moment: datetime) -> str:
    return urlencode({"since": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")})


def _date(headers: Mapping[str, str]) -> datetime:
    return parsedate_to_datetime(headers["Date"])
