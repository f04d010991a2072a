"""From MQTT to a recorder: each message once.

No MongoDB can be had on the machines where this is built. FerretDB speaks its protocol, but does not know time-series collections:
so the collection is made beforehand, an ordinary one, as mongodb.conf says for a MongoDB of before version 5.

| fault | test |
|---|---|
| a reading is recorded twice, or not; is another one | test_what_is_published_is_recorded_once |
| what is not newer than the one before is taken for a repeat | test_what_is_late_or_of_the_same_second_is_recorded |
| ... or all that ever came is kept | test_what_was_seen_long_ago_is_forgotten |
| ... because the recorder was away, or the database was killed | the same, test_a_killed_database_costs_nothing |
| ... because the recorder is stopped with what it had not written | test_a_recorder_that_is_stopped_while_its_database_is_away_loses_nothing |
| ... because the broker keeps no more than a quarter of an hour for it | test_an_hour_away_costs_nothing |
| Telegraf refuses a configuration | test_every_configuration_is_one |
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from database import Program, wait_until
from sinks.broker import Mosquitto
from sinks.servers import DATABASE, free_port

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240), pytest.mark.xdist_group("recorders")]

SINKS = Path(__file__).parents[2] / "telegraf" / "sinks"


class FerretDB(Program):
    """It, on files that outlive it, with the collection that the recorder finds."""

    def __init__(self, program: str, folder: Path, config: pytest.Config) -> None:
        super().__init__("ferretdb", folder, config)
        self._words = [program, f"127.0.0.1:{(port := free_port())}", str(folder)]
        self.url = f"mongodb://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.run(self._words)
        wait_until("FerretDB answers", self._answers, 30)

    def _answers(self) -> bool:
        with MongoClient(self.url, serverSelectionTimeoutMS=500) as client:
            try:
                return bool(client.admin.command("ping")["ok"])
            except PyMongoError:
                return False

    def make_collection(self) -> None:
        """An ordinary one."""
        with MongoClient(self.url) as client:
            client.pulses.create_collection("electricity")

    def documents(self) -> list[dict[str, Any]]:
        """All, by their time."""
        with MongoClient(self.url, tz_aware=True) as client:
            return sorted(client.pulses.electricity.find(), key=lambda document: document["timestamp"])

    def seconds(self) -> list[int]:
        """Their times."""
        return [int(document["timestamp"].timestamp()) for document in self.documents()]


@pytest.fixture
def documents(
    sinks_server: Any, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[FerretDB]:
    with FerretDB(sinks_server("ferretdb"), tmp_path_factory.mktemp("ferretdb"), pytestconfig) as server:
        server.start()
        server.make_collection()
        yield server


@pytest.fixture
def recorder(rig: Any, broker: Mosquitto, documents: FerretDB, tmp_path: Path) -> Any:
    """The recorder, which listens."""
    recorder = rig.sink("mongodb", {**broker.environment(tmp_path), "WATTLINE_MONGODB": documents.url})
    recorder.start_as_systemd()
    wait_until("it listens", lambda: "Connected" in recorder.log, 20)
    return recorder


def publish(broker: Mosquitto, *seconds: int) -> None:
    """Readings, as `wattline mqtt` publishes them."""
    texts = [{"time": "x", "time_s": n, "meter": "house", "role": "grid", "power_w": n / 2} for n in seconds]
    broker.say_all("wattline/house/reading", map(json.dumps, texts))


def test_what_is_published_is_recorded_once(recorder: Any, broker: Mosquitto, documents: FerretDB) -> None:
    """Each message comes twice, some while the recorder is away: the broker keeps those."""
    for second in range(1, 11):
        publish(broker, second, max(1, second - 1))
    wait_until("ten are there", lambda: documents.seconds() == list(range(1, 11)), 20)
    assert recorder.stop() == 0
    publish(broker, *range(11, 21), *range(15, 21))
    recorder.start()
    wait_until("all are there", lambda: len(documents.seconds()) >= 20, 20)
    assert documents.seconds() == list(range(1, 21))
    for second, document in enumerate(documents.documents(), 1):
        assert document["power_w"] == second / 2
        assert document["tags"] == {"meter": "house", "role": "grid"}
        assert abs(document["received_s"] - time.time()) < 120


def test_what_is_late_or_of_the_same_second_is_recorded(recorder: Any, broker: Mosquitto, documents: FerretDB) -> None:
    """As a stick has it, whose power and energies come apart; and each once, though it is told twice."""

    def say(second: int, meter: str = "house", **values: float) -> None:
        text = json.dumps({"time": "x", "time_s": second, "meter": meter, "role": "grid", **values})
        assert broker.say("wattline/house/reading", text) == 0

    def say_all() -> None:
        say(100, power_w=1)
        say(100, energy_import_kwh=7)
        say(100, meter="roof", power_w=5)
        say(115, power_w=2)
        say(113, energy_import_kwh=8)

    say_all()
    say_all()
    wait_until("all are there", lambda: len(documents.seconds()) >= 5, 20)
    say_all()
    say(130, power_w=3)
    wait_until("the last is there", lambda: 130 in documents.seconds(), 20)
    assert documents.seconds() == [100, 100, 100, 113, 115, 130]
    assert sorted(document.get("energy_import_kwh", 0) for document in documents.documents()) == [0, 0, 0, 0, 7, 8]


def test_what_was_seen_long_ago_is_forgotten(rig: Any, broker: Mosquitto, documents: FerretDB, tmp_path: Path) -> None:
    """With five in the place of 40 000: the five that were seen last are known, and what was seen before them is new."""
    recorder = rig.sink("mongodb", {**broker.environment(tmp_path), "WATTLINE_MONGODB": documents.url})
    script = tmp_path / "once.star"
    script.write_text((SINKS / "once.star").read_text().replace("40000", "5").replace("= 4000", "= 1"))
    recorder.replace(str(SINKS / "once.star"), str(script))
    recorder.start_as_systemd()
    wait_until("it listens", lambda: "Connected" in recorder.log, 20)
    publish(broker, 1, 2, 3, 4, 5, 1, 6, 7, 1, 2, 8)
    wait_until("the last is there", lambda: 8 in documents.seconds(), 20)
    assert documents.seconds() == [1, 2, 2, 3, 4, 5, 6, 7, 8]


def test_a_killed_database_costs_nothing(recorder: Any, broker: Mosquitto, documents: FerretDB) -> None:
    """What it had taken without having said so may be there twice, and no more."""
    publish(broker, *range(1, 6))
    wait_until("five are there", lambda: len(documents.seconds()) == 5, 20)
    assert documents.process
    documents.process.kill()
    documents.process.wait()
    publish(broker, *range(6, 31))
    documents.start()
    wait_until("all are there", lambda: set(documents.seconds()) == set(range(1, 31)), 60)
    assert recorder.is_alive


@pytest.mark.parametrize("who", ["recorder", "database"])
def test_an_hour_away_costs_nothing(recorder: Any, broker: Mosquitto, documents: FerretDB, who: str) -> None:
    """The broker keeps it, as telegraf/sinks/mosquitto/ tells it to."""
    publish(broker, *range(1, 6))
    wait_until("five are there", lambda: len(documents.seconds()) == 5, 20)
    away = {"recorder": recorder, "database": documents}[who]
    away.stop()
    publish(broker, *range(6, 3606))
    away.start()
    wait_until("all are there", lambda: len(set(documents.seconds())) == 3605, 60)
    assert set(documents.seconds()) == set(range(1, 3606))


def test_a_recorder_that_is_stopped_while_its_database_is_away_loses_nothing(
    recorder: Any, broker: Mosquitto, documents: FerretDB
) -> None:
    """As when a machine shuts down: what it had taken and not written comes again."""
    documents.stop()
    publish(broker, *range(1, 101))
    wait_until("it has tried", lambda: "Error writing" in recorder.log, 30)
    # It tries once more, for half a minute.
    recorder.process.terminate()
    recorder.process.wait(90)
    documents.start()
    recorder.start_as_systemd()
    publish(broker, 101)
    wait_until("the last is there", lambda: 101 in documents.seconds(), 60)
    assert set(documents.seconds()) == set(range(1, 102))


@pytest.mark.parametrize("name", sorted(path.stem for path in SINKS.glob("*.conf")))
def test_every_configuration_is_one(name: str, rig: Any) -> None:
    sink = rig.sink(name, {})
    own = {
        "PATH": os.environ["PATH"],
        "WATTLINE_MARIADB": f"u:p@tcp(h:1)/{DATABASE}",
        "WATTLINE_POSTGRESQL": "postgres://h/d",
    }
    words = [sink.telegraf, "config", "check", "--strict-env-handling", "--config", str(sink.conf)]
    result = subprocess.run(words, env=own, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["92-sinks", "93-mqtt"])
def test_what_the_first_telegraf_gets_is_one(name: str, server: Any, tmp_path: Path) -> None:
    """With what is commented out, too."""
    conf = tmp_path / "core.conf"
    text = (SINKS.parent / "telegraf.d" / f"{name}.conf.example").read_text()
    conf.write_text(re.sub(r"^# ", "", text, flags=re.MULTILINE))
    words = [server("telegraf"), "config", "check", "--strict-env-handling", "--config", str(conf)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
