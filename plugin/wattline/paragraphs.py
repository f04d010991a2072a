"""Text for people, in lines that fit their terminal."""

import shutil
from textwrap import fill

MOST_COLUMNS = 100
"""Longer lines are hard to read; so long are they too where there is no terminal."""


def filled(text: str, indent: int = 0) -> str:
    """``text`` in lines of whole words, no wider than the terminal unless a word is; all but the first are ``indent`` columns in."""
    columns = min(shutil.get_terminal_size((MOST_COLUMNS, 0)).columns, MOST_COLUMNS)
    return fill(text, columns, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False)
