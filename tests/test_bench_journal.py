"""The parts of `make bench-journal`.

| fault | test |
|---|---|
| a day is reckoned wrongly from spans | test_a_day_of_spans |
| ... or the files of the journal count twice, or not at all | test_the_making_of_files_counts_as_often_as_they_are_filled |
| a median, a difference or a ratio stands in the wrong place of the table | test_the_table_of_the_card, test_the_table_of_reconcile |
| bytes that reach a disk are not counted, or before they do | test_what_is_written_to_a_card_is_counted |
| memory or processor time of another process is told | test_what_a_process_takes |
| the chain keeps what it shall not, or its spans say nothing | test_a_chain_keeps_what_it_shall |
| InfluxDB lacks something of a week that is to be whole, or a day that is deleted is not brought | test_a_week_is_whole_but_for_what_is_deleted |
| who is no root meets a traceback | test_without_root_it_is_one_sentence |
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import card, chains, journal, journal_table, week
from bench.chains import Keeps, Span
from bench.journal_table import Lane
from bench.week import Run
from wattline.journal.files import FILE_BYTES

FILE_ON_CARD = 300_000


def span(disk_bytes: int, *, record_bytes: int = 0, files: int = 0, cpu_s: float = 0.2, own_mb: float = 12.0) -> Span:
    return Span(
        seconds=100.0,
        disk_bytes=disk_bytes,
        readings=60,
        cpu_s=cpu_s,
        own_mb=own_mb,
        record_bytes=record_bytes,
        files=files,
    )


def lane(meters: int, is_all_on_card: bool) -> Lane:
    base = 100_000 if is_all_on_card else 0
    return Lane(
        meters,
        is_all_on_card,
        0,
        {
            Keeps.NOTHING: [span(base), span(base + 7), span(base)],
            Keeps.JOURNAL: [span(base + 10_000, cpu_s=0.3, own_mb=13.0)] * 2 + [span(0)],
            Keeps.BUFFER: [span(base + 10_000 * (meters + 1))],
        },
    )


def test_a_day_of_spans() -> None:
    assert journal_table.day_mb(span(1_000_000), FILE_ON_CARD) == pytest.approx(864.0)


def test_the_making_of_files_counts_as_often_as_they_are_filled() -> None:
    quiet = span(1_000_000, record_bytes=FILE_BYTES // 8)
    making = span(1_000_000 + FILE_ON_CARD, record_bytes=FILE_BYTES // 8, files=1)
    expected = 864.0 + 864 * FILE_ON_CARD / 8 / 1e6
    assert [journal_table.day_mb(each, FILE_ON_CARD) for each in (quiet, making)] == pytest.approx([expected] * 2)


def test_the_table_of_the_card() -> None:
    lanes = [lane(meters, is_all) for is_all in (True, False) for meters in (4, 1)]
    assert journal_table.card(lanes) == [
        ["wattline's journal alone on its disk, a day", "8.6 MB", "8.6 MB"],
        ["Telegraf's disk buffer alone on its disk, a day", "17.3 MB", "43.2 MB"],
        ["... ratio", "2.0", "5.0"],
        ["InfluxDB itself, a day", "86.4 MB", "86.4 MB"],
        ["wattline's journal beside InfluxDB's data, a day", "8.6 MB", "8.6 MB"],
        ["Telegraf's disk buffer beside InfluxDB's data, a day", "17.3 MB", "43.2 MB"],
        ["... ratio", "2.0", "5.0"],
    ]
    assert journal_table.plugin(lanes) == [
        ["CPU a slot without / with it, ms", "2.00 / 3.00", "2.00 / 3.00"],
        ["memory without / with it, MB", "12.0 / 13.0", "12.0 / 13.0"],
    ]


def test_the_table_of_reconcile() -> None:
    runs = [Run(seconds, 0.5, 0.25, {"filled": 7}) for seconds in (1.0, 2.0, 9.0)]
    rows = journal_table.reconciled({1: runs, 4: runs}, {1: runs, 4: runs})
    assert {len(row) for row in rows} == {3}
    assert [row[1] for row in rows] == ["2.00 s", "0.50 s", "0.25 s", "7", "2.00 s", "0.50 s", "0.25 s"]


def test_what_a_process_takes() -> None:
    before = chains.cpu_s(os.getpid())
    until_s = time.process_time() + 0.1
    while time.process_time() < until_s:
        pass
    assert 0.09 < chains.cpu_s(os.getpid()) - before < 5
    assert 5 < chains.own_mb(os.getpid()) < 2000


def test_without_root_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["bench"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(card.shutil, "which", lambda tool, **_: f"/sbin/{tool}")
    assert journal.main() == 1
    assert capsys.readouterr().err.count("\n") == 1


def needs_card() -> None:
    """Fails where root has not the tools; who is no root may not mount a file."""
    if os.geteuid():
        pytest.skip(card.lacking())  # CI is root
    assert not card.lacking()


def test_what_is_written_to_a_card_is_counted(tmp_path: Path) -> None:
    needs_card()
    with card.Card(tmp_path / "card") as disk:
        before = disk.written_bytes()
        assert disk.written_bytes() == before
        (disk.root / "file").write_bytes(os.urandom(1_000_000))
        assert 1_000_000 <= disk.written_bytes() - before < 1_200_000


@pytest.fixture
def servers() -> chains.Programs:
    found = chains.programs()
    assert found, "make servers"
    return found


@pytest.mark.chain
@pytest.mark.timeout(240)
def test_a_chain_keeps_what_it_shall(servers: chains.Programs, tmp_path: Path) -> None:
    needs_card()
    with chains.Chain(tmp_path / "chain", servers, 1, is_all_on_card=False) as chain:
        assert FILE_BYTES < chain.file_bytes() < 2 * FILE_BYTES
        (spans,) = chains.rounds([chain], 1, 21, 12)
    seen = {keeps: found[0] for keeps, found in spans.items()}
    assert all(each.readings > 0 and each.cpu_s > 0 and each.own_mb > 5 for each in seen.values())
    assert seen[Keeps.NOTHING].disk_bytes < 50_000
    assert seen[Keeps.JOURNAL].disk_bytes > seen[Keeps.JOURNAL].record_bytes > 0
    assert seen[Keeps.BUFFER].disk_bytes > 50_000
    assert seen[Keeps.NOTHING].record_bytes == seen[Keeps.BUFFER].record_bytes == 0


def short_day() -> Iterator[tuple[int, str]]:
    for second in range(0, week.DAY_S, 60):
        yield second, f"electricity,meter=house,role=grid power_w={second % 977}"
        yield second, "wattline_bus,port=/dev/ttyRS485 busy_percent=33"


@pytest.mark.chain
@pytest.mark.timeout(240)
def test_a_week_is_whole_but_for_what_is_deleted(servers: chains.Programs, tmp_path: Path) -> None:
    with week.Week(tmp_path / "week", servers, list(short_day()), 2) as lived:
        assert lived.reconcile().said["filled"] == 0
        lived.delete_day()
        brought = lived.reconcile()
        assert brought.said["filled"] == 3 * 1440
        assert brought.said["remarks"] == []
        assert lived.reconcile().said["filled"] == 0
        assert brought.seconds > 0 < brought.influxdb_cpu_s
