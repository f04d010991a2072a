"""How far an export is, as plain lines: none in the first seconds, few after that."""

import time
from collections.abc import Callable
from typing import Protocol

from wattline.convert.tally import grouped

EVERY_S = 30.0


class Watcher(Protocol):
    """Is told how far it is."""

    def at(self, done_s: int, total_s: int, rows: int) -> None:
        """So many seconds of all meters are done, of so many, and made so many rows."""


class Lines:
    """Says now and then how far it is.

    Args:
        say: takes a line.
        monotonic: seconds of a clock that never steps.
    """

    def __init__(self, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say, self._monotonic = say, monotonic
        self._began_s = self._said_s = monotonic()

    def at(self, done_s: int, total_s: int, rows: int) -> None:
        """Say it, twice a minute, with how long the rest will take."""
        now_s = self._monotonic()
        if now_s - self._said_s >= EVERY_S and done_s:
            self._said_s = now_s
            left_s = (now_s - self._began_s) * (total_s - done_s) / done_s
            self._say(f"Exporting: {100 * done_s / total_s:.0f} %, {grouped(rows)} rows, about {_told(left_s)} left.")


def _told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
