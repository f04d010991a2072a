"""What InfluxDB has of a quarter-hour, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

QUARTER_S = 900
MWH_PER_KWH = 1_000_000
"""Energy is counted in whole milliwatt-hours, so that no sum loses anything."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """A row of the bucket ``energy_15m``: a quarter-hour in which the meter was read.

    Attributes:
        start_s: seconds since 1970, a multiple of 900.
        readings: how often the meter was read.
        power_w: the mean, + is from the grid; None where the meter has none.
        counters_kwh: the last reading of a counter by the name of its field, consumption_counter_kwh among them.
        gained_kwh: ``consumption_kwh`` and ``export_kwh``: by how much the counter rose, as the rollups believe it.
    """

    start_s: int
    readings: int
    power_w: float | None
    counters_kwh: Mapping[str, float] = field(default_factory=dict)
    gained_kwh: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quarter:
    """The energy of a quarter-hour, in one direction.

    Attributes:
        start_s: seconds since 1970, a multiple of 900.
        energy_mwh: milliwatt-hours, 0 or more.
        is_estimated: how much there was is known by the counter, but not when: the meter was not read.
        registers_mwh: the same by the meter's tariff register, 1 to 4, where it has them; adds up to ``energy_mwh``.
    """

    start_s: int
    energy_mwh: int
    is_estimated: bool = False
    registers_mwh: Mapping[int, int] = field(default_factory=dict)
