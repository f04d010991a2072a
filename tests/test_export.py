"""``wattline export``: what becomes of readings on their way into a table. stack/test_export.py does it with a real InfluxDB.

| fault | test |
|---|---|
| a value is not the one on the display | test_each_number_on_a_display_comes_back |
| ... since few values of a field look coarser than they are | test_a_field_never_goes_back_to_fewer_decimals |
| a value of another origin is bent | test_a_value_on_no_grain_keeps_the_decimals_of_its_field |
| an hour is doubled or lost when the clocks change | test_the_days_of_a_range_join, test_an_hour_that_occurs_twice_has_two_offsets |
| a time that does not exist is taken for another | test_a_time_that_is_skipped_is_refused, test_what_is_no_time_is_refused |
| an increase is made up, or lost over a gap | test_a_counter_rises_over_a_gap_and_not_over_a_fall |
| a gap is filled, or something is put in the place of what is missing | test_what_is_missing_is_empty |
| a tag with a comma, a quotation mark or a backslash tears a row or the query | test_tags_are_quoted_where_they_have_to_be, test_names_cannot_leave_their_quotation_marks |
| half a file stands under the name, or an old one is lost for one that failed | test_a_file_is_whole_or_as_it_was |
| half a table in a pipe looks whole | test_half_a_table_in_a_pipe_does_not_look_whole |
| an answer cut off or of something else is taken for readings | test_another_answer_is_refused |
| a meter that lacks the fields that are asked for spoils the query | test_a_meter_without_the_field_is_not_asked |
| a moment's outage costs the whole export | test_a_server_away_for_a_moment_is_asked_again |
| the token stands on a command line, or an empty one is sent | test_there_is_no_option_that_takes_a_token, test_a_token_that_is_none_is_refused |
| words without effect, or that would give wrong numbers, are taken | test_wrong_words_are_refused_in_one_sentence |
| a window does not divide the hour, so that rows overlap the day | the same |
| it is silent for an hour, or talks all the time | test_lines_tell_twice_a_minute, test_the_bar_moves |
| without the extra there is a traceback | test_without_the_extra_it_says_what_brings_it |
| `wattline --help` or `wattline run` loads what the extra brings | test_the_command_itself_loads_no_extra |
"""

import csv
import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from rich.console import Console

from wattline import cli
from wattline.commands import export as command
from wattline.errors import ExportError, WordError
from wattline.export import catalogue, query, sink
from wattline.export.bar import Bar
from wattline.export.catalogue import Catalogue
from wattline.export.conduct import Export
from wattline.export.counters import Increases
from wattline.export.decimals import Decimals, decimals_of
from wattline.export.moment import DAY_S, moment_s, spans
from wattline.export.progress import Lines
from wattline.export.query import Meter
from wattline.export.server import Server
from wattline.export.table import Rows, Shape, schema
from wattline.fields import ELECTRICITY_FIELDS
from wattline.registers import to_grain

ROME = ZoneInfo("Europe/Rome")
HOUSE = Meter("house", "grid", "home")
POWER, ENERGY = ELECTRICITY_FIELDS["power_w"], ELECTRICITY_FIELDS["energy_total_kwh"]


def doubles(*values: float | None) -> pa.Array:
    return pa.array(values, pa.float64())


@given(st.integers(0, 4), st.lists(st.integers(-(2**31), 2**31), min_size=1, max_size=30))
def test_each_number_on_a_display_comes_back(decimals: int, units: list[int]) -> None:
    """By the decimals of the display; fewer are learnt where they lead back to the same values."""
    shown = [unit / 10**decimals for unit in units]
    stored = doubles(*(to_grain(unit, decimals) for unit in units))

    assert decimals_of(stored, 0, 4) <= decimals
    assert decimals_of(stored, decimals, 4) == decimals
    assert pc.round(stored, decimals).to_pylist() == shown


