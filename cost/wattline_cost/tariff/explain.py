"""Which version, band and price holds at a moment, and why."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from wattline.errors import WordError
from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.tariff import told
from wattline_cost.tariff.bands import Bands, is_across_midnight
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Contract,
    Energy,
    EnergyCharge,
    FixedCharge,
    Flat,
    Percentage,
    Rule,
    Version,
)
from wattline_cost.tariff.rate import Circumstances, Rate, rates, sum_of
from wattline_cost.tariff.steps import step_at
from wattline_cost.tariff.versions import Versions
from wattline_cost.tariff.versions import told as told_moment

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


def explain(
    contract: Contract,
    at_s: int,
    source_price: SourcePrice,
    register: int | None = None,
    used_mwh: int | None = None,
) -> Explanation:
    """What holds in the quarter-hour in which ``at_s`` seconds after 1970 are.

    Args:
        contract: it.
        at_s: the moment.
        source_price: tells the prices of sources.
        register: the tariff register of the meter that counts; only where prices are told by them.
        used_mwh: what was used in the month before it; only where prices have steps.

    Raises:
        WordError: no version is in force then.
    """
    start_s = at_s - at_s % QUARTER_S
    start, place = _start(start_s, contract.zone), _place(contract, start_s)
    version = contract.versions[place]
    bands = Bands(contract.zone, version.rules, contract.holidays)
    counts = bands.place(start_s)
    rule = None if counts is None else version.rules[counts]
    from_day_before = rule is not None and is_across_midnight(rule) and start.time() < rule.stop
    circumstances = Circumstances(bands.at(start_s), register, used_mwh)
    found = rates(version, circumstances)
    published = _published(found.values(), lambda name: source_price(name, start_s))
    return Explanation(
        start=start,
        number=place + 1,
        version=version,
        band=circumstances.band,
        rule=rule,
        from_day_before=from_day_before,
        holiday=bands.calendar.name(start.date() - timedelta(days=int(from_day_before))),
        parts=tuple(_parts(version, found, published, circumstances)),
        per_kwh=sum_of(found.values()).at(published),
        fixed=tuple(charge for charge in version.components if isinstance(charge, FixedCharge)),
    )


def _start(start_s: int, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromtimestamp(start_s, zone)
    except ValueError as error:
        raise WordError(f"That time is none of the calendar ({error}).") from None


def _place(contract: Contract, start_s: int) -> int:
    """The place of the version in force."""
    place = Versions(contract.versions).at(start_s)
    if place is None:
        stop = contract.versions[-1].stop
        until = "" if stop is None else f" and ends before {told_moment(stop)}"
        raise WordError(
            f"At {_start(start_s, contract.zone).isoformat(' ', 'minutes')} no version of the contract {contract.name!r} is in "
            f"force: it begins {told_moment(contract.versions[0].start)}{until}."
        )
    return place


def _published(found: Iterable[Rate], source_price: Callable[[str], Decimal | None]) -> dict[str, Decimal]:
    """What the sources say that rates ask for, where they say anything."""
    names = dict.fromkeys(name for rate in found for name in rate.times)
    return {name: price for name in names if (price := source_price(name)) is not None}


def _parts(
    version: Version,
    found: Mapping[str, Rate],
    published: Mapping[str, Decimal],
    circumstances: Circumstances,
) -> Iterator[Part]:
    for component in version.components:
        if component.name not in found:
            continue
        per_kwh = found[component.name].at(published)
        match component:
            case EnergyCharge():
                yield Part(component.name, per_kwh, _why(component.price, published, circumstances))
            case Percentage():
                of = ", ".join(name for name in component.of if name in found)
                yield Part(component.name, per_kwh, f"{told.number(component.percent)} % of {of}")


def _why(price: Energy, published: Mapping[str, Decimal], circumstances: Circumstances) -> str:
    match price:
        case Flat():
            return "always the same"
        case ByBand():
            return f"band {circumstances.band}"
        case ByRegister():
            return _why_register(price, circumstances.register)
        case BySource():
            return _why_published(price, published)
        case ByStep():
            return _why_step(price, circumstances.used_mwh)


def _why_register(price: ByRegister, register: int | None) -> str:
    if register in price.prices:
        return f"register T{register} of the meter"
    each = ", ".join(f"T{n} {told.number(of_register)}" for n, of_register in price.prices.items())
    return f"as the meter's register says: {each}"


def _why_published(price: BySource, published: Mapping[str, Decimal]) -> str:
    if price.source not in published:
        return f"no price known: {price.source!r} has none of this time"
    words = f"{told.number(price.factor)} times " if price.factor != 1 else ""
    added = f" {'less' if price.plus < 0 else 'plus'} {told.number(abs(price.plus))}" if price.plus else ""
    return f"{words}{told.amount(published[price.source])} of {price.source!r}{added}"


def _why_step(price: ByStep, used_mwh: int | None) -> str:
    names = told.steps(price)
    if used_mwh is not None:
        return f"{names[step_at(price, used_mwh)]} of the month"
    each = ", ".join(f"{name} {told.number(step.price)}" for step, name in names.items())
    return f"by how much was used in the month: {each}"
