"""What is due in a slot, and what it costs on the wire; the times were worked out by hand.

| fault | test |
|---|---|
| a block that moves every second is read more rarely | test_fast_blocks_are_due_in_every_slot |
| energies are not read at the start, or every second, or ever later | test_slow_blocks_are_due_in_the_slot_nearest_to_ten_seconds |
| a clock that is slewed moves the slot of the energies | test_slow_blocks_are_due_in_the_slot_nearest_to_ten_seconds |
| the energies are read again in the slot after | test_slow_blocks_are_not_due_in_between |
| one block that failed drags the others along, or waits ten seconds more | test_each_slow_block_has_an_age_of_its_own |
| a fast quantity beside a slow one is read every ten seconds | test_a_block_with_one_fast_row_is_fast |
| the order of the reads changes | test_blocks_are_due_in_the_order_of_the_table |
| parity or stop bits are forgotten in the time of a character | test_a_character_takes_all_its_bits |
| the silence is too short, or above 19200 baud too long | test_the_silence_between_frames |
| a sweep is believed to fit where it does not | test_a_sweep_takes_the_time_on_the_wire, test_nothing_takes_no_time |
| a row is read twice, or never | test_every_row_is_in_one_part |
| slow rows at the end of a block are read every second | test_slow_rows_come_with_fast_ones_only_between_them |
| a row outside of all blocks is read in the middle of something unproven | test_a_lone_row_is_read_alone |
| a part is read beyond its block, or with half a number | test_a_part_has_the_room_of_its_block |
| halves lose a row, cut one in two, or hold one twice | test_halves_are_the_rows_of_the_whole |
| ... or are as unequal as can be, so that it takes many cuts to get at what is refused | test_halves_are_cut_near_the_middle |
| ... or are read in a length that holds what was cut off | test_halves_have_no_room_beyond_their_rows |
| a plan is dearer than it need be | test_known_reads_are_the_cheapest_there_are, test_wanted_reads_are_the_cheapest_there_are |
| a read crosses a hole, is too long, or holds one that has failed | test_wanted_reads_are_the_cheapest_there_are |
| a part is read twice, or left out | both |
| ten requests of one cost are preferred to one | test_of_equal_milliseconds_the_fewer_requests |
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.settings import LineSettings
from wattline.meters import Block, Model, load_models
from wattline.plan import (
    SLOW_S,
    Cost,
    Read,
    Span,
    due_parts,
    halves,
    is_slow,
    known_reads,
    parts_of,
    proven_spans,
    sweep_s,
    wanted_reads,
)
from wattline.registers import Encoding, Row

MODEL = load_models()["orno-we515"]
FAST = [0x0130, 0x0139, 0x0140, 0x0148, 0x0150, 0x0158]
SLOW = [0xA000, 0xA01E]


def due(read_s: dict[int, float], now_s: float, interval_s: float = 1) -> list[int]:
    return [block.address for block in due_parts(MODEL, parts_of(MODEL), read_s, now_s, interval_s)]


def energies_read_at(interval_s: int, until_s: int, unsteady_s: float = 0.0) -> list[int]:
    """The slots of a run in which the energies are read, when every read is answered."""
    read_s: dict[int, float] = {}
    slots = []
    for number, slot_s in enumerate(range(0, until_s + 1, interval_s)):
        now_s = 1e6 + slot_s + (unsteady_s if number % 2 else -unsteady_s)
        addresses = due(read_s, now_s, interval_s)
        slots += [slot_s] if set(SLOW) & set(addresses) else []
        read_s |= dict.fromkeys(addresses, now_s)
    return slots


@pytest.mark.parametrize("interval_s", [1, 3, 7, 10, 60])
def test_fast_blocks_are_due_in_every_slot(interval_s: int) -> None:
    for age_s in (0, 0.001, interval_s, 10 * interval_s):
        assert set(FAST) <= set(due(dict.fromkeys(FAST + SLOW, 100.0), 100.0 + age_s, interval_s))


@pytest.mark.parametrize(
    ("interval_s", "slots"),
    [
        (1, [0, 10, 20, 30, 40]),
        (3, [0, 9, 18, 27, 36]),
        (7, [0, 7, 14, 21, 28, 35]),
        (10, [0, 10, 20, 30, 40]),
        (60, [0, 60, 120, 180]),
    ],
)
@pytest.mark.parametrize("unsteady_s", [0.0, 0.01, -0.01])
def test_slow_blocks_are_due_in_the_slot_nearest_to_ten_seconds(
    interval_s: int, slots: list[int], unsteady_s: float
) -> None:
    assert energies_read_at(interval_s, max(40, 3 * interval_s), unsteady_s)[: len(slots)] == slots


def test_slow_blocks_are_not_due_in_between() -> None:
    read_s = dict.fromkeys(FAST + SLOW, 0.0)

    assert [age_s for age_s in range(1, 13) if set(due(read_s, float(age_s))) != set(FAST)] == [10, 11, 12]
    assert SLOW_S == 10


def test_each_slow_block_has_an_age_of_its_own() -> None:
    assert due({0xA000: 0.0}, 1.0) == [*FAST, 0xA01E]
    assert due({0xA000: 0.0, 0xA01E: 5.0}, 10.0) == [*FAST, 0xA000]
    assert due({0xA000: 0.0, 0xA01E: 5.0}, 15.0) == FAST + SLOW


def test_blocks_are_due_in_the_order_of_the_table() -> None:
    assert due({}, 0.0) == [block.address for block in MODEL.blocks] == FAST + SLOW


def test_a_block_with_one_fast_row_is_fast() -> None:
    slow_row = Row(0x10, Encoding.U32, 0.01, "energy_total_kwh", 0, 1, "slow")
    fast_row = Row(0x12, Encoding.U16, 0.01, "voltage_v", 0, 1)
    both, alone = Block(0x10, 3), Block(0x10, 2, lengths=(3, 2))
    model = replace(MODEL, rows=(slow_row, fast_row), blocks=(both, alone))

    assert not is_slow(model, both)
    assert is_slow(model, alone)
    assert due_parts(model, [both, alone], {0x10: 0.0}, 1.0, 1) == [both]


# The line.


@pytest.mark.parametrize(
    ("settings", "bits", "text"),
    [
        (LineSettings(9600, "N", 1), 10, "9600 8N1"),
        (LineSettings(9600, "E", 1), 11, "9600 8E1"),
        (LineSettings(9600, "O", 1), 11, "9600 8O1"),
        (LineSettings(9600, "N", 2), 11, "9600 8N2"),
        (LineSettings(1200, "E", 2), 12, "1200 8E2"),
    ],
)
def test_a_character_takes_all_its_bits(settings: LineSettings, bits: int, text: str) -> None:
    assert settings.character_s == pytest.approx(bits / settings.baud, rel=1e-12)
    assert str(settings) == text


@pytest.mark.parametrize(
    ("settings", "silence_ms"),
    [
        # 3.5 x 11 / 9600, and so on; 1.75 ms from 38400 baud upwards.
        (LineSettings(1200, "N", 1), 29.16667),
        (LineSettings(9600, "E", 1), 4.01042),
        (LineSettings(9600, "N", 1), 3.64583),
        (LineSettings(19200, "E", 1), 2.00521),
        (LineSettings(19200, "N", 1), 1.82292),
        (LineSettings(38400, "E", 1), 1.75),
        (LineSettings(57600, "N", 2), 1.75),
        (LineSettings(115200, "N", 1), 1.75),
    ],
)
def test_the_silence_between_frames(settings: LineSettings, silence_ms: float) -> None:
    assert settings.silence_s * 1000 == pytest.approx(silence_ms, abs=1e-5)


@pytest.mark.parametrize(
    ("counts", "settings", "turnaround_s", "expected_s"),
    [
        # Request 8 characters, reply 5 and two a register: 17 x 11 / 9600 = 19.47917 ms; silence 4.01042 ms.
        ([2], LineSettings(9600, "E", 1), 0.0, 0.02348958),
        ([2], LineSettings(9600, "E", 1), 0.05, 0.07348958),
        # 33 x 11 / 9600 = 37.8125 ms; silence 4.01042 ms.
        ([10], LineSettings(9600, "E", 1), 0.0, 0.04182292),
        # All that is fast: 6 x 13 + 2 x 11 = 100 characters, 114.58333 ms; 6 x 20 ms; 6 x 4.01042 ms.
        ([2, 2, 2, 2, 2, 1], LineSettings(9600, "E", 1), 0.02, 0.25864583),
        # 66 x 10 / 115200 = 5.72917 ms; 2 x 5 ms; 2 x 1.75 ms.
        ([10, 10], LineSettings(115200, "N", 1), 0.005, 0.01922917),
    ],
)
def test_a_sweep_takes_the_time_on_the_wire(
    counts: list[int], settings: LineSettings, turnaround_s: float, expected_s: float
) -> None:
    assert sweep_s(counts, settings, turnaround_s) == pytest.approx(expected_s, abs=1e-8)
    assert sum(settings.read_s(count, turnaround_s) for count in counts) == pytest.approx(expected_s, abs=1e-8)


def test_nothing_takes_no_time() -> None:
    assert sweep_s([], LineSettings(), 0.02) == 0


# Parts.

U16, U32 = Encoding.U16, Encoding.U32


def model(rows: str, *blocks: Block, **more: object) -> Model:
    """A table with one row for each letter, at its place: f and s take one register, F and S two."""
    paces = {"f": "fast", "s": "slow"}
    table = [
        Row(place, U16 if letter.islower() else U32, 1, "power_w", 0, 1, paces[letter.lower()])
        for place, letter in enumerate(rows)
        if letter.isalpha()
    ]
    return replace(MODEL, rows=tuple(table), blocks=blocks, **{"holes": (), "longest": 125} | more)


def placed(parts: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(part.address, part.count) for part in parts]


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Up to eight rows with gaps, some blocks that hold whole rows, some holes between the rows."""
    rows, places = "", []
    for letter in draw(st.lists(st.sampled_from("fsFS"), min_size=1, max_size=8)):
        rows += "." * draw(st.sampled_from([0, 0, 0, 1, 2, 9, 30]))
        places.append((len(rows), len(rows) + (2 if letter.isupper() else 1)))
        rows += letter + "." * letter.isupper()
    blocks = []
    for first, last in draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=3)):
        if first <= last < len(places):
            start, end = places[first][0], places[last][1]
            blocks.append(Block(start, end - start, room=end - start + draw(st.integers(0, 3))))
    taken = {register for start, end in places for register in range(start, end)}
    free = sorted(set(range(len(rows))) - taken)
    holes = draw(st.lists(st.sampled_from(free), max_size=2)) if free else []
    longest = draw(st.integers(2, 60))
    return model(rows, *blocks, holes=tuple((hole, hole) for hole in holes), longest=longest)


