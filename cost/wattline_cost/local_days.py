"""Days of a calendar as spans of time, 23, 24 or 25 hours, and its months."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(1)
DAY_S = 86_400
"""Of a day that no clock change makes longer or shorter."""


def day_start_s(day: date, zone: ZoneInfo) -> int:
    """The first instant of ``day``, in seconds since 1970.

    Where the clocks skip midnight that is the instant at which they do: the offset before it is the one that Python takes.
    """
    return int(datetime.combine(day, time.min, zone).timestamp())


def day_stop_s(day: date, zone: ZoneInfo) -> int:
    """The first instant after ``day``."""
    return day_start_s(day + ONE_DAY, zone)


def span_s(first: date, last: date, zone: ZoneInfo) -> tuple[int, int]:
    """The first instant of ``first``, and the first one after ``last``."""
    return day_start_s(first, zone), day_stop_s(last, zone)


def day_of(moment_s: int, zone: ZoneInfo) -> date:
    """The day of the calendar at ``moment_s``, seconds since 1970."""
    return datetime.fromtimestamp(moment_s, zone).date()


def days_through(first: date, last: date) -> Iterator[date]:
    """The days from ``first`` to ``last``, both among them; none if ``last`` is before ``first``."""
    for number in range((last - first).days + 1):
        yield first + timedelta(number)


def month_begin(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month behind its month."""
    return (day.replace(day=1) + timedelta(31)).replace(day=1)
