"""Rules of bands and holidays, as a file tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time

from wattline.costs import ALL_BANDS
from wattline_cost.errors import TariffError
from wattline_cost.tariff.components import REGISTER_NUMBERS
from wattline_cost.tariff.model import EVERY_MONTH, EVERY_WEEKDAY, Holiday, Rule
from wattline_cost.tariff.table import Faults, Table
from wattline_cost.tariff.words import HOLIDAY, MONTHS, WEEKDAYS, hours, places

RULE_KEYS = ("band", "days", "hours", "months")
HOLIDAY_KEYS = ("name", "date", "each", "easter", "since", "until")
BY_WHICH = ("date", "each", "easter")
# So far Easter may be away, the day stays in its year.
EASTER_BEFORE, EASTER_AFTER = -80, 250
LEAP_YEAR = 2024

_DAYS_RULE = f"must be such as 'Mon-Fri' or ['Sat', 'Sun', '{HOLIDAY}'], in English"
_MONTHS_RULE = "must be such as 'Oct-Mar' or ['Jan', 'Feb'], in English"
_HOURS_RULE = (
    "must be such as '08:00-19:00', '22:00-06:00' or ['07:00-08:00', '19:00-24:00']; without it the whole day counts"
)


@dataclass(frozen=True, slots=True)
class NumberedRule:
    """A rule, and the number of the table of the file that tells it: one with several hours tells several."""

    number: int
    rule: Rule


def rules(place: str, tables: Sequence[Mapping[str, object]], faults: Faults) -> tuple[NumberedRule, ...]:
    """The rules that ``tables`` tell, without those that ``faults`` now has."""
    found: list[NumberedRule] = []
    for number, values in enumerate(tables, 1):
        with faults.kept():
            table = Table(f"{place}, rule {number}", values, RULE_KEYS)
            found += [NumberedRule(number, rule) for rule in _rules(table)]
    return tuple(found)


def _rules(table: Table) -> list[Rule]:
    band = table.tag("band")
    if band == ALL_BANDS:
        raise table.fault("band", f"must not be {ALL_BANDS!r}, as the whole is called where no price has bands")
    if band in REGISTER_NUMBERS:
        raise table.fault(
            "band", f"must not be one of {', '.join(REGISTER_NUMBERS)}, which are the meter's own registers"
        )
    weekdays, on_holidays = _days(table)
    months = _places(table, "months", MONTHS, _MONTHS_RULE) if "months" in table else None
    return [
        Rule(band, weekdays, on_holidays, start, stop, frozenset(n + 1 for n in months) if months else EVERY_MONTH)
        for start, stop in _hours(table)
    ]


def _days(table: Table) -> tuple[frozenset[int], bool]:
    """The weekdays, and whether holidays are among the days; without a word every day is."""
    if "days" not in table:
        return EVERY_WEEKDAY, True
    words = table.texts("days", _DAYS_RULE)
    weekdays = [word for word in words if word.lower() != HOLIDAY]
    found = [places(word, WEEKDAYS) for word in weekdays]
    if not all(found):
        raise table.fault("days", _DAYS_RULE)
    return frozenset().union(*found), len(weekdays) < len(words)


def _places(table: Table, key: str, names: Sequence[str], rule: str) -> frozenset[int]:
    found = [places(word, names) for word in table.texts(key, rule)]
    if not all(found):
        raise table.fault(key, rule)
    return frozenset().union(*found)


def _hours(table: Table) -> list[tuple[time, time]]:
    if "hours" not in table:
        return [(time.min, time.min)]
    found = [hours(word) for word in table.texts("hours", _HOURS_RULE)]
    if None in found:
        raise table.fault("hours", _HOURS_RULE)
    spans = [span for span in found if span]
    if any(moment.minute % 15 for span in spans for moment in span):
        raise table.fault("hours", "must begin and end at a quarter-hour, such as 08:00, 08:15, 08:30 or 08:45")
    return spans


def holidays(place: str, tables: Sequence[Mapping[str, object]], faults: Faults) -> tuple[Holiday, ...]:
    """The holidays that ``tables`` tell, without those that ``faults`` now has."""
    found: list[Holiday] = []
    for number, values in enumerate(tables, 1):
        with faults.kept():
            here = f"{place}, holiday {values['name']!r}" if "name" in values else f"{place}, holiday {number}"
            found.append(_holiday(Table(here, values, HOLIDAY_KEYS)))
    return tuple(found)


def _holiday(table: Table) -> Holiday:
    name = table.text("name")
    told = [key for key in BY_WHICH if key in table]
    if len(told) != 1:
        raise TariffError(
            table.place,
            f"There {'are ' + ' and '.join(map(repr, told)) if told else 'is no day'}; a holiday has one of the keys 'date' "
            "(that day alone), 'each' (a day of each year, such as '12-25') and 'easter' (days after Easter Sunday, such as 1).",
        )
    if told == ["date"]:
        for key in ("since", "until"):
            if key in table:
                raise TariffError(
                    table.place, f"The key {key!r} does not go with 'date', which is one day of one year; leave it out."
                )
        return Holiday(name, on=_date(table))
    since = table.whole("since", 1900, MAXYEAR) if "since" in table else None
    until = table.whole("until", since or 1900, MAXYEAR) if "until" in table else None
    if told == ["each"]:
        return Holiday(name, each=_each(table), since=since, until=until)
    return Holiday(name, from_easter=table.whole("easter", EASTER_BEFORE, EASTER_AFTER), since=since, until=until)


def _date(table: Table) -> date:
    value = table.raw("date")
    if isinstance(value, datetime) or not isinstance(value, date):
        raise table.fault("date", "must be a date without quotation marks, such as 2027-10-04")
    return value


def _each(table: Table) -> tuple[int, int]:
    try:
        day = date.fromisoformat(f"{LEAP_YEAR}-{table.text('each')}")
    except ValueError:
        raise table.fault("each", "must be a month and a day, such as '12-25'") from None
    return day.month, day.day
