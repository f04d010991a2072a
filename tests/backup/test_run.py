"""Sets of a real InfluxDB under writes, deletes and time: what `influx restore` makes of each is what was there.

| fault | test |
|---|---|
| a file that went away, or has an old stamp, is not noticed: points that were deleted come back | test_every_set_is_what_the_server_held |
| what is being deleted at that moment comes back | the same |
| what was compacted is fetched twice, or not at all | the same |
| a shard that is made while InfluxDB tells of itself stops a restore of everything | test_what_is_made_while_the_server_tells_of_itself |
| late points, new series, new buckets are missed | the same, test_a_new_bucket_is_in_the_next_set |
| what did not change is written again | test_what_did_not_change_is_the_same_file |
| a shard that was forgotten stays in the manifest, and its days refuse every write after a restore | test_a_shard_that_was_forgotten_is_in_no_later_set |
| what a full read finds, only a full read finds | test_a_full_run_finds_a_store_that_lies |
| readings that are written meanwhile are lost, or the run disturbs them | test_a_run_in_a_burst_of_writes_has_all_before_it |
| a damaged file of the set before is handed on | test_a_damaged_file_is_not_handed_on |
| a set of the future hides all that is newer | test_a_set_of_the_future_is_not_built_upon |
| two runs within a second, as before a restore, fail for their name | test_two_runs_within_a_second_are_two_sets |
| nobody is told that the off-site copy can be opened by nobody | test_a_run_tells_the_alerts_whether_the_sheet_was_confirmed |
"""

import os
import random
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backup.restore_rig import DAY_S, Database, Desk, Points, day, household
from backup.test_restore_by_hand import WHOLE_SERVER, typed
from wattline_backup import choice
from wattline_backup.errors import FolderError
from wattline_backup.house import House
from wattline_backup.progress import Quiet
from wattline_backup.run import Made, Run
from wattline_backup.server import Metadata, Server
from wattline_backup.sets import Folder, Set
from wattline_backup.state import State

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

ROUNDS = 12


