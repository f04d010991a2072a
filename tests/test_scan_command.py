"""``wattline scan`` as people meet it: in real time, on real lines.

| fault                                                  | test                                                     |
|--------------------------------------------------------|----------------------------------------------------------|
| the home bus is not found on a real port               | test_the_home_bus_is_found_on_a_real_port                |
| what it prints cannot be pasted                        | ... and test_what_it_prints_is_read_by_read              |
| ... or holds a name that the next start may give away  | test_the_line_for_telegraf_has_a_name_that_lasts         |
| ... or takes the journal away from who has one         | test_who_has_a_journal_keeps_it                          |
| that Ctrl-C ends it is not told, or too late           | test_without_a_terminal_there_is_a_line_now_and_then     |
| a parity of the line does not reach it                 | test_parities_are_told_apart_behind_rfc_2217             |
| a gateway's meters are found once for each setting     | test_behind_a_gateway_each_meter_is_found_once           |
| ... or at settings that it cannot be given            | test_the_settings_of_a_gateway_cannot_be_searched        |
| standard output is not for programs                    | test_json_is_all_that_a_program_gets                     |
| Ctrl-C loses what was found, or hangs                  | test_ctrl_c_prints_what_was_found                        |
| ... or is a success when nothing was                   | test_ctrl_c_before_anything_was_found_is_no_success      |
| nothing found leaves its reader alone                  | test_nothing_found_says_what_to_check                    |
| ... or names two dozen settings in one sentence        | test_many_settings_are_not_all_named                     |
| a port in use is a riddle                              | in test_probe.py, for all commands                       |
| a port that is lost takes the findings with it         | test_a_lost_port_ends_the_search_but_not_the_findings    |
| wrong words touch the port                             | test_wrong_words_are_refused_before_the_port_is_touched  |
| the bar is drawn where nobody looks, or does not move  | test_without_a_terminal_..., test_the_bar_...            |
| rich is needed                                         | test_without_rich_a_terminal_gets_lines                  |
"""

import io
import json
import os
import pty
import re
import select
import signal
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial.rfc2217
from rich.console import Console

from wattline.bus.settings import LineSettings
from wattline.cli import main
from wattline.commands import scan
from wattline.meters import Model, load_models
from wattline.meters.orno_we515 import MODEL as ORNO
from wattline.ports import lasting_name
from wattline.registers import Encoding, Row
from wattline.scan.bar import Bar
from wattline.scan.order import Question, Step
from wattline.scan.progress import EVERY_S, Lines, time_left
from wattline.scan.report import Findings, as_table
from wattline.scan.search import Found
from wattline.simulate import Scenario, Simulator
from wattline.simulate.frames import parse, reply
from wattline.simulate.image import SimulatedMeter
from wattline.words import Meter

F32 = Encoding.F32
SDM = Model(
    name="sdm-of-this-test",
    title="An SDM120 as its maker describes it",
    settings=LineSettings(2400, "N", 1),
    function=4,
    rows=(
        Row(0x00, F32, 1, "voltage_v", 80, 300),
        Row(0x06, F32, 1, "current_a", 0, 125),
        Row(0x0C, F32, 1, "power_w", -37_500, 37_500),
        Row(0x12, F32, 1, "apparent_power_va", -37_500, 37_500),
        Row(0x1E, F32, 1, "power_factor", -1, 1),
        Row(0x46, F32, 1, "frequency_hz", 45, 65),
    ),
    documented=((0x00, 0x01), (0x06, 0x07), (0x0C, 0x0D), (0x12, 0x13), (0x1E, 0x1F), (0x46, 0x47)),
    source="",
    address_change="",
)
LIBRARY = {model.name: model for model in (*(load_models()[name] for name in ("orno-we514", "orno-we515")), SDM)}


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes the signals of the process that the tests share."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def no_journal(monkeypatch, tmp_path) -> None:
    """Whatever there is on this machine."""
    monkeypatch.setattr(scan, "JOURNAL", str(tmp_path / "journal"))


@pytest.fixture
def library(monkeypatch) -> None:
    monkeypatch.setattr(scan, "library_of", lambda _: LIBRARY)


