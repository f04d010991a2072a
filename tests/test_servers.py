"""The script that builds the real servers: what it does when there is nothing to build.

| fault                                          | test                                             |
|------------------------------------------------|--------------------------------------------------|
| two builds at once write the same file         | test_a_second_build_waits_for_the_first          |
| ... or one waits for ever for one that was killed | test_a_build_that_was_killed_leaves_no_lock   |
| whoever only asks where they are has to wait   | test_the_folders_are_told_while_a_build_is_at_work |
"""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "servers" / "build"


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache in which everything is built."""
    monkeypatch.setenv("WATTLINE_CACHE", str(tmp_path))
    for folder in folders():
        folder.mkdir(parents=True)
        for name in ("telegraf", "influxd", "influx"):
            (folder / name).touch(0o755)
    return tmp_path / "servers"


def folders() -> list[Path]:
    said = subprocess.run(["sh", SCRIPT, "--path"], check=True, capture_output=True, text=True, timeout=10)
    return [Path(folder) for folder in said.stdout.strip().split(":")]


def test_a_second_build_waits_for_the_first(cache):
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pipe = subprocess.PIPE
        with subprocess.Popen(["sh", SCRIPT], stdout=pipe, stderr=pipe, text=True) as second:
            said = second.stderr.readline()
            assert said == f"Another build is at work in {cache}; waiting for its end ...\n"
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.wait(10) == 0
            assert [Path(folder) for folder in second.stdout.read().strip().split(":")] == folders()


def test_a_build_that_was_killed_leaves_no_lock(cache):
    first = subprocess.Popen(["flock", cache / "lock", "cat"], stdin=subprocess.PIPE, start_new_session=True)
    with subprocess.Popen(["sh", SCRIPT], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as second:
        os.killpg(first.pid, 9)
        first.wait()
        first.stdin.close()
        assert second.wait(10) == 0


def test_the_folders_are_told_while_a_build_is_at_work(cache):
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert all(folder.parent == cache for folder in folders())
