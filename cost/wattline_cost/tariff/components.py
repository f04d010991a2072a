"""The components of a version: what is paid for each kilowatt-hour, for time and power, and as a part of other components."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from wattline.options import nearest
from wattline_cost.errors import TariffError
from wattline_cost.tariff.model import (
    ByBand,
    ByRegister,
    BySource,
    ByStep,
    Component,
    Energy,
    EnergyCharge,
    FixedCharge,
    Flat,
    Per,
    Percentage,
    Spread,
    Step,
)
from wattline_cost.tariff.table import A_NUMBER, Faults, Table, number_of

KEYS = ("name", "per", "price", "prices", "registers", "source", "factor", "plus", "steps", "spread", "percent", "of")
STEP_KEYS = ("above_kwh", "price")
PRICED_BY = ("price", "prices", "registers", "source", "steps")
OF_SOURCE = ("factor", "plus")
# Of a kilowatt-hour: energy is counted in milliwatt-hours.
STEP_DECIMALS = 6
REGISTER_NUMBERS = {"T1": 1, "T2": 2, "T3": 3, "T4": 4}
ALL_ABOVE = "all above"

PERS = {per.value: per for per in Per}
SPREADS = {spread.value: spread for spread in Spread}
OF_YEAR = (Per.YEAR, Per.KW_YEAR)

_PRICES_RULE = "must be a table of bands and numbers, such as { F1 = 0.15, F23 = 0.13 }"
_REGISTERS_RULE = f"must be a table of the meter's registers ({', '.join(REGISTER_NUMBERS)}) and numbers, such as {{ T1 = 0.15, T2 = 0.13 }}"
_STEPS_RULE = "must be a list of two or more, each in braces, such as [{ above_kwh = 0, price = 0.10 }, { above_kwh = 150, price = 0.12 }]"
_OF_RULE = f"must be the names of components above, such as ['Energy', 'Grid'], or '{ALL_ABOVE}'"


def components(
    place: str, tables: Sequence[Mapping[str, object]], sources: Sequence[str], faults: Faults
) -> tuple[Component, ...]:
    """The components that ``tables`` tell, without those that ``faults`` now has.

    Args:
        place: the file and the version.
        tables: what the file says, in its order.
        sources: the names of the sources of prices that it tells.
        faults: takes what is refused.
    """
    names = [_name(values, number) for number, values in enumerate(tables, 1)]
    found = []
    for number, values in enumerate(tables):
        with faults.kept():
            here = f"{place}, component {names[number]!r}" if "name" in values else f"{place}, component {number + 1}"
            table = Table(here, values, KEYS)
            found.append(_component(table, names[:number], names, sources, faults))
    return tuple(found)


def _name(values: Mapping[str, object], number: int) -> str:
    """What a component is called; what is no name is refused later, and one that is missing is no reason for more."""
    return str(values.get("name", f"component {number}"))


def _component(
    table: Table, above: Sequence[str], all_names: Sequence[str], sources: Sequence[str], faults: Faults
) -> Component:
    name = table.tag("name")
    if name in above:
        raise table.fault("name", "must be unlike that of every other component of the version")
    if "percent" in table:
        of: tuple[str, ...] = ()
        with faults.kept():
            of = _of(table, above, all_names)
        return Percentage(name, _percent(table), of)
    per = table.choice("per", PERS)
    _refuse(table, ("of",), "belongs to a component with 'percent'")
    if per is Per.KWH:
        _refuse(table, ("spread",), "belongs to what is paid for a year")
        return EnergyCharge(name, _energy(table, sources))
    _refuse(table, ("prices", "registers", "source", "steps", *OF_SOURCE), "belongs to what is paid per kWh")
    if per not in OF_YEAR:
        _refuse(table, ("spread",), "belongs to what is paid per year or kW year")
    return FixedCharge(name, table.number("price"), per, table.choice("spread", SPREADS, Spread.DAYS.value))


def _refuse(table: Table, keys: Sequence[str], because: str) -> None:
    for key in keys:
        if key in table:
            raise TariffError(table.place, f"The key {key!r} {because}, which this component is not; leave it out.")


# A part of others.


def _percent(table: Table) -> Decimal:
    _refuse(table, ("per", *PRICED_BY, *OF_SOURCE, "spread"), "belongs to a component without 'percent'")
    return table.number("percent")


def _of(table: Table, above: Sequence[str], all_names: Sequence[str]) -> tuple[str, ...]:
    words = table.texts("of", _OF_RULE)
    if not words:
        raise table.fault("of", _OF_RULE)
    if words == [ALL_ABOVE]:
        if not above:
            raise table.fault("of", "must not stand in the first component, above which there is none")
        return tuple(above)
    for word in words:
        if word in above:
            continue
        if word in all_names:
            raise TariffError(
                table.place,
                f"The key 'of' names {word!r}, which does not stand above; a percentage stands below all that it is of.",
            )
        near = nearest(word, [*above, ALL_ABOVE])
        raise TariffError(
            table.place, f"The key 'of' names {word!r}, which is no component of this version{near}; it {_OF_RULE}."
        )
    if len(set(words)) < len(words):
        raise table.fault("of", "must name each component once")
    return tuple(words)


# What is paid for a kilowatt-hour.


def _energy(table: Table, sources: Sequence[str]) -> Energy:
    told = [key for key in PRICED_BY if key in table]
    if len(told) != 1:
        what = f"There are {' and '.join(map(repr, told))}" if told else "There is no price"
        raise TariffError(
            table.place,
            f"{what}; what is paid per kWh has one of the keys 'price' (always the same), 'prices' (by band), 'registers' "
            "(by the meter's registers), 'source' (as an exchange publishes it) and 'steps' (by how much was used in the month).",
        )
    if told != ["source"]:
        _refuse(table, OF_SOURCE, "belongs to a price with 'source'")
    return _ENERGIES[told[0]](table, sources)


def _flat(table: Table, _sources: Sequence[str]) -> Energy:
    return Flat(table.number("price"))


def _by_band(table: Table, _sources: Sequence[str]) -> Energy:
    return ByBand(_numbers(table, "prices", _PRICES_RULE))


def _by_register(table: Table, _sources: Sequence[str]) -> Energy:
    prices = _numbers(table, "registers", _REGISTERS_RULE)
    if not prices.keys() <= REGISTER_NUMBERS.keys():
        raise table.fault("registers", _REGISTERS_RULE)
    return ByRegister({REGISTER_NUMBERS[name]: price for name, price in prices.items()})


def _by_source(table: Table, sources: Sequence[str]) -> Energy:
    name = table.text("source")
    if name not in sources:
        raise TariffError(
            table.place,
            f"The key 'source' names {name!r}{nearest(name, sources)}; there must be a table [source.{name}] at the end of "
            "the file, which says where its prices lie.",
        )
    return BySource(name, table.number("factor", Decimal(1)), table.number("plus", Decimal(0)))


def _by_step(table: Table, _sources: Sequence[str]) -> Energy:
    tables = table.raw("steps")
    if not isinstance(tables, list) or len(tables) < 2 or not all(isinstance(values, dict) for values in tables):
        raise table.fault("steps", _STEPS_RULE)
    found: list[Step] = []
    for number, values in enumerate(tables, 1):
        step = Table(f"{table.place}, step {number}", values, STEP_KEYS)
        found.append(Step(_above_kwh(step, found), step.number("price")))
    return ByStep(tuple(found))


def _above_kwh(step: Table, before: Sequence[Step]) -> Decimal:
    """From how many kilowatt-hours on ``step`` holds, which stands behind those ``before``."""
    above_kwh = step.number("above_kwh")
    if not before and above_kwh:
        raise step.fault("above_kwh", "must be 0 in the first step, with which a month begins")
    if before and above_kwh <= before[-1].above_kwh:
        raise step.fault("above_kwh", f"must be more than the {before[-1].above_kwh:f} of the step before it")
    if above_kwh != round(above_kwh, STEP_DECIMALS):
        raise step.fault("above_kwh", f"must be kilowatt-hours with at most {STEP_DECIMALS} decimals, such as 150")
    return above_kwh


_ENERGIES: dict[str, Callable[[Table, Sequence[str]], Energy]] = {
    "price": _flat,
    "prices": _by_band,
    "registers": _by_register,
    "source": _by_source,
    "steps": _by_step,
}


def _numbers(table: Table, key: str, rule: str) -> dict[str, Decimal]:
    numbers = {}
    for name, value in table.table(key, rule).items():
        number = number_of(value)
        if number is None:
            raise table.fault(key, f"{rule}; each is {A_NUMBER}")
        numbers[name] = number
    if not numbers:
        raise table.fault(key, rule)
    return numbers
