"""The days that rules of bands call holidays: dates, dates of each year, days from Easter.

What counts is the contract's own list. A library's idea of a public holiday changes with the law, and meters do not: Italy's
bands know eleven days, whatever parliament declares.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, date, timedelta

from wattline_cost.tariff.model import Holiday


def easter(year: int) -> date:
    """Easter Sunday by the Gregorian calendar.

    The names are those of the reckoning of the church: the golden number says where the year stands among the nineteen after
    which the moon's phases return to their dates.
    """
    golden = year % 19
    century, of_century = divmod(year, 100)
    moon_skips = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - moon_skips + 15) % 30
    days_to_sunday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    # The church's moon is never as late as the 19th of April, and in some years not the 18th.
    correction = (golden + 11 * epact + 22 * days_to_sunday) // 451
    month, day = divmod(epact + days_to_sunday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def day_in(holiday: Holiday, year: int) -> date | None:
    """The day of that year on which ``holiday`` falls; None in a year without it."""
    if not (holiday.since or MINYEAR) <= year <= (holiday.until or MAXYEAR):
        return None
    if holiday.on is not None:
        return holiday.on if holiday.on.year == year else None
    if holiday.each is not None:
        try:
            return date(year, *holiday.each)
        except ValueError:
            # The 29th of February is no day of this year.
            return None
    return easter(year) + timedelta(days=holiday.from_easter or 0)


class Calendar:
    """Which days are holidays.

    Args:
        holidays: the contract's.
    """

    def __init__(self, holidays: Iterable[Holiday]) -> None:
        self._holidays = tuple(holidays)
        self._years: dict[int, dict[date, str]] = {}

    def of_year(self, year: int) -> dict[date, str]:
        """The holidays of a year in their order, and their names."""
        days = self._years.get(year)
        if days is None:
            named = [(day, holiday.name) for holiday in self._holidays if (day := day_in(holiday, year))]
            days = self._years[year] = dict(sorted(named))
        return days

    def name(self, day: date) -> str | None:
        """What the holiday is called that ``day`` is; None when it is none."""
        return self.of_year(day.year).get(day)
