"""What a contract is made of. Whatever stands here has been checked: ``file.py`` refuses the rest.

Dates and times of day are those of the contract's time zone, as on the bill. A price or a charge may be negative, as a
bonus is. A contract for export is told like one for import; what it yields is income.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

EVERY_WEEKDAY = frozenset(range(7))
EVERY_MONTH = frozenset(range(1, 13))


class Direction(StrEnum):
    """Which way the energy goes that a contract prices."""

    IMPORT = "import"
    EXPORT = "export"


class Per(StrEnum):
    """What a charge is for."""

    KWH = "kWh"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    KW_MONTH = "kW month"
    KW_YEAR = "kW year"

    @property
    def is_by_power(self) -> bool:
        """Whether it is for each kilowatt of the contract."""
        return self in (Per.KW_MONTH, Per.KW_YEAR)


class Spread(StrEnum):
    """How a charge for a year becomes that of a day: a 365th or 366th, or first a twelfth and then a part of the month."""

    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Flat:
    """One price for each kilowatt-hour."""

    price: Decimal


@dataclass(frozen=True, slots=True)
class ByBand:
    """A price for each band; every band that the rules can give has one."""

    prices: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ByRegister:
    """A price for each tariff register of the meter, 1 to 4: the meter itself says when which one counts."""

    prices: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class BySource:
    """A price that a source publishes for each hour or quarter-hour: ``factor`` times it, plus ``plus``.

    Attributes:
        source: its name, as in ``Contract.sources``.
        factor: without a unit.
        plus: in the currency, for a kilowatt-hour.
    """

    source: str
    factor: Decimal = Decimal(1)
    plus: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """A price that holds from an amount on.

    Attributes:
        above_kwh: how much was used in the month before it holds.
        price: for one kilowatt-hour.
    """

    above_kwh: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class ByStep:
    """A price that depends on how much was used since the calendar's month began, in the order of time.

    Attributes:
        steps: at least two, each above the one before it; the first is above 0.
    """

    steps: tuple[Step, ...]


Energy = Flat | ByBand | ByRegister | BySource | ByStep
"""How the price of a kilowatt-hour is told."""


@dataclass(frozen=True, slots=True)
class EnergyCharge:
    """What each kilowatt-hour costs."""

    name: str
    price: Energy


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """What is paid whether or not anything is consumed.

    Attributes:
        name: unlike that of every other component of the version.
        price: in the currency, for one of ``per``.
        per: never KWH.
        spread: of what is paid for a year.
    """

    name: str
    price: Decimal
    per: Per
    spread: Spread = Spread.DAYS


@dataclass(frozen=True, slots=True)
class Percentage:
    """A part of what other components cost: a tax.

    Attributes:
        name: unlike that of every other component of the version.
        percent: of their sum; 10 is a tenth.
        of: their names; all of them stand before this one, and may be percentages.
    """

    name: str
    percent: Decimal
    of: tuple[str, ...]


Component = EnergyCharge | FixedCharge | Percentage


@dataclass(frozen=True, slots=True)
class Rule:
    """When a band holds. Of the rules that hold at a moment, the last one counts.

    Attributes:
        band: its name.
        weekdays: on which it holds, where they are no holidays; 0 is Monday.
        on_holidays: whether it holds on holidays, whatever weekdays they are.
        start: from this time of day on.
        stop: before this one; equal to ``start``: the whole day; before it: across midnight. A rule across midnight
            belongs to the day on which it begins.
        months: 1 to 12; of a rule across midnight, that of the day on which it begins.
    """

    band: str
    weekdays: frozenset[int] = EVERY_WEEKDAY
    on_holidays: bool = False
    start: time = time.min
    stop: time = time.min
    months: frozenset[int] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that rules of bands call a holiday.

    One of the first three is given.

    Attributes:
        on: this date alone.
        each: month and day of each year.
        from_easter: so many days after Easter Sunday; negative: before it.
        since: the first year in which it holds.
        until: the last one.
    """

    name: str
    on: date | None = None
    each: tuple[int, int] | None = None
    from_easter: int | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a bill rounds. What is shown by day is never rounded.

    Attributes:
        decimals: of an amount on the bill.
        mode: a rounding of ``decimal``, such as ROUND_HALF_UP.
        each_line: whether the lines are rounded and then summed; otherwise the sum alone is rounded.
        kwh_decimals: of a quantity of energy on the bill, before it is priced; None: as metered.
    """

    decimals: int = 2
    mode: str = "ROUND_HALF_UP"
    each_line: bool = True
    kwh_decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What holds from a moment on.

    Attributes:
        start: the first moment, in the contract's time zone; a date in the file is its midnight.
        stop: the first moment at which it holds no more; None: it has no end yet.
        components: in the order of the bill.
        contract_kw: what power is paid for; None where no component needs it.
        rules: of the bands; the last that holds counts. Of the contract, unless the version has its own.
    """

    start: datetime
    stop: datetime | None
    components: tuple[Component, ...]
    contract_kw: Decimal | None
    rules: tuple[Rule, ...]


class Files(StrEnum):
    """Who wrote the files of a source."""

    GME = "gme"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where the prices of a source lie, and how they are written.

    Attributes:
        files: of which kind they are.
        folder: in which they lie.
        minutes: for how long each price holds: 15, 30 or 60.
        price: the name of what holds it: of GME's a price zone or PUN, of a table's a column.
        start: the column of a table that says from when on it holds.
        kwh: for how many kilowatt-hours it is: 1, or 1000 of what exchanges publish.
        zone: of times that name none.
    """

    files: Files
    folder: Path
    minutes: int
    price: str
    start: str
    kwh: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract.

    Attributes:
        name: letters, digits, hyphens and underscores; the file's own without ``.toml`` unless the file says one.
        meter: the user's name of the meter that counts the energy; None: that with the role grid.
        direction: of the energy.
        currency: three letters.
        zone: whose clock and calendar count.
        holidays: of the bands.
        versions: in their order; each ends where the next begins.
        rounding: of the bill.
        budget: what a month should cost at most, in the currency; None: nothing is said.
        sources: of prices, by the names that ``BySource`` gives.
    """

    name: str
    meter: str | None
    direction: Direction
    currency: str
    zone: ZoneInfo
    holidays: tuple[Holiday, ...]
    versions: tuple[Version, ...]
    rounding: Rounding
    budget: Decimal | None = None
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
