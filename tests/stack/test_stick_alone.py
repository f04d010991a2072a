"""A house with a Rainforest stick and no other meter: every panel says what is so, or politely that there is nothing.

Each panel's own query is asked on a real InfluxDB, of what the plugin makes of the stick's fragments and the tasks of that.

| fault | test |
|---|---|
| a panel without data is an error, or one with data is empty | test_a_panel_has_data_or_is_known_to_have_none |
| a number that is none, or an infinite one | the same |
| a stick that speaks each 15 s is late, or misses 14 of 15 seconds | test_a_stick_that_speaks_each_15_s_is_neither_late_nor_lossy |
| a stick that is silent for hours has all its seconds | test_the_silence_of_a_stick_is_seen |
| the gaps between its reports break the line of the power | test_power_is_a_line_without_gaps |
| energy lost, or counted twice, between its rare counters | test_energy_is_that_of_the_counter |
| a price without its currency or its tariff | test_the_price_has_a_currency_and_a_tier |
| a day at the price of another hour | test_a_day_costs_what_its_quarter_hours_cost |
| a message that was told twice stands there twice, or hides that it is to be confirmed | test_messages_say_whether_they_are_to_be_confirmed |
| block prices, billing periods | test_blocks_and_periods_are_shown |
| the radio and the clock of the meter | test_the_link_and_the_clock_are_shown |
| what a stick tells is stored and never shown | test_every_measurement_of_a_stick_is_asked_for |
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite

import pytest

from stack.conftest import Stack
from stack.dashboards import DASHBOARDS, Viewer, panels, queries, query_of
from stack.stick_house import DAY, DAY_PRICE, HOUR, MESSAGES, NIGHT_PRICE, StickHouse, paid, taken_wh
from wattline.fields import VOCABULARY
from wattline.simulate.rainforest.fragments import FULL_WH, LAST_WH

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

NOW = datetime(2026, 11, 26, 20, 0, tzinfo=UTC)
END = int(NOW.timestamp())
BEGIN = END - 3 * DAY
SILENT = (10 * HOUR, 8 * HOUR)
# In UTC, so that the day begins when the night's price does.
WORDS = {
    "1 h": ("energy", "2s"),
    "24 h": ("energy_1m", "2m"),
    "30 d": ("energy_15m", "1h"),
    "1 y": ("energy_15m", "12h"),
}
ZOOMS = {"1 h": timedelta(hours=1), "24 h": timedelta(days=1), "30 d": timedelta(days=30), "1 y": timedelta(days=365)}
# It speaks when it wants to, so that no second of it is due.
NOT_COUNTED = ("Stored of what was metered", "Not stored today", "Seconds of each day", "Why seconds are not there")
# What a stick does not measure, what a radio has not, and what only the machine and its backups tell.
SILENT_PANELS = {
    # Priced is what a contract is there for.
    "cost": {panel["title"] for panel in panels(DASHBOARDS["cost"])},
    "home": {"Solar power now", "Where the energy came from and went"},
    "electrical": {"Voltage", "Current", "Reactive power", "Apparent power", "Power factor", "Frequency"},
    "system": {"Round trip", "The bus is busy", *NOT_COUNTED},
}
OF_THE_MACHINE = (
    "cpu",
    "mem",
    "swap",
    "system",
    "processes",
    "net",
    "disk",
    "diskio",
    "temp",
    "pi_power",
    "influxdb_memory",
)
NOT_OF_A_METER = (*OF_THE_MACHINE, "internal_write", "wattline_backup")


class House(Viewer):
    """Somebody who looks at the dashboards of a house at its last second."""

    def rows(self, name: str, title: str, zoom: str) -> list[dict[str, str]]:
        """What the panel's query gives."""
        bucket, window = WORDS[zoom]
        return self.ask(
            query_of(name, title),
            ZOOMS[zoom],
            now=NOW,
            bucket=bucket,
            window=window,
            meter="grid",
            contract="",
            amount="Cost",
            counted="consumption_kwh",
        )


