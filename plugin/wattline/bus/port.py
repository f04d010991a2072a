"""The port: bytes in and out, where a frame ends, and what came that nobody asked for.

minimalmodbus reads as many bytes as a good reply has and waits the whole timeout for them, also after a refusal of
five bytes. It keeps nothing of what it read, and it throws away what waits before a request. So it is given this object
in place of a serial port: ``read`` ends at a whole frame, sound frames that answer another question are put aside in
``strays``, and the raw bytes of the last exchange stay in ``raw``.

The reader sleeps until the bytes it waits for can be there, rather than waking for each: at 9600 baud that is three
wake-ups a reply (first byte, end of a refusal, end of the reply) in place of nine to seventeen.
"""

import io
import math
import select
import termios
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import serial

from wattline.bus import frames
from wattline.bus.device import Opener, open_serial
from wattline.bus.frames import Stray
from wattline.bus.settings import LineSettings
from wattline.errors import NotAskedError, PortError
from wattline.stop import Stop, Stopped

# Without a descriptor to wait for (RFC 2217) the port is looked at this often.
LOOK_S = 0.002
# A late reply is waited out before a request: 125 registers at 9600 baud take 0.29 s. At lower speeds it may take longer.
SETTLE_S = 0.3
# So much that is no reply is noise; what follows is not waited for.
NOISE_BYTES = 4096
STRAYS_KEPT = 64

T = TypeVar("T")


