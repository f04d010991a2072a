"""What the journal costs, as rows of a table for plugin/README.md and backup/README.md. Pure functions."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.chains import Keeps, Span
from bench.week import Run
from wattline.journal.files import FILE_BYTES

DAY_S = 86_400
MB = 1_000_000
NOTHING = "-"

Row = list[str]


@dataclass(frozen=True, slots=True)
class Lane:
    """What was seen of one chain.

    Attributes:
        meters: on its line.
        is_all_on_card: whether InfluxDB's data lay on the disk as well.
        file_bytes: that reach the disk when a file of the journal is made.
        spans: of each way to keep readings.
    """

    meters: int
    is_all_on_card: bool
    file_bytes: int
    spans: Mapping[Keeps, Sequence[Span]]

    def day_mb(self, keeps: Keeps) -> float:
        """Megabytes a day, the median of the spans."""
        return statistics.median(day_mb(span, self.file_bytes) for span in self.spans[keeps])

    def added_mb(self, keeps: Keeps) -> float:
        """What comes to a day beside a chain that keeps nothing."""
        return self.day_mb(keeps) - self.day_mb(Keeps.NOTHING)

    def cpu_ms(self, keeps: Keeps) -> float:
        """Of the plugin, a slot."""
        return statistics.median(1000 * span.cpu_s / span.seconds for span in self.spans[keeps])

    def own_mb(self, keeps: Keeps) -> float:
        """Of the plugin."""
        return statistics.median(span.own_mb for span in self.spans[keeps])

    def readings(self, keeps: Keeps) -> float:
        """That InfluxDB had of each span."""
        return statistics.median(span.readings for span in self.spans[keeps])


def day_mb(span: Span, file_bytes: int) -> float:
    """A day of such spans.

    A span is too short to say how often a file is made, which takes its size once more; how far the files were filled says it.
    """
    files_a_second = span.record_bytes / FILE_BYTES / span.seconds
    without_files = span.disk_bytes - span.files * file_bytes
    return DAY_S * (without_files / span.seconds + files_a_second * file_bytes) / MB


def card(lanes: Sequence[Lane]) -> list[Row]:
    """What reaches the disk, one column for each number of meters."""
    rows = []
    for is_all, where in ((False, "alone on its disk"), (True, "beside InfluxDB's data")):
        of_place = [lane for lane in lanes if lane.is_all_on_card is is_all]
        if is_all:
            rows.append(_row("InfluxDB itself, a day", of_place, lambda lane: _mb(lane.day_mb(Keeps.NOTHING))))
        rows += [
            _row(f"{keeps} {where}, a day", of_place, lambda lane, k=keeps: _mb(lane.added_mb(k)))
            for keeps in (Keeps.JOURNAL, Keeps.BUFFER)
        ]
        rows.append(_row("... ratio", of_place, _ratio))
    return rows


def plugin(lanes: Sequence[Lane]) -> list[Row]:
    """What the plugin takes, without the journal and with it."""
    alone = [lane for lane in lanes if not lane.is_all_on_card]

    def both(shown: Callable[[Lane, Keeps], float], form: str) -> Callable[[Lane], str]:
        return lambda lane: " / ".join(format(shown(lane, keeps), form) for keeps in (Keeps.NOTHING, Keeps.JOURNAL))

    return [
        _row("CPU a slot without / with it, ms", alone, both(Lane.cpu_ms, ".2f")),
        _row("memory without / with it, MB", alone, both(Lane.own_mb, ".1f")),
    ]


def reconciled(whole: Mapping[int, Sequence[Run]], days: Mapping[int, Sequence[Run]]) -> list[Row]:
    """What `reconcile` takes, by the number of meters.

    Args:
        whole: runs that found nothing missing in seven days.
        days: runs that found a day missing.
    """
    return [
        ["a missing day brought, its rollups made anew", *(_median(runs, "seconds", "s") for runs in days.values())],
        ["... its own processor time", *(_median(runs, "own_cpu_s", "s") for runs in days.values())],
        ["... that of InfluxDB", *(_median(runs, "influxdb_cpu_s", "s") for runs in days.values())],
        ["... values", *(f"{runs[-1].said['filled']}" for runs in days.values())],
        ["a run that finds seven days whole", *(_median(runs, "seconds", "s") for runs in whole.values())],
        ["... its own processor time", *(_median(runs, "own_cpu_s", "s") for runs in whole.values())],
        ["... that of InfluxDB", *(_median(runs, "influxdb_cpu_s", "s") for runs in whole.values())],
    ]


def _row(what: str, lanes: Sequence[Lane], shown: Callable[[Lane], str]) -> Row:
    return [what, *(shown(lane) for lane in sorted(lanes, key=lambda lane: lane.meters))]


def _mb(size: float) -> str:
    return f"{size:.1f} MB" if size < 100 else f"{size:.0f} MB"


def _ratio(lane: Lane) -> str:
    journal, buffer = lane.added_mb(Keeps.JOURNAL), lane.added_mb(Keeps.BUFFER)
    return f"{buffer / journal:.1f}" if journal > 0 else NOTHING


def _median(runs: Sequence[Run], name: str, unit: str) -> str:
    return f"{statistics.median(getattr(run, name) for run in runs):.2f} {unit}"
