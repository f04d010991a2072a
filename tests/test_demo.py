"""``wattline demo``: the simulated house, the real reader as its child, and what is shown of it.

| fault                                             | test                                                  |
|---------------------------------------------------|-------------------------------------------------------|
| line protocol is not what `run` writes            | test_plain_prints_what_run_writes                     |
| without a terminal it draws, or prints nothing    | test_without_a_terminal_it_prints_a_line_a_second     |
| values are made up or rounded wrongly             | test_without_a_terminal_it_prints_a_line_a_second     |
| a seed does not give the same house               | test_the_seed_is_the_house                            |
| without rich it fails                             | test_without_rich_a_terminal_gets_lines               |
| `run` or the command line needs rich              | test_nothing_needs_rich_before_a_picture_is_drawn     |
| Ctrl-C leaves a traceback, a child, a torn screen | test_ctrl_c_ends_the_live_view_clean                  |
| a signal ends it with an error or leaves a child  | test_a_signal_ends_it_clean                           |
| its reader dies and it waits for ever             | test_a_reader_that_dies_ends_it_with_a_sentence       |
| whoever reads it leaves, and it complains         | test_it_ends_quietly_when_nobody_reads                |
| the picture is larger than the screen             | test_the_picture_fits_80_by_23                        |
| ... or the screen is smaller, and the columns run into each other | test_a_window_that_is_too_small_says_so |
| a lost second is drawn as zero                    | test_a_second_that_was_not_read_is_a_gap              |
| a value that was not read is shown as if it were  | test_a_value_that_was_not_read_is_a_dash              |
| nothing happens in the house                      | test_something_happens_within_the_first_minute        |
| wrong words are taken                             | test_wrong_words_are_refused_in_a_sentence            |
"""

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from line_protocol_parser import parse_line as independent_parse
from rich.console import Console

from wattline.cli import main
from wattline.commands.demo import look
from wattline.demo.moment import liveliest_s
from wattline.simulate.house import power_w
from wattline.watch import chart, view
from wattline.watch.state import State, parse_line
from wattline.words import parse_meters

Start = Callable[..., subprocess.Popen[str]]

