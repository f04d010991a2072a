"""What a meter measures in a second: voltage, current, power and their kin, agreeing with each other. Pure.

The loads ``fixed``, ``ramp`` and ``random`` are for looking at one thing at a time; ``house`` is ``house.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import acos, copysign, hypot, sqrt, tan
from typing import Literal, get_args

from wattline.simulate import house
from wattline.simulate.dice import between, fraction, wander

Load = Literal["house", "fixed", "ramp", "random"]
LOADS: tuple[Load, ...] = get_args(Load)

RAMP_S = 100
RAMP_STEP_W = 50

# The wire from the street to the house; 16 A pull the voltage down by 4.5 V.
_SUPPLY_OHM = 0.28


@dataclass(frozen=True, slots=True)
class Electricity:
    """One second at one meter; the names are those of the vocabulary in ``fields.py``."""

    voltage_v: float
    current_a: float
    power_w: float
    reactive_power_var: float
    apparent_power_va: float
    power_factor: float
    frequency_hz: float


def electricity(load: Load, seed: int, second: int, share: int = 0) -> Electricity:
    """What the meter number ``share`` (0 measures the whole) sees in one ``second`` of local time."""
    return _LOADS[load](seed, second, share)


def consistent(power_w: float, reactive_power_var: float, voltage_v: float, frequency_hz: float) -> Electricity:
    """The rest, which follows from power, reactive power and voltage."""
    apparent_va = hypot(power_w, reactive_power_var)
    factor = power_w / apparent_va if apparent_va else 1.0
    return Electricity(
        voltage_v, apparent_va / voltage_v, power_w, reactive_power_var, apparent_va, factor, frequency_hz
    )


def _house(seed: int, second: int, share: int) -> Electricity:
    drawn = house.power_w(seed, second)
    whole = _power(drawn, house.APPLIANCES)
    # A fourth meter and later ones see a smaller part of what the first three see.
    part = 0.8 ** (share // len(house.SHARES))
    power_w, reactive_var = _power(drawn, house.SHARES[share % len(house.SHARES)])
    idle_v = 233.5 + 2.5 * wander(second / 1200, seed, "volt") + 0.3 * wander(second / 9, seed, "millivolt")
    return consistent(part * power_w, part * reactive_var, _sagging(idle_v, hypot(*whole)), _mains_hz(seed, second))


def _power(drawn: dict[str, float], appliances: tuple[str, ...]) -> tuple[float, float]:
    """Watts and var of some ``appliances``."""
    watts = {name: drawn.get(name, 0.0) for name in appliances}
    return sum(watts.values()), sum(w * tan(acos(house.POWER_FACTOR[name])) for name, w in watts.items())


def _sagging(idle_v: float, apparent_va: float) -> float:
    """The voltage at which a load of ``apparent_va`` leaves ``idle_v`` minus what the supply wire takes."""
    return (idle_v + sqrt(idle_v**2 - 4 * _SUPPLY_OHM * apparent_va)) / 2


def _mains_hz(seed: int, second: int) -> float:
    return 50 + 0.03 * wander(second / 45, seed, "hertz") + 0.012 * wander(second / 4, seed, "millihertz")


def _fixed(_seed: int, _second: int, share: int) -> Electricity:
    return _with_factor(1000 / (1 + share), 0.95, 230.0, 50.0)


def _ramp(_seed: int, second: int, share: int) -> Electricity:
    return _with_factor(RAMP_STEP_W * (second % RAMP_S) / (1 + share), 0.98, 230.0, 50.0)


def _random(seed: int, second: int, share: int) -> Electricity:
    key = (seed, "random", share, second)
    power_w = between(20, 7000, key, "power")
    factor = copysign(between(0.75, 1, key, "factor"), fraction(key, "side") - 0.3)
    return _with_factor(power_w, factor, between(218, 242, key, "volt"), between(49.9, 50.1, key, "hertz"))


def _with_factor(power_w: float, factor: float, voltage_v: float, frequency_hz: float) -> Electricity:
    """A load of ``power_w``; a negative ``factor`` means that it is capacitive."""
    return consistent(power_w, copysign(power_w * tan(acos(abs(factor))), factor), voltage_v, frequency_hz)


_LOADS: dict[Load, Callable[[int, int, int], Electricity]] = {
    "house": _house,
    "fixed": _fixed,
    "ramp": _ramp,
    "random": _random,
}
