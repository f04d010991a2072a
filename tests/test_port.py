"""The port on real lines: a pseudo-terminal, a TCP connection, and RFC 2217 with pyserial's own server behind it.

| fault                                              | test                                                          |
|----------------------------------------------------|---------------------------------------------------------------|
| a reply is cut, or changed on its way              | test_replies_are_read                                         |
| a read takes less than there is, or waits for more | test_a_read_takes_all_that_waits                              |
| a refusal costs the timeout                        | test_a_refusal_ends_the_read_at_once                          |
| silence is taken for a lost port                   | test_silence_is_no_loss                                       |
| noise without end hangs the reader                 | test_a_flood_is_given_up                                      |
| the end of the process waits for a reply           | test_a_stop_ends_a_read_at_once, test_a_stop_ends_a_wait_...  |
| a lost port is waited for, or hangs                | test_a_port_lost_during_a_read_...                            |
| ... or is noticed only after the next silence      | test_a_port_lost_before_..., ..._in_a_quiet_moment_...        |
| ... or never, behind RFC 2217                      | test_a_loss_behind_rfc_2217_is_noticed_...                    |
| ... if it resets, or closes what it has accepted   | test_a_gateway_that_resets_..., ..._accepts_and_closes_...    |
| it does not come back                              | test_a_lost_port_opens_again                                  |
| a closed port is a riddle, or opens by itself      | test_a_closed_port_...                                        |
| parity does not arrive behind RFC 2217             | test_the_settings_arrive_behind_rfc_2217                      |
| a gateway that rejects settings is a traceback     | test_a_gateway_that_rejects_settings_...                      |
| a gateway that is away, or mute, is a riddle       | test_a_gateway_that_refuses_..., test_a_mute_gateway_...      |
| a gateway that takes no more connections hangs us  | test_a_gateway_that_does_not_accept_...                       |
| a gateway that comes back is not read again        | test_a_gateway_that_comes_back_is_read_again                  |
"""

import os
import select
import signal
import socket
import struct
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

import pytest
import serial
import serial.rfc2217
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse
from serial.urlhandler import protocol_socket

from waiting import meanwhile, until, within
from wattline.bus.device import open_serial
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.errors import NoReplyError, PortError, ReadError, RefusedError
from wattline.stop import Stop, Stopped

# pyserial's RFC 2217 calls old names of Thread; a socket whose peer has reset it is left to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]

FRAMER = FramerRTU(DecodePDU(is_server=True))
FACTORY = LineSettings(9600, "E", 1)
METER = "house=orno-we515@1"
# Longer than any test may take: what is fast does not wait for it.
PATIENCE_S = 15.0


def reply(values: list[int]) -> bytes:
    return FRAMER.buildFrame(ReadHoldingRegistersResponse(registers=values, dev_id=1))


class Peer(Protocol):
    """The other end of a line."""

    name: str

    def receive(self) -> bytes: ...
    def send(self, data: bytes) -> None: ...
    def hang_up(self) -> None: ...
    def come_back(self) -> None: ...


class Terminal:
    """A pseudo-terminal behind a link, as an adapter is behind its name in /dev/serial/by-id."""

    def __init__(self, folder: Path) -> None:
        self._link = folder / "ttyRS485"
        self.name = str(self._link)
        self.come_back()

    def come_back(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self._link.symlink_to(os.ttyname(self.slave))

    def receive(self) -> bytes:
        return os.read(self.master, 4096)

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.master, data) :]

    def hang_up(self) -> None:
        self._link.unlink(missing_ok=True)
        for descriptor in (self.master, self.slave):
            with suppress(OSError):
                os.close(descriptor)
        self.master = self.slave = -1


class Gateway:
    """A TCP port that carries the bytes as they are."""

    scheme = "socket"

    def __init__(self, _folder: Path | None = None) -> None:
        self._number = 0
        self._client: socket.socket | None = None
        self.come_back()
        self.name = f"{self.scheme}://127.0.0.1:{self._number}"

    def come_back(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self._number))
        self._number = self.listener.getsockname()[1]

    @property
    def client(self) -> socket.socket:
        if self._client is None:
            self._client, _ = self.listener.accept()
        return self._client

    def receive(self) -> bytes:
        return self.client.recv(4096)

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def hang_up(self) -> None:
        self.listener.close()
        if self._client:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()
        self._client = None


class ResettingGateway(Gateway):
    """One that loses its power, and answers with a reset."""

    def hang_up(self) -> None:
        if self._client:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._client.close()
            self._client = None
        super().hang_up()


class SerialLine(serial.Serial):
    """The line behind a gateway: a pseudo-terminal, which has no modem lines and forgets parity."""

    cts = dsr = ri = cd = property(lambda _: True)
    rejects = ""

    def _update_rts_state(self) -> None: ...
    def _update_dtr_state(self) -> None: ...

    def _reconfigure_port(self, force_update: bool = False) -> None:
        if self.parity == self.rejects:
            raise ValueError
        with suppress(termios.error):
            super()._reconfigure_port(force_update)


