"""What a backup costs, as rows of a table for backup/README.md. Pure functions."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.processes import Spent
from wattline_backup.size import bytes_in_words

Row = list[str]
HOURS = 24


@dataclass
class Costs:
    """What runs on one store took.

    Attributes:
        ours, stock: the hourly runs of either program, side by side.
        before: the runs that theirs build upon; the first is a first set.
        full: a run that read every shard and found nothing.
        kept, kept_bytes: how many sets the rules keep, and what they take on the disk.
        points: bytes of InfluxDB's files.
        again_a_day: bytes of shards that have come to rest, which are fetched once more when they are compacted.
    """

    ours: list[Spent] = field(default_factory=list)
    stock: list[Spent] = field(default_factory=list)
    before: list[Spent] = field(default_factory=list)
    full: Spent = field(default_factory=lambda: Spent(0, 0))
    kept: int = 0
    kept_bytes: int = 0
    points: int = 0
    again_a_day: float = 0.0


def daily(costs: Costs) -> list[Row]:
    """A day on thirty daily shards."""
    runs = costs.ours, costs.stock
    what = "30 daily shards and today's"
    return [
        size(f"{what}: a day of hourly runs", *(sum(each.written for each in one) for one in runs), "30"),
        size("the same, in blocks of the disk", *(sum(each.blocks for each in one) for one in runs)),
        duration("an hourly run", *map(seconds, runs), "4"),
        duration(
            "the same, once Python has started",
            statistics.median(each.own_s for each in costs.ours),
            seconds(costs.stock),
        ),
    ]


def year(costs: Costs, restores: tuple[Spent, Spent]) -> list[Row]:
    """All buckets after a year."""
    runs = costs.ours, costs.stock
    ours, stock = (HOURS * statistics.mean(each.written for each in one) for one in runs)
    least, most = (bytes_in_words(pick(each.written for each in costs.ours)) for pick in (min, max))
    of_last = costs.kept * costs.stock[-1].blocks
    return [
        size("all buckets after a year: a day of hourly runs", ours + costs.again_a_day, stock, "12"),
        size(f"an hourly run, on average; ours from {least} to {most}", ours / HOURS, stock / HOURS),
        duration("an hourly run", *map(seconds, runs)),
        duration(f"the daily full run, {bytes_in_words(costs.points)} of points read", costs.full.seconds),
        duration("the very first run", costs.before[0].seconds, seconds(costs.stock)),
        size(f"the {costs.kept} sets that are kept of a year; stock: as many of the last", costs.kept_bytes, of_last),
        duration("restored into a blank InfluxDB; ours checked before and after", *(each.seconds for each in restores)),
        memory("peak memory of an hourly run", costs.ours, costs.stock),
        memory("... of a full run", [costs.full]),
        memory("... of the first run", costs.before[:1]),
    ]


def seconds(runs: Sequence[Spent]) -> float:
    """The median."""
    return statistics.median(each.seconds for each in runs)


def size(what: str, ours: float, stock: float, goal: str = "") -> Row:
    """A row of bytes."""
    return [what, bytes_in_words(ours), bytes_in_words(stock), f"{stock / ours:.1f}", goal]


def duration(what: str, ours: float, stock: float | None = None, goal: str = "") -> Row:
    """A row of seconds."""
    both = [f"{stock:.2f} s", f"{stock / ours:.1f}"] if stock is not None else ["", ""]
    return [what, f"{ours:.2f} s", *both, goal]


def memory(what: str, ours: Sequence[Spent], stock: Sequence[Spent] = ()) -> Row:
    """A row of megabytes, the most of each."""
    return [what, *(f"{max(each.peak_mb for each in runs):.0f} MB" if runs else "" for runs in (ours, stock)), "", ""]
