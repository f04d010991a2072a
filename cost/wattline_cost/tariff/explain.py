"""Which version, band and price holds at a moment, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from wattline.errors import WordError
from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.tariff import told
from wattline_cost.tariff.bands import Bands, is_across_midnight
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    Component,
    Contract,
    EnergyCharge,
    FixedCharge,
    Flat,
    Percentage,
    Rule,
    Version,
)
from wattline_cost.tariff.versions import Versions

SourcePrice = Callable[[str, int], Decimal | None]
"""The price of a source for a quarter-hour, by its name and start; None where it has none."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a component adds to the price of one kilowatt-hour more.

    Attributes:
        name: of the component.
        per_kwh: in the currency of the contract; None: not known.
        why: in words.
    """

    name: str
    per_kwh: Decimal | None
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What holds in a quarter-hour.

    Attributes:
        start: of the quarter-hour, in the contract's time zone.
        number: of the version, from 1 on.
        version: it.
        band: empty where the version has no rules.
        rule: the one that counts.
        from_day_before: whether the rule began on the day before.
        holiday: what the day is called on which the rule began; None: it is no holiday.
        parts: what one kilowatt-hour more costs, component by component, without what is paid anyway.
        per_kwh: their sum; None where one of them is not known.
        fixed: what is paid anyway.
    """

    start: datetime
    number: int
    version: Version
    band: str
    rule: Rule | None
    from_day_before: bool
    holiday: str | None
    parts: tuple[Part, ...]
    per_kwh: Decimal | None
    fixed: tuple[FixedCharge, ...]


def explain(contract: Contract, at_s: int, source_price: SourcePrice, register: int | None = None) -> Explanation:
    """What holds in the quarter-hour in which ``at_s`` seconds after 1970 are.

    Args:
        contract: it.
        at_s: the moment.
        source_price: tells the prices of sources.
        register: the tariff register of the meter that counts; only where prices are told by them.

    Raises:
        WordError: no version is in force then.
        SourceError: as ``source_price``.
    """
    start_s = at_s - at_s % QUARTER_S
    try:
        start = datetime.fromtimestamp(start_s, contract.zone)
    except ValueError as error:
        raise WordError(f"That time is none of the calendar ({error}).") from None
    place = Versions(contract.versions).at(start_s)
    if place is None:
        raise WordError(
            f"At {start:%Y-%m-%d %H:%M} no version of the contract {contract.name!r} is in force: {_range(contract)}."
        )
    version = contract.versions[place]
    bands = Bands(contract.zone, version.rules, contract.holidays)
    counts = bands.place(start_s)
    rule = None if counts is None else version.rules[counts]
    from_day_before = rule is not None and is_across_midnight(rule) and start.time() < rule.stop
    parts = _parts(version, bands.at(start_s), lambda name: source_price(name, start_s), register)
    return Explanation(
        start=start,
        number=place + 1,
        version=version,
        band=bands.at(start_s),
        rule=rule,
        from_day_before=from_day_before,
        holiday=bands.calendar.name(start.date() - timedelta(days=int(from_day_before))),
        parts=tuple(part for part in parts if part is not None),
        per_kwh=_sum([part.per_kwh for part in parts if part is not None]),
        fixed=tuple(charge for charge in version.components if isinstance(charge, FixedCharge)),
    )


def _range(contract: Contract) -> str:
    stop = contract.versions[-1].stop
    until = "" if stop is None else f" and ends {stop:%Y-%m-%d %H:%M}"
    return f"it begins {contract.versions[0].start:%Y-%m-%d %H:%M}{until}"


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _parts(
    version: Version, band: str, source_price: Callable[[str], Decimal | None], register: int | None
) -> list[Part | None]:
    """A part for each component, None for one that no kilowatt-hour changes."""
    by_name: dict[str, Part | None] = {}
    for component in version.components:
        by_name[component.name] = _part(component, band, source_price, register, by_name)
    return list(by_name.values())


def _part(
    component: Component,
    band: str,
    source_price: Callable[[str], Decimal | None],
    register: int | None,
    above: dict[str, Part | None],
) -> Part | None:
    match component:
        case FixedCharge():
            return None
        case EnergyCharge():
            return _energy(component, band, source_price, register)
        case Percentage():
            of = [part for name in component.of if (part := above[name]) is not None]
            if not of:
                return None
            base = _sum([part.per_kwh for part in of])
            names = ", ".join(part.name for part in of)
            # A shift of the point, since a division might leave a rest.
            amount = None if base is None else (base * component.percent).scaleb(-2)
            return Part(component.name, amount, f"{told.number(component.percent)} % of {names}")


def _energy(
    charge: EnergyCharge, band: str, source_price: Callable[[str], Decimal | None], register: int | None
) -> Part:
    match charge.price:
        case Flat(price):
            return Part(charge.name, price, "always the same")
        case ByBand(prices):
            return Part(charge.name, prices[band], f"band {band}")
        case ByRegister(prices):
            if register is not None and register in prices:
                return Part(charge.name, prices[register], f"register T{register} of the meter")
            each = ", ".join(f"T{n} {told.number(price)}" for n, price in prices.items())
            return Part(charge.name, None, f"as the meter's register says: {each}")
        case BySource(source, factor, plus):
            published = source_price(source)
            if published is None:
                return Part(charge.name, None, f"no price known: {source!r} has none of this time")
            words = f"{told.number(factor)} times " if factor != 1 else ""
            added = f" {'less' if plus < 0 else 'plus'} {told.number(abs(plus))}" if plus else ""
            return Part(charge.name, factor * published + plus, f"{words}{told.amount(published)} of {source!r}{added}")
