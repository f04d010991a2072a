"""The journal beside InfluxDB, as often as it is asked for in a run."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from wattline.influxdb.flux import Bucket
from wattline_backup.reconcile.cache import Port
from wattline_backup.reconcile.kept import merged
from wattline_backup.reconcile.lines import HOUR_S, Tags, series_of
from wattline_backup.reconcile.memory import Memory
from wattline_backup.reconcile.plan import Beside, Compared, union
from wattline_backup.reconcile.ranges import Range
from wattline_backup.reconcile.routes import HOST, ROUTES
from wattline_backup.reconcile.seconds import Seconds
from wattline_backup.reconcile.stored import counted, stored_from
from wattline_backup.reconcile.values import Proof
from wattline_backup.server import Server


def _bucket_of(text: str) -> str:
    return ROUTES.get(series_of(text).measurement, HOST)


class Comparison:
    """Compares what is neither younger than ``cut_s`` nor set aside, nor older than InfluxDB keeps anything.

    Args:
        server: InfluxDB.
        buckets: by name.
        memory: what is remembered.
        ports: of the journal.
        due_hours: in which a meter was due, whether or not the journal has anything of them.
        cut_s: the second from which on nothing is looked at.

    Attributes:
        kept: what the journal has.
        files: of each hour since 1970 the files that have points of it, each port's in order.
    """

    def __init__(
        self,
        server: Server,
        buckets: Mapping[str, Bucket],
        memory: Memory,
        ports: Sequence[Port],
        *,
        due_hours: Collection[int],
        cut_s: int,
    ) -> None:
        self._server, self._buckets, self._memory, self._cut_s = server, buckets, memory, cut_s
        self._seconds = Seconds(server, buckets, memory, cut_s)
        files: dict[int, list[Path]] = {}
        for port in ports:
            for hour, paths in port.files.items():
                files.setdefault(hour, []).extend(paths)
        self.files = files
        self._proof = Proof(server, buckets, memory, files)
        kept = [port.kept for port in ports]
        self._doubtful = {hour for each in kept for hour in each.doubtful_hours | each.ended_hours(cut_s)}
        self.kept = merged(kept).masked(lambda text: [*self._holes(_bucket_of(text)), (cut_s, 1 << 62)])
        self._hours = {hour for hours in self.kept.points.values() for hour in hours} | set(due_hours)

    def beside(self, ours: Tags) -> list[Compared]:
        """Each series and hour, as InfluxDB is now.

        Args:
            ours: the tags that our settings say Telegraf adds.

        Raises:
            ServerError: InfluxDB does not answer, or not to the end.
        """
        counts = {
            name: counted(self._server, self._buckets[name], self._hours, self._cut_s, self._holes(name))
            for name in set(ROUTES.values())
        }
        beside = Beside(counts, ours, self._doubtful, self._seconds.of, self._proof.verdict)
        return list(beside.compared(self.kept))

    def _holes(self, bucket: str) -> list[Range]:
        return [*self._memory.left, (-1 << 62, stored_from(self._buckets[bucket], self._cut_s))]

    @property
    def until_s(self) -> int | None:
        """The last second that the journal has; None where it has none that is looked at."""
        last = max((hour for hours in self.kept.points.values() for hour in hours), default=None)
        if last is None:
            return None
        bits = union(bits for hours in self.kept.points.values() for bits in hours.get(last, {}).values())
        return last * HOUR_S + bits.bit_length() - 1

    def done(self) -> None:
        """Nothing more is asked in this run: what is remembered of hours that are in order goes."""
        self._seconds.forget_others()
        self._proof.forget_others()
        self._memory.forget_before(min(self.kept.hours, default=0))
