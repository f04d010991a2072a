"""The versions of a contract, as a file tells them: dates, power, components, and that these go with the rules of bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from wattline.options import nearest
from wattline_cost.errors import TariffError
from wattline_cost.tariff import coverage
from wattline_cost.tariff.components import components
from wattline_cost.tariff.model import ByBand, Component, EnergyCharge, FixedCharge, Version
from wattline_cost.tariff.rules import NumberedRule, rules
from wattline_cost.tariff.table import Faults, Table
from wattline_cost.tariff.versions import Dates, local_moment, trouble

KEYS = ("from", "to", "contract_kw", "component", "rule")
PATH = "version."
# Of a large factory.
LARGEST_KW = 100_000
# Before them clocks were off by other than quarters of an hour here and there; behind them Python's years end.
YEARS = (1980, 2999)

_DATE_RULE = "must be a date such as 2026-04-01 or a time such as 2026-04-01T12:00:00, without quotation marks"


@dataclass(frozen=True, slots=True)
class _Around:
    """What a version of the contract has from around it.

    Attributes:
        have_holidays: whether the file names any.
        sources: the names of those that the file tells.
        rules: None when some were refused, so that nothing can be said of what they leave out.
    """

    have_holidays: bool
    sources: Sequence[str]
    rules: tuple[NumberedRule, ...] | None


def versions(contract: Table, zone: ZoneInfo, sources: Sequence[str], faults: Faults) -> tuple[Version, ...]:
    """The versions that a file tells, without those that ``faults`` now has.

    Args:
        contract: the whole file.
        zone: of its dates.
        sources: the names of the sources of prices that it tells.
        faults: takes what is refused.

    Raises:
        TariffError: there is no version, or their dates do not follow each other.
    """
    told = contract.tables("version")
    if not told:
        raise contract.fault("version", "must be there at least once, and begins with [[version]]")
    around = _Around(bool(contract.tables("holiday")), sources, _whole_rules(contract, faults))
    tables = [Table(_place(contract, values, n), values, KEYS, PATH, faults) for n, values in enumerate(told, 1)]
    dates = [_dates(table, zone) for table in tables]
    if wrong := trouble(dates):
        place, sentence = wrong
        raise TariffError(tables[place].place, f"{sentence[:1].upper()}{sentence[1:]}.")
    found = []
    for number, table in enumerate(tables, 1):
        with faults.kept():
            stop = dates[number].start if number < len(dates) else dates[-1].stop
            found.append(_version(table, Dates(dates[number - 1].start, stop), around, faults))
    return tuple(found)


def _place(contract: Table, values: Mapping[str, object], number: int) -> str:
    said = values.get("from")
    when = f" (from {said.isoformat()})" if isinstance(said, date) else ""
    return f"{contract.place}, version {number}{when}"


def _version(table: Table, dates: Dates, around: _Around, faults: Faults) -> Version:
    own = _whole_rules(table, faults) if "rule" in table else around.rules
    tables = table.tables("component")
    if not tables:
        raise table.fault("component", "must be there at least once, and begins with [[version.component]]")
    found = components(table.place, tables, around.sources, faults)
    power = _contract_kw(table, found)
    if own is not None:
        _refuse_bands(table.place, found, own, have_holidays=around.have_holidays)
    return Version(dates.start, dates.stop, found, power, tuple(numbered.rule for numbered in own or ()))


def _whole_rules(table: Table, faults: Faults) -> tuple[NumberedRule, ...] | None:
    already = len(faults)
    found = rules(table.place, table.tables("rule"), faults)
    return found if len(faults) == already else None


def _dates(table: Table, zone: ZoneInfo) -> Dates:
    return Dates(_moment(table, "from", zone), _moment(table, "to", zone) if "to" in table else None)


def _moment(table: Table, key: str, zone: ZoneInfo) -> datetime:
    said = table.raw(key)
    if not isinstance(said, date):
        raise table.fault(key, _DATE_RULE)
    if not YEARS[0] <= said.year <= YEARS[1]:
        raise table.fault(key, f"must be of a year from {YEARS[0]} to {YEARS[1]}")
    moment = local_moment(said, zone)
    if moment is None:
        raise table.fault(key, f"must not be a time that the clock leaves out in {zone.key} when summer time begins")
    # In UTC, since zones differ by quarters of an hour.
    if moment.astimezone(UTC).timestamp() % 900:
        raise table.fault(key, "must be a quarter-hour, such as 12:00, 12:15, 12:30 or 12:45")
    return moment


def _contract_kw(table: Table, found: Sequence[Component]) -> Decimal | None:
    if "contract_kw" in table:
        power = table.number("contract_kw")
        if not 0 < power <= LARGEST_KW:
            raise table.fault(
                "contract_kw", f"must be more than 0 and at most {LARGEST_KW}: the power of the contract in kW"
            )
        return power
    for component in found:
        if isinstance(component, FixedCharge) and component.per.is_by_power:
            raise table.fault(
                "contract_kw",
                f"must be the power of the contract in kW, such as 3, since {component.name!r} is paid per {component.per}",
            )
    return None


def _refuse_bands(place: str, found: Sequence[Component], own: Sequence[NumberedRule], *, have_holidays: bool) -> None:
    """Refuse rules that leave a moment without a band, and prices of other bands than theirs."""
    if own and (wrong := coverage.trouble(own, have_holidays=have_holidays)):
        raise TariffError(place, f"{wrong[:1].upper()}{wrong[1:]}.")
    bands = list(dict.fromkeys(numbered.rule.band for numbered in own))
    for component in found:
        if not (isinstance(component, EnergyCharge) and isinstance(component.price, ByBand)):
            continue
        here = f"{place}, component {component.name!r}"
        if not bands:
            raise TariffError(here, "The key 'prices' is by band, but no [[rule]] says when which band holds.")
        for band in component.price.prices:
            if band not in bands:
                raise TariffError(
                    here,
                    f"The key 'prices' has the band {band!r}, which no rule gives{nearest(band, bands)}; the bands of the rules "
                    f"are {', '.join(bands)}.",
                )
        if missing := [band for band in bands if band not in component.price.prices]:
            raise TariffError(here, f"The key 'prices' has no price for the band {missing[0]!r}, which a rule gives.")
