"""``wattline read``: one reading by hand, with the words that Telegraf's configuration has."""

import argparse
import json
import signal
from collections.abc import Sequence
from datetime import UTC, datetime

from wattline import log
from wattline.clock import NS
from wattline.errors import ReadError
from wattline.fields import ELECTRICITY, ELECTRICITY_FIELDS
from wattline.line import to_line
from wattline.options import one_of
from wattline.reading import Point
from wattline.stop import Stop, Stopped
from wattline.systems import Metered, system_of
from wattline.words import add_port_and_meters

SUMMARY = "reads each meter once and shows what it says"
EXAMPLE = "wattline read /dev/ttyUSB0 house=orno-we515@1"
ERROR_PREFIX = "wattline: "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    add_port_and_meters(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, for programs")
    form.add_argument("--lines", action="store_true", help="print line protocol, as `wattline run` writes it")
    parser.add_argument(
        "--log-level",
        default="error",
        choices=log.LEVELS,
        type=one_of(log.LEVELS),
        help="what is told on stderr (default: %(default)s)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Read and print; returns 0, or 1 when a meter said nothing.

    Raises:
        WordError: the words are wrong.
        PortError: the port cannot be opened, or was lost.
        ReadError: a meter said nothing; what the others said is printed.
    """
    system = system_of(arguments)
    system.check(arguments.port)
    log.start(arguments.log_level)
    stop = Stop()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        points, complaint = system.read(arguments.port, stop)
    except Stopped:
        return 1
    if arguments.lines:
        print("".join(f"{to_line(point)}\n" for point in points), end="")
    elif points or arguments.json:
        show = _as_json if arguments.json else _as_table
        print(show([point for point in points if point.measurement == ELECTRICITY], system.meters))
    if complaint:
        raise ReadError(complaint)
    return 0


def _decimals(meters: Sequence[Metered]) -> dict[str, dict[str, int]]:
    """Meter to field to the decimals that its display has: what a value is rounded to for people."""
    return {meter.name: {row.field: row.decimals for row in meter.model.rows} for meter in meters}


def _as_table(points: list[Point], meters: Sequence[Metered]) -> str:
    """One block for each meter; what it has and did not say is a dash."""
    decimals = _decimals(meters)
    width = max(len(field) for meter in meters for field in decimals[meter.name])
    blocks = []
    for point in points:
        name = point.tags["meter"]
        rows = [
            f"  {field:{width}}  {_number(point, field, decimals[name][field]):>12} {ELECTRICITY_FIELDS[field].unit}".rstrip()
            for field in ELECTRICITY_FIELDS
            if field in decimals[name]
        ]
        blocks.append("\n".join([name, *rows]))
    return "\n\n".join(blocks)


def _number(point: Point, field: str, decimals: int) -> str:
    return f"{point.numbers[field]:.{decimals}f}" if field in point.numbers else "-"


def _as_json(points: list[Point], meters: Sequence[Metered]) -> str:
    decimals = _decimals(meters)
    readings = [
        {
            "meter": point.tags["meter"],
            "role": point.tags["role"],
            "time": datetime.fromtimestamp(point.time_ns // NS, UTC).isoformat(),
            "values": {
                field: round(value, decimals[point.tags["meter"]][field]) for field, value in point.numbers.items()
            },
        }
        for point in points
    ]
    return json.dumps(readings, indent=2)
