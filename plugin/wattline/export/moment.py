"""The range, and the pieces of it: each within one day of the time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from wattline.errors import WordError

_FORM = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?")
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of time, in seconds since 1970.

    Attributes:
        begin: belongs to it.
        end: does not.
        midnight: at which the day of ``begin`` began.
    """

    begin: int
    end: int
    midnight: int


def moment_s(text: str, zone: tzinfo) -> int:
    """Seconds since 1970 of a day or a time; one that names no offset is meant in ``zone``.

    Of an hour that occurs twice, at the end of summer time, the first is meant.

    Raises:
        WordError: it is no such time, or one that summer time skips.
    """
    moment = _parsed(text)
    if moment is None:
        raise WordError(
            f"{text!r} is no time: write a day such as 2026-03-01, or a time such as 2026-03-01T18:30 or "
            "2026-03-01T18:30+01:00."
        )
    if moment.tzinfo is None:
        local, moment = moment, moment.replace(tzinfo=zone)
        # Midnight itself may be skipped; then the day begins an hour later.
        if len(text) > len("2026-03-01") and moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
            raise WordError(f"{text!r} is skipped in {zone} when summer time begins: choose another time.")
    return int(moment.timestamp())


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _FORM.fullmatch(text) else None
    except ValueError:
        return None


def spans(begin: int, end: int, zone: tzinfo, days: int = 1) -> Iterator[Span]:
    """The pieces of a range: each begins with a day of ``zone``, or with the range, and has at most so many ``days``."""
    at = begin
    while at < end:
        day = datetime.fromtimestamp(at, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0, tzinfo=None)
        until = min(end, _midnight(day + timedelta(days=days), zone))
        yield Span(at, until, _midnight(day, zone))
        at = until


def _midnight(day: datetime, zone: tzinfo) -> int:
    return int(day.replace(tzinfo=zone).timestamp())
