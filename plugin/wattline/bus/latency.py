"""How long a meter is waited for, learnt from how long it took."""

from collections import deque
from collections.abc import Collection

from wattline.plan import TYPICAL_TURNAROUND_S

# Before anything is known: the value that readers of these meters have used for years.
FIRST_TIMEOUT_S = 0.4
SHORTEST_TIMEOUT_S = 0.1
# A reply that is later than a late one may be (suspicion.py) is not worth waiting for.
LONGEST_TIMEOUT_S = 3.0
SAMPLES = 31
SAMPLES_NEEDED = 5
# So many replies in a row that come too late are no accident.
LATE_NEEDED = 2


def median(values: Collection[float]) -> float:
    """The middle of ``values``, or the mean of the two in the middle. The library's own brings a megabyte with it."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def patience_s(turnaround_s: float) -> float:
    """What has to be left of a slot for the reply of a meter that usually takes ``turnaround_s`` to begin."""
    return min(1.5 * turnaround_s + 0.03, LONGEST_TIMEOUT_S)


class Latency:
    """The meter's turnaround: from the end of a request to the first byte of its reply.

    Args:
        timeout_s: how long to wait, when the user knows it; learnt otherwise.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._fixed_s = timeout_s
        self._turnarounds_s: deque[float] = deque(maxlen=SAMPLES)
        self._idle_s: deque[float] = deque(maxlen=SAMPLES)
        self._late_s: list[float] = []

    def took(self, turnaround_s: float) -> None:
        """A reply came after ``turnaround_s`` seconds, in time."""
        self._turnarounds_s.append(turnaround_s)
        self._late_s.clear()

    def took_too_long(self, turnaround_s: float) -> None:
        """A reply came after ``turnaround_s`` seconds, too late."""
        self._turnarounds_s.append(turnaround_s)
        self._late_s = [*self._late_s, turnaround_s][-LATE_NEEDED:]

    def took_whole(self, idle_s: float) -> None:
        """A read took ``idle_s`` seconds beyond its characters, the adapter's included."""
        self._idle_s.append(idle_s)

    @property
    def idle_s(self) -> float:
        """The median of what reads took beyond their characters lately."""
        return median(self._idle_s) if self._idle_s else TYPICAL_TURNAROUND_S

    @property
    def typical_s(self) -> float:
        """The median of what it took lately; what is typical of all meters before anything was heard."""
        return median(self._turnarounds_s) if self._turnarounds_s else TYPICAL_TURNAROUND_S

    @property
    def timeout_s(self) -> float:
        """Seconds to wait for the first byte of a reply.

        The median, since single late replies shall not make the reader wait for all that are lost; three times of it
        and 50 ms, since a meter under load takes two to three times its usual time, and an adapter adds 16 ms.
        """
        if self._fixed_s is not None:
            return self._fixed_s
        usual_s = 3 * self.typical_s + 0.05 if len(self._turnarounds_s) >= SAMPLES_NEEDED else FIRST_TIMEOUT_S
        # It may have become slower, and the median does not know it yet.
        slower_s = patience_s(max(self._late_s)) if len(self._late_s) == LATE_NEEDED else 0.0
        return min(max(usual_s, slower_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)

    @property
    def least_s(self) -> float:
        """What has to be left of a slot for a reply, or the question is not worth putting.

        A meter that was never heard may take any time; whom it takes longer comes late, which is no loss for one that
        was not expected.
        """
        is_known = self._fixed_s is not None or len(self._turnarounds_s) >= SAMPLES_NEEDED
        return self._enough_s() if is_known else SHORTEST_TIMEOUT_S

    @property
    def spare_s(self) -> float:
        """Seconds that have to be left of a slot, beyond what a read usually takes, for it to be begun."""
        return max(0.0, self._enough_s() - self.idle_s)

    def _enough_s(self) -> float:
        if self._fixed_s is not None:
            return self._fixed_s
        return patience_s(self.typical_s)
