"""``wattline read`` and ``wattline run`` against meters that are not ours: pymodbus is the server, the values are worked out by hand.

The house's registers are those that volkszaehler/mbmd issue 155 recorded from a real OR-WE-514, and tariffs that add up
to its totals. The roof's are chosen to hurt: negative, beyond 16 bits, at the end of the counter. pymodbus refuses each
register that it was not given, and function 4 finds zeros.

| fault                                                     | test                                                         |
|-----------------------------------------------------------|--------------------------------------------------------------|
| reader and simulator share a misunderstanding of Modbus   | test_the_table_is..., test_the_json_is..., test_the_lines... |
| units, decimals, signs or widths are wrong                | the same                                                     |
| `--json` is no JSON, or has other keys                    | test_the_json_is_the_meters_display_for_programs             |
| `--lines` is no line protocol                             | test_the_lines_are_line_protocol_on_the_binary_grain         |
| a device is not what a socket is                          | test_a_serial_device_says_the_same                           |
| it asks for what the meter need not answer, or writes     | test_reading_asks_only_for_registers_that_the_meter_has      |
| `run` learns something wrong from a strange meter         | test_run_meters_a_strange_meter_every_second                 |
| a value that was not had is made up, or is a failure      | test_what_a_meter_does_not_say_is_left_out                   |
| a meter that takes shorter reads than its table says gives nothing | test_a_meter_that_takes_shorter_reads_gives_all_its_values |
| what is lost at the begin passes for a silent meter       | test_two_requests_that_are_lost_are_not_a_silent_meter       |
| a silent meter costs the others                           | test_a_silent_meter_is_told_and_the_others_are_shown         |
| each trouble looks the same                               | test_a_meter_without_a_reading_gets_its_advice               |
| a port that is away, busy or something else: a traceback  | test_a_port_that_cannot_be_used_is_one_sentence              |
| a port that is lost in between is taken for a silent meter | test_a_port_that_is_lost_is_one_sentence                    |
| what is no Modbus device is read for ever, or believed    | test_what_is_no_modbus_device_is_told                        |
| the reason cannot be had                                  | test_the_log_tells_why_when_it_is_asked                      |
| Ctrl-C waits, or leaves a traceback                       | test_ctrl_c_ends_it_at_once                                  |
"""

import asyncio
import json
import os
import pty
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import pytest
import serial
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from virtual import Street, sealed
from waiting import until
from wattline.meters import load_models

HOUSE = {
    0x0130: [0x1389, 0x5A66],  # 50.01 Hz, 231.42 V
    0x0139: [0x0000, 0x05C1],  # 1.473 A
    0x0140: [0x0000, 0x0147],  # 327 W
    0x0148: [0x0000, 0x0062],  # 98 var
    0x0150: [0x0000, 0x0155],  # 341 VA
    0x0158: [0x03BF],  # 0.959
    # 1979.36 kWh: none, 1200.00, 779.36, none
    0xA000: [0x0003, 0x0530, 0x0000, 0x0000, 0x0001, 0xD4C0, 0x0001, 0x3070, 0x0000, 0x0000],
    # 1023.48 kvarh: none, 700.00, 323.48, none
    0xA01E: [0x0001, 0x8FCC, 0x0000, 0x0000, 0x0001, 0x1170, 0x0000, 0x7E5C, 0x0000, 0x0000],
}
HOUSE_TABLE = """\
house
  voltage_v                             231.42 V
  current_a                              1.473 A
  power_w                                  327 W
  reactive_power_var                        98 var
  apparent_power_va                        341 VA
  power_factor                           0.959
  frequency_hz                           50.01 Hz
  energy_total_kwh                     1979.36 kWh
  energy_total_t1_kwh                     0.00 kWh
  energy_total_t2_kwh                  1200.00 kWh
  energy_total_t3_kwh                   779.36 kWh
  energy_total_t4_kwh                     0.00 kWh
  reactive_energy_total_kvarh          1023.48 kvarh
  reactive_energy_total_t1_kvarh          0.00 kvarh
  reactive_energy_total_t2_kvarh        700.00 kvarh
  reactive_energy_total_t3_kvarh        323.48 kvarh
  reactive_energy_total_t4_kvarh          0.00 kvarh"""
