"""Under which further tags InfluxDB has our readings is proven by their values, and never guessed from names.

| fault | test |
|---|---|
| a house whose tag is another than the settings say gets every series twice | test_a_site_that_was_renamed_in_telegraf_alone_is_seen |
| ... or for a tag more | test_a_tag_more_doubles_nothing |
| ... or an hour in the middle of which it was renamed is in both | test_a_site_that_is_renamed_within_an_hour_doubles_nothing |
| ... and what is lost later is written under the name of before | test_what_is_lost_after_a_rename_is_written_under_the_new_name |
| another house's readings are overwritten by ours, since it alone is there | test_another_house_is_never_touched |
| ... or since its readings ended when ours began | likewise |
| ... or its readings count as ours, so that ours are never brought | likewise |
| what is missing is written under the settings' name, where Telegraf adds no tag at all | test_what_is_missing_of_a_house_without_a_site_is_written_without |
| ... or adds none any more | test_what_is_missing_since_the_site_was_taken_away_is_written_without |
| ... or since it was lost before the first that is there | test_what_is_lost_before_all_else_bears_the_name_of_that |
| the first of a wrong name are doubled later | test_a_wrong_name_in_an_empty_influxdb_is_seen_later |
| ... and when they were, nobody is told | test_what_is_there_under_two_names_is_told |
| ... or of a meter that stands still one is told to delete what the neighbour's wrote | test_of_what_stands_still_nobody_is_told_to_delete_any |
| ... or of seconds that came twice, over which it was renamed | test_of_what_came_twice_over_a_rename_nobody_is_told_to_delete_any |
| of a second with two values only one is known under the new name, and the other is written under it too | test_what_came_twice_is_not_doubled_under_a_new_name |
| each run reads the values again | test_values_are_asked_for_once |
| ... or where there is one site alone | likewise |
| one value that is another there, as it was corrected, makes the readings another house's, and they are doubled | test_a_corrected_reading_doubles_nothing_after_a_rename |
| ... or a field that is rounded does | test_a_field_that_is_rounded_doubles_nothing_after_a_rename |
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

import pytest

from backup.journal_rig import (
    FIELDS,
    NS,
    SITE,
    JournalDesk,
    day_of,
    everything,
    reading,
    sites,
    store,
    write_journal,
)
from backup.restore_rig import Database
from wattline.influxdb.flux import instant
from wattline_backup.reconcile.lines import Series
from wattline_backup.reconcile.values import Proof

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

HOUR_S = 3600
START = int(datetime(2026, 2, 10, 8, tzinfo=UTC).timestamp())


def kept(house: JournalDesk, hours: int = 2) -> list[str]:
    """A journal of some hours, which ended two hours ago."""
    lines = list(day_of(START, START + hours * HOUR_S))
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + (hours + 2) * HOUR_S
    return lines


def other_house(start: int, stop: int) -> Iterable[str]:
    """A meter of the same name that has other readings at the same seconds."""
    return (reading(second + 31).rsplit(" ", 1)[0] + f" {second * NS}" for second in range(start, stop))


@pytest.mark.parametrize(
    ("there", "own"),
    [((0, 600), (0, 0)), ((0, 2 * HOUR_S), (0, 0)), ((0, HOUR_S), (HOUR_S, HOUR_S + 600)), ((0, 2 * HOUR_S), (0, 60))],
    ids=["it is there alone", "alone and whole", "it ends where ours begins", "beside ours"],
)
def test_another_house_is_never_touched(
    house: JournalDesk, database: Database, there: tuple[int, int], own: tuple[int, int]
) -> None:
    lines = kept(house)
    store(database, other_house(START + there[0], START + there[1]), site="elsewhere")
    before = everything(database, "energy")
    store(database, map(reading, range(START + own[0], START + own[1])))
    told = house.reconcile()
    assert (told["missing"], told["remarks"]) == (0, [])
    now = everything(database, "energy")
    assert [row for row in now if ("site", "elsewhere") in row] == before
    assert sites(database)[SITE] == len(FIELDS) * sum(line.startswith("electricity") for line in lines)
    assert house.reconcile()["lines"] == 0
    (day,) = house.completeness("2026-02")
    assert (day["site"], day["metered"], day["stored"]) == (SITE, 2 * HOUR_S, 2 * HOUR_S)


def test_a_site_that_was_renamed_in_telegraf_alone_is_seen(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    store(database, lines[:4000])
    store(database, lines[4000:], site="elsewhere")
    before = {bucket: everything(database, bucket) for bucket in ("energy", "host")}
    told = house.reconcile()
    (remark,) = told["remarks"]
    assert told["lines"] == 0
    assert "elsewhere" in remark
    assert "WATTLINE_SITE" in remark
    assert {bucket: everything(database, bucket) for bucket in ("energy", "host")} == before


def test_what_is_lost_after_a_rename_is_written_under_the_new_name(house: JournalDesk, database: Database) -> None:
    """Within an hour of which something is there, and hours later."""
    lines = kept(house, hours=4)
    there = lines[:3960] + lines[4360:8000]
    store(database, there[:3960])
    store(database, there[3960:], site="elsewhere")
    told = house.reconcile()
    assert (told["lines"], told["missing"]) == (len(lines) - len(there), 0)
    per_hour = HOUR_S * len(FIELDS)
    assert sites(database) == {SITE: per_hour, "elsewhere": 3 * per_hour}
    assert house.reconcile()["lines"] == 0


def test_a_tag_more_doubles_nothing(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    store(database, lines[:4000])
    more = [line.replace(" ", ",floor=1 ", 1) for line in lines[4000:]]
    store(database, more[:-20])
    told = house.reconcile()
    assert (told["lines"], told["remarks"]) == (20, [])
    rows = everything(database, "energy")
    assert len({row for row in rows if ("floor", "1") in row}) == len(rows) - sites_without_floor(lines[:4000])


def sites_without_floor(lines: Iterable[str]) -> int:
    """Values that those lines have of the meter."""
    return len(FIELDS) * sum(line.startswith("electricity") for line in lines)


def test_a_site_that_is_renamed_within_an_hour_doubles_nothing(house: JournalDesk, database: Database) -> None:
    """In Telegraf and in the settings; and two seconds before the hour was over."""
    lines = kept(house)
    for cut in (2000, 3958):
        database.delete(START, START + 3 * HOUR_S)
        database.delete(START, START + 3 * HOUR_S, "host")
        store(database, lines[:cut], site="elsewhere")
        store(database, lines[cut:])
        assert house.reconcile()["lines"] == 0
        database.delete(START, START + 3 * HOUR_S)
        database.delete(START, START + 3 * HOUR_S, "host")
        store(database, lines[:cut])
        store(database, lines[cut:], site="elsewhere")
        assert house.reconcile()["lines"] == 0


def test_a_wrong_name_in_an_empty_influxdb_is_seen_later(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    house.now_s = START + HOUR_S + 120
    house.reconcile()
    store(database, lines[3960:], site="elsewhere")
    house.now_s = START + 4 * HOUR_S
    told = house.reconcile()
    assert (told["lines"], len(told["remarks"])) == (0, 1)
    assert sites(database) == {SITE: HOUR_S * len(FIELDS), "elsewhere": HOUR_S * len(FIELDS)}


def test_what_is_missing_of_a_house_without_a_site_is_written_without(house: JournalDesk, database: Database) -> None:
    """Within an hour, and a whole one."""
    lines = kept(house, hours=3)
    store(database, lines[:3000] + lines[3100:3960] + lines[7920:], site="")
    told = house.reconcile()
    assert (told["lines"], told["missing"], told["remarks"]) == (100 + 3960, 0, [])
    assert sites(database) == {"": 3 * HOUR_S * len(FIELDS)}
    assert house.reconcile()["lines"] == 0


def test_what_is_missing_since_the_site_was_taken_away_is_written_without(
    house: JournalDesk, database: Database
) -> None:
    lines = kept(house)
    store(database, lines[:3960])
    store(database, lines[4060:], site="")
    house.reconcile()
    assert sites(database) == {SITE: HOUR_S * len(FIELDS), "": HOUR_S * len(FIELDS)}


def test_what_is_lost_before_all_else_bears_the_name_of_that(house: JournalDesk, database: Database) -> None:
    lines = kept(house, hours=3)
    store(database, lines[7920:], site="elsewhere")
    assert house.reconcile()["lines"] == 7920
    assert sites(database) == {"elsewhere": 3 * HOUR_S * len(FIELDS)}


def test_what_is_there_under_two_names_is_told(house: JournalDesk, database: Database) -> None:
    """InfluxDB came back empty, `reconcile` was first, and then Telegraf with what it still had."""
    lines = kept(house, hours=1)
    house.reconcile()
    store(database, lines[2000:], site="elsewhere")
    told = house.reconcile()
    (remark,) = told["remarks"]
    assert told["lines"] == 0
    assert f"site elsewhere and site {SITE}" in remark
    assert "WATTLINE_SITE" in remark
    span = {"start": instant(START), "stop": instant(START + HOUR_S)}
    for bucket in ("energy", "host"):
        database.ask("POST", f"delete?org=home&bucket={bucket}", span | {"predicate": f'site="{SITE}"'})
    told = house.reconcile()
    assert not any("twice" in remark for remark in told["remarks"])
    assert sites(database) == {"elsewhere": HOUR_S * len(FIELDS)}


def test_of_what_stands_still_nobody_is_told_to_delete_any(house: JournalDesk, database: Database) -> None:
    """Two new roofs at night, whose meters have no voltage."""
    lines = [
        f"electricity,meter=house,role=solar energy_total_kwh=0,power_w=0 {second * NS}"
        for second in range(START, START + HOUR_S)
    ]
    write_journal(house.journal, lines, began_s=START)
    house.now_s = START + 3 * HOUR_S
    store(database, lines[:1000])
    store(database, lines, site="barn")
    assert not any("delete" in remark for remark in house.reconcile()["remarks"])


def test_what_came_twice_is_not_doubled_under_a_new_name(house: JournalDesk, database: Database) -> None:
    """The clock was set back over some seconds, which are there under the old name alone: under the new one they are none."""
    lines = [reading(second) for second in range(START, START + HOUR_S)]
    write_journal(house.journal, [*lines[:200], *lines[100:]], began_s=START)
    house.now_s = START + 3 * HOUR_S
    store(database, lines[:1800], site="elsewhere")
    store(database, lines[1800:])
    house.reconcile()
    assert sites(database) == {"elsewhere": 1800 * len(FIELDS), SITE: 1800 * len(FIELDS)}


def test_of_what_came_twice_over_a_rename_nobody_is_told_to_delete_any(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was set back by a minute when the site was renamed: under the two names stand two readings of these seconds."""
    lines = [reading(second) for second in range(START, START + HOUR_S)]
    again = [
        reading(second + 31).replace(f"{second + 31}000000000", f"{second}000000000")
        for second in range(START + 1740, START + HOUR_S)
    ]
    write_journal(house.journal, lines[:1800] + again, began_s=START)
    house.now_s = START + 3 * HOUR_S
    store(database, lines[:1800])
    store(database, again, site="elsewhere")
    monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    told = house.reconcile()
    assert (told["missing"], told["remarks"]) == (0, [])


