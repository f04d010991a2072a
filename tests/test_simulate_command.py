"""``wattline simulate`` as a process: what it prints, how it ends, and which words it refuses.

| fault                                        | test                                             |
|----------------------------------------------|--------------------------------------------------|
| the port is printed late, or not flushed     | test_it_prints_the_port_and_a_command_to_read_it |
| ... or the command does not work as printed  | test_the_command_that_it_prints_reads_it, test_it_is_called_by_its_name_where_that_finds_it |
| it dies with its standard input              | test_it_does_not_need_standard_input             |
| a signal leaves the link or a traceback      | test_a_signal_ends_it_clean                      |
| it spends the processor while nobody asks    | test_it_sleeps_while_nobody_asks                 |
| wrong words are taken or explained badly     | test_wrong_words_are_refused_in_a_sentence       |
| help and grammar drift apart                 | test_help_tells_every_fault                      |
| a load or a kind of gap is not what it says  | test_the_sun_shines, test_gaps_are_as_asked_for  |
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient

from wattline import program
from wattline.cli import main
from wattline.simulate.faults import parse_script

BY_PLACE = "(a meter without a name is called by its place: meter1, meter2, ...).\n"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts ``wattline simulate`` with words, and ends it with the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: str, **options) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "wattline", "simulate", *words]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, text=True, **(pipes | options)))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def read_registers(port: str, first: int, count: int) -> list[int]:
    """Empty where they were refused."""
    client = ModbusTcpClient("127.0.0.1", port=int(port.rpartition(":")[2]), framer=FramerType.RTU, timeout=2)
    client.connect()
    try:
        return client.read_holding_registers(first, count=count, device_id=1).registers
    finally:
        client.close()


def read_power(port: str) -> int:
    return read_registers(port, 0x140, 2)[1]


def test_it_prints_the_port_and_a_command_to_read_it(start, tmp_path):
    link = tmp_path / "ttyMeter"
    process = start("--link", str(link), "orno-we515@1", "kitchen=orno-we514@2,baud=2400")

    assert process.stdout.readline() == f"{link}\n"
    assert link.is_char_device()
    words = f"read {link} meter1=orno-we515@1 kitchen=orno-we514@2,baud=2400"
    assert process.stdout.readline() == f"{sys.executable} -m wattline {words}\n"


def test_the_command_that_it_prints_reads_it(start):
    process = start("--load", "fixed", "orno-we515@1,baud=115200")
    process.stdout.readline()
    command = ["sh", "-c", process.stdout.readline()]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert " 1000 W\n" in result.stdout


@pytest.mark.parametrize(
    ("is_on_path", "expected"), [(True, "wattline read x"), (False, "'{folder}/a prefix/bin/wattline' read x")]
)
def test_it_is_called_by_its_name_where_that_finds_it(monkeypatch, tmp_path, is_on_path, expected):
    """As installed: a link to a script, and perhaps one more link on the path."""
    script, link, short = (tmp_path / name for name in ("script", "a prefix/bin/wattline", "bin/wattline"))
    link.parent.mkdir(parents=True)
    short.parent.mkdir()
    script.touch(0o755)
    link.symlink_to(script)
    short.symlink_to(link if is_on_path else "/bin/true")
    monkeypatch.setenv("PATH", str(short.parent))
    monkeypatch.setattr(sys, "argv", [str(link)])

    assert program.called("read", "x") == expected.format(folder=tmp_path)


def test_without_a_link_it_names_the_pseudo_terminal(start):
    assert start("orno-we515@1").stdout.readline().startswith("/dev/pts/")


def test_over_tcp_it_names_the_port_that_it_got(start):
    port = start("--tcp", "127.0.0.1:0", "--load", "fixed", "orno-we515@1").stdout.readline().strip()

    assert port.startswith("socket://127.0.0.1:")
    assert not port.endswith(":0")
    assert read_power(port) == 1000


@pytest.mark.parametrize(
    ("words", "registers"),
    [((), []), (("--gaps", "zero"), [5000, 23000, 0, 0, 0]), (("--gaps", "shift"), [23000, 0, 0, 0, 0])],
)
def test_gaps_are_as_asked_for(start, words, registers):
    """The OR-WE-515 has nothing at 0x0134."""
    process = start("--tcp", "127.0.0.1:0", "--load", "fixed", *words, "orno-we515@1")

    assert read_registers(process.stdout.readline().strip(), 0x130, 5) == registers


def test_the_sun_shines_on_a_solar_house(start, monkeypatch):
    """In a place where it is one o'clock now."""
    monkeypatch.setenv("TZ", f"NOON{(time.gmtime().tm_hour - 13 + 12) % 24 - 12:+d}")
    process = start("--tcp", "127.0.0.1:0", "--load", "solar", "all=orno-we515@1", "panels=orno-we515@2")
    port = process.stdout.readline().strip()
    client = ModbusTcpClient("127.0.0.1", port=int(port.rpartition(":")[2]), framer=FramerType.RTU, timeout=2)
    client.connect()
    try:
        high, low = client.read_holding_registers(0x140, count=2, device_id=2).registers
    finally:
        client.close()

    assert high == 0xFFFF
    assert -7000 < low - 0x10000 < -2000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_clean(start, tmp_path, number):
    link = tmp_path / "ttyMeter"
    process = start("--link", str(link), "--truth", str(tmp_path / "truth"), "orno-we515@1")
    process.stdout.readline()
    process.send_signal(number)
    _, complaints = process.communicate(timeout=5)

    assert (process.returncode, complaints) == (0, "")
    assert not os.path.lexists(link)


