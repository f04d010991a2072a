"""Opening a device: real pseudo-terminals, real processes that hold them, and the sentence for each way to fail.

| fault                                                  | test                                                        |
|--------------------------------------------------------|-------------------------------------------------------------|
| a setting does not reach the line                      | test_the_settings_arrive                                    |
| 8E1 opens once and never again                         | test_it_opens_again_and_again                               |
| a change of parity alone fails                         | test_settings_change_while_it_is_open                       |
| bytes are changed on their way                         | test_every_byte_passes_unchanged                            |
| a setting does not hold and nobody says so             | test_settings_that_do_not_hold_are_an_error                 |
| ... of parity, on a device                             | test_a_device_without_parity_is_an_error                    |
| two processes read one port                            | test_a_port_in_use_names_its_holder                         |
| ... by two names                                       | test_a_port_in_use_is_known_by_any_name                     |
| ... one of them a foreign program, before us           | test_a_foreign_holder_is_named, test_a_holder_..._not_shown |
| ... or after us                                        | test_a_device_is_kept_to_ourselves                          |
| ... within one process                                 | test_a_second_opening_in_one_process_is_refused             |
| a holder that has ended still locks the port           | test_a_killed_process_does_not_lock_out_the_next            |
| a holder that ends meanwhile stops the search for it   | test_a_holder_that_vanishes_is_no_bug                       |
| a missing or wrong device is a riddle, or a traceback  | test_what_cannot_be_opened_is_said_in_a_sentence            |
"""

import errno
import fcntl
import os
import select
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import serial

from wattline.bus import device
from wattline.bus.device import open_serial
from wattline.bus.port import Port
from wattline.bus.settings import BAUD_RATES, PARITIES, STOP_BITS, LineSettings
from wattline.errors import PortError
from wattline.stop import Stop

FACTORY = LineSettings(9600, "E", 1)
ALL = [LineSettings(baud, parity, stop) for baud in BAUD_RATES for parity in PARITIES for stop in STOP_BITS]
NOBODY = 65534

OURS = 'port = open_serial(name, LineSettings(9600, "E", 1))'
PLAIN = "port = os.open(name, os.O_RDWR | os.O_NOCTTY)"
EXCLUSIVE = f"{PLAIN}; fcntl.ioctl(port, termios.TIOCEXCL)"
HOLDER = """
import ctypes, fcntl, os, sys, termios
from wattline.bus.device import open_serial
from wattline.bus.settings import LineSettings
_, name, user, code = sys.argv
if os.geteuid() != int(user) and os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
    # The system shows the files of a process that has changed its user to root alone, unless it is told otherwise.
    PR_SET_DUMPABLE = 4
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
exec(code)
print(flush=True)
sys.stdin.read()
"""


class Terminal:
    """A pseudo-terminal, seen from its other end.

    Args:
        held: whether somebody else has it open all the time, as a simulator has.
    """

    def __init__(self, held: bool = True) -> None:
        self.master, self._slave = os.openpty()
        self.name = os.ttyname(self._slave)
        os.set_blocking(self.master, False)
        if os.geteuid() == 0:
            os.chown(self.name, NOBODY, NOBODY)
        if not held:
            os.close(self._slave)
            self._slave = -1

    def close(self) -> None:
        for descriptor in (self.master, self._slave):
            with suppress(OSError):
                os.close(descriptor)

    @property
    def settings(self) -> tuple[int, int]:
        """The baud rate and stop bits that are set; a pseudo-terminal has no parity."""
        _, _, cflag, _, speed, _, _ = termios.tcgetattr(self.master)
        baud = next(baud for baud in BAUD_RATES if getattr(termios, f"B{baud}") == speed)
        return baud, 2 if cflag & termios.CSTOPB else 1


@pytest.fixture(params=[True, False], ids=["held", "not held"])
def terminal(request) -> Iterator[Terminal]:
    terminal = Terminal(request.param)
    yield terminal
    terminal.close()


@pytest.fixture
def lone() -> Iterator[Terminal]:
    """A pseudo-terminal that nobody has open."""
    terminal = Terminal(held=False)
    yield terminal
    terminal.close()


@pytest.fixture
def holder() -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a process that has a port open: ``holder(code, name)``, as another user if it can be so."""
    with ExitStack() as stack:

        def start(code: str, name: str, user: int = 0) -> subprocess.Popen:
            command = [sys.executable, "-c", HOLDER, name, str(user), code]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")
            )
            stack.callback(process.kill)
            assert process.stdout.readline() == b"\n"
            return process

        yield start


@contextmanager
def unprivileged() -> Iterator[None]:
    """As nobody, if the tests run as root, whom no lock keeps out."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def opened(name: str, settings: LineSettings = FACTORY) -> Iterator[serial.Serial]:
    port = open_serial(name, settings)
    try:
        yield port
    finally:
        port.close()


