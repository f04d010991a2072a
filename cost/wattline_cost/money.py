"""Amounts of money: decimals of which no digit is lost."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from wattline_cost.energy.quarter import MWH_PER_KWH

EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
"""Sums and products in it have all their digits: Python's own context would end them after 28."""
NOTHING = Decimal(0)
# A dong is a twenty-five-thousandth of a euro.
LARGEST = 1_000_000_000_000
MOST_DECIMALS = 40


def is_reckonable(price: Decimal) -> bool:
    """Whether sums of ``price`` keep all their digits: it is less than ``LARGEST`` and has at most ``MOST_DECIMALS``."""
    # To compare rounds nothing, where arithmetic is stopped by an exponent of millions.
    if not price.is_finite() or price.copy_abs() >= LARGEST:
        return False
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and -MOST_DECIMALS <= exponent < len(str(LARGEST))


def energy_amount(energy_mwh: int, per_kwh: Decimal) -> Decimal:
    """What ``energy_mwh`` costs."""
    return EXACT.multiply(kwh(energy_mwh), per_kwh)


def kwh(energy_mwh: int | Decimal) -> Decimal:
    """Milliwatt-hours in kilowatt-hours, with as many decimals as it needs."""
    return EXACT.divide(Decimal(energy_mwh), Decimal(MWH_PER_KWH))


def part(percent: Decimal, amount: Decimal) -> Decimal:
    """``percent`` of ``amount``."""
    return EXACT.multiply(percent.scaleb(-2, EXACT), amount)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their sum."""
    whole = NOTHING
    for amount in amounts:
        whole = EXACT.add(whole, amount)
    return whole


def rounded(amount: Decimal, decimals: int, mode: str) -> Decimal:
    """``amount`` with so many decimals, by a rounding of ``decimal``."""
    return amount.quantize(Decimal(1).scaleb(-decimals), mode, EXACT)
