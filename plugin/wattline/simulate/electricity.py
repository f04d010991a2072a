"""What a meter measures in a second: voltage, current, power and their kin, agreeing with each other. Pure.

The loads ``fixed``, ``ramp`` and ``random`` are for looking at one thing at a time; ``house`` is ``house.py``, and
``solar`` is that house with ``roof.py``: around noon it gives to the grid, and its power is negative.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import acos, copysign, hypot, sqrt, tan
from typing import Literal, get_args

from wattline.simulate import house, roof
from wattline.simulate.dice import between, fraction, wander

Load = Literal["house", "solar", "fixed", "ramp", "random"]
LOADS: tuple[Load, ...] = get_args(Load)

RAMP_S = 100
RAMP_STEP_W = 50

PANELS = "panels"
SOLAR_SHARES: tuple[tuple[str, ...], ...] = ((*house.APPLIANCES, PANELS), (PANELS,), house.APPLIANCES)
"""What stands behind the first meter, the second and the third: the whole, the panels, and what the house takes."""

# Where three lines lead: which part of an appliance hangs on each.
_THIRD = (1 / 3, 1 / 3, 1 / 3)
_ON_LINES = {
    "standby": (0.4, 0.35, 0.25),
    "fridge": (1.0, 0.0, 0.0),
    "kettle": (0.0, 1.0, 0.0),
    "oven": (0.0, 0.0, 1.0),
    "washing machine": (1.0, 0.0, 0.0),
    "evening": (0.25, 0.25, 0.5),
    PANELS: _THIRD,
}
# The same for the loads without appliances: no line is like another, so that one taken for the other is seen.
_LINE_PARTS = (0.5, 0.3, 0.2)
_LINE_VOLTS = (230.0, 231.0, 229.0)
_FACTORS = {**house.POWER_FACTOR, PANELS: 0.995}

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


@dataclass(frozen=True, slots=True)
class _View:
    """Which meter looks at which line in which second."""

    seed: int
    second: int
    share: int
    line: int


def electricity(load: Load, seed: int, second: int, share: int = 0, line: int = 0) -> Electricity:
    """What the meter number ``share`` (0 measures the whole) sees in one ``second`` of local time.

    Args:
        load: what it measures.
        seed: which house.
        second: seconds since 1970 of the house's local time.
        share: the meter's number.
        line: 1 to 3, or 0 where all hangs on one line.
    """
    return _LOADS[load](_View(seed, second, share, line))


def consistent(power_w: float, reactive_power_var: float, voltage_v: float, frequency_hz: float) -> Electricity:
    """The rest, which follows from power, reactive power and voltage."""
    apparent_va = hypot(power_w, reactive_power_var)
    factor = power_w / apparent_va if apparent_va else 1.0
    return Electricity(
        voltage_v, apparent_va / voltage_v, power_w, reactive_power_var, apparent_va, factor, frequency_hz
    )


def _house(view: _View) -> Electricity:
    return _drawn(house.power_w(view.seed, view.second), house.SHARES, view)


def _solar(view: _View) -> Electricity:
    given_w = roof.power_w(view.seed, view.second)
    return _drawn({**house.power_w(view.seed, view.second), PANELS: 0.0 - given_w}, SOLAR_SHARES, view)


def _drawn(drawn: dict[str, float], shares: tuple[tuple[str, ...], ...], view: _View) -> Electricity:
    wire: tuple[object, ...] = (view.seed,)
    if view.line:
        drawn = {name: watts * _ON_LINES[name][view.line - 1] for name, watts in drawn.items()}
        wire = (view.seed, f"line {view.line}")
    whole_w, whole_var = _power(drawn, shares[0])
    # A fourth meter and later ones see a smaller part of what the first three see.
    part = 0.8 ** (view.share // len(shares))
    power_w, reactive_var = _power(drawn, shares[view.share % len(shares)])
    idle_v = 233.5 + 2.5 * wander(view.second / 1200, *wire, "volt") + 0.3 * wander(view.second / 9, *wire, "millivolt")
    voltage_v = _sagging(idle_v, copysign(hypot(whole_w, whole_var), whole_w))
    return consistent(part * power_w, part * reactive_var, voltage_v, _mains_hz(view))


def _power(drawn: dict[str, float], appliances: tuple[str, ...]) -> tuple[float, float]:
    """Watts and var of some ``appliances``."""
    watts = {name: drawn.get(name, 0.0) for name in appliances}
    return sum(watts.values()), sum(w * tan(acos(_FACTORS[name])) for name, w in watts.items())


def _sagging(idle_v: float, apparent_va: float) -> float:
    """The voltage at which a load of ``apparent_va`` leaves ``idle_v`` minus what the supply wire takes.

    Below zero it is given to the grid, and lifts the voltage.
    """
    return (idle_v + sqrt(idle_v**2 - 4 * _SUPPLY_OHM * apparent_va)) / 2


def _mains_hz(view: _View) -> float:
    second, seed = view.second, view.seed
    return 50 + 0.03 * wander(second / 45, seed, "hertz") + 0.012 * wander(second / 4, seed, "millihertz")


def _fixed(view: _View) -> Electricity:
    return _with_factor(_line_part(view.line) * 1000 / (1 + view.share), 0.95, _line_v(view.line), 50.0)


def _ramp(view: _View) -> Electricity:
    power_w = _line_part(view.line) * RAMP_STEP_W * (view.second % RAMP_S) / (1 + view.share)
    return _with_factor(power_w, 0.98, _line_v(view.line), 50.0)


def _random(view: _View) -> Electricity:
    moment = (view.seed, "random", view.share, view.second)
    key = (*moment, f"line {view.line}") if view.line else moment
    power_w = _line_part(view.line) * between(20, 7000, key, "power")
    factor = copysign(between(0.75, 1, key, "factor"), fraction(key, "side") - 0.3)
    return _with_factor(power_w, factor, between(218, 242, key, "volt"), between(49.9, 50.1, moment, "hertz"))


def _line_part(line: int) -> float:
    return _LINE_PARTS[line - 1] if line else 1


def _line_v(line: int) -> float:
    return _LINE_VOLTS[line - 1] if line else 230.0


def _with_factor(power_w: float, factor: float, voltage_v: float, frequency_hz: float) -> Electricity:
    """A load of ``power_w``; a negative ``factor`` means that it is capacitive."""
    return consistent(power_w, copysign(power_w * tan(acos(abs(factor))), factor), voltage_v, frequency_hz)


_LOADS: dict[Load, Callable[[_View], Electricity]] = {
    "house": _house,
    "solar": _solar,
    "fixed": _fixed,
    "ramp": _ramp,
    "random": _random,
}
