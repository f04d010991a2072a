"""A house whose readings are in a real InfluxDB, and contracts that price them.

Each quarter-hour has 0.25 kWh by the counter and 1000 W by the power, so that each sum can be worked out by hand.
"""

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from database import line
from stack.conftest import Stack
from wattline.costs import COST_TAGS
from wattline.errors import WattlineError
from wattline.influxdb.server import Server
from wattline_cost.local_days import day_of, day_start_s
from wattline_cost.settings import Settings
from wattline_cost.store.memory import Memory
from wattline_cost.store.stored import Stored
from wattline_cost.store.work import File, Result, Work, files_in
from wattline_cost.tariff.file import parse_contract

ROME = ZoneInfo("Europe/Rome")
QUARTER_S, DAY_S = 900, 86_400
QUARTER_KWH, COUNTED_BEFORE_KWH = 0.25, 1000.0
# 0.20 a kilowatt-hour by day and 0.10 by night, 3.10 a month, and a tenth of all of it as tax.
TWO_BANDS = """
currency = "EUR"
timezone = "Europe/Rome"
rule = [{ band = "night" }, { band = "day", hours = "08:00-20:00" }]
[[version]]
from = 2026-01-01
[[version.component]]
name = "Energy"
per = "kWh"
prices = { day = 0.20, night = 0.10 }
[[version.component]]
name = "Standing charge"
per = "month"
price = 3.10
[[version.component]]
name = "Tax"
percent = 10
of = "all above"
"""
FLAT = """
currency = "EUR"
timezone = "Europe/Rome"
[[version]]
from = 2026-01-01
[[version.component]]
name = "Energy"
per = "kWh"
price = 0.30
"""
# Each kilowatt-hour at 0.10, above 100 of a month at 0.30, and above 200.1, which is within a quarter-hour, at 0.05.
STEPPED = FLAT.replace(
    "price = 0.30",
    "steps = [{ above_kwh = 0, price = 0.10 }, { above_kwh = 100, price = 0.30 }, { above_kwh = 200.1, price = 0.05 }]",
)


def midnight(day: date) -> int:
    """The first second of a day in Rome."""
    return day_start_s(day, ROME)


class House:
    """The readings, the contracts and what is stored.

    Args:
        stack: InfluxDB.
        folder: for files.
        token: that the work is done by; InfluxDB's operator's unless given.
    """

    def __init__(self, stack: Stack, folder: Path, token: str = "") -> None:
        self.stack = stack
        self.tariffs = folder / "tariffs"
        self.tariffs.mkdir()
        token_file = folder / "token"
        token_file.write_text(token or stack.token)
        self.chosen = Settings(stack.url, token_file, self.tariffs, "home", folder / "state", "")
        self.faults: list[WattlineError] = []

    def read(
        self,
        first: int,
        last: int,
        *,
        but: Iterable[int] = (),
        meter: str = "house",
        role: str = "grid",
        often: Callable[[int], int] = lambda _: 900,
    ) -> None:
        """Have the quarter-hours that begin from ``first`` on and before ``last`` read, but for some of them, and their days.

        ``often`` is how many readings the one has that begins at a second.
        """
        left_out = set(but)
        days: dict[int, list[float]] = {}
        rows, unread_kwh = [], 0.0
        for number, second in enumerate(range(first, last, QUARTER_S)):
            if second in left_out:
                unread_kwh += QUARTER_KWH
                continue
            counter = COUNTED_BEFORE_KWH + QUARTER_KWH * (number + 1)
            gained, unread_kwh = QUARTER_KWH + unread_kwh, 0.0
            values = {
                "readings": often(second),
                "power_w": 1000,
                "consumption_counter_kwh": counter,
                "consumption_kwh": gained,
            }
            values |= {"energy_export_kwh": counter / 2, "export_kwh": gained / 2}
            rows.append(line(second, values, meter=meter, role=role, site="home"))
            day = days.setdefault(midnight(day_of(second, ROME)), [0.0, 0.0])
            day[0], day[1] = day[0] + often(second), day[1] + gained
        self.stack.write(rows, "energy_15m")
        self.stack.write(
            [
                line(
                    second,
                    {"readings": count, "consumption_kwh": gained, "export_kwh": gained / 2},
                    meter=meter,
                    role=role,
                    site="home",
                )
                for second, (count, gained) in days.items()
            ],
            "energy_1d",
        )

    def contract(self, text: str, name: str = "house") -> None:
        """Put a contract into the folder."""
        parse_contract(Path(name), text)
        (self.tariffs / f"{name}.toml").write_text(text)

    def update(self, now: int) -> list[Result]:
        """`wattline-cost update` at a second."""
        return self._work(lambda work, files: work.update(files, self.faults), now)

    def recompute(self, now: int, first: date, last: date | None = None) -> list[Result]:
        """`wattline-cost recompute` at a second."""
        return self._work(lambda work, files: work.recompute(files, self.faults, first, last), now)

    def _work(self, do: Callable[[Work, list[File]], list[Result]], now: int) -> list[Result]:
        self.faults = []
        files = files_in(self.chosen, self.faults)
        server = self.chosen.server()
        try:
            with Memory(self.chosen.state).alone() as memory:
                return do(Work(self.chosen, server, memory, now), files)
        finally:
            server.close()

    def stored(self, measurement: str, contract: str = "house") -> dict[int, dict[str, dict[str, float]]]:
        """Second to the one tag that tells points of it apart (empty where there is none) to fields."""
        server = Server(self.stack.url, self.stack.token, "a test", "an operator's")
        found: dict[int, dict[str, dict[str, float]]] = {}
        points = Stored(server, "home", contract).points([measurement], 0, 4_000_000_000)
        for (_, tags, second), fields in points.items():
            which = dict(tags).get("component") or dict(tags).get("band") or ""
            assert which not in found.setdefault(second, {}), "two points of the same"
            found[second][which] = fields
        server.close()
        return found

    def all_stored(self, contract: str = "house") -> dict[object, dict[str, float]]:
        """All points of a contract."""
        server = Server(self.stack.url, self.stack.token, "a test", "an operator's")
        points = Stored(server, "home", contract).points(list(COST_TAGS), 0, 4_000_000_000)
        server.close()
        return dict(points)
