"""Line protocol, as ``influxd inspect export-lp`` writes it: one field in a line, series by series, shard by shard.

Its order is that of files on a disk: shards by their number as text ("10" before "2"), within one its files, within a
file the fields by name, and the write-ahead log at last. Only within one file and field time moves forward.
"""

from collections.abc import Iterator

from wattline.convert.sample import Sample
from wattline.convert.source import Source
from wattline.convert.tally import ELSEWHERE, UNREADABLE, Tally

# Of nanoseconds, from 2001 to 2286.
STAMP_DIGITS = 19


def read_lines(source: Source, measurement: str, tally: Tally) -> Iterator[Sample]:
    """The samples of one file; lines of another measurement are left out, and what cannot be read is counted."""
    begins = (f"{measurement} ", f"{measurement},")
    for line in source:
        if not line.startswith(begins):
            if " " in line and "=" in line:
                tally.leave_out(ELSEWHERE)
            elif line.strip() and not line.startswith("#"):
                _complain(line, source, tally)
            continue
        sample = _sample(line, len(measurement))
        if sample is None:
            _complain(line, source, tally)
        else:
            yield sample


def _sample(line: str, length: int) -> Sample | None:
    # Spaces stand in tags too, escaped; behind them there are two, since no field that we know holds text.
    parts = line.rstrip("\r\n").rsplit(" ", 2)
    # A line that broke off has lost digits of its stamp, or all of it.
    if len(parts) != 3 or len(parts[2]) != STAMP_DIGITS or not parts[2].isdecimal():
        return None
    key, fields, stamp = parts
    if "," not in fields:
        name, equals, value = fields.partition("=")
        return Sample(key[length:], name, int(stamp), [(name, value)]) if equals else None
    cells = [(name, value) for name, _, value in (cell.partition("=") for cell in fields.split(","))]
    return Sample(key[length:], "", int(stamp), cells)


def _complain(line: str, source: Source, tally: Tally) -> None:
    line = line.rstrip("\r\n")
    shown = line if len(line) <= 60 else f"{line[:57]}..."
    tally.leave_out(UNREADABLE, f"{source.place}: {shown!r} is no whole line of line protocol.")
