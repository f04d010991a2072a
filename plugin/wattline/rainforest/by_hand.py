"""One reading of a stick, as a person asks for it by hand."""

import time
from collections.abc import Sequence

from wattline.bus.device import open_by_hand
from wattline.clock import NS, Slot
from wattline.rainforest.models import StickMeter
from wattline.rainforest.port import StickPort
from wattline.rainforest.stick import Stick
from wattline.reading import Point
from wattline.stop import Stop, Stopped

# A stick answers at once what it has; a demand comes from the meter within half a minute.
LONGEST_S = 40.0
# When the power is there, so long the energy is waited for, which the stick may owe.
ENERGY_S = 6.0
LOOK_S = 0.1


def read_stick(meters: Sequence[StickMeter], port_name: str, stop: Stop) -> tuple[list[Point], str]:
    """What a stick says of its meters, and a complaint about those of which it said nothing.

    Raises:
        PortError: the port cannot be opened.
        Stopped: the process was asked to end.
    """
    port = StickPort(port_name, meters[0].model, open_by_hand)
    stick = Stick(port, meters)
    port.open()
    stick.ask_for_all()
    readings: dict[str, Point] = {}
    end_s = time.monotonic() + LONGEST_S
    try:
        while port.is_open and (now_s := time.monotonic()) < end_s:
            slot = Slot(time.time_ns() // NS * NS, now_s, now_s + 1)
            for point in stick.poll(slot):
                _merge(readings, point)
            whole = [meter.name in readings and "power_w" in readings[meter.name].fields for meter in meters]
            if all(whole):
                has_energy = all("energy_import_kwh" in point.fields for point in readings.values())
                end_s = now_s if has_energy else min(end_s, now_s + ENERGY_S)
            if stop.wait(LOOK_S):
                raise Stopped
    finally:
        stick.close()
    silent = [meter.name for meter in meters if meter.name not in readings]
    return [readings[meter.name] for meter in meters if meter.name in readings], _advice(silent, port_name)


def _merge(readings: dict[str, Point], point: Point) -> None:
    """Put a power and an energy of one meter together, with the later time."""
    if point.measurement != "electricity":
        return
    before = readings.get(point.tags["meter"])
    fields = {**(before.fields if before else {}), **point.fields}
    time_ns = max(before.time_ns if before else 0, point.time_ns)
    readings[point.tags["meter"]] = Point(point.measurement, point.tags, fields, time_ns, point.is_own_time)


def _advice(silent: Sequence[str], port: str) -> str:
    if not silent:
        return ""
    return (
        f"The stick on {port} said nothing of {' and '.join(silent)} in {LONGEST_S:.0f} s: check that it is joined to the "
        "meter, which its display or its lamp tells, and that nothing else reads the port; `wattline rainforest console` "
        "shows what it says."
    )
