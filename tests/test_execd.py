"""``wattline run`` as a process under Telegraf's ``inputs.execd``: pipes, signals, a log, and no end but a clean one.

| fault                                               | test                                                        |
|-----------------------------------------------------|-------------------------------------------------------------|
| the first sample is late, lines wait in a buffer    | test_a_sample_is_out_within_two_seconds_and_one_each_slot   |
| the end is missed or slow, or has no reason: idle   | test_it_ends_within_a_second_when_idle                      |
| ... while a meter is silent                         | test_it_ends_within_a_second_during_a_read                  |
| ... while the port is missing                       | test_it_ends_within_a_second_during_a_back_off              |
| ... while the pipe is full                          | test_it_ends_within_a_second_against_a_full_pipe            |
| stdin that says nothing, or is nothing              | test_newlines_on_stdin_mean_nothing, test_no_stdin_is_...   |
| the last word comes before the loop has ended       | test_the_loop_is_left_before_the_last_word                  |
| Telegraf does not read for a while                  | test_a_reader_that_pauses_neither_delays_nor_loses          |
| Telegraf does not read for long                     | test_too_many_waiting_lines_cost_the_oldest_and_are_counted |
| the last lines are lost                             | test_a_slow_reader_gets_every_line_that_was_written         |
| lines are neither written nor dropped               | test_what_is_stuck_in_a_full_pipe_is_counted_as_dropped     |
| the log is long, in pieces, or without a level      | test_each_log_line_is_one_short_line_with_its_level         |
| the log says the same each second                   | test_the_same_complaint_comes_once_a_minute_with_a_count    |
| ... or never the last time                          | test_what_was_held_back_is_told_though_nothing_else_...     |
| the log says less or more than asked                | test_the_log_level_is_kept                                  |
| nobody reads the log                                | test_a_full_log_does_not_stop_the_metering                  |
| a bug: in the loop, the output, the watch, at start | test_a_bug_is_one_short_line_and_exit_1                     |
| ... in another command                              | test_a_bug_in_another_command_is_one_short_line_too         |
| Ctrl-C, or a reader who left, is taken for a bug    | test_an_early_end_of_another_command_is_no_bug              |
| ... while the program is being loaded               | test_ctrl_c_before_all_is_loaded_is_a_quiet_end             |
| a disk that is full is an end like any other        | test_a_stdout_that_cannot_be_written_is_told_and_exit_1     |
| a meter is dead                                     | test_a_dead_meter_is_reported_every_ten_seconds             |
| the loop hangs                                      | test_a_loop_that_hangs_ends_its_process                     |
| ... is said of one that was stopped (SIGSTOP, a VM) | test_a_process_that_was_stopped_is_not_thought_to_hang      |
| the port is missing at the start                    | test_a_port_that_is_missing_at_the_start_is_waited_for      |
| the port is pulled out and comes back               | test_a_port_that_comes_back_is_read_again                   |
| the port belongs to someone else                    | test_a_port_in_use_names_its_holder                         |
"""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from waiting import until

METER = "house=orno-we515@1"
NS = 1_000_000_000
ELECTRICITY, METER_HEALTH, BUS_HEALTH = "electricity,", "wattline_meter,", "wattline_bus,"
# Meters that fill a small pipe within a slot, on a line that is quick enough for them.
CROWD = [f"meter{n}=orno-we515@{n},baud=115200" for n in range(1, 7)]
REPORT_EACH_SLOT = "from wattline import loop\nloop.REPORT_S = 0"

WAYS = {
    "the end of stdin": lambda program: program.end_stdin(),
    "SIGTERM": lambda program: program.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda program: program.process.send_signal(signal.SIGINT),
    "a broken pipe": lambda program: program.leave_stdout(),
}
REASONS = {
    "the end of stdin": "standard input has ended, which is how Telegraf ends a plugin",
    "SIGTERM": "SIGTERM came",
    "SIGINT": "SIGINT came",
    "a broken pipe": "nobody reads standard output any more",
}


def assert_ends(program, way):
    """``way`` ends it within a second, with exit 0, the reason and a last word."""
    began_s = time.monotonic()
    WAYS[way](program)
    assert program.wait(5) == 0, way
    assert time.monotonic() - began_s < 1.0, way
    *lines, last = program.stderr.to_the_end()
    assert f"I! Ending, since {REASONS[way]}." in lines, way
    assert re.fullmatch(r"I! Stopped: \d+ lines written, \d+ dropped\.", last), way


