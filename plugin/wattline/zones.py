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
    raise WordError(f"There is no time zone {name!r}{_near(name)}; `timedatectl list-timezones` lists them.")


def _near(name: str) -> str:
    """The end of the complaint: the zones of a city, as Rome is, else what is written much like ``name``."""
    known = sorted(available_timezones().difference(NO_ZONES))
    city = name.strip().replace(" ", "_").lower()
    return nearest(name, [zone for zone in known if f"/{zone.lower()}".endswith(f"/{city}")], 0) or nearest(name, known)
