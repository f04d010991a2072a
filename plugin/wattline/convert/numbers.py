"""Numbers as people and programs write them."""

import math
import re

_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_GROUPED = {mark: re.compile(rf"[+-]?\d{{1,3}}(?:\{mark}\d{{3}})+(?:$|[^\d])") for mark in ".,"}
MARKS = {"point": ".", "comma": ","}


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
        mark: the decimal mark, a point or a comma. Unless given, the one that stands there is it; of both the later one,
            and one that stands there twice is none.

    Raises:
        ValueError: it is no number, or groups its digits otherwise than by three.
    """
    digits = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace("'", "")
    mark = mark or _mark_of(digits)
    other = "," if mark == "." else "."
    if other in digits and not _GROUPED[other].match(digits):
        raise ValueError(text)
    return plain_number(digits.replace(other, "").replace(mark, "."))


def _mark_of(digits: str) -> str:
    last = max(".,", key=digits.rfind)
    return last if digits.count(last) == 1 else "." if last == "," else ","
