"""The very seconds of which InfluxDB has a point, of a series and an hour of which counts prove nothing.

Such hours are few: those in which the plugin was killed, or the journal or InfluxDB lacks something. An answer is remembered
with its counts, and holds until one of these is another.
"""

import json
from collections.abc import Mapping

from wattline.influxdb.flux import Bucket, instant, rows, second_of
from wattline_backup.reconcile.kept import bits_between
from wattline_backup.reconcile.lines import HOUR_S, Series, tags_text
from wattline_backup.reconcile.memory import Memory, Seen, key_of
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.stored import series_of_row
from wattline_backup.server import Server

_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop}) |> filter(fn: (r) => {which})
|> drop(columns: ["_start", "_stop", "_value"])"""


class Seconds:
    """Asks, and remembers.

    Args:
        server: InfluxDB.
        buckets: by name.
        memory: where what was seen is kept; what nobody asks for any more goes at the end of the run.
        cut_s: the second from which on nothing is looked at.
    """

    def __init__(self, server: Server, buckets: Mapping[str, Bucket], memory: Memory, cut_s: int) -> None:
        self._server, self._buckets, self._memory, self._cut_s = server, buckets, memory, cut_s
        self._asked: dict[str, Seen] = {}

    def of(self, series: Series, hour: int, counts: Mapping[str, int]) -> dict[str, int]:
        """Of each field that is counted, the seconds of the hour.

        Args:
            series: as InfluxDB has it.
            hour: since 1970.
            counts: points by field.

        Raises:
            ServerError: InfluxDB does not answer, or not to the end.
        """
        key = key_of(series.measurement + tags_text(series.tags), hour)
        seen = self._asked.get(key) or self._memory.seen.get(key)
        if seen is None or seen.counts != counts:
            seen = Seen(dict(counts), self._ask(series, hour, counts))
        self._asked[key] = seen
        return seen.seconds

    def forget_others(self) -> None:
        """Remember what was asked for in this run, and nothing else."""
        self._memory.seen = self._asked

    def _ask(self, series: Series, hour: int, counts: Mapping[str, int]) -> dict[str, int]:
        bucket, found = self._buckets[ROUTES[series.measurement]], dict.fromkeys(counts, 0)
        for row in rows(self._server, bucket.organisation, question(bucket, series, hour)):
            # With further tags it is another series.
            if row["_field"] in found and series_of_row(row) == series:
                found[row["_field"]] |= 1 << second_of(row["_time"]) % HOUR_S
        looked_at = bits_between(hour, hour * HOUR_S, self._cut_s)
        for start, stop in self._memory.left:
            looked_at &= ~bits_between(hour, start, stop)
        return {name: bits & looked_at for name, bits in found.items()}


def question(bucket: Bucket, series: Series, hour: int) -> str:
    """The Flux that asks for the points of a series and an hour since 1970, without their values."""
    tags = (f"r[{json.dumps(name)}] == {json.dumps(value)}" for name, value in sorted(series.tags))
    which = " and ".join([f"r._measurement == {json.dumps(series.measurement)}", *tags])
    start, stop = instant(hour * HOUR_S), instant((hour + 1) * HOUR_S)
    return _FLUX.format(bucket=bucket.id, start=start, stop=stop, which=which)
