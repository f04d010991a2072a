"""What systemd is told, through a real datagram socket.

| fault | test |
|---|---|
| systemd waits, since the first word comes late or a later one is left out | test_it_is_fed_at_once_and_then_every_five_seconds |
| an abstract name is taken for a file | test_an_abstract_name_is_a_socket_too |
| something is sent, or loaded, where nobody asked for it | test_without_a_socket_nothing_is_sent, test_without_a_socket_nothing_is_loaded_for_it |
| a dead reader in Telegraf goes unnoticed | test_while_telegraf_takes_no_line_it_is_not_fed |
| ... or one that lives again is not believed | the same |
| a socket that is gone, that refuses or that can be none stops the metering, or fills the log | test_a_socket_that_does_not_take_it_is_complained_of_once |
| ... or is not tried again | test_a_socket_that_comes_back_is_fed_again |
| a systemd that does not read is waited for | test_a_full_socket_is_not_waited_for |
| a name with a line end in it becomes a command to systemd | test_the_status_is_one_line |
| a long interval, a dead meter or a missing port ends the feeding | test_a_process_feeds_whatever_its_meter_does |
| it is fed though the loop hangs, after the time in which the process ends itself | test_a_process_whose_loop_hangs_ends_and_feeds_no_more |
| it is fed though nobody reads the lines | test_a_process_that_nobody_reads_stops_feeding_and_meters_on |
"""

import logging
import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from waiting import until, within
from wattline.watchdog import EVERY_S, UNTAKEN_S, Watchdog

METER = "house=orno-we515@1"
FED = "WATCHDOG=1\nSTATUS="
QUICK = (
    "from wattline.commands import run\nrun.WATCH_S = 0.1\n"
    "from wattline import watchdog\nwatchdog.EVERY_S, watchdog.UNTAKEN_S = 0.2, 1.0\n"
)


class Systemd:
    """The receiving end.

    Args:
        address: a path, or ``@`` and an abstract name.
    """

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.set_patience(0.0)

    def set_patience(self, seconds):
        self._socket.settimeout(seconds)

    def heard(self):
        """All that has come, in order."""
        messages = []
        with suppress(BlockingIOError, TimeoutError):
            while True:
                messages.append(self._socket.recv(8192).decode())
        return messages

    def next(self, within_s=5.0):
        """The next message."""
        self._socket.settimeout(within_s)
        message = self._socket.recv(8192).decode()
        self._socket.settimeout(0)
        return message

    def close(self):
        self._socket.close()


@pytest.fixture
def address(tmp_path):
    return str(tmp_path / "notify")


@pytest.fixture
def systemd(address, monkeypatch):
    """Listens at ``address``, of which all programs that are started know."""
    listening = Systemd(address)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    yield listening
    listening.close()


class House:
    """What the watchdog asks."""

    def __init__(self):
        self.untaken_s = 0.0
        self.status = "/dev/ttyMeter: all is well."

    def watchdog(self, address):
        """One that tells ``address`` of this house."""
        return Watchdog(address, lambda: self.untaken_s, lambda: self.status)


def test_it_is_fed_at_once_and_then_every_five_seconds(systemd, address):
    """However often it is its turn; half of systemd's shortest sensible time, and twice."""
    watchdog = House().watchdog(address)
    fed = []
    for second in range(100, 121):
        watchdog.turn(float(second))
        fed += [second for _ in systemd.heard()]
    assert fed == [100, 105, 110, 115, 120]


def test_what_is_sent_is_what_systemd_understands(systemd, address):
    House().watchdog(address).turn(100.0)
    assert systemd.heard() == ["WATCHDOG=1\nSTATUS=/dev/ttyMeter: all is well."]


def test_an_abstract_name_is_a_socket_too(tmp_path):
    name = f"@wattline{tmp_path}"
    systemd = Systemd(name)
    House().watchdog(name).turn(100.0)
    assert len(systemd.heard()) == 1
    systemd.close()


def test_without_a_socket_nothing_is_sent(caplog):
    house = House()
    house.status = None
    house.watchdog("").turn(100.0)
    assert caplog.messages == []


def test_without_a_socket_nothing_is_loaded_for_it():
    """Half a megabyte less where nobody asks for it."""
    program = "import sys, wattline.commands.run as r; r.Watchdog('', float, str).turn(1.0); sys.exit('socket' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_while_telegraf_takes_no_line_it_is_not_fed(systemd, address, caplog):
    """The sentence for a person comes all the same; a reader that lives again is fed for again, and said anew."""
    house = House()
    watchdog = house.watchdog(address)
    fed, told = [], []
    for number, untaken_s in enumerate([0, 5, UNTAKEN_S, 15, 20, 0, 0, 12]):
        house.untaken_s = untaken_s
        watchdog.turn(number * EVERY_S)
        (message,) = systemd.heard()
        fed.append(message.startswith(FED))
        told.append(message.partition("STATUS=")[2])
    assert fed == [True, True, False, False, False, True, True, False]
    assert told[1] == "/dev/ttyMeter: all is well."
    assert told[4] == "/dev/ttyMeter: all is well. Telegraf has taken no line for 20 s."
    complaint = "Telegraf does not read: it has taken no line for {} s. Until it does, systemd's watchdog is not fed."
    assert caplog.messages == [complaint.format(10), complaint.format(12)]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


