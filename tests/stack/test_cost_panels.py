"""*Cost* says what is so: each panel's own query, on a real InfluxDB that `wattline-cost update` has filled, against the truth.

A kilowatt by day costs 0.22, by night 0.11 (8 to 20 h), a day of 24 hours so 3.96; 3.41 a month are fixed, 0.11 a day in March. It
is a quarter past noon on the 12th of March 2026 (`priced_panels_house.py`). What else is to be said of the forecast says
`test_forecast.py`.

| fault | test |
|---|---|
| yesterday as today, or all of it beside a part of today | test_today_stands_beside_yesterday_by_now |
| an hour of the clock too much or too little beside a day on which it changes | test_by_now_is_the_time_on_the_wall |
| a forecast without what is fixed, or with the energy of a part of a day | test_the_month_is_foreseen |
| a month that is priced in part beside a whole one | test_a_month_that_began_before_the_readings_is_no_measure |
| another band's or hour's price | test_the_price_of_now_and_of_the_coming_hours |
| a sum of the sums and their parts; the first day cut at noon | test_the_chosen_time_adds_up |
| a dearest hour across two bands, or in another place | test_the_dearest_hour |
| another meter's base load, the price of one band | test_standby |
| energy without a price makes a kilowatt-hour cheap | test_energy_without_a_price_is_told_and_not_counted |
| the income of one contract as a cost, or of none | test_what_the_sun_brings |
| a price that is good for who sells called dear, a share of more than all | test_an_income_is_no_cost |
| an income called a cost | test_money_is_called_what_it_is |
| thirteen whole months taken for the year that was chosen | test_the_titles_say_of_which_parts_the_sums_are |
| the export's contract first in the choice | test_the_contract_that_buys_comes_first |
| no contract: an error, or a zero | test_a_house_without_a_contract_has_nothing |
| dates of somebody far away | test_a_day_bears_its_date_for_somebody_far_away |
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cost.priced_house import FLAT, QUARTER_S, TWO_BANDS, House, midnight
from stack.conftest import Stack
from stack.dashboards import DASHBOARDS, queries, variable_queries
from stack.priced_panels_house import COOKING, END, NOW, TODAY, WEEK, WORDS, Householder, PanelsHouse

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


def near(**fields: float) -> object:
    return pytest.approx(fields, abs=1e-6)


@pytest.fixture(scope="module")
def looked_at(server_of_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Householder:
    """Somebody in the house; nothing is written to it any more."""
    server_of_stack.empty()
    house = PanelsHouse(server_of_stack, tmp_path_factory.mktemp("cost"))
    house.fill()
    assert house.faults == []
    return Householder(server_of_stack, NOW)


class TestPriced:
    """One house for all, since none of these tests writes."""

    def test_today_stands_beside_yesterday_by_now(self, looked_at: Householder) -> None:
        """8 h x 0.11 + 4.25 h x 0.22 + 0.11 = 1.925; yesterday 3.96 + 0.11, and 3 kWh more for the cooking, 0.66."""
        assert looked_at.one("Today") == near(current=1.925, earlier_by_now=1.925, earlier_whole=4.73)

    @pytest.mark.parametrize(
        ("day", "by_now"),
        # To noon: 8 h x 0.11 + 4 h x 0.22 + 0.11 = 1.87, whether a night's hour is missing today or yesterday, or there twice.
        # A day of 23 hours has 7 of them by night, of 25 hours 9, before eight.
        [
            (date(2025, 3, 30), 1.87),
            (date(2025, 3, 31), 1.76),
            (date(2025, 10, 26), 1.87),
            (date(2025, 10, 27), 1.98),
            (date(2025, 7, 15), 1.87),
        ],
    )
    def test_by_now_is_the_time_on_the_wall(self, looked_at: Householder, day: date, by_now: float) -> None:
        noon = midnight(date.fromordinal(day.toordinal() + 1)) - 12 * 3600
        found = looked_at.one("Today", now=datetime.fromtimestamp(noon, UTC))

        # Of October and July, a day's share of 3.41 is a little less or more than a 31st.
        assert found["earlier_by_now"] == pytest.approx(by_now, abs=0.004)

    def test_the_month_is_foreseen(self, looked_at: Householder) -> None:
        """So far eleven days of 4.07, 0.66 and 1.925: 47.355. The 19 days to come owe 2.09.

        Of the seven whole days before, a day's energy is 3.96 + 0.66 / 7, and 11.75 of 24 hours are left of today:
        (19 + 11.75 / 24) x 4.0542857 = 79.0163. March of 2025 had 31 days and an hour of the night less: 122.76 - 0.11 + 3.41.
        """
        forecast = 47.355 + 2.09 + (19 + 11.75 / 24) * (3.96 + 0.66 / 7)
        found = looked_at.one("This month")
        assert found == near(so_far=47.355, forecast_over_budget=forecast, budget=90, year_ago=126.06)
        assert forecast == pytest.approx(128.4613, abs=0.0001)

    def test_the_last_month_stands_beside_that_of_the_year_before(self, looked_at: Householder) -> None:
        """28 days x 3.96 + 3.41, both; it has its name also where its first midnight is still in January."""
        for zone in ("Europe/Rome", "America/Los_Angeles", "Asia/Tokyo"):
            assert looked_at.one("Last month", zone=zone) == near(**{"Feb 2026": 114.29, "year_before": 114.29})

    def test_each_month_of_two_years(self, looked_at: Householder) -> None:
        rows = looked_at.rows("${amount} per month")

        assert [row["month"] for row in rows][:3] == ["Jan", "Feb", "Mar"]
        (february,) = [row for row in rows if row["month"] == "Feb"]
        assert (float(february["Last year"]), float(february["This year"])) == pytest.approx((114.29, 114.29))
        (october,) = [row for row in rows if row["month"] == "Oct"]
        # 31 days and an hour of the night more.
        assert (float(october["Last year"]), october["This year"]) == (pytest.approx(122.76 + 0.11 + 3.41), "")

    def test_the_price_of_now_and_of_the_coming_hours(self, looked_at: Householder) -> None:
        (now,) = looked_at.rows("Price now")
        assert (float(now["price"]), now["band"]) == (pytest.approx(0.22), "day")
        hours = looked_at.rows("Price of each hour")
        found = {name: [row for row in hours if row.get(name)] for name in ("over", "this_hour", "to_come")}
        assert [len(rows) for rows in found.values()] == [12, 1, 35]
        prices = [float(row["over"] or row["this_hour"] or row["to_come"]) for row in hours]
        assert prices == pytest.approx(([0.11] * 8 + [0.22] * 12 + [0.11] * 4) * 2)
        cheapest, dearest = looked_at.rows("Coming hours by price")
        begin = midnight(TODAY)
        assert [row["when"] for row in (cheapest, dearest)] == ["cheapest", "dearest"]
        assert (float(cheapest["price"]), int(cheapest["at"])) == (pytest.approx(0.11), (begin + 20 * 3600) * 1000)
        assert (float(dearest["price"]), int(dearest["at"])) == (pytest.approx(0.22), (begin + 13 * 3600) * 1000)

    def test_the_chosen_time_adds_up(self, looked_at: Householder) -> None:
        """A week touches eight days, the 5th to the 12th: by day 84 + 3 + 4.25 = 91.25 kWh, by night 84 + 8 = 92."""
        assert looked_at.one("Fixed and variable, whole ${parts}") == pytest.approx(
            {
                "All of it": 31.075,
                "For energy": 30.195,
                "Fixed": 0.88,
                "Fixed share": 100 * 0.88 / 31.075,
                "Energy": 183.25,
                "A kilowatt-hour, all in": 31.075 / 183.25,
            },
            abs=1e-6,
        )
        bands = {row["band"]: row for row in looked_at.rows("By band, whole ${parts}")}
        assert {band: (float(row["energy_kwh"]), float(row["cost"])) for band, row in bands.items()} == {
            "day": pytest.approx((91.25, 20.075)),
            "night": pytest.approx((92, 10.12)),
        }
        assert float(bands["day"]["price"]) == pytest.approx(0.22)
        assert float(bands["day"]["share"]) == pytest.approx(100 * 91.25 / 183.25)
        # 91.25 x 0.20 + 92 x 0.10 = 27.45; 0.80; a tenth of both.
        assert {row["component"]: float(row["cost"]) for row in looked_at.rows("By component, whole ${parts}")} == near(
            Energy=27.45, **{"Standing charge": 0.8, "Tax": 2.825}
        )

    def test_each_day_of_the_chosen_time_and_beyond_a_hundred_each_month(self, looked_at: Householder) -> None:
        days = looked_at.rows("${amount} over the chosen time, whole ${parts}")
        assert [row["begins"] for row in days] == [f"{day} Mar" for day in range(5, 13)]
        assert [float(row["energy"]) for row in days] == pytest.approx([3.96] * 6 + [4.62, 1.815])
        assert [float(row["fixed"]) for row in days] == pytest.approx([0.11] * 8)
        months = looked_at.rows("${amount} over the chosen time, whole ${parts}", timedelta(days=365))
        assert [row["begins"] for row in months][::12] == ["Mar 2025", "Mar 2026"]
        assert float(months[-2]["energy"]) == pytest.approx(110.88)

    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo", "utc"])
    def test_a_day_bears_its_date_for_somebody_far_away(self, looked_at: Householder, zone: str) -> None:
        """The days are the contract's for everybody."""
        days = looked_at.rows("${amount} over the chosen time, whole ${parts}", zone=zone)
        assert [row["begins"] for row in days] == [f"{day} Mar" for day in range(5, 13)]
        (today,) = looked_at.rows("Today", zone=zone)
        assert float(today["earlier_by_now"]) == pytest.approx(1.925)

    @pytest.mark.parametrize("days", [7, 30, 365])
    def test_the_dearest_hour(self, looked_at: Householder, days: int) -> None:
        """4 kWh by day."""
        found = looked_at.one("Hour that came to most", timedelta(days=days))
        assert found == near(an_hour=0.88, energy_kwh=4, at=COOKING * 1000)

    def test_standby(self, looked_at: Householder) -> None:
        """100 W are 876 kWh a year; half of each day costs 0.22, half 0.11."""
        assert looked_at.one("Standby in a year") == near(a_year=876 * 0.165, base_load_w=100)

    def test_what_is_estimated_is_told(self, looked_at: Householder) -> None:
        """Of the four hours that nobody read; in the days since nothing."""
        told = {
            row["_field"]: float(row["_value"])
            for row in looked_at.rows("Not certain, whole ${parts}", timedelta(days=30))
        }
        assert told == {"estimated_kwh": pytest.approx(4, abs=0.3), "unpriced_kwh": 0}
        assert [float(row["_value"]) for row in looked_at.rows("Not certain, whole ${parts}", timedelta(days=6))] == [
            0,
            0,
        ]

    def test_what_the_sun_brings(self, looked_at: Householder) -> None:
        """Half of what is used is given, at 0.10. Of the roof's 0.3 kWh the house keeps what it does not give."""
        income = looked_at.one("Income")
        # 12.25 / 2; 11 x 24 + 3 + 12.25 = 279.25; 672; and 364 days of 24 hours, 3 and 12.25 kWh.
        assert income == pytest.approx(
            {"Today": 0.6125, "This month": 13.9625, "Last month": 33.6, "The last 365 days": 437.5625}, abs=1e-4
        )
        # 672 quarter-hours: 201.6 kWh of sun, and (168 + 3) / 2 = 85.5 given.
        saved = looked_at.one("Self-use and what it saves")
        assert saved == pytest.approx(
            {
                "Solar": 201.6,
                "Used at home": 116.1,
                "Self-use": 100 * 116.1 / 201.6,
                "Not bought": 116.1 * 30.195 / 183.25,
            }
        )
        newest = looked_at.rows("Paid and earned per month")[-1]
        assert newest["month"] == "Mar 2026"
        assert [float(newest[name]) for name in ("paid", "income", "left")] == pytest.approx(
            [47.355, 13.9625, 33.3925], abs=1e-4
        )

    def test_a_contract_of_export_shows_its_income(self, looked_at: Householder) -> None:
        assert looked_at.one("Today", contract="roof")["current"] == pytest.approx(0.6125)
        assert looked_at.one("Fixed and variable, whole ${parts}", contract="roof")["Fixed"] == pytest.approx(
            0, abs=1e-9
        )
        saved = [looked_at.one("Self-use and what it saves", contract=contract) for contract in ("house", "roof")]
        assert saved[0] == pytest.approx(saved[1]), "what was not bought has the price of what is bought"
        assert looked_at.rows("Standby in a year", contract="roof") == [], "nor does standby cost what the sun brings"

    @pytest.mark.parametrize(("contract", "amount"), [("house", "Cost"), ("roof", "Income"), ("", "Cost")])
    def test_money_is_called_what_it_is(self, looked_at: Householder, contract: str, amount: str) -> None:
        rows = looked_at.ask(variable_queries("cost")["amount"], WEEK, now=NOW, contract=contract)
        assert [row["_value"] for row in rows] == [amount]

    @pytest.mark.parametrize(("days", "parts"), [(7, "days"), (100, "days"), (101, "months")])
    def test_the_titles_say_of_which_parts_the_sums_are(self, looked_at: Householder, days: int, parts: str) -> None:
        """As many rows as days, or months."""
        rows = looked_at.ask(variable_queries("cost")["parts"], timedelta(days=days), now=NOW)
        assert [row["_value"] for row in rows] == [parts]
        drawn = looked_at.rows("${amount} over the chosen time, whole ${parts}", timedelta(days=days))
        assert len(drawn) == (days + 1 if parts == "days" else 4)

    def test_the_contract_that_buys_comes_first(self, looked_at: Householder) -> None:
        rows = looked_at.ask(variable_queries("cost")["contract"], WEEK, now=NOW)
        assert [row["_value"] for row in rows] == ["house", "roof"]

    def test_the_currency_is_the_unit(self, looked_at: Householder) -> None:
        """And where a kilowatt-hour is priced, the currency for one."""
        of_a_kwh = {
            f"cost: {title} (currency)" for title in ("Price now", "Price of each hour", "Coming hours by price")
        }
        of_a_kwh.add("cost: Fixed and variable, whole ${parts} (price)")
        units = {query.where: query for query in queries("cost") if query.where.endswith(("(currency)", "(price)"))}
        for where, query in units.items():
            (row,) = looked_at.ask(query, WEEK, now=NOW, contract="house", **WORDS)
            assert row["unit"] == ("suffix:EUR/kWh" if where in of_a_kwh else "suffix:EUR"), where
        assert of_a_kwh < units.keys()

    def test_what_is_priced_no_more_is_not_today(self, looked_at: Householder) -> None:
        """Two days later, with a timer that stands still."""
        assert looked_at.rows("Today", now=NOW + timedelta(days=2)) == []
        assert looked_at.rows("Price now", now=NOW + timedelta(days=3)) == []

    def test_a_house_without_a_contract_has_nothing(self, looked_at: Householder) -> None:
        """No error, and no zero: what a panel says where there is nothing stands in its file."""
        of_all = ("Income", "Paid and earned per month", "Self-use and what it saves")
        for panel in DASHBOARDS["cost"]["panels"]:
            if panel["type"] != "row" and panel["title"] not in of_all:
                assert looked_at.rows(panel["title"], contract="") == [], panel["title"]


