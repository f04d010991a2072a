"""Programs that others wrote on the other side of the line: their clients read our meters, our reader reads their servers.

`mbpoll` is a client on libmodbus, the C library; pymodbus is written in Python. Neither shares a line with wattline.

| fault                                                       | test                                                |
|-------------------------------------------------------------|-----------------------------------------------------|
| an encoding is understood by ourselves alone                | test_pymodbus_reads_each_encoding, test_mbpoll_...  |
| both functions are one                                      | test_each_function_finds_its_own_registers          |
| a refusal, or a silence, is none to others                  | test_mbpoll_understands_what_a_gap_is               |
| mbpoll cannot address one meter of several                  | test_mbpoll_reads_each_meter_of_a_line              |
| our reader misreads a meter of others                       | test_a_meter_of_others_is_read, in each encoding    |
| our reader tries what a meter of others does not survive    | test_a_meter_of_others_is_metered_every_second      |
| our reader is at a loss when a meter of others refuses      | test_what_a_meter_of_others_refuses_is_left_out     |
"""

import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ctypes.util import find_library
from dataclasses import replace
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient

from wattline.bus.settings import LineSettings
from wattline.fields import LINES
from wattline.meters import Block, Identity, Model, load_models
from wattline.registers import Encoding, Row
from wattline.simulate import Scenario, Simulator
from wattline.words import Meter

PEERS = Path(__file__).parent / "peers"

VALUES = {Encoding.U16: 54_321, Encoding.U32: 3_141_592_653, Encoding.U64: 12_345_678_901_234_567}
SIGNED = {Encoding.I16: -12_345, Encoding.I32: -1_234_567_890, Encoding.I64: -1_234_567_890_123_456}
"""None of them is the same with its bytes, its registers or its sign in another way."""


def value_of(encoding: Encoding) -> float:
    if encoding.is_float:
        return -231.421875  # exact in 32 bits
    return (VALUES | SIGNED)[Encoding[encoding.name.removesuffix("_LOW_FIRST")]]


def table(*rows: Row, **changes) -> Model:
    """A meter with these rows and nothing else, at 9600 8N1."""
    plain = {"blocks": (), "documented": (), "identity": None, "settings": LineSettings(9600, "N", 1), "sign": "signed"}
    return replace(load_models()["orno-we515"], name="made", title="Made by hand", rows=rows, **(plain | changes))


ENCODINGS = table(
    *(Row(0x200 + 0x10 * n, encoding, 1, "power_w", -1e18, 1e18, decimals=6) for n, encoding in enumerate(Encoding))
)
PLACES = {row.encoding: row.address for row in ENCODINGS.rows}


@pytest.fixture
def serving() -> Iterator[Callable[..., Simulator]]:
    """Simulates meters of hand-made tables on a pseudo-terminal."""
    with ExitStack() as stack:

        def start(*models: Model, **scenario) -> Simulator:
            meters = [Meter(f"m{n}", model, n, model.settings) for n, model in enumerate(models, 1)]
            options = {"load": "fixed", "turnaround_ms": 5, "jitter_ms": 0} | scenario
            return stack.enter_context(Simulator(meters, Scenario(**options)))

        yield start


def only(encoding: Encoding, function: int = 3) -> Model:
    """A meter with one row in ``encoding``, at its place among all."""
    row = next(row for row in ENCODINGS.rows if row.encoding is encoding)
    return replace(ENCODINGS, rows=(row,), function=function)


def foreign(is_there: object, name: str, package: str) -> None:
    """Skip the test with the command that brings a missing program of others; in CI that is a failure."""
    if not is_there:
        sentence = f"{name} is not here; `apt-get install {package}` brings it."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


# Their clients, our meters.

