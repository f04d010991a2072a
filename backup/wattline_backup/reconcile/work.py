"""One run: what the journal has, beside what InfluxDB has; what is missing is written; the rollups and the number follow."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wattline.influxdb.flux import Bucket
from wattline_backup.errors import BackupError
from wattline_backup.reconcile import rollups
from wattline_backup.reconcile.account import Account
from wattline_backup.reconcile.cache import Port, ports_in
from wattline_backup.reconcile.comparison import Comparison
from wattline_backup.reconcile.days import Meter, meters_of, site_of
from wattline_backup.reconcile.due import Due, dues_of, hours_of, whole_from_of
from wattline_backup.reconcile.fill import Filler, lines_of
from wattline_backup.reconcile.memory import Desk, Memory, Written, key_of
from wattline_backup.reconcile.plan import DAY_S, Compared, is_due
from wattline_backup.reconcile.routes import COMPLETENESS_BUCKET, ENERGY, ROUTES
from wattline_backup.reconcile.stored import buckets_of, stored_from
from wattline_backup.reconcile.told import UNTIL, Day, Row, all_told, line_of, told_since
from wattline_backup.server import Server
from wattline_backup.settings import Settings

# What is younger is under way: ten seconds in the journal's group, ten in Telegraf's, and a while in a slow card.
UNDER_WAY_S = 120
# A journal that is kept has its next group ten seconds later, whatever the meters do.
ENDED_S = 600
# So far before the begin of the journal numbers are remembered.
TOLD_AGAIN_S = 2 * DAY_S
FOLDER = "reconcile"


@dataclass
class Result:
    """What came of a run.

    Attributes:
        lines: that were written.
        filled: values that InfluxDB has now, and had not before.
        missing: values that it lacks all the same, also those that it refused within the last day.
        refusals: what InfluxDB said of lines that it did not take.
        days: of meters, whose number was written.
        until_s: the last second that was compared, since 1970; None where the journal has none that is two minutes old.
        ended: the folder of each port whose journal has nothing of the last ten minutes, with the last second that it has.
        not_remade: why rollups were not made anew.
        seconds: that it took.
        remarks: what a person should know, in sentences.
    """

    lines: int = 0
    filled: int = 0
    missing: int = 0
    refusals: list[str] = field(default_factory=list)
    days: int = 0
    until_s: int | None = None
    ended: dict[Path, int] = field(default_factory=dict)
    not_remade: list[str] = field(default_factory=list)
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Whether all that was to be written was."""
        return not (self.refusals or self.not_remade)


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
            self._result.ended = _ended(ports, self._now_s)
            buckets = buckets_of(self._server)
            dues = self._dues(ports, buckets, memory)
            comparison = Comparison(self._server, buckets, memory, ports, due_hours=hours_of(dues), cut_s=self._cut_s)
            beside = comparison.beside(self._ours)
            due = [each for each in beside if is_due(each, memory.written.get(_key(each)), self._cut_s)]
            if due:
                beside = self._bring(due, comparison, buckets, memory)
            self._result.not_remade = rollups.remake(self._chosen.remake, memory)
            self._result.remarks += self._result.not_remade
            self._result.missing = sum(each.missing for each in beside)
            self._tell_site(beside)
            self._tell_days(dues, meters_of(comparison.kept, beside), buckets, memory)
            self._result.until_s = comparison.until_s
            comparison.done()
        self._result.seconds = time.monotonic() - began_s
        return self._result

    def _ports(self) -> list[Port]:
        journal = self._chosen.journal
        try:
            ports = ports_in(journal, self._desk.folder)
        except OSError as error:
            raise BackupError(
                f"The journal in {journal} cannot be read ({error.strerror}): set WATTLINE_BACKUP_JOURNAL to the folder that "
                "`wattline run --journal` has."
            ) from error
        if not ports:
            raise BackupError(f"There is no journal in {journal}: no port has a folder with files of one there.")
        return ports

    def _dues(self, ports: list[Port], buckets: dict[str, Bucket], memory: Memory) -> dict[str, Due]:
        """When each meter was due. What is not remembered of one that InfluxDB has numbers of, is taken from there."""
        kept, stored_from_s = [port.kept for port in ports], stored_from(buckets[ENERGY], self._now_s)
        whole_from = whole_from_of(kept, stored_from_s)
        found = {
            name: all_told(self._server, buckets[COMPLETENESS_BUCKET], name)
            for name in whole_from.keys() - memory.since.keys()
        }
        # Numbers bear the site of the readings, which may be another than that of the settings, or be another house's.
        is_other = any(day.site != self._chosen.site for told in found.values() for day in told)
        sites = self._sites(ports, buckets, memory) if is_other else {}
        for name, told in found.items():
            own = {self._chosen.site, *sites.get(name, ())}
            days = sorted(told.items(), key=lambda each: each[1].numbers.get(UNTIL, 0))
            memory.recall({day: row for day, row in days if day.site in own}, whole_from[name])
        return dues_of(kept, memory, self._cut_s, stored_from_s)

    def _sites(self, ports: list[Port], buckets: dict[str, Bucket], memory: Memory) -> dict[str, set[str]]:
        """Of each meter the sites under which InfluxDB has readings of the journal."""
        comparison = Comparison(self._server, buckets, memory, ports, due_hours=(), cut_s=self._cut_s)
        meters = meters_of(comparison.kept, comparison.beside(self._ours))
        return {name: meter.all_sites for name, meter in meters.items()}

    def _bring(
        self,
        due: list[Compared],
        comparison: Comparison,
        buckets: dict[str, Bucket],
        memory: Memory,
    ) -> list[Compared]:
        """Write what is due. Gives the journal beside InfluxDB as it is then."""
        earlier = list(memory.to_remake)
        # Before the first line, in case that this does not come to its end.
        memory.note_to_remake(rollups.to_remake(due, self._cut_s))
        self._desk.write(memory)
        self._fill(comparison, due, buckets)
        beside = comparison.beside(self._ours)
        changed = self._note_written(due, beside, memory)
        if not self._result.refusals:
            # InfluxDB answers a refusal before the other shards of the batch are written: then not all is counted yet.
            memory.to_remake = earlier
            memory.note_to_remake(rollups.to_remake(changed, self._cut_s))
        return beside

    def _fill(self, comparison: Comparison, due: list[Compared], buckets: dict[str, Bucket]) -> None:
        wanted = {
            (each.text, each.hour): (ROUTES[each.series.measurement], each.tags, each.lacking | each.again)
            for each in due
        }
        filler, hours = Filler(self._server, buckets), {each.hour for each in due}
        files = sorted({path for hour in hours for path in comparison.files.get(hour, ())})
        for bucket, line in lines_of(files, wanted):
            filler.put(bucket, line)
        filler.finish()
        self._result.lines, self._result.refusals = filler.written, list(filler.refusals)
        self._result.remarks += filler.refusals

    def _note_written(self, due: list[Compared], beside: list[Compared], memory: Memory) -> list[Compared]:
        """Count what came of it. Gives those of ``due`` of which InfluxDB has more now, or another value."""
        changed = []
        now = {_key(each): each for each in beside}
        for each in due:
            then = now[_key(each)]
            gained = each.missing - then.missing
            self._result.filled += gained
            if gained or each.again:
                changed.append(each)
            memory.written[_key(each)] = Written(self._cut_s, then.missing)
        return changed

    def _tell_site(self, beside: list[Compared]) -> None:
        """Say it where Telegraf has another site now than the settings, or had when something was written by these."""
        found = [(each.hour, site_of(each.tags)) for each in beside if each.stored and site_of(each.tags)]
        last = max((hour for hour, _ in found), default=0)
        doubled = sorted({site_of(tags) for each in beside for tags in each.doubled})
        for site in sorted({site for hour, site in found if hour == last} - {self._chosen.site, *doubled}):
            self._result.remarks.append(
                f"InfluxDB has the journal's readings of site {site}, and not of {self._chosen.site}: nothing is doubled, but "
                "set WATTLINE_SITE as Telegraf has it."
            )
        if doubled:
            sites = " and ".join(f"site {site}" if site else "no site" for site in doubled)
            self._result.remarks.append(
                f"InfluxDB has the same readings twice, under {sites}: set WATTLINE_SITE, which is {self._chosen.site}, as "
                "Telegraf has it, and delete those of the other with `influx delete`."
            )

    def _tell_days(
        self, dues: dict[str, Due], meters: dict[str, Meter], buckets: dict[str, Bucket], memory: Memory
    ) -> None:
        """Write the numbers that InfluxDB has not, or not as they are now, as after a restore of an older set."""
        filler, known = Filler(self._server, buckets), dues.keys() & meters.keys()
        since_s = max(0, min((due.whole_from_s for due in dues.values()), default=self._now_s) - TOLD_AGAIN_S)
        bucket = buckets[COMPLETENESS_BUCKET]
        there, kept_from_s = told_since(self._server, bucket, since_s), stored_from(bucket, self._now_s)
        told, asides = dict[Day, Row](), dict(memory.aside)
        for name in known:
            for day in Account(name, meters[name], dues[name], memory).days(self._chosen.zone):
                key = key_of(name, day.begin_s)
                is_looked_at = day.begin_s >= since_s
                # Once told it stays there, so that no rename tells it twice; unless somebody has deleted it there.
                site = memory.sites.get(key, "")
                if not site or (is_looked_at and Day(name, site, day.begin_s) not in there):
                    site = meters[name].site_from(day.begin_s) or self._chosen.site
                where, row = Day(name, site, day.begin_s), Row(day.numbers, list(day.parts))
                before = there.get(where) if is_looked_at else memory.row(key)
                if before != row and day.begin_s >= kept_from_s:
                    filler.put(COMPLETENESS_BUCKET, line_of(where, row))
                told[where], asides[key] = row, day.aside
        filler.finish()
        self._result.days = filler.written
        self._result.refusals += filler.refusals
        self._result.remarks += filler.refusals
        for where, row in told.items():
            memory.note_told(where, row)
        memory.aside = {key: ranges for key, ranges in asides.items() if ranges}
        # A meter that no file names any more stays due: what comes of it later is told from where it was told last.
        ended = {name for name in known if not dues[name].is_due_on}
        memory.counted |= {name: dues[name].until_s for name in known}
        memory.counted = {name: second for name, second in memory.counted.items() if name not in ended}


def _ended(ports: Iterable[Port], now_s: int) -> dict[Path, int]:
    lasts = ((port.folder, port.kept.last_s) for port in ports)
    return {folder: last for folder, last in lasts if last is not None and last < now_s - ENDED_S}


def _key(each: Compared) -> str:
    return key_of(each.text, each.hour)