@pytest.fixture
def house(stack: Stack, tmp_path: Path) -> House:
    return House(stack, tmp_path)


def test_a_month_that_began_before_the_readings_is_no_measure(house: House) -> None:
    """Readings from the 10th of February 2025 on: that month is priced in part, the March after it whole."""
    house.contract(FLAT.replace("2026-01-01", "2025-01-01"))
    house.read(midnight(date(2025, 2, 10)), END)
    house.update(END)
    viewer = Householder(house.stack, NOW)

    assert viewer.one("Last month").keys() == {"Feb 2026"}
    assert viewer.one("This month").keys() == {"so_far", "forecast", "year_ago"}


def test_energy_without_a_price_is_told_and_not_counted(house: House) -> None:
    """An exchange that said nothing of the 9th of March: 24 of 48 kWh have no price but the grid's 0.10, the others one of 0.60.

    Together 24 x 0.60 + 24 x 0.10 = 16.80; what a kilowatt-hour comes to is known of the 8th alone.
    """
    prices = house.chosen.state.parent / "prices"
    prices.mkdir()
    source = f'[source.exchange]\nkind = "table"\nfolder = "{prices}"\nminutes = 60\nunit = "kWh"\n'
    grid = '[[version.component]]\nname = "Grid"\nper = "kWh"\nprice = 0.10\n'
    house.contract(FLAT.replace("price = 0.30", 'source = "exchange"') + grid + source)
    (prices / "march.csv").write_text(
        "start,price\n" + "".join(f"2026-03-08T{hour:02}:00,0.50\n" for hour in range(24))
    )
    end = midnight(date(2026, 3, 10))
    house.read(midnight(date(2026, 3, 8)), end)
    house.update(end + QUARTER_S)
    viewer = Householder(house.stack, NOW)
    at = datetime.fromtimestamp(end + QUARTER_S, UTC)

    (band,) = viewer.rows("By band, whole ${parts}", now=at)
    assert [float(band[name]) for name in ("energy_kwh", "cost", "price")] == pytest.approx([48, 16.8, 0.6])
    whole = viewer.one("Fixed and variable, whole ${parts}", now=at)
    assert (whole["For energy"], whole["A kilowatt-hour, all in"]) == pytest.approx((16.8, 0.6))
    told = {row["_field"]: float(row["_value"]) for row in viewer.rows("Not certain, whole ${parts}", now=at)}
    assert told == near(estimated_kwh=0, unpriced_kwh=24)
    assert viewer.rows("Price now", now=at) == []


