"""From a batch of what Telegraf hands on to messages for the broker."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wattline.errors import WattlineError
from wattline.fields import ELECTRICITY, ELECTRICITY_FIELDS, RUN_INFO
from wattline.mqtt import contract
from wattline.mqtt.contract import Total, totals
from wattline.mqtt.decimals import Decimals
from wattline.mqtt.discovery import Topics, discovery, discovery_topic
from wattline.mqtt.messages import Reading, old_messages, to_json, to_state
from wattline.mqtt.meter import Meter

DELIVERED_WITHIN_S = 8.0
# Behind so many meters a house has not that many, but somebody who posts nonsense.
MOST_METERS = 1000


class NotDeliveredError(WattlineError):
    """The broker has not said that it has a message."""


class NotConfirmedError(NotDeliveredError):
    """It was sent, and may have arrived, or arrive yet."""


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
        self._meters: dict[str, Meter] = {}
        self._meter_ids: dict[str, str] = {}
        self._remembered: dict[str, frozenset[str]] = {}
        self._totals: dict[tuple[str, str], Total] = {}
        # Telegraf's thread takes readings while the broker's asks for everything anew. The broker's never waits for the lock,
        # since the other may wait for the broker meanwhile.
        self._lock = threading.Lock()
        self._is_asked_anew = False

    def take(self, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Publish all of ``metrics``, as Telegraf writes them in JSON.

        Raises:
            NotDeliveredError: not all of it is known to have arrived; the same is to be brought again.
        """
        with self._lock:
            readings, costs = list(self._readings(metrics)), list(self._not_over(list(totals(metrics))))
            for total in {total.key: total for total in costs}.values():
                self._tell_cost(total)
            said = [(self._manner.topics.contract(total.contract), contract.state(total)) for total in costs]
            try:
                self._broker.deliver([*self._messages(readings), *said], DELIVERED_WITHIN_S)
            except NotConfirmedError:
                self._keep_totals(costs)
                raise
            self._keep_totals(costs)
            for reading in readings:
                self._keep(reading)
            self._say_all_if_asked()

    def say_anew(self) -> None:
        """What somebody who was away has to know: the meters, and the newest of their values; now, or behind a batch."""
        self._is_asked_anew = True
        if self._lock.acquire(blocking=False):
            try:
                self._say_all_if_asked()
            finally:
                self._lock.release()

    def remember(self, topic: str, text: str) -> None:
        """What the broker has kept of a discovery since before the start: no field of it is taken away again.

        A stick tells its energies every few minutes, and a Home Assistant that starts meanwhile would have lost them.
        """
        try:
            names = frozenset(name for name in json.loads(text)["components"] if name in ELECTRICITY_FIELDS)
        except (ValueError, KeyError, TypeError):
            return
        if len(self._remembered) < MOST_METERS:
            self._remembered[topic] = names

    def _say_all_if_asked(self) -> None:
        if not self._is_asked_anew:
            return
        self._is_asked_anew = False
        for name, meter in self._meters.items():
            self._tell(name, meter)
            self._say_state(name, meter)
        for total in self._totals.values():
            self._tell_cost(total, is_anew=True)
            self._broker.say(self._manner.topics.contract(total.contract), contract.state(total))

    def _not_over(self, costs: Sequence[Total]) -> Iterator[Total]:
        """Those of ``costs`` but the ends of days behind which a later one was said before, as when a batch comes again.

        Home Assistant would add such a day a second time. The newest of a contract always counts.
        """
        newest = {total.key: total for total in costs}
        for total in costs:
            said = self._totals.get(total.key)
            if said is None or total is newest[total.key] or total.since_s >= said.since_s:
                yield total

    def _keep_totals(self, costs: Iterable[Total]) -> None:
        """What is said anew to who was away; what was never sent is not, lest a day begin before the one before it has its end."""
        for total in costs:
            if total.key in self._totals or len(self._totals) < MOST_METERS:
                self._totals[total.key] = total

    def _tell_cost(self, total: Total, *, is_anew: bool = False) -> None:
        """Tell Home Assistant of a contract, where it is a new one."""
        told = self._totals.get(total.key)
        if told is None and len(self._totals) >= MOST_METERS:
            return
        is_new = told is None or (told.direction, told.currency) != (total.direction, total.currency)
        if self._manner.is_discovered and (is_new or is_anew):
            topics = self._manner.topics
            self._broker.say(contract.config_topic(total, topics), contract.discovery(total, topics), retain=True)

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
                if name in ELECTRICITY_FIELDS and isinstance(value, int | float) and math.isfinite(value)
            }
            if known:
                shown = self._decimals.shown(meter, dict(sorted(known.items())))
                yield Reading(int(metric["timestamp"]), dict(tags), shown)

    def _messages(self, readings: Sequence[Reading]) -> Iterator[tuple[str, str]]:
        newest: dict[str, dict[str, float]] = {}
        for reading in readings:
            yield self._manner.topics.readings(reading.meter), to_json(reading)
            if not self._manner.has_old_topics:
                continue
            if reading.meter not in newest:
                known = self._meters.get(reading.meter)
                newest[reading.meter] = dict(known.values) if known else {}
            newest[reading.meter] |= reading.values
            meter_id = self._meter_ids.get(reading.tags.get("run_id", ""), "")
            yield from old_messages(reading, newest[reading.meter], meter_id).items()

    def _keep(self, reading: Reading) -> None:
        """What is old when it comes, behind an outage, is no state any more."""
        if reading.meter not in self._meters and len(self._meters) >= MOST_METERS:
            return
        meter = self._meters.setdefault(reading.meter, Meter(reading.tags.get("site", "")))
        now_s = self._now()
        is_now = meter.take(reading, now_s)
        if self._names(reading.meter, meter) != meter.told:
            self._tell(reading.meter, meter)
        if is_now and now_s - meter.said_s >= self._manner.interval_s:
            self._say_state(reading.meter, meter)
            meter.said_s = now_s

    def _names(self, name: str, meter: Meter) -> frozenset[str]:
        return self._remembered.get(self._config_topic(name, meter), frozenset()) | meter.values.keys()

    def _config_topic(self, name: str, meter: Meter) -> str:
        return discovery_topic(meter.site, name, self._manner.topics)

    def _tell(self, name: str, meter: Meter) -> None:
        meter.told = self._names(name, meter)
        if self._manner.is_discovered:
            text = discovery(meter.site, name, meter.told, self._manner.topics)
            self._broker.say(self._config_topic(name, meter), text, retain=True)

    def _say_state(self, name: str, meter: Meter) -> None:
        if state := meter.state(self._now()):
            self._broker.say(self._manner.topics.state(name), to_state(state))
