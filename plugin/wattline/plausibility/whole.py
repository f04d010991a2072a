"""Whole readings that are none, though each of their values for itself may be sound."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise

from wattline.fields import ELECTRICITY_FIELDS
from wattline.registers import Row

# The units of what is compared, and of which quantity each is: a heater takes 2000 W and 2000 VA.
_QUANTITIES = {"V": "voltage", "A": "current", "W": "power", "var": "power", "VA": "power", "Hz": "frequency"}
UNRELATED = 3
# Fewer than three digits may be the same by chance: 1 A at a power factor of 1 with 1 var.
LEAST_UNITS = 100

_Number = tuple[float, int, str]
"""A number, its decimals, and what it is."""


def are_identical(rows: Mapping[str, Row], values: Mapping[str, float]) -> bool:
    """Whether three or more unrelated quantities are the very same number, be it in the registers or in their units.

    One reader got 236 for everything while the display was right. By chance the voltage may be the number of the power,
    but there is no third with them: 230 V and 230 W make 1 A. Counters say nothing here, since a young one can have any
    small number for hours.

    Args:
        rows: field to row.
        values: field to value in its unit, those that are implausible included.
    """
    in_registers: list[_Number] = []
    in_units: list[_Number] = []
    for name, value in values.items():
        row, field = rows[name], ELECTRICITY_FIELDS[name]
        quantity = _QUANTITIES.get(field.unit, "power factor" if "power_factor" in (name, field.part_of) else "")
        if quantity:
            decimals = row.decimals + round(math.log10(abs(row.scale))) if row.encoding.is_float else 0
            in_registers.append((round(value / row.scale, decimals), decimals, quantity))
            in_units.append((value, row.decimals, quantity))
    return _are_same(in_registers) or _are_same(in_units)


def _are_same(numbers: Iterable[_Number]) -> bool:
    """Whether three unrelated ones are the same, as far as the one with the fewest decimals tells."""
    alike: set[str] = set()
    for (number, decimals, quantity), (after, its_decimals, its_quantity) in pairwise(sorted(numbers)):
        unit = 10.0 ** -min(decimals, its_decimals)
        if after - number >= unit or abs(number) < LEAST_UNITS * unit:
            alike.clear()
            continue
        alike |= {quantity, its_quantity}
        if len(alike) >= UNRELATED:
            return True
    return False


def is_empty(values: Mapping[str, float], implausible: Mapping[str, float]) -> bool:
    """Whether frequency and voltage were read and neither is anything: each zero or implausible, on all lines.

    An OR-WE-504 gives such a frame now and then, its counters at zero as well. Without mains no meter answers that
    lives on the mains it measures.

    Args:
        values: field to value in its unit.
        implausible: the same of those that were left out for it.
    """
    voltages = [name for name in (*values, *implausible) if "voltage_v" in (name, ELECTRICITY_FIELDS[name].part_of)]
    has_frequency = bool(values.get("frequency_hz"))
    was_asked = bool(voltages) and ("frequency_hz" in values or "frequency_hz" in implausible)
    return was_asked and not has_frequency and not any(values.get(name) for name in voltages)


def is_zero_without_mains(rows: Mapping[str, Row], values: Mapping[str, float]) -> bool:
    """Whether nothing but zeros was read of what moves, and no voltage or frequency that could vouch for them.

    So it looks when only some reads of an empty frame come through. It may be true as well; then the next slot tells.

    Args:
        rows: field to row.
        values: field to value in its unit.
    """
    moving = [value for name, value in values.items() if ELECTRICITY_FIELDS[name].kind == "gauge"]
    vouches = any(name == "frequency_hz" or "voltage_v" in (name, ELECTRICITY_FIELDS[name].part_of) for name in rows)
    return vouches and bool(moving) and not any(moving)