def house_of(stack: Stack, simulated: StickHouse) -> House:
    """A house whose stick said that, its tasks having run."""
    lines: dict[str, list[str]] = {"energy": [], "host": []}
    for bucket, line in simulated.lines():
        lines[bucket].append(line)
    stack.empty()
    stack.empty_host()
    for bucket, written in lines.items():
        stack.write(written, bucket)
    stack.roll_up(simulated.begin - HOUR, END, "UTC")
    return House(stack, NOW, "UTC")


@pytest.fixture(scope="module")
def house(server_of_stack: Stack) -> House:
    """Three days, in which the stick was never silent."""
    return house_of(server_of_stack, StickHouse(BEGIN, END))


def test_a_panel_has_data_or_is_known_to_have_none(house: House) -> None:
    empty: dict[str, set[str]] = {name: set() for name in DASHBOARDS}
    for name in DASHBOARDS:
        for title, flux in panels_of_a_meter(name):
            found = {zoom: house.rows(name, title, zoom) for zoom in ZOOMS}
            for rows in found.values():
                assert [value for row in rows for value in row.values() if not is_sound(value)] == [], (title, flux)
            if not any(found.values()):
                empty[name].add(title)

    assert empty == SILENT_PANELS


def panels_of_a_meter(name: str) -> Iterator[tuple[str, str]]:
    """Title and query of each panel that a meter fills."""
    for query in queries(name):
        title, _, ref = query.where.removeprefix(f"{name}: ").rpartition(" (")
        if ref == "A)" and not any(f'r._measurement == "{of}"' in query.flux for of in NOT_OF_A_METER):
            yield title, query.flux


def is_sound(text: str) -> bool:
    """Whether a cell is a text, or a number that can be drawn."""
    try:
        return isfinite(float(text or 0))
    except ValueError:
        return True


@pytest.mark.parametrize("zoom", ["1 h", "24 h"])
def test_a_stick_that_speaks_each_15_s_is_neither_late_nor_lossy(house: House, zoom: str) -> None:
    (newest,) = house.rows("system", "Newest reading", zoom)
    (metered,) = house.rows("system", "Time metered", zoom)
    course = [float(row["_value"]) for row in house.rows("system", "Time metered, in its course", zoom)]
    gaps = house.rows("system", "Longest gaps", zoom)

    assert (newest["_field"], float(newest["_value"])) == ("age_s", pytest.approx(15, abs=1))
    assert float(metered["_value"]) == pytest.approx(100, abs=1)
    assert course == pytest.approx([100] * len(course), abs=1)
    assert len(course) >= 3
    assert [(gap["meter"], gap["length_s"]) for gap in gaps] == [("grid", "0")]


def test_power_is_a_line_without_gaps(house: House) -> None:
    """A reading in every third window of five seconds: what is between is bridged up to a minute."""
    rows = house.rows("home", "Power, the last hour", "1 h")
    drawn = [float(row["minutes"]) for row in rows[1:] if row["power_w"]]

    assert len(drawn) > 200
    assert max(later - earlier for earlier, later in pairwise(drawn)) < 1


def test_energy_is_that_of_the_counter(house: House) -> None:
    midnight = END // DAY * DAY
    today = {row["_field"]: float(row["_value"]) for row in house.rows("home", "Today", "1 h")}
    days = [float(row["consumption_kwh"]) for row in house.rows("home", "Energy per day", "30 d")]
    (given, taken) = house.rows("home", "The meter's counters", "24 h")

    # A counter comes every four minutes, so that the end of each quarter-hour is up to four minutes too early.
    late_kwh = 2.1 * 240 / HOUR + 0.002
    assert today["current"] == pytest.approx(taken_wh(midnight, END - 900) / 1000, abs=late_kwh)
    assert today["earlier_whole"] == pytest.approx(taken_wh(midnight - DAY, midnight) / 1000, abs=late_kwh)
    assert sum(days) == pytest.approx(taken_wh(BEGIN, END) / 1000, abs=late_kwh)
    assert (given["counter"], float(given["counted"])) == ("energy_export_kwh", 0.0)
    assert float(taken["counted"]) == pytest.approx(taken_wh(END - DAY, END) / 1000, abs=2 * late_kwh)


