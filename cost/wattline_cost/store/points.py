"""Quarter-hours, days and months as points of the bucket `cost`; its words are those of ``wattline.costs``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wattline import costs
from wattline.costs import ALL_BANDS, MONEY_DECIMALS
from wattline.reading import Point
from wattline_cost.energy.quarter import Quarter
from wattline_cost.local_days import DAY_S, day_of, day_start_s, day_stop_s, next_month
from wattline_cost.money import NOTHING, energy_amount, kwh, rounded, total
from wattline_cost.pricing.days import Pricer
from wattline_cost.pricing.line import Line
from wattline_cost.store.stored import NS_A_SECOND, Key
from wattline_cost.tariff.model import Contract

OF_QUARTERS = (costs.QUARTER_HOURS,)
OF_PARTS_OF_DAYS = (costs.COMPONENT_DAYS, costs.BAND_DAYS)
OF_DAYS = (costs.DAYS, *OF_PARTS_OF_DAYS)
MONTH_OF = {
    costs.DAYS: costs.MONTHS,
    costs.COMPONENT_DAYS: costs.COMPONENT_MONTHS,
    costs.BAND_DAYS: costs.BAND_MONTHS,
}
OF_MONTHS = tuple(MONTH_OF.values())
# What a month has no use for.
_OF_DAYS_ONLY = ("readings", "metered_kwh")


@dataclass(frozen=True, slots=True)
class Priced:
    """A quarter-hour and its price.

    Attributes:
        start_s: seconds since 1970.
        band: of the moment.
        price: of one kilowatt-hour more; None: nobody knows.
        quarter: its energy; None where it has not begun to be metered.
        cost: of that energy, as far as its price is known; None where none was metered.
        unpriced_mwh: the energy of which a part of the price is not known.
    """

    start_s: int
    band: str
    price: Decimal | None
    quarter: Quarter | None = None
    cost: Decimal | None = None
    unpriced_mwh: int = 0


@dataclass(frozen=True, slots=True)
class Metered:
    """What the bucket ``energy_1d`` had of a day when it was priced: readings, and kilowatt-hours."""

    readings: float = 0.0
    gained_kwh: float = 0.0


def priced(pricer: Pricer, quarters: Iterable[Quarter], since_s: int = 0) -> Iterator[Priced]:
    """The quarter-hours in which the contract holds, with their prices.

    Args:
        pricer: of the contract.
        quarters: those of the month that are before ``since_s`` decide of the step in which it is, where a price has steps.
        since_s: the first that is priced.
    """
    for quarter, used_mwh in pricer.counted(quarters):
        if quarter.start_s < since_s:
            continue
        parts = list(pricer.parts(quarter, used_mwh))
        _, found = parts[0]
        yield Priced(
            quarter.start_s,
            found.band or ALL_BANDS,
            found.per_kwh,
            quarter,
            total(energy_amount(part_mwh, each.known) for part_mwh, each in parts),
            sum(part_mwh for part_mwh, each in parts if not each.is_whole),
        )


def coming(pricer: Pricer, quarters: Iterable[Quarter], starts_s: range) -> Iterator[Priced]:
    """The quarter-hours that are to come and have a price already.

    Args:
        pricer: of the contract.
        quarters: those of the month so far: a price that has steps stays in the step in which it is, until the next month.
        starts_s: of those that are to come.
    """
    for quarter, used_mwh in pricer.counted([*quarters, *(Quarter(start_s, 0) for start_s in starts_s)]):
        if quarter.start_s in starts_s:
            found = pricer.in_force(quarter.start_s, used_mwh=used_mwh)
            if found is not None and found.per_kwh is not None:
                yield Priced(quarter.start_s, found.band or ALL_BANDS, found.per_kwh)


class Points:
    """Makes the points of one contract.

    Args:
        contract: the contract.
        site: the tag of all of them.
    """

    def __init__(self, contract: Contract, site: str) -> None:
        self._contract = contract
        self.tags = {
            "site": site,
            "contract": contract.name,
            "direction": contract.direction.value,
            "currency": contract.currency,
        }

    def of_quarters(self, slots: Iterable[Priced]) -> list[Point]:
        """A point for each quarter-hour."""
        return [
            self._point(costs.QUARTER_HOURS, slot.start_s, fields, band=slot.band)
            for slot in slots
            if (fields := _fields_of(slot))
        ]

    def of_day(self, day: date, slots: Sequence[Priced], lines: Sequence[Line], metered: Metered) -> list[Point]:
        """The points of a day, whose quarter-hours and lines are given."""
        start_s = day_start_s(day, self._contract.zone)
        whole = {
            "cost": _money(total(line.amount for line in lines)),
            "energy_cost": _money(total(line.of_energy for line in lines)),
            "energy_kwh": _kwh(sum(map(_energy_mwh, slots))),
            "estimated_kwh": _kwh(
                sum(_energy_mwh(each) for each in slots if each.quarter and each.quarter.is_estimated)
            ),
            "unpriced_kwh": _kwh(sum(slot.unpriced_mwh for slot in slots)),
            "readings": metered.readings,
            "metered_kwh": metered.gained_kwh,
        }
        return [
            self._point(costs.DAYS, start_s, whole),
            *self._components(start_s, lines),
            *self._bands(start_s, slots),
        ]

    def _components(self, start_s: int, lines: Sequence[Line]) -> Iterator[Point]:
        # A version that begins within the day may have the same component.
        for name, kind in dict.fromkeys((line.component, line.kind) for line in lines):
            own = [line for line in lines if (line.component, line.kind) == (name, kind)]
            fields = {
                "cost": _money(total(line.amount for line in own)),
                "energy_kwh": _kwh(sum(line.energy_mwh for line in own)),
            }
            yield self._point(costs.COMPONENT_DAYS, start_s, fields, component=name, kind=kind.value)

    def _bands(self, start_s: int, slots: Sequence[Priced]) -> Iterator[Point]:
        for band in dict.fromkeys(slot.band for slot in slots):
            own = [slot for slot in slots if slot.band == band]
            fields = {
                "cost": _money(total(slot.cost for slot in own if slot.cost is not None)),
                "energy_kwh": _kwh(sum(map(_energy_mwh, own))),
                "unpriced_kwh": _kwh(sum(slot.unpriced_mwh for slot in own)),
            }
            yield self._point(costs.BAND_DAYS, start_s, fields, band=band)

    def of_month(self, first: date, days: Mapping[Key, Mapping[str, float]]) -> list[Point]:
        """The points of a month, of whose days all points are given."""
        start_s = day_start_s(first, self._contract.zone)
        sums: dict[tuple[str, frozenset[tuple[str, str]]], dict[str, Decimal]] = {}
        for (measurement, tags, _), fields in days.items():
            of_month = sums.setdefault((MONTH_OF[measurement], tags), {})
            for name, value in fields.items():
                if name not in _OF_DAYS_ONLY:
                    # As it is written: so the month is the sum of the days to the last digit.
                    of_month[name] = of_month.get(name, NOTHING) + Decimal(repr(value))
        for (measurement, _), of_month in sums.items():
            if measurement == costs.MONTHS:
                of_month["end_days"] = self._end_days(first)
                if self._contract.budget is not None:
                    of_month["budget"] = self._contract.budget
        return [
            Point(
                measurement, dict(tags), {name: float(value) for name, value in fields.items()}, start_s * NS_A_SECOND
            )
            for (measurement, tags), fields in sums.items()
        ]

    def _end_days(self, first: date) -> Decimal:
        """Up to when the month is owed, in days since its begin."""
        zone, stop = self._contract.zone, self._contract.versions[-1].stop
        end_s = day_start_s(next_month(first), zone)
        if stop is not None:
            end_s = min(end_s, int(stop.timestamp()))
        last = day_of(end_s - 1, zone)
        # Hours are 24ths of a day, also behind the end on a day of 23 or 25: so the forecast takes those behind a reading.
        return (last - first).days + 1 - Decimal(day_stop_s(last, zone) - end_s) / DAY_S

    def _point(self, measurement: str, start_s: int, fields: Mapping[str, float], **tags: str) -> Point:
        return Point(measurement, self.tags | tags, fields, start_s * NS_A_SECOND)


def by_day(contract: Contract, slots: Iterable[Priced]) -> dict[date, list[Priced]]:
    """Quarter-hours by their days."""
    days: dict[date, list[Priced]] = {}
    for slot in slots:
        days.setdefault(day_of(slot.start_s, contract.zone), []).append(slot)
    return days


def _fields_of(slot: Priced) -> dict[str, float]:
    fields: dict[str, float] = {}
    if slot.price is not None:
        fields["price_per_kwh"] = _money(slot.price)
    if slot.quarter is not None:
        fields["energy_kwh"] = _kwh(slot.quarter.energy_mwh)
        fields["is_estimated"] = float(slot.quarter.is_estimated)
    if slot.cost is not None:
        fields["cost"] = _money(slot.cost)
    return fields


def _energy_mwh(slot: Priced) -> int:
    return slot.quarter.energy_mwh if slot.quarter else 0


def _money(amount: Decimal) -> float:
    return float(rounded(amount, MONEY_DECIMALS, "ROUND_HALF_EVEN"))


def _kwh(energy_mwh: int) -> float:
    return float(kwh(energy_mwh))
