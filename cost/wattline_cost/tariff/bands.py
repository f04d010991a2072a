"""The band of a moment: the last rule that holds counts.

What rules say of a day depends on its weekday, or that it is a holiday, on its month, and on the same of the day before, whose
rules may lead across midnight. So there are few different days, and each is looked up in a table of its 96 quarter-hours of the
clock. The clock's hour that is there twice has the same bands both times, and the one that is left out is never asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.tariff.holidays import Calendar
from wattline_cost.tariff.model import Holiday, Rule

QUARTERS = 96
QUARTERS_OF_HOUR = 4


@dataclass(frozen=True, slots=True)
class Day:
    """What rules see of a day.

    Attributes:
        weekday: 0 is Monday; None of a holiday, which has none to them.
        month: 1 to 12.
    """

    weekday: int | None
    month: int

    def has(self, rule: Rule) -> bool:
        """Whether ``rule`` begins on such a day."""
        on_day = rule.on_holidays if self.weekday is None else self.weekday in rule.weekdays
        return on_day and self.month in rule.months


def is_across_midnight(rule: Rule) -> bool:
    """Whether it leads into the day after the one on which it begins; until midnight is not into it."""
    return time.min < rule.stop < rule.start


def rules_of_day(rules: Sequence[Rule], day: Day, day_before: Day) -> tuple[int | None, ...]:
    """The place among ``rules`` of the one that counts, for each quarter-hour of the clock; None where none holds."""
    counts: list[int | None] = [None] * QUARTERS
    for place, rule in enumerate(rules):
        start, stop = _quarter(rule.start), _quarter(rule.stop)
        if day.has(rule):
            end = stop if stop > start else QUARTERS
            counts[start:end] = [place] * (end - start)
        if is_across_midnight(rule) and day_before.has(rule):
            counts[:stop] = [place] * stop
    return tuple(counts)


def _quarter(moment: time) -> int:
    return QUARTERS_OF_HOUR * moment.hour + 60 * moment.minute // QUARTER_S


class Bands:
    """The bands of a version of a contract.

    Args:
        zone: whose clock and calendar count.
        rules: the last that holds counts.
        holidays: which days are none of their weekdays.
    """

    def __init__(self, zone: ZoneInfo, rules: Sequence[Rule], holidays: Iterable[Holiday]) -> None:
        self._zone = zone
        self._rules = tuple(rules)
        self.calendar = Calendar(holidays)
        self._dates: dict[date, tuple[int | None, ...]] = {}
        self._tables: dict[tuple[Day, Day], tuple[int | None, ...]] = {}

    def at(self, start_s: int) -> str:
        """The band of the quarter-hour that begins ``start_s`` seconds after 1970; empty where no rule holds."""
        place = self.place(start_s)
        return "" if place is None else self._rules[place].band

    def place(self, start_s: int) -> int | None:
        """The place among the rules of the one that counts then; None where none holds."""
        local = datetime.fromtimestamp(start_s, self._zone)
        day = local.date()
        table = self._dates.get(day)
        if table is None:
            table = self._dates[day] = self._table(day)
        return table[QUARTERS_OF_HOUR * local.hour + local.minute // 15]

    def _table(self, day: date) -> tuple[int | None, ...]:
        key = self._seen(day), self._seen(day - timedelta(days=1))
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = rules_of_day(self._rules, *key)
        return table

    def _seen(self, day: date) -> Day:
        return Day(None if self.calendar.name(day) else day.weekday(), day.month)
