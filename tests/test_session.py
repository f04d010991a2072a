"""The conversation with a meter, on a virtual clock and a simulated line: no real time passes.

Every row of ``FAULTS`` is a test: the fault, the slot in which it befalls the meter, what is missing in which slot, and
what is counted. Each is played to a meter that answers every length and to one that answers the proven ones only; what
wider spans change is told in ``test_spans.py``.

| fault of a single sweep | test |
|---|---|
| what is overdue is read after all that moves, or what moves after the energies | test_what_is_overdue_is_read_before_what_moves |
| a meter that was asked with the last of a slot only is taken to be silent | test_whom_nobody_asked_in_time_was_not_silent |
| a late reply of the length of a half is taken for that half | test_no_half_is_read_while_it_is_in_doubt |
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import minimalmodbus
import pytest

from virtual import (
    CURRENT,
    FACTOR,
    FAST,
    FREQUENCY,
    LATEST_S,
    MODEL,
    POWER,
    PROVEN,
    REACTIVE,
    TURNAROUND_S,
    Ask,
    Replies,
    Street,
    VirtualPort,
    World,
    complaints,
    sealed,
    sound,
    unaccounted,
)
from wattline.bus.learning import Trying
from wattline.bus.modbus import Modbus
from wattline.bus.session import Session
from wattline.bus.suspicion import Question, Suspicion
from wattline.clock import Slot
from wattline.words import parse_meters

SOAK = 5000


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


def test_who_went_without_is_asked_first_next_time(play):
    """Where the time runs out it is not always the same one that goes without."""

    def meter(ask: Ask) -> Replies:
        heard.append(ask)
        return [] if ask.first == REACTIVE and ask.slot == 12 else sound(ask)

    heard: list[Ask] = []
    play(World(meter), 14)
    order = {slot: [ask.first for ask in heard if ask.slot == slot] for slot in (11, 13, 14)}
    assert order[11][0] == order[14][0] != REACTIVE
    assert order[13][0] == REACTIVE


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
    assert len([r for r in caplog.records if "are not read at once: " in r.message]) == len(refused)
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
    (warning,) = complaints(caplog)
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
    assert complaints(caplog) == []
    tries = len([ask for ask in heard if ask.first == IDENTITY])
    assert tries == 1 if reply else 1 < tries <= 5
    assert all(names >= FAST for names in seen.fields.values())


# A single sweep.

Talk = Callable[[Street], tuple[Session, Suspicion]]


@pytest.fixture
def talk(monkeypatch) -> Talk:
    """Begins a conversation with the meter of a street, in which nothing is tried; and what may still come of it."""

    def begin(street: Street) -> tuple[Session, Suspicion]:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=street.monotonic, sleep=street.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", street, street.opener, street.monotonic)
        port.open()
        modbus, (meter,) = Modbus(port), parse_meters(street.words)
        session = Session(meter, modbus, street.monotonic, Trying.NOTHING)
        return session, modbus.suspicion_of(meter.address)

    return begin


def sweep(street: Street, session: Session, begins_s: float = 1.0, first: Collection[int] = ()) -> list[Ask]:
    """The requests of a sweep of everything in second 1."""
    street.until(begins_s)
    session.sweep(list(session.parts.values()), Slot(10**9, 1.0, 1.95), first=first)
    return street["house"].heard


@pytest.mark.parametrize("first", [(), (0xA000,), (0xA01E,), (FACTOR,)], ids=lambda first: " ".join(map(hex, first)))
def test_what_is_overdue_is_read_before_what_moves(talk, first):
    """What can wait comes last of all, unless it has waited too long."""
    street = Street("house=orno-we515@1")
    session, _ = talk(street)
    asked = [ask.first for ask in sweep(street, session, first=first)]
    fast, slow = [FREQUENCY, CURRENT, POWER, REACTIVE, 0x150, FACTOR], [0xA000, 0xA01E]
    assert asked == [*first, *(address for address in (*fast, *slow) if address not in first)]


@pytest.mark.parametrize(
    ("begins_s", "is_on", "was_heard"),
    [(1.0, False, False), (1.0, True, True), (1.87, False, None), (1.87, True, True), (1.94, True, None)],
    ids=["silent", "heard", "asked too late", "heard with the last of the slot", "not asked"],
)
def test_whom_nobody_asked_in_time_was_not_silent(talk, begins_s, is_on, was_heard):
    """Or it would be left in peace for what the others took; but whoever answers all the same is there."""
    street = Street("house=orno-we515@1")
    session, _ = talk(street)
    street["house"].is_on = is_on
    sweep(street, session, begins_s)
    assert bool(street.requests) is (begins_s < 1.9)
    assert session.was_heard is was_heard


@pytest.mark.parametrize("in_doubt", [[], [0], [1], [0, 1]], ids=["none", "the first", "the second", "both"])
def test_no_half_is_read_while_it_is_in_doubt(talk, in_doubt):
    """All that moves of an SDM120 is one part; every length of it is in doubt here."""
    street = Street("house=eastron-sdm120@1,baud=9600")
    session, suspicion = talk(street)
    whole = next(part for part in session.parts.values() if not session.parts.can_wait(part))
    halves = session.parts.halves(whole)
    lengths = [*range(whole.count, whole.room + 1), *(halves[number].count for number in in_doubt)]
    for length in lengths:
        suspicion.given_up(length, Question(0.0, 0), 0.5)
    asked = {(ask.first, ask.count) for ask in sweep(street, session)}
    assert not {count for _, count in asked} & set(lengths)
    assert (whole.address in session.decoded) is (in_doubt == [])
    if not in_doubt:
        assert asked >= {(half.address, half.count) for half in halves}


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
    assert unaccounted(seen.health) == 0, "each request became something"
    assert shares["some"] >= some
    assert min(shares.values()) >= each


# A meter that is slow.


@pytest.mark.parametrize("delay_s", [0.3, 0.32, 0.5, 0.7, 0.8])
@pytest.mark.parametrize("trying", [Trying.LENGTHS, Trying.ALL])
def test_a_slow_meter_is_metered_for_ever(play, delay_s, trying):
    """However little of it fits into a second: one question a slot at least is waited for as long as the slot lasts."""
    seen = play(World(lambda ask: [(delay_s, ask.reply())]), 120, trying=trying, over_s=0.2)
    assert seen.wrong == []
    assert len(set(range(10, 121)) - set(seen.fields)) <= 8, "an energy that is read for the first time is no reading"
    assert set.union(*(seen.fields[slot] for slot in range(90, 121))) >= FAST


def test_after_a_slow_spell_all_is_as_before(play):
    dice = random.Random(7)

    def meter(ask: Ask) -> Replies:
        return [(dice.uniform(0.3, 0.9) if 15 <= ask.slot < 45 else TURNAROUND_S, ask.reply())]

    seen = play(World(meter), 120, over_s=0.2)
    assert seen.wrong == []
    assert all(seen.fields[slot] >= FAST for slot in range(75, 121))
