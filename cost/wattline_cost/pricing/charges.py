"""What is paid by day, month or year: the part of a day, without a rest.

Day k of N owes what the first k days owe less what the first k - 1 owe, both to a billionth of the currency. So each day's
part stands by itself, whichever days are reckoned with it, and all of them add up to the charge to the last digit.
"""

from calendar import isleap, monthrange
from datetime import date
from decimal import Decimal

from wattline_cost.money import EXACT, rounded
from wattline_cost.pricing.terms import Share
from wattline_cost.tariff.model import FixedCharge, Per, Spread

DECIMALS = 9


def charge_of(charge: FixedCharge, contract_kw: Decimal | None, day: date, share: Share) -> Decimal:
    """What ``charge`` costs in the part ``share`` of ``day``, where ``contract_kw`` is what a charge by kW is paid for."""
    price = EXACT.multiply(charge.price, contract_kw or Decimal(0)) if charge.per.is_by_power else charge.price
    whole = _of_day(price, charge, day)
    before, until = share.before, share.before + share.part
    return EXACT.subtract(
        _until(whole, until.numerator, until.denominator), _until(whole, before.numerator, before.denominator)
    )


def _of_day(price: Decimal, charge: FixedCharge, day: date) -> Decimal:
    if charge.per is Per.DAY:
        return price
    if charge.per in (Per.YEAR, Per.KW_YEAR):
        if charge.spread is Spread.DAYS:
            return _step(price, day.timetuple().tm_yday, 366 if isleap(day.year) else 365)
        price = _step(price, day.month, 12)
    return _step(price, day.day, monthrange(day.year, day.month)[1])


def _step(price: Decimal, number: int, of: int) -> Decimal:
    """What the part ``number``, counted from 1 on, of ``of`` parts owes."""
    return EXACT.subtract(_until(price, number, of), _until(price, number - 1, of))


def _until(price: Decimal, number: int, of: int) -> Decimal:
    """What the first ``number`` of ``of`` parts owe; all of them the whole price, whatever its digits."""
    if number == of:
        return price
    return rounded(EXACT.divide(EXACT.multiply(price, Decimal(number)), Decimal(of)), DECIMALS, "ROUND_HALF_EVEN")
