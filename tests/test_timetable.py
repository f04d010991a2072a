"""When what one meter says is read again: the sharing of a slot's time, and what is due with a share of it.

| fault                                                                | test                                               |
|----------------------------------------------------------------------|----------------------------------------------------|
| a slow read is made at the cost of what moves, or of patience        | test_slow_reads_have_what_the_others_leave         |
| who is asked first has all the time, and who is last never any       | test_who_has_waited_longest_comes_first            |
| a long read that does not fit keeps a short one from its time        | test_a_short_read_may_fit_where_a_longer_one_does_not |
| one meter is given what another wants                                | test_a_share_is_that_of_the_first_meter_alone      |
| a slow read that never fits is never made                            | test_a_read_that_is_overdue_comes_before_what_moves |
| ... or sweep after sweep at the cost of what moves                   | test_what_moves_is_not_put_back_in_two_sweeps_in_a_row |
| ... or so late, though no slot could ever have room for it           | test_what_fits_into_no_slot_does_not_wait_for_one  |
| the overdue reads of one sweep come before what moves all at once    | test_as_many_come_first_as_half_a_slot_holds       |
| ... or one by one, and those of a meter with forty never             | the same                                           |
| one that came first and was not asked for is put back                | test_what_was_not_asked_for_comes_first_again      |
| a counter that was withheld is looked at ten seconds later only      | test_what_was_withheld_is_asked_for_again_at_once  |
| the reads of a meter fall into one slot, or those of two             | test_slow_reads_keep_to_places_of_their_own        |
"""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.parts import Parts
from wattline.bus.spans import Spans
from wattline.bus.timetable import OVERDUE_S, Share, SlowRead, Timetable, Wants, shared_out
from wattline.bus.turns import Load
from wattline.clock import Slot
from wattline.plan import SLOW_S
from wattline.registers import Decoded
from wattline.words import parse_meters

(METER,) = parse_meters(["house=orno-we515@1"])
ACTIVE, REACTIVE = 0xA000, 0xA01E
READ_S, SPARE_S = 0.06, 0.04
COUNTERS = {ACTIVE: "energy_total_kwh", REACTIVE: "reactive_energy_total_kvarh"}
TINY = 1e-9


# The sharing.


def slow(meter: str, waited_s: float, read_s: float = READ_S, spare_s: float = SPARE_S) -> SlowRead:
    return SlowRead(meter, waited_s, read_s, spare_s, frozenset({ACTIVE}))


def test_slow_reads_have_what_the_others_leave() -> None:
    """Of the seconds that are left: what moves of all comes first, and there has to be time for patience."""
    read = slow("a", 12.0, 0.2, 0.1)
    wants = [Wants(0.1, [read]), Wants(0.3, []), Wants(0.2, [])]
    assert shared_out(wants, 0.9 + TINY) == Share([read], [])
    assert shared_out(wants, 0.9 - 0.01) == Share([], [read])


@pytest.mark.parametrize("order", [(10.0, 12.0), (12.0, 10.0)])
def test_who_has_waited_longest_comes_first(order: tuple[float, float]) -> None:
    """There is time for one of two, whoever is asked first."""
    reads = [slow(name, waited_s) for name, waited_s in zip("ab", order, strict=True)]
    wants = [Wants(0.2, [read]) for read in reads]
    has_waited_longest = order[0] == max(order)
    assert bool(shared_out(wants, 0.44 + READ_S + TINY).fitting) is has_waited_longest
    assert bool(shared_out(wants, 0.44 + READ_S + TINY).waiting) is not has_waited_longest
    assert shared_out(wants, 0.44 + 2 * READ_S + TINY) == Share([reads[0]], [])


def test_a_short_read_may_fit_where_a_longer_one_does_not() -> None:
    longer, shorter = slow("a", 20.0, 0.3, 0.0), slow("a", 10.0, 0.1, 0.0)
    assert shared_out([Wants(0.5, [shorter, longer])], 0.7) == Share([shorter], [longer])


def test_a_share_is_that_of_the_first_meter_alone() -> None:
    mine, others = [slow("a", 11.0), slow("a", 10.0)], [slow("b", 11.0), slow("b", 12.0)]
    share = shared_out([Wants(0.0, mine), Wants(0.0, others)], 0.9)
    assert share == Share(mine, [])


READS = st.lists(st.tuples(st.floats(0, 60), st.floats(0.01, 0.3), st.floats(0, 0.1)), max_size=4)


@given(st.lists(st.tuples(st.floats(0, 0.3), READS), min_size=1, max_size=5), st.floats(0, 1))
def test_no_slot_is_given_away_twice(
    meters: list[tuple[float, list[tuple[float, float, float]]]], left_s: float
) -> None:
    """What all meters are told to read fits, if each is asked in its turn and takes what it was reckoned to take."""
    wants = [
        Wants(fast_s, [slow(str(number), *read) for read in reads]) for number, (fast_s, reads) in enumerate(meters)
    ]
    has_room = sum(meter.fast_s for meter in wants) <= left_s
    for number in range(len(wants)):
        share = shared_out(wants[number:], left_s)
        assert sorted(share.fitting + share.waiting) == sorted(wants[number].slow)
        left_s -= wants[number].fast_s + sum(read.read_s for read in share.fitting)
        if has_room:
            assert left_s >= -TINY


