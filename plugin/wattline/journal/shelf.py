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
        self._begins_s: dict[int, float] = {}

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
        """How many files are too old: by the journal's own time from there to now, in which a gap counts as a day at most.

        So a clock that is far ahead for minutes, and believed, makes all of it a day older at once, and not a year.
        """
        limit_s, later_s, age_s = self._limits.days * DAY_S, now_s, 0.0
        if len(self._numbers) < 2 or now_s - (self._begin(self._numbers[1]) or 0) <= limit_s:
            return 0
        for place in range(len(self._numbers) - 1, 0, -1):
            begin_s = self._begin(self._numbers[place])
            # Of a clock that was ahead, or has been set back since.
            if begin_s is None or begin_s > later_s:
                continue
            age_s += min(later_s - begin_s, DAY_S)
            later_s = begin_s
            if age_s > limit_s:
                return place
        return 0

    def _begin(self, number: int) -> float | None:
        """The first stamp in a file, with which the one before it ends; None as long as it has none."""
        if number not in self._begins_s:
            stamps = (stamp for record in read(path_of(self._folder, number)) for stamp in stamps_ns(record.lines))
            first = next(stamps, None)
            if first is None:
                return None
            self._begins_s[number] = first / NS
        return self._begins_s[number]

    def _drop(self, count: int) -> None:
        for _ in range(count):
            path_of(self._folder, self._numbers[0]).unlink(missing_ok=True)
            self._begins_s.pop(self._numbers.pop(0), None)
            self.dropped += 1
