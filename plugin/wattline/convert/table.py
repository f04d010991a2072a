"""Any table with a header, to samples whose cells carry the names of its columns, and these to lines.

A line is a row. A quoted cell that runs over several lines is not put together: a stray quotation mark would otherwise
swallow the rest of the history.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wattline.convert.annotated import split_row
from wattline.convert.mapping import Column
from wattline.convert.numbers import number_of
from wattline.convert.sample import Sample
from wattline.convert.second import Seconds
from wattline.convert.source import Source
from wattline.convert.tally import IMPLAUSIBLE, UNREADABLE, Tally
from wattline.convert.times import Stamps
from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.line import number_text
from wattline.options import nearest
from wattline.registers import LARGEST, to_grain

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
TIME_NAMES = ("time", "_time", "timestamp", "datetime", "date_time", "date", "ts", "unix_time")
# What other systems write where they have no value. Such a cell is empty, and not wrong.
_ABSENT = {"", "-", "nan", "null", "none", "n/a", "na", "unknown", "unavailable"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a table is written.

    Attributes:
        columns: those that are converted.
        stamps: reads the time column.
        time: its name; empty to look for one of ``TIME_NAMES``.
        separator: the character between cells; empty to look which is the most frequent in the header.
        mark: the decimal mark; empty to look at each number.
    """

    columns: Sequence[Column]
    stamps: Stamps
    time: str = ""
    separator: str = ""
    mark: str = ""


def read_table(source: Source, form: Form, tally: Tally) -> Iterator[Sample]:
    """The samples of one file, their cells named by the columns.

    Raises:
        WordError: a column that is asked for is not in the header, or a time names no zone and none was given.
    """
    head = source.look().removeprefix("\ufeff")
    separator = form.separator or max(SEPARATORS.values(), key=head.count)
    header = [name.strip() for name in split_row(head, separator)]
    time = _time_column(header, form.time, source)
    at = [(header.index(_known(column.name, header, source)), column.name) for column in form.columns]
    for line in itertools.islice(source, 1, None):
        if not line.strip():
            continue
        row = [cell.strip() for cell in split_row(line, separator)]
        if len(row) != len(header):
            sentence = f"{source.place}: {len(row)} cells stand where {len(header)} are expected."
            tally.leave_out(UNREADABLE, sentence, len(at))
            continue
        try:
            time_ns = form.stamps.to_ns(row[time])
        except ValueError:
            sentence = f"{source.place}, column {header[time]!r}: {row[time]!r} is no time that there is."
            tally.leave_out(UNREADABLE, sentence, len(at))
            continue
        yield Sample("", "", time_ns, [(name, row[number]) for number, name in at])


def _time_column(header: Sequence[str], name: str, source: Source) -> int:
    if name:
        return header.index(_known(name, header, source))
    found = [number for number, title in enumerate(header) if title.lower() in TIME_NAMES]
    if len(found) != 1:
        raise WordError(
            f"Which column of {source.name} is the time cannot be told: name it with --time; there are "
            f"{', '.join(header)}."
        )
    return found[0]


def _known(name: str, header: Sequence[str], source: Source) -> str:
    if name not in header:
        raise WordError(
            f"{source.name} has no column {name!r}{nearest(name, header)}; its columns are {', '.join(header)}."
        )
    return name


class Table:
    """Converts tables: ``take`` for each sample, then ``rest``.

    Args:
        form: how they are written.
        head: measurement and tags of each line.
        tally: counts.
    """

    def __init__(self, form: Form, head: str, tally: Tally) -> None:
        self._head, self._tally = head, tally
        self._columns = {column.name: column for column in form.columns}
        self._mark = form.mark
        self._seconds: Seconds[str] = Seconds(tally)

    def take(self, sample: Sample, source: Source) -> str:
        """The line that ``sample`` completes, with its newline; empty when there is none yet.

        ``source`` is where it was read, for a complaint.
        """
        values: dict[str, str] = {}
        for name, text in sample.cells:
            column = self._columns[name]
            try:
                value = _converted(column, text, self._mark)
            except ValueError:
                self._tally.leave_out(UNREADABLE, f"{source.place}, column {name!r}: {text[:40]!r} is no number.")
                continue
            if value is None:
                self._tally.leave_out(IMPLAUSIBLE)
            elif value:
                values[column.field] = value
        done = self._seconds.take(sample.stream, sample.time_ns, values) if values else None
        return self._line(*done) if done else ""

    def rest(self) -> Iterable[str]:
        """The lines of what waited for its second to end."""
        return [self._line(second, values) for _, second, values in self._seconds.rest()]

    def _line(self, second: int, values: dict[str, str]) -> str:
        self._tally.written("", second, len(values))
        return f"{self._head} {','.join(sorted(values.values()))} {second}000000000\n"


@lru_cache(maxsize=1 << 16)
def _converted(column: Column, text: str, mark: str) -> str | None:
    """A cell as the text of its field; empty where it says that there is no value, None where it cannot be one.

    Raises:
        ValueError: it is no number.
    """
    if text.lower() in _ABSENT:
        return ""
    value = number_of(text, mark) * column.factor
    if abs(value) > LARGEST:
        return None
    decimals = ELECTRICITY_FIELDS[column.field].decimals
    return f"{column.field}={number_text(to_grain(round(value * 10**decimals), decimals))}"
