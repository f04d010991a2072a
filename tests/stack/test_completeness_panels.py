"""*Nothing missing* on the dashboard *System* says what is so, of a house with gaps of each reason and of one without a journal.

Each panel's own query is asked on a real InfluxDB, and compared with the gaps themselves.

| fault | test |
|---|---|
| the first day of the chosen time is left out, or one before it is counted | test_the_share_is_that_of_the_days_that_the_time_touches |
| one second that is missing in a month is rounded away | test_one_second_of_a_month_is_not_rounded_away |
| seconds are lost, and all that is seen is 100 % | test_what_is_lost_is_told_beside_the_share |
| a meter of which all is lost is not named | test_a_meter_of_which_all_is_lost_is_named |
| "none" in green, and a day that lacks most of its seconds | test_each_day_of_each_meter_stands_under_its_date, test_what_lacks_is_coloured |
| a second is lost, or was off, by one word here and another one there | test_a_reason_is_called_alike_everywhere |
| what is missing of yesterday is said of today | test_missing_today_is_that_of_today |
| just after midnight nothing is said | test_until_today_is_counted_the_day_before_stands_for_it |
| what was not counted for days passes for whole | test_what_is_not_counted_is_not_called_whole |
| a day without one of its meters, under another date, or cut at the change of the clock | test_each_day_of_each_meter_stands_under_its_date |
| a reason of another day, or of a meter that was not chosen | test_each_reason_has_its_seconds_on_its_day |
| seconds that are neither stored nor have a reason | test_what_is_due_is_stored_or_has_a_reason |
| a reason that never was has a row, or a meter that lacks nothing has none | test_where_nothing_is_missing_that_is_said |
| a run that failed passes for one that was made | test_a_run_that_failed_is_none |
| a journal that is off, or one that there is not, passes for one that is kept | test_each_port_says_whether_it_keeps_a_journal |
| what was lost before the plugin was begun anew is forgotten, or subtracted | test_a_counter_that_begins_anew_is_counted_on |
| a house without a journal: an error, or a zero | test_a_house_without_a_journal_says_so |
| two houses with a meter, or a port, of one name are one | test_two_houses_with_a_meter_of_one_name_are_two |
| 96 runs a day push the backups out of their table | test_the_comparison_leaves_the_table_to_the_backups |
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from stack.conftest import Stack
from stack.counted_days import DAY_S, GAPS, HOUR_S, MISSING, REASONS, UNDER_WAY_S, CountedDays, Gap
from stack.dashboards import DASHBOARDS, FOLDER, Viewer, panels, query_of
from stack.household import point
from wattline.fields import COMPLETENESS, COMPLETENESS_FIELDS

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

BACKUP_README = FOLDER.parent / "backup" / "README.md"
ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
END = int(NOW.timestamp())
METERS = ("house", "heatpump", "solar")
ZOOMS = {"1 h": timedelta(hours=1), "24 h": timedelta(days=1), "7 d": timedelta(days=7), "29 d": timedelta(days=29)}
# Whole days before today that a time up to nine in the evening touches.
TOUCHED = {"1 h": 0, "24 h": 1, "7 d": 7, "29 d": 29}

# What the panel calls them.
WORDS = {reason: COMPLETENESS_FIELDS[reason].meaning.partition(": ")[0] for reason in REASONS}
WORDS[MISSING] = "Metered, not stored"
WHOLE = "Each is there"

Rows = list[dict[str, str]]


class House(Viewer):
    """Somebody who looks at the panels of a house."""

    def rows(
        self,
        title: str,
        zoom: str = "24 h",
        meters: Sequence[str] = METERS,
        zone: str = "Europe/Rome",
        now: datetime = NOW,
    ) -> Rows:
        """What the panel's query gives."""
        words = {"bucket": "energy_1m", "window": "2m"}
        return self.ask(query_of("system", title), ZOOMS[zoom], zone, now, meter=list(meters), **words)


