"""Readings on a real Mosquitto, heard by its own client; the meters in Home Assistant.

| fault | test |
|---|---|
| a reading is missing, another one, or said to be now though it is old | test_every_reading_is_a_message, test_what_is_old_is_no_state |
| Home Assistant is not told of a meter, or of a field that comes later | test_a_meter_appears_with_all_its_fields |
| ... or not again when it comes up, or when the broker does | test_home_assistant_is_told_anew, test_a_broker_that_comes_back_knows_all_again |
| two houses on one broker, whose meters have the same names, are one device | test_two_houses_on_one_broker_are_two_devices |
| ... or a restart of wattline takes fields from it | test_a_restart_takes_no_field_away |
| a stick whose clock is off is never shown | test_a_stick_whose_clock_is_off_has_a_state |
| nobody is told that wattline is gone | test_an_end_is_told |
| the broker is away, hangs, is killed in the middle | test_what_came_while_the_broker_was_away_arrives, test_a_broker_that_hangs_or_is_killed_costs_nothing |
| wattline is killed in the middle | test_killed_in_the_middle_it_loses_nothing |
| the old programs cannot read their topics | test_the_topics_of_old |
| what a contract costs does not reach Home Assistant, or only with luck | test_a_cost_arrives_and_is_told_anew |
| a wrong password is not told | test_a_refusal_is_told |
| what is no batch ends it | test_nonsense_is_refused |
"""

import ast
import random
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from database import line, wait_until
from sinks.broker import PASSWORD, Ear, Mosquitto, Wattline
from wattline_cost.store.ledger import Day
from wattline_cost.store.publishing import Publisher
from wattline_cost.store.work import Result
from wattline_cost.tariff.file import parse_contract

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240), pytest.mark.xdist_group("mqtt")]

CORE = Path(__file__).parents[2] / "telegraf" / "telegraf.d" / "93-mqtt.conf.example"
CONTRACT = """
currency = "EUR"
timezone = "Europe/Rome"
[[version]]
from = 2026-01-01
[[version.component]]
name = "Energy"
per = "kWh"
price = 0.30
"""
CONFIG = "homeassistant/device/wattline_home_house/config"
READINGS, STATE, STATUS = "wattline/house/reading", "wattline/house/state", "wattline/status"


@pytest.fixture
def ear(broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Ear]:
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        yield ear


@pytest.fixture
def start(rig: Any, broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config) -> Callable[..., Any]:
    """Starts `wattline mqtt` with words, and the first Telegraf before it; returns both."""

    def started(*words: str, password: str = PASSWORD, extra: str = "") -> tuple[Wattline, Any]:
        wattline = rig.stack.enter_context(Wattline(broker, tmp_path, pytestconfig, *words, password=password))
        wattline.start()
        return wattline, rig.started(CORE.read_text().replace(":8193", f":{wattline.port}") + extra)

    return started


def reading(second: int, **values: float) -> str:
    """A reading of ``second``; its power unless told otherwise."""
    return line(second, values or {"power_w": second % 1000}, site="home") + "0" * 9


def now() -> int:
    return int(time.time())


