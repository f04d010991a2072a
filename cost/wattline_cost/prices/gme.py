"""The file that the Italian exchange (GME) publishes of its day-ahead market: XML, plain or zipped.

A day of hours is a file such as ``20260301MGPPrezzi.xml``, and since October 2025 one of quarter-hours is published beside it::

    <NewDataSet>
      <Prezzi>                                   <Prezzi15>
        <Data>20260301</Data>                      <Data>20260301</Data>
        <Mercato>MGP</Mercato>                     <Mercato>MGP</Mercato>
        <Ora>1</Ora>                               <Periodo>1</Periodo>
                                                   <Granularity>PT15</Granularity>
        <PUN>114,905680</PUN>                      <PUN>114,905680</PUN>
        <NORD>104,510000</NORD> ...                <NORD>104,510000</NORD> ...

Prices are in euros for a megawatt-hour. Hours and quarter-hours are numbered from midnight in Italy on, so that a day has 23, 24
or 25 hours, and 92, 96 or 100 quarter-hours.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from xml.parsers import expat

from wattline.options import nearest
from wattline_cost.errors import SourceError
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.prices.source import Price
from wattline_cost.prices.written import A_PRICE, per_kwh
from wattline_cost.tariff.model import SourceSettings
from wattline_cost.tariff.table import shown

MARKET = "MGP"
# What tells a price by its length: the element, and in it the number of the hour or quarter-hour.
ELEMENTS = {60: ("Prezzi", "Ora"), 15: ("Prezzi15", "Periodo")}
NO_PRICES = ("Data", "Mercato", "Ora", "Periodo", "Granularity")
# A day of quarter-hours has 80 kilobytes; a larger file is none of GME's, and might be made to fill the memory.
LARGEST_BYTES = 8 << 20


def read(data: bytes, place: str, settings: SourceSettings) -> Iterator[Price]:
    """The prices in a file, of the price zone and the length that ``settings`` name; none where it is of another length.

    Raises:
        SourceError: it is no such file; ``place`` names it in the sentence.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        yield from _read_xml(data, place, settings)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.namelist()):
                if member.lower().endswith(".xml"):
                    with archive.open(member) as packed:
                        yield from _read_xml(packed.read(LARGEST_BYTES + 1), f"{place}, {member}", settings)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        # A password and a way of packing that is not known are RuntimeErrors to the standard library.
        raise SourceError(f"{place}: The archive cannot be unpacked ({error}); fetch it again.") from error


def _read_xml(data: bytes, place: str, settings: SourceSettings) -> Iterator[Price]:
    element, number = ELEMENTS[settings.minutes]
    rows = _Rows().of(data, place)
    if not rows:
        raise SourceError(f"{place}: There are no prices in it as GME publishes them; take the file of MGP's prices.")
    wanted = [row for name, row in rows if name == element and row.get("Mercato") == MARKET]
    if wanted and not any(settings.price in row for row in wanted):
        zones = [name for name in wanted[0] if name not in NO_PRICES]
        near = nearest(settings.price, zones)
        raise SourceError(f"{place}: There is no price {settings.price!r} in it{near}; there are {', '.join(zones)}.")
    for row in wanted:
        # A price zone that was not traded in that hour is empty, or is not there.
        if text := row.get(settings.price, "").strip():
            yield _price(row, number, text, place, settings)


def _price(row: Mapping[str, str], number: str, text: str, place: str, settings: SourceSettings) -> Price:
    price = per_kwh(text, settings.kwh)
    if price is None:
        raise SourceError(f"{place}: The price {shown(text)} is not {A_PRICE}; fetch the file again.")
    try:
        day = datetime.strptime(row.get("Data", ""), "%Y%m%d").date()
        place_of_day = int(row.get(number, ""))
        first_s, stop_s = day_start_s(day, settings.zone), day_stop_s(day, settings.zone)
    except (ValueError, OverflowError):
        # The last day of the calendar has no end.
        raise SourceError(
            f"{place}: A price has no day and no number of its hour, but Data {row.get('Data')!r} and {number} "
            f"{row.get(number)!r}; fetch the file again."
        ) from None
    length_s = 60 * settings.minutes
    start_s = first_s + (place_of_day - 1) * length_s
    if not first_s <= start_s < stop_s:
        raise SourceError(
            f"{place}: {number} {place_of_day} is none of {day}, which has {(stop_s - first_s) // length_s}; fetch the file again."
        )
    return Price(start_s, start_s + length_s, price)


class _Rows:
    """The elements right below the root that tell a price, as their names and what is in them.

    The standard library's expat is used as it is: it loads nothing from elsewhere unless it is told to, and what could make a
    small file large in memory, entities, needs a document type, with which a file is refused here.
    """

    def __init__(self) -> None:
        self._found: list[tuple[str, dict[str, str]]] = []
        self._path: list[str] = []
        self._has_doctype = False

    def of(self, data: bytes, place: str) -> list[tuple[str, dict[str, str]]]:
        if len(data) > LARGEST_BYTES:
            raise SourceError(f"{place}: It has more than {LARGEST_BYTES >> 20} MiB, so it is no file of GME's.")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError) as error:
            why = "it has a document type" if self._has_doctype else str(error)
            raise SourceError(f"{place}: This is no XML as GME publishes it ({why}); fetch it again.") from error
        return self._found

    def _doctype(self, *_declared: object) -> None:
        self._has_doctype = True
        raise ValueError

    def _start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._path.append(name)
        if len(self._path) == 2 and name in {element for element, _ in ELEMENTS.values()}:
            self._found.append((name, {}))

    def _text(self, text: str) -> None:
        if len(self._path) == 3 and self._found and self._path[1] == self._found[-1][0]:
            row = self._found[-1][1]
            row[self._path[2]] = row.get(self._path[2], "") + text

    def _end(self, _name: str) -> None:
        self._path.pop()
