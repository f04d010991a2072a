"""`wattline-backup verify` and the files of a set: what is wrong is found on the lowest rung that can find it, and named.

Damage of a stored set, as a disk does it:

| fault | found by | test |
|---|---|---|
| an archive is cut off, or an empty one stands in its place | sizes | test_an_archive_that_is_cut_off |
| its tar is cut, and packed again | sizes | the same |
| a byte of an archive changes | checksums | test_a_byte_that_changes |
| a byte of the points, and the archive is packed again | sizes or checksums | the same |
| a file is missing | sizes | test_a_file_that_is_missing |
| manifest or index cannot be read, or they differ | manifest | test_a_manifest_that_cannot_be_believed |
| a second manifest has `influx restore` bring back something else | sizes | test_a_second_manifest_is_damage, test_influx_restore_reads_a_second_manifest |
| something else that does not belong there is not told | sizes | test_what_is_not_of_the_set_is_told |

Damage that was there when the set was made, so that its index knows nothing else:

| fault | found by | test |
|---|---|---|
| a wrong byte in a block of points | points | test_points_that_were_damaged_before_they_were_packed |
| a tar without an end | archives | test_a_tar_that_never_had_an_end |
| a database that does not open | databases | test_a_database_that_does_not_open |

And the proof itself:

| fault | test |
|---|---|
| what sets share is read again for each of them | test_what_sets_share_is_read_once |
| one bad set hides the others | test_each_set_is_looked_at_whatever_the_others_are |
| a quick look counts as a proof, or a good set's proof is not noted | test_what_is_noted |
| the alerts do not learn of it | test_what_came_of_it_is_told |
| words that do not go together, sets that there are not | test_words |
"""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from line_protocol_parser import parse_line

from backup.verify_rig import EMPTY_TAR, Backup, first_block, flip, monday, repack
from database import line
from wattline_backup.house import describe
from wattline_backup.state import State

pytestmark = [pytest.mark.chain, pytest.mark.timeout(60)]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("change", [cut, lambda _: EMPTY_TAR, repack(cut)])
def test_an_archive_that_is_cut_off(backup: Backup, change):
    file = backup.newest.path / backup.largest().file
    backup.damage(file, change)
    for words in ([], ["--quick"], ["--restore"]):
        said = backup.fault(*words)
        assert f"{file} has {file.stat().st_size} bytes and was written with" in said


