"""The lines of what each kilowatt-hour costs."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from wattline_cost.money import EXACT, NOTHING, energy_amount, kwh
from wattline_cost.pricing.consumed import Amount, Consumed
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.tariff import told
from wattline_cost.tariff.model import ByBand, ByRegister, BySource, ByStep, EnergyCharge, Flat
from wattline_cost.tariff.steps import step_at


def energy_lines(charge: EnergyCharge, day: date, version: int, consumed: Consumed) -> Iterator[Line]:
    """The lines of ``charge`` for what was ``consumed`` on ``day`` in ``version``: one for each part in which there is any."""
    parts: list[tuple[str, Amount, Decimal | None]]
    match charge.price:
        case Flat(price):
            parts = [("", consumed.all, price)]
        case ByBand(prices):
            parts = [(band, amount, prices.get(band)) for band, amount in sorted(consumed.by_band.items())]
        case ByRegister(prices):
            parts = [
                (f"T{number}" if number else "", amount, prices.get(number))
                for number, amount in sorted(consumed.by_register.items())
            ]
        case BySource() as price:
            if consumed.all.energy_mwh:
                yield _traded_line(charge.name, price, day, version, consumed)
            return
        case ByStep() as price:
            parts = list(_steps(price, consumed))
    for part, amount, per_kwh in parts:
        energy_mwh, estimated_mwh = amount.energy_mwh, amount.estimated_mwh
        money = NOTHING if per_kwh is None else energy_amount(energy_mwh, per_kwh)
        unpriced_mwh = energy_mwh if per_kwh is None else 0
        if energy_mwh:
            name = charge.name
            yield Line(day, version, name, Kind.ENERGY, part, energy_mwh, money, money, estimated_mwh, unpriced_mwh)


def _traded_line(name: str, price: BySource, day: date, version: int, consumed: Consumed) -> Line:
    """One line for all prices that the source gave on a day."""
    traded, whole = consumed.by_source[price.source], consumed.all
    # The same factor and the same addition for each of them, so they are applied to the sums.
    money = EXACT.fma(price.factor, kwh(traded.value), energy_amount(traded.priced_mwh, price.plus))
    energy_mwh, estimated_mwh, unpriced_mwh = whole.energy_mwh, whole.estimated_mwh, traded.unpriced_mwh
    return Line(day, version, name, Kind.ENERGY, "", energy_mwh, money, money, estimated_mwh, unpriced_mwh)


def _steps(price: ByStep, consumed: Consumed) -> Iterator[tuple[str, Amount, Decimal]]:
    """The name of each step, what was consumed in it, and its price."""
    amounts = {step: Amount() for step in price.steps}
    # Other prices may have steps that divide one of these.
    for begin_mwh, amount in consumed.by_step.items():
        amounts[step_at(price, begin_mwh)].add(amount.energy_mwh, amount.estimated_mwh)
    for step, name in told.steps(price).items():
        yield name, amounts[step], step.price


def part_price(charge: EnergyCharge, part: str) -> Decimal | None:
    """What a kilowatt-hour of ``part`` costs, as a line names it; None where that is no one price."""
    match charge.price:
        case Flat(price):
            return price
        case ByBand(prices):
            return prices.get(part)
        case ByRegister(prices):
            return prices.get(int(part.removeprefix("T"))) if part else None
        case ByStep() as price:
            return next((step.price for step, name in told.steps(price).items() if name == part), None)
        case BySource():
            return None


def parts_of(charge: EnergyCharge) -> set[str]:
    """The parts that have a price of their own, as a line names them."""
    match charge.price:
        case ByBand(prices):
            return set(prices)
        case ByRegister(prices):
            return {f"T{number}" for number in prices}
        case ByStep() as price:
            return set(told.steps(price).values())
        case Flat() | BySource():
            return {""}


def part_order(charge: EnergyCharge, part: str) -> tuple[int, str]:
    """What puts the parts of ``charge`` into the order of a bill: bands and steps as in the contract, registers by their number."""
    match charge.price:
        case ByBand(prices):
            ordered = list(prices)
        case ByStep() as price:
            ordered = list(told.steps(price).values())
        case _:
            ordered = []
    return (ordered.index(part) if part in ordered else len(ordered), part)
