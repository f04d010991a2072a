"""One contract, its meter and its points: the days that are due are priced, and stored."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import cached_property
from itertools import groupby
from pathlib import Path

from wattline.influxdb.server import Server
from wattline_cost.energy.quarter import QUARTER_S, Quarter
from wattline_cost.energy.reading import EVER_S, Reader
from wattline_cost.errors import SourceError
from wattline_cost.local_days import DAY_S, ONE_DAY, day_of, day_start_s, days_through, month_begin, next_month, span_s
from wattline_cost.prices.cache import Cache
from wattline_cost.prices.folder import sources_of
from wattline_cost.pricing.days import Pricer
from wattline_cost.pricing.line import Line
from wattline_cost.settings import Settings
from wattline_cost.store.clearing import Owed, clear
from wattline_cost.store.clock import FRESH_S, check
from wattline_cost.store.due import due_days, stretches, with_rest_of_month
from wattline_cost.store.ledger import Ledger
from wattline_cost.store.memory import Known
from wattline_cost.store.meter import Meter
from wattline_cost.store.months import PricedDays, days_of_month, store
from wattline_cost.store.points import OF_DAYS, OF_MONTHS, Metered, Points, by_day, coming, priced
from wattline_cost.store.stored import Change, Key, Stored, key_of
from wattline_cost.tariff.bands import Bands
from wattline_cost.tariff.model import ByRegister, Contract, EnergyCharge

# Late readings are in the rollups a day and a half behind; what is older is looked at once a day.
RECENT_DAYS = 7


class Account:
    """A contract, and what belongs to it.

    Args:
        contract: it.
        chosen: where everything is.
        server: InfluxDB.
        known: what is remembered of it.
        now_s: seconds since 1970.

    Attributes:
        ledger: what is stored of it.

    Raises:
        ServerError: InfluxDB does not answer, or lacks a bucket.
    """

    def __init__(self, contract: Contract, chosen: Settings, server: Server, known: Known, now_s: int) -> None:
        self.contract, self._known, self._now_s = contract, known, now_s
        charges = [part for version in contract.versions for part in version.components]
        has_registers = any(isinstance(each, EnergyCharge) and isinstance(each.price, ByRegister) for each in charges)
        self.reader = Reader(server, chosen.site, contract, has_registers=has_registers)
        self._meter = Meter(contract, self.reader, known, now_s)
        self._stored = Stored(server, chosen.site, contract.name)
        self.ledger = Ledger(self._stored, contract.zone)
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
        """Today, or the day on which it ended."""
        stop = self.contract.versions[-1].stop
        return self.today if stop is None else min(self.today, day_of(int(stop.timestamp()) - 1, self.contract.zone))

    @property
    def faults(self) -> list[SourceError]:
        """What could not be read of prices that were asked for: what they price stays without a price until it is mended."""
        return self._pricer.faults

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
        return self.with_dependents(
            due_days(since, last, self._meter.days(since, last), self.ledger.metered(since, self.today))
        )

    def price(self, days: Collection[date]) -> Change:
        """Price days and the months that they are in, and store what comes of it.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        change = Change(0, 0)
        for month, rows in groupby(stretches(days), lambda row: month_begin(row[0])):
            change += self._store(month, [self._price(first, last) for first, last in rows])
        return change

    def clear(self, first: date, last: date | None) -> Change:
        """Delete what is stored from ``first`` to ``last`` or for ever and is not owed, as after a contract was ended.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        gone = clear(self._stored, self._owed(), first, last)
        change = Change(0, len(gone))
        days = (day_of(second, self.contract.zone) for measurement, _, second in gone if measurement in OF_DAYS)
        for month in sorted({month_begin(day) for day in days}):
            change += self._store(month, [])
        return change

    def check_clock(self, *, is_vouched_for: bool = False) -> None:
        """Return where the clock may be right, or somebody vouches for it, whom a later reading alone contradicts.

        Raises:
            CostError: it is behind, or may be.
            ServerError: InfluxDB does not answer.
        """
        was = self.today if is_vouched_for else self._latest_day()
        read_s = self.reader.newest_s(self._now_s - FRESH_S)
        check(self._now_s, read_s, was, self.contract.zone, self.reader.what)

    def clear_ahead(self) -> Change:
        """Delete, and forget, what a clock that was ahead has left; one that is behind would take what is right for that.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        if (self._known.looked_at or self.today) > self.today:
            self._known.looked_at = self.today - ONE_DAY
        return self.clear(self.today + ONE_DAY, None) if self._ahead else Change(0, 0)

    @cached_property
    def _ahead(self) -> Collection[Key]:
        """The days and months that are stored, and to come."""
        return self._stored.points((*OF_DAYS, *OF_MONTHS), self._now_s + 1, EVER_S).keys()

    def _latest_day(self) -> date:
        """The latest that any run has taken for today, by what is remembered and by what is stored."""
        seconds = {self._now_s, *(second for _, _, second in self._ahead)}
        return max(self._known.looked_at or self.today, day_of(max(seconds), self.contract.zone))

    def is_by_these_terms(self, month: date, due: Collection[date]) -> bool:
        """Whether what is stored of a month is what the contract makes of it, by its days that are not ``due``.

        Where all are due, whether it was under way when anything was stored last: then all of it is priced anew, as a month is
        that is under way.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        owed, last = self._owed(), next_month(month) - ONE_DAY
        stored = self._stored.points(OF_DAYS, *span_s(month, last, self.contract.zone))
        telling = sorted(set(owed.days(month, last)) - set(due))
        if not all(owed.has(measurement, second) for measurement, _, second in stored):
            return False
        if not telling:
            return not self.ledger.months_with_days(next_month(month), self.today + ONE_DAY)
        starts_s = {day_start_s(day, self.contract.zone) for day in telling}
        points = self._price(telling[0], telling[-1]).days
        made = {key: point.fields for point in points if (key := key_of(point))[2] in starts_s}
        return made == {key: fields for key, fields in stored.items() if key[2] in starts_s}

    def quarters(self, first: date, last: date) -> list[Quarter]:
        """The energy from ``first`` to ``last``, both among them.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        return self._meter.quarters(first, last)

    def lines(self, quarters: Sequence[Quarter], first: date, last: date) -> list[Line]:
        """What these days owe."""
        return self._pricer.lines(quarters, first, last)

    def _price(self, first: date, last: date) -> PricedDays:
        """Price days in a row."""
        metered = self._meter.days(first, last)
        start_s, stop_s = span_s(first, last, self.contract.zone)
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
            quarters_stop_s = span_s(last, last + ONE_DAY, self.contract.zone)[1]
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
        month_s = span_s(month, next_month(month) - ONE_DAY, self.contract.zone)
        days = days_of_month(self._stored, month_s, rows)
        return store(self._stored, month_s, rows, self._points.of_month(month, days))

    def _owed(self) -> Owed:
        last = self.last_day
        # Tomorrow's prices are owed as today's energy is.
        return Owed(self.begin(), last, last + ONE_DAY if last == self.today else last, self.contract.zone)


def pricer_of(contract: Contract, kept: Path) -> Pricer:
    """What prices by a contract; what was read of files of prices is kept in the folder ``kept``."""
    bands = [Bands(contract.zone, version.rules, contract.holidays).at for version in contract.versions]
    return Pricer(contract, bands, sources_of(contract, Cache(kept)))