# What is due.


class Conversation(SimpleNamespace):
    """A session whose meter answers all it is asked; only its plan is looked at."""

    def __init__(self, load: Load) -> None:
        parts = Parts(METER.model)
        super().__init__(
            meter=METER,
            parts=parts,
            needs=SimpleNamespace(load=lambda: load, read_s=lambda _read: READ_S, spare_s=lambda _read: SPARE_S),
            slow_reads=Spans(METER.model, parts.values(), METER.settings).slow_reads,
            failures=SimpleNamespace(can_be_read=lambda _now_s: list(parts.values())),
        )


ROOMY, FULL = (Load(fast_s, (READ_S, READ_S), SPARE_S, SPARE_S) for fast_s in (0.3, 0.9))


def slot(second: int) -> Slot:
    return Slot(second * 10**9, float(second), second + 0.95)


def timetable(load: Load = ROOMY, place: float = 0.0) -> Timetable:
    return Timetable(Conversation(load), 1.0, place)


def read(table: Timetable, second: int, addresses: Sequence[int], withheld: Sequence[str] = ()) -> None:
    decoded = {address: Decoded({COUNTERS[address]: 1.0}, {}) for address in addresses}
    table.note(slot(second), 1.0, decoded, set(withheld))


def due(table: Timetable, second: int) -> set[int]:
    """The slow reads that are due, by the first register of each."""
    return {min(read.addresses) for read in table.wants(slot(second), 1.0).slow}


def firsts(table: Timetable, seconds: Sequence[int]) -> dict[int, set[int]]:
    """What comes before what moves in each of ``seconds``, in none of which there is time for a slow read."""
    told = {}
    for second in seconds:
        wants = table.wants(slot(second), 1.0)
        told[second] = set(table.due(slot(second), 1.0, Share([], list(wants.slow))).first)
    return told


def test_a_read_that_is_overdue_comes_before_what_moves() -> None:
    table = timetable()
    seen = firsts(table, range(100, 131))
    assert {second for second, first in seen.items() if first} == {130}
    assert 100 + OVERDUE_S == 130


def test_what_moves_is_not_put_back_in_two_sweeps_in_a_row() -> None:
    """However long it has waited: of two sweeps one has all that moves."""
    assert [bool(first) for first in firsts(timetable(), range(100, 140)).values()][30:] == 5 * [True, False]


def test_what_fits_into_no_slot_does_not_wait_for_one() -> None:
    seen = firsts(timetable(FULL), range(100, 111))
    assert {second for second, first in seen.items() if first} == {100 + SLOW_S}


def waiting(read_s: float) -> Share:
    reads = [(31.0, ACTIVE), (32.0, REACTIVE)]
    return Share(
        [], [SlowRead("house", waited_s, read_s, SPARE_S, frozenset({address})) for waited_s, address in reads]
    )


@pytest.mark.parametrize(
    ("read_s", "first"), [(0.23, {ACTIVE, REACTIVE}), (0.24, {REACTIVE}), (0.6, {REACTIVE})], ids=str
)
def test_as_many_come_first_as_half_a_slot_holds(read_s: float, first: set[int]) -> None:
    """Of 0.95 s; and whoever has waited longest, however long it is."""
    table = timetable()
    table.wants(slot(100), 1.0)
    told = table.due(slot(132), 1.0, waiting(read_s))
    assert set(told.first) == first
    assert {part.address for part in told.parts} & {ACTIVE, REACTIVE} == first


def test_what_was_not_asked_for_comes_first_again() -> None:
    table = timetable()
    table.wants(slot(100), 1.0)
    assert table.due(slot(132), 1.0, waiting(0.3)).first
    assert not table.due(slot(133), 1.0, waiting(0.3)).first
    assert table.due(slot(134), 1.0, waiting(0.3)).first
    table.was_not_asked()
    assert table.due(slot(135), 1.0, waiting(0.3)).first


def test_what_was_withheld_is_asked_for_again_at_once() -> None:
    """Since only another read can tell; what was believed waits for its ten seconds."""
    table = timetable()
    assert due(table, 100) == {ACTIVE, REACTIVE}
    read(table, 100, [ACTIVE, REACTIVE], withheld=[COUNTERS[ACTIVE]])
    assert due(table, 101) == {ACTIVE}
    read(table, 101, [ACTIVE])
    assert due(table, 102) == set()


@pytest.mark.parametrize(("place", "seconds"), [(0.0, (0, 5)), (0.2, (1, 6)), (0.8, (4, 9))])
def test_slow_reads_keep_to_places_of_their_own(place: float, seconds: tuple[int, int]) -> None:
    """Two of five meters, and of each two: ten seconds have ten places."""
    table = timetable(place=place)
    made: dict[int, list[int]] = {ACTIVE: [], REACTIVE: []}
    for second in range(100, 150):
        addresses = sorted(due(table, second))
        read(table, second, addresses)
        for address in addresses:
            made[address].append(second)
    assert [{second % 10 for second in made[address][1:]} for address in (ACTIVE, REACTIVE)] == [{n} for n in seconds]
