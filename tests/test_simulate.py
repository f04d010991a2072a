"""The simulator on real ports, judged by programs that others wrote: pymodbus as its client, pyserial as its wire.

| fault                                                     | test                                                |
|-----------------------------------------------------------|-----------------------------------------------------|
| reader and simulator share a misunderstanding of Modbus   | test_pymodbus_reads_..., test_the_recorded_frames   |
| decoded truth differs from what a client decodes          | test_the_truth_is_what_pymodbus_reads               |
| bytes come before their time, or much later               | test_a_reply_keeps_the_time_of_its_line             |
| a fault that is never seen on the port                    | one test for each kind                              |
| the port does not come back, or under another name        | test_unplug_...                                     |
| a client that stops reading, or leaves, stops the meter   | test_a_client_that_...                              |
| a value that cannot be shown is taken                     | test_values_that_the_meter_cannot_show_are_refused  |
"""

import contextlib
import json
import os
import socket
import statistics
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer import FramerRTU

from waiting import until
from wattline.errors import PortError, WordError
from wattline.simulate import Scenario, Simulator
from wattline.simulate.faults import parse_script
from wattline.words import parse_meters

HOUSE = "house=orno-we515@1"
CHARACTER_S = 11 / 9600

RECORDED = {
    "voltage_v": (231.42, "01 03 01 31 00 01 d4 39", "01 03 02 5a 66 02 ce"),
    "frequency_hz": (50.01, "01 03 01 30 00 01 85 f9", "01 03 02 13 89 74 d2"),
    "current_a": (1.473, "01 03 01 39 00 02 15 fa", "01 03 04 00 00 05 c1 38 f3"),
    "power_w": (327, "01 03 01 40 00 02 c4 23", "01 03 04 00 00 01 47 bb 91"),
    "reactive_power_var": (98, "01 03 01 48 00 02 45 e1", "01 03 04 00 00 00 62 7b da"),
    "apparent_power_va": (341, "01 03 01 50 00 02 c5 e6", "01 03 04 00 00 01 55 3b 9c"),
    "power_factor": (0.959, "01 03 01 58 00 01 04 25", "01 03 02 03 bf f9 04"),
    "energy_total_kwh": (1979.36, "01 03 a0 00 00 02 e6 0b", "01 03 04 00 03 05 30 09 77"),
    "reactive_energy_total_kvarh": (1023.48, "01 03 a0 1e 00 02 86 0d", "01 03 04 00 01 8f cc cf 96"),
}
"""Nine exchanges of a real OR-WE-514 (volkszaehler/mbmd issue 155)."""

POWER = bytes.fromhex(RECORDED["power_w"][1])
POWER_REPLY = bytes.fromhex(RECORDED["power_w"][2])


def simulated(*words: str, faults: str = "", **options) -> Simulator:
    fast = {"load": "fixed", "turnaround_ms": 5.0, "jitter_ms": 0.0}
    ports = {key: options.pop(key) for key in ("link", "tcp", "truth", "local_s") if key in options}
    scenario = Scenario(**(fast | options), script=parse_script(faults))
    return Simulator(parse_meters(words or [HOUSE]), scenario, **ports)


@contextlib.contextmanager
def plugged(port: str, baud: int = 9600, timeout_s: float = 0.5) -> Iterator[serial.Serial]:
    """The port in plain pyserial; parity is left out, since a pseudo-terminal has none."""
    with serial.serial_for_url(port, baudrate=baud, timeout=timeout_s) as wire:
        yield wire


@contextlib.contextmanager
def pymodbus_on(simulator: Simulator, **options) -> Iterator[ModbusTcpClient | ModbusSerialClient]:
    if simulator.port.startswith("socket://"):
        number = int(simulator.port.rpartition(":")[2])
        client = ModbusTcpClient("127.0.0.1", port=number, framer=FramerType.RTU, timeout=1, retries=0)
    else:
        client = ModbusSerialClient(simulator.port, timeout=1, retries=0, **{"baudrate": 9600, "parity": "N"} | options)
    assert client.connect()
    try:
        yield client
    finally:
        client.close()


