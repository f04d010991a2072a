"""The thread that keeps the journal: it takes lines and never waits, and bears with whatever the disk does.

| fault | test |
|---|---|
| lines are not on the disk within ten seconds | test_what_came_is_written_as_one_record |
| ... or the end loses the last of them | test_the_end_writes_what_waits_and_says_why |
| a disk that is full, read-only or failing ends the metering | test_a_disk_that_refuses_turns_it_off_and_on_again |
| ... or is told each ten seconds, or without what to do | the same |
| ... or what was lost meanwhile is not counted | the same |
| ... or a journal that is on again is not told | the same |
| ... at the first write alone, or not at that | test_whatever_refuses_is_told |
| a folder that is taken away is not missed, or not made again | test_a_folder_that_was_removed_is_made_again |
| a folder that is missing is an error | test_a_folder_is_made |
| a file in its place is one | test_a_file_in_the_place_of_the_folder_turns_it_off |
| a disk that hangs holds the bus, or the end, or fills the memory | test_a_disk_that_hangs_holds_nobody |
| ... or nobody is told | the same |
| another process that has the folder is written over | test_another_process_has_it_until_it_ends |
| the note about the begin has the time of a wrong clock | test_the_begin_is_told_by_a_clock_that_is_believed |
| ... or, once it was set back, that of the time before | test_a_clock_that_was_set_back_begins_anew |
| what was lost cannot be told from what never was | test_what_was_lost_is_noted |
| ... where no line came, but notes | test_a_time_without_a_journal_is_noted_though_no_line_came |
| ... or what came while a record was written | test_what_came_while_a_record_was_written_is_among_what_was_lost |
| what a note says breaks its line | test_a_note_is_one_line_whatever_it_says |
| two ports share files | test_two_ports_have_a_folder_each |
"""

import errno
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from waiting import until, within
from wattline.journal import journal as module
from wattline.journal import notes, pace
from wattline.journal import writer as writer_module
from wattline.journal.files import folder_name
from wattline.journal.journal import Journal
from wattline.journal.limits import Limits
from wattline.journal.reader import files_in, folders_in, read
from wattline.journal.writer import Writer

NOW_S = 1_900_000_000
NS = 1_000_000_000
LINE = f"electricity,meter=house power_w=7 {NOW_S * NS}"
Start = Callable[..., Journal]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "port"


@pytest.fixture
def start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a journal whose ten seconds are 20 ms, and whose minute a tenth of a second."""
    monkeypatch.setattr(pace, "GROUP_S", 0.02)
    monkeypatch.setattr(module, "AGAIN_S", 0.1)
    started: list[tuple[Journal, threading.Thread]] = []

    def begin(place: Path = folder, **options: object) -> Journal:
        options = {"wall_ns": lambda: NOW_S * NS + NS // 2, **options}
        journal = Journal(place, lambda at: notes.began("1", at, "p", {"house": 1}, 1), Limits(), **options)
        thread = threading.Thread(target=journal.run)
        thread.start()
        started.append((journal, thread))
        return journal

    yield begin
    for journal, thread in started:
        journal.end("of the test")
        thread.join()


def lines_in(folder: Path) -> list[str]:
    return (
        [line for path in files_in(folder) for record in read(path) for line in record.lines] if folder.exists() else []
    )


def points_in(folder: Path) -> list[str]:
    return [line for line in lines_in(folder) if not notes.is_note(line)]


def notes_in(folder: Path) -> list[dict]:
    return [note for line in lines_in(folder) if (note := notes.of_line(line))]


def test_what_came_is_written_as_one_record(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "GROUP_S", 0.3)
    journal = start()
    for _ in range(10):
        journal.put([LINE])
    until(lambda: points_in(folder))
    (path,) = files_in(folder)
    (record,) = read(path)
    assert record.lines[1:] == [LINE] * 10
    until(lambda: journal.health()["journal_lines"] == 10)
    assert journal.health()["journal_on"] == 1


def test_the_end_writes_what_waits_and_says_why(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "GROUP_S", 30)
    journal = start()
    journal.put([LINE])
    journal.end("SIGTERM came")
    with within(2):
        journal.wait()
    began, *_, ended = notes_in(folder)
    assert began == {"began": "1", "at": NOW_S, "port": "p", "meters": {"house": 1}, "interval_s": 1}
    assert ended == {"ended": "SIGTERM came", "at": NOW_S}
    assert points_in(folder) == [LINE]


REFUSALS = [
    (errno.ENOSPC, "Make room"),
    (errno.EROFS, "read-only"),
    (errno.EIO, "fails"),
    (errno.EACCES, "Let the user"),
    (errno.ENODEV, "Look at the disk"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_disk_that_refuses_turns_it_off_and_on_again(
    start: Start,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    refusal: tuple[int, str],
) -> None:
    number, advice = refusal
    caplog.set_level(logging.INFO)
    journal = start()
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    refuses, real = True, os.pwrite

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if refuses:
            raise OSError(number, os.strerror(number))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    journal.put([LINE] * 3)
    until(lambda: journal.health()["journal_on"] == 0)
    journal.put([LINE] * 4)
    assert journal.lost == 7
    threading.Event().wait(0.3)  # time for several attempts: that none is told is the test
    refuses = False
    until(lambda: journal.health()["journal_on"] == 1)
    journal.put([LINE] * 2)
    until(lambda: journal.lines == 3)
    off, on = caplog.messages
    assert os.strerror(number) in off
    assert advice in off
    assert "tried again each minute" in off
    assert "is on again" in on
    assert points_in(folder) == [LINE] * 3
    assert {"at": NOW_S, "lost": 7, "since": NOW_S} in notes_in(folder)


@pytest.mark.parametrize("call", ["fdatasync", "fsync", "open", "mkdir", "rename", "unlink", "pwrite", "fstat"])
def test_whatever_refuses_is_told(
    start: Start, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Of all that is asked of the disk; the thread lives, and goes on when it is well."""
    refuses, real = True, getattr(os, call)

    def refusing(*words: object, **options: object) -> object:
        if refuses:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*words, **options)

    # What is too much is deleted, so that this is asked of the disk as well.
    if call == "unlink":
        folder.mkdir(parents=True)
        for number in range(2000):
            (folder / f"{number + 1:08}.journal").touch()
    monkeypatch.setattr(os, call, refusing)
    journal = start()
    journal.put([LINE])
    until(lambda: journal.health()["journal_on"] == 0)
    refuses = False
    until(lambda: journal.health()["journal_on"] == 1)
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    assert len([message for message in caplog.messages if "is off" in message]) == 1
    assert journal.lost == 1


