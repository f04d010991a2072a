"""``wattline plan``: spans, bytes and milliseconds, worked out by hand, and what fits on a line.

A character has 11 bits at 9600 8E1, so 1.145833 ms, and a silence 3.5 of them, 4.010417 ms. A read of n registers is
13 + 2n characters, a silence, and the meter's turnaround of 20 ms:

    n    characters        ms
    1        15       17.1875 + 4.0104 + 20 =  41.1979
    2        17       19.4792 + 4.0104 + 20 =  43.4896
    10       33       37.8125 + 4.0104 + 20 =  61.8229
    41       95      108.8542 + 4.0104 + 20 = 132.8646

| fault | test |
|---|---|
| bytes, milliseconds or spans are not those of the wire | test_the_plans_of_the_or_we_515_are_those_worked_out_by_hand, test_the_arithmetic_is_that_of_the_wire |
| what is only hoped for looks proven | test_what_is_not_proven_is_to_be_tried, test_a_row_that_no_proven_read_holds_is_read_alone_and_not_proven |
| the turnaround or the line's speed is forgotten | test_the_turnaround_is_paid_for_each_request, test_the_speed_of_the_line_counts |
| a meter's own silence is forgotten | test_a_pause_is_paid_for |
| the energies are paid for in every sweep, or never | test_slow_reads_are_spread_over_ten_seconds |
| a sweep of 0 ms is reckoned with where nothing moves | test_a_meter_of_which_nothing_moves_takes_no_sweep |
| nobody is told what becomes of who does not fit | test_what_becomes_of_meters_with_intervals_that_do_not_fit_is_told |
| more meters are promised than fit, or fewer | test_so_many_meters_fit, test_a_meter_that_does_not_fit_is_told_the_interval_that_is_enough |
| several meters that do not fit are said to fit | test_several_meters_that_fit, test_several_meters_that_do_not_fit_are_read_in_turn |
| the plan differs from what `run` would do | test_the_plan_is_what_a_session_reads |
| `run --proven` tries something all the same | test_run_asks_for_the_proven_plan_alone_when_told_so |
| a quantity is in no read, or in two | test_every_quantity_of_every_model_is_planned_once |
| it cannot be read in a window, or leaves something out | test_people_are_told_everything_in_100_columns |
| it needs what a controller that plays the playbook does not have | test_it_needs_python_alone |
| a wrong word is taken, or what `run` refuses on the port that was named | test_wrong_words_are_refused_in_one_sentence |
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wattline
from wattline.budget import budget_of
from wattline.bus.modbus import Modbus
from wattline.bus.port import Port
from wattline.bus.session import Session
from wattline.bus.settings import LineSettings
from wattline.cli import main
from wattline.meters import load_models
from wattline.plan import is_slow
from wattline.simulate import Scenario, Simulator
from wattline.stop import Stop
from wattline.words import parse_meters

MODELS = load_models()
HOUSE = "house=orno-we515@1"
HUNDREDTH = 0.005


@pytest.fixture
def planned(capsys):
    """What ``wattline plan --json`` prints for these words."""

    def plan(*words: str) -> dict:
        assert main(["plan", "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return plan


@pytest.fixture
def told(capsys):
    """What ``wattline plan`` prints for these words."""

    def plan(*words: str) -> str:
        assert main(["plan", *words]) == 0
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return plan


# One meter.


def test_the_plans_of_the_or_we_515_are_those_worked_out_by_hand(planned):
    (proven,) = planned(HOUSE, "--proven")["meters"]
    fast = [(read["register"], read["count"], read["bytes"]) for read in proven["reads"] if read["pace"] == "fast"]
    slow = [(read["register"], read["count"], read["bytes"]) for read in proven["reads"] if read["pace"] == "slow"]

    # Six reads: 5 x 43.4896 + 41.1979 = 258.646; two of energies: 2 x 61.8229 = 123.646.
    assert fast == [(0x130, 2, 17), (0x139, 2, 17), (0x140, 2, 17), (0x148, 2, 17), (0x150, 2, 17), (0x158, 1, 15)]
    assert slow == [(0xA000, 10, 33), (0xA01E, 10, 33)]
    assert [read["ms"] for read in proven["reads"]] == pytest.approx(5 * [43.490] + [41.198] + 2 * [61.823], abs=0.001)
    assert proven["fast_ms"] == pytest.approx(258.646, abs=HUNDREDTH)
    assert proven["slow_ms"] == pytest.approx(123.646, abs=HUNDREDTH)
    assert all(read["proven"] for read in proven["reads"])

    (wanted,) = planned(HOUSE)["meters"]
    assert [(read["register"], read["count"], read["bytes"], read["proven"]) for read in wanted["reads"]] == [
        (0x130, 41, 95, False),
        (0xA000, 10, 33, True),
        (0xA01E, 10, 33, True),
    ]
    assert wanted["fast_ms"] == pytest.approx(132.865, abs=HUNDREDTH)
    assert wanted["slow_ms"] == pytest.approx(123.646, abs=HUNDREDTH)
    assert wanted["reads"][1]["fields"] == [f"energy_total_{part}kwh" for part in ("", "t1_", "t2_", "t3_", "t4_")]


@pytest.mark.parametrize(
    ("settings", "turnaround_ms", "expected_ms"),
    # Rounded to whole milliseconds: six reads, those and the two of the energies, and one read of 41 registers.
    [
        ("", 5, (169, 262, 118)),
        ("", 20, (259, 382, 133)),
        ("", 50, (439, 622, 163)),
        (",parity=N", 20, (246, 362, 123)),
        (",baud=19200", 5, (99, 151, 61)),
        (",baud=19200", 20, (189, 271, 76)),
        (",baud=38400", 50, (339, 462, 79)),
        (",baud=115200,parity=N", 20, (139, 188, 30)),
    ],
)
def test_the_arithmetic_is_that_of_the_wire(planned, settings, turnaround_ms, expected_ms):
    words = (f"{HOUSE}{settings}", f"--turnaround={turnaround_ms}")
    (proven,), (wanted,) = planned(*words, "--proven")["meters"], planned(*words)["meters"]

    times_ms = (proven["fast_ms"], proven["fast_ms"] + proven["slow_ms"], wanted["fast_ms"])
    assert tuple(map(round, times_ms)) == expected_ms


def test_what_is_not_proven_is_to_be_tried(planned, told):
    (model,) = planned("shop=orno-we517@1")["meters"]
    known = [(block.address, block.address + block.room) for block in MODELS["orno-we517"].blocks]

    for read in model["reads"]:
        first, end = read["register"], read["register"] + read["count"]
        is_within = any(low <= first and end <= high for low, high in known)
        assert read["proven"] == is_within
        assert read["tried"] == (not is_within and len(read["fields"]) > 1)
    assert not all(read["proven"] for read in model["reads"])
    assert "to try" in told("shop=orno-we517@1")
    assert "to try" not in told("shop=orno-we517@1", "--proven")


def test_a_row_that_no_proven_read_holds_is_read_alone_and_not_proven(planned, told, tmp_path):
    path = tmp_path / "acme.toml"
    path.write_text(
        'name = "acme-m1"\nfunction = 3\nlongest = 4\nblocks = [[0x20, 1]]\n'
        '[[rows]]\naddress = 0x10\nencoding = "f64"\nfield = "voltage_v"\n'
        '[[rows]]\naddress = 0x20\nencoding = "u16"\nfield = "frequency_hz"\n'
    )
    words = ("--meter-file", str(path), "shed=acme-m1@1")
    alone, proven = planned(*words)["meters"][0]["reads"]

    assert (alone["register"], alone["count"], alone["proven"], alone["tried"]) == (0x10, 4, False, False)
    assert (proven["register"], proven["proven"]) == (0x20, True)
    assert re.search(r"0x0010 to 0x0013 .* alone\n +voltage_v\n", told(*words))
    assert "What is read alone lies in no proven read" in told(*words)
    assert "What is read alone" not in told(HOUSE)


def test_the_turnaround_is_paid_for_each_request(planned):
    ms = [planned(HOUSE, "--proven", f"--turnaround={turnaround}")["meters"][0]["fast_ms"] for turnaround in (0, 7.5)]
    assert ms[1] - ms[0] == pytest.approx(6 * 7.5, abs=HUNDREDTH)


def test_the_speed_of_the_line_counts(planned):
    (fast,) = planned("a=eastron-sdm120@1,baud=9600", "--turnaround=0", "--proven")["meters"]
    (slow,) = planned("a=eastron-sdm120@1", "--turnaround=0", "--proven")["meters"]

    assert slow["baud"] == 2400
    assert slow["fast_ms"] == pytest.approx(4 * fast["fast_ms"], abs=HUNDREDTH)


def test_a_pause_is_paid_for(planned):
    """The OR-WE-504 wants 12 ms before each request; what its user gives is for the change of meter."""
    (meter,) = planned("a=orno-we504@1")["meters"]
    # 13 + 2 x 7 = 27 characters are 30.9375 ms; 4.0104 ms, 20 ms and 12 ms.
    assert meter["reads"][0]["ms"] == pytest.approx(66.948, abs=HUNDREDTH)
    (slower,) = planned("a=orno-we504@1,pause=50ms")["meters"]
    assert slower["fast_ms"] - meter["fast_ms"] == pytest.approx(50 - 12, abs=HUNDREDTH)
    (same,) = planned("a=orno-we504@1,pause=5ms")["meters"]
    assert same["fast_ms"] == meter["fast_ms"]


@pytest.mark.parametrize(
    ("interval", "ms", "percent"),
    # A tenth of the energies each second, half of them every five, and all of them from ten seconds on.
    [("1s", 271.010, 27.1), ("5s", 320.469, 6.4), ("10s", 382.292, 3.8), ("1m", 382.292, 0.6)],
)
def test_slow_reads_are_spread_over_ten_seconds(planned, interval, ms, percent):
    (meter,) = planned(HOUSE, "--proven", f"--interval={interval}")["meters"]
    assert (meter["ms"], meter["share_percent"]) == (pytest.approx(ms, abs=HUNDREDTH), percent)


def test_a_meter_of_which_nothing_moves_takes_no_sweep(told):
    """The SBC ALE3 renews its values every ten seconds."""
    text = " ".join(told("sbc=sbc-ale3@1").split())
    assert "Nothing of it is read oftener than every ten seconds; it takes 130.5 ms of slow reads" in text
    assert "read every 10 s: 69." in text
    assert "A sweep" not in text


@pytest.mark.parametrize(
    ("words", "number"),
    [
        # Of 950 ms 61.8 are kept for a slow read and 40 for patience (1.5 x 20 + 30 - 20): 848.2 hold 258.646 three times,
        ((HOUSE, "--proven"), 3),
        # and 132.865 six times: with six, 6 x 123.646 / 10 = 74.2 are kept, and 835.8 are left for 797.2.
        ((HOUSE,), 6),
        # Of 5000 ms, which is as long as a sweep may take, 11 x 123.646 + 40 are kept: 3599.9 hold 258.646 eleven times
        # (2845.1) and twelve more nearly; 13 x 258.646 = 3362.4 and 13 x 123.646 + 40 = 1647.4 are 5009.8.
        ((HOUSE, "--proven", "--interval=10s"), 12),
        ((f"{HOUSE},interval=10s", "--proven"), 12),
        # 1.145833 x (5 x 17 + 15) + 6 x (4.0104 + 100) = 738.646; 141.8 are kept for a slow read and 80 for patience.
        ((HOUSE, "--proven", "--turnaround=100"), 0),
        ((HOUSE, "--proven", "--turnaround=50"), 1),
    ],
)
def test_so_many_meters_fit(planned, told, words, number):
    assert planned(*words)["meters"][0]["such_meters"] == number
    every = {"1s": "every second", "10s": "every 10 s"}["10s" if "10s" in " ".join(words) else "1s"]
    sentence = f"Such meters that fit on one line and are read {every}: {number}."
    assert (sentence in " ".join(told(*words).split())) == (number > 0)


def test_a_meter_that_does_not_fit_is_told_the_interval_that_is_enough(planned, told):
    """At 2400 8N1 the SDM54's 24 fast reads take about 2.5 s; of 950 ms for each second three are not enough."""
    words = ("a=eastron-sdm54@1,baud=2400", "--proven", "--turnaround=20")
    enough = int(re.search(r"It does not fit into 1 s; an interval of (\d+) s is enough.", told(*words))[1])

    assert planned(*words)["meters"][0]["such_meters"] == 0
    assert not planned(*words)["fits"]
    assert planned(*words, f"--interval={enough}s")["meters"][0]["such_meters"] == 1
    assert planned(*words, f"--interval={enough - 1}s")["meters"][0]["such_meters"] == 0


