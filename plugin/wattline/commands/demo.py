"""``wattline demo``: a simulated house, read by the real ``wattline run``, without hardware and without a server."""

import argparse
import math
import os
import signal
import sys
import time
from importlib.util import find_spec

from wattline.demo import plain
from wattline.demo.feed import Feed
from wattline.demo.moment import liveliest_s
from wattline.demo.state import State
from wattline.options import one_of, whole_number
from wattline.simulate import Scenario, Simulator
from wattline.simulate.electricity import LOADS
from wattline.stop import Stop
from wattline.words import EXAMPLE as METER
from wattline.words import parse_meters

SUMMARY = "shows a simulated house being metered: no hardware, no server"
EXAMPLE = "wattline demo --seconds 60"
ERROR_PREFIX = "wattline: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("--plain", action="store_true", help="print the line protocol that Telegraf would get")
    parser.add_argument("--seconds", metavar="N", type=_seconds, default=math.inf, help="end by itself after N seconds")
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
        state = State(meters[0], simulator.port)
        if arguments.load == "house":
            state.house_offset_s = local_s - time.time()
        try:
            _show(arguments, state, stop)
        except BrokenPipeError:
            # Whoever read it has seen enough. Python would complain once more when it flushes at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _show(arguments: argparse.Namespace, state: State, stop: Stop) -> None:
    is_live = not arguments.plain and _can_draw()
    with Feed(state.port, METER, stop, state.complain if is_live else plain.say) as feed:
        lines = feed.lines(time.monotonic() + arguments.seconds)
        if arguments.plain:
            plain.show_lines(lines)
        elif is_live:
            # Drawn with rich, which only the extra `tui` brings.
            from wattline.demo import view  # noqa: PLC0415

            view.show(lines, state)
        else:
            plain.show_rows(lines, state)


def _can_draw() -> bool:
    """Whether there is a terminal that can show the picture, and rich to draw it with."""
    is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return is_terminal and sys.stdout.encoding.lower().startswith("utf") and find_spec("rich") is not None


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of seconds, at least 1")
    return int(text)
