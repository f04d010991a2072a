"""A bucket whose swap was killed: whatever is done next, the set that has what it was is named until the bucket is that again.

| fault | test |
|---|---|
| a way back that is killed names the set of the half bucket | test_a_killed_way_back_names_what_the_bucket_was |
| ... which, restored, ends the warning and the keeping of the right one | the same |
| a way back that is ended says that all is well | test_a_way_back_that_is_ended_says_so |
| one that has nothing to do, leaves the warning for ever | test_a_swap_that_was_killed_before_it_changed_anything_can_be_ended |
| ... or offers to undo itself, or a merge that undoes it, and loses what came since the swap was killed | test_what_is_whole_again_is_not_offered_to_be_undone |
| ... and of the swap done again, what to go back to is half | test_a_swap_that_is_done_again_offers_what_was_before_the_first |
| ... or says that all of it stayed where it could not be told from what the swap had brought | test_what_a_way_back_cannot_tell_from_the_swap_comes_in_by_the_merge_that_is_named |
| a restore of everything was killed, then a swap: the command that is named ends nothing, or names itself | test_of_a_swap_in_the_middle_of_everything_what_ends_both_is_named |
"""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from backup.restore_rig import DAYS, Database, Desk, Points, day, household
from backup.test_restore_swap import WORDS, interrupt_before, spoil
from wattline_backup.restore import late, swap
from wattline_backup.state import State
from wattline_backup.unfinished import EVERYTHING, Unfinished

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
# So many shards are filled.
KILL = """
import os, sys
from itertools import count
from wattline_backup.cli import main
from wattline_backup.restore import late, swap
inject, number, filled = swap.inject, count(1), int(sys.argv.pop(1))
swap.inject = lambda *words: os.kill(os.getpid(), 9) if next(number) > filled else inject(*words)
main()
"""


def killed(*words: str, filled: int) -> str:
    """What `restore` says that is killed once it has filled so many shards."""
    time.sleep(1.1)  # a set has its second
    command = [sys.executable, "-c", KILL, str(filled), "restore", *words]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return " ".join(ended.stderr.split())


@pytest.fixture
def half(database: Database, desk: Desk) -> Callable[[], tuple[str, Points, str]]:
    """Swaps the bucket half; gives the set that was to be restored, what the bucket was, and the set that has that."""

    def make() -> tuple[str, Points, str]:
        database.write(household(day(0), day(DAYS)))
        stored = desk.at(database).make_set(database)
        spoil(database)
        spoilt = database.points()
        killed(stored.stamp, *WORDS, filled=1)
        assert database.points() != spoilt
        return stored.stamp, spoilt, desk.sets()[-1]

    return make


def test_a_killed_way_back_names_what_the_bucket_was(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk
) -> None:
    _, spoilt, origin = half()
    undo = f"`wattline-backup restore {origin} --bucket energy --swap` makes energy what it was"
    assert f"start InfluxDB anew; then {undo}." in killed(origin, *WORDS, filled=0)
    of_half = desk.sets()[-1]
    time.sleep(1.1)  # a set has its second
    told = desk.restored(of_half, *WORDS)
    assert told["remarks"] == [f"The set {of_half} was made in the middle of a swap: {undo} before that."]
    assert database.points() != spoilt
    assert undo in json.loads(desk.call("list", "--json")[1])["remarks"][0]
    time.sleep(1.1)  # a set has its second
    desk.restored(origin, *WORDS)
    assert database.points() == spoilt
    assert State(desk.folder).unfinished() == []


def test_a_swap_that_was_killed_before_it_changed_anything_can_be_ended(database: Database, desk: Desk) -> None:
    database.write(household(day(0), day(2)))
    origin = desk.at(database).make_set(database).stamp
    State(desk.folder).begin("energy", Unfinished("20200101T000000Z", origin))
    told = desk.call("restore", origin, "--bucket", "energy", "--swap", "--dry-run")[1]
    assert "Nothing differs; the swap that did not come to its end is over." in " ".join(told.split())
    desk.restored(origin, *WORDS)
    assert State(desk.folder).unfinished() == []


