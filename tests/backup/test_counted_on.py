"""A day of which the journal has lost a part is counted on from what was told of it last.

| fault | test |
|---|---|
| once today's begin has left the journal, its number stands still until midnight | test_today_is_counted_on_without_its_begin |
| ... or what was told of the begin is counted again, or goes | likewise |
| what is remembered is lost too, and InfluxDB's number is overwritten by less | test_where_memory_is_lost_too_it_is_counted_on_from_influxdb |
| ... where the settings have another site than the readings | test_where_the_site_is_another_the_number_is_counted_on_too |
| ... or by that of another house | test_the_number_of_another_house_is_none_of_ours |
| ... or counted on from its day's end, where an early version does not say up to when it tells | test_a_number_of_an_early_version_is_counted_on |
| what the journal lost before it was compared is not due, or not known to be lost | test_a_hole_is_due_and_what_influxdb_lacks_of_it_is_lost |
| ... or is, after a year without a journal | test_a_hole_of_more_than_a_week_is_not_counted |
| ... and that is said of no month but the first, or of none where it began at midnight | test_each_month_of_a_long_hole_tells_of_it |
| ... or of what is whole behind such a head, and stored, nothing is due | test_behind_a_damaged_head_all_is_due |
| the first day is not counted anew once what is remembered is lost | test_the_first_day_is_counted_anew_without_memory |
| ... or is told twice, since the site was renamed in its first hour | test_a_site_that_is_renamed_in_the_first_hour_is_found_again |
| a meter that the head of a damaged file no longer names is due no more | test_a_head_that_cannot_be_read_makes_a_hole |
| a meter of which no file is there at one run is forgotten, and its hole is in no number | test_a_meter_without_any_file_at_one_run_is_not_forgotten, test_whatever_goes_each_second_is_told_once |
| ... or one that was taken away is due still | test_a_meter_that_was_taken_away_makes_no_hole |
| a reason goes with a file in the midst of others | test_what_goes_with_a_file_in_the_midst_keeps_its_reason |
| what was told of a time stays, though all of that is set aside | test_of_what_is_set_aside_nothing_stays |
| ... or stays of a part, and passes for not due | test_of_a_part_that_is_set_aside_too_late_that_is_said |
| numbers that InfluxDB lost, as those of readings that it has, never come back | test_numbers_that_are_gone_are_written_again |
| what InfluxDB keeps no more is missing for ever, and tried again each day | test_what_influxdb_keeps_no_more_is_not_missing |
| a day in which the site was renamed is told under both names | test_a_day_is_told_under_one_site |
| ... once its begin has left the journal, or what is remembered is lost as well | test_a_day_of_which_the_begin_is_gone_stays_under_its_site |
| ... or one that was told while InfluxDB had nothing of it | test_a_day_that_was_told_before_a_reading_came_stays_under_its_site |
| another time zone has the same seconds in the days of both | test_another_time_zone_tells_no_second_twice |
| ... or what was told before it goes, when the zone of before comes back | likewise |
| ... or what is remembered is lost on the way | test_another_time_zone_and_a_lost_memory_tell_no_second_twice, test_whatever_zone_each_second_is_told_once |
| ... or the clock is set back behind that | test_a_clock_that_is_back_takes_nothing_from_a_day_of_another_time_zone, likewise |
| ... or both have a midnight in common, and days that are not equally long | test_of_two_zones_that_share_a_midnight_no_second_is_told_twice |
| ... or what was set aside of it is said of the wrong day | test_what_is_set_aside_of_a_day_that_a_zone_cut_is_told_once |
| ... or of a day of before nothing is seen any more that is filled or deleted later | test_a_day_of_another_time_zone_is_counted_anew |
| ... or it is told under the date of the day before | test_a_day_of_another_time_zone_has_its_own_date |
| a number that was deleted, since its site was wrong, comes back under that | test_a_number_that_was_deleted_comes_under_the_right_site |
| a meter that speaks when it wants to has no number, or one of seconds in which it said nothing | test_what_a_stick_said_was_due |
| a second is told twice or never, whatever goes at whatever run, and whichever meter, port or clock it has | test_whatever_goes_each_second_is_told_once |
"""

import json
import os
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backup.journal_rig import NS, PORT, SITE, JournalDesk, reading, store, write_journal
from backup.restore_rig import Database
from wattline import fields
from wattline.journal import notes
from wattline.journal.files import folder_name, path_of
from wattline.journal.record import SECTOR_BYTES
from wattline.journal.sectors import make
from wattline.reading import Absence, Reason
from wattline_backup.reconcile.work import FOLDER

pytestmark = pytest.mark.timeout(120)

HOUR_S, DAY_S, EVERY_S = 3600, 86_400, 10
ROME = ZoneInfo("Europe/Rome")
START = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
# The clock is set back on the day behind.
LONG_DAY = int(datetime(2026, 10, 24, tzinfo=ROME).timestamp())
UNDER_WAY_S = 120


def readings(start_s: int, stop_s: int) -> list[str]:
    return [reading(second) for second in range(start_s, stop_s, EVERY_S)]


def write(house: JournalDesk, lines: list[str], *, began_s: int, number: int, port: str = PORT) -> Path:
    """Into a file of its own."""
    place = house.journal / folder_name(port)
    place.mkdir(parents=True, exist_ok=True)
    make(path_of(place, number))
    return write_journal(house.journal, lines, began_s=began_s, meters={"house": EVERY_S}, port=port)


