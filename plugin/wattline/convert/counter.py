"""A counter that was read by its low register only: its wraps undone, told apart from resets and from false readings.

The OR-WE-515 counts in 32 bits, in steps of 10 Wh. Its reader kept the low 16 of them, so what it noted is the truth
modulo 65 536 steps: 655.36 kWh. Undone, each fall from full to nothing adds that much. But not each fall is one:

- A *wrap* is a fall after which the counter stands where it can stand by then. By the wrap it has grown by (after -
  before) mod 655.36 kWh, and that has to be what the house can have drawn in the time between the two readings: at 23 kW
  (100 A at 230 V, all that the meter carries) 0.013 kWh between readings two seconds apart, and a step for the rounding
  of each. So a wrap between two seconds begins within some steps of full and ends within some steps of nothing; a fall
  from anywhere else, nine hundred and ninety-nine of a thousand, would need a megawatt to be one.
- A *reset* is a fall, or a leap, that no power explains and from which the counter goes on: another meter, or one that
  was set to nothing. What went through the meter between the two readings is not known. The counter goes on as the new
  one shows it, and the fall is left for the rollups to see, as that of a live meter is. They take it for energy by a rule
  of theirs, so that is counted here too: what is told is what will stand in InfluxDB.
- A *false reading* (a frame of zeros, another register's value) is one from which the counter does not go on. So
  nothing is believed at once but a small step up within a minute; what falls, leaps, comes first or comes after a gap
  waits until two more readings go on from it, and is withheld when none do.

Over a gap of hours the rule for wraps grows wide: at 23 kW any fall is a wrap after 28 hours. That is right nearly always,
since meters turn over far more often than they are replaced, and who knows of a new meter can convert its time apart, or
say what the house can draw. After a gap of weeks a second turn may have gone unseen: nothing in the history can tell, so
it is counted as such, for a person to look at.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from wattline.convert.tally import CounterCourse

# Steps of 10 Wh that 16 bits hold, and that 32 bits do.
LOW_REGISTER, BOTH_REGISTERS = 2**16, 2**32
STEPS_PER_KWH = 100
READINGS_THAT_AGREE = 3
SHORT_GAP_S = 60
# Of a step before each of two readings that are cut to steps.
ROUNDING_STEPS = 2
_LONG_GAP_S = 86_400
# The rule of compose/influxdb/tasks/energy_15m.flux, whose finest step is a minute.
HOUR_LIMIT_KW, AVERAGE_LIMIT_KW, COARSEST_STEP_KWH, FIRST_STEP_KWH = 100.0, 20.0, 10.0, 1.0
_MINUTE_S, _MINUTES_PER_HOUR = 60, 60
_JOULES_PER_STEP = 36_000


class Reading(NamedTuple):
    """One reading: seconds since 1970, and steps of 10 Wh."""

    second: int
    steps: int


class Unwrap:
    """Undoes the wraps of one counter.

    Args:
        course: counts them.
        most_power_w: what the house can draw at most.
        modulus: steps at which the counter begins anew.
        shift: steps to add to what is counted behind the last reset.
        resets: how many resets there are before ``shift`` holds.
    """

    def __init__(
        self, course: CounterCourse, most_power_w: float, modulus: int, shift: int = 0, resets: int = 0
    ) -> None:
        self._course, self._power_w, self._modulus = course, most_power_w, modulus
        self._shift, self._resets = shift, resets
        self._last: Reading | None = None
        self._moved_s = 0
        self._offset = 0 if resets else shift
        self._waiting: list[Reading] = []
        self._metered_s = self._metered_steps = 0
        self._gaps_s: list[int] = []

    def each(self, readings: Iterable[tuple[int, int]]) -> Iterator[Reading]:
        """The readings (second, steps modulo) in the order of time -> second and steps, for good."""
        for second, steps in readings:
            yield from self._take(Reading(second, steps))
        if self._may_end_with(self._waiting):
            yield from self._believe(self._waiting)
        else:
            self._withhold()
        self._count_long_gaps()

    def _may_end_with(self, waiting: list[Reading]) -> bool:
        """Whether readings that no others confirm, since the history ends, are believed: a gap and no fall is no doubt."""
        rising = waiting if self._last is None else [self._last, *waiting]
        return all(before.steps <= after.steps and self._follows(before, after) for before, after in pairwise(rising))

    def _take(self, reading: Reading) -> Iterable[Reading]:
        if self._is_small_step(reading):
            self._withhold()
            return self._believe([reading])
        if self._waiting and not self._follows(self._waiting[-1], reading):
            self._withhold()
        self._waiting.append(reading)
        if len(self._waiting) < READINGS_THAT_AGREE:
            return ()
        agreed, self._waiting = self._waiting, []
        return self._believe(agreed)

    def _is_small_step(self, reading: Reading) -> bool:
        last = self._last
        if last is None or reading.steps < last.steps or reading.second - last.second > SHORT_GAP_S:
            return False
        return self._follows(last, reading)

    def _withhold(self) -> None:
        self._course.withheld += len(self._waiting)
        self._waiting.clear()

    def _follows(self, before: Reading, after: Reading) -> bool:
        """Whether the counter can have gone from one to the other, by a wrap or without."""
        possible = (after.second - before.second) * self._power_w / _JOULES_PER_STEP + ROUNDING_STEPS
        return (after.steps - before.steps) % self._modulus <= possible

    def _believe(self, readings: list[Reading]) -> list[Reading]:
        return [Reading(reading.second, reading.steps + self._offset_at(reading)) for reading in readings]

    def _offset_at(self, reading: Reading) -> int:
        """What is to be added to ``reading``, which follows the last one; counts how."""
        course, last, before = self._course, self._last, self._course.last
        self._last = reading
        moved_s = self._moved_s if last and reading.steps == last.steps else reading.second
        if last is None:
            course.first = reading.steps + self._offset
        elif self._follows(last, reading):
            if reading.steps < last.steps:
                course.wraps += 1
                self._offset += self._modulus
            self._grow((reading.steps - last.steps) % self._modulus, reading.second - last.second)
        else:
            course.resets += 1
            self._offset = self._shift if course.resets == self._resets else 0
            shown = Reading(reading.second, reading.steps + self._offset)
            presumed = presumed_steps(Reading(last.second, before), shown, self._moved_s)
            course.presumed += presumed
            course.grown += presumed
        course.last, self._moved_s = reading.steps + self._offset, moved_s
        return self._offset

    def _grow(self, steps: int, seconds: int) -> None:
        self._course.grown += steps
        if seconds > _LONG_GAP_S:
            self._gaps_s.append(seconds)
        else:
            self._metered_s += seconds
            self._metered_steps += steps

    def _count_long_gaps(self) -> None:
        """Gaps in which the usual power would have brought the counter round once."""
        usual = self._metered_steps / self._metered_s if self._metered_s else 0.0
        self._course.long_gaps += sum(gap_s * usual >= self._modulus for gap_s in self._gaps_s)


def presumed_steps(before: Reading, after: Reading, moved_s: int) -> int:
    """What the rollups count between the two readings of a reset, in steps; they know no more of it than this.

    A counter that fell began at nothing, and all that it shows was metered since; unless it shows more than can have been:
    then it had counted elsewhere. One that rose metered it, likewise; within an hour that may be more, and a coarse step is
    what was metered since the counter moved before, at ``moved_s`` (seconds since 1970).
    """
    hours = _hours(before.second, after.second)
    if after.steps >= before.steps:
        gained = after.steps - before.steps
        coarse_kwh = min(COARSEST_STEP_KWH, _possible_kwh(_hours(moved_s, after.second), HOUR_LIMIT_KW))
        limit_kwh = _possible_kwh(hours, HOUR_LIMIT_KW) + coarse_kwh
    else:
        gained = after.steps
        limit_kwh = _possible_kwh(hours, AVERAGE_LIMIT_KW) + FIRST_STEP_KWH
    return gained if gained <= limit_kwh * STEPS_PER_KWH else 0


def _hours(begin_s: int, end_s: int) -> float:
    """From one minute to the other, and a minute at least."""
    return max(1, end_s // _MINUTE_S - begin_s // _MINUTE_S) / _MINUTES_PER_HOUR


def _possible_kwh(hours: float, hour_kw: float) -> float:
    return hour_kw * min(hours, 1.0) + AVERAGE_LIMIT_KW * max(hours - 1.0, 0.0)


def modulus_of(highest: int) -> int:
    """Steps at which a counter that was seen as high as ``highest`` begins anew: a reader of both registers goes on."""
    return LOW_REGISTER if highest < LOW_REGISTER else BOTH_REGISTERS


def shift_to(shown: int, last: int, modulus: int) -> int:
    """Turns, in steps, that the counter had behind it before its history began.

    Args:
        shown: what the meter shows, at the end of the history or later, in steps.
        last: how the history ends, its own wraps undone.
        modulus: steps of a turn.

    Raises:
        ValueError: the meter shows less than the history does.
    """
    if shown < last:
        raise ValueError(shown, last)
    return (shown - last) // modulus * modulus
