"""What the pictures of one meter and of several are made of, drawn with rich."""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from rich.table import Table
from rich.text import Text

from wattline.watch.chart import bars
from wattline.watch.state import State

LABEL, VALUE, POWER, GIVEN, TROUBLE = "dim", "bold", "bold cyan", "bold green", "yellow"
BAR, GIVEN_BAR = "cyan", "green"
VALUE_COLUMNS = 11


def number(values: Mapping[str, float], name: str, unit: str = "", decimals: int = 0) -> str:
    """A number of the bus's or a meter's health; a dash before the first report."""
    return f"{values[name]:.{decimals}f} {unit}".rstrip() if name in values else "-"


def add_pairs(grid: Table, count: int) -> None:
    """Columns for a label, its value and a gap, ``count`` times; a gap between two pairs is never lost."""
    for number in range(1, count + 1):
        grid.add_column(no_wrap=True)
        grid.add_column(min_width=VALUE_COLUMNS, justify="right", no_wrap=True)
        # rich takes what it lacks from the columns that may wrap, so the last gap alone may go.
        grid.add_column(ratio=1, no_wrap=number < count)


def pairs(labelled: Iterable[tuple[str, str]]) -> list[Text]:
    """The cells of such columns."""
    return [
        cell
        for label, value in labelled
        for cell in (Text(f"{label} " if label else "", LABEL), Text(value, VALUE), Text())
    ]


def bar_lines(values: Sequence[float | None], top: float, height: int) -> list[Text]:
    """``height`` lines with a bar for each value; what is given to the grid in another colour."""
    styles = ["" if value is None else GIVEN_BAR if value < 0 else BAR for value in values]
    return [
        Text.assemble(
            *(
                ("".join(bar for bar, _ in run), style)
                for style, run in groupby(zip(line, styles, strict=True), key=itemgetter(1))
            ),
            no_wrap=True,
        )
        for line in bars(values, top, height)
    ]


def power_style(power_w: float | None) -> str:
    """How a power is written: what is taken from the grid in one colour, what is given to it in another."""
    return GIVEN if power_w is not None and power_w < 0 else POWER


def foot(state: State, what: str, clock: Text) -> Table:
    """The log's last line if there is one, else ``what`` is looked at; and the ``clock``."""
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(Text(state.complaint, TROUBLE) if state.complaint else Text(what, LABEL), clock)
    return grid


def clock_of(second: int) -> Text:
    """The time of day of a second since 1970 UTC, 0 before the first reading."""
    if not second:
        return Text("waiting for the first reading", LABEL)
    return Text(time.strftime("%H:%M:%S", time.localtime(second)), VALUE)
