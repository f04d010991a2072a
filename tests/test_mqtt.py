"""What is said of a reading and of a meter by `wattline mqtt`, without a broker; tests/sinks has the real one.

| fault | test |
|---|---|
| a number is not the one on the display; a meter with more decimals is cut | test_it_is_the_number_on_the_display, test_no_decimal_is_ever_cut |
| the sinks round otherwise | test_the_sinks_know_the_vocabulary (and tests/sinks) |
| Home Assistant refuses what it is told | test_home_assistant_takes_what_it_is_told |
| ... or its energy dashboard does not offer a counter | the same |
| two meters are one device; a name is no topic | test_each_meter_is_a_device_of_its_own, test_a_name_is_one_level_of_a_topic |
| a counter steps back as its decimals are learnt, or at a restart | test_a_counter_never_steps_back_by_rounding, test_a_counter_steps_back_neither_in_a_run_nor_at_a_restart |
| the first values have false digits | test_what_the_first_value_needs_is_known_at_once |
| a backlog is shown as the present, or a meter whose clock is off is never shown | test_a_backlog_is_no_state, test_a_clock_that_is_off_makes_no_reading_old |
| a restart takes fields away from Home Assistant, or a counter its value | test_what_was_told_before_the_start_stays, test_a_counter_that_is_not_told_stays_what_it_was |
| the old text has energies of before | test_the_old_text_has_the_energies_of_its_batch |
| one number that is none costs its reading, or all that comes behind it | test_what_is_no_number_costs_no_other |
| what is asked anew waits for a broker that waits for it | test_nobody_waits_to_be_told_anew |
| who asks systemd is not told that the broker is away | test_systemd_is_told_that_the_broker_is_away |
| a cost is no running total to Home Assistant, or one that is told too late | test_home_assistant_takes_a_cost, test_a_contract_is_told_once_and_anew_to_who_was_away |
| a contract takes the place of a meter of its name | test_a_contract_is_no_meter_of_its_name |
| the end of a day is added twice by Home Assistant, or not at all, where a batch comes again | test_the_end_of_a_day_is_said_once |
| an odd cost stops the readings | test_a_cost_that_is_none_costs_nothing_else |
| words of the command line are wrong | test_wrong_words_are_refused |
"""

import itertools
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from wattline.cli import main
from wattline.fields import ELECTRICITY_FIELDS
from wattline.mqtt.decimals import ENOUGH, GRAINS, Decimals, needed, rounded
from wattline.mqtt.discovery import Topics, discovery, object_id
from wattline.mqtt.messages import Reading, to_json
from wattline.mqtt.relay import Manner, NotConfirmedError, NotDeliveredError, Relay

CHECKOUT = Path(__file__).parents[1]

# By the documentation of Home Assistant: sensor device classes, their units, their state classes.
UNITS = {
    "voltage": {"µV", "mV", "V", "kV", "MV"},
    "current": {"A", "mA"},
    "power": {"mW", "W", "kW", "MW", "GW", "TW"},
    "reactive_power": {"mvar", "var", "kvar"},
    "apparent_power": {"mVA", "VA", "kVA"},
    "power_factor": {"%", None},
    "frequency": {"Hz", "kHz", "MHz", "GHz"},
    "energy": {"J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"},
    "reactive_energy": {"varh", "kvarh"},
}
COUNTERS = {"energy", "reactive_energy"}
SENSOR_KEYS = {
    "platform",
    "unique_id",
    "default_entity_id",
    "name",
    "value_template",
    "state_class",
    "device_class",
    "unit_of_measurement",
    "suggested_display_precision",
    "expire_after",
}
SHARED_KEYS = {
    "device",
    "origin",
    "components",
    "availability_topic",
    "payload_available",
    "payload_not_available",
    "state_topic",
    "qos",
}


def grain(value: float, decimals: int) -> float:
    """As wattline hands it on."""
    return round(value * GRAINS[decimals]) / GRAINS[decimals]


