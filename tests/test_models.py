"""``wattline models``: the library for people and for programs.

| fault                                       | test                                                             |
|---------------------------------------------|------------------------------------------------------------------|
| a model is missing, or listed twice         | test_the_list_has_a_line_for_each_model                          |
| a model that is not proven looks as if it were | test_a_model_that_is_not_verified_says_so                     |
| a row is missing or wrong for people        | test_the_table_has_every_row                                     |
| how the address is changed cannot be read   | test_the_table_tells_what_its_reader_needs_in_80_columns         |
| a row is missing or wrong for programs      | test_the_json_has_every_row                                      |
| the two forms of JSON differ                | test_the_json_of_one_model_is_that_of_the_list                   |
| what is known of a model is told otherwise  | test_the_json_says_what_the_maker_says                           |
| a wrong model is explained badly            | test_an_unknown_model_is_refused_in_one_sentence_with_the_nearest |
| it complains when its reader leaves         | test_it_ends_quietly_when_nobody_reads                           |
"""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from wattline.cli import main
from wattline.commands import models as command
from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Library, load_models

MODELS = load_models()
JSON_KEYS = {"name", "title", "baud", "parity", "stop", "function", "verified", "source", "address_change", "rows"}


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
    lines = shown().splitlines()

    assert [line.split()[0] for line in lines] == sorted(MODELS)
    for line in lines:
        model = MODELS[line.split()[0]]
        assert line.split(maxsplit=1)[1] == f"{model.title}, {model.settings}, {len(model.rows)} quantities"
        assert len(line) <= 80


def test_a_model_that_is_not_verified_says_so(shown, monkeypatch):
    doubtful = replace(MODELS["orno-we515"], verified=False)
    monkeypatch.setattr(command, "load_models", lambda: Library([doubtful]))

    ends = {line.split()[0]: line.endswith(", not yet verified on a real meter") for line in shown().splitlines()}
    assert (ends["orno-we514"], ends["orno-we515"]) == (False, True)
    assert "verified on a real meter: no" in shown("orno-we515")
    assert "verified on a real meter: yes" in shown("orno-we514")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_table_has_every_row(shown, name):
    _, _, table = shown(name).partition("\n\n")
    head, *rows = [line.split() for line in table.splitlines()]

    assert head == ["register", "encoding", "scale", "unit", "read", "field"]
    assert rows == [
        [
            f"0x{row.address:04X}",
            row.encoding.name.lower(),
            f"{row.scale:g}",
            ELECTRICITY_FIELDS[row.field].unit or "-",
            row.pace,
            row.field,
        ]
        for row in MODELS[name].rows
    ]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_table_tells_what_its_reader_needs_in_80_columns(shown, name):
    model, output = MODELS[name], shown(name)
    words = " ".join(output.split())

    assert max(map(len, output.splitlines())) <= 80
    for text in (model.title, name, str(model.settings), f"function {model.function}", model.source):
        assert text in words
    assert " ".join(model.address_change.split()) in words


def test_the_json_has_every_row(shown):
    listed = json.loads(shown("--json"))

    assert [model["name"] for model in listed] == sorted(MODELS)
    for told in listed:
        model = MODELS[told["name"]]
        assert told.keys() == JSON_KEYS
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
        ("orno-we51", "; the nearest are 'orno-we514' and 'orno-we515'"),
        ("ORNO-WE514", "; the nearest is 'orno-we514'"),
        ("we514", "; the nearest is 'orno-we514'"),
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
