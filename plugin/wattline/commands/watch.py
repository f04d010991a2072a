"""``wattline watch``: the meters of one port live in the terminal, read by the real ``wattline run``."""

import argparse
import math
import signal

from wattline.bus.device import open_by_hand
from wattline.bus.port import Port
from wattline.ports import AUTO
from wattline.stop import Stop
from wattline.systems import system_of
from wattline.watch.look import Look
from wattline.watch.show import parse_seconds, show
from wattline.watch.state import State
from wattline.words import add_port_and_meters, meter_file_words, parse_interval

SUMMARY = "shows meters live in the terminal, and how their bus is doing"
EXAMPLE = "wattline watch /dev/ttyUSB0 house=orno-we515@1"
ERROR_PREFIX = "wattline: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    add_port_and_meters(parser)
    parser.add_argument(
        "--interval", default="1s", metavar="TIME", help="from reading to reading, 1s to 1h (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", metavar="N", type=parse_seconds, default=math.inf, help="end by itself after N seconds"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Show until Ctrl-C or the end of the seconds; returns 0.

    Raises:
        WordError: the words are wrong.
        PortError: the port cannot be opened.
        WattlineError: the reader ended on its own.
    """
    interval_s = parse_interval(arguments.interval)
    system = system_of(arguments)
    system.check(arguments.port, interval_s)
    meters = system.meters
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _refuse_if_used(arguments.port, stop)
    state = State.of(meters, arguments.port, interval_s)
    look = Look("the watch", f"{len(meters)} {'meter' if len(meters) == 1 else 'meters'} on {arguments.port}")
    words = [*meter_file_words(arguments), arguments.port, *arguments.meters, "--interval", arguments.interval]
    show(words, state, stop, arguments.seconds, look)
    return 0


def _refuse_if_used(name: str, stop: Stop) -> None:
    """Open a device once, since the reader would wait for one that another process has; a gateway takes more than one."""
    if "://" in name or name == AUTO:
        return
    port = Port(name, stop, open_by_hand)
    port.open()
    port.close()