LIBRARY = load_models()


@pytest.mark.parametrize("name", LIBRARY)
def test_every_row_of_the_library_is_in_one_part(name: str) -> None:
    table = LIBRARY[name]
    for row in table.rows:
        assert [row in table.rows_of(part) for part in parts_of(table)].count(True) == 1, row


def test_a_proven_read_within_another_is_no_part():
    """Whichever stands first, or stands there twice: the wider one reads its rows as well."""
    for blocks in ([Block(1, 1), Block(0, 3)], [Block(0, 3), Block(1, 1)], [Block(0, 3), Block(0, 3)]):
        assert parts_of(model("fff", *blocks)) == (Block(0, 3),)


@given(models())
def test_every_row_is_in_one_part(table: Model) -> None:
    parts = parts_of(table)
    for row in table.rows:
        assert [row in table.rows_of(part) for part in parts].count(True) == 1, row
    assert list(parts) == sorted(parts, key=lambda part: part.address)


@given(models())
def test_a_part_is_a_proven_read_or_a_lone_row(table: Model) -> None:
    for part in parts_of(table):
        is_proven = any(span.holds(part.address, part.end) for span in proven_spans(table))
        assert is_proven or len(table.rows_of(part)) == 1, part


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ("fff", [(0, 3)]),
        ("sss", [(0, 3)]),
        ("ssff", [(0, 2), (2, 2)]),
        ("ffss", [(0, 2), (2, 2)]),
        ("sfs", [(0, 1), (1, 1), (2, 1)]),
        ("fsf", [(0, 3)]),
        ("sfsfs", [(0, 1), (1, 3), (4, 1)]),
        ("S.F.s.F.S.", [(0, 2), (2, 6), (8, 2)]),
    ],
)
def test_slow_rows_come_with_fast_ones_only_between_them(rows: str, parts: list[tuple[int, int]]) -> None:
    assert placed(parts_of(model(rows, Block(0, len(rows))))) == parts


