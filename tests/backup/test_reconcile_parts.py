"""What a journal has is counted as it stands, and comes out of the cache as it went in.

| fault | test |
|---|---|
| a line with escapes or text is cut at the wrong place | test_any_line_that_can_be_written_is_taken_apart |
| ... or gets its further tags in the middle of a value | test_further_tags_stand_behind_its_own |
| a second that stands twice counts twice | test_a_second_counts_once |
| hours that were metered twice pass for whole, since the numbers are equal | test_what_was_metered_twice_is_in_doubt |
| ... or a second that came again, of other fields or in another file, passes for one | test_what_stands_twice_is_known |
| what cannot be read passes for nothing: the hours beside it pass for whole | test_what_cannot_be_read_leaves_its_hours_in_doubt |
| ... also at the end of a file | test_a_damage_at_the_end_leaves_its_hour_in_doubt |
| ... and for `off`, or what was not metered since nothing ran passes for lost | test_what_cannot_be_read_is_lost |
| a process that began long before its file is taken for all of its time | test_a_file_tells_from_its_first_instant_on |
| the cache gives other seconds than went in | test_the_cache_gives_what_went_in |
| a measurement of ours goes nowhere, or elsewhere than Telegraf brings it | test_the_routes_are_those_of_telegraf |
"""

import fnmatch
import json
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from backup.journal_rig import NS, reading, write_journal
from wattline import fields
from wattline.journal import notes
from wattline.journal.reader import files_in, read
from wattline.line import to_line
from wattline.reading import Absence, Point, Reason
from wattline_backup.reconcile.cache import _from_json, _to_json, read_file
from wattline_backup.reconcile.kept import Reader
from wattline_backup.reconcile.lines import parts_of, series_of, with_tags
from wattline_backup.reconcile.routes import ROUTES

CHECKOUT = Path(__file__).parents[2]
# What a tag may hold in a line, and comes back out of it.
words = some.text(some.sampled_from('aZ9 ,="_é.+/-'), min_size=1)
names = some.text(some.sampled_from("aZ9 ,=_é."), min_size=1)
values = some.floats(-1e6, 1e6) | some.text(some.sampled_from('a ,="\\\n'))


@given(words, some.dictionaries(words, words), some.dictionaries(names, values, min_size=1), some.integers(0, 1 << 33))
def test_any_line_that_can_be_written_is_taken_apart(measurement, tags, numbers, second) -> None:
    line = to_line(Point(f"m{measurement}", tags, numbers, second * NS))
    parts = parts_of(line)
    assert parts
    assert (set(parts.fields), parts.second) == (set(numbers), second)
    assert series_of(parts.series) == (f"m{measurement}", frozenset(tags.items()))


def test_further_tags_stand_behind_its_own() -> None:
    line = "electricity,meter=a\\ b power_w=1 7"
    assert with_tags(line, "electricity,meter=a\\ b", frozenset({("site", "my, house")})) == (
        "electricity,meter=a\\ b,site=my\\,\\ house power_w=1 7"
    )


def test_a_note_is_no_point() -> None:
    assert parts_of('#{"at":1,"lost":2,"since":3}') is None
    assert parts_of("#{}") is None


def test_a_second_counts_once() -> None:
    reader = Reader()
    reader.take([reading(7200), reading(7200), reading(7201, fields=["power_w"])])
    (hours,) = reader.kept().points.values()
    assert {name: bits.bit_count() for name, bits in hours[2].items()} == {
        "power_w": 2,
        "voltage_v": 1,
        "energy_total_kwh": 1,
    }


def test_what_was_metered_twice_is_in_doubt() -> None:
    """The clock was set back by two hours and a half: InfluxDB may have the first of each of those, and the later counts."""
    reader = Reader()
    reader.take([notes.began("1", {"at": 100}, "p", {"house": 1}, 1), reading(100), reading(6 * 3600)])
    assert reader.kept().doubtful_hours == set()
    reader.take([notes.began("1", {"at": 3 * 3600 + 1800}, "p", {"house": 1}, 1), reading(3 * 3600 + 1800)])
    assert reader.kept().doubtful_hours == {3, 4, 5, 6}


def test_what_stands_twice_is_known() -> None:
    first, second = Reader(), Reader()
    first.take([reading(7200), reading(7201), reading(7200, fields=["power_w"]), reading(7202, "roof")])
    second.take([reading(7201), reading(7203), reading(7202)])
    whole = first.kept()
    whole.add(second.kept())
    assert whole.again == {
        "electricity,meter=house,role=grid": {2: {"power_w": 3, "voltage_v": 2, "energy_total_kwh": 2}}
    }
    assert whole.masked(lambda _: [(7201, 1 << 62)]).again == {"electricity,meter=house,role=grid": {2: {"power_w": 1}}}


