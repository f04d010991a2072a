"""The sources of prices that a file names: of which kind, and where they lie."""

import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from wattline.errors import WordError
from wattline.zones import zone_of
from wattline_cost.errors import TariffError
from wattline_cost.tariff.model import Files, SourceSettings
from wattline_cost.tariff.table import Faults, Table

KEYS = {
    Files.GME: ("kind", "folder", "minutes", "zone"),
    Files.TABLE: ("kind", "folder", "minutes", "start", "price", "unit", "timezone"),
}
KINDS = {files.value: files for files in Files}
MINUTES = {Files.GME: (15, 60), Files.TABLE: (15, 30, 60)}
UNITS = {"kWh": 1, "MWh": 1000}
GME_ZONE, GME_CURRENCY = ZoneInfo("Europe/Rome"), "EUR"
NATIONAL = "PUN"

_GME_NAME = re.compile(r"[A-Z]{2,6}")


def sources(
    path: Path, tables: Mapping[str, object], currency: str, zone: ZoneInfo, faults: Faults
) -> dict[str, SourceSettings]:
    """The sources that ``tables`` tell by their names, without those that ``faults`` now has.

    Args:
        path: the file, from which a folder may be told.
        tables: what the file says below ``[source.NAME]``.
        currency: of the contract.
        zone: likewise.
        faults: takes what is refused.
    """
    found = {}
    for name, values in tables.items():
        with faults.kept():
            place = f"{path}, source {name!r}"
            if not isinstance(values, dict):
                raise TariffError(place, f"This must be a table, which begins with [source.{name}].")
            kind = Table(place, values, sorted(set().union(*KEYS.values()))).choice("kind", KINDS)
            found[name] = _source(Table(place, values, KEYS[kind]), kind, path.parent, currency, zone)
    return found


def _source(table: Table, kind: Files, folder: Path, currency: str, zone: ZoneInfo) -> SourceSettings:
    # Hours and quarter-hours of the same market are both published, and the contract says which of them are paid.
    minutes = MINUTES[kind]
    said = table.raw("minutes")
    if not isinstance(said, int) or said not in minutes:
        raise table.fault("minutes", f"must be one of {', '.join(map(str, minutes))}")
    where = folder / Path(table.text("folder")).expanduser()
    if kind is Files.TABLE:
        start, price = _columns(table)
        return SourceSettings(
            files=kind,
            folder=where,
            minutes=said,
            price=price,
            start=start,
            kwh=table.choice("unit", UNITS),
            zone=_zone(table) if "timezone" in table else zone,
        )
    if currency != GME_CURRENCY:
        raise table.fault("kind", f"cannot be of a contract in {currency}, since its prices are in {GME_CURRENCY}")
    price = table.text("zone", NATIONAL)
    if not _GME_NAME.fullmatch(price):
        raise table.fault("zone", f"must be {NATIONAL} or a price zone as GME writes it, such as NORD or SICI")
    return SourceSettings(kind, where, said, price, start="", kwh=UNITS["MWh"], zone=GME_ZONE)


def _columns(table: Table) -> tuple[str, str]:
    """The columns of a table that say from when on a price holds, and the price."""
    start, price = table.text("start", "start"), table.text("price", "price")
    if start == price:
        key, other = ("start", "price") if "start" in table else ("price", "start")
        raise table.fault(key, f"must be another column than that of {other!r}")
    return start, price


def _zone(table: Table) -> ZoneInfo:
    try:
        return zone_of(table.text("timezone"))
    except WordError as error:
        raise TariffError(table.place, str(error)) from error
