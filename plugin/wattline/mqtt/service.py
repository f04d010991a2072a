"""`wattline mqtt` as a whole: from Telegraf to the broker."""

import threading

from wattline import log
from wattline.mqtt.address import Address
from wattline.mqtt.broker import Broker
from wattline.mqtt.intake import Intake
from wattline.mqtt.relay import Manner, Relay
from wattline.stop import Stop


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
    with Intake(*listen, relay.take) as intake:
        broker.start(relay.say_anew, relay.remember)
        threading.Thread(target=intake.serve_forever, daemon=True).start()
        while not stop.wait(1.0):
            log.catch_up()
        intake.shutdown()
        broker.stop()
