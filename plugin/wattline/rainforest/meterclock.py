"""When a reading was made, by the clock of its meter, as far as that can be believed. Pure.

A stamp comes late, and never early: so the one that came with the least delay tells how far the meter's clock is ahead of
this machine's, and any other is late by what it lies behind that. A clock that was set back looks like readings that are
late; but those are late by ever another time, and a clock by the same.
"""

# What a clock may be off and pass for right: a stick tells the time some seconds late now and then.
RIGHT_S = 10
# What is later than that is not given.
LATEST_S = 15 * 60
# The clock was set back when what comes for so long is late by the same, give or take.
STEADY_S, ALIKE_S = 10, 5


class MeterClock:
    """What is known of one meter's clock; it does not know this machine's, and is told the second of each arrival."""

    def __init__(self) -> None:
        self._ahead_s: int | None = None
        self._behind_since: tuple[int, int] | None = None
        self._newest_s: dict[str, int] = {}

    def learn(self, own_s: int, host_s: int, *, is_linked: bool) -> None:
        """Compare a stamp with the second in which it came; what a stick says without its meter may be of any age."""
        ahead_s, known_s = own_s - host_s, self._ahead_s
        is_on_time = is_linked if known_s is None else ahead_s >= known_s - RIGHT_S
        if is_on_time:
            self._ahead_s = ahead_s if known_s is None else max(known_s, ahead_s)
            self._behind_since = None
        elif (steady_s := self._steady_s(ahead_s, host_s)) is not None:
            self._ahead_s, self._behind_since = steady_s, None
            self._newest_s.clear()

    def time_s(self, own_s: int, host_s: int) -> int | None:
        """The second of a stamp by this machine's clock, never after its arrival; None where it is not known, or too late."""
        if self._ahead_s is None:
            return None
        late_s = max(0, self._ahead_s - (own_s - host_s))
        if late_s > LATEST_S:
            return None
        return host_s - late_s if abs(self._ahead_s) > RIGHT_S else min(own_s, host_s)

    def reading_s(self, kind: str, own_s: int, host_s: int) -> int | None:
        """The same of a reading; None as well where it is older than the one of its kind before it."""
        time_s = self.time_s(own_s, host_s)
        if time_s is None or own_s < self._newest_s.get(kind, own_s) - RIGHT_S:
            return None
        self._newest_s[kind] = own_s
        return time_s

    def _steady_s(self, ahead_s: int, host_s: int) -> int | None:
        """What the clock is ahead, once all that came for a while has been behind by the same."""
        if self._behind_since is None or abs(ahead_s - self._behind_since[1]) > ALIKE_S:
            self._behind_since = (host_s, ahead_s)
        since_s, first_s = self._behind_since
        return max(ahead_s, first_s) if host_s - since_s >= STEADY_S else None
