"""What the journal has and InfluxDB has not is written, and nothing else.

| fault | test |
|---|---|
| a day that InfluxDB never got is not written, or not as Telegraf would have | test_a_day_that_is_missing_is_written_as_telegraf_would_have |
| ... or it takes so long that a timer runs into itself | likewise |
| an hour of which some seconds of one field are missing counts as whole | test_some_seconds_of_one_field_are_filled |
| only the first of two meters is looked at, or only one port | test_two_meters_on_two_ports_are_filled |
| a second run writes it all again | test_a_second_run_writes_nothing |
| a reading that Telegraf still holds is taken for lost | test_what_is_younger_than_two_minutes_is_left_alone |
| other people's points, buckets or sites are touched | test_nothing_else_is_touched |
| a point that InfluxDB refuses keeps the rest out, or is tried each time | test_a_field_of_another_type_is_told_and_the_rest_is_filled |
| ... or a field that had another type in an older shard spoils the count of all | test_a_field_that_had_another_type_before_spoils_nothing |
| a torn journal is the end of it | test_a_torn_journal_is_read_as_far_as_it_is_whole |
| InfluxDB dies in the middle, and what was left is forgotten | test_influxdb_killed_in_the_middle_is_gone_on_with |
| InfluxDB is away, and that is a traceback | test_influxdb_away_is_one_sentence |
| what was deleted on purpose comes back | test_a_range_that_is_left_stays_deleted |
| ... or nobody knows what was left, or can take it back | test_what_was_left_is_listed_and_can_be_filled_again |
| ... or what is still to come is left, and forgotten | test_what_is_still_to_come_cannot_be_left |
| equal numbers hide that both lack seconds, others each | test_after_a_kill_equal_numbers_are_not_believed |
| ... or what dies at random, again and again, costs a second in the end | test_what_dies_at_random_costs_nothing |
| ... or what is lost or deleted later, in an hour that was looked at before | test_after_a_kill_what_is_lost_later_comes_back |
| ... or each run asks for each second again | test_a_second_is_asked_for_once |
| of two values of a second the first stays, since the second is there | test_of_two_values_the_later_one_stands |
| two runs at once | test_a_second_one_at_once_is_refused |
| the timer fills systemd's journal | test_quiet_says_nothing_where_nothing_was_missing |
| what is remembered, or the cache, is damaged | test_a_damaged_cache_is_made_anew |
| ... or is about a journal that was there before | test_another_journal_in_the_same_place_is_read |
| a bucket is not there, and nobody says what makes it | test_a_bucket_that_is_not_there_is_one_sentence |
| there is no journal | test_no_journal_is_one_sentence |
| ... or it began just now, and that is a traceback, or passes for compared | test_a_journal_that_began_just_now_lacks_nothing |
| a port's journal is kept no more, and that passes for nothing missing | test_a_journal_that_ended_is_told |
| the outcome is not told | test_the_outcome_is_told |
| minutes are older than their seconds, and nothing is there to make them with | test_without_remake_the_range_stays_noted |
| ... or what makes them fails | test_a_remake_that_fails_is_told_and_stays_noted |
| ... or a kill comes between writing and making them | test_a_kill_behind_the_last_line_leaves_the_range_noted |
| an hour is asked for point by point | test_the_count_is_worked_out_by_the_storage_engine |
| ... or, where that is needed, the whole shard is | test_the_seconds_are_those_of_one_series |
"""

import json
import random
import re
import shutil
import time
from datetime import UTC, datetime
from itertools import count

import pytest

from backup.journal_rig import (
    FIELDS,
    NS,
    PORT,
    SITE,
    JournalDesk,
    day_of,
    everything,
    make_buckets,
    reading,
    store,
    write_journal,
)
from backup.restore_rig import Database
from database import wait_until
from wattline.influxdb.flux import bucket_of
from wattline.journal.files import path_of
from wattline.journal.sectors import make
from wattline_backup.errors import BackupError
from wattline_backup.reconcile import fill, work
from wattline_backup.reconcile.lines import Series, series_of
from wattline_backup.reconcile.memory import Desk as MemoryDesk
from wattline_backup.reconcile.memory import Memory
from wattline_backup.reconcile.seconds import Seconds
from wattline_backup.reconcile.seconds import question as question_of_seconds
from wattline_backup.reconcile.stored import question
from wattline_backup.server import Server

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

