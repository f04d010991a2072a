"""A file of points of InfluxDB, moved in time and repeated: a year is on the disk in seconds, as a house would have left it.

Of each block only the first stamp is a moment, the others are distances; so that, the two stamps in the index and the checksum
are all that changes, and a block packs as well as it did.
"""

import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wattline_backup.tsm import CRC, ENTRY, FOOT_BYTES, HEAD, KEY_LENGTH, TYPE_AND_COUNT

MOMENT = struct.Struct(">q")
FOOT = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Block:
    """Points of one field: first and last stamp in nanoseconds since 1970, and the data without their checksum."""

    first_ns: int
    last_ns: int
    data: bytes

    def moved(self, by_ns: int) -> "Block":
        """The same points, later."""
        at = 1
        while self.data[at] & 0x80:
            at += 1
        # Behind the length of the stamps stands a byte that tells how they are packed.
        at += 2
        (first_ns,) = MOMENT.unpack_from(self.data, at)
        assert first_ns == self.first_ns, "another form of a block than that of InfluxDB 2.9.1"
        data = self.data[:at] + MOMENT.pack(first_ns + by_ns) + self.data[at + MOMENT.size :]
        return Block(first_ns + by_ns, self.last_ns + by_ns, data)


class Pattern:
    """What stands in a TSM file.

    Args:
        content: of the file.
        start_ns: where the time begins that is repeated.
        length_ns: how long that is.
    """

    def __init__(self, content: bytes, start_ns: int, length_ns: int) -> None:
        self._start_ns, self._length_ns = start_ns, length_ns
        self._keys = dict(_keys(content))

    def file(self, start_ns: int, end_ns: int) -> tuple[bytes, int]:
        """The pattern, again and again from ``start_ns`` on, as far as whole blocks end before ``end_ns``.

        Returns:
            A TSM file, empty where no block fits; and up to when, in nanoseconds, it has every point of every field.
        """
        parts, index, at, until_ns = [HEAD], [], len(HEAD), end_ns
        for (key, kind), blocks in self._keys.items():
            entries, last_ns = [], start_ns
            for block in self._repeated(blocks, start_ns):
                if block.last_ns >= end_ns:
                    # A whole number of patterns lacks nothing, though the last stamp of a slow field is before their end.
                    until_ns = min(until_ns, last_ns if (end_ns - start_ns) % self._length_ns else end_ns)
                    break
                part = CRC.pack(zlib.crc32(block.data)) + block.data
                entries.append(ENTRY.pack(block.first_ns, block.last_ns, at, len(part)))
                parts.append(part)
                at, last_ns = at + len(part), block.last_ns
            if entries:
                index += [KEY_LENGTH.pack(len(key)), key, TYPE_AND_COUNT.pack(kind, len(entries)), *entries]
        return b"".join([*parts, *index, FOOT.pack(at)]) if index else b"", until_ns

    def _repeated(self, blocks: Iterable[Block], start_ns: int) -> Iterator[Block]:
        for turn in itertools.count():
            for block in blocks:
                yield block.moved(start_ns + turn * self._length_ns - self._start_ns)


def _keys(content: bytes) -> Iterator[tuple[tuple[bytes, int], list[Block]]]:
    """Each key with its type, and its blocks."""
    (at,) = FOOT.unpack(content[-FOOT_BYTES:])
    while at < len(content) - FOOT_BYTES:
        (length,) = KEY_LENGTH.unpack_from(content, at)
        at += KEY_LENGTH.size
        key = content[at : at + length]
        kind, count = TYPE_AND_COUNT.unpack_from(content, at + length)
        at += length + TYPE_AND_COUNT.size
        blocks = []
        for first_ns, last_ns, place, size in ENTRY.iter_unpack(content[at : at + count * ENTRY.size]):
            blocks.append(Block(first_ns, last_ns, content[place + CRC.size : place + size]))
        at += count * ENTRY.size
        yield (key, kind), blocks
