"""A live bucket gets the content that it has in a set, on a real InfluxDB.

| fault | test |
|---|---|
| a point is another, is missing, or is left over | test_the_bucket_is_as_it_was |
| Telegraf's or Grafana's token is void | likewise |
| it is right only until InfluxDB compacts its files, or starts anew | likewise |
| what comes in meanwhile is lost | test_what_comes_in_meanwhile_stays |
| a forecast keeps its live values, or those of the last minute stay | test_what_is_to_come_is_as_it_was |
| the live shard is not empty when it is filled, and nobody notices | test_points_that_come_into_an_emptied_day_are_seen |
| days that the bucket has forgotten since stop it half way | test_days_that_were_forgotten_stay_out |
| a field has another type than in the set, and its values hide | test_a_field_that_has_another_type_since_is_refused |
| ... and the way back from a killed swap is refused for it | test_the_way_back_looks_at_no_type |
| the plan names the days in disorder | test_the_days_of_the_plan_are_in_order |
| it cannot be undone | test_a_swap_is_undone_by_the_safety_set |
| ... or while it is at work, of other days | test_a_late_writer_of_other_days_loses_nothing |
| ... or into a day that was swapped already, and the way back deletes it | test_the_way_back_keeps_what_came_into_a_swapped_day |
| ... or of other hours of today | test_a_late_writer_of_other_hours_of_today_loses_nothing |
| a set that is pruned meanwhile ends in a traceback | test_a_set_that_is_gone_is_a_sentence |
| a bucket that is deleted meanwhile ends in a riddle | test_a_bucket_that_is_gone_is_a_sentence |
| the end cannot be written down, and nobody knows that it is whole | test_a_full_disk_at_the_end_says_how_things_stand |
| what comes in while one is asked, or the safety set is made, stays | test_what_came_in_since_the_plan_goes_too |
| a failure leaves the bucket half swapped | test_a_failure_leaves_the_bucket_as_it_was |
| ... as where a file of the set goes bad meanwhile | test_what_becomes_of_the_set_meanwhile_costs_no_way_back |
| the server dies in the middle, and nobody knows what to do | test_after_a_kill_the_safety_set_puts_it_right |
| it is interrupted, and leaves the bucket in between, or says nothing | test_an_interruption_says_how_things_stand |
| an impatient second Ctrl-C stops the way back | test_the_way_back_is_not_interrupted |
| it is killed, and the next command says nothing, or fails without a word of it | test_after_its_own_kill_the_next_commands_tell |
| ... or the set that has what the bucket was is pruned | the same |
| ... or a second attempt takes the half bucket for what it was | the same |
| a damaged file of the set is found too late | test_a_damaged_set_is_refused_before_anything_is_changed |
"""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from backup.restore_rig import DAY_S, DAYS, Database, Desk, Points, day, household, kill_before
from backup.test_restore_merge import date, stays
from wattline_backup import archive
from wattline_backup.errors import BackupError, FolderError
from wattline_backup.restore import swap, upload
from wattline_backup.restore.swap import Swap
from wattline_backup.restore.target import Target
from wattline_backup.run import Made, Run
from wattline_backup.sets import Folder
from wattline_backup.state import State

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
            database.bring(point)
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


