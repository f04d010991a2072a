"""What is stored and not owed, as after a contract was ended or begun later, is deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from wattline import costs
from wattline_cost.energy.reading import EVER_S
from wattline_cost.local_days import DAY_S, day_of, day_start_s, day_stop_s, days_through, month_begin
from wattline_cost.store.points import OF_DAYS, OF_MONTHS, OF_QUARTERS
from wattline_cost.store.stored import Key, Stored


@dataclass(frozen=True, slots=True)
class Owed:
    """What a contract owes by now.

    Attributes:
        first: the first day; None: there is none.
        last: the last one.
        coming: the last one whose quarter-hours may have a price already.
        zone: of the calendar.
    """

    first: date | None
    last: date
    coming: date
    zone: ZoneInfo

    def has(self, measurement: str, second: int) -> bool:
        """Whether there is to be a point of a day or month at ``second``."""
        day = day_of(second, self.zone)
        if self.first is None or day > self.last or day_start_s(day, self.zone) != second:
            return False
        if measurement in OF_DAYS:
            return day >= self.first
        return day == month_begin(day) and day >= month_begin(self.first)

    def days(self, first: date, last: date) -> Iterable[date]:
        """Those from ``first`` to ``last``."""
        return [] if self.first is None else days_through(max(first, self.first), min(last, self.last))


def clear(stored: Stored, owed: Owed, first: date, last: date | None) -> set[Key]:
    """Delete what lies from ``first`` to ``last`` or for ever and is not owed, and return what it was.

    That is what lies outside the days that are owed, and what begins where no day or month of the calendar does.

    Raises:
        ServerError: InfluxDB does not answer.
    """
    start_s, stop_s = day_start_s(first, owed.zone), EVER_S if last is None else day_stop_s(last, owed.zone)
    # The month of a calendar further east began before.
    gone = stored.remove([costs.MONTHS], start_s - DAY_S, start_s, owed.has)
    start_s = min([start_s, *(second for _, _, second in gone)])
    begin_s, end_s = stop_s, stop_s
    if owed.first is not None:
        begin_s, end_s = day_start_s(owed.first, owed.zone), day_stop_s(owed.coming, owed.zone)
    for from_s, to_s in ((start_s, min(begin_s, stop_s)), (max(end_s, start_s), stop_s)):
        if from_s < to_s:
            gone |= stored.remove(OF_QUARTERS, from_s, to_s, lambda *_: False)
    # Days and months to come tell a run that the clock was ahead: so they are the last to go.
    gone |= stored.remove(OF_DAYS, start_s, stop_s, owed.has)
    gone |= stored.remove(OF_MONTHS, min(start_s, day_start_s(month_begin(first), owed.zone)), stop_s, owed.has)
    return gone