def test_a_meter_that_fits_into_no_interval_is_said_to_be_read_in_parts(planned, told):
    """At 1200 8N1 the SDM54's 24 fast reads take 4580 ms, and its slow ones 5534 ms: more than the 5 s of a sweep."""
    words = ("a=eastron-sdm54@1,baud=1200", "--proven")

    assert not planned(*words)["fits"]
    assert "nor into any other interval: it is read in parts" in " ".join(told(*words).split())


# Several.


def test_several_meters_that_fit(planned, told):
    words = [f"m{n}=orno-we515@{n}" for n in range(1, 6)]
    plan = planned(*words)

    # 5 x 145.229 ms.
    assert (plan["fits"], plan["round_s"]) == (True, 1)
    assert plan["ms"] == pytest.approx(726.146, abs=0.02)
    assert "Together 726.1 ms (" in told(*words)
    assert "72.6 % of every second: they fit into every second." in " ".join(told(*words).split())
    learning = (
        "While it is tried, for half a minute after each start and some minutes where they fill the line, each may be read "
        "more rarely."
    )
    assert learning in " ".join(told(*words).split())
    assert learning not in " ".join(told(*words, "--proven").split())


@pytest.mark.parametrize(
    ("number", "interval", "round_s"), [(3, 1, 1), (4, 1, 2), (6, 1, 2), (7, 1, 3), (12, 10, 10), (13, 10, 20)]
)
def test_several_meters_that_do_not_fit_are_read_in_turn(planned, told, number, interval, round_s):
    """Three go into a second by the proven plan, twelve into the five that a sweep may take of ten."""
    words = [f"m{n}=orno-we515@{n}" for n in range(1, number + 1)] + ["--proven", f"--interval={interval}s"]
    plan = planned(*words)

    assert (plan["fits"], plan["round_s"]) == (round_s == interval, round_s)
    is_told = f"so each is read every {round_s} s." in " ".join(told(*words).split())
    assert is_told == (round_s > interval)


