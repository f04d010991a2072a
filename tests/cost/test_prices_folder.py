"""A folder of price files, tables among them, and what is kept of them.

| fault | test |
|---|---|
| a price is missing at the edge of what is asked for, or one too many is there | test_those_are_given_that_hold_at_some_time_asked_for |
| a gap is filled with a neighbour | test_a_gap_stays_a_gap |
| the last digits of a long price are lost | test_a_price_has_all_its_digits |
| files that contradict each other are believed, or cost more than the times of which they do | test_two_prices_of_a_time_are_none_and_told, test_prices_that_overlap_are_none_and_told |
| ... one of them is believed that is there twice | test_a_third_file_does_not_outvote_two |
| a spoilt file stops the rest, is passed over in silence, or is none once it is whole | test_a_spoilt_file_is_a_gap_and_told, test_a_folder_or_a_file_that_cannot_be_read_is_told |
| ... of a day that nobody asks for is complained of | test_what_is_not_asked_for_is_no_fault |
| the same in two files is a contradiction | test_the_same_twice_is_once |
| a file of another day than its name says is passed over | test_a_name_that_is_wrong_is_told |
| what is not asked for is read all the same | test_only_the_days_that_are_asked_for_are_opened, test_an_archive_of_a_day_is_opened_for_that_day_alone |
| a file is parsed twice | test_nothing_is_parsed_twice |
| what was kept is believed of a file that has changed, or of other settings | test_a_changed_file_is_read_anew, test_other_settings_read_anew |
| a cut-off or foreign cache stops a bill | test_a_cache_that_is_damaged_or_cannot_be_written_costs_time_alone |
| a table's column, unit, separator or clock is misread | test_a_table_is_read_as_it_is_told, test_the_hour_that_is_there_twice_is_two_hours |
| the example of the README is none | test_the_table_of_the_readme_is_read_by_the_contract_of_the_readme |
| half a price at the end of a table that was cut off is believed | test_what_is_no_such_table_is_refused |
| ... or was kept by a wattline that did so | test_what_an_older_wattline_kept_is_read_anew |
| a table that is none ends in a traceback, or a comma of decimals is taken for one between columns | test_what_is_no_such_table_is_refused |
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cost.gme_files import gme, hours, quarters, zipped
from cost.tariff_texts import TOP, VERSION, contract
from wattline_cost.errors import SourceError
from wattline_cost.prices import folder as folder_module
from wattline_cost.prices.cache import Cache
from wattline_cost.prices.folder import READERS, Folder
from wattline_cost.prices.source import Price
from wattline_cost.prices.table import read as read_table
from wattline_cost.prices.written import per_kwh
from wattline_cost.tariff.model import BySource, EnergyCharge, Files, SourceSettings

DAY_S = 86_400


def at_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def source(folder: Path, settings: SourceSettings | None = None, cache: Path | None = None) -> Folder:
    return Folder("pun", replace(settings or gme(), folder=folder), Cache(cache))


def put(folder: Path, day: str, prices: list[str], name: str = "") -> None:
    (folder / (name or f"{day}MGPPrezzi.xml")).write_bytes(hours(day, prices))


def found(prices: Folder, start: str, stop: str) -> list[int]:
    """The hours of UTC of the prices that are given."""
    return [price.start_s // 3600 % 24 for price in prices.prices(at_s(start), at_s(stop))]


def test_those_are_given_that_hold_at_some_time_asked_for(tmp_path: Path) -> None:
    """The 14th of January in Italy is 23:00 to 23:00 in UTC."""
    put(tmp_path, "20260114", ["1"] * 24)
    prices = source(tmp_path)
    assert found(prices, "2026-01-14T10:00", "2026-01-14T12:00") == [10, 11]
    assert found(prices, "2026-01-14T10:45", "2026-01-14T11:00") == [10]
    assert found(prices, "2026-01-14T10:45", "2026-01-14T11:15") == [10, 11]
    assert found(prices, "2026-01-13T22:00", "2026-01-13T23:15") == [23]
    assert found(prices, "2026-01-14T22:45", "2026-01-15T22:00") == [22]
    assert found(prices, "2026-01-14T23:00", "2026-01-15T22:00") == []


def test_what_is_asked_in_pieces_is_what_is_asked_at_once(tmp_path: Path) -> None:
    for day in range(10, 20):
        put(tmp_path, f"202601{day}", [str(day)] * 24)
    begin, end = at_s("2026-01-09T23:00"), at_s("2026-01-19T23:00")
    whole = source(tmp_path).prices(begin, end)
    pieces = source(tmp_path)
    backwards = [pieces.prices(at, at + 900)[0] for at in range(end - 900, begin - 1, -900)]
    assert len(whole) == 240
    assert sorted(set(backwards), key=lambda price: price.start_s) == whole


def test_a_price_has_all_its_digits() -> None:
    """Python's own decimals end after 28."""
    assert str(per_kwh("1234567.890123456789012345678901", 1000)) == "1234.567890123456789012345678901"


