"""What is said of a reading and of a meter by `wattline mqtt`, without a broker; tests/sinks has the real one.

| fault | test |
|---|---|
| a number is not the one on the display; a meter with more decimals is cut | test_it_is_the_number_on_the_display, test_no_decimal_is_ever_cut |
| the sinks round otherwise | test_the_sinks_know_the_vocabulary (and tests/sinks) |
| Home Assistant refuses what it is told | test_home_assistant_takes_what_it_is_told |
| ... or its energy dashboard does not offer a counter | the same |
| two meters are one device; a name is no topic | test_each_meter_is_a_device_of_its_own, test_a_name_is_one_level_of_a_topic |
| a counter steps back as its decimals are learnt | test_a_counter_never_steps_back_by_rounding |
| words of the command line are wrong | test_wrong_words_are_refused |
"""

import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wattline.cli import main
from wattline.fields import ELECTRICITY_FIELDS
from wattline.mqtt.decimals import ENOUGH, GRAINS, Decimals, needed, rounded
from wattline.mqtt.discovery import Topics, discovery, object_id
from wattline.mqtt.messages import Reading, to_json
from wattline.mqtt.relay import Manner, Relay

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
    """Once there were eight different values."""
    dice, learner = random.Random(decimals), Decimals()
    for count in range(200):
        display = round(dice.uniform(-5000, 5000), decimals)
        shown = learner.shown("house", "energy_import_kwh", grain(display, decimals))
        if count > ENOUGH:
            assert shown == display


@pytest.mark.parametrize("decimals", range(5))
def test_no_decimal_is_ever_cut(decimals: int) -> None:
    """Also while it is learnt, and of a value that moves little: no value is farther from the display than its grain."""
    learner = Decimals()
    for count in range(3000):
        display = round(1234 + count * 10**-decimals, decimals)
        shown = learner.shown("house", "current_a", grain(display, decimals))
        assert abs(shown - display) <= 1 / GRAINS[decimals]


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
    ids = [object_id(site, name) for site, name in itertools.product(["home", "", "ca bin"], names)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", each) for each in ids)


def test_a_name_is_one_level_of_a_topic() -> None:
    assert Topics("a/b").readings("x/y+z#") == "a/b/x_y_z_/reading"


def metric(second: int, **values: float) -> dict[str, Any]:
    """As Telegraf writes it."""
    return {"name": "electricity", "tags": {"meter": "house"}, "fields": values, "timestamp": second}


def test_a_counter_never_steps_back_by_rounding() -> None:
    """1234.56 comes as 1234.5625, is 1234.563 while the meter is not known, and 1234.56 later; a real step is one."""
    sender = Sender()
    relay = Relay(sender, Manner(Topics("wattline"), interval_s=0), now=lambda: 100.0)
    for count in range(2 * ENOUGH):
        relay.take([metric(80 + count, energy_import_kwh=grain(1234.56 + (count // 2) / 100, 2))])
    relay.take([metric(99, energy_import_kwh=0.5)])
    states = [json.loads(text)["energy_import_kwh"] for topic, text in sender.said if topic.endswith("/state")]
    assert states[:-1] == sorted(states[:-1])
    assert states[-1] == 0.5


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
