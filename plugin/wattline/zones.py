"""Time zones by name."""

from contextlib import suppress
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from wattline.errors import WordError
from wattline.options import nearest

# Files for the machine's own use that lie beside the zones, some of them with leap seconds, which no clock on a wall has.
NO_ZONES = ("posixrules", "localtime", "Factory")
NO_FOLDERS = ("posix/", "right/")


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        WordError: this machine knows none.
    """
    if name not in NO_ZONES and not name.startswith(NO_FOLDERS):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    near = nearest(name, available_timezones().difference(NO_ZONES))
    raise WordError(f"There is no time zone {name!r}{near}; `timedatectl list-timezones` lists them.")
