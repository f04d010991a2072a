"""From SQL to MQTT: each row once.

| fault | test |
|---|---|
| a row is told twice, or not | test_every_row_is_told_once |
| ... because the broker or the database was away | the same |
| what is not newer than the one before is taken for a repeat, or what is of more than an hour ago is told | test_a_row_that_is_late_or_of_the_same_second_is_told |
| the old text is another one | test_the_text_of_old |
"""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from database import wait_until
from sinks.broker import Ear, Mosquitto
from sinks.servers import MariaDB

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240), pytest.mark.xdist_group("recorders")]

SINKS = Path(__file__).parents[2] / "telegraf" / "sinks"
TOPIC = "test_device/readings"


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[MariaDB]:
    with MariaDB(tmp_path_factory.mktemp("mariadb"), pytestconfig) as server:
        server.set_up()
        server.empty((SINKS / "mariadb.sql").read_text())
        server.query("GRANT SELECT ON instantaneous_demand TO telegraf@'%'")
        yield server


def rows(database: MariaDB, numbers: range) -> None:
    """New rows, a second each, as wattline's sink or the old program wrote them."""
    values = ", ".join(f"(FROM_UNIXTIME({int(time.time()) - 1000 + n}), {n}, 1, 1000, 'a b', 'h')" for n in numbers)
    database.query(f"INSERT INTO instantaneous_demand VALUES {values}")  # noqa: S608 - our own numbers


def told(ear: Ear) -> list[int]:
    """The demands that were told."""
    return [value["fields"]["demand"] for value in ear.values(TOPIC)]


def test_every_row_is_told_once(
    rig: Any, broker: Mosquitto, database: MariaDB, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    repeater = rig.sink("repeater", {**broker.environment(tmp_path), **database.environment})
    repeater.replace('interval = "3s"', 'interval = "200ms"')
    database.query(
        "INSERT INTO instantaneous_demand (demand, multiplier, divisor, run, hash) VALUES (-1, -1, -1, 'r', 'h')"
    )
    rows(database, range(100))
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        repeater.start_as_systemd()
        wait_until("the first are told", lambda: len(told(ear)) == 100, 30)
        database.kill()
        database.start()
        rows(database, range(100, 200))
        wait_until("the next are told", lambda: len(told(ear)) >= 200, 60)
        assert repeater.stop() == 0
        rows(database, range(200, 250))
        repeater.start()
        wait_until("those that came while it was stopped are told", lambda: len(told(ear)) >= 250, 60)
        assert told(ear) == list(range(250))
        assert ear.values(TOPIC)[0]["tags"] == {"run": "a b", "hash": "h"}
        assert abs(ear.values(TOPIC)[0]["timestamp"] - time.time() + 1000) < 120
    broker.signal(signal.SIGKILL)
    complaints = repeater.log.count("Error writing")
    rows(database, range(250, 300))
    wait_until("it has looked, and is rid of nothing", lambda: repeater.log.count("Error writing") > complaints, 20)
    broker.start()
    with Ear(broker, tmp_path, pytestconfig, "after") as ear:
        ear.start()
        rows(database, range(300, 301))
        wait_until("the newest is told", lambda: 300 in told(ear), 60)


def test_a_row_that_is_late_or_of_the_same_second_is_told(
    rig: Any, broker: Mosquitto, database: MariaDB, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    repeater = rig.sink("repeater", {**broker.environment(tmp_path), **database.environment})
    repeater.replace('interval = "3s"', 'interval = "200ms"')
    begin = int(time.time()) - 100

    def insert(*rows: tuple[int, int]) -> None:
        values = ", ".join(f"(FROM_UNIXTIME({begin + second}), {demand}, 1, 1000, 'r', 'h')" for second, demand in rows)
        database.query(f"INSERT INTO instantaneous_demand VALUES {values}")  # noqa: S608 - our own numbers

    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        repeater.start_as_systemd()
        insert((0, 1), (0, 2), (10, 3))
        wait_until("the first are told", lambda: len(told(ear)) == 3, 30)
        insert((9, 4))
        wait_until("the late one is told", lambda: 4 in told(ear), 30)
        assert repeater.stop() == 0
        # The last is of more than an hour ago, and stays untold.
        insert((8, 5), (10, 6), (-3600, 7))
        repeater.start()
        wait_until("what came meanwhile is told", lambda: {5, 6} <= set(told(ear)), 30)
        assert sorted(told(ear)) == [1, 2, 3, 4, 5, 6]
        assert ear.values(TOPIC)[0]["tags"] == {"run": "r", "hash": "h"}


def test_the_text_of_old(
    rig: Any, broker: Mosquitto, database: MariaDB, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """As the comment in repeater.conf has it."""
    repeater = rig.sink("repeater", {**broker.environment(tmp_path), **database.environment})
    repeater.replace(r'\n  data_format = "json"\n.*', "\n")
    repeater.replace(r"##   (data_format|template)", r"  \1")
    rows(database, range(7, 8))
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        repeater.start_as_systemd()
        wait_until("it is told", lambda: ear.texts(TOPIC), 30)
        (text,) = ear.texts(TOPIC)
    assert re.fullmatch(r"\(datetime\.datetime\(\d+, \d+, \d+, \d+, \d+, \d+\), 7, 1, 1000, 'a b', 'h'\)", text)
