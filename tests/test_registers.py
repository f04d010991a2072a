"""From registers to values and back, over every number that registers can hold.

| fault | test |
|---|---|
| bytes or registers in the wrong order, a sign lost | test_a_number_lies_in_registers_as_struct_packs_it |
| a table with decimals for which nothing was proven | test_the_tables_use_no_other_decimals |
| two encodings with one value become one encoding | test_no_two_encodings_are_one |
| ... of a float | test_a_float_lies_in_registers_as_struct_packs_it |
| what is no number becomes a value, or ends the reader | test_what_is_no_number_is_no_value, test_no_registers_end_the_reader |
| a sentinel becomes a value | test_a_sentinel_is_no_value |
| steps of 10 W, kW, Wh, or a turned sign become another value | test_a_scale_gives_the_unit_of_the_field |
| a float shows more digits than its meter measures | test_a_float_is_rounded_to_what_its_meter_resolves |
| a number that does not fit is cut | test_a_number_that_does_not_fit_is_refused |
| the value is not the display's when it is rounded back | test_rounded_back_a_value_is_the_very_number, test_every_number_of_sixteen_bits_survives, test_the_recorded_numbers_are_those_of_the_display |
| the value is not on the grain, or not the nearest there | test_a_value_is_the_nearest_on_the_grain |
| the grain is finer than needed, and storage is paid for nothing | test_a_coarser_grain_would_lose_a_number |
| an error that grows with the counter | test_the_grain_repeats_with_every_whole_unit |
| a row is decoded from half its registers, or from a neighbour's | test_only_rows_that_lie_wholly_in_the_span_are_decoded |
| an implausible value is let through, or a sound one at the end of the range is not | test_a_value_is_left_out_exactly_when_it_is_out_of_range |
| what was left out is not told | test_a_value_is_left_out_exactly_when_it_is_out_of_range |
| what a meter shows does not come back as it was | test_what_a_meter_holds_is_what_is_decoded, test_the_display_is_encoded_without_loss |
| a quantity that was not given gets a register all the same | test_quantities_that_are_not_given_have_no_registers |
"""

import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from wattline.meters import Model, load_models
from wattline.plan import parts_of
from wattline.registers import LARGEST, Encoding, Row, decode, encode, grain_bits, to_grain

# A busy machine is slow, not wrong.
thorough = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

MODELS = load_models()
FORMATS = {
    Encoding.U16: ">H",
    Encoding.I16: ">h",
    Encoding.U32: ">I",
    Encoding.I32: ">i",
    Encoding.U64: ">Q",
    Encoding.I64: ">q",
    Encoding.F32: ">f",
    Encoding.F64: ">d",
}
LOW_FIRST = {encoding: Encoding[f"{encoding.name}_LOW_FIRST"] for encoding in FORMATS if encoding.count > 1}
FORMATS |= {low_first: FORMATS[encoding] for encoding, low_first in LOW_FIRST.items()}
WHOLE = [encoding for encoding in FORMATS if not encoding.is_float]
GRAIN_BITS = {0: 0, 1: 4, 2: 7, 3: 10, 4: 14}
"""Decimals to the k of the grain 2**-k: 1, 1/16, 1/128, 1/1024, 1/16384."""

SCALES = {0: 1, 1: 0.1, 2: 0.01, 3: 0.001, 4: 0.0001}
"""Decimals to the scale that has them."""

RECORDED = [
    ((0x5A66,), Encoding.U16, 2, "231.42"),
    ((0x1389,), Encoding.U16, 2, "50.01"),
    ((0x0000, 0x05C1), Encoding.U32, 3, "1.473"),
    ((0x0000, 0x0147), Encoding.I32, 0, "327"),
    ((0x0000, 0x0062), Encoding.I32, 0, "98"),
    ((0x0000, 0x0155), Encoding.I32, 0, "341"),
    ((0x03BF,), Encoding.I16, 3, "0.959"),
    ((0x0003, 0x0530), Encoding.U32, 2, "1979.36"),
    ((0x0001, 0x8FCC), Encoding.U32, 2, "1023.48"),
]
"""Registers of a real OR-WE-514 and what it showed (volkszaehler/mbmd issue 155)."""


