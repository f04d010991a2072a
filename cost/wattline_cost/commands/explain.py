"""``wattline-cost explain``: which version, band and price holds at a moment, and why."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

from wattline.errors import WordError
from wattline.export.moment import moment_s
from wattline.options import one_of
from wattline.paragraphs import filled
from wattline_cost.commands.faults import raise_all
from wattline_cost.energy.quarter import MWH_PER_KWH, QUARTER_S
from wattline_cost.prices.cache import Cache
from wattline_cost.prices.folder import sources_of
from wattline_cost.prices.source import Source, faults_of
from wattline_cost.tariff import told
from wattline_cost.tariff.components import REGISTER_NUMBERS
from wattline_cost.tariff.explain import Explanation, explain
from wattline_cost.tariff.file import read_contract
from wattline_cost.tariff.model import (
    ByRegister,
    BySource,
    ByStep,
    Contract,
    Direction,
    Energy,
    EnergyCharge,
    Rule,
)
from wattline_cost.tariff.versions import told as told_moment

SUMMARY = "tells which version, band and price of a contract holds at a moment, and why"
EXAMPLE = "wattline-cost explain /etc/wattline/tariffs/house.toml 2026-11-01T10:30"
ERROR_PREFIX = "wattline-cost: "

GAP = "  "
# Of a large factory in a month.
MOST_KWH = 1_000_000_000
LACKING: Mapping[type[Energy], str] = {
    BySource: "its source has no price of this time",
    ByStep: "--used has to say how much was used in the month",
    ByRegister: "--register has to say which of the meter's registers counts",
}
"""What may be missing for a price to be known, by its kind; the other kinds lack nothing."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a tariff file")
    parser.add_argument(
        "at",
        metavar="AT",
        nargs="?",
        help="a time of the contract's time zone, such as 2026-11-01T10:30, or with an offset, such as "
        "2026-10-25T02:30+01:00; now unless given",
    )
    parser.add_argument(
        "--register",
        metavar="T",
        type=one_of(tuple(REGISTER_NUMBERS)),
        help="where prices are by the meter's registers: T1 to T4, the one that counts",
    )
    parser.add_argument(
        "--used",
        metavar="KWH",
        type=_kilowatt_hours,
        help="where prices go by how much was used in the month: that much was used before AT",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def execute(arguments: argparse.Namespace) -> int:
    """Print; returns 0.

    Raises:
        TariffError: the file is wrong.
        WordError: AT is no time, no version is in force then, or it has no price of the register, or none by what was used.
        SourceError: a source has prices that cannot be read; the rest was printed.
    """
    contract = read_contract(arguments.file)
    at_s = int(time.time()) if arguments.at is None else moment_s(arguments.at, contract.zone)
    register = REGISTER_NUMBERS.get(arguments.register or "")
    sources = sources_of(contract, Cache())
    explanation = explain(contract, at_s, partial(_price, sources), register, arguments.used)
    if register is not None:
        _refuse_other_register(explanation, register)
    if arguments.used is not None:
        _refuse_used(explanation)
    if arguments.json:
        print(json.dumps(_as_json(contract, explanation), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(contract, explanation)))
    raise_all(faults_of(sources), ERROR_PREFIX)
    return 0


def _kilowatt_hours(text: str) -> int:
    """The type of an option that takes kilowatt-hours, in milliwatt-hours."""
    try:
        used_kwh = Decimal(text)
    except InvalidOperation:
        used_kwh = Decimal(-1)
    if not (used_kwh.is_finite() and 0 <= used_kwh <= MOST_KWH):
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of kilowatt-hours from 0 to {MOST_KWH}, such as 151.5"
        )
    return int(used_kwh * MWH_PER_KWH)


def _refuse_used(found: Explanation) -> None:
    """Refuse to go by what was used where no price of the version does."""
    charges = [charge for charge in found.version.components if isinstance(charge, EnergyCharge)]
    if not any(isinstance(charge.price, ByStep) for charge in charges):
        raise WordError(
            f"Version {found.number} has no price that depends on how much was used in the month; leave --used out."
        )


def _refuse_other_register(found: Explanation, register: int) -> None:
    """Refuse a register of which the version has no price."""
    charges = [charge for charge in found.version.components if isinstance(charge, EnergyCharge)]
    priced = [number for charge in charges if isinstance(charge.price, ByRegister) for number in charge.price.prices]
    if register not in priced:
        there = ", ".join(f"T{number}" for number in sorted(set(priced)))
        has = f"has prices of the registers {there}" if there else "has no prices by the meter's registers"
        raise WordError(f"Version {found.number} {has}, and none of T{register}.")


