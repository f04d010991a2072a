"""Contracts told by hand, and what they are priced with."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from cost.metered import QUARTER_S, ROME, at
from wattline_cost.energy.quarter import Quarter
from wattline_cost.errors import SourceError
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.prices.source import Price
from wattline_cost.pricing.bill import Bill, bill_of
from wattline_cost.pricing.days import Pricer
from wattline_cost.pricing.line import Line
from wattline_cost.tariff.model import Component, Contract, Direction, Rounding, Version

D = Decimal
KWH = 1_000_000


def version(
    *components: Component, start: str = "2020-01-01", stop: str = "", kw: str = "", zone: ZoneInfo = ROME
) -> Version:
    """A version from ``start`` to ``stop``, local times."""
    begin = datetime.fromisoformat(start).replace(tzinfo=zone)
    end = datetime.fromisoformat(stop).replace(tzinfo=zone) if stop else None
    return Version(begin, end, components, D(kw) if kw else None, ())


def contract(
    *versions: Version,
    zone: ZoneInfo = ROME,
    direction: Direction = Direction.IMPORT,
    currency: str = "EUR",
    rounding: Rounding | None = None,
) -> Contract:
    return Contract("house", None, direction, currency, zone, (), versions, rounding or Rounding())


def month_of(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    first = date(year, month, 1)
    return first, (first + timedelta(31)).replace(day=1) - timedelta(1)


def italian_band(start_s: int) -> str:
    """F1, F2 or F3 by the resolution 181/06, but for the holidays: October has none."""
    local = datetime.fromtimestamp(start_s, ROME)
    if local.weekday() == 6 or not 7 <= local.hour < 23:
        return "F3"
    return "F1" if local.weekday() < 5 and 8 <= local.hour < 19 else "F2"


def no_band(start_s: int) -> str:
    raise AssertionError(f"the band at {start_s} was asked for, and there is none")


class Table:
    """A source with the prices that it is given."""

    def __init__(self, prices: Sequence[Price] = ()) -> None:
        self._prices = prices

    faults: Sequence[SourceError] = ()

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        return [price for price in self._prices if price.start_s < stop_s and start_s < price.stop_s]


def pricer(of: Contract, band: Callable[[int], str] = no_band, sources: Mapping[str, Table] | None = None) -> Pricer:
    return Pricer(of, [band] * len(of.versions), sources or {})


def steady(first: date, last: date, energy_mwh: int, zone: ZoneInfo = ROME) -> list[Quarter]:
    """The same energy in each quarter-hour of the days from ``first`` to ``last``."""
    starts_s = range(day_start_s(first, zone), day_stop_s(last, zone), QUARTER_S)
    return [Quarter(start_s, energy_mwh) for start_s in starts_s]


def quarter(when: str, kwh: str, zone: ZoneInfo = ROME, *, is_estimated: bool = False) -> Quarter:
    return Quarter(at(when, zone), int(D(kwh) * KWH), is_estimated)


def bill(of: Contract, lines: Sequence[Line], first: date, last: date) -> Bill:
    return bill_of(of, lines, first, last)


def amounts(of: Bill) -> dict[str, Decimal]:
    """The amount of each line by its name."""
    return {f"{line.component} {line.part}".strip(): line.amount for line in of.lines}
