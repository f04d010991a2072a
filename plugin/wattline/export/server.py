"""InfluxDB 2, asked in InfluxQL over HTTP."""

import json
from http import HTTPStatus
from typing import Any

import urllib3

from wattline.errors import ExportError

CONNECT_S, READ_S = 10, 300
# A year takes many minutes, in which a Wi-Fi or a server may be away for a moment.
TRIES, BACKOFF_S = 4, 1.0
CSV, JSON = "application/csv", "application/json"


class Server:
    """InfluxDB.

    Args:
        url: such as ``http://127.0.0.1:8086``.
        token: one that may read the bucket.
        bucket: its name.
        backoff_s: how long to wait before the second try; each later one waits twice as long.
    """

    def __init__(self, url: str, token: str, bucket: str, backoff_s: float = BACKOFF_S) -> None:
        self.url = url.rstrip("/")
        self.bucket = bucket
        self._headers = {"Authorization": f"Token {token}"}
        retry = urllib3.Retry(TRIES - 1, backoff_factor=backoff_s, status_forcelist=[429, 503], raise_on_status=False)
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=retry)

    def rows(self, statement: str) -> bytes:
        """The answer as CSV with a header, its times in milliseconds; empty when there is nothing.

        Raises:
            ExportError: it is away, or refuses.
        """
        return self._ask(statement, CSV)

    def series(self, statement: str) -> list[dict[str, Any]]:
        """The answer as series, each with ``tags``, ``columns`` and ``values``.

        Raises:
            ExportError: it is away, or refuses.
        """
        (result,) = json.loads(self._ask(statement, JSON))["results"]
        return list(result.get("series", []))

    def _ask(self, statement: str, form: str) -> bytes:
        # Each bucket is a database of InfluxQL by its own name.
        fields = {"db": self.bucket, "epoch": "ms", "q": statement}
        try:
            answer = self._pool.request(
                "GET", f"{self.url}/query", fields=fields, headers=self._headers | {"Accept": form}
            )
        except urllib3.exceptions.HTTPError as error:
            raise ExportError(
                f"InfluxDB does not answer at {self.url} ({_reason(error)}); INFLUX_HOST says where it is, and is "
                "http://127.0.0.1:8086 unless set."
            ) from error
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ExportError(
                f"InfluxDB at {self.url} refuses the token: it has to be this server's, and may read the bucket {self.bucket!r}."
            )
        if answer.status != HTTPStatus.OK:
            raise ExportError(f"InfluxDB at {self.url} refused the query with {answer.status}: {_said(answer.data)}.")
        return bytes(answer.data)


def _reason(error: BaseException) -> str:
    """The innermost reason; urllib3 tells the request with it, which the message says already."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error) or type(error).__name__


def _said(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace").strip()[:300] or "without a word"
