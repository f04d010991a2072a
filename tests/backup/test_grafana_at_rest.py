"""Grafana's database is copied by somebody who may read it and may not write beside it, as systemd's unit has it.

| fault | test |
|---|---|
| a change that is in the write-ahead log alone is not in the copy | test_what_grafana_has_just_written_is_in_the_copy |
| no backup is made while Grafana is stopped | test_a_stopped_grafana_is_copied |
| ... or after it was killed | test_a_killed_grafana_is_copied_with_what_it_had_written |
| the copy leaves something beside the database, which is then not Grafana's | each of them |
| a database that is none, or is not there, ends in a traceback | test_what_is_no_database_is_named |
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from wattline_backup.errors import BackupError
from wattline_backup.house import copy_database

PROJECT = Path(__file__).parents[2]

# Who has no Grafana, or another one than in Docker, is told the word.
NOT_COPIED = (
    r"Grafana's database .*grafana\.db cannot be "
    r"(copied: .*|read \(No such file or directory\): say in WATTLINE_BACKUP_GRAFANA where it is, .*)\.$"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Grafana's, as Grafana has it open."""
    (tmp_path / "grafana").mkdir()
    with closing(sqlite3.connect(tmp_path / "grafana" / "grafana.db")) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table dashboard (title)")
        connection.execute("insert into dashboard values ('House')")
        connection.commit()
        yield connection


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[], list[str]]:
    """Copies it as one who may not write there; gives the titles in the copy. Where even root is kept out, by whom he is."""

    def copy() -> list[str]:
        folder, target = tmp_path / "grafana", tmp_path / "copy.db"
        before = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
        code = (
            "import sys; from pathlib import Path; from wattline_backup.house import copy_database; "
            "copy_database(Path(sys.argv[1]), Path(sys.argv[2]))"
        )
        environment = os.environ | {"PYTHONPATH": f"{PROJECT / 'plugin'}:{PROJECT / 'backup'}"}
        words = [sys.executable, "-c", code, str(folder / "grafana.db"), str(target)]
        folder.chmod(0o555)
        for path in folder.iterdir():
            path.chmod(0o444)
        if os.geteuid() == 0:
            # Root's right to write everywhere is taken away; the files are somebody else's.
            for path in (folder, *folder.iterdir()):
                os.chown(path, 472, 472)
            confined = ["setpriv", "--bounding-set", "-all,+dac_read_search", "--inh-caps", "-all", "--no-new-privs"]
            words = [*confined, *words]
        subprocess.run(words, env=environment, check=True)
        after = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
        assert after == before
        with closing(sqlite3.connect(target)) as copied:
            return [title for (title,) in copied.execute("select title from dashboard")]

    return copy


def test_what_grafana_has_just_written_is_in_the_copy(
    database: sqlite3.Connection, copy: Callable[[], list[str]]
) -> None:
    database.execute("insert into dashboard values ('just now')")
    database.commit()
    assert copy() == ["House", "just now"]


def test_a_stopped_grafana_is_copied(
    database: sqlite3.Connection, copy: Callable[[], list[str]], tmp_path: Path
) -> None:
    database.close()
    assert [path.name for path in (tmp_path / "grafana").iterdir()] == ["grafana.db"]
    assert copy() == ["House"]


def test_a_killed_grafana_is_copied_with_what_it_had_written(
    database: sqlite3.Connection, copy: Callable[[], list[str]], tmp_path: Path
) -> None:
    """Its files as they were at that moment, under another inode, so that nobody has them open."""
    shutil.copytree(tmp_path / "grafana", tmp_path / "killed")
    database.close()
    shutil.rmtree(tmp_path / "grafana")
    (tmp_path / "killed").rename(tmp_path / "grafana")
    assert (tmp_path / "grafana" / "grafana.db-wal").stat().st_size > 0
    assert copy() == ["House"]


@pytest.mark.parametrize("content", [None, b"no database, but long enough to be one" * 10, b""])
def test_what_is_no_database_is_named(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "grafana.db"
    if content is not None:
        source.write_bytes(content)
    if content == b"":
        # SQLite's own notion of an empty database.
        copy_database(source, tmp_path / "copy.db")
        return
    with pytest.raises(BackupError, match=NOT_COPIED):
        copy_database(source, tmp_path / "copy.db")
