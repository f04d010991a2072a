"""The benchmark measures what it says.

| fault | test |
|---|---|
| Telegraf refuses its configuration, such as for a hexadecimal number | test_telegraf_accepts_its_configuration |
| a reader reads something else than the others | test_every_reader_reads_the_same_quantities_rightly |
| a reader ends or reads nothing, and the benchmark goes on or ends in a traceback | test_a_reader_that_ends_is_told_of_at_once, test_a_reader_that_reads_nothing_is_told_of, test_a_missing_telegraf_is_told_of |
| the wire's minimum is another than the computed one | test_the_minimum_is_the_computed_wire_time |
| a reader that keeps no silence looks faster than the wire | test_no_sweep_is_faster_than_its_minimum |
| sweeps of two meters, or of two seconds, are taken for one; a trial is taken for one | test_sweeps_are_told_apart |
| a reply that never came, or was a refusal, counts as a read | test_only_what_was_answered_is_an_exchange |
| a line that is not whole yet counts as a reading | test_a_reading_is_a_whole_line_with_power |
| a table is torn | test_every_row_has_a_cell_for_each_heading |
"""

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from bench import readers, table
from bench.measure import REQUEST_S, SETTINGS, Exchange, Measured, Sweep, exchanges_of, readings_of, sweeps_of
from bench.rig import BenchError, Rig
from wattline.meters import load_models
from wattline.simulate import Served

TESTS = Path(__file__).parent
MODEL = load_models()["orno-we515"]
POWER = 0x0140
S6, M3, B1 = (2, 2, 2, 2, 2, 1), (2, 2, 25), (41,)
WORDS = readers.meter_words(readers.ORNO, 2)


def exchange(meter: str, first: int, began_s: float, took_s: float = 0.04) -> Exchange:
    return Exchange(meter, first, 2, began_s, began_s + took_s)


def sweep(counts: tuple[int, ...], turnaround_s: float, silences_s: tuple[float, ...]) -> Sweep:
    """Reads of ``counts`` registers, as fast as the wire allows, and the silence behind each."""
    now, exchanges = 0.0, []
    for count, silence_s in zip(counts, silences_s, strict=True):
        took_s = SETTINGS.read_s(count, turnaround_s) - SETTINGS.silence_s
        exchanges.append(Exchange("house", 0x0130, count, now, now + took_s))
        now += took_s + silence_s
    return Sweep(tuple(exchanges))


