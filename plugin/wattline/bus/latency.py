"""How long a meter is waited for, learnt from how long it took."""

import statistics
from collections import deque

from wattline.plan import TYPICAL_TURNAROUND_S

# Before anything is known: the value that readers of these meters have used for years.
FIRST_TIMEOUT_S = 0.4
SHORTEST_TIMEOUT_S = 0.1
LONGEST_TIMEOUT_S = 1.0
SAMPLES = 31
SAMPLES_NEEDED = 5


class Latency:
    """The meter's turnaround: from the end of a request to the first byte of its reply.

    Args:
        timeout_s: how long to wait, when the user knows it; learnt otherwise.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._fixed_s = timeout_s
        self._turnarounds_s: deque[float] = deque(maxlen=SAMPLES)

    def took(self, turnaround_s: float) -> None:
        """A reply came after ``turnaround_s`` seconds, in time or late."""
        self._turnarounds_s.append(turnaround_s)

    @property
    def typical_s(self) -> float:
        """The median of what it took lately; what is typical of all meters before anything was heard."""
        return statistics.median(self._turnarounds_s) if self._turnarounds_s else TYPICAL_TURNAROUND_S

    @property
    def timeout_s(self) -> float:
        """Seconds to wait for the first byte of a reply.

        The median, since single late replies shall not make the reader wait for all that are lost; three times of it
        and 50 ms, since a meter under load takes two to three times its usual time, and an adapter adds 16 ms.
        """
        if self._fixed_s is not None:
            return self._fixed_s
        if len(self._turnarounds_s) < SAMPLES_NEEDED:
            return FIRST_TIMEOUT_S
        wanted_s = 3 * statistics.median(self._turnarounds_s) + 0.05
        return min(max(wanted_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)