def complaint(name: str, settings: LineSettings = FACTORY) -> str:
    with pytest.raises(PortError) as raised:
        open_serial(name, settings)
    return str(raised.value)


# Settings.


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_the_settings_arrive(lone, settings):
    with opened(lone.name, settings):
        assert lone.settings == (settings.baud, settings.stop)


@pytest.mark.parametrize("settings", [FACTORY, LineSettings(2400), LineSettings(19200, "O", 2)], ids=str)
def test_it_opens_again_and_again(terminal, settings):
    """As the meter's 8E1 must on a pseudo-terminal, and back and forth between settings too."""
    for _ in range(3):
        with opened(terminal.name, settings):
            assert terminal.settings == (settings.baud, settings.stop)
    for other in (LineSettings(settings.baud, "N", settings.stop), settings, LineSettings(1200, "N", 2), settings):
        with opened(terminal.name, other):
            assert terminal.settings == (other.baud, other.stop)


def test_settings_change_while_it_is_open(terminal):
    """One at a time and all at once, there and back; a change of parity alone is one of them."""
    port = Port(terminal.name, Stop())
    for settings in [
        FACTORY,
        LineSettings(9600, "N", 1),
        LineSettings(9600, "O", 1),
        FACTORY,
        FACTORY,
        LineSettings(2400, "E", 1),
        LineSettings(2400, "E", 2),
        LineSettings(115200, "N", 1),
        FACTORY,
    ]:
        port.use(settings)
        assert terminal.settings == (settings.baud, settings.stop)
        assert port.baudrate == settings.baud
    port.close()


def test_every_byte_passes_unchanged(terminal):
    """In both directions, from the first opening and from the third: none is a line end, a signal or a flow control."""
    every = bytes(range(256))
    for _ in range(3):
        with opened(terminal.name) as port:
            port.write(every)
            assert received(terminal.master, os.read) == every
            os.write(terminal.master, every)
            assert received(port.fd, lambda _, size: port.read(size)) == every


def received(descriptor: int, read: Callable[[int, int], bytes]) -> bytes:
    data = b""
    while len(data) < 256 and select.select([descriptor], [], [], 2)[0]:
        data += read(descriptor, 4096)
    return data


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ({4: termios.B9600, 5: termios.B9600}, LineSettings(1200, "E", 1)),
        ({2: termios.CS8 | termios.CREAD | termios.CLOCAL}, LineSettings(9600, "N", 2)),
        ({2: termios.CS7 | termios.CREAD | termios.CLOCAL}, LineSettings(9600, "N", 1)),
    ],
    ids=["speed", "stop bits", "data bits"],
)
def test_settings_that_do_not_hold_are_an_error(lone, monkeypatch, change, settings):
    """A driver that keeps its own speed, stop bits or data bits says nothing of it; we do, opening and later."""
    name, other = lone.name, LineSettings(9600, "N", 1)
    port = Port(name, Stop())
    port.use(other)
    get_attributes = termios.tcgetattr

    def as_it_likes(descriptor: int) -> list:
        attributes = get_attributes(descriptor)
        return [change.get(place, attribute) for place, attribute in enumerate(attributes)]

    monkeypatch.setattr(termios, "tcgetattr", as_it_likes)
    with pytest.raises(PortError) as raised:
        port.use(settings if settings != other else LineSettings(19200))
    assert str(raised.value).startswith(f"{name} does not take ")
    assert not port.is_open
    assert complaint(name, settings) == (
        f"{name} cannot be opened as a serial port (its driver does not take {settings})."
    )


def test_a_device_without_parity_is_an_error(lone, monkeypatch):
    """On a pseudo-terminal parity means nothing; on a device it does. Here the one is taken for the other."""
    monkeypatch.setattr(device, "PSEUDO_TERMINALS", range(0))
    assert "does not take 9600 8E1" in complaint(lone.name, FACTORY)
    assert "does not take 9600 8E1" in complaint(lone.name, FACTORY)
    with opened(lone.name, LineSettings(9600, "N", 1)):
        pass


# Other processes.


def test_a_port_in_use_names_its_holder(terminal, holder):
    """By process and command; it is free when that has ended, however it did."""
    ours = holder(OURS, terminal.name)
    words = complaint(terminal.name)
    assert words.startswith(f"{terminal.name} is in use by process {ours.pid} ({sys.executable} -c ")
    assert words.endswith("; stop that first.")
    ours.kill()
    ours.wait()
    with opened(terminal.name):
        pass


