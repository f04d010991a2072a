"""The one way in which everything is asked to end: a flag that wakes whoever waits."""

import os
import select


class Stopped(Exception):  # noqa: N818 - not an error: the unwinding of a read that nobody waits for any more
    """Raised out of a wait or a read once the process was asked to end."""


class Stop:
    """A flag that can be set from a signal handler and waited for together with a file descriptor."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._is_set = False
        self.reason = ""
        """What was given when the flag was set."""

    def set(self, reason: str = "") -> None:
        """Ask everything to end, for the ``reason`` that comes first; safe in a signal handler and from any thread."""
        if not self._is_set:
            self.reason = reason
            self._is_set = True
            os.write(self._writer, b"x")

    @property
    def is_set(self) -> bool:
        """Whether the process was asked to end."""
        return self._is_set

    def fileno(self) -> int:
        """A descriptor that is readable once the flag is set."""
        return self._reader

    def wait(self, seconds: float) -> bool:
        """Sleep for ``seconds`` or until the flag is set; returns whether it is."""
        if not self._is_set and seconds > 0:
            select.select([self._reader], [], [], seconds)
        return self._is_set
