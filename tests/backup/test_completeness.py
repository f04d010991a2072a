"""The number of seconds: of a meter and day of the household, what was due, metered and stored, and why not.

| fault | test |
|---|---|
| a reason is not told, or told twice | test_each_reason_is_counted |
| a time in which nothing ran is not due, or a reason is made up for it | likewise |
| what the journal lost and InfluxDB has is told as lost | test_what_influxdb_has_is_not_lost |
| a second that was metered after all keeps its reason | test_a_second_that_was_metered_after_all_has_no_reason |
| a day of 23 or 25 hours has 24 | test_a_day_has_the_hours_that_the_household_has |
| ... or the hour that comes twice is one, in the database too | test_the_hour_that_comes_twice_is_two |
| a meter of each ten seconds is due each second, or its reading over several seconds counts as several | test_a_slow_meter_is_due_as_often_as_it_says |
| a meter that is no longer there stays due | test_a_meter_that_was_taken_away_is_not_due |
| a meter that is new was due before | test_a_meter_is_due_from_its_first_process_on |
| ... or ends the run, where its journal is younger than what is looked at | test_what_began_this_moment_is_not_due_yet |
| a meter that was moved to another port is due twice | test_a_meter_that_was_moved_to_another_port_is_one |
| the sentence begins behind its end, where the time zone was changed | test_behind_a_change_of_the_time_zone_no_span_ends_before_it_begins |
| of a stick, which is not asked, more is due than what it said | test_of_what_speaks_when_it_wants_to_is_due_what_it_said |
| what InfluxDB has and the journal has not is told as off | test_a_second_that_is_stored_alone_counts_as_metered |
| ... or what both lack is told as metered | likewise |
| ... in hours of which the journal has nothing at all | test_hours_that_the_journal_lacks_are_asked_for |
| what InfluxDB has beyond the journal makes up for what it lacks | test_what_is_stored_alone_hides_nothing_that_is_missing |
| a day of which the journal has dropped the begin is counted anew | test_a_day_that_the_journal_has_no_more_is_left_as_it_is |
| ... within its first hour, or while nothing ran | test_a_day_that_lost_its_begin_is_not_told_again |
| ... or after what is remembered was lost | test_where_memory_is_lost_a_number_of_more_stands |
| what InfluxDB alone has counts in a time in which nothing was due | test_what_is_stored_before_the_journal_began_is_not_due |
| the start of a process whose clock was wrong is taken as it stands | test_a_begin_by_a_wrong_clock_is_that_of_the_next_reading |
| a range that counts for nothing counts | test_ranges_that_are_left_cut_a_span |
| ... or the number of a day that is left whole stays as it was, for ever | test_of_a_day_that_is_left_nothing_is_due_any_more |
| ... also where the journal has dropped it | test_a_day_that_the_journal_has_no_more_can_be_left |
| the numbers do not add up | test_whatever_the_numbers_are_they_add_up |
| ... of what InfluxDB does not take | test_what_influxdb_does_not_take_is_told_as_missing |
| the table hides what is missing | test_what_is_missing_is_said, test_none_is_missing |
| ... or nobody knows up to when it was counted | test_a_day_that_is_not_over_is_told_up_to_a_time |
| ... or that passes for the time of a day or a meter that was not counted so far | test_what_was_not_counted_so_far_is_said |
| that none is missing passes for all | test_what_was_not_metered_is_said, test_of_what_is_lost_nobody_knows |
| a reason is not explained | test_the_help_explains_each_reason |
| the seconds of two houses are summed as those of one | test_two_sites_are_two |
| nothing is known, and nothing is said | test_without_a_journal_that_is_said |
| a month begins and ends by UTC, or is none | test_a_month_is_that_of_the_household, test_a_month_that_is_none_is_refused |
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backup.journal_rig import NS, JournalDesk, reading, store, write_journal
from backup.restore_rig import Database
from wattline.journal import notes
from wattline.journal.files import path_of
from wattline.journal.reader import files_in
from wattline.journal.sectors import make
from wattline.reading import Absence, Reason
from wattline_backup.cli import main
from wattline_backup.commands.completeness import as_text, month_of
from wattline_backup.reconcile.days import Meter, local_days, numbers_of
from wattline_backup.reconcile.due import Span, is_left, spans_of
from wattline_backup.reconcile.kept import Began, Kept, Reader, bits_between
from wattline_backup.reconcile.work import FOLDER

HOUR_S, DAY_S = 3600, 86_400
ROME = ZoneInfo("Europe/Rome")
# A midnight of UTC.
DAY = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp())
REASONS = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")


def meter_of(kept: Kept, name: str = "house") -> Meter:
    """Of the journal alone."""
    seconds: dict[int, int] = {}
    for series, hours in kept.points.items():
        if f"meter={name}," in series:
            for hour, names in hours.items():
                for bits in names.values():
                    seconds[hour] = seconds.get(hour, 0) | bits
    return Meter(seconds, absent=kept.absent.get(name, {}))


def read(*lines: str) -> Kept:
    reader = Reader()
    reader.take(lines)
    return reader.kept()


def began(at: int, **meters: int) -> str:
    return notes.began("0.1.0", {"at": at}, "port", meters or {"house": 1}, 1)


def absent(second: int, reason: Reason) -> str:
    return notes.absent(Absence({"house": reason}, second * NS))


def numbers(kept: Kept, stop: int, *, name: str = "house", meter: Meter | None = None) -> dict[str, int]:
    """Of the first day."""
    spans = spans_of(name, [kept.began], DAY, stop, [])
    return numbers_of(name, meter or meter_of(kept, name), spans, kept, (DAY, DAY + DAY_S))


def test_each_reason_is_counted() -> None:
    lines = [began(DAY), *(reading(DAY + n) for n in range(100))]
    lines += [absent(DAY + 100 + n, reason) for n, reason in enumerate([*Reason, Reason.SILENT])]
    lines += [notes.clock(3, {"at": DAY + 108}), notes.lost(4, DAY + 110, {"at": DAY + 119})]
    lines += [notes.ended("SIGTERM came", {"at": DAY + 120}), began(DAY + 200)]
    kept = read(*lines)
    assert numbers(kept, DAY + 210) == {
        "due": 210,
        "metered": 100,
        "stored": 100,
        "silent": 2,
        "unbelieved": 1,
        "busy": 1,
        "port": 1,
        "clock": 3,
        "lost": 10,
        "off": 92,
    }


def test_what_influxdb_has_is_not_lost() -> None:
    """The disk was full for twenty seconds, of which InfluxDB has fifteen; and nothing ran for a while."""
    kept = read(began(DAY), *(reading(DAY + n) for n in range(100)), notes.lost(9, DAY + 100, {"at": DAY + 119}))
    meter = meter_of(kept)
    meter.seconds[DAY // HOUR_S] |= bits_between(DAY // HOUR_S, DAY + 100, DAY + 115)
    found = numbers(kept, DAY + 200, meter=meter)
    assert (found["due"], found["metered"], found["lost"], found["off"]) == (200, 115, 5, 80)


def test_a_second_that_was_metered_after_all_has_no_reason() -> None:
    found = numbers(read(began(DAY), absent(DAY + 5, Reason.PORT), reading(DAY + 5)), DAY + 10)
    assert (found["metered"], found["port"], found["off"]) == (1, 0, 9)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
def test_a_day_has_the_hours_that_the_household_has(day: tuple[int, int, int], hours: int) -> None:
    start = int(datetime(*day, tzinfo=ROME).timestamp())
    found = list(local_days(start + 7200, start + 30 * HOUR_S, ROME))
    assert found[0] == (start, start + hours * HOUR_S)
    assert found[1][0] == found[0][1]


def test_a_slow_meter_is_due_as_often_as_it_says() -> None:
    """It is read over three seconds of each ten."""
    lines = [began(DAY, roof=10)]
    lines += [reading(DAY + n + k, "roof", [f"f{k}"]) for n in range(0, HOUR_S, 10) if n != 50 for k in (3, 4, 5)]
    lines.append(notes.absent(Absence({"roof": Reason.SILENT}, (DAY + 53) * NS)))
    found = numbers(read(*lines), DAY + HOUR_S, name="roof")
    assert (found["due"], found["metered"], found["silent"], found["off"]) == (360, 359, 1, 0)


def test_a_meter_that_was_taken_away_is_not_due() -> None:
    kept = read(began(DAY), reading(DAY), began(DAY + 60, roof=1))
    assert numbers(kept, DAY + HOUR_S)["due"] == 60


def test_a_meter_is_due_from_its_first_process_on() -> None:
    kept = read(began(DAY, house=1), began(DAY + 60, house=1, roof=1))
    assert numbers(kept, DAY + HOUR_S, name="roof")["due"] == HOUR_S - 60


def test_what_began_this_moment_is_not_due_yet() -> None:
    """What is younger than two minutes is left alone, and so is a journal of which that is all."""
    assert spans_of("house", [[Began(DAY + 100, {"house": 1})]], DAY + 100, DAY + 50, []) == []


def test_behind_a_change_of_the_time_zone_no_span_ends_before_it_begins() -> None:
    """A day of a zone in the east, told up to an hour that is the day before in the west."""
    until_s = int(datetime(2026, 11, 1, 21, 30, tzinfo=UTC).timestamp())
    day = {
        "site": "home",
        "meter": "house",
        "day": "2026-11-02",
        "due": 9,
        "metered": 9,
        "stored": 9,
        "until_s": until_s,
    }
    told = " ".join(as_text([day], ZoneInfo("America/New_York")).split())
    assert "From 2026-11-01 to 2026-11-01 16:30, of 9" in told


def test_of_what_speaks_when_it_wants_to_is_due_what_it_said() -> None:
    spans = spans_of("grid", [[Began(DAY, {"grid": 0})]], DAY, DAY + HOUR_S, [])
    said = Meter(seconds={DAY // HOUR_S: 1 << 7 | 1 << 40 | 1 << 41}, lacking={DAY // HOUR_S: 1 << 40})
    told = numbers_of("grid", said, spans, Kept(), (DAY, DAY + DAY_S))
    assert told == {"due": 3, "metered": 3, "stored": 2} | dict.fromkeys(REASONS, 0)


def test_a_begin_by_a_wrong_clock_is_that_of_the_next_reading() -> None:
    wrong = notes.began("0.1.0", {"at": 1000, "believed": False}, "port", {"house": 1}, 1)
    assert read(wrong, reading(DAY + 7)).began == [Began(DAY + 7, {"house": 1})]


def test_ranges_that_are_left_cut_a_span() -> None:
    spans = spans_of("house", [[Began(DAY, {"house": 1})]], DAY, DAY + 100, [(DAY - 9, DAY + 9), (DAY + 50, DAY + 60)])
    assert spans == [Span(DAY + 9, DAY + 50, 1), Span(DAY + 60, DAY + 100, 1)]


seconds = some.integers(DAY - 100, DAY + 400)


@given(
    some.sets(seconds),
    some.dictionaries(seconds, some.sampled_from(list(Reason))),
    some.lists(some.tuples(seconds, some.integers(0, 50))),
    some.lists(seconds, min_size=1),
    some.tuples(some.sampled_from([1, 2, 7, 10]), some.sets(seconds)),
)
def test_whatever_the_numbers_are_they_add_up(there, why, lost, starts, rest) -> None:
    every_s, lacking = rest
    lines = [began(at, house=every_s) for at in starts] + [reading(second) for second in sorted(there)]
    lines += [absent(second, reason) for second, reason in why.items()]
    kept = read(*lines, *(notes.lost(1, at, {"at": at + length}) for at, length in lost))
    meter = meter_of(kept)
    meter.lacking = {
        hour: bits & sum(1 << second % HOUR_S for second in lacking) for hour, bits in meter.seconds.items()
    }
    found = numbers(kept, DAY + 500, meter=meter)
    assert min(found.values()) >= 0
    assert found["stored"] <= found["metered"]
    assert found["due"] == found["metered"] + sum(found[reason] for reason in REASONS)


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_second_that_is_stored_alone_counts_as_metered(house: JournalDesk, database: Database) -> None:
    """The plugin was killed and began again ten seconds later, and five seconds were not in its journal yet."""
    lines = [reading(second) for second in range(DAY, DAY + HOUR_S)]
    write_journal(house.journal, lines[:1795], began_s=DAY)
    write_journal(house.journal, lines[1810:], began_s=DAY + 1810)
    store(database, lines[:1800] + lines[1810:])
    house.now_s = DAY + HOUR_S + 120
    house.reconcile()
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (HOUR_S, HOUR_S - 10, HOUR_S - 10, 10)


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_what_is_stored_alone_hides_nothing_that_is_missing(house: JournalDesk, database: Database) -> None:
    """Five seconds before a kill InfluxDB alone has; eight others it does not take, since a field has another type there."""
    lines = [reading(second) for second in range(DAY, DAY + HOUR_S)]
    write_journal(house.journal, lines[:1795], began_s=DAY)
    write_journal(house.journal, lines[1810:], began_s=DAY + 1810)
    bare = [reading(second, fields=["power_w"]) for second in range(DAY, DAY + HOUR_S)]
    store(database, bare[:600] + bare[608:1800] + bare[1810:])
    database.ask("POST", "write?org=home&bucket=energy", f'electricity,meter=x voltage_v="230" {DAY * NS}')
    house.now_s = DAY + HOUR_S + 120
    assert house.reconcile(exit_code=1)["filled"] == 0
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (HOUR_S, HOUR_S - 10, 5, 10)


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_hours_that_the_journal_lacks_are_asked_for(house: JournalDesk, database: Database) -> None:
    """Its disk was full from the second hour on, over two hours; and it was given up in the fifth, while the timer stays."""
    lines = [reading(second) for second in range(DAY, DAY + 8 * HOUR_S)]
    lost = notes.lost(9, DAY + HOUR_S + 60, {"at": DAY + 3 * HOUR_S + 59})
    journal = [*lines[: HOUR_S + 60], lost, *lines[3 * HOUR_S + 60 : 5 * HOUR_S]]
    write_journal(house.journal, journal, began_s=DAY)
    store(database, lines[: 2 * HOUR_S] + lines[2 * HOUR_S + 7 : 7 * HOUR_S + 5])
    house.now_s = DAY + 8 * HOUR_S + 120
    house.reconcile()
    days = house.completeness("2026-02")
    total = {name: sum(day[name] for day in days) for name in ("due", "metered", "stored", "lost", "off")}
    metered = 7 * HOUR_S + 5 - 7
    assert total == {"due": 8 * HOUR_S, "metered": metered, "stored": metered, "lost": 7, "off": HOUR_S - 5}


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_the_hour_that_comes_twice_is_two(house: JournalDesk, database: Database) -> None:
    """All 25 hours of it; InfluxDB lacks the second of the two, and one of tomorrow."""
    start = int(datetime(2026, 10, 25, tzinfo=ROME).timestamp())
    stop = start + 26 * HOUR_S
    lines = [reading(second) for second in range(start, stop, 10)]
    write_journal(house.journal, lines, began_s=start, meters={"house": 10})
    store(database, [line for n, line in enumerate(lines) if n // 360 not in {3, 25}])
    house.now_s = stop + 120
    assert house.reconcile()["filled"] == 2 * 360 * 3
    first, second = house.completeness("2026-10")
    assert (first["day"], first["due"], first["metered"], first["stored"], first["off"]) == (
        "2026-10-25",
        9000,
        9000,
        9000,
        0,
    )
    assert (second["day"], second["due"], second["stored"]) == ("2026-10-26", 360, 360)
    code, out, _ = house.desk.call("completeness", "--month", "2026-10")
    assert code == 0
    assert out.split()[-3:] == ["none", "is", "missing."]


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_day_that_the_journal_has_no_more_is_left_as_it_is(house: JournalDesk, database: Database) -> None:
    start = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
    lines = [reading(second) for second in range(start + 20 * HOUR_S, start + 28 * HOUR_S)]
    place = write_journal(house.journal, lines, began_s=start + 20 * HOUR_S)
    store(database, lines)
    house.now_s = start + 28 * HOUR_S + 120
    house.reconcile()
    before = house.completeness("2026-02")
    assert [day["due"] for day in before] == [4 * HOUR_S] * 2
    files = sorted(place.iterdir())
    assert len(files) > 2
    files[0].unlink()
    told = house.reconcile()
    assert (told["lines"], told["days"]) == (0, 0)
    assert house.completeness("2026-02") == before


def lost_its_begin(house: JournalDesk, database: Database) -> Path:
    """A day of which InfluxDB has all but twenty minutes, in which nothing ran; they were in the oldest file. Gives its folder."""
    start = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
    before = [reading(second) for second in range(start - HOUR_S, start + 600, 10)]
    after = [reading(second) for second in range(start + 1800, start + 26 * HOUR_S, 10)]
    place = write_journal(house.journal, before, began_s=start - HOUR_S, meters={"house": 10})
    make(path_of(place, 2))
    write_journal(house.journal, after, began_s=start + 1800, meters={"house": 10})
    assert len(files_in(place)) > 2
    store(database, before + after)
    house.now_s = start + 26 * HOUR_S + 120
    house.reconcile()
    return place


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_day_that_lost_its_begin_is_not_told_again(house: JournalDesk, database: Database) -> None:
    place = lost_its_begin(house, database)
    before = house.completeness("2026-02")
    assert [(day["due"], day["off"]) for day in before[1:]] == [(8640, 120), (720, 0)]
    path_of(place, 1).unlink()
    assert house.reconcile()["days"] == 0
    assert house.completeness("2026-02") == before


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_where_memory_is_lost_a_number_of_more_stands(house: JournalDesk, database: Database) -> None:
    place = lost_its_begin(house, database)
    before = house.completeness("2026-02")
    for path in files_in(place)[:2]:
        path.unlink()
    (house.desk.folder / FOLDER / "memory.json").unlink()
    house.now_s += 600
    assert house.reconcile()["days"] == 1
    now = house.completeness("2026-02")
    assert now[:2] == before[:2]
    assert now[2]["due"] == before[2]["due"] + 60


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_what_is_stored_before_the_journal_began_is_not_due(house: JournalDesk, database: Database) -> None:
    """The journal was switched on within an hour of which InfluxDB has readings from before, and ended soon."""
    own = [reading(second) for second in range(DAY + 1800, DAY + 2100)]
    write_journal(house.journal, own, began_s=DAY + 1800)
    store(database, [reading(second) for second in range(DAY, DAY + 1000)] + own)
    house.now_s = DAY + 3400
    house.reconcile()
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (1480, 300, 300, 1180)


def test_ranges_that_are_left_cover_a_day_together() -> None:
    assert is_left((100, 200), [(150, 250), (90, 150)])
    assert not is_left((100, 200), [(151, 250), (90, 150)])


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_of_a_day_that_is_left_nothing_is_due_any_more(house: JournalDesk, database: Database) -> None:
    start = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
    lines = [reading(second) for second in range(start, start + DAY_S + HOUR_S, 10)]
    write_journal(house.journal, lines, began_s=start, meters={"house": 10})
    house.now_s = start + DAY_S + HOUR_S + 120
    house.reconcile()
    before = house.completeness("2026-02")
    assert [(day["due"], day["stored"]) for day in before] == [(8640, 8640), (360, 360)]
    assert house.desk.call("reconcile", "--leave", "2026-02-10", "2026-02-11")[0] == 0
    house.reconcile()
    left, other = house.completeness("2026-02")
    assert {name: left[name] for name in ("due", "metered", "stored", *REASONS)} == dict.fromkeys(
        ("due", "metered", "stored", *REASONS), 0
    )
    assert other == before[1]
    assert house.reconcile()["days"] == 0


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_day_that_the_journal_has_no_more_can_be_left(house: JournalDesk, database: Database) -> None:
    start = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
    hours = [20, 24, 100, 124]
    lines = [reading(start + hour * HOUR_S + second) for hour in hours for second in range(HOUR_S)]
    place = write_journal(house.journal, lines, began_s=start + 20 * HOUR_S, group_lines=3)
    store(database, lines)
    house.now_s = start + 125 * HOUR_S + 120
    house.reconcile()
    for path in sorted(place.iterdir())[:-1]:
        path.unlink()
    before = house.completeness("2026-02")
    assert house.desk.call("reconcile", "--leave", "2026-02-10", "2026-02-11")[0] == 0
    assert house.reconcile()["days"] == 1
    assert house.reconcile()["days"] == 0
    now = house.completeness("2026-02")
    assert (before[0]["due"], now[0]["due"]) == (4 * HOUR_S, 0)
    assert now[1:] == before[1:]


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_meter_that_was_moved_to_another_port_is_one(house: JournalDesk, database: Database) -> None:
    """Within an hour, of which InfluxDB lacks a part on either side; the old port's journal says nothing of its end."""
    lines = [reading(second) for second in range(DAY, DAY + HOUR_S)]
    write_journal(house.journal, lines[:1800], began_s=DAY)
    write_journal(house.journal, lines[1900:], began_s=DAY + 1900, port="/dev/ttyUSB9")
    store(database, lines[100:1800] + lines[2000:])
    house.now_s = DAY + HOUR_S + 120
    assert house.reconcile()["filled"] == 200 * 3
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (HOUR_S, HOUR_S - 100, HOUR_S - 100, 100)
    assert house.reconcile()["lines"] == 0


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_what_influxdb_does_not_take_is_told_as_missing(house: JournalDesk, database: Database) -> None:
    lines = [reading(second) for second in range(DAY, DAY + HOUR_S)]
    write_journal(house.journal, lines, began_s=DAY)
    database.ask("POST", "write?org=home&bucket=energy", f'electricity,meter=x voltage_v="230" {DAY * NS}')
    house.now_s = DAY + HOUR_S + 120
    house.reconcile(exit_code=1)
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"]) == (HOUR_S, HOUR_S, 0)
    assert "3 600 are missing." in " ".join(house.desk.call("completeness", "--month", "2026-02")[1].split())


