"""python-raven's table ``instantaneous_demand``, or ``demand`` as it was in SQLite, as CSV, TSV or a dump of SQL, to lines.

What it did not do is done here: its rows of -1 are no readings, power that was given to the grid is negative again, and a
multiplier or divisor of 0 means 1.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache

from wattline.convert.annotated import split_row
from wattline.convert.dump import Layout, is_dump, read_dump
from wattline.convert.header import TIME_NAMES, known_column
from wattline.convert.sample import NS, Sample
from wattline.convert.second import Seconds
from wattline.convert.source import Source
from wattline.convert.table import SEPARATORS
from wattline.convert.tally import CLAMPED, IMPLAUSIBLE, LOST_SIGN, NO_ANSWER, OTHER_EPOCH, TWICE, UNREADABLE, Tally
from wattline.convert.times import Stamps
from wattline.line import number_text, to_line
from wattline.rainforest.numbers import Scale
from wattline.reading import Point

# In this order where there is no header.
COLUMNS = ("time", "demand", "multiplier", "divisor", "run", "hash")
# The last two came later than the first tables.
NEEDED = 4
LAYOUT = Layout(
    tables={"instantaneous_demand": COLUMNS, "demand": ("id", "demand", "multiplier", "divisor", "time")},
    needed=COLUMNS[:NEEDED],
    other_names={"instantaneous_demand": "demand", "date_time": "time"},
)
# python-raven took 32 bits for a number without a sign; the column of MySQL ends in the middle of these.
_BITS_32, _LARGEST_OF_MYSQL = 1 << 32, (1 << 31) - 1
# In seconds since 2000 this is the year 2030, in seconds since 1970 it is 2000, before there was any such stick.
_EPOCH_2000_S = 946_684_800
# There was none in 2008 either: what lies before is the number of a row, or another thing that is no time.
_FIRST_S = 1_199_145_600
# Sticks tell 24 bits, too. What is larger than their largest number with a sign, and more than a house draws by a main fuse
# of 600 A on three lines of 230 V, is power that was given to the grid.
_BITS_24, _LARGEST_OF_24 = 1 << 24, (1 << 23) - 1
MOST_KW = 400
# A cell that begins with a quotation mark, of which the line has no second one.
_OPEN = re.compile(r'(?:^|[,;|\t])"(?:[^"]|"")*$')


@dataclass(frozen=True, slots=True)
class Form:
    """How the table is written.

    Attributes:
        zone: the one that is meant where a time names none.
        separator: the character between cells; empty to look.
    """

    zone: tzinfo | None
    separator: str = ""


def read_raven(source: Source, form: Form, tally: Tally) -> Iterator[Sample]:
    """The rows of one file, which of the kinds it is being seen by its first line.

    Raises:
        WordError: a needed column is not in the header, or a time names no zone and none was given.
    """
    first = source.look().removeprefix("\ufeff")
    stamps = Stamps(form.zone)
    if is_dump(first):
        rows: Iterator[Mapping[str, str]] = read_dump(source, LAYOUT, stamps, tally)
    else:
        rows = _read_table(source, first, form.separator, tally)
    for row in rows:
        text = row["time"]
        try:
            time_ns = _time_ns(text, stamps, tally)
        except ValueError:
            tally.leave_out(UNREADABLE, f"{source.place}: {text[:40]!r} is no time that there is.")
            continue
        yield Sample("", "", time_ns, [(name, row.get(name, "")) for name in COLUMNS[1:]])


def _time_ns(text: str, stamps: Stamps, tally: Tally) -> int:
    time_ns = stamps.to_ns(text)
    if text.isdecimal() and 0 < time_ns < _EPOCH_2000_S * NS:
        time_ns += _EPOCH_2000_S * NS
        if time_ns < _FIRST_S * NS:
            raise ValueError("It lies before there were sticks.")
        tally.mend(OTHER_EPOCH)
    return time_ns


def _read_table(source: Source, head: str, separator: str, tally: Tally) -> Iterator[Mapping[str, str]]:
    separator = separator or max(SEPARATORS.values(), key=head.count)
    names = [cell.strip().lower() for cell in split_row(head, separator)]
    names = [LAYOUT.other_names.get(name, name) for name in names]
    has_header = "demand" in names
    columns = _by_name(names, source) if has_header else dict(zip(COLUMNS, range(len(COLUMNS)), strict=True))
    fewest = len(names) if has_header else NEEDED
    for number, line in enumerate(_whole_lines(source, separator, len(names))):
        if not line.strip() or (has_header and number == 0):
            continue
        row = [cell.strip() for cell in split_row(line.removeprefix("\ufeff"), separator)]
        if not fewest <= len(row) <= max(fewest, len(columns)):
            tally.leave_out(UNREADABLE, f"{source.place}: {len(row)} cells stand where {fewest} are expected.")
            continue
        yield {name: row[at] for name, at in columns.items() if at < len(row)}


def _whole_lines(source: Source, separator: str, width: int) -> Iterator[str]:
    """The lines, without a last one of which nothing proves that it is whole.

    The old program and all that read its table end a line; where the end is missing, a divisor of 1000 may have become 1. A
    quotation mark that closes the last of ``width`` cells proves it, too.
    """
    held = ""
    for line in source:
        if held:
            yield held
        held = ""
        is_closed = line.endswith('"') and len(split_row(line, separator)) == width
        if _OPEN.search(line):
            held = line
        elif not source.is_torn or is_closed:
            yield line
        else:
            source.break_off("its last line has no end")
    if held:
        source.break_off("a quotation mark of its last line is open")


def _by_name(header: Sequence[str], source: Source) -> dict[str, int]:
    time = next((name for name in TIME_NAMES if name in header), COLUMNS[0])
    needed = {"time": time} | {name: name for name in COLUMNS[1:NEEDED]}
    columns = {name: header.index(known_column(title, header, source)) for name, title in needed.items()}
    return columns | {name: header.index(name) for name in COLUMNS[NEEDED:] if name in header}


def _with_sign(demand: int, multiplier: int, divisor: int) -> int | None:
    """``demand`` with the sign that it has lost, if any; None where it is too much for a house with a sign and without."""
    if _LARGEST_OF_MYSQL < demand < _BITS_32:
        return demand - _BITS_32
    most = MOST_KW * divisor // multiplier
    if _LARGEST_OF_24 < demand < _BITS_24 and demand > most:
        own = demand - _BITS_24
        return own if -own <= most else None
    return demand


@lru_cache(maxsize=1 << 14)
def _in_w(demand: int, multiplier: int, divisor: int) -> float | None:
    return Scale(multiplier, divisor).value(demand, 1000)


class Raven:
    """Converts tables: ``take`` for each sample, then ``rest``.

    Args:
        point: what each line is but for its fields and its time.
        has_run_tags: whether the name and the hash of the run become the tags ``run`` and ``run_id``.
        tally: counts.
    """

    def __init__(self, point: Point, tally: Tally, *, has_run_tags: bool = False) -> None:
        self._point, self._tally, self._has_run_tags = point, tally, has_run_tags
        self._seconds: Seconds[float] = Seconds(tally)
        self._heads: dict[str, str] = {}
        self._last: tuple[int, Sequence[tuple[str, str]]] | None = None

    def take(self, sample: Sample, source: Source) -> str:
        """The line that ``sample`` completes, with its newline; empty when there is none yet.

        ``source`` is where it was read, for a complaint.
        """
        if (sample.time_ns, sample.cells) == self._last:
            self._tally.leave_out(TWICE)
            return ""
        self._last = sample.time_ns, sample.cells
        cells = dict(sample.cells)
        try:
            numbers = [int(cells[name]) for name in COLUMNS[1:NEEDED]]
        except ValueError:
            shown = ", ".join(f"{name} {cells[name][:20]!r}" for name in COLUMNS[1:NEEDED])
            self._tally.leave_out(UNREADABLE, f"{source.place}: {shown} are not three whole numbers.")
            return ""
        power_w = self._power_w(*numbers)
        if power_w is None:
            return ""
        stream = self._stream(cells["run"], cells["hash"])
        done = self._seconds.take(stream, sample.time_ns, {"power_w": power_w})
        return self._line(stream, *done) if done else ""

    def rest(self) -> Iterable[str]:
        """The lines of what waited for its second to end."""
        for stream, second, values in self._seconds.rest():
            yield self._line(stream, second, values)

    def _power_w(self, demand: int, multiplier: int, divisor: int) -> float | None:
        """The power in W; None, and counted, where there is none."""
        if demand == multiplier == divisor == -1:
            self._tally.leave_out(NO_ANSWER)
            return None
        if demand == _LARGEST_OF_MYSQL:
            self._tally.leave_out(CLAMPED)
            return None
        power_w = own = None
        if multiplier >= 0 and divisor >= 0:
            multiplier, divisor = multiplier or 1, divisor or 1
            own = _with_sign(demand, multiplier, divisor)
        if own is not None and abs(own) <= _LARGEST_OF_MYSQL:
            power_w = _in_w(own, multiplier, divisor)
        if power_w is None:
            self._tally.leave_out(IMPLAUSIBLE)
        elif own != demand:
            self._tally.mend(LOST_SIGN)
        return power_w

    def _stream(self, run: str, run_id: str) -> str:
        """The measurement and the tags of a line, made once for each run."""
        key = f"{run}\n{run_id}" if self._has_run_tags else ""
        if key not in self._heads:
            own = {"run": run, "run_id": run_id} if self._has_run_tags else {}
            point = Point(self._point.measurement, {**self._point.tags, **own}, {"": 0.0}, 0)
            self._heads[key] = to_line(point).removesuffix(" =0 0")
        return self._heads[key]

    def _line(self, head: str, second: int, values: Mapping[str, float]) -> str:
        self._tally.written("", second, len(values))
        return f"{head} power_w={number_text(values['power_w'])} {second}{'0' * 9}\n"