def exchange(wire: serial.Serial, request: bytes, length: int) -> bytes:
    wire.write(request)
    return bytes(wire.read(length))


@pytest.fixture(params=["pseudo-terminal", "tcp"])
def on_any_port(request) -> dict[str, object]:
    return {"tcp": ("127.0.0.1", 0)} if request.param == "tcp" else {}


def test_the_recorded_frames_are_answered_byte_for_byte(on_any_port):
    with simulated(**on_any_port) as simulator, plugged(simulator.port) as wire:
        simulator.set_values("house", **{field: value for field, (value, _, _) in RECORDED.items()})
        for _, request, reply in RECORDED.values():
            assert exchange(wire, bytes.fromhex(request), len(bytes.fromhex(reply))).hex(" ") == reply


def test_pymodbus_reads_every_length_of_the_documented_registers(on_any_port):
    spans = [(0x140, n) for n in range(1, 29)] + [(0x139, 6), (0x130, 4), (0xA000, 10), (0xA01E, 10), (0x0B, 1)]
    with (
        simulated("house=orno-we515@1,baud=115200", turnaround_ms=0, **on_any_port) as simulator,
        pymodbus_on(simulator, baudrate=115200) as client,
    ):
        for first, count in spans:
            reply = client.read_holding_registers(first, count=count, device_id=1)

            assert not reply.isError()
            assert tuple(reply.registers) == simulator.truth[-1].registers
            assert len(reply.registers) == count


def test_the_truth_is_what_pymodbus_reads(on_any_port):
    """Its decoded values too, with a power that flows backwards."""
    with simulated(load="random", **on_any_port) as simulator, pymodbus_on(simulator) as client:
        simulator.set_values("house", power_w=-500)
        registers = client.read_holding_registers(0x140, count=25, device_id=1).registers
        counters = client.read_holding_registers(0xA000, count=10, device_id=1).registers
        now, energy = (entry.values for entry in simulator.truth)

        as_signed = [client.convert_from_registers(registers[i : i + 2], client.DATATYPE.INT32) for i in (0, 8, 16)]
        assert [now["power_w"], now["reactive_power_var"], now["apparent_power_va"]] == as_signed
        assert now["power_w"] == -500
        assert now["power_factor"] == client.convert_from_registers(registers[24:], client.DATATYPE.INT16) / 1000
        total = client.convert_from_registers(counters[:2], client.DATATYPE.UINT32)
        assert energy["energy_total_kwh"] == total / 100 > 655.36


@pytest.mark.parametrize(("first", "count", "code"), [(0x134, 1, 2), (0x13F, 1, 2), (0xA00A, 1, 2), (0x130, 5, 2)])
def test_pymodbus_understands_a_refusal(on_any_port, first, count, code):
    with simulated(**on_any_port) as simulator, pymodbus_on(simulator) as client:
        reply = client.read_holding_registers(first, count=count, device_id=1)

        assert (reply.isError(), reply.exception_code) == (True, code)
        assert simulator.truth[-1].refusal == code


def test_pymodbus_reads_two_meters(on_any_port):
    both = ("house=orno-we515@1", "kitchen=orno-we514@2")
    with simulated(*both, **on_any_port) as simulator, pymodbus_on(simulator) as client:
        watts = [client.read_holding_registers(0x140, count=2, device_id=n).registers for n in (1, 2)]

    assert watts == [[0, 1000], [0, 500]]
    assert [entry.meter for entry in simulator.truth] == ["house", "kitchen"]


def test_a_write_is_refused():
    with simulated() as simulator, pymodbus_on(simulator) as client:
        assert client.write_register(0x110, 5, device_id=1).exception_code == 1