WORD = "house=orno-we515@1"
DEMO = [sys.executable, "-m", "wattline", "demo"]
WITHOUT_RICH = [
    sys.executable,
    "-c",
    "import sys; sys.modules['rich'] = None; from wattline.cli import main; sys.exit(main())",
    "demo",
]
ROW = re.compile(
    r"\d\d:\d\d:\d\d +\d+\.\d\d V +\d+\.\d{3} A +\d+ W +\d+\.\d\d Hz  PF +\d\.\d{3} +(?:\d+\.\d\d|-) kWh", re.ASCII
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the demo with words, and ends it with the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str, command: list[str] = DEMO, **options) -> subprocess.Popen[str]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen([*command, *words], text=True, **(pipes | options)))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def reader_of(process: subprocess.Popen[str]) -> int:
    """The pid of the demo's child."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


# As a process.


def test_plain_prints_what_run_writes(start):
    output, complaints = start("--plain", "--seconds", "3").communicate(timeout=15)
    points = [independent_parse(line) for line in output.splitlines()]

    assert {point["measurement"] for point in points} == {"electricity", "wattline_meter", "wattline_bus"}
    seconds = [point["time"] for point in points if point["measurement"] == "electricity"]
    assert len(seconds) >= 2
    assert all(second % 1_000_000_000 == 0 for second in seconds)
    assert len(set(seconds)) == len(seconds)
    assert complaints == ""


def test_without_a_terminal_it_prints_a_line_a_second(start):
    process = start("--seconds", "3", "--load", "fixed")
    output, complaints = process.communicate(timeout=15)
    rows = output.splitlines()

    # A loaded machine may let the simulated meter answer too late once, which is told.
    assert process.returncode == 0
    assert [complaint for complaint in complaints.splitlines() if "No reply within" not in complaint] == []
    assert len(complaints.splitlines()) <= 1
    assert len(rows) >= 2
    for row in rows:
        assert ROW.fullmatch(row), row
        assert "  230.00 V    4.577 A    1000 W   50.00 Hz  PF  0.950  " in row


def test_the_seed_is_the_house(start):
    def energy(seed: str) -> str:
        return start("--seconds", "4", "--seed", seed).communicate(timeout=15)[0].split()[-2]

    assert energy("5") == energy("5") != energy("6")


def test_without_rich_a_terminal_gets_lines(start, terminal):
    process = start("--seconds", "2", command=WITHOUT_RICH, **terminal.options())
    terminal.wait_for(ROW.pattern)

    assert process.wait(timeout=10) == 0
    assert "\x1b" not in terminal.shown


def test_nothing_needs_rich_before_a_picture_is_drawn():
    program = (
        "import sys, wattline.cli; from wattline.commands import demo, probe, run, watch; print('rich' in sys.modules)"
    )

    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


def test_ctrl_c_ends_the_live_view_clean(start, terminal):
    def take_the_terminal() -> None:
        # Ctrl-C goes to those whose controlling terminal it is.
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = start(preexec_fn=take_the_terminal, **terminal.options())
    terminal.wait_for(r"energy.* kWh")
    reader = reader_of(process)
    os.write(terminal.master, b"\x03")
    terminal.wait_for(r"lines came from `wattline run`")

    assert process.wait(timeout=10) == 0
    assert not is_there(reader)
    assert terminal.shown.count("\x1b[?1049h") == terminal.shown.count("\x1b[?1049l") == 1
    assert terminal.shown.count("\x1b[?25l") == terminal.shown.count("\x1b[?25h") == 1
    assert "Traceback" not in terminal.shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [(), ("--plain",)])
def test_a_signal_ends_it_clean(start, words, number):
    process = start(*words)
    process.stdout.readline()
    reader = reader_of(process)
    process.send_signal(number)
    began_s = time.monotonic()
    _, complaints = process.communicate(timeout=10)

    assert (process.returncode, complaints) == (0, "")
    assert time.monotonic() - began_s < 3
    assert not is_there(reader)


def test_a_reader_that_dies_ends_it_with_a_sentence(start):
    process = start("--plain")
    process.stdout.readline()
    os.kill(reader_of(process), signal.SIGKILL)
    _, complaints = process.communicate(timeout=10)

    assert process.returncode == 1
    assert re.fullmatch(
        r"wattline: The reader, `wattline run /dev/pts/\d+ house=orno-we515@1 .*`, was killed by signal 9, and the demo with it\.\n",
        complaints,
    )


@pytest.mark.parametrize("words", [(), ("--plain",)])
def test_it_ends_quietly_when_nobody_reads(start, words):
    process = start(*words)
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None

    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seconds", "0"], "Argument --seconds: '0' must be a whole number of seconds, at least 1"),
        (["--seconds", "x"], "'x' must be a whole number of seconds"),
        (["--seconds", "1.5"], "'1.5' must be a whole number of seconds"),
        (["--seed", "x"], "Argument --seed: 'x' must be a whole number;"),
        (["--load", "sun"], "Argument --load: 'sun' must be one of house, solar, fixed, ramp, random;"),
        (["house=orno-we515@1"], "Unrecognized arguments: house=orno-we515@1"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(capsys, words, sentence):
    assert main(["demo", *words]) == 2

    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert complaint.count("\n") == 1


# What is shown.

READING = (
    "electricity,meter=house,role=grid apparent_power_va=341,current_a=1.47265625,energy_total_kwh=1979.359375,"
    "energy_total_t2_kwh=1200,energy_total_t3_kwh=779.359375,frequency_hz=50.0078125,power_factor=0.958984375,"
    "power_w=327,reactive_power_var=98,voltage_v=231.421875 {second}000000000"
)


@pytest.fixture
def state() -> State:
    return State.of(parse_meters([WORD]), "/dev/pts/7")


def drawn(state: State, columns: int = 80) -> list[str]:
    console = Console(file=StringIO(), width=columns, height=24, force_terminal=False)
    console.print(view.picture(state, look(0.0), columns, 24))
    return console.file.getvalue().splitlines()


def test_a_line_is_read_as_an_independent_parser_reads_it():
    line = READING.format(second=1_800_000_000)
    point, other = parse_line(line), independent_parse(line)

    assert (point.measurement, point.tags, point.fields, point.time_ns) == (
        other["measurement"],
        other["tags"],
        other["fields"],
        other["time"],
    )


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_picture_fits_80_by_23(state, columns):
    for second in range(300):
        state.take(READING.format(second=1_800_000_000 + second).replace("power_w=327", f"power_w={40 * second}"))
    (meter,) = state.meters
    meter.values |= {"power_w": -37_500, "energy_total_kwh": 999_999.99, "energy_total_t2_kwh": 999_999.99}
    state.complain("W! " + "a very long complaint " * 20)
    state.bus_health = {"busy_percent": 100.0, "missed_slots": 99_999}
    meter.health = {"round_trip_ms": 1234.5, "round_trip_max_ms": 1234.5, "requests": 9_999_999}
    lines = drawn(state, columns)

    assert len(lines) <= 24
    assert {len(line) for line in lines} == {min(columns, view.WIDEST_SINGLE)}
    for text in ("999999.99 kWh", "231.42 V", "9999999", "100.0 %", "1234.5 ms"):
        assert any(text in line for line in lines), text


def test_values_are_shown_with_units_at_the_meters_decimals(state):
    state.take(READING.format(second=1_800_000_000))
    picture = "\n".join(drawn(state))

    for text in ("231.42 V", "1.473 A", "50.01 Hz", "0.959", "341 VA", "98 var", "1979.36 kWh", "779.36 kWh"):
        assert text in picture
    assert all(line in picture for line in chart.large("327"))


def test_before_the_first_reading_there_is_a_picture_too(state):
    assert "waiting for the first reading" in "\n".join(drawn(state))


def test_a_value_that_was_not_read_is_a_dash(state):
    state.take(READING.format(second=1_800_000_000))
    state.take("electricity,meter=house,role=grid power_w=300 1800000001000000000")

    (meter,) = state.meters

    assert meter.text("voltage_v") == "- V"
    assert meter.text("energy_total_kwh") == "1979.36 kWh"


def test_a_second_that_was_not_read_is_a_gap(state):
    for second, watts in ((0, 500), (1, 500), (3, 0), (4, 500)):
        line = READING.format(second=1_800_000_000 + second)
        state.take(line.replace("power_w=327", f"power_w={watts}"))
    lowest = next(line for line in reversed(drawn(state)) if "█" in line)

    assert "██ ▁█" in lowest


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, "  "), (1.0, "▁ "), (8.0, "█ "), (12.0, "█▄"), (16.0, "██"), (99.0, "██"), (None, "  ")],
)
def test_a_bar_is_as_high_as_its_value(value, expected):
    low, high = chart.bars([value], 16, 2)[::-1]
    least = "▁ " if value == 0.0 else expected

    assert low + high == least


@pytest.mark.parametrize(
    ("value", "top"), [(0, 500), (500, 500), (501, 600), (2250, 2500), (3051, 4000), (9000, 10_000)]
)
def test_the_scale_ends_with_a_round_number_above_all_values(value, top):
    assert chart.round_top(value, 500) == pytest.approx(top)


def test_large_digits_have_one_width_and_differ():
    shapes = [tuple(chart.large(character)) for character in "0123456789- "]

    assert {len(line) for shape in shapes for line in shape} == {3}
    assert len(set(shapes)) == len(shapes)


@pytest.mark.parametrize("seed", range(12))
def test_something_happens_within_the_first_minute(seed):
    start_s = liveliest_s(seed)
    powers = [sum(power_w(seed, start_s + second).values()) for second in range(60)]

    assert max(powers) - min(powers) > 1000
