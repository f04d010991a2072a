"""``wattline watch``: the meters of one port live in the terminal, read by the real ``wattline run``.

| fault                                               | test                                                   |
|-----------------------------------------------------|--------------------------------------------------------|
| without a terminal it draws, or prints nothing      | test_on_a_pipe_it_prints_a_line_for_each_reading       |
| it draws in vain, or leaves a torn screen           | test_in_a_terminal_it_draws_and_ends_clean             |
| the reader gets other words than were given         | test_the_interval_is_the_readers                       |
| its reader dies and it waits for ever               | test_a_reader_that_dies_ends_it_with_a_sentence        |
| the picture is larger than the window               | test_the_picture_is_never_larger_than_the_window       |
| a window that is too small is an empty one          | test_a_window_that_is_too_small_is_told                |
| a window that does is called too small              | test_the_window_that_is_asked_for_does                 |
| ... or becomes too small when the tariffs count     | test_tariffs_never_make_a_window_too_small             |
| a number touches its neighbour, or is cut           | test_in_80_columns_every_value_stands_by_itself        |
| a large power loses its last digits                 | test_the_large_power_is_shown_whole                    |
| what is left of a wide window is wasted             | test_several_meters_share_100_columns                  |
| one meter's values are shown as another's           | test_each_meter_has_its_own_column                     |
| three lines are left out                            | test_the_lines_of_three_phases_are_shown               |
| what the meter does not measure is a dash, or fails | test_what_a_model_does_not_measure_is_not_shown        |
| a slot that was not read is drawn as zero           | test_a_slot_that_was_not_read_is_a_gap                 |
| meters read in turn are drawn as gaps               | test_meters_that_are_read_in_turn_have_no_gaps         |
| what is given to the grid cannot be seen            | test_given_power_is_drawn_in_another_colour            |
| a trouble that is over stays                        | test_a_complaint_goes_when_it_is_not_repeated          |
| a trouble is not shown while no reading comes       | test_a_meter_that_does_not_answer_is_told_at_once      |
| ... or is cut, and touches the time of day          | test_a_complaint_has_a_line_of_its_own                 |
| what was read long ago looks as if it were so now   | test_what_is_not_read_any_more_is_told, test_old_values_are_written_as_such |
| ... or what is read seldom as if it were old        | test_what_is_read_in_its_time_is_not_old               |
| ... and the chart stands still with it              | test_the_chart_goes_on_without_readings                |
| one meter of several is silent, and nothing shows it | test_one_silent_meter_of_several_is_told              |
| the lines of a large digit are moved apart          | test_the_lines_of_a_large_digit_stand_below_each_other |
| a name with a comma or an equals sign breaks it     | test_every_line_of_run_is_understood                   |
| a stick's power goes with each energy, or stays for ever | test_a_power_behind_a_stick_stays_while_energies_come, test_a_power_behind_a_stick_is_gone_when_it_is_old |
| a stick is shown with the health of a bus           | test_the_health_of_a_stick_is_that_of_its_radio        |
| the foot is cut                                     | test_the_foot_is_not_cut                               |
| the port is away                                    | test_a_port_that_is_not_there_is_one_sentence          |
| the port is in use                                  | in test_probe.py, for all commands                     |
| wrong words are taken                               | test_wrong_words_are_refused_in_a_sentence             |
"""

import os
import re
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from wattline.cli import main
from wattline.line import to_line
from wattline.meters import Library
from wattline.rainforest.words import parse_stick_meters
from wattline.reading import Point
from wattline.watch import view
from wattline.watch.chart import large
from wattline.watch.look import Look
from wattline.watch.plain import rows
from wattline.watch.state import COMPLAINT_S, State, parse_line
from wattline.words import parse_meters

HOUSE, ROOF, HEAT = (
    "house=orno-we515@1",
    "roof=eastron-sdm120@2,baud=9600,parity=E,role=solar",
    "heat=eastron-sdm630@3,parity=E",
)
LOOK = Look("the watch", "meters on /dev/pts/7")
SECOND = 1_800_000_000


