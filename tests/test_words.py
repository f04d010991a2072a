"""The words of the command line: what is accepted, and what is refused with one sentence before the port is touched.

Accepted on purpose: ``007`` for 7, as meters show it; a parity, a role in either case; one address at two line settings.
Refused on purpose: a key given twice, since one of the two would be silently ignored.

| fault                                                     | test                                                  |
|-----------------------------------------------------------|-------------------------------------------------------|
| wrong words are taken, or the port is touched first       | test_wrong_words_are_refused_in_one_sentence          |
| ... or the sentence names neither word, choice nor nearest | test_wrong_words_are_refused_in_one_sentence         |
| `run` and `read` differ in what they take                 | the same two tests, each with both commands           |
| good words are refused                                    | test_good_words_go_on_to_the_port                     |
| a forgotten port is reported as a forgotten meter         | test_a_forgotten_port_is_not_taken_for_a_forgotten_meter |
| a word without end makes a traceback, or a line without end | test_an_endless_word_is_refused_in_one_short_line   |
| a wrong time is taken, a good one refused                 | test_wrong_times_..., test_wrong_waits_..., test_good_times_... |
| a port that this user may not use makes a traceback       | test_a_port_that_this_user_may_not_use_is_refused     |
| ... or sends them into a group that has no right either    | test_a_port_that_a_group_may_use_says_which, test_nobody_is_sent_into_the_group_root |
| ... or one in a folder that they may not look into        | test_a_port_that_this_user_may_not_even_see_is_refused |
| a port that is only unplugged is a wrong word             | test_a_port_that_is_missing_may_still_be_plugged_in   |
| a device gets another one's name, or none                 | test_a_device_is_called_by_the_link_that_lasts, test_what_has_no_such_link_... |
| ... or one that another folder does not have              | test_a_name_that_lasts_is_understood_in_every_folder  |
| a word is understood as something else                    | test_a_word_means_this_meter, test_what_is_not_said_is_learnt_or_the_ports |
| a key changes something else, or does so by default       | test_a_key_changes_this_and_nothing_else              |
| a meter is to be read between the slots, and so never      | test_an_interval_between_the_slots_is_refused, test_a_meter_may_be_read_at_every_so_many_slots |
| an option without its value makes a complaint about the port | test_a_forgotten_time_is_not_taken_for_a_forgotten_port |
| a wrong command, option, or none                          | test_what_is_no_command_is_refused_in_one_sentence    |
| some odd word makes a traceback or several lines          | test_no_word_makes_anything_but_a_meter_or_a_sentence |
"""

import grp
import os
import pty
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.bus.port import Port
from wattline.bus.settings import LineSettings
from wattline.cli import main
from wattline.errors import WordError
from wattline.installation import behind_transformers, turned_round
from wattline.meters import load_models
from wattline.ports import check_port, lasting_name, who_may
from wattline.words import parse_interval, parse_meters

METER = "house=orno-we515@1"
MODEL = load_models()["orno-we515"]
PORT = "/dev/ttyNone"
PREFIXES = {"run": "E! ", "read": "wattline: "}

PORTS = "a device such as /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT or modbus-tcp://HOST:PORT"
NO_METER = "is not a meter: it must be NAME=MODEL@ADDRESS, for example house=orno-we515@1."
NAME_RULE = "cannot be a meter's name: letters, digits, '-', '_' and '.' only, a letter or digit first, at most 64."
ADDRESS_RULE = "must be a whole number from 1 to 247."
SEE = "see `wattline {command} --help`."
COMMA_RULE = "the keys come right behind it, as in house=orno-we515@1,role=load."
KEY_RULE = "a meter's keys are baud, parity, stop, role, scale, invert, interval, pause, timeout."
RATIO_RULE = "must be a ratio of transformers, for example 40 or 200/5."
TIME_RULE = "must be 1s to 1h in whole seconds, minutes or hours, for example 1s, 10s or 5m."
WAIT_RULE = "must be 0s to 1h in whole seconds, minutes or hours, for example 0s, 30s or 10m."
SHORT_TIME_RULE = "must be a whole number of milliseconds from {least} to 5000, for example 50ms."
SWITCH_RULE = "must be yes or no; invert with nothing behind it is yes."
BAUDS = "1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200"
NO_OPTIONS = "has options behind it, which no port takes; leave"
NUMBER_RULE = "with PORT a number from 1 to 65535."

