"""What may stand in a contract and seldom does: slips that are dear, to be looked at once more."""

from collections.abc import Iterator
from decimal import Decimal

from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Contract,
    Energy,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Version,
)
from wattline_cost.tariff.told import number

# More than a kilowatt-hour costs anywhere, or a day of what is paid anyway; of other currencies nothing is said.
DEAR = {currency: Decimal(2) for currency in ("CHF", "EUR", "GBP", "USD")}
DEAR_DAY = Decimal(20)
# Who is connected with more has no contract of a household, and one in watts has a thousand times as much.
MOST_KW = Decimal(200)
# Spain's tax on electricity is the least there is; 0.21 is 21 % written as a share.
LEAST_PERCENT = Decimal("0.5")


def doubts(contract: Contract) -> Iterator[str]:
    """What seems odd in ``contract``, each in a sentence: it may be so, and nothing is refused."""
    for place, version in enumerate(contract.versions, 1):
        for sentence in _of_version(version, contract.currency):
            yield f"version {place}, {sentence}"
    for name, settings in contract.sources.items():
        if not settings.folder.is_dir():
            yield f"source {name!r}: there is no folder {settings.folder} here, and so no price of it."


def _of_version(version: Version, currency: str) -> Iterator[str]:
    dear = DEAR.get(currency)
    if version.contract_kw is not None and version.contract_kw > MOST_KW:
        yield f"contract_kw = {number(version.contract_kw)}: is that so? 3 kW are 3, not 3000."
    for component in version.components:
        match component:
            case EnergyCharge(name, price):
                if found := [each for each in _prices(price) if dear and abs(each) > dear]:
                    yield (
                        f"{name!r}: {number(found[0])} {currency} for a kilowatt-hour, is that so? A price of a megawatt-hour is "
                        "divided by 1000, one in cents by 100."
                    )
            case FixedCharge(name, price, Per.DAY) if dear and abs(price) > DEAR_DAY:
                yield f"{name!r}: {number(price)} {currency} for each day, is that so?"
            case Percentage(name, percent):
                if 0 < abs(percent) < LEAST_PERCENT:
                    yield f"{name!r}: {number(percent)} %, is that so? A tenth is 10."


def _prices(price: Energy) -> list[Decimal]:
    """The numbers of ``price`` that are money for a kilowatt-hour."""
    match price:
        case Flat(flat):
            return [flat]
        case ByBand(prices):
            return list(prices.values())
        case ByRegister(of_registers):
            return list(of_registers.values())
        case BySource(_, _, plus):
            return [plus]
        case ByStep(steps):
            return [step.price for step in steps]
