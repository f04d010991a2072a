"""The band of a moment.

| fault | test |
|---|---|
| Italy's bands are wrong at an edge, on a holiday, on a Saturday that is one | test_italys_bands_are_those_of_the_resolution |
| ... or an hour late or early on the days on which the clock changes | test_bands_follow_the_clock_on_the_days_of_change |
| a day has not as many quarter-hours in each band as the table of the Authority | test_a_year_has_the_hours_that_are_counted_by_hand |
| what begins before midnight is taken for the day on which it ends | test_a_rule_across_midnight_belongs_to_the_day_on_which_it_begins |
| ... or is not seen on the first day of its month, or is seen after its last | test_across_midnight_months_are_those_of_the_day_before |
| a rule until midnight leads into the next day | test_until_midnight_is_not_into_the_next_day |
| a zone without a midnight on one day loses that day | test_a_day_without_midnight_has_its_bands |
| the first rule counts, or the closest | test_the_last_rule_that_holds_counts |
| a holiday is a weekday as well | test_a_holiday_is_none_of_its_weekdays |
| another order of asking gives other answers | test_the_order_of_asking_is_nothing |
"""

import random
from collections import Counter
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from wattline_cost.tariff.bands import Bands
from wattline_cost.tariff.model import EVERY_WEEKDAY, Holiday, Rule

ROME = ZoneInfo("Europe/Rome")
WORKDAYS = frozenset(range(5))
ITALY = (
    Rule("F3", on_holidays=True),
    Rule("F2", WORKDAYS | {5}, start=time(7), stop=time(23)),
    Rule("F1", WORKDAYS, start=time(8), stop=time(19)),
)
ELEVEN = (
    *(
        Holiday(f"{month}-{day}", each=(month, day))
        for month, day in [(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15)]
    ),
    *(Holiday(f"{month}-{day}", each=(month, day)) for month, day in [(11, 1), (12, 8), (12, 25), (12, 26)]),
    Holiday("Easter Monday", from_easter=1),
)


def start_s(text: str, zone: ZoneInfo = ROME, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp())


def day_of(bands: Bands, day: str, zone: ZoneInfo = ROME) -> Counter[str]:
    """The quarter-hours of a local day, by their band."""
    begin = datetime.fromisoformat(day).replace(tzinfo=zone)
    end = datetime.combine(date.fromordinal(begin.toordinal() + 1), time.min, zone)
    return Counter(bands.at(at) for at in range(int(begin.timestamp()), int(end.timestamp()), 900))


@pytest.mark.parametrize(
    ("moment", "band"),
    [
        # Wednesday the 14th of January 2026: an ordinary day of work, edge by edge.
        ("2026-01-14T00:00", "F3"),
        ("2026-01-14T06:45", "F3"),
        ("2026-01-14T07:00", "F2"),
        ("2026-01-14T07:45", "F2"),
        ("2026-01-14T08:00", "F1"),
        ("2026-01-14T18:45", "F1"),
        ("2026-01-14T19:00", "F2"),
        ("2026-01-14T22:45", "F2"),
        ("2026-01-14T23:00", "F3"),
        ("2026-01-14T23:45", "F3"),
        # Saturday the 17th.
        ("2026-01-17T06:45", "F3"),
        ("2026-01-17T07:00", "F2"),
        ("2026-01-17T12:00", "F2"),
        ("2026-01-17T22:45", "F2"),
        ("2026-01-17T23:00", "F3"),
        # Sunday the 18th.
        ("2026-01-18T12:00", "F3"),
        # Each of the eleven on a weekday or a Saturday, where it makes a difference: 2026-11-01 is a Sunday, 2025-11-01 a Saturday.
        ("2026-01-01T10:00", "F3"),
        ("2026-01-06T10:00", "F3"),
        ("2026-04-06T10:00", "F3"),
        ("2025-04-25T10:00", "F3"),
        ("2026-05-01T10:00", "F3"),
        ("2026-06-02T10:00", "F3"),
        ("2025-08-15T10:00", "F3"),
        ("2025-11-01T10:00", "F3"),
        ("2026-12-08T10:00", "F3"),
        ("2026-12-25T10:00", "F3"),
        ("2026-12-26T10:00", "F3"),
        # The day after, Good Friday, the 2nd of November and the 4th of October 2027, a Monday, are days of work to the meters.
        ("2026-04-07T10:00", "F1"),
        ("2026-04-03T10:00", "F1"),
        ("2026-11-02T10:00", "F1"),
        ("2027-10-04T10:00", "F1"),
    ],
)
def test_italys_bands_are_those_of_the_resolution(moment: str, band: str) -> None:
    assert Bands(ROME, ITALY, ELEVEN).at(start_s(moment)) == band