def test_a_field_never_goes_back_to_fewer_decimals() -> None:
    """515.81 is stored as 515.8 is; a neighbour tells them apart."""
    learnt = Decimals()
    assert to_grain(51581, 2) == to_grain(5158, 1)
    assert learnt.learn("energy_total_kwh", doubles(to_grain(51581, 2)), 3) == 1
    assert learnt.learn("energy_total_kwh", doubles(to_grain(51582, 2)), 3) == 2
    assert learnt.learn("energy_total_kwh", doubles(to_grain(51581, 2), None), 3) == 2


def test_a_value_on_no_grain_keeps_the_decimals_of_its_field() -> None:
    assert decimals_of(doubles(230.123456), 0, 3) == 3


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"])
def test_the_days_of_a_range_join(zone: str) -> None:
    """Each second of a year is in one of them, and each begins with a day of the zone."""
    there = ZoneInfo(zone)
    begin, end = moment_s("2026-01-01T12:34", there), moment_s("2027-01-02", there)
    pieces = list(spans(begin, end, there))
    assert (pieces[0].begin, pieces[-1].end, len(pieces)) == (begin, end, 366)
    assert all(before.end == after.begin == after.midnight for before, after in pairwise(pieces))
    days = {datetime.fromtimestamp(piece.begin, there).date() for piece in pieces}
    assert len(days) == len(pieces)
    assert {piece.end - piece.begin for piece in pieces[1:]} <= {DAY_S + 1800 * n for n in (-2, -1, 0, 1, 2)}


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01", "2026-02-28T23:00+00:00"),
        ("2026-03-01T18:30", "2026-03-01T17:30+00:00"),
        ("2026-03-01 18:30:15", "2026-03-01T17:30:15+00:00"),
        ("2026-03-01T18:30Z", "2026-03-01T18:30+00:00"),
        ("2026-03-01T18:30-05:00", "2026-03-01T23:30+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30+00:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30+00:00"),
    ],
)
def test_times_as_people_write_them(text: str, instant: str) -> None:
    assert moment_s(text, ROME) == datetime.fromisoformat(instant).timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "1772323200", "2026-03-01T25:00", "2026-W09"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(WordError, match="is no time"):
        moment_s(text, ROME)


def test_a_time_that_is_skipped_is_refused() -> None:
    with pytest.raises(WordError, match="is skipped in Europe/Rome"):
        moment_s("2026-03-29T02:30", ROME)
    # Midnight is skipped there; the day has one all the same.
    assert moment_s("2026-09-06", ZoneInfo("America/Santiago")) == datetime(2026, 9, 6, 4, tzinfo=UTC).timestamp()


def test_a_counter_rises_over_a_gap_and_not_over_a_fall() -> None:
    increases = Increases()
    assert increases.of("c", doubles(1.5, None, 2.75), 2).to_pylist() == [None, None, 1.25]
    assert increases.of("c", doubles(3.0, 0.25, 0.5), 2).to_pylist() == [0.25, None, 0.25]
    assert increases.falls == 1


class Told:
    """In the place of InfluxDB: one meter, and the same answer to each query."""

    bucket = "energy"

    def __init__(self, answer: str) -> None:
        self.answer = answer.encode()

    def rows(self, _: str) -> bytes:
        return self.answer


def table(answer: str, shape: Shape, meter: Meter = HOUSE) -> pa.Table:
    newest = {"power_w": 100.0, "energy_total_kwh": to_grain(206325, 2)}
    fields = [POWER, ENERGY]
    maker = Rows(shape, schema(shape, fields, {}), meter, newest)
    (span,) = spans(0, DAY_S, ZoneInfo("UTC"))
    return maker.of(answer.encode(), fields, span)


ANSWER = """\
name,tags,time,power_w,energy_total_kwh
electricity,,1000,101,2063.2578125
electricity,,2000,,2063.2578125
electricity,,5000,-3,
"""


