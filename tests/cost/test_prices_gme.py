"""The file that the Italian exchange publishes.

| fault | test |
|---|---|
| a price is off by a digit, or a float | test_prices_are_those_of_the_file_for_a_kilowatt_hour |
| an hour is another | test_hours_are_numbered_from_midnight_in_italy |
| ... or all are, on the days on which the clock changes | test_the_days_of_the_change_have_23_and_25_hours, test_quarter_hours_of_the_days_of_the_change |
| hours are taken for quarter-hours, or both | test_a_file_of_another_length_has_no_prices |
| another market's, another zone's price is taken | test_other_markets_are_left_out, test_the_price_zone_is_the_one_that_was_asked_for |
| a gap is filled | test_what_is_empty_is_a_gap |
| an archive is not read, or not all of it | test_an_archive_has_the_prices_of_all_its_files |
| a file that is none is taken, or ends in a traceback | test_what_is_no_such_file_is_refused |
| a file fills the memory | test_entities_are_refused, test_a_file_that_is_too_large_is_refused |
"""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from cost.gme_files import gme, hours, quarters, zipped
from wattline_cost.errors import SourceError
from wattline_cost.prices.gme import LARGEST_BYTES, read
from wattline_cost.prices.source import Price


def utc(price: Price) -> str:
    return f"{datetime.fromtimestamp(price.start_s, UTC):%Y-%m-%dT%H:%M}"


def test_prices_are_those_of_the_file_for_a_kilowatt_hour() -> None:
    """114.905680 euros for a megawatt-hour are 0.11490568 for a kilowatt-hour; points tell thousands apart."""
    told = ["114,905680", "0,000000", "-5,500000", "1.234,567890", "98"]
    assert [price.per_kwh for price in read(hours("20260114", told), "f", gme())] == [
        Decimal("0.11490568"),
        Decimal(0),
        Decimal("-0.0055"),
        Decimal("1.23456789"),
        Decimal("0.098"),
    ]


def test_hours_are_numbered_from_midnight_in_italy() -> None:
    """Winter is an hour before UTC: hour 1 of the 14th begins at 23:00 of the 13th, hour 24 at 22:00."""
    prices = list(read(hours("20260114", ["1"] * 24), "f", gme()))
    assert (utc(prices[0]), utc(prices[-1]), len(prices)) == ("2026-01-13T23:00", "2026-01-14T22:00", 24)
    assert {price.stop_s - price.start_s for price in prices} == {3600}
    assert utc(next(read(hours("20260714", ["1"]), "f", gme()))) == "2026-07-13T22:00"


@pytest.mark.parametrize(
    ("day", "count", "third", "last"),
    # 29 March: from 23:00Z, hour 3 is the clock's 03:00, 01:00Z. 25 October: from 22:00Z, hours 3 and 4 are both the clock's two.
    [
        ("20260329", 23, "2026-03-29T01:00", "2026-03-29T21:00"),
        ("20261025", 25, "2026-10-25T00:00", "2026-10-25T22:00"),
    ],
)
def test_the_days_of_the_change_have_23_and_25_hours(day: str, count: int, third: str, last: str) -> None:
    prices = list(read(hours(day, ["1"] * count), "f", gme()))
    assert (utc(prices[2]), utc(prices[-1])) == (third, last)
    assert all(before.stop_s == after.start_s for before, after in pairwise(prices))
    with pytest.raises(SourceError, match=rf"Ora {count + 1} is none of {day[:4]}-\d\d-\d\d, which has {count}; fetch"):
        list(read(hours(day, ["1"] * (count + 1)), "f", gme()))


@pytest.mark.parametrize(
    ("day", "count", "last"), [("20260329", 92, "2026-03-29T21:45"), ("20261025", 100, "2026-10-25T22:45")]
)
def test_quarter_hours_of_the_days_of_the_change(day: str, count: int, last: str) -> None:
    prices = list(read(quarters(day, [str(n) for n in range(count)]), "f", gme(15)))
    assert (len(prices), utc(prices[-1]), prices[-1].per_kwh) == (count, last, Decimal(count - 1) / 1000)
    assert {price.stop_s - price.start_s for price in prices} == {900}
    with pytest.raises(SourceError, match=rf"Periodo {count + 1} is none of"):
        list(read(quarters(day, ["1"] * (count + 1)), "f", gme(15)))


