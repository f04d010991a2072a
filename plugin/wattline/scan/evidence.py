"""What speaks for a model: do the values that its table finds in the registers agree with each other? Pure.

One plausible number is no evidence: of all that can stand in a register, a good part looks like some voltage. Three
numbers that keep a law of physics are. The law is kept within what the display resolves and a tenth, since a load may
change between one request and the next.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from math import prod

from wattline.meters import Model
from wattline.registers import Row

PARTS = ("", "_l1", "_l2", "_l3")
LINES = PARTS[1:]
SHARE = 0.1


class Law(Enum):
    """What became of a law."""

    KEPT = auto()
    IDLE = auto()
    """Too little flows to tell."""
    BROKEN = auto()


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two ways to the same quantity.

    Attributes:
        sentence: both, for people.
        law: whether they agree.
    """

    sentence: str
    law: Law


def agreements(model: Model, values: Mapping[str, float]) -> list[Agreement]:
    """What ``values`` (field to value, as ``model`` decodes them) say about each other."""
    rows = {row.field: row for row in model.rows if row.field in values}
    agree = partial(_agreement, rows, values)
    found: list[Agreement | None] = []
    for part in PARTS if model.phases == 1 else LINES:
        volts, amperes = f"voltage{part}_v", f"current{part}_a"
        watts, volt_amperes, factor = f"power{part}_w", f"apparent_power{part}_va", f"power_factor{part}"
        found += [agree([volt_amperes], [volts, amperes]), agree([watts], [volts, amperes, factor])]
        if amperes not in rows:
            found.append(agree([watts], [volt_amperes, factor]))
    if model.phases == len(LINES):
        for total in ("power{}_w", "apparent_power{}_va", "current{}_a"):
            found.append(_sum(rows, values, total))
        found += [_lines(rows, values, "apparent_power_va", ""), _lines(rows, values, "power_w", "power_factor")]
    return [agreement for agreement in found if agreement]


def _agreement(
    rows: Mapping[str, Row], values: Mapping[str, float], left: list[str], right: list[str]
) -> Agreement | None:
    """Whether the products of two lists of fields agree; None where one is not there."""
    if not all(field in rows for field in left + right):
        return None
    step = max(_step(rows, values, left), _step(rows, values, right))
    sides = [abs(prod(values[field] for field in fields)) for fields in (left, right)]
    words = [" x ".join(_shown(rows[field], values[field]) for field in fields) for fields in (left, right)]
    return Agreement(" = ".join(words), _law(sides[0], sides[1], step))


def _sum(rows: Mapping[str, Row], values: Mapping[str, float], total: str) -> Agreement | None:
    """Whether a total is the sum of its lines, with their signs or without."""
    fields = [total.format(part) for part in PARTS]
    if not all(field in rows for field in fields):
        return None
    whole, *lines = (values[field] for field in fields)
    step = sum(10.0 ** -rows[field].decimals for field in fields)
    sums = (sum(lines), sum(map(abs, lines)))
    law = min((_law(abs(whole), abs(each), step) for each in sums), key=lambda each: each.value)
    words = " + ".join(_shown(rows[field], values[field]) for field in fields[1:])
    return Agreement(f"{_shown(rows[fields[0]], whole)} = {words}", law)


def _lines(rows: Mapping[str, Row], values: Mapping[str, float], total: str, factor: str) -> Agreement | None:
    """Whether a total is what voltage and current of the three lines make, times ``factor`` if one is named."""
    pairs = [[f"voltage{part}_v", f"current{part}_a"] for part in LINES]
    factors = [factor] if factor else []
    if not all(field in rows for field in [total, *factors, *(field for pair in pairs for field in pair)]):
        return None
    products = [pair + factors for pair in pairs]
    made = sum(abs(prod(values[field] for field in fields)) for fields in products)
    step = max(_step(rows, values, [total]), sum(_step(rows, values, fields) for fields in products))
    words = " + ".join(" x ".join(_shown(rows[field], values[field]) for field in fields) for fields in products)
    return Agreement(f"{_shown(rows[total], values[total])} = {words}", _law(abs(values[total]), made, step))


def _step(rows: Mapping[str, Row], values: Mapping[str, float], fields: list[str]) -> float:
    """By how much the product of ``fields`` changes where each is one step of its display off."""
    high = prod(abs(values[field]) + 10.0 ** -rows[field].decimals for field in fields)
    return high - prod(abs(values[field]) for field in fields)


def _law(left: float, right: float, step: float) -> Law:
    if max(left, right) <= 3 * step:
        return Law.IDLE
    return Law.KEPT if abs(left - right) <= SHARE * max(left, right) + step else Law.BROKEN


def _shown(row: Row, value: float) -> str:
    unit = next((unit for end, unit in _UNITS.items() if row.field.endswith(end)), "")
    return f"{value:.{row.decimals}f}{unit}"


_UNITS = {"_va": " VA", "_v": " V", "_a": " A", "_w": " W", "_hz": " Hz"}


def plausible(model: Model, values: Mapping[str, float], fields: Iterable[str]) -> Iterator[str]:
    """Those of ``fields`` that are there, in that order and as people write them."""
    rows = {row.field: row for row in model.rows}
    return (_shown(rows[field], values[field]) for field in fields if field in values)