def test_two_clients_of_a_gateway_get_their_own_replies():
    with simulated(tcp=("127.0.0.1", 0)) as simulator, plugged(simulator.port) as one, plugged(simulator.port) as two:
        one.write(POWER)
        two.write(bytes.fromhex(RECORDED["power_factor"][1]))

        assert (one.read(9)[2], two.read(7)[2]) == (4, 2)


def test_a_reply_keeps_the_time_of_its_line(on_any_port):
    """The last byte of 41 comes no earlier than its line allows, and within 10 ms of it in most cases."""
    request = struct.pack(">BBHH", 1, 3, 0x140, 18)
    request += FramerRTU.compute_CRC(request).to_bytes(2, "big")
    due_s = 49 * CHARACTER_S + 0.020
    with simulated(turnaround_ms=20, **on_any_port) as simulator, plugged(simulator.port) as wire:
        over_s = []
        for _ in range(15):
            start_s = time.monotonic()
            assert len(exchange(wire, request, 41)) == 41
            over_s.append(time.monotonic() - start_s - due_s)

    assert min(over_s) > -0.0001
    assert statistics.median(over_s) < 0.010


def test_a_reply_arrives_in_small_pieces():
    """As it grows on the wire. Whoever reads late on a busy machine finds several at once, so the best of five counts."""
    counts = []
    with simulated() as simulator, plugged(simulator.port) as wire:
        for _ in range(5):
            wire.write(POWER)
            pieces = []
            while sum(map(len, pieces)) < 9:
                pieces.append(wire.read(max(1, wire.in_waiting)))
            counts.append(len(pieces))

    assert max(counts) >= 4


@pytest.mark.parametrize(("baud", "answers"), [(9600, True), (4800, False), (19200, False)])
def test_a_meter_at_another_speed_does_not_answer(baud, answers):
    with simulated() as simulator, plugged(simulator.port, baud, 0.15) as wire:
        assert bool(exchange(wire, POWER, 9)) == answers


def test_silence():
    with simulated(faults="silence") as simulator, plugged(simulator.port, timeout_s=0.15) as wire:
        assert exchange(wire, POWER, 9) == b""
        assert (simulator.truth[0].faults, simulator.truth[0].sent_monotonic_ns) == (["silence"], None)


@pytest.mark.parametrize("place", ["before", "instead"])
def test_noise(place):
    with simulated(faults=f"noise:{place}") as simulator, plugged(simulator.port, timeout_s=0.15) as wire:
        simulator.set_values("house", power_w=327)
        heard = exchange(wire, POWER, 30)

    assert 0 < len(heard) != 9
    assert heard.endswith(POWER_REPLY) == (place == "before")
    assert simulator.truth[0].faults == ["noise"]


def test_wrong_crc():
    with simulated(faults="crc") as simulator, plugged(simulator.port) as wire:
        heard = exchange(wire, POWER, 9)

    assert len(heard) == 9
    assert FramerRTU.compute_CRC(heard[:-2]) != int.from_bytes(heard[-2:], "big")


def test_short():
    with simulated(faults="short:5") as simulator, plugged(simulator.port, timeout_s=0.15) as wire:
        simulator.set_values("house", power_w=327)

        assert exchange(wire, POWER, 9) == POWER_REPLY[:5]


def test_late():
    """The reply comes when it says, and carries what was measured when the question was heard."""
    with simulated(faults="late:300") as simulator, plugged(simulator.port, timeout_s=1) as wire:
        simulator.set_values("house", power_w=327)
        start_s = time.monotonic()
        wire.write(POWER)
        until(lambda: len(simulator.truth) == 1)
        simulator.set_values("house", power_w=5)
        heard = wire.read(9)
        took_s = time.monotonic() - start_s

    assert heard == POWER_REPLY
    assert took_s == pytest.approx(17 * CHARACTER_S + 0.305, abs=0.05)
    assert simulator.truth[0].faults == ["late:300"]


def test_refuse():
    with simulated(faults="refuse:6") as simulator, pymodbus_on(simulator) as client:
        assert client.read_holding_registers(0x140, count=2, device_id=1).exception_code == 6
        assert simulator.truth[0].faults == ["refuse:6"]


