"""All that a meter shows of a second, by field of the vocabulary: of each line and of all. Pure.

Of the whole: power and reactive power are the sums of the lines, and so is the current; the voltage is their average.
The apparent power follows from the two sums (S^2 = P^2 + Q^2), so it is at most the sum of the lines' own; the factor
is P/S and the angle that of P and Q.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from math import atan2, degrees
from statistics import fmean

from wattline.fields import ELECTRICITY_FIELDS, LINES
from wattline.meters import Sign
from wattline.registers import Row
from wattline.simulate.electricity import Electricity, consistent

# More than a house ever takes or gives, over one line or all. A meter that cannot measure it stands behind a current
# transformer.
_MOST = {"current_a": 45.0, "power_w": 10_000.0, "reactive_power_var": 10_000.0, "apparent_power_va": 10_000.0}

_PART_NAMES = {
    (field.part_of, line): field.name
    for field in ELECTRICITY_FIELDS.values()
    for line in LINES
    if line in field.name.split("_")
}
_LINE_FIELDS = frozenset(_PART_NAMES.values())


def lines_of(rows: Iterable[Row]) -> tuple[int, ...]:
    """The lines that a meter with these ``rows`` is on: 1, 2 and 3, or 0 for the only one."""
    return (1, 2, 3) if any(row.field in _LINE_FIELDS for row in rows) else (0,)


def part_name(whole: str, line: int) -> str:
    """The field of one ``line`` (1 to 3) of the field ``whole``; ``whole`` itself for line 0."""
    return _PART_NAMES[whole, f"l{line}"] if line else whole


def transformed(lines: Iterable[Electricity], ratio: float) -> list[Electricity]:
    """What comes out of a current transformer: ``ratio`` of every current and power."""
    return [
        replace(
            line,
            current_a=line.current_a * ratio,
            power_w=line.power_w * ratio,
            reactive_power_var=line.reactive_power_var * ratio,
            apparent_power_va=line.apparent_power_va * ratio,
        )
        for line in lines
    ]


def transformer_ratio(rows: Iterable[Row]) -> float:
    """The share of a house's current that a meter is shown, so that it can measure all of it; 1 for most meters."""
    return min([1.0, *(row.high / _MOST[whole] for row in rows if (whole := _whole(row.field)) in _MOST)])


def gauges(lines: Sequence[Electricity]) -> dict[str, float]:
    """Field to value of a meter on one line or on three."""
    of_lines = [_of(line) for line in lines]
    if len(lines) == 1:
        return of_lines[0]
    shown = _of(_all(lines))
    for whole in ("voltage_distortion_percent", "current_distortion_percent"):
        shown[whole] = fmean(line[whole] for line in of_lines)
    for number, line in enumerate(of_lines, 1):
        shown |= {part_name(whole, number): value for whole, value in line.items() if whole != "frequency_hz"}
    return shown


def measured(row: Row, value: float, sign: Sign) -> float:
    """What the meter makes of a ``value``: without a sign it shows the size, and it stays within what it can measure."""
    is_unsigned = row.low >= 0 or (sign == "unsigned" and _whole(row.field) in {"power_w", "power_factor"})
    if value < 0 and is_unsigned:
        value = value % 360 if _whole(row.field) == "phase_angle_degrees" else -value
    return min(max(value, row.low), row.high)


def _whole(field: str) -> str:
    known = ELECTRICITY_FIELDS.get(field)
    return (known.part_of if known else "") or field


def _all(lines: Sequence[Electricity]) -> Electricity:
    power_w, reactive_var = sum(line.power_w for line in lines), sum(line.reactive_power_var for line in lines)
    average_v = fmean(line.voltage_v for line in lines)
    whole = consistent(power_w, reactive_var, average_v, lines[0].frequency_hz)
    return replace(whole, current_a=sum(line.current_a for line in lines))


def _of(line: Electricity) -> dict[str, float]:
    """Worse factors come with more harmonics, and a fuller line with a voltage that is bent."""
    angle = atan2(line.reactive_power_var, line.power_w) if line.apparent_power_va else 0.0
    return asdict(line) | {
        "phase_angle_degrees": degrees(angle),
        "voltage_distortion_percent": 1.5 + 0.04 * abs(240 - line.voltage_v),
        "current_distortion_percent": 4 + 60 * (1 - abs(line.power_factor)),
    }