WRONG_METERS = {
    # The whole word.
    "": f"'' {NO_METER}",
    "house": f"'house' {NO_METER}",
    "house=orno-we515": f"'house=orno-we515' {NO_METER}",
    "house=orno-we515,baud=2400": f"'house=orno-we515,baud=2400' {NO_METER}",
    "orno-we515@1": f"'orno-we515@1' {NO_METER}",
    "--": "The following arguments are required: METER; see `wattline {command} --help`.",
    # The name.
    "=orno-we515@1": f"The name '' in '=orno-we515@1' {NAME_RULE}",
    "my house=orno-we515@1": f"The name 'my house' in 'my house=orno-we515@1' {NAME_RULE}",
    "a,b=orno-we515@1": f"The name 'a,b' in 'a,b=orno-we515@1' {NAME_RULE}",
    "a=b=orno-we515@1": f"The name 'a=b' in 'a=b=orno-we515@1' {NAME_RULE}",
    "a\nb=orno-we515@1": rf"The name 'a\nb' in 'a\nb=orno-we515@1' {NAME_RULE}",
    "küche=orno-we515@1": f"The name 'küche' in 'küche=orno-we515@1' {NAME_RULE}",
    ".house=orno-we515@1": f"The name '.house' in '.house=orno-we515@1' {NAME_RULE}",
    f"{65 * 'a'}=orno-we515@1": f"The name '{65 * 'a'}' in '{65 * 'a'}=orno-we515@1' {NAME_RULE}",
    # The model.
    "house=orno-we5155@1": "There is no model 'orno-we5155'; the nearest is 'orno-we515'; `wattline models` lists them all.",
    "house=orno-we541@1": "There is no model 'orno-we541'; the nearest is 'orno-we514'; `wattline models` lists them all.",
    "house=ORNO-WE5144@1": "There is no model 'ORNO-WE5144'; the nearest is 'orno-we514'; `wattline models` lists them all.",
    "house=orno-we51@1": "There is no model 'orno-we51'; 'orno-we514', 'orno-we515', 'orno-we516' and 'orno-we517' begin so; `wattline models` lists them all.",
    "house=dzg@1": "There is no model 'dzg'; the nearest is 'dzg-dvh4013'; `wattline models` lists them all.",
    "house=xyz@1": "There is no model 'xyz'; `wattline models` lists them all.",
    "house=@1": "There is no model ''; `wattline models` lists them all.",
    # The address.
    "house=orno-we515@": f"The address '' in 'house=orno-we515@' {ADDRESS_RULE}",
    "house=orno-we515@0": f"The address '0' in 'house=orno-we515@0' {ADDRESS_RULE}",
    "house=orno-we515@000": f"The address '000' in 'house=orno-we515@000' {ADDRESS_RULE}",
    "house=orno-we515@0007": f"The address '0007' in 'house=orno-we515@0007' {ADDRESS_RULE}",
    "house=orno-we515@248": f"The address '248' in 'house=orno-we515@248' {ADDRESS_RULE}",
    "house=orno-we515@x": f"The address 'x' in 'house=orno-we515@x' {ADDRESS_RULE}",
    "house=orno-we515@-1": f"The address '-1' in 'house=orno-we515@-1' {ADDRESS_RULE}",
    "house=orno-we515@1.0": f"The address '1.0' in 'house=orno-we515@1.0' {ADDRESS_RULE}",
    "house=orno-we515@0x1": f"The address '0x1' in 'house=orno-we515@0x1' {ADDRESS_RULE}",
    "house=orno-we515@ 1": f"The address ' 1' in 'house=orno-we515@ 1' {ADDRESS_RULE}",
    "house=orno-we515@1@2": f"The address '1@2' in 'house=orno-we515@1@2' {ADDRESS_RULE}",
    # Digits for Unicode and for int(), and an address that nobody means.
    "house=orno-we515@٣": f"The address '٣' in 'house=orno-we515@٣' {ADDRESS_RULE}",
    "house=orno-we515@²": f"The address '²' in 'house=orno-we515@²' {ADDRESS_RULE}",
    # The keys.
    f"{METER},": f"Nothing follows a comma in '{METER},'; {COMMA_RULE}",
    f"{METER},,role=load": f"Nothing follows a comma in '{METER},,role=load'; {COMMA_RULE}",
    f"{METER}, role=load": f"A space follows a comma in '{METER}, role=load'; {COMMA_RULE}",
    f"{METER},boud=9600": f"There is no key 'boud' ('{METER},boud=9600'); the nearest is 'baud'; {KEY_RULE}",
    f"{METER},BAUD=9600": f"There is no key 'BAUD' ('{METER},BAUD=9600'); the nearest is 'baud'; {KEY_RULE}",
    f"{METER},invers": f"There is no key 'invers' ('{METER},invers'); the nearest is 'invert'; {KEY_RULE}",
    f"{METER},intervall=10s": f"There is no key 'intervall' ('{METER},intervall=10s'); the nearest is 'interval'; {KEY_RULE}",
    f"{METER},scales=40": f"There is no key 'scales' ('{METER},scales=40'); the nearest is 'scale'; {KEY_RULE}",
    f"{METER},pauses=20ms": f"There is no key 'pauses' ('{METER},pauses=20ms'); the nearest is 'pause'; {KEY_RULE}",
    f"{METER},timeouts=20ms": f"There is no key 'timeouts' ('{METER},timeouts=20ms'); the nearest is 'timeout'; {KEY_RULE}",
    **{
        f"{METER},scale{value}": f"scale={value[1:]!r} in '{METER},scale{value}' {RATIO_RULE}"
        for value in (
            "",
            "=",
            "=0",
            "=-40",
            "=nan",
            "=inf",
            "=1e3",
            "=40:1",
            "=200/0",
            "=200/",
            "=/5",
            "= 40",
            "=٣",
            "=200000",
        )
    },
    **{
        f"{METER},{key}{value}": f"{key}={value[1:]!r} in '{METER},{key}{value}' {SHORT_TIME_RULE.format(least=least)}"
        for key, least in (("pause", 0), ("timeout", 1))
        for value in ("", "=", "=0.5ms", "=-1ms", "=5001ms", "=5001", "=1s", "=20 ms", "=٣ms", "=999999ms")
    },
    **{
        f"{METER},interval{value}": f"interval={value[1:]!r} in '{METER},interval{value}' {TIME_RULE}"
        for value in ("", "=", "=0s", "=10", "=1.5s", "=2h", "=500ms", "=-1s", "=٣s")
    },
    f"{METER},timeout=0ms": f"timeout='0ms' in '{METER},timeout=0ms' {SHORT_TIME_RULE.format(least=1)}",
    f"{METER},timeout=0": f"timeout='0' in '{METER},timeout=0' {SHORT_TIME_RULE.format(least=1)}",
    f"{METER},invert=1": f"invert='1' in '{METER},invert=1' {SWITCH_RULE}",
    f"{METER},invert=maybe": f"invert='maybe' in '{METER},invert=maybe' {SWITCH_RULE}",
    f"{METER},baud": f"baud='' in '{METER},baud' must be one of {BAUDS}.",
    f"{METER},baud=": f"baud='' in '{METER},baud=' must be one of {BAUDS}.",
    f"{METER},baud=9601": f"baud='9601' in '{METER},baud=9601' must be one of {BAUDS}; the nearest is '9600'.",
    f"{METER},baud=9600=1": f"baud='9600=1' in '{METER},baud=9600=1' must be one of {BAUDS}; the nearest is '9600'.",
    f"{METER},baud=31250": f"baud='31250' in '{METER},baud=31250' must be one of {BAUDS}; the nearest is '38400'.",
    f"{METER},baud=14400": f"baud='14400' in '{METER},baud=14400' must be one of {BAUDS}; the nearest are '9600' and '19200'.",
    f"{METER},baud=960": f"baud='960' in '{METER},baud=960' must be one of {BAUDS}; the nearest is '9600'.",
    f"{METER},parity=x": f"parity='x' in '{METER},parity=x' must be one of N, E, O.",
    f"{METER},parity=even": f"parity='even' in '{METER},parity=even' must be one of N, E, O.",
    f"{METER},stop=3": f"stop='3' in '{METER},stop=3' must be one of 1, 2.",
    f"{METER},stop=1.5": f"stop='1.5' in '{METER},stop=1.5' must be one of 1, 2.",
    f"{METER},role=gird": f"role='gird' in '{METER},role=gird' must be one of grid, solar, battery, load; the nearest is 'grid'.",
    f"{METER},role": f"role='' in '{METER},role' must be one of grid, solar, battery, load.",
    f"{METER},baud=2400,baud=9600": f"The key 'baud' is given twice in '{METER},baud=2400,baud=9600'; once is enough.",
    **{
        f"{METER},{key},{key}": f"The key '{key.partition('=')[0]}' is given twice in '{METER},{key},{key}'; once is enough."
        for key in ("scale=40", "invert", "interval=10s", "pause=20ms", "timeout=200ms")
    },
    f"{METER},role=load,stop=1,role=load": f"The key 'role' is given twice in '{METER},role=load,stop=1,role=load'; once is enough.",
}