HOUSE_NOW = {
    "frequency_hz": 6401 / 128,
    "voltage_v": 29622 / 128,
    "current_a": 1508 / 1024,
    "power_w": 327.0,
    "reactive_power_var": 98.0,
    "apparent_power_va": 341.0,
    "power_factor": 982 / 1024,
}
HOUSE_COUNTERS = {
    "energy_total_kwh": 253358 / 128,
    "energy_total_t1_kwh": 0.0,
    "energy_total_t2_kwh": 1200.0,
    "energy_total_t3_kwh": 99758 / 128,
    "energy_total_t4_kwh": 0.0,
    "reactive_energy_total_kvarh": 131005 / 128,
    "reactive_energy_total_t1_kvarh": 0.0,
    "reactive_energy_total_t2_kvarh": 700.0,
    "reactive_energy_total_t3_kvarh": 41405 / 128,
    "reactive_energy_total_t4_kvarh": 0.0,
}

ROOF = {
    0x0130: [0x1387, 0x50E1],  # 49.99 Hz, 207.05 V
    0x0139: [0x0001, 0x1179],  # 70.009 A
    0x0140: [0xFFFF, 0xC75D],  # -14499 W
    0x0148: [0xFFFF, 0xFFFF],  # -1 var
    0x0150: [0x0000, 0x38A8],  # 14504 VA
    0x0158: [0xFC18],  # -1.000
    # 999999.99 kWh: 0.01, 655.35, 655.36, 998689.27
    0xA000: [0x05F5, 0xE0FF, 0x0000, 0x0001, 0x0000, 0xFFFF, 0x0001, 0x0000, 0x05F3, 0xE0FF],
    0xA01E: 10 * [0x0000],
}
ROOF_VALUES = {
    "frequency_hz": 49.99,
    "voltage_v": 207.05,
    "current_a": 70.009,
    "power_w": -14499.0,
    "reactive_power_var": -1.0,
    "apparent_power_va": 14504.0,
    "power_factor": -1.0,
    "energy_total_kwh": 999999.99,
    "energy_total_t1_kwh": 0.01,
    "energy_total_t2_kwh": 655.35,
    "energy_total_t3_kwh": 655.36,
    "energy_total_t4_kwh": 998689.27,
    "reactive_energy_total_kvarh": 0.0,
    "reactive_energy_total_t1_kvarh": 0.0,
    "reactive_energy_total_t2_kvarh": 0.0,
    "reactive_energy_total_t3_kvarh": 0.0,
    "reactive_energy_total_t4_kvarh": 0.0,
}

IDENTITY = {0x000B: [0x00A2]}
# What the maker documents for the phases that an OR-WE-515 does not have: a meter may answer these or refuse them.
PHASES_2_AND_3 = {
    0x0132: 2 * [0],
    0x013B: 4 * [0],
    0x0142: 6 * [0],
    0x014A: 6 * [0],
    0x0152: 6 * [0],
    0x0159: 3 * [0],
}

# A quick line, since nothing here depends on its speed.
WORD = "house=orno-we515@1,baud=115200"
ROOF_WORD = "roof=orno-we514@17,baud=115200,role=solar"
NS = 1_000_000_000

# How long a silent meter is waited for is one test's business.
QUICK = "from wattline.bus import once; once.SWEEP_S = 0.6"


# Meters that are not ours.


def device(address: int, registers: dict[int, list[int]]) -> SimDevice:
    """A meter that has ``registers`` for function 3, and zeros in the same places for function 4."""
    holding = [SimData(first, values=values, datatype=DataType.REGISTERS) for first, values in registers.items()]
    inputs = [SimData(first, values=len(v) * [0], datatype=DataType.REGISTERS) for first, v in registers.items()]
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    return SimDevice(address, simdata=(bits, bits, holding, inputs))


