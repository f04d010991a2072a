"""How much was used since the month began, before each quarter-hour."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from wattline_cost.energy.quarter import Quarter
from wattline_cost.local_days import day_of, day_start_s, next_month

Counted = tuple[Quarter, int]
"""A quarter-hour, and how many milliwatt-hours were used before it in its month."""


def counted(quarters: Iterable[Quarter], zone: ZoneInfo) -> Iterator[Counted]:
    """Each of ``quarters``, which are in order, with what they had before it in its month of the calendar."""
    used_mwh = end_s = 0
    for quarter in quarters:
        if quarter.start_s >= end_s:
            end_s = day_start_s(next_month(day_of(quarter.start_s, zone)), zone)
            used_mwh = 0
        yield quarter, used_mwh
        used_mwh += quarter.energy_mwh
