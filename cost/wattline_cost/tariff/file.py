"""TOML to a contract; what is wrong with it, and where.

Whatever is wrong is told at once, as far as it can be seen: a component that is refused does not hide what is wrong with the
next, and that it is missing is no reason to complain of those that name it.
"""

import re
import tomllib
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from wattline.errors import WordError
from wattline.words import NAME as METER_NAME
from wattline.zones import zone_of
from wattline_cost.errors import TariffError
from wattline_cost.tariff.model import Contract, Direction, Rounding
from wattline_cost.tariff.rules import holidays
from wattline_cost.tariff.sources import GME_CURRENCY, sources
from wattline_cost.tariff.table import A_NUMBER, AT_THE_TOP, Faults, Table
from wattline_cost.tariff.version import versions

KEYS = (*AT_THE_TOP, "rounding", "holiday", "rule", "version", "source")
ROUNDING_KEYS = ("decimals", "mode", "each_line", "kwh_decimals")
DIRECTIONS = {direction.value: direction for direction in Direction}
MODES = {
    "half up": ROUND_HALF_UP,
    "half even": ROUND_HALF_EVEN,
    "half down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
}
MOST_DECIMALS = 6

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME_RULE = "must be letters, digits, hyphens and underscores, 64 at most"
_CURRENCY = re.compile(r"[A-Z]{3}")
# What TOML does not know and people write, in a line without its comment, and how a file writes it.
_HINTS = {
    re.compile(pattern): hint
    for pattern, hint in {
        r"[\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019]": 'quotation marks are straight, as in "Energy"',
        r"=\s*([0-9]{1,2}([./-])[0-9]{1,2}\2[0-9]{2,4}|[0-9]{4}([./-])[0-9]{1,2}\3[0-9]{1,2})\s*$": (
            "a date is written as in 2026-04-01"
        ),
        r"=\s*[-+]?[0-9.]+,[0-9]": "a number is written with a point, as in 0.25",
        r"=\s*([-+]?[0-9.,]+\s*([^\W\d]|[%€$£]).*|([A-Z]{3}|[€$£])\s*[-+]?[0-9.,]+\s*$)": (
            "a number is written without a unit, as in 0.25"
        ),
        r"^\s*\[(version|rule|holiday|version\.component|version\.rule)\]\s*$": (
            "what may be there several times begins in double brackets, as in [[version.component]]"
        ),
    }.items()
}
# Digits, or those of an exponent, that are more than can be read.
_ENDLESS = re.compile(r"[0-9_]{4000}|[0-9][eE][-+]?[0-9_]{15}")
_AT_LINE = re.compile(r"\(at line ([0-9]+), ")


def read_contract(path: Path) -> Contract:
    """The contract that a file tells.

    Raises:
        TariffError: with the file and the place in it, what stands there and what may; in its ``more`` what else is wrong.
    """
    return parse_contract(path, content_of(path))


