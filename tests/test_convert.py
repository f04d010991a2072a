"""``wattline convert``: other systems' histories, and what becomes of them.

What is told by an example has a folder under convert/: the words, the input, and the lines and the summary that are
expected of it.

| fault | test |
|---|---|
| a name, a unit or a tag is wrong; of two in one second the earlier wins | annotated-csv, pivoted-csv |
| the kinds of export are not told apart, or say different things | test_all_exports_of_one_history_say_the_same |
| the order of an export's files becomes the counter's | export-lp |
| a wrap is taken for a reset, or the other way round | export-lp, false-readings-and-a-reset |
| a random history does not come back | test_a_counter_comes_back_from_its_low_register |
| ... or its order matters | test_the_order_of_the_days_does_not_matter |
| a long gap hides a turn, and nobody is told | test_a_gap_that_may_hide_a_turn_is_told |
| the turns before the history are lost, or an impossible display is believed | test_the_meters_display_tells_the_turns_before, test_a_display_below_its_history_is_refused |
| a reader of both registers is unwrapped as well | test_a_counter_beyond_the_low_register_is_left_alone |
| ... or a reset for a wrap, a false reading for a reset | test_a_reset_is_told_from_a_wrap, test_false_readings_are_withheld_and_change_nothing_else |
| something unsound costs what is sound, or becomes a value | unsound-lines, unsound-csv, test_nothing_unsound_costs_what_is_sound, test_nothing_is_made_up_of_a_line_that_broke_off |
| a source that breaks off costs what stands before, or looks whole | test_a_packed_file_that_breaks_off_keeps_what_stands_before, test_a_file_that_shrinks_keeps_what_stands_before, test_a_read_error_keeps_what_stands_before, unsound-csv |
| half a row at the end of a file that was cut becomes a value | test_a_file_that_shrinks_keeps_what_stands_before |
| a thousand bad lines make a thousand sentences | test_of_one_kind_five_sentences_are_said |
| a file packed otherwise is read as lines | test_another_packing_is_named |
| nothing converted looks like success | test_nothing_converted_is_no_success |
| decimal commas, units, local times, the hour that occurs twice or never | table-with-decimal-commas, table-of-unix-milliseconds |
| two cells of one column are read by two decimal marks, or an ambiguous one is guessed | test_a_file_has_one_decimal_mark, test_no_number_is_ever_read_as_another, test_a_mark_that_shows_late_settles_what_follows, test_each_file_has_a_mark_of_its_own |
| ... or rows wait for a mark for ever | test_rows_do_not_wait_for_ever |
| of two columns of one name the first is taken without a word | test_wrong_words_are_refused_in_one_sentence |
| the kilowatt-hours that are told are not those that InfluxDB will show | test_a_reset_counts_as_in_the_rollups, and stack/test_convert.py |
| a number or a time is read otherwise than it is meant | test_numbers_as_people_write_them, test_times_as_people_write_them |
| a dump of SQL is searched for the time, or a table that begins with a comment's sign is taken for one | test_a_dump_of_another_table_is_told_the_way_on, test_a_header_may_begin_as_a_dump_does |
| the names that the time may have are told otherwise than they are | test_the_names_of_the_time_are_told_as_they_are |
| wrong words are understood somehow | test_wrong_words_are_refused_in_one_sentence, test_a_wrong_map_is_refused_in_one_sentence |
| the example of a map is refused | test_the_map_of_the_readme_is_one |
| python-raven's table is read by the wrong columns, or its rows of -1, its lost signs, its zeros, its runs become readings | raven-csv, raven-tsv-with-run-tags |
| a dump of SQL is read by the wrong columns or in the wrong zone, or a broken row costs those around it | raven-mysqldump, raven-sqlite, test_a_broken_row_costs_no_other, test_a_statement_that_breaks_off_costs_not_the_next |
| half a row, or half of a run's name, is believed; a cut between rows is not told | test_a_table_that_was_cut_is_told_and_its_torn_row_not_believed, test_an_open_quotation_mark_at_the_end_is_told, test_a_dump_that_was_cut_is_told |
| ... or what is whole is taken for torn | test_a_whole_table_is_whole |
| power given to the grid that has lost a sign of 24 bits is megawatts; or much power loses its meaning | test_a_sign_of_24_bits_comes_back |
| the number of a row becomes its time | test_the_table_of_sqlite_is_read_without_its_definition, test_the_number_of_a_row_is_no_time |
| ... or its statement of a megabyte is cut, or held as a whole | test_a_statement_of_a_megabyte_comes_in_pieces |
| ... or a run's name tears a row | test_the_name_of_a_run_comes_back |
| files cannot stand before or behind the options | test_files_stand_before_or_behind_the_options |
| the values are not those that wattline writes | test_the_values_lie_on_the_grain_of_the_live_meter |
| memory grows with the history | test_memory_does_not_grow_with_the_history |
| it is silent for an hour, or talks all the time | test_lines_tell_twice_a_minute, test_a_terminal_gets_a_bar, test_a_pipe_stays_quiet |
| the bar's picture swallows the lines | test_a_terminal_gets_a_bar |
| it complains when its reader leaves | test_it_ends_quietly_when_nobody_reads |
| a full disk makes a screenful | test_a_full_disk_is_one_sentence |
"""

import bz2
import errno
import gzip
import io
import lzma
import os
import random
import re
import shlex
import subprocess
import sys
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from line_protocol_parser import parse_line
from rich.console import Console

from wattline.cli import main
from wattline.convert.bar import Bar
from wattline.convert.counter import (
    AVERAGE_LIMIT_KW,
    COARSEST_STEP_KWH,
    FIRST_STEP_KWH,
    HOUR_LIMIT_KW,
    LOW_REGISTER,
    Reading,
    Unwrap,
    modulus_of,
    shift_to,
)
from wattline.convert.energy_monitor import FIELDS, MEASUREMENT, EnergyMonitor, Settings
from wattline.convert.export import read_export
from wattline.convert.header import TIME_NAMES
from wattline.convert.mapping import Column, parse_maps
from wattline.convert.numbers import number_of
from wattline.convert.progress import Lines
from wattline.convert.raven import Form as RavenForm
from wattline.convert.raven import Raven, read_raven
from wattline.convert.sample import Sample
from wattline.convert.shelf import DAY_S, Shelf
from wattline.convert.source import Source, Way
from wattline.convert.table import LOOK_AHEAD_ROWS, Form, Table, read_table
from wattline.convert.tally import AMBIGUOUS, UNREADABLE, CounterCourse, Tally, shortfall
from wattline.convert.times import Stamps, utc_ns
from wattline.line import to_line
from wattline.meters.orno_we515 import MODEL
from wattline.reading import Point
from wattline.registers import decode, encode

