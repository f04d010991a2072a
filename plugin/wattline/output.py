"""Stdout: a queue, a thread that empties it, and an end at which nothing is lost.

Telegraf closes the pipe as soon as it sees this process end, even when it has not read the last lines; so the end waits
until the pipe is empty, and then a moment more (0.2 s lost none of 1640 lines, where leaving at once lost 77).
"""

import array
import fcntl
import os
import select
import stat
import termios
import threading
import time
from collections import deque
from collections.abc import Sequence

from wattline.log import LOG
from wattline.stop import Stop

# About 1.5 MB, and more than an hour of one meter.
LINES_KEPT = 5000
# The kernel takes this much in one piece or not at all, once poll says that the pipe is writable (PIPE_BUF).
PIECE_BYTES = 4096
DRAIN_S = 0.5
LINGER_S = 0.2
LOOK_S = 0.01


class Output:
    """Lines on their way to Telegraf.

    Args:
        stop: set when nobody reads any more.
        descriptor: where the lines go.

    Attributes:
        written: lines handed over.
        dropped: lines given up, oldest first, because too many waited.
    """

    def __init__(self, stop: Stop, descriptor: int = 1) -> None:
        self.written = 0
        self.dropped = 0
        self._stop = stop
        self._descriptor = descriptor
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def __len__(self) -> int:
        """The lines that wait."""
        return len(self._lines)

    def put(self, lines: Sequence[str]) -> None:
        """Queue ``lines`` (without newlines); never waits."""
        with self._changed:
            self._lines.extend(f"{line}\n".encode() for line in lines)
            while len(self._lines) > LINES_KEPT:
                self._lines.popleft()
                self.dropped += 1
            self._changed.notify()
        if self.dropped:
            LOG.warning("Telegraf does not read; the oldest lines were dropped, %d so far.", self.dropped)

    def close(self) -> None:
        """Write what waits and let it be read, for half a second at the most."""
        deadline_s = time.monotonic() + DRAIN_S
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(DRAIN_S)
        while self._unread_bytes() and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)
        if self.written and self._is_pipe():
            time.sleep(min(LINGER_S, max(0.0, deadline_s - time.monotonic())))

    def _run(self) -> None:
        writable = select.poll()
        writable.register(self._descriptor, select.POLLOUT)
        while piece := self._next_piece():
            if not self._write(writable, b"".join(piece)):
                return
            self.written += len(piece)

    def _next_piece(self) -> list[bytes]:
        """Whole lines that fit into one write; none when all is written and the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closing)
            piece: list[bytes] = []
            size = 0
            while self._lines and (not piece or size + len(self._lines[0]) <= PIECE_BYTES):
                piece.append(self._lines.popleft())
                size += len(piece[-1])
            return piece

    def _write(self, writable: select.poll, data: bytes) -> bool:
        """Write all of ``data``, however long it takes; False when nobody reads any more."""
        try:
            while data:
                writable.poll()
                data = data[os.write(self._descriptor, data[:PIECE_BYTES]) :]
        except OSError:
            self._stop.set()
            return False
        return True

    def _unread_bytes(self) -> int:
        if not self._is_pipe():
            return 0
        unread = array.array("i", [0])
        fcntl.ioctl(self._descriptor, termios.FIONREAD, unread)
        return unread[0]

    def _is_pipe(self) -> bool:
        return stat.S_ISFIFO(os.fstat(self._descriptor).st_mode)
