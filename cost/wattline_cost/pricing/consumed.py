"""What was consumed in a span of quarter-hours, counted by all that the prices of a version tell apart."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from wattline_cost.money import EXACT, NOTHING
from wattline_cost.pricing.used import Counted
from wattline_cost.tariff.model import ByBand, ByRegister, BySource, ByStep, EnergyCharge, Version
from wattline_cost.tariff.steps import begins_mwh, by_begin

BandAt = Callable[[int], str]
"""The band at a moment, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the prices of a version ask of a quarter-hour.

    Attributes:
        band: whether its band.
        register: whether in which register of the meter it was counted.
        sources: what these say of it, by their names.
        steps: in which step of its month it is: where any price has one that begins, in milliwatt-hours, ascending; the first
            is 0, also where no price has steps.
    """

    band: bool
    register: bool
    sources: tuple[str, ...]
    steps: tuple[int, ...]

    @property
    def has_steps(self) -> bool:
        """Whether any price has steps."""
        return len(self.steps) > 1


def asked_by(version: Version) -> Asked:
    """What ``version`` asks."""
    prices = [component.price for component in version.components if isinstance(component, EnergyCharge)]
    return Asked(
        band=any(isinstance(price, ByBand) for price in prices),
        register=any(isinstance(price, ByRegister) for price in prices),
        sources=tuple(dict.fromkeys(price.source for price in prices if isinstance(price, BySource))),
        steps=tuple(sorted({0}.union(*(begins_mwh(price) for price in prices if isinstance(price, ByStep))))),
    )


@dataclass(slots=True)
class Amount:
    """Energy, and how much of it is estimated, both in milliwatt-hours."""

    energy_mwh: int = 0
    estimated_mwh: int = 0

    def add(self, energy_mwh: int, estimated_mwh: int) -> None:
        """Count more."""
        self.energy_mwh += energy_mwh
        self.estimated_mwh += estimated_mwh


@dataclass(slots=True)
class Traded:
    """Energy at the prices of a source.

    Attributes:
        priced_mwh: how much there was while the source had a price.
        unpriced_mwh: how much while it had none.
        value: each of the priced milliwatt-hours times the price of a kilowatt-hour, all together.
    """

    priced_mwh: int = 0
    unpriced_mwh: int = 0
    value: Decimal = NOTHING

    def add(self, energy_mwh: int, published: Decimal | None) -> None:
        """Count more, at what the source says for it."""
        if published is None:
            self.unpriced_mwh += energy_mwh
        else:
            self.priced_mwh += energy_mwh
            self.value = EXACT.fma(published, energy_mwh, self.value)


@dataclass(slots=True)
class Consumed:
    """Energy in whole milliwatt-hours, all of it told apart in each of the ways that were asked for.

    Attributes:
        all: undivided.
        by_band: by the name of the band.
        by_register: by the number of the meter's register; 0: it is not known.
        by_source: by the name of the source whose prices it had.
        by_step: by where the step begins, in milliwatt-hours of the month.
    """

    all: Amount = field(default_factory=Amount)
    by_band: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))
    by_register: dict[int, Amount] = field(default_factory=lambda: defaultdict(Amount))
    by_source: dict[str, Traded] = field(default_factory=lambda: defaultdict(Traded))
    by_step: dict[int, Amount] = field(default_factory=lambda: defaultdict(Amount))


def count(
    quarters: Iterable[Counted], asked: Asked, band_at: BandAt, published: Mapping[str, Mapping[int, Decimal]]
) -> Consumed:
    """Counts ``quarters``.

    Args:
        quarters: each once, with what was used in the month before it.
        asked: what is told apart.
        band_at: the band at a moment.
        published: of each source, the price by the start of each quarter-hour that has one.
    """
    consumed = Consumed()
    for quarter, used_mwh in quarters:
        start_s, energy_mwh = quarter.start_s, quarter.energy_mwh
        if not energy_mwh:
            continue
        estimated_mwh = energy_mwh if quarter.is_estimated else 0
        consumed.all.add(energy_mwh, estimated_mwh)
        if asked.band:
            consumed.by_band[band_at(start_s)].add(energy_mwh, estimated_mwh)
        for name in asked.sources:
            consumed.by_source[name].add(energy_mwh, published[name].get(start_s))
        if asked.register:
            for number, part_mwh in (quarter.registers_mwh or {0: energy_mwh}).items():
                consumed.by_register[number].add(part_mwh, part_mwh if quarter.is_estimated else 0)
        if asked.has_steps:
            for begin_mwh, part_mwh in by_begin(energy_mwh, used_mwh, asked.steps):
                consumed.by_step[begin_mwh].add(part_mwh, part_mwh if quarter.is_estimated else 0)
    return consumed