@pytest.fixture
def home_bus() -> Iterator[str]:
    meters = [Meter("a", ORNO, 1, ORNO.settings), Meter("b", ORNO, 2, ORNO.settings), Meter("c", SDM, 1, SDM.settings)]
    with Simulator(meters, Scenario(load="fixed", line="wire")) as simulator:
        yield simulator.port


SIBLINGS = ["orno-we517", "orno-we516", "eastron-sdm72-v2", "carlo-gavazzi-em24-e1"]


def commands(text: str) -> list[list[str]]:
    """The words of each command in a part of Telegraf's configuration that stands in ``text``."""
    _, _, toml = text.partition("[[inputs.execd]]")
    return [execd["command"] for execd in tomllib.loads("[[inputs.execd]]" + toml)["inputs"]["execd"]]


def test_the_home_bus_is_found_on_a_real_port(home_bus, library, capsys):
    """Fully known within seconds when it is narrowed to its settings."""
    began_s = time.monotonic()
    assert main(["scan", home_bus, "--settings", "9600-8E1,2400-8N1", "--addresses", "1-3"]) == 0
    took_s = time.monotonic() - began_s
    said = capsys.readouterr()

    assert commands(said.out) == [
        [scan.INSTALLED, "run", home_bus, *("meter1=sdm-of-this-test@1", "meter2=orno-we515@1", "meter3=orno-we515@2")]
    ]
    assert "1000 W = 230.00 V x 4.577 A x 0.950" in " ".join(said.out.split())
    assert "register 0x000B says 0x00A2" in said.out
    assert "Address 2 at 9600 8E1: ORNO OR-WE-515 (orno-we515 or orno-we514).\n" in said.err
    assert took_s < 12


def test_what_it_prints_is_read_by_read(simulator, library, capsys):
    port = simulator("a=orno-we515@3", load="fixed").port
    assert main(["scan", port, "--settings", "9600-8E1", "--addresses", "3"]) == 0
    ((_, _, *words),) = commands(capsys.readouterr().out)

    assert main(["read", *words]) == 0
    assert re.search(r"^meter1\n(.*\n)*  power_w +1000 W$", capsys.readouterr().out, re.MULTILINE)


def test_the_line_for_telegraf_has_a_name_that_lasts(simulator, library, capsys, monkeypatch, tmp_path):
    port = simulator("a=orno-we515@3", load="fixed").port
    (tmp_path / "usb-Adapter-if00-port0").symlink_to(port)
    monkeypatch.setattr(scan, "lasting_name", lambda name: lasting_name(name, tmp_path))
    assert main(["scan", port, "--settings", "9600-8E1", "--addresses", "3"]) == 0
    said = capsys.readouterr().out

    assert commands(said)[0][2] == str(tmp_path / "usb-Adapter-if00-port0")
    assert "In the 10-meters.conf that comes with wattline, `command` takes the place" in " ".join(said.split())


@pytest.mark.parametrize("is_json", [False, True])
def test_who_has_a_journal_keeps_it(simulator, library, capsys, tmp_path, is_json):
    """What is printed takes the place of a command that has it."""
    (tmp_path / "journal").mkdir()
    port = simulator("a=orno-we515@3", load="fixed").port
    words = ["--settings", "9600-8E1", "--addresses", "3", *(["--json"] if is_json else [])]
    assert main(["scan", port, *words]) == 0
    said = capsys.readouterr().out
    (command,) = [json.loads(said)["command"]] if is_json else commands(said)

    assert command[1:] == ["run", "--journal", str(tmp_path / "journal"), port, "meter1=orno-we515@3"]
    # What it has already, nobody is told to put there.
    assert "before that" not in said


def test_a_folder_that_may_not_be_looked_at_is_none(simulator, library, capsys, monkeypatch):
    is_dir = Path.is_dir

    def refuse(path: Path) -> bool:
        if str(path) == scan.JOURNAL:
            raise PermissionError
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    port = simulator("a=orno-we515@3", load="fixed").port
    assert main(["scan", port, "--settings", "9600-8E1", "--addresses", "3"]) == 0
    said = capsys.readouterr().out

    assert commands(said)[0][1:3] == ["run", port]
    assert "and --journal with its folder before that" in " ".join(said.split())


