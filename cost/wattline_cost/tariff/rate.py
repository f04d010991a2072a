"""What one kilowatt-hour more costs, component by component: reckoned here and nowhere else.

Whatever a contract makes of the price of a source is so many times that price and so much more, taxes included. So a rate is
reckoned once for a version and its circumstances, and what it comes to at a moment is one product for each source. What of it
is known is owed where the rest is not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wattline_cost.money import EXACT, NOTHING, part
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    EnergyCharge,
    FixedCharge,
    Flat,
    Percentage,
    Version,
)
from wattline_cost.tariff.steps import step_at


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the price of a kilowatt-hour depends on beside its version and what sources publish.

    Attributes:
        band: that of the moment.
        register: the one in which the meter counts then; None: it is not known.
        used_mwh: what was used before since the month began; None: it is not known.
    """

    band: str = ""
    register: int | None = None
    used_mwh: int | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """What is made of the price of a source: ``factor`` times it, and ``plus``, which is owed with it alone."""

    factor: Decimal
    plus: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Rate:
    """A price of a kilowatt-hour.

    Attributes:
        always: what it costs whatever is published, in the currency of the contract.
        times: what is added by the price of each of these sources.
        is_whole: whether the contract has a price of each of its parts, in such circumstances.
    """

    always: Decimal
    times: Mapping[str, Times] = field(default_factory=dict)
    is_whole: bool = True

    def at(self, published: Mapping[str, Decimal]) -> Decimal | None:
        """What it comes to where the sources say ``published``; None where a part of it is not known."""
        return self.known(published) if self.is_whole and self.times.keys() <= published.keys() else None

    def known(self, published: Mapping[str, Decimal]) -> Decimal:
        """What of it is known."""
        price = self.always
        for source, times in self.times.items():
            if source in published:
                price = EXACT.add(price, EXACT.fma(times.factor, published[source], times.plus))
        return price


UNKNOWN = Rate(NOTHING, is_whole=False)


def rates(version: Version, circumstances: Circumstances) -> dict[str, Rate]:
    """The rates of the components of ``version`` that a kilowatt-hour more makes dearer or cheaper, by their names.

    Args:
        version: what holds.
        circumstances: those of the moment.

    Returns:
        In the order of the version, without what is paid anyway and percentages of nothing else.
    """
    found: dict[str, Rate] = {}
    for component in version.components:
        match component:
            case EnergyCharge():
                found[component.name] = energy_rate(component, circumstances)
            case Percentage(name, percent, of):
                if base := [found[other] for other in of if other in found]:
                    found[name] = _part(percent, sum_of(base))
            case FixedCharge():
                pass
    return found


def energy_rate(charge: EnergyCharge, circumstances: Circumstances) -> Rate:
    """That of ``charge`` alone."""
    band, register, used_mwh = circumstances.band, circumstances.register, circumstances.used_mwh
    match charge.price:
        case Flat(price):
            return Rate(price)
        case ByBand(prices):
            return Rate(prices[band]) if band in prices else UNKNOWN
        case ByRegister(prices):
            return Rate(prices[register]) if register is not None and register in prices else UNKNOWN
        case BySource(source, factor, plus):
            return Rate(NOTHING, {source: Times(factor, plus)})
        case ByStep() as price:
            return UNKNOWN if used_mwh is None else Rate(step_at(price, used_mwh).price)


def sum_of(found: Iterable[Rate]) -> Rate:
    """All of them together."""
    always, times, is_whole = NOTHING, dict[str, Times](), True
    for rate in found:
        always, is_whole = EXACT.add(always, rate.always), is_whole and rate.is_whole
        for source, more in rate.times.items():
            so_far = times.get(source, Times(NOTHING))
            times[source] = Times(EXACT.add(so_far.factor, more.factor), EXACT.add(so_far.plus, more.plus))
    return Rate(always, times, is_whole)


def _part(percent: Decimal, rate: Rate) -> Rate:
    times = {source: Times(part(percent, of.factor), part(percent, of.plus)) for source, of in rate.times.items()}
    return Rate(part(percent, rate.always), times, rate.is_whole)