class Rfc2217Gateway(Gateway):
    """pyserial's server side of RFC 2217, over a pseudo-terminal."""

    scheme = "rfc2217"

    def come_back(self) -> None:
        super().come_back()
        self._terminal, slave = os.openpty()
        tty.setraw(slave)
        self.line = SerialLine(os.ttyname(slave), timeout=0)
        os.close(slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        client, _ = self.listener.accept()
        self._client = client
        manager = serial.rfc2217.PortManager(self.line, self)
        with suppress(OSError):
            while True:
                ready, _, _ = select.select([client, self.line], [], [])
                if client in ready:
                    data = client.recv(4096)
                    if not data:
                        return
                    self.line.write(b"".join(manager.filter(data)))
                if self.line in ready:
                    self.write(b"".join(manager.escape(self.line.read(4096))))

    def write(self, data: bytes) -> None:
        """For the manager."""
        self._client.sendall(data)

    def receive(self) -> bytes:
        return os.read(self._terminal, 4096)

    def send(self, data: bytes) -> None:
        os.write(self._terminal, data)

    def hang_up(self) -> None:
        if self._thread.is_alive():
            # The server waits for its client, or for what that says.
            if self._client:
                self._client.shutdown(socket.SHUT_RDWR)
            else:
                socket.create_connection(self.listener.getsockname()).close()
            self._thread.join()
        super().hang_up()
        self.line.close()
        with suppress(OSError):
            os.close(self._terminal)
        self._terminal = -1


PEERS = {"device": Terminal, "socket": Gateway, "rfc2217": Rfc2217Gateway}


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    """pyserial sleeps while it waits for an answer, and after each close; here less."""
    nap = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20))  # pyserial's own sleeps, shortened
    monkeypatch.setattr(serial.rfc2217, "time", nap)
    monkeypatch.setattr(protocol_socket, "time", nap)


@pytest.fixture(params=PEERS)
def peer(request, tmp_path) -> Iterator[Peer]:
    peer = PEERS[request.param](tmp_path)
    yield peer
    peer.hang_up()


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def port(peer, stop) -> Iterator[Port]:
    """A port on the peer, open at the factory's settings."""
    port = Port(peer.name, stop)
    port.reply_timeout_s = PATIENCE_S
    port.use(FACTORY)
    yield port
    port.close()


# Reading.


def test_replies_are_read(peer, port):
    """Of each length, one after the other, with bytes that terminals, Telnet or modems take for their own."""
    modbus = Modbus(port)
    every = [byte << 8 | 255 - byte for byte in range(256)]
    for values in ([0xFFFF], [0x0D0A, 0x1113], [0x03FF, 0x1A1C, 0xFFFE], every[:125], every[125:250], every[250:]):
        with meanwhile(peer.receive, lambda values=values: peer.send(reply(values))), within(5):
            assert modbus.read(1, 3, 0x140, len(values)) == tuple(values)


def test_a_read_takes_all_that_waits(peer):
    """In one call whatever the kind of port, and it does not wait where nothing is."""
    wire = open_serial(peer.name, FACTORY)
    assert wire.read(4096) == b""
    wire.write(b"x")
    peer.receive()
    peer.send(bytes(200))
    # A socket tells only that there is something.
    until(lambda: wire.in_waiting >= (1 if isinstance(wire, protocol_socket.Serial) else 200))
    assert wire.read(4096) == bytes(200)
    wire.close()


def test_a_refusal_ends_the_read_at_once(peer, port):
    refusal = FRAMER.buildFrame(ExceptionResponse(3, 2, device_id=1))
    with meanwhile(peer.receive, lambda: peer.send(refusal)), within(1), pytest.raises(RefusedError):
        Modbus(port).read(1, 3, 0x140, 125)


def test_silence_is_no_loss(peer, port):
    """A gateway that takes everything and says nothing: a timeout each time, and an open port."""
    port.reply_timeout_s = 0.05
    for _ in range(3):
        with pytest.raises(NoReplyError):
            Modbus(port).read(1, 3, 0x140, 2)
    assert port.is_open
    received = peer.receive()
    while len(received) < 3 * 8:
        # A gateway hands on what comes in pieces of its own.
        received += peer.receive()
    assert len(received) == 3 * 8


