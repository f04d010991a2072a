"""Files as GME publishes them, and the settings by which they are read."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from wattline_cost.tariff.model import Files, SourceSettings

HEAD = """<?xml version="1.0" standalone="yes"?>
<NewDataSet>
  <xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema">
    <xs:element name="NewDataSet"><xs:complexType><xs:choice>
      <xs:element name="Prezzi"><xs:complexType><xs:sequence>
        <xs:element name="PUN" type="xs:string" minOccurs="0" />
      </xs:sequence></xs:complexType></xs:element>
    </xs:choice></xs:complexType></xs:element>
  </xs:schema>
"""


def gme(minutes: int = 60, price: str = "PUN", folder: Path = Path()) -> SourceSettings:
    return SourceSettings(Files.GME, folder, minutes, price, start="", kwh=1000, zone=ZoneInfo("Europe/Rome"))


def hours(day: str, prices: Sequence[str | Mapping[str, str]], market: str = "MGP") -> bytes:
    """The file of a day, YYYYMMDD, with a price for each hour, or one for each zone."""
    rows = [_row("Prezzi", day, market, f"<Ora>{number}</Ora>", price) for number, price in enumerate(prices, 1)]
    return (HEAD + "".join(rows) + "</NewDataSet>\n").encode()


def quarters(day: str, prices: Sequence[str | Mapping[str, str]]) -> bytes:
    """The same with a price for each quarter-hour."""
    rows = [
        _row("Prezzi15", day, "MGP", f"<Periodo>{number}</Periodo>\n    <Granularity>PT15</Granularity>", price)
        for number, price in enumerate(prices, 1)
    ]
    return (HEAD + "".join(rows) + "</NewDataSet>\n").encode()


def _row(element: str, day: str, market: str, number: str, price: str | Mapping[str, str]) -> str:
    by_zone = {"PUN": price, "NORD": "1,000000"} if isinstance(price, str) else price
    told = "\n".join(f"    <{zone}>{text}</{zone}>" for zone, text in by_zone.items())
    return f"  <{element}>\n    <Data>{day}</Data>\n    <Mercato>{market}</Mercato>\n    {number}\n{told}\n  </{element}>\n"


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()
