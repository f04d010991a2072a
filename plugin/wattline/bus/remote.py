"""A port behind RFC 2217: what pyserial's lacks for a reader that never waits in a read."""

import serial
import serial.rfc2217


class Remote(serial.rfc2217.Serial):
    """A port of which a read takes all that waits, and a loss is noticed while nothing comes."""

    @property
    def in_waiting(self) -> int:
        """The bytes that can be read at once. Raises SerialException when no more will come."""
        waiting = super().in_waiting
        if not waiting and not (self._thread and self._thread.is_alive()):  # type: ignore[attr-defined] # not in its stubs
            raise serial.SerialException("the gateway has closed the connection")
        return waiting

    def read(self, size: int = 1) -> bytes:
        """What is there, at most ``size`` bytes; pyserial's own gives but one byte where it may not wait."""
        data = b""
        while len(data) < size and (byte := super().read(1)):
            data += byte
        return data
