"""One record: some lines, compressed, in whole sectors, with all that is needed to tell that it is whole.

It begins with the magic, the number of its file, the length of what follows, and a CRC-32 of these and of that. The number
is in it since a sector that the file system gives to another file may still hold what it held before.
"""

import struct
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAGIC = b"WLJ1"
SECTOR_BYTES = 512
_FIELDS = struct.Struct("<4sII")
_CRC = struct.Struct("<I")
_HEADER_BYTES = _FIELDS.size + _CRC.size


class Record(NamedTuple):
    """What a sound record holds.

    Attributes:
        lines: without newlines.
        end: the offset behind it, where the next one may begin.
    """

    lines: list[str]
    end: int


def pack(number: int, lines: Sequence[str]) -> bytes:
    """The bytes of a record, whole sectors.

    Args:
        number: of the file that it is for.
        lines: without newlines.
    """
    payload = zlib.compress("\n".join(lines).encode(errors="replace"))
    fields = _FIELDS.pack(MAGIC, number, len(payload))
    record = fields + _CRC.pack(_crc(fields, payload)) + payload
    return record.ljust(whole(len(record)), b"\0")


def whole(size: int, block: int = SECTOR_BYTES) -> int:
    """``size`` rounded up to whole blocks."""
    return -(-size // block) * block


class Records:
    """The sound records in the bytes of a file, in order; what is not sound is passed over.

    Args:
        data: the file, or as much of it as there is.
        number: its number.
        begin: the offset from which on to look: 0, or the end of a record.

    Attributes:
        bytes: how many there are.
        end: the offset behind the last sound record so far, ``begin`` as long as there is none.
        skipped_bytes: of the sectors so far that hold something and are part of no sound record.
        last_skipped: the offset behind the last of these, 0 if there is none.
    """

    def __init__(self, data: bytes, number: int, begin: int = 0) -> None:
        self.bytes = len(data)
        self.end = begin
        self.skipped_bytes = self.last_skipped = 0
        self._data, self._number = data, number
        self._next = whole(begin)

    def pass_over(self) -> None:
        """Go to the end of the file, for whoever wants to know no more than where that is."""
        deque(self, maxlen=0)

    def __iter__(self) -> Iterator[Record]:
        while self._next < len(self._data):
            begin = self._next
            record = _record_at(self._data, begin, self._number)
            self._next = record.end if record else begin + SECTOR_BYTES
            if record:
                self.end = record.end
                yield record
            elif sector := self._data[begin : self._next].rstrip(b"\0"):
                self.skipped_bytes += len(sector)
                self.last_skipped = self._next


def _record_at(data: bytes, begin: int, number: int) -> Record | None:
    """The record that begins there, if it is sound."""
    if not data.startswith(MAGIC, begin) or len(data) < begin + _HEADER_BYTES:
        return None
    fields = data[begin : begin + _FIELDS.size]
    _, of_file, length = _FIELDS.unpack(fields)
    (crc,) = _CRC.unpack_from(data, begin + _FIELDS.size)
    end = begin + _HEADER_BYTES + length
    payload = data[begin + _HEADER_BYTES : end]
    if of_file != number or len(payload) < length or _crc(fields, payload) != crc:
        return None
    text = zlib.decompress(payload).decode()
    return Record(text.split("\n") if text else [], whole(end))


def _crc(fields: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(fields))
