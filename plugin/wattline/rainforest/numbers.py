"""The numbers of a stick: hexadecimal, signed by how wide they are written, scaled without a rounding. Pure.

The makers' text says that demand has 24 bits, and sticks write a negative one with 32 or 64: so the digits tell. Energy
counters have no sign. Where a number is none, or says that there is none, the answer is None and the value stays away. One
with more digits than its kind has is none: two fragments were torn, and one was written over the other. Nor is one that is
filled up with zeros to a width that no number has: it has lost a digit.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from wattline.rainforest.fragment import Fragment
from wattline.registers import LARGEST, to_grain

EPOCH_S = 946_684_800
"""2000-01-01 00:00 UTC, from which a stick counts, in seconds since 1970."""

# The radio's mark for no power is the least number of 24 bits, for no energy the largest of 48; sticks write them wider too.
_NO_POWER = -(1 << 23)
_NO_ENERGY = 0xFFFF_FFFF_FFFF
# The mark of a register of 32 bits, which sticks write into more digits as well.
_NO_COUNT = 0xFFFF_FFFF
_NO_ADDRESS = 0xFFFF_FFFF_FFFF_FFFF
# Digits of what has no sign and is no counter: of times, factors and prices.
_FEW = range(1, 9)
_POWER_DIGITS, _ENERGY_DIGITS = frozenset({*range(1, 7), 8, 16}), frozenset({*_FEW, 12, 16})
_NET_DIGITS = _POWER_DIGITS | {12}
# Of what is filled up with zeros, and of a 0 that is not.
_FILLED_DIGITS = frozenset({1, 6, 8, 12, 16})
_DEAREST = 1000
_NO_FACTORS = frozenset({0xFF_FFFF, 0xFFFF_FFFF})
NO_TIMES = frozenset({0, 0xFF_FFFF, 0xFFFF_FFFF})
NO_PERIODS_S = frozenset({0xFFFF_FFFF})
NO_DURATIONS_MIN = frozenset({0xFFFF, 0xFF_FFFF, 0xFFFF_FFFF})
NO_TIERS = frozenset({0xFF})
CHANNELS = range(11, 27)
"""Those that such a radio has."""
FARTHEST_OFFSET_S = 14 * 3600
"""What any local time is off UTC."""

_HEX = re.compile(r"0[xX]([0-9a-fA-F]{1,16})")
_DECIMAL = re.compile(r"[0-9]{1,9}")
# Sixteen digits times eight over one have 29 digits.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
# Of a divisor that is no power of ten, of which no display tells.
OTHER_DECIMALS = 3


def unsigned(text: str, digits: Collection[int] = _FEW) -> int | None:
    """The number that is written in hexadecimal, with as many ``digits`` as its kind may have."""
    match = _HEX.fullmatch(text)
    return int(match[1], 16) if match and len(match[1]) in digits else None


def counter(text: str) -> int | None:
    """The count of a register, which has no sign, with up to 8 digits, or with 12 or 16."""
    return None if _has_lost_digit(text) else unsigned(text, _ENERGY_DIGITS)


def signed(text: str, digits: Collection[int] = _POWER_DIGITS) -> int | None:
    """The number in two's complement of 24, 32 or 64 bits, whichever its digits, up to 6, or 8 or 16, fit into."""
    number = None if _has_lost_digit(text) else unsigned(text, digits)
    if number is None:
        return None
    bits = next(width for width in (24, 32, 48, 64) if 4 * (len(text) - 2) <= width)
    return number - (1 << bits) if number >> (bits - 1) else number


def _has_lost_digit(text: str) -> bool:
    """Whether a number was filled up with zeros, and is not as wide as such a number is."""
    return text[2:3] == "0" and len(text) - 2 not in _FILLED_DIGITS


def net(text: str) -> int | None:
    """The energy of a period, taken less given, in two's complement; of 48 bits as well, as the radio has energies."""
    return signed(text, _NET_DIGITS)


def says_none(text: str, convert: Callable[[str], int | None] = unsigned) -> bool:
    """Whether a number that ``convert`` reads is the mark for none, as wide as it is written or as the radio knows it.

    That is the least of those with a sign, and else the one of which each bit is set; of the energy of a period, which one
    firmware writes with a sign and another without, either. Fewer than 24 bits are a number.
    """
    number, bits = convert(text), 4 * (len(text) - 2)
    if number is None or bits < 24:
        return False
    least, full = {_NO_POWER, -(1 << (bits - 1))}, {_NO_ENERGY, _NO_COUNT, (1 << bits) - 1}
    if convert is net:
        return number in {-1, -(1 << 47), -(1 << (bits - 1)), _NO_ENERGY, _NO_COUNT}
    return number in (least if convert is signed else full)


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
    known = [factor or 1 for factor in factors if factor is not None and factor not in _NO_FACTORS]
    return Scale(*known) if len(known) == len(factors) else None


def price(text: str, trailing_digits: str) -> float | None:
    """A price for a kWh; None where there is none: no number, a mark for none, or more than anybody asks."""
    raw, decimals = unsigned(text), unsigned(trailing_digits)
    if not raw or says_none(text) or decimals is None or decimals > 9 or raw > _DEAREST * 10**decimals:
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
    """The address of a radio as 0x and sixteen small digits; empty where it is none, or the mark for none."""
    number = unsigned(text, range(1, 17))
    return "" if number in {None, 0, _NO_ADDRESS} else f"0x{number:016x}"