CASES = sorted(path.parent for path in Path(__file__).with_name("convert").glob("*/words"))
ROME = ZoneInfo("Europe/Rome")
# 2022-12-01 00:00 UTC.
BEGIN_S = 1_669_852_800
INTO = "INSERT INTO `instantaneous_demand` VALUES "
NS = 1_000_000_000
POWER_W = 23_000.0


@pytest.fixture
def converted(capsys, tmp_path):
    """Converts ``text`` by ``words``: exit code, lines, and sentences without the last, which tells the time it took."""

    def convert(words: str, text: str | bytes, name: str = "history") -> tuple[int, list[str], list[str]]:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        code = main(["convert", *shlex.split(words), str(path)])
        said = capsys.readouterr()
        sentences = [line.replace(str(path), name) for line in said.err.splitlines()]
        return code, said.out.splitlines(), [line for line in sentences if not line.startswith("That took")]

    return convert


def energy_lines(readings) -> str:
    """Line protocol as energy-monitor writes it, of (second, steps of 10 Wh)."""
    return "".join(f"energy active_energy={steps * 10} {second}000000000\n" for second, steps in readings)


def values(lines: list[str]) -> Counter[tuple[int, str, float]]:
    """What lines say, whether in one point or in several."""
    points = [parse_line(line) for line in lines]
    return Counter((point["time"], name, value) for point in points for name, value in point["fields"].items())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_each_case_gives_its_lines_and_its_summary(case, capsys, monkeypatch, parsed):
    monkeypatch.chdir(case)
    (history,) = case.glob("input.*")

    code = main(["convert", *shlex.split((case / "words").read_text()), history.name])

    said = capsys.readouterr()
    assert said.out == (case / "expected.lines").read_text()
    sentences = said.err.splitlines()
    *_, took = (line for line in sentences if not line.startswith("wattline: "))
    assert took.startswith("That took ")
    sentences.remove(took)
    assert sentences == (case / "expected.summary").read_text().splitlines()
    assert code == (1 if sentences[-1].startswith("wattline: ") else 0)
    for line in said.out.splitlines():
        assert parse_line(line)["time"] % NS == 0


