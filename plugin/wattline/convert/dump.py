"""A dump of SQL, as mysqldump, phpMyAdmin and sqlite3 write it: the rows of one table.

mysqldump puts many rows into one statement of a megabyte, so a statement is not put together: rows are taken out of the
pieces as they come. A row that is none is passed over up to where the next one begins.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from wattline.convert.source import Source
from wattline.convert.table import known_column
from wattline.convert.tally import ELSEWHERE, UNREADABLE, Tally
from wattline.convert.times import Stamps

_BEGIN = re.compile(
    r"\ufeff?\s*(--|/\*|#|(INSERT|REPLACE|CREATE|DROP|SET|LOCK|USE|PRAGMA|BEGIN|START)\b)", re.IGNORECASE
)
_INSERT = re.compile(
    r"\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+[`\"]?([\w.]+)[`\"]?\s*(?:\(([^()]*)\))?\s*VALUES", re.IGNORECASE
)
_CREATE = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"]?([\w.]+)[`\"]?\s*\(", re.IGNORECASE)
_COLUMN = re.compile(r"\s*[`\"](\w+)[`\"]\s")
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
        table: its name.
        columns: their order, where neither a statement nor the table's own definition tells it; rows may then be shorter.
        needed: how many of them, from the first on, have to be there.
    """

    table: str
    columns: Sequence[str]
    needed: int


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
    defined: list[str] = []
    order: Sequence[str] = ()
    rest, in_rows, in_create = "", False, False
    for line in source:
        if insert := _INSERT.match(line):
            # Whatever was before has ended, since no row has such a line within.
            if rest:
                _complain(rest, source, tally)
            rest, in_rows = "", _is(layout.table, insert[1])
            if not in_rows:
                tally.leave_out(ELSEWHERE)
                continue
            order = _order(insert[2], defined, layout, source)
            rest = line[insert.end() :]
        elif in_rows:
            rest += line
        else:
            in_create = _read_definition(line, layout.table, defined, is_inside=in_create)
            _read_zone(line, stamps, source, tally)
            continue
        rows, rest, in_rows = _taken(rest, source, tally)
        for row in rows:
            if (layout.needed if order is layout.columns else len(order)) <= len(row) <= len(order):
                yield dict(zip(order, row, strict=False))
            else:
                tally.leave_out(UNREADABLE, f"{source.place}: {len(row)} values stand where {len(order)} are expected.")
    if rest.strip():
        _complain(rest, source, tally)


def _is(table: str, name: str) -> bool:
    return name.rpartition(".")[2].lower() == table


def _order(listed: str | None, defined: Sequence[str], layout: Layout, source: Source) -> Sequence[str]:
    """The columns of a statement's rows: those that it lists, else those of the table's definition, else the usual ones."""
    names = [name.strip(' \t\r\n`"').lower() for name in listed.split(",")] if listed else defined or layout.columns
    for name in layout.columns[: layout.needed]:
        known_column(name, names, source)
    return names


def _read_definition(line: str, table: str, names: list[str], *, is_inside: bool) -> bool:
    """Take the column that a line of CREATE TABLE defines into ``names``; returns whether the next line may define one."""
    if create := _CREATE.match(line):
        return _is(table, create[1])
    column = _COLUMN.match(line) if is_inside else None
    if column:
        names.append(column[1].lower())
    return column is not None


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