def test_what_is_missing_is_empty() -> None:
    rows = table(ANSWER, Shape("UTC"))
    assert rows.column("power_w").to_pylist() == [101, None, -3]
    assert rows.column("energy_total_kwh").to_pylist() == [2063.26, 2063.26, None]
    assert [time.timestamp() for time in rows.column("time").to_pylist()] == [1, 2, 5]
    assert table("", Shape("UTC")).num_rows == 0


def text_of(rows: pa.Table) -> str:
    file = io.BytesIO()
    writer = sink.Csv(file, rows.schema)
    writer.write(rows)
    writer.close()
    return file.getvalue().decode()


def test_an_hour_that_occurs_twice_has_two_offsets() -> None:
    begin = moment_s("2026-10-25T02:59:59", ROME)
    seconds = [begin, begin + 1, begin + 3600, begin + 3601]
    answer = "name,tags,time,power_w,energy_total_kwh\n" + "".join(f"electricity,,{s}000,1,\n" for s in seconds)
    stamps = [row["time"] for row in csv.DictReader(io.StringIO(text_of(table(answer, Shape("Europe/Rome")))))]
    assert stamps == [
        "2026-10-25T02:59:59+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T02:59:59+01:00",
        "2026-10-25T03:00:00+01:00",
    ]
    assert [datetime.fromisoformat(stamp).timestamp() for stamp in stamps] == seconds


def test_a_fraction_of_a_second_is_kept() -> None:
    answer = "name,tags,time,power_w,energy_total_kwh\nelectricity,,1250,1,\n"
    assert "\n1970-01-01T00:00:01.250Z,house" in text_of(table(answer, Shape("UTC")))


@pytest.mark.parametrize("name", ["house", "a,b", 'x"y', "back\\slash", "due\nrighe"])
def test_tags_are_quoted_where_they_have_to_be(name: str) -> None:
    text = text_of(table(ANSWER, Shape("UTC"), Meter(name, "grid", "")))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["meter"], row["site"]) for row in rows] == [(name, "")] * 3
    assert ('"' in text) == (name != "house")


@pytest.mark.parametrize("name", ["it's", 'x"y', "back\\", "\\'", "due\nrighe"])
def test_names_cannot_leave_their_quotation_marks(name: str) -> None:
    (span,) = spans(0, 60, ZoneInfo("UTC"))
    asked = query.readings(Meter(name, "grid", "home"), [POWER], span)
    literal = asked.partition('"meter" = ')[2].partition(" AND ")[0]
    inner = literal.removeprefix("'").removesuffix("'")
    assert "\n" not in inner
    assert "'" not in inner.replace("\\\\", "").replace("\\'", "")


def test_a_table_says_what_its_columns_are(tmp_path: Path) -> None:
    """Also after its way through a file; a counter keeps double precision."""
    path = tmp_path / "t.parquet"
    shape = Shape("Europe/Rome", single=True)
    columns = schema(shape, [POWER, ENERGY], {"bucket": "energy"})
    with sink.opened(str(path)) as file, sink.writer("parquet", file, columns) as writer:
        writer.write(table(ANSWER, shape))
    found = parquet.read_schema(path)
    assert [str(found.field(name).type) for name in ("power_w", "energy_total_kwh")] == ["float", "double"]
    assert str(found.field("time").type) == "timestamp[ms, tz=Europe/Rome]"
    assert found.field("power_w").metadata[b"unit"] == b"W"
    assert found.metadata[b"wattline"] == b'{"bucket": "energy"}'


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_is_whole_or_as_it_was(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"t.{form}"
    path.write_text("as it was")
    told = Told("something else\n")
    there = Catalogue([POWER, ENERGY], {HOUSE: {"power_w": 1.0, "energy_total_kwh": 1.0}})
    with pytest.raises(ExportError):
        Export(told, 0, DAY_S, Shape("UTC")).write(there, str(path), form, Lines(print))
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(path.name, "as it was")]

    told.answer = ANSWER.encode()
    outcome = Export(told, 0, DAY_S, Shape("UTC")).write(there, str(path), form, Lines(print))
    assert outcome.rows == 3
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() != b"as it was"


