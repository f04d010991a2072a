"""Rows of the table, out of what InfluxDB answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from wattline.errors import ExportError
from wattline.export.counters import Increases
from wattline.export.decimals import Decimals
from wattline.export.moment import DAY_S, Span
from wattline.export.query import TAGS, Meter
from wattline.fields import Field

TIME = "time"
_TAG = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Shape:
    """What the table is to be.

    Attributes:
        zone: name of the time zone that its times are told in.
        every_s: seconds of a window; 0 for readings as they are stored.
        increases: whether a counter's column is by how much it rose in the window.
        single: whether gauges have single precision.
        are_means: whether the bucket's gauges are means already.
    """

    zone: str
    every_s: int = 0
    increases: bool = False
    single: bool = False
    are_means: bool = False

    def column(self, field: Field) -> str:
        """The name of a field's column."""
        if not (self.increases and field.kind == "counter"):
            return field.name
        unit = f"_{field.unit.lower()}"
        return f"{field.name.removesuffix(unit)}_increase{unit}"

    def is_stored(self, field: Field) -> bool:
        """Whether the column has values as a meter has shown them, and no means."""
        own = not self.are_means or field.name.endswith(("_min", "_max"))
        return field.kind == "counter" or (own and not self.every_s)


def schema(shape: Shape, fields: Sequence[Field], about: Mapping[str, object]) -> pa.Schema:
    """Columns and types. What a field is stands at its column, and what the table is, as JSON, at the table."""
    columns = [pa.field(TIME, pa.timestamp("ms", shape.zone), nullable=False), *(pa.field(tag, _TAG) for tag in TAGS)]
    for field in fields:
        # Seven digits are too few for a counter.
        kind = pa.float32() if shape.single and field.kind == "gauge" else pa.float64()
        told = {"unit": field.unit, "kind": _kind(shape, field), "meaning": field.meaning}
        columns.append(pa.field(shape.column(field), kind, metadata=told))
    return pa.schema(columns, {"wattline": json.dumps(about)})


def _kind(shape: Shape, field: Field) -> str:
    return "increase" if shape.increases and field.kind == "counter" else field.kind


class Rows:
    """Makes the rows of one meter, piece by piece in the order of time.

    Args:
        shape: of the table.
        table: its schema.
        meter: the tags of all rows.
        newest: the newest value of each field, by which the meter's decimals are learnt before its first row.
    """

    def __init__(self, shape: Shape, table: pa.Schema, meter: Meter, newest: Mapping[str, float]) -> None:
        self._shape, self._schema, self._meter, self._newest = shape, table, meter, newest
        self._decimals, self.increases = Decimals(), Increases()

    def of(self, answer: bytes, fields: Sequence[Field], span: Span) -> pa.Table:
        """The rows of a piece.

        Raises:
            ExportError: the answer is none that can be read.
        """
        found = _parsed(answer, fields)
        columns = {self._shape.column(field): self._values(field, found[field.name]) for field in fields}
        times = found[TIME]
        if self._shape.every_s == DAY_S:
            times = pa.array([span.midnight * 1000] * len(times), pa.int64())
        columns[TIME] = times.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms", self._shape.zone))
        # A tag that the meter does not have is left out here, and so empty.
        for tag, value in ((tag, value) for tag, value in zip(TAGS, self._meter, strict=True) if value):
            repeated = pa.repeat(pa.scalar(0, pa.int32()), len(times))
            columns[tag] = pa.DictionaryArray.from_arrays(repeated, pa.array([value]))
        return pa.table([_fitted(columns.get(each.name), each, len(times)) for each in self._schema], self._schema)

    def _values(self, field: Field, values: pa.Array) -> pa.Array:
        decimals = field.decimals
        if self._shape.is_stored(field):
            newest = pa.array([self._newest[field.name]], pa.float64())
            self._decimals.learn(field.name, newest, decimals)
            decimals = self._decimals.learn(field.name, values, decimals)
        # By a whole number of tenths and hundredths, so that 230.12 is the float that one writes so.
        rounded = pc.round(values, decimals)
        if self._shape.increases and field.kind == "counter":
            return self.increases.of(field.name, rounded, decimals)
        return rounded


def _fitted(values: pa.Array | None, column: pa.Field, rows: int) -> pa.Array:
    return pa.nulls(rows, column.type) if values is None else values.cast(column.type)


def _parsed(answer: bytes, fields: Sequence[Field]) -> pa.Table:
    types = {TIME: pa.int64()} | {field.name: pa.float64() for field in fields}
    if not answer:
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    convert = csv.ConvertOptions(column_types=types, include_columns=list(types))
    try:
        # One thread: this is a guest on the machine that meters, and the server takes longer anyway.
        found = csv.read_csv(pa.BufferReader(answer), csv.ReadOptions(use_threads=False), None, convert)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        begin = answer[:200].decode(errors="replace")
        raise ExportError(f"InfluxDB answered with something else than readings ({error}): {begin!r}.") from error
    return found.combine_chunks()