def _price(sources: Mapping[str, Source], name: str, start_s: int) -> Decimal | None:
    """What one of ``sources`` says of a quarter-hour."""
    found = sources[name].prices(start_s, start_s + QUARTER_S)
    return found[0].per_kwh if found else None


def _lines(contract: Contract, found: Explanation) -> Iterator[str]:
    offset = found.start.strftime("%z")
    yield filled(
        f"{contract.name}, {found.start:%A %Y-%m-%d}, quarter-hour from {found.start:%H:%M} "
        f"({contract.zone.key}, UTC{offset[:3]}:{offset[3:]})",
        len(GAP),
    )
    yield f"version {found.number}, {_in_force(found)}"
    if found.rule is not None:
        yield filled(f"band {found.band}: {_why(found, found.rule)}", len(GAP))
    yield ""
    yield from _parts(contract, found)
    if found.fixed:
        yield ""
        yield "paid anyway"
        width = max(len(charge.name) for charge in found.fixed)
        for charge in found.fixed:
            text = told.fixed(charge, contract.currency, found.version.contract_kw)
            yield filled(f"{GAP}{charge.name:{width}}{GAP}{text}", len(GAP) + width + len(GAP))


def _in_force(found: Explanation) -> str:
    stop = found.version.stop
    until = "without an end yet" if stop is None else f"until {told_moment(stop)}"
    return f"in force from {told_moment(found.version.start)} on, {until}"


def _why(found: Explanation, rule: Rule) -> str:
    """Which rule counts, and what its day is."""
    day = "the day before" if found.from_day_before else "the day"
    holiday = f"; {day} is a holiday: {found.holiday}" if found.holiday else ""
    begun = ", which began on the day before" if found.from_day_before else ""
    return f"of the rules that hold, the last is {told.rule(rule)!r}{begun}{holiday}"


def _whole(contract: Contract, found: Explanation) -> str:
    """What one kilowatt-hour more comes to, or all that is lacking to say it."""
    verb = "costs" if contract.direction is Direction.IMPORT else "yields"
    if found.per_kwh is not None:
        return f"one kilowatt-hour more {verb} {told.amount(found.per_kwh)} {contract.currency}"
    unknown = {part.name for part in found.parts if part.per_kwh is None}
    charges = [each for each in found.version.components if isinstance(each, EnergyCharge) and each.name in unknown]
    lacking = dict.fromkeys(LACKING[type(charge.price)] for charge in charges)
    return f"what one kilowatt-hour more {verb} is not known: {', and '.join(lacking)}"


def _parts(contract: Contract, found: Explanation) -> Iterator[str]:
    yield filled(_whole(contract, found), len(GAP))
    width = max((len(part.name) for part in found.parts), default=0)
    amounts = ["?" if part.per_kwh is None else told.amount(part.per_kwh) for part in found.parts]
    digits = max(map(len, amounts), default=0)
    for part, amount in zip(found.parts, amounts, strict=True):
        begin = f"{GAP}{part.name:{width}}{GAP}{amount:{digits}}{GAP}"
        yield filled(f"{begin}{part.why}", len(begin))


def _as_json(contract: Contract, found: Explanation) -> dict[str, Any]:
    stop = found.version.stop
    return {
        "contract": contract.name,
        "direction": contract.direction.value,
        "currency": contract.currency,
        "start": found.start.isoformat(),
        "version": found.number,
        "version_from": found.version.start.isoformat(),
        "version_to": None if stop is None else stop.isoformat(),
        "band": found.band or None,
        "rule": None if found.rule is None else told.rule(found.rule),
        "rule_began_on_day_before": found.from_day_before,
        "holiday": found.holiday,
        "per_kwh": _text(found.per_kwh),
        "components": [{"name": part.name, "per_kwh": _text(part.per_kwh), "why": part.why} for part in found.parts],
        "fixed": [
            {"name": charge.name, "price": _text(charge.price), "per": charge.per.value} for charge in found.fixed
        ],
        "contract_kw": _text(found.version.contract_kw),
    }


def _text(value: Decimal | None) -> str | None:
    """A number as text, since a float has other digits."""
    return None if value is None else told.amount(value)
