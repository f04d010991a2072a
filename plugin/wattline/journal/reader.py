"""Reading a journal, also while it is written.

For whoever compares it with a database::

    for folder in folders_in(directory):
        for path in files_in(folder):
            records = read(path, begin.get(path, 0))
            for record in records:
                ...  # record.lines
            begin[path] = records.end

What was read up to ``records.end`` is never written again; what is written next begins there or behind it.
"""

from collections.abc import Iterable
from pathlib import Path

from wattline.journal.files import number_of, numbers_in, path_of
from wattline.journal.notes import is_note
from wattline.journal.record import Records


def folders_in(directory: Path) -> list[Path]:
    """The folders of ports in ``directory``, in the order of their names; or itself, if it is one.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    within = [path for path in directory.iterdir() if path.is_dir() and numbers_in(path)]
    return sorted([directory, *within] if numbers_in(directory) else within)


def files_in(folder: Path) -> list[Path]:
    """The files of a port, the oldest first.

    Raises:
        OSError: the folder cannot be read.
    """
    return [path_of(folder, number) for number in numbers_in(folder)]


def read(path: Path, begin: int = 0) -> Records:
    """The sound records of a file; iterate over what this gives.

    Args:
        path: the file. One that is not there any more, since it was the oldest, is empty.
        begin: the offset from which on to read: 0, or the end of a record.

    Raises:
        OSError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    return Records(data, number_of(path), begin)


def stamp_ns(line: str) -> int | None:
    """The time of a line, in nanoseconds since 1970; None of a note."""
    return None if is_note(line) else int(line[line.rindex(" ") + 1 :])


def stamps_ns(lines: Iterable[str]) -> list[int]:
    """The times of those of ``lines`` that are no notes."""
    return [stamp for line in lines if (stamp := stamp_ns(line)) is not None]
