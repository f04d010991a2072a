"""``wattline demo``: a simulated house, read by the real ``wattline run``, without hardware and without a server."""

import argparse
import math
import signal
import time
from datetime import UTC, datetime

from wattline.demo.moment import liveliest_s
from wattline.options import one_of, whole_number
from wattline.simulate import Scenario, Simulator
from wattline.simulate.electricity import LOADS
from wattline.stop import Stop
from wattline.watch import plain
from wattline.watch.feed import Feed
from wattline.watch.look import Look
from wattline.watch.show import parse_seconds, show
from wattline.watch.state import State
from wattline.words import EXAMPLE as METER
from wattline.words import parse_meters

SUMMARY = "shows a simulated house being metered: no hardware, no server"
EXAMPLE = "wattline demo --seconds 60"
ERROR_PREFIX = "wattline: "

VIEWER = "the demo"
FAREWELL = 'A real meter is next: README.md, "Meter a real meter".'
NAMES = {"energy_total_t2_kwh": "by day", "energy_total_t3_kwh": "by night"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--plain", action="store_true", help="print the line protocol that Telegraf would get")
    parser.add_argument(
        "--seconds", metavar="N", type=parse_seconds, default=math.inf, help="end by itself after N seconds"
    )
    parser.add_argument("--seed", metavar="N", type=whole_number, default=1, help="which house (default: %(default)s)")
    parser.add_argument(
        "--load", choices=LOADS, type=one_of(LOADS), default="house", help="what it draws (default: %(default)s)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Show until Ctrl-C or the end of the seconds; returns 0.

    Raises:
        WattlineError: the reader ended on its own.
    """
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    meters = parse_meters([METER])
    local_s = float(liveliest_s(arguments.seed)) if arguments.load == "house" else 0.0
    with Simulator(meters, Scenario(arguments.load, arguments.seed), local_s=local_s) as simulator:
        words = [simulator.port, METER]
        if arguments.plain:
            with Feed(words, stop, plain.say, VIEWER) as feed:
                plain.show_lines(feed.lines(time.monotonic() + arguments.seconds))
        else:
            offset_s = local_s - time.time() if arguments.load == "house" else None
            show(words, State.of(meters, simulator.port), stop, arguments.seconds, look(offset_s))
    return 0


def look(house_offset_s: float | None) -> Look:
    """How the house is shown; ``house_offset_s`` is from the wall clock to its time, None where that means nothing."""

    def in_house(second: int) -> str:
        if house_offset_s is None:
            return ""
        return f", in the house {datetime.fromtimestamp(second + house_offset_s, UTC):%H:%M}"

    return Look(VIEWER, "a simulated house, metered every second", FAREWELL, NAMES, in_house)