def numbers(encoding: Encoding) -> st.SearchStrategy[int]:
    """All that ``encoding`` can hold, the ends and the steps from register to register not forgotten."""
    bits = 16 * encoding.count
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if encoding.is_signed else (0, 2**bits - 1)
    edges = [n for n in (low, -65_537, -65_536, -1, 0, 65_535, 65_536, 99_999_999, high) if low <= n <= high]
    return st.sampled_from(edges) | st.integers(low, high)


encodings = st.sampled_from(WHOLE)
numbers_in_encodings = encodings.flatmap(lambda encoding: st.tuples(st.just(encoding), numbers(encoding)))
raw_numbers = numbers(Encoding.U32) | numbers(Encoding.I32)
decimals_used = st.sampled_from(sorted(GRAIN_BITS))


def packed(encoding: Encoding, raw: float) -> tuple[int, ...]:
    """The registers of a number, by struct."""
    registers = struct.unpack(f">{encoding.count}H", struct.pack(FORMATS[encoding], raw))
    return registers[::-1] if encoding in LOW_FIRST.values() else registers


def shown(raw: int, decimals: int) -> Decimal:
    """The number on the display."""
    return Decimal(raw).scaleb(-decimals)


def test_no_two_encodings_are_one() -> None:
    """Members of an enumeration that have the same value are the same member."""
    assert [encoding.name for encoding in Encoding] == [encoding.name for encoding in FORMATS]
    assert len(FORMATS) == 14


@thorough
@given(numbers_in_encodings)
def test_a_number_lies_in_registers_as_struct_packs_it(number: tuple[Encoding, int]) -> None:
    encoding, raw = number

    assert encoding.pack(raw) == packed(encoding, raw)
    assert encoding.unpack(packed(encoding, raw)) == raw


floats = st.sampled_from([encoding for encoding in FORMATS if encoding.is_float])


