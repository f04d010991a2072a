"""Where no picture can be drawn: lines to read, or line protocol."""

import sys
import time
from collections.abc import Iterator

from wattline.fields import LINES
from wattline.watch.state import MeterState, State

COLUMNS = (
    ("voltage_v", 9),
    ("current_a", 9),
    ("power_w", 8),
    ("frequency_hz", 9),
    ("power_factor", 6),
    ("energy_total_kwh", 14),
    ("energy_import_kwh", 14),
    ("energy_export_kwh", 14),
)
COLUMNS_OF_A_LINE = (("voltage_{}_v", 9), ("current_{}_a", 9), ("power_{}_w", 8))
# What a number does not say itself.
MARKS = {"power_factor": "PF", "energy_import_kwh": "in", "energy_export_kwh": "out"}


def show_rows(lines: Iterator[str], state: State) -> None:
    """Print one readable line for each reading among ``lines``."""
    for row in rows(lines, state):
        print(row, flush=True)


def show_lines(lines: Iterator[str]) -> None:
    """Print ``lines`` as ``wattline run`` wrote them."""
    for line in lines:
        print(line, flush=True)


def say(complaint: str) -> None:
    """Hand on what the log says."""
    print(complaint, file=sys.stderr, flush=True)


def rows(lines: Iterator[str], state: State) -> Iterator[str]:
    """A readable line for each reading among ``lines``: time, meter where there are several, what it says."""
    width = max(len(known.meter.name) for known in state.meters)
    for line in lines:
        if meter := state.take(line):
            clock = time.strftime("%H:%M:%S", time.localtime(meter.second))
            name = [f"{meter.meter.name:{width}}"] if len(state.meters) > 1 else []
            yield "  ".join([clock, *name, *_cells(meter)])


def _cells(meter: MeterState) -> Iterator[str]:
    for name, width in COLUMNS:
        if meter.has(name):
            yield (
                f"{MARKS.get(name, '')} {meter.text(name):>{width}}".removeprefix(" ")
                if name in MARKS
                else f"{meter.text(name):>{width}}"
            )
    for line in LINES if meter.is_three_phase else ():
        named = [(form.format(line), width) for form, width in COLUMNS_OF_A_LINE]
        yield f"{line.upper()} " + " ".join(f"{meter.text(name):>{width}}" for name, width in named if meter.has(name))
