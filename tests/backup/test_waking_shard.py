"""A shard that InfluxDB lays to rest at the very moment of a write: for up to ten seconds a request for it is answered by 500.

| fault | test |
|---|---|
| one such answer ends a run | test_a_shard_that_is_waking_is_asked_for_again |
| an error that stays is asked for again for ever | test_an_error_that_stays_is_told |
| something else is asked for twice | test_nothing_else_is_asked_for_again |
"""

import http.server
import threading
from collections.abc import Iterator

import pytest

from wattline.influxdb.errors import ServerError
from wattline_backup import server
from wattline_backup.server import NOTHING, Server


class Waking(http.server.HTTPServer):
    """Answers so many requests with 500, and then with an empty tar."""

    failures = 0
    asked = 0


class Answering(http.server.BaseHTTPRequestHandler):
    server: Waking

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(500 if self.server.asked <= self.server.failures else 200)
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def waking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waking]:
    monkeypatch.setattr(server, "WAKING_WAIT_S", 0.0)
    with Waking(("127.0.0.1", 0), Answering) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def asking(waking: Waking) -> Iterator[Server]:
    asking = Server(f"http://127.0.0.1:{waking.server_port}", "token", "the test")
    yield asking
    asking.close()


def test_a_shard_that_is_waking_is_asked_for_again(waking: Waking, asking: Server) -> None:
    waking.failures = 2
    with asking.shard(1, packed=True) as answer:
        assert b"".join(answer.pieces) == NOTHING
    assert waking.asked == 3


def test_an_error_that_stays_is_told(waking: Waking, asking: Server) -> None:
    waking.failures = 99
    with pytest.raises(ServerError, match="with 500"), asking.shard(1, packed=True):
        pass
    assert waking.asked == 1 + server.WAKING_TRIES


def test_nothing_else_is_asked_for_again(waking: Waking, asking: Server) -> None:
    waking.failures = 99
    with pytest.raises(ServerError, match="with 500"):
        asking.metadata()
    assert waking.asked == 1
