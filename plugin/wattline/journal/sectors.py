"""One file of a journal, as it is written: filled with zeros at its begin, then sector by sector, each time synced.

Whole sectors go past the page cache where the file system takes that, in pieces of 512 bytes or, on a disk that has larger
sectors, of 4096; else through it. No write touches a sector that holds a record, so none can harm one.
"""

import errno
import mmap
import os
from contextlib import suppress
from pathlib import Path

from wattline.journal.files import FILE_BYTES
from wattline.journal.record import SECTOR_BYTES, whole

LARGE_SECTOR_BYTES = 4096
WAYS = ((os.O_DIRECT, SECTOR_BYTES), (os.O_DIRECT, LARGE_SECTOR_BYTES), (0, SECTOR_BYTES))
"""The flags by which a file is opened, and the size of a piece, the best first."""


def make(path: Path) -> None:
    """Make a file of zeros; it has its name when it is on the disk whole.

    Raises:
        OSError: the disk is full, read-only, failing, and so on.
    """
    unfinished = path.with_suffix(".new")
    try:
        with unfinished.open("wb") as file:
            file.write(bytes(FILE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError:
        with suppress(OSError):
            # What is wrong with the disk is being told already.
            unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class SectorFile:
    """A file that is there, to be gone on in.

    Args:
        path: the file, of ``FILE_BYTES``.
        end: the offset behind its last record.
        until: up to where there is something behind that, which is overwritten with zeros.

    Attributes:
        end: the offset at which the next record begins.
        written_bytes: what went to the disk.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, end: int = 0, until: int = 0) -> None:
        self.written_bytes = 0
        # What goes past the page cache has to lie at the begin of a page.
        self._buffer = mmap.mmap(-1, FILE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._descriptor, self._block, self.end = self._opened(path, end, until)

    def has_room(self, size: int) -> bool:
        """Whether a record of ``size`` bytes has room in it."""
        return self.end + whole(size, self._block) <= FILE_BYTES

    def append(self, record: bytes) -> None:
        """Write ``record``, for which there is room; it is on the disk when this returns.

        Raises:
            OSError: the disk does not take it, or the file is not there any more.
        """
        if not os.fstat(self._descriptor).st_nlink:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        size = self._write(self._descriptor, self._block, record, self.end)
        os.fdatasync(self._descriptor)
        self.end += size

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            # What a disk that fails has to say was said by what it did not take.
            os.close(self._descriptor)

    def _opened(self, path: Path, end: int, until: int) -> tuple[int, int, int]:
        """The descriptor, the size of its pieces and where the next record begins: by the first way that is taken."""
        for flags, block in WAYS:
            begin = min(whole(end, block), FILE_BYTES)
            zeros = bytes(max(0, min(max(until - begin, block), FILE_BYTES - begin)))
            try:
                return self._tried(path, flags, block, begin, zeros), block, begin
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def _tried(self, path: Path, flags: int, block: int, begin: int, zeros: bytes) -> int:
        """The descriptor, after zeros were written to where the next record goes."""
        descriptor = os.open(path, os.O_WRONLY | flags)
        try:
            self._write(descriptor, block, zeros, begin)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _write(self, descriptor: int, block: int, data: bytes, begin: int) -> int:
        """Write ``data`` with zeros behind it to whole pieces; how many bytes that were."""
        size = whole(len(data), block)
        self._buffer[:size] = data.ljust(size, b"\0")
        done, buffer = 0, memoryview(self._buffer)
        while done < size:
            done += os.pwrite(descriptor, buffer[done:size], begin + done)
        self.written_bytes += size
        return size
