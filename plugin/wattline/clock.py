"""Slots: the whole seconds at which the meters are read.

A slot starts on a second of the wall clock that is a multiple of the interval; the first one is at the first whole
second after the start, whatever the interval. The wall clock says which second it is; the monotonic clock says how long
to wait for it, so a step of the wall clock neither stretches a wait nor causes a burst: the slots are aligned anew at
the next whole second. A slot that could not begin is missed and counted, never made up for.
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
# Waits are cut so that the watch over the loop sees it turn, whatever the interval.
LONGEST_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot.

    Attributes:
        time_ns: its whole second, nanoseconds since 1970 UTC; the stamp of all its points.
        began_s: when that second began, by the monotonic clock.
        deadline_s: when its reads have to be done, by the monotonic clock.
        delay_s: how long after its second it was begun.
    """

    time_ns: int
    began_s: float
    deadline_s: float
    delay_s: float = 0.0


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
        self._offset_s = self._read_offset_s()
        self._last_s: int | None = None

    def next_slot(self) -> Slot | None:
        """Wait for the next slot; None when the process was asked to end."""
        second = self._next_second()
        while self._wait_until(second - self._offset_s):
            if self._stepped():
                second = self._after_now()
                continue
            began_s = second - self._offset_s
            delay_s = self._monotonic() - began_s
            if delay_s <= LATEST_S:
                self._last_s = second
                sweep_s = min(SWEEP_SHARE * self.interval_s, SWEEP_LONGEST_S)
                return Slot(second * NS, began_s, began_s + sweep_s, max(0.0, delay_s))
            self.missed_slots += 1
            second += self.interval_s
        return None

    def _next_second(self) -> int:
        """The second of the slot after the last, by the clock as it is now."""
        stepped = self._stepped()
        if self._last_s is None:
            return math.floor(self._wall_s()) + 1
        return self._after_now() if stepped else self._aligned(self._last_s + 1)

    def _after_now(self) -> int:
        return self._aligned(math.floor(self._wall_s()) + 1)

    def _aligned(self, second: int) -> int:
        return -(-second // self.interval_s) * self.interval_s

    def _stepped(self) -> bool:
        """Follow the wall clock; whether it jumped, so that the second waited for means nothing any more."""
        offset_s = self._read_offset_s()
        stepped = abs(offset_s - self._offset_s) > STEP_S
        self._offset_s = offset_s
        if stepped:
            self.steps += 1
        return stepped

    def _read_offset_s(self) -> float:
        return self._wall_ns() / NS - self._monotonic()

    def _wall_s(self) -> float:
        return self._monotonic() + self._offset_s

    def _wait_until(self, moment_s: float) -> bool:
        """Sleep until ``moment_s`` of the monotonic clock; False when the process was asked to end."""
        while True:
            now = self._monotonic()
            self.turned_s = now
            if now >= moment_s:
                return not self._stop.is_set
            if self._stop.wait(min(moment_s - now, LONGEST_WAIT_S)):
                return False