def test_half_a_table_in_a_pipe_does_not_look_whole() -> None:
    rows, file, whole = table(ANSWER, Shape("UTC")), io.BytesIO(), io.BytesIO()

    def fail() -> None:
        with sink.writer("parquet", file, rows.schema) as writer:
            writer.write(rows)
            raise ExportError("InfluxDB went away.")

    with pytest.raises(ExportError):
        fail()
    with pytest.raises(pa.ArrowInvalid):
        parquet.read_table(pa.BufferReader(file.getvalue()))
    with sink.writer("parquet", whole, rows.schema) as writer:
        writer.write(rows)
    assert parquet.read_table(pa.BufferReader(whole.getvalue())).num_rows == 3


@pytest.mark.parametrize(
    "answer", ["error\nquery timeout\n", "<html>", "name,tags,time,power_w\nelectricity,,1000,1\n", ANSWER + "cut,,3"]
)
def test_another_answer_is_refused(answer: str) -> None:
    with pytest.raises(ExportError, match="something else than readings"):
        table(answer, Shape("UTC"))


@pytest.fixture
def web() -> Iterator[Callable[..., str]]:
    """A server that answers with each of the statuses in turn, and with the last from then on; its URL."""
    running: list[ThreadingHTTPServer] = []

    def serve(*statuses: int) -> str:
        left = list(statuses)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = left.pop(0) if len(left) > 1 else left[0]
                if status == 0:
                    self.close_connection = True
                    return
                body = b'{"message": "busy"}'
                self.send_response(abs(status))
                # A negative status breaks off in the middle of its body.
                self.send_header("Content-Length", str(len(body) + (status < 0)))
                self.close_connection = status < 0
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("trouble", [(503, 503), (0, 0), (429,), (-200, -200)])
def test_a_server_away_for_a_moment_is_asked_again(web, trouble: tuple[int, ...]) -> None:
    assert Server(web(*trouble, 200), "t", "energy", backoff_s=0).rows("SHOW DATABASES") == b'{"message": "busy"}'


@pytest.mark.parametrize(
    ("status", "sentence"), [(503, "refused the query with 503: busy"), (401, "refuses the token")]
)
def test_a_server_that_says_no_is_quoted(web, status: int, sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence):
        Server(web(status), "t", "energy", backoff_s=0).rows("SHOW DATABASES")


def test_there_is_no_option_that_takes_a_token() -> None:
    options = {option for action in cli.parser_of("export")._actions for option in action.option_strings}
    assert {option for option in options if "token" in option} == {"--token-file"}


