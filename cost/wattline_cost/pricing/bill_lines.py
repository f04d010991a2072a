"""The lines of a bill: those of many days as one, rounded as the contract says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from wattline_cost.money import EXACT, NOTHING, kwh, part, rounded, total
from wattline_cost.pricing.bill_items import Run, runs_of
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.tariff.model import Contract, Rounding

MEAN_DECIMALS, DAY_DECIMALS = 6, 4


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line of a bill.

    Attributes:
        versions: the places in the contract of those that it is of, in a row.
        component: its name.
        kind: of it.
        part: the band or register; empty where there is none.
        quantity: kilowatt-hours, days or, of a percentage, the money that it is of.
        price: for one of ``per``, of a percentage the percent; None where there is none.
        per: what the price is for: ``kWh``, ``day``, ``month``, ``year``, ``kW month``, ``kW year``, ``%``.
        amount: in the currency; rounded if the contract rounds each line.
        kw: the power that is paid for, of a charge by kW; None of any other.
        is_mean: whether the price is the mean of many, by which the amount was not reckoned.
        estimated_kwh: how much of the energy is estimated.
        unpriced_kwh: how much has no price: this line asks nothing for it.
    """

    versions: tuple[int, ...]
    component: str
    kind: Kind
    part: str
    quantity: Decimal
    price: Decimal | None
    per: str
    amount: Decimal
    kw: Decimal | None = None
    is_mean: bool = False
    estimated_kwh: Decimal = NOTHING
    unpriced_kwh: Decimal = NOTHING


def bill_lines(contract: Contract, lines: Iterable[Line], days: Mapping[int, Fraction]) -> list[BillLine]:
    """The lines of a bill, in its order.

    Args:
        contract: what was priced.
        lines: of the days of the bill.
        days: on how many of them each version held, by its place.
    """
    runs, rounding = runs_of(contract, lines), contract.rounding
    billed: dict[Run, BillLine] = {}
    # A percentage comes after all that it is of, which may be percentages.
    for run in sorted(runs, key=lambda run: (run.item.kind is Kind.TAX, -run.item.depth)):
        match run.item.kind:
            case Kind.ENERGY:
                billed[run] = _energy_line(run, rounding)
            case Kind.FIXED:
                held = sum((days[index] for index in run.versions), Fraction(0))
                billed[run] = _line(run, _days(held), total(line.amount for line in run.lines), rounding)
            case Kind.TAX:
                base = total(line.amount for other, line in billed.items() if other.is_taxed_by(run))
                billed[run] = _line(run, base, part(run.item.price or NOTHING, base), rounding)
    return [billed[run] for run in runs]


def _line(run: Run, quantity: Decimal, amount: Decimal, rounding: Rounding) -> BillLine:
    item = run.item
    return BillLine(
        versions=tuple(run.versions),
        component=item.component,
        kind=item.kind,
        part=item.part,
        quantity=quantity,
        price=item.price,
        per=item.per,
        amount=rounded(amount, rounding.decimals, rounding.mode) if rounding.each_line else amount,
        kw=item.kw,
    )


def _energy_line(run: Run, rounding: Rounding) -> BillLine:
    energy_kwh = kwh(sum(line.energy_mwh for line in run.lines))
    unpriced_kwh = kwh(sum(line.unpriced_mwh for line in run.lines))
    amount, price, is_mean = total(line.amount for line in run.lines), run.item.price, run.item.source is not None
    quantity = energy_kwh
    if rounding.kwh_decimals is not None:
        quantity = rounded(energy_kwh, rounding.kwh_decimals, rounding.mode)
        # What many prices made cannot be reckoned again by one quantity.
        amount = amount if price is None else EXACT.multiply(quantity, price)
    return replace(
        _line(run, quantity, amount, rounding),
        price=_mean(amount, energy_kwh - unpriced_kwh) if is_mean else price,
        is_mean=is_mean,
        estimated_kwh=kwh(sum(line.estimated_mwh for line in run.lines)),
        unpriced_kwh=unpriced_kwh,
    )


def _mean(amount: Decimal, energy_kwh: Decimal) -> Decimal | None:
    return rounded(EXACT.divide(amount, energy_kwh), MEAN_DECIMALS, "ROUND_HALF_UP") if energy_kwh else None


def _days(days: Fraction) -> Decimal:
    """Whole, or with four decimals where a version began or ended within a day."""
    exact = EXACT.divide(Decimal(days.numerator), Decimal(days.denominator))
    return exact if days.denominator == 1 else rounded(exact, DAY_DECIMALS, "ROUND_HALF_UP")
