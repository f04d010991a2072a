"""The journal as the loop knows it: it takes lines and never waits; a thread writes them, and bears with the disk."""

import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from wattline.clock import NS
from wattline.journal import notes
from wattline.journal.limits import Limits
from wattline.journal.pace import Pace
from wattline.journal.writer import Writer
from wattline.log import LOG, state
from wattline.reading import Absence

AGAIN_S = 60.0
# What waits for a disk that takes its time; about an hour of one meter.
LINES_KEPT = 5000
# A disk that has not taken a record for so long hangs.
HUNG_S = 60.0
# What the end of the process waits for the last record at the most.
LEAVE_S = 3.0
NOBODY_KNOWS = "Look at the disk."
ADVICE = {
    errno.ENOSPC: "Make room on that disk, or give a smaller --journal-mb.",
    errno.EDQUOT: "Make room on that disk, or give a smaller --journal-mb.",
    errno.EROFS: "That disk is read-only, as a worn card makes itself: copy what is on it, and replace it.",
    errno.EIO: "That disk fails: copy what is on it, and replace it.",
    errno.EACCES: "Let the user that runs this write there.",
    errno.EPERM: "Let the user that runs this write there.",
    errno.EAGAIN: "Another process keeps the journal of this port there; end one of the two.",
    errno.ENOTDIR: "There is a file where a folder should be; remove it, or name another folder.",
    errno.EEXIST: "There is a file where a folder should be; remove it, or name another folder.",
}