def test_the_price_has_a_currency_and_a_tier(house: House) -> None:
    (now,) = house.rows("home", "Price now", "1 h")
    course = house.rows("home", "Price over the chosen time", "24 h")
    tiers = {row["of"]: round(float(row["_value"]), 4) for row in course if row["_value"]}
    units = [query for query in queries("home") if query.where == "home: Price now (currency)"]

    assert (round(float(now["price"]), 4), now["tier"]) == (DAY_PRICE, "Day")
    assert tiers == {"USD, tier 1": NIGHT_PRICE, "USD, tier 2": DAY_PRICE}
    assert [row["unit"] for row in house.ask(units[0], ZOOMS["1 h"], now=NOW, meter="grid")] == ["suffix:USD/kWh"]


def test_a_day_costs_what_its_quarter_hours_cost(house: House) -> None:
    rows = house.rows("home", "Cost per day", "30 d")
    costs = {int(datetime.fromisoformat(row["_time"]).timestamp()): float(row["cost"]) for row in rows}
    midnight = END // DAY * DAY

    # Its first quarter-hour has four minutes too few, as its last one; those cost less than a cent.
    assert costs[midnight - DAY] == pytest.approx(paid(midnight - DAY, midnight), abs=0.005)
    assert costs[midnight] == pytest.approx(paid(midnight, END), abs=0.03)
    assert len(costs) == 4


def test_messages_say_whether_they_are_to_be_confirmed(house: House) -> None:
    rows = house.rows("home", "Messages of the utility", "1 h")

    told = [
        (datetime.fromisoformat(row["_time"]).timestamp(), row["text"], row["priority"], row["confirmation"])
        for row in rows
    ]
    assert told == [
        (END - hours * HOUR, text, priority, "asked for" if is_asked else "not needed")
        for hours, (text, priority, is_asked) in sorted(MESSAGES.items())
    ]


def test_blocks_and_periods_are_shown(house: House) -> None:
    blocks = house.rows("home", "Prices of the blocks", "1 h")
    periods = house.rows("home", "Running period", "1 h")

    assert [(row["block"], round(float(row["price"]), 4), float(row["until"])) for row in blocks] == [
        ("1", 0.1524, 300),
        ("2", 0.22, -1),
    ]
    shown = {row["period"]: float(row["energy_kwh"]) for row in periods}
    assert shown.keys() == {"current", "last"}
    assert 0 < shown["current"] < FULL_WH / 1000
    assert shown["last"] == pytest.approx(LAST_WH / 1000, abs=1e-3)
    assert all(int(row["began"]) > 0 for row in periods)


def test_the_link_and_the_clock_are_shown(house: House) -> None:
    (link,) = house.rows("system", "Radio link", "1 h")
    drift = [float(row["_value"]) for row in house.rows("system", "The meter's clock", "24 h") if row["_value"]]
    silence = [float(row["_value"]) for row in house.rows("system", "Silence of the stick", "1 h") if row["_value"]]

    assert (link["state"], link["link"]) == ("Connected", "100 %")
    assert set(drift) == {0.0}
    assert max(silence) < 15


def test_every_measurement_of_a_stick_is_asked_for() -> None:
    """But what is there for somebody who looks for a fault by hand, and load profiles, which only come on request."""
    by_hand = {"wattline_stick_info", "wattline_warning", "wattline_schedule", "electricity_interval", "run_info"}
    asked = {
        name for name in VOCABULARY for board in DASHBOARDS for query in queries(board) if f'"{name}"' in query.flux
    }

    assert set(VOCABULARY) - asked == by_hand


def test_the_silence_of_a_stick_is_seen(server_of_stack: Stack) -> None:
    """Two hours of a day, and the last three minutes: the last test of the module, which takes the house away."""
    house = house_of(server_of_stack, StickHouse(END - 2 * DAY, END, silences=(SILENT, (180, 0))))

    (newest,) = house.rows("system", "Newest reading", "1 h")
    (metered,) = house.rows("system", "Time metered", "24 h")
    gap = house.rows("system", "Longest gaps", "24 h")[0]

    assert (newest["_field"], float(newest["_value"])) == ("age_s", pytest.approx(195, abs=16))
    assert float(metered["_value"]) == pytest.approx(100 * 22 / 24, abs=1)
    assert int(gap["length_s"]) == pytest.approx(2 * HOUR, abs=60)
    assert house.rows("home", "Power now", "1 h") == []
