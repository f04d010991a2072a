"""Modbus RTU frames in a stream of bytes: pure functions, from bytes to the first whole and sound frame.

::

    reply      address  function       bytes  register ...  CRC low  CRC high
    refusal    address  function|0x80  code                 CRC low  CRC high

RTU marks the end of a frame by silence, which no driver hands on. But a reply tells its own length, and the CRC tells
whether it was whole; so the stream is searched for the first place at which a sound frame stands, and what lies before
it (noise, the ruins of a collision, the echo of our own request) is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

READ_FUNCTIONS = (3, 4)
REFUSED = 0x80
REFUSAL_BYTES = 5
REPLY_OVERHEAD_BYTES = 5


def _crc_table() -> Iterator[int]:
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        yield crc


_CRC_TABLE = tuple(_crc_table())


def crc(data: bytes | bytearray) -> bytes:
    """The two CRC bytes that follow ``data`` on the wire (Modbus over Serial Line 1.02, section 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound reply or refusal.

    Attributes:
        data: the whole frame, CRC included.
    """

    data: bytes

    @property
    def address(self) -> int:
        """Who sent it."""
        return self.data[0]

    @property
    def function(self) -> int:
        """The function that it answers, also in a refusal."""
        return self.data[1] & ~REFUSED

    @property
    def is_refusal(self) -> bool:
        """Whether the meter said no."""
        return bool(self.data[1] & REFUSED)

    @property
    def code(self) -> int:
        """The exception code of a refusal, 0 for a reply."""
        return self.data[2] if self.is_refusal else 0

    @property
    def count(self) -> int:
        """The registers that it carries, 0 for a refusal."""
        return 0 if self.is_refusal else self.data[2] // 2

    @property
    def registers(self) -> tuple[int, ...]:
        """What it carries, each 0 to 65535; nothing for a refusal."""
        return tuple(int.from_bytes(self.data[i : i + 2], "big") for i in range(3, 3 + 2 * self.count, 2))

    def answers(self, request: bytes) -> bool:
        """Whether it can be the answer to ``request``: same address and function, and its length or a refusal."""
        if self.address != request[0] or self.function != request[1]:
            return False
        return self.is_refusal or self.count == int.from_bytes(request[4:6], "big")


@dataclass(frozen=True, slots=True)
class Stray:
    """A sound frame that answered no question of its moment.

    Attributes:
        frame: the frame.
        received_s: when, by the monotonic clock.
    """

    frame: Frame
    received_s: float


def expected_bytes(header: bytes | bytearray) -> int:
    """The length of the frame that begins with ``header`` (three bytes), 0 if no reply begins so."""
    function = header[1]
    if function & ~REFUSED not in READ_FUNCTIONS:
        return 0
    if function & REFUSED:
        return REFUSAL_BYTES
    return REPLY_OVERHEAD_BYTES + header[2] if header[2] % 2 == 0 else 0


def take_frame(buffer: bytearray) -> Frame | None:
    """Take the first sound frame, and all before it, out of ``buffer``; None when there is none yet."""
    for start in range(len(buffer) - REFUSAL_BYTES + 1):
        length = expected_bytes(buffer[start : start + 3])
        data = buffer[start : start + length]
        if length and len(data) == length and crc(data[:-2]) == data[-2:]:
            del buffer[: start + length]
            return Frame(bytes(data))
    return None
