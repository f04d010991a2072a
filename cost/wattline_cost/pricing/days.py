"""A contract applied to quarter-hours: the lines of each day, and the price in force."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wattline_cost.energy.quarter import Quarter
from wattline_cost.errors import SourceError
from wattline_cost.local_days import day_start_s, day_stop_s, days_through, month_begin, next_month
from wattline_cost.money import NOTHING
from wattline_cost.prices.source import Source, faults_of
from wattline_cost.pricing.charges import charge_of
from wattline_cost.pricing.consumed import BandAt, count
from wattline_cost.pricing.energies import energy_lines
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.pricing.published import Prices, Published
from wattline_cost.pricing.taxes import tax_of
from wattline_cost.pricing.terms import Share, shares_of, terms_of
from wattline_cost.pricing.used import Counted, counted
from wattline_cost.tariff.model import Contract, EnergyCharge, FixedCharge, Percentage
from wattline_cost.tariff.rate import Circumstances, Rate, rates, sum_of
from wattline_cost.tariff.steps import begin_of, by_begin
from wattline_cost.tariff.versions import Versions


@dataclass(frozen=True, slots=True)
class InForce:
    """What one kilowatt-hour more costs at a moment, all percentages of it included.

    Attributes:
        band: that of the moment; empty where no price asks for it.
        known: what of it is known, in the currency of the contract; that much is owed.
        is_whole: whether that is all of it.
    """

    band: str
    known: Decimal
    is_whole: bool = True

    @property
    def per_kwh(self) -> Decimal | None:
        """All of it; None where a part is not known."""
        return self.known if self.is_whole else None


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
        self._versions = Versions(contract.versions)
        self._bands = bands
        self._sources = sources
        self._published = Published(self._terms, sources, contract.zone)
        self._rates: dict[tuple[int, str, int | None, int | None], Rate] = {}

    @property
    def faults(self) -> list[SourceError]:
        """What its sources could not read of what they were asked for so far; the energy of those times is without a price."""
        return faults_of(self._sources)

    def counts_in(self, month: date) -> bool:
        """Whether what a day of ``month`` owes depends on how much was used in the month before it."""
        zone = self._contract.zone
        start_s, stop_s = day_start_s(month_begin(month), zone), day_start_s(next_month(month), zone)
        return any(term.asked.has_steps and term.start_s < stop_s and start_s < term.stop_s for term in self._terms)

    def counted(self, quarters: Iterable[Quarter]) -> Iterator[Counted]:
        """Those of ``quarters`` in which the contract holds, each once and in order, with what was used in the month before.

        Whichever version held: a month goes on where the contract changes.
        """
        begin_s, end_s = self._terms[0].start_s, self._terms[-1].stop_s
        held = {quarter.start_s: quarter for quarter in quarters if begin_s <= quarter.start_s < end_s}
        return counted((quarter for _, quarter in sorted(held.items())), self._contract.zone)

    def lines(self, quarters: Iterable[Quarter], first: date, last: date) -> list[Line]:
        """What the days from ``first`` to ``last``, both among them, owe: in the order of days, versions and components.

        A fixed charge counts on each of these days on which the contract holds, whether or not there was energy; an energy
        charge has a line for each part in which there was any.

        Args:
            quarters: in any order, and one that comes twice counts once. Those of other days owe nothing; those that are of
                the same month and before a day decide of the step in which it is, where a price has steps.
            first: of the contract's calendar.
            last: likewise.
        """
        ordered = list(self.counted(quarters))
        starts_s = [quarter.start_s for quarter, _ in ordered]
        zone = self._contract.zone
        published = self._published.over(day_start_s(first, zone), day_stop_s(last, zone))
        lines: list[Line] = []
        for day in days_through(first, last):
            for share in shares_of(day, self._contract, self._terms):
                held = ordered[bisect_left(starts_s, share.start_s) : bisect_left(starts_s, share.stop_s)]
                lines += _lines_of(day, share, held, published, self._bands[share.term.index])
        return lines

    def in_force(self, start_s: int, register: int | None = None, used_mwh: int | None = None) -> InForce | None:
        """What one kilowatt-hour more costs in the quarter-hour that begins at ``start_s``; None: no contract holds then.

        Args:
            start_s: seconds since 1970, a multiple of 900.
            register: the meter's register that counts then, if it is known.
            used_mwh: what was used in the month before it, if it is known.
        """
        place = self._versions.at(start_s)
        return None if place is None else self._in_force(place, start_s, register, used_mwh)

    def parts(self, quarter: Quarter, used_mwh: int) -> Iterator[tuple[int, InForce]]:
        """The energy of a quarter-hour in parts of one price each: by the meter's register and by step.

        First comes that of the register in which most was counted, in the step in which the quarter-hour begins.

        Args:
            quarter: it; without energy it is one part, and outside of the contract none.
            used_mwh: what was used in the month before it.
        """
        place = self._versions.at(quarter.start_s)
        if place is None:
            return
        asked = self._terms[place].asked
        # Which register counted first is not known, and does not matter: what a step costs is the same in each of them.
        for energy_mwh, register in _registers(quarter) if asked.register else [(quarter.energy_mwh, None)]:
            for begin_mwh, part_mwh in by_begin(energy_mwh, used_mwh, asked.steps):
                yield part_mwh, self._in_force(place, quarter.start_s, register, begin_mwh)
            used_mwh += energy_mwh

    def _in_force(self, place: int, start_s: int, register: int | None, used_mwh: int | None) -> InForce:
        """What ``in_force`` finds of the version at ``place``."""
        asked = self._terms[place].asked
        band = self._bands[place](start_s) if asked.band else ""
        # All of a step has one rate.
        begin_mwh = None if used_mwh is None else begin_of(used_mwh, asked.steps)
        rate = self._rate(place, band, register, begin_mwh)
        published = self._published.at(start_s) if rate.times else {}
        return InForce(band, rate.known(published), rate.at(published) is not None)

    def _rate(self, place: int, band: str, register: int | None, used_mwh: int | None) -> Rate:
        key = place, band, register, used_mwh
        if key not in self._rates:
            found = rates(self._contract.versions[place], Circumstances(band, register, used_mwh))
            self._rates[key] = sum_of(found.values())
        return self._rates[key]


def _registers(quarter: Quarter) -> Sequence[tuple[int, int | None]]:
    """The energy of each register that counted, and which it is, the most first; where none is known, all of it."""
    known = [(energy_mwh, number) for number, energy_mwh in quarter.registers_mwh.items() if number and energy_mwh]
    return sorted(known, reverse=True) or [(quarter.energy_mwh, None)]


def _lines_of(
    day: date, share: Share, quarters: Sequence[Counted], published: Prices, band_at: BandAt
) -> Sequence[Line]:
    """The lines of the part of a day in which one version held."""
    version, index = share.term.version, share.term.index
    consumed = count(quarters, share.term.asked, band_at, published)
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
