"""What the pictures of one meter and of several are made of, drawn with rich."""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from rich.table import Table
from rich.text import Text

from wattline.watch.chart import bars
from wattline.watch.state import MeterState, State

LABEL, VALUE, POWER, GIVEN, TROUBLE = "dim", "bold", "bold cyan", "bold green", "yellow"
BAR, GIVEN_BAR = "cyan", "green"
VALUE_COLUMNS = 11
PRICE_DECIMALS = 4


def number(values: Mapping[str, float], name: str, unit: str = "", decimals: int = 0) -> str:
    """A number of the bus's or a meter's health; a dash before the first report."""
    return f"{values[name]:.{decimals}f} {unit}".rstrip() if name in values else "-"


def price_of(meter: MeterState) -> str:
    """What a kilowatt-hour costs at a meter behind a stick; a dash while that is not told."""
    return number(meter.health, "price_per_kwh", meter.currency, PRICE_DECIMALS)


def add_pairs(grid: Table, count: int) -> None:
    """Columns for a label, its value and a gap, ``count`` times; a gap between two pairs is never lost."""
    for number in range(1, count + 1):
        grid.add_column(no_wrap=True)
        grid.add_column(min_width=VALUE_COLUMNS, justify="right", no_wrap=True)
        # rich takes what it lacks from the columns that may wrap, so the last gap alone may go.
        grid.add_column(ratio=1, no_wrap=number < count)


def pairs(labelled: Iterable[tuple[str, str]], style: str = VALUE) -> list[Text]:
    """The cells of such columns, the values in ``style``."""
    return [
        cell
        for label, value in labelled
        for cell in (Text(f"{label} " if label else "", LABEL), Text(value, style), Text())
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


def power_style(meter: MeterState) -> str:
    """How its power is written: what is taken from the grid in one colour, what is given to it in another."""
    if meter.is_old:
        return LABEL
    return GIVEN if meter.now_w is not None and meter.now_w < 0 else POWER


def value_style(meter: MeterState) -> str:
    """How its other values are written: what is no longer so is hardly there."""
    return LABEL if meter.is_old else VALUE


def complaint_of(state: State) -> Text:
    """The log's last line, in a line of its own, which is empty while there is none."""
    return Text(state.complaint, TROUBLE, no_wrap=True, overflow="ellipsis")


def foot(what: str, clock: Text) -> Table:
    """``what`` is looked at, and the ``clock``."""
    grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(Text(what, LABEL), clock)
    return grid


def clock_of(state: State) -> Text:
    """The time of day of the last reading, and whether that is what it is now."""
    if not state.second:
        return Text("waiting for the first reading", LABEL)
    if state.is_old:
        return Text(f"no reading since {time_of(state.second)}", TROUBLE)
    return Text(time_of(state.second), VALUE)


def time_of(second: int) -> str:
    """The time of day of a second since 1970 UTC."""
    return time.strftime("%H:%M:%S", time.localtime(second))
