"""Whether a series of InfluxDB has the values of the journal in an hour; asked only of those that the settings do not call ours.

A verdict is remembered with the counts of the hour, and holds until one of these is another.
"""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from wattline.fields import VOCABULARY, Field
from wattline.influxdb.flux import Bucket, instant, rows, second_of
from wattline.journal.reader import read
from wattline_backup.reconcile.carriers import LEAST_SECONDS, Verdict
from wattline_backup.reconcile.lines import HOUR_S, Series, Tags, parts_of, series_of, tags_text, values_of
from wattline_backup.reconcile.memory import Judged, Memory, key_of
from wattline_backup.reconcile.routes import ROUTES
from wattline_backup.reconcile.stored import series_of_row
from wattline_backup.server import Server

Values = dict[int, str]
"""Second since 1970 -> a number or a text."""

# What goes up and down evenly proves it too, as an energy that rises by a step now and then, where so many seconds agree.
_MANY_SECONDS = 100
# So many of the moves of a field have to be the same.
_MOST = 0.75
# Those that all houses on one line have.
_OF_THE_GRID = ("frequency", "voltage")
_OF_ENERGY = ("kWh", "kvarh")

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
        key, mark = key_of(text + tags_text(tags), hour), zlib.crc32(json.dumps(counts, sort_keys=True).encode())
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
        series, known = series_of(text), ours.keys() & counts.keys()
        series = Series(series.measurement, series.tags | tags)
        counters = {name for name in known if _counts_energy(VOCABULARY[series.measurement].get(name))}
        for field in sorted(counters):
            verdict = by_counter(ours[field], self._values(series, hour, field))
            if verdict != Verdict.UNKNOWN:
                return verdict
        verdict, others = Verdict.UNKNOWN, (name for name in known - counters if not name.startswith(_OF_THE_GRID))
        # The first moves most, and so it tells nearly always.
        for field in sorted(others, key=lambda name: (-len(_paces(ours[name])), name)):
            verdict = judged(ours[field], self._values(series, hour, field))
            if verdict in {Verdict.OURS, Verdict.THEIRS}:
                break
        return verdict

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
    """What the journal has of a series and an hour, by field; without the seconds that stand there with two values.

    Raises:
        OSError: it cannot be read.
    """
    found: dict[str, Values] = defaultdict(dict)
    twice: set[tuple[str, int]] = set()
    start = text + " "
    for path in paths:
        for line in (line for record in read(path) for line in record.lines if line.startswith(start)):
            parts = parts_of(line)
            if parts and parts.second // HOUR_S == hour:
                for name, value in values_of(line, parts):
                    if found[name].setdefault(parts.second, value) != value:
                        twice.add((name, parts.second))
    for name, second in twice:
        del found[name][second]
    return found


def _counts_energy(field: Field | None) -> bool:
    return field is not None and field.kind == "counter" and field.unit in _OF_ENERGY


def by_counter(ours: Values, theirs: Values) -> Verdict:
    """What a counter of energy says: no two meters show the same at one time, but 0.

    A few values may be others there, corrected by hand or from before a clock that was set back.
    """
    common = [second for second in ours.keys() & theirs.keys() if not _are_equal(ours[second], "0")]
    same = sum(_are_equal(ours[second], theirs[second]) for second in common)
    if same and same >= len(common) / 2:
        return Verdict.OURS
    return Verdict.THEIRS if len(common) >= LEAST_SECONDS else Verdict.UNKNOWN


def judged(ours: Values, theirs: Values) -> Verdict:
    """What the values of another field say, at the seconds that both have.

    A few of ours may be others there: corrected by hand, or from before a clock that was set back. So where values move, most of
    those moves have to be the same; of what hardly moves, another house's may be the same by chance most of the time.
    """
    common = sorted(ours.keys() & theirs.keys())
    same = {second: ours[second] for second in common if _are_equal(ours[second], theirs[second])}
    moves = [second for before, second in pairwise(common) if not _are_equal(ours[before], ours[second])]
    is_alike = len(same) == len(common)
    if not is_alike and sum(second in same for second in moves) < _MOST * max(len(moves), LEAST_SECONDS):
        return Verdict.THEIRS
    if len(same) < LEAST_SECONDS:
        return Verdict.UNKNOWN
    if len(set(same.values())) < LEAST_SECONDS:
        return Verdict.STILL if is_alike else Verdict.THEIRS
    paces = _paces(same)
    often = [pace for pace, count in paces.items() if count >= LEAST_SECONDS]
    is_moving = len(paces) >= LEAST_SECONDS or (len(same) >= _MANY_SECONDS and len(often) > 1)
    return Verdict.OURS if is_moving else Verdict.UNKNOWN if is_alike else Verdict.THEIRS


def _paces(values: Values) -> Counter[float | str]:
    """In which ways values move, and how often: what rises evenly, as the slots of two programs that began at once, has one, and proves little."""
    try:
        numbers = [(second, float(values[second])) for second in sorted(values)]
    except ValueError:
        return Counter(values.values())
    return Counter(round((after - value) / (then - second), 9) for (second, value), (then, after) in pairwise(numbers))


def _are_equal(ours: str, theirs: str) -> bool:
    try:
        return float(ours) == float(theirs)
    except ValueError:
        return ours == theirs