def test_a_lone_row_is_read_alone() -> None:
    """Also where it is neighbour to a block, or to another lone row."""
    assert placed(parts_of(model("ffF.fs", Block(0, 2)))) == [(0, 2), (2, 2), (4, 1), (5, 1)]


def test_a_row_of_two_blocks_belongs_to_the_first() -> None:
    assert placed(parts_of(model("ffff", Block(0, 3), Block(2, 2)))) == [(0, 3), (3, 1)]


def test_a_part_has_the_room_of_its_block() -> None:
    """As many lengths as tell replies apart, in whole numbers where all have two registers."""
    fast, slow = parts_of(model("ffffss", Block(0, 6, room=8)))
    assert (fast.lengths, fast.room) == ((4, 5, 6, 7), 8)
    assert (slow.lengths, slow.room) == ((2, 3, 4), 4)
    fast, slow = parts_of(model("F.F.S.S.", Block(0, 8)))
    assert (fast.lengths, fast.room) == ((4, 6, 8), 8)
    assert (slow.lengths, slow.room) == ((4,), 4)


@given(models())
def test_halves_are_the_rows_of_the_whole(table: Model) -> None:
    """Some in the one and the others in the other; a single row has none."""
    for part in parts_of(table):
        rows, pieces = table.rows_of(part), halves(table, part)
        held = [row for piece in pieces for row in table.rows_of(piece)]
        assert held == (sorted(rows, key=lambda row: row.address) if len(rows) > 1 else [])
        assert all(part.address <= piece.address and piece.end <= part.end for piece in pieces)


