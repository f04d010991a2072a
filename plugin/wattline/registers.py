"""From registers to values and back: pure functions over the rows of a meter's table.

Why a binary grain. InfluxDB stores floats XORed with their neighbour and packs the bits that differ. 231.42 has no
short binary form, so its 52 bits of mantissa look like noise and cost about three bytes a value. The nearest multiple
of 1/128 keeps 7 bits behind the point and costs about one; rounded back to two decimals it is 231.42 again, since the
grain is finer than the last decimal. So a value carries the smallest k with 2**k >= 10**decimals:

    decimals   0   1     2      3       4
    grain      1   1/16  1/128  1/1024  1/16384

A meter that sends floats shows decimals as well, and no more than those are kept: what lies behind them is noise.
"""

import dataclasses
import enum
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from wattline.fields import ELECTRICITY_FIELDS

Pace = Literal["fast", "slow"]
# What a meter with floats resolves of each unit; its registers hold more digits than it measures.
FLOAT_DECIMALS = {"V": 2, "A": 3, "W": 1, "var": 1, "VA": 1, "Hz": 2, "kWh": 3, "kvarh": 3, "kVAh": 3, "%": 2, "°": 1}
OTHER_DECIMALS = 3
# Beyond this nothing is counted in units any more: no meter shows so much.
LARGEST = 1e15


class Encoding(enum.Enum):
    """How a number lies in registers; in each the high byte comes first.

    The value is (registers, kind, whether the least significant register comes first).
    """

    U16 = (1, "unsigned", False)
    I16 = (1, "signed", False)
    U32 = (2, "unsigned", False)
    I32 = (2, "signed", False)
    U64 = (4, "unsigned", False)
    I64 = (4, "signed", False)
    F32 = (2, "float", False)
    F64 = (4, "float", False)
    U32_LOW_FIRST = (2, "unsigned", True)
    I32_LOW_FIRST = (2, "signed", True)
    U64_LOW_FIRST = (4, "unsigned", True)
    I64_LOW_FIRST = (4, "signed", True)
    F32_LOW_FIRST = (2, "float", True)
    F64_LOW_FIRST = (4, "float", True)

    def __init__(self, count: int, kind: str, low_first: bool) -> None:
        self.count = count
        """Registers that one number takes."""
        self.is_signed = kind != "unsigned"
        """Whether it can hold a number below zero: in two's complement, or as a float of IEEE 754."""
        self.is_float = kind == "float"
        """Whether it holds a float of IEEE 754."""
        self._low_first = low_first

    def unpack(self, registers: Sequence[int]) -> float:
        """The number in ``registers`` (each 0 to 65535, as many as ``count``); an int unless it is a float."""
        ordered = reversed(registers) if self._low_first else registers
        data = b"".join([register.to_bytes(2, "big") for register in ordered])
        if self.is_float:
            (number,) = struct.unpack(_FLOATS[self.count], data)
            return float(number)
        return int.from_bytes(data, "big", signed=self.is_signed)

    def pack(self, raw: float) -> tuple[int, ...]:
        """The registers of ``raw``, an int unless the encoding is a float.

        Raises:
            OverflowError: the number does not fit.
        """
        if self.is_float:
            data = struct.pack(_FLOATS[self.count], raw)
        else:
            data = int(raw).to_bytes(2 * self.count, "big", signed=self.is_signed)
        registers = tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
        return registers[::-1] if self._low_first else registers


