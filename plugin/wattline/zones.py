"""Time zones by name."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from wattline.errors import WordError
from wattline.options import nearest


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        WordError: this machine knows none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(name, available_timezones())
        raise WordError(f"There is no time zone {name!r}{near}; `timedatectl list-timezones` lists them.") from None
