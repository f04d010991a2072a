"""The household's calendar, and times and ages as its people read them."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from wattline.errors import WordError

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
WEEK_S, YEAR_S = 7 * DAY_S, 365.25 * DAY_S


def zone_of(environment: Mapping[str, str]) -> tzinfo | None:
    """The household's time zone, as ``astimezone`` takes it; None is the system's.

    Raises:
        WordError: there is no zone of that name.
    """
    name = environment.get("WATTLINE_TIMEZONE", "")
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ValueError, KeyError) as error:
        raise WordError(
            f"WATTLINE_TIMEZONE={name} is not a time zone that this machine knows; `timedatectl list-timezones` lists "
            "names such as Europe/Rome."
        ) from error


def local(moment: datetime, zone: tzinfo | None) -> str:
    """A moment as the household's clock and calendar had it, for example ``26 Nov 15:05``."""
    there = moment.astimezone(zone)
    return f"{there.day:2} {there:%b %H:%M}"


def age_in_words(seconds: float) -> str:
    """An age in one unit, for example ``3 h``; at most six letters."""
    if seconds < 0:
        return "future"
    for limit_s, unit_s, unit in (
        (2 * HOUR_S, MINUTE_S, "min"),
        (2 * DAY_S, HOUR_S, "h"),
        (8 * WEEK_S, DAY_S, "d"),
        (2 * YEAR_S, WEEK_S, "w"),
    ):
        if seconds < limit_s:
            return f"{int(seconds / unit_s)} {unit}"
    return f"{int(seconds / YEAR_S)} y"
