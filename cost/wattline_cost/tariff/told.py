"""A contract in words: numbers, rules and components as they are shown to people."""

from decimal import Decimal
from itertools import pairwise

from wattline_cost.money import EXACT
from wattline_cost.tariff.model import (
    EVERY_MONTH,
    EVERY_WEEKDAY,
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Component,
    Energy,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Rule,
    Spread,
    Step,
    Version,
)
from wattline_cost.tariff.words import MONTHS, WEEKDAYS, told_hours, told_places

PER = {
    Per.KWH: "kWh",
    Per.DAY: "day",
    Per.MONTH: "month",
    Per.YEAR: "year",
    Per.KW_MONTH: "kW and month",
    Per.KW_YEAR: "kW and year",
}
OF_POWER = {Per.KW_MONTH: Per.MONTH, Per.KW_YEAR: Per.YEAR}


def number(value: Decimal) -> str:
    """As the file writes it, so that it can be found there."""
    return f"{value:f}"


def amount(value: Decimal) -> str:
    """What was reckoned: all its digits, without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rule(told: Rule) -> str:
    """When a rule holds, such as ``Mon-Fri 08:00-19:00``."""
    hours = "" if told.start == told.stop else f" {told_hours(told.start, told.stop)}"
    months = "" if told.months == EVERY_MONTH else f" in {told_places((n - 1 for n in told.months), MONTHS)}"
    return f"{_days(told)}{hours}{months}"


def _days(told: Rule) -> str:
    if told.weekdays == EVERY_WEEKDAY:
        return "every day" if told.on_holidays else "every day but holidays"
    weekdays = told_places(told.weekdays, WEEKDAYS)
    if not told.on_holidays:
        return weekdays
    return f"{weekdays} and holidays" if weekdays else "holidays"


def component(told: Component, version: Version, currency: str) -> str:
    """What is paid for a component of ``version``, in words."""
    match told:
        case EnergyCharge():
            return energy(told.price, currency)
        case FixedCharge():
            return fixed(told, currency, version.contract_kw)
        case Percentage():
            names = [other.name for other in version.components]
            is_of_all = told.of == tuple(names[: names.index(told.name)])
            return f"{number(told.percent)} % of {'all above' if is_of_all else ', '.join(told.of)}"


def energy(price: Energy, currency: str) -> str:
    """What a kilowatt-hour costs, in words."""
    unit = f"{currency} per kWh"
    match price:
        case Flat():
            return f"{number(price.price)} {unit}"
        case ByBand():
            return f"{', '.join(f'{band} {number(of_band)}' for band, of_band in price.prices.items())} {unit}"
        case ByRegister():
            return f"{', '.join(f'T{n} {number(of_register)}' for n, of_register in price.prices.items())} {unit}"
        case BySource():
            factor = "" if price.factor == 1 else f"{number(price.factor)} times "
            sign = "less" if price.plus < 0 else "plus"
            plus = f" {sign} {number(abs(price.plus))} {unit}" if price.plus else ""
            return f"{factor}the price of {price.source!r}{plus}"
        case ByStep():
            return f"{', '.join(f'{name} {number(step.price)}' for step, name in steps(price).items())} {unit}"


def steps(price: ByStep) -> dict[Step, str]:
    """What each step of a price is called, such as ``up to 150 kWh``."""
    kwh = [amount(step.above_kwh) for step in price.steps]
    between = [f"{low} to {high} kWh" for low, high in pairwise(kwh[1:])]
    return dict(zip(price.steps, [f"up to {kwh[1]} kWh", *between, f"above {kwh[-1]} kWh"], strict=True))


def fixed(charge: FixedCharge, currency: str, contract_kw: Decimal | None) -> str:
    """What is paid anyway, in words; of a charge for power also what that comes to."""
    by_months = ", by months" if charge.spread is Spread.MONTHS else ""
    text = f"{number(charge.price)} {currency} per {PER[charge.per]}{by_months}"
    if charge.per in OF_POWER and contract_kw is not None:
        whole = amount(EXACT.multiply(charge.price, contract_kw))
        text += f": for {number(contract_kw)} kW {whole} {currency} per {PER[OF_POWER[charge.per]]}"
    return text
