"""The conversation with a meter, on a virtual clock and a simulated line: no real time passes.

Every row of ``FAULTS`` is a test: the fault, the slot in which it befalls the meter, what is missing in which slot, and
what is counted. Each is played to a meter that answers every length and to one that answers the proven ones only. The
values tell their quantity and the second in which the meter heard the request, so a value that belongs to another
question or another second is always seen.
"""

import io
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import minimalmodbus
import pytest

from wattline.bus import frames
from wattline.bus.bus import Bus
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
SOAK = 5000
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
    """Plays ``slots`` seconds of a world to a bus with one meter; ``before`` is called with each slot's number."""

    def run(world: World, slots: int, before: Callable[[int], None] = lambda _slot: None) -> Seen:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=world.monotonic, sleep=world.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", world, world.opener, world.monotonic)
        bus, seen = Bus(port, parse_meters(["house=orno-we515@1"]), 1, world.monotonic), Seen()
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
            assert world.now < number + 1, f"slot {number} ran over its end"
        seen.health = dict(bus.report(slot)[0].fields)
        return seen

    return run


def wrong_values(second: int, values: dict[str, float]) -> Iterator[str]:
    for row in MODEL.rows:
        right = to_grain(raw(row.field, second), row.decimals)
        if row.field in values and values[row.field] != right:
            yield f"slot {second}: {row.field} = {values[row.field]}, right is {right}"


# The faults.


def silent(_world: World, _ask: Ask) -> Replies:
    return []


def wrong_crc(_world: World, ask: Ask) -> Replies:
    reply = ask.reply()
    return [(TURNAROUND_S, reply[:-1] + bytes((reply[-1] ^ 1,)))]


def ruined_header(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, b"\xaa\x55\xaa" + ask.reply()[3:])]


def short(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, ask.reply()[:-3])]


def twice(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, ask.reply()), (0.3, ask.reply())]


def glued(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, Ask(FACTOR, 1, ask.heard_s).reply() + ask.reply())]


def from_another(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, sealed(b"\x02" + ask.reply()[1:-2]))]


def other_function(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, sealed(b"\x01\x04" + ask.reply()[2:-2]))]


def busy(_world: World, _ask: Ask) -> Replies:
    return [(TURNAROUND_S, sealed(b"\x01\x83\x06"))]


def acknowledged(_world: World, _ask: Ask) -> Replies:
    return [(TURNAROUND_S, sealed(b"\x01\x83\x05"))]


def noise_first(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, b"\x00\xff\x01" + ask.reply())]


def no_meter_measures(_world: World, ask: Ask) -> Replies:
    return [(TURNAROUND_S, sealed(ask.reply()[:3] + b"\x00\x00" + ask.reply()[5:-2]))]


def late(seconds: float) -> Callable[[World, Ask], Replies]:
    return lambda _world, ask: [(seconds, ask.reply())]


def held_until(first: int, slots: int = 0) -> Callable[[World, Ask], Replies]:
    """The reply comes 1 ms after the next request for ``first``, ``slots`` slots later; that is answered 20 ms after."""

    def fault(world: World, ask: Ask) -> Replies:
        usual = world.meter

        def release(other: Ask) -> Replies:
            if other.first != first or other.slot < ask.slot + slots:
                return usual(other)
            world.meter = usual
            if other.heard_s - ask.heard_s > LATEST_S:
                return usual(other)
            return [(0.001, ask.reply()), *((0.02 + delay_s, data) for delay_s, data in usual(other))]

        world.meter = release
        return []

    return fault


def any_block(_ask: Ask) -> bool:
    return True


def asks(first: int, *nths: int) -> Callable[[Ask], bool]:
    return lambda ask: ask.first == first and (not nths or ask.nth in nths)


@dataclass(frozen=True)
class Fault:
    """What befalls the requests of ``slots`` that ``which`` picks, what is then missing, and what it is counted as."""

    name: str
    befalls: Callable[[World, Ask], Replies]
    which: Callable[[Ask], bool]
    slots: Sequence[int] = (8,)
    missing: dict[int, set[str]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)


