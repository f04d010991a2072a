"""A request to InfluxDB 2, and its answer once that is a success."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import urllib3

from wattline.influxdb.errors import GoneError, RefusedError, ServerError, TokenError

CONNECT_S = 10.0
# A shard of a large store is read from a card that Grafana reads at the same time.
READ_S = 300.0


class Server:
    """An InfluxDB.

    Args:
        url: for example ``http://127.0.0.1:8086``.
        token: that opens what is asked for.
        token_place: where the token came from, for the messages.
        token_owner: whose it has to be, likewise.

    Attributes:
        token_place, token_owner: as given.
    """

    def __init__(self, url: str, token: str, token_place: str, token_owner: str) -> None:
        self.url = url.rstrip("/")
        self.token_place, self.token_owner = token_place, token_owner
        self._headers = {"Authorization": f"Token {token}"}
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, headers=self._headers)

    def close(self) -> None:
        """End its connections."""
        self._pool.clear()

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
        response = self._answer(method, path, body, self._headers | dict(headers or {}), stream=stream)
        try:
            self._demand_success(response, method, path)
            yield response
        finally:
            # What was not read to its end must not be taken for the next answer.
            response.close() if stream else response.release_conn()

    def _answer(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, stream: bool
    ) -> urllib3.BaseHTTPResponse:
        """The answer, whatever it says."""
        try:
            return self._pool.request(method, self.url + path, body=body, headers=headers, preload_content=not stream)
        except urllib3.exceptions.HTTPError as error:
            is_unreached = isinstance(
                error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
            )
            raise (RefusedError if is_unreached else ServerError)(
                f"InfluxDB does not answer at {self.url} ({_reason(error)}); `docker compose ps` in compose/ tells whether it "
                "runs, and where it was installed without Docker `systemctl status influxdb`."
            ) from error

    def _body(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        with self.request(method, path, body=body, headers=headers) as response:
            return bytes(response.data)

    def _demand_success(self, response: urllib3.BaseHTTPResponse, method: str, path: str) -> None:
        if response.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        what = f"{method} {path.partition('?')[0]}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise TokenError(
                f"InfluxDB at {self.url} refuses the token in {self.token_place}: it has to be {self.token_owner}, and this "
                "server's."
            )
        said = _said(response)
        if response.status == HTTPStatus.NOT_FOUND:
            raise GoneError(f"InfluxDB at {self.url} does not have it ({what}): {said}.")
        if response.status == HTTPStatus.FORBIDDEN:
            said += f"; the token in {self.token_place} lacks this right, and has to be {self.token_owner}"
        is_refused = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        raise (RefusedError if is_refused else ServerError)(
            f"InfluxDB at {self.url} refused {what} with {response.status}: {said}.", response.status
        )


def _reason(error: BaseException) -> str:
    """The innermost reason; urllib3 tells the request with it, which the message says already."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    words = error.strerror if isinstance(error, OSError) else str(error)
    return words or str(error) or type(error).__name__


def _said(response: urllib3.BaseHTTPResponse) -> str:
    text = response.data.decode(errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()[:300] or "without a word"
