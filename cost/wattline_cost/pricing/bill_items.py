"""What has a line of its own on a bill: versions that have a thing at one price, and with the same percentages, share its line.

So a change of the energy's price leaves one line of the standing charge and one of the tax, as a supplier prints it; and a
change of the tax divides all that is taxed, so that each tax has its base.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from wattline_cost.pricing.energies import part_order, part_price, parts_of
from wattline_cost.pricing.line import Kind, Line
from wattline_cost.tariff.model import BySource, Contract, EnergyCharge, FixedCharge, Per, Percentage, Version

ONLY = (0, "")


@dataclass(frozen=True, slots=True)
class Item:
    """What makes two lines one.

    Attributes:
        component: its name.
        kind: of it.
        part: the band or register; empty where there is none.
        price: for one of ``per``, of a percentage the percent; None where there is none.
        per: what the price is for, as on the bill.
        taxes: the percentages that are of it.
        source: how the price follows what a source publishes; None where it does not.
        kw: the power that is paid for, of a charge by kW.
    """

    component: str
    kind: Kind
    part: str
    price: Decimal | None
    per: str
    taxes: frozenset["Item"]
    source: BySource | None = None
    kw: Decimal | None = None

    @property
    def depth(self) -> int:
        """How many percentages can follow from one another: a percentage has fewer than what it is of."""
        return 1 + max((tax.depth for tax in self.taxes), default=0)


@dataclass(slots=True, eq=False)
class Run:
    """An item, and the versions in a row that have it.

    Attributes:
        item: it.
        versions: their places in the contract.
        lines: the lines of days of which it is.
    """

    item: Item
    versions: list[int] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def is_taxed_by(self, tax: "Run") -> bool:
        """Whether it belongs to the base of ``tax``."""
        return tax.item in self.item.taxes and self.versions[0] in tax.versions


def runs_of(contract: Contract, lines: Iterable[Line]) -> list[Run]:
    """The items of a bill, in its order: by components, their parts, and versions.

    Args:
        contract: what was priced.
        lines: of the days of the bill.
    """
    of_versions: dict[int, list[Line]] = {}
    for line in lines:
        of_versions.setdefault(line.version, []).append(line)
    held = sorted(of_versions)
    runs: dict[Item, list[Run]] = {}
    orders: dict[tuple[str, str], tuple[int, str]] = {}
    for index, before in zip(held, [None, *held], strict=False):
        for item, order, own in _items(contract.versions[index], of_versions[index]):
            # Bands stand as in the first version that has them.
            orders.setdefault((item.component, item.part), order)
            found = runs.setdefault(item, [])
            if not found or found[-1].versions[-1] != before:
                found.append(Run(item))
            found[-1].versions.append(index)
            found[-1].lines += own
    names = _names([contract.versions[index] for index in held])

    def place(run: Run) -> tuple[int, tuple[int, str], int]:
        item = run.item
        return names.index(item.component), orders[item.component, item.part], run.versions[0]

    # Of a band in which nothing was used there is no line.
    every = [run for found in runs.values() for run in found if run.lines]
    return sorted(every, key=place)


def _items(version: Version, lines: Sequence[Line]) -> Iterator[tuple[Item, tuple[int, str], list[Line]]]:
    """The items of a version, each with the order of its part and with those of ``lines`` that are its own."""
    percentages: list[tuple[tuple[str, ...], Item]] = []
    # From the last one on, since what stands above may be taxed by what stands below.
    for component in reversed(version.components):
        name = component.name
        own = [line for line in lines if line.component == name]
        taxes = frozenset(item for of, item in percentages if name in of)
        match component:
            case EnergyCharge(price=price):
                source = price if isinstance(price, BySource) else None
                for part in parts_of(component) | {line.part for line in own}:
                    item = Item(name, Kind.ENERGY, part, part_price(component, part), Per.KWH.value, taxes, source)
                    yield item, part_order(component, part), [line for line in own if line.part == part]
            case FixedCharge(price=price, per=per):
                kw = version.contract_kw if per.is_by_power else None
                yield Item(name, Kind.FIXED, "", price, per.value, taxes, kw=kw), ONLY, own
            case Percentage(percent=percent, of=of):
                item = Item(name, Kind.TAX, "", percent, "%", taxes)
                percentages.append((of, item))
                yield item, ONLY, own


def _names(versions: Sequence[Version]) -> list[str]:
    """The components of all versions: what only a later one has stands before that which follows it there."""
    names: list[str] = []
    for version in versions:
        place = len(names)
        for component in reversed(version.components):
            if component.name in names:
                place = names.index(component.name)
            else:
                names.insert(place, component.name)
    return names
