"""The demo where no picture can be drawn: lines to read, or line protocol."""

import sys
import time
from collections.abc import Iterator

from wattline.demo.state import State

COLUMNS = (
    ("voltage_v", 9),
    ("current_a", 9),
    ("power_w", 8),
    ("frequency_hz", 9),
    ("power_factor", 6),
    ("energy_total_kwh", 14),
)


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
    """A readable line for each reading among ``lines``: time, V, A, W, Hz, PF, kWh."""
    for line in lines:
        if state.take(line):
            clock = time.strftime("%H:%M:%S", time.localtime(state.second))
            yield "  ".join([clock, *(_cell(state, name, width) for name, width in COLUMNS)])


def _cell(state: State, name: str, width: int) -> str:
    text = state.text(name)
    return f"PF {text:>{width}}" if name == "power_factor" else f"{text:>{width}}"
