"""Meters on a virtual clock and a simulated line, for the tests of the conversation: no real time passes.

``World`` is a line with one meter, ``Street`` one with several of them, each at its own line settings. The values tell their quantity and the second in which the meter heard the request, so a value that belongs to another
question or another second is always seen.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, NamedTuple

import minimalmodbus
import pytest

from wattline.bus import frames
from wattline.bus.bus import Bus
from wattline.bus.learning import Trying
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.clock import SWEEP_SHARE, Slot
from wattline.errors import PortError
from wattline.meters.orno_we515 import MODEL
from wattline.reading import Point
from wattline.registers import Row, to_grain
from wattline.words import Meter, parse_meters

CHARACTER_S = 11 / 9600
TURNAROUND_S = 0.02
LATEST_S = 2.8
# What an adapter hands on at once: 16 ms of 9600 baud are 13 characters.
ADAPTER_BYTES = 8
NEVER_S = 1e9
NEAR = 1000
FREQUENCY, CURRENT, POWER, REACTIVE, FACTOR = 0x130, 0x139, 0x140, 0x148, 0x158
FAST = {row.field for row in MODEL.rows if row.pace == "fast"}
PROVEN = {(block.address, block.count) for block in MODEL.blocks} | {(0x0B, 1)}
# The raw number of a quantity in second 0; it grows by one a second, so that a stale one is near, as in life.
BASE = {row.field: 3000 * number for number, row in enumerate(MODEL.rows, 1)} | {
    "frequency_hz": 4500,
    "voltage_v": 9000,
    "power_factor": -1000,
}


def raw(quantity: str, second: int) -> int:
    return BASE[quantity] + second % 2000


def image(second: int) -> dict[int, int]:
    registers = {0x0B: 0xA2}
    for row in MODEL.rows:
        registers.update(zip(range(row.address, row.end), row.encoding.pack(raw(row.field, second)), strict=True))
    return registers


@dataclass(frozen=True)
class Ask:
    """A request that the meter heard; ``nth`` counts those for one block in one slot from 0."""

    first: int
    count: int
    heard_s: float
    nth: int = 0
    header: bytes = b"\x01\x03"
    image: Callable[[int], dict[int, int]] = image

    @property
    def slot(self) -> int:
        return int(self.heard_s)

    def reply(self) -> bytes:
        registers = self.image(self.slot)
        data = b"".join(registers.get(self.first + n, 7).to_bytes(2, "big") for n in range(self.count))
        return sealed(self.header + bytes((2 * self.count,)) + data)

    def refusal(self, code: int = 2) -> bytes:
        return sealed(bytes((self.header[0], self.header[1] | 0x80, code)))


def sealed(body: bytes) -> bytes:
    return body + frames.crc(body)


Replies = Sequence[tuple[float, bytes]]
"""(seconds after the request was heard, bytes) of each."""


def sound(ask: Ask) -> Replies:
    return [(TURNAROUND_S, ask.reply())]


class World:
    """A clock, a line and a meter; in the place of a stop and of a serial port as well."""

    is_set = False

    def __init__(self, meter: Callable[[Ask], Replies], *, is_wire: bool = False) -> None:
        self.now = 0.0
        self.meter = meter
        self.is_wire = is_wire
        self.is_gone = False
        self.character_s = CHARACTER_S
        self._slot = 0
        self._asked: Counter[int] = Counter()
        self._coming: list[tuple[float, float, bytes]] = []
        self._waiting = b""
        self._began: dict[float, float] = {}

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += max(0.0, seconds)
        return False

    def until(self, moment_s: float) -> None:
        self.now = max(self.now, moment_s)

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def close(self) -> None:
        return

    def apply_settings(self, _settings: object) -> None:
        return

    def opener(self, name: str, _settings: object) -> "World":
        if self.is_gone:
            raise PortError(f"There is no {name}.")
        return self

    def write(self, data: bytes) -> int:
        if self.is_gone:
            raise OSError(5, "Input/output error")
        end_s = self.now + len(data) * self.character_s
        if not self.is_wire or self._is_heard(end_s):
            self._hear(data, end_s)
        return len(data)

    def _hear(self, data: bytes, end_s: float) -> None:
        first, count = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")
        if int(end_s) != self._slot:
            self._slot = int(end_s)
            self._asked.clear()
        ask = Ask(first, count, end_s, self._asked[first])
        self._asked[first] += 1
        for delay_s, reply in self.meter(ask):
            self._send(end_s + delay_s, reply)

    def read(self, _size: int) -> bytes:
        if self.is_gone:
            raise OSError(5, "Input/output error")
        self._arrive()
        data, self._waiting = self._waiting, b""
        return data

    def readable_s(self) -> float:
        """When there is something to read."""
        self._arrive()
        return self.now if self._waiting or self.is_gone else min((at for at, _, _ in self._coming), default=NEVER_S)

    def _send(self, begins_s: float, reply: bytes) -> None:
        length_s = len(reply) * self.character_s
        # Frames overtake each other behind a gateway, but do not mingle.
        for began_s in sorted(self._began) if not self.is_wire else ():
            if began_s - length_s < begins_s < began_s + self._began[began_s]:
                begins_s = began_s + self._began[began_s]
        self._began = {at: took for at, took in self._began.items() if at > self.now - 1} | {begins_s: length_s}
        for start in range(0, len(reply), ADAPTER_BYTES):
            piece = reply[start : start + ADAPTER_BYTES]
            self._coming.append((begins_s + (start + len(piece)) * self.character_s, begins_s, piece))

    def _is_heard(self, ends_s: float) -> bool:
        """Whether a wire's only meter hears a request: not while it has yet to answer one, and not in a collision."""
        self._arrive()
        if not self._coming:
            return True
        if any(began_s < ends_s for _, began_s, _ in self._coming):
            self._coming = [(at, b, bytes(x ^ 0x55 for x in data)) for at, b, data in self._coming]
        return False

    def _arrive(self) -> None:
        arrived = [item for item in self._coming if item[0] <= self.now]
        self._coming = [item for item in self._coming if item[0] > self.now]
        self._waiting += b"".join(self._as_heard(begins_s, data) for _, begins_s, data in sorted(arrived))

    def _as_heard(self, _begins_s: float, data: bytes) -> bytes:
        return data


