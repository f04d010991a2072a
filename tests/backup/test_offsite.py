"""The off-site copy, with restic as Debian has it and as it is today, on a disk.

| fault                                                        | test                                                     |
|--------------------------------------------------------------|----------------------------------------------------------|
| what comes back is not what left                             | test_a_set_comes_back_on_a_bare_machine                  |
| ... or only wattline can read it                             | test_restic_alone_brings_a_set_back                      |
| each copy sends all of it again                              | test_what_is_there_is_not_sent_again                     |
| what it tells that it sent is less than what is stored       | test_what_a_copy_adds_is_what_the_copy_grows_by          |
| a set that nobody verified is preferred                      | test_the_newest_verified_set_is_copied                   |
| ... or an old one is copied for ever, since it was verified  | test_a_verified_set_of_last_week_is_not_copied           |
| a set that is not whole leaves the house                     | test_a_set_with_a_missing_file_is_not_copied             |
| each set counts as a series of its own, and none is forgotten | test_old_sets_are_forgotten_across_all_sets              |
| the newest set is forgotten                                  | test_the_newest_set_always_stays                         |
| a dry run forgets                                            | test_a_dry_run_tells_and_forgets_nothing                 |
| damage is not found                                          | test_check_finds_a_flipped_byte_within_its_weeks         |
| a damaged set comes back and counts as whole                 | test_what_came_back_damaged_is_refused                   |
| a restore mixes sets, or cannot be repeated after a crash    | test_a_restore_wants_an_empty_folder, ..._after_a_crash  |
| a wrong password makes a new repository, or a traceback      | test_a_wrong_password_is_one_sentence                    |
| an unplugged disk is taken for an empty one                  | test_an_unplugged_disk_is_told                           |
| two at once spoil each other                                 | test_a_copy_waits_for_nobody_and_says_who_holds_the_lock |
| the lock of one that died blocks for ever                    | test_the_lock_of_a_dead_restic_is_taken_away             |
| restic is not installed                                      | test_without_restic_it_is_one_sentence                   |
| the alerts do not learn of it                                | test_the_outcome_tells_of_copies_and_checks              |
| a secret stands in the list of processes                     | test_nothing_secret_stands_in_the_list_of_processes      |
| a secret file is open to everybody, or not of the right form | test_a_wrong_setting_is_one_sentence                     |
"""

import json
import os
import re
import socket
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backup.offsite_rig import BEGAN, DAY, PASSWORD, House, make_set, program, watch_command_lines
from wattline_backup.offsite.complaints import COMPLAINTS, explain
from wattline_backup.offsite.place import Place
from wattline_backup.state import State

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]


@pytest.fixture
def house(request, tmp_path) -> House:
    """With a disk for the copy; with Debian's restic unless said."""
    restic = Path(program("restic", debian=getattr(request, "param", "debian") == "debian")).parent
    (tmp_path / "disk").mkdir()
    return House(tmp_path / "house", restic, str(tmp_path / "disk" / "copy"))


both = pytest.mark.parametrize("house", ["debian", "newest"], indirect=True)
"""Its words and exit codes have changed over the years."""


@pytest.fixture
def copied(house) -> House:
    """With one set off-site."""
    house.done("offsite", "init")
    make_set(house.folder, BEGAN, {1: 1, 2: 2})
    house.done("offsite", "copy")
    return house


def bare(house: House) -> House:
    """Another machine, which has the repository, its password, and nothing else."""
    return House(house.home.parent / "bare", house.restic, house.repository, house.credentials, house.outer)


def none(*kinds: str) -> list[str]:
    """Keep none of these."""
    return [f"--keep-{kind}=0" for kind in kinds]


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@both
def test_a_set_comes_back_on_a_bare_machine(copied, tmp_path):
    """With every byte, its mode, and only its owner let in."""
    (made,) = copied.folder.sets()
    said = bare(copied).done("offsite", "restore", "latest", str(tmp_path / "back"))
    assert str(tmp_path / "back" / made.stamp) in said
    assert content(tmp_path / "back" / made.stamp) == content(made.path)
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "back" / made.stamp).glob("*.gz")} == {0o400}
    assert (tmp_path / "back").stat().st_mode & 0o777 == 0o700


@both
def test_restic_alone_brings_a_set_back(copied, tmp_path):
    """The files lie at the top, so that the folder is what `influx restore` takes."""
    (made,) = copied.folder.sets()
    copied.by_hand("restore", "latest", "--tag", "wattline", "--target", str(tmp_path / "by-hand"))
    assert content(tmp_path / "by-hand") == content(made.path)


