"""``wattline read``: one reading by hand, with the words that Telegraf's configuration has."""

import argparse
import json
import signal
import time
from datetime import UTC, datetime

from wattline import fields, log
from wattline.bus.bus import Bus
from wattline.bus.port import Port
from wattline.clock import NS, Slot
from wattline.errors import ReadError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.line import to_line
from wattline.reading import Point
from wattline.stop import Stop, Stopped
from wattline.words import Meter, check_port, parse_meters

SUMMARY = "reads each meter once and shows what it says"
EXAMPLE = "wattline read /dev/ttyUSB0 house=orno-we515@1"
ERROR_PREFIX = "wattline: "

# Time for every block of a meter at 1200 baud, once more, and for a meter that answers late.
SWEEP_S = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument(
        "port", metavar="PORT", help="a device such as /dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT"
    )
    parser.add_argument(
        "meters", metavar="METER", nargs="+", help="NAME=MODEL@ADDRESS[,baud=...][,parity=N|E|O][,stop=1|2][,role=...]"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--lines", action="store_true", help="line protocol, as `wattline run` writes it")
    parser.add_argument("--log-level", default="error", choices=log.LEVELS, help="(default: %(default)s)")


def execute(arguments: argparse.Namespace) -> int:
    """Read and print; returns 0, or 1 when a meter said nothing.

    Raises:
        WordError: the words are wrong.
        PortError: the port cannot be opened, or was lost.
        ReadError: no meter said anything.
    """
    meters = parse_meters(arguments.meters)
    check_port(arguments.port)
    log.start(arguments.log_level)
    stop = Stop()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    bus = Bus(Port(arguments.port, stop), meters, interval_s=1)
    try:
        points = _points(bus, SWEEP_S * len(meters))
    except Stopped:
        return 1
    finally:
        bus.close()
    if arguments.lines:
        print("".join(f"{to_line(point)}\n" for point in points), end="")
    elif points or arguments.json:
        show = _as_json if arguments.json else _as_table
        print(show(points, meters))
    silent = [meter.name for meter in meters if meter.name not in {point.tags["meter"] for point in points}]
    if silent:
        raise ReadError(_advice(silent, arguments.port))
    return 0


def _points(bus: Bus, sweep_s: float) -> list[Point]:
    now_s = time.monotonic()
    second = time.time_ns() // NS
    bus.open()
    return bus.poll(Slot(second * NS, now_s, now_s + sweep_s))


def _decimals(meters: list[Meter]) -> dict[str, dict[str, int]]:
    """Meter to field to the decimals that its display has: what a value is rounded to for people."""
    return {meter.name: {row.field: row.decimals for row in meter.model.rows} for meter in meters}


def _as_table(points: list[Point], meters: list[Meter]) -> str:
    decimals = _decimals(meters)
    width = max(len(name) for name in fields.ELECTRICITY_FIELDS)
    blocks = []
    for point in points:
        name = point.tags["meter"]
        rows = [
            f"  {field:{width}}  {point.fields[field]:12.{decimals[name][field]}f} {ELECTRICITY_FIELDS[field].unit}".rstrip()
            for field in ELECTRICITY_FIELDS
            if field in point.fields
        ]
        blocks.append("\n".join([name, *rows]))
    return "\n\n".join(blocks)


def _as_json(points: list[Point], meters: list[Meter]) -> str:
    decimals = _decimals(meters)
    readings = [
        {
            "meter": point.tags["meter"],
            "role": point.tags["role"],
            "time": datetime.fromtimestamp(point.time_ns // NS, UTC).isoformat(),
            "values": {
                field: round(value, decimals[point.tags["meter"]][field]) for field, value in point.fields.items()
            },
        }
        for point in points
    ]
    return json.dumps(readings, indent=2)


def _advice(silent: list[str], port: str) -> str:
    return (
        f"{' and '.join(silent)} did not answer on {port}: check that A and B are not swapped, the address and the "
        "serial settings that the meter shows, and that nothing else reads the port; `--log-level warning` tells more."
    )
