"""Numbers as people and programs write them."""

import math
import re
from functools import lru_cache

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
# Thousands behind a mark, up to the other mark or the end; nobody begins them with a zero.
_GROUPED = {
    mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+(?:$|\{decimal})") for mark, decimal in (".,", ",.")
}
MARKS = {"point": ".", "comma": ","}


class AmbiguousError(ValueError):
    """A cell that is one number by a decimal point, and another by a decimal comma."""


def plain_number(text: str) -> float:
    """A finite number with a decimal point.

    Raises:
        ValueError: it is none.
    """
    if not _PLAIN.fullmatch(text) or not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def number_of(text: str, mark: str = "") -> float:
    """A number out of a table.

    Args:
        text: one cell, without spaces around it.
        mark: the decimal mark, a point or a comma; empty while it is not known.

    Raises:
        AmbiguousError: by a point it is another number than by a comma, and the mark is not known.
        ValueError: it is no number, or groups its digits otherwise than by three.
    """
    if mark:
        return _number_by(text, mark)
    numbers = set(_readings(text).values())
    if len(numbers) > 1:
        raise AmbiguousError(text)
    if not numbers:
        raise ValueError(text)
    return numbers.pop()


@lru_cache(maxsize=1 << 12)
def mark_of(text: str) -> str:
    """The decimal mark that a cell shows; empty where it is a number by either, or by none."""
    marks = [*_readings(text)]
    return marks[0] if len(marks) == 1 else ""


def _readings(text: str) -> dict[str, float]:
    """The decimal marks by which a cell is a number, and that number."""
    found = {}
    for mark in MARKS.values():
        try:
            found[mark] = _number_by(text, mark)
        except ValueError:
            continue
    return found


def _number_by(text: str, mark: str) -> float:
    digits = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace("'", "")
    other = "," if mark == "." else "."
    if other in digits and not _GROUPED[other].match(digits):
        raise ValueError(text)
    return plain_number(digits.replace(other, "").replace(mark, "."))