def test_bands_follow_the_clock_on_the_days_of_change() -> None:
    """Both are Sundays. With bands that change on Sundays too: 92 quarter-hours less the two hours that the clock skips of the night,
    and 100 with them twice."""
    bands = Bands(
        ROME, (Rule("night", on_holidays=True), Rule("day", on_holidays=True, start=time(3), stop=time(20))), ()
    )
    # 2026-03-29: 00:00 to 02:00 and 20:00 to 24:00 are 6 hours, 03:00 to 20:00 are 17.
    assert day_of(bands, "2026-03-29") == {"night": 24, "day": 68}
    # 2026-10-25: 02:00 to 03:00 is there twice, so the night has 3 + 1 + 4 hours.
    assert day_of(bands, "2026-10-25") == {"night": 32, "day": 68}
    assert bands.at(start_s("2026-03-29T03:00")) == "day"
    # The quarter-hour before it is 01:45.
    assert bands.at(start_s("2026-03-29T03:00") - 900) == "night"
    assert [bands.at(start_s("2026-10-25T02:45", fold=fold)) for fold in (0, 1)] == ["night", "night"]
    assert [bands.at(start_s("2026-10-25T03:00")), bands.at(start_s("2026-10-25T19:45"))] == ["day", "day"]
    assert bands.at(start_s("2026-10-25T20:00")) == "night"


def test_italys_bands_on_the_days_of_change() -> None:
    bands = Bands(ROME, ITALY, ELEVEN)
    assert day_of(bands, "2026-03-29") == {"F3": 92}
    assert day_of(bands, "2026-10-25") == {"F3": 100}
    # Monday after: the clock's 8 is F1 again.
    assert bands.at(start_s("2026-03-30T08:00")) == "F1"
    assert bands.at(start_s("2026-03-30T07:45")) == "F2"


def test_a_year_has_the_hours_that_are_counted_by_hand() -> None:
    """2026: 261 days from Monday to Friday, of which 7 are holidays (1 and 6 January, 6 April, 1 May, 2 June, 8 and 25 December); 52
    Saturdays, of which 3 are (25 April, 15 August, 26 December). F1: 254 x 11 h = 2794 h. F2: 254 x 5 h + 49 x 16 h = 2054 h. F3: the
    rest of 8760 h, 3912 h."""
    bands = Bands(ROME, ITALY, ELEVEN)
    year = range(start_s("2026-01-01T00:00"), start_s("2027-01-01T00:00"), 900)
    assert Counter(map(bands.at, year)) == {"F1": 4 * 2794, "F2": 4 * 2054, "F3": 4 * 3912}


NIGHT = (Rule("dear", on_holidays=True), Rule("cheap", frozenset({4}), start=time(22), stop=time(6)))


def test_a_rule_across_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday's night reaches into Saturday, and none reaches into Friday."""
    bands = Bands(ROME, NIGHT, ())
    found = {
        text: bands.at(start_s(f"2026-01-{text}"))
        for text in ("15T23:00", "16T05:45", "16T22:00", "17T05:45", "17T06:00")
    }
    assert found == {
        "15T23:00": "dear",
        "16T05:45": "dear",
        "16T22:00": "cheap",
        "17T05:45": "cheap",
        "17T06:00": "dear",
    }