SAME_ADDRESS = "their answers would destroy each other, so one of them needs another address."
ONE_SETTING = "has one line setting for all, so one of them needs another address."

WRONG_WORDS = [
    *(([PORT, word], sentence) for word, sentence in WRONG_METERS.items()),
    ([PORT, METER, "heat=orno-we515@x"], f"The address 'x' in 'heat=orno-we515@x' {ADDRESS_RULE}"),
    ([PORT, METER, "house=orno-we515@2"], "Two meters are called 'house'; each needs a name of its own."),
    ([PORT, METER, METER], "Two meters are called 'house'; each needs a name of its own."),
    (
        [PORT, METER, "heat=orno-we514@1"],
        f"'house' and 'heat' both have address 1 at 9600 8E1; {SAME_ADDRESS}",
    ),
    (
        [PORT, METER, "heat=orno-we515@001,baud=9600"],
        f"'house' and 'heat' both have address 1 at 9600 8E1; {SAME_ADDRESS}",
    ),
    (
        [
            PORT,
            "a=orno-we515@9,baud=2400,parity=N,stop=2",
            "b=orno-we515@9",
            "c=orno-we514@9,parity=n,stop=2,baud=2400",
        ],
        f"'a' and 'c' both have address 9 at 2400 8N2; {SAME_ADDRESS}",
    ),
    # Where the gateway alone sets the line, two settings do not tell them apart.
    *(
        (
            [port, METER, "heat=orno-we515@2", "pump=orno-we515@001,baud=2400"],
            f"'house' and 'pump' both have address 1, and the gateway behind {port} {ONE_SETTING}",
        )
        for port in ("socket://g:502", "modbus-tcp://g:502")
    ),
    # Words that are missing, in the wrong place, or too many.
    ([], "The following arguments are required: PORT, METER; see `wattline {command} --help`."),
    ([PORT], "The following arguments are required: METER; see `wattline {command} --help`."),
    (["--yaml", PORT, METER], "Unrecognized arguments: --yaml; see `wattline {command} --help`."),
    (
        [PORT, METER, "--log-levl", "info"],
        "Unrecognized arguments: --log-levl info; the nearest is '--log-level'; see `wattline {command} --help`.",
    ),
    (
        [PORT, METER, "--log-level", "warn"],
        f"Argument --log-level: 'warn' must be one of error, warning, info, debug; the nearest is 'warning'; {SEE}",
    ),
    ([PORT, METER, "--log-level"], "Argument --log-level: expected one argument; see `wattline {command} --help`."),
    # The port.
    (["", METER], "The port is empty; give one such as /dev/ttyUSB0."),
    (["ttyUSB0", METER], f"The port 'ttyUSB0' must be {PORTS}; perhaps /dev/ttyUSB0 is meant."),
    (["null", METER], f"The port 'null' must be {PORTS}; perhaps /dev/null is meant."),
    (["COM3", METER], f"The port 'COM3' must be {PORTS}."),
    (["127.0.0.1:502", METER], f"The port '127.0.0.1:502' must be {PORTS}."),
    (["tcp://gateway:502", METER], f"The port 'tcp://gateway:502' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://", METER], f"The port 'socket://' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway", METER], f"The port 'socket://gateway' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway:", METER], f"The port 'socket://gateway:' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://:502", METER], f"The port 'socket://:502' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway:x", METER], f"The port 'socket://gateway:x' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway:0", METER], f"The port 'socket://gateway:0' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway:65536", METER], f"The port 'socket://gateway:65536' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://gateway:٣", METER], f"The port 'socket://gateway:٣' must be {PORTS}, {NUMBER_RULE}"),
    (["socket://a b:502", METER], f"The port 'socket://a b:502' must be {PORTS}, {NUMBER_RULE}"),
    (["modbus-tcp://gateway", METER], f"The port 'modbus-tcp://gateway' must be {PORTS}, {NUMBER_RULE}"),
    *(
        ([f"{port}{options}", METER], f"The port '{port}{options}' {NO_OPTIONS} '{options}' away.")
        for port, options in (
            ("socket://g:502", "?logging=debug"),
            ("socket://g:502", "?"),
            ("rfc2217://g:2217", "?timeout=5"),
            ("modbus-tcp://g:502", "?a=1?b=2"),
        )
    ),
    (["rfc2217://gateway", METER], f"The port 'rfc2217://gateway' must be {PORTS}, {NUMBER_RULE}"),
    (["/", METER], "The port '/' is no serial device; give one such as /dev/ttyUSB0."),
    ([__file__, METER], f"The port '{__file__}' is no serial device; give one such as /dev/ttyUSB0."),
    (
        [f"/{300 * 'x'}", METER],
        f"The port '/{300 * 'x'}' cannot be one (File name too long); it must be {PORTS}.",
    ),
]