def test_every_reading_is_a_message(start: Callable[..., Any], ear: Ear) -> None:
    """With its time, its tags, and what the display of the meter shows."""
    _, core = start()
    begin = now() - 20
    core.add(*(reading(begin + n, voltage_v=round((229 + n / 10) * 16) / 16) for n in range(20)))
    wait_until("all have come", lambda: len(ear.texts(READINGS)) >= 20, 20)
    values = ear.values(READINGS)
    assert [value["time_s"] for value in values] == list(range(begin, begin + 20))
    assert [value["voltage_v"] for value in values[8:]] == [round(229 + n / 10, 1) for n in range(8, 20)]
    assert values[0]["time"] == datetime.fromtimestamp(begin, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {key: values[0][key] for key in ("site", "meter", "role")} == {
        "site": "home",
        "meter": "house",
        "role": "grid",
    }
    assert not any(retained for retained, _ in ear.heard(READINGS))


def test_a_meter_appears_with_all_its_fields(
    start: Callable[..., Any], ear: Ear, broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Retained, so that a Home Assistant which comes later has it as well; what comes every ten seconds joins."""
    _, core = start()
    core.add(reading(now(), power_w=100))
    wait_until("the meter is told", lambda: ear.texts(CONFIG), 20)
    core.add(reading(now(), power_w=100, energy_import_kwh=1.5))
    wait_until("the energy is told", lambda: len(ear.texts(CONFIG)) == 2, 20)
    assert [set(value["components"]) for value in ear.values(CONFIG)] == [{"power_w"}, {"power_w", "energy_import_kwh"}]
    with Ear(broker, tmp_path, pytestconfig, "late") as late:
        late.start()
        assert late.heard(CONFIG) == [(True, ear.texts(CONFIG)[-1])]
        assert late.heard(STATUS) == [(True, "online")]


def test_a_cost_arrives_and_is_told_anew(
    start: Callable[..., Any], ear: Ear, broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """By the function that `wattline-cost update` calls; and again when Home Assistant comes up."""
    wattline, _ = start()
    config = "homeassistant/device/wattline_home_contract_house_2c507a84/config"
    state = "wattline/contract/house/state"
    contract = parse_contract(Path("house.toml"), CONTRACT)
    result = Result(contract, today=Day(1_790_000_000, 2.25, 7.5))
    publisher = Publisher(f"http://127.0.0.1:{wattline.port}/", "home", tmp_path, lambda *_: [])
    # It is still looking for the broker; the next run of the timer would hand it over.
    wait_until("it is taken", lambda: publisher.publish([result]) == "", 20)
    wait_until("the cost has come", lambda: ear.texts(state), 20)
    assert ear.values(state)[0] == {"cost": 2.25, "energy_kwh": 7.5, "last_reset": "2026-09-21T14:13:20+00:00"}
    assert ear.values(config)[0]["components"]["cost"]["device_class"] == "monetary"
    with Ear(broker, tmp_path, pytestconfig, "late") as late:
        late.start()
        assert late.heard(config) == [(True, ear.texts(config)[-1])]
    told = len(ear.texts(state))
    broker.say("homeassistant/status", "online")
    wait_until("it is told anew", lambda: len(ear.texts(state)) > told, 20)


def test_two_houses_on_one_broker_are_two_devices(
    start: Callable[..., Any], ear: Ear, broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """By their prefixes alone: nothing that has to be unique in Home Assistant is shared, and each has its own topics."""
    (tmp_path / "south").mkdir()
    with Wattline(broker, tmp_path / "south", pytestconfig, "--prefix", "south") as other:
        other.start()
        _, core = start("--prefix", "north", extra=CORE.read_text().replace(":8193", f":{other.port}"))
        core.add(reading(now(), power_w=100))
        check_two_houses(ear)


def check_two_houses(ear: Ear) -> None:
    """Both have said where what is."""
    topics = [f"homeassistant/device/wattline-{prefix}_home_house/config" for prefix in ("north", "south")]
    wait_until("both are told", lambda: all(ear.texts(topic) for topic in topics), 20)
    north, south = (ear.values(topic)[-1] for topic in topics)
    assert not {*north["device"]["identifiers"]} & {*south["device"]["identifiers"]}
    sensors = [message["components"]["power_w"] for message in (north, south)]
    for key in ("unique_id", "default_entity_id"):
        assert sensors[0][key] != sensors[1][key]
    assert [message["device"]["name"] for message in (north, south)] == ["house (north)", "house (south)"]
    assert [message["state_topic"] for message in (north, south)] == ["north/house/state", "south/house/state"]
    assert [message["availability_topic"] for message in (north, south)] == ["north/status", "south/status"]


def test_what_is_old_is_no_state(start: Callable[..., Any], ear: Ear) -> None:
    """What waited behind an outage is told as a reading only."""
    _, core = start("--interval", "1s")
    begin = now() - 3600
    core.add(*(reading(begin + n) for n in range(300)), reading(now(), power_w=777))
    wait_until("the state is told", lambda: ear.texts(STATE), 30)
    assert ear.values(STATE) == [{"power_w": 777}]
    assert len(ear.texts(READINGS)) >= 300


def test_home_assistant_is_told_anew(start: Callable[..., Any], ear: Ear, broker: Mosquitto) -> None:
    _, core = start()
    core.add(reading(now(), power_w=5))
    wait_until("the state is told", lambda: ear.texts(STATE), 20)
    broker.say("homeassistant/status", "offline")
    broker.say("homeassistant/status", "online")
    wait_until("all is told again", lambda: len(ear.texts(CONFIG)) == len(ear.texts(STATE)) == 2, 10)


def test_a_broker_that_comes_back_knows_all_again(
    start: Callable[..., Any], broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """It had kept nothing."""
    _, core = start()
    core.add(reading(now(), power_w=5, energy_import_kwh=7))
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        wait_until("the meter is told", lambda: ear.heard(CONFIG) and ear.heard(STATE), 20)
    broker.signal(signal.SIGKILL)
    broker.start()
    with Ear(broker, tmp_path, pytestconfig, "after") as ear:
        ear.start()
        wait_until("all is told again", lambda: ear.heard(CONFIG) and ear.heard(STATE) and ear.heard(STATUS), 60)
        assert ear.heard(STATUS)[-1][1] == "online"


def test_a_restart_takes_no_field_away(
    start: Callable[..., Any], ear: Ear, broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """As of a stick, whose energies come every few minutes only: no message is without them, and the broker keeps them."""
    wattline, core = start()
    core.add(reading(now(), energy_import_kwh=1.5), reading(now(), power_w=100))
    both = {"power_w", "energy_import_kwh"}
    wait_until("both are told", lambda: any(set(value["components"]) == both for value in ear.values(CONFIG)), 20)
    told = len(ear.texts(CONFIG))
    wattline.kill()
    wattline.start()
    wait_until("it is there again", lambda: ear.texts(STATUS)[-1:] == ["online"] and len(ear.texts(STATUS)) >= 3, 20)
    core.add(reading(now() + 1, power_w=101))
    wait_until("the meter is told anew", lambda: len(ear.texts(CONFIG)) > told, 20)
    assert [set(value["components"]) for value in ear.values(CONFIG)[told:]] == [both]
    with Ear(broker, tmp_path, pytestconfig, "late") as late:
        late.start()
        assert late.heard(CONFIG) == [(True, ear.texts(CONFIG)[-1])]


def test_a_stick_whose_clock_is_off_has_a_state(start: Callable[..., Any], ear: Ear) -> None:
    _, core = start("--interval", "1s")
    for power_w in range(5):
        core.add(reading(now() - 200, power_w=power_w))
        time.sleep(4)  # the time itself is waited for
    wait_until("its state is told", lambda: ear.texts(STATE), 10)


def test_an_end_is_told(start: Callable[..., Any], ear: Ear) -> None:
    """A kill by the broker, a stop by wattline itself."""
    wattline, _ = start()
    wait_until("it is there", lambda: ear.texts(STATUS) == ["online"], 20)
    wattline.kill()
    wait_until("its end is told", lambda: ear.texts(STATUS) == ["online", "offline"], 20)
    wattline.start()
    wait_until("it is there again", lambda: ear.texts(STATUS)[2:] == ["online"], 20)
    assert wattline.stop() == 0
    wait_until("its end is told", lambda: ear.texts(STATUS)[3:] == ["offline"], 5)


def arrived(ear: Ear, begin: int, seconds: int) -> bool:
    """Whether each of the ``seconds`` was heard; some may be twice."""
    return {value["time_s"] for value in ear.values(READINGS)} >= set(range(begin, begin + seconds))


def test_what_came_while_the_broker_was_away_arrives(
    start: Callable[..., Any], broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """An hour of readings."""
    broker.signal(signal.SIGKILL)
    wattline, core = start()
    begin = now() - 4000
    core.add(*(reading(begin + n) for n in range(3600)))
    wait_until("it is refused", lambda: "503" in core.log, 30)
    assert wattline.process
    # Not before somebody listens.
    wattline.process.send_signal(signal.SIGSTOP)
    broker.start()
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        wattline.process.send_signal(signal.SIGCONT)
        wait_until("every second has come", lambda: arrived(ear, begin, 3600), 90)
    assert wattline.is_alive


def test_a_broker_that_hangs_or_is_killed_costs_nothing(
    start: Callable[..., Any], broker: Mosquitto, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Another output of the first Telegraf goes on meanwhile; what a killed broker had confirmed is its own affair."""
    other = tmp_path / "other"
    _, core = start(extra=f'[[outputs.file]]\n  files = ["{other}"]\n  flush_interval = "1s"\n')
    begin = now() - 1000
    with Ear(broker, tmp_path, pytestconfig) as ear:
        ear.start()
        core.add(reading(begin))
        wait_until("it is heard", lambda: arrived(ear, begin, 1), 20)
        broker.signal(signal.SIGSTOP)
        core.add(*(reading(begin + n) for n in range(1, 400)))
        wait_until("the other has it", lambda: other.read_text().count("\n") >= 400, 5)
        wait_until("it is not confirmed", lambda: "503" in core.log or "deadline exceeded" in core.log, 40)
        broker.signal(signal.SIGCONT)
        wait_until("every second has come", lambda: arrived(ear, begin, 400), 90)


def test_killed_in_the_middle_it_loses_nothing(start: Callable[..., Any], ear: Ear) -> None:
    wattline, core = start()
    dice, begin, seconds = random.Random(1), now() - 4000, 0
    for _ in range(10):
        core.add(*(reading(begin + seconds + n) for n in range(200)))
        seconds += 200
        held = len(ear.texts(READINGS))
        wait_until("it publishes", lambda held=held: len(ear.texts(READINGS)) > held, 30)
        time.sleep(dice.uniform(0, 0.2))  # somewhere in the batches that follow
        wattline.kill()
        wattline.start()
    wait_until("every second has come", lambda: arrived(ear, begin, seconds), 60)


def test_the_topics_of_old(start: Callable[..., Any], ear: Ear) -> None:
    _, core = start("--old-topics")
    second = now() // 60 * 60
    core.add(f'run_info,port=p name="a b",id="u-1",meter_id="00:07:81:00:00:00:00:ff" {second}{"0" * 9}')
    core.add(
        line(second, {"power_w": -1250, "energy_import_kwh": 12.5, "energy_export_kwh": 3}, run="a\\ b", run_id="u-1")
        + "0" * 9
    )
    wait_until(
        "both have come", lambda: ear.texts("test_device/readings") and ear.texts("test_device/readingsTest"), 20
    )
    local = datetime.fromtimestamp(second)
    tuple_ = ear.texts("test_device/readings")[0]
    # A whole minute has its seconds too: the old reader, which split the text, stumbled over their absence.
    assert (
        tuple_
        == f"(datetime.datetime({local.year}, {local.month}, {local.day}, {local.hour}, {local.minute}, 0), -1250, 1, 1000, 'a b', 'u-1')"
    )
    assert ast.literal_eval(re.sub(r"datetime\.datetime", "", tuple_))[1:] == (-1250, 1, 1000, "a b", "u-1")
    direct = ast.literal_eval(f"[{ear.texts('test_device/readingsTest')[0]}]")
    assert direct == [local.isoformat(), 0x00078100000000FF, -1.25, "a b", "u-1", 12.5, 3.0]


def test_a_refusal_is_told(start: Callable[..., Any], broker: Mosquitto) -> None:
    """And no loss of a connection that never was."""
    wattline, _ = start(password=PASSWORD[1:])
    wait_until("it is told", lambda: "refuses the connection: Not authorized" in wattline.log, 20)
    wait_until("it is tried again", lambda: broker.log.count("not authorised") > 1, 30)
    assert "is lost" not in wattline.log
    assert wattline.is_alive


def test_nonsense_is_refused(start: Callable[..., Any], ear: Ear) -> None:
    wattline, core = start()
    wait_until("it is there", lambda: ear.texts(STATUS), 20)
    for body in (b"", b"[]", b"{}", b'{"metrics": 7}', b'{"metrics": [{"name": "electricity"}]}', b"\xff"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{wattline.port}/", data=body, timeout=10)
        assert refused.value.code == 400
        refused.value.close()
    core.add(f'electricity,meter=house power_w="x",voltage_v=230 {now()}{"0" * 9}')
    core.add(reading(now()))
    wait_until("it goes on", lambda: ear.texts(READINGS), 20)