DATATYPES = {
    Encoding.U16: "UINT16",
    Encoding.I16: "INT16",
    Encoding.U32: "UINT32",
    Encoding.I32: "INT32",
    Encoding.U64: "UINT64",
    Encoding.I64: "INT64",
    Encoding.F32: "FLOAT32",
    Encoding.F64: "FLOAT64",
}


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize("encoding", Encoding)
def test_pymodbus_reads_each_encoding(serving, encoding, function):
    simulator = serving(only(encoding, function))
    simulator.set_values("m1", power_w=value_of(encoding))
    client = ModbusSerialClient(simulator.port, baudrate=9600, timeout=1, retries=0)
    assert client.connect()
    try:
        read = client.read_holding_registers if function == 3 else client.read_input_registers
        reply = read(PLACES[encoding], count=encoding.count, device_id=1)
    finally:
        client.close()

    name = encoding.name.removesuffix("_LOW_FIRST")
    order = "little" if name != encoding.name else "big"
    datatype = client.DATATYPE[DATATYPES[Encoding[name]]]
    assert client.convert_from_registers(reply.registers, datatype, word_order=order) == value_of(encoding)


@pytest.fixture
def mbpoll() -> Callable[..., list[str]]:
    """``mbpoll(port, "-r", "304")``: what it prints for each value, or the complaint."""
    program = shutil.which("mbpoll")
    foreign(program, "mbpoll", "mbpoll")

    def poll(port: str, *words: str) -> list[str]:
        line = ["-m", "rtu", "-b", "9600", "-P", "none", "-0", "-1", "-o", "0.5"]
        done = subprocess.run([program, *line, *words, port], capture_output=True, text=True, check=False, timeout=10)
        values = re.findall(r"^\[\d+\]:\s+(\S.*?)\s*$", done.stdout, re.MULTILINE)
        return values or [done.stderr.strip()]

    return poll


PRINTED_BY_MBPOLL = {
    Encoding.U16: ("", "54321 (-11215)"),
    Encoding.I16: ("", "53191 (-12345)"),
    Encoding.U32: (":int -B", "-1153374643"),  # it knows no unsigned: 3141592653 - 2**32
    Encoding.I32: (":int -B", "-1234567890"),
    Encoding.U32_LOW_FIRST: (":int", "-1153374643"),
    Encoding.I32_LOW_FIRST: (":int", "-1234567890"),
    Encoding.F32: (":float -B", "-231.422"),
    Encoding.F32_LOW_FIRST: (":float", "-231.422"),
}


@pytest.mark.parametrize("function", [3, 4])
@pytest.mark.parametrize("encoding", PRINTED_BY_MBPOLL)
def test_mbpoll_reads_each_encoding_that_it_knows(serving, mbpoll, encoding, function):
    """It calls holding registers, function 3, the type 4, and input registers, function 4, the type 3."""
    simulator = serving(only(encoding, function))
    simulator.set_values("m1", power_w=value_of(encoding))
    words, printed = PRINTED_BY_MBPOLL[encoding]

    assert mbpoll(simulator.port, "-r", str(PLACES[encoding]), "-t", *f"{7 - function}{words}".split()) == [printed]


def test_each_function_finds_its_own_registers(serving, mbpoll):
    """The identity with function 3, the voltage with function 4, at one address."""
    voltage = Row(0x10, Encoding.U16, 0.1, "voltage_v", 0, 300)
    simulator = serving(table(voltage, function=4, identity=Identity(0x10, (0x0203,), function=3)))

    assert mbpoll(simulator.port, "-t", "4:hex", "-r", "16") == ["0x0203"]
    assert mbpoll(simulator.port, "-t", "3", "-r", "16") == ["2300"]


@pytest.mark.parametrize(
    ("gaps", "says"),
    [
        ("refuse", ["Read output (holding) register failed: Illegal data address"]),
        ("zero", ["2300", "0", "458"]),
        ("silence", ["Read output (holding) register failed: Connection timed out"]),
        ("shift", ["0", "458", "0"]),
    ],
)
def test_mbpoll_understands_what_a_gap_is(serving, mbpoll, gaps, says):
    rows = (Row(0x10, Encoding.U16, 0.1, "voltage_v", 0, 300), Row(0x12, Encoding.U16, 0.01, "current_a", 0, 100))
    simulator = serving(table(*rows), gaps=gaps)

    assert mbpoll(simulator.port, "-t", "4", "-r", "16", "-c", "3") == says
    assert mbpoll(simulator.port, "-t", "4", "-r", "16") == ["2300"]


