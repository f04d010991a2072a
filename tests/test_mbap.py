"""A port behind Modbus TCP: pymodbus is the server, or builds the frames that a scripted gateway sends.

| fault                                                   | test                                                      |
|---------------------------------------------------------|-----------------------------------------------------------|
| our idea of MBAP is not that of others                  | test_meters_are_read_through_a_gateway_that_is_not_ours   |
| two meters behind one gateway are mixed up              | the same                                                  |
| a refusal is a silence, or loses its code               | test_a_refusal_keeps_its_code                             |
| a request is not as the standard has it                 | test_a_request_is_as_the_standard_has_it                  |
| the numbers end after 65 535 requests                   | test_the_numbers_begin_anew                               |
| a late reply is taken for the next question's           | test_a_late_reply_is_dropped                              |
| a reply in pieces is cut, joined replies are lost       | test_replies_come_whole_however_they_are_torn             |
| a reply is waited for as if it came at 1200 baud        | test_a_reply_is_not_waited_for_longer_than_it_takes       |
| a slow reply is given up while it comes                 | test_a_reply_in_slow_pieces_is_read                       |
| a missing reply costs more than the timeout             | test_a_missing_reply_costs_the_timeout                    |
| a torn reply is taken for one, or stays in the way      | test_a_reply_that_stops_in_the_middle_is_none             |
| what is no Modbus TCP is read for ever                  | test_what_is_no_modbus_tcp_closes_the_port                |
| a lost connection is a silence, or never comes back     | test_a_lost_connection_is_known_and_made_again            |
| line settings lose the connection                       | test_line_settings_are_the_gateways_affair                |
| characters of a line that is not there fill the second  | test_no_characters_are_reckoned_where_there_is_no_line    |
| a gateway that is away is a riddle, or a traceback      | test_a_gateway_that_is_away_is_said_in_a_sentence         |
| the end of the process waits for a reply                | test_a_stop_ends_a_read_at_once                           |
| `wattline read` does not know it                        | test_the_command_reads_it                                 |
"""

import asyncio
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse, ReadInputRegistersResponse
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from waiting import meanwhile, within
from wattline.bus import mbap
from wattline.bus.bus import Bus
from wattline.bus.device import open_serial
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.clock import Slot
from wattline.errors import NoReplyError, PortError, ReadError, RefusedError
from wattline.stop import Stop, Stopped
from wattline.words import parse_meters

MBAP = FramerSocket(DecodePDU(is_server=True))
RTU = FramerRTU(DecodePDU(is_server=True))
FACTORY = LineSettings(9600, "E", 1)
# Longer than any test may take: what is fast does not wait for it.
PATIENCE_S = 15.0
METERS = {
    1: {0x0130: [5001, 23142], 0x0139: [0, 1473], 0x0140: [0, 327], 0xA000: [0x0003, 0x0530, *8 * [0]]},
    17: {0x0130: [4999, 20705], 0x0140: [0xFFFF, 0xC75D], 0x2000: list(range(1, 126))},
}
"""Unit to registers: of an OR-WE-515 in part, and a row of numbers."""


def reply(values: list[int], transaction: int = 1, unit: int = 1) -> ReadHoldingRegistersResponse:
    return ReadHoldingRegistersResponse(registers=values, dev_id=unit, transaction_id=transaction)


def packed(pdu: ModbusPDU) -> bytes:
    """As it goes over the network."""
    return MBAP.buildFrame(pdu)