def test_values_are_asked_for_once(house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an hour in which there is another site, and again where a count has changed."""
    lines = kept(house)
    store(database, lines)
    asked: list[int] = []
    ask = Proof._values

    def noted(itself: Proof, series: Series, hour: int, field: str) -> dict[int, str]:
        asked.append(hour - START // HOUR_S)
        return ask(itself, series, hour, field)

    monkeypatch.setattr(Proof, "_values", noted)
    house.reconcile()
    assert asked == []
    store(database, other_house(START, START + 2 * HOUR_S), site="elsewhere")
    house.reconcile()
    house.reconcile()
    assert [hour for hour, _ in groupby(asked)] == [0, 1]
    database.delete(START, START + 60)
    house.reconcile()
    assert [hour for hour, _ in groupby(asked)] == [0, 1, 0]


@pytest.mark.parametrize("is_site_known", [True, False])
def test_a_corrected_reading_doubles_nothing_after_a_rename(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch, is_site_known: bool
) -> None:
    """Neither its hour nor that in which the site was renamed; and it stays as it was corrected."""
    lines = kept(house)
    store(database, lines[:5400])
    store(database, lines[5400:], site="elsewhere")
    corrected = f"electricity,meter=house,role=grid power_w=1.0 {(START + 600) * NS}"
    for second in (600, 4200):
        store(database, [corrected.replace(str(START + 600), str(START + second))])
    if is_site_known:
        monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    before = everything(database, "energy")
    told = house.reconcile()
    assert (told["lines"], told["missing"]) == (0, 0)
    assert everything(database, "energy") == before


def test_a_field_that_is_rounded_doubles_nothing_after_a_rename(
    house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a processor of Telegraf's, before and since."""
    lines = kept(house)
    rounded = [re.sub(r"power_w=([0-9]+)[^,]*", r"power_w=\g<1>00", line) for line in lines]
    store(database, rounded[:5400])
    store(database, rounded[5400:], site="elsewhere")
    monkeypatch.setenv("WATTLINE_SITE", "elsewhere")
    before = everything(database, "energy")
    assert house.reconcile()["lines"] == 0
    assert everything(database, "energy") == before
