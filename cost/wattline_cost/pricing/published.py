"""What the sources of a contract say, by quarter-hours."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.local_days import day_of, day_start_s, day_stop_s
from wattline_cost.prices.source import Price, Source
from wattline_cost.pricing.terms import Term

Prices = Mapping[str, Mapping[int, Decimal]]
"""By the name of the source and the start of the quarter-hour; where it says nothing there is nothing."""


class Published:
    """Asks the sources, and keeps what they said of the span that was asked for last: prices are wanted in its order.

    Args:
        terms: of the contract; those of its sources are asked that one of them names.
        sources: by name.
        zone: of the contract.
    """

    def __init__(self, terms: Sequence[Term], sources: Mapping[str, Source], zone: ZoneInfo) -> None:
        self._terms, self._sources, self._zone = terms, sources, zone
        self._start_s = self._stop_s = 0
        self._prices: Prices = {}

    def over(self, start_s: int, stop_s: int) -> Prices:
        """What is said from ``start_s`` on and before ``stop_s``, by all sources that count in that span."""
        names = dict.fromkeys(
            name
            for term in self._terms
            if term.start_s < stop_s and start_s < term.stop_s
            for name in term.asked.sources
        )
        self._prices = {
            name: _by_quarter(self._sources[name].prices(start_s, stop_s), start_s, stop_s) for name in names
        }
        self._start_s, self._stop_s = start_s, stop_s
        return self._prices

    def at(self, start_s: int) -> dict[str, Decimal]:
        """What the sources say of the quarter-hour that begins at ``start_s``."""
        if not self._start_s <= start_s < self._stop_s:
            day = day_of(start_s, self._zone)
            self.over(day_start_s(day, self._zone), day_stop_s(day, self._zone))
        return {name: prices[start_s] for name, prices in self._prices.items() if start_s in prices}


def _by_quarter(prices: Sequence[Price], start_s: int, stop_s: int) -> dict[int, Decimal]:
    return {
        moment_s: price.per_kwh
        for price in prices
        for moment_s in range(max(price.start_s, start_s), min(price.stop_s, stop_s), QUARTER_S)
    }
