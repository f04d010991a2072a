"""The meter library: recorded bytes of every golden folder, and every table as data.

| fault | test |
|---|---|
| a recorded reply is decoded otherwise than before, or a failure is told otherwise | test_a_golden_folder_gives_what_it_says |
| a golden folder is overlooked, misnamed or incomplete, and so proves nothing | test_a_spoilt_golden_folder_is_noticed, test_there_are_golden_folders_and_nothing_else |
| a table claims to be verified and is not | test_a_verified_model_has_golden_folders_for_every_quantity |
| a field that no consumer knows, or more decimals than people are shown | test_a_row_speaks_the_vocabulary |
| a row over registers of something else | test_rows_lie_apart_and_outside_of_holes |
| a row that is never read, or read twice | test_a_row_is_read_by_exactly_one_part |
| a read that the meter refuses for its length | test_a_block_is_a_read_that_the_meter_allows |
| half of a row is taken for the whole | test_a_row_belongs_to_a_block_that_holds_all_of_it |
| a register is read that the maker does not document | test_registers_known_to_be_gaps_are_not_read_before_that_was_learnt |
| two blocks of a slot whose replies cannot be told apart | test_fast_parts_prefer_lengths_of_their_own |
| a length that does not hold the rows, or the proven one left out | test_the_lengths_of_a_part_hold_its_rows |
| a sound value is thrown away at the end of the range | test_both_ends_of_a_range_are_plausible |
| a range that is narrower than what the meter measures | test_a_range_holds_all_that_the_maker_documents |
| a meter that does not answer at the settings of its box | test_a_model_is_met_as_it_left_the_factory |
| a table that tells its user nothing | test_a_model_tells_people_what_it_is |
| a command for the address that asks another meter, or writes another register | test_a_command_for_the_address_is_for_a_meter_from_the_factory |
| two models that people cannot tell apart | test_no_two_models_share_a_name_or_a_title |
| a sibling that is not identical | test_the_siblings_differ_in_name_only |
| a unit that is not in its field's name | test_a_field_carries_its_unit_in_its_name |
"""

import io
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pytest

from wattline import fields
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.errors import ReadError, WordError
from wattline.line import to_line
from wattline.meters import Block, Model, load_models
from wattline.plan import is_slow, parts_of
from wattline.reading import Point
from wattline.registers import Row, decode, encode
from wattline.words import Meter, parse_meter

FOLDER = Path(__file__).parent / "meters"
MODELS = load_models()
REPLY_TIMEOUT_S = 0.4
MOST_REGISTERS = 125

ORNO_514_515 = ("orno-we514", "orno-we515")
ENERGIES = [name for name, field in fields.ELECTRICITY_FIELDS.items() if field.kind == "counter"]

FACTORY = dict.fromkeys(ORNO_514_515, ("9600 8E1", (0x000B, (0x00A2,))))
"""How a meter comes out of its box: line settings; register and value of its identity."""

DOCUMENTED_RANGES = dict.fromkeys(
    ORNO_514_515, {"frequency_hz": (45, 65), "current_a": (0, 100)} | dict.fromkeys(ENERGIES, (0, 999_999.99))
)
"""What the makers say that their meters measure, in the unit of the field."""

GAPS = dict.fromkeys(ORNO_514_515, (*range(0x0134, 0x0139), 0x013F, *range(0xA00A, 0xA01E)))
"""Registers between the documented ones; what a read of them does is not known."""


# Golden folders.


class Wire:
    """A meter's end of the line that knows its part by heart; its own clock, and nobody asks it to stop."""

    is_set = False

    def __init__(self, exchanges: Sequence[tuple[bytes, bytes]]) -> None:
        self.to_come = list(exchanges)
        self.settings: LineSettings | None = None
        self._waiting = b""
        self._now_s = 0.0

    def opener(self, _name: str, settings: LineSettings) -> "Wire":
        self.settings = settings
        return self

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def wait(self, seconds: float) -> bool:
        self._now_s += max(0.0, seconds)
        return False

    def monotonic(self) -> float:
        return self._now_s

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes) -> int:
        request, reply = self.to_come.pop(0)
        assert data.hex(" ") == request.hex(" ")
        self._waiting += reply
        return len(data)

    def read(self, size: int) -> bytes:
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data


@dataclass(frozen=True)
class Case:
    """One golden folder.

    Attributes:
        meter: what ``meter`` says.
        exchanges: request and reply of each.
        expected: "lines" or "error", and what that file says.
    """

    meter: Meter
    exchanges: list[tuple[bytes, bytes]]
    expected: tuple[str, list[str]]