def test_a_folder_that_was_removed_is_made_again(start: Start, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = start()
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    shutil.rmtree(folder.parent)
    journal.put([LINE])
    until(lambda: journal.lost == 1)
    until(lambda: journal.health()["journal_on"] == 1)
    journal.put([LINE])
    until(lambda: journal.lines == 2)
    assert points_in(folder) == [LINE]
    assert "No such file" in caplog.text


def test_a_folder_is_made(start: Start, tmp_path: Path) -> None:
    place = tmp_path / "some" / "where" / "else"
    journal = start(place)
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    assert points_in(place) == [LINE]


def test_a_file_in_the_place_of_the_folder_turns_it_off(
    start: Start, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.write_text("not ours")
    journal = start()
    until(lambda: "remove it, or name another folder" in caplog.text)
    assert journal.health()["journal_on"] == 0
    assert folder.read_text() == "not ours"
    folder.unlink()
    until(lambda: journal.health()["journal_on"] == 1)


def test_a_disk_that_hangs_holds_nobody(
    start: Start, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither who puts lines nor who ends; of what waits the newest is kept, and what is lost is counted."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "HUNG_S", 0.1)
    monkeypatch.setattr(module, "LEAVE_S", 0.2)
    monkeypatch.setattr(module, "LINES_KEPT", 100)
    goes_on, real = threading.Event(), os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: (goes_on.wait(), real(descriptor))[1])
    journal = start()
    journal.put([LINE])
    until(lambda: journal.health()["journal_on"] == 0)
    assert "the disk has not taken" in caplog.text
    with within(1):
        for _ in range(1000):
            journal.put([LINE])
        journal.wait()
    assert "has not taken the last lines" in caplog.text
    assert journal.lost == 900
    goes_on.set()
    until(lambda: journal.lines == 101)
    assert journal.health()["journal_on"] == 1
    assert caplog.messages[-1].startswith(f"The journal in {folder} is on again")


def test_another_process_has_it_until_it_ends(
    start: Start, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "HAND_OVER_S", 0.1)
    other = Writer(folder, lambda: "#{}", Limits(), lambda: NOW_S)
    journal = start()
    until(lambda: "Another process" in caplog.text)
    assert journal.health()["journal_on"] == 0
    other.commit([LINE])
    other.close()
    until(lambda: journal.health()["journal_on"] == 1)
    assert points_in(folder) == [LINE]


def test_the_begin_is_told_by_a_clock_that_is_believed(start: Start, folder: Path) -> None:
    """A Pi that thinks it is 2020 says so once; from the next file on it is told right."""
    believed = False
    uptime_s = 100.0
    journal = start(
        believes=lambda: believed,
        wall_ns=lambda: (NOW_S + round(uptime_s) - 100 if believed else 10**9) * NS,
        monotonic=lambda: uptime_s,
    )
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    believed, uptime_s = True, 150.0
    shutil.rmtree(folder)
    journal.put([LINE])
    until(lambda: journal.lost == 1)
    uptime_s = 200.0
    journal.put([LINE])
    until(lambda: journal.health()["journal_on"] == 1)
    uptime_s = 250.0
    journal.put([LINE])
    until(lambda: journal.lines == 2)
    began = [note for note in notes_in(folder) if "began" in note]
    assert [(note["at"], note.get("believed", True)) for note in began] == [(NOW_S, True)]


def test_a_clock_that_was_set_back_begins_anew(start: Start, folder: Path) -> None:
    """What follows may be of a time in which no process had begun; the next file says so as well."""
    journal = start()
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    journal.note_set_back(NOW_S - 3600)
    journal.put([LINE])
    until(lambda: journal.lines == 2)
    assert [note["at"] for note in notes_in(folder) if "began" in note] == [NOW_S, NOW_S - 3600]
    shutil.rmtree(folder)
    journal.put([LINE])
    until(lambda: journal.lost == 1)
    until(lambda: journal.health()["journal_on"] == 1)
    journal.put([LINE])
    until(lambda: journal.lines == 3)
    assert [note["at"] for note in notes_in(folder) if "began" in note] == [NOW_S - 3600]


def test_what_was_lost_is_noted(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are no lines; who sums up sees how many lines are missing, and roughly when."""
    monkeypatch.setattr(module, "LINES_KEPT", 5)
    monkeypatch.setattr(pace, "GROUP_S", 0.2)
    journal = start()
    journal.put([LINE] * 9 + ['#{"at":1,"absent":{"house":"silent"}}'])
    until(lambda: points_in(folder))
    assert [note["lost"] for note in notes_in(folder) if "lost" in note] == [5]
    assert journal.health()["journal_lines_lost"] == 5


def test_a_time_without_a_journal_is_noted_though_no_line_came(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead meter gives notes alone; those of the time in which it was off are missing as well. The clock goes on."""
    uptime_s, refuses, real = 0.0, False, os.pwrite

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if refuses:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    journal = start(wall_ns=lambda: NOW_S * NS + round(uptime_s * NS), monotonic=lambda: uptime_s)
    journal.put([LINE])
    until(lambda: journal.lines == 1)
    threading.Event().wait(0.1)  # some more turns, in which nothing comes and all is kept
    uptime_s, refuses = 50.0, True
    journal.put(["#{}"])
    until(lambda: journal.health()["journal_on"] == 0)
    uptime_s, refuses = 150.0, False
    until(lambda: journal.health()["journal_on"] == 1)
    (note,) = [note for note in notes_in(folder) if "lost" in note]
    assert note == {"at": NOW_S + 150, "lost": 0, "since": NOW_S}


def test_what_came_while_a_record_was_written_is_among_what_was_lost(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card takes five seconds for a record, and then no more: what came in these five is lost with the rest."""
    wall_s, commit, turns = NOW_S, Writer.commit, iter(["slow", "refused"])

    def commit_slowly(itself: Writer, lines: list[str]) -> None:
        nonlocal wall_s
        turn = next(turns, "")
        if turn == "refused":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        commit(itself, lines)
        if turn == "slow":
            wall_s += 5
            journal.put([LINE])

    monkeypatch.setattr(Writer, "commit", commit_slowly)
    journal = start(wall_ns=lambda: wall_s * NS)
    journal.put([LINE])
    until(lambda: any("lost" in note for note in notes_in(folder)))
    (note,) = [note for note in notes_in(folder) if "lost" in note]
    assert note == {"at": NOW_S + 5, "lost": 1, "since": NOW_S}


def test_two_ports_have_a_folder_each(start: Start, tmp_path: Path) -> None:
    for port in ("/dev/ttyUSB0", "/dev/ttyUSB1"):
        journal = start(tmp_path / folder_name(port))
        journal.put([LINE])
    until(lambda: len(folders_in(tmp_path)) == 2)
    until(lambda: all(points_in(folder) == [LINE] for folder in folders_in(tmp_path)))


@pytest.mark.parametrize("text", ['quo"te', "new\nline", "µ\\", "\ud800"])
def test_a_note_is_one_line_whatever_it_says(text: str) -> None:
    line = notes.ended(text, {"at": 1})
    assert "\n" not in line
    assert notes.of_line(line) == {"ended": text, "at": 1}
    assert json.loads(line.removeprefix("#"))["at"] == 1