def house_of(stack: Stack, *lines: Iterable[str]) -> House:
    """A house of which these lines are in the buckets `host` and `energy_1d`, and no others."""
    stack.empty()
    stack.empty_host()
    told = [line for each in lines for line in each]
    days = [line for line in told if line.startswith(COMPLETENESS)]
    stack.write(days, "energy_1d")
    stack.write((line for line in told if not line.startswith(COMPLETENESS)), "host")
    return House(stack, NOW)


@pytest.fixture(scope="module")
def counted(server_of_stack: Stack) -> House:
    """Thirty days with gaps; nothing is written to it any more."""
    days = CountedDays(END, ROME)
    return house_of(server_of_stack, days.lines(), days.runs())


def seconds_of(meter: str, days: range, reasons: Iterable[str]) -> int:
    """What the gaps of a meter come to."""
    wanted = set(reasons)
    return sum(gap.seconds for gap in GAPS if gap.meter == meter and gap.days_ago in days and gap.reason in wanted)


def local_date(days_ago: int) -> str:
    return f"{NOW.astimezone(ROME).date() - timedelta(days=days_ago)}"


def date_of(row: dict[str, str], zone: str = "Europe/Rome") -> str:
    """The date under which somebody sees a row."""
    return f"{datetime.fromisoformat(row['_time']).astimezone(ZoneInfo(zone)).date()}"