def test_a_meter_with_an_interval_of_its_own_takes_its_share(planned, told):
    """382.292 ms every ten seconds are 38.229 ms of each."""
    words = ("a=orno-we515@1", "b=orno-we515@2,interval=10s", "--proven")

    assert planned(*words)["ms"] == pytest.approx(271.010 + 38.229, abs=HUNDREDTH)
    assert "(a 271.0 ms, b 38.2 ms)" in told(*words)


def test_what_becomes_of_meters_with_intervals_that_do_not_fit_is_told(told):
    text = " ".join(told("a=eastron-sdm54@1", "b=inepro-pro380@2,interval=10s", "--proven").split())
    assert "too much for it, so who has an interval of its own has what the others leave, later than that." in text


def test_one_that_never_fits_is_not_said_to_fit_among_others(planned, told):
    words = ("a=eastron-sdm54@1,baud=1200", "--proven")
    assert not planned(*words)["fits"]
    assert "Together" not in told(*words)


# The plan and the program.


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_plan_is_what_a_session_reads(name):
    """Before anything was learnt, a meter is read by the proven plan, and reckoned with at the same cost."""
    (meter,) = parse_meters([f"a={name}@1"])
    session = Session(meter, Modbus(Port("/dev/ttyNone", Stop())))
    turnaround_s = session._asking.turnaround_s
    budget = budget_of(meter.model, meter.settings, turnaround_s, proven=True)

    fast = [part for part in session.parts.values() if not is_slow(meter.model, part)]
    reads = [*session._spans.reads(fast), *session.slow_reads()]
    assert [read.span for read in budget.reads] == [read.span for read in reads]
    load = session.needs.load()
    if not meter.model.pause_ms:
        # A session takes the first of a part's lengths, which may be longer, to tell replies apart.
        assert budget.fast_s <= load.fast_s <= 1.25 * budget.fast_s
        assert len(budget.load.slow_s) == len(load.slow_s)


