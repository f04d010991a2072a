"""The log on stderr, in the dialect that Telegraf's execd understands.

Telegraf reads the level from the first three characters, takes every physical line for an entry of its own, and stops
reading for ever at a line of 64 KiB. So: a prefix, one line, 1 KiB at most. And when it has stopped reading, a blocking
write would stop the metering, so a line that cannot be written at once is given up.
"""

import logging
import os
import select
import time
import traceback
from collections.abc import Callable, Hashable

LOG = logging.getLogger("wattline")

LEVELS = ("error", "warning", "info", "debug")

PREFIXES = {logging.ERROR: "E! ", logging.WARNING: "W! ", logging.INFO: "I! ", logging.DEBUG: "D! "}

LINE_BYTES = 1024
REPEAT_S = 60.0


def start(level: str, descriptor: int = 2) -> None:
    """Send what is logged from now on to ``descriptor``; ``level`` is one of ``LEVELS``."""
    handler = _Handler(descriptor)
    handler.addFilter(Repeats())
    LOG.handlers[:] = [handler]
    LOG.setLevel(level.upper())
    LOG.propagate = False


def telegraf_line(level: int, text: str) -> bytes:
    """One line for Telegraf: prefix, ``text`` on a single line, cut at 1 KiB, newline."""
    single = text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
    line = (PREFIXES.get(level, "E! ") + single).encode(errors="backslashreplace")
    if len(line) >= LINE_BYTES:
        line = line[: LINE_BYTES - 4].decode(errors="ignore").encode() + b"..."
    return line + b"\n"


def bug(error: BaseException) -> None:
    """Log an error that no part of wattline expected, with the end of its traceback."""
    LOG.error(
        "This is a bug in wattline, please report it: %s", "".join(traceback.format_exception(error)).strip()[-800:]
    )


class Repeats(logging.Filter):
    """Lets the same complaint through once a minute, with the count of those held back.

    The same complaint: the same sentence about the same thing (its first argument), with errors compared by class.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._said_at: dict[Hashable, float] = {}
        self._held_back: dict[Hashable, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether ``record`` may pass; may add the count to it."""
        if record.levelno <= logging.DEBUG:
            return True
        key = self._key(record)
        now = self._monotonic()
        if now - self._said_at.get(key, -REPEAT_S) < REPEAT_S:
            self._held_back[key] = self._held_back.get(key, 0) + 1
            return False
        self._said_at[key] = now
        if held_back := self._held_back.pop(key, 0):
            record.msg, record.args = f"{record.getMessage()} ({held_back} more like this before)", ()
        return True

    @staticmethod
    def _key(record: logging.LogRecord) -> Hashable:
        args = record.args if isinstance(record.args, tuple) else ()
        return (record.msg, *(type(arg) if isinstance(arg, Exception) else str(arg) for arg in args[:2]))


class _Handler(logging.Handler):
    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line if it can be written at once."""
        events = self._writable.poll(0)
        if not events or events[0][1] & (select.POLLERR | select.POLLNVAL):
            return
        try:
            os.write(self._descriptor, telegraf_line(record.levelno, record.getMessage()))
        except OSError:
            # Whoever read the log is gone; stdout or stdin will say so too.
            return