def test_a_port_in_use_is_known_by_any_name(terminal, holder, tmp_path):
    """Held through a link and asked for by path, and the other way round."""
    link = tmp_path / "ttyRS485"
    link.symlink_to(terminal.name)
    first = holder(OURS, str(link))
    assert f"is in use by process {first.pid} (" in complaint(terminal.name)
    first.kill()
    first.wait()
    second = holder(OURS, terminal.name)
    assert complaint(str(link)).startswith(f"{link} is in use by process {second.pid} (")


def test_a_foreign_holder_is_named(terminal, holder):
    """Though it takes no lock, but TIOCEXCL, as many programs do."""
    foreign = holder(EXCLUSIVE, terminal.name, NOBODY)
    with unprivileged():
        words = complaint(terminal.name)
    assert words.startswith(f"{terminal.name} is in use by process {foreign.pid} ({sys.executable} -c ")


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can be two users.")
def test_a_holder_that_the_system_does_not_show_is_not_named(lone, holder):
    holder(EXCLUSIVE, lone.name)
    with unprivileged():
        words = complaint(lone.name)
    assert words == f"{lone.name} is in use by another process, which the system does not name; stop that first."


def test_a_foreign_program_that_takes_no_lock_is_no_obstacle(lone, holder):
    """It cannot be told from one that holds the other end of a simulated line."""
    holder(PLAIN, lone.name)
    with opened(lone.name):
        pass


def test_a_device_is_kept_to_ourselves(lone, monkeypatch):
    """A program that asks for no lock is kept out of a device too; a pseudo-terminal is only locked."""
    with opened(lone.name), unprivileged():
        os.close(os.open(lone.name, os.O_RDWR | os.O_NOCTTY))
    monkeypatch.setattr(device, "PSEUDO_TERMINALS", range(0))
    with opened(lone.name, LineSettings(9600)), unprivileged(), pytest.raises(OSError, match="busy"):
        os.open(lone.name, os.O_RDWR | os.O_NOCTTY)


def test_a_second_opening_in_one_process_is_refused(lone):
    with opened(lone.name):
        assert f"is in use by process {os.getpid()} (" in complaint(lone.name)
    with opened(lone.name):
        pass


def test_a_killed_process_does_not_lock_out_the_next(lone, holder):
    """Not even where the other end lives on, as a simulator does."""
    ours = holder(OURS, lone.name, NOBODY)
    ours.kill()
    ours.wait()
    with unprivileged(), opened(lone.name):
        pass


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EAGAIN])
def test_a_holder_that_vanishes_is_no_bug(monkeypatch, tmp_path, number):
    """Neither if the device goes while its holder is looked for."""

    def busy(_port: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial.Serial, "open", busy)
    gone = tmp_path / "ttyUSB0"
    assert complaint(str(gone)) == f"{gone} is in use by another process; stop that first."


def test_the_search_for_a_holder_survives_processes_that_end(lone, monkeypatch):
    """A process, or one of its files, is gone between being listed and being looked at."""
    monkeypatch.setattr(Path, "glob", lambda *_: iter([Path("/proc/999999999"), Path(f"/proc/{os.getppid()}")]))
    list_all = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: iter([*list_all(folder), folder / "999999999"]))
    lock = os.open(lone.name, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # A lock that is held outside of our container has process 0.
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path: read(path).replace(f" {os.getpid()} ", " 0 "))
    assert "is in use by another process, which the system does not name" in complaint(lone.name)
    os.close(lock)


# Sentences.


def test_what_cannot_be_opened_is_said_in_a_sentence(lone, tmp_path):
    """One sentence that names the port and says what to do."""
    missing, dangling, file = tmp_path / "ttyUSB0", tmp_path / "ttyRS485", tmp_path / "file"
    dangling.symlink_to(missing)
    file.write_text("")
    for name, words in {
        missing: f"There is no {missing}; is the adapter plugged in?",
        dangling: f"There is no {dangling}; is the adapter plugged in?",
        file / "below": f"There is no {file / 'below'}; is the adapter plugged in?",
        file: f"{file} cannot be opened as a serial port (Inappropriate ioctl for device).",
        Path("/dev/null"): "/dev/null cannot be opened as a serial port (Inappropriate ioctl for device).",
        tmp_path: f"{tmp_path} cannot be opened as a serial port (Is a directory).",
    }.items():
        sentence = complaint(str(name))
        assert sentence.startswith(words)
        assert "\n" not in sentence


def test_a_port_that_this_user_may_not_use_is_said_in_a_sentence(lone):
    Path(lone.name).chmod(0)
    with unprivileged():
        assert complaint(lone.name).startswith(
            f"{lone.name} may not be read and written by this user, nor by a group ("
        )


def test_a_pseudo_terminal_that_is_gone_is_missing():
    gone = Terminal(held=False)
    gone.close()
    assert complaint(gone.name).startswith(f"There is no {gone.name};")
