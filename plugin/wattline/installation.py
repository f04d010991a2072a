"""How a meter was installed: behind current transformers, or with the current running the other way. Pure functions.

Either is a change of its table, so everything behind it (decoding, plausible ranges, the simulator) knows of it.
"""

import math
from dataclasses import replace
from fractions import Fraction

from wattline.fields import ELECTRICITY_FIELDS
from wattline.meters import Model
from wattline.registers import Row, scale_decimals

# What grows with the current: all but voltage, frequency, and ratios.
_OF_CURRENT = {"A", "W", "var", "VA", "kWh", "kvarh"}
_TURNED = ("power_", "reactive_power_", "power_factor")
_IMPORT, _EXPORT = "energy_import_", "energy_export_"
# A ratio such as 33.3333 shall not give digits that nobody measured.
MORE_DECIMALS = 2


def behind_transformers(model: Model, ratio: float) -> Model:
    """The table of ``model`` whose current comes from transformers of ``ratio`` (40 for 200 A to 5 A)."""
    return replace(model, rows=tuple(_times(row, ratio) for row in model.rows), ratio=model.ratio * ratio)


def turned_round(model: Model) -> Model:
    """The table of ``model`` that sees what is taken from the grid as given to it: signs and directions change places."""
    return replace(model, rows=tuple(_turned(row) for row in model.rows))


def _times(row: Row, ratio: float) -> Row:
    if ELECTRICITY_FIELDS[row.field].unit not in _OF_CURRENT:
        return row
    times = Fraction(str(ratio))
    scale = float(Fraction(str(row.scale)) * times)
    decimals = row.decimals
    if not row.encoding.is_float:
        decimals = min(scale_decimals(scale), row.decimals + MORE_DECIMALS)
    # The last decimal is a rounded one, so the ends of the range are rounded outwards.
    unit = 10**decimals
    low = math.floor(Fraction(str(row.low)) * times * unit) / unit
    high = math.ceil(Fraction(str(row.high)) * times * unit) / unit
    return replace(row, scale=scale, low=low, high=high, decimals=decimals)


def _is_current(row: Row) -> bool:
    return ELECTRICITY_FIELDS[row.field].unit == "A"


def _turned(row: Row) -> Row:
    # Where a meter gives the current or the power factor a sign, that is the sign of the power.
    is_unsigned = row.field.startswith("power_factor") and row.low >= 0
    if (row.field.startswith(_TURNED) and not is_unsigned) or (_is_current(row) and row.low < 0):
        return replace(row, scale=-row.scale, low=-row.high, high=-row.low)
    for one, other in ((_IMPORT, _EXPORT), (_EXPORT, _IMPORT)):
        if one in row.field:
            return replace(row, field=row.field.replace(one, other))
    return row
