"""The words that name a stick: what is accepted, and what is refused with one sentence before the port is touched.

| fault | test |
|---|---|
| good words are refused, or understood as something else | test_a_word_means_this_meter |
| wrong words are taken, or the sentence does not say which | test_wrong_words_are_refused_in_one_sentence |
| `run`, `read` and `watch` differ in what they take | the same, each with all three |
| `plan` refuses what `run` takes, or the other way | test_a_plan_takes_what_run_takes_and_refuses_what_it_refuses |
| a command that cannot do anything with a stick leaves its user alone | test_commands_that_ask_say_what_to_use_instead |
| `scan` searches for meters on a stick | test_a_stick_is_not_scanned |
| a forgotten port is reported as a forgotten meter | test_a_forgotten_port_is_seen |
| the list of models lacks the sticks | test_the_sticks_are_listed |
| a misspelt stick is taken for a meter without its address | test_a_misspelt_stick_is_named_where_a_meter_is, test_a_misspelt_stick_is_named_where_it_is_simulated |
| the command prints a traceback instead of a sentence | test_a_recording_that_cannot_be_read_is_one_sentence |
"""

import json

import pytest

from rainforest.virtual_stick import usb
from wattline import cli
from wattline.commands import scan
from wattline.rainforest.models import STICKS, is_stick
from wattline.rainforest.words import parse_stick_meters

PORT = "/dev/ttyNone"
MAC = "0x00135003000a1b2c"
KEYS = "behind a stick a meter's keys are role, mac."

WRONG = {
    "grid=rainforest-raven@1": "A stick has no address: 'grid=rainforest-raven@1' must be NAME=MODEL[,key=value...], for example grid=rainforest-raven.",
    "grid=Rainforest-Raven": "'grid=Rainforest-Raven' is not a meter: behind a stick it must be NAME=MODEL, for example grid=rainforest-raven.",
    "my grid=rainforest-raven": "The name 'my grid' in 'my grid=rainforest-raven' cannot be a meter's name: letters, digits, '-', '_' and '.' only, a letter or digit first, at most 64.",
    "grid=rainforest-raven,": "Nothing follows a comma in 'grid=rainforest-raven,'; the keys come right behind it, as in house=orno-we515@1,role=load.",
    "grid=rainforest-raven,baud=9600": f"There is no key 'baud' ('grid=rainforest-raven,baud=9600'); {KEYS}",
    "grid=rainforest-raven,roll=grid": f"There is no key 'roll' ('grid=rainforest-raven,roll=grid'); the nearest is 'role'; {KEYS}",
    "grid=rainforest-raven,role=x": "role='x' in 'grid=rainforest-raven,role=x' must be one of grid, solar, battery, load.",
    "grid=rainforest-raven,mac=7": "mac='7' in 'grid=rainforest-raven,mac=7' must be the address of the meter's radio, for example mac=0x00135003000a1b2c.",
    "grid=rainforest-raven,role=grid,role=load": "The key 'role' is given twice in 'grid=rainforest-raven,role=grid,role=load'; once is enough.",
}
WRONG_TOGETHER = {
    (
        "a=rainforest-raven",
        "b=rainforest-raven",
    ): "'a' needs a mac=0x... to be told from the others behind the stick; `wattline rainforest console` shows those that it knows with get_meter_list.",
    (
        f"a=rainforest-raven,mac={MAC}",
        f"a=rainforest-raven,mac={MAC[:-1]}d",
    ): "Two meters are called 'a'; each needs a name of its own.",
    (
        f"a=rainforest-raven,mac={MAC}",
        f"b=rainforest-raven,mac={MAC.upper().replace('X', 'x')}",
    ): f"'a' and 'b' are both the meter {MAC}; leave one out.",
    (
        f"a=rainforest-raven,mac={MAC}",
        "b=rainforest-emu2,mac=0x1",
    ): "All meters on one port are behind one stick, so they have the same model in their words.",
    (
        "a=rainforest-raven",
        "b=orno-we515@1",
    ): "'a=rainforest-raven' is a stick and 'b=orno-we515@1' a meter on RS485; each needs a port and a `wattline run` of its own.",
}
PREFIXES = {"run": "E! ", "read": "wattline: ", "watch": "wattline: "}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(list(words)) == 2
    return capsys.readouterr().err.removesuffix("\n")


