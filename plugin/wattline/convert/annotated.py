"""Annotated CSV, as ``influx query --raw`` prints it: one field in a row, or pivoted to all fields in a row.

A line is a row. A quoted cell that runs over several lines, which numbers never need, is not put together: a stray
quotation mark would otherwise swallow the rest of the history.
"""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from wattline.convert.sample import Sample
from wattline.convert.source import Source
from wattline.convert.tally import ELSEWHERE, UNREADABLE, Tally
from wattline.convert.times import utc_ns

_FRAME = {"", "result", "table", "_start", "_stop", "_time", "_measurement", "_field", "_value"}


@dataclass(slots=True)
class _Layout:
    """Where things stand in the rows below a header."""

    width: int
    time: int
    measurement: int | None
    name: int | None
    """Of a row with one field: where its name and its value stand."""
    value: int
    pivoted: list[tuple[int, str]] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)


def read_annotated(source: Source, measurement: str, known: Collection[str], tally: Tally) -> Iterator[Sample]:
    """The samples of one file.

    Args:
        source: its lines.
        measurement: rows of another one are left out.
        known: the fields that may be columns of a pivoted table; what else there is are tags.
        tally: counts what cannot be read.
    """
    layout: _Layout | None = None
    types: list[str] = []
    expects_header = True
    for line in source:
        row = split_row(line)
        if row == [""] or line.startswith("#"):
            expects_header = True
            types = row if row[0] == "#datatype" else types if line.startswith("#") else []
        elif expects_header:
            layout, expects_header = _layout(row, types, known, source, tally), False
        elif layout is not None:
            sample = _sample(row, layout, measurement, source, tally)
            if sample is not None:
                yield sample


def split_row(line: str, separator: str = ",") -> list[str]:
    """The cells of one line."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [""])
    except csv.Error:
        # Bytes that are no text, as of a packed file: its cells are none that anybody knows.
        return line.split(separator)


def _layout(
    header: list[str], types: list[str], known: Collection[str], source: Source, tally: Tally
) -> _Layout | None:
    at = {name: number for number, name in enumerate(header)}
    is_single = {"_field", "_value"} <= at.keys()
    pivoted = [] if is_single else [(number, name) for name, number in at.items() if name in known]
    if "_time" not in at or not (is_single or pivoted):
        if "error" in at:
            tally.break_off(
                source.place,
                f"{source.place}: The query has failed there, see the next line; what stands before is kept.",
            )
        else:
            tally.tell("table", f"{source.place}: These columns are no history; the rows below are left out.")
        return None
    return _Layout(
        width=len(header),
        time=at["_time"],
        measurement=at.get("_measurement"),
        name=at["_field"] if is_single else None,
        value=at.get("_value", 0),
        pivoted=pivoted,
        tags=[number for name, number in at.items() if name not in _FRAME | set(known) and _is_text(types, number)],
    )


def _is_text(types: list[str], number: int) -> bool:
    return number >= len(types) or types[number] == "string"


def _sample(row: list[str], layout: _Layout, measurement: str, source: Source, tally: Tally) -> Sample | None:
    if len(row) != layout.width:
        tally.leave_out(UNREADABLE, f"{source.place}: {len(row)} cells stand where {layout.width} are expected.")
        return None
    if layout.measurement is not None and row[layout.measurement] != measurement:
        tally.leave_out(ELSEWHERE)
        return None
    try:
        time_ns = utc_ns(row[layout.time])
    except ValueError:
        sentence = f"{source.place}, column '_time': {row[layout.time]!r} is no time."
        tally.leave_out(UNREADABLE, sentence, len(layout.pivoted) or 1)
        return None
    series = ",".join([row[number] for number in layout.tags]) if layout.tags else ""
    if layout.name is not None:
        name = row[layout.name]
        return Sample(series, name, time_ns, [(name, row[layout.value])])
    return Sample(series, "", time_ns, [(name, row[number]) for number, name in layout.pivoted if row[number]])