def test_a_gap_stays_a_gap(tmp_path: Path) -> None:
    put(tmp_path, "20260114", ["1", "", "3"])
    put(tmp_path, "20260116", ["1"])
    assert found(source(tmp_path), "2026-01-13T00:00", "2026-01-20T00:00") == [23, 1, 23]


def test_archives_and_plain_files_lie_together(tmp_path: Path) -> None:
    put(tmp_path, "20260114", ["1"])
    (tmp_path / "february.zip").write_bytes(zipped({"20260201MGPPrezzi.xml": hours("20260201", ["1", "2"])}))
    (tmp_path / "20260114MGPPrezzi15.xml").write_bytes(quarters("20260114", ["5"] * 96))
    (tmp_path / "notes.txt").write_text("none")
    assert found(source(tmp_path), "2026-01-01T00:00", "2026-03-01T00:00") == [23, 23, 0]
    assert len(source(tmp_path, gme(15)).prices(at_s("2026-01-01"), at_s("2026-03-01"))) == 96


def faults(prices: Folder) -> list[str]:
    return [str(fault) for fault in prices.faults]


def test_two_prices_of_a_time_are_none_and_told(tmp_path: Path) -> None:
    """Of the day's three hours the two on which the files differ have no price, and one sentence says so."""
    put(tmp_path, "20260114", ["1", "2", "5"])
    put(tmp_path, "20260114", ["1", "3", "6"], name="again.xml")
    prices = source(tmp_path)
    for _ in range(2):
        assert found(prices, "2026-01-13T00:00", "2026-01-15T00:00") == [23]
    assert faults(prices) == [
        (
            f"{tmp_path}/again.xml: It says 0.003 for a kilowatt-hour at 2026-01-14T00:00Z, and {tmp_path}/20260114MGPPrezzi.xml says "
            "0.002; remove the one that is wrong."
        )
    ]
    (tmp_path / "again.xml").unlink()
    assert found(source(tmp_path), "2026-01-13T00:00", "2026-01-15T00:00") == [23, 0, 1]


def test_a_third_file_does_not_outvote_two(tmp_path: Path) -> None:
    for number, price in enumerate(["1", "2", "1"]):
        put(tmp_path, "20260114", [price], name=f"{number}.xml")
    prices = source(tmp_path)
    assert found(prices, "2026-01-13T00:00", "2026-01-15T00:00") == []
    assert len(faults(prices)) == 1


def test_the_same_twice_is_once(tmp_path: Path) -> None:
    put(tmp_path, "20260114", ["1", "2"])
    (tmp_path / "january.zip").write_bytes(zipped({"20260114MGPPrezzi.xml": hours("20260114", ["1,000", "2,0"])}))
    prices = source(tmp_path)
    assert found(prices, "2026-01-13T00:00", "2026-01-15T00:00") == [23, 0]
    assert faults(prices) == []


def test_a_spoilt_file_is_a_gap_and_told(tmp_path: Path) -> None:
    """Cut off, as by a program that does not write at once: the days beside it are priced, and it is too once it is whole."""
    for day in ("20260114", "20260115", "20260116"):
        put(tmp_path, day, [day[-1]] * 24)
    spoilt = tmp_path / "20260115MGPPrezzi.xml"
    whole = spoilt.read_bytes()
    spoilt.write_bytes(whole[:1000])
    prices = source(tmp_path, cache=tmp_path / "cache")
    asked = at_s("2026-01-13T23:00"), at_s("2026-01-16T23:00")
    for _ in range(2):
        assert {1000 * price.per_kwh for price in prices.prices(*asked)} == {4, 6}
    (fault,) = faults(prices)
    assert fault.startswith(f"{spoilt}: This is no XML as GME publishes it (")
    spoilt.write_bytes(whole)
    mended = source(tmp_path, cache=tmp_path / "cache")
    assert len(mended.prices(*asked)) == 72
    assert faults(mended) == []


