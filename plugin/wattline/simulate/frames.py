"""Modbus RTU frames as a server sees them.

Written apart from the reader's side on purpose: the simulator is checked against programs that others wrote, so that a
misunderstanding of the reader cannot hide in it. Source: Modbus over Serial Line 1.02, section 2.5.1, and the Modbus
application protocol 1.1b3, sections 6 and 7.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
LONGEST_READ = 125

_SHORTEST_FRAME = 4


def _crc_of_byte(byte: int) -> int:
    crc = byte
    for _ in range(8):
        crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc


_CRC = tuple(_crc_of_byte(byte) for byte in range(256))


def crc16(data: bytes | bytearray) -> bytes:
    """The two CRC bytes of ``data`` in the order in which they are sent, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return struct.pack("<H", crc)


def is_sound(frame: bytes | bytearray) -> bool:
    """Whether ``frame`` ends with its own CRC."""
    return len(frame) >= _SHORTEST_FRAME and crc16(frame[:-2]) == frame[-2:]


@dataclass(frozen=True, slots=True)
class Request:
    """A sound request.

    Attributes:
        frame: its bytes.
        address: the meter that is asked.
        function: the Modbus function.
        first, count: the registers that are asked for; 0 where the request is no read.
    """

    frame: bytes
    address: int
    function: int
    first: int = 0
    count: int = 0


def parse(frame: bytes) -> Request:
    """The request in a sound ``frame``."""
    if frame[1] in (3, 4) and len(frame) == 8:
        return Request(frame, *struct.unpack(">BBHH", frame[:6]))
    return Request(frame, frame[0], frame[1])


def reply(address: int, function: int, registers: Sequence[int]) -> bytes:
    """The reply that carries ``registers`` (each 0 to 65535, at most 125)."""
    body = struct.pack(f">BBB{len(registers)}H", address, function, 2 * len(registers), *registers)
    return body + crc16(body)


def refusal(address: int, function: int, code: int) -> bytes:
    """The reply that says no with an exception code."""
    body = struct.pack("BBB", address, function | 0x80, code)
    return body + crc16(body)


class RequestBuffer:
    """Cuts the bytes of one client into requests: by length where the function tells it, by silence elsewhere.

    Attributes:
        last_s: when bytes last came.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.last_s = 0.0

    def __len__(self) -> int:
        return len(self._bytes)

    def push(self, now: float, data: bytes) -> list[Request]:
        """The requests that ``data`` completes."""
        self.last_s = now
        self._bytes += data
        requests: list[Request] = []
        while (length := self._length()) and len(self._bytes) >= length and is_sound(self._bytes[:length]):
            requests.append(parse(bytes(self._bytes[:length])))
            del self._bytes[:length]
        return requests

    def silence(self) -> list[Request]:
        """The request that a silence behind the bytes completes; bytes that are none are forgotten."""
        frame = bytes(self._bytes)
        self._bytes.clear()
        return [parse(frame)] if is_sound(frame) else []

    def _length(self) -> int:
        """Bytes of the request at the front, 0 where they cannot be told yet."""
        return 8 if len(self._bytes) > 1 and 1 <= self._bytes[1] <= 6 else 0