@both
def test_what_is_there_is_not_sent_again(copied):
    """Neither the same set, nor a shard that another set has under another name."""
    assert "was off-site already" in copied.done("offsite", "copy")
    make_set(copied.folder, BEGAN + DAY, {1: 1, 2: 2, 3: 3})
    told = json.loads(copied.done("offsite", "copy", "--json"))
    assert 700_000 < told["added"] < 720_000
    assert told["size"] > 3 * 700_000
    assert len(copied.offsite()) == 2


@both
def test_what_a_copy_adds_is_what_the_copy_grows_by(copied):
    """Restic's own data with it, so that of a small set it is more than the set has."""

    def size() -> int:
        return sum(each.stat().st_size for each in Path(copied.repository).rglob("*") if each.is_file())

    before = size()
    make_set(copied.folder, BEGAN + DAY, {1: 1, 2: 2})
    told = json.loads(copied.done("offsite", "copy", "--json"))
    assert abs(told["added"] - (size() - before)) < 5_000
    make_set(copied.folder, BEGAN + 2 * DAY, {1: 1, 2: 2})
    said = copied.done("offsite", "copy")
    assert re.search(
        r"Set \S+, which was not verified yet, is off-site: [\d.]+ MB; the copy grew by about [\d.]+ kB, with restic",
        said,
    )


def test_the_newest_verified_set_is_copied(copied):
    sets = [make_set(copied.folder, BEGAN + DAY + DAY * hours / 24, {1: hours}) for hours in (1, 2, 3)]
    State(copied.folder.path).note_verified(sets[1].stamp, 0.0, "files")
    assert f"Set {sets[1].stamp} is off-site" in copied.done("offsite", "copy")
    known = State(copied.folder.path)
    assert [known.of(each.stamp).offsite_s is not None for each in sets] == [False, True, False]


def test_a_verified_set_of_last_week_is_not_copied(copied):
    old = make_set(copied.folder, BEGAN + DAY, {1: 5})
    State(copied.folder.path).note_verified(old.stamp, 0.0, "restore")
    new = make_set(copied.folder, BEGAN + 8 * DAY, {1: 6})
    assert f"Set {new.stamp}, which was not verified yet, is off-site" in copied.done("offsite", "copy")


def test_a_set_with_a_missing_file_is_not_copied(copied):
    new = make_set(copied.folder, BEGAN + DAY, {7: 7})
    (lost,) = new.path.glob("*.7.tar.gz")
    lost.unlink()
    assert copied.refused("offsite", "copy").startswith(
        f"{lost} is missing or changed, so the set {new.stamp} is not copied"
    )
    assert new.stamp not in copied.offsite()


@both
def test_old_sets_are_forgotten_across_all_sets(copied):
    for days in range(1, 6):
        make_set(copied.folder, BEGAN + days * DAY, {1: days})
        copied.done("offsite", "copy")
    before = sum(each.stat().st_size for each in Path(copied.repository).rglob("*") if each.is_file())
    told = json.loads(
        copied.done(
            "offsite", "prune", "--keep-last=1", "--keep-daily=2", *none("weekly", "monthly", "yearly"), "--json"
        )
    )
    assert told["kept"] == copied.offsite() == [each.stamp for each in copied.folder.sets()[-2:]]
    assert len(told["gone"]) == 4
    after = sum(each.stat().st_size for each in Path(copied.repository).rglob("*") if each.is_file())
    assert after < before / 2


def test_the_newest_set_always_stays(copied):
    copied.done("offsite", "prune", *none("last", "daily", "weekly", "monthly", "yearly"))
    assert len(copied.offsite()) == 1


def test_a_dry_run_tells_and_forgets_nothing(copied):
    make_set(copied.folder, BEGAN + DAY / 2, {1: 9})
    copied.done("offsite", "copy")
    said = copied.done("offsite", "prune", "--keep-last=1", *none("daily", "weekly", "monthly", "yearly"), "--dry-run")
    assert said.startswith("1 set kept off-site, 1 would be forgotten:")
    assert len(copied.offsite()) == 2


@both
def test_check_finds_a_flipped_byte_within_its_weeks(copied):
    assert "is sound; of what it stores, part" in copied.done("offsite", "check")
    pack = max(
        Path(copied.repository, "data").rglob("*"), key=lambda each: each.stat().st_size if each.is_file() else 0
    )
    pack.chmod(0o600)
    with pack.open("r+b") as opened:
        opened.seek(5000)
        byte = opened.read(1)[0]
        opened.seek(5000)
        opened.write(bytes([byte ^ 1]))
    assert "is damaged (" in copied.refused("offsite", "check", "--parts", "1")