def document(**changed: object) -> dict[str, object]:
    known = {"due": 86_400, "metered": 86_390, "stored": 86_390, "silent": 7, "off": 3}
    return {"site": "home", "meter": "house", "day": "2026-02-10"} | known | changed


def until(*time: int) -> int:
    return int(datetime(2026, 2, *time, tzinfo=ROME).timestamp())


def told(*days: dict[str, object]) -> str:
    """In one line, whatever the width of a terminal."""
    return " ".join(as_text(days, ROME).split())


ALL = {"metered": 86_400, "stored": 86_400, "silent": 0, "off": 0}


def test_none_is_missing() -> None:
    assert as_text([document(**ALL)], ROME).splitlines() == [
        "day         meter     due  metered  stored  missing, not metered by reason",
        "2026-02-10  house   86400    86400   86400",
        "",
        "From 2026-02-10 to the end of 2026-02-10, of 86 400 readings that were due, 86 400 were metered and",
        "86 400 of them are stored: none is missing.",
    ]


@pytest.mark.parametrize("width", range(75, 81))
def test_no_number_is_broken_and_each_day_tells_its_own(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    days = [document(), document(day="2026-02-11", stored=75_600, silent=1, busy=2, port=3, clock=1, lost=2, off=1)]
    head, first, *rows = as_text(days, ROME).split("\n\n")[0].splitlines()
    assert head.endswith("  missing, not metered by reason")
    assert first == "2026-02-10  house   86400    86390   86390  silent 7, off 3"
    assert max(map(len, rows)) <= width
    reasons = "missing 10790, silent 1, busy 2, port 3, clock 1, lost 2, off 1"
    assert " ".join(" ".join(rows).split()) == f"2026-02-11 house 86400 86390 75600 {reasons}"
    assert all(row.endswith(",") for row in rows[:-1])
    assert as_text(days, ROME).replace("\n", " ").count("172 800 ") == as_text(days, ROME).count("172 800 ") == 1


def test_what_is_missing_is_said() -> None:
    assert "390 are missing." in told(document(stored=86_000), document())


def test_what_was_not_metered_is_said() -> None:
    words = "none is missing. 20 were not metered, for the reasons that stand in the table."
    assert told(document(), document()).endswith(words)


def test_of_what_is_lost_nobody_knows() -> None:
    words = "in the table; of 3 of them, those that are lost, nobody knows whether they were."
    assert told(document(off=0, lost=3)).endswith(words)


@pytest.mark.parametrize(("time", "words"), [((11, 11, 2), "2026-02-11 11:02"), ((12,), "the end of 2026-02-11")])
def test_a_day_that_is_not_over_is_told_up_to_a_time(time: tuple[int, ...], words: str) -> None:
    days = [document(until_s=until(11)), document(day="2026-02-11", until_s=until(*time))]
    assert f"From 2026-02-10 to {words}, of" in told(*days)
    assert "Not counted" not in told(*days)


def test_what_was_not_counted_so_far_is_said() -> None:
    days = [document(until_s=until(10, 7)), document(day="2026-02-11", until_s=until(11, 11, 2))]
    days.append(document(meter="roof", day="2026-02-11", until_s=until(11, 3)))
    assert "to 2026-02-11 11:02, of" in told(*days)
    words = "Not counted, since the journal had nothing of it any more: house behind 2026-02-10 07:00, roof behind "
    assert told(*days).endswith(words + "2026-02-11 03:00.")


def test_the_help_explains_each_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["completeness", "--help"])
    explained = capsys.readouterr().out.partition("why seconds")[2]
    assert re.findall(r"^  (\w+)  +[A-Z]", explained, re.MULTILINE) == list(REASONS)


