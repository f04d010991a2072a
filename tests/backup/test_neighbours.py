"""Two houses on one InfluxDB with a meter of one name: no reading of the one is taken for the other's, and none of ours for another's.

| fault | test |
|---|---|
| a neighbour's readings are ours for one field that is alike, or since both stand still | test_no_neighbour_is_taken_for_us, test_a_neighbour_on_the_same_line_is_none_of_ours |
| ... or for self-metrics that begin alike, as the counters left out at the start | test_self_metrics_of_a_neighbour_are_none_of_ours |
| ... since the settings have their name by mistake | test_settings_with_the_name_of_another_house_harm_nobody |
| ... or what ours lacks is written under their name | test_under_a_name_that_nothing_proves_nothing_is_written |
| ... or were judged so by an earlier version, which stays for seven days | test_what_an_earlier_rule_judged_is_judged_anew |
| ours are another's for one field that Telegraf rounds, or that was corrected | test_ours_is_known_by_its_other_name |
| ... or for one corrected value of a meter that stands still | test_a_corrected_reading_of_a_meter_that_stands_still_doubles_nothing |
"""

import json
import random
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from backup.journal_rig import (
    NS,
    SITE,
    JournalDesk,
    everything,
    scattered,
    sites,
    store,
    write_journal,
)
from backup.restore_rig import Database
from wattline_backup.reconcile.work import FOLDER

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

HOUR_S = 3600
START = int(datetime(2026, 2, 10, 8, tzinfo=UTC).timestamp())


def health(milliseconds: Iterable[int]) -> list[str]:
    """A meter's self-metrics, each ten seconds of an hour; those of two houses differ in how long the meter takes."""
    return [
        f"wattline_meter,meter=house,model=orno-we515 energy_unconfirmed=10,replies={slot * 8},"
        f"round_trip_ms={spent} {(START + slot * 10) * NS}"
        for slot, spent in zip(range(360), milliseconds, strict=True)
    ]


def test_self_metrics_of_a_neighbour_are_none_of_ours(house: JournalDesk, database: Database) -> None:
    """Both plugins left out ten counters of energy when they began, and count the same slots since."""
    lines, theirs = (health(map(scattered, range(first, first + 360))) for first in (0, 400))
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, theirs, site="elsewhere")
    store(database, lines[:100])
    told = house.reconcile()
    assert (told["lines"], told["missing"], told["remarks"]) == (260, 0, [])


def solar(start: int, stop: int, energy_kwh: float, *, line: int = 0, power_w: float = 0.0) -> list[str]:
    """A roof at night: no power, whole volts as all houses on a line have them, and its own energy."""
    return [
        f"electricity,meter=house,role=grid energy_total_kwh={energy_kwh},power_w={power_w},"
        f"voltage_v={225 + scattered(second // 7 + line) % 9} {second * NS}"
        for second in range(start, stop)
    ]


def house_of(seed: int, *, every_s: int = 1, **still: str) -> list[str]:
    """Two hours of a house: power and current of its own, and what stands in it."""
    dice = random.Random(seed)
    words = "".join(f",{name}={value}" for name, value in still.items())
    return [
        f"electricity,meter=house,role=grid current_a={dice.randrange(200)},power_w={dice.randrange(4000)}{words} {second * NS}"
        for second in range(START, START + 2 * HOUR_S, every_s)
    ]


def night_of(energy_kwh: str, first: int) -> list[str]:
    """A roof at night, read each second, and its counter each ten, at seconds of its own."""
    return [
        f"electricity,meter=house,role=grid {f'energy_total_kwh={energy_kwh},' * (second % 10 == first)}power_w=0 {second * NS}"
        for second in range(START, START + 2 * HOUR_S)
    ]


def prices(first: int) -> list[str]:
    """Of one utility, as two sticks tell them, each at its own seconds, and now and then at one of the other's."""
    dice = random.Random(first)
    return [
        f"electricity_price,currency=EUR,meter=house price_per_kwh=0.15 {(second + dice.randrange(3)) * NS}"
        for second in range(START + first, START + 2 * HOUR_S, 30)
    ]