class TouchedError(Exception):
    """The words were taken, and the port is next."""


@pytest.fixture(autouse=True)
def touch(monkeypatch):
    """Nothing here gets as far as a port."""

    def touched(*_):
        raise TouchedError

    monkeypatch.setattr(Port, "__init__", touched)


def is_one_sentence(text):
    """Whether ``text`` is one line that begins as a sentence or with the word itself, and ends as one."""
    return len(text.splitlines()) == 1 and text.endswith(".") and "Traceback" not in text


@pytest.mark.parametrize("command", ["run", "read"])
@pytest.mark.parametrize(("words", "sentence"), WRONG_WORDS, ids=[" ".join(words)[-60:] for words, _ in WRONG_WORDS])
def test_wrong_words_are_refused_in_one_sentence(capsys, command, words, sentence):
    """Exit 2, nothing on stdout, and exactly this on stderr, after the command's prefix."""
    assert main([command, *words]) == 2

    said = capsys.readouterr()
    assert said.err == PREFIXES[command] + sentence.replace("{command}", command) + "\n"
    assert is_one_sentence(said.err.removesuffix("\n"))
    assert said.out == ""


@pytest.mark.parametrize("command", ["run", "read"])
def test_a_wrong_choice_is_named_with_the_choices(capsys, command):
    assert main([command, PORT, METER, "--log-level", "loud"]) == 2

    complaint = capsys.readouterr().err
    assert is_one_sentence(complaint.removesuffix("\n"))
    for text in ("--log-level", "'loud'", "error", "warning", "info", "debug", f"`wattline {command} --help`"):
        assert text in complaint


