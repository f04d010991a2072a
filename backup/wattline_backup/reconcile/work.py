"""One run: what the journal has, beside what InfluxDB has; what is missing is written; the rollups and the number follow."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wattline import fields
from wattline.journal.reader import folders_in
from wattline.line import to_line
from wattline.reading import Point
from wattline_backup.errors import BackupError
from wattline_backup.reconcile import rollups
from wattline_backup.reconcile.cache import kept_in
from wattline_backup.reconcile.days import Meter, local_days, meters_of, numbers_of, spans_of
from wattline_backup.reconcile.fill import Filler, lines_of
from wattline_backup.reconcile.kept import Kept
from wattline_backup.reconcile.lines import HOUR_S, NS
from wattline_backup.reconcile.memory import Desk, Memory, Tried, key_of
from wattline_backup.reconcile.plan import Compared, compared, is_due
from wattline_backup.reconcile.routes import HOST, ROUTES
from wattline_backup.reconcile.stored import Bucket, Counts, buckets_of, counted
from wattline_backup.server import Server
from wattline_backup.settings import Settings

# What is younger is under way: ten seconds in the journal's group, ten in Telegraf's, and a while in a slow card.
UNDER_WAY_S = 120
FOLDER = "reconcile"


@dataclass
class Result:
    """What came of a run.

    Attributes:
        lines: that were written.
        filled: values that InfluxDB has now, and had not before.
        missing: values that it lacks all the same.
        days: of meters, whose number was written.
        seconds: that it took.
        remarks: what a person should know, in sentences.
    """

    lines: int = 0
    filled: int = 0
    missing: int = 0
    days: int = 0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)


def desk_of(chosen: Settings) -> Desk:
    """The folder of what is remembered: beside the state of the sets."""
    return Desk(chosen.folder / FOLDER)


class Work:
    """One run.

    Args:
        chosen: the settings.
        server: InfluxDB.
        now_s: seconds since 1970.
    """

    def __init__(self, chosen: Settings, server: Server, now_s: Callable[[], float] = time.time) -> None:
        self._chosen, self._server = chosen, server
        self._desk = desk_of(chosen)
        self._ours = frozenset({("site", chosen.site)})
        self._now_s = int(now_s())
        self._cut_s = self._now_s - UNDER_WAY_S
        self._result = Result()

    def run(self) -> Result:
        """Do it.

        Raises:
            BackupError: there is no journal, InfluxDB does not answer, or another run is at it.
        """
        began_s = time.monotonic()
        with self._desk.alone() as memory:
            ports = self._ports()
            buckets = buckets_of(self._server)
            beside = self._beside(ports, buckets, memory)
            due = [self._due(kept, of_port, memory) for (_, kept), of_port in zip(ports, beside, strict=True)]
            if any(due):
                earlier = list(memory.to_remake)
                # Before the first line, in case that this does not come to its end.
                memory.note_to_remake(rollups.to_remake([each for of_port in due for each in of_port], self._cut_s))
                self._desk.write(memory)
                self._fill(ports, due, buckets, memory)
                beside = self._beside(ports, buckets, memory)
                filled = self._note_tried(due, beside, memory)
                memory.to_remake = earlier
                memory.note_to_remake(rollups.to_remake(filled, self._cut_s))
            self._result.remarks += rollups.remake(self._chosen.remake, memory)
            self._tell_unknown(beside)
            self._tell_days(ports, beside, buckets, memory)
            memory.forget_before(min((hour for _, kept in ports for hour in _hours(kept)), default=0))
        self._result.seconds = time.monotonic() - began_s
        return self._result

    def _ports(self) -> list[tuple[Path, Kept]]:
        journal = self._chosen.journal
        try:
            ports = list(zip(folders_in(journal), kept_in(journal, self._desk.folder), strict=True))
        except OSError as error:
            raise BackupError(
                f"The journal in {journal} cannot be read ({error.strerror}): set WATTLINE_BACKUP_JOURNAL to the folder that "
                "`wattline run --journal` has."
            ) from error
        if not ports:
            raise BackupError(f"There is no journal in {journal}: no port has a folder with files of one there.")
        return ports

    def _beside(
        self, ports: list[tuple[Path, Kept]], buckets: dict[str, Bucket], memory: Memory
    ) -> list[list[Compared]]:
        """The journal of each port beside InfluxDB."""
        masked = [kept.masked(self._cut_s, memory.left) for _, kept in ports]
        hours = {hour for kept in masked for hour in _hours(kept)}
        counts: dict[str, Counts] = {
            name: counted(self._server, bucket, hours, self._cut_s, memory.left) for name, bucket in buckets.items()
        }
        return [list(compared(kept, counts, self._ours)) for kept in masked]

    def _due(self, kept: Kept, beside: list[Compared], memory: Memory) -> list[Compared]:
        doubtful = kept.doubtful_hours
        return [
            each
            for each in beside
            if is_due(each, doubtful, memory.tried.get(key_of(each.text, each.hour)), self._cut_s)
        ]

    def _fill(
        self, ports: list[tuple[Path, Kept]], due: list[list[Compared]], buckets: dict[str, Bucket], memory: Memory
    ) -> None:
        filler = Filler(self._server, buckets)
        for (folder, _), of_port in zip(ports, due, strict=True):
            wanted = {
                (each.text, each.hour): (ROUTES[each.series.measurement], each.tags)
                for each in of_port
                if each.tags is not None
            }
            if wanted:
                for bucket, line in lines_of(folder, wanted, self._cut_s, memory.left):
                    filler.put(bucket, line)
        filler.finish()
        self._result.lines = filler.written
        self._result.remarks += filler.refusals

    def _note_tried(self, due: list[list[Compared]], beside: list[list[Compared]], memory: Memory) -> list[Compared]:
        """Count what came of it. Gives those of ``due`` of which InfluxDB has more now."""
        filled = []
        for before, after in zip(due, beside, strict=True):
            now = {(each.text, each.hour): each for each in after}
            for each in before:
                then = now[each.text, each.hour]
                gained = sum(then.stored.values()) - sum(each.stored.values())
                if gained > 0:
                    self._result.filled += gained
                    filled.append(each)
                self._result.missing += then.missing
                memory.tried[key_of(each.text, each.hour)] = Tried(self._now_s, each.total, bool(then.missing))
        return filled

    def _tell_unknown(self, beside: list[list[Compared]]) -> None:
        unknown = sorted({each.text for of_port in beside for each in of_port if each.tags is None})
        if unknown:
            self._result.remarks.append(
                f"InfluxDB has {', '.join(unknown)} of several sites, and of none that is called {self._chosen.site}; nothing of "
                "it was written: set WATTLINE_SITE as Telegraf has it."
            )

    def _tell_days(
        self,
        ports: list[tuple[Path, Kept]],
        beside: list[list[Compared]],
        buckets: dict[str, Bucket],
        memory: Memory,
    ) -> None:
        """Write the numbers that have changed."""
        filler, told = Filler(self._server, buckets), {}
        for (_, kept), of_port in zip(ports, beside, strict=True):
            for name, meter in meters_of(kept.masked(self._cut_s, memory.left), of_port).items():
                for day_s, numbers in self._days(name, meter, kept, memory):
                    key = key_of(name, day_s)
                    if memory.told.get(key) != numbers:
                        tags = {"meter": name, "site": meter.site or self._chosen.site}
                        filler.put(HOST, to_line(Point(fields.COMPLETENESS, tags, numbers, day_s * NS)))
                        told[key] = numbers
        filler.finish()
        self._result.days = filler.written
        self._result.remarks += filler.refusals
        memory.told |= told

    def _days(self, name: str, meter: Meter, kept: Kept, memory: Memory) -> Iterator[tuple[int, dict[str, int]]]:
        """The days of a meter that the journal has whole, with their numbers."""
        whole_from_s = min(_hours(kept) | _absent_hours(kept), default=0) * HOUR_S
        known_s = min((began.at for began in kept.began if began.meters.get(name)), default=self._cut_s)
        since_s = memory.since.setdefault(name, max(known_s, whole_from_s))
        spans = spans_of(name, kept.began, since_s, self._cut_s, memory.left)
        for day in local_days(max(since_s, whole_from_s), self._cut_s, self._chosen.zone):
            numbers = numbers_of(name, meter, spans, kept, day)
            if max(day[0], since_s) >= whole_from_s and numbers["due"]:
                yield day[0], numbers


def _hours(kept: Kept) -> set[int]:
    return {hour for hours in kept.points.values() for hour in hours}


def _absent_hours(kept: Kept) -> set[int]:
    return {hour for hours in kept.absent.values() for hour in hours}