def test_what_is_not_asked_for_is_no_fault(tmp_path: Path) -> None:
    put(tmp_path, "20260114", ["1"] * 24)
    (tmp_path / "20260115MGPPrezzi.xml").write_bytes(b"")
    prices = source(tmp_path)
    assert found(prices, "2026-01-14T10:00", "2026-01-14T11:00") == [10]
    assert faults(prices) == []


def test_prices_that_overlap_are_none_and_told(tmp_path: Path) -> None:
    """A table of quarter-hours of which the contract says that they are hours."""
    (tmp_path / "a.csv").write_text(
        "start,price\n2026-01-14T08:00Z,1\n2026-01-14T10:00Z,1\n2026-01-14T10:15Z,2\n2026-01-14T10:30Z,2\n"
    )
    prices = source(tmp_path, table(minutes=60))
    assert found(prices, "2026-01-14T00:00", "2026-01-15T00:00") == [8]
    assert faults(prices) == [
        (
            f"{tmp_path}/a.csv: The price at 2026-01-14T10:15Z begins before the one at 2026-01-14T10:00Z has held for the 60 minutes "
            "that the source 'pun' says; check 'minutes' in the contract."
        )
    ]


def test_a_name_that_is_wrong_is_told(tmp_path: Path) -> None:
    put(tmp_path, "20260115", ["1"] * 24, name="20260114MGPPrezzi.xml")
    prices = source(tmp_path)
    assert found(prices, "2026-01-14T00:00", "2026-01-14T10:00") == []
    assert faults(prices) == [
        f"{tmp_path}/20260114MGPPrezzi.xml: It has prices of 2026-01-15, which is another day than its name says; rename it."
    ]


