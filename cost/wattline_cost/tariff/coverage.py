"""Whether rules give every moment a band, and each rule is of use: proven by walking all the days that rules can tell apart."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import time

from wattline_cost.tariff.bands import Day, is_across_midnight, rules_of_day
from wattline_cost.tariff.model import EVERY_WEEKDAY, Rule
from wattline_cost.tariff.rules import NumberedRule
from wattline_cost.tariff.told import rule
from wattline_cost.tariff.words import told_hours


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
    holes: dict[Day, set[int]] = {}
    for day, day_before in _days(plain, have_holidays=have_holidays):
        for quarter, place_then in enumerate(rules_of_day(plain, day, day_before)):
            if place_then is None:
                holes.setdefault(day, set()).add(quarter)
            else:
                count.add(place_then)
    if holes:
        told = [rule(each) for each in _uncovered(holes, have_holidays=have_holidays)]
        return f"there is no band for {', nor for '.join(told)}; add a rule that gives one"
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


def _uncovered(holes: Mapping[Day, Collection[int]], *, have_holidays: bool) -> Iterator[Rule]:
    """The quarter-hours without a band of each day, as the rules that would have them."""
    months: dict[tuple[int | None, int, int], set[int]] = {}
    for day, quarters in holes.items():
        for first, stop in _spans(quarters):
            months.setdefault((day.weekday, first, stop), set()).add(day.month)
    days: dict[tuple[int, int, frozenset[int]], set[int | None]] = {}
    for (weekday, first, stop), of_span in months.items():
        days.setdefault((first, stop, frozenset(of_span)), set()).add(weekday)
    for (first, stop, of_months), weekdays in days.items():
        plain = frozenset(weekday for weekday in weekdays if weekday is not None)
        on_holidays = None in weekdays or (not have_holidays and plain == EVERY_WEEKDAY)
        yield Rule("", plain, on_holidays, _clock(first), _clock(stop), of_months)


def _spans(quarters: Collection[int]) -> Iterator[tuple[int, int]]:
    """The first quarter-hour of each row of them, and the one after its last."""
    firsts = sorted(quarter for quarter in quarters if quarter - 1 not in quarters)
    stops = sorted(quarter + 1 for quarter in quarters if quarter + 1 not in quarters)
    return zip(firsts, stops, strict=True)


def _clock(quarter: int) -> time:
    return time(quarter // 4 % 24, 15 * (quarter % 4))


def _hours(rule: Rule) -> str:
    return "any time" if rule.start == rule.stop else told_hours(rule.start, rule.stop)