def test_a_price_that_never_changes_has_no_cheapest_hour(house: House) -> None:
    house.contract(FLAT)
    house.read(midnight(date(2026, 3, 10)), END)
    house.update(END)

    assert Householder(house.stack, NOW).rows("Coming hours by price") == []


def test_an_income_is_no_cost(stack: Stack, tmp_path: Path) -> None:
    """By 0.22 by day and 0.11 by night, of which fixed charges of 3.41 a month are taken. The best hour is that of the day."""
    house = PanelsHouse(stack, tmp_path)
    house.fill('direction = "export"' + TWO_BANDS.replace("price = 3.10", "price = -3.10"))
    viewer = Householder(stack, NOW)

    hours = [(row["when"], float(row["price"])) for row in viewer.rows("Coming hours by price", contract="roof")]
    assert hours == [("highest", pytest.approx(0.22)), ("lowest", pytest.approx(0.11))]
    # Eight days of the week: half of what is bought, and eight times 0.11 less.
    whole = viewer.one("Fixed and variable, whole ${parts}", contract="roof")
    assert [whole[name] for name in ("All of it", "Fixed", "For energy")] == pytest.approx([14.2175, -0.88, 15.0975])
    assert whole["Fixed share"] == pytest.approx(-100 * 0.88 / 15.0975)
    shares = {
        row["component"]: float(row["share"]) for row in viewer.rows("By component, whole ${parts}", contract="roof")
    }
    # 13.725, 0.80 less, and a tenth of both.
    assert shares == near(
        Energy=100 * 13.725 / 15.0175, Tax=100 * 1.2925 / 15.0175, **{"Standing charge": -80 / 15.0175}
    )