def written(program):
    """What the last log line says: lines written, lines dropped."""
    last = program.stderr.to_the_end()[-1]
    match = re.fullmatch(r"I! Stopped: (\d+) lines written, (\d+) dropped\.", last)
    assert match, last
    return int(match[1]), int(match[2])


def seconds(lines, parsed):
    """The stamps of the readings among ``lines``, in seconds."""
    return [parsed(line)["time"] // NS for line in lines if line.startswith(ELECTRICITY)]


# Lines.


def test_a_sample_is_out_within_two_seconds_and_one_each_slot(program, simulator, parsed):
    """The first reading comes within 2 s of the start, and each within the second whose stamp it carries."""
    run = program("run", simulator().port, METER)
    run.stdout.wait_for(ELECTRICITY, times=3)

    offset_s = time.time() - time.monotonic()
    came = [(at_s + offset_s, parsed(line)) for at_s, line in run.stdout.lines if line.startswith(ELECTRICITY)]
    first_s = next(at_s for at_s, line in run.stdout.lines if line.startswith(ELECTRICITY))
    assert first_s - run.started_s < 2.0
    assert [point["time"] // NS for _, point in came] == [came[0][1]["time"] // NS + n for n in range(len(came))]
    assert all(0 < at_s - point["time"] / NS < 1 for at_s, point in came)
    run.end_stdin()
    assert run.wait(5) == 0
    assert len([parsed(line) for line in run.stdout.to_the_end()]) == written(run)[0]


# The end.


def test_it_ends_within_a_second_when_idle(program, simulator):
    """Between two slots each of the four ways ends it."""
    runs = {way: program("run", simulator().port, METER) for way in WAYS}
    for way, run in runs.items():
        run.stdout.wait_for(ELECTRICITY)
        assert_ends(run, way)


def test_it_ends_within_a_second_during_a_read(program, simulator):
    """While it waits for a meter that does not answer each of the four ways ends it, also before any line was written."""
    meters = {way: simulator(faults="silence") for way in WAYS}
    runs = {way: program("run", meter.port, METER) for way, meter in meters.items()}
    for way, run in runs.items():
        asked = len(meters[way].truth)
        until(lambda: len(meters[way].truth) > asked)  # noqa: B023 (called at once)
        assert_ends(run, way)


def test_it_ends_within_a_second_during_a_back_off(program, tmp_path):
    """While the port is away each of the four ways ends it."""
    runs = {way: program("run", str(tmp_path / "ttyNone"), METER) for way in WAYS}
    for way, run in runs.items():
        run.stderr.wait_for("There is no")
        assert_ends(run, way)


def test_it_ends_within_a_second_against_a_full_pipe(program, simulator):
    """While nobody reads a full pipe each of the four ways ends it."""
    meters = {way: simulator(*CROWD, turnaround_ms=2, jitter_ms=0) for way in WAYS}
    runs = {way: program("run", meter.port, *CROWD, pipe_bytes=4096, read=False) for way, meter in meters.items()}
    for way, run in runs.items():
        # Two slots of six meters are more than a page.
        until(lambda: len({served.heard_wall_ns // NS for served in meters[way].truth}) > 2)  # noqa: B023 (called at once)
        assert_ends(run, way)


def test_newlines_on_stdin_mean_nothing(program, simulator):
    """Telegraf's ``signal = "STDIN"`` sends a newline now and then: metering goes on, and the end is still seen."""
    run = program("run", simulator().port, METER)
    run.stdout.wait_for(ELECTRICITY)
    run.process.stdin.write(b"\n" * 5000)
    run.stdout.wait_for(ELECTRICITY, times=2)
    assert_ends(run, "the end of stdin")


def test_the_loop_is_left_before_the_last_word(program, simulator):
    """What it still has to say and to write is not cut off."""
    patch = """
import time
from wattline import hold
# A loop that takes its time to end: that is the test.
hold.Hold.close = lambda self: (time.sleep(0.1), hold.LOG.warning("The loop has ended."))
"""
    run = program("run", simulator().port, METER, patch=patch, stdin=subprocess.DEVNULL)
    assert run.wait(3) == 0
    assert run.stderr.to_the_end()[-2] == "W! The loop has ended."


def test_no_stdin_is_the_end_of_stdin(program, simulator):
    """With /dev/null for stdin it ends at once, clean."""
    run = program("run", simulator().port, METER, stdin=subprocess.DEVNULL)
    assert run.wait(3) == 0
    assert written(run) == (0, 0)


# A reader that does not read.


def test_a_reader_that_pauses_neither_delays_nor_loses(program, simulator, parsed):
    """Slots go on while nobody reads, and afterwards every line comes, in order."""
    meter = simulator(*CROWD, turnaround_ms=2, jitter_ms=0)
    run = program("run", meter.port, *CROWD, patch=REPORT_EACH_SLOT, pipe_bytes=4096, read=False)
    until(lambda: len({served.heard_wall_ns // NS for served in meter.truth}) >= 4)

    run.read_slowly(65536, 0)
    run.stdout.wait_for(BUS_HEALTH, times=5)
    run.end_stdin()
    assert run.wait(5) == 0
    points = [parsed(line) for line in run.stdout.to_the_end()]
    reports = [point["fields"] for point in points if point["measurement"] == "wattline_bus"]
    assert [report["slots"] for report in reports] == list(range(1, len(reports) + 1))
    assert reports[-1]["missed_slots"] == 0
    assert max(report["lines_waiting"] for report in reports) > 0
    stamps = [point["time"] // NS for point in points]
    assert stamps == sorted(stamps)
    assert sorted(set(stamps)) == list(range(stamps[0], stamps[0] + len(reports)))
    assert len(points) == written(run)[0]


def test_too_many_waiting_lines_cost_the_oldest_and_are_counted(program, simulator, parsed):
    """A bounded number of lines waits; the oldest go first, are counted, and are complained of once."""
    patch = f"{REPORT_EACH_SLOT}\nfrom wattline import output\noutput.LINES_KEPT = 12"
    meter = simulator(*CROWD, turnaround_ms=2, jitter_ms=0)
    run = program("run", meter.port, *CROWD, patch=patch, pipe_bytes=4096, read=False)
    run.stderr.wait_for("Telegraf does not read", within_s=12)
    before = len({served.heard_wall_ns // NS for served in meter.truth})
    until(lambda: len({served.heard_wall_ns // NS for served in meter.truth}) >= before + 4)

    run.read_slowly(65536, 0)
    # A report that was made when nothing was dropped any more.
    reading_ns = time.time_ns() + NS
    until(lambda: [t for t in run.stdout.texts if t.startswith(BUS_HEALTH) and parsed(t)["time"] > reading_ns])
    run.end_stdin()
    assert run.wait(5) == 0
    points = [parsed(line) for line in run.stdout.to_the_end()]
    reports = [point["fields"] for point in points if point["measurement"] == "wattline_bus"]
    assert reports[-1]["lines_dropped"] > 0
    assert reports[-1]["missed_slots"] == 0
    assert reports[-1]["slots"] > len(reports)
    stamps = [point["time"] for point in points]
    assert stamps == sorted(stamps)
    lines_written, lines_dropped = written(run)
    assert lines_written == len(points)
    # What was dropped at the very end no report tells any more.
    assert reports[-1]["lines_dropped"] <= lines_dropped <= reports[-1]["lines_dropped"] + 13
    assert len([line for line in run.stderr.texts if "Telegraf does not read" in line]) == 1


COUNT_LINES = """
from wattline import output
put, count = output.Output.put, [0]
def counted(self, lines):
    count[0] += len(lines)
    put(self, lines)
output.Output.put = counted
close = output.Output.close
def closed(self):
    close(self)
    output.LOG.error("Put: %d.", count[0])
output.Output.close = closed
"""


def test_a_slow_reader_gets_every_line_that_was_written(program, simulator, parsed):
    """At the end a reader that is slow but reads gets all lines, down to the last."""
    meter = simulator(*CROWD, turnaround_ms=2, jitter_ms=0)
    run = program("run", meter.port, *CROWD, patch=REPORT_EACH_SLOT + COUNT_LINES, pipe_bytes=4096, read=False)
    until(lambda: len({served.heard_wall_ns // NS for served in meter.truth}) >= 3)

    run.read_slowly(1024, 0.005)
    run.end_stdin()
    assert run.wait(5) == 0
    points = [parsed(line) for line in run.stdout.to_the_end()]
    # Two slots, in each the health of six meters and of the bus, and the readings of those whose turn it was.
    assert len(points) >= 2 * 8
    assert run.stderr.wait_for("Put:") == f"E! Put: {len(points)}."
    assert written(run) == (len(points), 0)


def test_what_is_stuck_in_a_full_pipe_is_counted_as_dropped(program, simulator, parsed):
    """When nobody reads to the end, each line was either written or dropped, and the count says so."""
    meter = simulator(*CROWD, turnaround_ms=2, jitter_ms=0)
    run = program("run", meter.port, *CROWD, patch=REPORT_EACH_SLOT + COUNT_LINES, pipe_bytes=4096, read=False)
    until(lambda: len({served.heard_wall_ns // NS for served in meter.truth}) >= 3)

    run.process.terminate()
    assert run.wait(5) == 0
    run.read_slowly(65536, 0)
    points = [parsed(line) for line in run.stdout.to_the_end()]
    lines_written, lines_dropped = written(run)
    assert lines_written == len(points)
    assert run.stderr.wait_for("Put:") == f"E! Put: {lines_written + lines_dropped}."


# The log.


def test_each_log_line_is_one_short_line_with_its_level(program, simulator):
    """A line's level is its first three characters, and it is 1 KiB at most, newline included."""
    run = program("run", simulator(faults="silence").port, METER, "--log-level", "debug")
    run.stderr.wait_for("W! ")
    run.end_stdin()
    lines = run.stderr.to_the_end()
    assert len(lines) >= 3
    assert all(re.match("[EWID]! [^ ]", line) and len(line.encode()) < 1024 for line in lines)


def test_the_same_complaint_comes_once_a_minute_with_a_count(program, simulator):
    """A meter that is garbled second after second is complained of once; when the minute is over, with how often meanwhile."""
    meter = simulator(faults="crc")
    patient = program("run", meter.port, METER)
    hasty = program("run", simulator(faults="crc").port, METER, patch="from wattline import log\nlog.REPEAT_S = 2")

    again = hasty.stderr.wait_for("in the last minute")
    assert re.fullmatch(r"W! house: The reply .* wrong CRC .* \(again, [1-9]\d* times in the last minute\)", again)
    until(lambda: len({served.heard_wall_ns // NS for served in meter.truth}) >= 3)
    patient.end_stdin()
    assert len([line for line in patient.stderr.to_the_end() if "wrong CRC" in line]) == 1


def test_what_was_held_back_is_told_though_nothing_else_goes_wrong(program, simulator):
    """The last word comes when its minute is over."""
    patch = """
from wattline import log
log.REPEAT_S = 1
from wattline.commands import run
supervise = run._supervise
def complaining(*arguments):
    for number in range(2):
        log.LOG.error("It is odd: %d.", number)
    return supervise(*arguments)
run._supervise = complaining
"""
    run = program("run", simulator().port, METER, "--log-level", "error", patch=patch)
    run.stderr.wait_for("It is odd: 1.")


def test_the_log_level_is_kept(program, simulator, tmp_path):
    """At level error the complaints about a meter are not logged, those about the port are."""
    silent = simulator(faults="silence")
    quiet = program("run", silent.port, METER, "--log-level", "error")
    away = program("run", str(tmp_path / "ttyNone"), METER, "--log-level", "error")

    away.stderr.wait_for("E! There is no")
    until(lambda: len(silent.truth) >= 2)
    for run in (quiet, away):
        run.end_stdin()
        assert run.wait(5) == 0
    assert quiet.stderr.to_the_end() == []
    assert len(away.stderr.to_the_end()) == 1


def test_a_full_log_does_not_stop_the_metering(program, simulator):
    """When the pipe of stderr is full and nobody reads it, lines still flow, and the end is still clean."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    run = program(
        "run", simulator(faults="short=0.5").port, METER, "--log-level", "debug", patch=REPORT_EACH_SLOT, stderr=writer
    )
    run.stdout.wait_for(BUS_HEALTH, times=3)
    began_s = time.monotonic()
    run.end_stdin()
    assert run.wait(5) == 0
    assert time.monotonic() - began_s < 1.0
    os.close(reader)
    os.close(writer)


BUGS = {
    "the loop": "from wattline.bus.bus import Bus\nBus.poll = lambda self, slot: {}['a\\n' + 5000 * 'ä']",
    "the output": "from wattline.output import Output\nOutput._write = lambda self, *_: {}['a\\n' + 5000 * 'ä']",
    "the watch": "from wattline.commands import run\nrun._stdin_ended = lambda: {}['a\\n' + 5000 * 'ä']",
    "the start": "from wattline.commands import run\nrun.system_of = lambda _: {}['a\\n' + 5000 * 'ä']",
}


@pytest.mark.parametrize("place", BUGS)
def test_a_bug_is_one_short_line_and_exit_1(program, simulator, place):
    """A bug ends the process with exit 1, and the log has it on one line of 1 KiB at most, without a raw traceback."""
    run = program("run", simulator().port, METER, patch=BUGS[place])
    if place == "the watch":
        run.process.stdin.write(b"\n")
    assert run.wait(5) == 1
    lines = run.stderr.to_the_end()
    assert all(re.match("[EI]! ", line) and len(line.encode()) < 1024 for line in lines), lines
    (bug,) = [line for line in lines if line.startswith("E! ")]
    assert bug.startswith("E! This is a bug in wattline, please report it: ")


def test_a_bug_in_another_command_is_one_short_line_too(program):
    patch = "from wattline.commands import models\nmodels.library_of = lambda _: {}['a\\n' + 5000 * 'ä']"
    run = program("models", patch=patch)
    assert run.wait(5) == 1
    (line,) = run.stderr.to_the_end()
    assert line.startswith("wattline: This is a bug in wattline, please report it: KeyError: ")
    assert len(line.encode()) < 1024


INTERRUPTED = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupt:
    def find_spec(name, *_):
        if name == "{}":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupt)
runpy.run_module("wattline", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["wattline.cli", "wattline.commands.run", "wattline.bus.system"])
def test_ctrl_c_before_all_is_loaded_is_a_quiet_end(program, module):
    run = program("run", "/dev/ttyNone", METER, patch=INTERRUPTED.format(module))
    assert run.wait(5) == 0
    assert run.stderr.to_the_end() == []


@pytest.mark.parametrize("why", ["Ctrl-C", "a reader who left"])
def test_an_early_end_of_another_command_is_no_bug(program, why):
    """Nothing is said of it."""
    # Whoever was started in the background has inherited that Ctrl-C means nothing.
    interrupted = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from wattline.commands import models\nmodels.library_of = lambda _: signal.raise_signal(2)"
    )
    run = program("models", patch=interrupted if why == "Ctrl-C" else "", read=False)
    run.leave_stdout()
    assert run.wait(5) == (-signal.SIGINT if why == "Ctrl-C" else 0)
    assert run.stderr.to_the_end() == []


def test_a_stdout_that_cannot_be_written_is_told_and_exit_1(simulator):
    """A disk that is full is no reader who left."""
    words = [sys.executable, "-m", "wattline", "run", simulator().port, METER]
    pipe = subprocess.PIPE
    with (
        Path("/dev/full").open("wb") as full,
        subprocess.Popen(words, stdin=pipe, stdout=full, stderr=pipe, text=True) as run,
    ):
        assert run.wait(5) == 1
        lines = run.stderr.read().splitlines()
    assert [line[:3] for line in lines] == ["I! ", "E! ", "I! "]
    assert lines[1] == "E! Lines cannot be written to standard output: No space left on device."
    assert re.fullmatch(r"I! Stopped: 0 lines written, [1-9]\d* dropped\.", lines[2])


# What it reports of itself.


@pytest.mark.timeout(30)
def test_a_dead_meter_is_reported_every_ten_seconds(program, simulator, parsed):
    """With a meter that never answers the self-metrics come at the start and ten seconds later."""
    run = program("run", simulator(faults="silence").port, METER)
    run.stdout.wait_for(METER_HEALTH, times=2, within_s=14)
    run.stdout.wait_for(BUS_HEALTH, times=2, within_s=14)
    points = [parsed(line) for line in run.stdout.texts]
    for measurement, tags in (("wattline_meter", {"meter": "house", "model": "orno-we515"}), ("wattline_bus", None)):
        first, second = [point for point in points if point["measurement"] == measurement]
        assert second["time"] - first["time"] == 10 * NS
        assert tags is None or first["tags"] == tags
    health = [point["fields"] for point in points if point["measurement"] == "wattline_meter"][1]
    assert health["polls"] == 11
    assert health["timeouts"] == health["requests"] > 1
    assert health["replies"] == 0
    assert "round_trip_ms" not in health
    assert not [point for point in points if point["measurement"] == "electricity"]


def test_a_loop_that_hangs_ends_its_process(program, simulator):
    """A loop that has not turned for too long ends the process with exit 1 and a sentence, so that it is started anew."""
    patch = """
import threading
from wattline.commands import run
run.HUNG_S = 2
from wattline.bus.bus import Bus
Bus.poll = lambda self, slot: threading.Event().wait()
"""
    run = program("run", simulator().port, METER, patch=patch)
    assert run.wait(8) == 1
    assert run.stderr.to_the_end()[-1].startswith("E! The loop has not turned for 2 s;")


def test_a_loop_is_not_thought_to_hang_while_it_waits_for_its_slot(program, simulator):
    """However long the interval, a loop that only waits is alive."""
    patch = (
        "from wattline.commands import run\nrun.HUNG_S, run.WATCH_S = 1.5, 0.1\n"
        "from wattline import clock\nclock.LONGEST_WAIT_S = 0.3"
    )
    run = program("run", simulator().port, METER, "--interval", "1h", patch=patch)
    run.stdout.wait_for(ELECTRICITY)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(2.2)


@pytest.mark.parametrize("is_hung", [False, True], ids=["the loop turns", "the loop hangs"])
def test_a_process_that_was_stopped_is_not_thought_to_hang(program, simulator, is_hung):
    """Nobody turned meanwhile; the count begins anew, and a loop that then does not turn is still found."""
    patch = "from wattline.commands import run\nrun.HUNG_S, run.WATCH_S = 2.0, 0.1"
    if is_hung:
        patch += "\nimport threading\nfrom wattline.bus.bus import Bus\nBus.idle = lambda *_: threading.Event().wait()"
    run = program("run", simulator().port, METER, patch=patch)
    run.stdout.wait_for(ELECTRICITY)
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(3)  # as long as it was stopped: longer than HUNG_S
    run.process.send_signal(signal.SIGCONT)
    if is_hung:
        began_s = time.monotonic()
        assert run.wait(5) == 1
        assert time.monotonic() - began_s > 1.5
        assert run.stderr.to_the_end()[-1].startswith("E! The loop has not turned for 2 s;")
        return
    run.stdout.wait_for(ELECTRICITY, times=4)
    assert_ends(run, "the end of stdin")


# The port.


def test_a_port_that_is_missing_at_the_start_is_waited_for(program, simulator, tmp_path):
    """It stays up, says once that the port is missing, and meters when it appears."""
    link = tmp_path / "ttyMeter"
    run = program("run", str(link), METER)
    complaint = run.stderr.wait_for("E! ")
    assert complaint.startswith(f"E! There is no {link};")
    simulator(link=link)
    run.stdout.wait_for(ELECTRICITY)
    run.end_stdin()
    assert run.wait(5) == 0
    assert [line[:3] for line in run.stderr.to_the_end()] == ["I! ", "E! ", "I! ", "I! ", "I! "]
    assert f"{link}: The port is open again" in run.stderr.texts[2]


def test_a_port_that_comes_back_is_read_again(program, simulator, parsed, tmp_path):
    """An adapter that is pulled out and put back costs one line of log each way; the reopening is counted."""
    link = tmp_path / "ttyMeter"
    meter = simulator(link=link)
    run = program("run", str(link), METER, patch=REPORT_EACH_SLOT)
    run.stdout.wait_for(ELECTRICITY)
    assert parsed(run.stdout.wait_for(BUS_HEALTH))["fields"]["reopenings"] == 0

    meter.unplug()
    run.stderr.wait_for("E! ")
    away = len(run.stdout.texts)
    run.stdout.wait_for(BUS_HEALTH, times=len([t for t in run.stdout.texts if t.startswith(BUS_HEALTH)]) + 2)
    assert not [line for line in run.stdout.texts[away + 3 :] if line.startswith(ELECTRICITY)]
    meter.plug_in()
    run.stderr.wait_for("The port is open again")
    count = len([line for line in run.stdout.texts if line.startswith(ELECTRICITY)])
    run.stdout.wait_for(ELECTRICITY, times=count + 1)
    report = run.stdout.wait_for(BUS_HEALTH, times=len([t for t in run.stdout.texts if t.startswith(BUS_HEALTH)]) + 1)
    assert parsed(report)["fields"]["reopenings"] == 1
    run.end_stdin()
    assert run.wait(5) == 0
    assert len([line for line in run.stderr.to_the_end() if "The port is open again" in line]) == 1
    assert len([line for line in run.stderr.texts if line.startswith("E! ")]) == 1


def test_a_port_in_use_names_its_holder(program, simulator):
    """When another process has the port, the log names its pid and its command; metering begins when that has ended."""
    port = simulator().port
    holder = program("run", port, METER)
    holder.stdout.wait_for(ELECTRICITY)
    second = program("run", port, METER)
    complaint = second.stderr.wait_for("E! ")
    assert f"{port} is in use by process {holder.process.pid} ({sys.executable} -m wattline run {port}" in complaint
    holder.end_stdin()
    assert holder.wait(5) == 0
    second.stdout.wait_for(ELECTRICITY)