class Server:
    """Meters behind a gateway, by pymodbus, served in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.name = f"modbus-tcp://127.0.0.1:{self._run(self._start())}"

    async def _start(self) -> int:
        self._server = ModbusTcpServer(
            context=[self._device(unit, registers) for unit, registers in METERS.items()],
            address=("127.0.0.1", 0),
        )
        await self._server.serve_forever(background=True)
        return self._server.transport.sockets[0].getsockname()[1]

    def _device(self, unit: int, registers: dict[int, list[int]]) -> SimDevice:
        holding = [SimData(first, values=values, datatype=DataType.REGISTERS) for first, values in registers.items()]
        inputs = [SimData(0x0000, values=[unit, 2, 3], datatype=DataType.REGISTERS)]
        bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        return SimDevice(unit, simdata=(bits, bits, holding, inputs))

    def close(self) -> None:
        self._run(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)


class Gateway:
    """A gateway that says what it is told to."""

    def __init__(self) -> None:
        self._number = 0
        self._client: socket.socket | None = None
        self.come_back()
        self.name = f"modbus-tcp://127.0.0.1:{self._number}"

    def come_back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self._number))
        self._number = self._listener.getsockname()[1]

    @property
    def client(self) -> socket.socket:
        if self._client is None:
            self._client, _ = self._listener.accept()
            self._client.settimeout(PATIENCE_S)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._client

    def receive(self) -> bytes:
        return self.client.recv(4096)

    def send(self, data: bytes) -> None:
        self.client.sendall(data)

    def drop(self) -> None:
        """Close the connection; another can be made."""
        if self._client:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()
        self._client = None

    def close(self) -> None:
        self.drop()
        self._listener.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with closing(Gateway()) as gateway:
        yield gateway


@contextmanager
def opened(name: str, stop: Stop | None = None) -> Iterator[Port]:
    port = Port(name, stop or Stop())
    port.reply_timeout_s = PATIENCE_S
    port.use(FACTORY)
    try:
        yield port
    finally:
        port.close()


# With a server that is not ours.


def test_meters_are_read_through_a_gateway_that_is_not_ours(server):
    """Two of them in turn, with both functions, the longest read among them."""
    with opened(server.name) as port, within(3):
        modbus = Modbus(port)
        for _ in range(3):
            for unit, registers in METERS.items():
                for first, values in registers.items():
                    assert modbus.read(unit, 3, first, len(values)) == tuple(values)
                assert modbus.read(unit, 4, 0x0000, 3) == (unit, 2, 3)
        assert not port.strays
        assert 0 < port.busy_s < 3


def test_a_refusal_keeps_its_code(server):
    with opened(server.name) as port, within(1), pytest.raises(RefusedError) as raised:
        Modbus(port).read(17, 3, 0x7000, 2)
    assert (raised.value.code, raised.value.reason) == (2, "illegal data address")


def test_the_command_reads_it(server, program):
    """From the words to the table's values; what the meter refuses is left out."""
    read = program("read", "--json", server.name, "house=orno-we515@1", "roof=orno-we515@17,role=solar,baud=2400")
    assert read.wait(12) == 0
    house, roof = [meter["values"] for meter in json.loads("\n".join(read.stdout.to_the_end()))]
    assert {name: house[name] for name in ("voltage_v", "power_w", "energy_total_kwh")} == {
        "voltage_v": 231.42,
        "power_w": 327,
        "energy_total_kwh": 1979.36,
    }
    assert roof["power_w"] == -14499


# What goes over the network.


def test_a_request_is_as_the_standard_has_it(gateway):
    """A header in place of the CRC; each request has a number of its own."""
    with opened(gateway.name) as port:
        port.reply_timeout_s = 0.02
        for number, unit in ((1, 1), (2, 17), (3, 1)):
            with pytest.raises(NoReplyError):
                Modbus(port).read(unit, 3, 0x0140, 2)
            assert gateway.receive() == bytes([0, number, 0, 0, 0, 6, unit, 3, 0x01, 0x40, 0, 2])


def test_the_numbers_begin_anew(gateway):
    request = RTU.buildFrame(reply([]))
    with closing(open_serial(gateway.name, FACTORY)) as wire:
        wire._transaction = 65_534
        numbers = []
        for _ in range(3):
            assert wire.write(request) == len(request)
            numbers.append(int.from_bytes(gateway.receive()[:2], "big"))
    assert numbers == [65_535, 0, 1]


def test_a_late_reply_is_dropped(gateway):
    """Though it has the length of the next question's, and comes before or after that."""
    with opened(gateway.name) as port:
        modbus = Modbus(port)
        port.reply_timeout_s = 0.02
        with pytest.raises(NoReplyError):
            modbus.read(1, 3, 0x0140, 2)
        port.reply_timeout_s = PATIENCE_S
        gateway.receive()
        late, right = packed(reply([9, 9], 1)), packed(reply([1, 2], 2))
        with meanwhile(gateway.receive, lambda: gateway.send(late + right)):
            assert modbus.read(1, 3, 0x0150, 2) == (1, 2)
        gateway.send(right + late)
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply([3, 4], 3)))):
            assert modbus.read(1, 3, 0x0150, 2) == (3, 4)
        assert not [stray for stray in port.strays if stray.frame.registers == (9, 9)]


