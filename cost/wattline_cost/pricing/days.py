"""A contract applied to quarter-hours: the lines of each day."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wattline_cost.energy.quarter import QUARTER_S, Quarter
from wattline_cost.local_days import day_start_s, day_stop_s, days_through
from wattline_cost.prices.source import Source
from wattline_cost.pricing.charges import charge_of
from wattline_cost.pricing.consumed import BandAt, count
from wattline_cost.pricing.energies import by_quarter, energy_lines, price_at
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.pricing.money import NOTHING, part, total
from wattline_cost.pricing.taxes import tax_of
from wattline_cost.pricing.terms import Share, shares_of, term_at, terms_of
from wattline_cost.tariff.model import ByBand, BySource, Contract, EnergyCharge, FixedCharge, Percentage, Version

Published = Mapping[str, Mapping[int, Decimal]]
"""What sources say, by name and by the start of the quarter-hour."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What one kilowatt-hour more costs at a moment, all percentages of it included.

    Attributes:
        band: that of the moment.
        by_component: what it costs by each component; None: nobody knows.
        per_kwh: the sum; None where a part of it is not known.
    """

    band: str
    by_component: Mapping[str, Decimal | None]
    per_kwh: Decimal | None


class Pricer:
    """Applies one contract.

    Args:
        contract: the contract.
        bands: what tells the band of a moment, for each of its versions.
        sources: the sources that its versions name, by name.
    """

    def __init__(self, contract: Contract, bands: Sequence[BandAt], sources: Mapping[str, Source]) -> None:
        self._contract = contract
        self._terms = terms_of(contract)
        self._bands = bands
        self._sources = sources

    def lines(self, quarters: Iterable[Quarter], first: date, last: date) -> list[Line]:
        """What the days from ``first`` to ``last``, both among them, owe: in the order of days, versions and components.

        A fixed charge counts on each of these days on which the contract holds, whether or not there was energy; an energy
        charge has a line for each part in which there was any.

        Args:
            quarters: in any order. Those of other days count for nothing, and one that comes twice counts once.
            first: of the contract's calendar.
            last: likewise.

        Raises:
            SourceError: a source cannot be read.
        """
        ordered = [quarter for _, quarter in sorted({quarter.start_s: quarter for quarter in quarters}.items())]
        starts_s = [quarter.start_s for quarter in ordered]
        zone = self._contract.zone
        published = self._published(day_start_s(first, zone), day_stop_s(last, zone))
        lines: list[Line] = []
        for day in days_through(first, last):
            for share in shares_of(day, self._contract, self._terms):
                held = ordered[bisect_left(starts_s, share.start_s) : bisect_left(starts_s, share.stop_s)]
                lines += _lines_of(day, share, held, published, self._bands[share.term.index])
        return lines

    def in_force(self, start_s: int, register: int | None = None) -> InForce | None:
        """What one kilowatt-hour more costs in the quarter-hour that begins at ``start_s``; None: no contract holds then.

        Args:
            start_s: seconds since 1970, a multiple of 900.
            register: the meter's register that counts then, if it is known.

        Raises:
            SourceError: a source cannot be read.
        """
        term = term_at(self._terms, start_s)
        if term is None:
            return None
        prices = self._published(start_s, start_s + QUARTER_S)
        published = {name: by_start[start_s] for name, by_start in prices.items() if start_s in by_start}
        band = self._bands[term.index](start_s) if _asks_for_bands(term.version) else ""
        found: dict[str, Decimal | None] = {}
        for component in term.version.components:
            match component:
                case EnergyCharge():
                    found[component.name] = price_at(component, band, register, published)
                case FixedCharge():
                    found[component.name] = NOTHING
                case Percentage():
                    found[component.name] = _percentage(component, found)
        return InForce(band, found, _sum(found.values()))

    def _published(self, start_s: int, stop_s: int) -> Published:
        names = {
            component.price.source
            for term in self._terms
            if term.start_s < stop_s and start_s < term.stop_s
            for component in term.version.components
            if isinstance(component, EnergyCharge) and isinstance(component.price, BySource)
        }
        return {
            name: by_quarter(self._sources[name].prices(start_s, stop_s), start_s, stop_s) for name in sorted(names)
        }


def _lines_of(
    day: date, share: Share, quarters: Sequence[Quarter], published: Published, band_at: BandAt
) -> Sequence[Line]:
    """The lines of the part of a day in which one version held."""
    version, index = share.term.version, share.term.index
    asked = {name: published[name] for name in _sources_of(version)}
    consumed = count(quarters, band_at if _asks_for_bands(version) else None, asked)
    lines: list[Line] = []
    for component in version.components:
        match component:
            case EnergyCharge():
                lines += energy_lines(component, day, index, consumed)
            case FixedCharge(name):
                amount = charge_of(component, version.contract_kw, day, share)
                lines.append(Line(day, index, name, Kind.FIXED, "", 0, amount, NOTHING))
            case Percentage():
                lines.append(tax_of(component, day, index, lines))
    return lines


def _prices_of(version: Version) -> Iterator[object]:
    return (component.price for component in version.components if isinstance(component, EnergyCharge))


def _asks_for_bands(version: Version) -> bool:
    return any(isinstance(price, ByBand) for price in _prices_of(version))


def _sources_of(version: Version) -> set[str]:
    return {price.source for price in _prices_of(version) if isinstance(price, BySource)}


def _percentage(tax: Percentage, found: Mapping[str, Decimal | None]) -> Decimal | None:
    base = _sum(found[name] for name in tax.of)
    return None if base is None else part(tax.percent, base)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = list(amounts)
    return None if any(amount is None for amount in known) else total(amount for amount in known if amount is not None)