def content_of(path: Path) -> str:
    """What a tariff file has in it.

    Raises:
        TariffError: it cannot be read, or is no text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TariffError(str(path), f"The tariff file cannot be read ({error.strerror}).") from error
    try:
        # Windows writes a mark in front of UTF-8.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TariffError(
            f"{path}, line {line}", "There is a letter in it that is not in UTF-8; save the file in UTF-8."
        ) from error


def parse_contract(path: Path, content: str) -> Contract:
    """The contract that ``content`` tells; ``path`` is the file, for the sentences, the name and the folders of prices.

    Raises:
        TariffError: as ``read_contract``.
    """
    faults = Faults()
    table = Table(str(path), _toml(str(path), content), KEYS, faults=faults)
    # Stand-ins, with which the rest can be looked at.
    zone, currency = ZoneInfo("UTC"), GME_CURRENCY
    with faults.kept():
        zone = _zone(table)
    with faults.kept():
        currency = _currency(table)
    days = holidays(str(path), table.tables("holiday"), faults)
    listed = table.table("source", "must be tables, such as [source.pun]")
    told = sources(path, listed, currency, zone, faults)
    with faults.kept():
        # Also of one that was refused, so that those who use it are not.
        found = versions(table, zone, tuple(listed), faults)
    with faults.kept():
        rounding = _rounding(table)
    with faults.kept():
        name, meter, budget = _name(table, path), _meter(table), _budget(table)
        direction = table.choice("direction", DIRECTIONS, Direction.IMPORT.value)
    faults.refuse()
    return Contract(
        name=name,
        meter=meter,
        direction=direction,
        currency=currency,
        zone=zone,
        holidays=days,
        versions=found,
        rounding=rounding,
        budget=budget,
        sources=told,
    )


def _toml(place: str, content: str) -> dict[str, object]:
    try:
        return tomllib.loads(content, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        sentence = str(error).rstrip(".")
        raise TariffError(place, f"This is not TOML: {sentence}{_hint(sentence, content.splitlines())}.") from error
    except (ValueError, ArithmeticError) as error:
        # Python's: a whole number of thousands of digits, an exponent of dozens.
        line = next((number for number, text in enumerate(content.splitlines(), 1) if _ENDLESS.search(text)), None)
        here = place if line is None else f"{place}, line {line}"
        raise TariffError(here, f"A number is too long to be read; write {A_NUMBER}.") from error
    except RecursionError:
        raise TariffError(
            place, "Lists lie in lists, or tables in tables, too deep to be read; no key takes such."
        ) from None


def _hint(sentence: str, lines: Sequence[str]) -> str:
    """How to write what stands in the line that ``sentence`` names; empty where that is no such thing."""
    number = _AT_LINE.search(sentence)
    line = lines[min(int(number[1]), len(lines)) - 1] if number else ""
    written = line.partition("#")[0]
    return next((f"; {hint}" for pattern, hint in _HINTS.items() if pattern.search(written)), "")


def _zone(table: Table) -> ZoneInfo:
    rule = "must be the time zone whose clock and calendar count, such as 'Europe/Rome'"
    if "timezone" not in table:
        raise table.fault("timezone", rule)
    try:
        return zone_of(table.text("timezone"))
    except TariffError:
        raise
    except WordError as error:
        raise TariffError(table.place, str(error)) from error


def _currency(table: Table) -> str:
    rule = "must be three capital letters, such as EUR"
    if "currency" not in table:
        raise table.fault("currency", rule)
    currency = table.text("currency")
    if not _CURRENCY.fullmatch(currency):
        raise table.fault("currency", rule)
    return currency


def _name(table: Table, path: Path) -> str:
    name = table.text("name", path.stem)
    if _NAME.fullmatch(name):
        return name
    if "name" in table:
        raise table.fault("name", _NAME_RULE)
    raise TariffError(
        table.place, f"The file's name without .toml is the contract's; it {_NAME_RULE}, or a key 'name' says one."
    )


def _meter(table: Table) -> str | None:
    if "meter" not in table:
        return None
    meter = table.text("meter")
    if not METER_NAME.fullmatch(meter):
        raise table.fault("meter", "must be the name of a meter as Telegraf's configuration gives it, such as 'house'")
    return meter


def _budget(table: Table) -> Decimal | None:
    if "budget" not in table:
        return None
    budget = table.number("budget")
    if budget <= 0:
        raise table.fault("budget", "must be more than 0: what a month should cost at most")
    return budget


def _rounding(table: Table) -> Rounding:
    inner = Table(
        f"{table.place}, rounding",
        table.table("rounding", "must be a table, such as [rounding]"),
        ROUNDING_KEYS,
    )
    usual = Rounding()
    return Rounding(
        decimals=inner.whole("decimals", 0, MOST_DECIMALS, usual.decimals),
        mode=inner.choice("mode", MODES, "half up"),
        each_line=inner.truth("each_line", default=usual.each_line),
        kwh_decimals=inner.whole("kwh_decimals", 0, MOST_DECIMALS) if "kwh_decimals" in inner else None,
    )