def test_it_does_not_need_standard_input(start):
    process = start("--tcp", "127.0.0.1:0", "--load", "fixed", "orno-we515@1", stdin=subprocess.DEVNULL)

    assert read_power(process.stdout.readline().strip()) == 1000
    assert process.poll() is None


def test_it_goes_on_when_nobody_reads_its_standard_output(start):
    process = start("--tcp", "127.0.0.1:0", "--load", "fixed", "orno-we515@1")
    port = process.stdout.readline().strip()
    process.stdout.close()

    assert read_power(port) == 1000
    process.stdout = None


def test_it_sleeps_while_nobody_asks(start):
    process = start("orno-we515@1")
    process.stdout.readline()

    def cpu_ticks() -> int:
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        return sum(map(int, stat.rpartition(")")[2].split()[11:13]))

    before = cpu_ticks()
    time.sleep(1)  # nothing happens in it: that is the test
    assert cpu_ticks() - before <= 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["orno-we541@1"], "There is no model 'orno-we541'; the nearest is 'orno-we514'"),
        (["nothing"], "'nothing' is not a meter: it must be [NAME=]MODEL@ADDRESS, for example orno-we515@1."),
        (["house=orno-we515"], "'house=orno-we515' is not a meter: it must be NAME=MODEL@ADDRESS"),
        (["orno-we515@0"], f"The address '0' in 'meter1=orno-we515@0' must be a whole number from 1 to 247 {BY_PLACE}"),
        (["a=orno-we515@0"], "The address '0' in 'a=orno-we515@0' must be a whole number from 1 to 247.\n"),
        ([], "The following arguments are required: METER"),
        (["--load", "sun", "orno-we515@1"], "Argument --load: 'sun' must be one of house, solar, fixed, ramp, random;"),
        (["--line", "rope", "orno-we515@1"], "Argument --line: 'rope' must be one of gateway, wire;"),
        (["--seed", "x", "orno-we515@1"], "Argument --seed: 'x' must be a whole number;"),
        (["--gaps", "leap", "orno-we515@1"], "Argument --gaps: 'leap' must be one of refuse, zero, silence, shift"),
        (["--turnaround", "-1", "orno-we515@1"], "'-1' must be a number of milliseconds from 0 to 60000"),
        (["--jitter", "x", "orno-we515@1"], "'x' must be a number of milliseconds from 0 to 60000"),
        (["--tcp", "5020", "orno-we515@1"], "The address '5020' after --tcp must be HOST:PORT"),
        (["--tcp", "127.0.0.1:70000", "orno-we515@1"], "must be HOST:PORT with PORT from 0 to 65535, for example"),
        (["--tcp", "127.0.0.1:٣", "orno-we515@1"], "The address '127.0.0.1:٣' after --tcp must be HOST:PORT"),
        # Python itself refuses to convert so many digits.
        (["--tcp", f"127.0.0.1:{5000 * '1'}", "orno-we515@1"], "The address '127.0.0.1:111"),
        (["--tcp", "a:1", "--link", "b", "orno-we515@1"], "not allowed with argument"),
        (["--faults", "crack=1", "orno-we515@1"], "There is no fault 'crack' ('crack=1'); the nearest is 'crc'"),
        (["--faults", "unplug@1-2", "orno-we515@1"], "The fault 'unplug' needs --link or --tcp"),
        (["orno-we515@1", "meter1=orno-we515@2"], "Two meters are called 'meter1'"),
        (["orno-we515@1", "orno-we514@1"], f"so one of them needs another address {BY_PLACE}"),
        (["a=orno-we515@1", "b=orno-we514@1"], "so one of them needs another address.\n"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(capsys, words, sentence):
    assert main(["simulate", *words]) == 2

    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert complaint.count("\n") == 1


def test_a_port_that_cannot_be_had_is_the_worlds_no(capsys, tmp_path):
    taken = tmp_path / "notes.txt"
    taken.write_text("mine")

    assert main(["simulate", "--link", str(taken), "orno-we515@1"]) == 1
    assert (
        capsys.readouterr().err
        == f"wattline: The link {taken} cannot be made: something else has that name; choose another.\n"
    )


def test_help_tells_every_fault_and_its_example_is_one(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--help"])

    assert ended.value.code == 0
    text = capsys.readouterr().out
    for kind in ("silence", "noise", "crc", "short", "late", "refuse", "echo", "stuck", "unplug"):
        assert f"\n    {kind} " in text
    example = next(line for line in text.splitlines() if line.startswith("For example: ")).removeprefix("For example: ")
    assert parse_script(example).uses("late")
