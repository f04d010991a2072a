"""The scripts of the role telegraf, each by itself. What needs systemd is tried on a booted Pi.

| fault | test |
|---|---|
| an edit by hand is lost, or what nobody edited is called one | test_an_edit_by_hand_is_kept |
| the package's sample is taken for somebody's work | test_the_sample_of_the_package_is_nobodys_edit |
| looking changes something | test_only_looking_keeps_nothing |
| a restart that was lost is never made up for | test_what_is_newer_than_the_start_asks_for_a_restart |
| a file with a wrong stamp costs a restart at each run | test_a_file_from_the_future_asks_for_no_restart_at_each_run |
"""

import os
import subprocess
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "ansible" / "roles" / "telegraf" / "files"


class Folders:
    """What is to come, what was written last and what is in place, each a folder with one file or none."""

    def __init__(self, root: Path) -> None:
        self.new, self.last, self.place = (root / name for name in ("new", "last", "place"))
        for folder in (self.new, self.last, self.place):
            folder.mkdir()

    def lay(self, new: str | None, last: str | None, place: str | None, name: str = "10-meters.conf") -> None:
        for folder, text in ((self.new, new), (self.last, last), (self.place, place)):
            if text is not None:
                (folder / name).write_text(text)

    def keep(self, *words: str, name: str = "10-meters.conf") -> str:
        command = [SCRIPTS / "keep-edits", *words, self.new, self.last, self.place / name]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @property
    def kept(self) -> list[str]:
        return [path.read_text() for path in self.place.iterdir() if ".edited-" in path.name]


@pytest.mark.parametrize(
    ("new", "last", "place", "kept"),
    [
        ("a\n", None, None, []),  # a blank machine
        ("a\n", "a\n", "a\n", []),  # nothing to do
        ("b\n", "a\n", "a\n", []),  # an upgrade, or another knob
        ("a\n", "a\n", "c\n", ["c\n"]),  # an edit
        ("b\n", "a\n", "c\n", ["c\n"]),  # an edit, and another knob
        ("b\n", "a\n", "b\n", []),  # an interrupted run, or the same edit in both places
        ("a\n", None, "c\n", ["c\n"]),  # put in place by hand, before the playbook came
        (None, "a\n", "c\n", ["c\n"]),  # an edit of a file that goes
        (None, "a\n", "a\n", []),  # a file that goes
        (None, None, "c\n", []),  # a file of somebody else's
    ],
)
def test_an_edit_by_hand_is_kept(
    tmp_path: Path, new: str | None, last: str | None, place: str | None, kept: list[str]
) -> None:
    folders = Folders(tmp_path)
    folders.lay(new, last, place)
    said = folders.keep()
    assert folders.kept == kept
    assert ("was edited by hand" in said, "+c" in said) == (bool(kept), bool(kept))
    # Neither Telegraf nor systemd reads it.
    assert not [path for path in folders.place.glob("*.conf") if ".edited-" in path.name]


def test_only_looking_keeps_nothing(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.lay("a\n", "a\n", "c\n")
    assert "+c" in folders.keep("--look")
    assert folders.kept == []


def test_the_sample_of_the_package_is_nobodys_edit(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.lay("a\n", None, "sample\n", name="telegraf.conf")
    (folders.place / "telegraf.conf.sample").write_text("sample\n")
    assert folders.keep(name="telegraf.conf") == ""
    assert folders.kept == []


def test_what_is_newer_than_the_start_asks_for_a_restart(tmp_path: Path) -> None:
    """A file, a file of the user's, one that was taken away, a link: all that a run may have left without a restart."""
    etc, link, systemctl = tmp_path / "etc", tmp_path / "wattline", tmp_path / "systemctl"
    etc.mkdir()
    (etc / "10-meters.conf").write_text("")
    link.symlink_to("/nowhere/0.1.0")
    started_s = 1_700_000_000

    def age(seconds_before: int) -> None:
        for path in (etc / "10-meters.conf", etc, link):
            os.utime(path, (started_s - seconds_before,) * 2, follow_symlinks=False)

    def ask(state: str = "active", reload: str = "no") -> list[str]:
        systemctl.write_text(
            f"#!/bin/sh\ncase $* in *ActiveState*) echo {state} ;; *NeedDaemonReload*) echo {reload} ;;"
            ' *) echo "Tue 2023-11-14 22:13:20.250000 UTC" ;; esac\n'
        )
        systemctl.chmod(0o755)
        result = subprocess.run(
            [SCRIPTS / "newer-than-service", "telegraf.service", etc, link, tmp_path / "not-there"],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            check=True,
            capture_output=True,
            text=True,
        )
        return result.stdout.splitlines()

    age(1)
    assert ask() == []
    assert ask(state="failed") == ["telegraf.service is not running."]
    assert len(ask(reload="yes")) == 1
    os.utime(link, (started_s + 1,) * 2, follow_symlinks=False)
    assert ask() == [str(link)]
    age(1)
    (etc / "10-meters.conf").unlink()
    assert ask() == [str(etc)]


def test_a_file_from_the_future_asks_for_no_restart_at_each_run(tmp_path: Path) -> None:
    file, systemctl = tmp_path / "60-mine.conf", tmp_path / "systemctl"
    file.write_text("")
    systemctl.write_text(
        "#!/bin/sh\ncase $* in *ActiveState*) echo active ;; *NeedDaemonReload*) echo no ;;"
        ' *) echo "Tue 2023-11-14 22:13:20.250000 UTC" ;; esac\n'
    )
    systemctl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def ask() -> str:
        words = [SCRIPTS / "newer-than-service", "telegraf.service", file]
        return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    assert ask() == str(file)
    os.utime(file, (time.time() + 86_400,) * 2)
    assert ask() == ""
