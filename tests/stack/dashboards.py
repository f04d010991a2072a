"""The dashboards as Grafana reads them: their panels, their queries, what Grafana puts into a query, and its asking."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from database import InfluxDB

FOLDER = Path(__file__).parents[2] / "grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))}
UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Query:
    """One Flux query of a panel or a variable.

    Attributes:
        where: dashboard and panel or variable, for people.
        flux: as it stands in the file.
    """

    where: str
    flux: str


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, those inside of closed rows too; the rows themselves are left out."""
    for entry in dashboard["panels"]:
        if entry["type"] == "row":
            yield from entry["panels"]
        else:
            yield entry


def rows(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows, open and closed."""
    return [entry for entry in dashboard["panels"] if entry["type"] == "row"]


def variables(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The variables by name, in the order in which Grafana asks for them."""
    return {variable["name"]: variable for variable in dashboard["templating"]["list"]}


def queries(name: str) -> Iterator[Query]:
    """All queries of the panels of a dashboard."""
    for panel in panels(DASHBOARDS[name]):
        for target in panel["targets"]:
            yield Query(f"{name}: {panel['title']} ({target['refId']})", target["query"])


def variable_queries(name: str) -> dict[str, Query]:
    """The queries of the variables of a dashboard, by the variable's name."""
    return {
        variable: Query(f"{name}: ${variable}", definition["query"]["query"])
        for variable, definition in variables(DASHBOARDS[name]).items()
    }


def duration(text: str) -> timedelta:
    """A length of time such as "2m", "6h", "30d"."""
    return int(text[:-1]) * UNITS[text[-1]]


def substituted(query: Query, start: datetime, stop: datetime, words: Mapping[str, list[str]]) -> str:
    """The query as Grafana sends it.

    Args:
        query: of a panel or a variable.
        start: begin of the dashboard's time range, UTC.
        stop: its end.
        words: the chosen values of the variables, and of Grafana's own `__timezone`.
    """

    def word(match: re.Match[str]) -> str:
        values = words[match["name"]]
        if match["form"] == "regex":
            escaped = [re.sub(r"([\\^$*+?.()|{}\[\]/])", r"\\\1", value) for value in values]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        (value,) = values
        return value

    flux = re.sub(r"\$\{(?P<name>\w+)(?::(?P<form>\w+))?\}", word, query.flux)
    window = (stop - start) / 1000
    times = {
        "timeRangeStart": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "timeRangeStop": f"{stop:%Y-%m-%dT%H:%M:%SZ}",
        "windowPeriod": f"{max(1, round(window.total_seconds()))}s",
    }
    return re.sub(r"\bv\.([a-zA-Z]+)", lambda match: times[match[1]], flux)


class Viewer:
    """Somebody who looks at the dashboards of a database.

    Args:
        database: that is asked.
        end: of the time chosen, and the present, UTC.
        zone: the time zone of his profile.
    """

    def __init__(self, database: InfluxDB, end: datetime, zone: str = "Europe/Rome") -> None:
        self.database, self.end, self.zone = database, end, zone

    def ask(
        self,
        query: Query,
        zoom: timedelta,
        zone: str | None = None,
        now: datetime | None = None,
        **words: str | list[str],
    ) -> list[dict[str, str]]:
        """The rows of a query's answer, with Grafana's words put in; its clock stands at ``now`` when that is given."""
        start, stop = (now or self.end) - zoom, now or self.end
        values = {name: [value] if isinstance(value, str) else value for name, value in words.items()}
        values["__timezone"] = [zone or self.zone]
        flux = substituted(query, start, stop, values)
        if now:
            head = "".join(re.findall(r'^import "[\w/]+"\n', flux, re.MULTILINE))
            flux = f"{head}option now = () => {now:%Y-%m-%dT%H:%M:%SZ}\n{flux.removeprefix(head)}"
        return self.database.query(flux)

    def words(self, name: str, zoom: timedelta) -> dict[str, str | list[str]]:
        """The first value of each variable of a dashboard, or all of those that may be several."""
        words: dict[str, str | list[str]] = {}
        for variable, query in variable_queries(name).items():
            found = [row["_value"] for row in self.ask(query, zoom, **words)]
            words[variable] = found if variables(DASHBOARDS[name])[variable]["multi"] else found[0]
        return words


def query_of(name: str, title: str) -> Query:
    """The first query of the panel with this title."""
    (query,) = (query for query in queries(name) if query.where == f"{name}: {title} (A)")
    return query
