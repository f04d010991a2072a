"""A whole server becomes what it was, on a real InfluxDB.

| fault | test |
|---|---|
| a point, a token, a user or a task is missing on a machine that was blank | test_a_blank_server_becomes_what_it_was |
| a server that was set up with another token locks everybody out | test_a_server_with_another_token_becomes_what_it_was |
| a server with data is replaced without a word, or cannot be had back | test_a_server_with_data_is_put_into_a_safety_set_first |
| what comes in between plan and safety set is lost | test_what_came_in_since_the_plan_is_in_the_safety_set |
| a set that was made in the middle of a swap passes for a whole one | test_a_set_of_a_half_swapped_bucket_ends_no_warning |
| the disk of the sets is read-only, as Linux makes one that fails, and a restore that is whole ends as a failure | test_what_cannot_be_noted_is_told |
| it begins without a token for afterwards | test_nothing_begins_without_a_token_of_the_set |
| it begins with a damaged set | test_a_damaged_set_is_refused_before_anything_is_replaced |
| the server dies in the middle, and nobody knows what to do | test_after_a_kill_the_same_command_finishes_it |
| it was cut off, and nobody is told, or its set is pruned | the same |
| ... and a set of the half-filled server passes for a whole one, or ends the warning, or replaces the safety set | test_a_set_of_a_half_filled_server_is_no_way_back |
| ... or of one that never began | test_what_could_not_begin_is_not_called_cut_off |
| a file that was damaged while one is asked is sent | test_what_is_damaged_while_one_is_asked_is_not_sent |
| the server is blamed for a disk that fails, or a traceback comes | test_a_disk_that_fails_is_not_taken_for_the_server, test_what_a_disk_refuses_while_it_is_read_is_told_of_the_file |
| a file that ends while it is sent is waited for | test_a_file_that_ends_early_is_told_and_not_waited_for |
| a token file that cannot be read is a bug | test_a_token_file_that_cannot_be_read_is_passed_over |
| what was refused at once is called cut off | test_a_refused_beginning_takes_its_note_back |
| Ctrl-C while a blank server is set up says nothing | test_an_interruption_of_the_set_up_is_a_sentence |
| on a blank machine the token in the set is not found | test_a_blank_machine_needs_no_token_but_that_of_the_set |
| ... or there is none, and nobody is told where one is | test_a_blank_machine_without_any_token_is_told_where_one_is |
| the sets' disk is read-only, and a riddle is all that is said | test_where_the_safety_set_cannot_be_written_is_said |
| a bucket that was deleted meanwhile is missing, or one that was deleted before is in the way | test_deleted_buckets |
| a token is taken for one of the set that is none | test_a_token_is_found_by_its_hash |
"""

import base64
import errno
import hashlib
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backup.restore_rig import DAYS, Database, Desk, day, household, kill_before
from wattline.influxdb.errors import ServerError
from wattline_backup.errors import FolderError, SetError
from wattline_backup.restore import whole
from wattline_backup.restore.reading import Body
from wattline_backup.restore.tokens import has_token
from wattline_backup.restore.whole import Whole
from wattline_backup.run import Made, Run
from wattline_backup.server import Server
from wattline_backup.sets import Folder, Set
from wattline_backup.state import State
from wattline_backup.unfinished import EVERYTHING, Unfinished

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
WORDS = ("--all", "--yes")
BEFORE = household(day(0), day(DAYS))
TASK = 'option task = {name: "rollup", every: 1h}\nfrom(bucket: "energy") |> range(start: -1h)'


@pytest.fixture
def house(own_database, desk: Desk, tmp_path: Path) -> tuple[Database, Set]:
    """A server with points, tokens and a task, and a set of it that has its secrets."""
    database = own_database("house")
    database.write(BEFORE)
    database.ask("POST", "tasks", {"orgID": database.org_id, "flux": TASK, "status": "active"})
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "influxdb_operator_token").write_text(database.token + "\n")
    (secrets / "influxdb_backup_token").write_text("of another server")
    return database, desk.at(database).make_set(database, [secrets])


def became(database: Database, source: Database) -> None:
    """The one has become the other."""
    database.token, database.telegraf, database.grafana = source.token, source.telegraf, source.grafana
    for _ in range(2):
        assert database.points() == BEFORE
        assert [task["name"] for task in database.ask("GET", "tasks")["tasks"]] == ["rollup"]
        assert [user["name"] for user in database.ask("GET", "users")["users"]] == ["admin"]
        database.tokens_work()
        database.restart()


