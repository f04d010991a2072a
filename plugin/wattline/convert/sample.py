"""One moment of another system's history."""

from typing import NamedTuple

NS = 1_000_000_000


class Sample(NamedTuple):
    """What was noted at one time. A tuple, since a year has a hundred million of them.

    Attributes:
        series: the tags, however they are written; one history has one series.
        stream: the name of the field where each stands alone, in an order of its own; empty where they stand together.
        time_ns: nanoseconds since 1970 UTC.
        cells: field (in the words of the other system) and its value as it is written.
    """

    series: str
    stream: str
    time_ns: int
    cells: list[tuple[str, str]]
