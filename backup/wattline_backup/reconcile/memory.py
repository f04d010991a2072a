"""What is remembered from run to run, in ``memory.json`` beside the cache.

Losing it loses no reading: what InfluxDB does not take is tried once more, and the rollups of hours that were filled just
before may be left as they were. What was deleted on purpose comes back; so a damaged file is kept aside and told.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from wattline.log import LOG
from wattline_backup.errors import FolderError
from wattline_backup.reconcile.kept import bits_of, text_of
from wattline_backup.reconcile.lines import HOUR_S
from wattline_backup.reconcile.ranges import Range, joined
from wattline_backup.reconcile.told import UNTIL, Day, Numbers, Row
from wattline_backup.sets import sync

NAME = "memory.json"
FORM = 2
# It lacked up to when each meter is told.
_OLDER_FORM = 1

_LONGEST_DAY_S = 26 * 3600
_DAMAGES = (ValueError, KeyError, TypeError, AttributeError, zlib.error)


@dataclass(frozen=True, slots=True)
class Written:
    """That an hour of a series was written again.

    Attributes:
        at_s: up to which second, since 1970.
        missing: values that InfluxDB lacked all the same.
    """

    at_s: int
    missing: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The very seconds that InfluxDB had of a series and an hour.

    Attributes:
        counts: how many, by field.
        seconds: which, by field, one bit for each.
    """

    counts: dict[str, int]
    seconds: dict[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a series under other further tags than ours was ours in an hour.

    Attributes:
        mark: of the counts that InfluxDB had.
        verdict: what the values said.
    """

    mark: int
    verdict: str


@dataclass
class Memory:
    """What is remembered.

    Attributes:
        left: ranges that are not filled, since they were deleted on purpose.
        to_remake: ranges whose rollups are still to be made anew.
        written: series and hour -> what came of writing them again.
        seen: series and hour -> the seconds that InfluxDB had.
        judged: series with further tags and hour -> whether it was ours.
        since: when each meter was first due, in seconds since 1970.
        told: the numbers of a meter and day, as they were written last.
        sites: the site under which these stand.
        parts: of what time they are, unless an early version told them.
        counted: up to when each meter is told that was due still when it was told last, in seconds since 1970.
        aside: the ranges of ``left`` that the numbers of a meter and day leave out, where there are any.
        holes: of a meter the times that are in no number, since the journal had nothing of them and they were too long.
    """

    left: list[Range] = field(default_factory=list)
    to_remake: list[Range] = field(default_factory=list)
    written: dict[str, Written] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    told: dict[str, Numbers] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    aside: dict[str, list[Range]] = field(default_factory=dict)
    holes: dict[str, list[Range]] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[Range]] = field(default_factory=dict)

    def note_to_remake(self, ranges: list[Range]) -> None:
        """Ranges were filled; those that meet are one."""
        self.to_remake = joined([*self.to_remake, *ranges])

    def note_hole(self, meter: str, hole: Range) -> None:
        """A time of a meter is in no number."""
        self.holes[meter] = joined([*self.holes.get(meter, []), hole])

    def recall(self, days: Mapping[Day, Row], whole_from_s: int) -> None:
        """Know from elsewhere what was told of a meter.

        Args:
            days: all of it.
            whole_from_s: from when on the journal has all of it.
        """
        for day, row in days.items():
            self.note_told(day, row)
        before = [day for day in days if day.begin_s <= whole_from_s]
        last_s = max((day.begin_s for day in before), default=0)
        # Where the time zone was changed, a day that began earlier than another may go on behind it.
        for day in sorted(before, reverse=True, key=lambda each: each.begin_s):
            if day.begin_s > last_s - _LONGEST_DAY_S:
                parts = days[day].parts or [(day.begin_s, day.begin_s)]
                self.since[day.meter] = min(self.since.get(day.meter, parts[0][0]), parts[0][0])
            if UNTIL in days[day].numbers:
                self.counted[day.meter] = max(self.counted.get(day.meter, 0), days[day].numbers[UNTIL])

    def row(self, key: str) -> Row:
        """What was told of a meter and day."""
        return Row(self.told.get(key, {}), self.parts.get(key, []))

    def note_told(self, day: Day, row: Row) -> None:
        """It stands in InfluxDB."""
        key = key_of(day.meter, day.begin_s)
        self.told[key], self.sites[key] = row.numbers, day.site
        if row.parts:
            self.parts[key] = row.parts

    def told_parts(self, key: str, until_s: int) -> list[Range]:
        """Of what time the numbers of a meter and day are that were told; an early version did not note it.

        Args:
            key: of the meter and the second at which the day begins.
            until_s: is taken where nothing says up to when they tell.
        """
        return self.parts.get(key) or [(int(key.rpartition(" ")[2]), self.told.get(key, {}).get(UNTIL, until_s))]

    def forget_before(self, hour: int) -> None:
        """Know nothing of hours that the journal has no more, but that nothing is due of a day that is left."""
        self.written = {key: each for key, each in self.written.items() if int(key.rpartition(" ")[2]) >= hour}
        begin_s = (hour - 48) * HOUR_S
        self.told = {
            key: numbers
            for key, numbers in self.told.items()
            if int(key.rpartition(" ")[2]) >= begin_s or not numbers["due"]
        }
        self.sites = {key: site for key, site in self.sites.items() if key in self.told}
        self.parts = {key: parts for key, parts in self.parts.items() if key in self.told}


def key_of(name: str, hour: int) -> str:
    """The key of a series and an hour, or of a meter and the second at which a day begins."""
    return f"{name} {hour}"


class Desk:
    """The folder in which it lies, for one process at a time.

    Args:
        folder: is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._text = ""

    @contextmanager
    def alone(self) -> Iterator[Memory]:
        """What is remembered, which is written down again at the end, also of a failure.

        Raises:
            FolderError: another process is at it, or the folder cannot be used.
        """
        descriptor = self._hold()
        try:
            memory = self._load()
            try:
                yield memory
            finally:
                self.write(memory)
        finally:
            os.close(descriptor)

    def read(self) -> Memory:
        """What is remembered, for one who changes nothing, also while another is at it; damaged is as good as nothing.

        Raises:
            FolderError: it may not be read.
        """
        path = self.folder / NAME
        try:
            return _read(json.loads(path.read_text()))
        except FileNotFoundError:
            return Memory()
        except OSError as error:
            raise FolderError(f"{path} cannot be read: {error.strerror}.") from error
        except _DAMAGES:
            return Memory()

    def write(self, memory: Memory) -> None:
        """Write it down, if it has changed.

        Raises:
            FolderError: it cannot be written.
        """
        text = json.dumps(_to_json(memory), indent=1) + "\n"
        if text == self._text:
            return
        fresh = self.folder / (NAME + ".new")
        try:
            fresh.write_text(text)
            sync(fresh)
            fresh.replace(self.folder / NAME)
            sync(self.folder)
        except OSError as error:
            raise FolderError(f"{self.folder / NAME} cannot be written: {error.strerror}.") from error
        self._text = text

    def _hold(self) -> int:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise FolderError(f"{self.folder} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise FolderError(f"Another reconcile is at work in {self.folder}; wait for its end.") from error
        return descriptor

    def _load(self) -> Memory:
        path = self.folder / NAME
        try:
            self._text = path.read_text()
            return _read(json.loads(self._text))
        except FileNotFoundError:
            return Memory()
        except (OSError, *_DAMAGES) as error:
            damaged = path.with_name(NAME + ".damaged")
            LOG.warning(
                "%s cannot be read (%s) and is kept as %s: what was deleted on purpose comes back unless `reconcile --leave` is "
                "said again.",
                path,
                error,
                damaged.name,
            )
            path.replace(damaged)
            return Memory()


def _to_json(memory: Memory) -> dict[str, Any]:
    seen = {
        key: [each.counts, {name: text_of(bits) for name, bits in each.seconds.items()}]
        for key, each in memory.seen.items()
    }
    judged = {key: [each.mark, each.verdict] for key, each in memory.judged.items()}
    return {"form": FORM, **asdict(replace(memory, seen={}, judged={})), "seen": seen, "judged": judged}


def _read(document: dict[str, Any]) -> Memory:
    if document["form"] not in {FORM, _OLDER_FORM}:
        raise ValueError("it was written by a newer wattline-backup")
    left = _ranges(document["left"])
    return Memory(
        left,
        _ranges(document["to_remake"]),
        {key: Written(**each) for key, each in document["written"].items()},
        {
            key: Seen(dict(counts), {name: bits_of(text) for name, text in seconds.items()})
            for key, (counts, seconds) in document["seen"].items()
        },
        {key: Judged(int(mark), str(verdict)) for key, (mark, verdict) in document.get("judged", {}).items()},
        {str(meter): int(second) for meter, second in document["since"].items()},
        {key: dict(numbers) for key, numbers in document["told"].items()},
        {str(meter): int(second) for meter, second in document.get("counted", {}).items()},
        # Whoever did not note it left out of the numbers that it remembers whatever it could.
        {key: _ranges(each) for key, each in document.get("aside", dict.fromkeys(document["told"], left)).items()},
        {meter: _ranges(each) for meter, each in document.get("holes", {}).items()},
        {key: str(site) for key, site in document.get("sites", {}).items()},
        {key: _ranges(each) for key, each in document.get("parts", {}).items()},
    )


def _ranges(found: Iterable[tuple[int, int]]) -> list[Range]:
    return [(int(start), int(stop)) for start, stop in found]
