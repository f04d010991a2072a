"""Says once that the timeout which the user gave a meter is too short for it."""

from wattline.log import LOG
from wattline.words import Meter

# A late reply now and then is the line's.
LATE_NEEDED = 5


class Patience:
    """Watches how late the replies of one meter are, if the user has set how long they are waited for.

    Args:
        meter: the meter.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._late_s: list[float] = []

    def came_late(self, turnaround_s: float) -> None:
        """A reply began ``turnaround_s`` seconds after its request, or sooner where nobody listened, and was given up by then.

        The end of a slot gives up sooner than the timeout, which has no part in that.
        """
        timeout_s = self._meter.timeout_s
        if timeout_s is None or turnaround_s <= timeout_s or len(self._late_s) >= LATE_NEEDED:
            return
        self._late_s.append(turnaround_s)
        if len(self._late_s) == LATE_NEEDED:
            LOG.warning(
                "%s: %d replies came later than its timeout=%.0fms, the soonest after %.0f ms, and were lost; give it a longer "
                "timeout, or none, then it is learnt.",
                self._meter.name,
                LATE_NEEDED,
                1000 * timeout_s,
                1000 * min(self._late_s),
            )