@dataclass
class Housemate:
    """A meter of a street.

    Attributes:
        meter: what the user wrote of it.
        number: tells its values from those of the others.
        behaves: what it does when it hears a request.
        is_on: whether it hears any.
        heard: what it heard.
    """

    meter: Meter
    number: int
    behaves: Callable[[Ask], Replies] = sound
    is_on: bool = True
    heard: list[Ask] = field(default_factory=list)

    def stamp(self, second: int) -> int:
        """What stands for ``second`` in its values: that of no other meter, nor of another second nearby."""
        return 100 + 150 * self.number + second % 150

    def units(self, row: Row, second: int) -> int:
        """The value of a row in ``second``, in units of its last decimal."""
        if self.meter.model.name == MODEL.name:
            return raw(row.field, self.stamp(second))
        # Not so far from zero that a float of four bytes rounds it.
        low, high = (round(max(end, -NEAR) * 10**row.decimals) for end in (row.low, row.high))
        return low + (row.address * 300 + self.stamp(second)) % (high - low)

    def image(self, second: int) -> dict[int, int]:
        identity = self.meter.model.identity
        registers = {identity.address: identity.expected[0]} if identity else {}
        for row in self.meter.model.rows:
            value = Fraction(self.units(row, second), 10**row.decimals)
            number = float(value) / row.scale if row.encoding.is_float else row.raw(value)
            registers.update(zip(range(row.address, row.end), row.encoding.pack(number), strict=True))
        return registers

    def wrong_values(self, second: int, values: dict[str, float]) -> Iterator[str]:
        for row in self.meter.model.rows:
            right = to_grain(self.units(row, second), row.decimals)
            if row.field in values and values[row.field] != right:
                yield f"slot {second}: {self.meter.name} {row.field} = {values[row.field]}, right is {right}"


class Street(World):
    """A line with several meters: each hears what is sent at its own settings, and what is not, is noise to it.

    Attributes:
        meters: name to meter.
        requests: when each request was over, and for whom it was.
        ends: when each reply was over, and whose it was.
    """

    def __init__(self, *words: str, is_wire: bool = False) -> None:
        super().__init__(sound, is_wire=is_wire)
        self.words = words
        self.meters = {meter.name: Housemate(meter, number) for number, meter in enumerate(parse_meters(words))}
        self.settings = LineSettings()
        self.said: dict[float, LineSettings] = {}
        self.requests: list[tuple[float, str]] = []
        self.ends: list[tuple[float, str]] = []

    def __getitem__(self, name: str) -> Housemate:
        return self.meters[name]

    def opener(self, name: str, settings: LineSettings) -> "Street":
        super().opener(name, settings)
        self._turn_to(settings)
        return self

    def apply_settings(self, settings: dict[str, Any]) -> None:
        self._turn_to(LineSettings(settings["baudrate"], settings["parity"], settings["stopbits"]))

    def _turn_to(self, settings: LineSettings) -> None:
        self._arrive()
        self.settings, self.character_s = settings, settings.character_s

    def _hear(self, data: bytes, end_s: float) -> None:
        for mate in self.meters.values():
            if (mate.meter.address, mate.meter.settings) != (data[0], self.settings):
                continue
            first, count = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")
            ask = Ask(first, count, end_s, header=data[:2], image=mate.image)
            self.requests.append((end_s, mate.meter.name))
            if mate.is_on:
                mate.heard.append(ask)
                for delay_s, reply in mate.behaves(ask):
                    self._send(end_s + delay_s, reply)
                    self.ends.append((self._coming[-1][0], mate.meter.name))

    def _send(self, begins_s: float, reply: bytes) -> None:
        super()._send(begins_s, reply)
        if reply:
            self.said[self._coming[-1][1]] = self.settings

    def _as_heard(self, begins_s: float, data: bytes) -> bytes:
        """A driver ignores a wrong parity bit; but what comes at another speed is garbled."""
        said, now = self.said[begins_s], self.settings
        return data if (said.baud, said.character_s) == (now.baud, now.character_s) else bytes(x ^ 0x55 for x in data)