class Backups:
    """Runs against a database, each a minute after the one before by this machine's clock."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, Folder(folder)
        self._number = 0

    def run(self, *, is_full: bool = False, later: timedelta = timedelta(0)) -> Made:
        self._number += 1
        now = datetime.now(UTC) - timedelta(days=1) + timedelta(minutes=self._number) + later
        server = Server(self.database.url, self.database.token, "the test")
        try:
            return Run(server, self.folder, House(), Quiet(), is_full=is_full, now=lambda: now).make()
        finally:
            server.close()

    def restored(self, made: Set) -> Points:
        """What the stock CLI makes of a set's bucket energy."""
        database, name = self.database, f"restored_{made.stamp}"
        words = ["restore", "--bucket", "energy", "--new-bucket", name, "--host", database.url, str(made.path)]
        own = {
            "INFLUX_TOKEN": database.token,
            "HOME": str(self.folder.path),
            "INFLUX_CONFIGS_PATH": f"{self.folder.path}/none",
        }
        done = subprocess.run([database._influx, *words], env=own, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = database.points(name)
        database.ask("DELETE", f"buckets/{database.buckets()[name]['id']}")
        return found


@pytest.fixture
def backups(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backups:
    # A quarter of an hour would have all of a test's shards fetched.
    monkeypatch.setattr(choice, "MARGIN", timedelta(seconds=1))
    return Backups(database, tmp_path / "sets")


def happen(database: Database, truth: Points, dice: random.Random) -> None:
    """Something that happens to a database, and to the truth about it."""
    number = dice.randrange(5)
    begin = day(number)
    match dice.choice(("late", "overwrite", "series", "range", "day", "small", "nothing")):
        case "late":
            points = household(begin + dice.randrange(DAY_S), begin + DAY_S, step_s=7919)
        case "overwrite":
            points = household(begin, begin + 7200, plus=dice.random())
        case "series":
            points = household(begin, begin + 7200, meter=f"m{dice.randrange(3)}")
        case "small":
            points = {("small", "power_w", begin + 5): 1.0}
            database.write(points)
            database.flush()
            database.delete(begin, begin + DAY_S)
            points = {}
            delete(truth, begin, begin + DAY_S)
        case "range":
            first = begin + dice.randrange(DAY_S // 2)
            database.delete(first, first + 20_000)
            delete(truth, first, first + 20_000)
            points = {}
        case "day":
            database.delete(begin, begin + DAY_S)
            delete(truth, begin, begin + DAY_S)
            points = {}
        case _:
            points = {}
    if points:
        database.write(points)
        truth.update(points)


def delete(truth: Points, start: int, end: int) -> None:
    for key in [key for key in truth if start <= key[2] < end]:
        del truth[key]


@pytest.mark.parametrize("seed", range(4))
def test_every_set_is_what_the_server_held(backups: Backups, seed: int) -> None:
    """Twelve runs, right after what happened; each is restored, and every point compared."""
    dice, truth = random.Random(seed), household(day(0), day(5))
    backups.database.write(truth)
    backups.run()
    for number in range(ROUNDS):
        for _ in range(dice.randrange(1, 4)):
            happen(backups.database, truth, dice)
        made = backups.run().made
        assert backups.restored(made) == truth == backups.database.points(), f"set {number + 1} of seed {seed}"


def test_what_did_not_change_is_the_same_file(backups: Backups) -> None:
    backups.database.write(household(day(0), day(5)))
    first = backups.run()
    assert first.linked == 0
    # What was written within the margin before the run is fetched once more. InfluxDB tells whole seconds.
    # No event tells that a margin is over.
    threading.Event().wait(2.5)
    second = backups.run()
    threading.Event().wait(2.5)
    backups.database.write({("house", "power_w", day(2) + 77): 5.0})
    third = backups.run()
    assert (third.fetched, third.linked) == (1, 4)
    inodes = [{each.stat().st_ino for each in made.made.path.glob("*.tar.gz")} for made in (second, third)]
    assert len(inodes[0] & inodes[1]) == 4
    assert third.made.index.written < third.made.index.size


def test_a_new_bucket_is_in_the_next_set(backups: Backups) -> None:
    database = backups.database
    database.write(household(day(0), day(1)))
    backups.run()
    database.ask("POST", "buckets", {"name": "host", "orgID": database.org_id, "retentionRules": []})
    database.write({("cpu", "usage", day(1)): 3.0}, "host")
    made = backups.run().made
    assert {shard.bucket for shard in made.index.shards} >= {"energy", "host"}
    database.ask("DELETE", f"buckets/{database.buckets()['host']['id']}")
    later = backups.run()
    assert "host" not in {shard.bucket for shard in later.made.index.shards}
    assert later.remarks == ["The bucket host of the set before is no longer there; the older sets have it."]


def test_a_shard_that_was_forgotten_is_in_no_later_set(own_database: Any, tmp_path: Path) -> None:
    database = own_database("influxdb", "--storage-retention-check-interval=1s")
    backups = Backups(database, tmp_path / "sets")
    database.write(household(day(0), day(5)))
    before = backups.run().made
    rule = {"type": "expire", "everySeconds": 5 * DAY_S, "shardGroupDurationSeconds": DAY_S}
    database.ask("PATCH", f"buckets/{database.buckets()['energy']['id']}", {"retentionRules": [rule]})
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while len(database.points()) == len(household(day(0), day(5))):
        assert datetime.now(UTC) < deadline
        threading.Event().wait(0.2)
    after = backups.run().made
    assert 0 < len(after.index.shards) < len(before.index.shards)
    assert backups.restored(after) == database.points()


def test_a_full_run_finds_a_store_that_lies(backups: Backups) -> None:
    """A file whose content changed, with the same stamp and length."""
    database = backups.database
    database.write(household(day(0), day(2)))
    backups.run()
    (victim, *_) = sorted((database._folder / "engine" / "data").glob("*/autogen/*/*.tsm"))
    stat, content = victim.stat(), bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**12))
    with pytest.raises(Exception, match="is damaged"):
        backups.run(is_full=True)
    assert len(backups.folder.sets()) == 1


def test_a_run_in_a_burst_of_writes_has_all_before_it(backups: Backups) -> None:
    """No write fails, and whatever was acknowledged before the run began is in the set."""
    database, acknowledged, stop = backups.database, dict(household(day(0), day(3))), threading.Event()
    database.write(acknowledged)

    def burst() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            points: Points = {("burst", "power_w", day(4) + number): float(number)}
            database.write(points)
            acknowledged.update(points)

    writer = threading.Thread(target=burst)
    writer.start()
    try:
        for _ in range(5):
            before = dict(acknowledged)
            made = backups.run().made
            assert before.items() <= backups.restored(made).items()
    finally:
        stop.set()
        writer.join()


def test_what_is_made_while_the_server_tells_of_itself(
    backups: Backups,
    own_database: Callable[..., Database],
    server: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """InfluxDB copies its database before it lists its buckets, and here a shard and a bucket come in between."""
    database, tell, points = backups.database, Server.metadata, household(day(0), day(1))
    database.write(points)
    days = count(1)

    def torn(asked: Server) -> Metadata:
        copied = tell(asked)
        number = next(days)
        database.write(household(day(number), day(number + 1)))
        database.ask("POST", "buckets", {"name": f"new{number}", "orgID": database.org_id, "retentionRules": []})
        return replace(copied, buckets=tell(asked).buckets)

    with monkeypatch.context() as patched:
        patched.setattr(Server, "metadata", torn)
        made = backups.run().made
    token_file = tmp_path / "token"
    token_file.write_text(database.token)
    blank = own_database("blank", is_set_up=False)
    code, told = typed(WHOLE_SERVER, server, made, blank, token_file)
    assert code == 0, told
    blank.token = database.token
    assert blank.points() == household(day(0), day(2))
    assert "new1" in blank.buckets()
    assert backups.restored(backups.run().made) == database.points()


def test_a_damaged_file_is_not_handed_on(backups: Backups) -> None:
    truth = household(day(0), day(3))
    backups.database.write(truth)
    first = backups.run().made
    threading.Event().wait(2.5)
    second = backups.run().made
    file = second.path / second.index.shards[0].file
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-7])
    made = backups.run()
    assert made.remarks[0].endswith("is missing or changed, so it is fetched anew; verify the older sets.")
    assert backups.restored(made.made) == truth
    assert first.path.exists()


