"""`reconcile --wait`: InfluxDB is away, and what it lacks is written as soon as it is back.

| fault | test |
|---|---|
| a run that meets an InfluxDB that is away just fails | test_it_begins_as_soon_as_influxdb_is_back |
| ... or goes on waiting when it is back | likewise |
| whoever waits is in the way of the backup, or of one who runs it by hand | likewise |
| it waits for ever | test_the_time_is_over_once |
| ... or that counts as more than one failure | likewise |
| a container whose server still starts is taken for InfluxDB | test_what_does_not_answer_yet_is_waited_for |
| what refuses is waited for | test_what_answers_is_not_waited_for |
| one that hangs costs more than the time | test_one_that_hangs_is_given_up_in_time |
| it waits where nobody said so | test_nothing_is_asked_where_nobody_waits |
| a time that is none is taken | test_a_time_that_is_none_is_refused |
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from backup.journal_rig import FIELDS, JournalDesk, day_of, everything, make_buckets, write_journal
from wattline_backup import patience
from wattline_backup.patience import wait_for
from wattline_backup.reconcile import work
from wattline_backup.reconcile.memory import Desk as MemoryDesk
from wattline_backup.sets import Folder

pytestmark = pytest.mark.timeout(120)

START = int(datetime(2026, 2, 10, 8, tzinfo=UTC).timestamp())
SECONDS = 900
ANSWERS = {
    "nothing": b"",
    "not ready": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "refusal": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "ready": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}


def kept(house: JournalDesk) -> None:
    """A journal of a quarter of an hour, which ended long ago."""
    write_journal(house.journal, day_of(START, START + SECONDS), began_s=START)
    house.now_s = START + SECONDS + 7200


@pytest.mark.chain
def test_it_begins_as_soon_as_influxdb_is_back(house: JournalDesk, own_database: Callable) -> None:
    database = own_database()
    make_buckets(database)
    house.desk.at(database)
    kept(house)
    database.stop()
    moments: dict[str, float] = {}

    def bring_back() -> None:
        time.sleep(3)  # the time for which it is away
        with MemoryDesk(house.desk.folder / work.FOLDER).alone(), Folder(house.desk.folder).locked():
            moments["nobody is in the way"] = time.monotonic()
        database.start()
        moments["back"] = time.monotonic()

    helper = threading.Thread(target=bring_back)
    helper.start()
    told = house.reconcile("--wait", "1m")
    ended = time.monotonic()
    helper.join()

    assert set(moments) == {"nobody is in the way", "back"}
    assert ended - moments["back"] < patience.AGAIN_S + told["seconds"] + 10
    assert told["missing"] == 0
    assert len(everything(database, "energy")) == SECONDS * len(FIELDS)
    assert "success=1" in house.desk.outcome.read_text()


@pytest.mark.chain
def test_the_time_is_over_once(house: JournalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(house)
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:1")
    began = time.monotonic()
    code, out, err = house.desk.call("reconcile", "--wait", "2s")
    assert (code, out) == (1, "")
    assert 2 <= time.monotonic() - began < 10
    said = [line for line in err.splitlines() if line.startswith("wattline-backup: ")]
    assert len(said) == 1
    assert said[0].startswith("wattline-backup: InfluxDB does not answer")
    assert house.desk.outcome.read_text().count("success=0") == 1


def test_a_time_that_is_none_is_refused(house: JournalDesk) -> None:
    code, _, err = house.desk.call("reconcile", "--wait", "2h")
    assert code == 2
    assert "0s to 1h" in err


@contextmanager
def server_of(*answers: str) -> Iterator[str]:
    """The address of what answers each request with the next of ``answers``, and hangs behind the last."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held = []

        def serve() -> None:
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                if answer == "hang":
                    held.append(connection)
                    continue
                with connection:
                    connection.recv(4096)
                    connection.sendall(ANSWERS[answer])

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for connection in held:
            connection.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked again at once, and the server has a moment to answer."""
    monkeypatch.setattr(patience, "AGAIN_S", 0.05)
    monkeypatch.setattr(patience, "ASK_S", 0.5)


@pytest.mark.usefixtures("soon")
def test_what_does_not_answer_yet_is_waited_for() -> None:
    """Docker's own program listens before the server does, and ends each connection."""
    with server_of("nothing", "not ready", "nothing", "ready") as url:
        assert wait_for(url, 30)


@pytest.mark.usefixtures("soon")
def test_what_answers_is_not_waited_for() -> None:
    with server_of("refusal") as url:
        assert wait_for(url, 30)


@pytest.mark.usefixtures("soon")
def test_one_that_hangs_is_given_up_in_time() -> None:
    began = time.monotonic()
    with server_of(*["hang"] * 20) as url:
        assert not wait_for(url, 2)
    assert 2 <= time.monotonic() - began < 5


def test_nothing_is_asked_where_nobody_waits() -> None:
    assert not wait_for("http://127.0.0.1:1", 0)
