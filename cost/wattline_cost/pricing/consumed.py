"""What was consumed in a span of quarter-hours, counted by all that a price may tell apart."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wattline_cost.energy.quarter import Quarter

BandAt = Callable[[int], str]
"""The band at a moment, in seconds since 1970."""


@dataclass(slots=True)
class Amount:
    """Energy, and how much of it is estimated, both in milliwatt-hours."""

    energy_mwh: int = 0
    estimated_mwh: int = 0

    def add(self, energy_mwh: int, *, is_estimated: bool) -> None:
        """Count more."""
        self.energy_mwh += energy_mwh
        if is_estimated:
            self.estimated_mwh += energy_mwh


@dataclass(slots=True)
class Consumed:
    """Energy in whole milliwatt-hours, all of it told apart in several ways.

    Attributes:
        all: undivided.
        by_band: by the name of the band.
        by_register: by the number of the meter's register; 0: it is not known.
        by_price: by the price that a source gave, by its name; None: it gave none.
    """

    all: Amount = field(default_factory=Amount)
    by_band: dict[str, Amount] = field(default_factory=dict)
    by_register: dict[int, Amount] = field(default_factory=dict)
    by_price: dict[str, dict[Decimal | None, Amount]] = field(default_factory=dict)


def count(
    quarters: Iterable[Quarter], band_at: BandAt | None, published: Mapping[str, Mapping[int, Decimal]]
) -> Consumed:
    """Counts ``quarters``.

    Args:
        quarters: each once.
        band_at: the band at a moment; None where no price asks.
        published: of each source that a price asks for, the price by the start of each quarter-hour.
    """
    consumed = Consumed(by_price={name: {} for name in published})
    for quarter in quarters:
        energy_mwh, is_estimated = quarter.energy_mwh, quarter.is_estimated
        if not energy_mwh:
            continue
        consumed.all.add(energy_mwh, is_estimated=is_estimated)
        if band_at:
            band = consumed.by_band.setdefault(band_at(quarter.start_s), Amount())
            band.add(energy_mwh, is_estimated=is_estimated)
        for name, prices in published.items():
            at_price = consumed.by_price[name].setdefault(prices.get(quarter.start_s), Amount())
            at_price.add(energy_mwh, is_estimated=is_estimated)
        for number, part_mwh in (quarter.registers_mwh or {0: energy_mwh}).items():
            consumed.by_register.setdefault(number, Amount()).add(part_mwh, is_estimated=is_estimated)
    return consumed