class Sender:
    """Takes all messages at once."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def say(self, topic: str, text: str, **_: object) -> None:
        self.said.append((topic, text))

    def deliver(self, messages: list[tuple[str, str]], _within_s: float) -> None:
        self.said += messages


@pytest.mark.parametrize("decimals", range(5))
def test_it_is_the_number_on_the_display(decimals: int) -> None:
    """Once there were eight different values; and never with a digit that is not on the display."""
    dice, learner = random.Random(decimals), Decimals()
    for count in range(200):
        display = round(dice.uniform(-5000, 5000), decimals)
        shown = learner.shown("house", {"power_w": grain(display, decimals)})["power_w"]
        assert shown == round(shown, decimals)
        if count > ENOUGH:
            assert shown == display


@pytest.mark.parametrize("decimals", range(5))
@pytest.mark.parametrize("begins", [1234, 1234.3])
def test_no_decimal_is_ever_cut(decimals: int, begins: float) -> None:
    """Of a value that moves little: behind the tenth none is farther from the display than its grain."""
    learner = Decimals()
    for count in range(3000):
        display = round(begins + count * 10**-decimals, decimals)
        shown = learner.shown("house", {"current_a": grain(display, decimals)})["current_a"]
        assert abs(shown - display) <= (1 / GRAINS[decimals] if count >= 10 else 1 / 16)


@pytest.mark.parametrize("decimals", range(5))
def test_a_counter_steps_back_neither_in_a_run_nor_at_a_restart(decimals: int) -> None:
    """A meter of three counters, of which each run begins with the value that the one before ended with."""
    dice = random.Random(decimals)
    display = {"energy_total_kwh": 2063.2, "energy_total_t1_kwh": 1302.51, "energy_total_t2_kwh": 760.7}
    last = dict.fromkeys(display, 0.0)
    for _restart in range(100):
        learner = Decimals()
        for _reading in range(12):
            values = {name: grain(round(value, decimals), decimals) for name, value in display.items()}
            shown = learner.shown("house", values)
            assert all(shown[name] >= last[name] and shown[name] == round(shown[name], decimals) for name in shown)
            last = shown
            display = {name: value + dice.randrange(5) * 10**-decimals for name, value in display.items()}


def test_what_the_first_value_needs_is_known_at_once() -> None:
    """2063.26 comes as 2063.2578125, and was told as 2063.258 until eight values had been seen."""
    assert Decimals().shown("house", {"energy_total_kwh": grain(2063.26, 2)}) == {"energy_total_kwh": 2063.26}


def test_a_value_of_no_grain_is_left_as_it_is() -> None:
    assert rounded(1 / 3, needed(1 / 3)) == 1 / 3


def test_the_sinks_know_the_vocabulary() -> None:
    script = CHECKOUT / "telegraf" / "sinks" / "schema.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_home_assistant_takes_what_it_is_told() -> None:
    message = json.loads(discovery("home", "house", ELECTRICITY_FIELDS, Topics("wattline")))
    assert message.keys() == SHARED_KEYS
    assert message["device"]["identifiers"]
    assert message["origin"]["name"]
    assert len(message["components"]) == len(ELECTRICITY_FIELDS)
    assert len({sensor["unique_id"] for sensor in message["components"].values()}) == len(ELECTRICITY_FIELDS)
    for name, sensor in message["components"].items():
        assert sensor.keys() <= SENSOR_KEYS
        assert sensor["platform"] == "sensor"
        assert re.fullmatch(r"sensor\.[a-z0-9_]+", sensor["default_entity_id"])
        device_class = sensor.get("device_class")
        if device_class:
            assert sensor.get("unit_of_measurement") in UNITS[device_class]
        is_counter = ELECTRICITY_FIELDS[name].kind == "counter"
        assert sensor["state_class"] == ("total_increasing" if is_counter else "measurement")
        assert (device_class in COUNTERS) == is_counter
        # A counter that is not heard of for a minute is what it was.
        assert ("expire_after" in sensor) != is_counter
    names = [sensor["name"] for sensor in message["components"].values()]
    assert len(set(names)) == len(names)
    assert message["components"]["energy_import_t2_kwh"]["name"] == "Energy import T2"
    assert message["components"]["power_factor_l1"]["device_class"] == "power_factor"


def test_each_meter_is_a_device_of_its_own() -> None:
    names = ["kitchen 1", "kitchen/1", "kitchen_1", "küche", "k#che", "k+che"]
    prefixes = ["wattline", "north", "south", "houses/north", "houses north"]
    words = itertools.product(["home", "", "ca bin", "north"], names, prefixes)
    ids = [object_id(site, name, prefix) for site, name, prefix in words]
    assert object_id("home", "grid") == "wattline_home_grid"
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", each) for each in ids)


def cost(contract: str = "house", *, since_s: int = 1_790_000_000, **changed: Any) -> dict[str, Any]:
    """As `wattline-cost update` hands it on."""
    tags = {"site": "home", "contract": contract, "direction": "import", "currency": "EUR"} | changed.pop("tags", {})
    fields = {"cost": 2.25, "energy_kwh": 7.5} | changed
    return {"name": "cost_today", "tags": tags, "fields": fields, "timestamp": since_s}


def test_home_assistant_takes_a_cost() -> None:
    """A total that begins anew at midnight, by the documentation of its MQTT sensors: it is told when that was."""
    sender = Sender()
    Relay(sender, Manner(Topics("wattline"))).take([cost(), cost("solar", tags={"direction": "export"})])
    said = dict(sender.said)
    state = json.loads(said["wattline/contract/house/state"])
    assert state == {"cost": 2.25, "energy_kwh": 7.5, "last_reset": "2026-09-21T14:13:20+00:00"}
    configs = [json.loads(text) for topic, text in sender.said if topic.startswith("homeassistant/")]
    assert [config["state_topic"] for config in configs] == [
        f"wattline/contract/{it}/state" for it in ("house", "solar")
    ]
    assert len({config["device"]["identifiers"][0] for config in configs}) == 2
    for config, name in zip(configs, ("Cost today", "Income today"), strict=True):
        assert config.keys() == SHARED_KEYS
        sensor = config["components"]["cost"]
        assert sensor.keys() <= SENSOR_KEYS | {"last_reset_value_template"}
        # Money has no other state class, and this one wants to be told of its begin.
        assert (sensor["device_class"], sensor["state_class"]) == ("monetary", "total")
        assert (sensor["unit_of_measurement"], sensor["name"]) == ("EUR", name)
        assert re.fullmatch(r"sensor\.[a-z0-9_]+", sensor["default_entity_id"])


def test_a_contract_is_no_meter_of_its_name() -> None:
    sender = Sender()
    Relay(sender, Manner(Topics("wattline")), now=lambda: 100.0).take([metric(100, power_w=1.0), cost()])
    devices = [json.loads(text)["device"]["identifiers"] for topic, text in sender.said if topic.endswith("/config")]
    assert len(devices) == 2
    assert devices[0] != devices[1]


def test_a_contract_is_told_once_and_anew_to_who_was_away() -> None:
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline")))
    relay.take([cost()])
    relay.take([cost(cost=2.5)])
    assert [topic.partition("/")[0] for topic, _ in sender.said] == ["homeassistant", "wattline", "wattline"]
    relay.say_anew()
    assert [topic.partition("/")[0] for topic, _ in sender.said[3:]] == ["homeassistant", "wattline"]
    assert json.loads(sender.said[-1][1])["cost"] == 2.5


class Hesitant(Sender):
    """Takes all messages, or none, and does not say that it has them."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: NotDeliveredError | None = None

    def deliver(self, messages: list[tuple[str, str]], within_s: float) -> None:
        if not isinstance(self.refuses, NotDeliveredError) or isinstance(self.refuses, NotConfirmedError):
            super().deliver(messages, within_s)
        if self.refuses:
            raise self.refuses


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        (NotConfirmedError("late"), [9.0, 0.1, 0.1, 0.2]),
        (NotDeliveredError("away"), [8.0, 9.0, 0.2]),
        (None, [9.0, 0.1, 0.1, 0.2]),
    ],
)
def test_the_end_of_a_day_is_said_once(refuses: NotDeliveredError | None, said: list[float]) -> None:
    """A batch that comes again does not begin the day before once more, which Home Assistant would add a second time.

    But it is said where nothing of the first was.
    """
    sender = Hesitant()
    relay = Relay(sender, Manner(Topics("wattline")))
    relay.take([cost(cost=8.0)])
    sender.said, sender.refuses = [], refuses
    end = cost(cost=9.0)
    with pytest.raises(type(refuses)) if refuses else nullcontext():
        relay.take([end, cost(cost=0.1, since_s=1_790_086_400)])
    sender.refuses = None
    # The broker comes back, and is told what it has missed.
    relay.say_anew()
    relay.take([end, cost(cost=0.2, since_s=1_790_086_400)])
    states = [json.loads(text)["cost"] for topic, text in sender.said if topic.endswith("/state")]
    assert states == said


