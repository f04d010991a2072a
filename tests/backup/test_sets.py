"""A set exists only whole, and only one program changes the folder at a time.

| fault | test |
|---|---|
| what an interruption leaves is taken for a set, or stays for ever | test_what_an_interruption_leaves_is_no_set_and_goes |
| two runs at once | test_a_second_one_is_refused |
| the lock outlives its holder | test_the_lock_goes_with_its_holder |
| a clock that went back makes a set that is older than the one before | test_a_set_that_is_not_newer_is_refused |
| half a removed set keeps its name | test_an_interrupted_removal_leaves_no_set |
| a set can be written to, or read by others | test_a_whole_set_is_read_only_and_its_owners |
| ... where the umask lets everybody read | test_whatever_the_umask_a_set_is_its_owners |
| what stands in the folder besides is taken for a set | test_nothing_else_is_a_set |
| a damaged description is a riddle, or is believed | test_a_damaged_description_is_named |
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline_backup import index
from wattline_backup.archive import Member, Stored
from wattline_backup.errors import FolderError, SetError
from wattline_backup.house import House
from wattline_backup.index import File, Index, Shard, from_json
from wattline_backup.sets import Folder

NOW = datetime(2026, 11, 26, 14, 5, 3, tzinfo=UTC)
STORED = Stored(400, "ab" * 32, "cd" * 32, (Member("000000001-000000001.tsm", 300, 1_760_000_000.25),))
SHARD = Shard("0123456789abcdef", "energy", 7, "2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z", "7.tar.gz", STORED, True)
INDEX = Index("20261126T140503Z", "http://127.0.0.1:8086", "v2.9.1", NOW, True, (SHARD,), {"x": File(3, "ef" * 32)})


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path / "sets")
    made.make()
    return made


def a_set(folder, at=NOW):
    beginning = folder.begin(at)
    (beginning.path / "house").mkdir()
    (beginning.path / "house" / "secret").write_text("operator")
    (beginning.path / index.NAME).write_text(INDEX.to_json())
    return beginning.finish()


def test_a_whole_set_is_read_only_and_its_owners(folder):
    made = a_set(folder)
    assert folder.sets() == [made]
    assert (made.stamp, made.at, made.index) == ("20261126T140503Z", NOW, INDEX)
    assert oct(made.path.stat().st_mode)[-3:] == oct(folder.path.stat().st_mode)[-3:] == "700"
    files = [each for each in made.path.rglob("*") if each.is_file()]
    assert len(files) == 2
    assert {oct(each.stat().st_mode)[-3:] for each in files} == {"400"}


@pytest.mark.parametrize("umask", [0, 0o022, 0o077], ids=oct)
def test_whatever_the_umask_a_set_is_its_owners(tmp_path, umask):
    """Also the folders above what is taken along, and what everybody could read where it came from."""
    taken = tmp_path / "compose" / "secrets"
    taken.mkdir(parents=True)
    (taken / "token").write_text("operator")
    for each in (taken, taken / "token"):
        each.chmod(0o777)
    before = os.umask(umask)
    try:
        folder = Folder(tmp_path / "sets")
        folder.make()
        beginning = folder.begin(NOW)
        House([taken]).copy(beginning.path)
        made = beginning.finish()
    finally:
        os.umask(before)
    found = [folder.path, made.path, *made.path.rglob("*")]
    assert len(found) > 5
    assert {oct(each.stat().st_mode)[-3:] for each in found if each.is_dir()} == {"700"}
    assert {oct(each.stat().st_mode)[-3:] for each in found if each.is_file()} == {"400"}


def test_what_an_interruption_leaves_is_no_set_and_goes(folder):
    made = a_set(folder)
    left = folder.begin(NOW + timedelta(hours=1))
    (left.path / "half").write_text("half")
    assert folder.sets() == [made]
    whole, half = (folder.path / f"late-energy-20261126T000000Z-1.tar{end}" for end in ("", ".new"))
    whole.touch()
    half.touch()
    assert folder.clear() == ["20261126T150503Z.partial", half.name]
    whole.unlink()
    assert [each.name for each in folder.path.iterdir()] == ["20261126T140503Z"]


def test_an_interrupted_removal_leaves_no_set(folder, monkeypatch):
    made = a_set(folder)
    monkeypatch.setattr(shutil, "rmtree", lambda _: os.kill)
    folder.remove(made)
    assert folder.sets() == []
    monkeypatch.undo()
    assert folder.clear() == ["20261126T140503Z.partial"]
    assert list(folder.path.iterdir()) == []


def test_a_second_one_is_refused(folder):
    with folder.locked(), pytest.raises(FolderError, match="Another wattline-backup is at work"), folder.locked():
        pass
    with folder.locked():
        pass


def test_the_lock_goes_with_its_holder(folder):
    """However it ends, here by SIGKILL."""
    code = (
        "import sys, pathlib; from wattline_backup.sets import Folder\n"
        "with Folder(pathlib.Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(folder.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderError), folder.locked():
            pass
        holder.kill()
        holder.wait()
    with folder.locked():
        pass


@pytest.mark.parametrize("later", [timedelta(0), -timedelta(hours=1), -timedelta(days=4000)])
def test_a_set_that_is_not_newer_is_refused(folder, later):
    a_set(folder)
    with pytest.raises(FolderError, match="which is not before now"):
        folder.begin(NOW + later)


def test_nothing_else_is_a_set(folder):
    for name in ("lost+found", "20261126", "20261126T140503Z.partial", "x20261126T140503Z"):
        (folder.path / name).mkdir()
    (folder.path / "20261126T140504Z").write_text("a file")
    assert folder.sets() == []


def test_an_unknown_set_is_named(folder):
    with pytest.raises(SetError, match=r"There is no set 2026 in .*; `wattline-backup list`"):
        folder.find("2026")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be made: Not a directory"):
        Folder(tmp_path / "file" / "sets").make()


@given(st.data())
def test_a_damaged_description_is_named(data):
    """Nothing else than a SetError comes of any."""
    text = INDEX.to_json()
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.sampled_from(["", "x", "}", '"', "0"])) + text[at + 1 :]
    with suppress(SetError):
        from_json(damaged, "wattline.json")


def test_a_description_of_a_newer_program_is_named():
    with pytest.raises(SetError, match="newer wattline-backup"):
        from_json(INDEX.to_json().replace('"form": 1', '"form": 2'), "wattline.json")


def test_a_missing_description_is_named(folder):
    made = a_set(folder)
    (made.path / index.NAME).unlink()
    with pytest.raises(SetError, match="cannot be read"):
        _ = folder.find(made.stamp).index
