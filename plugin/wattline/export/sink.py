"""Where the table goes: CSV or Parquet, into a file that is whole under its name or not there, or to standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from wattline.errors import ExportError, WordError
from wattline.export.query import TAGS
from wattline.export.table import TIME

STANDARD_OUTPUT = "-"
FORMATS = {"csv": (".csv",), "parquet": (".parquet", ".pq")}


class Writer(Protocol):
    """Takes the rows."""

    def write(self, rows: pa.Table) -> None:
        """Write them; they are not needed any more afterwards."""

    def close(self) -> None:
        """Write what has to stand at the end."""

    def give_up(self) -> None:
        """Write nothing more."""


class _Tap:
    """A file that pyarrow writes into, until it is shut. Arrow writes a footer when its writer is freed, whenever that is."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.is_shut = False
        self._written = 0

    def write(self, data: bytes) -> int:
        """Write ``data``, if it is not shut."""
        size = memoryview(data).nbytes
        if not self.is_shut:
            self._file.write(data)
            self._written += size
        return size

    def tell(self) -> int:
        """How many bytes were written."""
        return self._written

    def flush(self) -> None:
        """Whoever opened the file does that."""

    def close(self) -> None:
        """Likewise."""


class Parquet:
    """Parquet: each piece is a row group, so that one meter or one day can be read without the rest."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._tap = _Tap(file)
        self._writer = parquet.ParquetWriter(pa.PythonFile(self._tap, "w"), schema, compression="zstd")

    def write(self, rows: pa.Table) -> None:
        """Write a row group."""
        self._writer.write_table(rows)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()

    def give_up(self) -> None:
        """Leave the footer out: with it half a table in a pipe would look whole."""
        self._tap.is_shut = True


class Csv:
    """CSV with a header; a time is ISO 8601 with its offset, what is not there is empty."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file, self._is_utc = file, schema.field(TIME).type.tz == "UTC"
        file.write((",".join(schema.names) + "\n").encode())

    def write(self, rows: pa.Table) -> None:
        """Write the rows."""
        rows = rows.set_column(0, TIME, self._stamps(rows.column(TIME)))
        for at, tag in enumerate(TAGS, 1):
            rows = rows.set_column(at, tag, rows.column(tag).cast(pa.string()))
        options = csv.WriteOptions(include_header=False, quoting_style="none" if self._is_plain(rows) else "needed")
        text = pa.BufferOutputStream()
        csv.write_csv(rows, text, options)
        self._file.write(memoryview(text.getvalue()))

    def close(self) -> None:
        """Nothing stands at the end."""

    def give_up(self) -> None:
        """Nothing is left to be written."""

    @staticmethod
    def _is_plain(rows: pa.Table) -> bool:
        """Whether no tag needs quotation marks; pyarrow's "needed" quotes every text."""
        marks = "[^A-Za-z0-9._ -]"
        return not any(pc.any(pc.match_substring_regex(rows.column(tag), marks), min_count=0).as_py() for tag in TAGS)

    def _stamps(self, times: pa.ChunkedArray) -> pa.ChunkedArray:
        # pyarrow writes a fraction of as many digits as the unit has.
        whole = pc.all(pc.equal(pc.millisecond(times), 0), min_count=0).as_py()
        times = times.cast(pa.timestamp("s", times.type.tz)) if whole else times
        if self._is_utc:
            return pc.strftime(times, "%Y-%m-%dT%H:%M:%SZ")
        offsets = pc.replace_substring_regex(pc.strftime(times, "%z"), r"^(...)(..)$", r"\1:\2")
        return pc.binary_join_element_wise(pc.strftime(times, "%Y-%m-%dT%H:%M:%S"), offsets, "")


_FORMS: dict[str, type[Parquet] | type[Csv]] = {"parquet": Parquet, "csv": Csv}


@contextmanager
def writer(form: str, file: IO[bytes], schema: pa.Schema) -> Iterator[Writer]:
    """What writes a table of that form into ``file``; the end of the table is written when all went well."""
    chosen, is_whole = _FORMS[form](file, schema), False
    try:
        yield chosen
        is_whole = True
    finally:
        end = chosen.close if is_whole else chosen.give_up
        end()


def form_of(name: str, asked: str) -> str:
    """CSV or Parquet: what was asked for, else what the name ends in.

    Raises:
        WordError: it ends in neither, or Parquet would go to a terminal.
    """
    ending = Path(name).suffix.lower()
    form = asked or next((form for form, endings in FORMATS.items() if ending in endings), "")
    if name == STANDARD_OUTPUT:
        form = form or "csv"
        if form == "parquet" and sys.stdout.isatty():
            raise WordError("Parquet is not for a terminal: name a file, or pipe it into a program.")
    if not form:
        raise WordError(
            f"The file {name!r} tells not what it shall be: end its name in .csv or .parquet, or give --format."
        )
    return form


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The file to write into, or standard output. A file takes its name, and the place of an older one, when all went well.

    Raises:
        ExportError: it cannot be written.
    """
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    path = Path(name)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ExportError(f"The table cannot be written into {name!r}: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