def written(path: Path) -> list[str]:
    """The lines of a file that are no comments."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def load(folder: Path) -> Case:
    names = {path.name for path in folder.iterdir()}
    assert names in ({"meter", "exchanges", "lines"}, {"meter", "exchanges", "error"}), f"{folder} holds {names}"
    (word,) = written(folder / "meter")
    meter = parse_meter(word, MODELS)
    assert meter.model.name == folder.parent.name, f"{folder} is of another model"
    told = written(folder / "exchanges")
    assert told
    assert [line[0] for line in told] == [">", "<"] * (len(told) // 2)
    frames = [bytes.fromhex(line[1:]) for line in told]
    exchanges = list(zip(frames[::2], frames[1::2], strict=True))
    (expected,) = names & {"lines", "error"}
    return Case(meter, exchanges, (expected, written(folder / expected)))


def play(case: Case) -> tuple[str, list[str]]:
    """What wattline makes of the exchanges: the line if there is one, or how the last of them failed."""
    wire = Wire(case.exchanges)
    port = Port("/dev/ttyGolden", wire, wire.opener, wire.monotonic)
    port.use(case.meter.settings)
    port.reply_timeout_s = REPLY_TIMEOUT_S
    assert wire.settings == case.meter.settings
    values: dict[str, float] = {}
    for request, _ in case.exchanges:
        first, count = (int.from_bytes(request[i : i + 2], "big") for i in (2, 4))
        try:
            registers = Modbus(port).read(case.meter.address, case.meter.model.function, first, count)
        except ReadError as error:
            assert not wire.to_come, "an exchange before the last one failed"
            return "error", [f"{type(error).__name__}: {error}"]
        decoded = decode(case.meter.model.rows, first, registers, case.meter.model.absent)
        assert values.keys().isdisjoint(decoded.values), "two exchanges give the same field"
        values |= decoded.values
    tags = {"meter": case.meter.name, "role": case.meter.role}
    return "lines", [to_line(Point(fields.ELECTRICITY, tags, values, 0))] if values else []


def golden_folders() -> list[Path]:
    return sorted(FOLDER.glob("*/*"))


def relative(path: Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.mark.parametrize("folder", golden_folders(), ids=relative)
def test_a_golden_folder_gives_what_it_says(folder: Path) -> None:
    case = load(folder)

    assert play(case) == case.expected


def test_there_are_golden_folders_and_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} - {"README.md"} == MODELS.keys()
    assert {folder.parent.name for folder in golden_folders()} == MODELS.keys()


@pytest.mark.parametrize("model", [pytest.param(m, id=name) for name, m in MODELS.items() if m.verified])
def test_a_verified_model_has_golden_folders_for_every_quantity(model: Model) -> None:
    seen = {
        match
        for folder in (FOLDER / model.name).iterdir()
        if (folder / "lines").exists()
        for line in written(folder / "lines")
        for match in re.findall(r"(\w+)=-?[0-9]", line)
    }

    # Nobody has published a reply with the other tariffs; they lie in the same block as the total.
    assert {row.field for row in model.rows if not re.search(r"_t[1-4]_", row.field)} <= seen


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return spoil


SPOILT: dict[str, Callable[[Path], object]] = {
    "another request": replaced("exchanges", "> 01 03 01 40 00 02 c4 23", "> 01 03 01 40 00 02 c4 24"),
    "another address in the request": replaced("exchanges", "> 01 03 01 40 00 02", "> 02 03 01 40 00 02"),
    "another function in the request": replaced("exchanges", "> 01 03 01 40 00 02", "> 01 04 01 40 00 02"),
    "another reply": replaced("exchanges", "< 01 03 04 00 00 01 47 bb 91", "< 01 03 04 00 00 01 55 3b 9c"),
    "a broken reply": replaced("exchanges", "< 01 03 04 00 00 01 47 bb 91", "< 01 03 04 00 00 01 47 bb 92"),
    "no reply": replaced("exchanges", "< 01 03 04 00 00 01 47 bb 91\n", ""),
    "a line that is neither": replaced("exchanges", "< 01 03 04 00 00 01 47 bb 91", "= 01 03 04 00 00 01 47 bb 91"),
    "the same field twice": replaced(
        "exchanges", "# 98 var\n", "> 01 03 01 40 00 02 c4 23\n< 01 03 04 00 00 01 47 bb 91\n"
    ),
    "no exchanges": lambda folder: (folder / "exchanges").write_text("# none\n"),
    "another value": replaced("lines", "power_w=327", "power_w=328"),
    "a value less": replaced("lines", "power_w=327,", ""),
    "another stamp": replaced("lines", " 0\n", " 1\n"),
    "no line": lambda folder: (folder / "lines").write_text("# none\n"),
    "another name": replaced("meter", "house=", "home="),
    "another meter": replaced("meter", "@1", "@2"),
    "a sibling's folder": replaced("meter", "orno-we514", "orno-we515"),
    "an unknown model": replaced("meter", "orno-we514", "orno-we599"),
    "no meter": lambda folder: (folder / "meter").unlink(),
    "no file of exchanges": lambda folder: (folder / "exchanges").unlink(),
    "nothing expected": lambda folder: (folder / "lines").unlink(),
    "an error instead": lambda folder: (folder / "lines").rename(folder / "error"),
    "an error as well": lambda folder: (folder / "error").touch(),
    "a file that nobody reads": lambda folder: (folder / "notes").touch(),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_golden_folder_is_noticed(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "orno-we514" / "recorded"
    shutil.copytree(FOLDER / "orno-we514" / "recorded", folder)
    case = load(folder)
    assert play(case) == case.expected
    spoil(folder)

    with pytest.raises((AssertionError, WordError)):
        assert play(load(folder)) == load(folder).expected


# Tables.

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def span(first: int, count: int) -> set[int]:
    return set(range(first, first + count))


def registers_of(row: Row) -> set[int]:
    return span(row.address, row.encoding.count)


def lengths_of(part: Block) -> tuple[int, ...]:
    return part.lengths or (part.count,)


def read_by(model: Model) -> set[int]:
    """Every register that a read of the model touches before it has learnt anything, and each length on trial."""
    parts = {register for p in parts_of(model) for length in lengths_of(p) for register in span(p.address, length)}
    return parts | ({model.identity.address} if model.identity else set())


@each_model
def test_a_row_speaks_the_vocabulary(model: Model) -> None:
    names = [row.field for row in model.rows]

    assert len(set(names)) == len(names)
    for row in model.rows:
        assert 0 <= row.decimals <= fields.ELECTRICITY_FIELDS[row.field].decimals, row
    counters = [row for row in model.rows if fields.ELECTRICITY_FIELDS[row.field].kind == "counter"]
    assert {row.pace for row in counters} <= {"slow"}


@each_model
def test_rows_lie_apart_and_outside_of_holes(model: Model) -> None:
    assert model.rows
    for one, two in combinations(model.rows, 2):
        assert registers_of(one).isdisjoint(registers_of(two)), (one, two)
    for first, last in model.holes:
        assert read_by(model).isdisjoint(range(first, last + 1))


@each_model
def test_a_row_is_read_by_exactly_one_part(model: Model) -> None:
    parts = parts_of(model)
    for row in model.rows:
        (part,) = [part for part in parts if row in model.rows_of(part)]
        assert row.pace == "slow" or not is_slow(model, part), row


@each_model
def test_a_block_is_a_read_that_the_meter_allows(model: Model) -> None:
    for block in model.blocks:
        assert model.rows_of(block), block
        assert block.room <= model.longest <= MOST_REGISTERS, block


def test_a_row_belongs_to_a_block_that_holds_all_of_it() -> None:
    model = MODELS["orno-we515"]
    held = {(0x0139, 2), (0x0138, 3), (0x0139, 3)}
    half = {(0x0139, 1), (0x013A, 1), (0x013A, 2), (0x0138, 2), (0x013B, 2)}

    assert [[row.field for row in model.rows_of(Block(*at))] for at in held] == [["current_a"]] * len(held)
    assert [model.rows_of(Block(*at)) for at in half] == [()] * len(half)


@pytest.mark.parametrize("model", [MODELS[name] for name in GAPS], ids=str)
def test_registers_known_to_be_gaps_are_not_read_before_that_was_learnt(model: Model) -> None:
    documented = {register for first, last in model.documented for register in range(first, last + 1)}
    assert read_by(model) <= documented
    assert documented.isdisjoint(GAPS[model.name])


@pytest.mark.parametrize("name", ORNO_514_515)
def test_fast_parts_prefer_lengths_of_their_own(name: str) -> None:
    """A reply names no register; its length alone tells whose it is."""
    model = MODELS[name]
    fast = [part for part in parts_of(model) if not is_slow(model, part)]
    slow = [part for part in parts_of(model) if part not in fast]
    preferred = [lengths_of(part)[0] for part in fast]

    assert fast
    assert len(set(preferred)) == len(preferred)
    assert set(preferred).isdisjoint(lengths_of(part)[0] for part in slow)


@each_model
def test_the_lengths_of_a_part_hold_its_rows(model: Model) -> None:
    for part in parts_of(model):
        assert part.count in lengths_of(part), part
        assert len(set(lengths_of(part))) == len(lengths_of(part)), part
        assert min(lengths_of(part)) == part.count, part
        assert max(lengths_of(part)) <= MOST_REGISTERS, part


def is_plausible(row: Row, value: float) -> bool:
    try:
        image = encode([row], {row.field: value})
    except OverflowError:
        return False
    decoded = decode([row], row.address, [image[register] for register in sorted(image)])
    assert decoded.values.keys() | decoded.implausible.keys() == {row.field}
    return row.field in decoded.values


@each_model
def test_both_ends_of_a_range_are_plausible(model: Model) -> None:
    """And what lies one unit beyond an end is not, or cannot come from the registers."""
    for row in model.rows:
        assert row.low < row.high, row
        step = max(10**-row.decimals, 1e-6 * max(abs(row.low), abs(row.high)) if row.encoding.is_float else row.scale)
        assert is_plausible(row, row.low), row
        assert is_plausible(row, row.high), row
        assert not is_plausible(row, row.high + step), row
        assert not is_plausible(row, row.low - step), row


@each_model
def test_a_range_holds_all_that_the_maker_documents(model: Model) -> None:
    ranges = DOCUMENTED_RANGES.get(model.name, {})

    for row in model.rows:
        for value in ranges.get(row.field, ()):
            assert is_plausible(row, value), row


@each_model
def test_a_model_tells_people_what_it_is(model: Model) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", model.name)
    assert re.fullmatch(r"[A-Z]\S* \S.*\S", model.title)
    assert re.fullmatch(r"[A-Z].{20,}\.", model.address_change)
    assert re.fullmatch(r"[A-Z].{20,}", model.source)
    assert model.function in {3, 4}
    assert parse_meter(f"house={model.name}@1", MODELS).model is model


@pytest.mark.parametrize("name", FACTORY)
def test_a_model_is_met_as_it_left_the_factory(name: str) -> None:
    model, (settings, identity) = MODELS[name], FACTORY[name]

    assert str(model.settings) == settings
    assert model.identity
    assert (model.identity.address, model.identity.expected) == identity


def test_no_two_models_share_a_name_or_a_title() -> None:
    titles = [model.title for model in MODELS.values()]

    assert len(set(titles)) == len(titles)
    assert [model.name for model in MODELS.values()] == sorted(MODELS)


def test_the_siblings_differ_in_name_only() -> None:
    """The maker documents the OR-WE-514 and the OR-WE-515 in one register table."""
    older, newer = MODELS["orno-we514"], MODELS["orno-we515"]

    assert (older.name, older.title) == ("orno-we514", "ORNO OR-WE-514")
    assert replace(older, name=newer.name, title=newer.title) == newer


# The vocabulary.


@pytest.mark.parametrize("measurement", fields.VOCABULARY)
def test_a_field_carries_its_unit_in_its_name(measurement: str) -> None:
    for name, field in fields.VOCABULARY[measurement].items():
        unit = {"%": "percent", "°": "degrees", "1/kWh": "per_kwh"}.get(field.unit, field.unit.lower())
        assert field.name == name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert name.endswith(f"_{unit}") if unit else name.rpartition("_")[2] not in {"v", "a", "w", "hz", "kwh"}, name
        assert re.fullmatch(r"[A-Z0-9].*\.", field.meaning), name
        assert not field.part_of or field.unit == fields.VOCABULARY[measurement][field.part_of].unit, name


COMMANDS = [(model, text) for model in MODELS.values() for text in re.findall("`(.+?)`", model.address_change)]


@pytest.mark.parametrize(("model", "command"), COMMANDS, ids=lambda value: getattr(value, "name", ""))
def test_a_command_for_the_address_is_for_a_meter_from_the_factory(model: Model, command: str) -> None:
    """It speaks at the model's own serial settings, and writes the register that stands beside it."""
    words = command.split()
    told = {option: words[words.index(option) + 1] for option in ("-m", "-a", "-b", "-P", "-r")}
    parity = {"N": "none", "E": "even", "O": "odd"}[model.settings.parity]
    stop = words[words.index("-s") + 1] if "-s" in words else "1"

    assert (words[0], words[-2:], "-0" in words) == ("mbpoll", ["/dev/ttyUSB0", "2"], True)
    assert (told["-m"], told["-a"]) == ("rtu", "1")
    assert (told["-b"], told["-P"], stop) == (str(model.settings.baud), parity, str(model.settings.stop))
    assert f"register 0x{int(told['-r']):04X}" in model.address_change
