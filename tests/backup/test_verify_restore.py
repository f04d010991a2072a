"""`wattline-backup verify --restore`: a real scratch InfluxDB takes the set, and answers what the live one answers.

| fault | test |
|---|---|
| text, truth values and odd names make the question fail | test_all_of_a_set_is_restored_and_compared: `host` has them |
| a machine and Telegraf have so many fields that InfluxDB refuses the question | test_hundreds_of_fields_are_compared |
| what was proven is restored again each week | test_only_what_changed_is_restored_again |
| an empty shard was stored where InfluxDB had points | test_a_shard_that_was_stored_empty |
| a stale link: points that had been deleted when the set was made | test_a_stale_link |
| ... and nothing is left that could date it | test_a_stale_link_of_which_nothing_is_left |
| a shard that goes on is taken for a bad one | test_a_shard_that_goes_on_is_compared_up_to_the_day_before |
| ... or for a proven one, though nothing could be compared | test_what_could_be_compared_with_nothing_is_restored_again |
| a restored server answers something else | test_answers_that_differ |
| ... than the live one | test_answers_that_differ_from_the_live_server |
| InfluxDB says 200 and takes nothing of a shard, or something else | test_a_restore_that_loses_points, test_a_restore_that_changes_points |
| the live server is away | test_without_the_live_server_the_proof_before_is_what_counts |
| the token in the file is not the set's | test_a_token_of_another_time_is_said |
| the manifest has a shard that the database does not know, and a restore of everything stops | test_a_shard_that_the_database_does_not_know |
| its users and tokens are not restored, though their database opens | test_a_metadata_database_that_a_server_does_not_take |
| a set is removed while it is looked at | test_a_set_that_is_removed_meanwhile |
| proofs of what no set has any more are kept for ever | test_proofs_go_with_their_sets |
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from backup.verify_rig import DAY_S, EMPTY_TAR, HOUR_S, Backup, monday, repack
from database import line, wait_until
from wattline_backup.house import describe
from wattline_backup.proof import restored
from wattline_backup.proof.content import content_of
from wattline_backup.proof.live import Live
from wattline_backup.proof.restored import Source
from wattline_backup.proof.scratch import Scratch
from wattline_backup.run import Run
from wattline_backup.server import Metadata, Server
from wattline_backup.sets import Folder
from wattline_backup.state import State

pytestmark = [pytest.mark.chain, pytest.mark.timeout(60)]


def test_all_of_a_set_is_restored_and_compared(backup: Backup):
    (told,) = backup.verify("--restore")
    assert told["restored"] == {Source.LIVE: 4}
    assert told["answers"] > 50
    assert told["remarks"] == []
    assert State(backup.folder).of(backup.newest.stamp).verified_how == "restore"


def test_hundreds_of_fields_are_compared(backup: Backup):
    fields = ",".join(f"field_{number}={number}" for number in range(600))
    backup.live.write([f"telegraf {fields} {monday(2)}"], "host")
    backup.run()
    (told,) = backup.verify("--restore")
    assert told["restored"] == {Source.LIVE: 4}
    assert told["answers"] > 1800


def test_only_what_changed_is_restored_again(backup: Backup):
    backup.verify("--restore")
    assert backup.verify("--restore")[0]["restored"] == {}
    backup.live.write([line(monday(3) + 5, {"power_w": 1.0})])
    backup.run()
    assert backup.verify("--restore")[0]["restored"] == {Source.LIVE: 1}
    assert backup.verify("--restore", "--all-shards")[0]["restored"] == {Source.LIVE: 4}


def test_a_shard_that_was_stored_empty(backup: Backup, tmp_path: Path):
    shard, empty = backup.largest(), tmp_path / "empty.tar.gz"
    empty.write_bytes(EMPTY_TAR)
    backup.replace_shard(shard, empty)
    backup.age()
    backup.verify()
    assert f"{shard.file} was out of date when the set was made" in backup.fault("--restore")


def test_a_stale_link(backup: Backup, tmp_path: Path):
    shard, stale = backup.largest(), tmp_path / "stale.tar.gz"
    shutil.copy(backup.newest.path / shard.file, stale)
    backup.live.delete(monday(3), monday(3) + HOUR_S)
    backup.live.delete(monday(4), monday(4) + HOUR_S)
    backup.live.delete(monday(2), monday(2) + HOUR_S)
    fresh = backup.run("--full").index.by_key[shard.key]
    assert fresh.stored != shard.stored
    backup.replace_shard(fresh, stale)
    backup.age()
    backup.verify()
    assert f"{fresh.file} was out of date when the set was made" in backup.fault("--restore")


def test_a_stale_link_of_which_nothing_is_left(backup: Backup):
    old, shard = backup.newest, backup.largest()
    backup.verify("--restore")
    for weeks_ago in (4, 3, 2):
        backup.live.delete(monday(weeks_ago), monday(weeks_ago) + 7 * DAY_S)
    wait_until("its files are gone", lambda: shard.shard not in backup.live_files(), 20)
    assert "holds points of energy" in backup.fault("--restore")
    backup.run("--full")
    (told,) = backup.verify("--restore", old.stamp)
    assert "nothing tells whether they were deleted before the set was made or after" in " ".join(told["remarks"])
    backup.verify("--restore")


def test_a_shard_that_goes_on_is_compared_up_to_the_day_before(backup: Backup):
    now = monday(2) + 6 * DAY_S
    backup.live.write([line(now, {"power_w": 1.0})])
    made = backup.run()
    backup.age(to_s=now + 60)
    backup.live.write([line(now + 1, {"power_w": 1.0})])
    (told,) = backup.verify("--restore")
    assert told["restored"] == {Source.LIVE: 3, Source.LIVE_BEFORE: 1}
    assert made.stamp == told["stamp"]


def test_text_that_came_only_on_the_last_day_is_no_obstacle(backup: Backup):
    """It has no sum, and no point in the time that is compared."""
    now = monday(2) + 6 * DAY_S
    backup.live.write([line(now, {"power_w": 1.0}), f'electricity,meter=house,role=grid note="late" {now}'])
    backup.run()
    backup.age(to_s=now + 60)
    backup.live.write([line(now + 1, {"power_w": 1.0})])
    (told,) = backup.verify("--restore")
    assert told["restored"] == {Source.LIVE: 3, Source.LIVE_BEFORE: 1}


def test_what_could_be_compared_with_nothing_is_restored_again(backup: Backup):
    backup.live.write([line(monday(0), {"power_w": 1.0})])
    backup.run()
    backup.age(to_s=monday(0) + HOUR_S)
    backup.live.write([line(monday(0) + 1, {"power_w": 1.0})])
    (told,) = backup.verify("--restore")
    assert told["restored"] == {Source.LIVE: 4, Source.NOTHING: 1}
    assert backup.verify("--restore")[0]["restored"] == {Source.NOTHING: 1}


def test_answers_that_differ(backup: Backup):
    shard = backup.largest()
    backup.verify("--restore")
    proof = State(backup.folder).proof_of(shard.stored.tar_sha256)
    State(backup.folder).note_proofs({shard.stored.tar_sha256: replace(proof, answers="0" * 64)})
    said = backup.fault("--restore", "--all-shards")
    assert f"{shard.file} is the same file as on" in said


def test_answers_that_differ_from_the_live_server(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    answers = Live.answers
    monkeypatch.setattr(
        Live, "answers", lambda live, shard, stop: replace(answers(live, shard, stop), series={"x": "y"})
    )
    assert "does not answer what InfluxDB answers" in backup.fault("--restore")


def test_a_restore_that_loses_points(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    """InfluxDB answers 200 whatever it makes of a shard."""
    monkeypatch.setattr(restored, "pieces_of", lambda _: iter([EMPTY_TAR]))
    assert "and restored InfluxDB has 0 with 0" in backup.fault("--restore")


def test_a_restore_that_changes_points(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(restored, "content_of", lambda *asked: replace(content_of(*asked), sha256s={}))
    assert "InfluxDB gives back other files" in backup.fault("--restore")


def test_a_shard_that_the_database_does_not_know(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    """As sets had it that were made while a shard was."""
    tell = Server.metadata

    def torn(server: Server) -> Metadata:
        copied = tell(server)
        backup.live.write([line(monday(20), {"power_w": 1.0})])
        return replace(copied, buckets=tell(server).buckets)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "_metadata", lambda run: torn(run._server))
        backup.run()
    assert "does not know shard" in backup.fault("--restore", "--all-shards")


def test_without_the_live_server_the_proof_before_is_what_counts(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    backup.verify("--restore")
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:9")
    (told,) = backup.verify("--restore", "--all-shards")
    assert told["restored"] == {Source.EARLIER: 4}
    assert "compared with earlier proofs alone" in " ".join(told["remarks"])


def test_a_token_of_another_time_is_said(backup: Backup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    backup.verify("--restore")
    other = tmp_path / "other"
    other.write_text("not the operator's of the set")
    monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", str(other))
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:9")
    (told,) = backup.verify("--restore", "--all-shards")
    assert "Today's token does not open the users of set" in " ".join(told["remarks"])


def test_a_metadata_database_that_a_server_does_not_take(backup: Backup):
    made = backup.newest
    file = made.path / f"{made.stamp}.bolt.gz"
    backup.damage(file, repack(lambda bolt: bolt[:20] + bytes(len(bolt) - 20)))
    backup.rewrite({file.name: describe(file)})
    backup.verify("--restore")
    assert f"{file} does not restore" in backup.fault("--restore", "--all-shards")


def test_a_set_that_is_removed_meanwhile(backup: Backup, monkeypatch: pytest.MonkeyPatch):
    made = backup.newest

    def remove(_self: Scratch, _description: object) -> tuple[str, dict[int, int]]:
        Folder(backup.folder).remove(made)
        return "0", dict.fromkeys(range(99), 0)

    monkeypatch.setattr(Scratch, "restore_bucket", remove)
    assert f"The set {made.stamp} was removed while it was looked at." in backup.fault("--restore")


def test_proofs_go_with_their_sets(backup: Backup):
    old, shard = backup.newest, backup.largest()
    backup.verify("--restore")
    for weeks_ago in (4, 3, 2):
        backup.live.write([line(monday(weeks_ago) + 5, {"power_w": 1.0})])
    backup.run()
    backup.verify("--restore")
    assert State(backup.folder).proof_of(shard.stored.tar_sha256)
    Folder(backup.folder).remove(old)
    backup.verify("--restore")
    assert State(backup.folder).proof_of(shard.stored.tar_sha256) is None
    assert State(backup.folder).proof_of(backup.largest().stored.tar_sha256)
