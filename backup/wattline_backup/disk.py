"""What sets take on the disk, where a file that many of them have is one file."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# What st_blocks counts in, whatever the file system's own blocks are.
BLOCK = 512

Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Usage:
    """What some folders take.

    Attributes:
        total: bytes of all of them together.
        size: bytes of each, as if it were alone.
        own: bytes of each that no other one has.
    """

    total: int
    size: Sequence[int]
    own: Sequence[int]


def usage(folders: Sequence[Path]) -> Usage:
    """Look through ``folders``. One that is being removed meanwhile takes what was still found of it."""
    found = [dict(_inodes(folder)) for folder in folders]
    holders = Counter(inode for each in found for inode in each)
    bytes_of = {inode: size for each in found for inode, size in each.items()}
    return Usage(
        total=sum(bytes_of.values()),
        size=[sum(each.values()) for each in found],
        own=[sum(size for inode, size in each.items() if holders[inode] == 1) for each in found],
    )


def _inodes(folder: Path) -> Iterable[tuple[Inode, int]]:
    for place, _, names in os.walk(folder):
        for path in (place, *(os.path.join(place, name) for name in names)):  # noqa: PTH118 (thousands of files)
            try:
                known = os.lstat(path)
            except FileNotFoundError:
                continue
            yield (known.st_dev, known.st_ino), known.st_blocks * BLOCK
