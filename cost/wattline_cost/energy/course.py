"""The course of a counter through quarter-hours that were read and such that were not."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wattline_cost.energy.quarter import QUARTER_S
from wattline_cost.energy.reads import Read


@dataclass(frozen=True, slots=True)
class Slot:
    """What is known of a quarter-hour.

    Attributes:
        start_s: seconds since 1970.
        weight_mwh: its energy by the power, or its part of a gap; right up to a factor.
        low_mwh: what the counter showed at its end at least.
        high_mwh: what it showed then at most.
        is_estimated: it was not read.
    """

    start_s: int
    weight_mwh: int
    low_mwh: int
    high_mwh: int
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """What passed from the last reading of one quarter-hour to the last one of the next that was read.

    By the power so much of it was in the ``rest`` of the first and so much in the second, ``then``; the others have what
    is left, each as much.
    """

    first: Read
    second: Read

    @property
    def missing(self) -> int:
        """How many quarter-hours between the two were not read."""
        return (self.second.start_s - self.first.start_s) // QUARTER_S - 1

    @property
    def energy_mwh(self) -> int:
        """All of it, by the counter."""
        return self.second.counter_mwh - self.first.counter_mwh

    @property
    def then_mwh(self) -> int:
        """Of the second quarter-hour; where its power is not known as much as of each that is missing."""
        if self.second.power_mwh is None:
            return self.energy_mwh // (self.missing + 1)
        return self.second.power_mwh

    def missing_mwh(self, number: int) -> int:
        """Of the first ``number`` of those that are missing."""
        left_mwh = max(self.energy_mwh - self.first.rest_mwh - self.then_mwh, 0)
        return left_mwh * number // self.missing if self.missing else 0

    def counter_mwh(self, moment_s: int, unit_mwh: int) -> int:
        """What the counter showed at ``moment_s``, between the two: interpolated, in whole units."""
        number = (moment_s - self.first.start_s) // QUARTER_S - 1
        before_mwh = self.first.rest_mwh + self.missing_mwh(number)
        all_mwh = self.first.rest_mwh + self.missing_mwh(self.missing) + self.then_mwh
        part_mwh = self.energy_mwh * before_mwh // all_mwh if all_mwh else 0
        return self.first.counter_mwh + part_mwh // unit_mwh * unit_mwh

    def registers_mwh(self, counter_mwh: int) -> Mapping[int, int]:
        """What each register gained when the counter showed ``counter_mwh``."""
        done_mwh = counter_mwh - self.first.counter_mwh
        return {
            number: before + (self.second.registers_mwh[number] - before) * done_mwh // (self.energy_mwh or 1)
            for number, before in self.first.registers_mwh.items()
        }


class Course:
    """The readings of one counter.

    Args:
        reads: in order.
        unit_mwh: the last digit of the counter.
    """

    def __init__(self, reads: Sequence[Read], unit_mwh: int) -> None:
        self._reads = reads
        self._starts_s = [read.start_s for read in reads]
        self.unit_mwh = unit_mwh
        """The last digit of the counter."""

    def at(self, moment_s: int) -> tuple[int, Mapping[int, int]]:
        """What the counter and each register gained from the first row up to ``moment_s``, where a quarter-hour begins.

        Before the first row that is nothing, and after the last one what was read last.
        """
        index = bisect_left(self._starts_s, moment_s)
        if index == 0:
            return 0, dict.fromkeys(self._reads[0].registers_mwh, 0)
        before = self._reads[index - 1]
        if index == len(self._reads) or (before.is_whole and before.start_s + QUARTER_S == moment_s):
            return before.counter_mwh, before.registers_mwh
        between = Between(before, self._reads[index])
        counter_mwh = between.counter_mwh(moment_s, self.unit_mwh)
        return counter_mwh, between.registers_mwh(counter_mwh)

    def read_in(self, start_s: int, stop_s: int) -> Sequence[Read]:
        """The readings from ``start_s`` on and before ``stop_s``."""
        return self._reads[bisect_left(self._starts_s, start_s) : bisect_left(self._starts_s, stop_s)]

    def slots(self, start_s: int, stop_s: int) -> Iterator[Slot]:
        """The quarter-hours from ``start_s`` on and before ``stop_s``, but for those before the first row and after the last."""
        first = bisect_left(self._starts_s, start_s)
        last = bisect_left(self._starts_s, stop_s)
        for index in range(first, min(last + 1, len(self._reads))):
            if index > 0:
                yield from self._missing(Between(self._reads[index - 1], self._reads[index]), start_s, stop_s)
            if index < last:
                yield self._read(index)

    def _missing(self, between: Between, start_s: int, stop_s: int) -> Iterator[Slot]:
        begin_s = between.first.start_s + QUARTER_S
        low_mwh, high_mwh = between.first.counter_mwh, between.second.counter_mwh
        for moment_s in range(max(begin_s, start_s), min(between.second.start_s, stop_s), QUARTER_S):
            number = (moment_s - begin_s) // QUARTER_S
            weight_mwh = between.missing_mwh(number + 1) - between.missing_mwh(number)
            yield Slot(moment_s, weight_mwh, low_mwh, high_mwh, is_estimated=True)

    def _read(self, index: int) -> Slot:
        read = self._reads[index]
        # What was used before the first reading of all nobody counted.
        weight_mwh = Between(self._reads[index - 1], read).then_mwh if index else read.counter_mwh
        known = read if read.is_whole else self._reads[min(index + 1, len(self._reads) - 1)]
        return Slot(read.start_s, weight_mwh, read.counter_mwh, known.counter_mwh)