def test_json_is_all_that_a_program_gets(simulator, library, capsys):
    port = simulator("a=orno-we515@3", load="fixed").port
    assert main(["scan", port, "--json", "--settings", "9600-8E1", "--addresses", "3"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert [meter["word"] for meter in document["meters"]] == ["meter1=orno-we515@3"]
    assert document["command"][2:] == [port, "meter1=orno-we515@3"]


def test_behind_a_gateway_each_meter_is_found_once(simulator, library, capsys):
    """At whatever settings the gateway has; so they are not told, and not asked for."""
    port = simulator("a=orno-we515@3", load="fixed", tcp=True).port
    assert main(["scan", port, "--addresses", "3"]) == 0
    said = capsys.readouterr()

    assert commands(said.out) == [[scan.INSTALLED, "run", port, "meter1=orno-we515@3"]]
    assert "9600" not in said.out + said.err


@pytest.mark.parametrize("scheme", ["socket", "modbus-tcp"])
def test_the_settings_of_a_gateway_cannot_be_searched(capsys, scheme):
    assert main(["scan", f"{scheme}://127.0.0.1:1", "--settings", "9600-8E1"]) == 2
    assert "has line settings of its own" in capsys.readouterr().err
    assert main(["scan", f"{scheme}://127.0.0.1:1"]) == 1
    assert "does not answer" in capsys.readouterr().err


# RFC 2217: the one line in these tests that has a parity.


class Line:
    """A serial port, as a server of RFC 2217 wants one, with a meter that hears only its own settings."""

    cts = dsr = ri = cd = True
    bytesize, baudrate, parity, stopbits = 8, 9600, "N", 1
    xonxoff = rtscts = dtr = rts = break_condition = False

    def __init__(self, *meters: Meter) -> None:
        self.meters = [SimulatedMeter(meter, "fixed", 1, 0, 0.0) for meter in meters]

    def write(self, data: bytes) -> bytes:
        """The answer of who hears ``data`` as it is said."""
        for simulated in self.meters:
            meter = simulated.meter
            if data and (meter.address, meter.settings) == (data[0], self.settings):
                request = parse(data)
                answer = simulated.answer(request, 1.0)
                if not answer.refusal:
                    return reply(request.address, request.function, answer.registers)
        return b""

    @property
    def settings(self) -> LineSettings:
        return LineSettings(self.baudrate, self.parity, self.stopbits)

    def reset_input_buffer(self) -> None: ...
    def reset_output_buffer(self) -> None: ...


class Gateway(threading.Thread):
    """A server of RFC 2217 before a line."""

    def __init__(self, line: Line) -> None:
        super().__init__(daemon=True)
        self._line = line
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.name_of_port = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self.start()

    def run(self) -> None:
        self._client, _ = self._listener.accept()
        manager = serial.rfc2217.PortManager(self._line, self)
        with suppress(OSError), self._client, self._listener:
            while data := self._client.recv(4096):
                answer = self._line.write(b"".join(manager.filter(data)))
                self.write(b"".join(manager.escape(answer)))

    def write(self, data: bytes) -> None:
        """For the manager."""
        self._client.sendall(data)


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
def test_parities_are_told_apart_behind_rfc_2217(library, monkeypatch, capsys):
    """Two meters at one address, of one speed and two parities, and both are named with theirs."""
    nap = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20))  # pyserial's own sleeps, shortened
    monkeypatch.setattr(serial.rfc2217, "time", nap)
    odd = LineSettings(9600, "O", 1)
    gateway = Gateway(Line(Meter("a", ORNO, 1, ORNO.settings), Meter("b", SDM, 1, odd)))
    settings = "9600-8E1,9600-8N1,9600-8O1"
    assert main(["scan", gateway.name_of_port, "--settings", settings, "--addresses", "1"]) == 0
    ((_, _, _, *words),) = commands(capsys.readouterr().out)

    assert words == ["meter1=orno-we515@1", "meter2=sdm-of-this-test@1,baud=9600,parity=O"]


# The end.