def state_of(*words: str, interval_s: int = 1) -> State:
    return State.of(parse_meters(words), "/dev/pts/7", interval_s)


def reading(meter: str, second: int = 0, **values: float) -> str:
    return to_line(Point("electricity", {"meter": meter, "role": "grid"}, values, (SECOND + second) * 10**9))


def whole_reading(state: State, number: int) -> str:
    """A reading of the ``number``-th meter with the largest values that its model measures."""
    meter = state.meters[number].meter
    return reading(meter.name, **{row.field: float(row.high) for row in meter.model.rows})


def drawn(state: State, columns: int = 110, lines: int = 34) -> list[str]:
    console = Console(file=StringIO(), width=columns, height=lines, force_terminal=False)
    console.print(view.picture(state, LOOK, columns, lines))
    return console.file.getvalue().splitlines()


# As a process.


def test_on_a_pipe_it_prints_a_line_for_each_reading(simulator, program):
    port = simulator(HOUSE, HEAT, load="fixed").port
    process = program("watch", port, HOUSE, HEAT, "--seconds", "4")
    said = process.stdout.to_the_end(within_s=15)

    assert process.wait(2) == 0
    # A loaded machine may let the simulated meter answer too late once, which is told.
    assert [
        said for said in process.stderr.texts if not re.match(r"W! \w+: (No reply within|The reply to) ", said)
    ] == []
    assert len(process.stderr.texts) <= 1
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d  house +230\.00 V .* 1000 W .*", line) for line in said)
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d  heat  .*L1 .* V .* A .* W  L2 .*L3 .*", line) for line in said)


def test_in_a_terminal_it_draws_and_ends_clean(simulator, terminal):
    port = simulator(HOUSE, HEAT, load="fixed").port
    words = [sys.executable, "-m", "wattline", "watch", port, HOUSE, HEAT]
    process = subprocess.Popen(words, **terminal.options())
    try:
        terminal.wait_for(r"1000 W")
        process.send_signal(signal.SIGINT)
        terminal.wait_for(r"lines came from `wattline run`")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert "house" in terminal.shown
    assert terminal.shown.count("\x1b[?1049h") == terminal.shown.count("\x1b[?1049l") == 1


def watched(terminal, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "wattline", "watch", *words], **terminal.options())


def test_a_meter_that_does_not_answer_is_told_at_once(simulator, terminal):
    process = watched(terminal, simulator("other=orno-we515@2").port, HOUSE)
    try:
        terminal.wait_for(r"W! house: No reply within")
        terminal.wait_for(r"timeouts .*[1-9]", timeout_s=15)
    finally:
        process.kill()
        process.wait()
    assert "waiting for the first reading" in terminal.shown


def test_what_is_not_read_any_more_is_told(simulator, terminal):
    process = watched(terminal, simulator(load="fixed", faults="silence@5-60").port, HOUSE)
    try:
        terminal.wait_for(r"1979\.36 kWh|\d kWh")
        assert "no reading since" not in terminal.shown
        terminal.wait_for(r"W! house: No reply within", timeout_s=15)
        terminal.wait_for(r"no reading since \d\d:\d\d:\d\d", timeout_s=15)
    finally:
        process.kill()
        process.wait()


def test_the_interval_is_the_readers(simulator, program):
    process = program("watch", simulator().port, HOUSE, "--interval", "2s", "--seconds", "5")
    said = process.stdout.to_the_end(within_s=15)
    seconds = [int(line[6:8]) for line in said]

    assert len(seconds) >= 2
    assert all(second % 2 == 0 for second in seconds[1:])


def test_a_reader_that_dies_ends_it_with_a_sentence(simulator, program):
    process = program("watch", simulator().port, HOUSE)
    process.stdout.wait_for("kWh")
    pid = process.process.pid
    (reader,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(reader), signal.SIGKILL)

    assert process.wait(10) == 1
    (sentence,) = process.stderr.to_the_end()
    assert re.fullmatch(
        r"wattline: The reader, `wattline run .*`, was killed by signal 9, and the watch with it\.", sentence
    )


