"""Files of prices that are spoilt or contradict each other, and what `update` makes of the contract that goes by them.

The house takes 24 kWh a day. The exchange's price is 0.50 on each day, the grid's 0.10 a kilowatt-hour, 3.10 a month are fixed:
with a price a day of March owes 12.00 + 2.40 + 0.10 = 14.50, without one 2.50.

| fault | test |
|---|---|
| the days behind a spoilt file are not priced, nor what the grid costs on its own day | test_a_spoilt_file_costs_its_own_day_alone |
| ... for ever | the same |
| ... nobody is told, or only once | the same |
| a spoilt file of tomorrow stops today | test_a_spoilt_file_of_tomorrow_is_no_matter_of_today |
| two files that contradict each other cost more than the hours of which they do | test_hours_on_which_files_contradict_have_no_price |
| the folder is away, and with it all that is owed anyway | test_without_its_folder_the_rest_is_priced |
"""

from datetime import date, timedelta
from pathlib import Path

import pytest

from cost.priced_house import DAY_S, FLAT, QUARTER_S, House, midnight
from stack.conftest import Stack

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]

TODAY = date(2026, 3, 12)
NOW = midnight(TODAY) + 49 * QUARTER_S
BEGIN = midnight(date(2026, 3, 6))
SPOILT = date(2026, 3, 8)
OTHERS = """
[[version.component]]
name = "Grid"
per = "kWh"
price = 0.10
[[version.component]]
name = "Standing charge"
per = "month"
price = 3.10
[source.exchange]
kind = "table"
folder = "{folder}"
minutes = 60
unit = "kWh"
"""


class Exchange:
    """The folder of its files, one for each day.

    Args:
        folder: it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, day: date, price: str = "0.50", name: str = "") -> Path:
        """A whole file of ``day``."""
        rows = "".join(f"{day}T{hour:02}:00,{price}\n" for hour in range(24))
        path = self.folder / (name or f"{day}.csv")
        path.write_text(f"start,price\n{rows}")
        return path


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    house = House(stack, tmp_path)
    house.contract(FLAT.replace("price = 0.30", 'source = "exchange"') + OTHERS.format(folder=tmp_path / "prices"))
    house.read(BEGIN, NOW)
    return house


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """With the files from the 6th to the day after today."""
    exchange = Exchange(tmp_path / "prices")
    for number in range(8):
        exchange.put(date(2026, 3, 6) + timedelta(number))
    return exchange


def days(house: House) -> dict[int, tuple[float, float]]:
    """Cost and kilowatt-hours without a price of each whole day, by its number in the month."""
    return {
        (second - midnight(date(2026, 3, 1))) // DAY_S + 1: (fields[""]["cost"], fields[""]["unpriced_kwh"])
        for second, fields in house.stored("cost_1d").items()
        if second < midnight(TODAY)
    }


def near(cost: float, unpriced_kwh: float) -> object:
    return pytest.approx((cost, unpriced_kwh), abs=1e-6)


def said(house: House) -> list[str]:
    return [str(fault) for fault in house.faults]


def test_a_spoilt_file_costs_its_own_day_alone(house: House, exchange: Exchange) -> None:
    spoilt = exchange.folder / f"{SPOILT}.csv"
    spoilt.write_text(spoilt.read_text()[:25])
    for _ in range(2):
        house.update(NOW)
        assert days(house) == {day: near(2.5, 24) if day == 8 else near(14.5, 0) for day in range(6, 12)}
        (sentence,) = said(house)
        assert sentence.startswith(f"{spoilt}, line 2: The last line has no line end")
    month = house.stored("cost_1mo")[midnight(date(2026, 3, 1))][""]
    assert month["unpriced_kwh"] == pytest.approx(24)
    exchange.put(SPOILT)
    house.update(NOW)
    assert days(house) == {day: near(14.5, 0) for day in range(6, 12)}
    assert said(house) == []


def test_a_spoilt_file_of_tomorrow_is_no_matter_of_today(house: House, exchange: Exchange) -> None:
    """Twelve and a quarter hours at 0.60, and 0.10; the price of one more is known until midnight."""
    tomorrow = TODAY + timedelta(1)
    (exchange.folder / f"{tomorrow}.csv").write_text("<html>")
    (result,) = house.update(NOW)
    assert len(said(house)) == 1
    assert f"{tomorrow}.csv" in said(house)[0]
    assert result.today is not None
    assert result.today.cost == pytest.approx(12.25 * 0.6 + 0.1, abs=1e-6)
    quarters = house.stored("cost_15m")
    assert max(quarters) == midnight(tomorrow) - QUARTER_S
    assert "energy_kwh" in quarters[NOW - QUARTER_S]["all"]
    exchange.put(tomorrow)
    house.update(NOW)
    assert max(house.stored("cost_15m")) == midnight(tomorrow) + DAY_S - QUARTER_S


def test_hours_on_which_files_contradict_have_no_price(house: House, exchange: Exchange) -> None:
    """Another file of the 8th says of three of its hours what the first does not: 21 h x 0.50 + 2.50."""
    other = exchange.put(SPOILT, name="other.csv")
    other.write_text(
        other.read_text()
        .replace("T03:00,0.50", "T03:00,5.0")
        .replace("T04:00,0.50", "T04:00,0.7")
        .replace("T23:00,0.50", "T23:00,0")
    )
    house.update(NOW)
    assert days(house)[8] == near(21 * 0.5 + 2.5, 3)
    assert days(house)[9] == near(14.5, 0)
    (fault,) = said(house)
    assert fault.startswith(f"{other}: It says 5.0 for a kilowatt-hour at 2026-03-08T02:00Z, and ")
    other.unlink()
    house.update(NOW)
    assert days(house)[8] == near(14.5, 0)


def test_without_its_folder_the_rest_is_priced(house: House, tmp_path: Path) -> None:
    house.update(NOW)
    assert days(house) == {day: near(2.5, 24) for day in range(6, 12)}
    (fault,) = said(house)
    assert "of the source 'exchange' cannot be read" in fault