@pytest.mark.parametrize("text", ["", "\n", "zwölf", "a\nb", None])
def test_a_token_that_is_none_is_refused(tmp_path: Path, text: str | None, capsys, monkeypatch) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
    assert cli.main(["export", "--from", "2026-03-01", "--token-file", str(path), "x.csv"]) == 2
    assert str(path) in capsys.readouterr().err
    monkeypatch.setenv("INFLUX_TOKEN", text or "")
    assert cli.main(["export", "--from", "2026-03-01", "x.csv"]) == 2
    assert "INFLUX_TOKEN holds no token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("x.csv", "--from"),
        ("--from 2026-03-01 x.xls", "end its name in .csv or .parquet"),
        ("--from 2026-03-01 x", "end its name in .csv or .parquet"),
        ("--from 2026-03-01 --to 2026-03-01 x.csv", "--from must be before --to"),
        ("--from 2026-03-02 --to 2026-03-01 x.csv", "--from must be before --to"),
        ("--from 2026-03-01 --timezone Europe/Rom x.csv", "the nearest is 'Europe/Rome'"),
        ("--from 2026-03-01 --every 7m x.csv", "divides an hour"),
        ("--from 2026-03-01 --every 2h x.csv", "divides an hour"),
        ("--from 2026-03-01 --every 0s x.csv", "divides an hour"),
        ("--from 2026-03-01 --every 15m --bucket energy_1m x.csv", "has windows already"),
        ("--from 2026-03-01 --counters increase x.csv", "say with --every"),
        ("--from 2026-03-01 --single x.csv", "--single is for Parquet"),
        ("--from 2026-03-01 --format parket x.csv", "the nearest is 'parquet'"),
    ],
)
def test_wrong_words_are_refused_in_one_sentence(words: str, sentence: str, capsys, monkeypatch) -> None:
    monkeypatch.setenv("INFLUX_TOKEN", "t")
    assert cli.main(["export", *words.split()]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert sentence in said


def test_what_is_not_there_is_told_with_the_nearest() -> None:
    there = Catalogue([POWER], {HOUSE: {"power_w": 1.0}})
    for meters, fields, sentence in (
        (["hose"], [], "the nearest is 'house'"),
        ([], ["power"], "is not known; the nearest is 'power_w'"),
        ([], ["voltage_v"], "has no value in that time"),
    ):
        with pytest.raises(WordError, match=sentence):
            catalogue.chosen(there, meters, fields, "energy")
    assert catalogue.chosen(there, ["house"], ["power_w"], "energy").fields_of(HOUSE) == [POWER]


def test_a_meter_without_the_field_is_not_asked() -> None:
    other = Meter("heatpump", "load", "home")
    there = Catalogue([POWER, ENERGY], {HOUSE: {"power_w": 1.0, "energy_total_kwh": 1.0}, other: {"power_w": 1.0}})
    chosen = catalogue.chosen(there, [], ["energy_total_kwh"], "energy")
    assert (chosen.fields, [*chosen.newest]) == ([ENERGY], [HOUSE])
    with pytest.raises(WordError, match="None of these meters has"):
        catalogue.chosen(there, ["heatpump"], ["energy_total_kwh"], "energy")


def test_lines_tell_twice_a_minute() -> None:
    said: list[str] = []
    now_s = 0.0
    lines = Lines(said.append, lambda: now_s)
    for now_s in map(float, range(0, 91, 10)):
        lines.at(int(now_s), 360, int(now_s) * 1000)
    assert said == [
        "Exporting: 8 %, 30 000 rows, about 6 min left.",
        "Exporting: 17 %, 60 000 rows, about 5 min left.",
        "Exporting: 25 %, 90 000 rows, about 4 min left.",
    ]


def test_the_bar_moves() -> None:
    screen = io.StringIO()
    with Bar(Console(file=screen, force_terminal=True, width=80)) as bar:
        bar.at(1, 4, 12_345)
    assert "12 345 rows" in screen.getvalue()
    assert "25%" in screen.getvalue()


def test_without_the_extra_it_says_what_brings_it(monkeypatch, capsys) -> None:
    monkeypatch.setattr(command, "EXTRA", ("urllib3", "no_such_module"))
    assert cli.main(["export", "--from", "2026-03-01", "x.csv"]) == 2
    said = capsys.readouterr().err
    assert "no_such_module is not installed here; the extra export brings it: in a checkout" in said
    # No package index has wattline: a name there would be somebody else's.
    assert "pip install '.[export]'" in said
    monkeypatch.setattr(command, "EXTRA", ("no_such_module", "nor_such"))
    assert cli.main(["export", "--from", "2026-03-01", "x.csv"]) == 2
    assert (
        "no_such_module and nor_such are not installed here; the extra export brings them:" in capsys.readouterr().err
    )


def test_the_command_itself_loads_no_extra() -> None:
    code = "import sys, wattline.commands.export; print({'pyarrow', 'urllib3', 'wattline.export'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"
