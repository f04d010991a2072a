"""``wattline models``: the library for people and for programs.

| fault | test |
|---|---|
| a model is missing, or listed twice, or told wrongly | test_the_list_has_a_line_for_each_model, test_the_list_knows_some_meters_by_hand |
| the list cannot be read in a window | test_the_list_is_as_wide_as_a_window_and_stands_in_columns |
| a model that is not proven looks as if it were | test_a_model_that_is_not_verified_says_so |
| a row is missing or wrong for people | test_the_map_has_every_row |
| a fact is missing, or stands where there is none | test_the_map_tells_what_its_reader_needs_in_80_columns, test_the_map_of_the_em24_by_hand |
| a column is told as a word of the program | test_the_map_tells_the_sign_and_the_holes_in_a_sentence |
| the plan is not that of the planner | test_the_map_tells_what_is_proven_and_what_is_wanted, test_a_model_that_needs_no_trial_says_so |
| a row or a column is missing or wrong for programs | test_the_json_has_every_row, test_the_json_has_every_column |
| ... or its value is | test_the_json_tells_how_a_meter_is_to_be_read |
| the two forms of JSON differ | test_the_json_of_one_model_is_that_of_the_list |
| what is known of a model is told otherwise | test_the_json_says_what_the_maker_says |
| a wrong model is explained badly | test_an_unknown_model_is_refused_in_one_sentence_with_the_nearest |
| a command for the shell is torn, and cannot be copied | test_a_command_stands_on_a_line_of_its_own |
| it complains when its reader leaves | test_it_ends_quietly_when_nobody_reads |
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import fields as dataclass_fields
from dataclasses import replace

import pytest

from wattline.cli import main
from wattline.commands import models as command
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Block, Library, Model, load_models
from wattline.registers import Row

MODELS = load_models()


@pytest.fixture
def shown(capsys):
    """What ``wattline models`` prints for these words, when all is well."""

    def show(*words: str) -> str:
        assert main(["models", *words]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return show


def test_the_list_has_a_line_for_each_model(shown):
    head, *lines = shown().partition("\n\n")[0].splitlines()

    assert re.split(r"  +", head) == ["model", "phases", "serial", "values", "verified", "maker and model"]
    assert [line.split()[0] for line in lines] == sorted(MODELS)
    for line in lines:
        model = MODELS[line.split()[0]]
        assert re.split(r"  +", line) == [
            model.name,
            str(model.phases),
            str(model.settings),
            str(len(model.rows)),
            "yes" if model.verified else "no",
            model.title,
        ]


def test_the_list_is_as_wide_as_a_window_and_stands_in_columns(shown):
    head, *lines = shown().partition("\n\n")[0].splitlines()

    assert max(len(line) for line in shown().splitlines()) <= 100
    for column in ("serial", "verified", "maker and model"):
        at = head.index(column)
        assert {line[at - 2 : at] for line in lines} == {"  "}
        assert all(line[at] != " " for line in lines)


def test_the_list_knows_some_meters_by_hand(shown):
    lines = {line.split()[0]: line.split()[1:] for line in shown().splitlines() if line}

    assert lines["orno-we515"] == ["1", "9600", "8E1", "17", "yes", "ORNO", "OR-WE-515"]
    # Three phases, though it tells nothing of any one of them.
    assert lines["eastron-sdm72"][0] == "3"
    assert lines["eastron-sdm120"][:3] == ["1", "2400", "8N1"]
    assert lines["schneider-iem3000"][:3] == ["3", "19200", "8E1"]


def test_a_model_that_is_not_verified_says_so(shown, monkeypatch):
    doubtful = replace(MODELS["orno-we515"], verified=False)
    monkeypatch.setattr(command, "library_of", lambda _: Library([doubtful]))

    says = {line.split()[0]: line.split()[5] for line in shown().partition("\n\n")[0].splitlines()[1:]}
    assert (says["orno-we514"], says["orno-we515"]) == ("yes", "no")
    assert "verified on a real meter: no" in shown("orno-we515")
    assert "verified on a real meter: yes" in shown("orno-we514")


# The map of one model.


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_map_has_every_row(shown, name):
    _, table, _ = shown(name).split("\n\n")
    head, *rows = [line.split() for line in table.splitlines()]

    assert head == ["register", "encoding", "scale", "read", "plausible", "field"]
    assert rows == [
        [
            f"0x{row.address:04X}",
            row.encoding.name.lower(),
            f"{row.scale:g}",
            row.pace,
            f"{row.low:.10g}",
            "to",
            f"{row.high:.10g}",
            row.field,
        ]
        for row in MODELS[name].rows
    ]


def test_a_command_stands_on_a_line_of_its_own(shown):
    assert "\n  mbpoll -m rtu -a 1 -b 2400 -P none -t 4:float -B -0 -r 20 /dev/ttyUSB0 2\n" in shown("eastron-sdm120")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_map_tells_what_its_reader_needs_in_80_columns(shown, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    model, output = MODELS[name], shown(name)
    facts, table, reads = output.split("\n\n")
    words = " ".join(facts.split())

    assert max(map(len, f"{facts}\n{reads}".splitlines())) <= 80
    assert max(map(len, table.splitlines())) <= 96, "a long name beside a wide range"
    for text in (model.title, name, str(model.settings), f"function {model.function}", model.source):
        assert text in words
    assert " ".join(model.address_change.replace("`", "").split()) in words
    for settings in model.alternatives:
        assert str(settings) in words.partition("also seen: ")[2]
    assert ("also seen" in words) == bool(model.alternatives)
    assert (f"at most {model.longest} registers at once" in words) == (model.longest < 125)
    assert (f"after {model.pause_ms} ms of silence" in words) == bool(model.pause_ms)
    assert ("never read: " in words) == bool(model.holes)
    assert ("it says that it has no value" in words) == bool(model.absent)
    assert ("identity: register" in words) == (model.identity is not None)
    assert ("three phases" in words) == (model.phases == 3)


def test_the_map_of_the_em24_by_hand(shown):
    """Its maker's document says each of these."""
    words = " ".join(shown("carlo-gavazzi-em24").split())

    for fact in (
        "Carlo Gavazzi EM24 (RS485) (carlo-gavazzi-em24), three phases",
        "serial settings from the factory: 9600 8N1; also seen: 4800 8N1",
        "read with function 4, at most 11 registers at once, after 5 ms of silence",
        "it says that it has no value by 0x7FFFFFFF as i32_low_first",
        "power may or may not be negative while energy is given to the grid: that is not known",
        "identity: register 0x000B says 0x002E, 0x002F, 0x0030, 0x0047, 0x0048, 0x0049 or 0x005E",
    ):
        assert fact in words


