"""One run: what the journal has, beside what InfluxDB has; what is missing is written; the rollups and the number follow."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wattline import fields
from wattline.clock import NS
from wattline.influxdb.flux import Bucket
from wattline.line import to_line
from wattline.reading import Point
from wattline_backup.errors import BackupError
from wattline_backup.reconcile import rollups
from wattline_backup.reconcile.cache import kept_in
from wattline_backup.reconcile.days import Meter, is_left, local_days, meters_of, numbers_of, spans_of
from wattline_backup.reconcile.fill import Filler, lines_of
from wattline_backup.reconcile.kept import Kept, merged
from wattline_backup.reconcile.lines import HOUR_S
from wattline_backup.reconcile.memory import Desk, Memory, Tried, key_of
from wattline_backup.reconcile.plan import Compared, compared, is_due
from wattline_backup.reconcile.routes import COMPLETENESS_BUCKET, ROUTES
from wattline_backup.reconcile.stored import Counts, buckets_of, counted
from wattline_backup.server import Server
from wattline_backup.settings import Settings

# What is younger is under way: ten seconds in the journal's group, ten in Telegraf's, and a while in a slow card.
UNDER_WAY_S = 120
FOLDER = "reconcile"

Ports = list[tuple[Path, Kept]]
"""The folder of each port in the journal, and what is in it."""


@dataclass
class Result:
    """What came of a run.

    Attributes:
        lines: that were written.
        filled: values that InfluxDB has now, and had not before.
        missing: values that it lacks all the same.
        refusals: what InfluxDB said of lines that it did not take.
        days: of meters, whose number was written.
        seconds: that it took.
        remarks: what a person should know, in sentences.
    """

    lines: int = 0
    filled: int = 0
    missing: int = 0
    refusals: list[str] = field(default_factory=list)
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
            whole = merged(kept for _, kept in ports)
            buckets = buckets_of(self._server)
            beside = self._beside(whole, buckets, memory)
            due = self._due([kept for _, kept in ports], beside, memory)
            if due:
                beside = self._bring(ports, whole, due, buckets, memory)
            self._result.remarks += rollups.remake(self._chosen.remake, memory)
            self._tell_unknown(beside)
            self._tell_days([kept for _, kept in ports], meters_of(whole, beside), buckets, memory)
            memory.forget_before(min(whole.hours, default=0))
        self._result.seconds = time.monotonic() - began_s
        return self._result

    def _ports(self) -> Ports:
        journal = self._chosen.journal
        try:
            ports = kept_in(journal, self._desk.folder)
        except OSError as error:
            raise BackupError(
                f"The journal in {journal} cannot be read ({error.strerror}): set WATTLINE_BACKUP_JOURNAL to the folder that "
                "`wattline run --journal` has."
            ) from error
        if not ports:
            raise BackupError(f"There is no journal in {journal}: no port has a folder with files of one there.")
        return ports

    def _beside(self, whole: Kept, buckets: dict[str, Bucket], memory: Memory) -> list[Compared]:
        """The journal beside InfluxDB."""
        masked = whole.masked(self._cut_s, memory.left)
        hours = {hour for of_hours in masked.points.values() for hour in of_hours}
        counts: dict[str, Counts] = {
            name: counted(self._server, buckets[name], hours, self._cut_s, memory.left) for name in set(ROUTES.values())
        }
        return list(compared(masked, counts, self._ours))

    def _due(self, ports: list[Kept], beside: list[Compared], memory: Memory) -> list[Compared]:
        doubtful = {hour for kept in ports for hour in kept.doubtful_hours}
        return [
            each
            for each in beside
            if is_due(each, doubtful, memory.tried.get(key_of(each.text, each.hour)), self._cut_s)
        ]

    def _bring(
        self, ports: Ports, whole: Kept, due: list[Compared], buckets: dict[str, Bucket], memory: Memory
    ) -> list[Compared]:
        """Write what is due. Gives the journal beside InfluxDB as it is then."""
        earlier = list(memory.to_remake)
        # Before the first line, in case that this does not come to its end.
        memory.note_to_remake(rollups.to_remake(due, self._cut_s))
        self._desk.write(memory)
        self._fill([folder for folder, _ in ports], due, buckets, memory)
        beside = self._beside(whole, buckets, memory)
        filled = self._note_tried(due, beside, memory)
        if not self._result.refusals:
            # InfluxDB answers a refusal before the other shards of the batch are written: then not all is counted yet.
            memory.to_remake = earlier
            memory.note_to_remake(rollups.to_remake(filled, self._cut_s))
        return beside

    def _fill(self, folders: list[Path], due: list[Compared], buckets: dict[str, Bucket], memory: Memory) -> None:
        wanted = {
            (each.text, each.hour): (ROUTES[each.series.measurement], each.tags)
            for each in due
            if each.tags is not None
        }
        filler = Filler(self._server, buckets)
        for folder in folders:
            for bucket, line in lines_of(folder, wanted, self._cut_s, memory.left):
                filler.put(bucket, line)
        filler.finish()
        self._result.lines, self._result.refusals = filler.written, filler.refusals
        self._result.remarks += filler.refusals

    def _note_tried(self, due: list[Compared], beside: list[Compared], memory: Memory) -> list[Compared]:
        """Count what came of it. Gives those of ``due`` of which InfluxDB has more now."""
        filled = []
        now = {(each.text, each.hour): each for each in beside}
        for each in due:
            then = now[each.text, each.hour]
            gained = sum(then.stored.values()) - sum(each.stored.values())
            if gained > 0:
                self._result.filled += gained
                filled.append(each)
            self._result.missing += then.missing
            memory.tried[key_of(each.text, each.hour)] = Tried(self._cut_s, each.total, bool(then.missing))
        return filled

    def _tell_unknown(self, beside: list[Compared]) -> None:
        unknown = sorted({each.text for each in beside if each.tags is None})
        if unknown:
            self._result.remarks.append(
                f"InfluxDB has {', '.join(unknown)} of several sites, and of none that is called {self._chosen.site}; nothing of "
                "it was written: set WATTLINE_SITE as Telegraf has it."
            )

    def _tell_days(
        self, ports: list[Kept], meters: dict[str, Meter], buckets: dict[str, Bucket], memory: Memory
    ) -> None:
        """Write the numbers that have changed."""
        filler, told = Filler(self._server, buckets), {}
        if self._result.filled:
            # What readings were missing of, as after a restore of an older set, may have lost its numbers with them.
            memory.told.clear()
        for name, meter in meters.items():
            # One that was moved to another port is in the journals of both.
            own = [kept for kept in ports if any(began.meters.get(name) for began in kept.began)]
            for day_s, numbers in self._days(name, meter, own, memory):
                key = key_of(name, day_s)
                if memory.told.get(key) != numbers:
                    tags = {"meter": name, "site": meter.site or self._chosen.site}
                    filler.put(COMPLETENESS_BUCKET, to_line(Point(fields.COMPLETENESS, tags, numbers, day_s * NS)))
                    told[key] = numbers
        filler.finish()
        self._result.days = filler.written
        self._result.remarks += filler.refusals
        memory.told |= told

    def _days(self, name: str, meter: Meter, ports: list[Kept], memory: Memory) -> Iterator[tuple[int, dict[str, int]]]:
        """The days of a meter that the journal has whole, or that are set aside whole, with their numbers."""
        if not ports:
            return
        whole_from_s = min(min(kept.hours, default=0) for kept in ports) * HOUR_S
        known_s = min(began.at for kept in ports for began in kept.began if began.meters.get(name))
        since_s = memory.since.setdefault(name, max(known_s, whole_from_s))
        began = [kept.began for kept in ports]
        spans = spans_of(name, began, since_s, self._cut_s, memory.left)
        reasons = merged(ports)
        for day in local_days(since_s, self._cut_s, self._chosen.zone):
            if max(day[0], since_s) >= whole_from_s or is_left(day, memory.left):
                numbers = numbers_of(name, meter, spans, reasons, day)
                # Of a day of which nothing is due any more there may be a number of before.
                if numbers["due"] or any(start < day[1] and stop > day[0] for start, stop in memory.left):
                    yield day[0], numbers
