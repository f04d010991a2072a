"""How long a meter is waited for, learnt from how long it took: for each length of a read by itself.

Some meters take twenty times as long to prepare a long reply as a short one, and hear nothing meanwhile. So what is
known of one length says little of another: short replies in time tell nothing against a long one that was late.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection

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
# What is usual: what replies took but for a tenth of them at either end, and so much less or more.
UNUSUAL_SHARE = 0.1
USUAL_S = 0.003
# After it was waited for a slow reply in vain, so many replies pass before one may be thought to have been slow again.
TRUSTED = 60


def median(values: Collection[float]) -> float:
    """The middle of ``values``, or the mean of the two in the middle. The library's own brings a megabyte with it."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def patience_s(turnaround_s: float) -> float:
    """What has to be left of a slot for the reply of a meter that usually takes ``turnaround_s`` to begin."""
    return min(1.5 * turnaround_s + 0.03, LONGEST_TIMEOUT_S)


class Latency:
    """The turnaround of one kind of read: from the end of a request to the first byte of its reply."""

    def __init__(self) -> None:
        # There is one of these for each length of each meter, and as numbers of their own the seconds would take four times as much.
        self._turnarounds_s = array("d")
        self._idle_s = array("d")
        self._late_s: list[float] = []
        self._perhaps_late_s: list[float] = []

    def took(self, turnaround_s: float, *, is_late: bool = False) -> None:
        """A reply came after ``turnaround_s`` seconds, in time; ``is_late`` if only since it was waited for longer than usual."""
        self._late_s = [*self._late_s, *self._perhaps_late_s, turnaround_s][-LATE_NEEDED:] if is_late else []
        self._perhaps_late_s = []
        _keep(self._turnarounds_s, turnaround_s)

    def took_too_long(self, turnaround_s: float, longest_s: float = math.inf) -> None:
        """A reply came after ``turnaround_s`` seconds, too late; it will never be waited for longer than ``longest_s``."""
        _keep(self._turnarounds_s, turnaround_s)
        _keep(self._idle_s, min(turnaround_s, longest_s))
        self._late_s = [*self._late_s, turnaround_s][-LATE_NEEDED:]

    def may_have_taken(self, turnaround_s: float) -> bool:
        """A reply came after ``turnaround_s`` seconds, unless it is that to the same question once more.

        Returns:
            False if it was not so slow, since it was waited for long enough before the question was put once more.
        """
        is_known = len(self._perhaps_late_s) == LATE_NEEDED
        if is_known and turnaround_s > patience_s(max(self._perhaps_late_s)):
            return False
        self._perhaps_late_s = [*self._perhaps_late_s, turnaround_s][-LATE_NEEDED:]
        return True

    def was_not_slow(self) -> None:
        """What may have been late was not."""
        self._perhaps_late_s = []

    def took_whole(self, idle_s: float) -> None:
        """A read took ``idle_s`` seconds beyond its characters, the adapter's included."""
        _keep(self._idle_s, idle_s)

    @property
    def is_known(self) -> bool:
        """Whether so many replies came that they tell what is usual."""
        return len(self._turnarounds_s) >= SAMPLES_NEEDED

    def is_usual(self, turnaround_s: float) -> bool:
        """Whether replies take about ``turnaround_s`` seconds, as far as that is known."""
        ordered = sorted(self._turnarounds_s)
        unusual = int(UNUSUAL_SHARE * len(ordered))
        return self.is_known and ordered[unusual] - USUAL_S <= turnaround_s <= ordered[-1 - unusual] + USUAL_S

    @property
    def idle_s(self) -> float:
        """The median of what reads took beyond their characters lately."""
        return median(self._idle_s) if self._idle_s else TYPICAL_TURNAROUND_S

    @property
    def typical_s(self) -> float:
        """The median of what it took lately; what is typical of all meters before anything was heard."""
        return median(self._turnarounds_s) if self._turnarounds_s else TYPICAL_TURNAROUND_S

    @property
    def slower_s(self) -> float:
        """What to wait since the last replies came too late, or may have, which the median does not know yet; else 0."""
        in_a_row = (late_s for late_s in (self._late_s, self._perhaps_late_s) if len(late_s) == LATE_NEEDED)
        return max((patience_s(max(late_s)) for late_s in in_a_row), default=0.0)

    @property
    def timeout_s(self) -> float:
        """Seconds to wait for the first byte of a reply."""
        return _bounded(max(_timeout_s(self.typical_s) if self.is_known else FIRST_TIMEOUT_S, self.slower_s))


