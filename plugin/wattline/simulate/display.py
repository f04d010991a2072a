"""Between the values of a meter and its registers: what they hold, and what a person would read on the display.

The way back is worked out by other means than the reader's, so that a mistake of the one is seen by the other.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isfinite, ldexp, nan

from wattline.meters import Model
from wattline.registers import Encoding, Row


def registers_of(model: Model, values: Mapping[str, float]) -> dict[int, int]:
    """Address to register of the rows whose field is in ``values``; NaN stands for a value that the meter has not.

    Raises:
        ValueError: the meter has no way to say that it has no value.
        OverflowError: a value does not fit into its registers.
    """
    held: dict[int, int] = {}
    for row in model.rows:
        if row.field in values:
            value = values[row.field]
            raw = _absent(model, row) if value != value else row.raw(value)  # noqa: PLR0124 (only NaN differs from itself)
            held.update(zip(range(row.address, row.end), row.encoding.pack(raw), strict=True))
    return held


def _absent(model: Model, row: Row) -> float:
    if row.encoding in model.absent:
        return model.absent[row.encoding]
    if row.encoding.is_float:
        return nan
    raise ValueError(f"{model.title} cannot say that it has no {row.field}")


def shown(model: Model, first: int, registers: Sequence[int]) -> dict[str, float]:
    """Field to value of the rows that lie wholly in ``registers`` from ``first`` on, at the meter's decimals."""
    values: dict[str, float] = {}
    for row in model.rows:
        start, stop = row.address - first, row.end - first
        if start >= 0 and stop <= len(registers):
            raw = number(row.encoding, registers[start:stop])
            if isfinite(raw) and raw != model.absent.get(row.encoding):
                values[row.field] = float(round(Fraction(raw) * Fraction(str(row.scale)), row.decimals))
    return values


def number(encoding: Encoding, registers: Sequence[int]) -> float:
    """The number in ``registers``."""
    words = registers[::-1] if encoding.name.endswith("LOW_FIRST") else registers
    raw = 0
    for word in words:
        raw = raw << 16 | word
    if encoding.is_float:
        return _ieee_754(raw, *((8, 23) if encoding.count == 2 else (11, 52)))
    is_negative = encoding.is_signed and words[0] & 0x8000
    return raw - (1 << 16 * encoding.count) if is_negative else raw


def _ieee_754(bits: int, exponent_bits: int, mantissa_bits: int) -> float:
    sign = -1.0 if bits >> (exponent_bits + mantissa_bits) else 1.0
    exponent = bits >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = bits & (1 << mantissa_bits) - 1
    bias = (1 << exponent_bits - 1) - 1
    if exponent == 0:
        return sign * ldexp(mantissa, 1 - bias - mantissa_bits)
    if exponent == (1 << exponent_bits) - 1:
        return nan
    return sign * ldexp(mantissa | 1 << mantissa_bits, exponent - bias - mantissa_bits)