PDUS = st.one_of(
    st.builds(
        lambda values, unit: ReadInputRegistersResponse(registers=values, dev_id=unit),
        st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125),
        st.integers(1, 247),
    ),
    st.builds(lambda code, unit: ExceptionResponse(3, code, device_id=unit), st.integers(1, 11), st.integers(1, 247)),
)


@given(st.lists(st.tuples(PDUS, st.sampled_from([7, 7, 7, 6, 8, 0])), max_size=6), st.data())
@settings(max_examples=100)
def test_replies_come_whole_however_they_are_torn(replies, data):
    """As RTU frames and in order, those of the last request alone; torn anywhere, or joined."""
    stream, wanted = b"", b""
    for pdu, transaction in replies:
        pdu.transaction_id = transaction
        stream += packed(pdu)
        wanted += RTU.buildFrame(pdu) if transaction == 7 else b""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    size = data.draw(st.sampled_from([1, 100, 4096]))
    with closing(Gateway()) as gateway, closing(open_serial(gateway.name, FACTORY)) as wire:
        wire._transaction = 7
        assert (wire.in_waiting, wire.read(4096)) == (0, b"")
        came = b""
        for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            if begin < end:
                gateway.send(stream[begin:end])
                assert select.select([wire], [], [], PATIENCE_S)[0]
                while piece := wire.read(size):
                    assert len(piece) <= size
                    came += piece
        assert came == wanted
        assert wire.in_waiting == 0


# Time.


def test_a_reply_is_not_waited_for_longer_than_it_takes(gateway):
    """At 1200 baud 125 registers would take 2.3 s."""
    with opened(gateway.name) as port:
        port.use(LineSettings(1200, "E", 1))
        values = list(range(125))
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply(values)))), within(1):
            assert Modbus(port).read(1, 3, 0x0140, 125) == tuple(values)
        assert port.turnaround_s < 1


def test_a_reply_in_slow_pieces_is_read(gateway):
    """It begins late and comes byte by byte, within the timeout."""

    def trickle() -> None:
        for byte in packed(reply([327, 98])):
            time.sleep(0.01)  # the peer is slow: that is the test
            gateway.send(bytes([byte]))

    with opened(gateway.name) as port, meanwhile(gateway.receive, trickle), within(2):
        port.reply_timeout_s = 2
        assert Modbus(port).read(1, 3, 0x0140, 2) == (327, 98)


def test_a_missing_reply_costs_the_timeout(gateway):
    with opened(gateway.name) as port:
        port.reply_timeout_s = 0.1
        with within(0.4), pytest.raises(NoReplyError):
            Modbus(port).read(1, 3, 0x0140, 2)
        assert port.is_open
        assert port.turnaround_s is None


def test_a_reply_that_stops_in_the_middle_is_none(gateway):
    """What is left of it, when it comes, does not disturb the next one."""
    with opened(gateway.name) as port:
        first, second = packed(reply([1, 2], 1)), packed(reply([3, 4], 2))
        port.reply_timeout_s = 0.1
        with meanwhile(gateway.receive, lambda: gateway.send(first[:9])), pytest.raises(NoReplyError):
            Modbus(port).read(1, 3, 0x0140, 2)
        port.reply_timeout_s = PATIENCE_S
        with meanwhile(gateway.receive, lambda: gateway.send(first[9:] + second)):
            assert Modbus(port).read(1, 3, 0x0140, 2) == (3, 4)


def test_a_stop_ends_a_read_at_once(gateway):
    stop = Stop()
    with opened(gateway.name, stop) as port, meanwhile(gateway.receive, stop.set), within(1), pytest.raises(Stopped):
        Modbus(port).read(1, 3, 0x0140, 2)


# What goes wrong.


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x00\x01\x00\x07\x01\x03\x04\x00\x01\x00\x02",
        b"\x00\x01\x00\x00\x00\x02\x01\x03",
        b"\x00\x01\x00\x00\x00\x00",
        b"\x00\x01\x00\x00\x00\xff",
        b"\x00\x01\x00\x00\xff\xff",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        RTU.buildFrame(reply([1, 2])),
    ],
    ids=["another protocol", "no data", "nothing", "too long", "absurd", "a web server", "RTU over TCP"],
)
def test_what_is_no_modbus_tcp_closes_the_port(gateway, data):
    """The sentence shows it; the port opens again with nothing left of it."""
    with opened(gateway.name) as port:
        with meanwhile(gateway.receive, lambda: gateway.send(data)), within(1), pytest.raises(PortError) as raised:
            Modbus(port).read(1, 3, 0x0140, 2)
        assert str(raised.value) == (f"{gateway.name} was lost (what came is not Modbus TCP: {data[:6].hex(' ')}).")
        assert not port.is_open
        gateway.drop()
        port.open()
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply([1, 2], 1)))):
            assert Modbus(port).read(1, 3, 0x0140, 2) == (1, 2)


