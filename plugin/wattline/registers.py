"""From registers to values and back: pure functions over the rows of a meter's table.

Why a binary grain. InfluxDB stores floats XORed with their neighbour and packs the bits that differ. 231.42 has no
short binary form, so its 52 bits of mantissa look like noise and cost about three bytes a value. The nearest multiple
of 1/128 keeps 7 bits behind the point and costs about one; rounded back to two decimals it is 231.42 again, since the
grain is finer than the last decimal. So a value carries the smallest k with 2**k >= 10**decimals:

    decimals   0   1     2      3
    grain      1   1/16  1/128  1/1024
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Pace = Literal["fast", "slow"]


class Encoding(enum.Enum):
    """How a number lies in registers; the most significant register comes first.

    The value is (registers, signed).
    """

    U16 = (1, False)
    I16 = (1, True)
    U32 = (2, False)
    I32 = (2, True)

    @property
    def count(self) -> int:
        """Registers that one number takes."""
        return self.value[0]

    @property
    def signed(self) -> bool:
        """Whether the first bit is a sign, in two's complement."""
        return self.value[1]

    def unpack(self, registers: Sequence[int]) -> int:
        """The number in ``registers`` (each 0 to 65535, as many as ``count``)."""
        data = b"".join(register.to_bytes(2, "big") for register in registers)
        return int.from_bytes(data, "big", signed=self.signed)

    def pack(self, raw: int) -> tuple[int, ...]:
        """The registers of ``raw``.

        Raises:
            OverflowError: the number does not fit.
        """
        data = raw.to_bytes(2 * self.count, "big", signed=self.signed)
        return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity of a meter.

    Attributes:
        address: its first register.
        encoding: how the number lies in the registers.
        decimals: the raw number is the value times ten to this power, in the unit of the field.
        field: a name of ``fields.ELECTRICITY_FIELDS``.
        low, high: what the meter can measure, both ends included, in the unit of the field.
        pace: "fast" is read in every slot, "slow" when it is ten seconds old.
    """

    address: int
    encoding: Encoding
    decimals: int
    field: str
    low: float
    high: float
    pace: Pace = "fast"

    @property
    def end(self) -> int:
        """The register after its last."""
        return self.address + self.encoding.count


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a span of registers said.

    Attributes:
        values: field to value, on the binary grain.
        implausible: field to the value that was left out because the meter cannot measure it.
    """

    values: dict[str, float]
    implausible: dict[str, float]


def grain_bits(decimals: int) -> int:
    """The k of the grain 2**-k that keeps ``decimals`` decimals: the smallest with 2**k >= 10**decimals."""
    return int((10**decimals - 1).bit_length())


def to_grain(raw: int, decimals: int) -> float:
    """The multiple of the grain nearest to ``raw`` / 10**``decimals``; exact for every raw of 32 bits."""
    bits, unit = grain_bits(decimals), int(10**decimals)
    return (2 * (raw << bits) + unit) // (2 * unit) / (1 << bits)


def decode(rows: Iterable[Row], first: int, registers: Sequence[int]) -> Decoded:
    """The values of those ``rows`` that lie wholly in ``registers``, whose first has the address ``first``."""
    values: dict[str, float] = {}
    implausible: dict[str, float] = {}
    for row in rows:
        start, stop = row.address - first, row.end - first
        if start < 0 or stop > len(registers):
            continue
        raw = row.encoding.unpack(registers[start:stop])
        # What the display shows is judged, not its neighbour on the grain: that of 999 999.99 is greater.
        is_plausible = row.low <= raw / 10**row.decimals <= row.high
        (values if is_plausible else implausible)[row.field] = to_grain(raw, row.decimals)
    return Decoded(values, implausible)


def encode(rows: Iterable[Row], values: Mapping[str, float]) -> dict[int, int]:
    """Address to register for the ``values`` (field to value in its unit) that ``rows`` know: what a meter would hold."""
    image: dict[int, int] = {}
    for row in rows:
        if row.field in values:
            raw = round(values[row.field] * 10**row.decimals)
            image.update(zip(range(row.address, row.end), row.encoding.pack(raw), strict=True))
    return image