def counted(house: JournalDesk, until_s: int) -> dict[str, Any]:
    """What is told of the first day once it was counted up to then."""
    house.now_s = until_s + UNDER_WAY_S
    house.reconcile()
    (day,) = house.completeness("2026-02")
    assert day["due"] == day["metered"] + sum(day[reason] for reason in fields.NOT_METERED)
    return day


def ten_hours(house: JournalDesk, database: Database, **where: Any) -> Path:
    """Of the day, of which twenty minutes were not metered, as they were told then."""
    lines = readings(START, START + 600) + readings(START + 1800, START + 10 * HOUR_S)
    place = write(house, lines[:60], began_s=START, number=1, **where)
    write(house, lines[60:], began_s=START + 1800, number=2, **where)
    store(database, lines)
    day = counted(house, START + 10 * HOUR_S)
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (3600, 3480, 3480, 120)
    return place


@pytest.mark.chain
@pytest.mark.parametrize("port", [PORT, "/dev/ttyUSB9"], ids=["dropped", "folder removed"])
def test_today_is_counted_on_without_its_begin(house: JournalDesk, database: Database, port: str) -> None:
    place = ten_hours(house, database)
    later = readings(START + 10 * HOUR_S, START + 12 * HOUR_S)
    began_s = START + 1800 if port == PORT else START + 10 * HOUR_S
    write(house, later, began_s=began_s, number=3 if port == PORT else 1, port=port)
    store(database, later)
    for path in (path_of(place, 1), path_of(place, 2)):
        path.unlink()
    for hours in (11, 12):
        day = counted(house, START + hours * HOUR_S)
        assert (day["due"], day["metered"], day["stored"], day["off"]) == (
            hours * 360,
            hours * 360 - 120,
            hours * 360 - 120,
            120,
        )


@pytest.mark.chain
def test_where_memory_is_lost_too_it_is_counted_on_from_influxdb(house: JournalDesk, database: Database) -> None:
    place = ten_hours(house, database)
    for path in [*place.iterdir(), house.desk.folder / FOLDER / "memory.json"]:
        path.unlink()
    later = readings(START + 10 * HOUR_S, START + 11 * HOUR_S)
    write(house, later, began_s=START + 10 * HOUR_S, number=1)
    store(database, later)
    day = counted(house, START + 11 * HOUR_S)
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (3960, 3840, 3840, 120)