@pytest.mark.parametrize(
    ("sign", "sentence"),
    [
        ("signed", "power is negative while energy is given to the grid"),
        ("unsigned", "power is never negative, so it does not tell which way energy goes"),
        ("unknown", "power may or may not be negative while energy is given to the grid: that is not known"),
    ],
)
def test_the_map_tells_the_sign_and_the_holes_in_a_sentence(shown, monkeypatch, sign, sentence):
    model = replace(MODELS["orno-we515"], sign=sign, holes=((0x0134, 0x0138), (0x013F, 0x013F)))
    monkeypatch.setattr(command, "library_of", lambda _: Library([model]))
    words = " ".join(shown("orno-we515").split())

    assert sentence in words
    assert "never read: 0x0134-0x0138 or 0x013F" in words


def test_the_map_tells_what_is_proven_and_what_is_wanted(shown):
    """By hand, with the 20 ms of a turnaround: 258.646 ms and 123.646 ms; 132.865 ms and 123.646 ms."""
    _, _, reads = shown("orno-we515").split("\n\n")
    words = " ".join(reads.split())

    assert "reads that are proven: 0x0130-0x0131, 0x0139-0x013A, 0x0140-0x0141," in words
    assert "proven: 8 requests, 382 ms for everything: 0x0130-0x0131, 0x0139-0x013A," in words
    assert (
        "wanted, and tried at start: 3 requests, 257 ms for everything: "
        "0x0130-0x0158, 0xA000-0xA009, 0xA01E-0xA027" in words
    )


def test_a_model_that_needs_no_trial_says_so(shown):
    words = " ".join(shown("hiking-dds238-2").split())
    assert "proven: 1 request, " in words
    assert "wanted, and tried at start: no more" in words


# For programs.


