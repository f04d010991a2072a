"""Stdout: a queue, a thread that empties it, and an end at which nothing is lost.

Telegraf closes the pipe as soon as it sees this process end, even when it has not read the last lines; so the end waits
until the pipe is empty, and then a moment more (0.2 s lost none of 1640 lines, where leaving at once lost 77).

Half a line would be worse than none: cut off in its last field it is still a line, with a wrong value. So whole lines
are written in pieces that the kernel takes in one go or not at all, whenever the end comes.
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

from wattline.errors import WattlineError
from wattline.log import LOG

# About 1.5 MB, and more than an hour of one meter.
LINES_KEPT = 5000
# The kernel takes this much in one go or not at all, once poll says that the pipe is writable (PIPE_BUF).
PIECE_BYTES = 4096
DRAIN_S = 0.5
LINGER_S = 0.2
LOOK_S = 0.01
# How often a writer in front of a full pipe looks whether the end has come.
PATIENCE_S = 0.1


class Output:
    """Lines on their way to Telegraf.

    Args:
        descriptor: where the lines go.

    Attributes:
        written: lines handed over.
        dropped: lines given up: the oldest when too many wait, and those that are too long.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self.written = 0
        self.dropped = 0
        self._put = 0
        self._written_bytes = self._read_bytes = 0
        self._read_s = time.monotonic()
        self._descriptor = descriptor
        self._writable = select.poll()
        self._writable.register(descriptor, select.POLLOUT)
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._end_s: float | None = None
        self._has_ended = threading.Event()

    def __len__(self) -> int:
        """The lines that wait, those under way included."""
        return self._put - self.written - self.dropped

    def put(self, lines: Sequence[str]) -> None:
        """Queue ``lines`` (without newlines); never waits."""
        encoded = [f"{line}\n".encode() for line in lines]
        short = [line for line in encoded if len(line) <= PIECE_BYTES]
        with self._changed:
            self._lines.extend(short)
            too_many = max(0, len(self._lines) - LINES_KEPT)
            for _ in range(too_many):
                self._lines.popleft()
            self._put += len(encoded)
            self.dropped += len(encoded) - len(short) + too_many
            self._changed.notify()
        if too_many:
            LOG.warning("Telegraf does not read; the oldest lines were dropped, %d so far.", self.dropped)
        if len(short) < len(encoded):
            LOG.error("A line of more than %d bytes was dropped; give meters and port shorter names.", PIECE_BYTES)

    def untaken_s(self) -> float:
        """For how many seconds, as of the calls of this, the reader has taken nothing though there was something to take.

        The pipe holds minutes of one meter, so that it is full tells much too late.
        """
        # First the count, then the look: a line that is written between the two must not pass for one that was read.
        written_bytes = self._written_bytes
        unread_bytes, now_s = self._unread_bytes(), time.monotonic()
        if not unread_bytes or written_bytes - unread_bytes > self._read_bytes:
            self._read_bytes, self._read_s = written_bytes - unread_bytes, now_s
        return now_s - self._read_s

    def run(self) -> None:
        """Write what is put, until the end or until nobody reads any more.

        Raises:
            WattlineError: the lines cannot be written for another reason.
        """
        try:
            while piece := self._next_piece():
                self._write(piece)
        except ConnectionError:
            # Telegraf has left. That is an end like any other.
            return
        except OSError as error:
            raise WattlineError(f"Lines cannot be written to standard output: {error.strerror}.") from error
        finally:
            self._has_ended.set()

    def close(self) -> None:
        """Write what waits and let it be read, for half a second at the most; what waits then is never written."""
        end_s = time.monotonic() + DRAIN_S
        with self._changed:
            self._end_s = end_s
            self._changed.notify()
        self._has_ended.wait(DRAIN_S + PATIENCE_S)
        while self._unread_bytes() and time.monotonic() < end_s:
            time.sleep(LOOK_S)
        if self.written and self._has_reader():
            time.sleep(min(LINGER_S, max(0.0, end_s - time.monotonic())))

    def _next_piece(self) -> bytes:
        """Whole lines that fit into one write; none when all is written and the end has come."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._end_s is not None)
            piece = b""
            while self._lines and len(piece) + len(self._lines[0]) <= PIECE_BYTES:
                piece += self._lines.popleft()
            return piece

    def _write(self, piece: bytes) -> None:
        """Write ``piece`` when there is room for it, or nothing of it when the end comes first."""
        while piece and self._wait_for_room():
            try:
                count = os.write(self._descriptor, piece)
            except BlockingIOError:
                # Someone who shares it made it non-blocking, and it takes less than poll said.
                time.sleep(LOOK_S)
                continue
            self._written_bytes += count
            self.written += piece[:count].count(b"\n")
            piece = piece[count:]

    def _wait_for_room(self) -> bool:
        """Wait until a piece can be written; False when the end has come."""
        while (left_s := PATIENCE_S if self._end_s is None else self._end_s - time.monotonic()) > 0:
            if self._writable.poll(min(left_s, PATIENCE_S) * 1000):
                return True
        return False

    def _unread_bytes(self) -> int:
        if not self._has_reader():
            return 0
        unread = array.array("i", [0])
        fcntl.ioctl(self._descriptor, termios.FIONREAD, unread)
        return unread[0]

    def _has_reader(self) -> bool:
        """Whether it is a pipe, and somebody may still read it."""
        hang_up = select.poll()
        hang_up.register(self._descriptor, 0)
        return stat.S_ISFIFO(os.fstat(self._descriptor).st_mode) and not hang_up.poll(0)
