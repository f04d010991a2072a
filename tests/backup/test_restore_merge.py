"""What a live bucket lacks comes back from a set, and whatever is live stays, on a real InfluxDB.

| fault | test |
|---|---|
| a point is missing afterwards, or a live one is another | test_the_gaps_are_filled_and_live_values_stay |
| it is right only until InfluxDB compacts its files, or starts anew | likewise |
| files that overlap in the set are read in a wrong order | test_files_that_overlap_in_the_set_keep_their_order |
| a second set wins over what the first brought in | test_a_second_set_fills_only_what_is_missing_still |
| days whose shard is gone stay away, or the bucket gets a strange measurement | test_days_without_a_shard_come_back |
| days beyond the retention are tried, and stop the rest | test_what_the_bucket_would_forget_stays_out |
| shards of another length are filled into the wrong one | test_shards_of_another_length_are_refused, test_short_shards_fit_into_a_long_one |
| a field has another type in the set, and live values cannot be read any more | test_a_field_of_another_type_is_refused |
| ... also where it comes into days of which the live bucket has nothing | test_another_type_in_other_days_is_refused |
| ... or the live bucket has both types already | test_nothing_of_a_field_with_two_types_is_brought_in |
| ... or a live shard has no value of its type any more | test_a_type_that_only_the_shard_remembers_is_refused |
| ... or it came in while one was asked | test_another_type_that_comes_in_while_one_is_asked_is_refused |
| what InfluxDB took and does not show counts as restored | test_what_is_brought_and_not_shown_is_told |
| ... or two days of the set become one live shard | test_two_types_in_what_becomes_one_shard_are_refused |
| what fails after all came in is told without a word on how things stand | test_a_failed_count_says_how_things_stand |
| a merge that finds nothing to do after the yes says that it found nothing | test_what_came_in_since_the_plan_was_there_already |
| a repetition brings all of it in again | test_a_repetition_finds_nothing_to_do |
| a writer loses a point meanwhile | test_a_writer_loses_nothing |
| there is no safety set | test_the_gaps_are_filled_and_live_values_stay |
"""

import random
import threading
from datetime import UTC, datetime
from itertools import count

import pytest

from backup.restore_rig import DAY_S, DAYS, Database, Desk, Points, day, household
from database import wait_until
from wattline_backup.errors import BackupError
from wattline_backup.manifest import shards_of
from wattline_backup.progress import Quiet
from wattline_backup.restore import merge, values
from wattline_backup.restore.upload import FIRST_NUMBER, unused_names
from wattline_backup.restore.ways import into_live
from wattline_backup.run import Made, Run
from wattline_backup.server import Server

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
WORDS = ("--bucket", "energy", "--merge", "--yes")
COMPACT = ("--storage-cache-snapshot-write-cold-duration=1s", "--storage-compact-full-write-cold-duration=2s")


def date(number: int) -> str:
    """A day of the tests, as a plan names it."""
    return datetime.fromtimestamp(day(number), UTC).strftime("%Y-%m-%d")


def compacted(database: Database) -> bool:
    """Whether each shard of energy lies in one file."""
    folder = database._folder / "engine" / "data" / database.buckets()["energy"]["id"] / "autogen"
    files = [list(shard.glob("*.tsm*")) for shard in folder.iterdir()]
    return all(len(each) <= 1 for each in files)


def stays(database: Database, expected: Points) -> None:
    """The points are these, now and after a restart and after everything was compacted."""
    assert database.points() == expected
    database.restart(*COMPACT)
    assert database.points() == expected
    wait_until("all files are compacted", lambda: compacted(database), 60)
    assert database.points() == expected


def test_the_gaps_are_filled_and_live_values_stay(own_database, desk: Desk) -> None:
    database = own_database()
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(1), day(2))
    database.delete(day(2) + 3600, day(2) + 7200)
    changed = household(day(2), day(3), plus=0.5, step_s=1200) | household(day(0), day(1), meter="new")
    in_memory = household(day(4), day(4) + 3600, plus=0.25)
    database.write(changed)
    database.flush()
    database.write(in_memory)
    told = desk.restored(stored.stamp, *WORDS)
    assert told["safety_set"] == desk.sets()[-1] != stored.stamp
    database.tokens_work()
    stays(database, before | changed | in_memory)