def test_a_word_means_this_meter() -> None:
    one, other = parse_stick_meters([f"grid=rainforest-emu2,mac={MAC}", "roof=rainforest-emu2,role=SOLAR,mac=0xA"])

    assert (one.name, one.model, one.role, one.mac) == ("grid", STICKS["rainforest-emu2"], "grid", MAC)
    assert (other.name, other.role, other.mac) == ("roof", "solar", "0x000000000000000a")
    assert parse_stick_meters(["a=b=rainforest-raven"[2:]])[0].mac == ""


def test_a_stick_is_told_from_a_meter() -> None:
    assert all(
        map(
            is_stick,
            ["grid=rainforest-raven", "grid=rainforest-emu2,mac=0x1", "grid=RAINFOREST-EMU2@1", "rainforest-raven"],
        )
    )
    assert not any(map(is_stick, ["house=orno-we515@1", "grid=rainforest", "", "rainforest-raven=x@1"]))


@pytest.mark.parametrize("command", PREFIXES)
@pytest.mark.parametrize(
    ("words", "sentence"), [*(((word,), text) for word, text in WRONG.items()), *WRONG_TOGETHER.items()]
)
def test_wrong_words_are_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], command: str, words: tuple[str, ...], sentence: str
) -> None:
    assert refused(capsys, command, PORT, *words) == f"{PREFIXES[command]}{sentence}"


@pytest.mark.parametrize("command", PREFIXES)
@pytest.mark.parametrize(
    ("port", "word", "sentence"),
    [
        (
            "auto",
            "house=orno-we515@1",
            "The port 'auto' finds a Rainforest stick alone; for meters on RS485 give the adapter's name.",
        ),
        (
            "modbus-tcp://h:502",
            "grid=rainforest-raven",
            "The port 'modbus-tcp://h:502' speaks Modbus, and a stick does not; give socket://HOST:PORT.",
        ),
    ],
)
def test_a_port_of_the_other_kind_is_refused(
    capsys: pytest.CaptureFixture[str], command: str, port: str, word: str, sentence: str
) -> None:
    assert refused(capsys, command, port, word) == f"{PREFIXES[command]}{sentence}"


def test_commands_that_ask_say_what_to_use_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "probe", PORT, "grid=rainforest-raven") == (
        "wattline: 'grid=rainforest-raven' is a Rainforest stick, which speaks by itself and has no registers; "
        "`wattline run`, `read`, `watch`, `plan` and `simulate` take it, and `wattline rainforest console` shows what it says."
    )


def test_a_plan_takes_what_run_takes_and_refuses_what_it_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """The playbook judges the words of every port by it."""
    assert cli.main(["plan", "--port", "auto", "grid=rainforest-raven"]) == 0
    assert capsys.readouterr().out.startswith("grid: Rainforest RAVEn (RFA-Z106). A stick speaks by itself")
    assert cli.main(["plan", "--json", "--port", "auto", "--", "grid=rainforest-raven"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert [(meter["meter"], meter["parity"]) for meter in planned["meters"]] == [("grid", "N")]
    assert planned["fits"]
    assert "speaks Modbus" in refused(capsys, "plan", "--port", "modbus-tcp://h:502", "grid=rainforest-raven")
    assert "of its own" in refused(capsys, "plan", "grid=rainforest-raven", "house=orno-we515@1")


@pytest.mark.parametrize(("port", "name"), [("auto", "rainforest-raven"), ("/dev/ttyACM7", "rainforest-emu2")])
def test_a_stick_is_not_scanned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, port: str, name: str
) -> None:
    there = usb("/dev/ttyACM7", usb_id=STICKS["rainforest-emu2"].usb_id)
    monkeypatch.setattr(scan, "usb_ports", lambda: [there])

    assert refused(capsys, "scan", port) == (
        f"wattline: A Rainforest stick speaks by itself, so there is nothing to search for on {port}; try `wattline read "
        f"{port} grid={name}`."
    )


def test_a_forgotten_port_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "run", "grid=rainforest-raven", "x").startswith("E! The port comes before the meters: ")