class Port:
    """One serial port, device or network, opened when it is needed.

    Attributes:
        name: as the user gave it.
        reply_timeout_s: how long ``read`` waits for the reply's first byte, counted from the end of the request.
        ask_by_s: when a request is too late to be sent, by the monotonic clock.
        raw: what was received since the last request, without its echo.
        refusal: the meter's no to the last request; None when it did not say no.
        strays: frames for whom they may concern, oldest first.
        turnaround_s: seconds from the end of the last request to the first byte of its reply; None when none came.
        busy_s: seconds in which the bus was used, ever growing.
        address: whom the last request was for; 0 when there was none since the port was opened.
        settings: how it was sent.
        ended_s: when the last exchange was over, by the monotonic clock.
    """

    def __init__(
        self,
        name: str,
        stop: Stop,
        opener: Opener = open_serial,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.reply_timeout_s, self.ask_by_s = 0.4, math.inf
        self.raw = b""
        self.refusal: frames.Frame | None = None
        self.strays: deque[Stray] = deque(maxlen=STRAYS_KEPT)
        self.turnaround_s: float | None = None
        self.busy_s = 0.0
        self.address, self.ended_s = 0, 0.0
        self._stop = stop
        self._opener = opener
        self._monotonic = monotonic
        self._serial: serial.Serial | None = None
        self._descriptor: int | None = None
        self.settings = LineSettings()
        self._request = b""
        self._longest_bytes = 0
        self._began_s = self._request_end_s = self._reply_began_s = 0.0
        self._buffer = bytearray()

    # What minimalmodbus asks of a port.

    @property
    def port(self) -> str:
        """The name, for minimalmodbus."""
        return self.name

    @property
    def baudrate(self) -> int:
        """Baud, for minimalmodbus's pause of 3.5 characters between frames."""
        return self.settings.baud

    @property
    def is_open(self) -> bool:
        """Whether there is something to read from."""
        return self._serial is not None

    def open(self) -> None:
        """Open the port at the settings that were used last.

        Raises:
            PortError: it cannot be opened.
        """
        port = self._opener(self.name, self.settings)
        self._descriptor = None
        with suppress(io.UnsupportedOperation):
            self._descriptor = port.fileno()
        self._serial, self.address = port, 0
        self._buffer.clear()

    def close(self) -> None:
        """Close the port; harmless when it is closed."""
        port, self._serial = self._serial, None
        if port is not None:
            # If the device is gone, there is nothing left to close.
            with suppress(OSError, termios.error):
                port.close()

    def write(self, data: bytes) -> int:
        """Send a request, after everything that came unasked was put aside.

        Raises:
            NotAskedError: that took until after ``ask_by_s``.
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._settle()
        self._began_s = self._monotonic()
        if self._began_s > self.ask_by_s:
            raise NotAskedError(f"{self.name} was busy with late replies, so nothing more was asked in this slot.")
        self.raw = b""
        self.refusal = None
        self._request, self.address = bytes(data), data[0]
        self._guarded(lambda port: port.write(data))
        self._request_end_s = self._monotonic() + len(data) * self.settings.character_s
        return len(data)

    def read(self, size: int) -> bytes:
        """The frame that answers the last request, or at the timeout whatever else came.

        Args:
            size: bytes of the reply if the meter does not refuse.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        self._longest_bytes = max(self._longest_bytes, size)
        try:
            return self._read(size)
        finally:
            self.ended_s = self._monotonic()
            self.busy_s += self.ended_s - self._began_s

    # What the bus asks of it beyond that.

    def use(self, settings: LineSettings) -> None:
        """Set baud, parity and stop bits for the next request, opening the port if need be.

        Raises:
            PortError: it cannot be opened, or does not take them.
        """
        if self._serial is None:
            self.settings = settings
            self.open()
        elif settings != self.settings:
            self.settings = settings
            wanted = {"baudrate": settings.baud, "parity": settings.parity, "stopbits": settings.stop}
            self._guarded(lambda port: port.apply_settings(wanted), f"does not take {settings}")

    def rest_until(self, moment_s: float) -> None:
        """Keep silent until ``moment_s``, by the monotonic clock.

        Raises:
            Stopped: the process was asked to end.
        """
        if (left_s := moment_s - self._monotonic()) > 0 and self._stop.wait(left_s):
            raise Stopped

    def listen(self, deadline_s: float) -> bool:
        """Put aside what has come unasked, waiting for it until ``deadline_s``; whether anything came.

        Raises:
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        came = self._serial is not None and self._wait_readable(deadline_s - self._monotonic())
        if came:
            self._settle()
        return came

    # Within.

    def _read(self, size: int) -> bytes:
        begin_by_s = self._request_end_s + self.reply_timeout_s + self.settings.character_s
        deadline_s = begin_by_s + size * self.settings.character_s
        # A line that never falls silent is not listened to for ever.
        limit_s = deadline_s + SETTLE_S
        while not (reply := self._take_reply()):
            missing = self._missing_bytes(size)
            # A reply that has begun is heard to its end; one that is broken, until the line is silent.
            until_s = begin_by_s
            if self._buffer:
                heard_s = self._monotonic() + max(0, missing) * self.settings.character_s + self.settings.pause_within_s
                until_s = max(heard_s, deadline_s) if missing > 0 else heard_s
            is_hopeless = self._monotonic() > limit_s or len(self.raw) >= NOISE_BYTES
            if is_hopeless or not self._receive(max(1, missing), min(until_s, limit_s)):
                self._buffer.clear()
                return self.raw
        return reply

    def _take_reply(self) -> bytes:
        echo = self._buffer.find(self._request)
        if echo >= 0:
            # An adapter that hears itself: the echo of our own request is nothing that was received.
            del self._buffer[echo : echo + len(self._request)]
            self.raw = self.raw.replace(self._request, b"", 1)
            self._note_beginning()
        while frame := frames.take_frame(self._buffer):
            if frame.answers(self._request):
                self.refusal = frame if frame.is_refusal else None
                return frame.data
            self.strays.append(Stray(frame, self._monotonic()))
        if not self._buffer:
            self.turnaround_s = None
        return b""

    def _missing_bytes(self, size: int) -> int:
        received = len(self._buffer)
        if received == 0:
            return 1
        if received < frames.REFUSAL_BYTES:
            return frames.REFUSAL_BYTES - received
        return size - received

    def _receive(self, count: int, deadline_s: float) -> bool:
        """Wait for about ``count`` bytes and take what is there; False when nothing came until ``deadline_s``."""
        whole_s = self._reply_began_s + (len(self._buffer) + count) * self.settings.character_s
        if count > 1 and self._stop.wait(min(whole_s, deadline_s) - self._monotonic()):
            raise Stopped
        if not self._wait_readable(deadline_s - self._monotonic()):
            return False
        data = self._guarded(lambda port: port.read(NOISE_BYTES))
        self.raw += data
        self._buffer += data
        if len(self._buffer) == len(data):
            self._note_beginning()
        return True

    def _note_beginning(self) -> None:
        """What is in the buffer is the beginning of a reply."""
        now, character_s = self._monotonic(), self.settings.character_s
        self._reply_began_s = now - len(self._buffer) * character_s
        self.turnaround_s = max(0.0, now - self._request_end_s - character_s)

    def _wait_readable(self, seconds: float) -> bool:
        if self._descriptor is None:
            return self._look_until(self._monotonic() + seconds)
        ready, _, _ = select.select([self._descriptor, self._stop.fileno()], [], [], max(0.0, seconds))
        if self._stop.is_set:
            raise Stopped
        return bool(ready)

    def _look_until(self, deadline_s: float) -> bool:
        while not self._guarded(lambda port: port.in_waiting):
            if self._stop.wait(LOOK_S):
                raise Stopped
            if self._monotonic() >= deadline_s:
                return False
        return True

    def _settle(self) -> None:
        """Take in what waits, and what is still arriving, until the line is silent or hopelessly noisy."""
        deadline_s = self._monotonic() + max(SETTLE_S, self._longest_bytes * self.settings.character_s)
        while self._monotonic() < deadline_s and self._wait_readable(
            self.settings.pause_within_s if self._buffer else 0.0
        ):
            self._buffer += self._guarded(lambda port: port.read(NOISE_BYTES))
            if len(self._buffer) >= NOISE_BYTES:
                break
        while frame := frames.take_frame(self._buffer):
            self.strays.append(Stray(frame, self._monotonic()))
        self._buffer.clear()

    def _guarded(self, action: Callable[[serial.Serial], T], failure: str = "was lost") -> T:
        """Do one thing with the open port; a port that fails is closed and lost."""
        if self._serial is None:
            raise PortError(f"{self.name} is not open.")
        try:
            return action(self._serial)
        except (OSError, ValueError, termios.error) as error:
            # ValueError is what pyserial's RFC 2217 says when the gateway rejects a setting.
            self.close()
            raise PortError(f"{self.name} {failure} ({error}).") from error
