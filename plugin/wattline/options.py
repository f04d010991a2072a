"""What is said of a word that is not there, and the kinds of values that options take."""

import argparse
from collections.abc import Callable, Collection, Iterable

NEAR, MOST_NAMED, MOST_BEGUN = 0.4, 3, 10
# As near are 960 and 9600, where a digit is missing.
SLIP_OF_THE_FINGER = 0.85
LONGEST_MS = 60_000
# Python refuses to convert thousands of them.
MOST_DIGITS = 12


def nearest(word: str, known: Iterable[str], cutoff: float = NEAR) -> str:
    """The end of a complaint that names what ``word`` may have been meant for, if anything is near it.

    Args:
        word: what was written.
        known: what there is.
        cutoff: how alike the two have to be, 0 to 1.
    """
    # One letter is near everything that contains it, which says nothing.
    names = [name for name in known if len(name) > 1]
    best = max(map(likeness := _likeness(word), names), default=(0.0, False))
    matches = [repr(name) for name in names if likeness(name) == best]
    # Many that are as near are siblings where they are very near, and else none of them was meant.
    most = MOST_BEGUN if best[0] >= SLIP_OF_THE_FINGER else MOST_NAMED
    return "" if best[0] < cutoff or not 0 < len(matches) <= most else _the_nearest(matches)


def nearest_number(text: str, known: Collection[int]) -> str:
    """The same of numbers: the one that ``text`` was meant for when a digit slipped, else the nearest by its value."""
    slipped = nearest(text, map(str, known), SLIP_OF_THE_FINGER)
    if slipped or not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return slipped or nearest(text, map(str, known))
    least = min(abs(int(text) - number) for number in known)
    return _the_nearest([repr(str(number)) for number in known if abs(int(text) - number) == least])


def begun_by(word: str, known: Iterable[str]) -> str:
    """The end of a complaint that names what ``word`` is the beginning of, where that is more than one name."""
    begun = [repr(name) for name in known if word and name.startswith(word.lower())]
    return f"; {', '.join(begun[:-1])} and {begun[-1]} begin so" if 1 < len(begun) <= MOST_BEGUN else ""


def _the_nearest(quoted: list[str]) -> str:
    *others, last = quoted
    return f"; the nearest are {', '.join(others)} and {last}" if others else f"; the nearest is {last}"


def _likeness(word: str) -> Callable[[str], tuple[float, bool]]:
    """How near a name is to ``word``: how alike, and whether only the order of its letters differs."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - a tenth of a megabyte, spent only on a wrong word

    word = word.lower()
    return lambda name: (
        SequenceMatcher(None, name.lower(), word).ratio(),
        sorted(name.lower()) == sorted(word),
    )


def one_of(choices: Collection[str]) -> Callable[[str], str]:
    """The type of an option that takes one of ``choices``."""

    def choice(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} must be one of {', '.join(choices)}{nearest(text, choices)}")
        return text

    return choice


def whole_number(text: str) -> int:
    """The type of an option that takes any whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number") from None


def milliseconds(text: str) -> float:
    """The type of an option that takes milliseconds, 0 to a minute, such as ``20`` or ``20ms``.

    Raises:
        ArgumentTypeError: it is no such number.
    """
    try:
        value = float(text.removesuffix("ms"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_MS:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be a number of milliseconds from 0 to {LONGEST_MS}, such as 20ms"
        )
    return value
