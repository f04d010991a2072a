"""A shard that InfluxDB put to rest in the moment of a write: it answers 500 ("snapshots disabled") for up to ten seconds.

| fault | test |
|---|---|
| a run or a proof fails of it | test_it_is_asked_for_again |
| an error that stays is asked for for ever, or hidden | test_an_error_that_stays_is_told |
| what is wrong for good is asked for again | test_nothing_else_is_asked_for_twice |
"""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wattline_backup import server as module
from wattline_backup.errors import GoneError, ServerError
from wattline_backup.server import NOTHING, REST_TRIES, Server


class Resting(ThreadingHTTPServer):
    """Gives the answers of ``statuses``, one after the other; a success is an empty tar."""

    statuses: list[int]
    asked = 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.statuses.pop(0))
        self.send_header("Content-Length", str(len(NOTHING)))
        self.end_headers()
        self.wfile.write(NOTHING)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resting]:
    monkeypatch.setattr(module, "REST_WAIT_S", 0.0)
    with Resting(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield server
        server.shutdown()


@pytest.fixture
def asking(resting: Resting) -> Iterator[Server]:
    server = Server(f"http://127.0.0.1:{resting.server_port}", "token", "nowhere")
    yield server
    server.close()


def test_it_is_asked_for_again(resting: Resting, asking: Server):
    resting.statuses = [500, 500, 200, 500, 200]
    with asking.shard(1, packed=False) as answer:
        assert b"".join(answer.pieces) == NOTHING
    assert not asking.has_changed(1, datetime.now(UTC))
    assert resting.asked == 5


def test_an_error_that_stays_is_told(resting: Resting, asking: Server):
    resting.statuses = [500] * 99
    with pytest.raises(ServerError, match="refused GET /api/v2/backup/shards/1 with 500"), asking.shard(1, packed=True):
        pass
    assert resting.asked == REST_TRIES


def test_nothing_else_is_asked_for_twice(resting: Resting, asking: Server):
    resting.statuses = [404, 401, 500]
    with pytest.raises(GoneError):
        asking.has_changed(1, datetime.now(UTC))
    with pytest.raises(ServerError), asking.shard(1, packed=True):
        pass
    with pytest.raises(ServerError):
        asking.files()
    assert resting.asked == 3