def test_a_port_that_is_not_there_is_one_sentence(capsys):
    assert main(["watch", "/dev/ttyNotThere", HOUSE]) == 1
    assert capsys.readouterr().err == (
        "wattline: There is no /dev/ttyNotThere; is the adapter plugged in? `ls -l /dev/serial/by-id/` shows those that are.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([HOUSE, "--seconds", "0"], "'0' must be a whole number of seconds, at least 1"),
        ([HOUSE, "--interval", "0s"], "The interval '0s' must be 1s to 1h"),
        ([HOUSE, HOUSE], "Two meters are called 'house'"),
        ([], "METER"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(capsys, words, sentence):
    assert main(["watch", "/dev/null", *words]) == 2
    complaint = capsys.readouterr().err

    assert sentence in complaint
    assert complaint.count("\n") == 1


# What is shown.


@pytest.mark.parametrize(
    "words",
    [[HOUSE], [HEAT], [HOUSE, ROOF], [HOUSE, HEAT], [HOUSE, ROOF, HEAT], [f"m{n}=orno-we515@{n}" for n in range(1, 9)]],
    ids=len,
)
@given(columns=st.integers(20, 200), lines=st.integers(5, 70))
def test_the_picture_is_never_larger_than_the_window(words, columns, lines):
    state = state_of(*words)
    for number in range(len(words)):
        state.take(whole_reading(state, number))
    state.complain("W! " + "a very long complaint " * 20)
    picture = drawn(state, columns, lines)

    assert len(picture) <= lines
    assert max(map(len, picture)) <= columns


@pytest.mark.parametrize("words", [[HOUSE], [HEAT], [HOUSE, ROOF, HEAT]], ids=len)
def test_a_window_that_is_too_small_is_told(words):
    said = " ".join(" ".join(drawn(state_of(*words), 50, 12)).split())
    fewer = ", or fewer meters at a time" if len(words) > 1 else ""

    assert re.fullmatch(rf"This window of 50 x 12 is too small; it takes \d+ x \d+{fewer}\.", said)


@pytest.mark.parametrize("words", [[HOUSE], [HEAT], [HOUSE, ROOF], [HOUSE, ROOF, HEAT]], ids=len)
def test_the_window_that_is_asked_for_does(words):
    state = state_of(*words)
    told = " ".join(" ".join(drawn(state, 50, 12)).split())
    columns, lines = map(int, re.search(r"takes (\d+) x (\d+)", told).groups())

    assert "wattline" in drawn(state, columns, lines)[0]
    assert "too small" in " ".join(drawn(state, columns, lines - 1))


@pytest.mark.parametrize("words", [[HOUSE], [HEAT], [HOUSE, ROOF]], ids=len)
def test_80_by_24_is_enough(words):
    assert "wattline" in drawn(state_of(*words), 80, 24)[0]


@pytest.mark.parametrize("model", Library())
def test_tariffs_never_make_a_window_too_small(model):
    """All meters of one phase take 19 lines and those of three 23, before and after their tariffs have counted."""
    state = state_of(f"house={model}@1")
    lines = 23 if state.meters[0].is_three_phase else 19
    before = drawn(state, 80, lines)
    state.take(whole_reading(state, 0))

    assert "wattline" in before[0]
    assert "wattline" in drawn(state, 80, lines)[0]


@pytest.mark.parametrize("model", Library())
def test_in_80_columns_every_value_stands_by_itself(model):
    """The words are those of a window with room to spare: none touches another, and none is cut."""
    state = state_of(f"house={model}@1")
    (meter,) = state.meters
    rows = meter.meter.model.rows
    least = {row.field: 99_999.0 if row.field.startswith("energy") else max(row.low, -9_999.0) for row in rows}
    state.take(reading("house", **least))
    meter.health = {"round_trip_ms": 1234.5, "round_trip_max_ms": 1234.5, "requests": 99_999_999}

    def words(columns: int) -> list[list[str]]:
        picture = (line for line in drawn(state, columns, 60) if not re.search("[╭└╰]|/dev/", line))
        return [re.findall(r"[\w.%…-]+", line) for line in picture]

    assert words(80) == words(120)
    assert not [word for line in words(80) for word in line if re.search(r"[a-z]{2}-?\d|\d[A-Za-z]", word)]


@pytest.mark.parametrize("watts", [99_999.0, -99_999.0])
def test_the_large_power_is_shown_whole(watts):
    state = state_of(HEAT)
    state.take(reading("heat", power_w=watts))
    picture = "\n".join(drawn(state, 80, 24))

    assert all(line in picture for line in large(f"{watts:.0f}"))


def test_several_meters_share_100_columns():
    state = state_of(HOUSE, ROOF)
    for second in range(60):
        state.take(reading("house", second, power_w=500.0))

    assert {len(line) for line in drawn(state, 130, 34)} == {100}
    assert any("█" * 39 in line for line in drawn(state, 130, 34))


def test_each_meter_has_its_own_column():
    state = state_of(HOUSE, ROOF, HEAT)
    for name, watts in (("house", 111), ("roof", -222.25), ("heat", 333.5)):
        state.take(reading(name, power_w=watts))
    (power,) = [line for line in drawn(state) if line.split()[1:2] == ["power"]]

    assert power.split()[1:-1] == ["power", "111", "W", "-222.2", "W", "333.5", "W"]


def test_the_lines_of_three_phases_are_shown():
    for words in ([HEAT], [HOUSE, HEAT]):
        state = state_of(*words)
        values = {
            f"{name}_l{n}_{unit}": n * 10.0 for n in (1, 2, 3) for name, unit in (("power", "w"), ("voltage", "v"))
        }
        state.take(reading("heat", **values))
        picture = "\n".join(drawn(state))

        assert "10.0" in picture
        assert "20.0" in picture
        assert "30.00 V" in picture


def test_what_a_model_does_not_measure_is_not_shown():
    state = state_of("tiny=chint-ddsu666@1")
    state.take(whole_reading(state, 0))
    missing = [
        name for name in ("frequency_hz", "apparent_power_va", "energy_total_kwh") if not state.meters[0].has(name)
    ]

    assert missing
    assert all(state.meters[0].text(name) == "" for name in missing)
    assert drawn(state)


def test_a_slot_that_was_not_read_is_a_gap():
    state = state_of(HOUSE, ROOF)
    for second in (0, 1, 3, 4):
        state.take(reading("house", second, power_w=500.0))

    assert any("██ ██" in line for line in drawn(state))


def test_meters_that_are_read_in_turn_have_no_gaps():
    state = state_of(HOUSE, ROOF)
    state.bus_health = {"round_s": 2.0}
    for second in range(0, 12, 2):
        state.take(reading("house", second, power_w=500.0))

    assert any("██████" in line for line in drawn(state))


def test_an_interval_is_a_column():
    state = state_of(HOUSE, interval_s=10)
    for second in range(0, 60, 10):
        state.take(reading("house", second, power_w=500.0))
    picture = drawn(state)

    assert any("██████" in line for line in picture)
    assert any("-200 s" in line for line in picture)


@pytest.mark.parametrize("words", [[HOUSE], [HOUSE, ROOF]], ids=len)
def test_given_power_is_drawn_in_another_colour(words):
    def styles(watts: float) -> str:
        state = state_of(*words)
        state.take(reading("house", power_w=watts))
        state.meters[-1].power_w.append((SECOND, watts))
        state.meters[-1].values["power_w"] = watts
        console = Console(file=StringIO(), width=110, height=34, force_terminal=True, color_system="standard")
        console.print(view.picture(state, LOOK, 110, 34))
        return console.file.getvalue()

    green, cyan = "32m", "36m"
    assert green in styles(-800.0)
    assert cyan not in styles(-800.0)
    assert cyan in styles(800.0)
    assert green not in styles(800.0)


def test_a_complaint_goes_when_it_is_not_repeated():
    state = state_of(HOUSE)
    state.take(reading("house", 0, power_w=1.0))
    state.complain("W! house: No reply within 100 ms.")
    state.take(reading("house", COMPLAINT_S, power_w=1.0))
    assert "No reply" in "\n".join(drawn(state))

    state.take(reading("house", COMPLAINT_S + 1, power_w=1.0))
    assert "No reply" not in "\n".join(drawn(state))


@pytest.mark.parametrize("words", [[HOUSE], [HOUSE, ROOF]], ids=len)
def test_a_complaint_has_a_line_of_its_own(words):
    state = state_of(*words)
    state.take(reading("house", 0, power_w=1.0))
    state.complain("W! house: " + "a very long complaint " * 20)
    *_, complaint, foot, _ = drawn(state, 80, 24)

    assert re.fullmatch(r"│  W! house: .*…  │", complaint)
    assert re.fullmatch(r"│  .*/dev/pts/7.*  \d\d:\d\d:\d\d  │", foot)


def test_a_complaint_stays_while_nothing_is_read():
    state = state_of(HOUSE)
    state.complain("W! house: No reply within 100 ms.")
    state.look_at(SECOND + 10 * COMPLAINT_S)

    assert "No reply" in "\n".join(drawn(state))


@pytest.mark.parametrize(("interval_s", "round_s", "age_s"), [(1, 1, 5), (10, 1, 32), (1, 4, 14)])
def test_what_is_read_in_its_time_is_not_old(interval_s, round_s, age_s):
    state = state_of(HOUSE, interval_s=interval_s)
    state.bus_health = {"round_s": float(round_s)}
    state.look_at(SECOND + 1000)
    assert not state.is_old

    state.take(reading("house", 0, power_w=1.0))
    state.look_at(SECOND + age_s)
    assert not state.is_old
    state.look_at(SECOND + age_s + 1)
    assert state.is_old
    state.take(reading("house", age_s + 1, power_w=1.0))
    assert not state.is_old


@pytest.mark.parametrize("words", [[HOUSE], [HEAT], [HOUSE, HEAT]], ids=str)
def test_old_values_are_written_as_such(words):
    """No power or value is bold any more."""
    state = state_of(*words)
    for number in range(len(words)):
        state.take(whole_reading(state, number))

    def bold() -> str:
        console = Console(file=StringIO(), width=110, height=34, force_terminal=True, color_system="standard")
        console.print(view.picture(state, LOOK, 110, 34))
        return " ".join(re.findall(r"\x1b\[1[;m][^\x1b]*", console.file.getvalue()))

    assert re.search("[0-9] (V|W)|█ ", bold())
    state.look_at(SECOND + 60)
    assert not re.search("[0-9] (V|A|W|kWh)|█ ", bold())


def test_the_chart_goes_on_without_readings():
    state = state_of(HOUSE)
    for second in range(60):
        state.take(reading("house", second, power_w=500.0))
    state.look_at(SECOND + 59 + 20)
    lowest = next(line for line in reversed(drawn(state, 80, 24)) if "█" in line)

    assert lowest.endswith("█" + 20 * " " + "  │")


def test_one_silent_meter_of_several_is_told():
    state = state_of(HOUSE, ROOF)
    state.take(reading("house", 0, power_w=500.0))
    state.take(reading("roof", 60, power_w=-700.0))
    state.look_at(SECOND + 61)
    (power,) = [line for line in drawn(state, 80, 24) if line.split()[1:2] == ["power"]]

    assert re.search(r"power +- since \d\d:\d\d:\d\d +-700\.0 W ", power)
    assert "no reading since" not in "\n".join(drawn(state))


@pytest.mark.parametrize("watts", [3031, 1, 11_111, -4171])
def test_the_lines_of_a_large_digit_stand_below_each_other(watts):
    state = state_of(HOUSE)
    state.take(reading("house", power_w=watts))
    picture = drawn(state, 80, 24)
    upper, middle, lower = picture[2:5]
    first, second, third = large(str(watts))

    assert upper.index(first) == middle.index(second) == lower.index(third)


def test_plain_lines_name_the_meter_where_there_are_several():
    state = state_of(HOUSE, ROOF)
    (line,) = rows(iter([reading("roof", power_w=-222.25, voltage_v=230.0)]), state)

    assert re.match(r"\d\d:\d\d:\d\d  roof   ", line)
    assert "-222.2 W" in line


@given(
    port=st.text(st.sampled_from("abc/:,= ?#"), min_size=1).map(lambda text: f"/dev/{text}x"),
    value=st.floats(-1e6, 1e6),
)
def test_every_line_of_run_is_understood(port, value):
    point = Point("wattline_bus", {"port": port}, {"busy_percent": value, "slots": 1.0}, SECOND * 10**9)

    assert parse_line(to_line(point)) == point


# Behind a stick.

STICK = "grid=rainforest-raven"


def stick_state() -> State:
    return State.of(
        parse_stick_meters([STICK]), "/dev/serial/by-id/usb-Rainforest_RFA-Z106-RA-PC_RAVEn_v2.3.21-if00-port0"
    )


def of_stick(measurement: str, second: int = 0, tags: dict[str, str] | None = None, **values: float) -> str:
    return to_line(Point(measurement, {"meter": "grid", **(tags or {})}, values, (SECOND + second) * 10**9))


def test_a_power_behind_a_stick_stays_while_energies_come():
    """A stick tells the power every 15 s and the energies between; they are no word about the power."""
    state = stick_state()
    state.take(reading("grid", 0, power_w=1234))
    state.take(reading("grid", 9, energy_import_kwh=17.5))
    state.look_at(SECOND + 40)
    assert any("17.500 kWh" in row for row in drawn(state))
    assert (state.meters[0].now_w, list(state.meters[0].power_w)) == (1234, [(SECOND, 1234)])


def test_a_power_behind_a_stick_is_gone_when_it_is_old():
    """Though energies come on: three of its usual periods, and the two seconds that all have."""
    state = stick_state()
    state.take(reading("grid", 0, power_w=1234))
    state.take(reading("grid", 40, energy_import_kwh=17.5))
    state.look_at(SECOND + 47)
    assert state.meters[0].now_w == 1234
    state.look_at(SECOND + 48)
    assert state.meters[0].now_w is None
    assert state.meters[0].text("energy_import_kwh") == "17.500 kWh"


def test_the_health_of_a_stick_is_that_of_its_radio():
    state = stick_state()
    state.take(reading("grid", 0, power_w=1234))
    state.take(of_stick("wattline_link", link_percent=87))
    state.take(of_stick("electricity_price", tags={"currency": "USD"}, price_per_kwh=0.1425))
    state.take(
        to_line(Point("wattline_stick", {"port": "auto"}, {"silence_s": 3.0, "fragments": 41.0}, SECOND * 10**9))
    )
    state.take(
        to_line(Point("wattline_bus", {"port": "auto"}, {"busy_percent": 0.0, "reopenings": 0.0}, SECOND * 10**9))
    )
    shown = " ".join(drawn(state, 80, 24))
    for piece in (r"radio link +87 %", r"price +0\.1425 USD", r"silence +3 s", r"fragments +41"):
        assert re.search(piece, shown), piece
    assert not re.search("bus busy|round trip|wrong CRC", shown)


@pytest.mark.parametrize(
    ("state", "what"),
    [
        (stick_state(), "Rainforest RAVEn (RFA-Z106) "),
        (state_of(HOUSE), "ORNO OR-WE-515 on …/usb-FTDI_FT232R_A900WXPC-if00 "),
    ],
    ids=["stick", "meter"],
)
def test_the_foot_is_not_cut(state, what):
    """The settings go first, then the folder of a long port, and at last the port, which stands in the frame."""
    if not state.is_stick:
        state.port = "/dev/serial/by-path/pci/usb-FTDI_FT232R_A900WXPC-if00"
    state.take(reading(state.meters[0].meter.name, 0, power_w=1234))
    foot = drawn(state, 80, 24)[-2]
    assert re.fullmatch(rf"│  {re.escape(what)} *\d\d:\d\d:\d\d  │", foot)
