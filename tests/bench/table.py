"""What was measured, as Markdown that can be pasted into plugin/README.md. Pure functions."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from bench.measure import SETTINGS, Measured, percentile

SHOWN_SPANS = 3

Cells = Mapping[tuple[int, int], Sequence[Measured]]
"""Turnaround in milliseconds and number of meters to what was measured of each reader."""


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def one_meter(measured: Iterable[Measured]) -> str:
    """One meter: the sweep beside the wire's minimum, the start, and what it costs."""
    head = ["reader", "reads", "sweep, ms", "the wire's minimum, ms", "ratio", "silence, ms", "start p50, ms"]
    head += ["start p99, ms", "missed slots", "CPU a slot, ms", "resident, MB"]
    return markdown(head, [_of_one_meter(each) for each in measured])


def _of_one_meter(measured: Measured) -> list[str]:
    delays_ms, silence_ms = measured.delays_ms, measured.silence_ms
    return [
        measured.name,
        spans(measured.spans),
        f"{measured.sweep_ms:.1f}",
        f"{measured.least_ms:.1f}",
        f"{percentile(measured.ratios, 50):.3f}",
        "-" if silence_ms is None else f"{silence_ms:.1f}",
        f"{percentile(delays_ms, 50):.1f}",
        f"{percentile(delays_ms, 99):.1f}",
        str(measured.missed),
        f"{measured.cpu_ms:.1f}",
        f"{measured.resident_mb:.1f}",
    ]


def spans(asked: Sequence[tuple[int, int]]) -> str:
    """The reads of a sweep; where there are many, how many of which length."""
    if len(asked) <= SHOWN_SPANS:
        return ", ".join(f"0x{first:04X} x {count}" for first, count in asked)
    lengths = Counter(count for _, count in asked)
    return f"{len(asked)}: " + ", ".join(f"{number} of {count}" for count, number in sorted(lengths.items()))


def rates(cells: Cells) -> str:
    """Readings per second and meter, and in brackets those missed, reader beside reader."""
    names = [measured.name for measured in next(iter(cells.values()))]
    return markdown(
        ["turnaround, ms", "meters", *names],
        (
            [str(turnaround_ms), str(meters), *(f"{each.rate_hz:.2f} ({each.missed})" for each in measured)]
            for (turnaround_ms, meters), measured in cells.items()
        ),
    )


def sweeps(cells: Cells) -> str:
    """What one meter's sweep takes on a bus of several, of each reader."""
    head = [
        "turnaround, ms",
        "meters",
        "reader",
        "requests",
        "sweep, ms",
        "the wire's minimum, ms",
        "ratio",
        "ratio p99",
    ]
    return markdown(
        [*head, "CPU a second, ms", "resident, MB"],
        (
            [
                str(turnaround_ms),
                str(meters),
                each.name,
                str(each.requests),
                f"{each.sweep_ms:.0f}",
                f"{each.least_ms:.0f}",
                f"{percentile(each.ratios, 50):.3f}",
                f"{percentile(each.ratios, 99):.3f}",
                f"{each.cpu_ms:.1f}",
                f"{each.resident_mb:.1f}",
            ]
            for (turnaround_ms, meters), measured in cells.items()
            for each in measured
        ),
    )


def goals(one: Sequence[Measured], bus: Measured | None) -> str:
    """What wattline is to reach, and what it reached; the plans of one meter side by side.

    Args:
        one: the close look at one meter.
        bus: the widest reads of five meters at a turnaround of 20 ms; None where they were not measured.
    """
    own = [each for each in one if each.name.startswith("wattline")]
    names = " / ".join(each.name.removeprefix("wattline, ") for each in own)

    def reached(shown: Callable[[Measured], str]) -> str:
        return " / ".join(map(shown, own))

    rows = [
        [
            "99 sweeps of 100 at most 1.05 times the wire's minimum",
            reached(lambda m: f"{percentile(m.ratios, 99):.3f}"),
        ],
        ["start p99 under 10 ms", reached(lambda m: f"{percentile(m.delays_ms, 99):.1f}")],
        ["no missed slot", reached(lambda m: str(m.missed))],
        ["at most 4 ms of CPU a slot", reached(lambda m: f"{m.cpu_ms:.1f}")],
        ["at most 20 MB", reached(lambda m: f"{m.resident_mb:.1f}")],
    ]
    if bus:
        seen = f"{bus.rate_hz:.2f} Hz, {bus.missed} missed in {bus.seconds} s, {percentile(bus.ratios, 99):.3f}"
        rows.append([f"{bus.meters} meters at 1 Hz, none missed, at most 1.05 times the minimum", seen])
    return markdown(["goal", f"reached ({names})"], rows)


def full_readings(measured: Iterable[Measured], model: str, quantities: int) -> str:
    """The requests for everything that a big meter has."""
    rows = [[each.name, str(each.full_requests)] for each in measured]
    return markdown(["reader", f"requests for all {quantities} quantities of the {model}"], rows)


def explained() -> str:
    """How the tables are to be read."""
    return (
        f"Simulated meters at {SETTINGS}, on a half-duplex wire of their own for each reader, all readers of a row side "
        "by side. A sweep counts from the first character of its first request to the end of the silence of 3.5 "
        f"characters ({1000 * SETTINGS.silence_s:.2f} ms) behind its last reply. The wire's minimum is that of the very "
        "reads that the meters were asked: their characters, the turnaround, and the silence behind each reply as far as "
        "the reader keeps it; a median. `silence` is what it keeps between a reply and its next request. All of it is "
        "from the meters' logs; CPU and memory are those of the reader's process alone."
    )
