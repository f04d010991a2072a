"""One point as one line of InfluxDB's line protocol."""

import math

from wattline.reading import Point

_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\n"})
_KEY = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\=", "\n": r"\n"})


def to_line(point: Point) -> str:
    """The line of ``point``, without a newline; tags and fields are in the order of their names.

    Raises:
        ValueError: a field is not a finite number, or there is none; either would cost the whole line in Telegraf.
    """
    if not point.fields:
        raise ValueError(f"A point of {point.measurement} has no field.")
    tags = "".join(
        f",{key.translate(_KEY)}={value.translate(_KEY)}" for key, value in sorted(point.tags.items()) if value
    )
    fields = ",".join(f"{name.translate(_KEY)}={_number(value)}" for name, value in sorted(point.fields.items()))
    return f"{point.measurement.translate(_MEASUREMENT)}{tags} {fields} {point.time_ns}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that line protocol can carry.")
    # A number without "i" is a float for InfluxDB, so ".0" would only be two more bytes a field.
    return repr(float(value)).removesuffix(".0")