@thorough
@given(floats, st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_lies_in_registers_as_struct_packs_it(encoding: Encoding, raw: float) -> None:
    assert encoding.pack(raw) == packed(encoding, raw)
    assert encoding.unpack(packed(encoding, raw)) == raw


@pytest.mark.parametrize("encoding", WHOLE)
def test_a_number_that_does_not_fit_is_refused(encoding: Encoding) -> None:
    bits = 16 * encoding.count
    beyond = (-(2 ** (bits - 1)) - 1, 2 ** (bits - 1)) if encoding.is_signed else (-1, 2**bits)

    for raw in beyond:
        with pytest.raises(OverflowError):
            encoding.pack(raw)


def test_the_tables_use_no_other_decimals() -> None:
    """What is proven here for 0 to 3 decimals is proven for every table."""
    assert {row.decimals for model in MODELS.values() for row in model.rows} <= GRAIN_BITS.keys()
    assert {decimals: grain_bits(decimals) for decimals in GRAIN_BITS} == GRAIN_BITS


@thorough
@given(raw_numbers, decimals_used)
def test_rounded_back_a_value_is_the_very_number(raw: int, decimals: int) -> None:
    value = to_grain(raw, decimals)

    assert type(value) is float
    assert round(value * 10**decimals) == raw
    assert round(value, decimals) == float(shown(raw, decimals))
    assert Decimal(f"{value:.{decimals}f}") == shown(raw, decimals)


@pytest.mark.parametrize("decimals", GRAIN_BITS)
def test_every_number_of_sixteen_bits_survives(decimals: int) -> None:
    numbers = range(-(2**15), 2**16)

    assert [round(to_grain(raw, decimals) * 10**decimals) for raw in numbers] == list(numbers)


@thorough
@given(raw_numbers, decimals_used)
def test_a_value_is_the_nearest_on_the_grain(raw: int, decimals: int) -> None:
    steps = Fraction(to_grain(raw, decimals)) * 2 ** GRAIN_BITS[decimals]

    assert steps.denominator == 1
    # Never half a step, where two would be nearest: 2**k / 10**decimals has an odd denominator.
    assert abs(steps - Fraction(raw, 10**decimals) * 2 ** GRAIN_BITS[decimals]) < Fraction(1, 2)


@pytest.mark.parametrize("decimals", GRAIN_BITS)
def test_a_coarser_grain_would_lose_a_number(decimals: int) -> None:
    def survives(raw: int, bits: int) -> bool:
        value = Fraction(round(Fraction(raw, 10**decimals) * 2**bits), 2**bits)
        return round(value * 10**decimals) == raw

    for coarser in range(GRAIN_BITS[decimals]):
        assert not all(survives(raw, coarser) for raw in range(10**decimals)), coarser
    assert all(survives(raw, GRAIN_BITS[decimals]) for raw in range(10**decimals))


@thorough
@given(raw_numbers, decimals_used)
def test_the_grain_repeats_with_every_whole_unit(raw: int, decimals: int) -> None:
    whole, rest = divmod(raw, 10**decimals)

    assert to_grain(raw, decimals) == whole + to_grain(rest, decimals)


@pytest.mark.parametrize(("registers", "encoding", "decimals", "display"), RECORDED)
def test_the_recorded_numbers_are_those_of_the_display(
    registers: tuple[int, ...], encoding: Encoding, decimals: int, display: str
) -> None:
    row = Row(0x10, encoding, SCALES[decimals], "any", 0, 2000)

    value = decode([row], 0x10, registers).values["any"]

    assert f"{value:.{decimals}f}" == display
    assert round(value, decimals) == float(display)


# Rows.


@st.composite
def rows_of_a_meter(draw: st.DrawFn) -> list[Row]:
    """Rows that do not overlap, with gaps between some."""
    rows, address = [], draw(st.integers(0, 20))
    for n in range(draw(st.integers(1, 8))):
        encoding = draw(encodings)
        rows.append(Row(address, encoding, SCALES[draw(decimals_used)], f"field_{n}", -(2.0**64), 2.0**64))
        address = rows[-1].end + draw(st.integers(0, 2))
    return draw(st.permutations(rows))


@thorough
@given(rows_of_a_meter(), st.integers(0, 50), st.integers(0, 40), st.data())
def test_only_rows_that_lie_wholly_in_the_span_are_decoded(
    rows: list[Row], first: int, count: int, data: st.DataObject
) -> None:
    memory = dict.fromkeys(range(first, first + count), 7)
    raws = {row.field: data.draw(numbers(row.encoding)) for row in rows}
    for row in rows:
        registers = packed(row.encoding, raws[row.field])
        memory.update((row.address + n, register) for n, register in enumerate(registers) if row.address + n in memory)

    decoded = decode(rows, first, [memory[address] for address in range(first, first + count)])

    whole = [row for row in rows if {*range(row.address, row.address + row.encoding.count)} <= memory.keys()]
    shown_values = {row.field: raws[row.field] * row.scale for row in whole}
    assert decoded.values == {
        row.field: to_grain(raws[row.field], row.decimals) for row in whole if abs(shown_values[row.field]) <= LARGEST
    }
    assert decoded.implausible.keys() | decoded.values.keys() == shown_values.keys()


@st.composite
def ranges_on_the_display(draw: st.DrawFn) -> tuple[Row, int]:
    """A row, and a number that often lies at one of the ends of its range."""
    encoding, decimals = draw(encodings), draw(decimals_used)
    low, high = sorted((draw(numbers(encoding)), draw(numbers(encoding))))
    nearby = [n for n in (low - 1, low, low + 1, high - 1, high, high + 1) if fits(encoding, n)]
    raw = draw(st.sampled_from(nearby) | numbers(encoding))
    scale = SCALES[decimals]
    return Row(0, encoding, scale, "any", float(shown(low, decimals)), float(shown(high, decimals))), raw


def fits(encoding: Encoding, raw: int) -> bool:
    try:
        struct.pack(FORMATS[encoding], raw)
    except struct.error:
        return False
    return True


@thorough
@given(ranges_on_the_display())
def test_a_value_is_left_out_exactly_when_it_is_out_of_range(row_and_raw: tuple[Row, int]) -> None:
    """The ends belong to the range, as a table writes them: 999 999.99, not its neighbour on the grain."""
    row, raw = row_and_raw
    assume(abs(raw) < 1e11)
    is_in_range = Decimal(repr(row.low)) <= shown(raw, row.decimals) <= Decimal(repr(row.high))
    expected = {"any": to_grain(raw, row.decimals)}

    decoded = decode([row], 0, packed(row.encoding, raw))

    assert (decoded.values, decoded.implausible) == ((expected, {}) if is_in_range else ({}, expected))


@st.composite
def displays(draw: st.DrawFn) -> tuple[Model, dict[str, int]]:
    """A model, and for each of its quantities a number that it can measure."""
    model = draw(st.sampled_from(list(MODELS.values())))
    raws = {}
    for row in model.rows:
        low, high = sorted(int(Decimal(repr(end)) / Decimal(repr(row.scale))) for end in (row.low, row.high))
        raw = draw(st.sampled_from((low, high)) | st.integers(low, high))
        # A float of 32 bits has 24 for its digits.
        raws[row.field] = int(row.encoding.unpack(row.encoding.pack(raw))) if row.encoding.is_float else raw
    return model, raws


@thorough
@given(displays())
def test_what_a_meter_holds_is_what_is_decoded(display: tuple[Model, dict[str, int]]) -> None:
    model, raws = display
    values = {row.field: to_grain(row.count_units(raws[row.field]), row.decimals) for row in model.rows}

    image = encode(model.rows, values)

    assert [
        image[row.address + n] for row in model.rows if not row.encoding.is_float for n in range(row.encoding.count)
    ] == [
        register
        for row in model.rows
        if not row.encoding.is_float
        for register in packed(row.encoding, raws[row.field])
    ]
    decoded = {}
    for part in parts_of(model):
        registers = [image.get(address, 7) for address in range(part.address, part.end)]
        said = decode(model.rows, part.address, registers)
        assert said.implausible == {}
        decoded |= said.values
    assert decoded == values


@thorough
@given(numbers_in_encodings, decimals_used)
def test_the_display_is_encoded_without_loss(number: tuple[Encoding, int], decimals: int) -> None:
    """Whether the value is written with the display's decimals or on the grain; a float of 64 bits has room for 53."""
    encoding, raw = number
    assume(abs(raw) < 2**53)
    row = Row(5, encoding, SCALES[decimals], "any", 0, 1)
    registers = dict(enumerate(packed(encoding, raw), 5))

    assert encode([row], {"any": float(shown(raw, decimals))}) == registers
    assert encode([row], {"any": to_grain(raw, decimals)}) == registers


def test_quantities_that_are_not_given_have_no_registers() -> None:
    rows = [Row(1, Encoding.U16, 1, "given", 0, 9), Row(2, Encoding.U32, 1, "not_given", 0, 9)]

    assert encode(rows, {"given": 3, "of_another_meter": 4}) == {1: 3}


# Scales, floats and sentinels.


@pytest.mark.parametrize(
    ("encoding", "raw", "scale", "field", "expected"),
    [
        (Encoding.I32, -123, 10, "power_w", -1230),
        (Encoding.F32, 1.2345, 1000, "power_w", 1234.5),
        (Encoding.F32, 2311, 0.1, "voltage_v", 231.1),
        (Encoding.I64, 1_979_361, 0.001, "energy_import_kwh", 1979.361),
        (Encoding.U16, 327, -1, "power_w", -327),
        (Encoding.U16, 41, 0.04, "current_a", 1.64),
        (Encoding.U32_LOW_FIRST, 70_000, 0.01, "energy_import_kwh", 700.0),
    ],
)
def test_a_scale_gives_the_unit_of_the_field(
    encoding: Encoding, raw: float, scale: float, field: str, expected: float
) -> None:
    row = Row(0, encoding, scale, field, -1e6, 1e6)

    value = decode([row], 0, packed(encoding, raw)).values[field]

    assert round(value, row.decimals) == expected
    assert encode([row], {field: value}) == dict(enumerate(packed(encoding, row.raw(value))))
    assert encode([row], {field: expected}) == dict(enumerate(packed(encoding, raw)))


@pytest.mark.parametrize(
    ("field", "raw", "shown_as"),
    [
        ("voltage_v", 230.123456, "230.12"),
        ("current_a", 1.4734999, "1.473"),
        ("power_w", -327.26, "-327.3"),
        ("frequency_hz", 49.996, "50.00"),
        ("energy_import_kwh", 1979.3617, "1979.362"),
        ("power_factor", 0.95941, "0.959"),
    ],
)
def test_a_float_is_rounded_to_what_its_meter_resolves(field: str, raw: float, shown_as: str) -> None:
    row = Row(0, Encoding.F32, 1, field, -1e6, 1e6)

    value = decode([row], 0, packed(Encoding.F32, raw)).values[field]

    assert f"{value:.{row.decimals}f}" == shown_as
    assert value == to_grain(int(Decimal(shown_as).scaleb(row.decimals)), row.decimals)


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("encoding", [encoding for encoding in FORMATS if encoding.is_float])
def test_what_is_no_number_is_no_value(encoding: Encoding, raw: float) -> None:
    row = Row(0, encoding, 1, "power_w", -1e6, 1e6)
    decoded = decode([row], 0, packed(encoding, raw))
    assert (decoded.values, decoded.implausible, decoded.absent) == ({}, {}, ("power_w",))


def test_a_sentinel_is_no_value() -> None:
    """All ones where there is no sign, the greatest number where there is one; and only in its own encoding."""
    absent = {Encoding.U32: 0xFFFFFFFF, Encoding.I32: 0x7FFFFFFF}
    rows = [
        Row(0, Encoding.U32, 1, "one", 0, 1e10),
        Row(2, Encoding.I32, 1, "two", -1e10, 1e10),
        Row(4, Encoding.I32, 1, "three", -1e10, 1e10),
    ]
    registers = [0xFFFF, 0xFFFF, 0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF]

    assert decode(rows, 0, registers, absent).absent == ("one", "two")
    assert decode(rows, 0, registers, absent).values == {"three": -1}
    assert decode(rows, 0, registers).absent == ()


@thorough
@given(
    st.sampled_from(list(Encoding)),
    st.sampled_from([1000, 10, 1, 0.1, 0.001, -0.01]),
    st.lists(st.sampled_from((0, 1, 0x7F7F, 0x7F80, 0x7FEF, 0x7FFF, 0x8000, 0xFF80, 0xFFFF)), min_size=4, max_size=4),
)
def test_no_registers_end_the_reader(encoding: Encoding, scale: float, registers: list[int]) -> None:
    """Whatever they hold, it is a value in range, an implausible one, or none."""
    decoded = decode([Row(0, encoding, scale, "power_w", -1e5, 1e5)], 0, registers)
    assert len(decoded.values) + len(decoded.implausible) + len(decoded.absent) == 1
    assert all(-1e5 - 1 <= value <= 1e5 + 1 for value in decoded.values.values())
