"""A house of more than a year, its contracts priced by `wattline-cost update`, of which each panel can be reckoned by hand.

A kilowatt all the time, a quarter of a kilowatt-hour in each quarter-hour, but for an hour of cooking; half as much is given to
the grid, and the panels on the roof make 0.3. From midnight to four on the 5th of March nobody read the meter.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from cost.priced_house import COUNTED_BEFORE_KWH, FLAT, QUARTER_KWH, QUARTER_S, ROME, TWO_BANDS, House, midnight
from database import line
from stack.dashboards import Viewer, query_of
from wattline_cost.local_days import day_of

BEGIN, TODAY = date(2025, 2, 1), date(2026, 3, 12)
# A quarter of an hour after noon.
END = midnight(TODAY) + 49 * QUARTER_S
NOW = datetime.fromtimestamp(END, UTC)
COOKING = midnight(date(2026, 3, 11)) + 76 * QUARTER_S
COOKED_KWH = 1.0
UNREAD = range(midnight(date(2026, 3, 5)), midnight(date(2026, 3, 5)) + 16 * QUARTER_S, QUARTER_S)
SOLAR_KWH, BASE_LOAD_W = 0.3, 100.0
WEEK = timedelta(days=7)
WORDS = {"bucket": "energy_15m", "window": "15m", "meter": "house"}
Rows = list[dict[str, str]]

# 0.22 by day and 0.11 by night, and 3.41 a month, taxes included.
BOUGHT = TWO_BANDS.replace("2026-01-01", "2025-01-01").replace('currency = "EUR"', 'currency = "EUR"\nbudget = 90')
SOLD = 'direction = "export"' + FLAT.replace("2026-01-01", "2025-01-01").replace("0.30", "0.10")


def used_kwh(second: int) -> float:
    """What the house takes in the quarter-hour that begins then."""
    return COOKED_KWH if COOKING <= second < COOKING + 4 * QUARTER_S else QUARTER_KWH


class PanelsHouse(House):
    """The house."""

    def fill(self, sold: str = SOLD) -> None:
        """Have everything read and priced, what is given by the contract ``sold``."""
        self.stack.write(self._quarters(), "energy_15m")
        self.stack.write(self._days(), "energy_1d")
        self.contract(BOUGHT, "house")
        self.contract(sold, "roof")
        self.update(END)

    @staticmethod
    def _quarters() -> Iterator[str]:
        counter, unread = COUNTED_BEFORE_KWH, 0.0
        for second in range(midnight(BEGIN), END, QUARTER_S):
            gained = used_kwh(second)
            counter, unread = counter + gained, unread + gained
            if second in UNREAD:
                continue
            values = {"readings": 900, "power_w": 4000 * gained, "consumption_counter_kwh": counter}
            values |= {"consumption_kwh": unread, "energy_export_kwh": counter / 2, "export_kwh": unread / 2}
            yield line(second, values, meter="house", role="grid", site="home")
            values = {"readings": 900, "consumption_kwh": 0.0, "export_kwh": SOLAR_KWH}
            yield line(second, values, meter="roof", role="solar", site="home")
            unread = 0.0

    @staticmethod
    def _days() -> Iterator[str]:
        days: dict[int, list[float]] = {}
        unread = 0.0
        for second in range(midnight(BEGIN), END, QUARTER_S):
            day = days.setdefault(midnight(day_of(second, ROME)), [0.0, 0.0])
            unread += used_kwh(second)
            if second not in UNREAD:
                day[0], day[1], unread = day[0] + 900, day[1] + unread, 0.0
        for second, (readings, gained) in days.items():
            values = {"readings": readings, "consumption_kwh": gained, "export_kwh": gained / 2}
            yield line(second, values | {"base_load_w": BASE_LOAD_W}, meter="house", role="grid", site="home")


class Householder(Viewer):
    """Somebody who looks at the dashboard."""

    def rows(
        self,
        title: str,
        zoom: timedelta = WEEK,
        contract: str = "house",
        zone: str = "Europe/Rome",
        now: datetime = NOW,
    ) -> Rows:
        """What the panel's query gives."""
        amount = "Income" if contract == "roof" else "Cost"
        return self.ask(query_of("cost", title), zoom, zone, now, contract=contract, amount=amount, **WORDS)

    def one(
        self,
        title: str,
        zoom: timedelta = WEEK,
        contract: str = "house",
        zone: str = "Europe/Rome",
        now: datetime = NOW,
    ) -> dict[str, float]:
        """The numbers of its only row, by name."""
        (row,) = self.rows(title, zoom, contract, zone, now)
        return {name: float(text) for name, text in row.items() if is_value(name, text)}


def is_value(name: str, text: str) -> bool:
    return name not in {"", "result", "table"} and text.replace(".", "").replace("-", "").replace("e", "").isdigit()