@pytest.mark.parametrize("seed", range(3))
def test_files_that_overlap_in_the_set_keep_their_order(own_database, desk: Desk, seed: int) -> None:
    """The open point: several files of a set that have other values of the same moments, and live files likewise."""
    database, dice = own_database(), random.Random(seed)
    stored_points: Points = {}
    for layer in range(7):
        written: Points = {}
        for number in range(2):
            begin = day(number) + dice.randrange(0, DAY_S // 2, 60)
            end = min(day(number + 1), begin + dice.randrange(3600, DAY_S, 60))
            written |= household(begin, end, plus=layer / 8, step_s=60)
        written = {key: value for key, value in written.items() if dice.random() < 0.7}
        database.write(written)
        stored_points |= written
        database.flush()
    stored = desk.at(database).make_set(database)
    assert max(len(shard.tsm) for shard in stored.index.shards) == 7
    database.delete(day(0), day(2))
    live: Points = {}
    for layer in range(3):
        begin = day(0) + dice.randrange(0, DAY_S, 60)
        written = household(begin, begin + DAY_S, plus=100 + layer, step_s=60)
        written = {key: value for key, value in written.items() if dice.random() < 0.3}
        database.write(written)
        live |= written
        database.flush()
    desk.restored(stored.stamp, *WORDS)
    stays(database, stored_points | live)


def test_a_second_set_fills_only_what_is_missing_still(own_database, desk: Desk) -> None:
    database = own_database()
    older = household(day(0), day(1), plus=0.5)
    database.write(older)
    first = desk.at(database).make_set(database)
    newer = household(day(0), day(0) + DAY_S // 2)
    database.write(newer)
    second = desk.make_set(database)
    database.delete(day(0), day(1))
    database.write({("house", "power_w", day(0)): 7.0})
    only_first_half = {key: value for key, value in newer.items() if key[2] < day(0) + DAY_S // 4}
    desk.restored(second.stamp, *WORDS)
    database.delete(day(0) + DAY_S // 4, day(1))
    desk.restored(first.stamp, *WORDS)
    stays(database, older | only_first_half | {("house", "power_w", day(0)): 7.0})


def test_days_without_a_shard_come_back(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    document = database.buckets()["energy"]
    database.empty()
    assert document["id"] != database.buckets()["energy"]["id"]
    database.write(household(day(4), day(5), plus=0.5))
    desk.restored(stored.stamp, *WORDS)
    assert database.points() == before | household(day(4), day(5), plus=0.5)
    assert database.measurements("energy") == {"electricity"}


def test_what_the_bucket_would_forget_stays_out(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    # Day 3 begins five days ago or a little more.
    database.empty(keep_s=5 * DAY_S)
    code, out, _ = desk.call("restore", stored.stamp, *WORDS, "--dry-run")
    assert code == 0
    assert "Left out, as older than what energy keeps and forgotten there by now: 3 shards of the set." in " ".join(
        out.split()
    )
    told = desk.restored(stored.stamp, *WORDS)
    assert len(told["values"]) == 2
    assert household(day(4), day(5)).items() <= database.points().items()


def test_shards_of_another_length_are_refused(database: Database, desk: Desk) -> None:
    database.empty(days=7)
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    database.empty(days=1)
    database.write(household(day(0), day(1)))
    for way in ("--merge", "--swap"):
        assert "divides its time otherwise" in desk.refusal(stored.stamp, "--bucket", "energy", way, "--yes")
    assert database.points() == household(day(0), day(1))


def test_short_shards_fit_into_a_long_one(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.empty(days=7)
    database.write(household(day(2), day(2) + 3600, plus=0.5))
    desk.restored(stored.stamp, *WORDS)
    assert database.points() == before | household(day(2), day(2) + 3600, plus=0.5)


@pytest.mark.parametrize("is_flushed", [True, False])
def test_a_field_of_another_type_is_refused(database: Database, desk: Desk, is_flushed: bool) -> None:
    """In a bucket that was made anew; also where the live value is still in memory, and names have what InfluxDB escapes."""
    measurement, field = "of all, meters=2", "the value, v=1"

    def write(value: str) -> None:
        line = f"of\\ all\\,\\ meters=2,meter=house the\\ value\\,\\ v\\=1={value} {day(1) + 60}"
        database.ask("POST", "write?org=home&bucket=energy&precision=s", line)

    database.write(household(day(0), day(1)))
    write("1i")
    stored = desk.at(database).make_set(database)
    database.empty()
    write("1.5")
    if is_flushed:
        database.flush()
    live, sets = database.points(), desk.sets()
    for way in ("--merge", "--swap"):
        assert desk.refusal(stored.stamp, "--bucket", "energy", way, "--yes") == (
            f"From {date(1)} to {date(2)} the field {field} of {measurement} would be float and integer in one shard of the live "
            "bucket energy, and InfluxDB would read only one of them: restore it beside, "
            f"`wattline-backup restore {stored.stamp} --bucket energy --as energy_restored`."
        )
    assert (database.points(), desk.sets()) == (live, sets)


def tsm_files(database: Database) -> list[int]:
    """How many files each shard of the bucket energy has, once what is in memory is in one."""
    database.flush()
    server = Server(database.url, database.token, "the test")
    try:
        energy = next(bucket for bucket in server.metadata().buckets if bucket["bucketName"] == "energy")
        shards = [shard for *_, shard in shards_of([energy])]
        return [count.count for shard, count in server.files().items() if shard in shards]
    finally:
        server.close()


def number(database: Database, second: int, value: str) -> None:
    """Write a reading with that value, 1i or 1.0."""
    line = f"electricity,meter=house count={value} {second}"
    database.ask("POST", "write?org=home&bucket=energy&precision=s", line)


@pytest.mark.parametrize("way", ["--merge", "--swap"])
def test_another_type_in_other_days_is_refused(database: Database, desk: Desk, way: str) -> None:
    """A query over both would find the one or the other, and after a restart of InfluxDB perhaps neither."""
    number(database, day(0), "1i")
    stored = desk.at(database).make_set(database)
    database.empty()
    number(database, day(2), "1.5")
    live, sets = database.points(), desk.sets()
    assert desk.refusal(stored.stamp, "--bucket", "energy", way, "--yes").startswith(
        "The field count of electricity is integer in the set and float in the live bucket energy, and over both InfluxDB may "
        "answer with one of them, or with nothing: restore it beside, "
    )
    assert (database.points(), desk.sets()) == (live, sets)


def test_another_type_that_comes_in_while_one_is_asked_is_refused(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number(database, day(0), "1i")
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(1))

    def make(run: Run) -> Made:
        number(database, day(2), "1.5")
        return make_set(run)

    make_set = Run.make
    monkeypatch.setattr(Run, "make", make)
    assert "is integer in the set and float in the live bucket energy" in desk.refusal(stored.stamp, *WORDS)
    assert database.points() == {("house", "count", day(2)): 1.5}


def test_nothing_of_a_field_with_two_types_is_brought_in(database: Database, desk: Desk) -> None:
    """Its days could be read one by one, but what a query over all shows depends on which days there are."""
    for second, value in ((day(0), "1i"), (day(1), "2.5")):
        number(database, second, value)
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(0) + 1)
    number(database, day(2), "3i")
    assert "is integer in the set and float and integer in the live bucket" in desk.refusal(stored.stamp, *WORDS)


def test_a_type_that_only_the_shard_remembers_is_refused(database: Database, desk: Desk) -> None:
    """All values of the type were deleted, and those of another field are still there: InfluxDB would show none of the new."""
    line = "electricity,meter={meter} {field}={value} {second}"

    def write(**words: object) -> None:
        database.ask("POST", "write?org=home&bucket=energy&precision=s", line.format(second=day(0), **words))

    write(meter="boiler", field="count", value="1i")
    write(meter="house", field="power_w", value="1.5")
    stored = desk.at(database).make_set(database)
    database.empty()
    write(meter="boiler", field="count", value="1.5")
    write(meter="house", field="power_w", value="2.5")
    body = {"start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z", "predicate": 'meter="boiler"'}
    database.ask("POST", "delete?org=home&bucket=energy", body)
    wait_until("its file is gone", lambda: len(tsm_files(database)) == 1, 20)
    assert "is integer in the set and float in the live bucket energy" in desk.refusal(stored.stamp, *WORDS)


def test_what_is_brought_and_not_shown_is_told(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(1))
    rows = values._rows
    monkeypatch.setattr(
        values, "_rows", lambda *asked: [row for row in rows(*asked) if row.get("_field") != "voltage_v"]
    )
    assert "InfluxDB shows nothing of the field voltage_v of electricity from" in desk.refusal(stored.stamp, *WORDS)
    assert database.points() == before


def test_two_types_in_what_becomes_one_shard_are_refused(database: Database, desk: Desk) -> None:
    number(database, day(0), "1i")
    number(database, day(1), "1.5")
    stored = desk.at(database).make_set(database)
    database.empty(days=10_000)
    assert "would be float and integer in one shard of the live bucket energy" in desk.refusal(stored.stamp, *WORDS)
    assert database.points() == {}


def test_a_failed_count_says_how_things_stand(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(1))

    def fail(*_: object) -> dict[str, int]:
        raise BackupError("It cannot be counted.")

    monkeypatch.setattr(merge, "values_by_day", fail)
    assert desk.refusal(stored.stamp, *WORDS) == (
        "energy has all that it had, and of what it lacked what came in before it went wrong; the same command goes on where "
        "this one stopped. What went wrong: It cannot be counted."
    )
    assert database.points() == before


def test_a_repetition_finds_nothing_to_do(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    database.delete(day(1), day(2))
    desk.restored(stored.stamp, *WORDS)
    sets = desk.sets()
    code, out, _ = desk.call("restore", stored.stamp, *WORDS)
    assert code == 0
    assert "Nothing is lacking." in out
    assert desk.sets() == sets


def test_what_came_in_since_the_plan_was_there_already(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of somebody who merged the same."""
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(1), day(2))
    server, make_set = Server(database.url, database.token, "the test"), Run.make

    def make(run: Run) -> Made:
        into_live(server, stored, "energy", Quiet(), is_swap=False).act(None, Quiet())
        return make_set(run)

    monkeypatch.setattr(Run, "make", make)
    told = desk.restored(stored.stamp, *WORDS)
    assert sum(told["values"].values()) == len(before)
    assert told["remarks"] == [
        "Nothing was brought in: it came in since this was planned, so all of it was there already."
    ]


def test_a_writer_loses_nothing(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(4))
    written: Points = {}
    has_ended = threading.Event()

    def write() -> None:
        for second in count(day(1) + 1, 3):
            point = {("writer", "power_w", second): float(second % 89)}
            database.bring(point)
            written.update(point)
            if has_ended.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        desk.restored(stored.stamp, *WORDS)
    finally:
        has_ended.set()
        writer.join()
    assert len(written) > 5
    assert database.points() == before | written


def test_names_go_down_and_end() -> None:
    """What is brought in later is below what was brought in before, and a name is never given twice."""
    first = unused_names(["000000001-000000001.tsm"], 3)
    second = unused_names(["000000001-000000001.tsm", *first], 2)
    assert first == [f"000000000-{FIRST_NUMBER - left}.tsm" for left in (3, 2, 1)]
    assert [*second, *first] == sorted({*second, *first})
    with pytest.raises(BackupError, match="no name left"):
        unused_names(["000000000-000000005.tsm"], 2)