def test_a_byte_that_changes(backup: Backup):
    file = backup.newest.path / backup.largest().file
    good = file.read_bytes()
    backup.damage(file, flip(len(good) // 2))
    assert f"{file} has another checksum" in backup.fault()
    backup.damage(file, lambda _: repack(flip(first_block(gzip.decompress(good))))(good))
    assert f"{file} has " in backup.fault()


@pytest.mark.parametrize("ending", ["tar.gz", "bolt.gz", "sqlite.gz", "manifest", "json", "grafana.db"])
def test_a_file_that_is_missing(backup: Backup, ending: str):
    file = next(each for each in backup.newest.path.rglob("*") if each.name.endswith(ending))
    file.unlink()
    assert f"{file} " in backup.fault("--quick")


def test_a_manifest_that_cannot_be_believed(backup: Backup):
    made = backup.newest
    manifest = made.path / f"{made.stamp}.manifest"
    good = manifest.read_bytes()
    backup.damage(manifest, cut)
    assert f"{manifest} is damaged" in backup.fault("--quick")
    backup.damage(manifest, lambda _: good.replace(backup.largest().file.encode(), b"another.tar.gz"))
    assert "do not say the same of" in backup.fault("--quick")
    backup.damage(made.path / "wattline.json", cut)
    assert "wattline.json is damaged" in backup.fault("--quick")


@pytest.mark.parametrize("name", ["99990101T000000Z.manifest", ".hidden.manifest"])
def test_a_second_manifest_is_damage(backup: Backup, name: str):
    other = backup.newest.path / name
    other.write_text("{}")
    for words in ("--quick", "--latest"):
        assert f"{other} is a manifest that was not written with this set" in backup.fault(words)
    other.unlink()
    assert backup.verify()[0]["remarks"] == []


def test_influx_restore_reads_a_second_manifest(backup: Backup):
    """Why that is damage: of each bucket it takes what the last one says, and here that is an older set."""
    old = backup.newest
    backup.live.write([line(monday(1), {"power_w": 1.0})])
    new = backup.run("--full")
    for file in old.path.glob(f"{old.stamp}.*"):
        name = "99990101T000000Z.manifest" if file.name.endswith(".manifest") else file.name
        shutil.copy(file, new.path / name)
    words = (
        f"restore --bucket energy --new-bucket beside --host {backup.live.url} --token {backup.live.token} {new.path}"
    )
    own = {"HOME": str(old.path), "INFLUX_CONFIGS_PATH": "/nowhere/configs"}
    subprocess.run([backup.live._influx, *words.split()], env=own, check=True, capture_output=True)
    kept = [len(backup.live.all_points(bucket).popitem()[1]) for bucket in ("energy", "beside")]
    assert kept == [3001, 3000]


def test_what_is_not_of_the_set_is_told(backup: Backup):
    """It hides no proof. A link in what was taken along is of the set, though nothing is written down of it."""
    made = backup.newest
    (made.path / "house" / "link").symlink_to("/nowhere")
    (made.path / "note.txt").write_text("mine")
    told = f"note.txt is in {made.path} and not of this set; it is whole all the same."
    assert backup.verify("--quick")[0]["remarks"] == [told]
    assert backup.verify("--restore")[0]["remarks"] == [told]
    assert told in backup.call("verify")[1]
    for name in ("a", "house/b", "house/c"):
        (made.path / name).write_text("mine")
    assert backup.verify()[0]["remarks"] == [
        f"a, house/b, house/c and 1 more are in {made.path} and not of this set; it is whole all the same."
    ]


def test_points_that_were_damaged_before_they_were_packed(backup: Backup, tmp_path: Path):
    shard, bad = backup.largest(), tmp_path / "bad.tar.gz"
    good = gzip.decompress((backup.newest.path / shard.file).read_bytes())
    bad.write_bytes(gzip.compress(flip(first_block(good))(good)))
    backup.replace_shard(shard, bad)
    said = backup.fault()
    assert f"shard {shard.shard} of energy in {backup.newest.path} is damaged" in said
    assert "the checksum of its block at byte 5 is wrong" in said


def test_a_tar_that_never_had_an_end(backup: Backup):
    shard = backup.largest()
    file = backup.newest.path / shard.file
    backup.damage(file, repack(lambda tar: tar[:-1024]))
    found, stored = describe(file), shard.stored
    backup.rewrite({shard.file: type(stored)(found.size, found.sha256, stored.tar_sha256, stored.members)})
    said = backup.fault()
    assert f"shard {shard.shard} of energy in {backup.newest.path}" in said
    assert "does not come to its end" in said


@pytest.mark.parametrize(
    ("ending", "at", "said"),
    [("bolt.gz", 16, "is no Bolt database"), ("sqlite.gz", 0, "does not open"), ("grafana.db", 0, "does not open")],
)
def test_a_database_that_does_not_open(backup: Backup, ending: str, at: int, said: str):
    file = next(each for each in backup.newest.path.rglob("*") if each.name.endswith(ending))
    backup.damage(file, repack(flip(at)) if ending.endswith("gz") else flip(at))
    backup.rewrite({str(file.relative_to(backup.newest.path)): describe(file)})
    assert f"{file} {said}" in backup.fault()


def test_what_sets_share_is_read_once(backup: Backup):
    first = backup.newest
    backup.live.write([line(monday(0), {"power_w": 1.0})])
    second = backup.run("--full")
    told = backup.verify("--all")
    assert [each["stamp"] for each in told] == [first.stamp, second.stamp]
    fresh = [shard.stored.size for shard in second.index.shards if not shard.is_linked]
    assert len(fresh) == 1
    assert told[1]["read_bytes"] == sum(fresh)
    assert backup.verify("--quick")[0]["read_bytes"] == sum(fresh)


def test_each_set_is_looked_at_whatever_the_others_are(backup: Backup):
    first = backup.newest
    second = backup.run()
    (first.path / f"{first.stamp}.bolt.gz").unlink()
    code, told, said = backup.call("verify", "--all")
    assert (code, told) == (1, "")
    assert f"{first.stamp}.bolt.gz is missing" in said
    assert State(backup.folder).of(second.stamp).verified_how == "files"
    (second.path / f"{second.stamp}.bolt.gz").unlink()
    _, _, said = backup.call("verify", "--all")
    assert "2 of 2 sets did not pass" in said


def test_what_is_noted(backup: Backup):
    stamp = backup.newest.stamp
    backup.verify("--quick")
    assert State(backup.folder).of(stamp).verified_s is None
    backup.verify(stamp)
    before = State(backup.folder).of(stamp)
    assert before.verified_how == "files"
    (backup.newest.path / f"{stamp}.bolt.gz").unlink()
    backup.fault()
    assert State(backup.folder).of(stamp) == before


def test_what_came_of_it_is_told(backup: Backup):
    outcome = Path(backup.environment["WATTLINE_BACKUP_OUTCOME"])

    def point() -> dict[str, float]:
        (found,) = [
            each for each in map(parse_line, outcome.read_text().splitlines()) if each["tags"]["kind"] == "verify"
        ]
        return found["fields"]

    backup.verify("--restore")
    fields = point()
    assert (fields["success"], fields["shards"], fields["restored_shards"]) == (1, 4, 4)
    assert fields["bytes"] == sum(shard.stored.size for shard in backup.newest.index.shards)
    (backup.newest.path / f"{backup.newest.stamp}.bolt.gz").unlink()
    backup.fault("--restore")
    assert point()["success"] == 0
    backup.fault()
    assert "kind=check " in outcome.read_text(), "of files alone, which is no proof"


def test_words(backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert "There is no set 20200101T000000Z" in backup.fault("20200101T000000Z")
    code, _, said = backup.call("verify", "--all-shards")
    assert code == 2
    assert "it goes with --restore" in said
    assert backup.call("verify", "--quick", "--restore")[0] == 2
    assert backup.call("verify", "--all", "20200101T000000Z")[0] == 2
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("WATTLINE_BACKUP_FOLDER", str(tmp_path / "none"))
    assert "There is no set in" in backup.fault()