class Journal:
    """Keeps lines.

    Args:
        folder: of the port.
        began: makes the note about this process out of the second in which it began.
        limits: how much is kept.
        believes: whether the wall clock is right.
        wall_ns: nanoseconds since 1970, may step.
        monotonic: seconds, never steps.

    Attributes:
        lines: lines that were kept, without the notes.
        lost: lines that were not.
    """

    def __init__(
        self,
        folder: Path,
        began: Callable[[dict[str, object]], str],
        limits: Limits,
        *,
        believes: Callable[[], bool] = lambda: True,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lines = self.lost = 0
        self._folder, self._began, self._limits = folder, began, limits
        self._believes, self._wall_ns, self._monotonic = believes, wall_ns, monotonic
        self._began_s = monotonic()
        self._state = state(f"journal {folder}")
        self._pace = Pace(folder)
        self._started: dict[str, object] = {}
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._has_ended = threading.Event()
        self._writer: Writer | None = None
        self._written_bytes = self._dropped = self._lost_untold = 0
        # Up to when all is kept, and since when not.
        self._kept_until_s = self._second()
        self._lost_since_s: int | None = None
        self._is_off = self._is_last = self._is_hung = False
        self._why: int | None = None
        self._off_s = self._tried_s = 0.0
        self._busy_since_s: float | None = None

    # What the loop calls; none of it waits.

    def put(self, lines: Sequence[str]) -> None:
        """Take ``lines``, notes among them, to be kept within ten seconds."""
        with self._changed:
            if self._is_off or self._has_ended.is_set():
                self._lose(lines)
                return
            self._waiting.extend(lines)
            self._lose([self._waiting.popleft() for _ in range(len(self._waiting) - LINES_KEPT)])

    def note_absences(self, absences: Sequence[Absence]) -> None:
        """Readings that were due did not come."""
        self.put([notes.absent(absence) for absence in absences])

    def note_clock(self, slots: int) -> None:
        """The readings of so many slots were given up, since the time was not known."""
        self.put([notes.clock(slots, self._at())])

    def note_set_back(self, second: int) -> None:
        """The clock was set back, and what comes now is of ``second`` and later, which may be before the process began."""
        self._started = self._believed({"at": second})
        self.put([self._began(self._started)])

    def health(self) -> dict[str, float]:
        """What it adds to ``wattline_bus``; says so in the log when the disk hangs."""
        with self._changed:
            self._look_at_disk()
            writer = self._writer
            return {
                "journal_on": float(not (self._is_off or self._is_hung or self._has_ended.is_set())),
                "journal_lines": float(self.lines),
                "journal_lines_lost": float(self.lost),
                "journal_files_dropped": float(self._dropped + (writer.dropped if writer else 0)),
                "journal_bytes": float(self._written_bytes + (writer.written_bytes if writer else 0)),
            }

    def end(self, why: str) -> None:
        """Let what waits be written, and the note about the end."""
        self.put([notes.ended(why, self._at())])
        with self._changed:
            self._is_last = True
            self._changed.notify()

    def wait(self) -> None:
        """Wait for the end of that, some seconds at the most: a disk that hangs does not hold the process."""
        if not self._has_ended.wait(LEAVE_S):
            LOG.warning("The journal in %s: the disk has not taken the last lines in %.0f s.", self._folder, LEAVE_S)

    # The thread.

    def run(self) -> None:
        """Write what comes, until the end."""
        try:
            self._turn()
            is_last = False
            while not is_last:
                wait_s = self._pace.wait_s()
                with self._changed:
                    is_last = self._changed.wait_for(lambda: self._is_last, wait_s)
                self._turn()
        finally:
            with self._changed:
                self._has_ended.set()
                self._lose(self._waiting)
                self._waiting.clear()
            self._close()

    def _turn(self) -> None:
        """Write what waits; if the journal is off, try again when it is time to."""
        now_s = self._monotonic()
        if self._is_off and now_s - self._tried_s < AGAIN_S:
            return
        with self._changed:
            self._tried_s = self._busy_since_s = now_s
            taken_s, lines = self._second(), list(self._waiting)
            self._waiting.clear()
        try:
            if self._writer is None:
                self._writer = Writer(self._folder, self._head, self._limits, self._now_s)
            self._commit(self._writer, lines)
            self._kept_until_s = taken_s
            self._is_on_again()
        except OSError as error:
            self._go_off(error, lines)
        finally:
            with self._changed:
                self._busy_since_s = None

    def _commit(self, writer: Writer, lines: list[str]) -> None:
        with self._changed:
            untold, since_s = self._lost_untold, self._lost_since_s
            self._lost_untold, self._lost_since_s = 0, None
        if since_s is not None:
            lines = [notes.lost(untold, since_s, self._at()), *lines]
        try:
            if lines:
                writer.commit(lines)
        except OSError:
            with self._changed:
                self._lost_untold += untold
                self._lost_since_s = self._lost_since_s if since_s is None else since_s
            raise
        with self._changed:
            self.lines += _points(lines)

    def _go_off(self, error: OSError, lines: Sequence[str]) -> None:
        """The disk does not take them: these are lost, and what comes until it does."""
        self._close()
        with self._changed:
            self._off_s = self._off_s if self._is_off else self._tried_s
            self._is_off = True
            self._lose([*lines, *self._waiting])
            self._waiting.clear()
        if error.errno != self._why:
            sentence = "The journal in %s is off: %s. %s Metering goes on, and it is tried again each minute."
            advice = ADVICE.get(error.errno or 0, NOBODY_KNOWS)
            LOG.warning(sentence, self._folder, error.strerror or error, advice, extra=self._state)
        self._why = error.errno

    def _is_on_again(self) -> None:
        """If it was off, or the disk hung, it is no more."""
        with self._changed:
            was_away, self._is_off, self._is_hung, self._why = self._is_off or self._is_hung, False, False, None
        if was_away:
            away_s = self._monotonic() - self._off_s
            LOG.info("The journal in %s is on again after %.0f s.", self._folder, away_s, extra=self._state)

    def _close(self) -> None:
        if self._writer:
            with self._changed:
                self._written_bytes += self._writer.written_bytes
                self._dropped += self._writer.dropped
                writer, self._writer = self._writer, None
            writer.close()

    # Of both; under the lock.

    def _lose(self, lines: Collection[str]) -> None:
        if lines and self._lost_since_s is None:
            self._lost_since_s = self._kept_until_s
        self.lost += _points(lines)
        self._lost_untold += _points(lines)

    def _look_at_disk(self) -> None:
        """Say once that the disk takes nothing any more."""
        if self._busy_since_s is None or self._is_hung or self._is_off:
            return
        busy_s = self._monotonic() - self._busy_since_s
        if busy_s > HUNG_S:
            self._is_hung, self._off_s = True, self._busy_since_s
            sentence = "The journal in %s is off: the disk has not taken what is to be written for %.0f s. %s Metering goes on."
            LOG.warning(sentence, self._folder, busy_s, NOBODY_KNOWS, extra=self._state)

    # The time.

    def _now_s(self) -> float | None:
        return self._wall_ns() / NS if self._believes() else None

    def _second(self, before_s: float = 0.0) -> int:
        """The second that was ``before_s`` ago."""
        return int(self._wall_ns() / NS - before_s)

    def _at(self, before_s: float = 0.0) -> dict[str, object]:
        """The same for a note."""
        return self._believed({"at": self._second(before_s)})

    def _believed(self, at: dict[str, object]) -> dict[str, object]:
        return at if self._believes() else {**at, "believed": False}

    def _head(self) -> str:
        """The note about the process: with the second of its begin, by the first clock that is believed."""
        if not self._started or "believed" in self._started:
            self._started = self._at(self._monotonic() - self._began_s)
        return self._began(self._started)


def _points(lines: Iterable[str]) -> int:
    """How many of ``lines`` are no notes."""
    return sum(not notes.is_note(line) for line in lines)
