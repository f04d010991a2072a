"""The points of a month, written in an order that an interruption at any moment bears, as long as the terms stay the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from wattline import costs
from wattline.reading import Point
from wattline_cost.store.points import OF_DAYS, OF_MONTHS, OF_PARTS_OF_DAYS, OF_QUARTERS
from wattline_cost.store.stored import Change, Key, Stored, key_of


@dataclass(frozen=True, slots=True)
class PricedDays:
    """Days in a row that were priced.

    Attributes:
        start_s: the first second of the first.
        stop_s: the one after the last.
        days: their points, of all measurements of days.
        quarters: the points of their quarter-hours, and of those to come that have a price.
        quarters_stop_s: the second behind the last of which there may be any.
    """

    start_s: int
    stop_s: int
    days: Sequence[Point]
    quarters: Sequence[Point]
    quarters_stop_s: int


def days_of_month(stored: Stored, month_s: tuple[int, int], rows: Sequence[PricedDays]) -> dict[Key, dict[str, float]]:
    """The points of the days of a month: those that are stored, and in their place those of ``rows``.

    Args:
        stored: where.
        month_s: the first second of the month, and the one after its last.
        rows: all of them in the month.

    Raises:
        ServerError: InfluxDB does not answer.
    """
    days = stored.points(OF_DAYS, *month_s)
    for row in rows:
        days = {key: fields for key, fields in days.items() if not row.start_s <= key[2] < row.stop_s}
        for point in row.days:
            days[key_of(point)] = {name: float(value) for name, value in point.fields.items()}
    return days


def store(stored: Stored, month_s: tuple[int, int], rows: Sequence[PricedDays], months: Sequence[Point]) -> Change:
    """Store days of a month and its sums.

    A day counts as priced once its point of ``cost_1d`` says by which readings: so that comes last, and a run that ends before
    leaves the day due.

    Args:
        stored: where.
        month_s: the first second of the month, and the one after its last.
        rows: the days.
        months: the points of the month.

    Raises:
        ServerError: InfluxDB does not answer; to do it again finishes it.
    """
    change = Change(0, 0)
    for row in rows:
        change += stored.replace(OF_QUARTERS, row.start_s, row.quarters_stop_s, row.quarters)
        parts = [point for point in row.days if point.measurement in OF_PARTS_OF_DAYS]
        change += stored.replace(OF_PARTS_OF_DAYS, row.start_s, row.stop_s, parts)
    change += stored.replace(OF_MONTHS, *month_s, months)
    for row in rows:
        wholes = [point for point in row.days if point.measurement == costs.DAYS]
        change += stored.replace([costs.DAYS], row.start_s, row.stop_s, wholes)
    return change
