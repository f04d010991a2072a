"""compose/compose.yaml as Compose understands it, with the defaults of its words or with others."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "compose"
FILE = FOLDER / "compose.yaml"
EXAMPLE = FOLDER / ".env.example"
# ${WORD} or ${WORD:-default}; nothing else of what Compose knows is used.
WORD = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
UNITS = {"": 1, "s": 1, "m": 60, "MiB": 2**20}


def words() -> dict[str, str | None]:
    """The words that are put in, each with its default."""
    return dict(WORD.findall(FILE.read_text()))


def example() -> dict[str, str]:
    """What .env.example sets."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def load(environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file, with the words of ``environment`` put in, or their defaults."""
    chosen = environment or {}
    text = WORD.sub(lambda match: chosen.get(match[1], match[2]), FILE.read_text())
    return yaml.safe_load(text)


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    return load()["services"]


def query_limits() -> list[str]:
    """What a query may take, as options of influxd."""
    environment = services()["influxdb"]["environment"]
    limits = {word: value for word, value in environment.items() if word.startswith("INFLUXD_QUERY_")}
    return [f"--{word.removeprefix('INFLUXD_').lower().replace('_', '-')}={number(limits[word])}" for word in limits]


def mebibytes(size: str) -> int:
    """A size of Compose's: its m is 2^20 bytes."""
    return int(re.fullmatch(r"(\d+)m", size)[1])


def number(value: str) -> int:
    """Bytes or seconds of a value such as 64MiB, 20s, or 4."""
    digits, unit = re.fullmatch(r"(\d+)(\D*)", value).groups()
    return int(digits) * UNITS[unit]