def test_the_json_has_every_column(shown):
    """A column that the tables get and the JSON does not is noticed here."""
    (told, *_) = json.loads(shown("--json"))
    # The ratio is not the model's but that of whoever has current transformers.
    of_table = {column.name for column in dataclass_fields(Model) if column.init} - {"settings", "ratio"}
    columns = of_table | {"baud", "parity", "stop"}

    assert told.keys() == columns
    row_columns = {column.name for column in dataclass_fields(Row) if column.init} - {"address"} | {"register", "unit"}
    assert told["rows"][0].keys() == row_columns
    assert told["blocks"][0].keys() == {column.name for column in dataclass_fields(Block)}


def test_the_json_has_every_row(shown):
    listed = json.loads(shown("--json"))

    assert [model["name"] for model in listed] == sorted(MODELS)
    for told in listed:
        model = MODELS[told["name"]]
        assert (told["title"], told["verified"], told["source"]) == (model.title, model.verified, model.source)
        assert told["address_change"] == model.address_change
        assert told["rows"] == [
            {
                "register": row.address,
                "encoding": row.encoding.name.lower(),
                "scale": row.scale,
                "decimals": row.decimals,
                "field": row.field,
                "unit": ELECTRICITY_FIELDS[row.field].unit,
                "low": row.low,
                "high": row.high,
                "pace": row.pace,
            }
            for row in model.rows
        ]


def test_the_json_tells_how_a_meter_is_to_be_read(shown):
    """By hand, from the maker's protocol of the EM24."""
    told = json.loads(shown("carlo-gavazzi-em24", "--json"))

    assert (told["phases"], told["longest"], told["pause_ms"], told["sign"]) == (3, 11, 5, "unknown")
    assert told["alternatives"] == [{"baud": 4800, "parity": "N", "stop": 1}]
    assert told["absent"] == {"i32_low_first": 0x7FFF_FFFF}
    assert told["identity"] == {"address": 0x000B, "expected": [46, 47, 48, 71, 72, 73, 94], "function": 4}
    assert told["blocks"][1] == {"address": 0x000C, "count": 10, "lengths": [], "room": 10}
    assert (told["holes"], told["documented"]) == ([], [])
    assert json.loads(shown("eastron-sdm120", "--json"))["identity"]["function"] == 3
    assert json.loads(shown("hiking-dds238-2", "--json"))["identity"] is None


def test_the_json_says_what_the_maker_says(shown):
    """By hand, from the maker's register description."""
    told = json.loads(shown("orno-we515", "--json"))
    rows = {row["field"]: row for row in told["rows"]}

    assert (told["baud"], told["parity"], told["stop"], told["function"]) == (9600, "E", 1, 3)
    assert len(rows) == 17
    assert tuple(rows["current_a"].values()) == (0x139, "u32", 0.001, 3, "current_a", "A", 0, 125, "fast")
    assert (rows["power_factor"]["encoding"], rows["power_factor"]["unit"]) == ("i16", "")
    assert (rows["energy_total_kwh"]["register"], rows["energy_total_kwh"]["pace"]) == (0xA000, "slow")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_json_of_one_model_is_that_of_the_list(shown, name):
    assert json.loads(shown("--json", name)) in json.loads(shown("--json"))
    assert json.loads(shown(name, "--json"))["name"] == name


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("orno-we541", "; the nearest is 'orno-we514'"),
        ("orno-we5155", "; the nearest is 'orno-we515'"),
        ("ORNO-WE5144", "; the nearest is 'orno-we514'"),
        ("we514", "; the nearest is 'orno-we514'"),
        ("orno-we151", "; the nearest are 'orno-we514', 'orno-we515', 'orno-we516' and 'orno-we517'"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_an_unknown_model_is_refused_in_one_sentence_with_the_nearest(capsys, form, name, nearest):
    assert main(["models", *form, name]) == 2

    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        f"wattline: There is no model '{name}'{nearest}; `wattline models` lists them all.\n",
    )


def test_two_models_at_once_are_refused(capsys):
    assert main(["models", "orno-we514", "orno-we515"]) == 2
    assert capsys.readouterr().err == "wattline: Unrecognized arguments: orno-we515; see `wattline models --help`.\n"


@pytest.mark.parametrize("words", [["models"], ["models", "--json"]], ids=" ".join)
def test_it_ends_quietly_when_nobody_reads(words):
    """As in ``wattline models --json | head -1``; what is short meets the closed pipe only at the end."""
    command = [sys.executable, "-m", "wattline", *words]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()

    assert (process.wait(10), complaints) == (0, b"")