HOUR_S, DAY_S = 3600, 86_400
# Some whole hour of a winter's day; what is older than a day is rolled up by remake.
START = int(datetime(2026, 2, 10, 8, tzinfo=UTC).timestamp())


def kept(house: JournalDesk, start: int = START, hours: int = 2, meter: str = "house", port: str = PORT) -> list[str]:
    """A journal of some hours, which ended long ago."""
    lines = list(day_of(start, start + hours * HOUR_S, meter))
    write_journal(house.journal, lines, began_s=start, meters={meter: 1}, port=port)
    house.now_s = start + hours * HOUR_S + 7200
    return lines


def test_a_day_that_is_missing_is_written_as_telegraf_would_have(house: JournalDesk, database: Database) -> None:
    """In ten seconds on a machine that has nothing else to do; here it is our own part that is bounded."""
    fields = [*FIELDS, *(f"f{n}_w" for n in range(14))]
    lines = [reading(second, fields=fields) for second in range(START, START + DAY_S)]
    write_journal(house.journal, lines, began_s=START)
    store(database, [reading(START - 60)])
    house.now_s = START + DAY_S + 200
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    told = house.reconcile()
    seconds, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    print(f"a missing day of one meter with {len(fields)} fields: {seconds:.1f} s, of which {cpu_s:.1f} s our own")
    assert (told["lines"], told["filled"], told["missing"]) == (DAY_S, DAY_S * len(fields), 0)
    assert cpu_s < 10
    series = database.query(
        f'from(bucket: "energy") |> range(start: {START}) |> filter(fn: (r) => r._field == "power_w") |> count()'
    )
    assert [(row["site"], row["meter"], row["role"], row["_value"]) for row in series] == [
        (SITE, "house", "grid", str(DAY_S))
    ]


