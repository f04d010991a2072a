"""A TSM file of InfluxDB, looked through by itself: every block's checksum, and an index that covers every block.

The form, as InfluxDB 2.9.1 writes it: a head (16 D1 16 D1, version 1), blocks (CRC-32, then data) back to back, an index,
and in the last eight bytes where that begins. Of each key the index says its blocks: first and last stamp, place, length.
InfluxDB itself does not look: a wrong byte in a block is a wrong value, without an error when it is read.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from wattline_backup.errors import ArchiveError

HEAD = bytes.fromhex("16D116D101")
FOOT_BYTES = 8
KEY_LENGTH = struct.Struct(">H")
TYPE_AND_COUNT = struct.Struct(">BH")
ENTRY = struct.Struct(">qqqI")
CRC = struct.Struct(">I")
# By its number in the index.
TYPES = ("float", "integer", "boolean", "string", "unsigned integer")
# A key is the measurement and the tags as in line protocol, with commas between them, and the field as it is.
MEASUREMENT = re.compile(rb"(?:\\.|[^,])*", re.DOTALL)
ESCAPED = re.compile(rb"\\([, ])")
BEFORE_FIELD = b"#!~#"


class Field(NamedTuple):
    """A field of a measurement; within a shard all its values are of one type."""

    measurement: str
    field: str


FieldTypes = frozenset[tuple[Field, str]]
"""Fields, each with a type that it has somewhere: float, integer, ..."""


class Summary(NamedTuple):
    """What the index of a TSM file says.

    Attributes:
        types: of its fields.
        first_ns, last_ns: its first stamp and its last one, in nanoseconds since 1970.
    """

    types: FieldTypes
    first_ns: int
    last_ns: int


def check(file: IO[bytes], size: int, what: str, start_ns: int, end_ns: int) -> int:
    """Look through a TSM file.

    Args:
        file: can be read and sought.
        size: its length in bytes.
        what: whose file it is, for the message.
        start_ns: no stamp may be before this, in nanoseconds since 1970.
        end_ns: every stamp has to be before this.

    Returns:
        How many blocks it has.

    Raises:
        ArchiveError: anything about it is wrong.
    """
    try:
        return _check(file, size, start_ns, end_ns)
    except (_FaultError, struct.error) as fault:
        raise ArchiveError(f"{what} is damaged: {fault}.") from fault


def summary(file: IO[bytes], size: int) -> Summary:
    """What the index of a TSM file says, which is known to be sound.

    Args:
        file: can be read and sought.
        size: its length in bytes.
    """
    file.seek(size - FOOT_BYTES)
    (index_at,) = struct.unpack(">Q", file.read(FOOT_BYTES))
    file.seek(index_at)
    keys = list(_keys(file.read(size - FOOT_BYTES - index_at)))
    return Summary(
        frozenset((_field(key), TYPES[number]) for key, number, _ in keys),
        min(blocks[0][0] for _, _, blocks in keys),
        max(blocks[-1][1] for _, _, blocks in keys),
    )


class _FaultError(Exception):
    """What is wrong with a file."""


def _check(file: IO[bytes], size: int, start_ns: int, end_ns: int) -> int:
    _demand(size >= len(HEAD) + FOOT_BYTES, "it is too short")
    file.seek(0)
    _demand(file.read(len(HEAD)) == HEAD, "it does not begin as a TSM file of version 1")
    file.seek(size - FOOT_BYTES)
    (index_at,) = struct.unpack(">Q", file.read(FOOT_BYTES))
    _demand(len(HEAD) <= index_at <= size - FOOT_BYTES, "its index lies outside of it")
    file.seek(index_at)
    blocks = _blocks(file.read(size - FOOT_BYTES - index_at), start_ns, end_ns)
    at = len(HEAD)
    file.seek(at)
    for place, length in blocks:
        _demand(place == at and length >= CRC.size, f"its index has no block at byte {at}")
        block = file.read(length)
        _demand(len(block) == length, f"its block at byte {at} was cut off")
        _demand(
            CRC.unpack_from(block)[0] == zlib.crc32(block[CRC.size :]),
            f"the checksum of its block at byte {at} is wrong",
        )
        at += length
    _demand(at == index_at, f"nothing tells what stands at byte {at}")
    return len(blocks)


def _blocks(index: bytes, start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Place and length of every block, in the order of the keys, which is that of the places."""
    blocks: list[tuple[int, int]] = []
    last_key = b""
    for key, _, entries in _keys(index):
        _demand(last_key < key, "the keys of its index are not in order")
        last_key = key
        before_ns = start_ns - 1
        for first_ns, last_ns, place, block_length in entries:
            _demand(before_ns < first_ns <= last_ns < end_ns, "its index has stamps out of order or of another time")
            before_ns = last_ns
            blocks.append((place, block_length))
    return blocks


def _keys(index: bytes) -> Iterator[tuple[bytes, int, list[tuple[int, int, int, int]]]]:
    """Each key, the number of its type, and its blocks: first and last stamp, place, length."""
    at = 0
    while at < len(index):
        (length,) = KEY_LENGTH.unpack_from(index, at)
        at += KEY_LENGTH.size
        key = index[at : at + length]
        at += length
        type_number, count = TYPE_AND_COUNT.unpack_from(index, at)
        at += TYPE_AND_COUNT.size
        yield key, type_number, [ENTRY.unpack_from(index, at + number * ENTRY.size) for number in range(count)]
        at += count * ENTRY.size


def _field(key: bytes) -> Field:
    series, _, field = key.partition(BEFORE_FIELD)
    found = MEASUREMENT.match(series)
    measurement = ESCAPED.sub(rb"\1", found[0] if found else series)
    return Field(measurement.decode(errors="replace"), field.decode(errors="replace"))


def _demand(holds: bool, fault: str) -> None:
    if not holds:
        raise _FaultError(fault)