class TestGaps:
    """One house for all, since none of these tests writes."""

    @pytest.mark.parametrize("zoom", ZOOMS)
    def test_the_share_is_that_of_the_days_that_the_time_touches(self, counted: House, zoom: str) -> None:
        days = range(TOUCHED[zoom] + 1)
        # Of today 21 hours are over.
        due = len(days) * DAY_S - 3 * HOUR_S - UNDER_WAY_S
        shares = shares_of(counted.rows("Stored of what was metered", zoom))

        assert list(shares) == sorted(METERS)
        for meter, share in shares.items():
            metered = due - seconds_of(meter, days, REASONS)
            missing = seconds_of(meter, days, [MISSING])
            assert share == pytest.approx(100 * (1 - missing / metered), abs=0.001)
            assert (share == 100) == (missing == 0)

    @pytest.mark.parametrize("zoom", ZOOMS)
    def test_what_is_lost_is_told_beside_the_share(self, counted: House, zoom: str) -> None:
        days = range(TOUCHED[zoom] + 1)
        told = counted.rows("Stored of what was metered", zoom)

        assert numbers_of(told, "lost") == {meter: seconds_of(meter, days, ["lost"]) for meter in METERS}

    def test_missing_today_is_that_of_today(self, counted: House) -> None:
        """The house lacks 75 seconds of yesterday."""
        assert not_stored_of(counted.rows("Not stored today")) == {"house": 0, "heatpump": 0, "solar": 0}

    @pytest.mark.parametrize("zoom", ZOOMS)
    def test_each_day_of_each_meter_stands_under_its_date(self, counted: House, zoom: str) -> None:
        """Those of a week at least, the newest first."""
        rows = counted.rows("Seconds of each day", zoom)
        days = range(max(7, TOUCHED[zoom]) + 1)

        assert [(date_of(row), row["meter"]) for row in rows] == [
            (local_date(day), meter) for day in days for meter in sorted(METERS)
        ]
        for row, day in zip(rows, [day for day in days for _ in METERS], strict=True):
            due = DAY_S if day else 21 * HOUR_S - UNDER_WAY_S
            metered = due - seconds_of(row["meter"], range(day, day + 1), REASONS)
            missing = seconds_of(row["meter"], range(day, day + 1), [MISSING])
            found = tuple(float(row[name]) for name in ("not_metered", "not_stored", "due", "metered", "stored"))
            assert found == (due - metered, missing, due, metered, metered - missing)

    @pytest.mark.parametrize("meters", [METERS, ("house",), ("heatpump", "solar")], ids=len)
    @pytest.mark.parametrize("zoom", ZOOMS)
    def test_each_reason_has_its_seconds_on_its_day(self, counted: House, zoom: str, meters: Sequence[str]) -> None:
        expected: Counter[tuple[str, str, str]] = Counter()
        for gap in GAPS:
            if gap.meter in meters and gap.days_ago <= max(7, TOUCHED[zoom]):
                expected[local_date(gap.days_ago), gap.meter, WORDS[gap.reason]] += gap.seconds
        rows = counted.rows("Why seconds are not there", zoom, meters)
        found = {(date_of(row), row["meter"], row["reason"]): float(row["_value"]) for row in rows}

        assert found == expected
        assert len(rows) == len(found)
        assert [row["_time"] for row in rows] == sorted((row["_time"] for row in rows), reverse=True)

    def test_what_is_due_is_stored_or_has_a_reason(self, counted: House) -> None:
        absent: Counter[str] = Counter()
        for row in counted.rows("Seconds of each day", "29 d"):
            absent[date_of(row)] += round(float(row["due"]) - float(row["stored"]))
        reasons: Counter[str] = Counter()
        for row in counted.rows("Why seconds are not there", "29 d"):
            reasons[date_of(row)] += round(float(row["_value"]))

        assert reasons == +absent
        assert sum(absent.values()) == sum(gap.seconds for gap in GAPS)

    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "utc"])
    def test_a_day_bears_its_date_for_somebody_far_away(self, counted: House, zone: str) -> None:
        """The days are the household's for everybody."""
        table = counted.rows("Seconds of each day", "24 h", ["house"], zone)
        reasons = counted.rows("Why seconds are not there", "24 h", ["house"], zone)
        name = "UTC" if zone == "utc" else zone
        lacking = {date_of(row, name): float(row["not_stored"]) for row in table}
        missing = {date_of(row, name): float(row["_value"]) for row in reasons if row["reason"] == WORDS[MISSING]}

        assert {day: seconds for day, seconds in lacking.items() if seconds} == missing == {local_date(1): 75}

    def test_the_newest_run_and_what_was_filled_are_told(self, counted: House) -> None:
        """Each day one run of 96 fills 180 values; the newest was ten minutes ago, and filled none."""
        for zoom, filled in {"1 h": 0, "24 h": 180, "7 d": 7 * 180}.items():
            (row,) = counted.rows("Journal and InfluxDB compared", zoom)
            assert told_of(row) == {"age_s": 600, "filled": 0, "filled_in_all": filled}

    def test_the_comparison_leaves_the_table_to_the_backups(self, counted: House) -> None:
        assert counted.rows("What was done last") == []


def numbers_of(rows: Rows, column: str) -> dict[str, float]:
    """A column of numbers, by the meter."""
    return {row["meter"]: float(row[column]) for row in rows}


def shares_of(rows: Rows) -> dict[str, float]:
    """Percent that is stored of what was metered, by the meter."""
    return numbers_of(rows, "share")


def not_stored_of(rows: Rows) -> dict[str, float]:
    """Seconds of today, by the meter."""
    return numbers_of(rows, "not_stored")


def told_of(row: dict[str, str]) -> dict[str, float]:
    """What is told of the comparison of a house, as far as it is."""
    return {name: float(row[name]) for name in ("age_s", "filled", "filled_in_all") if row.get(name)}


@pytest.mark.parametrize("days", [0, 29])
def test_one_second_of_a_month_is_not_rounded_away(server_of_stack: Stack, days: int) -> None:
    house = house_of(server_of_stack, CountedDays(END, ROME, [Gap("house", days, MISSING, 1)]).lines())

    shares = shares_of(house.rows("Stored of what was metered", "29 d"))

    assert shares == {"house": 99.999, "heatpump": 100, "solar": 100}
    assert not_stored_of(house.rows("Not stored today")) == {"house": 0 if days else 1, "heatpump": 0, "solar": 0}


