"""What a meter's conversation looked like: the counters and times of ``wattline_meter``."""

from collections import Counter
from typing import NamedTuple

from wattline.bus.latency import median
from wattline.errors import ReadError
from wattline.registers import on_grain

COUNTERS = (
    "polls",
    "crowded_slots",
    "requests",
    "replies",
    "retries",
    "timeouts",
    "short_replies",
    "checksum_errors",
    "wrong_replies",
    "refusals",
    "doubtful_replies",
    "late_replies",
    "implausible_values",
    "absent_values",
    "energy_unconfirmed",
    "energy_withheld",
    "energy_resets",
    "identical_values",
    "empty_frames",
    "inconsistent",
)


class Tally(NamedTuple):
    """What was asked and what came, so far.

    Attributes:
        requests: questions put.
        replies: answers in time.
        answers: answers and refusals in time.
        heard: how often anything came, be it late.
    """

    requests: int
    replies: int
    answers: int
    heard: int


class Health:
    """Counts since the start, and the round trips since the last report."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._round_trips_s: list[float] = []

    def count(self, counter: str, times: int = 1) -> None:
        """Add to one of ``COUNTERS``."""
        self._counts[counter] += times

    # A request is counted with what became of it, so that they come to the same even where the port is lost in between.

    def replied(self) -> None:
        """Count a request that was answered, be the answer believed or not."""
        self.count("requests")
        self.count("replies")

    def failed(self, error: ReadError) -> None:
        """Count a request to which no sound reply came."""
        self.count("requests")
        self.count(error.counter)

    def took(self, round_trip_s: float) -> None:
        """A reply was whole ``round_trip_s`` seconds after its request began."""
        self._round_trips_s.append(round_trip_s)

    def __getitem__(self, counter: str) -> int:
        return self._counts[counter]

    def report(self) -> dict[str, float]:
        """Field to value; the round trips begin anew, and are absent when there was none."""
        values: dict[str, float] = {counter: float(self._counts[counter]) for counter in COUNTERS}
        trips_s, self._round_trips_s = self._round_trips_s, []
        if trips_s:
            values["round_trip_ms"] = on_grain(median(trips_s) * 1000, 1)
            values["round_trip_max_ms"] = on_grain(max(trips_s) * 1000, 1)
        return values