def beside(source: Database, own_database: Callable[..., Database], desk: Desk, folder: Path) -> tuple[Database, Path]:
    """Another server, at which the desk works now, and a file with the token of the first."""
    other, token_file = own_database("other"), folder / "token of the set"
    desk.at(other)
    token_file.write_text(source.token)
    return other, token_file


def test_a_blank_server_becomes_what_it_was(house, own_database, desk: Desk) -> None:
    source, stored = house
    blank = own_database("blank", is_set_up=False)
    desk.at(blank)
    told = desk.restored(stored.stamp, *WORDS)
    assert told["safety_set"] is None
    assert told["values"]["energy"] == len(BEFORE)
    became(blank, source)


def test_a_server_with_another_token_becomes_what_it_was(house, own_database, desk: Desk, tmp_path: Path) -> None:
    source, stored = house
    other, token_file = beside(source, own_database, desk, tmp_path)
    told = desk.restored(stored.stamp, *WORDS, "--set-token-file", token_file)
    # Somebody may have begun to write into it.
    assert told["safety_set"] == desk.sets()[-1]
    assert str(token_file) in told["remarks"][0]
    became(other, source)


def test_a_server_with_data_is_put_into_a_safety_set_first(house, own_database, desk: Desk, tmp_path: Path) -> None:
    source, stored = house
    other = own_database("other")
    theirs = household(day(0), day(1), meter="theirs")
    other.write(theirs)
    desk.at(other)
    their_token, tokens_of_others = other.token, (other.telegraf, other.grafana)
    code, out, _ = desk.call("restore", stored.stamp, "--all", "--dry-run")
    assert code == 0
    assert "WHICH HAS DATA" in out
    assert "give --yes" in desk.refusal(stored.stamp, "--all", code=2)
    assert other.points() == theirs
    told = desk.restored(stored.stamp, *WORDS)
    assert told["safety_set"] == desk.sets()[-1] != stored.stamp
    became(other, source)
    their_file = tmp_path / "theirs"
    their_file.write_text(their_token)
    desk.token_file.write_text(source.token)
    desk.restored(told["safety_set"], *WORDS, "--set-token-file", their_file)
    other.token, (other.telegraf, other.grafana) = their_token, tokens_of_others
    assert other.points() == theirs
    other.tokens_work()