@pytest.mark.parametrize("command", ["run", "read"])
@pytest.mark.parametrize(
    "words",
    [[METER], [METER, "heat=orno-we515@2"], [METER, PORT]],
    ids=["one meter", "two meters", "the port behind the meter"],
)
def test_a_forgotten_port_is_not_taken_for_a_forgotten_meter(capsys, command, words):
    sentence = f"The port comes before the meters: '{METER}' is no port, which must be {PORTS}.\n"
    assert main([command, *words]) == 2
    assert capsys.readouterr().err == PREFIXES[command] + sentence


# Python itself refuses to convert so many digits.
ENDLESS = 5000 * "1"


@pytest.mark.parametrize(
    "words",
    [
        [PORT, f"house=orno-we515@{ENDLESS}"],
        [PORT, METER, f"--interval={ENDLESS}s"],
        [f"socket://gateway:{ENDLESS}", METER],
        [f"/{ENDLESS}", METER],
    ],
    ids=["address", "interval", "port number", "port"],
)
def test_an_endless_word_is_refused_in_one_short_line(capsys, words):
    assert main(["run", *words]) == 2

    complaint = capsys.readouterr().err
    assert complaint.startswith("E! The ")
    assert "111" in complaint
    assert len(complaint.splitlines()) == 1
    assert len(complaint) <= 1024


@pytest.mark.parametrize("command", ["run", "read"])
@pytest.mark.parametrize(
    "words",
    [
        [PORT, METER],
        [PORT, "1=orno-we515@247", "a.b-c_D=orno-we514@1"],
        [PORT, METER, "heat=orno-we515@1,baud=2400", "pump=orno-we515@1,parity=N", "car=orno-we515@1,stop=2"],
        ["socket://gateway:502", METER],
        ["socket://[::1]:65535", METER],
        ["modbus-tcp://gateway:502", METER],
        ["modbus-tcp://[::1]:502", METER],
        ["rfc2217://192.168.1.2:1", METER],
        ["rfc2217://gateway:2217", METER, "heat=orno-we515@1,baud=2400"],
        ["socket://gateway:502", METER, "heat=orno-we515@2,baud=2400"],
        ["/dev/null", METER],
        ["/dev/serial/by-id/usb-a=b@1", METER],
        ["--log-level", "debug", PORT, METER],
        [PORT, f"{METER},scale=200/5,invert,interval=10s,pause=50ms,timeout=300ms,role=solar"],
    ],
    ids=" ".join,
)
def test_good_words_go_on_to_the_port(command, words):
    with pytest.raises(TouchedError):
        main([command, *words])


