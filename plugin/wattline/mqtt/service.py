"""`wattline mqtt` as a whole: from Telegraf to the broker."""

import os
import threading
import time

from wattline import log
from wattline.mqtt.address import Address
from wattline.mqtt.broker import Broker
from wattline.mqtt.intake import Intake
from wattline.mqtt.relay import Manner, Relay
from wattline.stop import Stop
from wattline.watchdog import Watchdog


def serve(address: Address, password: str, manner: Manner, listen: tuple[str, int], stop: Stop) -> None:
    """Publish what Telegraf brings until ``stop`` is set.

    Args:
        address: of the broker.
        password: of its user.
        manner: what is published.
        listen: host and port where Telegraf brings readings.
        stop: ends it.

    Raises:
        WattlineError: it cannot listen there.
    """
    broker = Broker(address, password, manner.topics.status)
    relay = Relay(broker, manner)
    # What waits for a broker is well: systemd is told how it stands, and that it turns.
    systemd = Watchdog(os.environ.get("NOTIFY_SOCKET", ""), lambda: 0.0, broker.state)
    with Intake(*listen, relay.take) as intake:
        broker.start(relay.say_anew, relay.remember)
        threading.Thread(target=intake.serve_forever, daemon=True).start()
        while not stop.wait(1.0):
            log.catch_up()
            systemd.turn(time.monotonic())
        intake.shutdown()
        broker.stop()