def test_a_folder_or_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    nowhere = source(tmp_path / "none")
    assert list(nowhere.prices(0, 1)) == []
    assert faults(nowhere) == [
        (
            f"The folder '{tmp_path}/none' of the source 'pun' cannot be read (No such file or directory); make it, or say another in "
            "the contract."
        )
    ]
    empty = source(tmp_path)
    assert (list(empty.prices(0, 900)), faults(empty)) == ([], [])
    (tmp_path / "a.xml").mkdir()
    odd = source(tmp_path)
    assert list(odd.prices(0, 900)) == []
    assert faults(odd) == [f"{tmp_path}/a.xml: The file of prices cannot be read (Is a directory)."]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are parsed."""
    names: list[str] = []

    def counted(data: bytes, place: str, settings: SourceSettings) -> list[Price]:
        names.append(Path(place).name)
        return list(READERS[settings.files](data, place, settings))

    monkeypatch.setattr(folder_module, "READERS", dict.fromkeys(Files, counted))
    return names


def test_only_the_days_that_are_asked_for_are_opened(tmp_path: Path, parsed: list[str]) -> None:
    for day in ("20260113", "20260114", "20260115"):
        put(tmp_path, day, ["1"] * 24)
    prices = source(tmp_path)
    prices.prices(at_s("2026-01-14T10:00"), at_s("2026-01-14T11:00"))
    assert parsed == ["20260114MGPPrezzi.xml"]
    prices.prices(at_s("2026-01-14T22:00"), at_s("2026-01-15T00:00"))
    assert parsed == ["20260114MGPPrezzi.xml", "20260115MGPPrezzi.xml"]


def test_an_archive_of_a_day_is_opened_for_that_day_alone(tmp_path: Path, parsed: list[str]) -> None:
    """One of a month, whose name has its last day too, is opened for all of them."""
    for name, day in (
        ("20260113MGPPrezzi", "20260113"),
        ("20260114MGPPrezzi", "20260114"),
        ("20260101_20260131", "20260112"),
    ):
        (tmp_path / f"{name}.zip").write_bytes(zipped({f"{day}MGPPrezzi.xml": hours(day, ["1"] * 24)}))
    prices = source(tmp_path)
    assert found(prices, "2026-01-14T10:00", "2026-01-14T11:00") == [10]
    assert parsed == ["20260101_20260131.zip", "20260114MGPPrezzi.zip"]
    assert found(prices, "2026-01-12T10:00", "2026-01-12T11:00") == [10]
    assert faults(prices) == []


def test_nothing_is_parsed_twice(tmp_path: Path, parsed: list[str]) -> None:
    put(tmp_path, "20260114", ["114,905680"] * 24)
    for _ in range(3):
        prices = source(tmp_path, cache=tmp_path / "cache")
        for _ in range(2):
            assert prices.prices(at_s("2026-01-14"), at_s("2026-01-15"))[0].per_kwh == Decimal("0.11490568")
    assert len(parsed) == 1


def test_a_changed_file_is_read_anew(tmp_path: Path, parsed: list[str]) -> None:
    for price in ("1", "2"):
        put(tmp_path, "20260114", [price] * 24)
        (told, *_) = source(tmp_path, cache=tmp_path / "cache").prices(at_s("2026-01-14"), at_s("2026-01-15"))
        assert told.per_kwh * 1000 == Decimal(price)
    assert len(parsed) == 2
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_other_settings_read_anew(tmp_path: Path, parsed: list[str]) -> None:
    put(tmp_path, "20260114", ["5"])
    read = [
        source(tmp_path, gme(price=zone), tmp_path / "cache").prices(at_s("2026-01-13"), at_s("2026-01-15"))
        for zone in ("PUN", "NORD")
    ]
    assert [prices[0].per_kwh * 1000 for prices in read] == [5, 1]
    assert len(parsed) == 2


def test_what_an_older_wattline_kept_is_read_anew(tmp_path: Path) -> None:
    """It took a table that was cut off for a whole one."""
    folder, cache = tmp_path / "prices", tmp_path / "kept"
    folder.mkdir()
    path = folder / "a.csv"
    path.write_text("start,price\n2026-01-14T10:00Z,98\n")
    assert found(source(folder, table(), cache), "2026-01-14T00:00", "2026-01-15T00:00") == [10]
    (kept,) = cache.iterdir()
    content = json.loads(kept.read_text())
    content["mark"][0] -= 1
    content["prices"] = []
    kept.write_text(json.dumps(content))
    assert found(source(folder, table(), cache), "2026-01-14T00:00", "2026-01-15T00:00") == [10]


@pytest.mark.parametrize("content", [b"", b'{"mark": [1,', b"[]", b'{"mark": 1}', b"\xff"])
def test_a_cache_that_is_damaged_or_cannot_be_written_costs_time_alone(
    tmp_path: Path, parsed: list[str], content: bytes
) -> None:
    put(tmp_path, "20260114", ["5"])
    cache = tmp_path / "cache"
    source(tmp_path, cache=cache).prices(at_s("2026-01-13"), at_s("2026-01-15"))
    (kept,) = cache.iterdir()
    kept.write_bytes(content)
    assert len(source(tmp_path, cache=cache).prices(at_s("2026-01-13"), at_s("2026-01-15"))) == 1
    # A file in the place of the folder, as of a disk that takes nothing.
    foreign = tmp_path / "foreign"
    foreign.touch()
    assert len(source(tmp_path, cache=foreign).prices(at_s("2026-01-13"), at_s("2026-01-15"))) == 1
    assert len(parsed) == 3
    assert [path.name for path in cache.iterdir()] == [kept.name]


def table(
    minutes: int = 60, kwh: int = 1, start: str = "start", price: str = "price", zone: str = "Europe/Rome"
) -> SourceSettings:
    return SourceSettings(Files.TABLE, Path(), minutes, price, start, kwh, ZoneInfo(zone))


def read(text: str, settings: SourceSettings) -> list[tuple[str, Decimal]]:
    return [
        (f"{datetime.fromtimestamp(price.start_s, UTC):%dT%H:%M}", price.per_kwh)
        for price in read_table(text.encode(), "t.csv", settings)
    ]


def test_a_table_is_read_as_it_is_told() -> None:
    assert read("start,price\n2026-01-14T10:00Z,0.25\n\n2026-01-14T11:00Z,\n2026-01-14T12:00Z,-0.1\n", table()) == [
        ("14T10:00", Decimal("0.25")),
        ("14T12:00", Decimal("-0.1")),
    ]
    # With a mark of UTF-8, semicolons, a comma for the decimals, megawatt-hours, other columns, quotes, and the clock of London.
    text = '\ufeffId;"Price";From\r\n1;"1.234,56";2026-07-14 10:30\r\n'
    assert read(text, table(30, 1000, "From", "Price", "Europe/London")) == [("14T09:30", Decimal("1.23456"))]
    assert read("start\tprice\n2026-01-14T10:00+01:00\t1\n", table()) == [("14T09:00", Decimal(1))]


def test_the_table_of_the_readme_is_read_by_the_contract_of_the_readme() -> None:
    """9.83 cents in the first hour of November."""
    text = (
        (Path(__file__).parents[2] / "cost" / "README.md")
        .read_text()
        .partition("#### How prices come into the folder")[2]
    )
    _, prices, told = re.findall(r"```\n(.*?)```", text, re.DOTALL)[:3]
    of_text = contract(TOP + VERSION + told)
    assert read(prices, of_text.sources["market"])[0] == ("31T23:00", Decimal("9.83"))
    (component,) = of_text.versions[0].components
    assert component == EnergyCharge("Energy", BySource("market", Decimal("0.01"), Decimal("0.012")))


def test_the_hour_that_is_there_twice_is_two_hours() -> None:
    """On 25 October 2026 the clock of Rome says two at 00:00 and at 01:00 of UTC."""
    rows = "".join(f"2026-10-25T{hour},{n}\n" for n, hour in enumerate(["01:00", "02:00", "02:00", "03:00"]))
    assert [start for start, _ in read("start,price\n" + rows, table())] == [
        "24T23:00",
        "25T00:00",
        "25T01:00",
        "25T02:00",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "t.csv: There is no column 'start' in its first line; there are , and"),
        (
            "time,price\n",
            "t.csv: There is no column 'start' in its first line; there are time, price, and the source's keys",
        ),
        ("start,price\n2026-01-14T10:00Z\n", "t.csv, line 2: The line has fewer columns than the first line."),
        (
            "start,price\n2026-10-26T01:00,0,25\n",
            "t.csv, line 2: The line has more columns than the first line; where commas stand between columns, decimals have a",
        ),
        ("start,price\nnow,1\n", "t.csv, line 2: 'now' is no time; it must be such as 2026-03-01T18:00 or"),
        ("start,price\n0001-01-01T00:00,1\n", "t.csv, line 2: '0001-01-01T00:00' is no time; it must be such as"),
        (
            "start,price\n2026-01-14T10:05Z,1\n",
            "t.csv, line 2: The time '2026-01-14T10:05Z' is no quarter-hour, and prices begin",
        ),
        (
            "start,price\n2026-03-29T02:30,1\n",
            "t.csv, line 2: '2026-03-29T02:30' is a time that the clock leaves out in",
        ),
        (
            "start,price\n2026-01-14T10:00Z,dear\n",
            "t.csv, line 2: The price 'dear' is not a number less than a million millions, of at most 40 decimals.",
        ),
        *(
            (
                f"start,price\n2026-01-14T10:00Z,{price}\n",
                f"t.csv, line 2: The price '{price}' is not a number less than a",
            )
            for price in (
                "1e999999999",
                "1e400",
                "-1e12",
                "1e-999999999",
                "1e-41",
                "0e99",
                "1e99999999999999999999",
                "inf",
            )
        ),
        ('start,price\n"2026', "t.csv, line 2: "),
        ("start,price\n2026-01-14T10:00Z,98\n2026-01-14T11:00Z,9", "t.csv, line 3: The last line has no line end"),
    ],
)
def test_what_is_no_such_table_is_refused(text: str, said: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(text, table())
    assert str(refused.value).startswith(said)
    with pytest.raises(SourceError, match="no text in UTF-8"):
        list(read_table(b"\xe8", "t.csv", table()))