class VirtualPort(Port):
    """A port on a world: waiting for a byte is a jump of the clock."""

    def _wait_readable(self, seconds: float) -> bool:
        world = self._stop
        deadline_s = world.now + max(0.0, seconds)
        readable_s = world.readable_s()
        world.until(min(readable_s, deadline_s))
        return readable_s <= deadline_s


@dataclass
class Seen:
    """What came out of a bus of a meter: per slot the fields that were there; every wrong one; the last health."""

    fields: dict[int, set[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    health: dict[str, float] = field(default_factory=dict)

    def slots(self, first: int = 0, last: int = 10**9) -> list[int]:
        """The slots from ``first`` to ``last`` in which there was anything."""
        return [number for number in sorted(self.fields) if first <= number <= last]


class Played(NamedTuple):
    """One slot that was played: its number, the readings, and what the meters report when they are asked."""

    slot: int
    points: list[Point]
    report: Callable[[], list[Point]]


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[Played]]:
    """Plays ``slots`` seconds of a world to a bus; ``before`` is called with each slot's number."""

    def run(
        world: World,
        words: Sequence[str],
        slots: int,
        before: Callable[[int], None],
        trying: Trying,
        *,
        sweep_s: float,
        over_s: float = 0.15,
    ) -> Iterator[Played]:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=world.monotonic, sleep=world.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", world, world.opener, world.monotonic)
        bus = Bus(port, parse_meters(words), 1, world.monotonic, trying)
        for number in range(1, slots + 1):
            if world.now > number + 0.5:
                continue
            world.until(number)
            before(number)
            slot = Slot(number * 10**9, float(number), number + sweep_s)
            points = bus.poll(slot)
            bus.idle(slot)
            assert world.now < number + sweep_s + over_s, f"slot {number} ran into the next"
            yield Played(number, points, lambda: bus.report(slot))  # noqa: B023 (asked before the next)

    return run


@pytest.fixture
def play(virtual: Callable[..., Iterator[Played]]) -> Callable[..., Seen]:
    """Plays a world with one meter."""

    def run(
        world: World,
        slots: int,
        before: Callable[[int], None] = lambda _slot: None,
        trying: Trying = Trying.LENGTHS,
        over_s: float = 0.15,
    ) -> Seen:
        seen = Seen()
        house = ["house=orno-we515@1"]
        for slot, points, report in virtual(world, house, slots, before, trying, sweep_s=0.9, over_s=over_s):
            for point in points:
                seen.fields[slot] = set(point.fields)
                seen.wrong += list(wrong_values(slot, point.fields))
            last = report
        seen.health = dict(last()[0].fields)
        return seen

    return run


@pytest.fixture
def live(virtual: Callable[..., Iterator[Played]]) -> Callable[..., dict[str, Seen]]:
    """Plays a street; the name of each meter to what came of it. No slot may be missed."""

    def run(
        street: Street, slots: int, before: Callable[[int], None] = lambda _slot: None, trying: Trying = Trying.ALL
    ) -> dict[str, Seen]:
        seen = {name: Seen() for name in street.meters}
        for played, (slot, points, report) in enumerate(
            virtual(street, street.words, slots, before, trying, sweep_s=SWEEP_SHARE, over_s=0.4), 1
        ):
            assert slot == played, "a slot was missed"
            for point in points:
                assert point.time_ns == slot * 10**9
                name = point.tags["meter"]
                seen[name].fields[slot] = set(point.fields)
                seen[name].wrong += list(street[name].wrong_values(slot, point.fields))
            last = report
        for point in last():
            seen[point.tags["meter"]].health = dict(point.fields)
        return seen

    return run


def wrong_values(second: int, values: dict[str, float]) -> Iterator[str]:
    for row in MODEL.rows:
        right = to_grain(raw(row.field, second), row.decimals)
        if row.field in values and values[row.field] != right:
            yield f"slot {second}: {row.field} = {values[row.field]}, right is {right}"


def unaccounted(health: dict[str, float]) -> float:
    """How many requests became nothing that is counted."""
    outcomes = ("replies", "timeouts", "short_replies", "checksum_errors", "wrong_replies", "refusals")
    return health["requests"] - sum(health[counter] for counter in outcomes)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of, but for the quantities that do not belong together here: each only tells itself."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and "does not agree with voltage" not in record.getMessage()
    ]
