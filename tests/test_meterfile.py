"""``--meter-file``: a model that is not in the library, from its file to a reading, and what is said of a wrong file.

| fault | test |
|---|---|
| a column of the library's tables cannot be written in a file, or means something else there | test_every_table_of_the_library_can_be_written_as_a_file |
| a small file is refused, or understood otherwise | test_a_small_file_is_enough |
| a default lets a wrong value through, or leaves a right one out | test_the_defaults_follow_the_unit, test_an_unsigned_number_is_not_below_zero |
| counters are read every second, gauges every ten | test_the_pace_follows_the_kind |
| more decimals than anyone shows | test_no_more_decimals_than_the_field_has |
| a file is wrong and taken, or its author is left alone | test_a_wrong_file_is_refused_in_one_sentence |
| numbers that are not register numbers on the wire are taken in silence | test_numbers_that_look_like_modicons_are_doubted_aloud |
| ... or others are doubted, and a sound file makes noise | test_other_numbers_are_not_doubted |
| a file that cannot be read makes a traceback | test_a_file_that_cannot_be_read_is_refused_in_one_sentence |
| any file makes a traceback | test_no_file_makes_anything_but_a_model_or_a_sentence |
| a name means two models | test_a_name_belongs_to_one_model |
| a command does not know the option | test_whoever_asks_no_meter_knows_the_model, test_whoever_asks_a_meter_knows_the_model |
| what `simulate` prints cannot be pasted | test_the_command_that_simulate_prints_reads_the_model |
| the example of the README is wrong | test_the_example_of_the_readme_works |
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.settings import LineSettings
from wattline.cli import main
from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meterfile import load_meter_files, parse_meter_file
from wattline.meters import Block, Identity, Model, load_models
from wattline.registers import Encoding, Row
from wattline.simulate import Scenario, Simulator
from wattline.words import parse_meters

MODELS = load_models()
PLUGIN_README = (Path(__file__).parents[1] / "plugin" / "README.md").read_text()

SMALL = """\
name = "acme-m1"
function = 3
[[rows]]
address = 0x10
encoding = "u16"
field = "voltage_v"
"""
ROW = '[[rows]]\naddress = 0x20\nencoding = "u16"\nfield = "frequency_hz"\n'


def parsed(content: str) -> Model:
    return parse_meter_file("acme.toml", content)


def row(*lines: str) -> Row:
    """The second row of a file, made of ``lines``."""
    return parsed("\n".join([SMALL, "[[rows]]", *lines])).rows[1]


# What a file means.


def test_a_small_file_is_enough():
    assert parsed(SMALL) == Model(
        name="acme-m1",
        title="acme-m1",
        settings=LineSettings(9600, "N", 1),
        function=3,
        rows=(Row(0x10, Encoding.U16, 1, "voltage_v", 80, 300),),
        source="the file acme.toml",
        address_change="see the manual of the meter; wattline never writes.",
        sign="unknown",
    )


def test_a_whole_file_means_what_it_says():
    content = """\
        name = "acme-m1"
        title = "Acme M1"
        baud = 19200
        parity = "E"
        stop = 2
        alternatives = ["9600 8N1", "2400 8O2"]
        function = 4
        longest = 40
        pause_ms = 12
        holes = [[0x13, 0x1F], [0x30, 0x30]]
        documented = [[0x20, 0x27]]
        blocks = [[0x10, 3], { address = 0x20, count = 4, lengths = [6, 4], room = 5 }]
        absent = { u16 = 0xFFFF, i32_low_first = -1 }
        sign = "signed"
        phases = 3
        identity = { address = 0x0B, expected = [7, 8], function = 3 }
        source = "its manual"
        address_change = "With the button."
        [[rows]]
        address = 0x10
        encoding = "i32_low_first"
        scale = -0.1
        field = "power_w"
        low = -25000
        high = 25000.5
        pace = "slow"
        decimals = 0
        [[rows]]
        address = 0x22
        encoding = "u16"
        field = "frequency_hz"
        """
    assert parsed(content) == Model(
        name="acme-m1",
        title="Acme M1",
        settings=LineSettings(19200, "E", 2),
        function=4,
        rows=(
            Row(0x10, Encoding.I32_LOW_FIRST, -0.1, "power_w", -25000, 25000.5, "slow", 0),
            Row(0x22, Encoding.U16, 1, "frequency_hz", 45, 65),
        ),
        source="its manual",
        address_change="With the button.",
        blocks=(Block(0x10, 3), Block(0x20, 4, (6, 4), 5)),
        identity=Identity(0x0B, (7, 8), 3),
        alternatives=(LineSettings(9600, "N", 1), LineSettings(2400, "O", 2)),
        documented=((0x20, 0x27),),
        holes=((0x13, 0x1F), (0x30, 0x30)),
        longest=40,
        pause_ms=12,
        absent={Encoding.U16: 0xFFFF, Encoding.I32_LOW_FIRST: -1},
        sign="signed",
        phases=3,
    )


def as_toml(model: Model) -> str:
    """The table of ``model`` as a file, each column written out."""

    def pairs(ranges) -> str:
        return json.dumps([list(item) for item in ranges])

    lines = [
        *(f"{name} = {json.dumps(getattr(model, name), ensure_ascii=False)}" for name in ("name", "title", "function")),
        f'settings = "{model.settings}"',
        f"alternatives = {json.dumps([str(settings) for settings in model.alternatives])}",
        *(f"{name} = {json.dumps(getattr(model, name))}" for name in ("longest", "pause_ms", "sign", "phases")),
        f"source = {json.dumps(model.source, ensure_ascii=False)}",
        f"address_change = {json.dumps(model.address_change, ensure_ascii=False)}",
        f"holes = {pairs(model.holes)}",
        f"documented = {pairs(model.documented)}",
        "absent = { " + ", ".join(f"{encoding.name.lower()} = {raw}" for encoding, raw in model.absent.items()) + " }",
    ]
    if model.identity:
        identity = model.identity
        function = f", function = {identity.function}" if identity.function else ""
        lines.append(f"identity = {{ address = {identity.address}, expected = {list(identity.expected)}{function} }}")
    for block in model.blocks:
        lengths = f"lengths = {list(block.lengths)}" if block.lengths else ""
        lines += ["[[blocks]]", f"address = {block.address}", f"count = {block.count}", f"room = {block.room}", lengths]
    for each in model.rows:
        lines += ["[[rows]]", f"address = 0x{each.address:04X}", f'encoding = "{each.encoding.name.lower()}"']
        lines += [f"{name} = {getattr(each, name)}" for name in ("scale", "low", "high", "decimals")]
        lines += [f'{name} = "{getattr(each, name)}"' for name in ("field", "pace")]
    return "\n".join(lines)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_table_of_the_library_can_be_written_as_a_file(name):
    # A sibling that shares a table is a table of its own when it stands in a file.
    assert parsed(as_toml(MODELS[name])) == replace(MODELS[name], verified=False, table_of=name)


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("voltage_l1_v", 80, 300),
        ("current_a", -125, 125),
        ("power_w", -100_000, 100_000),
        ("reactive_power_var", -100_000, 100_000),
        ("apparent_power_va", -100_000, 100_000),
        ("frequency_hz", 45, 65),
        ("energy_import_kwh", 0, 99_999_999),
        ("reactive_energy_import_kvarh", 0, 99_999_999),
        ("power_factor", -1, 1),
        ("phase_angle_degrees", -360, 360),
        ("voltage_distortion_percent", 0, 1000),
    ],
)
def test_the_defaults_follow_the_unit(field, low, high):
    found = row("address = 0x20", 'encoding = "f32"', f'field = "{field}"')
    assert (found.low, found.high) == (low, high)


def test_every_field_has_defaults():
    for number, name in enumerate(set(ELECTRICITY_FIELDS) - {"voltage_v"}):
        found = row(f"address = {0x100 + number}", 'encoding = "i16"', f'field = "{name}"')
        assert found.low < found.high


def test_an_unsigned_number_is_not_below_zero():
    lines = ("address = 0x20", 'field = "power_w"')
    assert row('encoding = "u16"', *lines).low == 0
    assert row('encoding = "u16"', "scale = -1", *lines).low == -100_000
    assert row('encoding = "u16"', "low = -5", *lines).low == -5


def test_the_pace_follows_the_kind():
    for name, field in ELECTRICITY_FIELDS.items():
        if name != "voltage_v":
            found = row("address = 0x20", 'encoding = "i16"', f'field = "{name}"')
            assert found.pace == ("slow" if field.kind == "counter" else "fast")
    assert row("address = 0x20", 'encoding = "u32"', 'field = "energy_total_kwh"', 'pace = "fast"').pace == "fast"


@pytest.mark.parametrize(
    ("lines", "decimals"),
    [
        (['encoding = "u16"', "scale = 0.1"], 1),
        (['encoding = "u16"', "scale = 10"], 0),
        (['encoding = "u16"', "scale = 0.0333333333333"], 2),
        (['encoding = "f32"'], 1),
        (['encoding = "f32"', "decimals = 2"], 2),
        (['encoding = "u16"', "scale = 0.1", "decimals = 0"], 0),
    ],
)
def test_no_more_decimals_than_the_field_has(lines, decimals):
    assert row("address = 0x20", 'field = "power_w"', *lines).decimals == decimals


# What is wrong.

WHOLE_FUNCTION = "must be a whole number from 3 to 4 (3 reads holding registers, 4 input registers)"
SETTINGS_RULE = "must be such as '9600 8E1', with a baud rate of 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200"
ENCODINGS = ", ".join(encoding.name.lower() for encoding in Encoding)
RANGES_RULE = "must be a list of [first, last], register numbers in rising order, such as [[0x0134, 0x0138]]"
ROWS_RULE = "must be the quantities of the meter, each a table that begins with [[rows]]"
SINGLE_ROWS = "A row begins with [rows]; it must begin with [[rows]], in double brackets, since there may be several."
MODEL_COLUMNS = "name, title, settings, baud, parity, stop, alternatives, function, longest, pause_ms, phases, holes, documented, blocks, absent, sign, identity, source, address_change, rows"
FIELD_RULE = "must be a field of `electricity` as the plugin's README lists them"
ABSENT_RULE = (
    "must tell for an encoding of whole numbers which of them says that there is no value, such as { u16 = 0xFFFF }"
)


def top(line: str) -> str:
    return f"{line}\n{SMALL}"


def second(*changes: str) -> str:
    """A file whose second row is sound but for these lines, which take the place of those for the same column."""
    lines = {line.partition(" =")[0]: line for line in ROW.splitlines()[1:]}
    lines |= {line.partition(" =")[0]: line for line in changes}
    return "\n".join([SMALL, "[[rows]]", *(line for line in lines.values() if " = " in line)])


WRONG_FILES = {
    # The file.
    "name = acme": "This is not TOML: Invalid value (at line 1, column 8).",
    SMALL + "address = 1\n": "This is not TOML: Cannot overwrite a value (at line 7, column 12).",
    "": "The column 'name' is missing; it must be a text of one line in quotation marks.",
    # The model's columns.
    top("verified = true"): f"There is no column 'verified'; the columns are {MODEL_COLUMNS}.",
    top("refresh = true"): f"There is no column 'refresh'; the columns are {MODEL_COLUMNS}.",
    top('titel = "x"'): f"There is no column 'titel'; the nearest is 'title'; the columns are {MODEL_COLUMNS}.",
    SMALL.replace(
        '"acme-m1"', '"Acme M1"'
    ): "The column 'name' says 'Acme M1'; it must be small letters and digits, with single dashes between them, such as acme-m1.",
    SMALL.replace('"acme-m1"', "1"): "The column 'name' says 1; it must be a text of one line in quotation marks.",
    top('title = "a\\nb"'): "The column 'title' says 'a\\nb'; it must be a text of one line in quotation marks.",
    top("title = ''"): "The column 'title' says ''; it must be a text of one line in quotation marks.",
    SMALL.replace("function = 3\n", ""): f"The column 'function' is missing; it {WHOLE_FUNCTION}.",
    SMALL.replace("= 3", "= 5"): f"The column 'function' says 5; it {WHOLE_FUNCTION}.",
    SMALL.replace("= 3", "= true"): f"The column 'function' says true; it {WHOLE_FUNCTION}.",
    SMALL.replace("= 3", '= "3"'): f"The column 'function' says '3'; it {WHOLE_FUNCTION}.",
    top('settings = "9600 8X1"'): f"The column 'settings' says '9600 8X1'; it {SETTINGS_RULE}.",
    top('settings = "9601 8E1"'): f"The column 'settings' says '9601 8E1'; it {SETTINGS_RULE}.",
    top(
        'settings = "9600 8E1"\nbaud = 9600'
    ): "The column 'baud' says 9600; it must not be there beside 'settings', which says it already.",
    top(
        "baud = 9601"
    ): "The column 'baud' says 9601; it must be one of 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200.",
    top('parity = "even"'): "The column 'parity' says 'even'; it must be one of N, E, O.",
    top("stop = 3"): "The column 'stop' says 3; it must be a whole number from 1 to 2.",
    top(
        'alternatives = "9600 8N1"'
    ): "The column 'alternatives' says '9600 8N1'; it must be a list of serial settings, such as ['9600 8N1'].",
    top("alternatives = [9600]"): f"The column 'alternatives' says [9600]; it {SETTINGS_RULE}.",
    top("longest = 126"): "The column 'longest' says 126; it must be a whole number from 1 to 125.",
    top("longest = 10.0"): "The column 'longest' says 10.0; it must be a whole number from 1 to 125.",
    top("pause_ms = -1"): "The column 'pause_ms' says -1; it must be a whole number from 0 to 1000.",
    top("phases = 2"): "The column 'phases' says 2; it must be 1 or 3.",
    top("phases = 0"): "The column 'phases' says 0; it must be 1 or 3.",
    top("holes = [[1]]"): f"The column 'holes' says [[1]]; it {RANGES_RULE}.",
    top("holes = [[9, 1]]"): f"The column 'holes' says [[9, 1]]; it {RANGES_RULE}.",
    top("holes = [[0, 65536]]"): f"The column 'holes' says [[0, 65536]]; it {RANGES_RULE}.",
    top("documented = 1"): f"The column 'documented' says 1; it {RANGES_RULE}.",
    top(
        'sign = "singed"'
    ): "The column 'sign' says 'singed'; it must be one of signed, unsigned, unknown; the nearest is 'signed'.",
    top("absent = { u16 = 65536 }"): f"The column 'absent' says {{'u16': 65536}}; it {ABSENT_RULE}.",
    top("absent = { f32 = 1 }"): f"The column 'absent' says {{'f32': 1}}; it {ABSENT_RULE}.",
    top("absent = 65535"): f"The column 'absent' says 65535; it {ABSENT_RULE}.",
    top(
        "identity = 11"
    ): "The column 'identity' says 11; it must be a table with the columns address and expected, such as { address = 0x000B, expected = [0x00A2] }.",
    top(
        "identity = { address = 11 }"
    ): "@, identity: The column 'expected' is missing; it must be a list of whole numbers from 0 to 65535, such as [0x00A2].",
    top(
        "identity = { adress = 11 }"
    ): "@, identity: There is no column 'adress'; the nearest is 'address'; the columns are address, expected, function.",
    # Blocks.
    top(
        "blocks = [5]"
    ): "The column 'blocks' says [5]; it must be a list of [address, count], or of { address, count, lengths, room }, such as [[0x0130, 4]].",
    top(
        "longest = 8\nblocks = [[0x10, 4], [0, 9]]"
    ): "@, block 2: The column 'count' says 9; it must be a whole number from 1 to 8.",
    top("blocks = [[0xFFFF, 2]]"): "@, block 1: The column 'count' says 2; it must be a whole number from 1 to 1.",
    top(
        "blocks = [{ address = 0, count = 4, lengths = [6] }]"
    ): "@, block 1: The column 'lengths' says [6]; it must be a list of whole numbers from 4 to 125, 4 among them.",
    top(
        "blocks = [{ address = 0, count = 4, room = 2 }]"
    ): "@, block 1: The column 'room' says 2; it must be a whole number from 4 to 125.",
    top(
        "holes = [[4, 6]]\nblocks = [[0, 5]]"
    ): "@, block 1: The column 'address' says 0; it must not lead over the hole 0x0004 to 0x0006, since what is in 'holes' is never read.",
    top(
        "blocks = [[0x10, 1], [5, 2]]"
    ): "@, block 2: The column 'address' says 5; it must lead to a row, but none lies wholly in 0x0005 to 0x0006, so that the block would never be read.",
    SMALL.replace('"u16"', '"u32"').replace(
        "[[rows]]", "blocks = [[0x10, 1]]\n[[rows]]"
    ): "@, block 1: The column 'address' says 16; it must lead to a row, but none lies wholly in 0x0010 to 0x0010, so that the block would never be read.",
    # Rows.
    'name = "a"\nfunction = 3': f"The column 'rows' is missing; it {ROWS_RULE}.",
    'name = "a"\nfunction = 3\nrows = 3': f"The column 'rows' says 3; it {ROWS_RULE}.",
    'name = "a"\nfunction = 3\nrows = []': f"The column 'rows' says []; it {ROWS_RULE}.",
    'name = "a"\nfunction = 3\nrows = [3]': f"The column 'rows' says [3]; it {ROWS_RULE}.",
    second(
        "addres = 5"
    ): "@, row 2: There is no column 'addres'; the nearest is 'address'; the columns are address, encoding, scale, field, low, high, pace, decimals.",
    second(
        "verified = true"
    ): "@, row 2: There is no column 'verified'; the columns are address, encoding, scale, field, low, high, pace, decimals.",
    second(
        "address"
    ): "@, row 2: The column 'address' is missing; it must be a whole number from 0 to 65535, such as 0x0130.",
    second(
        'address = "0x20"'
    ): "@, row 2: The column 'address' says '0x20'; it must be a whole number from 0 to 65535, such as 0x0130.",
    second(
        "address = 0xFFFF", 'encoding = "u32"'
    ): "@, row 2: The column 'address' says 65535; it must be a whole number from 0 to 65534, such as 0x0130.",
    second("encoding"): f"@, row 2: The column 'encoding' is missing; it must be one of {ENCODINGS}.",
    second(
        'encoding = "uint16"'
    ): f"@, row 2: The column 'encoding' says 'uint16'; it must be one of {ENCODINGS}; the nearest is 'u16'.",
    second(
        'encoding = "float"'
    ): f"@, row 2: The column 'encoding' says 'float'; it must be one of {ENCODINGS}; the nearest is 'f32'.",
    SMALL.replace("[[rows]]", "[rows]"): SINGLE_ROWS,
    second().replace("[[rows]]", "[rows]"): SINGLE_ROWS,
    second().replace("[[rows]]", " [ rows ]", 1): SINGLE_ROWS,
    second().replace("[[rows]]", "[rows]", 1): SINGLE_ROWS,
    second(
        'field = "voltage_l1"'
    ): f"@, row 2: The column 'field' says 'voltage_l1'; it {FIELD_RULE}; the nearest is 'voltage_l1_v'.",
    second("field = 1"): f"@, row 2: The column 'field' says 1; it {FIELD_RULE}.",
    second('scale = "0.1"'): "@, row 2: The column 'scale' says '0.1'; it must be a number from -1e+06 to 1e+06.",
    second("scale = 0"): "@, row 2: The column 'scale' says 0; it must be at least 1e-06, or as much below zero.",
    second("scale = nan"): "@, row 2: The column 'scale' says nan; it must be a number from -1e+06 to 1e+06.",
    second("scale = true"): "@, row 2: The column 'scale' says true; it must be a number from -1e+06 to 1e+06.",
    second("high = inf"): "@, row 2: The column 'high' says inf; it must be a number from -1e+12 to 1e+12.",
    second(
        "high = 40"
    ): "@, row 2: The column 'high' says 40; it must be above the column 'low', which must be said too, since without it that is 45.",
    second(
        "low = 65"
    ): "@, row 2: The column 'low' says 65; it must be below the column 'high', which must be said too, since without it that is 65.",
    second(
        "low = 300", "high = 100"
    ): "@, row 2: The column 'low' says 300; it must be below the column 'high', which says 100.",
    second('pace = "quick"'): "@, row 2: The column 'pace' says 'quick'; it must be one of fast, slow.",
    second("decimals = 9"): "@, row 2: The column 'decimals' says 9; it must be a whole number from 0 to 3.",
    second(
        'field = "voltage_v"'
    ): "@, row 2: The column 'field' says 'voltage_v', as row 1 does; each field may be there once.",
    second(
        "address = 0x10"
    ): "@, row 2: The register 0x0010 is one of row 1 too; each row must have registers of its own, so check 'address' and 'encoding'.",
    second(
        "address = 0x0F", 'encoding = "u32"'
    ): "@, row 2: The register 0x0010 is one of row 1 too; each row must have registers of its own, so check 'address' and 'encoding'.",
    top("holes = [[0x1E, 0x20]]")
    + ROW: "@, row 2: The column 'address' says 0x0020, which lies in the hole 0x001E to 0x0020; what is in 'holes' is never read.",
    top("longest = 1")
    + ROW.replace(
        "u16", "u32"
    ): "@, row 2: The column 'encoding' takes 2 registers, but 'longest' lets 1 be read at once.",
}


@pytest.mark.parametrize(("content", "sentence"), WRONG_FILES.items(), ids=range(len(WRONG_FILES)))
def test_a_wrong_file_is_refused_in_one_sentence(capsys, tmp_path, content, sentence):
    """Exit 2, and the file, the row and the column with what it may be."""
    path = tmp_path / "acme.toml"
    path.write_text(content)
    place, says = (str(path), f": {sentence}") if sentence[0] != "@" else (str(path), sentence[1:])

    assert main(["models", "--meter-file", str(path)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wattline: {place}{says}\n")


def modicon(*addresses: str) -> str:
    """A file of so many rows."""
    fields = ("voltage_v", "frequency_hz")
    rows = [ROW.replace("0x20", at).replace("frequency_hz", field) for at, field in zip(addresses, fields, strict=True)]
    return SMALL.partition("[[rows]]")[0] + "".join(rows)


@pytest.mark.parametrize(
    ("addresses", "written"),
    [(("40017", "40018"), "40017 must be written 16"), (("30001", "30002"), "30001 must be written 0")],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_numbers_that_look_like_modicons_are_doubted_aloud(program, tmp_path, addresses, written, command):
    """And taken, since they may be meant; a line of the log is one that Telegraf understands."""
    path = tmp_path / "acme.toml"
    path.write_text(modicon(*addresses))
    words = ["/dev/ttyNone"] if command == "run" else []
    process = program(command, "--meter-file", str(path), *words, "shed=acme-m1@1")
    doubt = process.stderr.wait_for("Modicon", within_s=10)

    assert doubt == (
        f"{'W! ' if words else ''}{path}: All register numbers look like Modicon's, from 1 and with a leading 3 or 4 "
        f"that is no part of them; if they are, {written}, since wattline counts from 0."
    )


@pytest.mark.parametrize("addresses", [("40017", "18"), ("0xB000", "0xB001"), ("40000", "40001"), ("50017", "50018")])
def test_other_numbers_are_not_doubted(caplog, tmp_path, addresses):
    path = tmp_path / "acme.toml"
    path.write_text(modicon(*addresses))
    load_meter_files([path])

    assert caplog.text == ""


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda _: None, "cannot be read (No such file or directory)."),
        (lambda path: path.mkdir(), "cannot be read (Is a directory)."),
        (lambda path: path.write_bytes(b"name = '\xff'"), "is no text in UTF-8 "),
    ],
    ids=["missing", "folder", "bytes"],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path, make, reason):
    path = tmp_path / "acme.toml"
    make(path)
    with pytest.raises(WordError, match=re.escape(f"The meter file '{path}' {reason}")):
        load_meter_files([path])


def test_a_name_belongs_to_one_model(tmp_path):
    of_library, one, other = (tmp_path / name for name in ("library.toml", "one.toml", "other.toml"))
    of_library.write_text(SMALL.replace("acme-m1", "orno-we515"))
    one.write_text(SMALL)
    other.write_text(SMALL)

    with pytest.raises(WordError, match=r"The name 'orno-we515' is that of a model in the library; choose"):
        load_meter_files([of_library])
    with pytest.raises(WordError, match=r"other.toml: The name 'acme-m1' is that of the model in another file; choose"):
        load_meter_files([one, other])


KEYS = ["name", "function", "rows", "settings", "holes", "blocks", "absent", "identity", "longest", "address", "field"]
VALUES = ["3", "-1", "0.5", "true", '"acme"', '"u16"', '"voltage_v"', "[]", "[[1, 2]]", "{}", "{ u16 = 1 }", "nan"]
LINES = st.tuples(st.sampled_from([*KEYS, "encoding", "scale"]), st.sampled_from([*VALUES, "1979-05-27", "0x10"]))
NEAR_FILES = st.lists(LINES.map(" = ".join) | st.sampled_from(["[[rows]]", "[identity]", "[[blocks]]"]), max_size=12)


@given(NEAR_FILES.map("\n".join) | NEAR_FILES.map(lambda lines: SMALL + "\n".join(lines)) | st.text(max_size=60))
def test_no_file_makes_anything_but_a_model_or_a_sentence(content):
    try:
        model = parsed(content)
    except WordError as error:
        sentence = str(error)
        assert sentence.startswith("acme.toml")
        assert sentence.endswith(".")
    else:
        assert model.rows


# The commands.


@pytest.fixture
def acme(tmp_path) -> str:
    path = tmp_path / "acme m1.toml"
    identity = "identity = { address = 0, expected = [0xACE1] }\n"
    path.write_text(f"{identity}{SMALL}scale = 0.1\n")
    return str(path)


def test_whoever_asks_no_meter_knows_the_model(capsys, acme):
    assert main(["models", "--meter-file", acme]) == 0
    assert "\nacme-m1  " in capsys.readouterr().out
    assert main(["plan", "--meter-file", acme, "shed=acme-m1@5", "house=orno-we515@1"]) == 0
    assert "shed: acme-m1 at 9600 8N1" in capsys.readouterr().out
    assert main(["read", "/dev/ttyNone", "shed=acme-m1@5"]) == 2
    assert "There is no model 'acme-m1'" in capsys.readouterr().err


@pytest.fixture
def shed(acme, monkeypatch) -> Iterator[str]:
    """The port of a meter of that model, in the folder of its file."""
    monkeypatch.chdir(Path(acme).parent)
    meters = parse_meters(["shed=acme-m1@5"], {"acme-m1": load_meter_files([Path(acme)])[0]})
    with Simulator(meters, Scenario("fixed")) as house:
        yield house.port


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "PORT", "shed=acme-m1@5"], "electricity,meter=shed,role=grid voltage_v=230 "),
        (["read", "PORT", "shed=acme-m1@5"], "230.0 V"),
        (["watch", "PORT", "shed=acme-m1@5"], "230.0"),
        (["probe", "PORT", "shed=acme-m1@5", "--seconds", "3"], "# Probe of acme-m1"),
        (
            ["scan", "PORT", "--settings=9600-8N1", "--addresses=5"],
            '"run", "--meter-file", "FILE",',
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_whoever_asks_a_meter_knows_the_model(acme, shed, program, words, said):
    """By the file's name in its own folder; Telegraf, which starts elsewhere, is told the whole path."""
    running = program(*(word.replace("PORT", shed) for word in words), "--meter-file", Path(acme).name)
    running.stdout.wait_for(said.replace("PORT", shed).replace("FILE", acme), within_s=20)


