"""Files, or standard input, as numbered lines of text."""

import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, FileIO
from itertools import chain
from typing import Protocol

from wattline.convert.tally import Tally
from wattline.errors import WordError

STANDARD_INPUT = "-"
# Nothing of use is longer; what is, comes in pieces that nobody can read, and is counted.
LONGEST_LINE = 65_536
LOOK_EVERY = 8192
BUFFER_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}


class Watcher(Protocol):
    """Is told how far it is."""

    def at(self, done_bytes: int, total_bytes: int, lines: int) -> None:
        """So much is read; ``total_bytes`` is 0 where nobody knows it."""


@dataclass(frozen=True, slots=True)
class Way:
    """Bytes of the files ``before`` one, of all, and its own; ``total`` and ``size`` are 0 where nobody knows them."""

    before: int
    total: int
    size: int = 0


class Source:
    """One file, line by line.

    Args:
        name: as it was given.
        tally: counts the lines, and hears of a file that breaks off.
        raw: its bytes as they are stored, asked for how far they are read.
        way: where it lies among all files.
        watcher: is told now and then.
    """

    def __init__(self, name: str, tally: Tally, raw: BufferedReader, way: Way, watcher: Watcher) -> None:
        self.name = "standard input" if name == STANDARD_INPUT else name
        self.number = 0
        """Of the line that was given last, from 1."""
        self.is_torn = False
        """Whether the line that was given last is the last one and has no line end: half a row may look like a whole one."""
        self._tally, self._raw, self._way, self._watcher = tally, raw, way, watcher
        self._lines: Iterator[str] = self._read()
        self._is_broken_off = False

    @property
    def place(self) -> str:
        """Where the reading is."""
        return f"{self.name}, line {self.number}"

    def look(self) -> str:
        """The first line that is not empty, which stays to be read; empty when there is none."""
        first = next((line for line in self._lines if line.strip()), "")
        self._lines = chain([first], self._lines)
        return first

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def break_off(self, how: str) -> None:
        """Say, once, that the file ends here before its end; ``how`` tells by what that is known."""
        if self._is_broken_off:
            return
        self._is_broken_off = True
        self._tally.break_off(
            self.place, f"{self.place}: The file breaks off here ({how}); what stands before is kept."
        )

    def _read(self) -> Iterator[str]:
        try:
            with gzip.open(self._raw) if self._raw.peek(2)[:2] == _GZIP else nullcontext(self._raw) as text:
                yield from self._lines_of(text)
            if self._is_cut:
                self.break_off(f"it had {self._way.size} bytes and now has {self._raw.tell()}")
        except (OSError, EOFError, zlib.error) as error:
            self.break_off(str(error))

    @property
    def _is_cut(self) -> bool:
        """Whether, at its end, the file was cut while it was read: it just ends, without an error."""
        return self._way.size > 0 and self._raw.tell() < self._way.size

    def _lines_of(self, text: BufferedReader | gzip.GzipFile) -> Iterator[str]:
        for line in iter(partial(text.readline, LONGEST_LINE), b""):
            self.is_torn = not line.endswith(b"\n") and len(line) < LONGEST_LINE
            if text is self._raw and self.is_torn and self._is_cut:
                # Half a row of a table may look like a whole one.
                return
            self.number += 1
            self._tally.lines += 1
            if not self.number % LOOK_EVERY:
                self._watcher.at(self._told(), self._way.total, self._tally.lines)
            yield line.decode(errors="replace")

    def _told(self) -> int:
        return self._way.before + self._raw.tell() if self._way.total else 0


def open_sources(names: Sequence[str], tally: Tally, watcher: Watcher, stack: ExitStack) -> list[Source]:
    """The files that are named, all opened at once so that a wrong name is met before anything is written.

    Raises:
        WordError: one of them cannot be opened, or is packed by something else than gzip.
    """
    opened = [(name, _open(name, stack)) for name in names]
    sizes = [_size(raw) for _, raw in opened]
    for (name, raw), size in zip(opened, sizes, strict=True):
        if size and (packer := _packer(raw)):
            raise WordError(
                f"The history {name!r} is packed by {packer}, and only gzip is read as it is: unpack it first."
            )
    total = sum(sizes) if all(sizes) else 0
    return [
        Source(name, tally, raw, Way(sum(sizes[:number]), total, sizes[number]), watcher)
        for number, (name, raw) in enumerate(opened)
    ]


def _open(name: str, stack: ExitStack) -> BufferedReader:
    is_input = name == STANDARD_INPUT
    try:
        raw = FileIO(sys.stdin.fileno() if is_input else name, closefd=not is_input)
    except OSError as error:
        raise WordError(f"The history {name!r} cannot be opened: {error.strerror}.") from None
    return stack.enter_context(BufferedReader(raw, BUFFER_BYTES))


def _packer(raw: BufferedReader) -> str | None:
    try:
        begin = raw.peek(6)
    except OSError:
        # It is met again, and told, where the file is read.
        return None
    return next((name for mark, name in _OTHERS.items() if begin.startswith(mark)), None)


def _size(raw: BufferedReader) -> int:
    status = os.fstat(raw.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
