"""Whether values obey the documentation of their registers: sums, products, signs and ranges. Pure functions.

They were read within a part of a second of each other, not at once, and a load may have changed in between: so gauges
have a tolerance, several readings are compared, and what most of them say holds.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model
from wattline.probe.findings import Check
from wattline.registers import Decoded, Row

Values = Mapping[str, float]
"""Field to value, of one reading."""

GAUGE_SHARE = 0.03
GAUGE_UNITS = 5
# Each counter was rounded by itself, and may have counted on between two reads.
COUNTER_UNITS = 2
_PART = re.compile(r"_(l[123]|t[1-4])(?=_|$)")
# Of these the lines add up. An apparent power may be summed in either of two ways, and a power factor is no sum.
_SUMMED = ("A", "W", "var", "kWh", "kvarh")


def check(model: Model, readings: Sequence[Mapping[int, Decoded]]) -> list[Check]:
    """What ``readings``, the oldest first, show of each thing that the values of ``model`` should obey."""
    rows = {row.field: row for row in model.rows}
    by_claim: dict[str, list[Check]] = {}
    for reading in readings:
        values = {field: value for said in reading.values() for field, value in said.values.items()}
        implausible = {field: value for said in reading.values() for field, value in said.implausible.items()}
        for found in (*_ranges(rows, values, implausible), *_sums(rows, values), *_products(rows, values)):
            by_claim.setdefault(found.claim, []).append(found)
        for found in _signs(model, values):
            by_claim.setdefault(found.claim, []).append(found)
    return [
        Check(claim, 2 * sum(found.holds for found in all_found) > len(all_found), all_found[-1].detail)
        for claim, all_found in by_claim.items()
    ]


def _ranges(rows: Mapping[str, Row], values: Values, implausible: Values) -> Iterator[Check]:
    if values or implausible:
        outside = ", ".join(f"`{field}` = {value:g} {_unit(field)}".rstrip() for field, value in implausible.items())
        yield Check(
            "Every value is within what the meter can measure",
            not implausible,
            outside or f"{len(values)} of {len(rows)} values read",
        )


# Sums.


def _sums(rows: Mapping[str, Row], values: Values) -> Iterator[Check]:
    for whole in rows:
        for kind in ("l", "t"):
            parts = [name for name in rows if _is_part(name, whole, kind)]
            is_average = kind == "l" and _unit(whole) == "V"
            if len(parts) > 1 and (is_average or _unit(whole) in _SUMMED):
                yield from _sum(rows, values, whole, parts, is_average=is_average)
        if "_total_" in whole and not _PART.search(whole):
            directions = [whole.replace("_total_", f"_{way}_") for way in ("import", "export")]
            if all(name in rows for name in directions):
                yield from _sum(rows, values, whole, directions)


def _is_part(name: str, whole: str, kind: str) -> bool:
    match = _PART.search(name)
    return match is not None and match[1][0] == kind and ELECTRICITY_FIELDS[name].part_of == whole


def _sum(
    rows: Mapping[str, Row], values: Values, whole: str, parts: Sequence[str], *, is_average: bool = False
) -> Iterator[Check]:
    if not all(name in values for name in (whole, *parts)):
        return
    total = math.fsum(values[name] for name in parts) / (len(parts) if is_average else 1)
    units = COUNTER_UNITS if ELECTRICITY_FIELDS[whole].kind == "counter" else GAUGE_UNITS
    slack = units * sum(10.0 ** -rows[name].decimals for name in (whole, *parts))
    if ELECTRICITY_FIELDS[whole].kind == "gauge":
        slack += GAUGE_SHARE * max(abs(values[name]) for name in (whole, *parts))
    sides = " + ".join(f"`{name}`" for name in parts)
    yield _compared(
        f"`{whole}` = ({sides}) / {len(parts)}" if is_average else f"`{whole}` = {sides}",
        (values[whole], total),
        slack,
        rows[whole],
    )


# Products.


def _products(rows: Mapping[str, Row], values: Values) -> Iterator[Check]:
    is_one_phase = not any("_l2" in name for name in rows)
    for line in ("", "_l1", "_l2", "_l3"):
        power, apparent, reactive = f"power{line}_w", f"apparent_power{line}_va", f"reactive_power{line}_var"
        voltage, current, factor = f"voltage{line}_v", f"current{line}_a", f"power_factor{line}"
        if line or is_one_phase:
            yield from _product(rows, values, (power, voltage, current, factor))
            yield from _hypotenuse(rows, values, (apparent, power, reactive))
        else:
            yield from _product(rows, values, (power, apparent, factor))


def _product(rows: Mapping[str, Row], values: Values, names: Sequence[str]) -> Iterator[Check]:
    """That the first of ``names`` is the product of the others, but for the sign, which is checked apart."""
    claim = f"|`{names[0]}`| = |{' · '.join(f'`{name}`' for name in names[1:])}|"
    yield from _formula(rows, values, names, claim, lambda *factors: abs(math.prod(factors)))


def _hypotenuse(rows: Mapping[str, Row], values: Values, names: Sequence[str]) -> Iterator[Check]:
    """That the square of the first of ``names`` is the sum of the others' squares."""
    claim = f"`{names[0]}` = √({' + '.join(f'`{name}`²' for name in names[1:])})"
    yield from _formula(rows, values, names, claim, math.hypot)


def _formula(
    rows: Mapping[str, Row], values: Values, names: Sequence[str], claim: str, formula: Callable[..., float]
) -> Iterator[Check]:
    if not all(name in values for name in names):
        return
    result, *others = names
    numbers = [values[name] for name in others]
    said, expected = abs(values[result]), formula(*numbers)
    slack = GAUGE_UNITS * 10.0 ** -rows[result].decimals + GAUGE_SHARE * max(said, expected)
    for place, name in enumerate(others):
        # What the last digit of each is worth in the result.
        moved = [*numbers]
        moved[place] += math.copysign(10.0 ** -rows[name].decimals, moved[place])
        slack += abs(formula(*moved) - expected)
    yield _compared(claim, (said, expected), slack, rows[result])


def _compared(claim: str, sides: tuple[float, float], slack: float, row: Row) -> Check:
    shown = [f"{side:.{row.decimals}f} {_unit(row.field)}".rstrip() for side in sides]
    return Check(claim, abs(sides[0] - sides[1]) <= slack, " and ".join(shown))


# Signs.


def _signs(model: Model, values: Values) -> Iterator[Check]:
    """What can be told of signs; of nothing but positive numbers that is nothing."""
    powers = {name: value for name, value in values.items() if name.startswith("power_") and name.endswith("_w")}
    negative = ", ".join(f"`{name}` = {value:g} W" for name, value in powers.items() if value < 0)
    if negative and model.sign != "unknown":
        yield Check(
            f"Power is {'never negative' if model.sign == 'unsigned' else 'negative while energy is given'}",
            model.sign == "signed",
            negative,
        )
    for power, value in powers.items():
        factor = power.removesuffix("_w").replace("power", "power_factor")
        sides = (value, values.get(factor, 0.0))
        if all(sides) and min(sides) < 0:
            yield Check(
                f"`{factor}` has the sign of `{power}`", sides[0] * sides[1] > 0, f"{sides[1]:g} and {sides[0]:g} W"
            )


def _unit(field: str) -> str:
    return ELECTRICITY_FIELDS[field].unit