NEIGHBOURS = {
    "gave as little to the grid": (
        house_of(1, every_s=10, energy_import_kwh="3200.125", energy_export_kwh="0.3125"),
        house_of(2, every_s=10, energy_import_kwh="1100.6875", energy_export_kwh="0.3125"),
    ),
    "likewise, with one line less": (
        house_of(1, every_s=10, energy_import_kwh="3200.125", energy_export_kwh="0.3125", power_l1_w="3"),
        house_of(2, every_s=10, energy_import_kwh="1100.6875", energy_export_kwh="0.3125"),
    ),
    "has as new a meter": (
        house_of(1, every_s=10, energy_import_kwh="3"),
        house_of(2, every_s=10, energy_import_kwh="3"),
    ),
    "stands as still, with as new a meter": (
        solar(START, START + 2 * HOUR_S, 0.0234375),
        solar(START, START + 2 * HOUR_S, 0.0234375, line=31),
    ),
    "stands as still, with an old meter": (
        solar(START, START + 2 * HOUR_S, 0.0),
        solar(START, START + 2 * HOUR_S, 812.5),
    ),
    "stands as still, and is asked at other seconds": (night_of("889.5", 3), night_of("812.5", 7)),
    "pays as much": (prices(1), prices(3)),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
@pytest.mark.parametrize("missing", [(0, 0), (1, 2)])
def test_no_neighbour_is_taken_for_us(
    house: JournalDesk, database: Database, name: str, missing: tuple[int, int]
) -> None:
    """Who has nothing missing; and who lacks an hour, which is brought, and nothing of the neighbour's touched."""
    lines, others = NEIGHBOURS[name]
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    lost = [line for line in lines if missing[0] <= (int(line.rpartition(" ")[2]) // NS - START) // HOUR_S < missing[1]]
    store(database, [line for line in lines if line not in lost])
    store(database, others, site="elsewhere")
    before = [row for row in everything(database, "energy") if ("site", "elsewhere") in row]
    told = house.reconcile()
    assert (told["lines"], told["missing"], told["remarks"]) == (len(lost), 0, [])
    assert [row for row in everything(database, "energy") if ("site", "elsewhere") in row] == before


def test_under_a_name_that_nothing_proves_nothing_is_written(house: JournalDesk, database: Database) -> None:
    """Two roofs at night, without counters; of the hour that ours lost, the neighbour's lacks some seconds too."""
    lines = [f"electricity,meter=house,role=grid power_w=0 {second * NS}" for second in range(START, START + 7200)]
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, lines[:3600])
    store(database, lines[:5000] + lines[5100:], site="elsewhere")
    house.reconcile()
    assert sites(database) == {SITE: 3700, "elsewhere": 7100}


def test_settings_with_the_name_of_another_house_harm_nobody(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of ours is missing, and comes under our own name; the number too; and the mistake is said."""
    lines, others = (
        house_of(seed, every_s=10, energy_import_kwh=energy) for seed, energy in ((1, "3200.125"), (2, "1100.6875"))
    )
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, lines[:400])
    store(database, others, site="elsewhere")
    monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    told = house.reconcile()
    (remark,) = told["remarks"]
    assert (told["lines"], told["missing"]) == (len(lines) - 400, 0)
    assert f"of site {SITE}, and not of elsewhere" in remark
    assert sites(database) == {SITE: len(lines) * 3, "elsewhere": len(others) * 3}
    assert {day["site"] for day in house.completeness("2026-02")} == {SITE}


def still_roof(*, stop_s: int = 2 * HOUR_S) -> list[str]:
    """Of a table of one's own, without a counter."""
    return [
        f"electricity,meter=house,role=grid power_w=0,voltage_v={225 + scattered(second // 7) % 9} {second * NS}"
        for second in range(START, START + stop_s)
    ]


OTHER_THERE = {
    "one counter is rounded": (
        house_of(1, every_s=10, energy_import_kwh="3200.12", energy_export_kwh="1200.34"),
        lambda line, _: line.replace("1200.34", "1200"),
    ),
    "a counter was corrected for most of an hour": (
        house_of(1, every_s=10, energy_import_kwh="3200.12", energy_export_kwh="0.02"),
        lambda line, second: line.replace("export_kwh=0.02", "export_kwh=0") if second < 3000 else line,
    ),
    "it stands still without a counter, and one value was corrected": (
        still_roof(),
        lambda line, second: line.replace("power_w=0", "power_w=1") if second == 600 else line,
    ),
    "it tells volts and nothing else": (
        [line.replace("power_w=0,", "") for line in still_roof()],
        lambda line, _: line,
    ),
}


@pytest.mark.parametrize("name", OTHER_THERE)
def test_ours_is_known_by_its_other_name(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """After a rename nothing is written again, and what is another there stays as it is."""
    lines, changed = OTHER_THERE[name]
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    there = [changed(line, int(line.rpartition(" ")[2]) // NS - START) for line in lines]
    half = len(there) * 3 // 4
    store(database, there[:half])
    store(database, there[half:], site="elsewhere")
    monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    before = everything(database, "energy")
    assert house.reconcile()["lines"] == 0
    assert everything(database, "energy") == before


def test_what_an_earlier_rule_judged_is_judged_anew(house: JournalDesk, database: Database) -> None:
    lines, others = NEIGHBOURS["gave as little to the grid"]
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, others, site="elsewhere")
    house.reconcile()
    path = house.desk.folder / FOLDER / "memory.json"
    memory = json.loads(path.read_text())
    counts = dict.fromkeys(("current_a", "power_w", "energy_import_kwh", "energy_export_kwh"), 360)
    memory["judged"] = {
        key: [zlib.crc32(json.dumps(counts, sort_keys=True).encode()), "ours"] for key in memory["judged"]
    }
    assert memory["judged"]
    path.write_text(json.dumps(memory))
    database.delete(START, START + HOUR_S, "energy")
    store(database, others[:360], site="elsewhere")
    assert house.reconcile()["lines"] == 360


@pytest.mark.parametrize("missing", [(0, 0), (1800, 5400)])
def test_a_neighbour_on_the_same_line_is_none_of_ours(
    house: JournalDesk, database: Database, missing: tuple[int, int]
) -> None:
    lines = solar(START, START + 2 * HOUR_S, 812.5)
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, lines[: missing[0]] + lines[missing[1] :])
    store(database, solar(START, START + 2 * HOUR_S, 889.5), site="elsewhere")
    told = house.reconcile()
    assert (told["lines"], told["missing"], told["remarks"]) == (missing[1] - missing[0], 0, [])
    assert set(sites(database).values()) == {2 * HOUR_S * 3}


def test_a_corrected_reading_of_a_meter_that_stands_still_doubles_nothing(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = solar(START, START + 2 * HOUR_S, 812.5)
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 4 * HOUR_S
    store(database, lines[:5400])
    store(database, lines[5400:], site="elsewhere")
    store(database, solar(START + 600, START + 601, 812.4, power_w=1.0))
    monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    before = everything(database, "energy")
    assert house.reconcile()["lines"] == 0
    assert everything(database, "energy") == before
