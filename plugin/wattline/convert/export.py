"""An export of InfluxDB, of whichever kind."""

import re
from collections.abc import Collection, Iterator

from wattline.convert.annotated import read_annotated
from wattline.convert.lines import read_lines
from wattline.convert.sample import Sample
from wattline.convert.source import Source
from wattline.convert.tally import UNREADABLE, Tally

_CSV = re.compile(r"\ufeff?(#(group|datatype|default)\b|,|.*\b_time\b)")


def read_export(source: Source, measurement: str, known: Collection[str], tally: Tally) -> Iterator[Sample]:
    """The samples of one file: annotated CSV or line protocol, which is seen by its first line.

    Args:
        source: its lines.
        measurement: all others are left out.
        known: the fields that a pivoted table may have.
        tally: counts what cannot be read, and hears of a file that is empty.
    """
    first = source.look()
    if not first:
        tally.tell(UNREADABLE, f"{source.name} is empty.")
    if _CSV.match(first):
        return read_annotated(source, measurement, known, tally)
    return read_lines(source, measurement, tally)
