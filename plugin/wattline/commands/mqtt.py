"""``wattline mqtt``: readings that Telegraf hands on, published for MQTT and Home Assistant."""

import argparse
import os
import signal

from wattline import log
from wattline.errors import WattlineError, WordError
from wattline.mqtt.address import parse_address
from wattline.mqtt.discovery import DEFAULT_PREFIX, Topics
from wattline.mqtt.relay import Manner
from wattline.options import one_of
from wattline.stop import Stop
from wattline.words import parse_interval

SUMMARY = "publishes readings that Telegraf hands on, for MQTT and Home Assistant"
EXAMPLE = "wattline mqtt mqtt://wattline@192.168.1.2"
ERROR_PREFIX = "wattline: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument(
        "broker",
        metavar="BROKER",
        help="mqtt://[USER@]HOST[:PORT], or mqtts://; the password is that in WATTLINE_MQTT_PASSWORD",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:8193",
        help="where Telegraf brings the readings (default: %(default)s)",
    )
    parser.add_argument(
        "--prefix",
        default=DEFAULT_PREFIX,
        help="how all topics begin; another one for each house (default: %(default)s)",
    )
    parser.add_argument(
        "--interval",
        metavar="TIME",
        default="10s",
        help="from state to state, for Home Assistant; every reading has a message anyway (default: %(default)s)",
    )
    parser.add_argument("--no-discovery", action="store_true", help="tell Home Assistant nothing about the meters")
    parser.add_argument(
        "--old-topics", action="store_true", help="publish to test_device/readings and test_device/readingsTest, too"
    )
    parser.add_argument(
        "--log-level",
        choices=log.LEVELS,
        type=one_of(log.LEVELS),
        default="info",
        help="what is logged to stderr (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Publish until SIGTERM or Ctrl-C; returns 0.

    Raises:
        WordError: the words are wrong.
        WattlineError: the extra is missing, or it cannot listen.
    """
    address = parse_address(arguments.broker)
    host, port = _place(arguments.listen)
    interval_s = parse_interval(arguments.interval)
    if not arguments.prefix.strip("/") or set(arguments.prefix) & set("+#\0"):
        raise WordError(f"The prefix {arguments.prefix!r} must be the beginning of a topic, without + and #.")
    try:
        # paho-mqtt comes with the extra `mqtt` only.
        from wattline.mqtt.service import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise WattlineError(
            f"{error.name} is not installed here; the extra mqtt brings it: in a checkout of wattline "
            "`sudo EXTRAS=mqtt plugin/install /opt/wattline-mqtt`, then `/opt/wattline-mqtt/bin/wattline mqtt`."
        ) from error
    manner = Manner(Topics(arguments.prefix.strip("/")), interval_s, not arguments.no_discovery, arguments.old_topics)
    password = os.environ.get("WATTLINE_MQTT_PASSWORD", "")
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    log.start(arguments.log_level)
    serve(address, password, manner, (host, port), stop)
    return 0


def _place(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 65536):
        raise WordError(f"--listen {text!r} must be HOST:PORT, such as 127.0.0.1:8193.")
    return host, int(port)
