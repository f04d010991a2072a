"""The connection to the broker: it comes back by itself, and says on its own whether wattline is there."""

import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from wattline.log import LOG
from wattline.mqtt.address import Address
from wattline.mqtt.discovery import BIRTH_TOPIC, KEPT_TOPICS, OFFLINE, ONLINE
from wattline.mqtt.relay import NotConfirmedError, NotDeliveredError

# A broker that hangs is noticed after one and a half of it.
KEEP_ALIVE_S = 15
LONGEST_BACK_OFF_S = 30
# Messages that may wait for a broker that hangs. What is more is refused, and stays with Telegraf.
MOST_WAITING = 2000
AT_LEAST_ONCE = 1

Message = tuple[str, str]
"""Topic and text."""


class Broker:
    """A client that connects by itself, as often as it takes.

    Args:
        address: of the broker.
        password: of the user.
        status_topic: retained: ``online``, or ``offline`` as its last will.
    """

    def __init__(self, address: Address, password: str, status_topic: str) -> None:
        self._address, self._status = address, status_topic
        self._on_birth: Callable[[], None] = lambda: None
        self._on_kept: Callable[[str, str], None] = lambda _topic, _text: None
        self._is_refused = False
        # Without an id of its own the broker gives one, so that two houses never throw each other out.
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.will_set(status_topic, OFFLINE, AT_LEAST_ONCE, retain=True)
        self._client.reconnect_delay_set(1, LONGEST_BACK_OFF_S)
        self._client.max_queued_messages_set(MOST_WAITING)
        if address.user:
            self._client.username_pw_set(address.user, password)
        if address.is_encrypted:
            self._client.tls_set_context(ssl.create_default_context())
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_connect_fail = self._absent
        self._client.on_message = self._heard

    def start(self, on_birth: Callable[[], None], on_kept: Callable[[str, str], None]) -> None:
        """Connect, now or later, in a thread of its own.

        Args:
            on_birth: says anew what the broker, or Home Assistant, has missed.
            on_kept: hears topic and text of what the broker has kept of devices.
        """
        self._on_birth, self._on_kept = on_birth, on_kept
        self._client.connect_async(self._address.host, self._address.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Say that wattline is not there, and leave."""
        if self._client.is_connected():
            self.say(self._status, OFFLINE, retain=True).wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there, as far as is known."""
        return self._client.is_connected()

    def state(self) -> str:
        """How it stands, in a sentence for the person who asks systemd; the playbook looks at its first word."""
        how = "Connected to" if self.is_connected else "Waits for"
        return f"{how} the broker at {self._address.host}, port {self._address.port}."

    def say(self, topic: str, text: str, *, retain: bool = False) -> paho.MQTTMessageInfo:
        """Send a message, without waiting for it to arrive."""
        return self._client.publish(topic, text, AT_LEAST_ONCE, retain)

    def deliver(self, messages: Sequence[Message], within_s: float) -> None:
        """Send ``messages`` in their order and wait until the broker has them.

        Raises:
            NotDeliveredError: there is no connection; nothing was sent.
            NotConfirmedError: it has not said so ``within_s`` seconds; it may have some of them.
        """
        if not self.is_connected:
            raise NotDeliveredError(f"There is no connection to the broker at {self._address.host}.")
        deadline = time.monotonic() + within_s
        sent = [self.say(topic, text) for topic, text in messages]
        try:
            for message in sent:
                message.wait_for_publish(max(0.0, deadline - time.monotonic()))
            is_there = all(message.is_published() for message in sent)
        except (ValueError, RuntimeError):
            # Too many wait already, or the connection went.
            is_there = False
        if not is_there:
            raise NotConfirmedError(f"The broker at {self._address.host} has not confirmed all messages.")

    def _connected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._is_refused = reason.is_failure
        if self._is_refused:
            LOG.error("The broker at %s refuses the connection: %s.", self._address.host, reason)
            return
        LOG.info("Connected to the broker at %s.", self._address.host)
        # What is kept comes before the first reading is confirmed, and so before a meter is told anew.
        self._client.subscribe([(KEPT_TOPICS, AT_LEAST_ONCE), (BIRTH_TOPIC, AT_LEAST_ONCE)])
        self.say(self._status, ONLINE, retain=True)
        self._on_birth()

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        # One that was refused never was.
        if reason.is_failure and not self._is_refused:
            LOG.warning("The connection to the broker at %s is lost: %s.", self._address.host, reason)

    def _absent(self, _client: paho.Client, _data: Any) -> None:
        LOG.warning("There is no broker at %s, port %d; it is tried again.", self._address.host, self._address.port)

    def _heard(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if message.topic != BIRTH_TOPIC:
            if message.retain:
                self._on_kept(message.topic, message.payload.decode(errors="replace"))
        elif message.payload == ONLINE.encode():
            LOG.info("Home Assistant has come up, and is told about the meters anew.")
            self._on_birth()
