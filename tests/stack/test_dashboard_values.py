"""What the panels say is so, also at the end of a month, after a bad reading, beside a gap, from another time zone.

Each panel's own query is asked, with "now" put where it hurts, on a real InfluxDB with a few points whose sums are known.

| fault | test |
|---|---|
| "by now" of a short month or year with days of the next one in it | test_by_now_ends_where_the_period_ends |
| "by now" an hour off on the days of the clock change and after them | test_by_now_is_the_same_time_on_the_wall |
| the last hour without its gap, or at other minutes | test_the_last_hour_counts_its_minutes_up_to_now |
| a course that no panel draws, since an hour comes twice | test_a_course_stands_at_its_time_on_the_wall |
| yesterday's course an hour beside today's, likewise | test_a_course_stands_at_its_time_on_the_wall |
| a 29 February that shifts every later day of the year by one | test_by_now_ends_where_the_period_ends |
| the whole of yesterday shown as today, until a quarter past midnight | test_a_period_begins_at_its_midnight |
| a counter that reads zero once is counted anew from zero | test_one_bad_reading_of_a_counter_is_not_counted |
| a new meter's counter counted backwards, or from nothing | test_a_counter_that_begins_anew_is_not_counted_backwards |
| what a new meter came with is counted, or a month of the old one lost | test_a_changed_meter_counts_what_was_used |
| a step of several kWh is not counted for the minutes after it | test_a_step_of_a_coarse_counter_is_counted_at_once |
| today twice, or under yesterday's date, for somebody in another time zone | test_a_day_stands_once_in_every_time_zone |
| half of the day on which a meter was given another role | test_a_day_of_two_roles_is_whole |
| a month without today, and none at all on its first day | test_the_current_month_has_today_in_it |
| the night of today taken for the last whole day's base load | test_the_base_load_is_that_of_a_whole_day |
| the base load of days ago taken for the last whole day's | test_the_base_load_of_days_ago_is_not_shown_for_the_last |
| the yield of the panels is called given to the grid, or is zero, since it is no consumption | test_of_a_solar_meter_the_yield_is_told |
| two solar meters wired opposite ways cancel each other | test_solar_meters_are_judged_one_by_one |
| what the panels take at night is said to be given | test_what_the_panels_take_at_night_is_no_production |
| the charging of a battery counted as the house's use | test_a_battery_is_not_the_house |
| a gap that touches the edge of the chosen time is not seen | test_a_gap_at_the_edge_is_a_gap |
| lost seconds pass for those of a meter that is read rarely | test_a_bad_line_is_not_taken_for_a_slow_meter |
| a silent meter that has all its seconds | test_what_is_silent_at_the_edge_is_not_metered |
| a new meter blamed for the time before it | test_a_new_meter_has_missed_nothing |
| each pause of a meter that is read every two minutes is a gap | test_the_usual_pause_of_a_slow_meter_is_no_gap |
| each quarter-hour of a slow meter is a gap of zero seconds | test_a_slow_meter_has_no_gap_of_nothing |
| an hour without a reading taken for the pause of a meter read every ten minutes | test_a_gap_of_an_hour_is_one_of_a_meter_read_every_ten_minutes |
| "no gap" of years in which hours are missing | test_days_tell_of_whole_days_only |
| red for a meter that is read every five minutes, or green when it is silent | test_a_slow_meter_is_late_after_its_usual_pause |
| an empty database that says that all is well | test_only_what_is_known_is_called_well |
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from database import line
from stack.conftest import Stack
from stack.dashboards import Viewer, duration, query_of, variable_queries

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3600, 86_400
NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
END = int(NOW.timestamp())
ROME = ZoneInfo("Europe/Rome")
RAW = {"bucket": "energy", "window": "10s"}
HOURS_24 = {"bucket": "energy_1m", "window": "2m"}
PARTS = (("grid", -DAY - DAY // 2, 0), ("load", 0, DAY + DAY // 2))
DAYS_30 = {"bucket": "energy_15m", "window": "1h"}
DAYS_90 = {"bucket": "energy_15m", "window": "3h"}
DAYS_400 = {"bucket": "energy_15m", "window": "12h"}
DAYS_500 = {"bucket": "energy_1d", "window": "2d"}


def local(*words: int) -> datetime:
    """A time on the household's clock."""
    return datetime(*words, tzinfo=ROME)


