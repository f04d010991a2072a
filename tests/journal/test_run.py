"""``wattline run --journal`` as a process, and ``wattline journal``, which reads what it kept.

| fault | test |
|---|---|
| an end that is asked for loses lines | test_each_end_keeps_every_line |
| ... or takes longer than without a journal | the same |
| kill -9 loses what was on the disk | test_a_kill_costs_what_was_not_written_yet |
| ... or the next start loses it, or tells a torn tail that there is not | the same |
| a disk that is too small ends the metering, or costs Telegraf a line | test_a_disk_that_is_too_small_costs_the_journal_alone |
| a disk that hangs holds the end | test_a_disk_that_hangs_does_not_hold_the_end |
| a bug of the journal ends the metering | test_a_bug_in_the_journal_costs_the_journal_alone |
| two ports in one folder mix their lines | test_two_ports_share_a_folder |
| a meter that does not answer is not noted | test_what_did_not_come_is_noted |
| ... or when a meter with an interval of its own is due | test_when_a_meter_is_due_is_noted |
| words that cannot be are taken | test_words_that_cannot_be_are_refused |
| who keeps no journal pays for it | test_without_a_journal_nothing_of_it_is_loaded |
| what is printed is no line protocol, or not what was kept | test_a_journal_is_printed_as_line_protocol |
| ... or the sum is wrong | test_a_journal_is_summed_up |
| ... or a file that was dropped meanwhile ends it | test_a_file_that_was_dropped_meanwhile_is_none |
| a journal that is not there is a trace | test_what_is_no_journal_is_one_sentence |
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from waiting import until
from wattline import cli
from wattline.journal import notes
from wattline.journal.files import FILE_BYTES
from wattline.journal.limits import Limits
from wattline.journal.reader import files_in, folders_in, read
from wattline.journal.summary import summary
from wattline.journal.writer import Writer

HOUSE, ROOF = "house=orno-we515@1", "roof=orno-we514@2"
EACH_SECOND = "from wattline.journal import journal, pace\npace.GROUP_S = 1"
LINE = "electricity,meter=house power_w={0} {0}000000000"


def lines_in(directory: Path) -> list[str]:
    return [
        line for folder in folders_in(directory) for path in files_in(folder) for r in read(path) for line in r.lines
    ]


def points_in(directory: Path) -> list[str]:
    return [line for line in lines_in(directory) if not notes.is_note(line)]


def notes_in(directory: Path) -> list[dict]:
    return [note for line in lines_in(directory) if (note := notes.of_line(line))]


@pytest.mark.parametrize("way", ["the end of stdin", "SIGTERM", "a broken pipe"])
def test_each_end_keeps_every_line(program, simulator, tmp_path: Path, way: str) -> None:
    run = program("run", "--journal", str(tmp_path / "j"), simulator().port, HOUSE)
    run.stdout.wait_for("electricity,", times=3)
    seen = run.stdout.texts
    began_s = time.monotonic()
    {"the end of stdin": run.end_stdin, "SIGTERM": run.process.terminate, "a broken pipe": run.leave_stdout}[way]()
    assert run.wait(5) == 0
    assert time.monotonic() - began_s < 1.5
    kept = points_in(tmp_path / "j")
    assert kept[: len(seen)] == seen
    if way != "a broken pipe":
        assert kept == run.stdout.to_the_end()
    began, *_, ended = notes_in(tmp_path / "j")
    assert (began["meters"], began["interval_s"]) == ({"house": 1}, 1)
    assert way in ended["ended"] or "standard" in ended["ended"]


def test_when_a_meter_is_due_is_noted(program, simulator, tmp_path: Path) -> None:
    run = program("run", "--journal", str(tmp_path), simulator().port, HOUSE, f"{ROOF},interval=10s")
    run.stdout.wait_for("electricity,")
    run.end_stdin()
    run.wait(5)
    began = notes_in(tmp_path)[0]
    assert (began["meters"], began["offsets"]) == ({"house": 1, "roof": 10}, {"roof": 5})


def test_a_kill_costs_what_was_not_written_yet(program, simulator, tmp_path: Path) -> None:
    meter = simulator()
    words = ("run", "--journal", str(tmp_path), meter.port, HOUSE)
    seen: list[str] = []
    for _ in range(3):
        run = program(*words, patch=EACH_SECOND)
        run.stdout.wait_for("electricity,", times=4, within_s=12)
        run.process.send_signal(signal.SIGKILL)
        run.wait(5)
        lines = run.stdout.to_the_end()
        kept = points_in(tmp_path)[len(seen) :]
        assert kept == lines[: len(kept)]
        # A second of readings, with their self-metrics, and what came while the record was written.
        assert len([line for line in lines if line.startswith("electricity,")]) - len(
            [line for line in kept if line.startswith("electricity,")]
        ) in (0, 1, 2)
        assert not any("cut off" in line for line in run.stderr.texts)
        seen += kept
    assert len([note for note in notes_in(tmp_path) if "began" in note]) == 3
    assert len(list(tmp_path.rglob("*.journal"))) == 1


def test_a_disk_that_is_too_small_costs_the_journal_alone(program, simulator, tmp_path: Path, parsed) -> None:
    """By a real limit on the size of files; once it is lifted, the journal is on again."""
    patch = f"""
{EACH_SECOND}
journal.AGAIN_S = 2
import resource, threading
from wattline import loop
loop.REPORT_S = 0
resource.setrlimit(resource.RLIMIT_FSIZE, ({FILE_BYTES // 2}, resource.RLIM_INFINITY))
threading.Timer(4, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))).start()
"""
    run = program("run", "--journal", str(tmp_path), simulator().port, HOUSE, patch=patch)
    run.stderr.wait_for("is on again", within_s=14)
    until(lambda: "journal_on=1" in [line for line in run.stdout.texts if line.startswith("wattline_bus,")][-1])
    run.end_stdin()
    assert run.wait(5) == 0
    (off,) = [line for line in run.stderr.texts if "is off" in line]
    assert off.startswith("W! The journal in ")
    assert "File too large" in off
    lines = run.stdout.to_the_end()
    seconds = [parsed(line)["time"] // 10**9 for line in lines if line.startswith("electricity,")]
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))
    kept = points_in(tmp_path)
    assert kept == lines[len(lines) - len(kept) :]
    (lost,) = [note["lost"] for note in notes_in(tmp_path) if "lost" in note]
    assert lost == len(lines) - len(kept)
    states = [parsed(line)["fields"]["journal_on"] for line in lines if line.startswith("wattline_bus,")]
    assert set(states) == {0, 1}
    assert states[-1] == 1


def test_a_disk_that_hangs_does_not_hold_the_end(program, simulator, tmp_path: Path) -> None:
    patch = f"""
{EACH_SECOND}
journal.LEAVE_S = 0.5
import os, threading
os.fdatasync = lambda descriptor: threading.Event().wait()
"""
    run = program("run", "--journal", str(tmp_path), simulator().port, HOUSE, patch=patch)
    run.stdout.wait_for("electricity,", times=4)
    run.end_stdin()
    assert run.wait(2) == 0
    assert "W! The journal in" in run.stderr.to_the_end()[-2]


def test_a_bug_in_the_journal_costs_the_journal_alone(program, simulator, tmp_path: Path) -> None:
    patch = f"""
{EACH_SECOND}
from wattline import loop
loop.REPORT_S = 0
journal.Writer.commit = lambda self, lines: 1 / 0
"""
    run = program("run", "--journal", str(tmp_path), simulator().port, HOUSE, patch=patch)
    run.stderr.wait_for("This is a bug in wattline")
    run.stdout.wait_for("journal_on=0", times=3)
    run.end_stdin()
    assert run.wait(3) == 0


def test_two_ports_share_a_folder(program, simulator, tmp_path: Path) -> None:
    ports = [simulator().port, simulator().port]
    runs = [program("run", "--journal", str(tmp_path), port, HOUSE) for port in ports]
    for run in runs:
        run.stdout.wait_for("electricity,", times=2)
        run.end_stdin()
        assert run.wait(5) == 0
    told = {tuple(points_in(folder)) for folder in folders_in(tmp_path)}
    assert told == {tuple(run.stdout.to_the_end()) for run in runs}


def test_what_did_not_come_is_noted(program, simulator, tmp_path: Path) -> None:
    run = program("run", "--journal", str(tmp_path), simulator(HOUSE).port, HOUSE, ROOF)
    run.stdout.wait_for("meter=house,role", times=4)
    run.end_stdin()
    assert run.wait(5) == 0
    seconds = [int(line[-19:-9]) for line in points_in(tmp_path) if line.startswith("electricity,")]
    absent = {note["at"]: note["absent"] for note in notes_in(tmp_path) if "absent" in note}
    assert {second: "roof" in absent.get(second, {}) for second in seconds} == dict.fromkeys(seconds, True)
    assert {of["roof"] for of in absent.values()} <= {"silent", "busy"}
    assert "silent" in absent[seconds[-1]].values()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--journal", "FILE"], "must be a folder"),
        (["--journal", "FILE/below"], "must be a folder"),
        (["--journal", ""], "must be a folder"),
        (["--journal-days", "0"], "--journal-days '0' must be whole days, 1 to"),
        (["--journal-days", "-1"], "must be whole days"),
        (["--journal-days", "1.5"], "must be whole days"),
        (["--journal-days", "99999999999999999999"], "must be whole days"),
        (["--journal-mb", "0"], "--journal-mb '0' must be whole megabytes, 1 to"),
        (["--journal-mb", "lots"], "must be whole megabytes"),
        (["--journal-days", "7"], "--journal-days is about a journal, and none is kept"),
        (["--journal-mb", "7"], "--journal-mb is about a journal, and none is kept"),
    ],
)
def test_words_that_cannot_be_are_refused(capsys, tmp_path: Path, words: list[str], sentence: str) -> None:
    file = tmp_path / "file"
    file.touch()
    words = [word.replace("FILE", str(file)) for word in words]
    assert cli.main(["run", *words, "/dev/ttyNone", HOUSE]) == cli.WORDS_WRONG
    assert sentence in capsys.readouterr().err


def test_without_a_journal_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys\nfrom wattline.commands import run\nfrom wattline.cli import parser_of\nparser_of('run')\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('wattline.journal', 'json', 'mmap'))))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.split() == ["wattline.journal", "wattline.journal.limits", "wattline.journal.words"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A journal of two ports, one of them with a torn record."""
    for port in ("p", "q"):
        head = notes.began("1", {"at": 100}, port, {"house": 1}, 1)
        writer = Writer(tmp_path / port, lambda: head, Limits(), lambda: None)  # noqa: B023 (called at once)
        for second in range(100, 103):
            writer.commit([LINE.format(second)])
        writer.close()
    (path,) = files_in(tmp_path / "q")
    data = bytearray(path.read_bytes())
    data[1024:1034] = b"x" * 10
    path.write_bytes(data)
    return tmp_path


def test_a_journal_is_printed_as_line_protocol(capsys, kept: Path, parsed: Callable[[str], dict]) -> None:
    assert cli.main(["journal", str(kept)]) == cli.DONE
    lines = capsys.readouterr().out.splitlines()
    assert lines == lines_in(kept)
    assert len([parsed(line) for line in lines if not line.startswith("#")]) == 5
    assert cli.main(["journal", str(kept / "p")]) == cli.DONE
    assert capsys.readouterr().out.splitlines() == lines[:4]


def test_a_journal_is_summed_up(capsys, kept: Path) -> None:
    assert cli.main(["journal", "--json", str(kept)]) == cli.DONE
    one, other = json.loads(capsys.readouterr().out)
    same = {"files": 1, "bytes": FILE_BYTES, "notes": 1, "first_s": 100}
    assert one == {"folder": str(kept / "p"), "port": "p", "lines": 3, "last_s": 102, "torn_bytes": 0, **same}
    assert other["lines"] == 2
    assert other["torn_bytes"] > 0


def test_a_file_that_was_dropped_meanwhile_is_none(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "wattline.journal.summary.files_in", lambda folder: [folder / "00000000.journal", *files_in(folder)]
    )
    assert (summary(kept / "p")["files"], summary(kept / "p")["bytes"]) == (1, FILE_BYTES)


@pytest.mark.parametrize("name", ["nothing", "empty", "file"])
def test_what_is_no_journal_is_one_sentence(capsys, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert cli.main(["journal", str(tmp_path / name)]) == cli.WORLD_SAID_NO
    assert "journal in" in capsys.readouterr().err
