"""Bytes on their way to whoever reads, at the speed of the line. Pure: the time is passed in."""

from collections import deque

BYTES_PER_S = 11_520
# What the buffers behind a USB port hold; with nobody to read, the newest are lost, as in the field.
KEPT_BYTES = 512 * 1024
TICK_S = 0.01


class Outbox:
    """A queue of bytes.

    Attributes:
        busy_until_s: when the line has written all that it was given.
    """

    def __init__(self) -> None:
        self.busy_until_s = 0.0
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._begun_s = 0.0

    def put(self, data: bytes, now_s: float) -> bool:
        """Queue ``data`` whole; False where there is no room, and it is lost."""
        if self._bytes + len(data) > KEPT_BYTES:
            return False
        if not self._bytes:
            self._begun_s = now_s - TICK_S
        self._pieces.append(data)
        self._bytes += len(data)
        return True

    def due(self, now_s: float) -> bytes:
        """The bytes that are written by now."""
        count = int((now_s - self._begun_s) * BYTES_PER_S)
        taken = b""
        while self._pieces and len(taken) < count:
            piece = self._pieces.popleft()
            left = count - len(taken)
            taken += piece[:left]
            if piece[left:]:
                self._pieces.appendleft(piece[left:])
        self._bytes -= len(taken)
        self._begun_s = now_s
        return taken

    def next_s(self, now_s: float) -> float | None:
        """When there is more to write; None when there is nothing."""
        return now_s + TICK_S if self._bytes else None

    def clear(self) -> None:
        """Forget what is under way."""
        self._pieces.clear()
        self._bytes = 0
