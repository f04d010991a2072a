"""What each kilowatt-hour costs: the lines of an energy charge, and its price at a moment."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.prices.source import Price
from wattline_cost.pricing.consumed import Amount, Consumed
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.pricing.money import EXACT, NOTHING, energy_amount, total
from wattline_cost.tariff.model import ByBand, ByRegister, BySource, EnergyCharge, Flat


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
                yield _published_line(charge.name, price, day, version, consumed)
            return
    for part, amount, per_kwh in parts:
        energy_mwh, estimated_mwh = amount.energy_mwh, amount.estimated_mwh
        money = NOTHING if per_kwh is None else energy_amount(energy_mwh, per_kwh)
        unpriced_mwh = energy_mwh if per_kwh is None else 0
        if energy_mwh:
            name = charge.name
            yield Line(day, version, name, Kind.ENERGY, part, energy_mwh, money, money, estimated_mwh, unpriced_mwh)


def _published_line(name: str, price: BySource, day: date, version: int, consumed: Consumed) -> Line:
    """One line for all prices that the source gave on a day."""
    found = consumed.by_price[price.source]
    money = total(
        energy_amount(amount.energy_mwh, published_price(price, published))
        for published, amount in found.items()
        if published is not None
    )
    unpriced_mwh = found.get(None, Amount()).energy_mwh
    whole = consumed.all
    return Line(day, version, name, Kind.ENERGY, "", whole.energy_mwh, money, money, whole.estimated_mwh, unpriced_mwh)


def published_price(price: BySource, published: Decimal) -> Decimal:
    """What a kilowatt-hour costs by the contract where the source says ``published``."""
    return EXACT.add(EXACT.multiply(price.factor, published), price.plus)


def price_at(charge: EnergyCharge, band: str, register: int | None, published: Mapping[str, Decimal]) -> Decimal | None:
    """What one kilowatt-hour more costs by ``charge``; None: nobody knows.

    Args:
        charge: what each kilowatt-hour costs.
        band: that of the moment.
        register: the one in which the meter counts then; None: it is not known.
        published: what each source says for the moment, where it says anything.
    """
    match charge.price:
        case Flat(price):
            return price
        case ByBand(prices):
            return prices.get(band)
        case ByRegister(prices):
            return None if register is None else prices.get(register)
        case BySource(source) as by_source:
            return published_price(by_source, published[source]) if source in published else None


def by_quarter(prices: Sequence[Price], start_s: int, stop_s: int) -> dict[int, Decimal]:
    """The price of each quarter-hour from ``start_s`` on and before ``stop_s`` that has one, by its start."""
    return {
        moment_s: price.per_kwh
        for price in prices
        for moment_s in range(max(price.start_s, start_s), min(price.stop_s, stop_s), QUARTER_S)
    }


def part_price(charge: EnergyCharge, part: str) -> Decimal | None:
    """What a kilowatt-hour of ``part`` costs, as a line names it; None where that is no one price."""
    match charge.price:
        case Flat(price):
            return price
        case ByBand(prices):
            return prices.get(part)
        case ByRegister(prices):
            return prices.get(int(part.removeprefix("T"))) if part else None
        case BySource():
            return None


def part_order(charge: EnergyCharge, part: str) -> tuple[int, str]:
    """What puts the parts of ``charge`` into the order of a bill: bands as in the contract, registers by their number."""
    bands = list(charge.price.prices) if isinstance(charge.price, ByBand) else []
    return (bands.index(part) if part in bands else len(bands), part)