@both
def test_what_came_back_damaged_is_refused(house, tmp_path):
    """A file that was spoilt before it was sent: restic has it as it was, the set knows better."""
    house.done("offsite", "init")
    made = make_set(house.folder, BEGAN, {1: 1})
    (file,) = made.path.glob("*.1.tar.gz")
    spoilt = bytearray(file.read_bytes())
    spoilt[1000] ^= 1
    file.chmod(0o600)
    file.write_bytes(spoilt)
    house.done("offsite", "copy")
    house.refused("offsite", "restore", made.stamp, str(tmp_path / "back"))
    assert not (tmp_path / "back" / made.stamp).exists()


def test_a_restore_wants_an_empty_folder(copied, tmp_path):
    (tmp_path / "photos").touch()
    assert "is not empty (" in copied.refused("offsite", "restore", "latest", str(tmp_path))


def test_a_restore_can_be_repeated_after_a_crash(copied, tmp_path):
    (tmp_path / "back" / "20261101T000500Z.partial").mkdir(parents=True)
    (tmp_path / "back" / "20261101T000500Z.partial" / "half").touch()
    copied.done("offsite", "restore", "20261101T000500Z", str(tmp_path / "back"))
    assert [each.name for each in (tmp_path / "back").iterdir()] == ["20261101T000500Z"]


def test_an_unknown_set_is_told(copied, tmp_path):
    assert copied.refused("offsite", "restore", "20200101T000000Z", str(tmp_path / "back")).startswith(
        "There is no set 20200101T000000Z in the off-site copy"
    )
    assert not (tmp_path / "back").exists()


@both
def test_a_wrong_password_is_one_sentence(copied, tmp_path):
    """Whatever is asked for."""
    copied.secret("password", "another")
    for words in (["copy"], ["check"], ["prune"], ["init"], ["restore", "latest", str(tmp_path / "back")]):
        assert "does not open the off-site copy" in copied.refused("offsite", *words)
    copied.secret("password", PASSWORD)
    assert len(copied.offsite()) == 1


@both
def test_an_unplugged_disk_is_told(copied):
    Path(copied.repository).parent.rename(Path(copied.repository).parents[1] / "elsewhere")
    assert "There is no restic repository at" in copied.refused("offsite", "copy")
    assert "mount the disk first" in copied.refused("offsite", "init")
    assert not Path(copied.repository).parent.exists()


def test_init_leaves_a_repository_as_it_is(copied):
    assert "was there already" in copied.done("offsite", "init")
    assert len(copied.offsite()) == 1


