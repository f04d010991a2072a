"""What one kilowatt-hour more costs, component by component: reckoned here and nowhere else.

Whatever a contract makes of the price of a source is so many times that price and so much more, taxes included. So a rate is
reckoned once for a version, a band and a register, and what it comes to at a moment is one product for each source.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wattline_cost.money import EXACT, NOTHING, part
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    EnergyCharge,
    FixedCharge,
    Flat,
    Percentage,
    Version,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of a kilowatt-hour.

    Attributes:
        always: what it costs whatever is published, in the currency of the contract.
        times: so many times the price of each of these sources is added.
    """

    always: Decimal
    times: Mapping[str, Decimal] = field(default_factory=dict)

    def at(self, published: Mapping[str, Decimal]) -> Decimal | None:
        """What it comes to where the sources say ``published``; None where one of its own says nothing."""
        price = self.always
        for source, factor in self.times.items():
            if source not in published:
                return None
            price = EXACT.add(price, EXACT.multiply(factor, published[source]))
        return price


def rates(version: Version, band: str, register: int | None) -> dict[str, Rate | None]:
    """The rates of the components of ``version`` that a kilowatt-hour more makes dearer or cheaper, by their names.

    Args:
        version: what holds.
        band: that of the moment.
        register: the one in which the meter counts then; None: it is not known.

    Returns:
        In the order of the version, without what is paid anyway and percentages of nothing else; None: nobody knows.
    """
    found: dict[str, Rate | None] = {}
    for component in version.components:
        match component:
            case EnergyCharge():
                found[component.name] = energy_rate(component, band, register)
            case Percentage(name, percent, of):
                if base := [found[other] for other in of if other in found]:
                    found[name] = _part(percent, sum_of(base))
            case FixedCharge():
                pass
    return found


def energy_rate(charge: EnergyCharge, band: str, register: int | None) -> Rate | None:
    """That of ``charge`` alone; None where the contract has no price of such a band or register."""
    match charge.price:
        case Flat(price):
            return Rate(price)
        case ByBand(prices):
            return Rate(prices[band]) if band in prices else None
        case ByRegister(prices):
            return Rate(prices[register]) if register is not None and register in prices else None
        case BySource(source, factor, plus):
            return Rate(plus, {source: factor})


def sum_of(found: Iterable[Rate | None]) -> Rate | None:
    """All of them together; None where one of them is not known."""
    always, times = NOTHING, dict[str, Decimal]()
    for rate in found:
        if rate is None:
            return None
        always = EXACT.add(always, rate.always)
        for source, factor in rate.times.items():
            times[source] = EXACT.add(times.get(source, NOTHING), factor)
    return Rate(always, times)


def _part(percent: Decimal, rate: Rate | None) -> Rate | None:
    if rate is None:
        return None
    return Rate(part(percent, rate.always), {source: part(percent, factor) for source, factor in rate.times.items()})
