"""When a reading was made, by the clock of its meter, as far as that can be believed. Pure.

A stamp comes late, and never early: so the one that came with the least delay tells how far the meter's clock is ahead of
this machine's, and any other is late by what it lies behind that. A clock that was set back looks like readings that are
late; but those are late by ever another time, and a clock by the same. There are meters whose readings are late by the same
as well: where the stick tells the time, that alone sets the clock back.
"""

from collections import deque
from dataclasses import dataclass

# What a clock may be off and pass for right: a stick tells the time some seconds late now and then.
RIGHT_S = 10
# What is later than that is not given.
LATEST_S = 15 * 60
# The clock was set back when what comes for so long is late by the same, give or take.
STEADY_S, ALIKE_S = 10, 5
# So long a stick is one that tells the time; most do every quarter of an hour.
TELLS_S = 3600
# Seconds of readings that are remembered, so that there are no two in one.
SECONDS_KEPT = 64


@dataclass(slots=True)
class _Behind:
    """That all has come late by the same for a while.

    Attributes:
        since_s: the second in which that began.
        ahead_s: what the clock would be ahead.
        has_time: whether the stick's word about the time is among it.
    """

    since_s: int
    ahead_s: int
    has_time: bool


class MeterClock:
    """What is known of one meter's clock; it does not know this machine's, and is told the second of each arrival.

    Attributes:
        is_in_doubt: whether readings have been late by the same, and only the stick's word about the time can tell why.
    """

    def __init__(self) -> None:
        self.is_in_doubt = False
        self._ahead_s: int | None = None
        self._is_sure = False
        self._told_s: int | None = None
        self._leap_s: int | None = None
        self._behind: _Behind | None = None
        self._newest_s: dict[str, int] = {}
        self._given: dict[str, deque[int]] = {}

    def learn(self, own_s: int, host_s: int, *, is_linked: bool, is_time: bool = False) -> None:
        """Compare a stamp with the second in which it came.

        Args:
            own_s: the stamp, in seconds since 1970.
            host_s: when it came.
            is_linked: whether the stick has its meter; what it says without it may be of any age.
            is_time: whether it is the stick's word about the time, and not of a reading.
        """
        ahead_s, known_s = own_s - host_s, self._ahead_s
        if is_linked if known_s is None else self._is_nearer(ahead_s, known_s):
            self._set(ahead_s, host_s, is_time=is_time)
        elif known_s is None or ahead_s < known_s - RIGHT_S:
            self._learn_behind(ahead_s, host_s, is_time=is_time)
        elif ahead_s > known_s + RIGHT_S:
            self._learn_leap(ahead_s, host_s, is_time=is_time)
        else:
            self._ahead_s, self._is_sure = max(known_s, ahead_s), True
            self._told_s = host_s if is_time else self._told_s
            self._behind, self._leap_s, self.is_in_doubt = None, None, False

    def time_s(self, own_s: int, host_s: int) -> int | None:
        """The second of a stamp by this machine's clock, never after its arrival; None where it is not known, or too late."""
        if self._ahead_s is None:
            return None
        late_s = max(0, self._ahead_s - (own_s - host_s))
        if late_s > LATEST_S:
            return None
        return host_s - late_s if abs(self._ahead_s) > RIGHT_S else min(own_s, host_s)

    def reading_s(self, kind: str, own_s: int, host_s: int) -> int | None:
        """The same of a reading; None as well where it is older than those of its kind before it, or of the second of one."""
        time_s, given = self.time_s(own_s, host_s), self._given.setdefault(kind, deque(maxlen=SECONDS_KEPT))
        if time_s is None or time_s in given or own_s < self._newest_s.get(kind, own_s) - RIGHT_S:
            return None
        given.append(time_s)
        if self._ahead_s is not None and own_s - host_s <= self._ahead_s + RIGHT_S:
            # One that is farther ahead has a wrong stamp, or the clock was set on, which the next will tell.
            self._newest_s[kind] = own_s
        return time_s

    def _is_nearer(self, ahead_s: int, known_s: int) -> bool:
        """Whether the very first stamp was of long ago, or wrong, as this one tells that agrees more with this machine's clock."""
        if self._is_sure or abs(ahead_s) >= abs(known_s):
            return False
        return ahead_s > known_s + RIGHT_S or abs(ahead_s) <= RIGHT_S or known_s - ahead_s > LATEST_S

    def _learn_leap(self, ahead_s: int, host_s: int, *, is_time: bool) -> None:
        """A clock was set on when a second stamp says so; one alone has a wrong digit."""
        if self._leap_s is not None and abs(ahead_s - self._leap_s) <= RIGHT_S:
            self._set(max(ahead_s, self._leap_s), host_s, is_time=is_time)
            self._is_sure = True
        else:
            self._leap_s = ahead_s

    def _learn_behind(self, ahead_s: int, host_s: int, *, is_time: bool) -> None:
        """A clock was set back when all that came for a while has been behind by the same."""
        behind = self._behind
        if behind is None or abs(ahead_s - behind.ahead_s) > ALIKE_S:
            self._behind = behind = _Behind(host_s, ahead_s, is_time)
        behind.has_time = behind.has_time or is_time
        if host_s - behind.since_s < STEADY_S:
            return
        tells_time = self._told_s is not None and host_s - self._told_s <= TELLS_S
        if tells_time and not behind.has_time:
            self.is_in_doubt = True
            return
        self._set(max(ahead_s, behind.ahead_s), host_s, is_time=behind.has_time)
        self._is_sure = True

    def _set(self, ahead_s: int, host_s: int, *, is_time: bool) -> None:
        self._ahead_s, self._is_sure, self.is_in_doubt = ahead_s, False, False
        self._told_s = host_s if is_time else None
        self._leap_s = self._behind = None
        self._newest_s.clear()