@pytest.mark.parametrize("optimization", ["none", "max_insert"])
@pytest.mark.parametrize("meters", [1, 5])
def test_telegraf_accepts_its_configuration(server, tmp_path: Path, meters: int, optimization: str) -> None:
    path = tmp_path / "telegraf.conf"
    path.write_text(readers.telegraf_configuration(meters, optimization, with_totals=True).replace("{port}", "/dev/x"))

    words = [server("telegraf"), "config", "check", "--config", str(path)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    assert "E!" not in result.stderr


def served_by(truth: Path) -> dict[str, set[float]]:
    """Field to what the meters have said."""
    said: dict[str, set[float]] = {}
    for line in truth.read_text().splitlines():
        for name, value in json.loads(line)["values"].items():
            said.setdefault(name, set()).add(value)
    return said


@pytest.mark.timeout(60)
def test_every_reader_reads_the_same_quantities_rightly(server: Callable[[str], str], tmp_path: Path) -> None:
    """The real Telegraf, the plain reader and wattline, each on two simulated meters."""
    lanes = [*readers.telegraf_readers(server("telegraf"), 2, with_totals=True), readers.plain_reader(WORDS)]
    lanes += readers.wattline_readers(WORDS)[:1]
    wanted = {row.field for row in readers.quantities(MODEL)}
    decimals = {row.field: row.decimals for row in MODEL.rows}
    assert len(wanted) == 9
    with Rig(tmp_path, lanes, 20, meters=2) as rig:
        while min(len(readings_of(lane.readings)) for lane in rig.lanes) < 4:
            rig.wait(0.5)
        measured = rig.measure(5)
        for lane in rig.lanes:
            lines = [line for line in lane.readings.read_text().splitlines() if line.startswith("electricity,")]
            said = served_by(lane.truth)
            points = [parse_line(line) for line in lines]
            assert wanted <= set().union(*(point["fields"] for point in points)), lane.reader.name
            for point in points:
                for name in wanted & point["fields"].keys():
                    assert round(point["fields"][name], decimals[name]) in said[name], lane.reader.name
    for each in measured:
        assert each.readings > 0
        assert each.ratios[0] >= 0.999
        assert 1 < each.resident_mb < 100


def settle(folder: Path, *command: str) -> None:
    """Wait for a reader that is a command of the shell."""
    with Rig(folder, [readers.Reader("patient", "refuse", ("sh", "-c", *command))], 20) as rig:
        rig.settle()


def test_a_reader_that_ends_is_told_of_at_once(tmp_path: Path) -> None:
    began_s = time.monotonic()
    with pytest.raises(BenchError, match=r"^patient ended with code 3; its last words: E! no such key$"):
        settle(tmp_path, "echo 'E! no such key' >&2; exit 3")
    assert time.monotonic() - began_s < 5


def test_a_reader_that_reads_nothing_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.rig.FIRST_READING_S", 2)
    with pytest.raises(BenchError, match=r"^patient has read nothing in 2 s; its last words: waiting$"):
        settle(tmp_path, "echo waiting >&2; exec sleep 60")


@pytest.mark.parametrize(
    ("program", "sentence"), [("/nowhere/telegraf", "`make servers` builds Telegraf"), ("true", "is not Telegraf")]
)
def test_a_missing_telegraf_is_told_of(program: str, sentence: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    words = [sys.executable, "-m", "bench.run", "--telegraf", program]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("counts", "turnaround_ms", "wire_ms"),
    [(S6, 5, 169), (S6, 20, 259), (S6, 50, 439), (M3, 20, 183), (B1, 5, 118), (B1, 20, 133), (B1, 50, 163)],
)
def test_the_minimum_is_the_computed_wire_time(counts: tuple[int, ...], turnaround_ms: int, wire_ms: int) -> None:
    """Figures computed elsewhere, for 9600 8E1: characters, turnarounds, and a silence behind each reply."""
    quick = sweep(counts, turnaround_ms / 1000, (SETTINGS.silence_s,) * len(counts))

    assert round(1000 * quick.least_s(turnaround_ms / 1000)) == wire_ms
    assert quick.took_s == pytest.approx(quick.least_s(turnaround_ms / 1000))


@given(
    st.lists(st.tuples(st.integers(1, 125), st.floats(0, 0.1)), min_size=1, max_size=12), st.floats(0, 0.1), st.data()
)
def test_no_sweep_is_faster_than_its_minimum(reads, turnaround_s: float, data: st.DataObject) -> None:
    """Whatever silence a reader keeps, and however long a meter thinks beyond its turnaround."""
    counts, silences_s = zip(*reads, strict=True)
    slower_s = turnaround_s + data.draw(st.floats(0, 0.1))

    seen = sweep(counts, slower_s, silences_s)

    assert seen.took_s >= seen.least_s(turnaround_s) - 1e-9


@pytest.mark.parametrize(
    ("exchanges", "sweeps"),
    [
        pytest.param([("a", 0x0130, 0), ("a", 0x0140, 0.05)], [2], id="one"),
        pytest.param([("a", 0x0130, 0), ("a", 0x0140, 0.05), ("b", 0x0140, 0.1)], [2, 1], id="another meter"),
        pytest.param([("a", 0x0140, 0), ("a", 0x0130, 0.5), ("a", 0x0140, 0.55)], [1, 2], id="a pause"),
        pytest.param([("a", 0x0140, 0), ("a", 0x0140, 0.05), ("a", 0x0148, 0.1)], [1, 2], id="the same again"),
        pytest.param([("a", 0x0140, 0), ("a", 0xA000, 0.6)], [1], id="no power"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_sweeps_are_told_apart(exchanges: list[tuple[str, int, float]], sweeps: list[int]) -> None:
    found = sweeps_of(itertools.starmap(exchange, exchanges), POWER)

    assert [len(each.exchanges) for each in found] == sweeps


def test_only_what_was_answered_is_an_exchange(tmp_path: Path) -> None:
    sound = Served(10**9, 5 * 10**9, "house", 1, 3, POWER, 2, (0, 7), {"power_w": 7.0}, sent_monotonic_ns=5_030_000_000)
    entries = [
        sound,
        dataclasses.replace(sound, refusal=2),
        dataclasses.replace(sound, faults=["collision"]),
        dataclasses.replace(sound, sent_monotonic_ns=None),
    ]
    truth = tmp_path / "truth"
    truth.write_text("".join(json.dumps(dataclasses.asdict(entry)) + "\n" for entry in entries))

    assert exchanges_of(truth) == [Exchange("house", POWER, 2, 1 - REQUEST_S, pytest.approx(1.03))]


def test_a_reading_is_a_whole_line_with_power(tmp_path: Path) -> None:
    path = tmp_path / "readings"
    path.write_text(
        "electricity,meter=a power_w=1 1000000000\n"
        "electricity,meter=a energy_total_kwh=1 2000000000\n"
        "wattline_bus,port=x busy_percent=1 3000000000\n"
        "electricity,meter=a power_w=1 40"
    )

    assert readings_of(path) == [1.0]


def test_every_row_has_a_cell_for_each_heading() -> None:
    sweeps = [sweep(S6, 0.02, (0.004,) * 6), sweep(B1, 0.02, (0.004,))]
    lanes = [
        Measured(
            name=name, meters=5, seconds=2, turnaround_s=0.02, sweeps=[one], readings=9, cpu_ms=1.5, resident_mb=19.0
        )
        for name, one in zip(("wattline, gaps refused", "inputs.modbus"), sweeps, strict=True)
    ]
    assert [lane.missed for lane in lanes] == [1, 1]
    tables = [
        table.one_meter(lanes),
        table.rates({(20, 5): lanes}),
        table.sweeps({(20, 5): lanes}),
        table.full_readings(lanes, "OR-WE-517", 71),
        table.goals(lanes, lanes[0]),
        table.goals(lanes, None),
    ]
    for text in tables:
        rows = [line.count("|") for line in text.splitlines()]
        assert len(rows) >= 3
        assert len(set(rows)) == 1, text
