"""The counters of a meter: they add up power over time, each direction, line and tariff its own, and only grow.

Every line is counted on its own, so that the parts always add up to the whole; a meter that balances its three lines
first would count less of both directions while one line takes and another gives. A meter that counts both directions
shows their sum as its total; one with a single counter of active energy counts what is taken.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wattline.simulate.dice import between
from wattline.simulate.house import DAY_S, HOUR_S

TARIFFS = (1, 2, 3, 4)
# By day and by night: the factory's tables of the OR-WE-515 begin 2 at 07:00 and 3 at 22:00.
OF_MANY, OF_TWO = (2, 3), (1, 2)

IMPORT, EXPORT = "import", "export"

KWH_J = 3_600_000.0
# How what was counted before the simulation began lies on the lines.
_LINE_SHARES = {1: (1.0,), 3: (0.42, 0.33, 0.25)}

_Cell = tuple[str, int, int]
"""A direction, a line (from 0) and a tariff."""


def tariff_of(second: int, day_and_night: tuple[int, int] = OF_MANY) -> int:
    """The tariff in one ``second`` of local time, of those by day and by night."""
    day, night = day_and_night
    return day if 7 * HOUR_S <= second % DAY_S < 22 * HOUR_S else night


@dataclass(slots=True)
class Counter:
    """One kind of energy in joules (or var seconds), by direction, line and tariff.

    It shows whole pulses only, and as its total the sum of what it shows, so that the parts always add up.

    Attributes:
        stem, unit: the ends of its fields' names.
        decimals: a pulse is 1 of the last of these of a kWh.
        lines: how many.
        total: the directions that its total counts.
        day_and_night: its tariffs.
    """

    stem: str
    unit: str
    decimals: int
    lines: int
    total: tuple[str, ...]
    day_and_night: tuple[int, int] = OF_MANY
    joules: dict[_Cell, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def pulse_j(self) -> float:
        """Joules of the smallest step that it shows."""
        return float(KWH_J / 10**self.decimals)

    def start_at(self, direction: str, day_kwh: float, night_kwh: float) -> None:
        """Set what was counted before the simulation began."""
        for line, share in enumerate(_LINE_SHARES[self.lines]):
            for tariff, kwh in zip(self.day_and_night, (day_kwh, night_kwh), strict=True):
                self.joules[direction, line, tariff] = round(kwh * share * 10**self.decimals) * self.pulse_j

    def add(self, power: float, seconds: float, line: int, tariff: int) -> None:
        """Count ``seconds`` of a ``power`` in W or var; what is below zero goes the other way."""
        self.joules[EXPORT if power < 0 else IMPORT, line, tariff] += abs(power) * seconds

    def readings(self) -> dict[str, float]:
        """Field to value, in kWh or kvarh."""
        pulses = {cell: int(joules // self.pulse_j) for cell, joules in self.joules.items()}
        shown: dict[str, float] = {}
        for name, directions in (("total", self.total), (IMPORT, (IMPORT,)), (EXPORT, (EXPORT,))):
            counted = {cell: count for cell, count in pulses.items() if cell[0] in directions}
            for part, is_of_it in self._parts().items():
                kwh = sum(count for cell, count in counted.items() if is_of_it(cell)) / 10**self.decimals
                shown[f"{self.stem}_{name}{part}_{self.unit}"] = kwh
        return shown

    def _parts(self) -> dict[str, Callable[[_Cell], bool]]:
        """The whole, its tariffs and, where there are three, its lines: what each is called, and which cells it holds."""
        tariffs = {f"_t{tariff}": lambda cell, tariff=tariff: cell[2] == tariff for tariff in TARIFFS}
        lines = {f"_l{line + 1}": lambda cell, line=line: cell[1] == line for line in range(self.lines)}
        return {"": lambda _cell: True, **tariffs, **(lines if self.lines > 1 else {})}


class Energy:
    """The counters of active and of reactive energy of the meter number ``share``.

    They begin past 655.36 kWh, where a reader that takes only the low register starts anew.

    Args:
        seed: which house.
        share: the meter's number in it.
        lines: 1 or 3.
        decimals: those of the finest counter of energy that it shows, in kWh.
        is_both_ways: whether its total of active energy counts what is given as well.
        has_given: whether energy was given to the grid before the simulation began.
        day_and_night: the tariffs that it counts in.
    """

    def __init__(
        self,
        seed: int,
        share: int,
        *,
        lines: int = 1,
        decimals: int = 2,
        is_both_ways: bool = False,
        has_given: bool = False,
        day_and_night: tuple[int, int] = OF_MANY,
    ) -> None:
        both = (IMPORT, EXPORT)
        day_kwh = between(1100, 1500, seed, "day counter", share)
        night_kwh = between(600, 900, seed, "night counter", share)
        directions = both if is_both_ways else (IMPORT,)
        self._day_and_night = day_and_night
        self._active = Counter("energy", "kwh", decimals, lines, directions, day_and_night)
        self._reactive = Counter("reactive_energy", "kvarh", decimals, lines, both, day_and_night)
        self._active.start_at(IMPORT, day_kwh, night_kwh)
        self._reactive.start_at(IMPORT, 0.52 * day_kwh, 0.52 * night_kwh)
        if has_given:
            self._active.start_at(EXPORT, between(900, 1900, seed, "given counter", share), 0.0)

    def add(self, powers_w: Sequence[float], reactive_powers_var: Sequence[float], seconds: float, at_s: int) -> None:
        """Count ``seconds`` of the power of each line, beginning in the second ``at_s`` of local time."""
        tariff = tariff_of(at_s, self._day_and_night)
        for counter, powers in ((self._active, powers_w), (self._reactive, reactive_powers_var)):
            for line, power in enumerate(powers):
                counter.add(power, seconds, line, tariff)

    def readings(self) -> dict[str, float]:
        """Field to value of every counter."""
        return {**self._active.readings(), **self._reactive.readings()}
