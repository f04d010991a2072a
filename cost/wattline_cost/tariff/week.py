"""The bands of a week as a table, by which a contract on paper can be compared."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from wattline_cost.tariff.bands import Day, is_across_midnight, rules_of_day
from wattline_cost.tariff.model import EVERY_MONTH, EVERY_WEEKDAY, Rule
from wattline_cost.tariff.words import HOLIDAY, MONTHS, WEEKDAYS, told_places

Spans = tuple[tuple[str, str], ...]
"""From which time of day on which band holds, in order."""

DAYS_BEFORE = {weekday: (weekday - 1) % 7 for weekday in range(7)}
# A holiday as most are: after a day of work, whose rules may lead across midnight.
A_WEDNESDAY = 2


def weeks(rules: Sequence[Rule], *, have_holidays: bool) -> Iterator[tuple[str, list[tuple[str, Spans]]]]:
    """For the months that have the same week: which they are (empty: all), and its days and their bands."""
    by_month = [(_week(rules, month, have_holidays=have_holidays), month) for month in range(1, 13)]
    distinct = list(dict.fromkeys(week for week, _ in by_month))
    for week in distinct:
        months = [month - 1 for same, month in by_month if same == week]
        yield "" if len(months) == len(MONTHS) else told_places(months, MONTHS), list(week)


def depends_on_day_before(rules: Sequence[Rule]) -> bool:
    """Whether a morning has other bands than here when the day before is of another month, or a holiday."""
    return any(
        is_across_midnight(rule)
        and not (rule.on_holidays and rule.weekdays == EVERY_WEEKDAY and rule.months == EVERY_MONTH)
        for rule in rules
    )


def _week(rules: Sequence[Rule], month: int, *, have_holidays: bool) -> tuple[tuple[str, Spans], ...]:
    """The days that are alike, together."""
    days = {weekday: _spans(rules, Day(weekday, month), Day(before, month)) for weekday, before in DAYS_BEFORE.items()}
    holiday = _spans(rules, Day(None, month), Day(A_WEDNESDAY, month)) if have_holidays else None
    rows = []
    for spans in dict.fromkeys([*days.values(), *([holiday] if holiday else [])]):
        names = told_places((weekday for weekday, own in days.items() if own == spans), WEEKDAYS)
        with_holiday = [names, f"{HOLIDAY}s"] if spans == holiday else [names]
        rows.append((", ".join(filter(None, with_holiday)), spans))
    return tuple(rows)


def _spans(rules: Sequence[Rule], day: Day, day_before: Day) -> Spans:
    bands = ["" if place is None else rules[place].band for place in rules_of_day(rules, day, day_before)]
    runs = groupby(enumerate(bands), key=lambda item: item[1])
    starts = [(next(run)[0], band) for band, run in runs]
    return tuple((f"{quarter // 4:02}:{15 * (quarter % 4):02}", band) for quarter, band in starts)
