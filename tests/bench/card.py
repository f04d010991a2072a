"""A disk of its own: a file as a loop device with ext4 in blocks of 4 KiB, as a Pi's card has it, whose writes are counted.

Needs root. What is counted is what reaches the device, by its own counter in /sys: data, the file system's journal, and what
that brings to its place later.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

SECTOR_BYTES = 512
SECTORS_WRITTEN = 6
BLOCK_BYTES = 4096
# The file has holes, so that it takes no more than is written.
SIZE_BYTES = 2 << 30
TOOLS = ("mkfs.ext4", "mount", "umount", "sync")


def lacking() -> str:
    """The sentence that says why there can be no such disk; empty if there can."""
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"{missing[0]} is not here, and the bytes are counted on a file system of their own: install e2fsprogs and mount."
    return (
        ""
        if os.geteuid() == 0
        else "Only root may mount a file as a disk, and its bytes are what is counted: run it as root."
    )


class Card:
    """The disk; mounted within the block.

    Args:
        folder: a new folder, for its file and for the place where it is mounted.

    Attributes:
        root: where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._image, self.root = folder / "image", folder / "root"
        self._counter = Path()

    def __enter__(self) -> Self:
        self.root.mkdir()
        with self._image.open("wb") as file:
            file.truncate(SIZE_BYTES)
        # All that mkfs leaves for a quieter hour is written now.
        at_once = ["-E", "lazy_itable_init=0,lazy_journal_init=0"]
        _do("mkfs.ext4", "-q", "-F", "-b", str(BLOCK_BYTES), *at_once, str(self._image))
        # As Raspberry Pi OS mounts it.
        _do("mount", "-o", "loop,noatime", str(self._image), str(self.root))
        number = self.root.stat().st_dev
        self._counter = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")
        return self

    def __exit__(self, *_: object) -> None:
        _do("umount", str(self.root))
        self._image.unlink()

    def written_bytes(self) -> int:
        """What has reached it since it was mounted, all that waits included: that is written first."""
        _do("sync", "--file-system", str(self.root))
        return int(self._counter.read_text().split()[SECTORS_WRITTEN]) * SECTOR_BYTES


def _do(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
