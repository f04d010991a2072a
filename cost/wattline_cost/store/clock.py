"""Whether the clock is believed: what InfluxDB has of a meter, and what was priced before, tell how late it is at least.

A Pi has no clock of its own. By one that is behind, days that are over would be to come: what is stored of them would be deleted,
and months that are over priced anew. One that was ahead leaves the same traces, until the meter is read or somebody tells.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from wattline_cost.errors import CostError
from wattline_cost.local_days import day_of

FRESH_S = 3600
"""A reading so long ago shows that the clock is right now. The newest quarter-hour of a meter that is read began at most 20 minutes
ago."""


def check(now_s: int, read_s: int | None, was: date, zone: ZoneInfo, what: str) -> None:
    """Return where the clock may be right.

    Args:
        now_s: what it says, in seconds since 1970.
        read_s: the begin of the newest quarter-hour in which the meter was read; None where that was before ``FRESH_S``.
        was: the latest day that a run has taken for today, or today, if that is later or somebody vouches for the clock.
        zone: whose time is told.
        what: the meter.

    Raises:
        CostError: it is behind, or may be.
    """
    said, today = f"The clock says {_told(now_s, zone)}", day_of(now_s, zone)
    if read_s is not None and read_s > now_s:
        raise CostError(
            f"{said}, but {what} was read at {_told(read_s, zone)}: nothing is priced until the clock is set (`timedatectl` tells "
            "what sets it). If it is right, delete what is later from energy_15m and energy_1d."
        )
    if read_s is None and was > today:
        raise CostError(
            f"{said}, but in a run before it was {was}, and no reading of {what} tells which of the two is wrong: nothing is priced "
            "until the clock is set (`timedatectl` tells what sets it), or the meter is read. If it is right, "
            f"`wattline-cost recompute --from {today}` takes it for that, and deletes what is priced of later days."
        )


def _told(second: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(second, zone):%Y-%m-%d %H:%M}"
