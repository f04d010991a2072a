"""What is said of a word that is not there, and the kinds of values that options take."""

import argparse
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_MS = 60_000


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a complaint that names what ``word`` may have been meant for, if anything is near it."""
    # One letter is near everything that contains it, which says nothing.
    names = [name for name in known if len(name) > 1]
    matches = get_close_matches(word.lower(), names, n=1, cutoff=0.4)
    return f", the nearest is {matches[0]!r}" if matches else ""


def milliseconds(text: str) -> float:
    """The type of an option that takes milliseconds, 0 to a minute.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_MS:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of milliseconds from 0 to {LONGEST_MS}")
    return value