def lock(house: House, *, dead: bool) -> None:
    """A lock as restic writes it: made by a restic that holds one while it waits for its input."""
    command = [house.restic / "restic", "backup", "--stdin", "--tag", "other"]
    own = {"RESTIC_REPOSITORY": house.repository, "RESTIC_PASSWORD_FILE": str(house.home / "password")}
    child = subprocess.Popen(command, env={**os.environ, **own}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    locks = Path(house.repository) / "locks"
    while not list(locks.iterdir()):
        assert child.poll() is None
    if dead:
        child.kill()
        child.wait()
        child.stdin.close()
    house.other = child


@both
def test_a_copy_waits_for_nobody_and_says_who_holds_the_lock(copied):
    """A backup can go beside another; to free what nobody needs wants the repository alone."""
    lock(copied, dead=False)
    make_set(copied.folder, BEGAN + DAY, {1: 8})
    copied.done("offsite", "copy")
    said = copied.refused("offsite", "prune")
    assert "is in use by another restic (" in said
    assert f"PID {copied.other.pid} on {socket.gethostname()}" in said
    copied.other.stdin.close()
    copied.other.kill()
    copied.other.wait()


@both
def test_the_lock_of_a_dead_restic_is_taken_away(copied):
    lock(copied, dead=True)
    copied.done("offsite", "prune")


def test_without_restic_it_is_one_sentence(house, tmp_path):
    house.restic = tmp_path
    house.outer = {"PATH": str(tmp_path)}
    assert house.refused("offsite", "list").startswith("restic is not installed")


def test_the_outcome_tells_of_copies_and_checks(copied):
    """A copy that succeeds does not hide a check that failed."""
    copied.done("offsite", "check")
    Path(copied.repository, "config").rename(Path(copied.repository, "config.away"))
    copied.refused("offsite", "check")
    lines = dict(line.split(" ")[:2] for line in (copied.home / "outcome").read_text().splitlines())
    assert lines.keys() == {"wattline_backup,kind=offsite", "wattline_backup,kind=offsite_check"}
    assert "success=0" in lines["wattline_backup,kind=offsite_check"]
    copy = dict(pair.split("=") for pair in lines["wattline_backup,kind=offsite"].split(","))
    assert float(copy["success"]) == 1
    assert float(copy["set_s"]) == BEGAN.timestamp()
    assert float(copy["bytes"]) > float(copy["written_bytes"]) * 0.9 > 0


def test_nothing_secret_stands_in_the_list_of_processes(house):
    house.credentials = {"AWS_SECRET_ACCESS_KEY": "a-secret-of-the-store-0123"}
    house.secret("credentials", "AWS_SECRET_ACCESS_KEY=a-secret-of-the-store-0123")
    house.done("offsite", "init")
    make_set(house.folder, BEGAN, {number: number for number in range(8)})
    stop, seen = threading.Event(), []
    watcher = threading.Thread(target=lambda: seen.extend(set(watch_command_lines(stop))))
    watcher.start()
    for words in (["copy"], ["list"], ["check"], ["prune"]):
        house.done("offsite", *words)
    stop.set()
    watcher.join()
    ours = [words for name, words in seen if name == "restic"]
    assert any(" backup " in words for words in ours)
    for secret in (PASSWORD, "a-secret-of-the-store-0123", house.repository):
        assert not [words for words in ours if secret in words]
    assert not [words for _, words in seen if PASSWORD in words or "a-secret-of-the-store" in words]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda house: setattr(house, "outer", {"WATTLINE_OFFSITE_REPOSITORY": ""}),
            "Where the off-site copy goes is not said",
        ),
        (lambda house: setattr(house, "repository", "mnt/usb"), "is no repository: a path begins with /"),
        (lambda house: (house.home / "password").unlink(), "password cannot be read (No such file or directory)"),
        (lambda house: (house.home / "password").chmod(0o644), "everybody on this machine may read it: `chmod 600"),
        (lambda house: house.secret("password", ""), "is empty, and should hold the password"),
        (lambda house: give(house, "export AWS_ACCESS_KEY_ID=hidden"), "Line 1 of"),
        (lambda house: give(house, "\n# the key\nAWS_ACCESS_KEY_ID"), "Line 3 of"),
    ],
)
def test_a_wrong_setting_is_one_sentence(house, change, sentence):
    change(house)
    ended = house.run("offsite", "list")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert sentence in ended.stderr
    assert "hidden" not in ended.stderr


def give(house: House, text: str) -> None:
    house.credentials = {"given": "by text"}
    house.secret("credentials", text)


@pytest.mark.parametrize(
    ("said", "row"),
    [
        (
            "Fatal: unable to open config file: Stat: Access Denied.\nIs there a repository at the following location?\ns3:x",
            2,
        ),
        (
            "Fatal: unable to open config file: stat /x/config: permission denied\nIs there a repository at the following location?",
            6,
        ),
        (
            'Stat(<config/>) returned error, retrying after 1.2s: Stat: Get "http://x/": dial tcp: lookup x: no such host',
            4,
        ),
        ("subprocess ssh: Host key verification failed.\nFatal: unable to start the sftp session, error: EOF", 3),
        ("subprocess ssh: ssh: Could not resolve hostname x: Temporary failure in name resolution\nFatal: EOF", 4),
        ("Fatal: unable to save snapshot: write /x/data/ab: no space left on device", 5),
    ],
)
def test_what_restic_says_is_understood(said, row):
    """A store that is away or refuses ends in the words of a missing repository too."""
    where = Place("s3:x", Path("x"))
    names = {"repository": "s3:x", "password_file": "x", "credentials": "it was given", "said": "#"}
    whole = COMPLAINTS[row].sentence.format(**names)
    assert str(explain(where, 1, said)).startswith(whole.partition("#")[0])


def test_what_a_store_quotes_of_the_credentials_is_not_repeated():
    where = Place("azure:sets:/", Path("/p"), Path("/c"), {"AZURE_ACCOUNT_SAS": "sv=2021&sig=abc%2Bdef"})
    said = 'Fatal: Head "https://house.blob.core.windows.net/sets/config?se=1&sig=abc%2Bdef&sp=r": no such host'
    assert "abc" not in str(explain(where, 1, said))


def test_the_time_of_a_set_is_the_time_of_its_snapshot(copied):
    (snapshot,) = json.loads(copied.by_hand("snapshots", "--json").stdout)
    assert datetime.fromisoformat(snapshot["time"]).astimezone(UTC) == BEGAN
    assert snapshot["tags"] == ["wattline", "20261101T000500Z"]