def test_all_exports_of_one_history_say_the_same(converted):
    dice = random.Random(1)
    names = ("active_energy", "active_power", "current", "power_factory", "voltage")
    samples, time_ns = [], BEGIN_S * NS
    for number in range(50):
        time_ns += dice.randrange(300_000_000, 2_000_000_000)
        drawn = (number // 5 * 10, dice.randrange(4000), dice.randrange(9000), 0.9, dice.randrange(22000, 24000) / 100)
        samples.append((time_ns, dict(zip(names, drawn, strict=True))))

    def stamp(ns: int) -> str:
        return f"{datetime.fromtimestamp(ns // NS, UTC):%Y-%m-%dT%H:%M:%S}.{ns % NS:09}Z"

    single = [f"energy {name}={sample[name]} {ns}" for name in names for ns, sample in samples]
    whole = [f"energy {','.join(f'{k}={v}' for k, v in sample.items())} {ns}" for ns, sample in samples]
    raw = [",result,table,_time,_value,_field,_measurement"]
    raw += [f",,0,{stamp(ns)},{sample[name]},{name},energy" for name in names for ns, sample in samples]
    pivoted = [f",result,table,_time,{','.join(names)}"]
    pivoted += [f",,0,{stamp(ns)},{','.join(str(value) for value in sample.values())}" for ns, sample in samples]

    found = [values(converted("energy-monitor", "\n".join(text))[1]) for text in (single, whole, raw, pivoted)]
    packed = converted("energy-monitor", gzip.compress("\n".join(raw).encode()))[1]

    assert found[0]
    assert all(other == found[0] for other in [*found[1:], values(packed)])


# The counter.


@settings(max_examples=300)
@given(
    st.integers(0, 5 * LOW_REGISTER),
    st.lists(st.tuples(st.sampled_from([1, 2, 7, 60, 3600, 90_000]), st.integers(0, 7000)), min_size=3, max_size=200),
)
def test_a_counter_comes_back_from_its_low_register(start, path):
    """Whatever the gaps, as long as none hides a turn: all readings, and all differences."""
    true, second, steps = [], BEGIN_S, float(start)
    for gap_s, watts in path:
        true.append((second, int(steps)))
        second += gap_s
        steps += gap_s * watts / 36_000
    course = CounterCourse(2, "kWh")

    found = list(Unwrap(course, POWER_W, LOW_REGISTER).each((at, value % LOW_REGISTER) for at, value in true))

    turns = start // LOW_REGISTER * LOW_REGISTER
    # A wrap in the last two readings is confirmed by none.
    assert found == [Reading(at, value - turns) for at, value in true][: len(found)]
    assert len(true) - len(found) == course.withheld <= 2
    assert course.resets == 0
    assert course.wraps == found[-1].steps // LOW_REGISTER
    assert course.grown == found[-1].steps - found[0].steps


@settings(max_examples=300)
@given(st.integers(0, LOW_REGISTER - 1), st.integers(0, LOW_REGISTER - 1), st.integers(3, 50), st.integers(3, 50))
def test_a_reset_is_told_from_a_wrap(before, after, length, rest):
    """Unless the new counter begins where the old one could have been: that is one of some thousands."""
    # What is too much for one second and not for three is neither.
    assume((after - before) % LOW_REGISTER not in {3, 4})
    readings = [(BEGIN_S + at, before) for at in range(length)]
    readings += [(BEGIN_S + length + at, after) for at in range(rest)]
    course = CounterCourse(2, "kWh")

    found = list(Unwrap(course, POWER_W, LOW_REGISTER).each(readings))

    goes_on = (after - before) % LOW_REGISTER <= 2
    assert (course.wraps, course.resets) == ((int(after < before), 0) if goes_on else (0, 1))
    assert [reading.second for reading in found] == [second for second, _ in readings]
    assert goes_on or [reading.steps for reading in found] == [steps for _, steps in readings]


@pytest.mark.parametrize(
    ("gap_s", "before_kwh", "after_kwh", "presumed_kwh"),
    [
        (6 * 3600, 300.0, 11.0, 11.0),
        (2, 300.0, 0.12, 0.12),
        (2, 300.0, 1.34, 0.0),
        (3600, 600.0, 21.0, 21.0),
        (3600, 600.0, 21.01, 0.0),
        (3600, 100.0, 190.0, 90.0),
        (3600, 100.0, 500.0, 0.0),
        (60, 100.0, 500.0, 0.0),
    ],
)
def test_a_reset_counts_as_in_the_rollups(gap_s, before_kwh, after_kwh, presumed_kwh):
    before, after = round(before_kwh * 100), round(after_kwh * 100)
    readings = [(BEGIN_S + 10 * n, before + n) for n in range(6)]
    readings += [(BEGIN_S + 50 + gap_s + 10 * n, after + 5 * (after > before) + n) for n in range(6)]
    course = CounterCourse(2, "kWh")

    list(Unwrap(course, POWER_W, LOW_REGISTER).each(readings))

    assert course.resets == 1
    assert course.presumed == round(presumed_kwh * 100)
    assert course.grown == 10 + course.presumed


@pytest.mark.parametrize("option", ["--meter", "--site"])
@pytest.mark.parametrize("name", ["my house", "", 'x"y', "a,b=c", "-x"])
def test_a_name_that_run_would_not_take_is_refused(capsys, option, name):
    assert main(["convert", "energy-monitor", f"{option}={name}", "old.csv"]) == 2
    assert "must have 1 to 64 letters, digits" in capsys.readouterr().err


def test_the_rule_is_that_of_the_task():
    text = (Path(__file__).parents[1] / "compose" / "influxdb" / "tasks" / "energy_15m.flux").read_text()
    limits = dict(re.findall(r"^(\w+) = ([\d.]+)$", text, re.MULTILINE))

    ours = {"hour_limit_kw": HOUR_LIMIT_KW, "average_limit_kw": AVERAGE_LIMIT_KW}
    ours |= {"coarsest_step_kwh": COARSEST_STEP_KWH, "first_step_kwh": FIRST_STEP_KWH}
    assert {name: float(value) for name, value in limits.items()} == ours


# One that lies where the counter may be by then cannot be told from a true one.
far_away = st.integers(0, LOW_REGISTER - 1).filter(lambda steps: abs(steps - 30_000) > 20)


@given(st.lists(far_away, min_size=1, max_size=2), st.integers(3, 24))
def test_false_readings_are_withheld_and_change_nothing_else(false, at):
    true = [(BEGIN_S + 2 * number, 30_000 + number // 4) for number in range(30)]
    readings = [(second, dict(enumerate(false, at)).get(number, steps)) for number, (second, steps) in enumerate(true)]
    course = CounterCourse(2, "kWh")

    found = list(Unwrap(course, POWER_W, LOW_REGISTER).each(readings))

    assert found == true[:at] + true[at + len(false) :]
    assert (course.wraps, course.resets, course.withheld) == (0, 0, len(false))
    assert course.grown == true[-1][1] - true[0][1]


def test_a_gap_that_may_hide_a_turn_is_told(converted):
    """At the usual power the counter would have come round once in the gap."""
    usual = [(BEGIN_S + 10 * number, number) for number in range(1000)]
    later = [(BEGIN_S + 700_000 + 10 * number, 2000 + number) for number in range(10)]

    _, _, said = converted("energy-monitor", energy_lines(usual + later))

    assert "energy_total_kwh: in 1 gap it may have turned once more unseen, so long it was not read." in said


def test_the_meters_display_tells_the_turns_before(converted):
    readings = [(BEGIN_S + number, 65_530 + number // 2) for number in range(20)]

    _, lines, _ = converted(
        "energy-monitor --meter-shows 1970.12", energy_lines((at, s % LOW_REGISTER) for at, s in readings)
    )

    found = [round(parse_line(line)["fields"]["energy_total_kwh"], 2) for line in lines]
    assert found == [round(1310.72 + steps / 100, 2) for _, steps in readings]


@given(st.integers(0, 10 * LOW_REGISTER), st.integers(0, LOW_REGISTER - 1))
def test_the_display_may_be_read_a_turn_later(total, since):
    """``last`` is all that the history knows: what the counter showed, modulo a turn."""
    last = total % LOW_REGISTER

    assert shift_to(total + since, last, LOW_REGISTER) + last == total


def test_a_display_below_its_history_is_refused(converted):
    code, _, said = converted("energy-monitor --meter-shows 10", energy_lines([(BEGIN_S + n, 2000) for n in range(5)]))

    assert code == 2
    assert said == [
        "wattline: The meter cannot show 10 kWh after --meter-shows: its history ends at 20.00 kWh, with 0 wraps."
    ]

    turned = [(BEGIN_S, 65_000), (BEGIN_S + 1, 65_535), (BEGIN_S + 2, 0), (BEGIN_S + 3, 1)]
    _, _, said = converted("energy-monitor --meter-shows 10", energy_lines(turned))
    assert said[0].endswith(" kWh, with 1 wrap.")


def test_a_counter_beyond_the_low_register_is_left_alone():
    assert modulus_of(LOW_REGISTER - 1) == LOW_REGISTER
    assert modulus_of(LOW_REGISTER) == 2**32


@given(st.dictionaries(st.integers(0, 9 * DAY_S), st.integers(0, 2**31 - 1), max_size=40), st.randoms())
def test_the_order_of_the_days_does_not_matter(numbers, dice):
    shelf, order = Shelf(), list(numbers.items())
    dice.shuffle(order)

    assert all(shelf.put(second, number) for second, number in order)
    assert list(shelf) == sorted(numbers.items())
    assert not any(shelf.put(second, number) for second, number in order)
    assert shelf.highest == max(numbers.values(), default=0)


# What is unsound.


def monitor(text: bytes) -> tuple[list[str], Tally]:
    """The lines that energy-monitor's history ``text`` becomes, and the tally."""
    tally = Tally(lambda _: None)
    conversion = EnergyMonitor(Settings("electricity", POWER_W), tally)
    source = Source("history", tally, io.BufferedReader(io.BytesIO(text)), Way(0, 0), Lines(print))
    lines = [conversion.take(sample, source) for sample in read_export(source, MEASUREMENT, FIELDS, tally)]
    return [line for line in [*lines, *conversion.rest()] if line], tally


@settings(max_examples=200)
@given(st.lists(st.one_of(st.text(max_size=60), st.binary(max_size=60)), max_size=10), st.integers(1, 40))
def test_nothing_unsound_costs_what_is_sound(junk, at):
    sound = [f"energy active_power={number} {BEGIN_S + number}000000000".encode() for number in range(40)]
    noise = [text.encode(errors="replace") if isinstance(text, str) else text for text in junk]

    lines, _ = monitor(b"\n".join([*sound[:at], *noise, *sound[at:]]))

    assert lines == [f"electricity power_w={number} {BEGIN_S + number}000000000\n" for number in range(40)]


@given(st.integers(1, 200))
def test_nothing_is_made_up_of_a_line_that_broke_off(length):
    whole = f"energy voltage=230.12 {BEGIN_S}000000000\n"
    text = f"{whole}energy active_power=1234 {BEGIN_S}123456789".encode()

    lines, tally = monitor(text[: -min(length, len(text) - len(whole))])

    assert lines == [f"electricity voltage_v=230.1171875 {BEGIN_S}000000000\n"]
    assert tally.left_out.total() <= 1


def test_a_packed_file_that_breaks_off_keeps_what_stands_before(converted):
    dice = random.Random(2)
    text = "".join(f"energy active_power={dice.randrange(4000)} {BEGIN_S + n}000000000\n" for n in range(20_000))
    packed = gzip.compress(text.encode())

    code, lines, said = converted("energy-monitor", packed[: len(packed) // 2], "history.gz")

    assert code == 1
    assert len(lines) > 5000
    assert "The file breaks off here" in said[0]
    assert "Nothing was left out." not in said
    place = said[0].partition(":")[0]
    assert said[-1] == (
        f"wattline: The history is not whole, it breaks off at {place}. What stands before is converted."
    )


def test_a_file_that_shrinks_keeps_what_stands_before(tmp_path, monkeypatch, capsys):
    """Cut in a row whose first part is a row too: 2 is not 230."""
    monkeypatch.setattr("wattline.convert.source.BUFFER_BYTES", 4096)
    rows = [f"{BEGIN_S + n},{230}\n" for n in range(20_000)]
    path = tmp_path / "history"
    path.write_text("time,U\n" + "".join(rows))
    whole_bytes, cut_bytes = path.stat().st_size, len("time,U\n" + "".join(rows[:15_000])) - 3

    def cut(_: Lines, done_bytes: int, *__: int) -> None:
        assert done_bytes < cut_bytes
        os.truncate(path, cut_bytes)

    monkeypatch.setattr(Lines, "at", cut)
    code = main(["convert", "csv", "--map", "U=voltage_v", str(path)])

    said = capsys.readouterr()
    assert code == 1
    assert [parse_line(line)["fields"] for line in said.out.splitlines()] == [{"voltage_v": 230.0}] * 14_999
    first, *_, last = said.err.splitlines()
    assert f"breaks off here (it had {whole_bytes} bytes and now has {cut_bytes})" in first
    assert last.startswith(f"wattline: The history is not whole, it breaks off at {path}, line 15000.")


class Failing(io.RawIOBase):
    """Some bytes, and then a disk that fails."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if not self._data:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        piece, self._data = self._data[: len(buffer)], self._data[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_read_error_keeps_what_stands_before():
    said: list[str] = []
    tally = Tally(said.append)
    source = Source("history", tally, io.BufferedReader(Failing(b"one\ntwo\n")), Way(0, 0), Lines(print))

    assert list(source) == ["one\n", "two\n"]
    assert said == [
        "history, line 2: The file breaks off here ([Errno 5] Input/output error); what stands before is kept."
    ]
    assert tally.broken_off == ["history, line 2"]
    assert "breaks off at history, line 2." in shortfall(tally)


def test_a_whole_file_without_a_last_newline_is_whole(converted):
    for text in (TABLE.rstrip("\n").encode(), gzip.compress(TABLE.rstrip("\n").encode())):
        code, lines, said = converted("csv --map P=power_w", text)

        assert (code, len(lines), said[-1]) == (0, 1, "Nothing was left out.")


def test_of_one_kind_five_sentences_are_said(converted):
    lines = [f"energy voltage={'x' if n else 230} {BEGIN_S + n}000000000" for n in range(1000)]

    _, _, said = converted("energy-monitor", "\n".join(lines))

    assert [line.partition(",")[0] for line in said[:5]] == ["history"] * 5
    assert said[4].endswith("More of this kind are counted only.")
    assert said[5].startswith("1 000 lines read, 1 point written")
    assert said[6:] == ["Values left out: 999 that cannot be read."]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "Error: unauthorized access\n", "cpu usage=1 1669852800000000000\n", "\0\0\0"]
)
def test_nothing_converted_is_no_success(converted, text):
    code, lines, said = converted("energy-monitor", text)

    assert (code, lines) == (1, [])
    assert said[-1] == "wattline: Nothing could be converted: the sentences above say why."
    assert len(said) >= 2


# Tables.


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("230", "", 230),
        ("230.1", "", 230.1),
        ("230,1", "", 230.1),
        ("-0,25", "", -0.25),
        ("1.234,5", "", 1234.5),
        ("1,234.5", "", 1234.5),
        ("1.234.567", "", 1_234_567),
        ("1 234,5", "", 1234.5),
        ("1'234.5", "", 1234.5),
        ("0,123", "", 0.123),
        ("1234,567", "", 1234.567),
        ("1 234,567", "", 1234.567),
        ("1.234e3", "", 1234),
        ("1,234", ".", 1234),
        ("1.234", ",", 1234),
        ("1e3", "", 1000),
    ],
)
def test_numbers_as_people_write_them(text, mark, number):
    assert number_of(text, mark) == number


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("", ""),
        ("1,2,3", ""),
        ("230.12", ","),
        ("0.123", ","),
        ("1,234", ""),
        ("-12.345", ""),
        ("12.34,5", ""),
        ("1_0", ""),
        ("inf", ""),
        ("0x1", ""),
    ],
)
def test_what_is_no_number_is_refused(text, mark):
    with pytest.raises(ValueError, match=r".*"):
        number_of(text, mark)


def table(*cells: str) -> str:
    """A table of one column P, a second for each cell."""
    return "time;P\n" + "".join(f"{BEGIN_S + number};{cell}\n" for number, cell in enumerate(cells))


def powers(lines: list[str]) -> list[float]:
    return [parse_line(line)["fields"]["power_w"] for line in lines]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("1,234.5", "1,234"), [1234.5, 1234]),
        (("1,234", "1,234.5"), [1234, 1234.5]),
        (("1,234", "1,5"), [1.234, 1.5]),
        (("1,234", "0,500"), [1.234, 0.5]),
        (("1.234", "7.654.321"), [1234, 7_654_321]),
        (("12.345", "12345.678"), [12.345, 12345.678]),
        (("230", "231"), [230, 231]),
    ],
)
def test_a_file_has_one_decimal_mark(converted, cells, found):
    """Once a cell has shown it, before or behind, it holds for all."""
    code, lines, _ = converted("csv --map P=current_a", table(*cells))

    assert code == 0
    read = [parse_line(line)["fields"]["current_a"] for line in lines]
    assert read == [pytest.approx(number, abs=0.001) for number in found]


def test_what_contradicts_the_mark_is_refused(converted):
    code, lines, said = converted("csv --map P=power_w", table("1,5", "2.5", "1.234"))

    assert (code, powers(lines)) == (0, [1.5, 1234])
    assert said[0] == "history, line 3, column 'P': '2.5' is no number with a decimal comma."
    assert said[-1] == "Values left out: 1 that cannot be read."


def test_an_ambiguous_number_is_refused(converted):
    code, lines, said = converted("csv --map P=power_w", table("1.234", "230", "1,234"))

    assert (code, powers(lines)) == (1, [230])
    assert (
        said[0]
        == "history, line 2, column 'P': '1.234' has decimals or thousands: say with --decimal what its mark is."
    )
    assert said[-2:] == [
        "Values left out: 2 that are one number by a decimal point and another by a comma.",
        "wattline: Left out for want of --decimal point or --decimal comma: 2 values; run it again.",
    ]
    code, lines, _ = converted("csv --map P=power_w --decimal comma", table("1.234", "230"))
    assert (code, powers(lines)) == (0, [1234, 230])


@given(
    st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=8),
    st.integers(0, 3),
    st.sampled_from([".", ","]),
    st.booleans(),
)
def test_no_number_is_ever_read_as_another(numbers, decimals, mark, is_grouped):
    """Whatever a program writes: as it is meant, or left out and told."""
    other = "," if mark == "." else "."
    texts = [f"{number / 10**decimals:{',' if is_grouped else ''}.{decimals}f}" for number in numbers]
    cells = [text.translate(str.maketrans(",.", other + mark)) for text in texts]
    tally = Tally(lambda _: None)
    form = Form((Column("P", "power_w", 1000.0),), Stamps(None))
    text = io.BufferedReader(io.BytesIO(table(*cells).encode()))
    source, conversion = Source("history", tally, text, Way(0, 0), Lines(print)), Table(form, "electricity", tally)

    lines = [conversion.take(sample, source) for sample in read_table(source, form, tally)]
    lines = [line for line in "".join([*lines, *conversion.rest()]).splitlines() if line]

    assert len(lines) + tally.left_out[AMBIGUOUS] == len(numbers)
    assert tally.left_out.total() == tally.left_out[AMBIGUOUS]
    for line in lines:
        point = parse_line(line)
        assert point["fields"]["power_w"] == pytest.approx(numbers[point["time"] // NS - BEGIN_S] * 1000 / 10**decimals)


def test_a_mark_that_shows_late_settles_what_follows(converted, monkeypatch):
    monkeypatch.setattr("wattline.convert.table.LOOK_AHEAD_ROWS", 3)

    code, lines, said = converted("csv --map P=power_w", table("1,234", "7", "1,235", "1,236", "1,5", "2,250"))

    assert (code, powers(lines)) == (1, [7, 1.5, 2.25])
    assert said[-2].startswith("Values left out: 3 that are one number")


def test_rows_do_not_wait_for_ever():
    tally = Tally(lambda _: None)
    form = Form((Column("P", "power_w", 1.0),), Stamps(None))
    source = Source("history", tally, io.BufferedReader(io.BytesIO(b"")), Way(0, 0), Lines(print))
    conversion = Table(form, "electricity", tally)
    samples = [Sample("", "", (BEGIN_S + n) * NS, [("P", str(n))]) for n in range(LOOK_AHEAD_ROWS + 2)]

    written = [conversion.take(sample, source).count("\n") for sample in samples]

    assert written == [0] * (LOOK_AHEAD_ROWS - 1) + [LOOK_AHEAD_ROWS - 1, 1, 1]


def test_each_file_has_a_mark_of_its_own(tmp_path, capsys):
    """Also what waited at the end of one is written before the next."""
    for name, cells in (("a", ("1,5", "1.234")), ("b", ("1.5", "1,234")), ("c", ("1,234",))):
        (tmp_path / name).write_text(table(*cells).replace(f"{BEGIN_S}", f"{BEGIN_S + ord(name) * 100}"))

    code = main(["convert", "csv", "--map", "P=power_w", *(str(tmp_path / name) for name in "abc")])

    said = capsys.readouterr()
    assert code == 1
    assert Counter(powers(said.out.splitlines())) == {1.5: 2, 1234.0: 2}
    assert "c, line 2, column 'P': '1,234' has decimals or thousands" in said.err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1669852800", 0),
        ("1669852800.5", 0.5),
        ("1669852800250", 0.25),
        ("1669852800000000250", 250e-9),
        ("2022-12-01T00:00:00Z", 0),
        ("2022-12-01T00:00:00.25Z", 0.25),
        ("2022-12-01 01:00:00+01:00", 0),
        ("2022-12-01 01:00", 0),
        ("2022-12-01T01:00:07", 7),
    ],
)
def test_times_as_people_write_them(text, seconds):
    assert Stamps(ROME).to_ns(text) == BEGIN_S * NS + round(seconds * NS)


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.integers(0, 999))
def test_a_time_of_influxdb_is_exact(moment, nanoseconds):
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}{nanoseconds:03}Z"

    seconds = int(moment.replace(microsecond=0).timestamp())
    assert utc_ns(text) == Stamps(None).to_ns(text) == seconds * NS + moment.microsecond * 1000 + nanoseconds


@pytest.mark.parametrize("zone", ["Europe/Rome", "Australia/Lord_Howe"])
def test_each_hour_of_the_switch_days_comes_back(zone):
    """Also those that occur twice, and with half an hour in place of one."""
    for day in ("2022-03-27", "2022-10-30", "2022-04-03", "2022-10-02"):
        first = int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) - 50_400
        seconds = list(range(first, first + 150_000, 300))
        stamps = Stamps(ZoneInfo(zone))
        local = [f"{datetime.fromtimestamp(second, ZoneInfo(zone)):%Y-%m-%d %H:%M}" for second in seconds]

        assert [stamps.to_ns(text) // NS for text in local] == seconds


def test_a_pattern_reads_other_times():
    assert Stamps(ROME, "%d.%m.%Y %H:%M").to_ns("01.12.2022 01:00") == BEGIN_S * NS


TABLE = "time,P\n2022-12-01T00:00:00Z,5\n"


@pytest.mark.parametrize(
    ("words", "text", "sentence"),
    [
        ("csv", TABLE, "No column is mapped: say with --map"),
        ("csv --map P", TABLE, "'P' after --map must be COLUMN=FIELD[,UNIT]"),
        ("csv --map P=power", TABLE, "There is no field 'power' ('P=power'); the nearest is 'power_w'."),
        ("csv --map P=power_w,KW", TABLE, "There is no unit 'KW' of power_w ('P=power_w,KW'); "),
        ("csv --map Q=power_w", TABLE, "history has no column 'Q'; its columns are time, P."),
        ("csv --map P=power_w --map time=power_w", TABLE, "The columns 'P' and 'time' are both mapped to power_w"),
        ("csv --map P=power_w --time tim", TABLE, "history has no column 'tim'; the nearest is 'time'; its columns"),
        ("csv --map P=power_w", "a,P\n1,2\n", "Which column of history is the time cannot be told"),
        ("csv --map P=power_w", "time,P\n2022-12-01 00:00,2\n", "names no time zone: say with --timezone"),
        ("csv --map P=power_w --timezone Europe/Room", TABLE, "There is no time zone 'Europe/Room'; the nearest is"),
        ("csv --map P=power_w --meter-shows 7", TABLE, "--meter-shows is no word of `wattline convert csv`"),
        ("csv --map missing.toml", TABLE, "The map 'missing.toml' cannot be read"),
        (
            "csv --map P=power_w",
            "time,P,P\n0,1,2\n",
            "history has more than one column 'P': give each a name of its own",
        ),
        ("csv --map P=power_w --time t", "t,t,P\n0,1,2\n", "history has more than one column 't': give each a name"),
        ("csv --map P=power_w --decimal komma", TABLE, "'komma' must be one of point, comma; the nearest is 'comma'"),
        ("energy-monitor --map P=power_w", "", "--map is no word of `wattline convert energy-monitor`"),
        ("energy-monitor --meter-shows 12,5", "", "'12,5' must be a number that is not below zero"),
        (
            "energy-monitr",
            "",
            "'energy-monitr' must be one of energy-monitor, raven, csv; the nearest is 'energy-monitor'",
        ),
        (
            "old.csv",
            "",
            "The format comes before the file: 'old.csv' is none, which must be one of energy-monitor, raven, csv;",
        ),
        ("raven --meter-shows 1", "", "--meter-shows is no word of `wattline convert raven`"),
        ("raven --map a=power_w", "", "--map is no word of `wattline convert raven`"),
        ("csv --run-tags", "", "--run-tags is no word of `wattline convert csv`"),
        ("raven", "time,demand,divisor\n", "has no column 'multiplier'"),
        ("raven", "2016-10-20 12:00:00,1,1,1\n", "say with --timezone which is meant"),
        ("raven", f"{INTO[:-8]}(time, demand) VALUES (1,2);\n", "has no column 'multiplier'"),
        ("energy-monitor /nowhere/history", "", "The history '/nowhere/history' cannot be opened: No such file"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_wrong_words_are_refused_in_one_sentence(converted, words, text, sentence):
    code, lines, said = converted(words, text)

    assert (code, lines) == (2, [])
    (complaint,) = said
    assert sentence in complaint


@pytest.mark.parametrize("words", ["csv --map P=power_w", "csv --map P=power_w --time taken"])
@pytest.mark.parametrize(
    "text",
    [
        "-- MySQL dump 10.13  Distrib 8.0.36\n--\nCREATE TABLE `power` (`taken` datetime, `P` int);\n",
        "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n",
        "--\n-- PostgreSQL database dump\n--\n",
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n",
        "INSERT INTO power VALUES ('2022-12-01 00:00:00', 5);\n",
    ],
)
def test_a_dump_of_another_table_is_told_the_way_on(converted, words, text):
    code, lines, (complaint,) = converted(words, text)

    assert (code, lines) == (2, [])
    assert "history is a dump of SQL, and csv takes a table with a header: " in complaint
    assert "`mysql --batch -e 'SELECT ...'`" in complaint


@pytest.mark.parametrize("first", ["# time", "-- time", "set"])
def test_a_header_may_begin_as_a_dump_does(converted, first):
    code, lines, _ = converted(f"csv --map P=power_w --time {shlex.quote(first)}", TABLE.replace("time", first))

    assert (code, len(lines)) == (0, 1)


def test_the_names_of_the_time_are_told_as_they_are(capsys):
    with pytest.raises(SystemExit):
        main(["convert", "--help"])
    (told,) = re.findall(r"unless given the one of ([^-]*)", capsys.readouterr().out)
    readme = (Path(__file__).parents[1] / "plugin" / "README.md").read_text()
    (row,) = re.findall(r"^\| `--time` \|.*$", readme, re.MULTILINE)

    assert tuple(re.split(r",\s+", told.strip())) == TIME_NAMES
    assert tuple(re.findall(r"`(\w+)`", row)) == TIME_NAMES


def raven(text: bytes, *, has_run_tags: bool = False) -> tuple[list[str], Tally]:
    tally = Tally(print)
    raw = io.BufferedReader(io.BytesIO(text))
    source = Source("it", tally, raw, Way(0, 0), Lines(print))
    point = Point("electricity", {"meter": "house"}, {"": 0.0}, 0)
    conversion = Raven(point, tally, has_run_tags=has_run_tags)
    samples = read_raven(source, RavenForm(UTC), tally)
    lines = [line for sample in samples if (line := conversion.take(sample, source))]
    return "".join([*lines, *conversion.rest()]).split("\n")[:-1], tally


def sql_row(second: int, demand: int, run: str = "lab") -> str:
    quoted = run.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"('{datetime.fromtimestamp(BEGIN_S + second, UTC):%Y-%m-%d %H:%M:%S}',{demand},1,1000,'{quoted}','6f1c')"


def test_a_statement_of_a_megabyte_comes_in_pieces():
    rows = [sql_row(second, second % 5000) for second in range(30_000)]
    lines, tally = raven(f"{INTO}{','.join(rows)};\n".encode())
    assert [parse_line(line)["fields"]["power_w"] for line in lines] == [second % 5000 for second in range(30_000)]
    assert tally.left_out == {}


@settings(max_examples=300)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_the_name_of_a_run_comes_back(run):
    lines, tally = raven(f"{INTO}{sql_row(0, 1, run)},{sql_row(1, 2, run)};\n".encode(), has_run_tags=True)
    assert lines == [
        to_line(Point("electricity", {"meter": "house", "run": run, "run_id": "6f1c"}, {"power_w": float(n)}, at * NS))
        for n, at in ((1, BEGIN_S), (2, BEGIN_S + 1))
    ]
    assert tally.left_out == {}


@pytest.mark.parametrize("end", ["", ";", ",", ",(", ",('x", ",('x';", ",('x);"])
def test_a_statement_that_breaks_off_costs_not_the_next(end):
    lines, _ = raven(f"{INTO}{sql_row(0, 0)}{end}\n{INTO}{sql_row(1, 1)},{sql_row(2, 2)};\n".encode())
    assert [parse_line(line)["fields"]["power_w"] for line in lines] == [0, 1, 2]


@settings(max_examples=300)
@given(st.text("(),;' x1\\\n", max_size=20), st.integers(0, 9), st.sampled_from([",", ",\n"]))
def test_a_broken_row_costs_no_other(junk, at, between):
    """Whatever stands in its brackets, save a quotation mark of its own, which may belong to what follows."""
    rows = [sql_row(second, second) for second in range(10)]
    rows.insert(at, f"({junk.replace(chr(39), '').replace(';', '')})")
    lines, _ = raven(f"{INTO}{between.join(rows)};\n".encode())
    assert [parse_line(line)["fields"]["power_w"] for line in lines] == list(range(10))


@given(st.lists(st.one_of(st.text(max_size=60), st.binary(max_size=60)), max_size=10), st.booleans())
def test_nothing_of_a_table_of_junk_is_made_up(junk, is_dump):
    """A line that is none costs nothing that comes before, and no error escapes."""
    good = [f"{INTO}{sql_row(0, 1)};" if is_dump else sql_row(0, 1)[1:-1].replace("'", "")]
    text = [each.encode(errors="replace") if isinstance(each, str) else each for each in junk]
    lines, _ = raven(good[0].encode() + b"\n" + b"\n".join(text))
    assert f"electricity,meter=house power_w=1 {BEGIN_S}000000000" in lines


ROW = b"2016-10-20 12:00:00,627,1,1000,lab,6f1c\n"
BROKEN_OFF = "it breaks off at it, line "


@pytest.mark.parametrize("cut", range(1, len(ROW)))
def test_a_table_that_was_cut_is_told_and_its_torn_row_not_believed(cut):
    """Wherever it is cut, with commas or tabs; a divisor of 1000 is none of 1."""
    for text in (ROW, ROW.replace(b",", b"\t")):
        lines, tally = raven(text + text.replace(b"00,", b"15,")[:cut])
        assert len(lines) == 1
        assert f"{BROKEN_OFF}2." in shortfall(tally)


def test_a_packed_dump_that_was_cut_is_told_once():
    """Though its package and its statement are both without an end."""
    between = ",\n"
    packed = gzip.compress(f"{INTO}{between.join(sql_row(second, second * 7) for second in range(500))};\n".encode())
    _, tally = raven(packed[: len(packed) // 2])
    assert len(tally.broken_off) == 1


def test_an_open_quotation_mark_at_the_end_is_told():
    lines, tally = raven(ROW + b'2016-10-20 12:00:15,628,1,1000,"la\n')
    assert len(lines) == 1
    assert f"{BROKEN_OFF}2." in shortfall(tally)


@pytest.mark.parametrize(
    "last",
    [
        b"2016-10-20 12:00:15,628,1,1000,lab,6f1c\n",
        b"2016-10-20 12:00:15,628,1,1000,lab,6f1c\r\n",
        b'"2016-10-20 12:00:15","628","1","1000","5"" pipe","6f1c"',
        b'2016-10-20 12:00:15,628,1,1000,5" pipe,6f1c\n',
        b'2016-10-20 12:00:15,628,1,1000,"5"" pipe, wide",6f1c\n\n',
    ],
)
def test_a_whole_table_is_whole(last):
    lines, tally = raven(ROW + last)
    assert [parse_line(line)["fields"]["power_w"] for line in lines] == [627, 628]
    assert shortfall(tally) == ""


WHOLE_DUMPS = {
    "-- Dump completed": f"-- MySQL dump 10.13\n{INTO}{sql_row(0, 0)},\n{sql_row(1, 1)};\n-- Dump completed on 2018\n",
    "COMMIT;": f"BEGIN TRANSACTION;\n{INTO}{sql_row(0, 0)};\n{INTO}{sql_row(1, 1)};\nCOMMIT;\n",
    ";": f"{INTO}{sql_row(0, 0)},{sql_row(1, 1)};\n",
}


@pytest.mark.parametrize("end", WHOLE_DUMPS)
def test_a_dump_that_was_cut_is_told(end):
    """Wherever it is cut between its first row and its ``end``; one that is whole is not."""
    text = WHOLE_DUMPS[end]
    whole, tally = raven(text.encode())
    assert (len(whole), shortfall(tally)) == (2, "")
    for cut in range(text.index(")", text.index("6f1c")) + 1, text.rindex(end) + len(end)):
        lines, tally = raven(text[:cut].encode())
        assert lines == whole[: len(lines)]
        assert BROKEN_OFF in shortfall(tally), text[:cut]


def test_the_table_of_sqlite_is_read_without_its_definition():
    lines, tally = raven(b"INSERT INTO demand VALUES(2,630,1,1000,528988133);\n")
    assert lines == [f"electricity,meter=house power_w=630 {528988133 + 946684800}{'0' * 9}"]
    header = b"id,instantaneous_demand,multiplier,divisor,date_time\n2,630,1,1000,528988133\n"
    assert raven(header)[0] == lines
    assert shortfall(tally) == ""


def test_the_number_of_a_row_is_no_time():
    """As the first column is without a header."""
    lines, tally = raven(b"2,630,1,1000,528988133\n")
    assert (lines, tally.left_out) == ([], {UNREADABLE: 1})


@pytest.mark.parametrize(
    ("demand", "divisor", "power_w"),
    [
        (16777200, 1000, -16),
        (8388608 + 8000000, 1000, -388608),
        (8388607, 1000, 8388607),
        (8388608, 1000, None),
        (16777200, 100000, 167772),
        (9000000, 1000000, 9000),
        (16777215, 1, -1000),
        (1 << 24, 1000, 1 << 24),
        (4294966296, 1000, -1000),
    ],
)
def test_a_sign_of_24_bits_comes_back(demand, divisor, power_w):
    """Where the number is more than a house draws, 400 kW, and only there; what is more than that either way is none."""
    lines, _ = raven(f"2016-10-20 12:00:00,{demand},1,{divisor}\n".encode())
    assert [parse_line(line)["fields"]["power_w"] for line in lines] == ([] if power_w is None else [power_w])


@pytest.mark.parametrize(("packed", "packer"), [(bz2.compress(b"a"), "bzip2"), (lzma.compress(b"a"), "xz")])
def test_another_packing_is_named(converted, packed, packer):
    code, lines, (complaint,) = converted("energy-monitor", packed)

    assert (code, lines) == (2, [])
    assert f"is packed by {packer}, and only gzip is read as it is: unpack it first." in complaint


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tiem = 'a'\n[columns]\nP = 'power_w'", "says 'tiem'; the nearest is 'time'; it may say time, "),
        ("time = 1\n[columns]\nP = 'power_w'", "says time = 1; that must be a text"),
        ("time = 'a'", "has no table [columns]"),
        ("time = ", "is not TOML"),
        ("decimal = 'komma'\n[columns]\nP = 'power_w'", "decimal = 'komma' must be one of point, comma"),
    ],
)
def test_a_wrong_map_is_refused_in_one_sentence(converted, tmp_path, text, sentence):
    (tmp_path / "map.toml").write_text(text)

    code, _, (complaint,) = converted(f"csv --map {tmp_path}/map.toml", TABLE)

    assert code == 2
    assert sentence in complaint


def test_the_map_of_the_readme_is_one(tmp_path):
    text = (Path(__file__).parents[1] / "plugin" / "README.md").read_text()
    (block,) = re.findall(r"```toml\n([^`]*\[columns\][^`]*)```", text)
    (tmp_path / "map.toml").write_text(block)

    said = parse_maps([str(tmp_path / "map.toml")])

    assert said.words == {"time": "Ora", "timezone": "Europe/Rome"}
    assert said.columns == (Column("Potenza (kW)", "power_w", 1000.0), Column("Totale", "energy_import_kwh", 1.0))


# The program.


def run(*words: str, text: bytes = b"", **options) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "wattline", "convert", *words]
    return subprocess.run(command, input=text, capture_output=True, check=False, **options)


def test_files_stand_before_or_behind_the_options(tmp_path):
    for number in (1, 2):
        (tmp_path / str(number)).write_text(f"energy voltage=230 166985280{number}000000000\n")
    expected = "".join(f"electricity,meter=a,role=grid,site=home voltage_v=230 166985280{n}000000000\n" for n in (1, 2))

    for words in ("--meter a energy-monitor 1 2", "energy-monitor --meter a 1 2", "energy-monitor 1 2 --meter a"):
        assert run(*words.split(), cwd=tmp_path).stdout.decode() == expected
    both = b"".join((tmp_path / str(number)).read_bytes() for number in (1, 2))
    assert run("energy-monitor", "--meter", "a", text=both).stdout.decode() == expected


def test_the_values_lie_on_the_grain_of_the_live_meter(converted):
    """The same registers, once as energy-monitor noted them and once as wattline decodes them."""
    shown = {"voltage_v": 231.42, "current_a": 3.125, "power_w": 723, "power_factor": 0.945, "frequency_hz": 50.01}
    shown |= {"reactive_power_var": 237, "apparent_power_va": 761, "energy_total_kwh": 63.25}
    image = encode(MODEL.rows, shown)
    live = {}
    for row in MODEL.rows:
        if row.field in shown:
            live |= decode([row], row.address, [image[row.address + n] for n in range(row.encoding.count)]).values
    noted = "voltage=231.42,current=3125,active_power=723,power_factory=0.945,frequency=50.01"
    noted += ",reactive_power=237,apparent_power=761,active_energy=63250"

    _, lines, _ = converted("energy-monitor", f"energy {noted} {BEGIN_S}000000000\n")

    assert {name: value for _, name, value in values(lines)} == live


def test_memory_does_not_grow_with_the_history():
    """Four months are some pages more than one day, and those are packed."""
    shelf = Shelf()
    tracemalloc.start()
    for day in range(120):
        for second in range(day * DAY_S, (day + 1) * DAY_S, 600):
            shelf.put(second, second // 30)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 3_000_000
    assert kept < 2_500_000


def test_lines_tell_twice_a_minute():
    said, now = [], [0.0]
    lines = Lines(said.append, lambda: now[0])
    for second in range(65):
        now[0] = float(second)
        lines.at(second, 100, 1_000_000 * second)

    assert said == ["Converting: 30 %, 30.0 million lines.", "Converting: 60 %, 60.0 million lines."]
    now[0] = 1000.0
    lines.at(70, 0, 2_000_000)
    assert said[2:] == ["Converting: 2.0 million lines."]


def test_the_bar_moves_and_lets_itself_be_talked_over(monkeypatch):
    monkeypatch.setattr("wattline.bar.EVERY_S", 0.0)
    screen = io.StringIO()
    with Bar(Console(file=screen, force_terminal=True, width=80)) as bar:
        bar.at(25, 100, 2_500_000)
        bar.say("energy.csv, line [7]: is odd.")
        bar.at(75, 100, 7_500_000)

    assert "2.5 million lines" in screen.getvalue()
    assert "75%" in screen.getvalue()
    assert "energy.csv, line [7]: is odd." in screen.getvalue()


def test_a_terminal_gets_a_bar(terminal, tmp_path):
    (tmp_path / "history").write_text("".join(f"energy voltage=230 {BEGIN_S + n}000000000\n" for n in range(20_000)))
    with (tmp_path / "lines").open("wb") as lines:
        options = {**terminal.options(), "stdout": lines}
        words = [sys.executable, "-m", "wattline", "convert", "energy-monitor", str(tmp_path / "history")]
        process = subprocess.Popen(words, **options)
        terminal.wait_for("lines a second")

    assert process.wait(10) == 0
    assert re.search(r"0\.0 million lines.*━.*\d+%", terminal.shown)
    assert len((tmp_path / "lines").read_text().splitlines()) == 20_000


def test_a_terminal_without_a_history_is_told_what_is_missing(terminal):
    process = subprocess.Popen([sys.executable, "-m", "wattline", "convert", "energy-monitor"], **terminal.options())
    terminal.wait_for("No history was given: name its FILE")

    assert process.wait(10) == 2


def test_a_pipe_stays_quiet():
    text = "".join(f"energy voltage=230 {BEGIN_S + n}000000000\n" for n in range(20_000)).encode()

    said = run("energy-monitor", text=text).stderr.decode().splitlines()

    assert len(said) == 3
    assert said[0].startswith("20 000 lines read, 20 000 points written (20 000 values), 20 000 seconds from ")


def test_it_ends_quietly_when_nobody_reads(tmp_path):
    (tmp_path / "history").write_text("".join(f"energy voltage=230 {BEGIN_S + n}000000000\n" for n in range(50_000)))
    words = [sys.executable, "-m", "wattline", "convert", "energy-monitor", str(tmp_path / "history")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(10) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_one_sentence():
    text = "".join(f"energy voltage=230 {BEGIN_S + n}000000000\n" for n in range(5000)).encode()
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "wattline", "convert", "energy-monitor"]
        found = subprocess.run(words, input=text, stdout=full, stderr=subprocess.PIPE, check=False)

    assert found.returncode == 1
    assert found.stderr.decode() == "wattline: Lines cannot be written to standard output: No space left on device.\n"
