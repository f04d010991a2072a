"""A household's day: which appliance draws what at which second. Pure: the same seed gives the same house.

Seconds count from 1970-01-01 00:00 of the house's own local time, so that breakfast is in the morning.

| appliance       | when                                                             | draws                           |
|-----------------|------------------------------------------------------------------|---------------------------------|
| standby         | always                                                           | 95 to 155 W                     |
| fridge          | every 40 to 55 minutes for a third of the time                   | 85 W, 350 W for its first 2 s   |
| kettle          | three to five times a day                                        | 2.0 to 2.2 kW, 2 to 4 minutes   |
| oven            | four evenings of five                                            | 2.4 kW, then on and off         |
| washing machine | three days of five                                               | heats, turns, spins: 95 minutes |
| evening         | from five until eleven: lights, television, cooking              | up to 500 W                     |
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from wattline.simulate.dice import between, fraction, wander

DAY_S = 86_400
HOUR_S = 3_600

APPLIANCES = ("standby", "fridge", "kettle", "oven", "washing machine", "evening")

SHARES: tuple[tuple[str, ...], ...] = (
    APPLIANCES,
    ("fridge", "kettle", "oven"),
    ("standby", "washing machine", "evening"),
)
"""What stands behind the first meter, the second and the third: the whole house, its kitchen, the rest of it."""

POWER_FACTOR = {
    "standby": 0.88,
    "fridge": 0.68,
    "kettle": 1.0,
    "oven": 0.998,
    "washing machine": 0.94,
    "evening": 0.95,
}


@dataclass(frozen=True, slots=True)
class Run:
    """One use of an appliance on one day.

    Attributes:
        appliance: a name of ``APPLIANCES``.
        start_s, end_s: seconds of the day.
        power_w: its full power.
    """

    appliance: str
    start_s: float
    end_s: float
    power_w: float


def power_w(seed: int, second: int) -> dict[str, float]:
    """Appliance to watts in one ``second`` of local time."""
    day, of_day = divmod(second, DAY_S)
    drawn = {
        "standby": 125 + 30 * wander(second / 900, seed, "standby"),
        "fridge": _fridge_w(seed, second),
        "evening": _evening_w(seed, second, of_day / HOUR_S),
    }
    for run in runs_of(seed, day):
        if run.start_s <= of_day < run.end_s:
            running = _PROGRAMS[run.appliance](of_day - run.start_s, run)
            drawn[run.appliance] = drawn.get(run.appliance, 0.0) + running
    flicker = 1 + 0.006 * (fraction(seed, "flicker", second) - 0.5)
    return {appliance: watts * flicker for appliance, watts in drawn.items()}


@lru_cache(maxsize=64)
def runs_of(seed: int, day: int) -> tuple[Run, ...]:
    """What is used on one ``day``; every run ends before midnight."""
    key = (seed, "day", day)
    runs = [
        _kettle(key, hour, n) for n, hour in enumerate((6.4, 9.8, 12.6, 15.6, 20.4)) if _happens(0.8, key, "tea", n)
    ]
    if _happens(0.8, key, "oven"):
        start_s = HOUR_S * between(17.4, 18.6, key, "oven starts")
        runs.append(Run("oven", start_s, start_s + 60 * between(35, 60, key, "baking"), 2400))
    if _happens(0.6, key, "washing"):
        start_s = HOUR_S * between(9, 18, key, "washing starts")
        runs.append(Run("washing machine", start_s, start_s + 95 * 60, between(1900, 2100, key, "washing")))
    return tuple(runs)


def _happens(chance: float, *keys: object) -> bool:
    return fraction(*keys) < chance


def _kettle(key: tuple[object, ...], hour: float, n: int) -> Run:
    start_s = HOUR_S * between(hour, hour + 1.2, key, "kettle", n)
    return Run("kettle", start_s, start_s + between(120, 240, key, "water", n), between(2000, 2200, key, "kettle", n))


def _fridge_w(seed: int, second: int) -> float:
    period_s = between(2400, 3300, seed, "fridge")
    since_s = (second + period_s * fraction(seed, "fridge starts")) % period_s
    if since_s >= period_s / 3:
        return 0.0
    return 350.0 if since_s < 2 else 85.0


def _evening_w(seed: int, second: int, hour: float) -> float:
    rising, falling = (hour - 17) / 1.5, (23 - hour) / 1.5
    level = max(0.0, min(1.0, rising, falling))
    return level * (430 + 70 * wander(second / 600, seed, "evening")) if level else 0.0


def _kettle_w(_elapsed_s: float, run: Run) -> float:
    return run.power_w


def _oven_w(elapsed_s: float, run: Run) -> float:
    """Heats up for nine minutes, then the thermostat switches; the light and the fan stay on."""
    heating = elapsed_s < 540 or elapsed_s % 100 < 42
    return run.power_w if heating else 60.0


def _washing_machine_w(elapsed_s: float, run: Run) -> float:
    """Heats for a quarter of an hour, turns to and fro for an hour, spins at the end."""
    if 240 <= elapsed_s < 1140:
        return run.power_w
    if run.end_s - run.start_s - elapsed_s < 540:
        return 480.0
    return 180.0 if elapsed_s % 16 < 12 else 12.0


_PROGRAMS: dict[str, Callable[[float, Run], float]] = {
    "kettle": _kettle_w,
    "oven": _oven_w,
    "washing machine": _washing_machine_w,
}