@pytest.mark.parametrize(
    "end",
    [datetime(2026, 3, 30, 1, 0, tzinfo=ROME), datetime(2026, 10, 26, 1, 0, tzinfo=ROME)],
    ids=["spring", "autumn"],
)
def test_the_day_on_which_the_clock_is_changed_is_whole(server_of_stack: Stack, end: datetime) -> None:
    """It has 23 hours, or 25."""
    days = CountedDays(int(end.timestamp()), ROME, [Gap("house", 1, MISSING, 9)], ["house"])
    house = house_of(server_of_stack, days.lines())
    now = end.astimezone(UTC)

    (_, changed, before, *_) = house.rows("Seconds of each day", "24 h", ["house"], now=now)
    (share,) = house.rows("Stored of what was metered", "24 h", ["house"], now=now)

    hours = 23 if end.month == 3 else 25
    assert (date_of(changed), float(changed["due"])) == (f"{end.date() - timedelta(days=1)}", hours * HOUR_S)
    assert float(before["due"]) == DAY_S
    # Of today an hour is over, in 24 of which that day was touched.
    assert float(share["share"]) == pytest.approx(100 * (1 - 9 / ((hours + 1) * HOUR_S - UNDER_WAY_S)), abs=0.001)


def test_until_today_is_counted_the_day_before_stands_for_it(server_of_stack: Stack) -> None:
    """At half past midnight; a run is made each quarter of an hour, and counts up to two minutes ago."""
    midnight = int(datetime(2026, 11, 26, 0, 0, tzinfo=ROME).timestamp())
    house = house_of(server_of_stack, CountedDays(midnight + 60, ROME, [Gap("house", 1, MISSING, 75)]).lines())
    now = datetime.fromtimestamp(midnight + 300, UTC)

    assert not_stored_of(house.rows("Not stored today", now=now)) == {"house": 75, "heatpump": 0, "solar": 0}


def test_what_is_not_counted_is_not_called_whole(server_of_stack: Stack) -> None:
    house = house_of(server_of_stack, CountedDays(END - 4 * DAY_S, ROME).lines())

    assert house.rows("Not stored today") == house.rows("Stored of what was metered", "1 h") == []


def test_where_nothing_is_missing_that_is_said(server_of_stack: Stack) -> None:
    house = house_of(server_of_stack, CountedDays(END, ROME, [Gap("house", 2, "port", 30)]).lines())

    rows = house.rows("Why seconds are not there")

    assert [(row["meter"], row["reason"], float(row["_value"])) for row in rows] == [
        ("house", WORDS["port"], 30),
        ("heatpump", WHOLE, 0),
        ("solar", WHOLE, 0),
    ]
    assert date_of(rows[0]) == local_date(2)
    assert [row["_time"] for row in rows[1:]] == ["", ""]


def test_a_meter_of_which_all_is_lost_is_named(server_of_stack: Stack) -> None:
    days = CountedDays(END, ROME, [Gap("solar", 0, "lost", 21 * HOUR_S - UNDER_WAY_S)], ["house", "solar"], days=1)
    house = house_of(server_of_stack, days.lines())

    _, solar = house.rows("Stored of what was metered", "1 h")

    assert (solar["meter"], solar["share"], float(solar["lost"])) == ("solar", "", 21 * HOUR_S - UNDER_WAY_S)


def test_what_lacks_is_coloured() -> None:
    """Green where it is none; a day that lacks anything has a column that is not."""
    panel = next(each for each in panels(DASHBOARDS["system"]) if each["title"] == "Seconds of each day")
    (shown,) = (each["options"]["renameByName"] for each in panel["transformations"])
    overrides = {each["matcher"]["options"]: each["properties"] for each in panel["fieldConfig"]["overrides"]}
    for column in ("not_metered", "not_stored"):
        properties = {each["id"]: each["value"] for each in overrides[shown[column]]}
        none, some = properties["mappings"]
        assert none["options"]["0"]["color"] == "green"
        assert (some["options"]["from"], some["options"]["result"]["color"]) == (1, "orange")
        assert properties["custom.cellOptions"] == {"type": "color-text"}