def test_run_asks_for_the_proven_plan_alone_when_told_so(program, tmp_path):
    """Without the word it tries more within the first seconds, and a meter that gives zeros for gaps answers that."""
    asked = {}
    for words in ((), ("--proven",)):
        truth = tmp_path / f"truth{len(words)}"
        with Simulator(parse_meters([HOUSE]), Scenario("fixed", gaps="zero"), truth=truth) as house:
            running = program("run", *words, house.port, HOUSE)
            running.stdout.wait_for("electricity,", times=4, within_s=10)
            running.close()
        replies = [json.loads(line) for line in truth.read_text().splitlines()]
        asked[words] = {(reply["first"], reply["count"]) for reply in replies} - {(0x000B, 1)}

    blocks = {block.address: block.room for block in MODELS["orno-we515"].blocks}
    assert any(count > blocks[first] for first, count in asked[()])
    assert all(count <= blocks[first] for first, count in asked["--proven",])
    assert {first for first, _ in asked["--proven",]} == set(blocks)


@pytest.mark.parametrize("meter", [HOUSE, "grid=rainforest-raven"])
def test_it_needs_python_alone(meter):
    """The playbook asks it about the meter words on a controller on which nothing of wattline is installed."""
    command = [sys.executable, "-S", "-m", "wattline", "plan", "--json", "--port", "/dev/ttyRS485", "--", meter]
    place = str(Path(wattline.__file__).parent.parent)
    planned = subprocess.run(
        command, env={"PYTHONPATH": place}, capture_output=True, text=True, timeout=10, check=False
    )
    assert (planned.returncode, planned.stderr) == (0, "")
    assert json.loads(planned.stdout)["meters"][0]["meter"] == meter.partition("=")[0]


