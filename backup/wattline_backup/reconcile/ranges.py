"""Ranges of time, and what becomes of them together."""

from collections.abc import Iterable

Range = tuple[int, int]
"""From a second since 1970 on, and before one."""


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The same, in their order; those that meet are one."""
    found: list[Range] = []
    for start, stop in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def without(ranges: Iterable[Range], holes: Iterable[Range]) -> list[Range]:
    """What is left of them beside the holes."""
    rest = list(ranges)
    for begin, end in holes:
        parts = [part for start, stop in rest for part in ((start, min(stop, begin)), (max(start, end), stop))]
        rest = [(start, stop) for start, stop in parts if start < stop]
    return rest


def within(ranges: Iterable[Range], part: Range) -> list[Range]:
    """What of them is in a part of the time."""
    cut = [(max(start, part[0]), min(stop, part[1])) for start, stop in ranges]
    return [(start, stop) for start, stop in cut if start < stop]
