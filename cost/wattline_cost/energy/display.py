"""What the rows of a meter show of it: the decimals of its display.

A counter is stored on a binary grain (see ``wattline.registers``), or as the decimal itself where another program wrote it.
Its decimals stand nowhere beside it, but show: they are the fewest from which every value leads back to the one that is stored.
A few values may allow fewer (515.8125 is 515.8 and 515.81 alike), so habits are learnt of as many rows as there are.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from wattline.registers import to_grain
from wattline_cost.energy.quarter import MWH_PER_KWH, Rolled

MOST_DECIMALS = 6
"""Milliwatt-hours."""
# What the rollups take for the consumption: a counter of its own if there is one, else the sum of the registers.
CONSUMPTION = "consumption_counter_kwh"
COUNTERS = {"energy_import_kwh", "energy_total_kwh"}
REGISTERS = [f"energy_total_t{number}_kwh" for number in (1, 2, 3, 4)]


@dataclass(frozen=True, slots=True)
class Habits:
    """What is the same in all rows of a meter.

    Attributes:
        decimals: of a counter by the name of its field, that of ``gained_kwh`` not among them.
    """

    decimals: Mapping[str, int]

    def unit_mwh(self, name: str) -> int:
        """The last digit of the counter ``name`` in milliwatt-hours."""
        return int(10 ** (MOST_DECIMALS - self.decimals.get(name, MOST_DECIMALS)))

    def shown_mwh(self, name: str, value_kwh: float) -> int:
        """What the display shows where ``value_kwh`` is stored, in milliwatt-hours."""
        unit_mwh = self.unit_mwh(name)
        return round(value_kwh * (MWH_PER_KWH // unit_mwh)) * unit_mwh


def learn(rows: Iterable[Rolled], known: Habits | None = None) -> Habits:
    """The habits of a meter by ``rows``; of what is ``known`` no decimal is lost."""
    values: dict[str, set[float]] = {}
    for row in rows:
        for name, value in row.counters_kwh.items():
            values.setdefault(name, set()).add(value)
    decimals = dict(known.decimals) if known else {}
    for name, seen in values.items():
        decimals[name] = decimals_of(seen, decimals.get(name, 0))
    registers = [decimals[name] for name in REGISTERS if name in decimals]
    if registers and not decimals.keys() & COUNTERS:
        # The sum of values on a grain need not be where the grain has the sum of their decimals.
        decimals[CONSUMPTION] = max(registers)
    return Habits(decimals)


def decimals_of(values: Collection[float], least: int = 0) -> int:
    """How many decimals the display of a counter has that showed ``values``: ``least`` or more, and at most 6."""
    for decimals in range(least, MOST_DECIMALS):
        if all(_shows(value, decimals) for value in values):
            return decimals
    return MOST_DECIMALS


def _shows(value: float, decimals: int) -> bool:
    units = round(value * 10**decimals)
    return value in (to_grain(units, decimals), units / 10**decimals)
