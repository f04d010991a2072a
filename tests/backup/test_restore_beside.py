"""A bucket of a set becomes a new bucket beside the live data, on a real InfluxDB.

| fault | test |
|---|---|
| a point is another, or is missing | test_every_point_is_in_the_new_bucket |
| the live bucket is touched | likewise |
| the backup's retention forgets what was just restored | test_what_is_older_than_the_bucket_kept_is_not_forgotten |
| a damaged, cut or missing file is sent, to which InfluxDB answers 200 | test_a_damaged_set_is_refused_before_anything_is_made |
| a half-filled bucket is left | test_what_cannot_be_filled_is_removed |
| a live bucket of the name is overwritten | test_a_name_that_is_taken_is_refused |
| the command that deletes it again does not do so as it stands, with the stack or without | test_the_command_that_is_told_deletes_the_bucket |
| a bucket that is deleted since cannot be brought back | test_a_deleted_bucket_comes_back_under_its_name |
| a set cannot be had from a disk that has become read-only | test_a_disk_that_became_read_only_gives_its_sets |
| a dry run does something | test_a_dry_run_makes_nothing |
| it begins without being asked to | test_nothing_is_done_unless_somebody_says_yes |
| a wrong word is a traceback, or begins something | test_wrong_words_are_one_sentence |
| another InfluxDB, or an older one, is filled | test_an_older_server_is_refused |
| InfluxDB is away, or has another token | test_a_server_that_does_not_answer_or_refuses_is_one_sentence |
"""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import docker_in_place
from backup.restore_rig import DAY_S, DAYS, Database, Desk, day, household
from wattline_backup import index
from wattline_backup.house import describe
from wattline_backup.restore import beside, upload
from wattline_backup.server import Server
from wattline_backup.sets import Set

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]


@pytest.fixture
def stored(database: Database, desk: Desk) -> Set:
    """A set of five days."""
    database.write(household(day(0), day(DAYS)))
    return desk.at(database).make_set(database)