def test_mbpoll_reads_each_meter_of_a_line(serving, mbpoll):
    """Of two functions and two word orders."""
    high = table(Row(0x34, Encoding.F32, 1, "power_w", -1e5, 1e5), function=4)
    low = table(Row(0x28, Encoding.I32_LOW_FIRST, 0.1, "power_w", -1e5, 1e5))
    simulator = serving(high, low)

    assert mbpoll(simulator.port, "-a", "1", "-t", "3:float", "-B", "-r", "52") == ["1000"]
    assert mbpoll(simulator.port, "-a", "2", "-t", "4:int", "-r", "40") == ["5000"]
    assert [entry.meter for entry in simulator.truth] == ["m1", "m2"]


# Their servers, our reader.


def words_of(*numbers: float) -> list[int]:
    """The registers of floats of 32 bits, the high one first."""
    return list(struct.unpack(f">{2 * len(numbers)}H", struct.pack(f">{len(numbers)}f", *numbers)))


def turned(number: int) -> list[int]:
    """The registers of a whole number of 32 bits, the low one first."""
    high, low = struct.unpack(">HH", struct.pack(">i", number))
    return [low, high]


F32 = [Row(2 * n, Encoding.F32, 1, f"voltage_{line}_v", 80, 300) for n, line in enumerate(LINES)]
F32 += [Row(6 + 2 * n, Encoding.F32, 1, f"current_{line}_a", 0, 100) for n, line in enumerate(LINES)]
F32 += [Row(12 + 2 * n, Encoding.F32, 1000, f"power_{line}_w", -30e3, 30e3) for n, line in enumerate(LINES)]
F32 += [
    Row(0x34, Encoding.F32, 1000, "power_w", -90e3, 90e3),
    Row(0x46, Encoding.F32, 1, "frequency_hz", 45, 65),
    Row(0x48, Encoding.F32, 1, "energy_import_kwh", 0, 1e7, "slow"),
    Row(0x4A, Encoding.F32, 1, "energy_export_kwh", 0, 1e7, "slow"),
]
THREE_PHASES = table(*F32, blocks=(Block(0, 18), Block(0x46, 6)), function=4, longest=60)
"""Floats, power in kW; the power of the whole stands in a gap between two proven reads."""
THREE_PHASES_REGISTERS = {
    0: words_of(229.91, 230.5, 231.25, 4.125, 0.0, 12.75, 0.9482, 0.0, -2.9484),
    0x34: words_of(-2.0002),
    0x46: words_of(49.987, 12345.678, 901.25),
}
THREE_PHASES_VALUES = {
    "voltage_l1_v": 229.91,
    "voltage_l2_v": 230.5,
    "voltage_l3_v": 231.25,
    "current_l1_a": 4.125,
    "current_l2_a": 0.0,
    "current_l3_a": 12.75,
    "power_l1_w": 948.2,
    "power_l2_w": 0.0,
    "power_l3_w": -2948.4,
    "power_w": -2000.2,
    "frequency_hz": 49.99,
    "energy_import_kwh": 12345.678,
    "energy_export_kwh": 901.25,
}

LOW_FIRST = table(
    *(Row(2 * n, Encoding.I32_LOW_FIRST, 0.1, f"voltage_{line}_v", 80, 300) for n, line in enumerate(LINES)),
    *(Row(12 + 2 * n, Encoding.I32_LOW_FIRST, 0.001, f"current_{line}_a", 0, 65) for n, line in enumerate(LINES)),
    Row(0x28, Encoding.I32_LOW_FIRST, 0.1, "power_w", -1e5, 1e5),
    Row(0x33, Encoding.I16, 0.1, "frequency_hz", 45, 65),
    Row(0x34, Encoding.I32_LOW_FIRST, 0.1, "energy_import_kwh", 0, 1e8, "slow"),
)
LOW_FIRST_REGISTERS = {
    0: [2301, 0, 2312, 0, 2299, 0],
    12: [*turned(5017), *turned(70), *turned(64_000)],
    0x28: turned(-147_655),  # over the border between the two registers
    0x33: [500, *turned(1_234_567)],
}
LOW_FIRST_VALUES = {
    "voltage_l1_v": 230.1,
    "voltage_l2_v": 231.2,
    "voltage_l3_v": 229.9,
    "current_l1_a": 5.017,
    "current_l2_a": 0.07,
    "current_l3_a": 64.0,
    "power_w": -14765.5,
    "frequency_hz": 50.0,
    "energy_import_kwh": 123456.7,
}

