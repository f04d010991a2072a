"""The program's own words: version, help, and examples that work.

| fault                                            | test                                                        |
|--------------------------------------------------|-------------------------------------------------------------|
| the version is another                           | test_the_version_is_the_packages                            |
| one of the two ways to start it does not work    | test_both_ways_to_start_it_say_the_same                     |
| a command is not in the help                     | test_the_help_has_every_command_in_a_line_of_its_own        |
| a help fails, needs a port, or goes to stderr    | test_each_help_is_printed_and_has_its_example               |
| the exit code gets lost on its way out           | test_the_exit_code_reaches_the_shell                        |
| an example is refused by its own command         | test_each_example_is_accepted_by_its_own_command            |
| an option is not explained, or its default is not | test_each_word_is_explained                                |
| a line is broken by the terminal                 | test_each_help_fits_120_columns                             |
| an option can be shortened, so that a new one breaks a configuration | test_options_are_not_shortened          |
| a bug makes a screenful                          | test_a_bug_is_one_line                                      |
| a full disk is called a bug                      | test_a_full_disk_is_one_sentence                            |
| ... or a reader who has seen enough a trouble    | test_a_reader_who_has_seen_enough_is_no_trouble             |
"""

import math
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import wattline
from wattline.cli import COMMANDS, main, parser_of
from wattline.commands import simulate
from wattline.ports import check_port
from wattline.words import parse_meters

PROGRAMS = {
    "module": [sys.executable, "-m", "wattline"],
    "script": [str(Path(sys.executable).parent / "wattline")],
}


def printed(capsys, *words: str) -> str:
    """What ``words`` that end the program at once print."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (0, "")
    return said.out


def example_of(name: str) -> str:
    return import_module(f"wattline.commands.{name}").EXAMPLE


def test_the_version_is_the_packages(capsys):
    assert printed(capsys, "--version") == f"wattline {wattline.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", wattline.__version__)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["read", "--help"], ["models"]], ids=" ".join)
def test_both_ways_to_start_it_say_the_same(words):
    results = [
        subprocess.run([*program, *words], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        for program in PROGRAMS.values()
    ]
    assert [result.stderr for result in results] == ["", ""]
    assert results[0].stdout == results[1].stdout != ""


@pytest.mark.parametrize(("words", "code"), [(["read", "/", "house=orno-we515@1"], 2), (["models"], 0)])
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_exit_code_reaches_the_shell(program, words, code):
    assert subprocess.run([*program, *words], capture_output=True, check=False).returncode == code


def test_the_help_has_every_command_in_a_line_of_its_own(capsys):
    text = printed(capsys, "--help")
    _, _, commands = text.partition("commands:\n")

    assert re.findall(r"^  (\w+) +\S.*\S$", commands.partition("\n\n")[0], re.MULTILINE) == list(COMMANDS)
    for name in COMMANDS:
        assert f" {import_module(f'wattline.commands.{name}').SUMMARY}\n" in commands
    assert main_example(text).startswith("wattline ")


def main_example(text: str) -> str:
    """The line below ``example:``."""
    (example,) = re.findall(r"^example:\n  (.+)$", text, re.MULTILINE)
    return example


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_is_printed_and_has_its_example(capsys, name, flag):
    text = printed(capsys, name, flag)

    assert text.startswith(f"usage: wattline {name} ")
    assert main_example(text) == example_of(name)


@pytest.mark.parametrize("name", [*COMMANDS, "the program itself"])
def test_each_example_is_accepted_by_its_own_command(capsys, name):
    """And means something: its meters are meters, its port is one."""
    text = printed(capsys, "--help") if name not in COMMANDS else printed(capsys, name, "--help")
    program, command, *words = shlex.split(main_example(text))
    arguments = vars(parser_of(command).parse_args(words))

    assert program == "wattline"
    assert name in (command, "the program itself")
    if "meters" in arguments:
        parse_meters(simulate.named(arguments["meters"]))
    if arguments.get("port"):
        check_port(arguments["port"])


@pytest.mark.parametrize("name", COMMANDS)
def test_each_word_is_explained(name):
    """In words or by its choices, and with what holds when it is not given."""
    parser = parser_of(name)
    for action in parser._actions:
        assert action.help, action
        explained, _, default = parser._get_formatter()._expand_help(action).partition("(default: ")
        assert len(explained) > 10 or action.choices, action
        if action.option_strings and action.nargs != 0 and action.default not in (None, "", math.inf, []):
            assert default == f"{str(action.default).removesuffix('.0')})", action


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_each_help_fits_120_columns(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "120")
    text = printed(capsys, *filter(None, [name, "--help"]))

    assert [line for line in text.splitlines() if len(line) > 120] == []


@pytest.mark.parametrize(
    "words",
    [
        ["read", "/dev/ttyNone", "house=orno-we515@1", "--js"],
        ["run", "/dev/ttyNone", "house=orno-we515@1", "--inter", "10s"],
        ["models", "--js"],
        ["demo", "--sec", "5"],
        ["--vers"],
    ],
    ids=" ".join,
)
def test_options_are_not_shortened(capsys, words):
    assert main(words) == 2
    assert "Unrecognized arguments: --" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["read", "models", "run"])
def test_a_bug_is_one_line(program, command):
    words = [] if command == "models" else ["/dev/ttyNone", "house=orno-we515@1"]
    patch = "from wattline.meters import Library\nLibrary.__getitem__ = lambda *_: 1 / 0"
    process = program(command, *words, patch=patch)

    assert process.wait(10) == 1
    (complaint,) = process.stderr.to_the_end()
    assert complaint.startswith("E! This is" if command == "run" else "wattline: This is")
    assert "a bug in wattline" in complaint


FULL = "wattline: Lines cannot be written to standard output: No space left on device.\n"
METER = "house=orno-we515@1"


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "read --help",
        "models",
        "models --json",
        "models orno-we515",
        f"plan {METER}",
        f"read PORT {METER}",
        f"read PORT {METER} --json",
        f"read PORT {METER} --lines",
        "scan PORT --addresses 1 --settings 9600-8E1",
        f"probe PORT {METER} --seconds 5",
        f"watch PORT {METER} --seconds 9",
        "demo --seconds 9",
        "demo --plain --seconds 9",
        f"simulate {METER}",
    ],
)
def test_a_full_disk_is_one_sentence(simulator, words):
    command = [*PROGRAMS["module"], *words.replace("PORT", simulator().port if "PORT" in words else "").split()]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)

    assert (ended.returncode, ended.stderr.splitlines(keepends=True)[-1:]) == (1, [FULL])
    assert "bug" not in ended.stderr


@pytest.mark.parametrize("words", [["--help"], ["models", "--json"]], ids=" ".join)
def test_a_reader_who_has_seen_enough_is_no_trouble(words):
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run([*PROGRAMS["module"], *words], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)

    assert (ended.returncode, ended.stderr) == (0, b"")
