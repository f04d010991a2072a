"""The meter of a contract, by the days of the contract's calendar."""

from collections.abc import Sequence
from datetime import date

from wattline_cost.energy.display import Habits, learn
from wattline_cost.energy.quarter import Quarter, Rolled
from wattline_cost.energy.reading import Reader
from wattline_cost.energy.shaping import shape
from wattline_cost.local_days import day_of, span_s
from wattline_cost.store.memory import Known
from wattline_cost.store.points import Metered
from wattline_cost.tariff.model import Contract

# As many rows as show what a meter's display has.
LEARNT_FROM_S = 31 * 86_400
HALF_A_DAY_S = 43_200


class Meter:
    """What is metered.

    Args:
        contract: that counts by it.
        reader: of its rows.
        known: what is remembered, which gets what is learnt of its display.
        now_s: seconds since 1970.
    """

    def __init__(self, contract: Contract, reader: Reader, known: Known, now_s: int) -> None:
        self._direction, self._zone = contract.direction, contract.zone
        self._reader, self._known, self._now_s = reader, known, now_s

    def quarters(self, first: date, last: date) -> list[Quarter]:
        """The energy from ``first`` to ``last``, both among them.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s, stop_s = span_s(first, last, self._zone)
        rows = self._reader.around(start_s, stop_s, self._zone)
        habits = self._learn(rows)
        return list(shape(rows, self._direction, self._zone, (start_s, stop_s), habits))

    def days(self, first: date, last: date) -> dict[date, Metered]:
        """What ``energy_1d`` has of the days; its own may begin at other midnights than the contract's.

        Raises:
            ServerError: InfluxDB does not answer.
        """
        start_s, stop_s = span_s(first, last, self._zone)
        found = self._reader.days(start_s - HALF_A_DAY_S, stop_s - HALF_A_DAY_S)
        noons = ((day_of(each.start_s + HALF_A_DAY_S, self._zone), each) for each in found)
        return {day: Metered(each.readings, each.gained_kwh) for day, each in noons}

    def _learn(self, rows: Sequence[Rolled]) -> Habits:
        if self._known.decimals:
            known = Habits(self._known.decimals)
        else:
            start_s = self._now_s - LEARNT_FROM_S
            known = learn(self._reader.around(start_s, self._now_s, self._zone, with_all_counters=True))
        habits = learn(rows, known)
        self._known.decimals = dict(habits.decimals)
        return habits
