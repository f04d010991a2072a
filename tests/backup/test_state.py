"""What is known of sets beside them: ``state.json``.

| fault | test |
|---|---|
| what one process notes undoes what another noted | test_two_that_write_lose_nothing |
| a power cut leaves half a file | test_a_file_is_replaced_whole |
| a damaged file stops the backups | test_a_damaged_file_counts_as_none |
| ... or forgets without a word that a swap was cut off | test_a_damaged_file_is_kept_and_what_it_knew_is_missed |
| ... or an upgrade does | test_what_the_version_before_wrote_is_known |
| noting one thing forgets another | test_each_note_leaves_the_others |
| a full disk is a traceback | test_a_folder_that_cannot_be_written_is_told |
"""

import json
import threading
from pathlib import Path

import pytest

from wattline_backup import state as module
from wattline_backup.errors import FolderError
from wattline_backup.state import DAMAGED, NAME, Proof, SetState, State
from wattline_backup.unfinished import EVERYTHING, Unfinished

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


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 2}', '{"form": 1, "sets": {"a": {"b": 1}}, "proofs": {}}'])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture):
    (tmp_path / NAME).write_text(text)
    state = State(tmp_path)
    assert "the sets count as unverified" in caplog.text
    assert state.of(STAMP) == SetState()
    state.note_offsite(STAMP, 1.0)
    assert State(tmp_path).of(STAMP).offsite_s == 1.0


def test_a_damaged_file_is_kept_and_what_it_knew_is_missed(tmp_path: Path):
    """Of restores that were cut off, which nothing finds out again."""
    (tmp_path / NAME).write_text("{")
    for _ in range(2):
        (told,) = State(tmp_path).unfinished()
        assert "if there was one, is no longer known" in told
        assert told.endswith(f"No set is removed until somebody has looked and removed {tmp_path / DAMAGED}.")
        State(tmp_path).note_offsite(STAMP, 1.0)
    assert (tmp_path / DAMAGED).read_text() == "{"
    (tmp_path / DAMAGED).unlink()
    assert State(tmp_path).unfinished() == []


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
