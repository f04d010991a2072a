"""Slots: the whole seconds at which the meters are read.

A slot starts on a second of the wall clock that is a multiple of the interval; the first one is at the first whole
second after the start, whatever the interval. The wall clock says which second it is; the monotonic clock says how long
to wait for it, so a step of the wall clock neither stretches a wait nor causes a burst: the slots are aligned anew at
the next whole second that is one of theirs. A slot that could not begin is missed and counted, never made up for.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from wattline.stop import Stop

NS = 1_000_000_000

# A slot begins this late at the most; later, its second is over for more than half and the slot is missed.
LATEST_S = 0.5
# Time servers slew the clock by at most half a millisecond a second; what moves it further at once is a step.
STEP_S = 0.25
# The share of the interval in which a sweep must be done, so that the next slot begins in time.
SWEEP_SHARE = 0.95
SWEEP_LONGEST_S = 5.0
# Waits are cut so that the watch over the loop sees it turn, and so that the wall clock is followed, whatever the interval.
LONGEST_WAIT_S = 5.0
LOOKS = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot.

    Attributes:
        time_ns: its whole second, nanoseconds since 1970 UTC; the stamp of all its points.
        began_s: when that second began, by the monotonic clock.
        deadline_s: when its reads have to be done, by the monotonic clock.
        delay_s: how long after its second it was begun.
        missed: the seconds since 1970 of the slots just before it that were missed.
    """

    time_ns: int
    began_s: float
    deadline_s: float
    delay_s: float = 0.0
    missed: range = range(0)


def wall_offset_s(wall_ns: Callable[[], int], monotonic: Callable[[], float]) -> float:
    """What to add to the monotonic clock to get the wall clock, seconds since 1970 UTC.

    A busy machine may put the process aside between the looks at the two clocks, which would seem a step. So there are
    several pairs of looks, and the closest pair is taken.
    """
    pairs = []
    for _ in range(LOOKS):
        before_s, now_ns, after_s = monotonic(), wall_ns(), monotonic()
        pairs.append((after_s - before_s, now_ns / NS - after_s))
    return min(pairs)[1]


class Clock:
    """Hands out one slot after the other.

    Args:
        interval_s: whole seconds, 1 to 3600.
        stop: ends every wait.
        wall_ns: nanoseconds since 1970 UTC, may step.
        monotonic: seconds, never steps.

    Attributes:
        missed_slots: slots that passed while the one before was still being read.
        steps: jumps of the wall clock.
        turned_s: when the loop was last seen to turn, by the monotonic clock.
    """

    def __init__(
        self,
        interval_s: int,
        stop: Stop,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interval_s = interval_s
        self.missed_slots = 0
        self.steps = 0
        self.turned_s = monotonic()
        self._stop = stop
        self._wall_ns = wall_ns
        self._monotonic = monotonic
        self._offset_s = wall_offset_s(wall_ns, monotonic)
        self._last_s: int | None = None

    def next_slot(self, meanwhile: Callable[[], None] = lambda: None) -> Slot | None:
        """Wait for the next slot; None when the process was asked to end.

        Args:
            meanwhile: called while there is nothing to do but wait, every few seconds.
        """
        second = missed_from = self._next_second()
        while not self._stop.is_set:
            self.turned_s = now = self._monotonic()
            began_s = second - self._offset_s
            if now < began_s:
                meanwhile()
                self._stop.wait(min(began_s - self._monotonic(), LONGEST_WAIT_S))
                if self._stepped():
                    second = missed_from = self._after_now()
            elif now - began_s <= LATEST_S:
                missed = range(missed_from, missed_from if self._last_s is None else second, self.interval_s)
                self._last_s = second
                sweep_s = min(SWEEP_SHARE * self.interval_s, SWEEP_LONGEST_S)
                return Slot(second * NS, began_s, began_s + sweep_s, now - began_s, missed)
            else:
                if self._last_s is not None:
                    self.missed_slots += 1
                second = self._slot_from(second + 1)
        return None

    def _next_second(self) -> int:
        """The second of the slot after the last, by the clock as it is now."""
        if self._stepped() or self._last_s is None:
            return self._after_now()
        return self._slot_from(self._last_s + 1)

    def _after_now(self) -> int:
        return self._slot_from(math.floor(self._monotonic() + self._offset_s) + 1)

    def _slot_from(self, second: int) -> int:
        """The first second of a slot, not before ``second``; any will do for the first slot of all."""
        return second if self._last_s is None else -(-second // self.interval_s) * self.interval_s

    def _stepped(self) -> bool:
        """Follow the wall clock; whether it jumped, so that the second waited for means nothing any more."""
        offset_s = wall_offset_s(self._wall_ns, self._monotonic)
        stepped = abs(offset_s - self._offset_s) > STEP_S
        self._offset_s = offset_s
        self.steps += stepped
        return stepped
