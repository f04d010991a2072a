"""One reading of each meter on a bus, as a person asks for it by hand."""

import time
from collections.abc import Callable, Mapping, Sequence

from wattline import fields
from wattline.bus.device import open_by_hand
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.session import Session
from wattline.clock import NS, Slot
from wattline.meters import Block
from wattline.overheard import refusing_sticks
from wattline.plan import is_slow
from wattline.plausibility import Judge
from wattline.reading import Point
from wattline.stop import Stop
from wattline.words import Meter

# The time for each sweep. A meter that answers needs less than one second at 9600 baud and three at 1200; what it left
# out is asked for again in another sweep, as long as each brings something.
SWEEP_S = 3.0
# Two questions in vain end a sweep, which on a bad line may be chance.
SWEEPS_IN_VAIN = 2
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


def read_meters(meters: Sequence[Meter], port_name: str, stop: Stop) -> tuple[list[Point], str]:
    """What each meter says, and a complaint about those that said nothing; empty where all did.

    Raises:
        WordError: a stick speaks on the port.
        PortError: the port cannot be opened, or was lost.
        Stopped: the process was asked to end.
    """
    port = Port(port_name, stop, refusing_sticks(open_by_hand))
    modbus = Modbus(port)
    sessions = [Session(meter, modbus) for meter in meters]
    try:
        readings = {session.meter.name: _read(session) for session in sessions}
    finally:
        port.close()
    points = [point for point in readings.values() if point]
    counts = {session.meter.name: session.report() for session in sessions if not readings[session.meter.name]}
    more = "; `--log-level warning` tells more"
    return points, advice(counts, port_name, more, others_answered=bool(points))


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
    """What the parts that are wanted say, in as many sweeps as bring something, or may after a cut; two in vain are the end."""
    values: dict[str, float] = {}
    done: set[Block] = set()
    came_s, in_vain = time.monotonic(), 0
    while in_vain < SWEEPS_IN_VAIN:
        missing = [part for part in session.parts.values() if is_wanted(part) and part not in done]
        if not missing:
            break
        now_s = time.monotonic()
        session.sweep(missing, Slot(time_ns, now_s, now_s + SWEEP_S))
        for decoded in session.decoded.values():
            values |= decoded.values
        done |= {part for part in missing if part.address in session.decoded}
        in_vain += not session.was_heard
        if session.decoded:
            came_s = now_s
        elif now_s - came_s > PATIENCE_S or (session.was_heard and not session.failures.in_question):
            break
    return values


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