_FLOATS = {2: ">f", 4: ">d"}


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of a meter.

    Attributes:
        address: its first register.
        encoding: how the number lies in the registers.
        scale: the raw number times this is the value in the unit of the field: 0.01 as makers write it, 10 for a meter
            that counts in steps of 10 W, 1000 for one that says kW, 0.001 for one that says Wh. Below zero it turns the
            sign.
        field: a name of ``fields.ELECTRICITY_FIELDS``.
        low, high: what the meter can measure, both ends included, in the unit of the field.
        pace: "fast" is read in every slot, "slow" when it is ten seconds old.
        decimals: digits behind the point that the meter shows of the value; those of ``scale`` unless given, or for a
            float those that meters resolve of its unit.
    """

    address: int
    encoding: Encoding
    scale: float
    field: str
    low: float
    high: float
    pace: Pace = "fast"
    decimals: int = -1
    units: Fraction = dataclasses.field(init=False, repr=False, compare=False)
    """How many units of the last decimal the raw number 1 is."""
    end: int = dataclasses.field(init=False, repr=False, compare=False)
    """The register after its last."""

    def __post_init__(self) -> None:
        if self.decimals < 0:
            decimals = _float_decimals(self.field) if self.encoding.is_float else scale_decimals(self.scale)
            object.__setattr__(self, "decimals", decimals)
        object.__setattr__(self, "units", Fraction(str(self.scale)) * 10**self.decimals)
        object.__setattr__(self, "end", self.address + self.encoding.count)

    def count_units(self, raw: float) -> int:
        """``raw`` (finite) in units of the last decimal."""
        if self.units.denominator == 1:
            return round(raw * self.units.numerator)
        return round(Fraction(raw) * self.units)

    def raw(self, value: float) -> float:
        """What the registers hold when the meter shows ``value``, in the unit of the field."""
        if self.encoding.is_float:
            return round(value, self.decimals) / self.scale
        return round(Fraction(value) / Fraction(str(self.scale)))


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a span of registers said.

    Attributes:
        values: field to value, on the binary grain.
        implausible: field to the value that was left out because the meter cannot measure it.
        absent: fields of which the meter said that it has no value.
    """

    values: dict[str, float]
    implausible: dict[str, float]
    absent: tuple[str, ...] = ()


def scale_decimals(scale: float) -> int:
    """Digits behind the point of a whole number times ``scale``: 2 for 0.01, 0 for 10."""
    exponent = Decimal(str(scale)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _float_decimals(name: str) -> int:
    known = ELECTRICITY_FIELDS.get(name)
    return FLOAT_DECIMALS.get(known.unit, OTHER_DECIMALS) if known else OTHER_DECIMALS


def grain_bits(decimals: int) -> int:
    """The k of the grain 2**-k that keeps ``decimals`` decimals: the smallest with 2**k >= 10**decimals."""
    return int((10**decimals - 1).bit_length())


def to_grain(units: int, decimals: int) -> float:
    """The multiple of the grain nearest to ``units`` / 10**``decimals``; exact for every number of 32 bits."""
    bits, unit = grain_bits(decimals), int(10**decimals)
    return (2 * (units << bits) + unit) // (2 * unit) / (1 << bits)


def on_grain(value: float, decimals: int) -> float:
    """The multiple of the grain nearest to ``value`` rounded to ``decimals``, which takes a third of the decimal's bytes in InfluxDB."""
    return to_grain(round(value * 10**decimals), decimals)


def decode(
    rows: Iterable[Row], first: int, registers: Sequence[int], absent: Mapping[Encoding, int] | None = None
) -> Decoded:
    """The values of those ``rows`` that lie wholly in ``registers``, whose first has the address ``first``.

    Args:
        rows: the rows.
        first: address of the first register.
        registers: each 0 to 65535.
        absent: encoding to the raw number by which this meter says that it has no value; a float that is no number
            always says so.
    """
    decoded = Decoded({}, {})
    nothing = []
    for row in rows:
        start, stop = row.address - first, row.end - first
        if start < 0 or stop > len(registers):
            continue
        raw = row.encoding.unpack(registers[start:stop])
        if (absent and raw == absent.get(row.encoding)) or not math.isfinite(raw):
            nothing.append(row.field)
            continue
        if abs(raw * row.scale) > LARGEST:
            decoded.implausible[row.field] = raw * row.scale
            continue
        units = row.count_units(raw)
        # What the display shows is judged, not its neighbour on the grain: that of 999 999.99 is greater.
        is_plausible = row.low <= units / 10**row.decimals <= row.high
        (decoded.values if is_plausible else decoded.implausible)[row.field] = to_grain(units, row.decimals)
    return Decoded(decoded.values, decoded.implausible, tuple(nothing))


def encode(rows: Iterable[Row], values: Mapping[str, float]) -> dict[int, int]:
    """Address to register for the ``values`` (field to value in its unit) that ``rows`` know: what a meter would hold."""
    image: dict[int, int] = {}
    for row in rows:
        if row.field in values:
            image.update(zip(range(row.address, row.end), row.encoding.pack(row.raw(values[row.field])), strict=True))
    return image
