"""InfluxQL for a piece of the table."""

from collections.abc import Sequence
from typing import NamedTuple

from wattline.export.moment import DAY_S, Span
from wattline.fields import ELECTRICITY, Field

TAGS = ("meter", "role", "site")


class Meter(NamedTuple):
    """The tags of one series, an empty one where there is none."""

    meter: str
    role: str
    site: str


def overview(begin: int, end: int) -> str:
    """The newest value of each field of each meter in the range."""
    # InfluxQL has no way to write, and what is filled in is quoted.
    return f'SELECT last(*) FROM "{ELECTRICITY}" WHERE {_within(begin, end)} GROUP BY {", ".join(map(_name, TAGS))}'  # noqa: S608 - as said above


def readings(meter: Meter, fields: Sequence[Field], span: Span, every_s: int = 0) -> str:
    """The rows of a meter.

    Args:
        meter: which.
        fields: in this order.
        span: a piece within one day, unless the rows are those that are stored.
        every_s: seconds of a window, which has the mean of a gauge and the last of a counter; 0 for what is stored.
    """
    columns = ", ".join(map(_window if every_s else _stored, fields))
    where = [
        _within(span.begin, span.end),
        *(f"{_name(tag)} = {_text(value)}" for tag, value in zip(TAGS, meter, strict=True)),
    ]
    query = f'SELECT {columns} FROM "{ELECTRICITY}" WHERE {" AND ".join(where)}'  # noqa: S608 - likewise
    if not every_s or every_s == DAY_S:
        # A day may have 23 or 25 hours, and the piece is one.
        return query
    return f"{query} GROUP BY time({every_s}s, {span.midnight % every_s}s) fill(none)"


def _stored(field: Field) -> str:
    return _name(field.name)


def _window(field: Field) -> str:
    return f"{'last' if field.kind == 'counter' else 'mean'}({_name(field.name)}) AS {_name(field.name)}"


def _within(begin: int, end: int) -> str:
    return f"time >= {begin}s AND time < {end}s"


def _name(text: str) -> str:
    return f'"{_escaped(text, chr(34))}"'


def _text(text: str) -> str:
    return f"'{_escaped(text, chr(39))}'"


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
