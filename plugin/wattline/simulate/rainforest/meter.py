"""The meter behind the simulated stick: the house of ``electricity.py`` as raw numbers."""

from dataclasses import dataclass

from wattline.simulate.electricity import Load, electricity
from wattline.simulate.energy import Energy

DECIMALS = 3
# More is counted in steps, so that a clock that jumps does not cost a long sum.
LONGEST_S = 600


@dataclass(frozen=True, slots=True)
class Raw:
    """What the meter shows, in W and Wh."""

    demand_w: int
    delivered_wh: int
    received_wh: int


class HouseMeter:
    """Counts what a house takes and gives.

    Args:
        load: what it measures.
        seed: which house.
        second: of the house's local time, since 1970.
    """

    def __init__(self, load: Load, seed: int, second: int) -> None:
        self._load, self._seed, self._second = load, seed, second
        self._energy = Energy(seed, 0, decimals=DECIMALS, has_given=load == "solar")

    def at(self, second: int) -> Raw:
        """What it shows in a ``second``, never an earlier one than before."""
        while self._second < second:
            step_s = max(1, (second - self._second) // LONGEST_S)
            here = electricity(self._load, self._seed, self._second)
            self._energy.add([here.power_w], [here.reactive_power_var], float(step_s), self._second)
            self._second += step_s
        shown = self._energy.readings()
        wh = [round(1000 * shown[f"energy_{direction}_kwh"]) for direction in ("import", "export")]
        return Raw(round(electricity(self._load, self._seed, self._second).power_w), *wh)
