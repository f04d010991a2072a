"""What is known of sets beside them: ``state.json``.

| fault | test |
|---|---|
| what one process notes undoes what another noted | test_two_that_write_lose_nothing |
| a power cut leaves half a file | test_a_file_is_replaced_whole |
| a damaged file stops the backups | test_a_damaged_file_counts_as_none |
| ... or forgets without a word that a swap was cut off | test_a_damaged_file_is_kept_and_what_it_knew_is_missed |
| ... or a second one undoes what the first was kept for, or each reading says so anew | the same |
| ... or cannot be moved, and what to remove is not named | test_where_a_damaged_file_stays_it_is_named_itself |
| ... and no command is named, though the sets are marked | test_what_the_sets_are_marked_with_names_the_command |
| a newer one's file is called damaged, or written over | test_what_a_newer_one_wrote_is_neither_called_damaged_nor_touched |
| ... or an upgrade does | test_what_the_version_before_wrote_is_known |
| noting one thing forgets another | test_each_note_leaves_the_others |
| a full disk is a traceback | test_a_folder_that_cannot_be_written_is_told |
"""

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wattline_backup import state as module
from wattline_backup.errors import FolderError
from wattline_backup.index import Index
from wattline_backup.lost import DAMAGED
from wattline_backup.state import NAME, Proof, SetState, State
from wattline_backup.unfinished import EVERYTHING, Unfinished

DAY = "20261126"
STAMP, OTHER = "20261126T140503Z", "20261126T150503Z"


def test_each_note_leaves_the_others(tmp_path: Path):
    state = State(tmp_path)
    state.note_verified(STAMP, 5.5, "files")
    state.note_offsite(STAMP, 6.5)
    state.note_offsite(OTHER, 7.5)
    state.note_sheet(8.5, "0a1b2c3d")
    state.note_proofs({"a": Proof(1.0, "b", "c"), "d": Proof(2.0, "e", "f")})
    state.note_verified(STAMP, 9.5, "restore")
    for each in (state, State(tmp_path)):
        assert each.of(STAMP) == SetState(9.5, "restore", 6.5)
        assert each.of(OTHER) == SetState(None, "", 7.5)
        assert each.of("20200101T000000Z") == SetState()
        assert (each.confirmed_sheet_s, each.confirmed_sheet_number) == (8.5, "0a1b2c3d")
        assert each.proof_of("a") == Proof(1.0, "b", "c")
    state.forget(STAMP)
    state.keep_proofs({"d"})
    again = State(tmp_path)
    assert again.of(STAMP) == SetState()
    assert again.of(OTHER).offsite_s == 7.5
    assert again.proof_of("a") is None
    assert again.proof_of("d") == Proof(2.0, "e", "f")


