"""What a contract costs today, as `wattline-cost update` hands it on: a running total that begins anew at its midnight."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from wattline import __version__
from wattline.costs import TODAY
from wattline.mqtt.discovery import OFFLINE, ONLINE, Topics, object_id


@dataclass(frozen=True, slots=True)
class Total:
    """What a contract costs today so far.

    Attributes:
        site, contract: whose it is.
        direction: ``import``, or ``export``, whose cost is an income.
        currency: three letters.
        cost: in it.
        energy_kwh: what was metered.
        since_s: when the day began, in seconds since 1970.
    """

    site: str
    contract: str
    direction: str
    currency: str
    cost: float
    energy_kwh: float
    since_s: int

    @property
    def key(self) -> tuple[str, str]:
        """Whose it is."""
        return self.site, self.contract


def totals(metrics: Sequence[Mapping[str, Any]]) -> Iterator[Total]:
    """Those among ``metrics``; what is odd is left out, as a batch that is refused comes again."""
    for metric in metrics:
        if metric["name"] != TODAY:
            continue
        tags, fields = metric.get("tags", {}), metric["fields"]
        cost, energy_kwh = fields.get("cost"), fields.get("energy_kwh")
        if tags.get("contract") and _is_number(cost) and _is_number(energy_kwh):
            yield Total(
                site=tags.get("site", ""),
                contract=tags["contract"],
                direction=tags.get("direction", ""),
                currency=tags.get("currency", ""),
                cost=cost,
                energy_kwh=energy_kwh,
                since_s=int(metric["timestamp"]),
            )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def state(total: Total) -> str:
    """The message to which Home Assistant listens."""
    since = datetime.fromtimestamp(total.since_s, UTC).isoformat()
    values = {"cost": total.cost, "energy_kwh": total.energy_kwh, "last_reset": since}
    return json.dumps(values, separators=(",", ":"))


def config_topic(total: Total, topics: Topics) -> str:
    """Where Home Assistant looks for it."""
    return f"homeassistant/device/{_own(total, topics)}/config"


def discovery(total: Total, topics: Topics) -> str:
    """The message about a contract, with a sensor for what it costs today."""
    own = _own(total, topics)
    is_export = total.direction == "export"
    sensor = {
        "platform": "sensor",
        "unique_id": f"{own}_cost",
        "default_entity_id": f"sensor.{object_id(total.site, f'contract_{total.contract}', topics.prefix).lower().replace('-', '_')}_today",
        "name": "Income today" if is_export else "Cost today",
        "value_template": "{{ value_json.cost }}",
        # It begins anew at the contract's midnight, which is why it is no total_increasing: a bonus lets it fall.
        "state_class": "total",
        "last_reset_value_template": "{{ value_json.last_reset }}",
        "device_class": "monetary",
        "unit_of_measurement": total.currency,
        "suggested_display_precision": 2,
    }
    message = {
        "device": {
            "identifiers": [own],
            "name": total.contract,
            "manufacturer": "wattline",
            "model": "electricity contract",
        },
        "origin": {"name": "wattline", "sw_version": __version__},
        "availability_topic": topics.status,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "state_topic": topics.contract(total.contract),
        "qos": 1,
        "components": {"cost": sensor},
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _own(total: Total, topics: Topics) -> str:
    # A meter may have the name of a contract, and none has a slash that tells them apart.
    return object_id(total.site, f"contract/{total.contract}", topics.prefix)
