"""A run that is stopped by force, by a full disk or by a broken line: the older sets stay as they were, and no half set has a name.

| fault | test |
|---|---|
| SIGKILL at any moment leaves half a set that counts | test_a_killed_run_leaves_no_half_set |
| InfluxDB dies in the middle of a run | test_a_server_that_dies_leaves_no_half_set |
| a connection that breaks off is taken for the end of a shard | test_a_broken_connection_is_no_end |
| a disk that is full half-way | test_a_full_disk_is_a_sentence |
| ... or would be | test_a_run_that_would_fill_the_disk_does_not_begin |
| a folder that cannot be written to | test_a_read_only_folder_is_a_sentence |
| a wrong token, a server that is away, a wrong version end in a riddle | test_what_the_world_says_is_a_sentence |
"""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backup.cutting_proxy import CuttingProxy
from backup.restore_rig import Database, Desk, day, household
from wattline_backup import run
from wattline_backup.checks import check_stored
from wattline_backup.sets import Folder

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]
PROGRAM = (sys.executable, "-m", "wattline_backup")
KILLS = 20


def whole(desk: Desk) -> list[str]:
    """The sets, each of which is looked through."""
    sets = Folder(desk.folder).sets()
    for each in sets:
        for shard in each.index.shards:
            check_stored(each.path, shard, with_points=True)
    return [each.stamp for each in sets]


def filled(database: Database) -> None:
    database.write(household(day(0), day(5)))


def test_a_killed_run_leaves_no_half_set(desk: Desk, database: Database) -> None:
    """At twenty moments of its life, by SIGKILL; the next run clears what is left and makes a set."""
    filled(database)
    desk.at(database)
    began_s = time.monotonic()
    subprocess.run([*PROGRAM, "run"], check=True, capture_output=True)
    life_s, dice, sets = time.monotonic() - began_s, random.Random(1), whole(desk)
    for _ in range(KILLS):
        with subprocess.Popen(
            [*PROGRAM, "run", "--full"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as going:
            try:
                going.wait(dice.uniform(0, life_s))
            except subprocess.TimeoutExpired:
                going.kill()
        found = whole(desk)
        assert found[: len(sets)] == sets
        assert all(re.fullmatch(r"\d{8}T\d{6}Z", stamp) for stamp in found)
        sets = found
    time.sleep(1.1)  # a set of the same second would be refused
    last = subprocess.run([*PROGRAM, "run"], check=True, capture_output=True, text=True)
    assert last.stdout.startswith("Set ")
    assert [each.name for each in desk.folder.iterdir() if each.name.endswith(".partial")] == []
    assert len(whole(desk)) > len(sets)


def test_a_server_that_dies_leaves_no_half_set(desk: Desk, own_database: Callable[..., Database]) -> None:
    database = own_database()
    filled(database)
    desk.at(database)
    made = desk.make_set(database).stamp
    for number in range(5):
        killer = threading.Timer(0.02 * number, lambda: database.process.send_signal(signal.SIGKILL))
        killer.start()
        code, _, err = desk.call("run", "--full")
        killer.join()
        database.process.wait()
        found = whole(desk)
        assert found[0] == made
        assert code == 1 or len(found) > 1
        assert code == 0 or err.startswith("wattline-backup: InfluxDB "), err
        database.start()
        time.sleep(1.1)  # a set of the same second would be refused


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.95, 0.999])
def test_a_broken_connection_is_no_end(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """After so large a share of all that is sent."""
    filled(database)
    desk.at(database)
    host, port = database.url.removeprefix("http://").split(":")
    with CuttingProxy((host, int(port)), 10**12) as counting:
        monkeypatch.setenv("INFLUX_HOST", counting.url)
        assert desk.call("run", "--full")[0] == 0
    sets = whole(desk)
    time.sleep(1.1)  # a set of the same second would be refused
    with CuttingProxy((host, int(port)), int(share * counting.passed)) as proxy:
        monkeypatch.setenv("INFLUX_HOST", proxy.url)
        code, out, err = desk.call("run", "--full")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert whole(desk) == sets
    assert [each.name for each in desk.folder.iterdir() if each.name.endswith(".partial")] == []


def test_a_full_disk_is_a_sentence(desk: Desk, database: Database, tmp_path: Path) -> None:
    """On a disk of a megabyte, of which the first set leaves room for no second, though nobody looks before."""
    filled(database)
    desk.at(database)
    desk.folder.mkdir()
    script = tmp_path / "script"
    script.write_text(
        'set -e\nmount -t tmpfs -o size=1m tmpfs "$WATTLINE_BACKUP_FOLDER"\n"$@"\nsleep 1.1\n'
        'dd if=/dev/zero of="$WATTLINE_BACKUP_FOLDER/filler" bs=4k 2>/dev/null || true\n'
        'truncate -s -8k "$WATTLINE_BACKUP_FOLDER/filler"\n"$@" && exit 9\nls "$WATTLINE_BACKUP_FOLDER"\n'
    )
    blind = "import sys, wattline_backup.run as run; run.SPARE_BYTES = -(1 << 40); from wattline_backup.cli import main; sys.exit(main(['run', '--full']))"
    words = ["unshare", "--map-root-user", "--mount", "sh", str(script), sys.executable, "-c", blind]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"wattline-backup: The set could not be written into \S+ \(No space left on device\); the older ones are as they were\.\n",
        done.stderr,
    )
    told, *names = done.stdout.splitlines()
    assert names == sorted(["filler", "lock", told.split()[1].rstrip(":")])


def test_a_run_that_would_fill_the_disk_does_not_begin(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database)
    monkeypatch.setattr(run, "SPARE_BYTES", 1 << 60)
    code, out, err = desk.at(database).call("run")
    assert (code, out) == (1, "")
    assert re.search(r"has \d+ MiB free, and the next set may take \d+ MiB: make room", err)
    assert whole(desk) == []


def test_a_read_only_folder_is_a_sentence(desk: Desk, database: Database, tmp_path: Path) -> None:
    filled(database)
    desk.at(database)
    desk.folder.mkdir()
    script = tmp_path / "script"
    script.write_text('set -e\nmount -t tmpfs -o ro tmpfs "$WATTLINE_BACKUP_FOLDER"\nexec "$@"\n')
    words = ["unshare", "--map-root-user", "--mount", "sh", str(script), *PROGRAM, "run"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 1
    assert done.stderr == f"wattline-backup: Nothing can be written into {desk.folder}: Read-only file system.\n"


def test_what_the_world_says_is_a_sentence(desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.at(database)
    desk.token_file.write_text("another")
    assert desk.call("run")[2] == (
        f"wattline-backup: InfluxDB at {database.url} refuses the token in {desk.token_file}: it has to be an operator's, "
        "and this server's.\n"
    )
    desk.token_file.write_text("")
    assert desk.call("run")[2] == (
        f"wattline-backup: {desk.token_file} holds no token of InfluxDB: it should have one line, the token of an operator, "
        "such as that in compose/secrets/influxdb_backup_token of the checkout.\n"
    )
    desk.token_file.write_text("another")
    monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", "/none")
    assert desk.call("run")[2].startswith(
        "wattline-backup: The token of InfluxDB cannot be read from /none (No such file"
    )
    monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", str(desk.token_file))
    monkeypatch.setenv("INFLUX_HOST", "http://127.0.0.1:9")
    assert desk.call("run")[2].startswith("wattline-backup: InfluxDB does not answer at http://127.0.0.1:9 (")
    assert "success=0" in desk.outcome.read_text()
