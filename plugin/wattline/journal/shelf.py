"""The files of one port, and which of them are too many: the oldest go, whole, and are counted."""

from collections.abc import Callable
from pathlib import Path

from wattline.clock import NS
from wattline.journal.files import FILE_BYTES, numbers_in, path_of
from wattline.journal.limits import Limits
from wattline.journal.reader import read, stamps_ns

DAY_S = 86_400
MB = 1_000_000


class Shelf:
    """The files of one port.

    Args:
        folder: where they are.
        limits: how much is kept.
        now_s: seconds since 1970; None while the clock is not believed.

    Attributes:
        dropped: files that were deleted to keep to the limits.

    Raises:
        OSError: the folder cannot be read.
    """

    def __init__(self, folder: Path, limits: Limits, now_s: Callable[[], float | None]) -> None:
        self.dropped = 0
        self._folder, self._limits, self._now_s = folder, limits, now_s
        self._numbers = numbers_in(folder)
        self._newest_s: dict[int, float | None] = {}

    @property
    def last(self) -> int:
        """The number of the newest file; 0 if there is none."""
        return self._numbers[-1] if self._numbers else 0

    def add(self, number: int) -> None:
        """There is another file, the newest."""
        self._numbers.append(number)

    def drop_beyond_size(self) -> None:
        """Delete what another file would be too much with.

        Raises:
            OSError: a file cannot be deleted.
        """
        room = max(1, self._limits.mb * MB // FILE_BYTES)
        self._drop(len(self._numbers) + 1 - room)

    def drop_beyond_age(self) -> None:
        """Delete what is older than it shall be; never the newest file.

        Raises:
            OSError: a file cannot be deleted, or read.
        """
        now_s = self._now_s()
        while now_s is not None and (old := self._old(now_s)):
            self._drop(old)

    def _old(self, now_s: float) -> int:
        """How many files are too old, up to the first of which that can be told; what is before that one, is older."""
        for before, number in enumerate(self._numbers[:-1]):
            newest_s = self._newest(number)
            # A stamp that has not come yet was of a wrong clock.
            if newest_s is not None and newest_s < now_s + DAY_S:
                return before + 1 if newest_s < now_s - self._limits.days * DAY_S else 0
        return 0

    def _newest(self, number: int) -> float | None:
        """The latest stamp in a file that is not written any more; None of one without any."""
        if number not in self._newest_s:
            records = read(path_of(self._folder, number))
            stamps = (stamp for record in records for stamp in stamps_ns(record.lines))
            newest = max(stamps, default=None)
            self._newest_s[number] = None if newest is None else newest / NS
        return self._newest_s[number]

    def _drop(self, count: int) -> None:
        for _ in range(count):
            path_of(self._folder, self._numbers[0]).unlink(missing_ok=True)
            self._newest_s.pop(self._numbers.pop(0), None)
            self.dropped += 1