FIRST = asks(POWER, 0)
ALL = {8: FAST}
LATE_THIRD = {"reactive_power_var", "apparent_power_va", "power_factor"}
FAULTS = (
    Fault("no reply, then one", silent, FIRST, counted={"timeouts": 1, "retries": 1}),
    Fault("no reply, twice", silent, asks(POWER), missing={8: {"power_w"}}, counted={"timeouts": 2}),
    Fault("late, in the same slot", late(0.5), FIRST, counted={"timeouts": 1, "late_replies": 1}),
    Fault("late, to the same block a slot later", held_until(POWER, 1), asks(POWER, 0)),
    Fault("late, to the same block two slots later", held_until(POWER, 2), asks(POWER, 0)),
    Fault("late, to the next block", held_until(REACTIVE), FIRST, counted={"late_replies": 1}),
    Fault("late, to the block after next a slot later", held_until(CURRENT, 1), FIRST),
    Fault(
        "late, both question and retry", late(1.05), asks(POWER), missing={8: {"power_w"}}, counted={"late_replies": 2}
    ),
    Fault("twice", twice, FIRST, counted={"late_replies": 1}),
    Fault("behind a frame that answers nothing", glued, FIRST),
    Fault("wrong CRC", wrong_crc, FIRST, counted={"checksum_errors": 1, "retries": 1}),
    Fault("wrong CRC, twice", wrong_crc, asks(POWER), missing={8: {"power_w"}}, counted={"checksum_errors": 2}),
    Fault("ruined header", ruined_header, FIRST, counted={"checksum_errors": 1, "retries": 1}),
    Fault("short", short, FIRST, counted={"short_replies": 1, "retries": 1}),
    Fault("from another address", from_another, FIRST, counted={"wrong_replies": 1, "retries": 1}),
    Fault("for another function", other_function, FIRST, counted={"wrong_replies": 1, "retries": 1}),
    Fault("busy", busy, FIRST, counted={"refusals": 1, "retries": 1}),
    Fault("acknowledged", acknowledged, FIRST, counted={"refusals": 1, "retries": 1}),
    Fault("noise before the reply", noise_first, any_block),
    Fault("outside what it can measure", no_meter_measures, asks(FREQUENCY), missing={8: {"frequency_hz"}}),
    Fault("silent for a slot", silent, any_block, missing=ALL),
    Fault("silent for ten seconds", silent, any_block, range(8, 18), dict.fromkeys(range(8, 18), FAST)),
    Fault("so slow that the time runs out", late(0.35), any_block, missing={8: LATE_THIRD}),
)


def faulty(fault: Fault, *, proven_only: bool) -> World:
    """A world in which ``fault`` befalls a meter that answers every length, or the proven ones only."""

    def meter(ask: Ask) -> Replies:
        if proven_only and (ask.first, ask.count) not in PROVEN:
            return [(TURNAROUND_S, sealed(b"\x01\x83\x02"))]
        if ask.slot in fault.slots and fault.which(ask):
            return fault.befalls(world, ask)
        return sound(ask)

    world = World(meter)
    return world


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_costs_what_it_must_and_no_more(fault, play):
    seen = play(faulty(fault, proven_only=False), 24)
    absent = {n: FAST - seen.fields.get(n, set()) for n in range(1, 25)}
    assert seen.wrong == []
    assert {n: gone for n, gone in absent.items() if gone} == fault.missing
    assert {name: seen.health[name] for name in fault.counted} == fault.counted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_meter_that_knows_the_proven_lengths_only_never_gives_a_wrong_value(fault, play):
    seen = play(faulty(fault, proven_only=True), 30)
    assert seen.wrong == []
    assert seen.fields[30] >= FAST, "half a minute later all is as before"


def test_a_port_that_is_lost_between_two_slots_gives_nothing_and_comes_back(play):
    """The last reading before the loss is not given out again under the next second's stamp."""
    world = World(sound)

    def before(slot: int) -> None:
        world.is_gone = 5 <= slot < 8

    seen = play(world, 16, before)
    assert seen.wrong == []
    assert sorted(seen.fields)[:4] == [1, 2, 3, 4]
    assert not {5, 6, 7} & set(seen.fields)
    assert seen.fields[16] >= FAST


# Learning.

PREFERRED = {block.address: (block.lengths or (block.count,))[0] for block in MODEL.blocks}
IDENTITY = MODEL.identity.address


def watched(meter: Callable[[Ask], Replies]) -> tuple[World, list[Ask]]:
    """A world, and every request that its meter hears."""
    heard: list[Ask] = []

    def hear(ask: Ask) -> Replies:
        heard.append(ask)
        return meter(ask)

    return World(hear), heard


def test_longer_spans_are_used_once_they_have_agreed_with_the_proven_ones(play):
    """At first every block is read in its proven length; within ten seconds in the one that tells it from the others."""
    world, heard = watched(sound)
    seen = play(world, 20)
    first = {ask.first: ask.count for ask in reversed(heard) if ask.slot == 1}
    last = {ask.first: ask.count for ask in reversed(heard) if ask.slot == 20}
    assert seen.wrong == []
    assert set(first.items()) <= PROVEN
    assert last == {block: length for block, length in PREFERRED.items() if block in last}
    assert set(last) >= {0x130, 0x139, 0x140, 0x148, 0x150, 0x158}
    assert all(len([ask for ask in heard if ask.slot == n and ask.first == POWER]) <= 2 for n in range(10, 21))