def test_echo():
    with simulated(faults="echo") as simulator, plugged(simulator.port) as wire:
        simulator.set_values("house", power_w=327)

        assert exchange(wire, POWER, 17) == POWER + POWER_REPLY


def test_stuck():
    """Within its window nothing moves; before and after it everything does."""
    start_s = 0
    with simulated(load="random", local_s=start_s, faults="stuck@0.15-1.35") as simulator:
        seen: dict[bool, set[tuple[int, ...]]] = {False: set(), True: set()}
        with pymodbus_on(simulator) as client:
            while not (seen[True] and simulator.truth[-1].faults == []):
                registers = tuple(client.read_holding_registers(0x140, count=2, device_id=1).registers)
                seen["stuck" in simulator.truth[-1].faults].add(registers)

    assert len(seen[True]) == 1
    assert len(seen[False]) == 2


def test_stuck_for_seconds_ends_by_itself():
    """As by a rate: frozen from the request that it hits, and moving again afterwards."""
    with simulated() as simulator, pymodbus_on(simulator) as client:

        def faults() -> list[str]:
            client.read_holding_registers(0x140, count=2, device_id=1)
            return simulator.truth[-1].faults

        simulator.inject("stuck:0.3")

        assert faults() == faults() == ["stuck"]
        until(lambda: faults() == [])


def test_a_fault_by_hand_befalls_the_next_requests_only():
    with simulated() as simulator, plugged(simulator.port, timeout_s=0.1) as wire:
        simulator.inject("silence", times=2)

        assert [len(exchange(wire, POWER, 9)) for _ in range(3)] == [0, 0, 9]
        with pytest.raises(WordError):
            simulator.inject("nothing")


def test_equal_seeds_make_equal_faults():
    def faults() -> list[list[str]]:
        simulator = simulated(f"{HOUSE},baud=115200", turnaround_ms=0, faults="late=0.3:1-9,crc=0.3", seed=5)
        with simulator, plugged(simulator.port, 115200) as wire:
            for _ in range(40):
                exchange(wire, POWER, 9)
        return [entry.faults for entry in simulator.truth]

    first = faults()
    assert first == faults()
    assert {label.partition(":")[0] for labels in first for label in labels} == {"late", "crc"}


def test_unplug_takes_the_pseudo_terminal_away_and_brings_it_back_under_its_link(tmp_path):
    link = tmp_path / "ttyMeter"
    with simulated(link=link) as simulator:
        assert simulator.port == str(link)
        with plugged(simulator.port) as wire:
            before = link.readlink()
            assert len(exchange(wire, POWER, 9)) == 9
            simulator.unplug()

            assert not os.path.lexists(link)
            with pytest.raises((serial.SerialException, OSError)):
                exchange(wire, POWER, 9)
            simulator.plug_in()
            assert link.readlink() != before
        with plugged(simulator.port) as wire:
            assert len(exchange(wire, POWER, 9)) == 9
    assert not os.path.lexists(link)


