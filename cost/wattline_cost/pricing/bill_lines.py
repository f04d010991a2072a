"""The lines of a bill: those of many days as one, rounded as the contract says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from wattline_cost.money import EXACT, NOTHING, kwh, part, rounded, total
from wattline_cost.pricing.energies import part_order, part_price
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.tariff.model import BySource, Contract, EnergyCharge, FixedCharge, Per, Percentage, Rounding

MEAN_DECIMALS, DAY_DECIMALS = 6, 4


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line of a bill.

    Attributes:
        version: the place of the version in the contract, from 0 on.
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
        unpriced_kwh: how much has no price: nothing is asked for it.
    """

    version: int
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


def version_lines(contract: Contract, index: int, lines: Sequence[Line], days: Fraction) -> list[BillLine]:
    """The lines of a bill for one version.

    Args:
        contract: the contract.
        index: the version's place in it.
        lines: of the days, of this version alone.
        days: on how many it held.
    """
    version, rounding = contract.versions[index], contract.rounding
    billed: list[BillLine] = []
    for component in version.components:
        own = [line for line in lines if line.component == component.name]
        match component:
            case EnergyCharge():
                billed += _energy_lines(component, index, own, rounding)
            case FixedCharge(name, price, per):
                amount = round_line(total(line.amount for line in own), rounding)
                kw = version.contract_kw if per in (Per.KW_MONTH, Per.KW_YEAR) else None
                billed.append(BillLine(index, name, Kind.FIXED, "", _days(days), price, per.value, amount, kw))
            case Percentage(name, percent, of):
                base = total(line.amount for line in billed if line.component in of)
                amount = round_line(part(percent, base), rounding)
                billed.append(BillLine(index, name, Kind.TAX, "", base, percent, "%", amount))
    return billed


def round_line(amount: Decimal, rounding: Rounding) -> Decimal:
    """The amount of a line, rounded if each line is."""
    return rounded(amount, rounding.decimals, rounding.mode) if rounding.each_line else amount


def _energy_lines(charge: EnergyCharge, index: int, lines: Sequence[Line], rounding: Rounding) -> Iterator[BillLine]:
    for name in sorted({line.part for line in lines}, key=lambda name: part_order(charge, name)):
        own = [line for line in lines if line.part == name]
        energy_kwh = kwh(sum(line.energy_mwh for line in own))
        unpriced_kwh = kwh(sum(line.unpriced_mwh for line in own))
        amount, price = total(line.amount for line in own), part_price(charge, name)
        quantity = energy_kwh
        if rounding.kwh_decimals is not None:
            quantity = rounded(energy_kwh, rounding.kwh_decimals, rounding.mode)
            # What many prices made cannot be reckoned again by one quantity.
            amount = amount if price is None else EXACT.multiply(quantity, price)
        is_mean = isinstance(charge.price, BySource)
        yield BillLine(
            index,
            charge.name,
            Kind.ENERGY,
            name,
            quantity,
            _mean(amount, energy_kwh - unpriced_kwh) if is_mean else price,
            Per.KWH.value,
            round_line(amount, rounding),
            is_mean=is_mean,
            estimated_kwh=kwh(sum(line.estimated_mwh for line in own)),
            unpriced_kwh=unpriced_kwh,
        )


def _mean(amount: Decimal, energy_kwh: Decimal) -> Decimal | None:
    return rounded(EXACT.divide(amount, energy_kwh), MEAN_DECIMALS, "ROUND_HALF_UP") if energy_kwh else None


def _days(days: Fraction) -> Decimal:
    """Whole, or with four decimals where a version began or ended within a day."""
    exact = EXACT.divide(Decimal(days.numerator), Decimal(days.denominator))
    return exact if days.denominator == 1 else rounded(exact, DAY_DECIMALS, "ROUND_HALF_UP")
