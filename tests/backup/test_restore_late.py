"""What comes into a bucket while it is swapped, on a real InfluxDB: it is in the bucket afterwards, or in a file beside the sets.

| fault | test |
|---|---|
| what comes into a day while that is read is deleted with it | test_what_comes_while_a_day_is_read_is_seen |
| ... or on the way back | test_what_comes_while_it_is_put_aside_is_kept |
| a way back that fails has thrown away what was put aside | test_a_way_back_that_fails_keeps_what_came_in |
| ... and nobody knows why it failed | the same |
| the shard of what was put aside is gone when the next swap comes, and the file is removed all the same | test_what_was_put_aside_is_brought_in_where_its_shard_is_gone |
| what a bucket has forgotten by now stops each swap | test_what_is_too_old_is_left_where_it_is |
| what was put aside is hidden in a shard of another time | test_what_does_not_fit_into_a_shard_is_refused |
| a shard is emptied though what came into it was not read to its end | test_a_day_that_is_not_read_to_its_end_is_not_emptied |
| a full disk is a bug, or the server's fault | test_a_full_disk_is_named |
| nothing came, and room is taken for it | test_where_nothing_came_nothing_is_kept |
| somebody is writing, and the plan does not warn | test_the_plan_says_what_to_stop |
"""

import errno
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backup.restore_rig import DAY_S, DAYS, Database, Desk, Points, day, household
from backup.test_restore_swap import WORDS
from wattline_backup.errors import BackupError
from wattline_backup.restore import late, saved, swap
from wattline_backup.state import State
from wattline_backup.unfinished import late_file

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
LATE = household(day(0), day(0) + 3600, meter="late") | {("house", "power_w", day(0) + 60): -7.0}


@pytest.fixture
def swapping(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[int, Callable[[], None]]], tuple[Points, str]]:
    """Lets things happen before a shard is filled for the first, second, ... time; gives what the bucket was, and the refusal."""

    def swap_and_fail(before: dict[int, Callable[[], None]]) -> tuple[Points, str]:
        database.write(household(day(0), day(DAYS)))
        stored = desk.at(database).make_set(database)
        database.write(household(day(0), day(DAYS), plus=0.5))
        was, fill, numbers = database.points(), swap.inject, count(1)

        def inject(*words: Any) -> None:
            before.get(next(numbers), lambda: None)()
            fill(*words)

        with monkeypatch.context() as patched:
            patched.setattr(swap, "inject", inject)
            return was, desk.refusal(stored.stamp, *WORDS)

    return swap_and_fail


def fail() -> None:
    raise BackupError("It is stopped.")


def files(desk: Desk) -> list[Path]:
    """What is put aside, or half so."""
    return [each for each in desk.folder.iterdir() if each.name.startswith("late-")]