@pytest.mark.parametrize("kind", [Terminal, Gateway])
def test_a_flood_is_given_up(kind, stop, tmp_path):
    """More noise than can be read, without end: the read fails in bounded time, however much of it there is."""
    peer = kind(tmp_path)
    port = Port(peer.name, stop)
    port.use(FACTORY)
    is_over = threading.Event()

    def flood() -> None:
        os.set_blocking(peer.master if kind is Terminal else peer.client.fileno(), False)
        while not is_over.is_set():
            with suppress(BlockingIOError):
                peer.send(b"\x01\x03\x55" * 4096)

    with meanwhile(flood):
        with pytest.raises(ReadError), within(3):
            Modbus(port).read(1, 3, 0x140, 2)
        is_over.set()
    port.close()
    peer.hang_up()


# The end.


def test_a_stop_ends_a_read_at_once(peer, port, stop):
    stopped_s = []

    def end() -> None:
        stopped_s.append(time.monotonic())
        stop.set()

    with meanwhile(peer.receive, end), pytest.raises(Stopped):
        Modbus(port).read(1, 3, 0x140, 2)
    assert time.monotonic() - stopped_s[0] < 0.2


def test_a_stop_ends_a_reply_that_is_coming(peer, port, stop):
    """Also where the reader sleeps until the rest can be there."""
    port.use(LineSettings(1200, "E", 1))
    with (
        meanwhile(
            peer.receive,
            lambda: peer.send(reply([0] * 125)[:20]),
            lambda: time.sleep(0.05),  # until the reader sleeps: it has no event for us
            stop.set,
        ),
        within(1),
        pytest.raises(Stopped),
    ):
        Modbus(port).read(1, 3, 0x140, 125)


def test_a_stop_ends_a_wait_for_late_replies(port, stop):
    with meanwhile(stop.set), within(0.5), pytest.raises(Stopped):
        port.listen(time.monotonic() + PATIENCE_S)


# Loss.


def test_a_port_lost_during_a_read_is_an_error_at_once(peer, port):
    """Not a timeout; it says which port, and is closed."""
    with meanwhile(peer.receive, peer.hang_up), within(1.5), pytest.raises(PortError) as raised:
        Modbus(port).read(1, 3, 0x140, 2)
    assert str(raised.value).startswith(f"{peer.name} was lost (")
    assert not port.is_open


def test_a_port_lost_before_a_request_is_an_error_at_once(peer, port):
    modbus = Modbus(port)
    with meanwhile(peer.receive, lambda: peer.send(reply([1, 2]))):
        modbus.read(1, 3, 0x140, 2)
    peer.hang_up()
    with within(1.5), pytest.raises(PortError, match="was lost"):
        modbus.read(1, 3, 0x140, 2)
    assert not port.is_open


def test_a_port_lost_in_a_quiet_moment_is_noticed_by_listening(peer, port):
    with meanwhile(peer.hang_up), within(1.5), pytest.raises(PortError, match="was lost"):
        port.listen(time.monotonic() + PATIENCE_S)
    assert not port.is_open


def test_a_gateway_that_resets_the_connection_is_lost(stop):
    peer = ResettingGateway()
    port = Port(peer.name, stop)
    port.use(FACTORY)
    with meanwhile(peer.receive, peer.hang_up), within(1.5), pytest.raises(PortError, match="Connection reset by peer"):
        Modbus(port).read(1, 3, 0x140, 2)
    assert not port.is_open


def test_a_gateway_that_accepts_and_closes_is_lost(stop):
    """As one does that serves another client already."""
    peer = Gateway()
    port = Port(peer.name, stop)
    port.use(FACTORY)
    peer.client.close()
    with within(1.5), pytest.raises(PortError, match="was lost"):
        Modbus(port).read(1, 3, 0x140, 2)
    peer.hang_up()


def test_a_lost_port_opens_again(peer, port):
    """While it is away each attempt fails with a sentence; then it is read at the settings of before."""
    modbus = Modbus(port)
    with meanwhile(peer.receive, peer.hang_up), pytest.raises(PortError):
        modbus.read(1, 3, 0x140, 2)
    for _ in range(2):
        with pytest.raises(PortError, match=r"There is no|does not answer"):
            port.open()
        assert not port.is_open
    peer.come_back()
    port.open()
    assert port.baudrate == FACTORY.baud
    with meanwhile(peer.receive, lambda: peer.send(reply([1, 2]))):
        assert modbus.read(1, 3, 0x140, 2) == (1, 2)


def test_a_closed_port_can_be_closed_and_says_that_it_is_closed(peer, stop):
    port = Port(peer.name, stop)
    assert not port.is_open
    port.close()
    with pytest.raises(PortError, match="is not open"):
        port.write(b"\x01\x03\x01\x40\x00\x02\xc4\x23")
    port.open()
    assert port.is_open
    port.close()
    port.close()
    assert not port.is_open


# RFC 2217.


@pytest.fixture
def remote() -> Iterator[Rfc2217Gateway]:
    remote = Rfc2217Gateway()
    yield remote
    remote.hang_up()


