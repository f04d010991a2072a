"""Takes readings from Telegraf's `outputs.http`, and says yes only when they are where they go.

Telegraf keeps what it was not told yes for, and brings it again: so nothing is lost when the broker, or this program, is
away or killed, as long as Telegraf's buffer holds.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from wattline.errors import WattlineError
from wattline.log import LOG
from wattline.mqtt.relay import NotDeliveredError

MOST_BYTES = 8_000_000
PATIENCE_S = 10.0

Take = Callable[[Sequence[Mapping[str, Any]]], None]


class Intake(HTTPServer):
    """Takes one batch after the other, so that readings keep their order.

    Args:
        host, port: where it listens.
        take: what is done with a batch.

    Raises:
        WattlineError: it cannot listen there.
    """

    def __init__(self, host: str, port: int, take: Take) -> None:
        self.take = take
        try:
            super().__init__((host, port), _Batch)
        except OSError as error:
            raise WattlineError(
                f"Readings cannot be taken on {host}:{port}: {error.strerror}; name another place with --listen."
            ) from error


class _Batch(BaseHTTPRequestHandler):
    """One request."""

    # Whoever connects and says nothing is not waited for.
    timeout = PATIENCE_S
    server: Intake

    def do_POST(self) -> None:
        """A batch of readings."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            self.server.take(json.loads(self.rfile.read(int(length)))["metrics"])
        except NotDeliveredError as error:
            LOG.warning("%s Telegraf keeps the readings.", error)
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            LOG.error("What came is no batch of Telegraf's in JSON, see 93-mqtt.conf.example: %r.", error)
            self._answer(HTTPStatus.BAD_REQUEST)
        else:
            self._answer(HTTPStatus.NO_CONTENT)

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the base class
        """Requests are not logged."""