@pytest.mark.parametrize(
    ("word", "address", "settings", "role"),
    [
        ("house=orno-we515@1", 1, LineSettings(9600, "E", 1), "grid"),
        ("house=orno-we515@007", 7, LineSettings(9600, "E", 1), "grid"),
        ("house=orno-we515@247,baud=115200", 247, LineSettings(115200, "E", 1), "grid"),
        ("house=orno-we515@1,parity=n,stop=2", 1, LineSettings(9600, "N", 2), "grid"),
        ("house=orno-we515@1,role=solar,parity=O,baud=1200", 1, LineSettings(1200, "O", 1), "solar"),
        ("house=orno-we515@1,role=Battery", 1, LineSettings(9600, "E", 1), "battery"),
    ],
)
def test_a_word_means_this_meter(word, address, settings, role):
    (meter,) = parse_meters([word])

    assert (meter.name, meter.model.name) == ("house", "orno-we515")
    assert (meter.address, meter.settings, meter.role) == (address, settings, role)
    assert type(meter.settings.baud) is int
    assert type(meter.settings.stop) is int


@pytest.mark.parametrize(
    ("key", "attribute", "value"),
    [
        ("interval=10s", "interval_s", 10),
        ("interval=1h", "interval_s", 3600),
        ("pause=0ms", "pause_s", 0.0),
        ("pause=50ms", "pause_s", 0.05),
        ("pause=50", "pause_s", 0.05),
        ("timeout=300", "timeout_s", 0.3),
        ("timeout=5000ms", "timeout_s", 5.0),
        ("invert=no", "model", MODEL),
        ("scale=1", "model", MODEL),
        ("invert", "model", turned_round(MODEL)),
        ("invert=yes", "model", turned_round(MODEL)),
        ("invert=Yes", "model", turned_round(MODEL)),
        ("scale=40", "model", behind_transformers(MODEL, 40)),
        ("scale=200/5", "model", behind_transformers(MODEL, 40)),
        ("scale=2.5", "model", behind_transformers(MODEL, 2.5)),
        ("scale=100/2.5", "model", behind_transformers(MODEL, 40)),
    ],
)
def test_a_key_changes_this_and_nothing_else(key, attribute, value):
    (plain,), (meter,) = parse_meters([METER]), parse_meters([f"{METER},{key}"])

    assert getattr(meter, attribute) == value
    assert replace(plain, **{attribute: value}) == meter
    assert type(getattr(meter, attribute)) is type(value)


def test_what_is_not_said_is_learnt_or_the_ports():
    (meter,) = parse_meters([METER])
    assert (meter.interval_s, meter.pause_s, meter.timeout_s) == (0, None, None)


# Times.


@pytest.mark.parametrize("own", ["10s", "20s", "1m"])
def test_a_meter_may_be_read_at_every_so_many_slots(own):
    with pytest.raises(TouchedError):
        main(["run", "--interval=10s", PORT, METER, f"heat=orno-we515@2,interval={own}"])


@pytest.mark.parametrize(("own", "seconds"), [("15s", 15), ("1s", 1), ("61s", 61)])
@pytest.mark.parametrize("command", ["run", "plan"])
def test_an_interval_between_the_slots_is_refused(capsys, command, own, seconds):
    port = [PORT] if command == "run" else []
    assert main([command, "--interval=10s", *port, METER, f"heat=orno-we515@2,interval={own}"]) == 2
    assert capsys.readouterr().err.partition(": " if command == "plan" else "E! ")[2] == (
        f"'heat' is to be read every {seconds} s, but the slots of --interval come every 10 s; "
        "its interval must be a whole multiple of that, such as 20s.\n"
    )


@pytest.mark.parametrize(
    "text", ["0s", "0m", "2h", "90m", "3601s", "1.5s", "ten", "", "10", "s", "-1s", "1 s", "1S", "٣s"]
)
def test_wrong_times_are_refused_in_one_sentence(capsys, text):
    assert main(["run", f"--interval={text}", PORT, METER]) == 2
    assert capsys.readouterr().err == f"E! The interval {text!r} {TIME_RULE}\n"


@pytest.mark.parametrize("text", ["0m", "2h", "ten", "-1s", ""])
def test_wrong_waits_are_refused_in_one_sentence(capsys, text):
    assert main(["run", f"--clock-wait={text}", PORT, METER]) == 2
    assert capsys.readouterr().err == f"E! The clock wait {text!r} {WAIT_RULE}\n"


@pytest.mark.parametrize("words", [["{}", PORT, METER], [PORT, "{}", METER]], ids=["first", "in between"])
@pytest.mark.parametrize(("option", "name"), [("--interval", "interval"), ("--clock-wait", "clock wait")])
def test_a_forgotten_time_is_not_taken_for_a_forgotten_port(capsys, words, option, name):
    """The option swallows the word behind it; that is what the complaint is about."""
    words = [word.format(option) for word in words]
    assert main(["run", *words]) == 2
    swallowed = words[words.index(option) + 1]
    assert capsys.readouterr().err.startswith(f"E! The {name} {swallowed!r} must be ")