def test_what_came_in_since_the_plan_is_in_the_safety_set(
    house, own_database, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stored = house
    other, token_file = beside(source, own_database, desk, tmp_path)
    theirs, make_set = household(day(0), day(1), meter="theirs"), Run.make

    def make(run: Run) -> Made:
        other.write(theirs)
        return make_set(run)

    monkeypatch.setattr(Run, "make", make)
    safety = desk.restored(stored.stamp, *WORDS, "--set-token-file", token_file)["safety_set"]
    became(other, source)
    desk.at(other)
    desk.restored(safety, "--bucket", "energy", "--as", "theirs", "--yes")
    assert other.points("theirs") == theirs


def test_a_set_of_a_half_swapped_bucket_ends_no_warning(house, desk: Desk) -> None:
    """And says what it is, as long as it is kept."""
    source, stored = house
    desk.at(source)
    begun = Unfinished(stored.stamp, stored.stamp)
    State(desk.folder).begin("energy", begun)
    half = desk.make_set(source).stamp
    told = desk.call("restore", half, "--all", "--dry-run")[1]
    assert "The set was made in the middle of a swap of energy: it has what that had left of it." in " ".join(
        told.split()
    )
    desk.restored(half, *WORDS)
    assert State(desk.folder).begun == {"energy": begun}
    desk.restored(stored.stamp, *WORDS)
    assert State(desk.folder).begun == {}
    assert "in the middle of a swap" in desk.call("restore", half, "--bucket", "energy", "--as", "half", "--dry-run")[1]


def test_what_cannot_be_noted_is_told(house, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """That no swap is unfinished any more."""
    source, stored = house
    desk.at(source)
    State(desk.folder).begin("energy", Unfinished(stored.stamp, stored.stamp))

    def fail(_state: State, _bucket: str, _begun: Unfinished | None = None) -> None:
        raise FolderError("state.json cannot be written: Read-only file system.")

    monkeypatch.setattr(State, "begin", fail)
    monkeypatch.setattr(State, "end", fail)
    code, _, err = desk.call("restore", stored.stamp, *WORDS)
    assert code == 0, err
    assert (
        "InfluxDB has all that it has in the set, but state.json cannot be written: Read-only file system. So `list` goes on "
        f"calling energy unfinished, which is not so; `wattline-backup restore {stored.stamp} --all`, once the disk can be "
        "written, ends that."
    ) in err
    became(source, source)


def test_nothing_begins_without_a_token_of_the_set(house, own_database, desk: Desk) -> None:
    source, _ = house
    stored = desk.make_set(source)
    other = own_database("other")
    desk.at(other)
    refusal = desk.refusal(stored.stamp, *WORDS, code=2)
    assert "--set-token-file" in refusal
    assert set(other.buckets()) == {"energy"}


@pytest.mark.parametrize("name", ["bolt", "sqlite", "1.tar"])
def test_a_damaged_set_is_refused_before_anything_is_replaced(house, own_database, desk: Desk, name: str) -> None:
    _, stored = house
    other = own_database("other")
    desk.at(other)
    name = f"{stored.stamp}.{name}.gz" if "tar" not in name else stored.index.shards[0].file
    content = bytearray((stored.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (stored.path / name).chmod(0o600)
    (stored.path / name).write_bytes(content)
    assert stored.stamp in desk.refusal(stored.stamp, *WORDS)
    other.tokens_work()


def test_after_a_kill_the_same_command_finishes_it(
    house, own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stored = house
    other = own_database("other")
    desk.at(other)
    kill_before(monkeypatch, whole, "send", 3, other)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert "is not whole; the same command" in refusal
    assert f"`wattline-backup restore {desk.sets()[-1]} --all` makes it what it was" in refusal
    other.start()
    again = f"`wattline-backup restore {stored.stamp} --all` does it again."
    assert again in json.loads(desk.call("list", "--json")[1])["remarks"][0]
    desk.call("prune", "--keep-newest", "1", "--keep-hourly", "0", "--keep-daily", "0")
    assert stored.stamp in desk.sets()
    desk.restored(stored.stamp, *WORDS)
    assert again not in desk.call("list")[1]
    became(other, source)


def test_a_set_of_a_half_filled_server_is_no_way_back(house, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source, stored = house
    desk.at(source)
    since = household(day(0), day(DAYS), meter="since")
    source.write(since)
    for _ in range(2):
        kill_before(monkeypatch, whole, "send", 3, source)
        refusal = desk.refusal(stored.stamp, *WORDS)
        source.start()
        time.sleep(1.1)  # a set has its second
    origin, half = desk.sets()[1:]
    assert f"`wattline-backup restore {origin} --all` makes it what it was" in refusal
    (told,) = [each for each in json.loads(desk.call("list", "--json")[1])["remarks"] if "everything" in each]
    assert told.endswith(f"does it again. What was live before is in the set {origin}.")
    desk.call("prune", "--keep-newest", "1", "--keep-hourly", "0", "--keep-daily", "0", "--keep-yearly", "0")
    assert desk.sets() == [stored.stamp, origin, half]
    of_half = "The set was made in the middle of a restore of everything: it has what that had left of it."
    plan = desk.call("restore", half, "--bucket", "energy", "--swap", "--dry-run")[1]
    for said in (plan, desk.call("verify", half)[1]):
        assert of_half in " ".join(said.split())
    assert "half: in the middle of a restore of everything" in desk.call("list")[1]
    begun = Unfinished(stored.stamp, origin)
    desk.restored(half, *WORDS)
    assert State(desk.folder).begun == {EVERYTHING: begun}
    desk.restored(origin, *WORDS)
    assert State(desk.folder).begun == {}
    assert source.points() == BEFORE | since


@pytest.mark.parametrize("way", [["--all"], ["--bucket", "energy", "--as", "energy_restored"]], ids=lambda way: way[0])
def test_what_is_damaged_while_one_is_asked_is_not_sent(
    house, desk: Desk, monkeypatch: pytest.MonkeyPatch, way: list[str]
) -> None:
    source, stored = house
    desk.at(source)
    file = stored.path / stored.index.shards[0].file
    locked = Folder.locked

    def spoilt(folder: Folder, *words: object, **options: bool) -> object:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] |= 1
        content[len(content) // 2 + 1] ^= 255
        file.chmod(0o600)
        file.write_bytes(content)
        monkeypatch.setattr(Folder, "locked", locked)
        return locked(folder, *words, **options)

    monkeypatch.setattr(Folder, "locked", spoilt)
    refusal = desk.refusal(stored.stamp, *way, "--yes")
    assert "is damaged" in refusal or "is not the file that was stored" in refusal
    assert source.points() == BEFORE
    assert set(source.buckets()) == {"energy"}


def test_a_disk_that_fails_is_not_taken_for_the_server(
    house, own_database, desk: Desk, tmp_path: Path, monkeypatch
) -> None:
    """A file that vanishes, or cannot be read, while it is sent."""
    source, stored = house
    other, token_file = beside(source, own_database, desk, tmp_path)
    send = whole.send
    file = stored.path / stored.index.shards[1].file

    def vanish(*words: object) -> None:
        file.unlink(missing_ok=True)
        send(*words)

    monkeypatch.setattr(whole, "send", vanish)
    refusal = desk.refusal(stored.stamp, *WORDS, "--set-token-file", token_file)
    assert refusal.startswith(f"InfluxDB at {other.url} is not whole; the same command does it again, and ")
    assert f"What went wrong: {file} cannot be read (No such file or directory): restore an older set, or " in refusal


def test_what_a_disk_refuses_while_it_is_read_is_told_of_the_file(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(SetError, match=r"/x.tar.gz cannot be read \(Input/output error\): restore an older set"):
        Body(Failing(), tmp_path / "x.tar.gz", 10).read(10)


def test_a_file_that_ends_early_is_told_and_not_waited_for(
    house, own_database, desk: Desk, tmp_path: Path, monkeypatch
) -> None:
    """InfluxDB would wait for the rest for minutes, and be blamed for it."""
    source, stored = house
    _, token_file = beside(source, own_database, desk, tmp_path)
    send = whole.send
    file = stored.path / stored.index.shards[1].file

    def cut(*words: object) -> None:
        file.chmod(0o600)
        os.truncate(file, stored.index.shards[1].stored.size // 2)
        send(*words)

    monkeypatch.setattr(whole, "send", cut)
    began_s = time.monotonic()
    refusal = desk.refusal(stored.stamp, *WORDS, "--set-token-file", token_file)
    assert f"What went wrong: {file} was cut off while it was read, and lacks " in refusal
    assert time.monotonic() - began_s < 60


@pytest.mark.parametrize("fault", ["binary", "EIO"])
def test_a_token_file_that_cannot_be_read_is_passed_over(
    house, own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """And named where no other has the token."""
    _, stored = house
    desk.at(own_database("other"))
    bad = desk.folder.parent / "bad"
    bad.write_bytes(bytes(range(128, 250)))
    read_text = Path.read_text

    def fail(path: Path, *words: str) -> str:
        if path == bad and fault == "EIO":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read_text(path, *words)

    monkeypatch.setattr(Path, "read_text", fail)
    reason = "it is no text" if fault == "binary" else "Input/output error"
    assert desk.call("restore", stored.stamp, "--all", "--dry-run", "--set-token-file", bad)[0] == 0
    (stored.path / "house").rename(desk.folder.parent / "away")
    refusal = desk.refusal(stored.stamp, *WORDS, "--set-token-file", bad, code=2)
    assert f"; {bad} cannot be read ({reason}))." in refusal


def test_a_refused_beginning_takes_its_note_back(house, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the one of an earlier restore is as it was; what may have begun keeps its note."""
    source, stored = house
    desk.at(source)
    send, earlier = Whole._send, Unfinished("20200101T000000Z", stored.stamp)

    def not_reached(way: Whole, what: str, server: Server, name: str) -> None:
        send(way, what, Server("http://127.0.0.1:9", "t", "a test"), name)

    monkeypatch.setattr(Whole, "_send", not_reached)
    for begun in ({}, {EVERYTHING: earlier}):
        for bucket, each in begun.items():
            State(desk.folder).begin(bucket, each)
        refusal = desk.refusal(stored.stamp, *WORDS)
        assert refusal.startswith("Nothing in InfluxDB was replaced. What went wrong: InfluxDB does not answer at ")
        assert State(desk.folder).begun == begun
        time.sleep(1.1)  # a set has its second

    def broken(*_: object) -> None:
        raise ServerError("It broke off.")

    monkeypatch.setattr(Whole, "_send", broken)
    desk.refusal(stored.stamp, *WORDS)
    assert State(desk.folder).begun == {EVERYTHING: Unfinished(stored.stamp, stored.stamp)}


def test_an_interruption_of_the_set_up_is_a_sentence(
    house, own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stored = house
    blank = own_database("blank", is_set_up=False)
    desk.at(blank)
    ask = Server.ask

    def interrupted(server: Server, method: str, path: str, document: object = None) -> object:
        answer = ask(server, method, path, document)
        if (method, path) == ("POST", "/api/v2/setup"):
            raise KeyboardInterrupt
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Server, "ask", interrupted)
        assert desk.refusal(stored.stamp, *WORDS) == (
            f"It was interrupted while the blank InfluxDB at {blank.url} was set up, and nothing was restored: the same command "
            "goes on, whether that came to its end or not."
        )
    desk.restored(stored.stamp, *WORDS)
    became(blank, source)


def test_a_blank_machine_needs_no_token_but_that_of_the_set(house, own_database, desk: Desk) -> None:
    source, stored = house
    blank = own_database("blank", is_set_up=False)
    desk.at(blank)
    desk.token_file.unlink()
    told = desk.restored(stored.stamp, *WORDS)
    assert told["values"]["energy"] == len(BEFORE)
    became(blank, source)


def test_a_blank_machine_without_any_token_is_told_where_one_is(own_database, desk: Desk) -> None:
    source = own_database("source")
    source.write(BEFORE)
    stored = desk.at(source).make_set(source)
    blank = own_database("blank", is_set_up=False)
    desk.at(blank)
    desk.token_file.unlink()
    refusal = desk.refusal(stored.stamp, *WORDS, code=2)
    assert (
        "put its operator token, which the recovery sheet has, into a file and name that by --set-token-file" in refusal
    )
    sheet = desk.folder / "sheet"
    sheet.write_text(source.token)
    desk.restored(stored.stamp, *WORDS, "--set-token-file", sheet)
    blank.token = source.token
    assert blank.points() == BEFORE


def test_what_could_not_begin_is_not_called_cut_off(
    house, own_database, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a blank server refuses to be set up."""
    _, stored = house
    desk.at(own_database("blank", is_set_up=False))

    def refuse(_way: Whole) -> None:
        raise ServerError("InfluxDB refuses.")

    monkeypatch.setattr(Whole, "_set_up", refuse)
    assert desk.refusal(stored.stamp, *WORDS) == "InfluxDB refuses."
    assert State(desk.folder).unfinished() == []


def test_where_the_safety_set_cannot_be_written_is_said(house, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    source, stored = house
    desk.at(source)

    def refuse(_run: Run) -> Made:
        raise FolderError("Nothing can be written into /x: Read-only file system.")

    monkeypatch.setattr(Run, "make", refuse)
    refusal = desk.refusal(stored.stamp, *WORDS)
    assert refusal.startswith("Nothing can be written into /x: Read-only file system. There the safety set has to go, ")
    assert source.points() == BEFORE


def test_deleted_buckets(own_database, desk: Desk) -> None:
    database = own_database("house")
    database.write(BEFORE)
    for name in ("before", "after"):
        database.ask("POST", "buckets", {"name": name, "orgID": database.org_id, "retentionRules": []})
        database.write(household(day(0), day(1), meter=name), name)
    database.ask("DELETE", f"buckets/{database.buckets()['before']['id']}")
    stored = desk.at(database).make_set(database)
    database.ask("DELETE", f"buckets/{database.buckets()['after']['id']}")
    told = desk.restored(stored.stamp, *WORDS)
    assert told["safety_set"]
    assert set(database.buckets()) == {"energy", "host", "after"} - {"host"}
    assert database.points("after") == household(day(0), day(1), meter="after")
    assert database.points() == BEFORE
    database.tokens_work()


@pytest.mark.parametrize(("variant", "digest"), [("sha256", hashlib.sha256), ("sha512", hashlib.sha512)])
def test_a_token_is_found_by_its_hash(variant: str, digest) -> None:
    stored = (
        b'x{"hashedToken":"$influxdb2-' + variant.encode() + b"$" + base64.urlsafe_b64encode(digest(b"tok?n").digest())
    )
    assert has_token(stored + b'"}', "tok?n")
    assert not has_token(stored + b'"}', "token")
    assert has_token(b'{"token":"plain"}', "plain")
