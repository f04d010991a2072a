"""What a bucket has in the range: which meters, which fields, and where each field stood last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattline.errors import ExportError, WordError
from wattline.export import query
from wattline.export.query import Meter
from wattline.export.server import Server
from wattline.fields import ELECTRICITY_FIELDS, Field
from wattline.options import nearest
from wattline.rollups import ROLLUP_FIELDS

_PREFIX = "last_"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is.

    Attributes:
        fields: in the order of the vocabulary.
        newest: meter to field to its newest value in the range.
        unknown: fields of the bucket that are not of the vocabulary.
    """

    fields: Sequence[Field]
    newest: Mapping[Meter, Mapping[str, float]]
    unknown: Sequence[str] = ()

    def fields_of(self, meter: Meter) -> list[Field]:
        """Those that a meter has."""
        return [field for field in self.fields if field.name in self.newest[meter]]


def vocabulary(bucket: str) -> Mapping[str, Field]:
    """The fields that a bucket may have; one that is not of the stack may have any."""
    every: dict[str, Field] = {}
    for fields in (*ROLLUP_FIELDS.values(), ELECTRICITY_FIELDS):
        every |= fields
    return {"energy": ELECTRICITY_FIELDS, **ROLLUP_FIELDS}.get(bucket, every)


def look(server: Server, begin: int, end: int) -> Catalogue:
    """What the bucket of ``server`` has between two seconds since 1970.

    Raises:
        ExportError: it has nothing there, there is no such bucket, or InfluxDB is away or refuses.
    """
    newest = {}
    for series in server.series(query.overview(begin, end)):
        meter = Meter(*(series["tags"][tag] for tag in query.TAGS))
        (values,) = series["values"]
        newest[meter] = {
            name.removeprefix(_PREFIX): float(value)
            for name, value in zip(series["columns"], values, strict=True)
            if name.startswith(_PREFIX) and isinstance(value, int | float)
        }
    if not newest:
        raise ExportError(_nothing(server))
    found, known = {name for values in newest.values() for name in values}, vocabulary(server.bucket)
    return Catalogue(
        [field for name, field in known.items() if name in found],
        dict(sorted(newest.items())),
        sorted(found - known.keys()),
    )


def _nothing(server: Server) -> str:
    buckets = [row[0] for series in server.series("SHOW DATABASES") for row in series.get("values", [])]
    if server.bucket in buckets:
        return f"The bucket {server.bucket!r} has no reading in that time."
    shown = ", ".join(name for name in buckets if not name.startswith("_"))
    if not shown:
        return (
            "This token may read no bucket, as one that only writes; one that reads all is influxdb_grafana_token, among "
            "the secrets of compose/."
        )
    return (
        f"There is no bucket {server.bucket!r} that this token may read{nearest(server.bucket, buckets)}; "
        f"it may read: {shown}."
    )


def chosen(catalogue: Catalogue, meters: Sequence[str], fields: Sequence[str], bucket: str) -> Catalogue:
    """The part of it that was asked for by name; all where none is named.

    Raises:
        WordError: there is no such meter or field.
    """
    names = sorted({meter.meter for meter in catalogue.newest})
    for name in meters:
        if name not in names:
            raise WordError(
                f"There is no meter {name!r} in that time{nearest(name, names)}; there are {', '.join(names)}."
            )
    found = [field.name for field in catalogue.fields]
    for name in fields:
        if name not in found:
            known = vocabulary(bucket)
            told = "has no value in that time" if name in known else f"is not known{nearest(name, known)}"
            raise WordError(f"The field {name!r} {told}; there are {', '.join(found)}.")
    newest = {
        meter: {name: value for name, value in values.items() if not fields or name in fields}
        for meter, values in catalogue.newest.items()
        if not meters or meter.meter in meters
    }
    # A meter without any of the fields has no rows.
    newest = {meter: values for meter, values in newest.items() if values}
    if not newest:
        raise WordError(f"None of these meters has such a field in that time: {', '.join(meters)}.")
    left = {name for values in newest.values() for name in values}
    return Catalogue([field for field in catalogue.fields if field.name in left], newest, catalogue.unknown)