def test_the_clock_need_not_be_waited_for():
    with pytest.raises(TouchedError):
        main(["run", "--clock-wait=0s", PORT, METER])


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1), ("10s", 10), ("3600s", 3600), ("1m", 60), ("60m", 3600), ("1h", 3600)]
)
def test_good_times_are_taken(text, seconds):
    assert parse_interval(text) == seconds
    with pytest.raises(TouchedError):
        main(["run", f"--interval={text}", f"--clock-wait={text}", PORT, METER])


# Ports that exist, or do not yet.


@pytest.fixture
def device():
    """The path of a serial device that belongs to this user."""
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


# Root may do everything, so whoever runs this as root becomes nobody when the port is looked at.
AS_NOBODY = """
import os
from wattline.bus import system
from wattline.installation import behind_transformers, turned_round
from wattline.meters import load_models
from wattline.ports import check_port

def check_as_nobody(port):
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    check_port(port)

system.check_port = check_as_nobody
"""


def assert_not_allowed(process, command, port, reason):
    assert process.wait(10) == 2
    assert process.stdout.to_the_end() == []
    (said,) = process.stderr.to_the_end()
    assert re.fullmatch(
        rf"{PREFIXES[command]}The port '{port}' may not be read and written by this user, {reason}", said
    )


@pytest.mark.parametrize("command", ["run", "read"])
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o222], ids=["nothing", "reading only", "writing only"])
def test_a_port_that_this_user_may_not_use_is_refused(program, device, command, mode):
    os.chmod(device, mode)  # noqa: PTH101 (a device)
    reason = rf"nor by a group \(\S+:\S+, mode {mode:03o}\); `sudo chown \S+ {device}` helps until .*, a rule for udev for good\."
    assert_not_allowed(program(command, device, METER, patch=AS_NOBODY), command, device, reason)


@pytest.mark.parametrize("number", [next(each.gr_gid for each in grp.getgrall() if each.gr_gid), 54_321])
def test_a_port_that_a_group_may_use_says_which(monkeypatch, number):
    """By its name, where it has one."""
    monkeypatch.setattr(Path, "stat", lambda _: SimpleNamespace(st_uid=0, st_gid=number, st_mode=0o020660))
    group = "54321" if number == 54_321 else grp.getgrgid(number).gr_name
    joining = rf"`sudo usermod -a -G {group} \S+`, then log out and in again, or restart the service"

    assert re.fullmatch(rf"but by its group {group}; {joining}\.", who_may("/dev/ttyUSB7"))


def test_nobody_is_sent_into_the_group_root(monkeypatch):
    monkeypatch.setattr(Path, "stat", lambda _: SimpleNamespace(st_uid=0, st_gid=0, st_mode=0o020660))
    sentence = who_may("/dev/ttyUSB7")

    assert "(root:root, mode 660); `sudo chown " in sentence
    assert "usermod" not in sentence


@pytest.mark.parametrize("command", ["run", "read"])
def test_a_port_that_this_user_may_not_even_see_is_refused(program, device, tmp_path, command):
    """What lies in a folder that is shut cannot be told from what is missing, but it will not be plugged in."""
    folder = tmp_path / "shut"
    folder.mkdir()
    (folder / "ttyMeter").symlink_to(device)
    folder.chmod(0)
    try:
        assert_not_allowed(
            program(command, str(folder / "ttyMeter"), METER, patch=AS_NOBODY),
            command,
            folder / "ttyMeter",
            rf"since a folder on the way to it is shut; `namei -l {folder}/ttyMeter` shows which\.",
        )
    finally:
        folder.chmod(0o700)


def test_a_port_that_is_there_is_taken(device, tmp_path):
    link = tmp_path / "ttyMeter"
    link.symlink_to(device)
    check_port(device)
    check_port(str(link))


@pytest.mark.parametrize("port", ["/dev/ttyNone", "/dev/serial/by-id/none", "/dev/null/none"])
def test_a_port_that_is_missing_may_still_be_plugged_in(port):
    check_port(port)


def test_a_link_whose_device_is_away_may_still_be_plugged_in(tmp_path):
    link = tmp_path / "ttyMeter"
    link.symlink_to("/dev/ttyNone")
    check_port(str(link))


# The name of a port that lasts.


