"""What the demo knows of the meter and the bus, from the lines that came over the pipe and from nothing else."""

from collections import deque
from dataclasses import dataclass, field

from wattline.fields import BUS_HEALTH, ELECTRICITY, ELECTRICITY_FIELDS, METER_HEALTH
from wattline.reading import Point
from wattline.words import Meter

NS = 1_000_000_000
HISTORY_S = 300


@dataclass(slots=True)
class State:
    """The latest of everything.

    Attributes:
        meter: the meter that is shown.
        port: where it is read.
        house_offset_s: from the wall clock to the time in the house, seconds; None where the load knows no time of day.
        lines: lines that came.
        second: of the last reading, since 1970 UTC; 0 before the first.
        values: field to value as last read. Energies are read every ten seconds.
        power_w: second to watts of the last five minutes; a second that was not read is not in it.
        meter_health: the last ``wattline_meter``.
        bus_health: the last ``wattline_bus``.
        complaint: the last line of the log.
    """

    meter: Meter
    port: str
    house_offset_s: float | None = None
    lines: int = 0
    second: int = 0
    values: dict[str, float] = field(default_factory=dict)
    power_w: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=HISTORY_S))
    meter_health: dict[str, float] = field(default_factory=dict)
    bus_health: dict[str, float] = field(default_factory=dict)
    complaint: str = ""

    def take(self, line: str) -> bool:
        """Learn from one line; returns whether it was a reading of the meter."""
        point = parse_line(line)
        self.lines += 1
        if point.measurement == METER_HEALTH:
            self.meter_health = dict(point.fields)
        elif point.measurement == BUS_HEALTH:
            self.bus_health = dict(point.fields)
        elif point.measurement == ELECTRICITY:
            self._take_reading(point)
            return True
        return False

    def complain(self, line: str) -> None:
        """Remember what the log said."""
        self.complaint = line

    def text(self, name: str) -> str:
        """A value with its unit at the meter's decimals; a dash where it was never read."""
        row = next(row for row in self.meter.model.rows if row.field == name)
        number = f"{self.values[name]:.{row.decimals}f}" if name in self.values else "-"
        return f"{number} {ELECTRICITY_FIELDS[name].unit}".rstrip()

    def _take_reading(self, point: Point) -> None:
        # What was not read in this second is not shown as if it had been; only counters stay what they were.
        kept = {name: value for name, value in self.values.items() if ELECTRICITY_FIELDS[name].kind == "counter"}
        self.values = kept | dict(point.fields)
        self.second = point.time_ns // NS
        if "power_w" in point.fields:
            self.power_w.append((self.second, point.fields["power_w"]))


def parse_line(line: str) -> Point:
    """The point of a line that ``wattline run`` wrote for the demo, whose words need no escapes.

    Raises:
        ValueError: it is no such line.
    """
    head, fields, time_ns = line.split(" ")
    measurement, *tags = head.split(",")
    return Point(
        measurement,
        dict(_pair(tag) for tag in tags),
        {name: float(value) for name, value in map(_pair, fields.split(","))},
        int(time_ns),
    )


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