def test_a_set_of_the_future_is_not_built_upon(backups: Backups) -> None:
    truth = household(day(0), day(2))
    backups.database.write(truth)
    ahead = backups.run().made
    index = ahead.index
    text = index.to_json().replace(index.began.isoformat(), (index.began + timedelta(days=30)).isoformat())
    (ahead.path / "wattline.json").chmod(0o600)
    (ahead.path / "wattline.json").write_text(text)
    backups.database.write({("house", "power_w", day(1) + 1): 8.0})
    made = backups.run()
    assert made.linked == 0
    assert backups.restored(made.made) == truth | {("house", "power_w", day(1) + 1): 8.0}
    with pytest.raises(FolderError, match="which is not before now"):
        backups.run(later=-timedelta(days=2))


def test_two_runs_within_a_second_are_two_sets(backups: Backups) -> None:
    backups.database.write(household(day(0), day(1)))
    first = backups.run().made
    moments = iter([first.at + timedelta(milliseconds=250), first.at + timedelta(milliseconds=1001)])
    waits: list[float] = []
    server = Server(backups.database.url, backups.database.token, "the test")
    second = Run(server, backups.folder, House(), Quiet(), now=lambda: next(moments), sleep=waits.append).make().made
    server.close()
    assert waits == [0.75]
    assert second.at - first.at == timedelta(seconds=1)


def test_the_desk_makes_a_set(desk: Desk, database: Database) -> None:
    """`wattline-backup run`, as a person or a timer calls it."""
    database.write(household(day(0), day(1)))
    code, out, err = desk.at(database).call("run")
    assert (code, err) == (0, "")
    assert out.startswith(f"Set {desk.sets()[0]}: ")
    assert "kind=run" in desk.outcome.read_text()


@pytest.mark.parametrize("confirmed", [0, 1])
def test_a_run_tells_the_alerts_whether_the_sheet_was_confirmed(desk: Desk, database: Database, confirmed: int) -> None:
    database.write(household(day(0), day(1)))
    if confirmed:
        desk.folder.mkdir()
        State(desk.folder).note_sheet(1795707351.0, "0a1b2c3d")
    code, _, err = desk.at(database).call("run")
    assert (code, err) == (0, "")
    assert f",sheet_confirmed={confirmed}," in desk.outcome.read_text()
