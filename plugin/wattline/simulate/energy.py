"""The counters of a meter: they add up power over time, each tariff its own, and only grow."""

from dataclasses import dataclass, field

from wattline.simulate.dice import between
from wattline.simulate.house import DAY_S, HOUR_S

TARIFFS = (1, 2, 3, 4)
DAY_TARIFF, NIGHT_TARIFF = 2, 3

PULSE_J = 36_000.0
"""Joules of the smallest step that a counter shows, 0.01 kWh."""


def tariff_of(second: int) -> int:
    """The tariff in one ``second`` of local time: the factory's tables of the OR-WE-515 begin 2 at 07:00 and 3 at 22:00."""
    return DAY_TARIFF if 7 * HOUR_S <= second % DAY_S < 22 * HOUR_S else NIGHT_TARIFF


@dataclass(slots=True)
class Counter:
    """One kind of energy in joules (or var seconds), by tariff.

    It shows whole pulses only, and as its total the sum of what it shows, so that the tariffs always add up.
    """

    stem: str
    unit: str
    joules: dict[int, float] = field(default_factory=lambda: dict.fromkeys(TARIFFS, 0.0))

    def start_at(self, day_kwh: float, night_kwh: float) -> None:
        """Set what was counted before the simulation began."""
        self.joules[DAY_TARIFF] = round(day_kwh * 100) * PULSE_J
        self.joules[NIGHT_TARIFF] = round(night_kwh * 100) * PULSE_J

    def readings(self) -> dict[str, float]:
        """Field to value, in kWh or kvarh."""
        pulses = {tariff: int(joules // PULSE_J) for tariff, joules in self.joules.items()}
        shown = {f"{self.stem}_t{tariff}_{self.unit}": count / 100 for tariff, count in pulses.items()}
        return {f"{self.stem}_{self.unit}": sum(pulses.values()) / 100, **shown}


class Energy:
    """The counters of active and of reactive energy of the meter number ``share``.

    They begin past 655.36 kWh, where a reader that takes only the low register starts anew.
    """

    def __init__(self, seed: int, share: int) -> None:
        day_kwh = between(1100, 1500, seed, "day counter", share)
        night_kwh = between(600, 900, seed, "night counter", share)
        self._active = Counter("energy_total", "kwh")
        self._reactive = Counter("reactive_energy_total", "kvarh")
        self._active.start_at(day_kwh, night_kwh)
        self._reactive.start_at(0.52 * day_kwh, 0.52 * night_kwh)

    def add(self, power_w: float, reactive_power_var: float, seconds: float, tariff: int) -> None:
        """Count ``seconds`` of a power; power given to the grid is not counted."""
        self._active.joules[tariff] += max(power_w, 0.0) * seconds
        self._reactive.joules[tariff] += abs(reactive_power_var) * seconds

    def readings(self) -> dict[str, float]:
        """Field to value of every counter."""
        return {**self._active.readings(), **self._reactive.readings()}
