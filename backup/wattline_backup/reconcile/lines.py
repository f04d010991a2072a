"""A line of the journal, taken apart as far as counting needs it."""

import re
from typing import NamedTuple

from wattline.clock import NS
from wattline.line import tag_text

HOUR_S = 3600

_POINT = re.compile(r'((?:\\.|[^\\ ])+) ((?:"(?:\\.|[^"\\])*"|\\.|[^" ])+) (-?\d+)', re.DOTALL)
_FIELD = re.compile(r'((?:\\.|[^\\=,])+)=("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)', re.DOTALL)
_ESCAPED_IN_TEXT = re.compile(r'\\(["\\])')
_WORD = re.compile(r"(?:\\[ ,=]|[^,])+", re.DOTALL)
_TAG = re.compile(r"((?:\\[ ,=]|[^=])+)=(.*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([ ,=])")

Tags = frozenset[tuple[str, str]]


class Series(NamedTuple):
    """A series as InfluxDB names it: the measurement, and its tags with their values."""

    measurement: str
    tags: Tags


class Parts(NamedTuple):
    """Of a line.

    Attributes:
        series: measurement and tags as they stand in it.
        fields: names.
        second: since 1970.
    """

    series: str
    fields: tuple[str, ...]
    second: int


def parts_of(line: str) -> Parts | None:
    """A line's parts; None of a note, and of what is no point."""
    if "\\" in line or '"' in line:
        return _parts_with_escapes(line)
    series, _, rest = line.partition(" ")
    words, _, stamp = rest.partition(" ")
    if line.startswith("#") or not stamp.lstrip("-").isdigit():
        return None
    return Parts(series, tuple(word.partition("=")[0] for word in words.split(",")), int(stamp) // NS)


def _parts_with_escapes(line: str) -> Parts | None:
    point = None if line.startswith("#") else _POINT.fullmatch(line)
    if not point:
        return None
    return Parts(point[1], tuple(_plain(name) for name, _ in _FIELD.findall(point[2])), int(point[3]) // NS)


def values_of(line: str, parts: Parts) -> list[tuple[str, str]]:
    """The fields of a line with their values: a number as it stands there, a text as it was meant."""
    words = line[len(parts.series) + 1 : line.rindex(" ")]
    return [(_plain(name), _plain_value(value)) for name, value in _FIELD.findall(words)]


def _plain_value(value: str) -> str:
    return _ESCAPED_IN_TEXT.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def series_of(text: str) -> Series:
    """The series that stands in a line, such as ``electricity,meter=house``."""
    measurement, *words = _WORD.findall(text)
    tags = [tag.groups() for word in words if (tag := _TAG.fullmatch(word))]
    return Series(_plain(measurement), frozenset((_plain(name), _plain(value)) for name, value in tags))


def with_tags(line: str, series: str, tags: Tags) -> str:
    """The line with further tags behind its own."""
    return series + tags_text(tags) + line[len(series) :]


def tags_text(tags: Tags) -> str:
    """Tags as a line has them."""
    return "".join(f",{tag_text(name)}={tag_text(value)}" for name, value in sorted(tags))


def _plain(word: str) -> str:
    return _ESCAPED.sub(r"\1", word)
