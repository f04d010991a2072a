"""Whether rules give every moment a band, and each rule is of use: proven by walking all the days that rules can tell apart."""

from collections.abc import Iterator, Sequence

from wattline_cost.tariff.bands import QUARTERS, Day, is_across_midnight, rules_of_day
from wattline_cost.tariff.model import Rule
from wattline_cost.tariff.rules import NumberedRule
from wattline_cost.tariff.words import MONTHS, WEEKDAYS, told_hours, told_places


def trouble(rules: Sequence[NumberedRule], *, have_holidays: bool) -> str | None:
    """What is wrong with the rules of a version, in a sentence; None: nothing.

    Args:
        rules: in the order of the file.
        have_holidays: whether the contract names any holiday.
    """
    plain = [numbered.rule for numbered in rules]
    if not have_holidays:
        for numbered in rules:
            if numbered.rule.on_holidays and not numbered.rule.weekdays:
                return f"rule {numbered.number} is of holidays, but no [[holiday]] says which days these are"
    count: set[int] = set()
    for day, day_before in _days(plain, have_holidays=have_holidays):
        places = rules_of_day(plain, day, day_before)
        if None in places:
            return f"{_uncovered(plain, day, places, have_holidays=have_holidays)} has no band; add a rule that gives it one"
        count.update(place for place in places if place is not None)
    for place, numbered in enumerate(rules):
        if place not in count:
            return (
                f"rule {numbered.number} (band {numbered.rule.band!r}) never counts at {_hours(numbered.rule)}, since of the "
                "rules that hold at a moment the last one counts; put it below those that hold at the same times"
            )
    return None


def _days(rules: Sequence[Rule], *, have_holidays: bool) -> Iterator[tuple[Day, Day]]:
    """Every day that rules can tell apart, with every day that can be before it."""
    across = any(map(is_across_midnight, rules))
    for month in range(1, 13):
        for weekday in (*range(7), *([None] if have_holidays else [])):
            day = Day(weekday, month)
            if not across:
                yield day, day
                continue
            before = {(weekday - 1) % 7} if weekday is not None else set(range(7))
            for weekday_before in (*sorted(before), *([None] if have_holidays else [])):
                for month_before in (month, (month - 2) % 12 + 1):
                    yield day, Day(weekday_before, month_before)


def _uncovered(rules: Sequence[Rule], day: Day, places: Sequence[int | None], *, have_holidays: bool) -> str:
    """The first time of that day without a band, such as ``Saturday 07:00-23:00 in January``."""
    first = places.index(None)
    stop = next((quarter for quarter in range(first, QUARTERS) if places[quarter] is not None), QUARTERS)
    name = "a holiday" if day.weekday is None else WEEKDAYS[day.weekday]
    months = {
        like.month
        for like, before in _days(rules, have_holidays=have_holidays)
        if like.weekday == day.weekday and rules_of_day(rules, like, before)[first] is None
    }
    when = "" if len(months) == len(MONTHS) else f" in {told_places((month - 1 for month in months), MONTHS)}"
    return f"{name} {_clock(first)}-{_clock(stop)}{when}"


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{15 * (quarter % 4):02}"


def _hours(rule: Rule) -> str:
    return "any time" if rule.start == rule.stop else told_hours(rule.start, rule.stop)