@pytest.mark.chain
def test_where_the_site_is_another_the_number_is_counted_on_too(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new card, Telegraf has not the site of the settings, and a third house has numbers of a meter of that name."""
    cabin = f"wattline_completeness,meter=house,site=cabin due=9,metered=9,stored=9,until_s={START + 90} {START * NS}"
    database.ask("POST", "write?org=home&bucket=energy_1d", cabin)
    monkeypatch.setenv("WATTLINE_SITE", "home")
    lines = readings(START, START + 12 * HOUR_S)
    place = write(house, lines[:3600], began_s=START, number=1)
    store(database, lines)
    house.now_s = START + 10 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    for path in [*place.iterdir(), house.desk.folder / FOLDER / "memory.json"]:
        path.unlink()
    write(house, lines[3960:], began_s=START + 11 * HOUR_S, number=1)
    house.now_s = START + 12 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    told = {day["site"]: (day["due"], day["metered"]) for day in house.completeness("2026-02")}
    assert told == {"cabin": (9, 9), SITE: (12 * 360, 12 * 360)}


@pytest.mark.chain
def test_the_number_of_another_house_is_none_of_ours(house: JournalDesk, database: Database) -> None:
    """It has a meter of the same name, and began its day earlier."""
    other = f"wattline_completeness,meter=house,site=cabin due=9,metered=9,stored=9,until_s={START + 90} {START * NS}"
    database.ask("POST", "write?org=home&bucket=energy_1d", other)
    lines = readings(START + HOUR_S, START + 2 * HOUR_S)
    write(house, lines, began_s=START + HOUR_S, number=1)
    store(database, lines)
    house.now_s = START + 2 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    assert [(day["site"], day["due"]) for day in house.completeness("2026-02")] == [("cabin", 9), (SITE, 360)]


@pytest.mark.chain
@pytest.mark.parametrize("where", ["memory", "InfluxDB"])
def test_a_number_of_an_early_version_is_counted_on(house: JournalDesk, database: Database, where: str) -> None:
    """It stood still since nine o'clock, and the run before was at ten."""
    place, memory = ten_hours(house, database), house.desk.folder / FOLDER / "memory.json"
    numbers = {"due": 3240, "metered": 3120, "stored": 3120, "off": 120}
    if where == "memory":
        known = json.loads(memory.read_text())
        del known["counted"]
        known |= {"form": 1, "counted_s": START + 10 * HOUR_S, "told": {f"house {START}": numbers}}
        memory.write_text(json.dumps(known))
    else:
        memory.unlink()
        database.delete(START, START + DAY_S, "energy_1d")
        line = ",".join(f"{name}={number}" for name, number in numbers.items())
        line = f"wattline_completeness,meter=house,site={SITE} {line} {START * NS}"
        database.ask("POST", "write?org=home&bucket=energy_1d", line)
    write(house, readings(START + 10 * HOUR_S, START + 11 * HOUR_S), began_s=START + 1800, number=3)
    path_of(place, 1).unlink()
    day = counted(house, START + 11 * HOUR_S)
    assert (day["due"], day["metered"], day["stored"], day["off"]) == (3960, 3840, 3840, 120)


def hole(house: JournalDesk, database: Database, length_s: int) -> dict[str, Any]:
    """The day's number, once a process began behind a hole of which InfluxDB has but the first hour."""
    place = ten_hours(house, database)
    for path in place.iterdir():
        path.unlink()
    begin_s = START + 10 * HOUR_S + length_s
    later = readings(begin_s, begin_s + HOUR_S)
    write(house, later, began_s=begin_s, number=1)
    store(database, readings(START + 10 * HOUR_S, START + 11 * HOUR_S) + later)
    house.now_s = begin_s + HOUR_S + UNDER_WAY_S
    house.reconcile()
    return house.completeness("2026-02")[0]


@pytest.mark.chain
def test_a_hole_is_due_and_what_influxdb_lacks_of_it_is_lost(house: JournalDesk, database: Database) -> None:
    day = hole(house, database, 3 * HOUR_S)
    assert (day["due"], day["metered"], day["stored"]) == (14 * 360, 3480 + 720, 3480 + 720)
    assert (day["off"], day["lost"]) == (120, 720)


@pytest.mark.chain
def test_a_hole_of_more_than_a_week_is_not_counted(house: JournalDesk, database: Database) -> None:
    day = hole(house, database, 8 * DAY_S)
    assert (day["due"], day["until_s"]) == (3600, START + 10 * HOUR_S)
    said = " ".join(house.desk.call("completeness", "--month", "2026-02")[1].split())
    assert "Not counted, since the journal had nothing of it any more: house behind 2026-02-10 10:00." in said


@pytest.mark.chain
def test_each_month_of_a_long_hole_tells_of_it(house: JournalDesk, database: Database) -> None:
    """It was told last at midnight; for six weeks; of a month of these nothing else is known."""
    for start_s, stop_s in ((START + 20 * HOUR_S, START + DAY_S), (START + 55 * DAY_S, START + 55 * DAY_S + HOUR_S)):
        for path in house.journal.glob("*/*"):
            path.unlink()
        lines = readings(start_s, stop_s)
        write(house, lines, began_s=start_s, number=1)
        store(database, lines)
        house.now_s = stop_s + UNDER_WAY_S
        house.reconcile()
    for month, known in (
        ("02", "none is missing."),
        ("03", "Nothing is known of this month"),
        ("04", "none is missing."),
    ):
        said = " ".join(house.desk.call("completeness", "--month", f"2026-{month}")[1].split())
        assert known in said
        words = "since there was nothing to count it by, and that for more than 7 days: house from 2026-02-11 00:00 to"
        assert said.endswith(f"Not counted, {words} 2026-04-06 01:00.")
        house.reconcile()
    assert "Not counted" not in house.desk.call("completeness", "--month", "2026-05")[1]


@pytest.mark.chain
def test_a_head_that_cannot_be_read_makes_a_hole(house: JournalDesk, database: Database) -> None:
    place = ten_hours(house, database)
    for path in place.iterdir():
        path.unlink()
    later = readings(START + 10 * HOUR_S, START + 12 * HOUR_S)
    store(database, later)
    write(house, later[:360], began_s=START + 1800, number=3)
    with path_of(place, 3).open("r+b") as file:
        file.write(bytes(SECTOR_BYTES))
    house.now_s = START + 11 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    write(house, later[360:], began_s=START + 1800, number=4)
    day = counted(house, START + 12 * HOUR_S)
    assert (day["due"], day["metered"], day["off"]) == (12 * 360, 12 * 360 - 120, 120)


def write_roof(house: JournalDesk, database: Database, start_s: int, stop_s: int) -> None:
    """A second meter on a port of its own, whose journal is whole."""
    lines = [reading(second, "roof") for second in range(start_s, stop_s, EVERY_S)]
    write_journal(house.journal, lines, began_s=start_s, meters={"roof": EVERY_S}, port="/dev/ttyUSB7")
    store(database, lines)


def due_of_house(house: JournalDesk, hours: int) -> tuple[int, int]:
    """What of the first day was due, and up to which hour that is told, after a run at an hour of it."""
    house.now_s = START + hours * HOUR_S + UNDER_WAY_S
    house.reconcile()
    (day,) = (day for day in house.completeness("2026-02") if day["meter"] == "house")
    return day["due"], (day["until_s"] - START) // HOUR_S


@pytest.mark.chain
@pytest.mark.parametrize("is_folder_removed", [False, True])
def test_a_meter_without_any_file_at_one_run_is_not_forgotten(
    house: JournalDesk, database: Database, is_folder_removed: bool
) -> None:
    place = ten_hours(house, database)
    for path in place.iterdir():
        path.unlink()
    if is_folder_removed:
        place.rmdir()
    write_roof(house, database, START + 10 * HOUR_S, START + 14 * HOUR_S)
    assert due_of_house(house, 11) == (3600, 10)
    later = readings(START + 12 * HOUR_S, START + 13 * HOUR_S)
    write(house, later, began_s=START + 12 * HOUR_S, number=1)
    store(database, later)
    assert due_of_house(house, 13) == (13 * 360, 13)


@pytest.mark.chain
def test_a_meter_that_was_taken_away_makes_no_hole(house: JournalDesk, database: Database) -> None:
    """The port has another for two hours, and all files of that time go; then it is there again."""
    place = ten_hours(house, database)
    make(path_of(place, 3))
    roof = [reading(second, "roof") for second in range(START + 10 * HOUR_S, START + 11 * HOUR_S, EVERY_S)]
    write_journal(house.journal, roof, began_s=START + 10 * HOUR_S, meters={"roof": EVERY_S})
    store(database, roof)
    assert due_of_house(house, 11) == (3600, 11)
    for path in place.iterdir():
        path.unlink()
    later = readings(START + 12 * HOUR_S, START + 13 * HOUR_S)
    write(house, later, began_s=START + 12 * HOUR_S, number=1)
    store(database, later)
    assert due_of_house(house, 13) == (11 * 360, 13)


@pytest.mark.chain
@pytest.mark.parametrize("is_emptied", [False, True])
def test_what_goes_with_a_file_in_the_midst_keeps_its_reason(
    house: JournalDesk, database: Database, is_emptied: bool
) -> None:
    place = ten_hours(house, database)
    silent = [
        notes.absent(Absence({"house": Reason.SILENT}, second * NS))
        for second in range(START + 36_000, START + 39_600, 10)
    ]
    write(house, [reading(START + 36_000), *silent[1:]], began_s=START + 1800, number=3)
    assert counted(house, START + 11 * HOUR_S)["silent"] == 359
    write(house, readings(START + 11 * HOUR_S, START + 12 * HOUR_S), began_s=START + 1800, number=4)
    if is_emptied:
        os.truncate(path_of(place, 3), 0)
    else:
        path_of(place, 3).unlink()
    day = counted(house, START + 12 * HOUR_S)
    assert (day["due"], day["silent"], day["off"]) == (12 * 360, 359, 120)


@pytest.mark.chain
def test_of_what_is_set_aside_nothing_stays(house: JournalDesk, database: Database) -> None:
    """Of a part of it the number stays, as nobody knows any more what it had."""
    place = ten_hours(house, database)
    path_of(place, 1).unlink()
    later = readings(START + 10 * HOUR_S, START + 12 * HOUR_S)
    write(house, later, began_s=START + 1800, number=3)
    store(database, later)
    instants = [f"2026-02-{word}:00:00Z" for word in ("09T23", "10T06", "10T10")]
    house.desk.call("reconcile", "--leave", *instants[:2])
    assert counted(house, START + 11 * HOUR_S)["due"] == 11 * 360
    house.desk.call("reconcile", "--leave", *instants[1:])
    path_of(place, 2).unlink()
    assert counted(house, START + 12 * HOUR_S)["due"] == 360


def set_aside(house: JournalDesk) -> str:
    """What `completeness` says of ranges that are."""
    return " ".join(house.desk.call("completeness", "--month", "2026-02")[1].partition("Set aside")[2].split())


@pytest.mark.chain
def test_of_a_part_that_is_set_aside_too_late_that_is_said(house: JournalDesk, database: Database) -> None:
    """An hour was set aside in time, and stays so; one that the journal has no more; and one that it has."""
    place = ten_hours(house, database)
    house.desk.call("reconcile", "--leave", "2026-02-10T06:00:00Z", "2026-02-10T07:00:00Z")
    assert counted(house, START + 10 * HOUR_S)["due"] == 9 * 360
    later = readings(START + 10 * HOUR_S, START + 12 * HOUR_S)
    write(house, later, began_s=START + 1800, number=3)
    store(database, later)
    path_of(place, 1).unlink()
    path_of(place, 2).unlink()
    house.desk.call("reconcile", "--leave", "2026-02-10T04:00:00Z", "2026-02-10T05:00:00Z")
    house.desk.call("reconcile", "--leave", "2026-02-10T10:00:00Z", "2026-02-10T10:30:00Z")
    assert counted(house, START + 12 * HOUR_S)["due"] == 11 * 360 - 180
    assert set_aside(house) == (
        "by `reconcile --leave`, and not due: 2026-02-10T06:00:00Z to 2026-02-10T07:00:00Z; 2026-02-10T10:00:00Z to "
        "2026-02-10T10:30:00Z. Set aside by `reconcile --leave`, but the numbers of house on 2026-02-10 had been told before "
        "and keep it: 2026-02-10T04:00:00Z to 2026-02-10T05:00:00Z."
    )


@pytest.mark.chain
def test_numbers_that_are_gone_are_written_again(house: JournalDesk, database: Database) -> None:
    """Also of a day of which the journal has not all any more."""
    path_of(ten_hours(house, database), 1).unlink()
    lines = readings(START + 10 * HOUR_S, START + 30 * HOUR_S)
    write(house, lines, began_s=START + 1800, number=3)
    store(database, lines)
    house.now_s = START + 30 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    before = house.completeness("2026-02")
    assert [day["due"] for day in before] == [8640, 2160]
    database.delete(START, START + 2 * DAY_S, "energy_1d")
    assert house.reconcile()["days"] == 2
    assert house.completeness("2026-02") == before
    assert house.reconcile()["days"] == 0


@pytest.mark.chain
def test_what_influxdb_keeps_no_more_is_not_missing(house: JournalDesk, database: Database) -> None:
    """It keeps a day, and the journal two."""
    begin_s = int(time.time()) // DAY_S * DAY_S - 2 * DAY_S
    lines = readings(begin_s, begin_s + 3 * HOUR_S) + readings(begin_s + 2 * DAY_S - HOUR_S, begin_s + 2 * DAY_S)
    write(house, lines, began_s=begin_s, number=1)
    store(database, lines)
    house.now_s = begin_s + 2 * DAY_S + UNDER_WAY_S
    house.reconcile()
    months = {f"{datetime.fromtimestamp(second, ROME):%Y-%m}" for second in (begin_s, begin_s + 2 * DAY_S)}
    before = [house.completeness(month) for month in sorted(months)]
    rules = [{"type": "expire", "everySeconds": DAY_S, "shardGroupDurationSeconds": 3600}]
    database.ask("PATCH", f"buckets/{database.buckets()['energy']['id']}", {"retentionRules": rules})
    database.delete(begin_s, begin_s + DAY_S)
    told = house.reconcile()
    assert (told["lines"], told["missing"], told["days"]) == (0, 0, 0)
    assert [house.completeness(month) for month in sorted(months)] == before


@pytest.mark.chain
def test_a_day_is_told_under_one_site(house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ten_hours(house, database)
    monkeypatch.setenv("WATTLINE_SITE", "cabin")
    lines = readings(START + 10 * HOUR_S, START + 30 * HOUR_S)
    write(house, lines, began_s=START + 1800, number=3)
    store(database, lines[10:], site="cabin")
    house.now_s = START + 30 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    told = [(day["site"], day["due"], day["stored"]) for day in house.completeness("2026-02")]
    assert told == [("cabin", 2160, 2160), (SITE, 8640, 8520)]


@pytest.mark.chain
@pytest.mark.parametrize("is_memory_lost", [False, True])
def test_a_day_of_which_the_begin_is_gone_stays_under_its_site(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, is_memory_lost: bool
) -> None:
    place = ten_hours(house, database)
    monkeypatch.setenv("WATTLINE_SITE", "cabin")
    # Of this the first hour and a half is there under the name of before.
    lines = readings(START + 10 * HOUR_S, START + 30 * HOUR_S)
    store(database, lines[:540])
    store(database, lines[540:], site="cabin")
    write(house, lines, began_s=START + 1800, number=3)
    for path in (path_of(place, 1), path_of(place, 2)):
        path.unlink()
    if is_memory_lost:
        (house.desk.folder / FOLDER / "memory.json").unlink()
    for hours in (20, 30):
        house.now_s = START + hours * HOUR_S + UNDER_WAY_S
        house.reconcile()
    told = [(day["site"], day["due"], day["metered"], day["stored"]) for day in house.completeness("2026-02")]
    assert told == [("cabin", 2160, 2160, 2160), (SITE, 8640, 8520, 8520)]


@pytest.mark.chain
def test_a_day_that_was_told_before_a_reading_came_stays_under_its_site(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the settings said then counts, as nothing else was known: nothing is read of the last hours but silence."""
    monkeypatch.setenv("WATTLINE_SITE", "cabin")
    silent = [notes.absent(Absence({"house": Reason.SILENT}, second * NS)) for second in range(START, START + 600, 10)]
    lines = readings(START + 600, START + 2 * HOUR_S)
    write(house, [*silent, *lines], began_s=START, number=1)
    for seconds in (600, 2 * HOUR_S):
        house.now_s = START + seconds + UNDER_WAY_S
        house.reconcile()
        store(database, lines)
    assert [(day["site"], day["due"]) for day in house.completeness("2026-02")] == [("cabin", 720)]


@pytest.mark.chain
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_another_time_zone_tells_no_second_twice(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """There and back, on the day itself and the next; each second of the days is in one number, in either zone's month."""
    lines = readings(START, START + 60 * HOUR_S)
    write(house, lines, began_s=START, number=1)
    store(database, lines[10:])
    totals: list[tuple[int, ...]] = []
    for hours, there in (
        (8, "Europe/Rome"),
        (9, zone),
        (10, "Europe/Rome"),
        (11, zone),
        (33, zone),
        (60, "Europe/Rome"),
    ):
        monkeypatch.setenv("WATTLINE_TIMEZONE", there)
        house.now_s = START + hours * HOUR_S + UNDER_WAY_S
        house.reconcile()
        days = house.completeness("2026-02")
        totals.append(tuple(sum(day[name] for day in days) for name in ("due", "metered", "stored")))
        assert totals[-1] == (hours * 360,) * 3
    assert len(days) in {3, 4}


@pytest.mark.chain
@pytest.mark.parametrize("lost_at", range(1, 6))
@pytest.mark.parametrize("third", ["America/New_York", "UTC"])
def test_another_time_zone_and_a_lost_memory_tell_no_second_twice(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, lost_at: int, third: str
) -> None:
    """Under three zones in turn, of which the first may come back within its day."""
    lines = readings(START, START + 80 * HOUR_S)
    write(house, lines, began_s=START, number=1)
    store(database, lines)
    zones = ["UTC", "UTC", "Asia/Tokyo", "Asia/Tokyo", third, third]
    for number, (hours, zone) in enumerate(zip((8, 30, 31, 38, 39, 80), zones, strict=True)):
        monkeypatch.setenv("WATTLINE_TIMEZONE", zone)
        if number == lost_at:
            (house.desk.folder / FOLDER / "memory.json").unlink()
        house.now_s = START + hours * HOUR_S + UNDER_WAY_S
        house.reconcile()
        assert sum(day["due"] for day in house.completeness("2026-02")) == hours * 360


@pytest.mark.chain
@pytest.mark.parametrize("is_lost", [True, False])
@pytest.mark.parametrize("is_back", [True, False])
@pytest.mark.parametrize(("day", "other"), [("2026-10-25", "Africa/Johannesburg"), ("2026-03-29", "Africa/Lagos")])
def test_of_two_zones_that_share_a_midnight_no_second_is_told_twice(
    house: JournalDesk,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    day: str,
    other: str,
    *,
    is_back: bool,
    is_lost: bool,
) -> None:
    """One of them has a day of 23 or 25 hours, whose begin has left the journal."""
    before, after = (other, "Europe/Rome") if is_back else ("Europe/Rome", other)
    start_s, same_s = (
        int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()) for zone in (before, after)
    )
    assert start_s == same_s
    lines = readings(start_s, start_s + 60 * HOUR_S)
    place = write(house, lines[:1000], began_s=start_s, number=1)
    write(house, lines[1000:], began_s=start_s, number=2)
    store(database, lines)
    for number, (hours, zone) in enumerate(((20, before), (30, before), (31, after), (60, after), (60, before))):
        monkeypatch.setenv("WATTLINE_TIMEZONE", zone)
        house.now_s = start_s + hours * HOUR_S + UNDER_WAY_S
        if number == 1:
            path_of(place, 1).unlink()
        if number == 3 and is_lost:
            (house.desk.folder / FOLDER / "memory.json").unlink()
        house.reconcile()
        days = house.completeness(day[:7])
        assert [sum(each[name] for each in days) for name in ("due", "stored")] == [hours * 360] * 2


def told_days(database: Database) -> dict[str, int]:
    """What is stored of the day whose number begins at a time."""
    flux = (
        'from(bucket: "energy_1d") |> range(start: 0) |> filter(fn: (r) => r._measurement == "wattline_completeness" '
        'and r._field == "stored")'
    )
    return {row["_time"]: int(float(row["_value"])) for row in database.query(flux)}


@pytest.mark.chain
def test_a_day_of_another_time_zone_is_counted_anew(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of it was not stored when it was told; and its number is gone, as after a restore of an older set."""
    lines = readings(START, START + 50 * HOUR_S)
    write(house, lines, began_s=START, number=1)
    store(database, lines)
    house.now_s = START + 30 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    monkeypatch.setenv("WATTLINE_TIMEZONE", "UTC")
    house.now_s = START + 31 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    begins = ("2026-02-09T23:00:00Z", "2026-02-10T23:00:00Z", "2026-02-11T00:00:00Z")
    whole = dict(zip(begins, (8640, 2160, 360), strict=True))
    assert told_days(database) == whole
    memory = house.desk.folder / FOLDER / "memory.json"
    known = json.loads(memory.read_text())
    known["told"][f"house {START}"]["stored"] = 8280
    memory.write_text(json.dumps(known))
    database.delete(START, START + DAY_S, "energy_1d")
    house.reconcile()
    assert told_days(database) == whole


@pytest.mark.chain
def test_a_clock_that_is_back_takes_nothing_from_a_day_of_another_time_zone(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back, while the begin of the day has left the journal; then 25 minutes back for one run."""
    lines = readings(START, START + 4 * HOUR_S)
    place = write(house, lines[:480], began_s=START, number=1)
    write(house, lines[480:], began_s=START, number=2)
    store(database, lines)
    for minutes, zone in (
        (70, "UTC"),
        (90, "UTC"),
        (140, "Europe/Rome"),
        (150, "UTC"),
        (125, "UTC"),
        (180, "UTC"),
    ):
        if minutes == 90:
            path_of(place, 1).unlink()
        monkeypatch.setenv("WATTLINE_TIMEZONE", zone)
        house.now_s = START + minutes * 60 + UNDER_WAY_S
        house.reconcile()
    days = house.completeness("2026-02")
    assert [sum(day[name] for day in days) for name in ("due", "metered", "stored")] == [180 * 6] * 3


@pytest.mark.chain
def test_behind_a_damaged_head_all_is_due(house: JournalDesk, database: Database) -> None:
    """One bit of the first record of a process, which another follows at once."""
    lines = readings(START, START + 3 * HOUR_S)
    place = write(house, lines[:240], began_s=START, number=1)
    store(database, lines)
    house.now_s = START + 2000 + UNDER_WAY_S
    house.reconcile()
    with path_of(place, 1).open("r+b") as file:
        (byte,) = file.read(41)[40:]
        file.seek(40)
        file.write(bytes([byte ^ 1]))
    write(house, lines[240:], began_s=START + 2400, number=2)
    assert counted(house, START + 3 * HOUR_S)["stored"] == len(lines)


@pytest.mark.chain
def test_the_first_day_is_counted_anew_without_memory(house: JournalDesk, database: Database) -> None:
    """Metering began at noon; what the journal tells of ten minutes came later than the first number."""
    noon_s = START + 12 * HOUR_S
    lines = readings(noon_s, noon_s + 2 * HOUR_S)
    write(house, lines[:60] + lines[120:], began_s=noon_s, number=1)
    store(database, lines[:60] + lines[120:])
    assert counted(house, noon_s + HOUR_S)["metered"] == 300
    store(database, lines[60:120])
    (house.desk.folder / FOLDER / "memory.json").unlink()
    day = counted(house, noon_s + 2 * HOUR_S)
    assert (day["due"], day["metered"], day["stored"]) == (720, 720, 720)


@pytest.mark.chain
def test_a_site_that_is_renamed_in_the_first_hour_is_found_again(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = readings(START, START + 2 * HOUR_S)
    write(house, lines, began_s=START, number=1)
    store(database, lines[:200])
    house.now_s = START + 2000 + UNDER_WAY_S
    house.reconcile()
    store(database, lines[200:], site="lodge")
    monkeypatch.setenv("WATTLINE_SITE", "lodge")
    (house.desk.folder / FOLDER / "memory.json").unlink()
    for hours in (1, 2):
        house.now_s = START + hours * HOUR_S + UNDER_WAY_S
        house.reconcile()
    assert [(day["site"], day["due"]) for day in house.completeness("2026-02")] == [(SITE, 720)]


@pytest.mark.chain
@pytest.mark.parametrize("is_first", [True, False], ids=["set aside first", "zone changed first"])
def test_what_is_set_aside_of_a_day_that_a_zone_cut_is_told_once(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    """A day of UTC, whose last hour is one of Rome's next day."""
    begin_s = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp())
    lines = readings(begin_s, begin_s + 70 * HOUR_S)
    write(house, lines, began_s=begin_s, number=1)
    store(database, lines)
    leave = "reconcile", "--leave", "2026-02-11T00:00:00Z", "2026-02-12T00:00:00Z"
    monkeypatch.setenv("WATTLINE_TIMEZONE", "UTC")
    house.now_s = begin_s + 60 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    if is_first:
        house.desk.call(*leave)
        house.reconcile()
    monkeypatch.setenv("WATTLINE_TIMEZONE", "Europe/Rome")
    house.reconcile()
    if not is_first:
        house.desk.call(*leave)
    house.now_s = begin_s + 70 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    assert sum(day["due"] for day in house.completeness("2026-02")) == 46 * 360
    assert set_aside(house) == "by `reconcile --leave`, and not due: 2026-02-11T00:00:00Z to 2026-02-12T00:00:00Z."


@pytest.mark.chain
@pytest.mark.parametrize("hours", [13, 24])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_day_of_another_time_zone_has_its_own_date(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, zone: str, hours: int
) -> None:
    """The first of a month was told in Rome, or a part of it, and the rest in the other; nothing passes for not counted."""
    begin_s = int(datetime(2026, 3, 1, tzinfo=ROME).timestamp())
    lines = readings(begin_s, begin_s + 48 * HOUR_S)
    write(house, lines, began_s=begin_s, number=1)
    store(database, lines)
    house.now_s = begin_s + hours * HOUR_S + UNDER_WAY_S
    house.reconcile()
    monkeypatch.setenv("WATTLINE_TIMEZONE", zone)
    house.now_s = begin_s + 40 * HOUR_S + UNDER_WAY_S
    house.reconcile()
    days = house.completeness("2026-03")
    assert (days[0]["day"], sum(day["due"] for day in days)) == ("2026-03-01", 40 * 360)
    assert "Not counted" not in house.desk.call("completeness", "--month", "2026-03")[1]
    assert house.completeness("2026-02") == []


@pytest.mark.chain
def test_a_number_that_was_deleted_comes_under_the_right_site(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InfluxDB was empty when it was told first, under the wrong site of the settings."""
    lines = readings(START, START + 2 * HOUR_S)
    write(house, lines, began_s=START, number=1)
    monkeypatch.setenv("WATTLINE_SITE", "wrong")
    house.now_s = START + HOUR_S + UNDER_WAY_S
    house.reconcile()
    assert [day["site"] for day in house.completeness("2026-02")] == ["wrong"]
    store(database, lines)
    monkeypatch.setenv("WATTLINE_SITE", SITE)
    database.delete(START, START + DAY_S, "energy_1d")
    span = {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z"}
    database.ask("POST", "delete?org=home&bucket=energy", span | {"predicate": 'site="wrong"'})
    for hours in (1, 2):
        house.now_s = START + hours * HOUR_S + UNDER_WAY_S
        house.reconcile()
    assert [(day["site"], day["due"], day["stored"]) for day in house.completeness("2026-02")] == [(SITE, 720, 720)]


@pytest.mark.chain
@pytest.mark.parametrize("is_remembered", [True, False])
def test_what_a_stick_said_was_due(house: JournalDesk, database: Database, *, is_remembered: bool) -> None:
    """And nothing else, beside a meter that is read on another port; also once the begin of the day has left the journal."""
    dice = random.Random(1)
    seconds = [second for second in range(START, START + 4 * HOUR_S) if dice.random() < 0.1]
    lines = [reading(second, "grid") for second in seconds]
    place = write_journal(house.journal, lines[:500], began_s=START, meters={"grid": 0}, port="auto")
    write_roof(house, database, START, START + 5 * HOUR_S)
    store(database, lines[:100] + lines[400:500])
    house.now_s = seconds[500] + UNDER_WAY_S
    house.reconcile()
    (told,) = (day for day in house.completeness("2026-02") if day["meter"] == "grid")
    assert (told["due"], told["metered"], told["stored"]) == (500, 500, 500)
    make(path_of(place, 2))
    write_journal(house.journal, lines[500:], began_s=START, meters={"grid": 0}, port="auto")
    path_of(place, 1).unlink()
    if not is_remembered:
        (house.desk.folder / FOLDER / "memory.json").unlink()
    house.now_s = START + 5 * HOUR_S
    house.reconcile()
    (told,) = (day for day in house.completeness("2026-02") if day["meter"] == "grid")
    assert (told["due"], told["metered"], told["stored"]) == (len(lines),) * 3
    assert sum(told[reason] for reason in fields.NOT_METERED) == 0


@pytest.mark.chain
@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_each_second_is_told_once(house: JournalDesk, database: Database, seed: int) -> None:
    """Over two midnights, one of a day of 25 hours, files of the journal go, or all, or what is remembered; processes begin anew, on two ports."""
    dice, start_s = random.Random(seed), START if seed % 2 else LONG_DAY
    month = f"{datetime.fromtimestamp(start_s, ROME):%Y-%m}"
    at_s = began_s = start_s + 15 * HOUR_S
    there, before, number = set[int](), dict[str, dict[str, int]](), 0
    # Another port is whole, so that a run without any file of this one comes to its end.
    write_roof(house, database, at_s, start_s + 60 * HOUR_S)
    while at_s < start_s + 54 * HOUR_S:
        for path in _files(house) if number else ():
            if dice.random() < 0.25:
                path.unlink()
        if number and dice.random() < 0.2:
            (house.desk.folder / FOLDER / "memory.json").unlink()
        begin_s, at_s = at_s, at_s + dice.randrange(1, 5 * HOUR_S) // EVERY_S * EVERY_S
        if number and dice.random() < 0.5:
            began_s = begin_s = begin_s + dice.choice([0, 0, 400])
        metered = [second for second in range(begin_s, at_s, EVERY_S) if dice.random() < 0.9]
        kept, stored = metered, [second for second in metered if dice.random() < 0.9]
        number += 1
        if number == 1 or dice.random() < 0.7:
            lines = [reading(second) for second in kept]
            write(house, lines, began_s=began_s, number=number, port=dice.choice([PORT, "/dev/ttyUSB9"]))
        else:
            # It went before anything was compared with it.
            kept = []
        store(database, [reading(second) for second in stored])
        there |= {*kept, *stored}
        house.now_s = at_s + UNDER_WAY_S + dice.randrange(EVERY_S)
        house.reconcile()
        days = [day for day in house.completeness(month) if day["meter"] == "house"]
        if not _files(house):
            assert {day["day"]: day for day in days} == before
            continue
        assert sum(day["due"] for day in days) == (at_s - start_s - 15 * HOUR_S) // EVERY_S
        assert sum(day["metered"] for day in days) == len(there)
        for day in days:
            assert day["due"] == day["metered"] + sum(day[reason] for reason in fields.NOT_METERED)
            assert all(day[name] >= before.get(day["day"], {}).get(name, 0) for name in ("due", "metered", "stored"))
            assert day["metered"] == day["stored"]
        before = {day["day"]: day for day in days}
        assert max(day["until_s"] for day in days) == at_s


def _files(house: JournalDesk) -> list[Path]:
    """Those of the meter "house"."""
    return sorted(set(house.journal.glob("*/*.journal")) - set((house.journal / folder_name("/dev/ttyUSB7")).iterdir()))


ZONES = ("UTC", "Europe/Rome", "Africa/Johannesburg", "America/New_York", "Asia/Kathmandu", "Europe/Rome")


@pytest.mark.chain
@pytest.mark.parametrize("seed", range(6))
def test_whatever_zone_each_second_is_told_once(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Over a day of 25 hours the time zone is changed at random, and the clock set back; files go, and what is remembered."""
    dice, start_s = random.Random(seed), LONG_DAY + 15 * HOUR_S
    lines = readings(start_s, start_s + 66 * HOUR_S)
    for number, first in enumerate(range(0, len(lines), 3000)):
        write(house, lines[first : first + 3000], began_s=start_s, number=number + 1)
    store(database, lines)
    at_s = start_s
    while at_s < start_s + 60 * HOUR_S:
        at_s += dice.randrange(HOUR_S // 2, 6 * HOUR_S) // EVERY_S * EVERY_S
        monkeypatch.setenv("WATTLINE_TIMEZONE", dice.choice(ZONES))
        if dice.random() < 0.3:
            (house.desk.folder / FOLDER / "memory.json").unlink(missing_ok=True)
        for path in sorted(house.journal.glob("*/*.journal"))[:-1]:
            is_over = int(path.stem) * 3000 * EVERY_S < at_s - UNDER_WAY_S - start_s
            if is_over and dice.random() < 0.1:
                path.unlink()
        if dice.random() < 0.3:
            # The clock is back for one run.
            house.now_s = at_s + UNDER_WAY_S - dice.randrange(EVERY_S, 2 * HOUR_S)
            house.reconcile()
            monkeypatch.setenv("WATTLINE_TIMEZONE", dice.choice(ZONES))
        house.now_s = at_s + UNDER_WAY_S
        house.reconcile()
        days = house.completeness("2026-10")
        assert [sum(day[name] for day in days) for name in ("due", "metered", "stored")] == [
            (at_s - start_s) // EVERY_S
        ] * 3