def test_a_way_back_that_is_ended_says_so(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, spoilt, origin = half()
    time.sleep(1.1)  # a set has its second
    with monkeypatch.context() as patched:
        interrupt_before(patched, swap, "inject", signal.SIGTERM)
        assert desk.refusal(origin, *WORDS) == (
            f"energy is half swapped. Start InfluxDB anew; then `wattline-backup restore {origin} --bucket energy --swap` makes "
            "it what it was. What went wrong: it was interrupted."
        )
    time.sleep(1.1)  # a set has its second
    desk.restored(origin, *WORDS)
    assert database.points() == spoilt


def test_what_is_whole_again_is_not_offered_to_be_undone(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk
) -> None:
    """Before either the bucket was half of each."""
    stamp, spoilt, origin = half()
    now = {("since", "power_w", int(time.time())): 1.0, ("since", "power_w", day(1)): 2.0}
    database.write(now)
    time.sleep(1.1)  # a set has its second
    (remark,) = desk.restored(origin, *WORDS)["remarks"]
    assert remark == (
        f"What came in since the set {origin} was made stayed, as far as it could be told from what the swap had brought. "
        f"`wattline-backup restore {desk.sets()[-1]} --bucket energy --merge` brings in the rest, and whatever the swap had "
        "brought into gaps of energy; after a way back that was cut off, so does each older set that `list` calls half."
    )
    assert database.points() == spoilt | now
    time.sleep(1.1)  # a set has its second
    assert "undoes this" in desk.restored(stamp, *WORDS)["remarks"][0]
    assert database.points() == household(day(0), day(DAYS))


def test_what_a_way_back_cannot_tell_from_the_swap_comes_in_by_the_merge_that_is_named(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where InfluxDB has put files together, so that their names tell nothing."""
    _, spoilt, origin = half()
    came = household(day(0), day(0) + 3600, meter="late")
    database.write(came)
    time.sleep(1.1)  # a set has its second
    with monkeypatch.context() as patched:
        patched.setattr(late, "FLUSHED", "of no file")
        (remark,) = desk.restored(origin, *WORDS)["remarks"]
    assert not came.items() & database.points().items()
    words = remark.split("`")[1].split()[2:]
    time.sleep(1.1)  # a set has its second
    desk.restored(*words, "--yes")
    assert (spoilt | came).items() <= database.points().items()


def test_a_swap_that_is_done_again_offers_what_was_before_the_first(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk
) -> None:
    """And what came since its set was made: that is in the new safety set, and all else there is in the bucket already."""
    stamp, _, origin = half()
    now = {("since", "power_w", int(time.time())): 1.0}
    database.write(now)
    time.sleep(1.1)  # a set has its second
    (remark,) = desk.restored(stamp, *WORDS)["remarks"]
    assert remark == (
        f"A swap that was cut off is over: `wattline-backup restore {origin} --bucket energy --swap` makes energy what it was "
        f"before that. `wattline-backup restore {desk.sets()[-1]} --bucket energy --merge` brings in again what came since the "
        "set was made."
    )
    assert database.points() == household(day(0), day(DAYS))
    assert State(desk.folder).unfinished() == []


def test_of_a_swap_in_the_middle_of_everything_what_ends_both_is_named(
    half: Callable[[], tuple[str, Points, str]], database: Database, desk: Desk
) -> None:
    stamp, _, origin = half()
    State(desk.folder).end("energy")
    State(desk.folder).begin(EVERYTHING, Unfinished(stamp, origin))
    killed(stamp, *WORDS, filled=1)
    of_half = desk.sets()[-1]
    assert State(desk.folder).begun == {
        EVERYTHING: Unfinished(stamp, origin),
        "energy": Unfinished(stamp, of_half),
    }
    told = State(desk.folder).unfinished()
    commands = list(itertools.chain.from_iterable(sentence.split("`")[1::2] for sentence in told))
    assert commands == [f"wattline-backup restore {stamp} --all"]
    assert told[1].startswith("Nor has a swap of energy: ")
    time.sleep(1.1)  # a set has its second
    remarks = desk.restored(of_half, *WORDS)["remarks"]
    assert not any(f"restore {of_half} --bucket energy --swap" in remark for remark in remarks)
    assert list(State(desk.folder).begun) == [EVERYTHING]
    time.sleep(1.1)  # a set has its second
    desk.restored(stamp, "--all", "--yes")
    assert State(desk.folder).unfinished() == []
    assert database.points() == household(day(0), day(DAYS))
