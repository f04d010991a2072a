"""Line protocol, as ``influxd inspect export-lp`` writes it: one field in a line, series by series, shard by shard.

Its order is that of files on a disk: shards by their number as text ("10" before "2"), within one its files, within a
file the fields by name, and the write-ahead log at last. Only within one file and field time moves forward.
"""

from collections.abc import Iterator

from wattline.convert.sample import Sample
from wattline.convert.source import Source
from wattline.convert.tally import ELSEWHERE, UNREADABLE, Tally


def read_lines(source: Source, measurement: str, tally: Tally) -> Iterator[Sample]:
    """The samples of one file; lines of another measurement are left out, and what cannot be read is counted."""
    begins = (f"{measurement} ", f"{measurement},")
    for line in source:
        if not line.startswith(begins):
            if line.strip() and not line.startswith("#"):
                _leave_out(line, source, tally)
            continue
        sample = _sample(line, len(measurement))
        if sample is None:
            tally.leave_out(UNREADABLE, f"{source.place}: {_shown(line)} is no line of line protocol.")
        else:
            yield sample


def _leave_out(line: str, source: Source, tally: Tally) -> None:
    if _sample(line, 0) is None:
        tally.leave_out(UNREADABLE, f"{source.place}: {_shown(line)} is no line of line protocol.")
    else:
        tally.leave_out(ELSEWHERE)


def _sample(line: str, length: int) -> Sample | None:
    # Spaces stand in tags too, escaped; behind them there are two, since no field that we know holds text.
    parts = line.rstrip("\r\n").rsplit(" ", 2)
    if len(parts) != 3:
        return None
    key, fields, stamp = parts
    try:
        time_ns = int(stamp)
    except ValueError:
        return None
    if "," not in fields:
        name, equals, value = fields.partition("=")
        return Sample(key[length:], name, time_ns, [(name, value)]) if equals else None
    cells = [(name, value) for name, _, value in (cell.partition("=") for cell in fields.split(","))]
    return Sample(key[length:], "", time_ns, cells)


def _shown(line: str) -> str:
    line = line.rstrip("\r\n")
    return repr(line if len(line) <= 60 else f"{line[:57]}...")