def test_what_comes_while_a_day_is_read_is_seen(
    database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(household(day(0), day(2)))
    stored = desk.at(database).make_set(database)
    database.write(household(day(0), day(2), plus=0.5))
    was, read, left = database.points(), saved.content_of_live, [LATE]

    def read_and_write(*words: Any, **named: Any) -> object:
        content = read(*words, **named)
        if left:
            database.write(left.pop())
        return content

    monkeypatch.setattr(saved, "content_of_live", read_and_write)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert "Since the safety set was made, something wrote points into energy" in refusal
    assert database.points() == was | LATE


def test_what_comes_while_it_is_put_aside_is_kept(
    swapping, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, left = late.feed, [LATE]

    def read_and_write(*words: Any) -> None:
        read(*words)
        if left:
            database.write(left.pop())

    monkeypatch.setattr(late, "feed", read_and_write)
    was, refusal = swapping({2: fail})
    assert refusal == "energy is again what it was. What went wrong: It is stopped."
    assert database.points() == was | LATE


def test_a_way_back_that_fails_keeps_what_came_in(swapping, database: Database, desk: Desk) -> None:
    def fail_again() -> None:
        raise BackupError("It is stopped again.")

    def write_and_fail() -> None:
        database.write(LATE)
        fail()

    was, refusal = swapping({2: write_and_fail, 3: fail_again})
    origin, (kept,) = desk.sets()[-1], files(desk)
    assert refusal == (
        f"energy is half swapped. Start InfluxDB anew; then `wattline-backup restore {origin} --bucket energy --swap` makes it "
        f"what it was, with what came in meanwhile, which is in {kept}. What went wrong: It is stopped. And on the way back: It "
        "is stopped again."
    )
    assert kept.stat().st_mode & 0o777 == 0o600
    told = f"What came into energy while a swap failed is in {kept}, and not in InfluxDB: the next swap"
    assert told in " ".join(State(desk.folder).unfinished())
    time.sleep(1.1)  # a set has its second
    desk.restored(origin, *WORDS)
    assert database.points() == was | LATE
    assert files(desk) == []
    assert State(desk.folder).unfinished() == []


def test_what_was_put_aside_is_brought_in_where_its_shard_is_gone(
    own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore of everything from a set that does not have it."""
    database = own_database("house")
    database.write(household(day(1), day(3)))
    stored = desk.at(database).make_set(database)
    database.write(household(day(0), day(3), plus=0.5))

    def write_and_fail(*_: object) -> None:
        database.write(LATE)
        fail()

    with monkeypatch.context() as patched:
        patched.setattr(swap, "inject", write_and_fail)
        desk.refusal(stored.stamp, *WORDS)
    kept, was = files(desk), household(day(1), day(3))
    assert len(kept) == 1
    time.sleep(1.1)  # a set has its second
    desk.restored(stored.stamp, "--all", "--yes")
    assert str(kept[0]) in " ".join(State(desk.folder).unfinished())
    plan = " ".join(desk.call("restore", stored.stamp, "--bucket", "energy", "--swap", "--dry-run")[1].split())
    assert f"Brought in as well: what came in while an earlier swap failed, from {kept[0]}. Nothing differs." in plan
    time.sleep(1.1)  # a set has its second
    desk.restored(stored.stamp, *WORDS)
    assert database.points() == was | LATE
    assert files(desk) == []


@pytest.fixture
def half(swapping, database: Database, desk: Desk) -> tuple[str, Path]:
    """A half swapped bucket: the set that has what it was, and the file that has what came in."""

    def write_and_fail() -> None:
        database.write(LATE)
        fail()

    swapping({2: write_and_fail, 3: fail})
    (kept,) = files(desk)
    time.sleep(1.1)  # a set has its second
    return desk.sets()[-1], kept


def test_what_is_too_old_is_left_where_it_is(half: tuple[str, Path], database: Database, desk: Desk) -> None:
    origin, kept = half
    rule = {"type": "expire", "everySeconds": DAY_S, "shardGroupDurationSeconds": DAY_S}
    database.ask("PATCH", f"buckets/{database.buckets()['energy']['id']}", {"retentionRules": [rule]})
    plan = " ".join(desk.call("restore", origin, "--bucket", "energy", "--swap", "--dry-run")[1].split())
    assert f"Not brought in, as older than what energy keeps: {kept}, which may be removed." in plan
    desk.restored(origin, *WORDS)
    assert files(desk) == [kept]


def test_what_does_not_fit_into_a_shard_is_refused(half: tuple[str, Path], desk: Desk) -> None:
    origin, kept = half
    other = kept.rename(late_file(desk.folder, "energy", datetime.fromtimestamp(day(1), UTC)))
    assert f"{other} has points that are not of " in desk.refusal(origin, *WORDS)
    assert files(desk) == [other]


def test_a_day_that_is_not_read_to_its_end_is_not_emptied(
    swapping, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = late.feed

    def write_and_fail() -> None:
        database.write(LATE)
        fail()

    def read_half(pieces: Any, *words: Any) -> None:
        content = b"".join(pieces)
        read([content[: len(content) // 2]], *words)

    with monkeypatch.context() as patched:
        patched.setattr(late, "feed", read_half)
        _, refusal = swapping({2: write_and_fail})
    assert "And on the way back: The archive of shard " in refusal
    assert LATE.items() <= database.points().items()
    assert files(desk) == []


def test_a_full_disk_is_named(swapping, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_and_fail() -> None:
        database.write(LATE)
        fail()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(late.Sieve, "take", full)
        _, refusal = swapping({2: write_and_fail})
    assert refusal.endswith(
        f"What went wrong: It is stopped. And on the way back: What came into energy meanwhile cannot be kept in {desk.folder} (No "
        "space left on device), so its shard was left as it is."
    )
    assert LATE.items() <= database.points().items()
    assert files(desk) == []


def test_where_nothing_came_nothing_is_kept(
    swapping, database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a block, which a full disk has no room for."""
    sizes, unlink = list[int](), Path.unlink

    def watched(path: Path, **words: bool) -> None:
        if path.name.startswith("late-"):
            sizes.append(path.stat().st_size)
        unlink(path, **words)

    monkeypatch.setattr(Path, "unlink", watched)
    was, refusal = swapping({2: fail})
    assert refusal.startswith("energy is again what it was.")
    assert set(sizes) == {0}
    assert files(desk) == []
    assert database.points() == was


def test_the_plan_says_what_to_stop(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(2)))
    stored = desk.at(database).make_set(database)
    database.write(household(day(0), day(1), plus=0.5))
    for is_written in (False, True):
        if is_written:
            database.write({("house", "power_w", int(time.time())): 1.0})
        plan = desk.call("restore", stored.stamp, "--bucket", "energy", "--swap", "--dry-run")[1]
        assert ("Something writes into energy just now." in " ".join(plan.split())) is is_written
