"""A live bucket gets the content that it has in a set, on a real InfluxDB.

| fault | test |
|---|---|
| a point is another, is missing, or is left over | test_the_bucket_is_as_it_was |
| Telegraf's or Grafana's token is void | likewise |
| it is right only until InfluxDB compacts its files, or starts anew | likewise |
| what comes in meanwhile is lost | test_what_comes_in_meanwhile_stays |
| it cannot be undone | test_a_swap_is_undone_by_the_safety_set |
| a failure leaves the bucket half swapped | test_a_failure_leaves_the_bucket_as_it_was |
| the server dies in the middle, and nobody knows what to do | test_after_a_kill_the_safety_set_puts_it_right |
| a damaged file of the set is found too late | test_a_damaged_set_is_refused_before_anything_is_changed |
"""

import re
import threading
import time

import pytest

from backup.restore_rig import DAYS, Database, Desk, Points, day, household, kill_before
from backup.test_restore_merge import stays
from wattline_backup.errors import BackupError
from wattline_backup.restore import swap

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
WORDS = ("--bucket", "energy", "--swap", "--yes")


def spoil(database: Database) -> None:
    """Change, delete and add, in files and in memory."""
    database.delete(day(0), day(1))
    database.write(household(day(1), day(1) + 7200, plus=0.5) | household(day(2), day(3), meter="wrong"))
    database.write(household(day(DAYS), day(DAYS + 1), meter="wrong"))
    database.flush()
    database.write(household(day(3), day(3) + 3600, plus=0.25))


def test_the_bucket_is_as_it_was(own_database, desk: Desk) -> None:
    database = own_database()
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    number = database.buckets()["energy"]["id"]
    spoil(database)
    told = desk.restored(stored.stamp, *WORDS)
    assert told["safety_set"] == desk.sets()[-1] != stored.stamp
    assert database.buckets()["energy"]["id"] == number
    database.tokens_work()
    stays(database, before)


def test_what_comes_in_meanwhile_stays(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    desk.at(database)
    database.write({("writer", "power_w", int(time.time()) - 60): 1.0})
    stored = desk.make_set(database)
    before |= {key: value for key, value in database.points().items() if key[0] == "writer"}
    spoil(database)
    written: Points = {}
    has_ended = threading.Event()

    def write() -> None:
        while not has_ended.wait(0.2):
            point = {("writer", "power_w", int(time.time())): 2.0}
            database.write(point, token=database.telegraf)
            written.update(point)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until = int(time.time())
        desk.restored(stored.stamp, *WORDS)
        time.sleep(1)  # a second in which the writer goes on
    finally:
        has_ended.set()
        writer.join()
    kept = {key: value for key, value in written.items() if key[2] > until + 1}
    found = database.points()
    assert kept.items() <= found.items()
    assert {key: value for key, value in found.items() if key[2] < until} == before


def test_a_swap_is_undone_by_the_safety_set(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    told = desk.restored(stored.stamp, *WORDS)
    time.sleep(1.1)  # a set has its second
    desk.restored(told["safety_set"], *WORDS)
    assert database.points() == spoilt


def test_a_failure_leaves_the_bucket_as_it_was(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    inject, calls = swap.inject, []

    def fail_once(*words) -> None:
        calls.append(words)
        if len(calls) == 3:
            raise BackupError("The third did not arrive.")
        inject(*words)

    monkeypatch.setattr(swap, "inject", fail_once)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal == "energy is again what it was. What went wrong: The third did not arrive."
    assert database.points() == spoilt
    database.tokens_work()


def test_after_a_kill_the_safety_set_puts_it_right(own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database = own_database()
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    kill_before(monkeypatch, swap, "inject", 2, database)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert "energy is half swapped." in refusal
    command = re.search(r"`wattline-backup restore (.*?)`", refusal)
    database.start()
    assert database.points() != spoilt
    time.sleep(1.1)  # a set has its second
    desk.restored(*command[1].split(), "--yes")
    assert database.points() == spoilt


def test_a_damaged_set_is_refused_before_anything_is_changed(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    file = stored.path / stored.index.shards[1].file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    for way in ("--swap", "--merge"):
        desk.refusal(stored.stamp, "--bucket", "energy", way, "--yes")
    assert database.points() == spoilt
    assert desk.sets() == [stored.stamp]