def test_every_point_is_in_the_new_bucket(database: Database, desk: Desk, stored: Set) -> None:
    database.write(household(day(1), day(2), meter="later"))
    live = database.points()
    told = desk.restored(stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--yes")
    assert database.points("energy_restored") == household(day(0), day(DAYS))
    assert database.points() == live
    assert told["safety_set"] is None
    assert list(told["values"].values()) == [2 * DAY_S // 600] * DAYS
    assert "kind=restore" in desk.outcome.read_text()
    database.tokens_work()


@pytest.mark.parametrize("has_stack", [True, False])
def test_the_command_that_is_told_deletes_the_bucket(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, has_stack: bool
) -> None:
    """Of a name that a shell would tear; the two are a checkout with its stack, and a server of this machine's own."""
    checkout = tmp_path / "my checkout"
    shutil.copytree(docker_in_place.COMPOSE, checkout / "compose")
    docker_in_place.put_in_place(tmp_path, database)
    (tmp_path / "bin" / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "bin" / "sudo").chmod(0o755)
    own = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    if not has_stack:
        (checkout / "compose" / "influx").unlink()
        own = {"PATH": f"{Path(database._influx).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
        own |= {"INFLUX_HOST": database.url, "INFLUX_TOKEN": database.token}
    monkeypatch.setenv("WATTLINE_BACKUP_REMAKE", str(checkout / "compose/influxdb/remake"))
    told = desk.restored(stored.stamp, "--bucket", "energy", "--as", "what was", "--yes")
    (command,) = re.findall("`(.*)`", told["remarks"][0])
    assert set(database.buckets()) == {"energy", "what was"}
    subprocess.run(["sh", "-c", command], env=own, cwd="/", check=True, capture_output=True)
    assert set(database.buckets()) == {"energy"}


def test_what_is_older_than_the_bucket_kept_is_not_forgotten(desk: Desk, own_database) -> None:
    database = own_database("short", "--storage-retention-check-interval=1s")
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    manifest = stored.path / f"{stored.stamp}.manifest"
    document = json.loads(manifest.read_text())
    for bucket in document["buckets"]:
        bucket["retentionPolicies"][0]["duration"] = DAY_S * 1_000_000_000
    _rewrite(stored, manifest.name, json.dumps(document))
    desk.restored(stored.stamp, "--bucket", "energy", "--as", "look", "--yes")
    assert database.buckets()["look"]["retentionRules"][0]["everySeconds"] == 0
    time.sleep(3)  # retention is looked at every second, and nothing tells that it was
    assert database.points("look") == household(day(0), day(DAYS))


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "manifest"])
def test_a_damaged_set_is_refused_before_anything_is_made(
    database: Database, desk: Desk, stored: Set, damage: str
) -> None:
    name = f"{stored.stamp}.manifest" if damage == "manifest" else stored.index.shards[2].file
    file = stored.path / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(content[:-200] if damage == "cut" else content)
    refusal = desk.refusal(stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--yes")
    assert stored.stamp in refusal
    assert set(database.buckets()) == {"energy"}


def test_what_cannot_be_filled_is_removed(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    def send_badly(server, shard, folder, each) -> None:
        sent.append(shard)
        wrong = replace(each.stored, members=each.stored.members * 2) if len(sent) == 3 else each.stored
        upload.send(server, shard, folder, replace(each, stored=wrong))

    monkeypatch.setattr(beside, "send", send_badly)
    refusal = desk.refusal(stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--yes")
    assert "did not arrive: 2 files" in refusal
    assert set(database.buckets()) == {"energy"}
    assert database.points() == household(day(0), day(DAYS))


def test_a_name_that_is_taken_is_refused(database: Database, desk: Desk, stored: Set) -> None:
    assert "has a bucket energy already" in desk.refusal(
        stored.stamp, "--bucket", "energy", "--as", "energy", "--yes", code=2
    )
    assert database.points() == household(day(0), day(DAYS))


def test_a_deleted_bucket_comes_back_under_its_name(database: Database, desk: Desk, stored: Set) -> None:
    database.ask("DELETE", f"buckets/{database.buckets()['energy']['id']}")
    for way in ("--swap", "--merge"):
        assert "--bucket energy --as energy`" in desk.refusal(stored.stamp, "--bucket", "energy", way, "--yes", code=2)
    told = desk.restored(stored.stamp, "--bucket", "energy", "--as", "energy", "--yes")
    assert database.points() == household(day(0), day(DAYS))
    assert "new tokens" in told["remarks"][0]


def test_a_disk_that_became_read_only_gives_its_sets(
    database: Database, desk: Desk, stored: Set, tmp_path: Path
) -> None:
    """As Linux makes a card that fails; also what is too large for the memory is looked through."""
    script, folder = tmp_path / "script", str(desk.folder)
    script.write_text(f'set -e\nmount --bind {folder} {folder}\nmount -o remount,ro,bind {folder}\nexec "$@"\n')
    small = "from wattline_backup import checks; checks.IN_MEMORY = 100; from wattline_backup.cli import main; main()"
    words = ["restore", stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--yes"]
    command = ["unshare", "--map-root-user", "--mount", "sh", str(script), sys.executable, "-c", small, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert database.points("energy_restored") == household(day(0), day(DAYS))


def test_a_dry_run_makes_nothing(database: Database, desk: Desk, stored: Set) -> None:
    code, out, _ = desk.call("restore", stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--dry-run")
    assert code == 0
    assert "a new bucket energy_restored" in out
    assert "bucket energy, 5 shards" in out
    assert set(database.buckets()) == {"energy"}
    assert desk.sets() == [stored.stamp]


@pytest.mark.parametrize("answer", ["yes\n", "no\n", ""])
def test_nothing_is_done_unless_somebody_says_yes(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    terminal = io.StringIO(answer)
    words = ("restore", stored.stamp, "--bucket", "energy", "--as", "energy_restored")
    monkeypatch.setattr("sys.stdin", terminal)
    code, _, err = desk.call(*words)
    assert code == 2
    assert "give --yes" in err
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    code, _, err = desk.call(*words)
    assert "a new bucket energy_restored" in err
    assert (code == 0) == ("energy_restored" in database.buckets()) == (answer == "yes\n")


WRONG = {
    "no such set": (("20200101T000000Z", "--bucket", "energy", "--as", "x"), 1, "There is no set 20200101T000000Z"),
    "no such bucket": (("SET", "--bucket", "enrgy", "--as", "x"), 2, "has no bucket enrgy; the nearest is 'energy'"),
    "no way": (("SET", "--bucket", "energy"), 2, "It was not said where to restore to"),
    "two ways": (("SET", "--bucket", "energy", "--swap", "--merge"), 2, "--swap and --merge do not go together"),
    "no bucket": (("SET", "--swap"), 2, "Give --bucket NAME"),
    "all and a bucket": (("SET", "--all", "--bucket", "energy"), 2, "not with --all"),
    "a token for nothing": (("SET", "--bucket", "energy", "--swap", "--set-token-file", "x"), 2, "for --all alone"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words_are_one_sentence(database: Database, desk: Desk, stored: Set, case: str) -> None:
    words, code, sentence = WRONG[case]
    refusal = desk.refusal(*(stored.stamp if word == "SET" else word for word in words), "--yes", code=code)
    assert sentence in refusal
    assert set(database.buckets()) == {"energy"}


def test_an_older_server_is_refused(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stored.path / index.NAME
    newer = replace(stored.index, version="v2.10.0")
    file.chmod(0o600)
    file.write_text(newer.to_json())
    words = (stored.stamp, "--bucket", "energy", "--as", "x", "--yes")
    assert "upgrade InfluxDB first" in desk.refusal(*words)
    monkeypatch.setattr(Server, "_body", lambda *_: b'{"version": "3.0.1"}')
    assert "is 3.0.1" in desk.refusal(*words)


def test_a_server_that_does_not_answer_or_refuses_is_one_sentence(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (stored.stamp, "--bucket", "energy", "--as", "x", "--yes")
    desk.token_file.write_text(database.telegraf)
    assert "refuses the token" in desk.refusal(*words)
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:1")
    assert "does not answer" in desk.refusal(*words)


def test_a_set_can_be_restored_from_a_copy_elsewhere(
    database: Database, desk: Desk, stored: Set, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    shutil.copytree(desk.folder, tmp_path / "copy")
    shutil.rmtree(desk.folder)
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "copy"))
    desk.restored(stored.stamp, "--bucket", "energy", "--as", "energy_restored", "--yes")
    assert database.points("energy_restored") == household(day(0), day(DAYS))


def _rewrite(stored: Set, name: str, text: str) -> None:
    """Another content for a file of a set, as if it had been stored like this."""
    for file in (stored.path / name, stored.path / index.NAME):
        file.chmod(0o600)
    (stored.path / name).write_text(text)
    files = {**stored.index.files, name: describe(stored.path / name)}
    (stored.path / index.NAME).write_text(replace(stored.index, files=files).to_json())
