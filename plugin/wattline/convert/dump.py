"""A dump of SQL, as mysqldump, phpMyAdmin and sqlite3 write it: the rows of one table.

mysqldump puts many rows into one statement of a megabyte, so a statement is not put together: rows are taken out of the
pieces as they come. A row that is none is passed over up to where the next one begins.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from wattline.convert.header import known_column
from wattline.convert.source import Source
from wattline.convert.tally import ELSEWHERE, UNREADABLE, Tally
from wattline.convert.times import Stamps

_BEGIN = re.compile(
    r"\ufeff?\s*(--|/\*|#|(INSERT|REPLACE|CREATE|DROP|SET|LOCK|USE|PRAGMA|BEGIN|START)\b)", re.IGNORECASE
)
_INSERT = re.compile(
    r"\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+[`\"]?([\w.]+)[`\"]?\s*(?:\(([^()]*)\))?\s*VALUES", re.IGNORECASE
)
_CREATE = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"]?([\w.]+)[`\"]?\s*\((.*)", re.IGNORECASE)
_COLUMN = re.compile(
    r"\s*(?:[`\"](\w+)[`\"]|(?!(?:PRIMARY|UNIQUE|KEY|INDEX|FULLTEXT|CONSTRAINT|FOREIGN|CHECK)\b)(\w+))(?=[\s,)]|$)",
    re.IGNORECASE,
)
# Between two columns, and not within the brackets of one.
_BETWEEN = re.compile(r",(?![^()]*\))")
# What a dump begins with, and the line that then stands at its end.
_PROMISES = (
    (re.compile(r"-- (?:MySQL|MariaDB) dump ", re.IGNORECASE), "-- DUMP COMPLETED"),
    (re.compile(r"(?:BEGIN|START) TRANSACTION;", re.IGNORECASE), "COMMIT;"),
)
_IN_UTC = re.compile(r"SET\s+TIME_ZONE\s*=\s*['\"]\+00:00['\"]", re.IGNORECASE)
# All that repeats keeps what it has (++, *+): a row that breaks off would otherwise be tried in all its divisions.
_STRING = r"'(?:[^'\\]++|\\.|'')*+'"
_ROW = re.compile(rf"[\s,]*\(((?:[^()'\"]++|{_STRING})*+)\)", re.DOTALL)
# Finds nothing once more, behind the last one.
_VALUE = re.compile(rf"\s*({_STRING}|[^,]*?)\s*(?:,|$)", re.DOTALL)
_NEXT = re.compile(r"\)\s*,\s*\(|\n\s*\(")
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a"}
# Longer is no row of a table of numbers and two names.
LONGEST_ROW = 2000


@dataclass(frozen=True, slots=True)
class Layout:
    """The table that is wanted.

    Attributes:
        tables: its names, and of each the order of the columns where neither a statement nor the table's own definition
            tells it; rows may then be shorter.
        needed: the columns that have to be there.
        other_names: of columns: what a dump may call them, to what they are called here.
    """

    tables: Mapping[str, Sequence[str]]
    needed: Sequence[str]
    other_names: Mapping[str, str]

    def fewest(self, order: Sequence[str]) -> int:
        """How many values a row has at least."""
        if order not in self.tables.values():
            return len(order)
        return 1 + max(order.index(name) for name in self.needed)


class _End:
    """Whether a dump has said what stands at the end of its kind."""

    def __init__(self) -> None:
        self.awaited = ""

    def hear(self, line: str) -> None:
        """A line that is no row."""
        if self.awaited and line.upper().startswith(self.awaited):
            self.awaited = ""
        else:
            self.awaited = next((end for begin, end in _PROMISES if begin.match(line)), self.awaited)


def is_dump(line: str) -> bool:
    """Whether a file that begins with ``line`` is one."""
    return bool(_BEGIN.match(line))


def read_dump(source: Source, layout: Layout, stamps: Stamps, tally: Tally) -> Iterator[Mapping[str, str]]:
    """The rows of one table, column to value as text.

    Args:
        source: its lines.
        layout: of the table; rows of others are left out, and counted by the statement.
        stamps: is told when the dump has its times in UTC, as mysqldump has unless it was told otherwise.
        tally: counts.

    Raises:
        WordError: a needed column is not there.
    """
    defined: dict[str, list[str]] = {}
    order: Sequence[str] = ()
    rest, in_rows, in_create, end = "", False, "", _End()
    for line in source:
        if insert := _INSERT.match(line):
            # Whatever was before has ended, since no row has such a line within.
            if rest:
                _complain(rest, source, tally)
            rest, table = "", _table(insert[1])
            if not (in_rows := table in layout.tables):
                tally.leave_out(ELSEWHERE)
                continue
            order = _order(insert[2], defined.get(table) or layout.tables[table], layout, source)
            rest = line[insert.end() :]
        elif in_rows:
            rest += line
        else:
            in_create = _read_definition(line, in_create, defined)
            _read_zone(line, stamps, source, tally)
            end.hear(line)
            continue
        rows, rest, in_rows = _taken(rest, source, tally)
        for row in rows:
            if layout.fewest(order) <= len(row) <= len(order):
                yield dict(zip(order, row, strict=False))
            else:
                tally.leave_out(UNREADABLE, f"{source.place}: {len(row)} values stand where {len(order)} are expected.")
    _tell_end(source, end, rest, in_rows=in_rows, tally=tally)


def _tell_end(source: Source, end: _End, rest: str, *, in_rows: bool, tally: Tally) -> None:
    """Say it when a dump has no end: it was cut in its ``rest``, or between two rows, or between two statements."""
    if rest.strip():
        _complain(rest, source, tally)
    if in_rows:
        source.break_off("its last statement has no end")
    elif end.awaited:
        source.break_off(f"the line {end.awaited!r} that such a dump ends with is not there")


def _table(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _order(listed: str | None, usual: Sequence[str], layout: Layout, source: Source) -> Sequence[str]:
    """The columns of a statement's rows: those that it lists, else the ``usual`` ones."""
    if not listed and usual in layout.tables.values():
        return usual
    names = [name.strip(' \t\r\n`"').lower() for name in listed.split(",")] if listed else usual
    names = [layout.other_names.get(name, name) for name in names]
    for name in layout.needed:
        known_column(name, names, source)
    return names


