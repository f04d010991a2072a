"""What is to be done later, in the order of its time."""

import heapq
from collections.abc import Callable
from itertools import count


class Schedule:
    """Calls with a time; who owns the clock runs them."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def at(self, time_s: float, call: Callable[[], None]) -> None:
        """Remember ``call`` for ``time_s``."""
        heapq.heappush(self._calls, (time_s, next(self._number), call))

    def next_s(self) -> float | None:
        """When something is due."""
        return self._calls[0][0] if self._calls else None

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()

    def run(self, now: float) -> None:
        """Make the calls that are due by ``now``."""
        while self._calls and self._calls[0][0] <= now:
            heapq.heappop(self._calls)[2]()