def quarters(begin: datetime, end: datetime) -> Iterable[str]:
    """A kilowatt-hour in each quarter-hour, so that a sum counts them."""
    for second in range(int(begin.timestamp()), int(end.timestamp()), QUARTER):
        yield line(second, {"consumption_kwh": 1, "readings": 900, "power_w": 4000, "power_w_min": 4000})


def metered(stack: Stack, *spans: tuple[int, int], step: int = 10, meter: str = "house") -> None:
    """Readings between seconds before the end, and what the tasks make of them."""
    lines = [
        line(second, {"power_w": 500, "energy_total_kwh": 1000 + (second - END) / 7200}, meter=meter)
        for first, last in spans
        for second in range(END - first, END - last, step)
    ]
    stack.write(lines)
    stack.roll_up(END - max(first for first, _ in spans) - HOUR, END)


def ask(
    stack: Stack,
    panel: tuple[str, str],
    zoom: timedelta,
    now: datetime = NOW,
    zone: str = "Europe/Rome",
    **words: str | list[str],
) -> list[dict[str, str]]:
    return Viewer(stack, NOW, zone).ask(
        query_of(*panel), zoom, now=now, **({"meter": "house", "counted": "consumption_kwh"} | words)
    )


def kwh(begin: datetime, end: datetime) -> float:
    """What `quarters` has between two moments."""
    return -(-(end.timestamp() - begin.timestamp()) // QUARTER)


# Home


@pytest.mark.parametrize(
    ("title", "now", "begin", "end"),
    [
        ("Today", local(2024, 10, 27, 23, 40), local(2024, 10, 26), local(2024, 10, 26, 23, 25)),
        ("This month", local(2025, 3, 28, 12, 15), local(2025, 2, 1), local(2025, 2, 28, 12)),
        ("This month", local(2025, 3, 29, 12, 15), local(2025, 2, 1), local(2025, 3, 1)),
        ("This month", local(2025, 3, 31, 12, 15), local(2025, 2, 1), local(2025, 3, 1)),
        ("This month", local(2025, 5, 31, 12, 15), local(2025, 4, 1), local(2025, 5, 1)),
        ("This year", local(2024, 12, 31, 12, 15), local(2023, 1, 1), local(2023, 12, 31, 12)),
        ("This year", local(2024, 2, 29, 12, 15), local(2023, 1, 1), local(2023, 3, 1)),
        ("This year", local(2024, 3, 1, 12, 15), local(2023, 1, 1), local(2023, 3, 1, 12)),
        ("This year", local(2025, 3, 1, 12, 15), local(2024, 1, 1), local(2024, 3, 1, 12)),
        ("This year", local(2025, 12, 31, 23, 59), local(2024, 1, 1), local(2024, 12, 31, 23, 44)),
        ("This year", local(2025, 6, 1, 0, 5), local(2024, 1, 1), local(2024, 5, 31, 23, 50)),
    ],
)
def test_by_now_ends_where_the_period_ends(
    years: Stack, title: str, now: datetime, begin: datetime, end: datetime
) -> None:
    rows = ask(years, ("home", title), timedelta(hours=1), now.astimezone(UTC))
    answer = {row["_field"]: float(row["_value"]) for row in rows}

    assert answer["earlier_by_now"] == kwh(begin, end)
    assert answer["earlier_by_now"] <= answer["earlier_whole"]


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        # The day before the clock was set forward at two: half past two was not, and is taken for half past three.
        ("Europe/Rome", "2025-03-31T01:15+02:00", 1),
        ("Europe/Rome", "2025-03-31T02:45+02:00", 2.5),
        ("Europe/Rome", "2025-03-31T12:15+02:00", 11),
        ("Europe/Rome", "2025-03-31T23:59+02:00", 22.75),
        # This day it was.
        ("Europe/Rome", "2025-03-30T03:15+02:00", 3),
        ("Europe/Rome", "2025-03-30T12:15+02:00", 12),
        # The day before it was set back at three: half past two came twice, and is the first.
        ("Europe/Rome", "2025-10-27T02:45+01:00", 2.5),
        ("Europe/Rome", "2025-10-27T03:15+01:00", 4),
        ("Europe/Rome", "2025-10-27T12:15+01:00", 13),
        # This day it was.
        ("Europe/Rome", "2025-10-26T02:45+02:00", 2.5),
        ("Europe/Rome", "2025-10-26T02:45+01:00", 2.5),
        ("Europe/Rome", "2025-10-26T12:15+01:00", 12),
        # By half an hour, and at midnight.
        ("Australia/Lord_Howe", "2025-10-06T12:15+11:00", 11.5),
        ("Australia/Lord_Howe", "2025-04-07T12:15+10:30", 12.5),
        ("Africa/Cairo", "2025-04-26T12:15+03:00", 11),
        ("Africa/Cairo", "2025-04-25T12:15+03:00", 12),
    ],
)
def test_by_now_is_the_same_time_on_the_wall(years: Stack, zone: str, now: str, hours: float) -> None:
    """Of yesterday, where the clock was set forward or back on it or since."""
    rows = ask(years, ("home", "Today"), timedelta(hours=1), datetime.fromisoformat(now).astimezone(UTC), zone)

    assert {row["_field"]: float(row["_value"]) for row in rows}["earlier_by_now"] == -(-hours * HOUR // QUARTER)


@pytest.mark.parametrize(
    ("title", "now", "before"),
    [
        ("Today", local(2024, 10, 28, 0, 7), local(2024, 10, 27)),
        ("This week", local(2025, 3, 31, 0, 14), local(2025, 3, 24)),
        ("This month", local(2025, 3, 1, 0, 0), local(2025, 2, 1)),
        ("This year", local(2025, 1, 1, 0, 14), local(2024, 1, 1)),
        ("This year", local(2026, 1, 1, 0, 7), local(2025, 1, 1)),
    ],
)
def test_a_period_begins_at_its_midnight(years: Stack, title: str, now: datetime, before: datetime) -> None:
    """With the quarter-hour under way, and with nothing where that was not read yet, as in the first one of 2026."""
    rows = ask(years, ("home", title), timedelta(hours=1), now.astimezone(UTC))
    first = 0 if now.year == 2026 else 1

    assert {row["_field"]: float(row["_value"]) for row in rows} == {
        "current": first,
        "earlier_by_now": 1,
        "earlier_whole": kwh(before, now.replace(minute=0)),
    }


@pytest.fixture(scope="module")
def years(server_of_stack: Stack) -> Stack:
    """Three years, one of them a leap year."""
    server_of_stack.empty()
    server_of_stack.write(quarters(local(2023, 1, 1), local(2026, 1, 1)), "energy_15m")
    return server_of_stack


@pytest.mark.parametrize("day", [(2025, 3, 30), (2025, 3, 31), (2025, 10, 26), (2025, 10, 27), (2025, 11, 23)])
def test_a_course_stands_at_its_time_on_the_wall(stack: Stack, day: tuple[int, int, int]) -> None:
    """Each quarter-hour's power tells its time on the wall, and so has to stand there, today and on the days before."""
    begin, end = local(*day) - timedelta(days=29), local(*day) + timedelta(days=1)
    seconds = range(int(begin.timestamp()), int(end.timestamp()), QUARTER)
    stack.write((line(second, {"power_w": on_the_wall(second)}) for second in seconds), "energy_15m")

    rows = ask(stack, ("home", "Today's course"), timedelta(hours=1), end.astimezone(UTC) - timedelta(seconds=1))
    minutes = [round(60 * float(row["hour"])) for row in drawn(rows, "hour")]
    courses = ("today_w", "yesterday_w", "usual_w")
    found = {
        (name, minute): float(row[name])
        for minute, row in zip(minutes, drawn(rows, "hour"), strict=True)
        for name in courses
        if row[name]
    }

    # An axis that is no time has to ascend.
    assert minutes == sorted(set(minutes))
    assert found == {key: key[1] for key in found}
    today = {on_the_wall(second) for second in seconds if second >= local(*day).timestamp()}
    left_out = range(120, 180) if day == (2025, 3, 31) else range(0)
    lacking = {(name, minute) for name in courses for minute in today} - found.keys()
    assert lacking == {("yesterday_w", n) for n in left_out[::15]}


def drawn(rows: list[dict[str, str]], axis: str) -> list[dict[str, str]]:
    """Those that the browser leaves in; the one before them is there so that the panel has its columns."""
    assert float(rows[0][axis]) < -1000
    return rows[1:]


def test_the_last_hour_counts_its_minutes_up_to_now(stack: Stack) -> None:
    """A gap of three minutes stays one."""
    metered(stack, (7200, 600), (420, 0), step=5)

    rows = drawn(ask(stack, ("home", "Power, the last hour"), timedelta(days=30)), "minutes")
    silent = [float(row["minutes"]) for row in rows if not row["power_w"]]

    assert [float(rows[place]["minutes"]) for place in (0, -1)] == pytest.approx([-60, -5 / 60])
    assert {float(row["power_w"]) for row in rows if row["power_w"]} == {500}
    assert [silent[0], silent[-1], len(silent)] == pytest.approx([-10, -7 - 5 / 60, 36])


def on_the_wall(second: int) -> int:
    """Minutes since midnight on the household's clock."""
    moment = datetime.fromtimestamp(second, ROME)
    return 60 * moment.hour + moment.minute


@pytest.mark.parametrize(
    ("hours", "words"),
    [(2, RAW), (24, HOURS_24), (48, DAYS_30)],
    ids=["2 h", "24 h", "48 h"],
)
@pytest.mark.parametrize(
    ("bad_kwh", "place"),
    # A last reading that is too high may be a new meter's: it is shown, and not counted.
    [(0, "within"), (0, "first"), (0, "last"), (9000, "within"), (9000, "first")],
)
def test_one_bad_reading_of_a_counter_is_not_counted(
    stack: Stack, hours: int, words: dict[str, str], bad_kwh: float, place: str
) -> None:
    """Where it is the last of its minute, quarter-hour and window, which is what a rollup keeps."""
    window = int(duration(words["window"]).total_seconds())
    moment = {"within": END - HOUR, "first": END - hours * HOUR + window, "last": END}[place] - 10
    metered(stack, ((hours + 2) * HOUR, 0))
    stack.write([line(moment, {"energy_total_kwh": bad_kwh})])
    stack.roll_up(END - (hours + 2) * HOUR, END)

    (row,) = ask(stack, ("home", "The meter's counters"), timedelta(hours=hours), **words)

    assert float(row["counted"]) == pytest.approx(hours / 2, abs=0.51)
    assert float(row["reading"]) == pytest.approx(1000, abs=0.51)


@pytest.mark.parametrize("begins_kwh", [0.0, 4000.0])
def test_a_counter_that_begins_anew_is_not_counted_backwards(stack: Stack, begins_kwh: float) -> None:
    """Another meter was put in its place an hour ago."""
    seconds = range(END - 3 * HOUR, END, 10)
    stack.write(
        line(second, {"energy_total_kwh": (1000 if second < END - HOUR else begins_kwh) + (second - END + HOUR) / HOUR})
        for second in seconds
    )

    (row,) = ask(stack, ("home", "The meter's counters"), timedelta(hours=2), **RAW)

    assert float(row["counted"]) == pytest.approx(2, abs=0.05)
    assert float(row["reading"]) == pytest.approx(begins_kwh + 1, abs=0.02)


@pytest.mark.parametrize("begins_kwh", [0, 1500], ids=["reset", "replaced"])
def test_a_changed_meter_counts_what_was_used(stack: Stack, begins_kwh: float) -> None:
    """Without a pause, ten days ago, in the middle of a window of every zoom; one at 1000 kWh, that uses 19.2 kWh a day."""
    change = END - 10 * DAY - HOUR
    seconds = range(END - 20 * DAY, END, 5 * MINUTE)
    used = {second: (second - seconds[0]) * 0.8 / HOUR for second in seconds}
    counters = {second: used[second] + (1000 if second < change else begins_kwh - used[change]) for second in seconds}
    stack.write(
        line(second, {"power_w": 800, "energy_total_kwh": kwh, "energy_total_t1_kwh": kwh / 2})
        for second, kwh in counters.items()
    )
    stack.roll_up(seconds[0], END)

    for days, words in {5: HOURS_24, 15: DAYS_30, 60: DAYS_90, 390: DAYS_400, 500: DAYS_500}.items():
        total, tariff = ask(stack, ("home", "The meter's counters"), timedelta(days=days), **words)
        known = min(days, 20) * 19.2

        assert float(total["counted"]) == pytest.approx(known, abs=0.5), words
        assert float(tariff["counted"]) == pytest.approx(known / 2, abs=0.5), words
        assert float(total["reading"]) == pytest.approx(counters[seconds[-1]]), words


@pytest.mark.parametrize("step_kwh", [3, 10])
def test_a_step_of_a_coarse_counter_is_counted_at_once(stack: Stack, step_kwh: float) -> None:
    """One step in half an hour."""
    begin = END - 8 * HOUR
    stack.write(
        line(second, {"energy_total_kwh": 700 + step_kwh * ((second - begin) // 1800), "power_w": 2000 * step_kwh})
        for second in range(begin, END + 600, 10)
    )
    stack.roll_up(begin, END + 600)

    for seconds in (11, 31, 100, 160, 250, 500):
        for zoom, words in {1: RAW, 2: RAW, 7: HOURS_24}.items():
            now = NOW + timedelta(seconds=seconds)
            (row,) = ask(stack, ("home", "The meter's counters"), timedelta(hours=zoom), now, **words)
            # Of the quarter-hour under way the newest minute is not there yet.
            assert float(row["counted"]) == pytest.approx(2 * zoom * step_kwh), (seconds, zoom)


@pytest.mark.parametrize("zone", ["Europe/Rome", "Europe/London", "America/New_York", "Asia/Tokyo", "utc"])
def test_a_day_stands_once_in_every_time_zone(stack: Stack, zone: str) -> None:
    """With the date that it has in the household, and with today."""
    days(stack, local(2026, 9, 1), NOW)

    rows = ask(stack, ("home", "Energy per day"), timedelta(days=40), zone=zone)
    place = ZoneInfo("UTC" if zone == "utc" else zone)
    drawn = {datetime.fromisoformat(row["_time"]).astimezone(place).date(): row["consumption_kwh"] for row in rows}

    assert len(drawn) == len(rows)
    assert min(drawn) == (NOW - timedelta(days=40)).astimezone(place).date()
    assert max(drawn) == NOW.astimezone(ROME).date()
    # The day on which the clock is put back has 25 hours; of today there are 21.
    assert {day: float(used) for day, used in drawn.items() if float(used) != 96} == {
        local(2026, 10, 25).date(): 100,
        local(2026, 11, 26).date(): 84,
    }


def test_a_day_of_two_roles_is_whole(stack: Stack) -> None:
    noon = int(local(2026, 11, 24, 12).timestamp())
    points = {role: range(noon + first, noon + last, QUARTER) for role, first, last in PARTS}
    stack.write(
        (
            line(second, {"consumption_kwh": 1, "export_kwh": 0.5}, role=role)
            for role, seconds in points.items()
            for second in seconds
        ),
        "energy_15m",
    )
    stack.run_over("energy_1d", noon - 2 * DAY, END)

    rows = ask(stack, ("home", "Energy per day"), timedelta(days=7))

    assert [(float(row["consumption_kwh"]), float(row["export_kwh"])) for row in rows] == [(96, -48)] * 3


@pytest.mark.parametrize("zone", ["Europe/Rome", "Europe/London", "America/New_York"])
def test_the_current_month_has_today_in_it(stack: Stack, zone: str) -> None:
    """Also on the first of the month, and where today is yesterday still."""
    for now, month, used in (
        (local(2026, 11, 1, 9), "Nov", 36),
        (local(2026, 10, 30, 9), "Oct", 29 * 96 + 4 + 36),
        (local(2026, 10, 1, 9), "Oct", 36),
    ):
        stack.empty()
        days(stack, local(2026, 9, 1), now)
        rows = ask(stack, ("home", "Energy per month"), timedelta(days=30), now.astimezone(UTC), zone)
        assert float({row["month"]: row["This year"] for row in rows}[month]) == used


def days(stack: Stack, begin: datetime, end: datetime) -> None:
    """Quarter-hours, and days of them as the task makes them, with that under way."""
    stack.write(quarters(begin, end), "energy_15m")
    stack.run_over("energy_1d", int(begin.timestamp()), int(end.timestamp()))


def test_the_base_load_is_that_of_a_whole_day(stack: Stack) -> None:
    midnight = int(local(2026, 11, 26).timestamp())
    loads = {midnight - DAY: 120, midnight: 900}
    stack.write((line(second, {"base_load_w": load}) for second, load in loads.items()), "energy_1d")

    rows = ask(stack, ("home", "Base load"), timedelta(days=30))

    assert [float(row["_value"]) for row in rows] == [120]


def test_the_base_load_of_days_ago_is_not_shown_for_the_last(stack: Stack) -> None:
    """A battery gave power in the nights since; a look at the time before shows it."""
    midnight = int(local(2026, 11, 26).timestamp())
    stack.write([line(midnight - days * DAY, {"base_load_w": 100 + days}) for days in (4, 3)], "energy_1d")

    assert ask(stack, ("home", "Base load"), timedelta(days=30)) == []
    rows = ask(stack, ("home", "Base load"), timedelta(days=30), NOW - timedelta(days=2))
    assert [float(row["_value"]) for row in rows] == [104, 103]


SOLAR_ROW = ("Solar power now", "Where the energy came from and went", "Solar, grid and house")


@pytest.mark.parametrize(("fed", "other"), [("export_kwh", "consumption_kwh"), ("consumption_kwh", "export_kwh")])
def test_of_a_solar_meter_the_yield_is_told(stack: Stack, fed: str, other: str) -> None:
    """Whichever way round its wires are: 3 kWh each hour, and 0.2 the other way."""
    noon = local(2026, 11, 26, 12)
    for bucket, begin, step in (("energy_15m", local(2026, 11, 26), QUARTER), ("energy_1d", local(2026, 11, 20), DAY)):
        seconds = range(int(begin.timestamp()), int(noon.timestamp()), step)
        values = {fed: 3.0 * step / HOUR, other: 0.2 * step / HOUR}
        stack.write((line(second, values, meter="roof", role="solar") for second in seconds), bucket)
    viewer = Viewer(stack, NOW)

    (counted,) = viewer.ask(variable_queries("home")["counted"], timedelta(hours=1), now=NOW, meter="roof")
    words: dict[str, str | list[str]] = {"meter": "roof", "counted": counted["_value"]}
    today = {row["_field"]: float(row["_value"]) for row in ask(stack, ("home", "Today"), timedelta(hours=1), **words)}
    days = ask(stack, ("home", "Energy per day"), timedelta(days=3), **words)
    months = ask(stack, ("home", "Energy per month"), timedelta(days=3), **words)

    assert counted["_value"] == fed
    assert today["current"] == pytest.approx(36)
    for name, kwh in (("solar_kwh", 72), ("night_kwh", -4.8)):
        assert [float(row[name]) for row in days] == pytest.approx([kwh] * 7)
    assert [float(row["This year"]) for row in months] == pytest.approx([7 * 72])


def test_of_any_other_meter_consumption_is_told(stack: Stack) -> None:
    """Also where more is given than taken."""
    stack.write([line(END - DAY, {"consumption_kwh": 1, "export_kwh": 9})], "energy_1d")

    for meter in ("house", "nosuch"):
        rows = Viewer(stack, NOW).ask(variable_queries("home")["counted"], timedelta(hours=1), now=NOW, meter=meter)
        assert [row["_value"] for row in rows] == ["consumption_kwh"]


def solar_row(stack: Stack, hours: float = 1) -> list[dict[str, float]]:
    """The numbers of the three panels, of the last of which the end."""
    answers = [ask(stack, ("home", title), timedelta(hours=hours), **RAW)[-1] for title in SOLAR_ROW]
    words = {"", "result", "table", "_time"}
    return [{key: float(text) for key, text in row.items() if key not in words and text} for row in answers]


def powers(stack: Stack, first: int, last: int, **meters: tuple[str, float]) -> None:
    """Constant powers of meters between seconds before the end, with counters that fit them; and their rollups."""
    stack.write(
        line(
            second,
            {
                "power_w": watts,
                "energy_import_kwh": 1000 + max(watts, 0) * (second - END) / HOUR / 1000,
                "energy_export_kwh": 1000 + max(-watts, 0) * (second - END) / HOUR / 1000,
            },
            meter=meter,
            role=role,
        )
        for second in range(END - first, END - last, 10)
        for meter, (role, watts) in meters.items()
    )
    stack.roll_up(END - first, END - last)


def test_solar_meters_are_judged_one_by_one(stack: Stack) -> None:
    powers(stack, 2 * HOUR, 0, house=("grid", 500), east=("solar", 2000), west=("solar", -1500))

    now, energy, course = solar_row(stack)

    assert now["solar_w"] == pytest.approx(3500)
    assert energy["Solar"] == pytest.approx(3.5, rel=0.01)
    assert energy["Used at home"] == pytest.approx(3.5, rel=0.01)
    assert course == pytest.approx({"Solar": 3500, "Grid": 500, "House": 4000})


@pytest.mark.parametrize("sun_w", [2000, -2000])
def test_what_the_panels_take_at_night_is_no_production(stack: Stack, sun_w: float) -> None:
    """Whichever way round: the sun shone in the afternoon, and now an inverter takes 30 W."""
    powers(stack, 8 * HOUR, 5 * HOUR, house=("grid", -500), roof=("solar", sun_w))
    powers(stack, 4 * HOUR, 0, house=("grid", 300), roof=("solar", -30 if sun_w > 0 else 30))

    now, energy, course = solar_row(stack)

    assert now["solar_w"] == 0
    assert (energy["Solar"], energy["Used at home"], energy["Self-supply"]) == (0, 0, 0)
    assert course == pytest.approx({"Solar": 0, "Grid": 300, "House": 300})


def test_a_battery_is_not_the_house(stack: Stack) -> None:
    """Charged from the grid by night, charged from the sun, and giving back."""
    for grid, sun, battery, house, own_kwh, self_use, self_supply in (
        (2300, 0, 2000, 300, 0, 0, 0),
        (-500, 3000, 2000, 500, 0.5, 100 / 6, 100),
        (100, 1000, -400, 1500, 1.4, 100, 100 * 14 / 15),
    ):
        stack.empty()
        powers(stack, 2 * HOUR, 0, house=("grid", grid), roof=("solar", sun), cellar=("battery", battery))
        _, energy, course = solar_row(stack)

        assert course["House"] == pytest.approx(house)
        assert energy["Used at home"] == pytest.approx(own_kwh, rel=0.01)
        assert energy["Self-use"] == pytest.approx(self_use, rel=0.01)
        assert energy["Self-supply"] == pytest.approx(self_supply, rel=0.01)


# System


def gaps(stack: Stack, hours: int, words: dict[str, str], *meters: str) -> list[tuple[str, float | None, int]]:
    """Meter, seconds from the begin of the chosen time, and length of each gap."""
    begin = END - hours * HOUR
    rows = ask(stack, ("system", "Longest gaps"), timedelta(hours=hours), meter=list(meters or ["house"]), **words)
    since = [datetime.fromisoformat(row["begin"]).timestamp() - begin if row["begin"] else None for row in rows]
    found = [(row["meter"], at, int(row["length_s"])) for row, at in zip(rows, since, strict=True)]
    return sorted(found, key=lambda gap: (gap[0], gap[1] or 0))


@pytest.mark.parametrize("words", [RAW, HOURS_24, DAYS_30], ids=["raw", "minutes", "quarter-hours"])
def test_a_gap_at_the_edge_is_a_gap(stack: Stack, words: dict[str, str]) -> None:
    """Silent for the first two of six hours, for one in between, and for the last one."""
    metered(stack, (9 * HOUR, 8 * HOUR), (4 * HOUR, 3 * HOUR), (2 * HOUR, HOUR))

    found = gaps(stack, 6, words)

    assert [at for _, at, _ in found] == pytest.approx([0, 3 * HOUR, 5 * HOUR], abs=10)
    # What is not rolled up yet is no gap.
    assert [length for *_, length in found] == pytest.approx([2 * HOUR, HOUR, HOUR], abs=100)


def test_what_is_silent_at_the_edge_is_not_metered(stack: Stack) -> None:
    """Read each second in four of 24 hours, at the begin, at the end, and in none."""
    for first, last, percent in ((24, 20, 100 / 6), (4, 0, 100 / 6), (25, 24, 0)):
        stack.empty()
        metered(stack, (30 * HOUR, 29 * HOUR))
        metered(stack, (first * HOUR, last * HOUR), step=1)
        for words in (HOURS_24, DAYS_30):
            (row,) = ask(stack, ("system", "Time metered"), timedelta(hours=24), **words)
            assert float(row["_value"]) == pytest.approx(percent, abs=1), (first, last, words)


@pytest.mark.parametrize(("step", "percent"), [(1, 100), (3, 100 / 3), (10, 100), (60, 100)])
def test_a_bad_line_is_not_taken_for_a_slow_meter(stack: Stack, step: int, percent: float) -> None:
    """Where two seconds of three are lost, they are; who is read every ten seconds has lost nothing."""
    metered(stack, (26 * HOUR, 0), step=step)

    for words in (HOURS_24, DAYS_30):
        (row,) = ask(stack, ("system", "Time metered"), timedelta(hours=24), **words)
        assert float(row["_value"]) == pytest.approx(percent, abs=1), words


def test_a_new_meter_has_missed_nothing(stack: Stack) -> None:
    metered(stack, (4 * HOUR, 0), step=1)

    (row,) = ask(stack, ("system", "Time metered"), timedelta(hours=24), **HOURS_24)

    assert float(row["_value"]) == pytest.approx(100)
    assert gaps(stack, 24, HOURS_24) == [("house", None, 0)]


@pytest.mark.parametrize("step", [70, 120, 300, 600, 3600])
@pytest.mark.parametrize("words", [RAW, HOURS_24], ids=["raw", "minutes"])
def test_the_usual_pause_of_a_slow_meter_is_no_gap(stack: Stack, step: int, words: dict[str, str]) -> None:
    """But what is longer is, also beside a meter that is quick."""
    metered(stack, (30 * HOUR, 0), meter="quick")
    metered(stack, (30 * HOUR, 0), step=step, meter="house")
    assert gaps(stack, 6, words, "house", "quick") == [("house", None, 0), ("quick", None, 0)]

    stack.empty()
    metered(stack, (30 * HOUR, 0), meter="quick")
    metered(stack, (30 * HOUR, 4 * HOUR), (HOUR, 0), step=step, meter="house")
    (gap, quick) = gaps(stack, 6, words, "house", "quick")
    assert (gap[0], quick) == ("house", ("quick", None, 0))
    assert gap[2] == pytest.approx(3 * HOUR, abs=step + MINUTE)


def test_days_tell_of_whole_days_only(stack: Stack) -> None:
    metered(stack, (9 * DAY, 6 * DAY), (6 * DAY - 5 * HOUR, 0), step=600)
    assert gaps(stack, 500 * 24, DAYS_500) == [("house", None, -1)]

    stack.empty()
    metered(stack, (9 * DAY, 6 * DAY), (3 * DAY, 0), step=600)
    (gap,) = gaps(stack, 500 * 24, DAYS_500)
    assert gap[2] == 2 * DAY


@pytest.mark.parametrize("step", [600, 700])
def test_a_gap_of_an_hour_is_one_of_a_meter_read_every_ten_minutes(stack: Stack, step: int) -> None:
    metered(stack, (30 * HOUR, 4 * HOUR), (3 * HOUR, 0), step=step)
    for words in (RAW, HOURS_24):
        ((meter, _, length),) = gaps(stack, 6, words)
        assert (meter, length) == ("house", pytest.approx(HOUR, abs=step + MINUTE))


@pytest.mark.parametrize("step", [70, 300, 600, 900])
def test_a_slow_meter_has_no_gap_of_nothing(stack: Stack, step: int) -> None:
    """Its pause is shorter than a quarter-hour, and is no reason to take that for a gap."""
    metered(stack, (3 * DAY, 0), step=step)

    assert gaps(stack, 48, DAYS_30) == [("house", None, 0)]


@pytest.mark.parametrize(
    ("step", "silent", "name"),
    [
        (10, 15, "age_s"),
        (10, 130, "age_s"),
        (300, 290, "within_pause_s"),
        (300, 500, "age_s"),
        (600, 590, "within_pause_s"),
        (600, 1000, "age_s"),
        (700, 290, "within_pause_s"),
        (700, 990, "age_s"),
        (900, 890, "within_pause_s"),
        (3600, 3500, "within_pause_s"),
        (3600, 5000, "age_s"),
    ],
)
def test_a_slow_meter_is_late_after_its_usual_pause(stack: Stack, step: int, silent: int, name: str) -> None:
    metered(stack, (DAY, silent), step=step)
    newest = max(range(-DAY, -silent, step))

    (row,) = ask(stack, ("system", "Newest reading"), timedelta(hours=1), **RAW)

    assert (row["meter"], row["_field"], float(row["_value"])) == ("house", name, -newest)


def test_only_what_is_known_is_called_well(stack: Stack) -> None:
    """No gap, no error and no strain are said of a meter and a machine that are there, and not of an empty database."""
    panels = [("system", title) for title in ("Longest gaps", "Errors of the meters", "Power supply")]
    assert [ask(stack, panel, timedelta(hours=1), **RAW) for panel in panels] == [[], [], []]

    metered(stack, (HOUR, 0))
    seconds = range(END - HOUR, END, 30)
    stack.write((f"wattline_meter,meter=house timeouts=4,checksum_errors=1 {second}" for second in seconds), "host")
    stack.write((f"mem available_percent=40 {second}" for second in seconds), "host")
    gap, errors, supply = (ask(stack, panel, timedelta(hours=1), **RAW) for panel in panels)

    assert [(row["meter"], row["begin"], row["length_s"]) for row in gap] == [("house", "", "0")]
    assert [(row["meter"], row["_field"], row["_value"]) for row in errors] == [("house", "no errors", "0")]
    assert [row["state"] for row in supply] == ["-1"]

    stack.write([f"pi_power undervoltage=0i,throttled=1i {END - 30}"], "host")
    stack.write([f"wattline_meter,meter=house timeouts=6,checksum_errors=4 {END - 5}"], "host")
    _, errors, supply = (ask(stack, panel, timedelta(hours=1), **RAW) for panel in panels)

    # In words, not by the names of fields.
    assert [(row["_field"], row["_value"]) for row in errors] == [("checksum errors", "3"), ("timeouts", "2")]
    assert [row["state"] for row in supply] == ["1"]
