"""One contract, its meter and its points: the days that are due are priced, and stored."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

from wattline import costs
from wattline.influxdb.server import Server
from wattline_cost.energy.display import Habits, learn
from wattline_cost.energy.quarter import QUARTER_S, Quarter, Rolled
from wattline_cost.energy.reading import EVER_S, Reader
from wattline_cost.energy.shaping import shape
from wattline_cost.local_days import ONE_DAY, day_of, day_start_s, days_through, month_begin, next_month
from wattline_cost.prices.cache import Cache
from wattline_cost.prices.folder import sources_of
from wattline_cost.pricing.days import Pricer
from wattline_cost.pricing.line import Line
from wattline_cost.settings import Settings
from wattline_cost.store.due import due_days, stretches, with_rest_of_month
from wattline_cost.store.memory import Known
from wattline_cost.store.months import PricedDays, days_of_month, store
from wattline_cost.store.points import OF_DAYS, OF_MONTHS, OF_QUARTERS, Metered, Points, by_day, coming, priced
from wattline_cost.store.stored import Change, Stored
from wattline_cost.tariff.bands import Bands
from wattline_cost.tariff.model import ByRegister, Contract, EnergyCharge

# Late readings are in the rollups a day and a half behind; what is older is looked at once a day.
RECENT_DAYS = 7
# As many rows as show what a meter's display has.
LEARNT_FROM_S = 31 * 86_400
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Day:
    """What is known of today, for the publisher.

    Attributes:
        start_s: its first second.
        cost: so far.
        energy_kwh: likewise.
    """

    start_s: int
    cost: float
    energy_kwh: float


class Account:
    """A contract, and what belongs to it.

    Args:
        contract: it.
        chosen: where everything is.
        server: InfluxDB.
        known: what is remembered of it.
        now_s: seconds since 1970.

    Raises:
        ServerError: InfluxDB does not answer, or lacks a bucket.
    """

    def __init__(self, contract: Contract, chosen: Settings, server: Server, known: Known, now_s: int) -> None:
        self.contract, self._known, self._now_s = contract, known, now_s
        charges = [part for version in contract.versions for part in version.components]
        has_registers = any(isinstance(each, EnergyCharge) and isinstance(each.price, ByRegister) for each in charges)
        self.reader = Reader(server, chosen.site, contract.meter, contract.direction, has_registers=has_registers)
        self._stored = Stored(server, chosen.site, contract.name)
        self._points = Points(contract, chosen.site)
        self._pricer = pricer_of(contract, chosen.state / "prices")

    @property
    def today(self) -> date:
        """By the contract's calendar."""
        return day_of(self._now_s, self.contract.zone)

    @cached_property
    def _first_s(self) -> int | None:
        return self.reader.first_s()

    @property
    def last_day(self) -> date:
        """Today, or the day on which the contract ended."""
        stop = self.contract.versions[-1].stop
        return self.today if stop is None else min(self.today, day_of(int(stop.timestamp()) - 1, self.contract.zone))

    def is_read(self) -> bool:
        """Whether its meter was ever read.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        return self._first_s is not None

    def begin(self) -> date | None:
        """The first day that is priced: the contract holds, and the meter is read; None: that has not come yet.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        if (first_s := self._first_s) is None:
            return None
        # The day's stamp is its midnight by the household's clock, which may not be the contract's.
        began_s = max(int(self.contract.versions[0].start.timestamp()), first_s + DAY_S // 2)
        day = day_of(began_s, self.contract.zone)
        return day if day <= self.last_day else None

    def with_dependents(self, days: Iterable[date]) -> set[date]:
        """``days``, and those behind them in their months whose prices depend on how much was used before."""
        return with_rest_of_month(days, self.last_day, self._pricer.counts_in)

    def due(self, since: date) -> set[date]:
        """The days from ``since`` on that have to be priced.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        if since > (last := self.last_day):
            return set()
        return self.with_dependents(due_days(since, last, self._metered(since, last), self._was_metered(since)))

    def price(self, days: Collection[date]) -> Change:
        """Price days and the months that they are in, and store what comes of it.

        Raises:
            ServerError: InfluxDB does not answer.
            SourceError: the prices of a source cannot be read.
        """
        change = Change(0, 0)
        for month, rows in groupby(stretches(days), lambda row: month_begin(row[0])):
            change += self._store(month, [self._price(first, last) for first, last in rows])
        return change

    def clear(self, first: date, last: date | None) -> Change:
        """Delete what is stored from ``first`` to ``last`` or for ever and is not owed, as after a contract was ended.

        That is what lies outside the contract's days, and what begins where no day or month of its calendar does.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s, stop_s = day_start_s(first, self.contract.zone), self._stop_s(last)
        begin, owed_to = self.begin(), self.last_day
        is_owed = partial(self._is_owed, begin)
        # The month of a calendar further east began before.
        astray = self._stored.remove([costs.MONTHS], start_s - DAY_S, start_s, is_owed)
        start_s = min([start_s, *(second for _, _, second in astray)])
        gone = astray | self._stored.remove(OF_DAYS, start_s, stop_s, is_owed)
        month_s = min(start_s, day_start_s(month_begin(first), self.contract.zone))
        gone |= self._stored.remove(OF_MONTHS, month_s, stop_s, is_owed)
        begin_s, end_s = stop_s, stop_s
        if begin is not None:
            # Tomorrow's prices are owed as today's energy is.
            begin_s, end_s = self._span(begin, owed_to + ONE_DAY if owed_to == self.today else owed_to)
        for from_s, to_s in ((start_s, min(begin_s, stop_s)), (max(end_s, start_s), stop_s)):
            if from_s < to_s:
                gone |= self._stored.remove(OF_QUARTERS, from_s, to_s, lambda *_: False)
        change = Change(0, len(gone))
        days = (day_of(second, self.contract.zone) for measurement, _, second in gone if measurement in OF_DAYS)
        for month in sorted({month_begin(day) for day in days}):
            change += self._store(month, [])
        return change

    def has(self, first: date, end: date) -> bool:
        """Whether any day from ``first`` on and before ``end`` is stored.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        return bool(self._stored.points([costs.DAYS], *self._span(first, end - ONE_DAY))) if first < end else False

    def so_far(self) -> Day | None:
        """Today, as it is stored; None where nothing is.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s = day_start_s(self.today, self.contract.zone)
        for fields in self._stored.points([costs.DAYS], start_s, start_s + QUARTER_S).values():
            return Day(start_s, fields["cost"], fields["energy_kwh"])
        return None

    def quarters(self, first: date, last: date) -> list[Quarter]:
        """The energy from ``first`` to ``last``, both among them.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s, stop_s = self._span(first, last)
        rows = self.reader.around(start_s, stop_s, self.contract.zone)
        habits = self._learn(rows)
        return list(shape(rows, self.contract.direction, self.contract.zone, (start_s, stop_s), habits))

    def lines(self, quarters: Sequence[Quarter], first: date, last: date) -> list[Line]:
        """What these days owe.

        Raises:
            SourceError: the prices of a source cannot be read.
        """
        return self._pricer.lines(quarters, first, last)

    def _price(self, first: date, last: date) -> PricedDays:
        """Price days in a row."""
        metered = self._metered(first, last)
        start_s, stop_s = self._span(first, last)
        quarters = self.quarters(self._counted_from(first), last)
        lines = self.lines(quarters, first, last)
        slots = list(priced(self._pricer, quarters, start_s))
        of_days = by_day(self.contract, slots)
        points = [
            point
            for day in days_through(first, last)
            for point in self._points.of_day(
                day, of_days.get(day, []), [line for line in lines if line.day == day], metered.get(day, Metered())
            )
        ]
        quarters_stop_s = stop_s
        if last == self.today:
            # What is known of the rest of today and of tomorrow, so that it can be shown.
            quarters_stop_s = self._span(last, last + ONE_DAY)[1]
            begun_s = max([start_s, *(slot.start_s + QUARTER_S for slot in slots)])
            slots += coming(self._pricer, quarters, range(begun_s, quarters_stop_s, QUARTER_S))
        return PricedDays(start_s, stop_s, points, self._points.of_quarters(slots), quarters_stop_s)

    def _counted_from(self, day: date) -> date:
        """The first day whose energy what ``day`` owes depends on: where prices have steps, that of its month that is owed."""
        if not self._pricer.counts_in(day):
            return day
        return max(month_begin(day), self.begin() or day)

    def _store(self, month: date, rows: Sequence[PricedDays]) -> Change:
        """Store days of a month, and sum it up."""
        span_s = self._span(month, next_month(month) - ONE_DAY)
        days = days_of_month(self._stored, span_s, rows)
        return store(self._stored, span_s, rows, self._points.of_month(month, days))

    def _is_owed(self, begin: date | None, measurement: str, second: int) -> bool:
        """Whether there is to be a point of a day or month at ``second``."""
        day = day_of(second, self.contract.zone)
        if begin is None or day > self.last_day or day_start_s(day, self.contract.zone) != second:
            return False
        return day >= begin if measurement in OF_DAYS else day == month_begin(day) and day >= month_begin(begin)

    def _stop_s(self, last: date | None) -> int:
        return EVER_S if last is None else day_start_s(last + ONE_DAY, self.contract.zone)

    def _span(self, first: date, last: date) -> tuple[int, int]:
        """The first second of the one day, and the one after the last of the other."""
        zone = self.contract.zone
        return day_start_s(first, zone), day_start_s(last + ONE_DAY, zone)

    def _metered(self, first: date, last: date) -> dict[date, Metered]:
        """What ``energy_1d`` has of the days; its own may begin at other midnights than the contract's."""
        start_s, stop_s = self._span(first, last)
        found = self.reader.days(start_s - DAY_S // 2, stop_s - DAY_S // 2)
        noons = ((day_of(each.start_s + DAY_S // 2, self.contract.zone), each) for each in found)
        return {day: Metered(each.readings, each.gained_kwh) for day, each in noons}

    def _was_metered(self, since: date) -> dict[date, Metered]:
        """What it had of those that are priced, when they were. Where a price was not known it may be by now."""
        start_s, stop_s = self._span(since, self.today)
        found = self._stored.points([costs.DAYS], start_s, stop_s)
        return {
            day_of(second, self.contract.zone): Metered(fields.get("readings", -1.0), fields.get("metered_kwh", -1.0))
            for (_, _, second), fields in found.items()
            if not fields.get("unpriced_kwh")
        }

    def _learn(self, rows: Sequence[Rolled]) -> Habits:
        if self._known.decimals:
            known = Habits(self._known.decimals)
        else:
            start_s = self._now_s - LEARNT_FROM_S
            known = learn(self.reader.around(start_s, self._now_s, self.contract.zone, with_all_counters=True))
        habits = learn(rows, known)
        self._known.decimals = dict(habits.decimals)
        return habits


def pricer_of(contract: Contract, kept: Path) -> Pricer:
    """What prices by a contract; what was read of files of prices is kept in the folder ``kept``."""
    bands = [Bands(contract.zone, version.rules, contract.holidays).at for version in contract.versions]
    return Pricer(contract, bands, sources_of(contract, Cache(kept)))
