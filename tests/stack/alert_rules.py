"""Grafana's alert rules, evaluated here as Grafana does it: the queries by InfluxDB, the rest by a page of Python."""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent.parent.parent / "grafana" / "provisioning" / "alerting"
EXPRESSION = "__expr__"

Labels = frozenset[tuple[str, str]]
Series = dict[Labels, float]
Query = Callable[[str], Series]


@dataclass(frozen=True)
class Rule:
    """One rule, as it stands in its file, and the seconds between two looks at it."""

    written: dict[str, Any]
    interval_s: int
    path: Path

    @property
    def title(self) -> str:
        return str(self.written["title"])

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        return {node["refId"]: node for node in self.written["data"]}

    @property
    def queries(self) -> dict[str, str]:
        """Name to Flux."""
        return {
            name: node["model"]["query"] for name, node in self.nodes.items() if node["datasourceUid"] != EXPRESSION
        }

    def evaluate(self, query: Query) -> dict[str, Series]:
        """What each node gives, by its name. The condition gives 1 where the alert fires, else 0."""
        results: dict[str, Series] = {name: query(flux) for name, flux in self.queries.items()}
        for name, node in self.nodes.items():
            if node["datasourceUid"] == EXPRESSION:
                results[name] = KINDS[node["model"]["type"]](node["model"], results)
        return results

    def fires(self, query: Query) -> set[Labels]:
        """The labels of the alerts that fire, once their time is over."""
        return {labels for labels, value in self.evaluate(query)[self.written["condition"]].items() if value}


def _reduce(model: dict[str, Any], results: dict[str, Series]) -> Series:
    # Each query gives one row per series, so that the last is the only one.
    assert model["reducer"] == "last"
    return results[model["expression"]]


def _math(model: dict[str, Any], results: dict[str, Series]) -> Series:
    """Two nodes and what is between them. Only series of equal labels meet.

    Grafana would let a series without labels meet all; but its InfluxDB source gives such a series a label of its own.
    """
    left, sign, right = re.fullmatch(r"\$(\w+) (\S+) \$(\w+)", model["expression"]).groups()
    return {labels: OPERATORS[sign](value, results[right][labels]) for labels, value in results[left].items()}


def _divided(value: float, by: float) -> float:
    """As Go has it, and with it Grafana: nothing is an error."""
    return value / by if by else value * math.inf


def _threshold(model: dict[str, Any], results: dict[str, Series]) -> Series:
    (condition,) = model["conditions"]
    kind, params = condition["evaluator"]["type"], condition["evaluator"]["params"]
    judge = {
        "gt": lambda value: value > params[0],
        "lt": lambda value: value < params[0],
        "outside_range": lambda value: value < params[0] or value > params[1],
    }[kind]
    return {labels: float(judge(value)) for labels, value in results[model["expression"]].items()}


OPERATORS: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "/": _divided,
    "&&": lambda left, right: float(bool(left) and bool(right)),
}
KINDS = {"reduce": _reduce, "math": _math, "threshold": _threshold}


def load_rules() -> list[Rule]:
    """Every rule of the folder."""
    return [
        Rule(written, seconds(group["interval"]), path)
        for path in sorted(FOLDER.glob("*.yaml"))
        for group in yaml.safe_load(path.read_text()).get("groups", [])
        for written in group["rules"]
    ]


def seconds(text: str) -> int:
    """Of a duration such as 30s, 5m, 1h."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]