def test_ctrl_c_prints_what_was_found(program, simulator):
    """And is a success, soon."""
    process = program("scan", simulator("a=orno-we515@1").port, "--settings", "9600-8E1")
    process.stderr.wait_for("orno-we515", within_s=10)
    process.process.send_signal(signal.SIGINT)

    assert process.wait(2) == 0
    assert commands("\n".join(process.stdout.to_the_end()))[0][3:] == ["meter1=orno-we515@1"]


def test_ctrl_c_before_anything_was_found_is_no_success(program, simulator):
    port = simulator("a=orno-we515@1").port
    process = program("scan", port, "--settings", "9600-8E1", "--addresses", "2-247")
    process.stderr.wait_for("Searching", within_s=10)
    process.process.send_signal(signal.SIGINT)

    assert process.wait(2) == 1
    assert process.stderr.to_the_end()[-1] == f"wattline: The search on {port} was ended before anything was found."
    assert process.stdout.to_the_end() == []


def test_nothing_found_says_what_to_check(simulator, library, capsys):
    port = simulator("a=orno-we515@1").port
    assert main(["scan", port, "--settings", "9600-8E1,2400-8N1", "--addresses", "200-201"]) == 1
    said = capsys.readouterr()

    assert said.out == ""
    assert said.err.splitlines()[-1] == (
        f"wattline: Nothing answers on {port} (9600 8E1, 2400 8N1). Check that the meters have power, that A and B are "
        "not swapped, that nothing else reads the port, and on the meter's display its address and serial settings."
    )


def test_many_settings_are_not_all_named(simulator, library, capsys):
    port = simulator("a=orno-we515@1").port
    settings = "9600-8E1,9600-8N1,9600-8N2,19200-8E1,38400-8N1"
    assert main(["scan", port, "--settings", settings, "--addresses", "200"]) == 1
    assert f"Nothing answers on {port} (at 5 serial settings). Check" in capsys.readouterr().err


