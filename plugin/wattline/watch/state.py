"""What is known of the meters and the bus, from the lines that came over the pipe and from nothing else."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from wattline.fields import BUS_HEALTH, ELECTRICITY, ELECTRICITY_FIELDS, LINES, LINK, METER_HEALTH, PRICE, STICK_HEALTH
from wattline.rainforest.models import StickMeter
from wattline.reading import Point, Value
from wattline.systems import Metered

NS = 1_000_000_000
HISTORY = 300
# A reading is there within its slot or a second later. When so many more have passed, it is old.
OLD_SLOTS, OLD_S = 3, 2
# A complaint that was not repeated for so long is over; `run` repeats one once a minute.
COMPLAINT_S = 70
POWER = "power_w"
POWERS_OF_LINES = tuple(f"power_{line}_w" for line in LINES)


@dataclass(slots=True)
class MeterState:
    """The latest of one meter.

    Attributes:
        meter: the meter.
        interval_s: seconds from reading to reading.
        second: of the last reading, since 1970 UTC; 0 before the first.
        values: field to value as last read. Energies are read every ten seconds.
        power_w: second to watts of the last readings; a second that was not read is not in it.
        health: the last ``wattline_meter``, and behind a stick the last of its radio link and of its price.
        currency: of that price.
        is_old: whether there should have been other readings since.
    """

    meter: Metered
    interval_s: int = 1
    second: int = 0
    values: dict[str, float] = field(default_factory=dict)
    power_w: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    health: dict[str, float] = field(default_factory=dict)
    currency: str = ""
    is_old: bool = False
    _now: int = 0
    _read: dict[str, int] = field(default_factory=dict)

    @property
    def is_behind_stick(self) -> bool:
        """Whether it is heard by a stick, which tells each thing in its own time."""
        return isinstance(self.meter, StickMeter)

    @property
    def is_three_phase(self) -> bool:
        """Whether it measures three lines."""
        return self.meter.model.phases == 3

    def has(self, name: str) -> bool:
        """Whether the model measures this field."""
        return any(row.field == name for row in self.meter.model.rows)

    @property
    def now_w(self) -> float | None:
        """Its power; for a meter that does not say that of the whole the sum of its lines'."""
        if POWER in self.values or not all(name in self.values for name in POWERS_OF_LINES):
            return self.values.get(POWER)
        return sum(self.values[name] for name in POWERS_OF_LINES)

    @property
    def power_text(self) -> str:
        """Its power with its unit."""
        if self.has(POWER) or self.now_w is None:
            return self.text(POWER) or "- W"
        return f"{self.now_w:.0f} W"

    def text(self, name: str) -> str:
        """A value with its unit at the meter's decimals; a dash where it was not read, nothing where there is none."""
        row = next((row for row in self.meter.model.rows if row.field == name), None)
        if row is None:
            return ""
        number = f"{self.values[name]:.{row.decimals}f}" if name in self.values else "-"
        return f"{number} {ELECTRICITY_FIELDS[name].unit}".rstrip()

    def recent_w(self, count: int, slot_s: int) -> list[float | None]:
        """The power in the last ``count`` slots of ``slot_s`` seconds, the oldest first; None where none was read."""
        slot_s = max(slot_s, self.interval_s)
        by_slot = {second // slot_s: watts for second, watts in self.power_w}
        last = (self._now if self.is_old else self.second) // slot_s
        return [by_slot.get(last - ago) for ago in reversed(range(count))]

    def take(self, point: Point) -> None:
        """Learn from a reading."""
        second = point.time_ns // NS
        self._read |= dict.fromkeys(point.numbers, second)
        self.values = self._still_held(second, self._holds_s(1)) | point.numbers
        self.second, self.is_old = second, False
        if self.now_w is not None and not point.numbers.keys().isdisjoint((POWER, *POWERS_OF_LINES)):
            self.power_w.append((second, self.now_w))

    def look_at(self, now: int, round_s: int) -> None:
        """Learn that it is ``now``, in seconds since 1970 UTC, and that the meters take ``round_s`` seconds in turn."""
        self._now = now
        self.is_old = 0 < self.second < now - self._holds_s(round_s)
        if self.is_behind_stick and not self.is_old:
            self.values = self._still_held(now, self._holds_s(round_s))

    def _holds_s(self, round_s: int) -> int:
        """For how many seconds what was read is not old."""
        return OLD_SLOTS * max(self.interval_s, round_s) + OLD_S

    def _still_held(self, second: int, holds_s: int) -> dict[str, float]:
        """Counters, which stay what they were, and what a stick told a while ago.

        What a meter that is asked did not tell in this second is not shown as if it had.
        """
        since = second - holds_s if self.is_behind_stick else second
        return {
            name: value
            for name, value in self.values.items()
            if ELECTRICITY_FIELDS[name].kind == "counter" or self._read[name] >= since
        }


@dataclass(slots=True)
class State:
    """The latest of everything.

    Attributes:
        port: where the meters are read.
        meters: they.
        lines: lines that came.
        second: of the last reading of any meter, since 1970 UTC; 0 before the first.
        bus_health: the last ``wattline_bus``, or of a stick ``wattline_stick``.
        complaint: the last line of the log, for a while.
    """

    port: str
    meters: Sequence[MeterState]
    lines: int = 0
    second: int = 0
    bus_health: dict[str, float] = field(default_factory=dict)
    complaint: str = ""
    _complained: int = 0
    _now: int = 0

    @classmethod
    def of(cls, meters: Sequence[Metered], port: str, interval_s: int = 1) -> "State":
        """Nothing is known yet of ``meters`` on ``port``, which are read every ``interval_s`` seconds."""
        return cls(port, [MeterState(meter, meter.interval_s or interval_s) for meter in meters])

    @property
    def is_stick(self) -> bool:
        """Whether a stick is on the port, and not meters that are asked."""
        return all(meter.is_behind_stick for meter in self.meters)

    @property
    def round_s(self) -> int:
        """Seconds in which every meter has its turn."""
        return int(self.bus_health.get("round_s", 1))

    @property
    def is_old(self) -> bool:
        """Whether no meter that was ever read is read any more."""
        return self.second > 0 and all(meter.is_old for meter in self.meters if meter.second)

    def look_at(self, now: int) -> None:
        """Learn that it is ``now``, in seconds since 1970 UTC: what was read grows old though no line comes."""
        self._now = now
        for meter in self.meters:
            meter.look_at(now, self.round_s)

    def take(self, line: str) -> MeterState | None:
        """Learn from one line; returns of which meter it was a reading."""
        point = parse_line(line)
        self.lines += 1
        meter = next((known for known in self.meters if known.meter.name == point.tags.get("meter")), None)
        if point.measurement == (STICK_HEALTH if self.is_stick else BUS_HEALTH):
            self.bus_health = point.numbers
        elif meter and point.measurement in (METER_HEALTH, LINK, PRICE):
            meter.health |= point.numbers
            meter.currency = point.tags.get("currency", meter.currency)
        elif meter and point.measurement == ELECTRICITY:
            meter.take(point)
            self.second = meter.second
            if self.second - self._complained > COMPLAINT_S:
                self.complaint = ""
            return meter
        return None

    def complain(self, line: str) -> None:
        """Remember what the log said."""
        self.complaint, self._complained = line, max(self.second, self._now)


# A text of a field stands in quotes, and may hold anything.
_PIECE = r'(?:[^\\"{0}]|\\.|"(?:[^"\\]|\\.)*")+'
_BETWEEN_SPACES, _BETWEEN_COMMAS = (re.compile(_PIECE.format(sign)) for sign in (" ", ","))
_EQUALS = re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\([ ,=])")
_ESCAPED_IN_TEXT = re.compile(r'\\(["\\])')


def parse_line(line: str) -> Point:
    """The point of a line that ``wattline run`` wrote.

    Raises:
        ValueError: it is no such line.
    """
    head, fields, time_ns = _BETWEEN_SPACES.findall(line)
    measurement, *tags = _BETWEEN_COMMAS.findall(head)
    return Point(
        measurement,
        dict(map(_pair, tags)),
        {name: _value(value) for name, value in map(_field, _BETWEEN_COMMAS.findall(fields))},
        int(time_ns),
    )


def _pair(text: str) -> tuple[str, str]:
    name, value = (_ESCAPED.sub(r"\1", part) for part in _EQUALS.split(text, maxsplit=1))
    return name, value


def _field(text: str) -> tuple[str, str]:
    name, value = _EQUALS.split(text, maxsplit=1)
    return _ESCAPED.sub(r"\1", name), value


def _value(text: str) -> Value:
    return _ESCAPED_IN_TEXT.sub(r"\1", text[1:-1]) if text.startswith('"') else float(text)
