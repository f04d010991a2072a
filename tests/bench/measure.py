"""What the logs of the meters and the kernel say about a reader. No reader is asked about itself, but for its readings."""

import json
import os
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wattline.bus.settings import LineSettings

SETTINGS = LineSettings(9600, "E", 1)
REQUEST_S = 8 * SETTINGS.character_s
# Between two sweeps the bus is quiet for longer than this, inside one never.
PAUSE_S = 0.15


@dataclass(frozen=True, slots=True)
class Exchange:
    """One read, as the meter saw it.

    Attributes:
        meter: who was asked.
        first, count: the registers.
        began_s, ended_s: when the request began and the reply ended, in seconds of the wall clock.
    """

    meter: str
    first: int
    count: int
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """The reads of one meter, one after the other."""

    exchanges: tuple[Exchange, ...]

    @property
    def began_s(self) -> float:
        """When the first request began."""
        return self.exchanges[0].began_s

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First register and count of each read."""
        return tuple((exchange.first, exchange.count) for exchange in self.exchanges)

    @property
    def silences_s(self) -> list[float]:
        """From each reply to the next request."""
        return [max(0.0, after.began_s - before.ended_s) for before, after in pairwise(self.exchanges)]

    @property
    def took_s(self) -> float:
        """To the end of the silence behind the last reply, since the next request has to wait for it."""
        return self.exchanges[-1].ended_s - self.began_s + SETTINGS.silence_s

    def least_s(self, turnaround_s: float) -> float:
        """The least that the wire takes for the same reads.

        That is their characters, the turnarounds, and 3.5 characters of silence behind each reply; a reader that keeps
        less silence than the standard asks for does not become faster than the wire by that.
        """
        silence_s = SETTINGS.silence_s
        reads_s = sum(SETTINGS.read_s(count, turnaround_s) - silence_s for _, count in self.spans)
        return reads_s + sum(min(kept_s, silence_s) for kept_s in self.silences_s) + silence_s


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used: CPU seconds since its start, resident megabytes now."""

    cpu_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was seen of one reader.

    Attributes:
        name: the reader.
        meters: on how many meters.
        seconds: for how long.
        turnaround_s: of each meter.
        sweeps: all that began in that time.
        readings: how many it has written, all meters together.
        cpu_ms: per second, which is a slot.
        resident_mb: at the end.
    """

    name: str
    meters: int
    seconds: int
    turnaround_s: float
    sweeps: list[Sweep]
    readings: int
    cpu_ms: float
    resident_mb: float

    @property
    def rate_hz(self) -> float:
        """Readings per second and meter."""
        return self.readings / self.seconds / self.meters

    @property
    def missed(self) -> int:
        """Readings that one per second and meter would have had more."""
        return max(0, self.seconds * self.meters - self.readings)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """The reads of most sweeps."""
        return Counter(sweep.spans for sweep in self.sweeps).most_common(1)[0][0]

    @property
    def requests(self) -> int:
        """In most sweeps."""
        return statistics.mode(len(sweep.exchanges) for sweep in self.sweeps)

    @property
    def full_requests(self) -> int:
        """For everything that the meter has: the different places at which reads began."""
        return len({first for sweep in self.sweeps for first, _ in sweep.spans})

    @property
    def sweep_ms(self) -> float:
        """Median."""
        return 1000 * statistics.median(sweep.took_s for sweep in self.sweeps)

    @property
    def least_ms(self) -> float:
        """What the wire takes at least for the same reads, median."""
        return 1000 * statistics.median(sweep.least_s(self.turnaround_s) for sweep in self.sweeps)

    @property
    def ratios(self) -> list[float]:
        """Of each sweep to its least, sorted."""
        return sorted(sweep.took_s / sweep.least_s(self.turnaround_s) for sweep in self.sweeps)

    @property
    def silence_ms(self) -> float | None:
        """Between reply and request of one sweep, median; None where a sweep is one read."""
        silences_s = [silence_s for sweep in self.sweeps for silence_s in sweep.silences_s]
        return 1000 * statistics.median(silences_s) if silences_s else None

    @property
    def delays_ms(self) -> list[float]:
        """From each whole second to the first sweep in it, sorted."""
        first: dict[int, float] = {}
        for sweep in self.sweeps:
            first.setdefault(int(sweep.began_s), sweep.began_s % 1)
        return sorted(1000 * delay_s for delay_s in first.values())


def percentile(ordered: list[float], percent: int) -> float:
    """The value of sorted ones below which so many percent lie, the nearest there is."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def used(pid: int) -> Use:
    """What the process ``pid`` has used, by /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    resident_kb = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
    return Use(ticks / os.sysconf("SC_CLK_TCK"), resident_kb / 1024)


def exchanges_of(truth: Path) -> list[Exchange]:
    """The reads that were answered, from a simulator's log."""
    exchanges = []
    for line in truth.read_text().splitlines():
        entry = json.loads(line)
        if entry["sent_monotonic_ns"] is None or entry["refusal"] or entry["faults"]:
            continue
        heard_s = entry["heard_wall_ns"] / 1e9
        took_s = (entry["sent_monotonic_ns"] - entry["heard_monotonic_ns"]) / 1e9
        began_s, ended_s = heard_s - REQUEST_S, heard_s + took_s
        exchanges.append(Exchange(entry["meter"], entry["first"], entry["count"], began_s, ended_s))
    return exchanges


def sweeps_of(exchanges: Iterable[Exchange], power: int) -> list[Sweep]:
    """The sweeps: told apart by a change of meter, a pause, or a register that is read again.

    What does not read the register ``power`` is no sweep, such as the trial of a span in the rest of a second.
    """
    runs: list[list[Exchange]] = []
    for exchange in exchanges:
        run = runs[-1] if runs else []
        is_next = (
            bool(run)
            and run[-1].meter == exchange.meter
            and exchange.began_s - run[-1].ended_s <= PAUSE_S
            and exchange.first not in {other.first for other in run}
        )
        if is_next:
            run.append(exchange)
        else:
            runs.append([exchange])
    return [Sweep(tuple(run)) for run in runs if any(one.first <= power < one.first + one.count for one in run)]


def readings_of(path: Path) -> list[float]:
    """The stamps of the readings in a reader's output, in seconds."""
    # What stands behind the last end of line is not whole yet.
    lines = path.read_text(errors="replace").split("\n")[:-1]
    return [
        int(line.rpartition(" ")[2]) / 1e9 for line in lines if line.startswith("electricity,") and "power_w=" in line
    ]
