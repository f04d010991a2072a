"""Which step of a price a month is in that has used so much, in whole milliwatt-hours."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from wattline_cost.energy.quarter import MWH_PER_KWH
from wattline_cost.money import EXACT
from wattline_cost.tariff.model import ByStep, Step


def begins_mwh(price: ByStep) -> tuple[int, ...]:
    """How much is used before each step holds; of the first one nothing."""
    return tuple(int(EXACT.multiply(step.above_kwh, MWH_PER_KWH)) for step in price.steps)


def step_at(price: ByStep, used_mwh: int) -> Step:
    """The one to which the next milliwatt-hour belongs when ``used_mwh`` were used."""
    return price.steps[bisect_right(begins_mwh(price), used_mwh) - 1]


def begin_of(used_mwh: int, begins: Sequence[int]) -> int:
    """Where the step begins, one of ``begins``, to which the next milliwatt-hour belongs."""
    return begins[bisect_right(begins, used_mwh) - 1]


def by_begin(energy_mwh: int, used_mwh: int, begins: Sequence[int]) -> Iterator[tuple[int, int]]:
    """What follows on ``used_mwh``, divided where steps begin: for each part where its step begins, and how much it is.

    Args:
        energy_mwh: all of it; of nothing there is one part.
        used_mwh: how much was used before it.
        begins: of the steps, ascending; the first is 0.
    """
    end_mwh = used_mwh + energy_mwh
    for place in range(bisect_right(begins, used_mwh), len(begins)):
        if begins[place] >= end_mwh:
            break
        yield begins[place - 1], begins[place] - used_mwh
        used_mwh = begins[place]
    yield begin_of(used_mwh, begins), end_mwh - used_mwh
