"""Terms: the times in each of which one reading of a meter is due, one behind the other.

Of a meter that is read each second each second is one. One with an interval of its own has a second of it at which it is due,
and where others leave it no time it comes later: the reading belongs to the term in which it comes, as the plugin has it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wattline_backup.reconcile.lines import HOUR_S
from wattline_backup.reconcile.ranges import Range


@dataclass(frozen=True, slots=True)
class Terms:
    """Some of one length.

    Attributes:
        begin: the first second of the first, since 1970.
        every_s: seconds from the begin of one to that of the next.
        count: how many they are.
    """

    begin: int
    every_s: int
    count: int

    @property
    def end(self) -> int:
        """The first second that is in none of them."""
        return self.begin + self.count * self.every_s

    def folded(self, seconds: Mapping[int, int]) -> int:
        """A number with a bit for each term, set if any second of it is among ``seconds``, the bits of hours since 1970."""
        first, bits = self.begin // HOUR_S, 0
        for hour in range(first, -(-self.end // HOUR_S)):
            bits |= seconds.get(hour, 0) << (hour - first) * HOUR_S
        length = self.count * self.every_s
        bits = bits >> self.begin - first * HOUR_S & (1 << length) - 1
        if self.every_s == 1 or not bits:
            return bits
        text = f"{bits:0{length}b}"
        return int("".join("01"["1" in text[at : at + self.every_s]] for at in range(0, length, self.every_s)), 2)

    def between(self, start: int, stop: int) -> int:
        """The bits of those of which any second is from ``start`` on and before ``stop``."""
        first = max(0, (start - self.begin) // self.every_s)
        last = min(self.count, -((self.begin - stop) // self.every_s))
        return (1 << last) - (1 << first) if start < stop and first < last else 0


def terms_of(span: Range, every_s: int, offset_s: int, part: Range) -> Terms:
    """Those that are within a span whole, and begin within a part of it.

    Args:
        span: from a second since 1970 on and before one.
        every_s: seconds from one to the next.
        offset_s: the second of these at which one begins, counted from 1970 on.
        part: as ``span``; so of parts that follow each other each term is in one.
    """
    start = max(span[0], part[0])
    begin = start + (offset_s - start) % every_s
    last = min(span[1] - every_s, part[1] - 1)
    return Terms(begin, every_s, max(0, (last - begin) // every_s + 1))


def likely_offset_s(seconds: Mapping[int, int], every_s: int) -> int:
    """Where the terms of a meter begin of which that was not noted: so that its readings come as early in them as can be.

    Args:
        seconds: those in which it had a reading, as the bits of hours since 1970.
        every_s: seconds from one term to the next.
    """
    found = Counter(
        (hour * HOUR_S + second) % every_s
        for hour, bits in seconds.items()
        for second, bit in enumerate(reversed(f"{bits:b}"))
        if bit == "1"
    )

    def late_s(offset_s: int) -> int:
        return sum(count * ((second - offset_s) % every_s) for second, count in found.items())

    return min(sorted(found), key=late_s, default=0)