def test_what_came_in_since_the_plan_goes_too(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a day that did not differ, and into one that was not there."""
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.write({("house", "power_w", day(0)): 5.0})

    def make(run: Run) -> Made:
        database.write(household(day(1), day(1) + 3600, plus=0.5) | household(day(3), day(4)))
        return make_set(run)

    make_set = Run.make
    monkeypatch.setattr(Run, "make", make)
    told = desk.restored(stored.stamp, *WORDS)
    assert database.points() == before
    assert list(told["values"]) == [date(0), date(1)]


def test_a_late_writer_of_other_days_loses_nothing(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came since the safety set was made is in neither, so it is not deleted; the way back keeps what comes meanwhile."""
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    before, late, numbers = database.points(), dict[tuple[str, str, int], float](), count()
    fill = swap.inject

    def write(*words: object) -> None:
        number = next(numbers)
        points = household(day(3) + number * 600, day(3) + number * 600 + 600, meter="late")
        database.write(points)
        late.update(points)
        fill(*words)

    monkeypatch.setattr(swap, "inject", write)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal.startswith(
        "energy is again what it was. What went wrong: Since the safety set was made, something wrote "
    )
    assert database.points() == before | late
    assert State(desk.folder).unfinished() == []


@pytest.mark.parametrize("number", [2, 3])
def test_the_way_back_keeps_what_came_into_a_swapped_day(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Also where it came over a value that was there before; of a day that was filled, and of one that was only emptied."""
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    database.write(household(day(0), day(DAYS), plus=0.5))
    before, numbers, fill = database.points(), count(1), swap.inject
    late = household(day(0), day(0) + 3600, meter="late") | {("house", "power_w", day(0) + 60): -7.0}
    late |= {("late", "power_w", day(number - 1) + 5): 3.0}

    def write_and_fail(*words: object) -> None:
        if next(numbers) == number:
            database.write(late)
            raise BackupError("The swap is stopped.")
        fill(*words)

    monkeypatch.setattr(swap, "inject", write_and_fail)
    assert desk.refusal(stored.stamp, *WORDS) == "energy is again what it was. What went wrong: The swap is stopped."
    assert database.points() == before | late
    database.restart()
    assert database.points() == before | late
    assert State(desk.folder).unfinished() == []


def test_a_late_writer_of_other_hours_of_today_loses_nothing(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a rollup of the morning is in the evening, or a forecast."""
    now = int(time.time())
    today = now - now % DAY_S
    far = today if now - today > DAY_S / 2 else today + DAY_S - 10
    database.write({("house", "power_w", now - 300): 1.0})
    stored = desk.at(database).make_set(database)
    database.write({("house", "power_w", now - 200): 2.0})
    before = database.points()
    late, just_now = {("late", "power_w", far + 1): 3.0}, {("house", "power_w", now): 4.0}

    def make(run: Run) -> Made:
        made = make_set(run)
        database.write(late | just_now)
        return made

    make_set = Run.make
    monkeypatch.setattr(Run, "make", make)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal.startswith(
        "energy is again what it was. What went wrong: Since the safety set was made, something wrote "
    )
    assert database.points() == before | late | just_now
    assert State(desk.folder).unfinished() == []


def test_what_is_to_come_is_as_it_was(own_database, desk: Desk) -> None:
    database, now = own_database(), int(time.time())
    later = day(8) + 3 * DAY_S
    before = household(now - 3600, later, meter="forecast") | household(now - 50, now, meter="minute", step_s=5)
    before = {key: value for key, value in before.items() if not now - 2 < key[2] < now + 120}
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.write({key: value + 0.5 for key, value in before.items() if key[2] % 1200 == 0 or key[0] == "minute"})
    database.write(household(later - DAY_S, later + DAY_S, meter="wrong") | {("minute", "power_w", now - 33): 1.0})
    spoilt = database.points()
    told = desk.restored(stored.stamp, *WORDS)
    assert sum(told["values"].values()) == len(before)
    found = database.points()
    assert found == before
    time.sleep(1.1)  # a set has its second
    desk.restored(told["safety_set"], *WORDS)
    stays(database, spoilt)


def test_points_that_come_into_an_emptied_day_are_seen(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.write({("house", "power_w", day(1)): -1.0})
    delete, left = Target.delete, [{("late", "power_w", day(1) + 5): 2.0}]

    def delete_and_write(self: Target, start: datetime, end: datetime, predicate: str = "") -> None:
        delete(self, start, end, predicate)
        if left:
            database.write(left.pop())

    monkeypatch.setattr(Target, "delete", delete_and_write)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal.startswith("energy is again what it was. What went wrong: Something writes points into energy")
    assert database.points() == before | {("house", "power_w", day(1)): -1.0, ("late", "power_w", day(1) + 5): 2.0}


def test_days_that_were_forgotten_stay_out(database: Database, desk: Desk) -> None:
    before = household(day(0), day(DAYS))
    database.write(before)
    stored = desk.at(database).make_set(database)
    # Day 3 begins five days ago or a little more.
    database.empty(keep_s=5 * DAY_S)
    database.write(household(day(4), day(5), plus=0.5))
    code, out, _ = desk.call("restore", stored.stamp, *WORDS, "--dry-run")
    assert code == 0
    assert "Left out, as older than what energy keeps and forgotten there by now: 3 shards of the set." in " ".join(
        out.split()
    )
    told = desk.restored(stored.stamp, *WORDS)
    assert list(told["values"]) == [date(3), date(4)]
    found = database.points()
    assert household(day(4), day(5)).items() <= found.items() <= before.items()


def test_a_field_that_has_another_type_since_is_refused(database: Database, desk: Desk) -> None:
    """The shard that its values would be deleted from goes on counting as theirs, and after a restart hides the others."""
    write(database, day(1), "1.5")
    stored = desk.at(database).make_set(database)
    write(database, day(3), "1i")
    sets = desk.sets()
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert (
        "the field count of electricity is float in the set and float and integer in the live bucket" in refusal.lower()
    )
    assert desk.sets() == sets


def test_the_way_back_looks_at_no_type(own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed swap may have emptied the only shard that has a type, and its values come back with the safety set."""
    database = own_database()
    write(database, day(1), "1.5")
    write(database, day(2), "2i")
    stored = desk.at(database).make_set(database)
    write(database, day(2) + 60, "3i")
    write(database, day(3), "4i")
    kill_before(monkeypatch, swap, "inject", 1, database)
    command = re.search(r"`wattline-backup restore (.*?)`", desk.refusal(stored.stamp, *WORDS))
    database.start()
    desk.restored(*command[1].split(), "--yes")
    counted = database.query(
        f'from(bucket: "energy") |> range(start: {day(2)}, stop: {day(5)}) |> keep(columns: ["_value"])'
    )
    assert [float(row["_value"]) for row in counted] == [2.0, 3.0, 4.0]


def write(database: Database, second: int, value: str) -> None:
    """A reading with that value, 1i or 1.0."""
    line = f"electricity,meter=house count={value} {second}"
    database.ask("POST", "write?org=home&bucket=energy&precision=s", line)


def test_the_days_of_the_plan_are_in_order(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    database.empty()
    database.write(household(day(3), day(4), plus=0.5))
    code, out, _ = desk.call("restore", stored.stamp, *WORDS, "--dry-run")
    assert code == 0
    spans = ", ".join(f"{date(number)} to {date(number + 1)}" for number in range(DAYS))
    assert f"What differs: {spans}." in " ".join(out.split())


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


@pytest.mark.parametrize("fault", ["cut", "gone", "EIO"])
def test_what_becomes_of_the_set_meanwhile_costs_no_way_back(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Of a day that is being swapped, and of one that is as it was, whose file the safety set shares."""
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt, delete, pieces = database.points(), Target.delete, archive.pieces_of
    files = [stored.path / shard.file for shard in stored.index.shards if shard.start[:10] in {date(1), date(4)}]
    inodes: list[int] = []

    def fail(file: Path) -> Iterator[bytes]:
        if file.exists() and file.stat().st_ino in inodes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pieces(file)

    def delete_and_spoil(*words: object) -> None:
        delete(*words)
        for file in [] if inodes else files:
            inodes.append(file.stat().st_ino)
            if fault == "cut":
                file.chmod(0o600)
                os.truncate(file, file.stat().st_size // 2)
            elif fault == "gone":
                file.unlink()

    monkeypatch.setattr(Target, "delete", delete_and_spoil)
    if fault == "EIO":
        monkeypatch.setattr(archive, "pieces_of", fail)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal.startswith("energy is again what it was. What went wrong: ")
    assert database.points() == spoilt
    assert State(desk.folder).unfinished() == []


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


def interrupt_before(monkeypatch: pytest.MonkeyPatch, module: object, name: str, number: signal.Signals) -> None:
    """Let this process get a signal when the function of that name is called for the first time."""
    function, left = getattr(module, name), [number]

    def interrupted(*words, **named):
        if left:
            os.kill(os.getpid(), left.pop())
        return function(*words, **named)

    monkeypatch.setattr(module, name, interrupted)


STEPS = {
    "pairs": swap,
    "_fill": Run,
    "undoing": swap,
    "delete": Target,
    "inject": swap,
    "renamed": upload,
    "values_by_day": swap,
}


@pytest.mark.parametrize("step", STEPS)
def test_an_interruption_says_how_things_stand(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    interrupt_before(monkeypatch, STEPS[step], step, signal.SIGTERM)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal == (
        "It was interrupted before anything in InfluxDB was changed."
        if step in {"pairs", "_fill"}
        else "energy is again what it was. What went wrong: it was interrupted."
    )
    assert database.points() == spoilt
    assert State(desk.folder).unfinished() == []
    database.tokens_work()


def test_the_way_back_is_not_interrupted(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    interrupt_before(monkeypatch, swap, "values_by_day", signal.SIGINT)
    interrupt_before(monkeypatch, Swap, "_swap_back", signal.SIGINT)
    _, _, said = desk.call("restore", stored.stamp, *WORDS)
    assert "Making energy again what it was" in said
    assert database.points() == spoilt


def test_after_its_own_kill_the_next_commands_tell(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    spoilt = database.points()
    kill = "from wattline_backup.restore import swap; import os, signal; swap.values_by_day = lambda *_: os.kill(os.getpid(), 9)"
    code = f"{kill}; from wattline_backup.cli import main; main()"
    for _ in range(2):
        time.sleep(1.1)  # a set has its second
        ended = subprocess.run([sys.executable, "-c", code, "restore", stored.stamp, *WORDS], check=False)
        assert ended.returncode == -signal.SIGKILL
        database.write({("late", "power_w", day(0)): 1.0})
    assert database.points() != spoilt
    first, second = desk.sets()[1:]
    told = f"`wattline-backup restore {first} --bucket energy --swap` makes energy what it was."
    for command in ("list", "run"):
        time.sleep(1.1)  # a set has its second
        assert told in json.loads(desk.call(command, "--json")[1])["remarks"][0]
    _, out, _ = desk.call("prune", "--keep-newest", "1", "--keep-hourly", "0", "--keep-daily", "0", "--json")
    kept = {each["set"]: each["reasons"] for each in json.loads(out)["sets"] if each["kept"]}
    assert "ends a restore that was cut off" in kept[first]
    assert "ends a restore that was cut off" not in kept.get(second, [])
    database.stop()
    code, _, said = desk.call("run")
    assert code == 1
    assert "InfluxDB does not answer" in said
    assert told in said
    database.start()
    desk.restored(first, *WORDS)
    assert database.points() == spoilt | {("late", "power_w", day(0)): 1.0}
    assert State(desk.folder).unfinished() == []


@pytest.mark.parametrize("way", [["--as", "energy_restored"], ["--merge"], ["--swap"]], ids=lambda way: way[0])
def test_a_set_that_is_gone_is_a_sentence(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch, way: list[str]
) -> None:
    """In every way of a restore."""
    database.write(household(day(0), day(2)))
    stored = desk.at(database).make_set(database)
    spoil(database)
    before, locked = database.points(), Folder.locked

    def removed(folder: Folder, *words: object, **options: bool) -> object:
        shutil.rmtree(folder.path / stored.stamp, ignore_errors=True)
        return locked(folder, *words, **options)

    monkeypatch.setattr(Folder, "locked", removed)
    refusal = desk.refusal(stored.stamp, "--bucket", "energy", "--yes", *way)
    assert refusal == (
        f"The set {stored.stamp} was removed since this was planned, as `wattline-backup prune` does; nothing in InfluxDB was "
        "changed. `wattline-backup list` shows those that are there."
    )
    assert database.points() == before


def test_a_bucket_that_is_gone_is_a_sentence(database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database.write(household(day(0), day(2)))
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(1))
    make_set = Run.make

    def make(run: Run) -> Made:
        database.ask("DELETE", f"buckets/{database.buckets()['energy']['id']}")
        return make_set(run)

    monkeypatch.setattr(Run, "make", make)
    assert desk.refusal(stored.stamp, *WORDS) == "Somebody deleted the bucket energy meanwhile: try again."


def test_a_full_disk_at_the_end_says_how_things_stand(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = household(day(0), day(2))
    database.write(before)
    stored = desk.at(database).make_set(database)
    database.delete(day(0), day(1))

    def fail(*_: object) -> None:
        raise FolderError("state.json cannot be written: No space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(State, "end", fail)
        refusal = desk.refusal(stored.stamp, *WORDS)
    undo = f"wattline-backup restore {stored.stamp} --bucket energy --swap"
    assert refusal == (
        f"energy has all that it has in the set {stored.stamp}, but state.json cannot be written: No space left on device. So "
        f"`list` goes on calling that unfinished; `{undo}`, once there is room, ends it."
    )
    assert database.points() == before
    time.sleep(1.1)  # a set has its second
    desk.restored(*undo.split()[2:], "--yes")
    assert State(desk.folder).unfinished() == []


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