@pytest.mark.parametrize(
    ("rows", "pieces"),
    [
        ("ff", [(0, 1), (1, 1)]),
        ("fff", [(0, 1), (1, 2)]),
        ("ffffff", [(0, 2), (2, 4)]),
        ("fffffff", [(0, 3), (3, 4)]),
        ("F.fF.f", [(0, 2), (2, 4)]),
        ("f.......ff", [(0, 1), (8, 2)]),
        ("ff.......f", [(0, 2), (9, 1)]),
    ],
)
def test_halves_are_cut_near_the_middle(rows: str, pieces: list[tuple[int, int]]) -> None:
    """Where there is a gap, what lies in it is in neither. They differ in length where there are rows enough."""
    (part,) = parts_of(model(rows, Block(0, len(rows))))
    assert placed(halves(model(rows), part)) == pieces


@given(models())
def test_halves_have_no_room_beyond_their_rows(table: Model) -> None:
    """What the whole had to spare may be what the meter refuses."""
    for part in parts_of(table):
        for piece in halves(table, part):
            assert piece.room == piece.count
            assert all(piece.address + length <= part.address + part.room for length in piece.lengths)


def test_a_block_of_one_pace_keeps_the_lengths_of_its_table() -> None:
    block = Block(0, 2, lengths=(4, 2))
    assert parts_of(model("ff", block)) == (block,)


# Reads.

LINE = Cost(LineSettings(9600, "E", 1))


def partitions(parts: tuple[Block, ...]) -> Iterator[list[tuple[Block, ...]]]:
    """All ways to cut the parts, in their order, into reads."""
    if not parts:
        yield []
    for end in range(1, len(parts) + 1):
        for rest in partitions(parts[end:]):
            yield [parts[:end], *rest]


def span_of(parts: tuple[Block, ...]) -> Span:
    return Span(parts[0].address, max(part.end for part in parts) - parts[0].address)


