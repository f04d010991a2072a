"""`wattline-backup verify --offsite`: a set comes back by restic from a disk, and a real scratch InfluxDB takes it.

| fault | test |
|---|---|
| it looks at the files at home instead | test_the_copy_is_proven_whatever_the_files_at_home_are_like |
| ... or counts as a proof of those | the same |
| an older set is blamed for what was deleted since | test_an_older_set_is_proven_by_its_name |
| without the house nothing can be proven | test_another_machine_proves_the_whole_set |
| a damaged copy passes | test_a_damaged_copy_does_not_pass |
| what was brought back stays, or what a killed proof left stands in the way | test_what_was_brought_back_goes_again |
| it fills the disk of the live server | test_without_room_nothing_is_brought_back |
| words that do not go together do something else | test_words_that_do_not_go_together |
"""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from backup.offsite_rig import PASSWORD, program
from backup.verify_rig import Backup, flip, monday
from wattline_backup.offsite.proving import FOLDER
from wattline_backup.proof.restored import Source
from wattline_backup.state import State

pytestmark = [pytest.mark.chain, pytest.mark.timeout(60)]


@pytest.fixture
def copied(backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backup:
    """With its set on another disk."""
    (tmp_path / "disk").mkdir()
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    monkeypatch.setenv("PATH", f"{Path(program('restic', debian=True)).parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WATTLINE_OFFSITE_REPOSITORY", str(tmp_path / "disk" / "copy"))
    monkeypatch.setenv("WATTLINE_OFFSITE_PASSWORD_FILE", str(password))
    for action in ("init", "copy"):
        code, _, said = backup.call("offsite", action)
        assert code == 0, said
    return backup


def test_the_copy_is_proven_whatever_the_files_at_home_are_like(copied: Backup) -> None:
    made, shard = copied.newest, copied.largest()
    copied.damage(made.path / shard.file, flip(1000))
    assert shard.file in copied.fault()
    (told,) = copied.verify("--offsite", "--restore")
    assert (told["stamp"], told["restored"], told["remarks"]) == (made.stamp, {Source.LIVE: 4}, [])
    assert State(copied.folder).of(made.stamp).verified_s is None
    assert f"Set {made.stamp} of the off-site copy is good" in copied.call("verify", "--offsite")[1]
    outcomes = Path(copied.environment["WATTLINE_BACKUP_OUTCOME"]).read_text().splitlines()
    assert [",success=1" in line for line in outcomes if "kind=offsite_verify " in line] == [True]


def test_an_older_set_is_proven_by_its_name(copied: Backup) -> None:
    old = copied.newest
    copied.live.delete(monday(4), monday(4) + 3600)
    copied.run("--full")
    copied.call("offsite", "copy")
    (told,) = copied.verify("--offsite", "--restore", old.stamp)
    assert told["stamp"] == old.stamp
    assert told["restored"][Source.LIVE] >= 3
    assert "There is no set 20200101T000000Z in the off-site copy" in copied.fault("--offsite", "20200101T000000Z")


def test_another_machine_proves_the_whole_set(copied: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the repository, its password, the operator's token, and no live server."""
    made = copied.newest
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:9")
    (told,) = copied.verify("--offsite", "--restore", "--all-shards")
    assert (told["stamp"], told["restored"]) == (made.stamp, {Source.NOTHING: 4})
    (remark,) = told["remarks"]
    assert "compared with earlier proofs alone" in remark
    assert not (tmp_path / "elsewhere" / FOLDER).exists()


def test_a_damaged_copy_does_not_pass(copied: Backup, tmp_path: Path) -> None:
    packs = [each for each in (tmp_path / "disk" / "copy" / "data").rglob("*") if each.is_file()]
    largest = max(packs, key=lambda each: each.stat().st_size)
    largest.chmod(0o600)
    largest.write_bytes(flip(largest.stat().st_size // 2)(largest.read_bytes()))
    code, told, said = copied.call("verify", "--offsite")
    assert (code, told) == (1, "")
    assert said.splitlines()[-1].startswith("wattline-backup: ")
    assert not (copied.folder / FOLDER).exists()


def test_what_was_brought_back_goes_again(copied: Backup) -> None:
    left = copied.folder / FOLDER / "set" / copied.newest.stamp
    left.mkdir(parents=True)
    (left / "half").write_text("of a proof that was killed")
    copied.verify("--offsite")
    assert not (copied.folder / FOLDER).exists()
    assert len(json.loads(copied.call("list", "--json")[1])["sets"]) == 1


def test_without_room_nothing_is_brought_back(copied: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = namedtuple("disk", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk(100 << 20, 36 << 20, 64 << 20))
    assert f"{copied.folder} has 64 MiB free, and the set takes " in copied.fault("--offsite")


@pytest.mark.parametrize("word", ["--all", "--quick"])
def test_words_that_do_not_go_together(copied: Backup, word: str) -> None:
    code, told, said = copied.call("verify", "--offsite", word)
    assert (code, told) == (2, "")
    assert "goes neither with --all nor with --quick" in said