def test_the_settings_arrive_behind_rfc_2217(remote, stop):
    """Parity too, which no pseudo-terminal can show: at the opening and later."""
    port = Port(remote.name, stop)
    for settings in (FACTORY, LineSettings(9600, "N", 1), LineSettings(2400, "O", 2), FACTORY):
        port.use(settings)
        line = remote.line
        assert (line.baudrate, line.bytesize, line.parity, line.stopbits) == (
            settings.baud,
            8,
            settings.parity,
            settings.stop,
        )
    port.close()


def test_a_loss_behind_rfc_2217_is_noticed_though_its_notice_was_read(remote):
    """pyserial's reader leaves one mark of it, which a read may have taken while it was still running."""
    wire = open_serial(remote.name, FACTORY)
    remote.hang_up()
    wire._thread.join()
    while not wire._read_buffer.empty():
        wire._read_buffer.get()
    with pytest.raises(serial.SerialException, match="the gateway has closed the connection"):
        _ = wire.in_waiting
    wire.close()


def test_a_gateway_that_rejects_settings_is_said_in_a_sentence(remote, stop):
    remote.line.rejects = "E"
    port = Port(remote.name, stop)
    port.use(LineSettings(9600, "N", 1))
    with pytest.raises(PortError, match=rf"{remote.name} does not take 9600 8E1 \(remote rejected value"):
        port.use(FACTORY)
    assert not port.is_open


def test_a_gateway_that_rejects_settings_at_the_opening_is_said_in_a_sentence(remote, stop):
    remote.line.rejects = "E"
    with pytest.raises(PortError, match=rf"{remote.name} does not take 9600 8E1 \(remote rejected value"):
        Port(remote.name, stop).use(FACTORY)


def test_a_mute_gateway_is_said_in_a_sentence(stop):
    """One that accepts a connection and knows nothing of RFC 2217."""
    mute = Gateway()
    name = mute.name.replace("socket", "rfc2217") + "?timeout=0.2"
    with within(5), pytest.raises(PortError) as raised:
        Port(name, stop).use(FACTORY)
    assert str(raised.value).startswith(f"{name} does not answer (Remote does not seem to support RFC2217")
    mute.hang_up()


# TCP.


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_a_gateway_that_refuses_is_said_in_a_sentence(scheme, stop):
    gone = Gateway()
    gone.hang_up()
    name = gone.name.replace("socket", scheme)
    with within(1), pytest.raises(PortError) as raised:
        Port(name, stop).use(FACTORY)
    assert str(raised.value) == f"{name} does not answer (Connection refused); check the gateway and the address."


@contextmanager
def crowded() -> Iterator[int]:
    """A TCP port that answers nobody: its one place is taken."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            yield listener.getsockname()[1]


def is_connecting(number: int) -> bool:
    syn_sent = "02"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[3] == syn_sent and row[2].endswith(f":{number:04X}") for row in rows)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
@pytest.mark.parametrize("way", ["SIGTERM", "end of stdin"])
def test_a_gateway_that_does_not_accept_holds_up_no_end(program, scheme, way):
    """The process ends within a second while a connection is being made, which takes five."""
    with crowded() as number:
        run = program("run", f"{scheme}://127.0.0.1:{number}", METER)
        until(lambda: is_connecting(number))
        with within(1):
            run.process.send_signal(signal.SIGTERM) if way == "SIGTERM" else run.end_stdin()
            assert run.wait(5) == 0
    assert run.stderr.to_the_end()[-1].startswith("I! Stopped")


def test_a_gateway_that_does_not_accept_is_said_and_tried_again(program):
    """A connection that is not made in pyserial's five seconds, here half a one, is given up; the process stays up."""
    patch = "from serial.urlhandler import protocol_socket\nprotocol_socket.POLL_TIMEOUT = 0.5"
    with crowded() as number:
        run = program("run", f"socket://127.0.0.1:{number}", METER, "--log-level", "debug", patch=patch)
        words = run.stderr.wait_for("E! ")
        assert words.startswith(f"E! socket://127.0.0.1:{number} does not answer (timed out);")
        run.stderr.wait_for("D! socket://")
        run.end_stdin()
        assert run.wait(5) == 0


def test_a_gateway_that_comes_back_is_read_again(program, simulator):
    """It is away for a moment: one line of log for each way."""
    meter = simulator(METER, tcp=True)
    run = program("run", meter.port, METER)
    run.stdout.wait_for("electricity,")
    meter.unplug()
    assert " was lost (" in run.stderr.wait_for("E! ")
    meter.plug_in()
    run.stderr.wait_for("The port is open again")
    run.stdout.wait_for("electricity,", times=len([line for line in run.stdout.texts if "electricity," in line]) + 1)
    run.end_stdin()
    assert run.wait(5) == 0
    assert [line[:2] for line in run.stderr.to_the_end()].count("E!") == 1
