"""By which terms a month is priced: a mark that two contracts share when they price all of the month alike."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256

from wattline_cost.local_days import ONE_DAY, days_through, month_begin, next_month
from wattline_cost.tariff.holidays import Calendar
from wattline_cost.tariff.model import BySource, Contract, EnergyCharge, Version

DIGITS = 16
NOTHING = ""
"""The mark of a month in which nothing was owed when it was looked at."""
OTHERWISE = "otherwise"
"""In the place of a mark: of a month that was priced by several terms, or nobody knows by which, as while others price it."""


def mark(contract: Contract, month: date) -> str:
    """What stands for all that prices ``month``, by its first day; ``NOTHING`` where the contract does not hold in it."""
    stop = next_month(month)
    versions = tuple(_within(contract, month, stop))
    if not versions:
        return NOTHING
    # A rule across midnight belongs to the day on which it begins.
    calendar = Calendar(contract.holidays)
    holidays = [day for day in days_through(month - ONE_DAY, stop - ONE_DAY) if calendar.name(day) is not None]
    prices = [part.price for each in versions for part in each.components if isinstance(part, EnergyCharge)]
    sources = {price.source: contract.sources[price.source] for price in prices if isinstance(price, BySource)}
    terms = [contract.meter, contract.direction, contract.currency, contract.zone.key, holidays, versions, sources]
    return sha256(repr(_plain(terms)).encode()).hexdigest()[:DIGITS]


def months_through(first: date, last: date) -> Iterator[date]:
    """The first days of the months from that of ``first`` to that of ``last``, both among them."""
    month = month_begin(first)
    while month <= last:
        yield month
        month = next_month(month)


def _within(contract: Contract, first: date, end: date) -> Iterator[Version]:
    """The versions as far as they hold from ``first`` on and before ``end``."""
    start, stop = (datetime.combine(day, time.min, contract.zone) for day in (first, end))
    for version in contract.versions:
        if version.start < stop and (version.stop is None or version.stop > start):
            ends_later = version.stop is None or version.stop >= stop
            yield replace(version, start=max(version.start, start), stop=None if ends_later else version.stop)


def _plain(value: object) -> object:
    """The same whenever the values are: whatever the order of a table, and the noughts at the end of a number."""
    if is_dataclass(value):
        return [type(value).__name__, *(_plain(getattr(value, each.name)) for each in fields(value))]
    if isinstance(value, Mapping):
        return sorted((str(name), _plain(each)) for name, each in value.items())
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)
