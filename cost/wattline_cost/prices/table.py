"""CSV: a line for each price, with a column that says from when on it holds. Whatever a source gives can be made into that."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from wattline.options import nearest
from wattline_cost.errors import SourceError
from wattline_cost.prices.source import Price
from wattline_cost.prices.written import A_PRICE, per_kwh
from wattline_cost.tariff.model import SourceSettings
from wattline_cost.tariff.table import shown

SEPARATORS = ",;\t"


def read(data: bytes, place: str, settings: SourceSettings) -> Iterator[Price]:
    """The prices in a file, in the columns that ``settings`` name. A line without a price is a gap.

    A last line without a line end may be half of one, and half a number is a number, too: such a file is refused, as any that was
    cut off. A time without an offset is of the settings' zone; the second time that an hour is there which the clock has twice, it is the
    second one.

    Raises:
        SourceError: it is no such file; ``place`` names it in the sentence.
    """
    rows = _rows(data, place, settings)
    seen: set[datetime] = set()
    for line, start, text in rows:
        here = f"{place}, line {line}"
        moment = _moment(start, here, settings, seen)
        if not text.strip():
            continue
        price = per_kwh(text, settings.kwh)
        if price is None:
            raise SourceError(f"{here}: The price {shown(text)} is not {A_PRICE}.")
        if moment % 900:
            raise SourceError(f"{here}: The time {start!r} is no quarter-hour, and prices begin at one.")
        yield Price(moment, moment + 60 * settings.minutes, price)


def _rows(data: bytes, place: str, settings: SourceSettings) -> Iterator[tuple[int, str, str]]:
    """The number of each line, and what its two columns say."""
    try:
        text = data.decode("utf-8-sig")
    except ValueError as error:
        raise SourceError(f"{place}: This is no text in UTF-8 ({error}).") from error
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=head.count))
    try:
        names = [name.strip() for name in next(reader, [])]
        columns = [_column(name, names, place) for name in (settings.start, settings.price)]
        _refuse_cut(text, place)
        for row in reader:
            if not row:
                continue
            if len(row) <= max(columns):
                raise SourceError(f"{place}, line {reader.line_num}: The line has fewer columns than the first line.")
            if len(row) > len(names):
                raise SourceError(
                    f"{place}, line {reader.line_num}: The line has more columns than the first line; where commas stand between "
                    "columns, decimals have a point."
                )
            yield reader.line_num, row[columns[0]], row[columns[1]]
    except csv.Error as error:
        raise SourceError(f"{place}, line {reader.line_num}: This is no CSV ({error}).") from error


def _refuse_cut(text: str, place: str) -> None:
    if not text.endswith(("\n", "\r")):
        raise SourceError(
            f"{place}, line {len(text.splitlines())}: The last line has no line end, so that it may have been cut off, its price "
            "as well; fetch the file again, or end the line if it is whole."
        )


def _column(name: str, names: list[str], place: str) -> int:
    if name not in names:
        raise SourceError(
            f"{place}: There is no column {name!r} in its first line{nearest(name, names)}; there are {', '.join(names)}, and the "
            "source's keys 'start' and 'price' say which are meant."
        )
    return names.index(name)


def _moment(text: str, place: str, settings: SourceSettings, seen: set[datetime]) -> int:
    """Seconds since 1970; ``seen`` has the times of the clock that were told before, and gets this one."""
    try:
        said = datetime.fromisoformat(text.strip())
        if said.tzinfo is not None:
            return int(said.timestamp())
        moment = said.replace(tzinfo=settings.zone, fold=int(said in seen))
        exists = moment.astimezone(UTC).astimezone(settings.zone).replace(tzinfo=None, fold=0) == said
    except (ValueError, OverflowError):
        # At the ends of the calendar there is a time of one zone that is none of another.
        raise SourceError(
            f"{place}: {shown(text)} is no time; it must be such as 2026-03-01T18:00 or 2026-03-01T18:00+01:00."
        ) from None
    seen.add(said)
    if not exists:
        raise SourceError(
            f"{place}: {text!r} is a time that the clock leaves out in {settings.zone} when summer time begins."
        )
    return int(moment.timestamp())