def damaged(folder: Path, at: int) -> Path:
    """A file of three hours, in which a sector cannot be read any more; from its front or, below zero, from its end."""
    place = write_journal(folder, [reading(second) for second in range(7200, 18_000, 60)], began_s=7200)
    path = files_in(place)[0]
    records = read(path)
    ends = [record.end for record in records]
    data = bytearray(path.read_bytes())
    data[ends[at] - 500] ^= 1
    path.write_bytes(data)
    return path


def test_what_cannot_be_read_leaves_its_hours_in_doubt(tmp_path: Path) -> None:
    """A record has twelve lines, of which each is of another minute."""
    assert read_file(damaged(tmp_path / "a", 4)).doubtful_hours == {2, 3}
    assert read_file(damaged(tmp_path / "b", 7)).doubtful_hours == {3}
    assert read_file(damaged(tmp_path / "c", 0)).doubtful_hours == {1, 2}


def test_a_damage_at_the_end_leaves_its_hour_in_doubt(tmp_path: Path) -> None:
    assert read_file(damaged(tmp_path, -1)).doubtful_hours == {4, 5}


def test_what_cannot_be_read_is_lost(tmp_path: Path) -> None:
    """From the line before to the one behind, also in the next file; but not where another process follows."""
    assert read_file(damaged(tmp_path / "a", 4)).lost == [(7200 + 60 * 47 + 1, 7200 + 60 * 60 - 1)]
    assert read_file(damaged(tmp_path / "b", 0)).lost == []
    for at, lost in ((7200, [(18_000 - 60 * 13 + 1, 17_999)]), (17_990, [])):
        before, behind = read_file(damaged(tmp_path / f"c{at}", -1)), Reader()
        behind.take([notes.began("1", {"at": at}, "p", {"house": 1}, 1), reading(18_000)])
        before.add(behind.kept())
        assert before.lost == lost
    before, behind = Reader(), Reader()
    before.take([notes.began("1", {"at": 100}, "p", {"house": 1}, 1), reading(100)])
    behind.note_damage()
    behind.take([reading(150)])
    whole = before.kept()
    whole.add(behind.kept())
    assert whole.lost == [(101, 149)]
    reader = Reader()
    reader.take([notes.began("1", {"at": 100}, "p", {"house": 1}, 1), reading(100)])
    reader.note_damage()
    reader.take([notes.began("1", {"at": 200}, "p", {"house": 1}, 1), reading(200)])
    assert reader.kept().lost == []


def test_a_file_tells_from_its_first_instant_on() -> None:
    """Its head names a process that may have begun days before; one that began with it has nothing before."""
    began = notes.began("1", {"at": 100}, "p", {"house": 1}, 1)
    for lines, first_s in [
        ([began, reading(101)], 100),
        ([began, reading(9000)], 9000),
        ([began, notes.absent(Absence({"house": Reason.SILENT}, 8000 * NS)), reading(9000)], 8000),
        ([began, notes.lost(9, 7000, {"at": 7100}), reading(7101)], 7000),
        ([began], None),
    ]:
        reader = Reader()
        reader.take(lines)
        assert reader.kept().first_s == first_s


@given(some.lists(some.tuples(some.integers(0, 20_000), some.sampled_from(["house", "roof"])), max_size=50))
def test_the_cache_gives_what_went_in(readings) -> None:
    reader = Reader()
    reader.take(['#{"began":"1","at":5,"port":"p","meters":{"house":1,"roof":10},"interval_s":1,"offsets":{"roof":5}}'])
    reader.take([reading(second, meter) for second, meter in readings])
    reader.take(['#{"at":9,"absent":{"roof":"silent"}}', '#{"at":9,"clock":3}', '#{"at":9,"lost":2,"since":3}'])
    kept = reader.kept()
    assert _from_json(json.loads(json.dumps(_to_json(kept, [1, 2]))), [1, 2]) == kept


def test_the_routes_are_those_of_telegraf() -> None:
    text = (CHECKOUT / "telegraf" / "telegraf.d" / "90-influxdb.conf").read_text()
    outputs = {each["bucket"]: each for each in tomllib.loads(text)["outputs"]["influxdb_v2"]}
    for measurement, bucket in ROUTES.items():
        takers = {
            name
            for name, each in outputs.items()
            if any(fnmatch.fnmatchcase(measurement, pattern) for pattern in each.get("namepass", ["*"]))
            and not any(fnmatch.fnmatchcase(measurement, pattern) for pattern in each.get("namedrop", []))
        }
        assert takers == {bucket}, measurement
    assert fields.VOCABULARY.keys() - ROUTES.keys() == {"wattline_backup", "wattline_completeness"}