CASES = {
    "three phases in floats": (THREE_PHASES, THREE_PHASES_REGISTERS, THREE_PHASES_VALUES),
    "low register first": (LOW_FIRST, LOW_FIRST_REGISTERS, LOW_FIRST_VALUES),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)

NUMBERS = {
    "U16": ([0xD431], 54_321),
    "I16": ([0xCFC7], -12_345),
    "U32": ([0x0001, 0x1170], 70_000),
    "I32": ([0xFFFE, 0xEE90], -70_000),
    "U64": ([0, 0x0001, 0x2A05, 0xF200], 5_000_000_000),
    "I64": ([0xFFFF, 0xFFFE, 0xD5FA, 0x0E00], -5_000_000_000),
    "F32": ([0xC367, 0x6C00], -231.421875),
    "F64": ([0xC06C, 0xED80, 0, 0], -231.421875),
}
"""Worked out by hand."""


@pytest.fixture(params=["libmodbus", "pymodbus"])
def peer(request) -> Iterator[Callable[..., str]]:
    """A meter by a program of others: ``port = peer({0x10: [2300]}, function=4)``; it is at address 1."""
    if request.param == "libmodbus":
        foreign(find_library("modbus"), "libmodbus", "libmodbus5")
    processes: list[subprocess.Popen[str]] = []

    def start(registers: dict[int, list[int]], function: int) -> str:
        command = [sys.executable, str(PEERS / f"{request.param}_server.py")]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        process.stdin.write(json.dumps({"address": 1, "function": function, "registers": registers}) + "\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def knowing(model: Model) -> str:
    """Python that adds ``model`` to the library of a child."""
    return (
        "import pickle, wattline.words\nfrom wattline.meters import Library\n"
        f"wattline.words.Library = lambda _files: Library([pickle.loads({pickle.dumps(model)!r})])"
    )


def read(program, model: Model, port: str) -> dict[str, float]:
    """What `wattline read --json` says of the one meter."""
    process = program("read", "--json", port, "m=made@1", patch=knowing(model))
    code, output, complaints = process.wait(12), process.stdout.to_the_end(), process.stderr.to_the_end()

    assert (code, complaints) == (0, [])
    return json.loads("\n".join(output))[0]["values"]


@each_case
def test_a_meter_of_others_is_read(program, peer, case):
    model, registers, values = case

    assert read(program, model, peer(registers, model.function)) == values


@pytest.mark.parametrize("encoding", Encoding)
def test_a_meter_of_others_is_read_in_each_encoding(program, peer, encoding):
    name = encoding.name.removesuffix("_LOW_FIRST")
    registers, number = NUMBERS[name]
    model = table(Row(0x1234, encoding, 1, "power_w", -1e10, 1e10, decimals=6))
    port = peer({0x1234: registers[::-1] if name != encoding.name else registers}, 3)

    assert read(program, model, port) == {"power_w": number}


@each_case
def test_a_meter_of_others_is_metered_every_second(program, peer, parsed, case):
    """Whatever it tries in between: the values stay right, and nothing is complained of."""
    model, registers, values = case
    decimals = {row.field: row.decimals for row in model.rows}
    words = ("run", peer(registers, model.function), "m=made@1", "--log-level", "warning")
    run = program(*words, patch=knowing(model))
    run.stdout.wait_for("electricity,", times=4, within_s=10)
    run.end_stdin()
    lines = run.stdout.to_the_end()
    points = [parsed(line) for line in lines if line.startswith("electricity,")]

    assert (run.wait(5), run.stderr.to_the_end()) == (0, [])
    for point in points:
        said = {field: round(value, decimals[field]) for field, value in point["fields"].items()}
        assert said == {field: values[field] for field in said}
    # A counter is believed when it has said the same twice.
    assert points[1]["fields"].keys() == values.keys()


def test_what_a_meter_of_others_refuses_is_left_out(program, peer):
    registers = {address: words for address, words in THREE_PHASES_REGISTERS.items() if address != 0x46}
    gone = {"frequency_hz", "energy_import_kwh", "energy_export_kwh"}

    values = read(program, THREE_PHASES, peer(registers, THREE_PHASES.function))
    assert values == {field: value for field, value in THREE_PHASES_VALUES.items() if field not in gone}
