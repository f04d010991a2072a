"""Percentages."""

from collections.abc import Sequence
from datetime import date

from wattline_cost.money import part, total
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.tariff.model import Percentage


def tax_of(tax: Percentage, day: date, version: int, lines: Sequence[Line]) -> Line:
    """The line of ``tax`` for ``lines``, which are those of the components before it on ``day`` in ``version``."""
    base = [line for line in lines if line.component in tax.of]
    amount = part(tax.percent, total(line.amount for line in base))
    of_energy = part(tax.percent, total(line.of_energy for line in base))
    return Line(day, version, tax.name, Kind.TAX, "", 0, amount, of_energy)
