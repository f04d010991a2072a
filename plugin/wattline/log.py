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
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger("wattline")

LEVELS = ("error", "warning", "info", "debug")

PREFIXES = {logging.ERROR: "E! ", logging.WARNING: "W! ", logging.INFO: "I! ", logging.DEBUG: "D! "}

LINE_BYTES = 1024
REPEAT_S = 60.0
BUG_CHARACTERS = 300


def start(level: str, descriptor: int = 2) -> None:
    """Send what is logged from now on to ``descriptor``; ``level`` is one of ``LEVELS``."""
    LOG.handlers[:] = [_Handler(descriptor)]
    LOG.setLevel(level.upper())
    LOG.propagate = False


def catch_up() -> None:
    """Log the complaints that were held back and whose minute is over; to be called about once a second."""
    for handler in LOG.handlers:
        if isinstance(handler, _Handler):
            handler.catch_up()


def one_line(prefix: str, text: str) -> bytes:
    """``prefix`` and ``text`` as one line with its newline: at most 1 KiB, and nothing in it that is not printable."""
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in prefix + text)
    line = printable.encode()
    if len(line) >= LINE_BYTES:
        line = line[: LINE_BYTES - len("...\n")].decode(errors="ignore").encode() + b"..."
    return line + b"\n"


def bug(error: BaseException) -> str:
    """The sentence about an error that no part of wattline expected: what it is, and where, innermost first."""
    what = "".join(traceback.format_exception_only(error)).strip()
    what = what if len(what) <= BUG_CHARACTERS else what[:BUG_CHARACTERS] + "..."
    where = ", ".join(
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    return f"This is a bug in wattline, please report it: {what} ({where})"


def state(name: str) -> dict[str, str]:
    """What tells as ``extra`` of a line that it says how ``name`` is now: what was held back of how it was, is not said."""
    return {"state": name}


@dataclass(slots=True)
class _Complaint:
    """What was said ``said_s``, and what was held back since then: how often, at which level, and the last of it."""

    said_s: float
    state: str | None = None
    held_back: int = 0
    level: int = 0
    text: str = ""


class Repeats:
    """Says the same complaint once a minute, with the count of those held back since.

    The same complaint: the same sentence about the same things (its first two arguments), whatever numbers it gives;
    errors are compared by class. What was held back is said when its minute is over, so that the last word is told too; it
    says itself that it is of earlier. Of a state that has changed meanwhile it is not told any more.

    Args:
        say: takes a level and a text.
        monotonic: seconds of a clock that never steps.
    """

    def __init__(self, say: Callable[[int, str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._monotonic = monotonic
        self._complaints: dict[Hashable, _Complaint] = {}

    def take(self, record: logging.LogRecord) -> None:
        """Say ``record``, or hold it back."""
        self.catch_up()
        if record.levelno <= logging.DEBUG:
            self._say(record.levelno, record.getMessage())
            return
        complaint = self._complaints.get(key := _key(record))
        self._supersede(_state_of(record))
        if complaint is None:
            self._complaints[key] = _Complaint(self._monotonic(), _state_of(record))
            self._say(record.levelno, record.getMessage())
        else:
            complaint.held_back += 1
            complaint.level, complaint.text = record.levelno, record.getMessage()

    def catch_up(self) -> None:
        """Say what was held back and whose minute is over."""
        now = self._monotonic()
        for key, complaint in list(self._complaints.items()):
            if now - complaint.said_s < REPEAT_S:
                continue
            del self._complaints[key]
            if complaint.held_back:
                self._complaints[key] = _Complaint(now, complaint.state)
                times = "once" if complaint.held_back == 1 else f"{complaint.held_back} times"
                self._say(complaint.level, f"{complaint.text} (again, {times} in the last minute)")

    def _supersede(self, state: str | None) -> None:
        """``state`` is told anew: what was held back of it before is not so any more."""
        for complaint in self._complaints.values():
            if state is not None and complaint.state == state:
                complaint.held_back = 0


def _state_of(record: logging.LogRecord) -> str | None:
    return getattr(record, "state", None)


def _key(record: logging.LogRecord) -> Hashable:
    args = record.args if isinstance(record.args, tuple) else ()
    return (record.msg, *(type(arg) if isinstance(arg, Exception | int | float) else str(arg) for arg in args[:2]))


class _Handler(logging.Handler):
    """Writes to a descriptor without ever waiting for it."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._repeats = Repeats(self._write)

    def emit(self, record: logging.LogRecord) -> None:
        """Write ``record``, unless the same was written within the minute; called under the handler's lock."""
        self._repeats.take(record)

    def catch_up(self) -> None:
        """Write what was held back and is due."""
        self.acquire()
        try:
            self._repeats.catch_up()
        finally:
            self.release()

    def _write(self, level: int, text: str) -> None:
        """Write one line if it can be written at once."""
        if not self._writable.poll(0):
            return
        try:
            os.write(self._descriptor, one_line(PREFIXES.get(level, "E! "), text))
        except OSError:
            # Whoever read the log is gone, or it is closed; stdout or stdin will say so too.
            return