def test_the_command_that_simulate_prints_reads_the_model(acme):
    command = [sys.executable, "-m", "wattline", "simulate", "--load=fixed", "--meter-file", acme, "shed=acme-m1@5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulating:
        try:
            simulating.stdout.readline()
            read = [*shlex.split(simulating.stdout.readline()), "--json"]
            result = subprocess.run(read, capture_output=True, text=True, check=True)
        finally:
            simulating.terminate()
    assert json.loads(result.stdout)[0]["values"] == {"voltage_v": 230.0}


def test_the_example_of_the_readme_works(tmp_path):
    """The file and the commands that it shows, in a folder of its own; its `simulate` is waited for."""
    (section,) = re.findall(r"^### A model that is not there\n(.*?)^##", PLUGIN_README, re.MULTILINE | re.DOTALL)
    (content,) = re.findall(r"```toml\n(name.*?)```", section, re.DOTALL)
    (commands,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    (tmp_path / "acme-m1.toml").write_text(content)
    wattline = f"{shlex.quote(sys.executable)} -m wattline"
    port = tmp_path / "ttyMeter"
    (folder,) = set(re.findall(r"(/\w+)/ttyMeter", commands))
    *checks, simulate, read = (
        commands.replace(f"{folder}/ttyMeter", str(port)).replace("wattline ", f"{wattline} ").splitlines()
    )

    shell = {"shell": True, "cwd": tmp_path, "text": True}
    for check in checks:
        assert "Acme M1" in subprocess.run(check, check=True, capture_output=True, **shell).stdout
    command = ["sh", "-c", f"exec {simulate.removesuffix('&').strip()} --load=fixed"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as simulating:
        try:
            assert simulating.stdout.readline() == f"{port}\n"
            shown = subprocess.run(read, check=True, capture_output=True, **shell).stdout
        finally:
            simulating.terminate()
    assert re.search(r"^  power_w +1000\.0 W$", shown, re.MULTILINE)