def cheapest(parts: tuple[Block, ...], is_allowed: Callable[[Span], bool], cost: Cost) -> float:
    return min(
        sum(cost.read_s(span_of(group)) for group in cut)
        for cut in partitions(parts)
        if all(len(group) == 1 or is_allowed(span_of(group)) for group in cut)
    )


def holds_up(reads: list[Read], parts: tuple[Block, ...], is_allowed: Callable[[Span], bool], cost: Cost) -> None:
    assert [part for read in reads for part in read.parts] == list(parts)
    assert all(read.span == span_of(read.parts) for read in reads)
    assert all(len(read.parts) == 1 or is_allowed(read.span) for read in reads)
    seconds = sum(cost.read_s(read.span) for read in reads)
    assert seconds == pytest.approx(cheapest(parts, is_allowed, cost), abs=1e-5)


SPANS = st.lists(st.builds(Span, st.integers(0, 80), st.integers(1, 80)), max_size=3)
COSTS = st.builds(
    Cost,
    st.sampled_from([LineSettings(1200, "N", 1), LineSettings(9600, "E", 1), LineSettings(115200, "N", 1)]),
    st.sampled_from([0.0, 0.005, 0.02, 0.2]),
)


@given(models(), SPANS, SPANS, COSTS)
def test_known_reads_are_the_cheapest_there_are(table: Model, known: list[Span], taken: list[Span], cost: Cost) -> None:
    parts, known = parts_of(table), proven_spans(table) + known

    def is_allowed(span: Span) -> bool:
        return any(other.holds(span.first, span.end) for other in known) and span not in taken

    reads = known_reads(parts, known, cost, lambda span: span not in taken)
    holds_up(reads, parts, is_allowed, cost)


@given(models(), SPANS, COSTS)
def test_wanted_reads_are_the_cheapest_there_are(table: Model, failed: list[Span], cost: Cost) -> None:
    parts = parts_of(table)

    def is_allowed(span: Span) -> bool:
        registers = range(span.first, span.end)
        return (
            len(registers) <= table.longest
            and not any(first in registers or last in registers for first, last in table.holes)
            and not any(other.first in registers and other.end - 1 in registers for other in failed)
        )

    holds_up(wanted_reads(table, parts, failed, (), cost), parts, is_allowed, cost)


@given(models(), SPANS, SPANS, COSTS)
def test_what_is_known_is_wanted_whatever_the_table_says(
    table: Model, failed: list[Span], known: list[Span], cost: Cost
) -> None:
    parts = parts_of(table)
    wanted = wanted_reads(table, parts, failed, known, cost)
    without = known_reads(parts, known, cost)
    assert sum(cost.read_s(r.span) for r in wanted) <= sum(cost.read_s(r.span) for r in without) + 1e-5


def test_of_equal_milliseconds_the_fewer_requests() -> None:
    """A request more costs 13 characters, a silence and the turnaround; here just as much as the gap of 11 registers."""
    settings = LineSettings(9600, "N", 1)
    gap = 11
    turnaround_s = 2 * gap * settings.character_s - settings.silence_s - 13 * settings.character_s
    table = model("f" + gap * "." + "f")
    reads = wanted_reads(table, parts_of(table), (), (), Cost(settings, turnaround_s))
    assert [read.span for read in reads] == [Span(0, gap + 2)]


def test_the_reads_of_nothing_are_none() -> None:
    assert known_reads((), (), LINE) == wanted_reads(MODEL, (), (), (), LINE) == []


def test_the_or_we_515_is_read_at_once_if_it_lets_be() -> None:
    """Six proven reads; one over the gaps, which costs 133 ms instead of 259 ms."""
    fast = [part for part in parts_of(MODEL) if not is_slow(MODEL, part)]
    assert len(known_reads(fast, proven_spans(MODEL), LINE)) == 6
    assert [read.span for read in wanted_reads(MODEL, fast, (), (), LINE)] == [Span(0x130, 41)]
    assert LINE.read_s(Span(0x130, 41)) == pytest.approx(0.13286, abs=1e-5)
