"""Weekdays, months and hours as people write them: ``Mon-Fri``, ``Oct-Mar``, ``19:00-23:00``."""

import re
from collections.abc import Iterable, Sequence
from datetime import time
from itertools import groupby

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
HOLIDAY = "holiday"
SHORT = 3

_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
MINUTES_OF_DAY = 24 * 60


def places(word: str, names: Sequence[str]) -> frozenset[int]:
    """Where ``word`` stands among ``names``: one of them, or two with a hyphen between them, which may lead past the end.

    Names may be cut after three letters. Empty when it is none of them.
    """
    ends = [_place(end.strip(), names) for end in word.split("-")]
    if len(ends) > 2 or None in ends:
        return frozenset()
    first, last = ends[0] or 0, ends[-1] or 0
    return frozenset((first + step) % len(names) for step in range((last - first) % len(names) + 1))


def _place(word: str, names: Sequence[str]) -> int | None:
    word = word.lower()
    return next((n for n, name in enumerate(names) if word in {name.lower(), name[:SHORT].lower()}), None)


def hours(word: str) -> tuple[time, time] | None:
    """From when until when, of ``08:00-19:00``; None when it is no such time. Both ends at 00:00: the whole day."""
    match = _HOURS.fullmatch(word.replace(" ", ""))
    if not match:
        return None
    start, stop = (60 * int(hour) + int(minute) for hour, minute in (match.groups()[:2], match.groups()[2:]))
    if start >= MINUTES_OF_DAY or stop > MINUTES_OF_DAY or start == stop:
        return None
    return _time(start), _time(stop % MINUTES_OF_DAY)


def _time(minutes: int) -> time:
    return time(*divmod(minutes, 60))


def told_places(chosen: Iterable[int], names: Sequence[str]) -> str:
    """Such as ``Mon-Fri``, ``Mon, Sat``; where they lead past the end, as ``Oct-Mar``."""
    chosen = frozenset(chosen)
    if len(chosen) == len(names):
        return f"{names[0][:SHORT]}-{names[-1][:SHORT]}"
    # Begun where one is whose neighbour before it is not there, no run is cut in two.
    begin = next((n for n in sorted(chosen) if (n - 1) % len(names) not in chosen), 0)
    turned = [(begin + step) % len(names) for step in range(len(names))]
    runs = [list(run) for there, run in groupby(turned, chosen.__contains__) if there]
    short = [[names[n][:SHORT] for n in run] for run in runs]
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in short)


def told_hours(start: time, stop: time) -> str:
    """Such as ``08:00-19:00``; until midnight is until 24:00."""
    return f"{start:%H:%M}-{'24:00' if stop == time.min else format(stop, '%H:%M')}"