def test_a_total_of_a_day_before_is_said_where_it_is_the_newest() -> None:
    """As after a clock that was ahead: nobody waits a day for the next."""
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline")))
    relay.take([cost(cost=0.1, since_s=1_790_086_400)])
    relay.take([cost(cost=9.0)])
    assert json.loads(sender.said[-1][1])["cost"] == 9.0


@pytest.mark.parametrize(
    "odd", [{"cost": "much"}, {"energy_kwh": None}, {"cost": float("nan")}, {"tags": {"contract": ""}}]
)
def test_a_cost_that_is_none_costs_nothing_else(odd: dict[str, Any]) -> None:
    sender = Sender()
    Relay(sender, Manner(Topics("wattline"))).take([cost(**odd), cost("other")])
    assert [topic for topic, _ in sender.said if "contract/" in topic] == ["wattline/contract/other/state"]


def test_a_name_is_one_level_of_a_topic() -> None:
    assert Topics("a/b").readings("x/y+z#") == "a/b/x_y_z_/reading"


def metric(second: int, **values: float) -> dict[str, Any]:
    """As Telegraf writes it."""
    return {"name": "electricity", "tags": {"meter": "house"}, "fields": values, "timestamp": second}


def test_a_counter_never_steps_back_by_rounding() -> None:
    """1234.1875 is shown as 1234.2 until 1234.19 has come, and 1234.2 until there is more; a real step is one."""
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline"), interval_s=0), now=lambda: 100.0)
    for count in range(2 * ENOUGH):
        relay.take([metric(80 + count, energy_import_kwh=grain(1234.188 + (count // 2) / 1000, 3))])
    relay.take([metric(99, energy_import_kwh=0.5)])
    states = [json.loads(text)["energy_import_kwh"] for topic, text in sender.said if topic.endswith("/state")]
    assert states[:-1] == sorted(states[:-1])
    assert states[-1] == 0.5


class Clock:
    """Seconds since 1970, at will."""

    now_s = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now_s


def states(sender: Sender) -> list[dict[str, float]]:
    return [json.loads(text) for topic, text in sender.said if topic.endswith("/state")]


def components(sender: Sender) -> list[set[str]]:
    return [set(json.loads(text)["components"]) for topic, text in sender.said if topic.endswith("/config")]


@pytest.mark.parametrize("behind_s", [70, 300, 890])
def test_a_clock_that_is_off_makes_no_reading_old(behind_s: int) -> None:
    """A stick's readings, every fifteen seconds; from the second on it is known that it is the clock."""
    sender, clock = Sender(), Clock()
    relay = Relay(sender, Manner(Topics("wattline")), now=clock)
    for count in range(20):
        relay.take([metric(int(clock.now_s) - behind_s - count % 3, power_w=count)])
        if count % 4 == 0:
            relay.take([metric(int(clock.now_s) - behind_s, energy_import_kwh=7)])
        clock.now_s += 15
    assert [state["power_w"] for state in states(sender)] == list(range(1, 20))
    assert all(state["energy_import_kwh"] == 7 for state in states(sender))


def test_a_clock_that_is_off_by_more_than_is_believed_is_old() -> None:
    sender, clock = Sender(), Clock()
    relay = Relay(sender, Manner(Topics("wattline")), now=clock)
    for count in range(20):
        relay.take([metric(int(clock.now_s) - 3600, power_w=count)])
        clock.now_s += 15
    assert states(sender) == []


@pytest.mark.parametrize("apart_s", [1, 15])
@pytest.mark.parametrize("pause_s", [0.1, 1, 5, 10, 20])
def test_a_backlog_is_no_state(apart_s: int, pause_s: float) -> None:
    """Ten minutes of it, of a meter that is read each second or each quarter of a minute, in batches that catch up."""
    sender, clock = Sender(), Clock()
    relay = Relay(sender, Manner(Topics("wattline"), interval_s=0), now=clock)
    relay.take([metric(int(clock.now_s), power_w=0)])
    second = int(clock.now_s) + apart_s
    clock.now_s += 600
    while second < clock.now_s - 30:
        batch = range(second, min(second + 60 + int(2 * pause_s), int(clock.now_s)), apart_s)
        relay.take([metric(each, power_w=clock.now_s - each) for each in batch])
        second = batch[-1] + apart_s
        clock.now_s += pause_s
    assert all(state["power_w"] < 60 for state in states(sender))


def test_what_was_told_before_the_start_stays() -> None:
    """With what the broker has kept of it, whether it is heard before or behind the first reading."""
    before = Sender()
    relay = Relay(before, Manner(Topics("wattline")), now=lambda: 100.0)
    relay.take([metric(90, power_w=5, energy_import_kwh=7)])
    ((topic, kept),) = [(topic, text) for topic, text in before.said if topic.endswith("/config")]
    for is_before in (True, False):
        sender = Sender()
        relay = Relay(sender, Manner(Topics("wattline")), now=lambda: 100.0)
        for text in ("", "[]", "{}", '{"components": 7}', '{"components": [[]]}'):
            relay.remember("homeassistant/device/other/config", text)
        if is_before:
            relay.remember(topic, kept)
        relay.take([metric(91, power_w=6)])
        relay.remember(topic, kept.replace('"voltage_v"', '"of_tomorrow"'))
        relay.take([metric(92, power_w=6)])
        relay.say_anew()
        assert components(sender)[-1] == {"power_w", "energy_import_kwh"}
        assert len(components(sender)) == (2 if is_before else 3)


def test_a_counter_that_is_not_told_stays_what_it_was() -> None:
    message = json.loads(discovery("home", "house", ["power_w", "energy_import_kwh"], Topics("wattline")))
    templates = {name: sensor["value_template"] for name, sensor in message["components"].items()}
    assert templates == {
        "power_w": "{{ value_json.power_w | default('None') }}",
        "energy_import_kwh": "{{ value_json.energy_import_kwh | default('') }}",
    }


def test_the_old_text_has_the_energies_of_its_batch() -> None:
    """Those that came before it, in its batch too, and none that come behind it."""
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline"), has_old_topics=True), now=lambda: 100.0)
    relay.take([metric(81, power_w=1), metric(82, energy_import_kwh=7), metric(83, power_w=2)])
    relay.take([metric(84, power_w=3), metric(84, energy_import_kwh=8), metric(85, power_w=4)])
    texts = [text for topic, text in sender.said if topic.endswith("readingsTest")]
    assert [text.split(", ")[-2] for text in texts] == ["''", "7.0", "7.0", "8.0"]


def test_what_is_no_number_costs_no_other() -> None:
    """JSON has none, but a number of 400 digits is read as one, and a batch that fails comes again for ever."""
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline")), now=lambda: 100.0)
    relay.take([metric(90, power_w=5, voltage_v=float("inf"), current_a=float("nan"))])
    assert components(sender) == [{"power_w"}]


def test_nobody_waits_to_be_told_anew() -> None:
    """The broker's own thread asks for it, and while it waits nothing is confirmed."""

    class Asking(Sender):
        def deliver(self, messages: list[tuple[str, str]], within_s: float) -> None:
            thread = threading.Thread(target=relay.say_anew, daemon=True)
            thread.start()
            thread.join(5)
            assert not thread.is_alive()
            super().deliver(messages, within_s)

    sender = Asking()
    relay = Relay(sender, Manner(Topics("wattline")), now=lambda: 100.0)
    relay.take([metric(90, power_w=5)])
    assert len(components(sender)) == len(states(sender)) == 2


def test_a_text_of_another_alphabet_stays_one() -> None:
    assert '"meter":"küche"' in to_json(Reading(0, {"meter": "küche"}, {"power_w": 1.0}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["http://broker"], "mqtt://[USER@]HOST[:PORT]"),
        (["mqtt://"], "mqtt://[USER@]HOST[:PORT]"),
        (["mqtt://u:secret@broker"], "WATTLINE_MQTT_PASSWORD"),
        (["mqtt://broker:x"], "mqtt://[USER@]HOST[:PORT]"),
        (["mqtt://broker", "--listen", "8193"], "HOST:PORT"),
        (["mqtt://broker", "--prefix", "a/#"], "without + and #"),
        (["mqtt://broker", "--interval", "x"], "interval"),
    ],
)
def test_wrong_words_are_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mqtt", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "secret" not in told


def test_systemd_is_told_that_the_broker_is_away(tmp_path: Path) -> None:
    """And that wattline turns."""
    address = str(tmp_path / "notify")
    words = [sys.executable, "-m", "wattline", "mqtt", "mqtt://127.0.0.1:9", "--listen", "127.0.0.1:0"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(20)
        with subprocess.Popen(words, env=os.environ | {"NOTIFY_SOCKET": address}, stderr=subprocess.DEVNULL) as mqtt:
            told = systemd.recv(1000).decode()
            mqtt.terminate()
    assert told.splitlines() == ["WATCHDOG=1", "STATUS=Waits for the broker at 127.0.0.1, port 9."]
    assert mqtt.returncode == 0
