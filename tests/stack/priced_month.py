"""A household whose month is priced so far, with a budget or without, as `wattline-cost update` leaves it."""

from dataclasses import dataclass

from stack.household import DAY_S, HOUR_S, MINUTE_S, NOW_S, Household, Lines, point

# Local midnight of Rome, in winter; eleven hours of the day are to come.
TODAY_S = NOW_S - 13 * HOUR_S
FIXED, ENERGY, ENERGY_TODAY = 0.5, 2.4, 1.2


def part_read(start_s: int, length_s: int, known_s: int) -> float:
    """How much of the time from ``start_s`` on is over at ``known_s``, up to 1."""
    return min(max(known_s - start_s, 0), length_s) / length_s


@dataclass(frozen=True)
class PricedMonth(Household):
    """The tenth of March 2026. Each day owes 0.50, its energy costs 2.40, and that of today 1.20 so far.

    Attributes:
        budget: of the contract; None where it has none.
        days_over: whole days of the month, with which it begins on another day than the first.
        last_priced_h: hours since a quarter of an hour was priced.
        earlier_budget: what the month before should have cost.
        direction: of the contract.
        silent_h: hours since the meter was read last.
        first_read_h: how late on the first of twenty days it was first read.
        end_days: how long after its begin the month ends, or the contract in it.
    """

    budget: float | None = None
    days_over: int = 9
    last_priced_h: int = 0
    earlier_budget: float | None = None
    direction: str = "import"
    silent_h: int = 0
    first_read_h: int = 0
    end_days: float = 31.0

    def lines(self) -> Lines:
        """Those of the household, and what is priced."""
        yield from super().lines()
        today_s = TODAY_S - self.last_priced_h * HOUR_S
        contract = {"contract": "home", "direction": self.direction, "currency": "EUR"}
        known_s = NOW_S - (self.last_priced_h + self.silent_h) * HOUR_S
        last_s = known_s - 15 * MINUTE_S
        for second in (min(today_s - 19 * DAY_S + self.first_read_h * HOUR_S, last_s), last_s):
            yield "cost", point("cost_15m", contract | {"band": "all"}, {"energy_kwh": 0.1}, second)
        energies = [ENERGY_TODAY * part_read(today_s, 13 * HOUR_S, known_s)]
        energies += [ENERGY * part_read(today_s - day * DAY_S, DAY_S, known_s) for day in range(1, 20)]
        for day, energy in enumerate(energies):
            values = {"cost": FIXED + energy, "energy_cost": energy}
            yield "cost", point("cost_1d", contract, values, today_s - day * DAY_S)
        month_s = today_s - self.days_over * DAY_S
        so_far = {"cost": sum(energies[: self.days_over + 1]) + (self.days_over + 1) * FIXED, "end_days": self.end_days}
        yield "cost", point("cost_1mo", contract, so_far | ({"budget": self.budget} if self.budget else {}), month_s)
        if self.earlier_budget:
            values = {"cost": 300.0, "budget": self.earlier_budget, "end_days": 28.0}
            yield "cost", point("cost_1mo", contract, values, month_s - 20 * DAY_S)
