"""Whether a series of InfluxDB has the values of the journal in an hour.

It is asked of those that the settings do not call ours, and of these where ours stand under another name too. A verdict
is remembered with the counts of the hour, and holds until one of these is another.
"""

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from wattline.fields import VOCABULARY
from wattline.influxdb.flux import Bucket, instant, rows, second_of
from wattline.journal.reader import read
from wattline_backup.reconcile.carriers import Verdict
from wattline_backup.reconcile.lines import HOUR_S, Series, Tags, parts_of, series_of, tags_text, values_of
from wattline_backup.reconcile.memory import Judged, Memory, key_of
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.signs import Tally, Values, in_turn, sign_of
from wattline_backup.reconcile.stored import series_of_row
from wattline_backup.server import Server

# What was judged by another one is judged anew.
_RULE = 2

_FLUX = """from(bucketID: "{bucket}") |> range(start: {start}, stop: {stop})
|> filter(fn: (r) => {which} and r._field == {field}) |> drop(columns: ["_start", "_stop"])"""


class Proof:
    """Compares, and remembers.

    Args:
        server: InfluxDB.
        buckets: by name.
        memory: where verdicts are kept; what nobody asks for any more goes at the end of the run.
        files: of each hour since 1970 the files of the journal that have points of it, each port's in order.
    """

    def __init__(
        self, server: Server, buckets: Mapping[str, Bucket], memory: Memory, files: Mapping[int, Sequence[Path]]
    ) -> None:
        self._server, self._buckets, self._memory, self._files = server, buckets, memory, files
        self._asked: dict[str, Judged] = {}

    def verdict(self, text: str, hour: int, tags: Tags, counts: Mapping[str, int]) -> Verdict:
        """Tell whether the series is ours.

        Args:
            text: the series as the journal has it.
            hour: since 1970.
            tags: the further ones that it has in InfluxDB.
            counts: points by field there.

        Raises:
            ServerError: InfluxDB does not answer, or not to the end.
            OSError: the journal cannot be read.
        """
        key, mark = (
            key_of(text + tags_text(tags), hour),
            zlib.crc32(json.dumps([_RULE, counts], sort_keys=True).encode()),
        )
        said = self._asked.get(key) or self._memory.judged.get(key)
        if said is None or said.mark != mark:
            said = Judged(mark, self._compare(text, hour, tags, counts))
        self._asked[key] = said
        return Verdict(said.verdict)

    def forget_others(self) -> None:
        """Remember what was asked for in this run, and nothing else."""
        self._memory.judged = self._asked

    def _compare(self, text: str, hour: int, tags: Tags, counts: Mapping[str, int]) -> Verdict:
        ours = values_in(self._files.get(hour, []), text, hour)
        kept, series = sorted({second for values in ours.values() for second in values}), series_of(text)
        series, known = Series(series.measurement, series.tags | tags), VOCABULARY[series.measurement]
        tally = Tally()
        for field in in_turn({name: ours[name] for name in ours.keys() & counts.keys()}, known):
            theirs = self._values(series, hour, field)
            tally.add(known.get(field), sign_of(known.get(field), ours[field], theirs, kept))
            if tally.is_decided:
                break
        return tally.verdict

    def _values(self, series: Series, hour: int, field: str) -> Values:
        bucket = self._buckets[ROUTES[series.measurement]]
        which = [f"r._measurement == {json.dumps(series.measurement)}"]
        which += [f"r[{json.dumps(name)}] == {json.dumps(value)}" for name, value in sorted(series.tags)]
        flux = _FLUX.format(
            bucket=bucket.id,
            start=instant(hour * HOUR_S),
            stop=instant((hour + 1) * HOUR_S),
            which=" and ".join(which),
            field=json.dumps(field),
        )
        found = rows(self._server, bucket.organisation, flux)
        # With further tags it is another series.
        return {second_of(row["_time"]): row["_value"] for row in found if series_of_row(row) == series}


def values_in(paths: Iterable[Path], text: str, hour: int) -> dict[str, Values]:
    """What the journal has of a series and an hour, by field; nothing to compare at seconds that stand there with two values.

    Raises:
        OSError: it cannot be read.
    """
    found: dict[str, Values] = defaultdict(dict)
    start = text + " "
    for path in paths:
        for line in (line for record in read(path) for line in record.lines if line.startswith(start)):
            parts = parts_of(line)
            if parts and parts.second // HOUR_S == hour:
                for name, value in values_of(line, parts):
                    if found[name].setdefault(parts.second, value) != value:
                        found[name][parts.second] = ""
    return found
