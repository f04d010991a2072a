"""What is stored of a contract, by its days and months."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from wattline import costs
from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.local_days import DAY_S, ONE_DAY, day_of, day_start_s, month_begin, span_s
from wattline_cost.store.points import Metered
from wattline_cost.store.stored import Stored


@dataclass(frozen=True, slots=True)
class Day:
    """What is known of today, for the publisher.

    Attributes:
        start_s: its first second.
        cost: so far.
        energy_kwh: likewise.
    """

    start_s: int
    cost: float
    energy_kwh: float


class Ledger:
    """Reads it.

    Args:
        stored: its points.
        zone: of its calendar.
    """

    def __init__(self, stored: Stored, zone: ZoneInfo) -> None:
        self._stored, self._zone = stored, zone

    def months_before(self, month: date) -> list[date]:
        """Those that have sums, in order.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        found = self._stored.points([costs.MONTHS], 0, day_start_s(month, self._zone))
        # One of another calendar begins some hours earlier or later.
        months = {month_begin(day_of(second + DAY_S // 2, self._zone)) for _, _, second in found}
        return sorted(months - {month})

    def months_with_days(self, first: date, end: date) -> set[date]:
        """Those of which any day is whole, from ``first`` on and before ``end``.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        if first >= end:
            return set()
        found = self._stored.points([costs.DAYS], *span_s(first, end - ONE_DAY, self._zone))
        return {month_begin(day_of(second, self._zone)) for _, _, second in found}

    def day(self, day: date) -> Day | None:
        """A day, for the publisher; None where nothing of it is stored.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s = day_start_s(day, self._zone)
        for fields in self._stored.points([costs.DAYS], start_s, start_s + QUARTER_S).values():
            return Day(start_s, fields["cost"], fields["energy_kwh"])
        return None

    def metered(self, first: date, last: date) -> dict[date, Metered]:
        """What the days from ``first`` to ``last`` had when they were priced. Where a price was not known it may be by now.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        found = self._stored.points([costs.DAYS], *span_s(first, last, self._zone))
        return {
            day_of(second, self._zone): Metered(fields.get("readings", -1.0), fields.get("metered_kwh", -1.0))
            for (_, _, second), fields in found.items()
            if not fields.get("unpriced_kwh")
        }