def test_the_sticks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    listed = capsys.readouterr().out
    for name, stick in STICKS.items():
        assert f"{name}  " in listed
        assert cli.main(["models", name]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(stick.title)
        assert f"wattline run auto grid={name}" in shown


@pytest.mark.parametrize("command", PREFIXES)
@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("grid=rainforest-ravn", "There is no model 'rainforest-ravn'; the nearest is 'rainforest-raven'; "),
        ("grid=rainforest-ravn,role=solar", "There is no model 'rainforest-ravn'; the nearest is 'rainforest-raven'; "),
        ("grid=raven", "There is no model 'raven'; the nearest is 'rainforest-raven'; "),
        ("grid=emu2", "There is no model 'emu2'; the nearest is 'rainforest-emu2'; "),
        ("grid=rainforest", "There is no model 'rainforest'; 'rainforest-raven' and 'rainforest-emu2' begin so; "),
        ("grid=orno-we51x", "There is no model 'orno-we51x'; the nearest "),
        ("house=orno-we515", "'house=orno-we515' is not a meter: it must be NAME=MODEL@ADDRESS, "),
    ],
)
def test_a_misspelt_stick_is_named_where_a_meter_is(
    capsys: pytest.CaptureFixture[str], command: str, word: str, named: str
) -> None:
    assert refused(capsys, command, PORT, word).startswith(f"{PREFIXES[command]}{named}")


def test_a_misspelt_stick_is_named_where_it_is_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "simulate", "rainforest-ravn").endswith("; the nearest is 'rainforest-raven'.")


def test_a_misspelt_stick_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "models", "rainforest-ravn").endswith(
        "There is no model 'rainforest-ravn'; the nearest is 'rainforest-raven'; `wattline models` lists them all."
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--record", "x", PORT, "house=orno-we515@1"],
            "--record keeps what a Rainforest stick says, and there is none on this port; leave it away.",
        ),
        (
            ["--run-tags", PORT, "house=orno-we515@1"],
            "--run-tags puts the name of a run on readings, and none was given; add --run NAME.",
        ),
        (
            ["--run", "meter-mac", PORT, "house=orno-we515@1"],
            "--run meter-mac is the address of a meter behind a Rainforest stick; name the run otherwise.",
        ),
        (
            ["--run", " ", PORT, "house=orno-we515@1"],
            "The run ' ' must be a name of at most 100 characters, host-mac, meter-mac, or ask on a terminal.",
        ),
        (
            ["--run", "ask", PORT, "house=orno-we515@1"],
            "Nobody can be asked for the name of the run, since this is no terminal; give --run TEXT.",
        ),
    ],
)
def test_a_run_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert refused(capsys, "run", *words) == f"E! {sentence}"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["replay"], 2, "The recording is missing; name its file, as in `wattline rainforest replay FILE`."),
        (["replay", "/nowhere"], 1, "The recording '/nowhere' cannot be read: No such file or directory."),
        (["console", PORT, "x"], 2, "The console takes no meter, and 'x' was given; leave it away."),
        (
            ["console", PORT],
            1,
            f"There is no {PORT}; is the adapter plugged in? `ls -l /dev/serial/by-id/` shows those that are.",
        ),
    ],
)
def test_a_recording_that_cannot_be_read_is_one_sentence(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    assert cli.main(["rainforest", *words]) == code
    assert capsys.readouterr().err == f"wattline: {sentence}\n"