def test_a_file_of_another_length_has_no_prices() -> None:
    assert list(read(hours("20260114", ["1"] * 24), "f", gme(15))) == []
    assert list(read(quarters("20260114", ["1"] * 96), "f", gme(60))) == []


def test_other_markets_are_left_out() -> None:
    assert list(read(hours("20260114", ["1"] * 24, market="MI1"), "f", gme())) == []


def test_the_price_zone_is_the_one_that_was_asked_for() -> None:
    data = hours("20260114", [{"PUN": "1", "NORD": "2", "SICI": "3"}])
    assert [next(read(data, "f", gme(price=zone))).per_kwh * 1000 for zone in ("PUN", "NORD", "SICI")] == [1, 2, 3]
    with pytest.raises(
        SourceError, match=r"^f: There is no price 'NORT' in it; the nearest is 'NORD'; there are PUN, NORD, SICI\.$"
    ):
        list(read(data, "f", gme(price="NORT")))


def test_what_is_empty_is_a_gap() -> None:
    prices = list(read(hours("20260114", ["1", "", {"NORD": "1"}, "4"]), "f", gme()))
    assert [utc(price) for price in prices] == ["2026-01-13T23:00", "2026-01-14T02:00"]


def test_an_archive_has_the_prices_of_all_its_files() -> None:
    data = zipped(
        {
            "20260115MGPPrezzi.xml": hours("20260115", ["2"]),
            "20260114MGPPrezzi.XML": hours("20260114", ["1"]),
            "a.pdf": b"x",
        }
    )
    assert [(utc(price), price.per_kwh * 1000) for price in read(data, "f", gme())] == [
        ("2026-01-13T23:00", 1),
        ("2026-01-14T23:00", 2),
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "f: This is no XML as GME publishes it (no element found: line 1, column 0); fetch it again."),
        (
            b"<html><body>Accept the conditions</body></html>",
            "f: There are no prices in it as GME publishes them; take the file",
        ),
        (hours("20260114", ["1"])[:-30], "f: This is no XML as GME publishes it ("),
        (
            hours("20260114", ["n.d."]),
            "f: The price 'n.d.' is not a number less than a million millions, of at most 40 decimals; fetch the file again.",
        ),
        (hours("20260114", ["NaN"]), "f: The price 'NaN' is not a number"),
        (
            hours("14.01.2026", ["1"]),
            "f: A price has no day and no number of its hour, but Data '14.01.2026' and Ora '1'; fetch",
        ),
        (
            hours("20260114", ["1"]).replace(b"<Ora>1", b"<Ora>one"),
            "f: A price has no day and no number of its hour, but Data",
        ),
        (
            hours("20260114", ["1"]).replace(b"<Ora>1", b"<Ora>0"),
            "f: Ora 0 is none of 2026-01-14, which has 24; fetch the file",
        ),
        (
            hours("99991231", ["1"]),
            "f: A price has no day and no number of its hour, but Data '99991231' and Ora '1'; fetch",
        ),
        (zipped({"a.xml": b"<x"}), "f, a.xml: This is no XML as GME publishes it ("),
        (
            zipped({"a.xml": hours("20260114", ["1"] * 24)}).replace(b"a.xml", b"b.xml", 1),
            "f: The archive cannot be unpacked (",
        ),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(SourceError) as refused:
        list(read(data, "f", gme()))
    assert str(refused.value).startswith(said)


def test_a_broken_archive_is_refused() -> None:
    whole = zipped({"a.xml": hours("20260114", [str(n) for n in range(24)])})
    refused = 0
    for at in range(40, len(whole) - 60, 7):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            list(read(broken, "f", gme()))
        except SourceError:
            refused += 1
    assert refused > 20


def test_entities_are_refused() -> None:
    """A billion laughs: a kilobyte that would be gigabytes."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    data = f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><x><Prezzi><PUN>&l9;</PUN></Prezzi></x>'.encode()
    with pytest.raises(
        SourceError, match=r"^f: This is no XML as GME publishes it \(it has a document type\); fetch it again\.$"
    ):
        list(read(data, "f", gme()))


def test_a_file_that_is_too_large_is_refused() -> None:
    """Eight kilobytes of an archive become eight megabytes, and not one byte more than one too many is unpacked."""
    data = zipped({"a.xml": b" " * (2 * LARGEST_BYTES)})
    with pytest.raises(SourceError, match=r"^f, a\.xml: It has more than 8 MiB, so it is no file of GME's\.$"):
        list(read(data, "f", gme()))
