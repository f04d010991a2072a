"""Numbers as characters: a chart of bars, and digits of three lines' height. Pure."""

from collections.abc import Sequence
from math import floor, log10

EIGHTHS = " ▁▂▃▄▅▆▇█"

DIGITS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▀█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", "▀▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    "-": ("   ", "▀▀▀", "   "),
    " ": ("   ", "   ", "   "),
}

_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


def large(text: str) -> list[str]:
    """Three lines that show ``text``, which is made of digits, minus and space."""
    return [" ".join(DIGITS[character][line] for character in text) for line in range(3)]


def bars(values: Sequence[float | None], top: float, height: int) -> list[str]:
    """``height`` lines, the upper one first, with a bar for each value, with or without a minus, from 0 to ``top``.

    A value is at least a thin line, so that it differs from a gap, which is None and stays empty.
    """
    eighths = [0 if value is None else max(1, round(8 * height * min(abs(value) / top, 1))) for value in values]
    return [
        "".join(EIGHTHS[max(0, min(8, filled - 8 * below))] for filled in eighths) for below in reversed(range(height))
    ]


def round_top(value: float, least: float) -> float:
    """The round number at or above ``value`` and ``least`` that a scale ends with."""
    value = max(value, least)
    decade = 10.0 ** floor(log10(value))
    return next(decade * step for step in _ROUND if decade * step >= value * (1 - 1e-9))
