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
"""

from dataclasses import replace

import pytest

from wattline.bus.settings import LineSettings
from wattline.meters import Block, load_models
from wattline.plan import SLOW_S, due_parts, is_slow, parts_of, sweep_s
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
