"""The bill of a month, or of any days, as a supplier prints it.

The lines of the days add up without rounding; a bill rounds, as its contract says. Where each line is rounded, a percentage is
of the rounded amounts: that is the base which a supplier's bill shows, and whoever adds up the amounts that are printed, or takes
a percentage of them, comes to the same cent. Where the sum alone is rounded, a percentage is of what was not rounded. Energy is
priced with all its digits, which CSV and JSON have; in a table each quantity is rounded by itself to three decimals of a
kilowatt-hour, so that a sum of them may miss by one in the last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from wattline_cost.money import kwh, rounded, total
from wattline_cost.pricing.bill_lines import BillLine, bill_lines
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.pricing.terms import shares_of, terms_of
from wattline_cost.tariff.model import Contract


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill.

    Attributes:
        contract: what it is by.
        first: its first day.
        last: its last one, which belongs to it.
        lines: by components, their bands or registers, and versions.
        energy: the sum of the lines of energy, rounded.
        fixed: that of the lines of fixed charges, rounded.
        taxes: that of the percentages, rounded. The three add up to ``total`` if each line is rounded, and else may miss it
            by the rounding.
        total: what is owed, or of an export what is earned.
        energy_kwh: what was metered while the contract held.
        estimated_kwh: how much of it is estimated.
        metered_since: the day on which the meter was first read, before which nothing is owed, where it is one of these days;
            None: all of them are owed.
    """

    contract: Contract
    first: date
    last: date
    lines: tuple[BillLine, ...]
    energy: Decimal
    fixed: Decimal
    taxes: Decimal
    total: Decimal
    energy_kwh: Decimal
    estimated_kwh: Decimal
    metered_since: date | None = None


def bill_of(
    contract: Contract, lines: Iterable[Line], first: date, last: date, metered_since: date | None = None
) -> Bill:
    """The bill of the days from ``first`` to ``last``, both among them.

    Args:
        contract: what was priced.
        lines: those of these days, as ``Pricer.lines`` gives them; those of others count for nothing.
        first: of the contract's calendar.
        last: likewise.
        metered_since: as in ``Bill``.
    """
    held = [line for line in lines if first <= line.day <= last]
    billed = bill_lines(contract, held, _days(contract, {line.day for line in held}))
    energy_mwh, estimated_mwh = _metered_mwh(held)
    return Bill(
        contract,
        first,
        last,
        tuple(billed),
        energy=_sum(contract, [line for line in billed if line.kind is Kind.ENERGY]),
        fixed=_sum(contract, [line for line in billed if line.kind is Kind.FIXED]),
        taxes=_sum(contract, [line for line in billed if line.kind is Kind.TAX]),
        total=_sum(contract, billed),
        energy_kwh=kwh(energy_mwh),
        estimated_kwh=kwh(estimated_mwh),
        metered_since=metered_since,
    )


def _sum(contract: Contract, lines: Sequence[BillLine]) -> Decimal:
    return rounded(total(line.amount for line in lines), contract.rounding.decimals, contract.rounding.mode)


def _days(contract: Contract, days: Iterable[date]) -> Mapping[int, Fraction]:
    """On how many of ``days`` each version held, by its place."""
    terms = terms_of(contract)
    held: dict[int, Fraction] = {}
    for day in days:
        for share in shares_of(day, contract, terms):
            held[share.term.index] = held.get(share.term.index, Fraction(0)) + share.part
    return held


def _metered_mwh(lines: Iterable[Line]) -> tuple[int, int]:
    """The energy, and how much of it is estimated: every energy charge has all of it, so of a version one counts."""
    sums: dict[int, dict[str, tuple[int, int]]] = {}
    for line in lines:
        if line.kind is Kind.ENERGY:
            of_version = sums.setdefault(line.version, {})
            energy_mwh, estimated_mwh = of_version.get(line.component, (0, 0))
            of_version[line.component] = energy_mwh + line.energy_mwh, estimated_mwh + line.estimated_mwh
    each = [next(iter(of_version.values())) for of_version in sums.values()]
    return sum(energy for energy, _ in each), sum(estimated for _, estimated in each)
