"""What is owed: the lines of a day, which add up to every other sum."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """Of what a line is."""

    ENERGY = "energy"
    FIXED = "fixed"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Line:
    """A part of what a day costs.

    Attributes:
        day: of the contract's calendar.
        version: the place of the version in the contract, from 0 on.
        component: its name.
        kind: of it.
        part: the band, or ``T1`` to ``T4``, of which the energy is; empty where the price tells none apart.
        energy_mwh: milliwatt-hours that were priced; 0 of what is no energy.
        amount: in the currency, not rounded; what an export yields is positive too.
        of_energy: how much of ``amount`` a kilowatt-hour less would have spared: all of an energy charge, none of a fixed
            one, and of a tax that on energy charges.
        estimated_mwh: how much of the energy is estimated.
        unpriced_mwh: how much of it has no price, since its source has none for that time: this line owes nothing for it.
    """

    day: date
    version: int
    component: str
    kind: Kind
    part: str
    energy_mwh: int
    amount: Decimal
    of_energy: Decimal
    estimated_mwh: int = 0
    unpriced_mwh: int = 0
