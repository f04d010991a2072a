"""Whether the clock is believed: what InfluxDB has of a meter tells how late it is at least.

A Pi has no clock of its own. By one that is behind, days that are over would be to come: what is stored of them would be deleted,
and months that are over priced anew. One that is ahead cannot be told from a meter that nobody reads.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from wattline_cost.errors import CostError

SILENT_S = 2 * 86_400
"""A meter of which nothing newer is there tells nothing of the clock. Readings are held for a day while InfluxDB is away."""


def check(now_s: int, read_s: int | None, priced_s: int | None, zone: ZoneInfo, what: str) -> None:
    """Return where the clock may be right.

    Args:
        now_s: what it says, in seconds since 1970.
        read_s: the begin of the newest quarter-hour in which the meter was read; None where it is silent.
        priced_s: the begin of the newest day or month that is priced, if that is later than now.
        zone: whose time is told.
        what: the meter.

    Raises:
        CostError: it is behind.
    """
    said = f"The clock says {_told(now_s, zone)}"
    if read_s is not None and read_s > now_s:
        raise CostError(
            f"{said}, but {what} was read at {_told(read_s, zone)}: nothing is priced until the clock is set (`timedatectl` tells "
            "what sets it). If it is right, delete what is later from energy_15m and energy_1d."
        )
    if read_s is None and priced_s is not None:
        raise CostError(
            f"{said}, but {_told(priced_s, zone)} is priced already, and no reading of {what} tells whether the clock was ahead "
            "then or is behind now: nothing is priced until it is set (`timedatectl` tells what sets it), or the meter is read."
        )


def _told(second: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(second, zone):%Y-%m-%d %H:%M}"
