"""Any table with a header, to samples whose cells carry the names of its columns, and these to lines.

A line is a row. A quoted cell that runs over several lines is not put together: a stray quotation mark would otherwise
swallow the rest of the history.

A file has one decimal mark. ``1,234`` may be a thousand or one, and ``1,234.5`` in the same file says which; so rows wait
until a cell has shown the mark, but not for ever, since the file may be endless. What is ambiguous by then is left out.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wattline.convert.annotated import split_row
from wattline.convert.dump import is_dump
from wattline.convert.header import known_column, time_column
from wattline.convert.mapping import Column
from wattline.convert.numbers import MARKS, AmbiguousError, mark_of, number_of
from wattline.convert.sample import Sample
from wattline.convert.second import Seconds
from wattline.convert.source import Source
from wattline.convert.tally import AMBIGUOUS, IMPLAUSIBLE, UNREADABLE, Tally
from wattline.convert.times import Stamps
from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.line import number_text
from wattline.registers import LARGEST, to_grain

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
# Rows that wait for the decimal mark. At one a minute, a week of them.
LOOK_AHEAD_ROWS = 10_000
_NAMES = {mark: name for name, mark in MARKS.items()}
# What other systems write where they have no value. Such a cell is empty, and not wrong.
_ABSENT = {"", "-", "nan", "null", "none", "n/a", "na", "unknown", "unavailable"}


@dataclass(frozen=True, slots=True)
class Form:
    """How a table is written.

    Attributes:
        columns: those that are converted.
        stamps: reads the time column.
        time: its name; empty to look for one of ``header.TIME_NAMES``.
        separator: the character between cells; empty to look which is the most frequent in the header.
        mark: the decimal mark; empty to look for a cell of each file that shows it.
    """

    columns: Sequence[Column]
    stamps: Stamps
    time: str = ""
    separator: str = ""
    mark: str = ""


def read_table(source: Source, form: Form, tally: Tally) -> Iterator[Sample]:
    """The samples of one file, their cells named by the columns.

    Raises:
        WordError: it is a dump of SQL, a column that is asked for is not in the header, or a time names no zone and none was
            given.
    """
    head = source.look().removeprefix("\ufeff")
    separator = form.separator or max(SEPARATORS.values(), key=head.count)
    header = [name.strip() for name in split_row(head, separator)]
    _refuse_dump(head, header, form, source)
    time = time_column(header, form.time, source)
    at = [(header.index(known_column(column.name, header, source)), column.name) for column in form.columns]
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


def _refuse_dump(head: str, header: Sequence[str], form: Form, source: Source) -> None:
    """A dump of SQL, which may begin as a comment does; a header that does so too has the columns that are asked for."""
    if is_dump(head) and not {column.name for column in form.columns} & set(header):
        raise WordError(
            f"{source.name} is a dump of SQL, and csv takes a table with a header: have the database print one, as "
            "`mysql --batch -e 'SELECT ...'` does; python-raven's own dump is for `wattline convert raven`."
        )


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
        self._given_mark = self._mark = form.mark
        self._seconds: Seconds[str] = Seconds(tally)
        self._source: Source | None = None
        self._waiting: list[tuple[Sample, str]] = []
        self._may_wait = True

    def take(self, sample: Sample, source: Source) -> str:
        """The lines that ``sample`` completes, each with its newline; empty when there is none yet.

        ``source`` is where it was read: another one may have another decimal mark, and a complaint names its line.
        """
        before = "" if source is self._source else self._begin(source)
        self._mark = self._mark or _mark_in(sample)
        if self._mark and not self._waiting:
            return before + self._convert(sample, source.place)
        self._waiting.append((sample, source.place))
        if not self._mark and self._may_wait and len(self._waiting) < LOOK_AHEAD_ROWS:
            return before
        self._may_wait = False
        return before + self._release()

    def rest(self) -> Iterable[str]:
        """The lines of what waited for the decimal mark, and of what waited for its second to end."""
        yield self._release()
        for _, second, values in self._seconds.rest():
            yield self._line(second, values)

    def _begin(self, source: Source) -> str:
        """The lines of what waited in the file before ``source``."""
        released = self._release()
        self._source, self._mark, self._may_wait = source, self._given_mark, True
        return released

    def _release(self) -> str:
        waiting, self._waiting = self._waiting, []
        return "".join(self._convert(sample, place) for sample, place in waiting)

    def _convert(self, sample: Sample, place: str) -> str:
        values: dict[str, str] = {}
        for name, text in sample.cells:
            column = self._columns[name]
            try:
                value = _converted(column, text, self._mark)
            except ValueError as error:
                self._complain(error, text, f"{place}, column {name!r}: {text[:40]!r}")
                continue
            if value is None:
                self._tally.leave_out(IMPLAUSIBLE)
            elif value:
                values[column.field] = value
        done = self._seconds.take(sample.stream, sample.time_ns, values) if values else None
        return self._line(*done) if done else ""

    def _complain(self, error: ValueError, text: str, cell: str) -> None:
        if isinstance(error, AmbiguousError):
            self._tally.leave_out(AMBIGUOUS, f"{cell} has decimals or thousands: say with --decimal what its mark is.")
        else:
            by_mark = f" with a decimal {_NAMES[self._mark]}" if mark_of(text) else ""
            self._tally.leave_out(UNREADABLE, f"{cell} is no number{by_mark}.")

    def _line(self, second: int, values: dict[str, str]) -> str:
        self._tally.written("", second, len(values))
        return f"{self._head} {','.join(sorted(values.values()))} {second}000000000\n"


def _mark_in(sample: Sample) -> str:
    """The decimal mark that a row shows; empty where it shows none."""
    return next(filter(None, (mark_of(text) for _, text in sample.cells)), "")


@lru_cache(maxsize=1 << 16)
def _converted(column: Column, text: str, mark: str) -> str | None:
    """A cell as the text of its field; empty where it says that there is no value, None where it cannot be one.

    Raises:
        AmbiguousError: the mark is not known, and by it this is one number or another.
        ValueError: it is no number.
    """
    if text.lower() in _ABSENT:
        return ""
    value = number_of(text, mark) * column.factor
    if abs(value) > LARGEST:
        return None
    decimals = ELECTRICITY_FIELDS[column.field].decimals
    return f"{column.field}={number_text(to_grain(round(value * 10**decimals), decimals))}"
