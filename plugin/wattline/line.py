"""One point as one line of InfluxDB's line protocol."""

import math

from wattline.reading import Point, Value

# Telegraf refuses a line that holds one of these, escaped or not; so they are written as two visible characters.
_CONTROLS = {"\t": r"\t", "\n": r"\n", "\v": r"\v", "\f": r"\f", "\r": r"\r"}
_MEASUREMENT = str.maketrans(_CONTROLS | {",": r"\,", " ": r"\ "})
_KEY = str.maketrans(_CONTROLS | {",": r"\,", " ": r"\ ", "=": r"\="})
# In a text their own backslash is one that has to be escaped, and a zero byte would end it for some parsers.
_TEXT = str.maketrans(
    {sign: text.replace("\\", r"\\") for sign, text in _CONTROLS.items()} | {"\\": r"\\", '"': r"\"", "\0": r"\\0"}
)


def to_line(point: Point) -> str:
    """The line of ``point``, without a newline; tags and fields are in the order of their names.

    Raises:
        ValueError: a field is not a finite number, or there is none; either would cost the whole line in Telegraf.
    """
    if not point.fields:
        raise ValueError(f"A point of {point.measurement} has no field.")
    tags = "".join(f",{tag_text(key)}={text}" for key, value in sorted(point.tags.items()) if (text := tag_text(value)))
    fields = ",".join(f"{name.translate(_KEY)}={_value_text(value)}" for name, value in sorted(point.fields.items()))
    return f"{point.measurement.translate(_MEASUREMENT)}{tags} {fields} {point.time_ns}"


def tag_text(word: str) -> str:
    """The name or the value of a tag as a line has it."""
    # A backslash at the end would escape the comma behind it, and there is no way to write one; Telegraf drops it too.
    return word.rstrip("\\").translate(_KEY)


def _value_text(value: Value) -> str:
    return f'"{value.translate(_TEXT)}"' if isinstance(value, str) else number_text(value)


def number_text(value: float) -> str:
    """``value`` as a float of line protocol.

    Raises:
        ValueError: it is not a finite number.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that line protocol can carry.")
    # A number without "i" is a float for InfluxDB, so ".0" would only be two more bytes a field.
    return repr(float(value)).removesuffix(".0")
