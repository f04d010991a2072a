"""``wattline read``: one reading by hand, with the words that Telegraf's configuration has."""

import argparse
import json
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from wattline import fields, log
from wattline.bus.device import open_by_hand
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.session import Session
from wattline.clock import NS, Slot
from wattline.errors import ReadError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.line import to_line
from wattline.meters import Block
from wattline.options import one_of
from wattline.plan import is_slow
from wattline.plausibility import Judge
from wattline.ports import check_port
from wattline.reading import Point
from wattline.stop import Stop, Stopped
from wattline.words import Meter, add_port_and_meters, check_addresses, meters_of

SUMMARY = "reads each meter once and shows what it says"
EXAMPLE = "wattline read /dev/ttyUSB0 house=orno-we515@1"
ERROR_PREFIX = "wattline: "

# The time for each sweep. A meter that answers needs less than one second at 9600 baud and three at 1200; what it left
# out is asked for again in another sweep, as long as each brings something.
SWEEP_S = 3.0
# For so long after something came, what brings nothing is asked for again of a meter that is there, in ever smaller pieces.
PATIENCE_S = 5.0

SILENT = "did not answer"
# What a meter without a reading did, by the counters that tell it, and what to look at; the first that holds.
SIGNS = (
    (
        ("refusals", "implausible_values"),
        "answered, but not as its model does",
        "check the model and the address",
    ),
    (
        ("checksum_errors", "short_replies", "wrong_replies"),
        "was heard garbled",
        "check the serial settings that the meter shows, that each address is there once, and that nothing else reads the port",
    ),
    (
        ("requests",),
        SILENT,
        "check that A and B are not swapped, the address and the serial settings that the meter shows, and that nothing else reads the port",
    ),
)
# What to look at instead when another meter on the same pair of wires has answered.
OTHERS_DID = "others did, so check the address and the serial settings that the meter shows, its power, and A and B at its own terminals"


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
    meters = meters_of(arguments)
    check_port(arguments.port)
    check_addresses(meters, arguments.port)
    log.start(arguments.log_level)
    stop = Stop()
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    port = Port(arguments.port, stop, open_by_hand)
    modbus = Modbus(port)
    sessions = [Session(meter, modbus) for meter in meters]
    try:
        readings = {session.meter.name: _read(session) for session in sessions}
    except Stopped:
        return 1
    finally:
        port.close()
    points = [point for point in readings.values() if point]
    if arguments.lines:
        print("".join(f"{to_line(point)}\n" for point in points), end="")
    elif points or arguments.json:
        show = _as_json if arguments.json else _as_table
        print(show(points, meters))
    silent = [session for session in sessions if not readings[session.meter.name]]
    if silent:
        counts = {session.meter.name: session.report() for session in silent}
        more = "; `--log-level warning` tells more"
        raise ReadError(advice(counts, arguments.port, more, others_answered=bool(points)))
    return 0


def _read(session: Session) -> Point | None:
    """What one meter says, if it says anything. A counter is believed when it says the same twice."""
    meter, time_ns = session.meter, time.time_ns() // NS * NS
    judge = Judge(meter.model)
    said = _sweep(session, lambda _part: True, time_ns)
    values = judge.judge(said, time.monotonic()).values
    if said:
        again = _sweep(session, lambda part: is_slow(meter.model, part), time_ns)
        values |= judge.judge(again, time.monotonic()).values
    tags = {"meter": meter.name, "role": meter.role}
    return Point(fields.ELECTRICITY, tags, values, time_ns) if values else None


def _sweep(session: Session, is_wanted: Callable[[Block], bool], time_ns: int) -> dict[str, float]:
    """What the parts that are wanted say, in as many sweeps as bring something, or may after a cut."""
    values: dict[str, float] = {}
    done: set[Block] = set()
    came_s = time.monotonic()
    while missing := [part for part in session.parts.values() if is_wanted(part) and part not in done]:
        now_s = time.monotonic()
        session.sweep(missing, Slot(time_ns, now_s, now_s + SWEEP_S))
        for decoded in session.decoded.values():
            values |= decoded.values
        done |= {part for part in missing if part.address in session.decoded}
        if session.decoded:
            came_s = now_s
        elif not session.failures.in_question or now_s - came_s > PATIENCE_S:
            break
    return values


def _decimals(meters: list[Meter]) -> dict[str, dict[str, int]]:
    """Meter to field to the decimals that its display has: what a value is rounded to for people."""
    return {meter.name: {row.field: row.decimals for row in meter.model.rows} for meter in meters}


def _as_table(points: list[Point], meters: list[Meter]) -> str:
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
    return f"{point.fields[field]:.{decimals}f}" if field in point.fields else "-"


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


def advice(
    counts: Mapping[str, Mapping[str, float]], port: str, more: str = "", *, others_answered: bool = False
) -> str:
    """A sentence for each thing that went wrong, and what to look at.

    Args:
        counts: name of each meter without a reading to its counters; it was asked at least once.
        port: where.
        more: the end of each sentence, before its full stop.
        others_answered: whether other meters on the same wires did answer.
    """
    names: dict[tuple[str, str], list[str]] = {}
    for name, counted in counts.items():
        what, look = next((what, look) for counters, what, look in SIGNS if any(map(counted.get, counters)))
        look = OTHERS_DID if what == SILENT and others_answered else look
        names.setdefault((what, look), []).append(name)
    return " ".join(f"{' and '.join(meters)} {what} on {port}: {look}{more}." for (what, look), meters in names.items())
