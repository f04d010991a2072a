"""A meter on a virtual clock and a simulated line, for the tests of the conversation: no real time passes.

The values tell their quantity and the second in which the meter heard the request, so a value that belongs to another
question or another second is always seen.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import minimalmodbus
import pytest

from wattline.bus import frames
from wattline.bus.bus import Bus
from wattline.bus.learning import Trying
from wattline.bus.port import Port
from wattline.clock import Slot
from wattline.errors import PortError
from wattline.meters.orno_we515 import MODEL
from wattline.registers import to_grain
from wattline.words import parse_meters

CHARACTER_S = 11 / 9600
TURNAROUND_S = 0.02
LATEST_S = 2.8
# What an adapter hands on at once: 16 ms of 9600 baud are 13 characters.
ADAPTER_BYTES = 8
NEVER_S = 1e9
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

    @property
    def slot(self) -> int:
        return int(self.heard_s)

    def reply(self) -> bytes:
        registers = image(self.slot)
        data = b"".join(registers.get(self.first + n, 7).to_bytes(2, "big") for n in range(self.count))
        return sealed(bytes((1, 3, 2 * self.count)) + data)


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
        end_s = self.now + len(data) * CHARACTER_S
        first, count = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")
        if not self.is_wire or self._is_heard(end_s):
            if int(end_s) != self._slot:
                self._slot = int(end_s)
                self._asked.clear()
            ask = Ask(first, count, end_s, self._asked[first])
            self._asked[first] += 1
            for delay_s, reply in self.meter(ask):
                self._send(end_s + delay_s, reply)
        return len(data)

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
        length_s = len(reply) * CHARACTER_S
        # Frames overtake each other behind a gateway, but do not mingle.
        for began_s in sorted(self._began) if not self.is_wire else ():
            if began_s - length_s < begins_s < began_s + self._began[began_s]:
                begins_s = began_s + self._began[began_s]
        self._began = {at: took for at, took in self._began.items() if at > self.now - 1} | {begins_s: length_s}
        for start in range(0, len(reply), ADAPTER_BYTES):
            piece = reply[start : start + ADAPTER_BYTES]
            self._coming.append((begins_s + (start + len(piece)) * CHARACTER_S, begins_s, piece))

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
        self._waiting += b"".join(data for _, _, data in sorted(arrived))


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
    """What came out of a bus: per slot the fields that were there; every wrong one; the last health."""

    fields: dict[int, set[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    health: dict[str, float] = field(default_factory=dict)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """Plays ``slots`` seconds of a world to a bus with one meter.

    ``before`` is called with each slot's number; a slot may run ``over_s`` over its end.
    """

    def run(
        world: World,
        slots: int,
        before: Callable[[int], None] = lambda _slot: None,
        trying: Trying = Trying.LENGTHS,
        over_s: float = 0.0,
    ) -> Seen:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=world.monotonic, sleep=world.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", world, world.opener, world.monotonic)
        bus, seen = Bus(port, parse_meters(["house=orno-we515@1"]), 1, world.monotonic, trying), Seen()
        for number in range(1, slots + 1):
            if world.now > number + 0.5:
                continue
            world.until(number)
            before(number)
            slot = Slot(number * 10**9, float(number), number + 0.9)
            for point in bus.poll(slot):
                seen.fields[number] = set(point.fields)
                seen.wrong += list(wrong_values(number, point.fields))
            bus.idle(slot)
            assert world.now < number + 1 + over_s, f"slot {number} ran over its end"
        seen.health = dict(bus.report(slot)[0].fields)
        return seen

    return run


def wrong_values(second: int, values: dict[str, float]) -> Iterator[str]:
    for row in MODEL.rows:
        right = to_grain(raw(row.field, second), row.decimals)
        if row.field in values and values[row.field] != right:
            yield f"slot {second}: {row.field} = {values[row.field]}, right is {right}"


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of, but for the quantities that do not belong together here: each only tells itself."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and "does not agree with voltage" not in record.getMessage()
    ]