def test_two_sites_are_two() -> None:
    lines = as_text([document(**ALL), document(**ALL | {"site": "villa", "stored": 86_010})], ROME).splitlines()
    assert lines[0].split()[:3] == ["day", "site", "meter"]
    assert [line.split()[:3] for line in lines[1:3]] == [
        ["2026-02-10", "home", "house"],
        ["2026-02-10", "villa", "house"],
    ]
    home, villa = " ".join(lines[4:]).split("  ")
    assert home.startswith("home: From")
    assert home.endswith("none is missing.")
    assert villa.endswith("390 are missing.")


@pytest.mark.chain
def test_without_a_journal_that_is_said(house: JournalDesk) -> None:
    code, out, _ = house.desk.call("completeness")
    assert (code, out.split()[:4]) == (0, ["Nothing", "is", "known", "of"])
    assert "cannot be read" in " ".join(out.split()), "whatever the length of a path wraps"


def test_a_month_is_that_of_the_household() -> None:
    assert month_of("2026-12", ROME) == tuple(
        int(datetime(*day, tzinfo=ROME).timestamp()) for day in ((2026, 12, 1), (2027, 1, 1))
    )


def test_a_month_that_is_none_is_refused(house: JournalDesk) -> None:
    code, out, err = house.desk.call("completeness", "--month", "march")
    assert (code, out) == (2, "")
    assert "2026-03" in err