def test_a_holiday_before_has_no_night_of_its_weekday() -> None:
    """Friday the 1st of May 2026 is a holiday, so the rule of Fridays does not begin on it."""
    bands = Bands(ROME, NIGHT, ELEVEN)
    assert [bands.at(start_s(f"2026-05-{text}")) for text in ("01T23:00", "02T03:00")] == ["dear", "dear"]


def test_across_midnight_months_are_those_of_the_day_before() -> None:
    rules = (
        Rule("dear", on_holidays=True),
        Rule("cheap", on_holidays=True, start=time(22), stop=time(6), months=frozenset({1})),
    )
    bands = Bands(ROME, rules, ())
    asked = ("2026-01-01T03:00", "2026-01-01T22:00", "2026-02-01T03:00", "2026-02-01T22:00")
    assert [bands.at(start_s(text)) for text in asked] == ["dear", "cheap", "cheap", "dear"]


def test_until_midnight_is_not_into_the_next_day() -> None:
    rules = (Rule("dear", on_holidays=True), Rule("cheap", frozenset({4}), start=time(22), stop=time.min))
    assert day_of(Bands(ROME, rules, ()), "2026-01-16") == {"dear": 88, "cheap": 8}
    assert day_of(Bands(ROME, rules, ()), "2026-01-17") == {"dear": 96}


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    # The clock goes from midnight to one, in Chile in September and in Lebanon in March.
    [
        ("America/Santiago", "2026-09-06", 92),
        ("Asia/Beirut", "2026-03-29", 92),
        ("America/Santiago", "2026-04-04", 100),
    ],
)
def test_a_day_without_midnight_has_its_bands(zone: str, day: str, quarters: int) -> None:
    """It is a holiday here, and the days around it are not: what is told of it begins and ends with it."""
    holiday = Holiday("x", on=date.fromisoformat(day))
    bands = Bands(ZoneInfo(zone), (Rule("work"), Rule("rest", frozenset(), on_holidays=True)), (holiday,))
    begin = start_s(day, ZoneInfo(zone))
    found = Counter(bands.at(at) for at in range(begin - 86_400, begin + 2 * 86_400, 900))
    assert found["rest"] == quarters


def test_the_last_rule_that_holds_counts() -> None:
    rules = (
        Rule("a", on_holidays=True),
        Rule("b", start=time(8), stop=time(12)),
        Rule("c", start=time(10), stop=time(11)),
    )
    bands = Bands(ROME, rules, ())
    assert [bands.at(start_s(f"2026-01-14T{hour}:00")) for hour in ("07", "08", "10", "11", "12")] == list("abcba")


def test_a_holiday_is_none_of_its_weekdays() -> None:
    """Sunday the 1st of November: a rule of Sundays alone does not hold, one of holidays does, and one of every day does."""
    asked = start_s("2026-11-01T10:00")
    sundays, every = Rule("sun", frozenset({6})), Rule("every", EVERY_WEEKDAY, on_holidays=True)
    assert Bands(ROME, (every, sundays), ELEVEN).at(asked) == "every"
    assert Bands(ROME, (every, sundays, Rule("rest", frozenset(), on_holidays=True)), ELEVEN).at(asked) == "rest"


def test_where_no_rule_holds_there_is_no_band() -> None:
    assert Bands(ROME, (), ()).at(0) == ""
    assert Bands(ROME, ITALY, ()).place(start_s("2026-01-14T10:00")) == 2


def test_the_order_of_asking_is_nothing() -> None:
    moments = list(range(start_s("2026-03-01"), start_s("2026-05-01"), 900))
    straight = {at: Bands(ROME, ITALY, ELEVEN).at(at) for at in moments[::97]}
    shuffled = list(straight)
    random.Random(4).shuffle(shuffled)
    bands = Bands(ROME, ITALY, ELEVEN)
    assert {at: bands.at(at) for at in shuffled} == straight
