"""The numbers of a stick: hexadecimal, signed by how wide they are written, scaled without a rounding. Pure.

The makers' text says that demand has 24 bits, and sticks write a negative one with 32 or 64: so the digits tell. Energy
counters have no sign. Where a number is none, or says that there is none, the answer is None and the value stays away.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from wattline.rainforest.fragment import Fragment
from wattline.registers import LARGEST, to_grain

EPOCH_S = 946_684_800
"""2000-01-01 00:00 UTC, from which a stick counts, in seconds since 1970."""

NO_PRICE = 0xFFFF_FFFF
NO_TIMES = frozenset({0, 0xFF_FFFF, 0xFFFF_FFFF})
NO_INTERVAL = 0xFF_FFFF
NO_PERIOD_S = 0xFFFF_FFFF
NO_DURATION_MIN = 0xFFFF

_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,16})")
_DECIMAL = re.compile(r"[0-9]{1,9}")
# Sixteen digits times eight over one have 29 digits.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
# Of a divisor that is no power of ten, of which no display tells.
OTHER_DECIMALS = 3


def unsigned(text: str) -> int | None:
    """The number that is written in hexadecimal."""
    match = _HEX.fullmatch(text)
    return int(match[1], 16) if match else None


def signed(text: str) -> int | None:
    """The same in two's complement of 24, 32 or 64 bits, whichever the digits fit into."""
    match = _HEX.fullmatch(text)
    if not match:
        return None
    bits = next(width for width in (24, 32, 64) if 4 * len(match[1]) <= width)
    number = int(match[1], 16)
    return number - (1 << bits) if number >> (bits - 1) else number


def plain(text: str) -> int | None:
    """The number that is written in decimal."""
    return int(text) if _DECIMAL.fullmatch(text) else None


def time_s(text: str) -> int | None:
    """Seconds since 1970; None where it is no time, or says that there is none."""
    number = unsigned(text)
    return None if number is None or number in NO_TIMES else number + EPOCH_S


@dataclass(frozen=True, slots=True)
class Scale:
    """What the raw number is multiplied with and divided by to be kW or kWh.

    Attributes:
        multiplier, divisor: at least 1.
    """

    multiplier: int
    divisor: int

    @property
    def decimals(self) -> int:
        """Digits behind the point that the meter has of a kW or kWh."""
        digits = len(str(self.divisor)) - 1
        return digits if self.divisor == 10**digits else OTHER_DECIMALS

    def value(self, raw: int, times: int = 1) -> float | None:
        """``raw`` in kW or kWh, ``times`` 1000 in W: on the binary grain of the meter's decimals; None beyond all meters."""
        exact = _EXACT.divide(Decimal(raw * self.multiplier * times), Decimal(self.divisor))
        decimals = max(0, self.decimals - len(str(times)) + 1)
        if abs(exact) > LARGEST:
            return None
        return to_grain(int(exact.scaleb(decimals, _EXACT).to_integral_value(ROUND_HALF_EVEN)), decimals)


def scale_of(fragment: Fragment, multiplier: str = "Multiplier", divisor: str = "Divisor") -> Scale | None:
    """The scale that a fragment gives; a zero means 1, and without one of the two there is none."""
    factors = [unsigned(fragment.one(name)) for name in (multiplier, divisor)]
    known = [factor or 1 for factor in factors if factor is not None]
    return Scale(*known) if len(known) == len(factors) else None


def price(text: str, trailing_digits: str) -> float | None:
    """A price for a kWh; None where there is none: no number, zero, or the mark for none."""
    raw, decimals = unsigned(text), unsigned(trailing_digits)
    if not raw or raw == NO_PRICE or decimals is None or decimals > 9:
        return None
    return to_grain(raw, decimals)


# ISO 4217, those of the countries in which meters have such radios.
_CURRENCIES = {36: "AUD", 124: "CAD", 484: "MXN", 554: "NZD", 702: "SGD", 826: "GBP", 840: "USD", 978: "EUR"}


def currency(text: str) -> str:
    """The letters of a currency, its number where no letters are known; empty where there is none.

    The digits are to be hexadecimal; one firmware writes 0x0840 for 840.
    """
    number = unsigned(text)
    if not number:
        return ""
    digits = text[2:]
    as_written = int(digits) if digits.isdecimal() else 0
    return _CURRENCIES.get(number) or _CURRENCIES.get(as_written) or str(number)


def mac(text: str) -> str:
    """The address of a radio as 0x and sixteen small digits; empty where it is none."""
    number = unsigned(text)
    return "" if number is None else f"0x{number:016x}"
