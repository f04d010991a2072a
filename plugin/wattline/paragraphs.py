"""Text for people, in lines that fit their terminal."""

import shutil
from textwrap import fill, wrap

MOST_COLUMNS = 100
"""Longer lines are hard to read; so long are they too where there is no terminal."""


def columns() -> int:
    """How wide the terminal is, for text."""
    return min(shutil.get_terminal_size((MOST_COLUMNS, 0)).columns, MOST_COLUMNS)


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of whole words, no wider than ``width`` unless a word is."""
    return wrap(text, width, break_on_hyphens=False, break_long_words=False)


def filled(text: str, indent: int = 0) -> str:
    """``text`` in lines of whole words, no wider than the terminal unless a word is; all but the first are ``indent`` columns in."""
    return fill(text, columns(), subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False)
