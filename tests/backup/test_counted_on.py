"""A day of which the journal has lost a part is counted on from what was told of it last.

| fault | test |
|---|---|
| once today's begin has left the journal, its number stands still until midnight | test_today_is_counted_on_without_its_begin |
| ... or what was told of the begin is counted again, or goes | likewise |
| what is remembered is lost too, and InfluxDB's number is overwritten by less | test_where_memory_is_lost_too_it_is_counted_on_from_influxdb |
"""

import random
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backup.journal_rig import PORT, JournalDesk, reading, store, write_journal
from backup.restore_rig import Database
from wattline.journal.files import folder_name, path_of
from wattline.journal.sectors import make
from wattline_backup.commands.completeness import REASONS
from wattline_backup.reconcile.work import FOLDER

pytestmark = pytest.mark.timeout(120)

HOUR_S, DAY_S, EVERY_S = 3600, 86_400, 10
ROME = ZoneInfo("Europe/Rome")
START = int(datetime(2026, 2, 10, tzinfo=ROME).timestamp())
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
    assert day["due"] == day["metered"] + sum(day[reason] for reason in REASONS)
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
@pytest.mark.parametrize("seed", range(6))
def test_whatever_goes_each_second_is_told_once(house: JournalDesk, database: Database, seed: int) -> None:
    """Over two midnights files of the journal go, or all, or what is remembered; processes begin anew, on two ports."""
    dice = random.Random(seed)
    at_s = began_s = START + 15 * HOUR_S
    there, before, number = set[int](), dict[str, dict[str, int]](), 0
    while at_s < START + 54 * HOUR_S:
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
        if number == 1 or not _files(house) or dice.random() < 0.7:
            lines = [reading(second) for second in kept]
            write(house, lines, began_s=began_s, number=number, port=dice.choice([PORT, "/dev/ttyUSB9"]))
        else:
            # It went before anything was compared with it.
            kept = []
        store(database, [reading(second) for second in stored])
        there |= {*kept, *stored}
        house.now_s = at_s + UNDER_WAY_S
        house.reconcile()
        days = house.completeness("2026-02")
        assert sum(day["due"] for day in days) == (at_s - START - 15 * HOUR_S) // EVERY_S
        assert sum(day["metered"] for day in days) == len(there)
        for day in days:
            assert day["due"] == day["metered"] + sum(day[reason] for reason in REASONS)
            assert all(day[name] >= before.get(day["day"], {}).get(name, 0) for name in ("due", "metered", "stored"))
            assert day["metered"] == day["stored"]
        before = {day["day"]: day for day in days}
        assert max(day["until_s"] for day in days) == at_s


def _files(house: JournalDesk) -> list[Path]:
    return sorted(house.journal.glob("*/*.journal"))