def test_a_reply_that_its_header_does_not_fit_is_a_failed_read(gateway):
    """Its byte count says more than there is: one read fails, the connection stays."""
    with opened(gateway.name) as port:
        port.reply_timeout_s = 0.1
        broken = b"\x00\x01\x00\x00\x00\x06\x01\x03\x04\x00\x01\x00"
        with meanwhile(gateway.receive, lambda: gateway.send(broken)), within(1), pytest.raises(ReadError):
            Modbus(port).read(1, 3, 0x0140, 2)
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply([1, 2], 2)))):
            assert Modbus(port).read(1, 3, 0x0140, 2) == (1, 2)


@pytest.mark.parametrize("moment", ["during a read", "between two reads", "in the middle of a reply"])
def test_a_lost_connection_is_known_and_made_again(gateway, moment):
    """At once, not by a timeout."""
    with opened(gateway.name) as port:
        modbus = Modbus(port)
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply([1, 2], 1)))):
            modbus.read(1, 3, 0x0140, 2)
        half = packed(reply([1, 2], 2))[:9] if moment == "in the middle of a reply" else b""
        if moment == "between two reads":
            gateway.drop()
        actions = [] if moment == "between two reads" else [gateway.receive, lambda: gateway.send(half), gateway.drop]
        with meanwhile(*actions), within(1), pytest.raises(PortError) as raised:
            modbus.read(1, 3, 0x0140, 2)
        assert str(raised.value) == f"{gateway.name} was lost (the gateway has closed the connection)."
        port.open()
        with meanwhile(gateway.receive, lambda: gateway.send(packed(reply([3, 4], 1)))):
            assert modbus.read(1, 3, 0x0140, 2) == (3, 4)


def test_line_settings_are_the_gateways_affair(gateway):
    """Meters with different ones are read over one connection."""
    with opened(gateway.name) as port:
        for number, line in enumerate([FACTORY, LineSettings(2400), LineSettings(9600, "O", 2)], 1):
            port.use(line)
            with meanwhile(gateway.receive, lambda number=number: gateway.send(packed(reply([number], number)))):
                assert Modbus(port).read(1, 3, 0x0140, 1) == (number,)


@pytest.mark.parametrize(("scheme", "round_s"), [("modbus-tcp", 1), ("socket", 2)])
def test_no_characters_are_reckoned_where_there_is_no_line(gateway, scheme, round_s):
    """So four meters are read every second from the first one on; behind ``socket://`` there is a line, and they do not fit."""
    gateway.close()
    words = [f"m{number}=orno-we515@{number}" for number in range(1, 5)]
    bus = Bus(Port(gateway.name.replace("modbus-tcp", scheme), Stop()), parse_meters(words), 1)
    bus.poll(Slot(10**9, 1.0, 1.9))
    bus.close()

    assert bus.health()["round_s"] == round_s


def complaint(name: str) -> str:
    with pytest.raises(PortError) as raised:
        open_serial(name, FACTORY)
    return str(raised.value)


def test_a_gateway_that_is_away_is_said_in_a_sentence(gateway, monkeypatch):
    """It refuses, it does not accept, it is nowhere."""
    gateway.close()
    assert complaint(gateway.name) == (
        f"{gateway.name} does not answer (Connection refused); check the gateway and the address."
    )
    monkeypatch.setattr(mbap, "CONNECT_S", 0.1)
    with socket.socket() as crowded:
        crowded.bind(("127.0.0.1", 0))
        crowded.listen(0)
        with socket.create_connection(crowded.getsockname()):
            name = f"modbus-tcp://127.0.0.1:{crowded.getsockname()[1]}"
            assert complaint(name) == f"{name} does not answer (timed out); check the gateway and the address."
    for host in ("[no address]", "x" * 64, "a..b", "\udcff"):
        name = f"modbus-tcp://{host}:502"
        assert complaint(name).startswith(f"{name} does not answer (")


def test_an_address_of_version_6_is_taken():
    with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)) as listener:
        open_serial(f"modbus-tcp://[::1]:{listener.getsockname()[1]}", FACTORY).close()