def test_a_length_that_is_refused_is_never_asked_for_again(play, caplog):
    def meter(ask: Ask) -> Replies:
        return sound(ask) if (ask.first, ask.count) in PROVEN else [(TURNAROUND_S, sealed(b"\x01\x83\x02"))]

    caplog.set_level("INFO")
    world, heard = watched(meter)
    seen = play(world, 60)
    refused = Counter((ask.first, ask.count) for ask in heard if (ask.first, ask.count) not in PROVEN)
    assert refused
    assert set(refused.values()) == {1}
    assert len([r for r in caplog.records if "are not read at once any more" in r.message]) == len(refused)
    assert all(names >= FAST for names in seen.fields.values())


def test_a_length_whose_values_differ_is_never_believed_and_dropped(play):
    """A meter that answers a longer read with something else keeps its proven lengths."""

    def meter(ask: Ask) -> Replies:
        other = Ask(ask.first, ask.count, ask.heard_s + 500)
        return sound(ask if (ask.first, ask.count) in PROVEN else other)

    world, heard = watched(meter)
    seen = play(world, 120)
    assert seen.wrong == []
    assert all(names >= FAST for names in seen.fields.values())
    assert {(ask.first, ask.count) for ask in heard if ask.slot > 110} <= PROVEN


def test_no_register_is_read_that_the_maker_does_not_document(play):
    world, heard = watched(battered(1, is_wire=False, proven_only=False).meter)
    play(world, 300)
    documented = {register for low, high in MODEL.documented for register in range(low, high + 1)}
    assert len({(ask.first, ask.count) for ask in heard}) > len(PROVEN)
    assert {register for ask in heard for register in range(ask.first, ask.first + ask.count)} <= documented


def test_another_identity_is_one_warning_that_names_both_values(play, caplog):
    """It is metered all the same."""

    def meter(ask: Ask) -> Replies:
        stranger = sealed(b"\x01\x03\x02\x00\xa7")
        return [(TURNAROUND_S, stranger)] if ask.first == IDENTITY else sound(ask)

    world, heard = watched(meter)
    seen = play(world, 20)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "0x000B says 0x00A7" in warning
    assert "0x00A2" in warning
    assert len([ask for ask in heard if ask.first == IDENTITY]) == 1
    assert all(names >= FAST for names in seen.fields.values())


@pytest.mark.parametrize("reply", [b"", sealed(b"\x01\x83\x02")], ids=["silence", "a refusal"])
def test_an_identity_that_cannot_be_read_costs_nothing(play, caplog, reply):
    def meter(ask: Ask) -> Replies:
        return [(TURNAROUND_S, reply)] * bool(reply) if ask.first == IDENTITY else sound(ask)

    world, heard = watched(meter)
    seen = play(world, 30)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
    tries = len([ask for ask in heard if ask.first == IDENTITY])
    assert tries == 1 if reply else 1 < tries <= 5
    assert all(names >= FAST for names in seen.fields.values())


# A bad line.


def battered(seed: int, *, is_wire: bool, proven_only: bool) -> World:
    """A meter that answers one request in six 0.1 to 1.2 s late, one in ten with a bad CRC, one in fifteen not at all."""
    dice = random.Random(seed)

    def meter(ask: Ask) -> Replies:
        if proven_only and (ask.first, ask.count) not in PROVEN:
            return [(TURNAROUND_S, sealed(b"\x01\x83\x02"))]
        delay_s, reply, throw = TURNAROUND_S + dice.uniform(-0.002, 0.002), bytearray(ask.reply()), dice.random()
        if throw < 1 / 6:
            delay_s += dice.uniform(0.1, 1.2)
        elif throw < 1 / 6 + 1 / 10:
            reply[dice.randrange(len(reply))] ^= 1 << dice.randrange(8)
        elif throw < 1 / 6 + 1 / 10 + 1 / 15:
            return []
        return [(delay_s, bytes(reply))]

    return World(meter, is_wire=is_wire)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("is_wire", "proven_only", "some", "each"),
    [(False, False, 0.8, 0.45), (True, False, 0.6, 0.0), (False, True, 0.0, 0.0), (True, True, 0.0, 0.0)],
    ids=["gateway", "wire", "gateway, proven lengths only", "wire, proven lengths only"],
)
def test_not_one_wrong_value_in_5000_seconds_of_late_torn_and_missing_replies(
    play, *, is_wire, proven_only, some, each, record_property
):
    seen = play(battered(20_000, is_wire=is_wire, proven_only=proven_only), SOAK)
    times = Counter(name for names in seen.fields.values() for name in names & FAST)
    shares = {name: times[name] / SOAK for name in sorted(FAST)} | {"some": len(seen.fields) / SOAK}
    record_property("availability", shares)
    print(shares, seen.health)
    assert seen.wrong == []
    assert shares["some"] >= some
    assert min(shares.values()) >= each