def test_a_run_that_failed_is_none(server_of_stack: Stack) -> None:
    failed = {"success": 0.0, "duration_s": 0.2}
    house = house_of(
        server_of_stack,
        [
            point("wattline_backup", {"kind": "reconcile"}, {"success": 1.0, "filled": 40.0}, END - 7000),
            point("wattline_backup", {"kind": "reconcile"}, failed, END - 60),
        ],
    )

    (told,) = house.rows("Journal and InfluxDB compared", "1 h")
    (row,) = house.rows("What was done last")

    assert told_of(told) == {"age_s": 7000, "filled": 40}
    assert (row["kind"], float(row["success"])) == ("reconcile", 0)


def bus(port: str, begin: int, journal: dict[str, float] | None, stop: int = END) -> Iterator[str]:
    """What the plugin tells of a port every ten seconds: of its journal's counters so much each time."""
    for number, second in enumerate(range(begin, stop, 10)):
        values = {"slots": 10.0 * number}
        if journal:
            values |= {name: number * step for name, step in journal.items()} | {"journal_on": journal["journal_on"]}
        yield point("wattline_bus", {"port": port}, values, second)


KEPT = {"journal_on": 1.0, "journal_bytes": 1000.0, "journal_lines_lost": 0.0, "journal_files_dropped": 0.0}


def test_each_port_says_whether_it_keeps_a_journal(server_of_stack: Stack) -> None:
    begin = END - 25 * HOUR_S
    house = house_of(
        server_of_stack,
        bus("/dev/ttyA", begin, KEPT),
        bus("/dev/ttyB", begin, KEPT | {"journal_on": 0.0, "journal_lines_lost": 2.0}),
        bus("auto", begin, None),
        bus("/dev/gone", begin, KEPT, END - HOUR_S),
    )

    a, b, auto = house.rows("The journal")

    assert [(row["port"], float(row["state"])) for row in (a, b, auto)] == [
        ("/dev/ttyA", 1),
        ("/dev/ttyB", 0),
        ("auto", -1),
    ]
    assert float(a["journal_bytes"]) == pytest.approx(8_640_000, rel=0.01)
    assert [float(row["journal_lines_lost"]) for row in (a, b)] == [0, pytest.approx(2 * 8640, rel=0.01)]
    assert (auto["journal_bytes"], auto["journal_lines_lost"]) == ("", "")


def test_a_counter_that_begins_anew_is_counted_on(server_of_stack: Stack) -> None:
    """The plugin was begun anew six hours ago."""
    step = KEPT | {"journal_lines_lost": 1.0}
    house = house_of(
        server_of_stack,
        bus("/dev/ttyA", END - 12 * HOUR_S, step, END - 6 * HOUR_S),
        bus("/dev/ttyA", END - 6 * HOUR_S, step),
    )

    (row,) = house.rows("The journal")

    assert float(row["journal_lines_lost"]) == pytest.approx(2 * 2160, rel=0.02)
    assert float(row["journal_bytes"]) == pytest.approx(2 * 2_160_000, rel=0.05)


def test_a_house_without_a_journal_says_so(server_of_stack: Stack) -> None:
    """No error, and no zero: what a panel says where there is nothing stands in its file."""
    house = house_of(server_of_stack, bus("/dev/ttyA", END - HOUR_S, None))
    titles = ("Stored of what was metered", "Not stored today", "Journal and InfluxDB compared")

    assert [house.rows(title) for title in (*titles, "Seconds of each day", "Why seconds are not there")] == [[]] * 5
    (row,) = house.rows("The journal")
    assert (row["port"], float(row["state"])) == ("/dev/ttyA", -1)
    assert not any(name.startswith("journal") for name in row)


