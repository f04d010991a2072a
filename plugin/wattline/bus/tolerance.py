"""How far two reads of the same value may differ that were made moments apart."""

from wattline.registers import Row

# Between two reads a value moves by itself: so much of it, and so many units of its last decimal, count as agreement.
SHARE = 0.02
UNITS = 5


def tolerance(row: Row, *values: float) -> float:
    """By how much readings of ``row``, which said ``values``, may differ and agree, in its unit."""
    units: float = UNITS / 10**row.decimals
    return SHARE * max(map(abs, values)) + units
