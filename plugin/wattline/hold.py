"""Holding points back while the wall clock is wrong, and stamping them when it is right.

A Pi has no clock of its own: it starts with the time of its last shutdown and learns the true time from the network
some seconds or minutes later. systemd-timesyncd says so by a file. Until then points wait here; how long ago they were
read is known by the monotonic clock, so once the wall clock is right, so are their stamps.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from wattline import RELEASED_ON
from wattline.clock import NS, Slot
from wattline.log import LOG
from wattline.reading import Point

# systemd-timesyncd.service(8): the folder is there while it runs, the file once it has synchronised.
TIMESYNC = Path("/run/systemd/timesync")
LONGEST_S = 600.0
RELEASED_NS = int(datetime.fromisoformat(RELEASED_ON).replace(tzinfo=UTC).timestamp()) * NS
# A slot that began on a whole second, computed back with floats, may seem to have begun a hair before it.
HAIR_S = 0.05


class Hold:
    """Lets points pass, or keeps them until the clock can be believed.

    Args:
        longest_s: how long points wait for a clock that may be right; after that they go out marked.
        timesync: the folder of systemd-timesyncd.
        wall_ns: nanoseconds since 1970 UTC.
        monotonic: seconds of a clock that never steps.

    Attributes:
        discarded: slots given up because a clock older than the release is never believed and too many waited.
    """

    def __init__(
        self,
        longest_s: float = LONGEST_S,
        timesync: Path = TIMESYNC,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.discarded = 0
        self._longest_s = longest_s
        self._timesync = timesync
        self._wall_ns = wall_ns
        self._monotonic = monotonic
        self._held: deque[tuple[float, Sequence[Point]]] = deque()
        self._is_synchronised = False
        self._patience_is_over = False

    def __len__(self) -> int:
        """The slots that wait."""
        return len(self._held)

    def believes(self) -> bool:
        """Whether the wall clock is right as far as this machine can know.

        Without systemd-timesyncd whoever else sets the clock is believed, unless it is older than the release.
        """
        if self._wall_ns() < RELEASED_NS:
            return False
        if not self._is_synchronised:
            self._is_synchronised = (self._timesync / "synchronized").exists() or not self._timesync.exists()
        return self._is_synchronised

    def through(self, slot: Slot, points: Sequence[Point]) -> list[Point]:
        """The points that may go out now, with their right stamps: none, those of ``slot``, or all that waited as well."""
        if not self._held and (self.believes() or self._may_pass_marked()):
            return list(points)
        if not self._held:
            LOG.warning(
                "The clock is not synchronised; readings wait for it, at most %.0f s, and are stamped then.",
                self._longest_s,
            )
        self._held.append((slot.began_s, points))
        if self.believes():
            LOG.info("The clock is synchronised; %d held readings go out with their right time.", len(self._held))
            return self._release()
        if self._monotonic() - self._held[0][0] < self._longest_s:
            return []
        return self._give_up_waiting()

    def close(self) -> None:
        """Say what is lost: a stamp is right or it is not given."""
        if self._held:
            LOG.warning("The clock was never synchronised; %d held readings are lost.", len(self._held))

    def _may_pass_marked(self) -> bool:
        return self._patience_is_over and self._wall_ns() >= RELEASED_NS

    def _give_up_waiting(self) -> list[Point]:
        if self._wall_ns() < RELEASED_NS:
            self._held.popleft()
            self.discarded += 1
            LOG.error(
                "The clock is older than this release (%s); readings wait for the right time, the oldest are discarded.",
                RELEASED_ON,
            )
            return []
        self._patience_is_over = True
        LOG.warning(
            "The clock was not synchronised in %.0f s; readings go out with the time that it shows.", self._longest_s
        )
        return self._release()

    def _release(self) -> list[Point]:
        offset_s = self._wall_ns() / NS - self._monotonic()
        released: list[Point] = []
        while self._held:
            began_s, points = self._held.popleft()
            second = math.floor(began_s + offset_s + HAIR_S)
            released += [point.at(second * NS) for point in points]
        return released
