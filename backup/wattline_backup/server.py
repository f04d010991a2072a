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

from wattline_backup.archive import BLOCK, PIECE
from wattline_backup.errors import GoneError, RefusedError, ServerError, TokenError
from wattline_backup.tsm_files import TsmFiles, counted_files

CONNECT_S = 10.0
# A shard of a large store is read from a card that Grafana reads at the same time.
READ_S = 300.0
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


class Server:
    """An InfluxDB.

    Args:
        url: for example ``http://127.0.0.1:8086``.
        token: an operator's; InfluxDB gives a backup to no other.
        token_place: where the token came from, for the messages.
    """

    def __init__(self, url: str, token: str, token_place: str) -> None:
        self.url = url.rstrip("/")
        self._token_place = token_place
        self._headers = {"Authorization": f"Token {token}"}
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, headers=self._headers)

    def close(self) -> None:
        """End its connections."""
        self._pool.clear()

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

    def _body(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        with self.request(method, path, body=body, headers=headers) as response:
            return bytes(response.data)

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """The JSON that a path of the API answers.

        Raises:
            ServerError: it is away, or refuses.
        """
        body = None if document is None else json.dumps(document).encode()
        answer = self._body(method, path, body, {"Content-Type": "application/json"})
        return json.loads(answer) if answer.strip() else None

    @contextmanager
    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """One request, and its answer once that is a success.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: from the slash on.
            body: bytes, or a file.
            headers: beyond the token.
            stream: whether the answer's body is read by the caller.

        Raises:
            GoneError: what was asked for is not there.
            RefusedError: it was not reached, or did nothing.
            ServerError: it is away, or refuses.
        """
        headers = self._headers | dict(headers or {})
        response = self._send(method, path, body, headers, stream=stream)
        for _ in range(WAKING_TRIES if path.startswith(SHARDS) else 0):
            if response.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                break
            response.close()
            time.sleep(WAKING_WAIT_S)
            response = self._send(method, path, body, headers, stream=stream)
        try:
            self._demand_success(response, method, path)
            yield response
        finally:
            # What was not read to its end must not be taken for the next answer.
            response.close() if stream else response.release_conn()

    def _send(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, stream: bool
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, self.url + path, body=body, headers=headers, preload_content=not stream)
        except urllib3.exceptions.HTTPError as error:
            is_unreached = isinstance(
                error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
            )
            raise (RefusedError if is_unreached else ServerError)(
                f"InfluxDB does not answer at {self.url} ({_reason(error)}); `docker compose ps` in compose/ tells whether it runs."
            ) from error

    def _demand_success(self, response: urllib3.BaseHTTPResponse, method: str, path: str) -> None:
        if response.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        what = f"{method} {path.partition('?')[0]}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise TokenError(
                f"InfluxDB at {self.url} refuses the token in {self._token_place}: it has to be an operator's, and this server's."
            )
        said = _said(response)
        if response.status == HTTPStatus.NOT_FOUND:
            raise GoneError(f"InfluxDB at {self.url} does not have it ({what}): {said}.")
        is_refused = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        raise (RefusedError if is_refused else ServerError)(
            f"InfluxDB at {self.url} refused {what} with {response.status}: {said}.", response.status
        )


def _since(moment: datetime) -> str:
    return urlencode({"since": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")})


def _date(headers: Mapping[str, str]) -> datetime:
    return parsedate_to_datetime(headers["Date"])


def _reason(error: BaseException) -> str:
    """The innermost reason; urllib3 tells the request with it, which the message says already."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error) or type(error).__name__


def _said(response: urllib3.BaseHTTPResponse) -> str:
    text = response.data.decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()[:300] or "without a word"
