"""``wattline-cost check``: whether tariff files are right, and what is in them."""

import argparse
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from wattline.errors import WattlineError
from wattline.paragraphs import filled
from wattline_cost.commands.faults import raise_all
from wattline_cost.errors import apart
from wattline_cost.tariff import told
from wattline_cost.tariff.doubts import doubts
from wattline_cost.tariff.file import MODES, read_contract
from wattline_cost.tariff.holidays import Calendar
from wattline_cost.tariff.model import Contract, Files, Rounding, SourceSettings, Version
from wattline_cost.tariff.versions import told as told_moment
from wattline_cost.tariff.week import depends_on_day_before, weeks

SUMMARY = "checks tariff files, and tells what is in them, to be compared with the contract on paper"
EXAMPLE = "wattline-cost check /etc/wattline/tariffs/house.toml"
ERROR_PREFIX = "wattline-cost: "

GAP = "  "


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the words of this command."""
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a tariff file")


def execute(arguments: argparse.Namespace) -> int:
    """Tell of each file that is right; returns 0.

    Raises:
        TariffError: the last thing that is wrong with a file; what is wrong before it has been said.
    """
    faults: list[WattlineError] = []
    year = datetime.fromtimestamp(time.time()).astimezone().year
    texts = []
    for path in arguments.files:
        with apart(faults, str(path)):
            texts.append("\n".join(_lines(read_contract(path), path, year)))
    if texts:
        print("\n\n".join(texts))
    raise_all(faults, ERROR_PREFIX)
    return 0


def _lines(contract: Contract, path: Path, year: int) -> Iterator[str]:
    meter = f"meter {contract.meter}" if contract.meter else "the meter with the role grid"
    budget = f", budget {told.number(contract.budget)} {contract.currency} a month" if contract.budget else ""
    yield f"{contract.name} ({path})"
    yield f"{contract.direction.value}, {contract.currency}, {contract.zone.key}, {meter}{budget}"
    rules = None
    for number, version in enumerate(contract.versions, 1):
        yield ""
        yield from _version(contract, version, number)
        if version.rules and version.rules == rules:
            yield "bands as before"
        else:
            yield from _bands(version, have_holidays=bool(contract.holidays))
        rules = version.rules
    if contract.holidays and rules:
        yield ""
        yield from _holidays(contract, year)
    yield ""
    for name, settings in contract.sources.items():
        yield filled(_source(name, settings), len(GAP))
    yield _rounding(contract.rounding)
    if found := list(doubts(contract)):
        yield ""
        yield "to be looked at once more"
        for sentence in found:
            yield filled(f"{GAP}{sentence}", len(GAP))


def _version(contract: Contract, version: Version, number: int) -> Iterator[str]:
    power = f", {told.number(version.contract_kw)} kW" if version.contract_kw is not None else ""
    until = "" if version.stop is None else f" until {told_moment(version.stop)}"
    yield f"version {number}, from {told_moment(version.start)}{until}{power}"
    width = max(len(component.name) for component in version.components)
    for component in version.components:
        text = told.component(component, version, contract.currency)
        yield filled(f"{GAP}{component.name:{width}}{GAP}{text}", len(GAP) + width + len(GAP))


def _bands(version: Version, *, have_holidays: bool) -> Iterator[str]:
    if not version.rules:
        return
    for months, days in weeks(version.rules, have_holidays=have_holidays):
        yield f"bands in {months}" if months else "bands"
        width = max(len(name) for name, _ in days)
        for name, spans in days:
            text = GAP.join(f"{start} {band}" for start, band in spans)
            yield filled(f"{GAP}{name:{width}}{GAP}{text}", len(GAP) + width + len(GAP))
    if depends_on_day_before(version.rules):
        of_holidays = " that is no holiday, and that of a holiday by a Wednesday" if have_holidays else ""
        yield filled(
            f"{GAP}where a rule leads across midnight, the morning goes by the day before: here by one of the same "
            f"month{of_holidays}",
            len(GAP),
        )


def _holidays(contract: Contract, year: int) -> Iterator[str]:
    calendar = Calendar(contract.holidays)
    for shown in (year, year + 1):
        days = calendar.of_year(shown)
        listed = ", ".join(f"{day:%a} {day.day} {day:%b} {name}" for day, name in days.items())
        yield filled(f"holidays {shown}: {listed or 'none'}", len(GAP))


def _source(name: str, settings: SourceSettings) -> str:
    what = f"GME's {settings.price}" if settings.files is Files.GME else f"the column {settings.price!r} of tables"
    return f"source {name}: {what}, of each {settings.minutes} minutes, in {settings.folder}"


def _rounding(rounding: Rounding) -> str:
    mode = next(word for word, mode in MODES.items() if mode == rounding.mode)
    what = "each line" if rounding.each_line else "the sum"
    energy = "" if rounding.kwh_decimals is None else f", energy to {rounding.kwh_decimals} decimals of a kWh"
    return f"bill: {what} rounded to {rounding.decimals} decimals ({mode}){energy}"
