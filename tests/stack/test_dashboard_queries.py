"""Every query of every panel runs on a real InfluxDB with 400 days of a simulated house, at four zooms, and is quick.

| fault | test |
|---|---|
| a query that does not compile, or finds nothing, or has not the columns that its panel draws | test_every_query_answers |
| a query that is quick on an hour and slow on a year | test_every_query_answers, which prints a table of the times |
| a variable without a value | test_the_zoom_rule_names_a_bucket_and_a_window, test_the_meter_at_the_grid_comes_first |
| a day, week, month or year that begins in Greenwich, or an hour off in spring and autumn | test_periods_are_the_household_s |
| an hour of the heat-map that is another one on the wall | test_the_heat_map_shows_hours_of_the_wall_clock |
| a sum that the drawn solar panel does not bear out | test_solar_energy_adds_up |
| an empty database: an error where a sentence should stand | test_an_empty_database_is_no_error |
"""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from chain.conftest import InfluxDB
from stack.dashboards import DASHBOARDS, Query, panels, queries, substituted, variable_queries
from stack.simulated_year import DAY, QUARTER, SimulatedYear, load_w, present

pytestmark = [pytest.mark.chain, pytest.mark.timeout(600)]

ZONE = "Europe/Rome"
ZOOMS = {"1 h": timedelta(hours=1), "24 h": timedelta(days=1), "30 d": timedelta(days=30), "1 y": timedelta(days=365)}
# To reach on a quiet machine; a noisy one is given time, and the table tells.
WANTED_MS, BORNE_MS = 150, 1500
# There is no lowest and highest second of a window while the seconds themselves are read.
BANDS = {"lowest", "highest"}


class House:
    """The database, what is in it, and how a dashboard asks it."""

    def __init__(self, database: InfluxDB, year: SimulatedYear) -> None:
        self.database, self.year = database, year
        self.end = datetime.fromtimestamp(year.end, UTC)

    def ask(self, query: Query, zoom: timedelta, zone: str = ZONE, now: datetime | None = None, **words: str) -> list[dict[str, str]]:
        """The rows of a query's answer, with Grafana's words put in; its clock stands at ``now`` when that is given."""
        start, stop = (now or self.end) - zoom, now or self.end
        values = {name: [value] for name, value in words.items()} | {"__timezone": [zone]}
        flux = substituted(query, start, stop, values)
        if now:
            head = "".join(re.findall(r'^import "[\w/]+"\n', flux, re.MULTILINE))
            flux = f"{head}option now = () => {now:%Y-%m-%dT%H:%M:%SZ}\n{flux.removeprefix(head)}"
        return self.database.query(flux)

    def words(self, name: str, zoom: timedelta) -> dict[str, str]:
        """The first value of each variable of a dashboard, or all of those that may be several."""
        asked = variable_queries(name)
        return {variable: self.ask(query, zoom)[0]["_value"] for variable, query in asked.items()}


def write(database: InfluxDB, bucket: str, lines: Iterator[str]) -> None:
    """Store lines whose stamps are seconds."""
    while batch := list(islice(lines, 5000)):
        request = urllib.request.Request(  # noqa: S310 - the URL is our own child's
            f"{database.url}/api/v2/write?org=home&bucket={bucket}&precision=s",
            data="\n".join(batch).encode(),
            headers={"Authorization": f"Token {database.token}"},
        )
        urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - likewise


def start_database(
    server: Callable[[str], str], folder: pytest.TempPathFactory, name: str, config: pytest.Config
) -> InfluxDB:
    """A database of one's own, with all buckets."""
    database = InfluxDB(server("influxd"), server("influx"), folder.mktemp(name), config)
    database.start()
    database.set_up()
    for bucket in ("energy_1m", "energy_15m", "energy_1d"):
        database._ask(f"bucket create --name {bucket} --org home")
    return database


@pytest.fixture(scope="module")
def house(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[House]:
    """A database with 400 days of a house in it."""
    with start_database(server, tmp_path_factory, "house", pytestconfig) as database:
        year = SimulatedYear(present(), ZONE)
        for bucket, lines in year.lines():
            write(database, bucket, lines)
        yield House(database, year)


@pytest.fixture(scope="module")
def empty(
    server: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[House]:
    """A database on its first day: buckets, and nothing in them."""
    with start_database(server, tmp_path_factory, "empty", pytestconfig) as database:
        yield House(database, SimulatedYear(present(), ZONE))


def columns_wanted(panel: dict[str, object]) -> set[str]:
    """The columns without which a panel would draw something else."""
    wanted: set[str] = set()
    options, transformations = panel["options"], panel.get("transformations", [])
    wanted |= {options["xField"]} if "xField" in options else set()
    for transformation in transformations:
        wanted |= set(transformation["options"].get("indexByName", {}))
    if not wanted and panel["type"] in {"timeseries", "state-timeline"}:
        wanted |= {"_time"}
    return wanted


class TestQueries:
    def test_every_query_answers(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        """Not empty, with the columns that the panel draws, and soon."""
        times: dict[str, dict[str, float]] = {}
        wrong = []
        for name in DASHBOARDS:
            asked = [(query, set()) for query in variable_queries(name).values()]
            for panel in panels(DASHBOARDS[name]):
                found = [query for query in queries(name) if query.where.startswith(f"{name}: {panel['title']} (")]
                asked += [(query, columns_wanted(panel) if n == 0 else set()) for n, query in enumerate(found)]
            for zoom, length in ZOOMS.items():
                words = house.words(name, length)
                for query, columns in asked:
                    milliseconds, rows = min((timed(house, query, length, words) for _ in range(3)), key=lambda t: t[0])
                    times.setdefault(query.where, {})[zoom] = milliseconds
                    wrong += [f"{query.where} at {zoom}: {what}" for what in lacks(query, rows, columns, words["bucket"])]
                    if milliseconds > BORNE_MS:
                        wrong.append(f"{query.where} at {zoom} took {milliseconds:.0f} ms")
        with capsys.disabled():
            print("\n" + table(times))

        assert wrong == []


def timed(house: House, query: Query, zoom: timedelta, words: dict[str, str]) -> tuple[float, list[dict[str, str]]]:
    began = time.perf_counter()
    rows = house.ask(query, zoom, **words)
    return (time.perf_counter() - began) * 1000, rows


def lacks(query: Query, rows: list[dict[str, str]], columns: set[str], bucket: str) -> Iterator[str]:
    """What is wrong with an answer."""
    yields = set(re.findall(r'yield\(name: "(\w+)"\)', query.flux)) or {"_result"}
    if bucket == "energy":
        yields -= BANDS
    if silent := yields - {row["result"] for row in rows}:
        yield f"nothing in {', '.join(sorted(silent))}"
    elif missing := columns - set().union(*rows):
        yield f"no column {', '.join(sorted(missing))}"
    elif not any(is_number(value) for row in rows for key, value in row.items() if key not in {"", "table"}) and (
        "$" not in query.where
    ):
        yield "no number"


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?[\d.]+(e[-+]\d+)?", text) is not None


def table(times: dict[str, dict[str, float]]) -> str:
    """Milliseconds of each query at each zoom, the best of three, the slowest query last."""
    lines = [f"{'milliseconds, the best of three':60}" + "".join(f"{zoom:>8}" for zoom in ZOOMS)]
    for where, row in sorted(times.items(), key=lambda item: max(item[1].values())):
        mark = f"  over {WANTED_MS}" if max(row.values()) > WANTED_MS else ""
        lines.append(f"{where[:60]:60}" + "".join(f"{row[zoom]:8.0f}" for zoom in ZOOMS) + mark)
    return "\n".join(lines)
