"""From a batch of what Telegraf hands on to messages for the broker."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattline.errors import WattlineError
from wattline.fields import ELECTRICITY, ELECTRICITY_FIELDS, RUN_INFO
from wattline.mqtt.decimals import Decimals
from wattline.mqtt.discovery import EXPIRE_AFTER_S, Topics, discovery, discovery_topic
from wattline.mqtt.messages import Reading, old_messages, to_json, to_state

DELIVERED_WITHIN_S = 8.0
# Behind so many meters a house has not that many, but somebody who posts nonsense.
MOST_METERS = 1000


class NotDeliveredError(WattlineError):
    """The broker has not said that it has a message."""


class Sender(Protocol):
    """What the relay needs of a broker."""

    def say(self, topic: str, text: str, *, retain: bool = False) -> Any:
        """Send a message without waiting."""

    def deliver(self, messages: Sequence[tuple[str, str]], within_s: float) -> None:
        """Send messages and wait for them."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What is published beside the readings.

    Attributes:
        topics: where.
        interval_s: from state to state; the readings themselves are all published.
        is_discovered: whether Home Assistant is told about the meters.
        has_old_topics: whether the messages of the old programs are published too.
    """

    topics: Topics
    interval_s: float = 10.0
    is_discovered: bool = True
    has_old_topics: bool = False


@dataclass(slots=True)
class _Meter:
    """What is known of one: its newest values, when each was read, and when the state was said."""

    site: str
    values: dict[str, float] = field(default_factory=dict)
    read_s: dict[str, int] = field(default_factory=dict)
    said_s: float = float("-inf")

    def take(self, reading: Reading) -> None:
        for name, value in reading.values.items():
            if reading.time_s < self.read_s.get(name, 0):
                continue
            before = self.values.get(name, value)
            # The decimals may become fewer once they are learnt, and a counter that steps back by that much would be a fault.
            slack = 10.0 ** -ELECTRICITY_FIELDS[name].decimals
            is_rounding = ELECTRICITY_FIELDS[name].kind == "counter" and 0 < before - value < 10 * slack
            self.values[name] = before if is_rounding else value
            self.read_s[name] = reading.time_s

    def state(self, now_s: float) -> dict[str, float]:
        """The values that hold: a counter for ever, a gauge for a minute."""
        return {
            name: value
            for name, value in self.values.items()
            if ELECTRICITY_FIELDS[name].kind == "counter" or now_s - self.read_s[name] < EXPIRE_AFTER_S
        }


class Relay:
    """Hands readings to a broker.

    Args:
        broker: takes the messages.
        manner: which.
        now: seconds since 1970.
    """

    def __init__(self, broker: Sender, manner: Manner, now: Callable[[], float] = time.time) -> None:
        self._broker, self._manner, self._now = broker, manner, now
        self._decimals = Decimals()
        self._meters: dict[str, _Meter] = {}
        self._meter_ids: dict[str, str] = {}
        # Telegraf's thread takes readings while the broker's asks for everything anew.
        self._lock = threading.Lock()

    def take(self, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Publish all of ``metrics``, as Telegraf writes them in JSON.

        Raises:
            NotDeliveredError: not all of it is known to have arrived; the same is to be brought again.
        """
        with self._lock:
            readings = list(self._readings(metrics))
            self._broker.deliver([each for reading in readings for each in self._messages(reading)], DELIVERED_WITHIN_S)
            for reading in readings:
                self._keep(reading)

    def say_anew(self) -> None:
        """What somebody who was away has to know: the meters, and the newest of their values."""
        with self._lock:
            for name, meter in self._meters.items():
                self._tell(name, meter)
                self._say_state(name, meter)

    def _readings(self, metrics: Sequence[Mapping[str, Any]]) -> Iterator[Reading]:
        for metric in metrics:
            tags, values = metric.get("tags", {}), metric["fields"]
            if metric["name"] == RUN_INFO and "meter_id" in values:
                self._meter_ids = {str(values.get("id", "")): str(values["meter_id"])}
            meter = tags.get("meter", "")
            if metric["name"] != ELECTRICITY or not meter:
                continue
            # A batch that is refused comes again, so what is odd in it is left out.
            known = {
                name: float(value)
                for name, value in values.items()
                if name in ELECTRICITY_FIELDS and isinstance(value, int | float)
            }
            shown = {name: self._decimals.shown(meter, name, value) for name, value in sorted(known.items())}
            if shown:
                yield Reading(int(metric["timestamp"]), dict(tags), shown)

    def _messages(self, reading: Reading) -> Iterator[tuple[str, str]]:
        yield self._manner.topics.readings(reading.meter), to_json(reading)
        if self._manner.has_old_topics:
            known = self._meters.get(reading.meter)
            energies = {**(known.values if known else {}), **reading.values}
            meter_id = self._meter_ids.get(reading.tags.get("run_id", ""), "")
            yield from old_messages(reading, energies, meter_id).items()

    def _keep(self, reading: Reading) -> None:
        """What is old when it comes, behind an outage, is no state any more."""
        if reading.meter not in self._meters and len(self._meters) >= MOST_METERS:
            return
        meter = self._meters.setdefault(reading.meter, _Meter(reading.tags.get("site", "")))
        known = set(meter.values)
        meter.take(reading)
        if set(meter.values) != known:
            self._tell(reading.meter, meter)
        now_s = self._now()
        if now_s - reading.time_s < EXPIRE_AFTER_S and now_s - meter.said_s >= self._manner.interval_s:
            self._say_state(reading.meter, meter)
            meter.said_s = now_s

    def _tell(self, name: str, meter: _Meter) -> None:
        if self._manner.is_discovered:
            text = discovery(meter.site, name, meter.values, self._manner.topics)
            self._broker.say(discovery_topic(meter.site, name), text, retain=True)

    def _say_state(self, name: str, meter: _Meter) -> None:
        if state := meter.state(self._now()):
            self._broker.say(self._manner.topics.state(name), to_state(state))
