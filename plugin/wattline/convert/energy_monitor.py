"""energy-monitor's history: measurement ``energy``, nine fields without a tag, stamped before each sample was read.

Of its nine fields one is in mA, one is misspelt, and two are the low halves of counters. What it read unsigned is taken
for what it is: power below zero. The rest is the OR-WE-515's own: decimals, and what it can measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import groupby
from operator import itemgetter

from wattline.convert.counter import STEPS_PER_KWH, Unwrap, modulus_of, shift_to
from wattline.convert.numbers import plain_number
from wattline.convert.sample import Sample
from wattline.convert.second import Seconds
from wattline.convert.shelf import Shelf
from wattline.convert.source import Source
from wattline.convert.tally import (
    IMPLAUSIBLE,
    OTHER_SERIES,
    OUTDONE,
    UNKNOWN,
    UNREADABLE,
    CounterCourse,
    Tally,
    counted,
)
from wattline.errors import WordError
from wattline.fields import ELECTRICITY_FIELDS
from wattline.line import number_text
from wattline.meters.orno_we515 import MODEL
from wattline.options import nearest
from wattline.registers import to_grain

MEASUREMENT = "energy"
TOTAL = "energy_total_kwh"

FIELDS = {
    # its name: ours, and what its number is to be multiplied by
    "frequency": ("frequency_hz", 1.0),
    "voltage": ("voltage_v", 1.0),
    "current": ("current_a", 0.001),
    "active_power": ("power_w", 1.0),
    "reactive_power": ("reactive_power_var", 1.0),
    "apparent_power": ("apparent_power_va", 1.0),
    "power_factory": ("power_factor", 1.0),
    "active_energy": (TOTAL, 0.001),
    "reactive_energy": ("reactive_energy_total_kvarh", 0.001),
}
_ROWS = {row.field: row for row in MODEL.rows}
_COUNTERS = {ours for ours, _ in FIELDS.values() if ELECTRICITY_FIELDS[ours].kind == "counter"}
# The full range of what was read unsigned, of which the upper half is below zero.
_TURNED, _UNSIGNED = 2**31, 2**32
_SIGNED = {"active_power", "reactive_power", "apparent_power"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user says of the history.

    Attributes:
        head: measurement and tags of each line.
        most_power_w: what the house can draw.
        meter_shows_kwh: the meter's total as it shows it now; none when nobody said.
    """

    head: str
    most_power_w: float
    meter_shows_kwh: float | None = None


class EnergyMonitor:
    """Converts one history: ``take`` for each sample, then ``rest``.

    Args:
        settings: what the user says of it.
        tally: counts.
    """

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._settings, self._tally = settings, tally
        self._seconds: Seconds[str | int] = Seconds(tally)
        self._shelves = {name: Shelf() for name in sorted(_COUNTERS)}
        self._series: str | None = None

    def take(self, sample: Sample, source: Source) -> str:
        """The line that ``sample`` completes, with its newline; empty when there is none yet.

        ``source`` is where it was read, for a complaint.
        """
        if sample.series != self._series:
            if self._series is not None:
                self._tally.leave_out(
                    OTHER_SERIES,
                    f"{source.place}: These tags are others than those before ({sample.series.strip(',')!r}); one history has one meter.",
                    len(sample.cells),
                )
                return ""
            self._series = sample.series
        values: dict[str, str | int] = {}
        for name, text in sample.cells:
            try:
                value = _converted(name, text)
            except ValueError:
                self._complain(name, text, source.place)
                continue
            if value is None:
                self._tally.leave_out(IMPLAUSIBLE)
            else:
                values[FIELDS[name][0]] = value
        done = self._seconds.take(sample.stream, sample.time_ns, values) if values else None
        return self._line(sample.stream, *done) if done else ""

    def rest(self) -> Iterator[str]:
        """The lines of what waited for its second to end, and then those of the counters, in the order of time.

        Raises:
            WordError: the meter shows less than its history.
        """
        for stream, second, values in self._seconds.rest():
            yield self._line(stream, second, values)
        courses = [self._course(name, shelf) for name, shelf in self._shelves.items()]
        for second, together in groupby(merge(*courses), key=itemgetter(0)):
            text = ",".join(cell for _, cell in together)
            self._tally.written("counters", second, text.count(",") + 1)
            yield f"{self._settings.head} {text} {second}000000000\n"

    def _line(self, stream: str, second: int, values: dict[str, str | int]) -> str:
        texts = []
        for name, value in values.items():
            if isinstance(value, str):
                texts.append(value)
            elif not self._shelves[name].put(second, value):
                self._tally.leave_out(OUTDONE)
        if not texts:
            return ""
        self._tally.written(stream, second, len(texts))
        return f"{self._settings.head} {','.join(sorted(texts))} {second}000000000\n"

    def _course(self, name: str, shelf: Shelf) -> Iterator[tuple[int, str]]:
        """Second and field of each reading of one counter."""
        decimals, modulus = _ROWS[name].decimals, modulus_of(shelf.highest)
        shift, resets = self._shift(shelf, modulus) if name == TOTAL else (0, 0)
        course = CounterCourse(decimals, ELECTRICITY_FIELDS[name].unit)
        self._tally.counters[name] = course
        for second, steps in Unwrap(course, self._settings.most_power_w, modulus, shift, resets).each(shelf):
            yield second, f"{name}={number_text(to_grain(steps, decimals))}"

    def _shift(self, shelf: Shelf, modulus: int) -> tuple[int, int]:
        """Steps by which the counter was ahead of its history, and the resets behind which that holds."""
        if self._settings.meter_shows_kwh is None:
            return 0, 0
        course = CounterCourse(_ROWS[TOTAL].decimals, "kWh")
        for _ in Unwrap(course, self._settings.most_power_w, modulus).each(shelf):
            pass
        try:
            return shift_to(round(self._settings.meter_shows_kwh * STEPS_PER_KWH), course.last, modulus), course.resets
        except ValueError:
            raise WordError(
                f"The meter cannot show {self._settings.meter_shows_kwh:g} kWh after --meter-shows: its history ends at "
                f"{course.show(course.last)} kWh, with {counted(course.wraps, 'wrap')}."
            ) from None

    def _complain(self, name: str, text: str, place: str) -> None:
        if name in FIELDS:
            self._tally.leave_out(UNREADABLE, f"{place}, field {name!r}: {text[:40]!r} is no number.")
        else:
            known = nearest(name, FIELDS)
            self._tally.leave_out(UNKNOWN, f"{place}: energy-monitor has no field {name!r}{known}.")


@lru_cache(maxsize=1 << 16)
def _converted(name: str, text: str) -> str | int | None:
    """A value as it is written: a gauge as the text of its field, a counter as steps, None if it cannot be true.

    Remembered, since a year has a few thousand different ones.

    Raises:
        ValueError: there is no such field, or it is no number.
    """
    if name not in FIELDS:
        raise ValueError(name)
    ours, scale = FIELDS[name]
    value, row = plain_number(text.removesuffix("i")), _ROWS[ours]
    if name in _SIGNED and _TURNED <= value < _UNSIGNED:
        value -= _UNSIGNED
    units = round(value * scale * 10**row.decimals)
    if not row.low <= units / 10**row.decimals <= row.high:
        return None
    return units if ours in _COUNTERS else f"{ours}={number_text(to_grain(units, row.decimals))}"