def test_a_device_is_called_by_the_link_that_lasts(device, tmp_path):
    (tmp_path / "usb-another").symlink_to("/dev/null")
    (tmp_path / "usb-adapter").symlink_to(device)

    assert lasting_name(device, tmp_path) == str(tmp_path / "usb-adapter")


def test_what_has_no_such_link_or_is_one_keeps_its_name(device, tmp_path):
    link = tmp_path / "ttyMeter"
    link.symlink_to(device)

    assert lasting_name(str(link), tmp_path) == str(link)
    assert lasting_name("/dev/null", tmp_path) == "/dev/null"
    assert lasting_name(device, tmp_path / "none") == device
    assert lasting_name("socket://host:4001", tmp_path) == "socket://host:4001"


def test_a_name_that_lasts_is_understood_in_every_folder(device, tmp_path, monkeypatch):
    """Telegraf is started in another."""
    monkeypatch.chdir(tmp_path)
    Path("ttyMeter").symlink_to(device)
    Path("device").touch()
    Path("by-id").mkdir()
    Path("by-id/usb-adapter").symlink_to(tmp_path / "device")

    assert lasting_name("./ttyMeter", tmp_path / "none") == str(tmp_path / "ttyMeter")
    assert lasting_name("device", tmp_path / "by-id") == str(tmp_path / "by-id" / "usb-adapter")


# The command itself.

COMMANDS = "run, read, watch, plan, scan, probe, models, simulate, demo, convert, export, journal, rainforest, mqtt"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], f"No command was given; the commands are {COMMANDS}."),
        ([""], f"There is no command ''; the commands are {COMMANDS}."),
        (["raed", PORT, METER], f"There is no command 'raed'; the nearest is 'read'; the commands are {COMMANDS}."),
        (["model"], f"There is no command 'model'; the nearest is 'models'; the commands are {COMMANDS}."),
        (["xyz"], f"There is no command 'xyz'; the commands are {COMMANDS}."),
        (["help"], f"There is no command 'help'; the nearest is '--help'; the commands are {COMMANDS}."),
        (["version"], f"There is no command 'version'; the nearest is '--version'; the commands are {COMMANDS}."),
        (["--vers"], "Unrecognized arguments: --vers; the nearest is '--version'; see `wattline --help`."),
        (["--json", "models"], "Unrecognized arguments: --json models; see `wattline --help`."),
        (["models", "--jsn"], "Unrecognized arguments: --jsn; the nearest is '--json'; see `wattline models --help`."),
        (
            ["models", "--jsn=1"],
            "Unrecognized arguments: --jsn=1; the nearest is '--json'; see `wattline models --help`.",
        ),
        (["demo", "extra"], "Unrecognized arguments: extra; see `wattline demo --help`."),
    ],
)
def test_what_is_no_command_is_refused_in_one_sentence(capsys, words, sentence):
    assert main(words) == 2

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wattline: {sentence}\n")


# Whatever anyone types.

PIECES = ["house", "=", "orno-we515", "@", "1", "248", ",", "baud", "9600", "parity", "E", "role", "grid", " ", "\n"]
PIECES += ["scale", "/", "invert", "interval", "s", "pause", "timeout", "ms"]
NEAR_WORDS = st.lists(st.sampled_from([*PIECES, "\u2028", "\x85", "٣", "\x1b"]), max_size=12).map("".join)
ANY_WORDS = st.binary(max_size=40).map(lambda data: os.fsdecode(data.replace(b"\0", b"")))
PORT_PIECES = [
    "socket://",
    "rfc2217://",
    "modbus-tcp://",
    "/dev/",
    "..",
    "[",
    "]",
    ":",
    "502",
    "host",
    "?",
    "#",
    "\n",
    "\udcff",
    "%",
]
NEAR_PORTS = st.lists(st.sampled_from(PORT_PIECES), max_size=8).map("".join)


def complaint_of(parse, *words):
    """What ``parse`` complains of; nothing when it takes the words."""
    try:
        parse(*words)
    except WordError as error:
        return str(error)
    return ""


@given(st.lists(NEAR_WORDS | ANY_WORDS, max_size=3))
def test_no_word_makes_anything_but_a_meter_or_a_sentence(words):
    complaint = complaint_of(parse_meters, words)
    assert not complaint or is_one_sentence(complaint)


@given(NEAR_PORTS | ANY_WORDS)
def test_no_port_makes_anything_but_a_sentence(port):
    complaint = complaint_of(check_port, port)
    assert not complaint or is_one_sentence(complaint)


def test_the_case_of_a_model_is_of_no_matter() -> None:
    (meter,) = parse_meters(["house=ORNO-WE515@1"])
    assert meter.model.name == "orno-we515"
