"""The header of a table: where the columns that are wanted stand in it."""

from collections.abc import Sequence

from wattline.convert.source import Source
from wattline.errors import WordError
from wattline.options import nearest

TIME_NAMES = ("time", "_time", "timestamp", "datetime", "date_time", "date", "ts", "unix_time")


def time_column(header: Sequence[str], name: str, source: Source) -> int:
    """Where the time stands in the ``header`` of ``source``: the column ``name``, else the one of ``TIME_NAMES``.

    Raises:
        WordError: there is none, or more than one.
    """
    if name:
        return header.index(known_column(name, header, source))
    found = [number for number, title in enumerate(header) if title.lower() in TIME_NAMES]
    if len(found) != 1:
        raise WordError(
            f"Which column of {source.name} is the time cannot be told: name it with --time; there are "
            f"{', '.join(header)}."
        )
    return found[0]


def known_column(name: str, header: Sequence[str], source: Source) -> str:
    """``name``, which stands in the ``header`` of ``source`` once.

    Raises:
        WordError: it stands there not at all, or more than once.
    """
    if name not in header:
        raise WordError(
            f"{source.name} has no column {name!r}{nearest(name, header)}; its columns are {', '.join(header)}."
        )
    if header.count(name) > 1:
        raise WordError(f"{source.name} has more than one column {name!r}: give each a name of its own in the header.")
    return name