def test_two_that_write_lose_nothing(tmp_path: Path):
    def note(first: int) -> None:
        state = State(tmp_path)
        for number in range(first, first + 20):
            state.note_verified(f"2026112{number // 20}T0000{number:02}Z", number, "files")

    threads = [threading.Thread(target=note, args=(first,)) for first in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = State(tmp_path)
    assert [state.of(f"2026112{n // 20}T0000{n:02}Z").verified_s for n in range(60)] == [float(n) for n in range(60)]


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state = State(tmp_path)
    state.note_offsite(STAMP, 1.0)

    def power_cut(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        state.note_offsite(STAMP, 2.0)
    assert State(tmp_path).of(STAMP).offsite_s == 1.0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": "1"}', '{"form": 1, "sets": {"a": {"b": 1}}, "proofs": {}}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture):
    (tmp_path / NAME).write_text(text)
    state = State(tmp_path)
    assert "the sets count as unverified" in caplog.text
    assert state.of(STAMP) == SetState()
    state.note_offsite(STAMP, 1.0)
    assert State(tmp_path).of(STAMP).offsite_s == 1.0


def test_a_damaged_file_is_kept_and_what_it_knew_is_missed(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Of restores that were cut off, which nothing finds out again."""
    (tmp_path / NAME).write_text("{")
    for _ in range(2):
        (told,) = State(tmp_path).unfinished()
        assert "which restores had not come to their end, if any, is no longer known" in told
        assert told.endswith(f"No set is removed until somebody has looked and removed {tmp_path / DAMAGED}.")
        assert (tmp_path / DAMAGED).read_text() == "{"
        assert State(tmp_path).was_lost
    assert [record.message for record in caplog.records if "cannot be read" in record.message] == caplog.messages[:1]
    State(tmp_path).note_offsite(STAMP, 1.0)
    (tmp_path / NAME).write_text("[")
    (told,) = State(tmp_path).unfinished()
    assert told.endswith(f"removed {tmp_path / DAMAGED} and {tmp_path / DAMAGED}-2.")
    assert (tmp_path / DAMAGED).read_text() == "{"
    for file in tmp_path.glob(f"{DAMAGED}*"):
        file.unlink()
    assert State(tmp_path).unfinished() == []
    assert not State(tmp_path).was_lost


def test_where_a_damaged_file_stays_it_is_named_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As on a disk that is read-only."""
    (tmp_path / NAME).write_text("{")

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(module, "put_aside", refuse)
    (told,) = State(tmp_path).unfinished()
    assert told.endswith(f"No set is removed until somebody has looked and removed {tmp_path / NAME}.")


@pytest.mark.parametrize(
    ("marks", "commands"),
    [
        (["", "energy", "energy"], [f"{DAY}T000000Z --bucket energy --swap"]),
        # What was made since it was damaged has no mark.
        (["", "energy", ""], [f"{DAY}T000000Z --bucket energy --swap"]),
        (["", "*", "*,energy"], [f"{DAY}T000000Z --all", f"{DAY}T000000Z --bucket energy --swap"]),
        (["", "energy", "*,energy"], [f"{DAY}T010000Z --all", f"{DAY}T000000Z --bucket energy --swap"]),
        (["energy", "energy"], []),
        (["", ""], []),
    ],
)
def test_what_the_sets_are_marked_with_names_the_command(tmp_path: Path, marks: list[str], commands: list[str]):
    for hour, mark in enumerate(marks):
        stamp = f"{DAY}T{hour:02}0000Z"
        unfinished = tuple(EVERYTHING if each == "*" else each for each in mark.split(",") if each)
        index = Index(stamp, "", "", datetime.now(UTC), is_full=True, shards=(), unfinished=unfinished)
        (tmp_path / stamp).mkdir()
        (tmp_path / stamp / "wattline.json").write_text(index.to_json())
    (tmp_path / NAME).write_text("{")
    (told,) = State(tmp_path).unfinished()
    assert told.split("`")[1::2] == [f"wattline-backup restore {command}" for command in commands]


def test_what_a_newer_one_wrote_is_neither_called_damaged_nor_touched(tmp_path: Path):
    (tmp_path / NAME).write_text('{"form": 2}')
    state = State(tmp_path)
    assert state.was_lost
    (told,) = state.unfinished()
    assert "damaged" not in told
    assert "was written by a newer wattline-backup" in told
    state.end("energy")
    with pytest.raises(FolderError, match="was written by a newer wattline-backup: upgrade this one"):
        state.note_offsite(STAMP, 1.0)
    assert (tmp_path / NAME).read_text() == '{"form": 2}'
    assert list(tmp_path.glob(f"{DAMAGED}*")) == []


def test_what_the_version_before_wrote_is_known(tmp_path: Path):
    known = {"sets": {STAMP: {"verified_s": 5.5, "verified_how": "files", "offsite_s": None}}, "proofs": {}}
    old = {"confirmed_sheet_s": None, "swaps": {"energy": STAMP}, "confirmed_sheet_number": "", "restoring": OTHER}
    (tmp_path / NAME).write_text(json.dumps({"form": 1, **known, **old}, indent=1) + "\n")
    begun = {"energy": Unfinished("", STAMP), EVERYTHING: Unfinished(OTHER, "")}
    assert State(tmp_path).begun == begun
    everything, _ = State(tmp_path).unfinished()
    assert (
        f"`wattline-backup restore {OTHER} --all` does it again. Which set has what was live before, if" in everything
    )
    State(tmp_path).note_offsite(OTHER, 1.0)
    assert State(tmp_path).begun == begun
    State(tmp_path).end(EVERYTHING)
    (swap,) = State(tmp_path).unfinished()
    assert f"`wattline-backup restore {STAMP} --bucket energy --swap` makes energy what it was." in swap
    State(tmp_path).end("energy")
    assert State(tmp_path).begun == {}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    state = State(tmp_path / "none")
    with pytest.raises(FolderError, match=r"state\.json cannot be written: No such file or directory\."):
        state.note_sheet(1.0, "0a1b2c3d")