def test_some_seconds_of_one_field_are_filled(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    without = {START + 100 + n for n in range(30)}
    store(database, [_less(line) if second_of(line) in without else line for line in lines])
    assert house.reconcile()["filled"] == 30
    assert everything(database, "energy") == stored_anew(database, lines)


def _less(line: str) -> str:
    return re.sub(r",voltage_v=[^ ]*", "", line)


def second_of(line: str) -> int:
    return int(line.rsplit(" ", 1)[1]) // NS


def stored_anew(database: Database, lines: list[str], bucket: str = "energy") -> list[tuple[tuple[str, str], ...]]:
    """What a bucket has once Telegraf alone has stored ``lines``."""
    database.delete(START - DAY_S, START + 2 * DAY_S, bucket)
    store(database, [line for line in lines if line.startswith("electricity") == (bucket == "energy")])
    return everything(database, bucket)


def test_two_meters_on_two_ports_are_filled(house: JournalDesk, database: Database) -> None:
    lines = kept(house) + kept(house, meter="roof", port="/dev/ttyUSB1")
    told = house.reconcile()
    assert told["lines"] == len(lines)
    for bucket in ("energy", "host"):
        assert everything(database, bucket) == stored_anew(database, lines, bucket)


def test_a_second_run_writes_nothing(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    assert house.reconcile()["lines"] == len(lines)
    again = house.reconcile()
    assert (again["lines"], again["filled"], again["days"]) == (0, 0, 0)


def test_what_is_younger_than_two_minutes_is_left_alone(house: JournalDesk, database: Database) -> None:
    kept(house)
    house.now_s = START + HOUR_S + 500
    house.reconcile()
    seconds = {dict(row)["_time"] for row in everything(database, "energy")}
    assert max(seconds) == datetime.fromtimestamp(START + HOUR_S + 379, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert house.reconcile()["lines"] == 0


def test_nothing_else_is_touched(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    database.ask("POST", "buckets", {"name": "mine", "orgID": database.org_id, "retentionRules": []})
    others = [f"weather,site={SITE} temperature_c={n}i {(START + n) * NS}" for n in range(3)]
    others += [f'electricity,meter=garage,site={SITE} power_w={n},note="a b" {(START + n) * NS}' for n in range(3)]
    for bucket in ("energy", "host", "mine"):
        database.ask("POST", f"write?org=home&bucket={bucket}", "\n".join(others))
    before = {bucket: everything(database, bucket) for bucket in ("energy", "host", "mine")}
    house.reconcile()
    for bucket, rows in before.items():
        now = everything(database, bucket)
        assert set(rows) <= set(now)
        ours = [row for row in now if row not in set(rows)]
        assert {dict(row)["_measurement"] for row in ours} == {
            "energy": {"electricity"},
            "host": {"wattline_bus"},
            "mine": set(),
        }[bucket]
    assert len(everything(database, "energy")) == len(before["energy"]) + sum(
        len(FIELDS) for line in lines if line.startswith("electricity")
    )


def test_a_field_of_another_type_is_told_and_the_rest_is_filled(house: JournalDesk, database: Database) -> None:
    kept(house)
    database.ask("POST", "write?org=home&bucket=energy", f'electricity,meter=x voltage_v="230" {START * NS}')
    told = house.reconcile(exit_code=1)
    assert any("field type conflict" in remark for remark in told["remarks"])
    assert told["filled"] == 2 * HOUR_S / 10, (
        "all of the bus, since InfluxDB refuses a reading whole for one field of it"
    )
    assert told["missing"] > 0
    assert "success=0" in house.desk.outcome.read_text()
    again = house.reconcile()
    assert (again["lines"], again["missing"], again["remarks"]) == (0, told["missing"], [])
    assert "values are missing still: InfluxDB did not take them" in house.desk.call("reconcile", "--quiet")[1]


def test_a_field_that_had_another_type_before_spoils_nothing(house: JournalDesk, database: Database) -> None:
    """In another shard of the time that is asked for; the buckets of the tests have shards of a day.

    InfluxDB refuses a reading whole for one field of it, and where a field has two types it shows one of them.
    """
    midnight = (START // DAY_S + 1) * DAY_S
    lines = [reading(second) for second in range(midnight - 1800, midnight + 1800)]
    write_journal(house.journal, lines, began_s=midnight - 1800)
    text = f'electricity,meter=house,role=grid,site={SITE} voltage_v="230" {(midnight - 7) * NS}'
    database.ask("POST", "write?org=home&bucket=energy", text)
    house.now_s = midnight + HOUR_S
    told = house.reconcile(exit_code=1)

    def powers() -> int:
        return len([row for row in everything(database, "energy") if ("_field", "power_w") in row])

    wait_until("the shard that takes its readings has them", lambda: powers() == 1800, 20)
    assert any("field type conflict" in remark for remark in told["remarks"])
    assert house.reconcile()["lines"] == 0


def test_a_torn_journal_is_read_as_far_as_it_is_whole(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    place = house.journal / "+dev+ttyRS485"
    path = sorted(place.iterdir())[0]
    data = bytearray(path.read_bytes())
    data[20_000:20_512] = b"\xff" * 512
    path.write_bytes(data[: len(data) // 2])
    told = house.reconcile()
    assert 0 < told["lines"] < len(lines)
    assert told["missing"] == 0


def test_influxdb_killed_in_the_middle_is_gone_on_with(
    house: JournalDesk, own_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = own_database()
    make_buckets(database)
    house.desk.at(database)
    lines = kept(house, hours=6)
    _kill_before_batch(3, database, monkeypatch)
    code, out, err = house.desk.call("reconcile")
    assert (code, out) == (1, "")
    assert err.startswith("wattline-backup: InfluxDB does not answer")
    assert len(err.strip().splitlines()) == 1
    database.start()
    there = len(everything(database, "energy"))
    assert 0 < there < 6 * HOUR_S * len(FIELDS)
    assert house.reconcile()["missing"] == 0
    for bucket in ("energy", "host"):
        assert everything(database, bucket) == stored_anew(database, lines, bucket)


def _kill_before_batch(number: int, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    write, numbers = fill.Filler._write, count(1)

    def kill_once(itself: fill.Filler, *words: object) -> None:
        if next(numbers) == number:
            assert database.process
            database.process.kill()
            database.process.wait()
        write(itself, *words)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(fill.Filler, "_write", kill_once)


def memory_of(house: JournalDesk) -> Memory:
    with MemoryDesk(house.desk.folder / work.FOLDER).alone() as memory:
        return memory


def test_influxdb_away_is_one_sentence(house: JournalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(house)
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:1")
    code, out, err = house.desk.call("reconcile")
    assert (code, out, len(err.strip().splitlines())) == (1, "", 1)
    assert "does not answer at http://127.0.0.1:1 (Connection refused); " in err
    assert "success=0" in house.desk.outcome.read_text()


def test_a_bucket_that_is_not_there_is_one_sentence(house: JournalDesk, database: Database) -> None:
    """As where InfluxDB was set up by hand, and nothing made the buckets of the rollups."""
    kept(house)
    (bucket,) = database.ask("GET", "buckets?name=energy_1d")["buckets"]
    database.ask("DELETE", f"buckets/{bucket['id']}")
    code, out, err = house.desk.call("reconcile")
    assert (code, out, len(err.strip().splitlines())) == (1, "", 1)
    assert "has no bucket energy_1d, which compose/influxdb/setup makes" in err


def test_no_journal_is_one_sentence(house: JournalDesk) -> None:
    code, out, err = house.desk.call("reconcile")
    assert (code, out, len(err.strip().splitlines())) == (1, "", 1)
    assert "WATTLINE_BACKUP_JOURNAL" in err


def test_a_journal_that_began_just_now_lacks_nothing(house: JournalDesk) -> None:
    write_journal(house.journal, day_of(START, START + 30), began_s=START)
    house.now_s = START + 40
    told = house.reconcile()
    assert (told["lines"], told["days"], told["until"], told["remarks"]) == (0, 0, None, [])
    assert house.desk.call("reconcile")[1].startswith("Nothing was compared")


def test_a_range_that_is_left_stays_deleted(house: JournalDesk, database: Database) -> None:
    lines = kept(house)
    store(database, lines)
    database.delete(START + 600, START + 1200)
    words = [datetime.fromtimestamp(START + n, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for n in (600, 1200)]
    assert house.desk.call("reconcile", "--leave", *words)[0] == 0
    assert house.reconcile()["lines"] == 0
    (day,) = house.completeness("2026-02")
    assert (day["due"], day["metered"], day["stored"]) == (2 * HOUR_S + 7080 - 600, 2 * HOUR_S - 600, 2 * HOUR_S - 600)
    assert house.desk.call("reconcile", "--leave", "yesterday", "today")[0] == 2


def instants(*seconds: int) -> list[str]:
    return [datetime.fromtimestamp(START + n, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for n in seconds]


def test_what_was_left_is_listed_and_can_be_filled_again(house: JournalDesk, database: Database) -> None:
    store(database, kept(house))
    database.delete(START + 600, START + 1800)
    assert house.desk.call("reconcile", "--left")[1].startswith("No range is set aside")
    for words in (instants(600, 1200), instants(1200, 1800)):
        house.desk.call("reconcile", "--leave", *words)
    assert json.loads(house.desk.call("reconcile", "--left", "--json")[1]) == [
        dict(zip(("start", "stop"), instants(600, 1800), strict=True))
    ]
    assert house.desk.call("reconcile", "--fill", *instants(0, 100))[1].startswith("Nothing from")
    assert house.desk.call("reconcile", "--fill", *instants(900, 1500))[0] == 0
    assert house.desk.call("reconcile", "--left")[1].splitlines() == [
        "From 2026-02-10T08:10:00Z to 2026-02-10T08:15:00Z nothing is filled any more.",
        "From 2026-02-10T08:25:00Z to 2026-02-10T08:30:00Z nothing is filled any more.",
    ]
    assert house.reconcile()["filled"] == 600 * len(FIELDS)
    assert "Set aside by `reconcile --leave`" in house.desk.call("completeness", "--month", "2026-02")[1]


def test_what_is_still_to_come_cannot_be_left(house: JournalDesk) -> None:
    code, out, err = house.desk.call("reconcile", "--leave", "2026-02-10", "2100-01-01")
    assert (code, out, len(err.strip().splitlines())) == (2, "", 1)
    assert "still to come; an instant goes too, now at the latest: 2" in err


def test_after_a_kill_equal_numbers_are_not_believed(house: JournalDesk, database: Database) -> None:
    """The journal lacks five seconds before the kill, which InfluxDB has; it lacks five others."""
    lines = [reading(second) for second in range(START, START + HOUR_S)]
    write_journal(house.journal, lines[:1795], began_s=START)
    write_journal(house.journal, lines[1800:], began_s=START + 1800)
    store(database, lines[:600] + lines[605:])
    house.now_s = START + 2 * HOUR_S
    told = house.reconcile()
    assert (told["filled"], told["missing"]) == (5 * len(FIELDS), 0)
    assert everything(database, "energy") == stored_anew(database, lines)
    assert house.reconcile()["lines"] == 0
    (day,) = house.completeness("2026-02")
    assert (day["metered"], day["stored"]) == (HOUR_S, HOUR_S)


def killed(house: JournalDesk) -> list[str]:
    """An hour, in the middle of which the plugin was killed: its journal lacks five seconds. Gives all of its readings."""
    lines = [reading(second) for second in range(START, START + HOUR_S)]
    write_journal(house.journal, lines[:1795], began_s=START)
    write_journal(house.journal, lines[1800:], began_s=START + 1800)
    house.now_s = START + 2 * HOUR_S
    return lines


def test_after_a_kill_what_is_lost_later_comes_back(house: JournalDesk, database: Database) -> None:
    """As many seconds as InfluxDB has beyond the journal are deleted, and again others."""
    lines = killed(house)
    store(database, lines)
    house.reconcile()
    whole = everything(database, "energy")
    for begin in (START + 100, START + 2000):
        database.delete(begin, begin + 5)
        told = house.reconcile()
        assert (told["lines"], told["filled"]) == (5, 5 * len(FIELDS))
        assert everything(database, "energy") == whole
    (day,) = house.completeness("2026-02")
    assert (day["metered"], day["stored"]) == (HOUR_S, HOUR_S)


def test_a_second_is_asked_for_once(house: JournalDesk, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an hour in doubt, and again where a count has changed; of one that is not, never."""
    store(database, killed(house) + kept(house, START + 4 * HOUR_S, hours=3))
    asked: list[int] = []
    ask = Seconds._ask

    def noted(itself: Seconds, series: Series, hour: int, counts: dict[str, int]) -> dict[str, int]:
        asked.append(hour - START // HOUR_S)
        return ask(itself, series, hour, counts)

    monkeypatch.setattr(Seconds, "_ask", noted)
    house.reconcile()
    house.reconcile()
    # In doubt is the hour in which it began anew, and that in which it ends, in both series.
    assert sorted(asked) == [0, 4, 4, 6, 6]
    database.delete(START + 100, START + 105)
    house.reconcile()
    assert sorted(asked) == [0, 0, 0, 4, 4, 6, 6], "before it was filled, and after"


@pytest.mark.parametrize("files", [1, 2])
def test_of_two_values_the_later_one_stands(house: JournalDesk, database: Database, files: int) -> None:
    """The clock was set back by ten minutes, and InfluxDB got nothing of what came after that."""
    before = [reading(second) for second in range(START, START + 1800)]
    after = [
        reading(second + 31).replace(f"{second + 31}000000000", f"{second}000000000")
        for second in range(START + 1200, START + HOUR_S)
    ]
    place = write_journal(house.journal, before, began_s=START)
    if files > 1:
        make(path_of(place, 2))
    write_journal(house.journal, after, began_s=START + 1200)
    assert len(list(place.iterdir())) == files
    store(database, before)
    house.now_s = START + 2 * HOUR_S
    told = house.reconcile()
    assert (told["lines"], told["filled"]) == (600 + len(after), 1800 * len(FIELDS))
    assert everything(database, "energy") == stored_anew(database, before + after)
    assert house.reconcile()["lines"] == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_dies_at_random_costs_nothing(house: JournalDesk, database: Database, seed: int) -> None:
    """The plugin is killed, and its journal lacks up to ten seconds that InfluxDB has; Telegraf is, and InfluxDB lacks some.

    Each quarter of an hour is reconciled; in the end InfluxDB has whatever either of them ever had.
    """
    dice = random.Random(seed)
    second, stop, ever = START, START + 5 * HOUR_S, set()
    while second < stop:
        end = min(stop, second + dice.choice([300, 900, 1800, 4000]))
        kept_until = end - dice.choice([0, 0, 3, 10])
        write_journal(house.journal, map(reading, range(second, kept_until)), began_s=second)
        away = [(begin, begin + dice.choice([1, 3, 10, 200])) for begin in dice.sample(range(second, end), 3)]
        there = [each for each in range(second, end) if not any(begin <= each < back for begin, back in away)]
        store(database, map(reading, there))
        ever |= {*range(second, kept_until), *there}
        house.now_s = end + dice.choice([0, 60, 900])
        house.reconcile()
        second = end + dice.choice([1, 15, 600, 4000])
    house.now_s = stop + 3 * HOUR_S
    assert house.reconcile()["missing"] == 0
    assert everything(database, "energy") == stored_anew(database, [reading(each) for each in sorted(ever)])
    days = house.completeness("2026-02")
    assert sum(day["metered"] for day in days) == sum(day["stored"] for day in days) == len(ever)


def test_a_second_one_at_once_is_refused(house: JournalDesk) -> None:
    kept(house)
    with MemoryDesk(house.desk.folder / work.FOLDER).alone():
        code, out, err = house.desk.call("reconcile")
    assert (code, out) == (1, "")
    assert "Another reconcile" in err


def test_quiet_says_nothing_where_nothing_was_missing(house: JournalDesk, database: Database) -> None:
    store(database, kept(house))
    assert house.desk.call("reconcile", "--quiet") == (0, "", "")
    assert house.desk.call("reconcile")[1].startswith(
        "Nothing was missing of what the journal has up to 2026-02-10T09:59:59Z;"
    )
    database.delete(START, START + 60)
    assert house.desk.call("reconcile", "--quiet")[1].startswith("180 values were missing")


def test_a_damaged_cache_is_made_anew(house: JournalDesk, database: Database) -> None:
    store(database, kept(house))
    house.reconcile()
    folder = house.desk.folder / work.FOLDER
    cached = sorted(folder.rglob("0*.json"))
    assert cached
    sound = [path.read_text() for path in cached]
    hour = START // HOUR_S
    for damaged in ('{"form"', sound[0].replace(str(hour), str(hour - 1))):
        cached[0].write_text(damaged)
        (folder / "memory.json").write_text("[")
        assert house.reconcile()["lines"] == 0
        assert [path.read_text() for path in cached] == sound
    assert (folder / "memory.json.damaged").read_text() == "["


def test_another_journal_in_the_same_place_is_read(house: JournalDesk, database: Database) -> None:
    store(database, kept(house))
    house.reconcile()
    shutil.rmtree(house.journal)
    lines = kept(house, START + DAY_S)
    assert house.reconcile()["lines"] == len(lines)


def test_a_journal_that_ended_is_told(house: JournalDesk) -> None:
    """One of two ports, and only to one who reads: the timer would say it each quarter of an hour."""
    kept(house)
    kept(house, START + HOUR_S, meter="roof", port="/dev/ttyUSB1")
    house.reconcile()
    house.now_s = START + 3 * HOUR_S + 590
    assert house.reconcile()["ended"] == {"+dev+ttyRS485": "2026-02-10T09:59:59Z"}
    said = " ".join(house.desk.call("reconcile")[1].split())
    assert said.startswith("Nothing was missing of what the journal has up to 2026-02-10T10:59:59Z; ")
    assert (
        "/+dev+ttyRS485 has nothing since 2026-02-10T09:59:59Z: look whether `wattline run` still has --journal" in said
    )
    assert house.desk.call("reconcile", "--quiet")[1] == ""


def test_the_outcome_is_told(house: JournalDesk) -> None:
    kept(house)
    told = house.reconcile()
    assert "kind=reconcile duration_s=" in house.desk.outcome.read_text()
    assert f"filled={told['filled']},success=1" in house.desk.outcome.read_text()


def test_without_remake_the_range_stays_noted(house: JournalDesk) -> None:
    house.remake.unlink()
    kept(house)
    house.now_s += 2 * DAY_S
    (remark,) = house.reconcile(exit_code=1)["remarks"]
    assert "WATTLINE_BACKUP_REMAKE" in remark
    house.remake.write_text('#!/bin/sh\necho "$@" > "$0.words"\n')
    house.remake.chmod(0o700)
    assert house.reconcile()["remarks"] == []
    assert (house.remake.parent / "remake.words").read_text() == "2026-02-10T08:00:00Z 2026-02-10T11:00:00Z\n"
    assert memory_of(house).to_remake == []


def test_a_remake_that_fails_is_told_and_stays_noted(house: JournalDesk) -> None:
    kept(house)
    house.now_s += 2 * DAY_S
    house.remake.write_text("#!/bin/sh\necho first >&2; echo why >&2; exit 1\n")
    house.remake.chmod(0o700)
    (remark,) = house.reconcile(exit_code=1)["remarks"]
    assert remark.endswith("were not made anew: why")
    assert len(memory_of(house).to_remake) == 1
    assert "success=0" in house.desk.outcome.read_text()


def test_a_kill_behind_the_last_line_leaves_the_range_noted(
    house: JournalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered is as it was on the disk then."""
    kept(house)
    house.now_s += 2 * DAY_S
    place = house.desk.folder / work.FOLDER / "memory.json"
    fill_all, on_disk = work.Work._fill, []

    def killed(itself: work.Work, *words: object) -> None:
        fill_all(itself, *words)  # type: ignore[arg-type]  # as they came
        on_disk.append(place.read_bytes() if place.exists() else b"")
        raise BackupError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(work.Work, "_fill", killed)
        house.desk.call("reconcile")
    place.write_bytes(on_disk[0])
    house.remake.write_text('#!/bin/sh\necho "$@" > "$0.words"\n')
    told = house.reconcile()
    assert (told["lines"], told["remarks"]) == (0, [])
    assert (house.remake.parent / "remake.words").read_text() == "2026-02-10T08:00:00Z 2026-02-10T11:00:00Z\n"


def test_the_count_is_worked_out_by_the_storage_engine(house: JournalDesk, database: Database) -> None:
    kept(house)
    house.reconcile()
    server = Server(database.url, database.token, "the test")
    bucket = bucket_of(server, "energy")
    flux = question(bucket, START, START + DAY_S)
    server.close()
    profiled = database.query(f'import "profiler" option profiler.enabledProfilers = ["operator"] {flux}')
    operations = {row["Type"] for row in profiled if row.get("_measurement") == "profiler/operator"}
    assert operations == {"*influxdb.readWindowAggregateSource"}


def test_the_seconds_are_those_of_one_series(house: JournalDesk, database: Database) -> None:
    store(database, [reading(START + n) for n in range(20)])
    store(database, [reading(START + n, floor="2") for n in range(30, 40)])
    server = Server(database.url, database.token, "the test")
    buckets, series = (
        {"energy": bucket_of(server, "energy")},
        series_of(f"electricity,meter=house,role=grid,site={SITE}"),
    )
    seconds = Seconds(server, buckets, Memory(left=[(START + 3, START + 5)]), START + 10)
    found = seconds.of(series, START // HOUR_S, dict.fromkeys(FIELDS, 8))
    flux = question_of_seconds(buckets["energy"], series, START // HOUR_S)
    server.close()
    assert found == dict.fromkeys(FIELDS, 0b1111100111)
    profiled = database.query(f'import "profiler" option profiler.enabledProfilers = ["operator"] {flux}')
    operations = {row["Type"] for row in profiled if row.get("_measurement") == "profiler/operator"}
    assert "*influxdb.readFilterSource" in operations
    assert not [operation for operation in operations if "filter" in operation.lower() and "Source" not in operation]
