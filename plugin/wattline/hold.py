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
from wattline.clock import NS, STEP_S, Slot, wall_offset_s
from wattline.log import LOG
from wattline.reading import Outcome

# systemd-timesyncd.service(8): the folder is there while it runs, the file once it has synchronised.
TIMESYNC = Path("/run/systemd/timesync")
LONGEST_S = 600.0
RELEASED_NS = int(datetime.fromisoformat(RELEASED_ON).replace(tzinfo=UTC).timestamp()) * NS


class Hold:
    """Lets points pass, or keeps them until the clock can be believed.

    Args:
        longest_s: how long points wait for a clock that may be right; after that they go out marked.
        timesync: the folder of systemd-timesyncd.
        wall_ns: nanoseconds since 1970 UTC.
        monotonic: seconds of a clock that never steps.

    Attributes:
        discarded: slots given up: the oldest that waited for a clock older than the release, which is never believed,
            and one of two that fell into the same second.
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
        self._held: deque[tuple[Slot, Sequence[Outcome]]] = deque()
        self._was_synchronised = False
        self._patience_is_over = False
        self._told = ""

    def __len__(self) -> int:
        """The slots that wait."""
        return len(self._held)

    def believes(self) -> bool:
        """Whether the wall clock is right as far as this machine can know.

        Without systemd-timesyncd whoever else sets the clock is believed, unless it is older than the release.
        """
        if self._is_older_than_the_release():
            return False
        self._was_synchronised = self._was_synchronised or (self._timesync / "synchronized").exists()
        return self._was_synchronised or not self._timesync.exists()

    def through(self, slot: Slot, points: Sequence[Outcome]) -> list[Outcome]:
        """The points that may go out now, with their right stamps: none, those of ``slot``, or all that waited as well."""
        self._held.append((slot, points))
        return self.due()

    def due(self) -> list[Outcome]:
        """The points that waited and may go out now, with their right stamps."""
        if not self._held:
            return []
        if self.believes():
            if self._told:
                LOG.info(
                    "The clock is synchronised; readings go out with their right time, also those of %d slots that waited.",
                    len(self),
                )
            self._told, self._patience_is_over = "", False
            return self._release()
        if self._is_older_than_the_release():
            return self._discard_oldest()
        return self._while_in_doubt()

    def close(self) -> None:
        """Say what is lost: a stamp is right or it is not given."""
        if self._held:
            LOG.warning(
                "The clock was not synchronised before the end; the readings of %d slots are lost.",
                len(self) + self.discarded,
            )

    def _is_older_than_the_release(self) -> bool:
        return self._wall_ns() < RELEASED_NS

    def _waited_s(self) -> float:
        return self._monotonic() - self._held[0][0].began_s if self._held else 0.0

    def _discard_oldest(self) -> list[Outcome]:
        self._tell(
            LOG.error,
            f"The clock is older than this release ({RELEASED_ON}), so it is wrong; readings wait for the right time, "
            f"and after {self._longest_s:.0f} s the oldest are discarded.",
        )
        while self._waited_s() > self._longest_s:
            self._held.popleft()
            self.discarded += 1
        return []

    def _while_in_doubt(self) -> list[Outcome]:
        if self._waited_s() >= self._longest_s:
            self._patience_is_over = True
        if self._patience_is_over:
            self._tell(
                LOG.warning,
                f"The clock was not synchronised in {self._longest_s:.0f} s; readings go out with the time that it shows.",
            )
            return self._release()
        self._tell(
            LOG.warning,
            f"The clock is not synchronised; readings wait for it, at most {self._longest_s:.0f} s, and are stamped then.",
        )
        return []

    def _tell(self, say: Callable[[str, str], None], sentence: str) -> None:
        """Log ``sentence``, once as long as it holds."""
        if sentence != self._told:
            say("%s", sentence)
        self._told = sentence

    def _release(self) -> list[Outcome]:
        """All that waited, each slot at a second of its own; the later of two that fall into one is the one kept.

        What was read before its slot began stays as long before it. A time of the meter's own is no matter of this clock.
        """
        offset_s = wall_offset_s(self._wall_ns, self._monotonic)
        # Where the clock was corrected by less than a step, a slot keeps the second on which it began.
        seconds = [math.floor(slot.began_s + offset_s + STEP_S) for slot, _ in self._held]
        last = {second: slot for second, (slot, _) in zip(seconds, self._held, strict=True)}
        released: list[Outcome] = []
        for second, (slot, points) in zip(seconds, self._held, strict=True):
            later_ns = second * NS - slot.time_ns
            if last[second] is slot:
                released += [point if point.is_own_time else point.at(point.time_ns + later_ns) for point in points]
            else:
                released += [point for point in points if point.is_own_time]
        self.discarded += len(self._held) - len(last)
        self._held.clear()
        return released
