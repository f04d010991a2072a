"""What Home Assistant is told about a meter, so that it makes the sensors, and its energy dashboard offers them, by itself.

By its documentation of MQTT discovery: one retained message for the whole device.
"""

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from wattline import __version__
from wattline.fields import ELECTRICITY_FIELDS, LINES, TARIFFS, Field

BIRTH_TOPIC = "homeassistant/status"
KEPT_TOPICS = "homeassistant/device/+/config"
"""All that a broker may have kept of devices, others' too."""
DEFAULT_PREFIX = "wattline"
ONLINE, OFFLINE = "online", "offline"
# A gauge is unknown when nothing has come for so long; a counter holds.
EXPIRE_AFTER_S = 60

_CLASSES = {
    "V": "voltage",
    "A": "current",
    "W": "power",
    "var": "reactive_power",
    "VA": "apparent_power",
    "Hz": "frequency",
    "kWh": "energy",
    "kvarh": "reactive_energy",
}
_BY_NAME = {"power_factor": "power_factor"}


@dataclass(frozen=True, slots=True)
class Topics:
    """Where the messages about a meter go, below ``prefix``."""

    prefix: str

    @property
    def status(self) -> str:
        """Whether wattline is there: ``online`` or ``offline``, retained."""
        return f"{self.prefix}/status"

    def readings(self, meter: str) -> str:
        """Each reading of a meter, once it is read."""
        return f"{self.prefix}/{_level(meter)}/reading"

    def state(self, meter: str) -> str:
        """What Home Assistant listens to: the newest of each value, now and then."""
        return f"{self.prefix}/{_level(meter)}/state"

    def contract(self, name: str) -> str:
        """What a contract costs today: likewise, each time it is reckoned."""
        return f"{self.prefix}/contract/{_level(name)}/state"


def object_id(site: str, meter: str, prefix: str = DEFAULT_PREFIX) -> str:
    """The name of a meter among all devices of Home Assistant: of letters, digits, - and _ only, and no other meter's.

    Where two houses are on one broker, their sites and meters may have the same names, and their prefixes have not.
    """
    ours = DEFAULT_PREFIX if prefix == DEFAULT_PREFIX else f"{DEFAULT_PREFIX}-{prefix}"
    words = [word for word in (ours, site, meter) if word]
    plain = re.sub("[^a-zA-Z0-9_-]", "_", "_".join(words))
    # What the plain one lost is kept as a number, so that "kitchen 1" and "kitchen/1" stay two.
    whole = "/".join(words)
    return plain if plain == "_".join(words) else f"{plain}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def discovery_topic(site: str, meter: str, topics: Topics) -> str:
    """Where Home Assistant looks for it."""
    return f"homeassistant/device/{object_id(site, meter, topics.prefix)}/config"


def discovery(site: str, meter: str, names: Collection[str], topics: Topics) -> str:
    """The message about ``meter``, with a sensor for each of the fields ``names``."""
    own = object_id(site, meter, topics.prefix)
    # Two devices of one name could not be told apart where a counter is chosen.
    name = meter if topics.prefix == DEFAULT_PREFIX else f"{meter} ({topics.prefix})"
    message = {
        "device": {"identifiers": [own], "name": name, "manufacturer": "wattline", "model": "electricity meter"},
        "origin": {"name": "wattline", "sw_version": __version__},
        "availability_topic": topics.status,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "state_topic": topics.state(meter),
        "qos": 1,
        "components": {name: _sensor(ELECTRICITY_FIELDS[name], own) for name in sorted(names)},
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _sensor(field: Field, own: str) -> dict[str, Any]:
    # Where a message has no value of it, a gauge is unknown, by the word that Home Assistant has for it, and a counter stays
    # what it was: of a number, nothing is no news.
    absent = "" if field.kind == "counter" else "None"
    sensor: dict[str, Any] = {
        "platform": "sensor",
        "unique_id": f"{own}_{field.name}",
        "default_entity_id": f"sensor.{own.lower().replace('-', '_')}_{field.name}",
        "name": _name(field),
        "value_template": f"{{{{ value_json.{field.name} | default('{absent}') }}}}",
        "state_class": "total_increasing" if field.kind == "counter" else "measurement",
        "suggested_display_precision": min(field.decimals, 2),
    }
    if field.unit:
        sensor["unit_of_measurement"] = field.unit
    if device_class := _BY_NAME.get(field.part_of or field.name) or _CLASSES.get(field.unit):
        sensor["device_class"] = device_class
    if field.kind != "counter":
        sensor["expire_after"] = EXPIRE_AFTER_S
    return sensor


def _name(field: Field) -> str:
    """``energy_import_t2_kwh`` is "Energy import T2": Home Assistant shows the unit itself."""
    parts = {part: part.upper() for part in (*LINES, *TARIFFS)}
    unit = {"%": "percent", "°": "degrees"}.get(field.unit, field.unit.lower())
    words = field.name.removesuffix(f"_{unit}").split("_") if unit else field.name.split("_")
    text = " ".join(parts.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


def _level(name: str) -> str:
    """``name`` as one level of a topic, where / + and # mean something."""
    return re.sub(r"[/+#\0]", "_", name)