def test_unplug_over_tcp_closes_connections_and_refuses_new_ones():
    with simulated(tcp=("127.0.0.1", 0)) as simulator:
        port = simulator.port
        number = int(port.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", number), timeout=2) as client:
            client.sendall(POWER)
            assert client.recv(1)
            simulator.unplug()
            with contextlib.suppress(ConnectionResetError):
                while client.recv(100):
                    pass
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", number), timeout=2)
        simulator.plug_in()

        assert simulator.port == port
        with plugged(port) as wire:
            assert len(exchange(wire, POWER, 9)) == 9


@pytest.mark.parametrize("script", ["unplug@0.2-0.5", "unplug=1:0.2"])
def test_a_scripted_unplug_ends_by_itself(tmp_path, script):
    link = tmp_path / "ttyMeter"
    with simulated(link=link, faults=script) as simulator:
        first = link.readlink()
        with plugged(simulator.port) as wire:
            with contextlib.suppress(serial.SerialException, OSError):
                wire.write(POWER)
            until(lambda: not os.path.lexists(link))
            until(lambda: os.path.lexists(link))

            assert link.readlink() != first


def test_what_was_under_way_is_lost_with_the_port(tmp_path):
    truth = tmp_path / "truth.jsonl"
    with simulated(faults="late:60000", truth=truth) as simulator, plugged(simulator.port) as wire:
        wire.write(POWER)
        until(lambda: len(simulator.truth) == 1)
        simulator.unplug()

        assert simulator.truth[0].faults == ["late:60000", "unplug"]
        assert json.loads(truth.read_text())["sent_monotonic_ns"] is None


def test_a_client_that_does_not_read_does_not_stop_the_meter():
    """Hundreds of replies lie unread; the next client is served all the same."""
    words = "house=orno-we515@1,baud=115200"
    with simulated(words, turnaround_ms=0) as simulator:
        with plugged(simulator.port, 115200) as deaf:
            request = struct.pack(">BBHH", 1, 3, 0x140, 28)
            request += FramerRTU.compute_CRC(request).to_bytes(2, "big")
            for n in range(100):
                deaf.write(request)
                until(lambda n=n: len(simulator.truth) > n)
        with plugged(simulator.port, 115200) as wire:
            assert len(exchange(wire, POWER, 9)) == 9


def test_a_client_that_leaves_before_its_reply_does_not_stop_the_meter(on_any_port):
    with simulated(**on_any_port) as simulator:
        for _ in range(5):
            with plugged(simulator.port) as leaving:
                leaving.write(POWER)
        until(lambda: len(simulator.truth) == 5 and all(entry.sent_monotonic_ns for entry in simulator.truth))
        with plugged(simulator.port) as wire:
            assert len(exchange(wire, POWER, 9)) == 9


def test_a_connection_that_is_reset_does_not_stop_the_meter():
    with simulated(tcp=("127.0.0.1", 0)) as simulator:
        number = int(simulator.port.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", number)) as client:
            client.sendall(POWER)
            # Closing with a linger time of zero sends a reset in place of an orderly end.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with plugged(simulator.port) as wire:
            assert len(exchange(wire, POWER, 9)) == 9


def test_the_truth_file_says_the_same_as_the_memory(tmp_path):
    truth = tmp_path / "truth.jsonl"
    truth.write_text('{"earlier": "run"}\n')
    before_ns = time.time_ns()
    with simulated(truth=truth, faults="crc@0-60") as simulator, plugged(simulator.port) as wire:
        exchange(wire, POWER, 9)
        exchange(wire, bytes.fromhex("01 03 01 34 00 01 c4 38"), 5)
        lines = [json.loads(line) for line in truth.read_text().splitlines()]
        entries = simulator.truth

    assert [line.get("first") for line in lines] == [None, 0x140, 0x134]
    power, refused = lines[1:]
    assert before_ns < power["heard_wall_ns"] < time.time_ns()
    assert power["heard_monotonic_ns"] < power["sent_monotonic_ns"] < time.monotonic_ns()
    assert power["sent_monotonic_ns"] == entries[0].sent_monotonic_ns
    assert (power["meter"], power["address"], power["function"], power["count"]) == ("house", 1, 3, 2)
    assert (power["registers"], power["values"], power["faults"]) == ([0, 1000], {"power_w": 1000}, ["crc"])
    assert (refused["registers"], refused["values"], refused["refusal"]) == ([], {}, 2)


def test_set_values_show_until_they_are_released():
    with simulated() as simulator, pymodbus_on(simulator) as client:

        def watts() -> float:
            client.read_holding_registers(0x140, count=2, device_id=1)
            return simulator.truth[-1].values["power_w"]

        simulator.set_values("house", power_w=-500)
        assert watts() == -500
        simulator.release_values("house")
        assert watts() == 1000


@pytest.mark.parametrize(
    ("values", "error"),
    [({"power": 1}, ValueError), ({"voltage_v": -1}, OverflowError), ({"power_w": 1e12}, OverflowError)],
)
def test_values_that_the_meter_cannot_show_are_refused(values, error):
    with simulated() as simulator, plugged(simulator.port) as wire:
        with pytest.raises(error):
            simulator.set_values("house", **values)

        assert len(exchange(wire, POWER, 9)) == 9


@pytest.mark.parametrize(
    ("second", "ports"),
    [("b=orno-we514@1,parity=N", {}), ("b=orno-we514@1,baud=2400", {"tcp": ("127.0.0.1", 0)})],
)
def test_meters_that_the_port_cannot_tell_apart_are_refused(second, ports):
    with pytest.raises(WordError, match=r"'a' and 'b' both have address 1"):
        simulated("a=orno-we515@1", second, **ports)


def test_a_name_that_is_taken_is_never_overwritten(tmp_path):
    notes, link = tmp_path / "notes.txt", tmp_path / "notes"
    notes.write_text("mine")
    link.symlink_to(notes)
    for taken in (notes, link):
        with pytest.raises(PortError, match=r"something else has that name"), simulated(link=taken):
            pytest.fail("it ran")

    assert link.read_text() == "mine"


def test_a_link_that_a_killed_simulator_left_is_taken_over(tmp_path):
    link = tmp_path / "ttyMeter"
    link.symlink_to("/dev/pts/99999")
    with simulated(link=link), plugged(str(link)) as wire:
        assert len(exchange(wire, POWER, 9)) == 9


def test_a_link_that_another_simulator_took_over_is_left_alone(tmp_path):
    link = tmp_path / "ttyMeter"
    with simulated(link=link) as first, simulated() as other:
        link.unlink()
        link.symlink_to(other.port)
        first.close()

        assert os.path.lexists(link)


def test_the_link_of_a_simulator_that_runs_is_refused(tmp_path):
    link = tmp_path / "ttyMeter"
    with simulated(link=link) as first:
        terminal = link.readlink()
        complaint = (
            f"The link {link} leads to {terminal}, which is in use: end the simulator there, or choose another name."
        )
        with pytest.raises(PortError) as refused, simulated(link=link):
            pytest.fail("it ran")

        assert str(refused.value) == complaint
        assert link.readlink() == terminal
        assert first.port == str(link)


def test_a_port_that_is_taken_is_named():
    with simulated(tcp=("127.0.0.1", 0)) as simulator:
        number = int(simulator.port.rpartition(":")[2])
        with pytest.raises(PortError, match=rf"127\.0\.0\.1:{number}: Address already in use"):
            simulated(tcp=("127.0.0.1", number)).__enter__()


def test_a_port_that_does_not_come_back_ends_the_simulation_with_a_sentence(tmp_path):
    """A scripted plug-in happens with nobody there to catch it: ``wait`` raises."""
    link = tmp_path / "ttyMeter"
    with simulated(link=link, faults="unplug@0.1-0.6") as simulator:
        until(lambda: not os.path.lexists(link))
        link.write_text("mine")
        with pytest.raises(PortError, match=r"something else has that name"):
            simulator.wait(5)


def test_a_truth_that_cannot_be_written_is_a_sentence_and_leaves_nothing(tmp_path):
    link = tmp_path / "ttyMeter"
    with pytest.raises(PortError, match=r"truth cannot be written to .*No such file"):
        simulated(link=link, truth=tmp_path / "no" / "truth").__enter__()

    assert not os.path.lexists(link)


def test_closing_leaves_no_descriptor_open(tmp_path):
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for ports in ({"link": tmp_path / "ttyMeter"}, {"tcp": ("127.0.0.1", 0)}):
        with simulated(truth=tmp_path / "truth", **ports) as simulator, plugged(simulator.port) as wire:
            exchange(wire, POWER, 9)
        simulator.close()

    assert descriptors() == before