def test_a_lost_port_ends_the_search_but_not_the_findings(program, simulator, tmp_path):
    simulated = simulator("a=orno-we515@1", link=tmp_path / "ttyMeter")
    process = program("scan", simulated.port, "--settings", "9600-8E1")
    process.stderr.wait_for("orno-we515", within_s=10)
    simulated.unplug()

    assert process.wait(5) == 1
    assert commands("\n".join(process.stdout.to_the_end()))[0][3:] == ["meter1=orno-we515@1"]
    assert process.stderr.to_the_end()[-1].startswith(f"wattline: {simulated.port} was lost")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--addresses", "0-5"], "The addresses '0-5' after --addresses must be from 1 to 247"),
        (["--settings", "9600-7E1"], "The settings '9600-7E1' after --settings must be BAUD-8PS"),
        (["house=orno-we515@1"], "Unrecognized arguments: house=orno-we515@1"),
    ],
)
def test_wrong_words_are_refused_before_the_port_is_touched(words, sentence, capsys):
    assert main(["scan", "/dev/ttyThatIsNotThere", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_the_path_of_the_program_is_the_one_that_was_started(monkeypatch, simulator, library, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/wattline", "scan"])
    main(["scan", simulator("a=orno-we515@3").port, "--settings", "9600-8E1", "--addresses", "3"])

    assert commands(capsys.readouterr().out)[0][0] == "/usr/local/bin/wattline"


# How it goes.

STEP = Step(LineSettings(), 5, Question(3, 0, 1), 0.1)


def test_without_a_terminal_there_is_a_line_now_and_then():
    said: list[str] = []
    now_s = 0.0
    lines = Lines(said.append, has_settings=True, monotonic=lambda: now_s)
    for tenth in range(1000):
        now_s = tenth / 10
        lines.at(STEP, now_s, 700.0)

    assert len(said) == 1 + 100 / EVERY_S
    assert said[:3] == [
        "Ctrl-C ends the search and prints what it has found, with the line for Telegraf.",
        "Searching: 9600 8N1, address 5; about 12 min left.",
        "Searching: 9600 8N1, address 5; about 12 min left.",
    ]
    assert said[-1] == "Searching: 9600 8N1, address 5; about 10 min left."


def test_who_is_asked_for_long_is_told_now_and_then():
    said: list[str] = []
    now_s = 0.0
    lines = Lines(said.append, has_settings=True, monotonic=lambda: now_s)
    lines.at(STEP, 0.0, 35.0)
    for second in range(25):
        now_s = float(second)
        lines.asking(LineSettings(), 5)

    assert said[2:] == ["Address 5 at 9600 8N1 answers, and is still asked what it is."] * 2


def test_that_the_usual_addresses_are_done_is_told_once():
    said: list[str] = []
    lines = Lines(said.append, has_settings=False, monotonic=lambda: 0.0)
    for address in (16, 17, 18):
        lines.at(replace(STEP, address=address), 0.0, 30.0)

    assert said[1:] == [
        "Searching: address 16; about 30 s left.",
        "Addresses 1 to 16 are done, where meters usually are; the others follow.",
    ]


def test_what_is_found_is_told_at_once():
    said: list[str] = []
    lines = Lines(said.append, has_settings=True)
    lines.found(Found(LineSettings(), 7, is_examined=True))
    lines.found(Found(LineSettings(), 6, is_examined=True, is_given_up=True))
    lines.doubled(LineSettings(), 8)

    assert said == [
        "Address 7 at 9600 8N1: something answers, but no model fits.",
        "Address 6 at 9600 8N1: something answers, but too much is garbled to tell what.",
        "Address 8 at 9600 8N1: garbled bytes come from there alone, as from two meters at once.",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (780, "13 min")])
def test_time_left_is_told_in_a_fitting_unit(seconds, text):
    assert time_left(seconds) == text


def test_the_bar_moves_and_what_is_found_stays_above_it():
    screen = io.StringIO()
    with Bar(has_settings=True, console=Console(file=screen, force_terminal=True, width=100)) as bar:
        bar.at(STEP, 100.0, 400.0)
        bar.asking(LineSettings(), 7)
        bar.found(Found(LineSettings(), 7, is_examined=True))
        bar.doubled(LineSettings(), 8)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())

    assert "9600 8N1, address 5" in shown
    assert "25%" in shown
    assert "5 min left, Ctrl-C ends it" in shown
    assert "Address 7 at 9600 8N1: something answers, but no model fits.\n" in shown
    assert "Address 8 at 9600 8N1: garbled bytes" in shown


def terminal_of(program, port: str, patch: str = "") -> str:
    """What a terminal on standard error shows of a short search."""
    near, far = pty.openpty()
    process = program("scan", port, "--settings", "9600-8E1", "--addresses", "1-2", stderr=far, patch=patch)
    os.close(far)
    shown = b""
    with suppress(OSError):
        while select.select([near], [], [], 10)[0] and (data := os.read(near, 4096)):
            shown += data
    os.close(near)
    assert process.wait(5) == 0
    return shown.decode()


def test_a_terminal_gets_a_bar(program, simulator, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    shown = terminal_of(program, simulator("a=orno-we515@1").port)

    assert "━" in shown
    assert "Searching" not in shown


def test_without_rich_a_terminal_gets_lines(program, simulator, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    patch = "import importlib.util\nimportlib.util.find_spec = lambda _name: None"
    shown = terminal_of(program, simulator("a=orno-we515@1").port, patch)

    assert "━" not in shown
    assert "Searching: 9600 8E1, address 1; about" in shown
    assert "Address 1 at 9600 8E1: ORNO OR-WE-515" in shown


def test_siblings_stand_below_one_another_and_leave_the_evidence_its_room(monkeypatch):
    """Four names beside each other left it ten characters."""
    monkeypatch.setenv("COLUMNS", "100")
    evidence = ["voltage 230.1 V, frequency 50.0 Hz and their third"]
    siblings = [SimpleNamespace(model=load_models()[name], evidence=evidence, doubt="") for name in SIBLINGS]
    found = SimpleNamespace(
        address=1, settings=LineSettings(), best=siblings[0], others=siblings[1:], may_be_two=False, is_given_up=False
    )
    lines = as_table(Findings("/dev/ttyUSB0", [found])).splitlines()
    assert max(map(len, lines)) <= 100
    assert [name for line in lines for name in SIBLINGS if name in line] == SIBLINGS
    assert "voltage 230.1 V, frequency" in lines[1]