def _read_definition(line: str, table: str, defined: dict[str, list[str]]) -> str:
    """Take the columns that a line of CREATE TABLE defines; returns the table that the next line may go on with."""
    create = _CREATE.match(line)
    if create:
        table, line = _table(create[1]), create[2]
        defined[table] = []
    elif not table:
        return ""
    is_last = line.rstrip().endswith(";")
    # The last bracket is that of the table.
    text = line.rpartition(")")[0] if is_last else line
    columns = [column for part in _BETWEEN.split(text) if (column := _COLUMN.match(part))]
    defined[table] += [(column[1] or column[2]).lower() for column in columns]
    is_over = is_last or not (columns or create)
    return "" if is_over else table


def _read_zone(line: str, stamps: Stamps, source: Source, tally: Tally) -> None:
    if _IN_UTC.search(line) and stamps.zone != UTC:
        if stamps.zone is not None:
            tally.tell("zone", f"{source.place}: The dump says that its times are in UTC, and so they are read.")
        stamps.zone = UTC


def _taken(text: str, source: Source, tally: Tally) -> tuple[list[list[str]], str, bool]:
    """The whole rows at the begin of ``text``, what is left of it, and whether the statement goes on."""
    rows, at = [], 0
    while True:
        if row := _ROW.match(text, at):
            rows.append([_value(value) for value in _VALUE.findall(row[1])[:-1]])
            at = row.end()
            continue
        rest = text[at:].lstrip(", \t\r\n")
        if rest.startswith(";"):
            return rows, "", False
        is_broken = bool(rest) and (not rest.startswith("(") or len(rest) > LONGEST_ROW or rest.rstrip().endswith(");"))
        if not is_broken:
            return rows, rest, True
        _complain(rest, source, tally)
        after = _NEXT.search(text, len(text) - len(rest))
        if after is None:
            return rows, "", not rest.rstrip().endswith(";")
        at = after.end() - 1


def _value(text: str) -> str:
    if text.upper() == "NULL":
        return ""
    if not text.startswith("'"):
        return text
    return _ESCAPED.sub(lambda sign: _SIGNS.get(sign[1], sign[1]) if sign[1] else "'", text[1:-1])


def _complain(text: str, source: Source, tally: Tally) -> None:
    shown = text.strip()[:60]
    tally.leave_out(UNREADABLE, f"{source.place}: {shown!r} is no whole row.")
