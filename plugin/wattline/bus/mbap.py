"""A port behind Modbus TCP: RTU requests go out and RTU replies come in, and on the network they are MBAP.

::

    RTU                                    address  function  ...  CRC low  CRC high
    MBAP    transaction  protocol  length  address  function  ...
            2 bytes      2, zero   2

Unlike RTU, the transaction names its question. So a reply with another number than that of the last request is a late
one, to a question that was given up, and nobody needs to guess what it answers: it is dropped here, and nothing is
counted. A stream in which a header says what no header may say has lost its beginning for good; the connection is given
up with an error, and the port is opened again.

Baud, parity and stop bits are the gateway's own affair. A reply is handed on when it is whole, in one piece.
"""

import socket
import struct
from collections.abc import Mapping

import serial

from wattline.bus.frames import crc

CONNECT_S = 5.0
WRITE_S = 1.0
# A gateway that lost its power says nothing. What it has not acknowledged for so long was sent to nobody.
UNANSWERED_MS = 30_000
PROTOCOL = 0
# What the length counts: an address, a function, and 1 to 252 bytes (Modbus Messaging on TCP/IP 1.0b, section 4.1).
SHORTEST, LONGEST = 3, 254
# Much more than ever waits.
RECEIVED_BYTES = 4096

_HEADER = struct.Struct(">HHH")


class ModbusTcp:
    """A connection, as a serial port of which no read ever blocks.

    Args:
        name: ``modbus-tcp://HOST:PORT``.

    Raises:
        OSError: there is no such host, or it does not answer.
    """

    def __init__(self, name: str) -> None:
        host, _, number = name.removeprefix("modbus-tcp://").rpartition(":")
        self._transaction = 0
        self._received = bytearray()
        self._replies = bytearray()
        try:
            self._socket = socket.create_connection((host.strip("[]"), int(number)), CONNECT_S)
        except UnicodeError as error:
            raise serial.SerialException("that can be no host's name") from error
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)

    @property
    def in_waiting(self) -> int:
        """The bytes that can be read at once. Raises OSError when the connection is lost."""
        self._receive()
        return len(self._replies)

    def fileno(self) -> int:
        """What can be waited for; there may be nothing to read yet when it is ready."""
        return self._socket.fileno()

    def read(self, size: int = 1) -> bytes:
        """The replies that are whole, at most ``size`` bytes of them. Raises OSError when the connection is lost."""
        self._receive()
        data = bytes(self._replies[:size])
        del self._replies[:size]
        return data

    def write(self, data: bytes) -> int:
        """Send the RTU request ``data``, under a number of its own. Raises OSError when the connection is lost."""
        self._transaction = (self._transaction + 1) % 0x10000
        request = data[:-2]
        self._socket.settimeout(WRITE_S)
        try:
            self._socket.sendall(_HEADER.pack(self._transaction, PROTOCOL, len(request)) + request)
        finally:
            self._socket.setblocking(False)
        return len(data)

    def apply_settings(self, settings: Mapping[str, object]) -> None:
        """Take no notice: the settings of the line are set at the gateway."""

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(RECEIVED_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise serial.SerialException("the gateway has closed the connection")
        self._received += data
        while reply := self._take_reply():
            transaction, frame = reply
            if transaction == self._transaction:
                self._replies += frame + crc(frame)

    def _take_reply(self) -> tuple[int, bytes] | None:
        """The next whole reply and its transaction, out of what was received."""
        if len(self._received) < _HEADER.size:
            return None
        transaction, protocol, length = _HEADER.unpack_from(self._received)
        if protocol != PROTOCOL or not SHORTEST <= length <= LONGEST:
            raise serial.SerialException(f"what came is not Modbus TCP: {self._received[: _HEADER.size].hex(' ')}")
        end = _HEADER.size + length
        if len(self._received) < end:
            return None
        frame = bytes(self._received[_HEADER.size : end])
        del self._received[:end]
        return transaction, frame