class Meters:
    """Meters by pymodbus, served in a thread.

    Attributes:
        asked: of each request (device, function, first register, count).
    """

    def __init__(self, devices: dict[int, dict[int, list[int]]]) -> None:
        self.asked: list[tuple[int, int, int, int]] = []
        self._options = {
            "context": [device(address, registers) for address, registers in devices.items()],
            "framer": FramerType.RTU,
            "trace_pdu": self._remember,
            # pymodbus answers for a device that is not there; on a bus nobody does.
            "trace_packet": lambda sending, data: data if not sending or data[0] in devices else b"",
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: ModbusTcpServer | ModbusSerialServer | None = None

    def on_tcp(self) -> str:
        """Serve on a free TCP port; returns the word for it."""

        async def start() -> int:
            self._server = ModbusTcpServer(address=("127.0.0.1", 0), **self._options)
            await self._server.serve_forever(background=True)
            return self._server.transport.sockets[0].getsockname()[1]

        return f"socket://127.0.0.1:{self._run(start())}"

    def on_device(self, path: str) -> None:
        """Serve on a serial device."""

        async def start() -> None:
            self._server = ModbusSerialServer(port=path, baudrate=9600, **self._options)
            await self._server.serve_forever(background=True)

        self._run(start())

    def close(self) -> None:
        if self._server:
            self._run(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)

    def _remember(self, sending, pdu):
        if not sending:
            self.asked.append((pdu.dev_id, pdu.function_code, pdu.address, pdu.count))
        return pdu


class Cable(threading.Thread):
    """Two pseudo-terminals whose far ends are joined: a serial line with a device at both ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._pairs = [pty.openpty(), pty.openpty()]
        self.ends = [os.ttyname(slave) for _, slave in self._pairs]
        self._leaver, self._left = os.pipe()
        self.start()

    def run(self) -> None:
        (one, _), (other, _) = self._pairs
        across = {one: other, other: one}
        while self._leaver not in (ready := select.select([*across, self._leaver], [], [])[0]):
            for end in ready:
                os.write(across[end], os.read(end, 4096))

    def close(self) -> None:
        os.close(self._left)
        self.join()
        for descriptor in (self._leaver, *(end for pair in self._pairs for end in pair)):
            os.close(descriptor)


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, Meters]]]:
    """``port, meters = serve({1: HOUSE})``, or ``serve(..., serial_line=True)``."""
    with ExitStack() as stack:

        def start(devices: dict[int, dict[int, list[int]]], *, serial_line: bool = False) -> tuple[str, Meters]:
            cable = stack.enter_context(closing(Cable())) if serial_line else None
            meters = stack.enter_context(closing(Meters(devices)))
            if cable is None:
                return meters.on_tcp(), meters
            meters.on_device(cable.ends[0])
            return cable.ends[1], meters

        yield start


def result(process) -> tuple[int, str, list[str]]:
    """The exit code, what was printed, and the complaints."""
    code = process.wait(12)
    return code, "\n".join(process.stdout.to_the_end()), process.stderr.to_the_end()


def read(program, *words: str, **options) -> tuple[int, str, list[str]]:
    return result(program("read", *words, **options))


def read_in_each_form(program, *words: str, **options) -> list[tuple[int, str, list[str]]]:
    """As a table, as JSON and as lines, all at once."""
    forms = ((), ("--json",), ("--lines",))
    return [result(process) for process in [program("read", *form, *words, **options) for form in forms]]


# Values.


def test_the_table_is_the_meters_display(program, serve):
    port, _ = serve({1: HOUSE})
    assert read(program, port, WORD) == (0, HOUSE_TABLE, [])


def test_two_meters_are_two_blocks_in_the_order_of_the_words(program, serve):
    port, _ = serve({1: HOUSE, 17: ROOF})
    code, output, complaints = read(program, port, ROOF_WORD, WORD)

    roof, house = output.split("\n\n")
    assert (code, complaints, house) == (0, [], HOUSE_TABLE)
    assert roof.splitlines()[0] == "roof"
    numbers = {line.split()[0]: float(line.split()[1]) for line in roof.splitlines()[1:]}
    assert numbers == ROOF_VALUES


def test_the_json_is_the_meters_display_for_programs(program, serve):
    port, _ = serve({1: HOUSE, 17: ROOF})
    before = datetime.now(UTC).replace(microsecond=0)
    code, output, complaints = read(program, "--json", port, WORD, ROOF_WORD)
    after = datetime.now(UTC)

    house, roof = json.loads(output)
    assert (code, complaints) == (0, [])
    assert house.keys() == roof.keys() == {"meter", "role", "time", "values"}
    assert (house["meter"], house["role"]) == ("house", "grid")
    assert (roof["meter"], roof["role"]) == ("roof", "solar")
    for reading in (house, roof):
        assert before <= datetime.fromisoformat(reading["time"]) <= after
    assert roof["values"] == ROOF_VALUES
    shown = {line.split()[0]: float(line.split()[1]) for line in HOUSE_TABLE.splitlines()[1:]}
    assert house["values"] == shown


def test_the_lines_are_line_protocol_on_the_binary_grain(program, serve, parsed):
    port, _ = serve({1: HOUSE, 17: ROOF})
    before_s = time.time()
    code, output, complaints = read(program, "--lines", port, ROOF_WORD, WORD)

    roof, house = map(parsed, output.splitlines())
    assert (code, complaints) == (0, [])
    assert house["measurement"] == roof["measurement"] == "electricity"
    assert house["tags"] == {"meter": "house", "role": "grid"}
    assert roof["tags"] == {"meter": "roof", "role": "solar"}
    assert house["fields"] == HOUSE_NOW | HOUSE_COUNTERS
    assert {name: round(value, 3) for name, value in roof["fields"].items()} == pytest.approx(ROOF_VALUES, abs=0.004)
    assert int(before_s) <= house["time"] / NS <= time.time()


def test_a_serial_device_says_the_same(program, serve):
    port, _ = serve({1: HOUSE, 17: ROOF}, serial_line=True)
    assert port.startswith("/dev/pts/")

    # Twice, since a pseudo-terminal takes its parity the first time only.
    assert read(program, port, "house=orno-we515@1") == (0, HOUSE_TABLE, [])
    code, output, complaints = read(program, "--json", port, "roof=orno-we515@17,baud=1200,parity=N")
    assert (code, complaints) == (0, [])
    assert json.loads(output)[0]["values"] == ROOF_VALUES


def test_reading_asks_only_for_registers_that_the_meter_has(program, serve):
    """Proven spans, each once, the counters twice, with function 3; nothing is written."""
    port, meters = serve({1: HOUSE})
    assert read(program, port, WORD)[0] == 0

    once = [(1, 3, first, len(registers)) for first, registers in HOUSE.items()]
    again = [asked for asked in once if asked[2] >= 0xA000]
    assert sorted(meters.asked) == sorted(once + again)


def test_run_meters_a_strange_meter_every_second(program, serve, parsed):
    """Behind a socket or a device; whether it refuses what it need not have, or answers all that is documented."""
    servers = {
        "refuses": serve({1: HOUSE}),
        "answers all": serve({1: HOUSE | IDENTITY | PHASES_2_AND_3}),
        "serial": serve({1: HOUSE | IDENTITY}, serial_line=True),
    }
    runs = {name: program("run", port, WORD, "--log-level", "debug") for name, (port, _) in servers.items()}
    for name, run in runs.items():
        run.stdout.wait_for("electricity,", times=3, within_s=10)
        run.end_stdin()
        code, output, log = result(run)
        points = [parsed(line) for line in output.splitlines() if line.startswith("electricity,")]
        first, second, *others = points

        assert code == 0, log
        assert first["fields"] == HOUSE_NOW, name
        # A counter is believed when it has said the same twice.
        assert second["fields"] == HOUSE_NOW | HOUSE_COUNTERS, name
        # The slow ones are spread over ten seconds, so some of them may come again soon.
        for point in others:
            assert point["fields"].keys() >= HOUSE_NOW.keys(), name
            assert point["fields"].items() <= (HOUSE_NOW | HOUSE_COUNTERS).items(), name
        assert [point["time"] - first["time"] for point in points[:3]] == [0, NS, 2 * NS], name
        assert all(point["tags"] == {"meter": "house", "role": "grid"} for point in points)
        assert not [line for line in log if line.startswith(("W!", "E!"))], name
        asked = servers[name][1].asked
        assert {(address, function) for address, function, _, _ in asked} == {(1, 3)}


# What a meter does not say.


def test_what_a_meter_does_not_say_is_left_out(program, serve, parsed):
    """A block that it refuses and a value that cannot be: a dash for people, nothing for programs, and no failure."""
    registers = {first: values for first, values in HOUSE.items() if first not in {0x0158, 0xA01E}}
    port, _ = serve({1: registers | {0x0130: [0x1389, 0x0000]}})
    gone = {name for name in HOUSE_COUNTERS if name.startswith("reactive")} | {"power_factor", "voltage_v"}
    there = {name: value for name, value in (HOUSE_NOW | HOUSE_COUNTERS).items() if name not in gone}
    table, objects, lines = outputs = read_in_each_form(program, port, WORD)

    assert [(code, complaints) for code, _, complaints in outputs] == 3 * [(0, [])]
    cells = [line.split() for line in table[1].splitlines()[1:]]
    assert {cell[0] for cell in cells if cell[1] == "-"} == gone
    assert [cell[0] for cell in cells] == [line.split()[0] for line in HOUSE_TABLE.splitlines()[1:]]
    assert json.loads(objects[1])[0]["values"].keys() == there.keys()
    assert parsed(lines[1])["fields"] == there


ADVICE = "`--log-level warning` tells more."
SILENCE = (
    "check that A and B are not swapped, the address and the serial settings that the meter shows, "
    f"and that nothing else reads the port; {ADVICE}"
)
OTHERS_DID = (
    "others did, so check the address and the serial settings that the meter shows, "
    f"its power, and A and B at its own terminals; {ADVICE}"
)


def test_a_silent_meter_is_told_and_the_others_are_shown(program, serve, parsed):
    """Also when it is asked first; exit 1."""
    port, _ = serve({1: HOUSE, 17: ROOF})
    words = ["cellar=orno-we515@2,baud=115200", WORD, ROOF_WORD]
    began_s = time.monotonic()
    table, objects, lines = outputs = read_in_each_form(program, port, *words)
    seconds = time.monotonic() - began_s

    complaint = f"wattline: cellar did not answer on {port}: {OTHERS_DID}"
    assert [(code, complaints) for code, _, complaints in outputs] == 3 * [(1, [complaint])]
    assert [block.split()[0] for block in table[1].split("\n\n")] == ["house", "roof"]
    assert table[1].startswith(HOUSE_TABLE)
    assert [reading["meter"] for reading in json.loads(objects[1])] == ["house", "roof"]
    assert [parsed(line)["tags"]["meter"] for line in lines[1].splitlines()] == ["house", "roof"]
    assert seconds < 8


def test_when_nobody_answers_nothing_is_shown(program, simulator):
    port = simulator(WORD, faults="silence", tcp=True).port
    outputs = read_in_each_form(program, port, WORD, "heat=orno-we515@2,baud=115200", patch=QUICK)

    complaint = f"wattline: house and heat did not answer on {port}: {SILENCE}"
    assert outputs == [(1, output, [complaint]) for output in ("", "[]", "")]


GARBLED = (
    "was heard garbled on {port}: check the serial settings that the meter shows, that each address is there once, "
    f"and that nothing else reads the port; {ADVICE}"
)
ANOTHER = f"answered, but not as its model does on {{port}}: check the model and the address; {ADVICE}"


def test_a_meter_without_a_reading_gets_its_advice(program, simulator):
    advice = {
        "silence": f"did not answer on {{port}}: {SILENCE}",
        "noise:instead": GARBLED,
        "crc": GARBLED,
        "refuse:2": ANOTHER,
    }
    ports = {faults: simulator(WORD, faults=faults).port for faults in advice}
    started = {faults: program("read", port, WORD, patch=QUICK) for faults, port in ports.items()}
    for faults, process in started.items():
        what = advice[faults].replace("{port}", ports[faults])
        assert result(process) == (1, "", [f"wattline: house {what}"]), faults


def test_a_meter_whose_every_value_is_impossible_is_another_model(program, serve):
    port, _ = serve({1: {first: len(values) * [0x7FFF] for first, values in HOUSE.items()}})
    assert read(program, port, WORD) == (1, "", ["wattline: house " + ANOTHER.replace("{port}", port)])


def test_the_log_tells_why_when_it_is_asked(program, simulator):
    port = simulator(WORD, faults="refuse:2", tcp=True).port
    *log, complaint = read(program, port, WORD, "--log-level", "warning")[2]

    assert complaint.startswith("wattline: house answered, but not as its model does")
    assert log[0].startswith("W! house: The meter refused to read registers 0x0130 to 0x0131 of address 1: code 2")


def test_ctrl_c_ends_it_at_once(program, simulator):
    meter = simulator(WORD, faults="silence", tcp=True)
    process = program("read", meter.port, WORD)
    until(lambda: meter.truth)
    began_s = time.monotonic()
    process.process.send_signal(signal.SIGINT)

    assert result(process) == (1, "", [])
    assert time.monotonic() - began_s < 1


# Ports.


def test_a_port_that_cannot_be_used_is_one_sentence(program):
    """In each form, exit 1 and nothing else: it is missing, nobody listens there, it is no serial port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"socket://127.0.0.1:{server.getsockname()[1]}"
    for port, sentence in {
        "/dev/ttyNone": "There is no /dev/ttyNone; is the adapter plugged in?",
        closed: f"{closed} does not answer (",
        "/dev/null": "/dev/null cannot be opened as a serial port (",
    }.items():
        for code, output, complaints in read_in_each_form(program, port, WORD):
            assert (code, output, len(complaints)) == (1, "", 1), complaints
            assert complaints[0].startswith(f"wattline: {sentence}")
            assert complaints[0].endswith(".")


def test_a_port_that_another_reads_is_one_sentence_with_its_name(program, simulator):
    port = simulator(WORD).port
    with serial.Serial(port, exclusive=True):
        code, output, complaints = read(program, port, WORD)

    assert (code, output, len(complaints)) == (1, "", 1)
    assert complaints[0].startswith(f"wattline: {port} is in use by process {os.getpid()} (")
    assert complaints[0].endswith("); stop it first, for example with `sudo systemctl stop telegraf`.")


@pytest.fixture
def peer() -> Iterator[Callable[..., str]]:
    """Starts something on a TCP port that does ``serve(connection)`` with who calls; returns the word for it."""
    with ExitStack() as stack:

        def start(serve: Callable[[socket.socket], None]) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def answer() -> None:
                connection, _ = listener.accept()
                with connection:
                    serve(connection)

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            return f"socket://127.0.0.1:{listener.getsockname()[1]}"

        yield start


def hang_up(connection: socket.socket) -> None:
    connection.recv(8)


def echo(connection: socket.socket) -> None:
    while data := connection.recv(64):
        connection.sendall(data)


def babble(connection: socket.socket) -> None:
    """A satellite receiver, in the manner of NMEA 0183, at once and without end."""
    sentence = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
    try:
        while True:
            connection.sendall(sentence)
    except OSError:
        return


def speak_first(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    while connection.recv(64):
        pass


def short_of_breath(connection: socket.socket) -> None:
    """A meter that refuses reads of more than 30 registers, over a line that is patient."""
    image = Street("house=abb-b23@9")["house"].image(5)
    while len(request := connection.recv(8)) == 8:
        is_long = int.from_bytes(request[4:6], "big") > 30
        connection.sendall(sealed(b"\x09\x83\x03") if is_long else answer_to(request, image))


def hard_of_hearing(connection: socket.socket) -> None:
    """A meter at the end of a bad line, which loses the first two requests."""
    image = Street(WORD)["house"].image(5)
    for _ in range(2):
        connection.recv(8)
    while len(request := connection.recv(8)) == 8:
        connection.sendall(answer_to(request, image))


def answer_to(request: bytes, image: Mapping[int, int]) -> bytes:
    first, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
    data = b"".join(image.get(first + number, 0).to_bytes(2, "big") for number in range(count))
    return sealed(request[:2] + bytes((2 * count,)) + data)


def test_a_meter_that_takes_shorter_reads_gives_all_its_values(program, peer):
    """As it does to `run`, but while somebody waits for it."""
    began_s = time.monotonic()
    code, output, complaints = read(program, peer(short_of_breath), "house=abb-b23@9", "--json")
    (reading,) = json.loads(output)
    assert (code, complaints) == (0, [])
    assert reading["values"].keys() == {row.field for row in load_models()["abb-b23"].rows}
    assert time.monotonic() - began_s < 15


def test_two_requests_that_are_lost_are_not_a_silent_meter(program, peer):
    code, output, complaints = read(program, peer(hard_of_hearing), WORD, "--json")
    (reading,) = json.loads(output)
    assert (code, complaints) == (0, [])
    assert reading["values"].keys() == {row.field for row in load_models()["orno-we515"].rows}


def test_a_port_that_is_lost_is_one_sentence(program, peer):
    port = peer(hang_up)
    code, output, complaints = read(program, port, WORD)

    assert (code, output, len(complaints)) == (1, "", 1)
    assert complaints[0].startswith(f"wattline: {port} was lost (")


def test_what_is_no_modbus_device_is_told(program, peer):
    started = [program("read", peer(stranger), WORD, patch=QUICK) for stranger in (echo, babble, speak_first)]
    for process in started:
        code, output, complaints = result(process)
        assert (code, output, len(complaints)) == (1, "", 1), complaints
        assert complaints[0].startswith(("wattline: house did not answer on ", "wattline: house was heard garbled on "))