class Latencies:
    """The turnarounds of one meter, by how many registers are read.

    What was never heard in one length is presumed from the next shorter and the next longer one that were.

    Args:
        timeout_s: how long to wait, when the user knows it; learnt otherwise.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self._fixed_s = timeout_s
        self._all = Latency()
        self._of: dict[int, Latency] = {}
        self._trusted = 0

    def took(self, length: int, turnaround_s: float) -> None:
        """A reply of ``length`` registers came after ``turnaround_s`` seconds, in time."""
        self._trusted = max(0, self._trusted - 1)
        is_late = turnaround_s > self._usual_timeout_s(length)
        for latency in self._all, self._of_length(length):
            latency.took(turnaround_s, is_late=is_late)

    def took_too_long(self, length: int, turnaround_s: float) -> None:
        """A reply of ``length`` registers came after ``turnaround_s`` seconds, too late."""
        longest_s = math.inf if self._fixed_s is None else self._fixed_s
        for latency in self._all, self._of_length(length):
            latency.took_too_long(turnaround_s, longest_s)

    def may_have_taken(self, length: int, turnaround_s: float, since_last_s: float) -> bool:
        """A reply came to a question that was put more than once: which of them it answers cannot be known.

        So the next replies are waited for as long as the first may have taken. Whether one comes then, tells.

        Args:
            length: how many registers it has.
            turnaround_s: what it took, if it is the first's.
            since_last_s: what it took, if it is the last's.

        Returns:
            Whether it may be the first's; not if it came as soon after the last as it usually does, nor while a reply
            that was waited for did not come.
        """
        latencies = [self._all, self._of[length]] if length in self._of else [self._all]
        if self._trusted or latencies[-1].is_usual(since_last_s):
            return False
        may_have = [latency.may_have_taken(turnaround_s) for latency in latencies]
        if not all(may_have):
            self._trusted = TRUSTED
            for latency in self._all, *self._of.values():
                latency.was_not_slow()
        return not self._trusted

    def took_whole(self, length: int, idle_s: float) -> None:
        """A read of ``length`` registers took ``idle_s`` seconds beyond its characters, the adapter's included."""
        for latency in self._all, self._of_length(length):
            latency.took_whole(idle_s)

    @property
    def typical_s(self) -> float:
        """The median of what it took lately, whatever was read."""
        return self._all.typical_s

    def is_heard(self, length: int) -> bool:
        """Whether any reply of ``length`` registers came."""
        return length in self._of

    def typical_of_s(self, length: int) -> float:
        """What it usually takes to begin a reply of ``length`` registers."""
        return self._presumed(length, lambda latency: latency.typical_s)

    def idle_s(self, length: int) -> float:
        """What a read of ``length`` registers usually takes beyond its characters."""
        return self._presumed(length, lambda latency: latency.idle_s)

    def timeout_s(self, length: int) -> float:
        """Seconds to wait for the first byte of a reply of ``length`` registers.

        The median, since single late replies shall not make the reader wait for all that are lost; three times of it
        and 50 ms, since a meter under load takes two to three times its usual time, and an adapter adds 16 ms. What is
        longer than all that was heard, may take longer than any.
        """
        if self._fixed_s is not None:
            return self._fixed_s
        usual_s = self._usual_timeout_s(length)
        least_s = FIRST_TIMEOUT_S if length > max(self._of, default=0) else self._all.slower_s
        if length in self._of:
            least_s = max(least_s, self._of[length].slower_s)
        return _bounded(max(usual_s, least_s))

    def _usual_timeout_s(self, length: int) -> float:
        return _timeout_s(self.typical_of_s(length)) if self._all.is_known else FIRST_TIMEOUT_S

    @property
    def longest_timeout_s(self) -> float:
        """How long it is waited for at most, in the lengths that were heard."""
        return max((self.timeout_s(length) for length in self._of), default=self._fixed_s or FIRST_TIMEOUT_S)

    def least_s(self, length: int) -> float:
        """What has to be left of a slot for a reply of ``length`` registers, or the question is not worth putting.

        A meter that was never heard may take any time; whom it takes longer comes late, which is no loss for one that
        was not expected.
        """
        is_known = self._fixed_s is not None or self._all.is_known
        return self._enough_s(length) if is_known else SHORTEST_TIMEOUT_S

    def spare_s(self, length: int) -> float:
        """Seconds that have to be left of a slot, beyond what such a read usually takes, for it to be begun."""
        return max(0.0, self._enough_s(length) - self.idle_s(length))

    def _enough_s(self, length: int) -> float:
        return patience_s(self.typical_of_s(length)) if self._fixed_s is None else self._fixed_s

    def _of_length(self, length: int) -> Latency:
        return self._of.setdefault(length, Latency())

    def _presumed(self, length: int, seconds: Callable[[Latency], float]) -> float:
        """The ``seconds`` of ``length``: on the straight line from the next shorter known length to the next longer one."""
        lengths = sorted(self._of)
        number = bisect_left(lengths, length)
        sides = lengths[max(0, number - 1) : number + 1] if length not in self._of else [length]
        if not sides:
            return seconds(self._all)
        shorter, longer = sides[0], sides[-1]
        low_s, high_s = self._heard(shorter, seconds), self._heard(longer, seconds)
        share = (length - shorter) / (longer - shorter) if shorter < longer else 0.0
        return low_s + share * (high_s - low_s)

    def _heard(self, length: int, seconds: Callable[[Latency], float]) -> float:
        """The ``seconds`` of a length that was heard.

        A shorter read takes no longer than a longer one. While few replies of it came, that counts for more than they do: a
        few that were late by chance would have it asked so rarely that no others come to correct them.
        """
        own = self._of[length]
        longer = (other for number, other in self._of.items() if number > length and other.is_known)
        return seconds(own) if own.is_known else min(map(seconds, (own, *longer)))


def _keep(seconds: "array[float]", latest_s: float) -> None:
    seconds.append(latest_s)
    del seconds[:-SAMPLES]


def _timeout_s(typical_s: float) -> float:
    return 3 * typical_s + 0.05


def _bounded(timeout_s: float) -> float:
    return min(max(timeout_s, SHORTEST_TIMEOUT_S), LONGEST_TIMEOUT_S)