@pytest.mark.parametrize("proven", [True, False])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_quantity_of_every_model_is_planned_once(name, proven):
    model = MODELS[name]
    for at_once in (True, False):
        budget = budget_of(model, LineSettings(9600, "N", 1), 0.02, proven=proven, at_once=at_once)
        assert sorted(field for read in budget.reads for field in read.fields) == sorted(
            row.field for row in model.rows
        )
        assert all(read.span.count <= model.longest for read in budget.reads)


# What is said.


def test_people_are_told_everything_in_80_columns(told, planned, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in sorted(MODELS):
        output = told(f"a={name}@1")
        words = " ".join(output.split())
        assert max(map(len, output.splitlines())) <= 80
        (meter,) = planned(f"a={name}@1")["meters"]
        for read in meter["reads"]:
            last = read["register"] + read["count"] - 1
            span = f"0x{read['register']:04X}" + (f" to 0x{last:04X}" if read["count"] > 1 else "")
            assert f"{span} {read['count']} {read['bytes']} {read['ms']:.1f} {read['pace']} " in words
            assert ", ".join(read["fields"]) in words


def test_a_turnaround_may_have_its_unit(told):
    assert told(HOUSE, "--turnaround", "50ms") == told(HOUSE, "--turnaround", "50") != told(HOUSE)


def test_what_is_read_until_more_was_learnt_is_told(told):
    words = " ".join(told(HOUSE).split())
    assert "A sweep takes 132.9 ms, and 123.6 ms of slow reads, spread over ten seconds: 145.2 ms on average" in words
    assert "8 requests in place of 3, 271.0 ms on average of every second, 27.1 %." in words
    assert "in place of" not in told("a=hiking-dds238-2@1")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "The following arguments are required: METER; see `wattline plan --help`."),
        (
            ["orno-we515@1"],
            "'orno-we515@1' is not a meter: it must be NAME=MODEL@ADDRESS, for example house=orno-we515@1.",
        ),
        (
            [HOUSE, "--interval=0s"],
            "The interval '0s' must be 1s to 1h in whole seconds, minutes or hours, for example 1s, 10s or 5m.",
        ),
        (
            [HOUSE, "--turnaround=-1"],
            "Argument --turnaround: '-1' must be a number of milliseconds from 0 to 60000, such as 20ms; see `wattline plan --help`.",
        ),
        (
            [HOUSE, "--turnaround=nan"],
            "Argument --turnaround: 'nan' must be a number of milliseconds from 0 to 60000, such as 20ms; see `wattline plan --help`.",
        ),
        ([HOUSE, HOUSE], "Two meters are called 'house'; each needs a name of its own."),
        (
            [HOUSE, "--port=socket://gateway"],
            (
                "The port 'socket://gateway' must be a device such as /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT or "
                "modbus-tcp://HOST:PORT, with PORT a number from 1 to 65535."
            ),
        ),
        (
            [HOUSE, "roof=orno-we515@1,parity=N", "--port=socket://gateway:4196"],
            (
                "'house' and 'roof' both have address 1, and the gateway behind socket://gateway:4196 has one line setting for "
                "all, so one of them needs another address."
            ),
        ),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(capsys, words, sentence):
    assert main(["plan", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wattline: {sentence}\n")