def test_two_houses_with_a_meter_of_one_name_are_two(server_of_stack: Stack) -> None:
    """Of today one lacks nothing of 900 seconds that were metered, the other ten of 1000."""
    midnight = int(datetime(2026, 11, 26, 0, 0, tzinfo=ROME).timestamp())
    numbers = {"here": (900, 900), "there": (1000, 990)}
    days = [
        point(
            COMPLETENESS,
            {"meter": "house", "site": site},
            {"due": 1000.0, "metered": float(metered), "stored": float(stored)},
            midnight,
        )
        for site, (metered, stored) in numbers.items()
    ]
    buses = [
        point("wattline_bus", {"port": "/dev/ttyRS485", "site": site}, {"slots": 9.0, "journal_on": is_on}, END - 60)
        for site, is_on in {"here": 1.0, "there": 0.0}.items()
    ]
    runs = [
        point(
            "wattline_backup", {"kind": "reconcile", "site": site}, {"success": 1.0, "filled": age_s}, END - int(age_s)
        )
        for site, age_s in {"here": 60.0, "there": 7200.0}.items()
    ]
    house = house_of(server_of_stack, days, buses, runs)

    assert shares_of(house.rows("Stored of what was metered")) == {"house (here)": 100, "house (there)": 99}
    assert not_stored_of(house.rows("Not stored today")) == {"house (here)": 0, "house (there)": 10}
    rows = house.rows("Seconds of each day")
    assert [(row["meter"], float(row["not_stored"])) for row in rows] == [("house (here)", 0), ("house (there)", 10)]
    ports = {row["port"]: float(row["state"]) for row in house.rows("The journal")}
    assert ports == {"/dev/ttyRS485 (here)": 1, "/dev/ttyRS485 (there)": 0}
    reasons = [(row["meter"], row["reason"]) for row in house.rows("Why seconds are not there")]
    assert reasons == [("house (there)", WORDS[MISSING]), ("house (here)", WHOLE)]
    told = {row["site"]: told_of(row) for row in house.rows("Journal and InfluxDB compared")}
    assert told == {
        site: dict.fromkeys(("age_s", "filled", "filled_in_all"), age_s)
        for site, age_s in {"here": 60.0, "there": 7200.0}.items()
    }


def test_a_reason_is_called_alike_everywhere() -> None:
    """By the field's own meaning: on the dashboard, in its texts, and in the table beside the terminal's words."""
    titled = {each["title"]: each for each in panels(DASHBOARDS["system"])}
    panel, share = titled["Why seconds are not there"], titled["Stored of what was metered"]
    (mapping,) = (
        item["value"][0]["options"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == "Reason"
        for item in override["properties"]
        if item["id"] == "mappings"
    )
    table = re.findall(r"^\| `?(\*?\w+\*?)`? \| ([^|]*) \| ([^|]*) \|$", BACKUP_README.read_text(), re.MULTILINE)
    explained = {word: (label, means) for word, label, means in table}

    assert mapping.keys() == {*WORDS.values(), WHOLE}
    assert explained[f"*{MISSING}*"][0] == WORDS[MISSING]
    for reason in REASONS:
        label, _, means = COMPLETENESS_FIELDS[reason].meaning.partition(": ")
        assert explained[reason] == (label, means.removesuffix("."))
    lost_beside = share["transformations"][0]["options"]["renameByName"]["lost"]
    assert lost_beside == WORDS["lost"]
    for reason in ("lost", "off"):
        assert COMPLETENESS_FIELDS[reason].meaning.removesuffix(".") in panel["description"]
    assert COMPLETENESS_FIELDS["lost"].meaning.partition(": ")[2].removesuffix(".") in share["description"]
