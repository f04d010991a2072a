"""When to look in on the house: the minute of its first days in which most happens."""

from collections.abc import Iterator
from itertools import pairwise

from wattline.simulate.house import DAY_S, power_w, runs_of

DAYS = 3
LEAD_S = 15
LOOKED_AT_S = 90
LOOK_EVERY_S = 2
# Smaller changes are the flicker that every second has.
CHANGE_W = 50


def liveliest_s(seed: int) -> int:
    """The second of local time from which the house's power changes most; in the first evening if nothing ever does."""
    return max(_moments(seed), key=lambda second: _changes_w(seed, second), default=18 * 3600)


def _moments(seed: int) -> Iterator[int]:
    """A little before something is switched on, and every two minutes of what runs long."""
    for day in range(DAYS):
        for run in runs_of(seed, day):
            for into_s in range(0, int(run.end_s - run.start_s), 120):
                yield int(day * DAY_S + run.start_s) + into_s - LEAD_S


def _changes_w(seed: int, start: int) -> float:
    powers = [sum(power_w(seed, start + after).values()) for after in range(0, LOOKED_AT_S, LOOK_EVERY_S)]
    changes = [abs(later - earlier) for earlier, later in pairwise(powers)]
    return sum(change for change in changes if change > CHANGE_W)
