"""``wattline rainforest``: a stick by hand, and recordings of one."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from wattline.bus.device import open_by_hand
from wattline.errors import HistoryError, PortError, WordError
from wattline.line import to_line
from wattline.options import one_of
from wattline.ports import AUTO, PORTS, check_port
from wattline.rainforest.console import HELP, converse
from wattline.rainforest.find import sticks, usb_ports
from wattline.rainforest.interpreter import Interpreter
from wattline.rainforest.models import STICKS
from wattline.rainforest.port import open_stream
from wattline.rainforest.replay import replay
from wattline.rainforest.words import EXAMPLE as METER
from wattline.rainforest.words import parse_stick_meters
from wattline.stop import Stop

SUMMARY = "talks with a Rainforest stick by hand, or reads a recording of one"
EXAMPLE = "wattline rainforest console /dev/ttyUSB0"
ERROR_PREFIX = "wattline: "

CONSOLE, REPLAY = "console", "replay"
CHUNK_BYTES = 65_536

_DESCRIPTION = f"""\
{SUMMARY}

console sends the commands that it is given on standard input, one a line, and
shows what the stick says, its keys masked; `help` lists the commands, and there
are none but those that ask. The port must be free: stop Telegraf first.
replay prints a recording, as `wattline run --record` makes it, as line protocol.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.description = _DESCRIPTION
    actions = (CONSOLE, REPLAY)
    parser.add_argument("action", metavar="ACTION", type=one_of(actions), help=f"{' or '.join(actions)}")
    parser.add_argument(
        "where",
        metavar="PORT|FILE",
        nargs="?",
        default=AUTO,
        help=f"{PORTS}, or auto (default: auto); of replay the file",
    )
    parser.add_argument(
        "meters", metavar="METER", nargs="*", help=f"of replay: NAME=MODEL[,role=...][,mac=...] (default: {METER})"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Converse or print; returns 0.

    Raises:
        WordError: the words are wrong.
        PortError: there is no stick, or it was lost.
        HistoryError: the recording cannot be read.
    """
    if arguments.action == REPLAY:
        return _replay(arguments)
    if arguments.meters:
        raise WordError(f"The console takes no meter, and {arguments.meters[0]!r} was given; leave it away.")
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    name = _found() if arguments.where == AUTO else _checked(arguments.where)
    with closing(open_stream(name, open_by_hand)) as port:
        if sys.stdin.isatty():
            print(f"The stick on {name}: `{HELP}` lists the commands, Ctrl-D ends.", flush=True)
        converse(port, stop)
    return 0


def _checked(port: str) -> str:
    check_port(port)
    return port


def _found() -> str:
    ports = usb_ports()
    found = [port for model in STICKS.values() for port in sticks(model, ports)]
    if not found:
        raise PortError("No Rainforest stick is plugged in; `ls -l /dev/serial/by-id/` shows what is.")
    return found[0].device


def _replay(arguments: argparse.Namespace) -> int:
    if arguments.where == AUTO:
        raise WordError("The recording is missing; name its file, as in `wattline rainforest replay FILE`.")
    interpreter = Interpreter(parse_stick_meters(arguments.meters or [METER]))
    path = Path(arguments.where)
    try:
        with path.open("rb") as file:
            changed_s = int(path.stat().st_mtime)
            for point in replay(_pieces(file), interpreter, changed_s):
                print(to_line(point))
    except OSError as error:
        raise HistoryError(f"The recording {str(path)!r} cannot be read: {error.strerror}.") from error
    return 0


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK_BYTES):
        yield piece