@pytest.mark.parametrize("where", ["gone", "no socket", "too long", "relative", "a folder"])
def test_a_socket_that_does_not_take_it_is_complained_of_once(tmp_path, where, caplog):
    (tmp_path / "file").touch()
    addresses = {
        "gone": f"{tmp_path}/gone",
        "no socket": f"{tmp_path}/file",
        "too long": "/" + 200 * "x",
        "relative": "vsock:2:1234",
        "a folder": str(tmp_path),
    }
    watchdog = House().watchdog(addresses[where])
    for second in range(0, 60, 5):
        watchdog.turn(float(second))
    (complaint,) = caplog.messages
    assert complaint.startswith(f"systemd cannot be told by {addresses[where]} how the metering goes: ")


def test_a_socket_that_comes_back_is_fed_again(address, caplog):
    """And one that then goes again is complained of again."""
    watchdog = House().watchdog(address)
    watchdog.turn(0.0)
    systemd = Systemd(address)
    watchdog.turn(5.0)
    assert len(systemd.heard()) == 1
    systemd.close()
    watchdog.turn(10.0)
    assert len(caplog.messages) == 2


def test_a_full_socket_is_not_waited_for(systemd, address, caplog):
    watchdog = House().watchdog(address)
    with within(1.0):
        for number in range(2000):
            watchdog.turn(number * EVERY_S)
    assert 0 < len(systemd.heard()) < 2000
    (complaint,) = caplog.messages
    assert "Resource temporarily unavailable" in complaint


def test_the_status_is_one_line(systemd, address):
    house = House()
    house.status = "a name\nMAINPID=1\r\nwith line ends"
    house.watchdog(address).turn(100.0)
    assert systemd.heard() == [f"{FED}a name MAINPID=1 with line ends"]


# As a process.


@pytest.mark.parametrize("trouble", ["none", "an hour's interval", "a dead meter", "no port"])
def test_a_process_feeds_whatever_its_meter_does(program, simulator, systemd, tmp_path, trouble):
    port = str(tmp_path / "ttyNone")
    if trouble != "no port":
        port = simulator(faults="silence" if trouble == "a dead meter" else "", load="fixed").port
    words = ["--interval", "1h"] if trouble == "an hour's interval" else []
    program("run", port, METER, *words, patch=QUICK + "from wattline import loop\nloop.REPORT_S = 0")
    expected = {
        "none": "1 of 1 meters answer (house 149 W 230.0 V)",
        "an hour's interval": "1 of 1 meters answer (house 149 W 230.0 V); a reading in 1 of the last 1 slots of 3600 s.",
        "a dead meter": "0 of 1 meters answer (house does not)",
        "no port": "the port is away for 1 s",
    }
    messages = [systemd.next()]
    deadline_s = time.monotonic() + 10
    while not any(expected[trouble].split(" (house ")[0] in message for message in messages):
        assert time.monotonic() < deadline_s, messages[-1]
        messages.append(systemd.next())
    messages += [systemd.next() for _ in range(5)]
    assert all(message.startswith(f"{FED}{port}: ") for message in messages)


def test_a_process_whose_loop_hangs_ends_and_feeds_no_more(program, simulator, systemd):
    """It is fed until then: this end costs seconds of one port, systemd's would cost Telegraf what it has not written."""
    hang = "import threading\nfrom wattline.bus.bus import Bus\nBus.poll = lambda *_: threading.Event().wait()\nrun.HUNG_S = 2"
    run = program("run", simulator().port, METER, patch=QUICK + hang)
    assert run.wait(8) == 1
    assert len([message for message in systemd.heard() if message.startswith(FED)]) >= 5
    systemd.set_patience(0.6)
    assert systemd.heard() == []


def test_a_process_that_nobody_reads_stops_feeding_and_meters_on(program, simulator, systemd):
    """Long before its pipe is full; and feeds again when the lines are taken, none of which is lost."""
    run = program("run", simulator().port, METER, patch=QUICK, read=False)
    run.stderr.wait_for("W! Telegraf does not read: it has taken no line for ")
    until(lambda: not systemd.next().startswith("WATCHDOG"))
    messages = [systemd.next() for _ in range(5)]
    assert [message for message in messages if "WATCHDOG" in message] == []
    assert "Telegraf has taken no line for" in messages[0]

    run.read_slowly(65536, 0)
    until(lambda: systemd.next().startswith(FED))
    run.stdout.wait_for("electricity,", times=4)
    assert len([text for text in run.stderr.texts if text.startswith("W! Telegraf does not read")]) == 1
