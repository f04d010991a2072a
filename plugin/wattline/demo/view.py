"""The live view of the demo, drawn with rich on one screen of 80 x 23 or more."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from wattline.demo.chart import bars, large, round_top
from wattline.demo.state import State

WIDEST = 120
LEAST_COLUMNS, LEAST_LINES = 80, 23
CHART_LINES = 7
# The frame and its padding; the scale beside the chart.
FRAME_COLUMNS, SCALE_COLUMNS = 6, 8
DIGITS_COLUMNS, UNIT_COLUMNS, VALUE_COLUMNS = 19, 7, 11
SCALE_LEAST_W = 500.0
TICK_S = 20

LABEL, VALUE, POWER, BARS, TROUBLE = "dim", "bold", "bold cyan", "cyan", "yellow"


def show(lines: Iterator[str], state: State) -> None:
    """Draw what ``lines`` tell as long as they come, and leave one sentence behind."""
    console = Console()
    began_s = time.monotonic()
    with Live(screen(state, console), console=console, screen=True, auto_refresh=False) as live:
        for line in lines:
            # One drawing a second, when the reading is there.
            if state.take(line):
                live.update(screen(state, console), refresh=True)
    console.print(farewell(state, time.monotonic() - began_s), highlight=False)


def farewell(state: State, seconds: float) -> str:
    """What stays in the terminal at the end."""
    return (
        f"{state.lines} lines came from `wattline run` in {seconds:.0f} s. A real meter is next: "
        'README.md, "Meter a real meter".'
    )


def screen(state: State, console: Console) -> Panel | str:
    """The picture, if the window is large enough for it."""
    if console.width < LEAST_COLUMNS or console.height < LEAST_LINES:
        return f"The window is too small; {LEAST_COLUMNS} x {LEAST_LINES} is needed."
    return picture(state, console.width)


def picture(state: State, columns: int) -> Panel:
    """The house and its meter, ``columns`` wide at the most."""
    width = min(columns, WIDEST)
    parts = (
        _now(state),
        _chart(state, width - FRAME_COLUMNS - SCALE_COLUMNS),
        _counts(state),
        _foot(state),
    )
    return Panel(
        Group(*(piece for part in parts for piece in (Text(), part))),
        title="[bold]wattline[/] · a simulated house, metered every second",
        title_align="left",
        border_style=LABEL,
        padding=(0, 2),
        width=width,
    )


def _now(state: State) -> Table:
    """The power, large, and beside it what belongs to it."""
    grid = Table.grid(expand=True)
    grid.add_column(width=DIGITS_COLUMNS, justify="right", no_wrap=True)
    grid.add_column(width=UNIT_COLUMNS)
    _add_pairs(grid, 2)
    power, _, unit = state.text("power_w").partition(" ")
    sides = (
        (("voltage", "voltage_v"), ("apparent", "apparent_power_va")),
        (("current", "current_a"), ("reactive", "reactive_power_var")),
        (("frequency", "frequency_hz"), ("factor", "power_factor")),
    )
    for digits, mark, side in zip(large(power), ("", "", unit), sides, strict=True):
        grid.add_row(
            Text(digits, POWER), Text(f" {mark}", POWER), *_pairs((label, state.text(field)) for label, field in side)
        )
    return grid


def _chart(state: State, columns: int) -> Text:
    """The power of the last seconds, one column each; a second that was not read is a gap."""
    by_second = dict(state.power_w)
    first = state.second - columns + 1
    values = [by_second.get(first + column) for column in range(columns)]
    top = round_top(max(by_second.values(), default=0.0), SCALE_LEAST_W)
    scale = {0: _watts(top), CHART_LINES // 2: _watts(top / 2)}
    text = Text(no_wrap=True)
    for number, bar in enumerate(bars(values, top, CHART_LINES)):
        text.append(f"{scale.get(number, ''):>{SCALE_COLUMNS - 2}} │", LABEL)
        text.append(f"{bar}\n", BARS)
    text.append(f"{'0 W':>{SCALE_COLUMNS - 2}} └{_time_axis(columns)}", LABEL)
    return text


def _time_axis(columns: int) -> str:
    """Seconds before now, each mark ending below its column."""
    axis = ["─"] * columns
    for ago in range(0, columns, TICK_S):
        mark = f" {-ago} s" if ago else " now"
        end = columns - ago
        if end >= len(mark):
            axis[end - len(mark) : end] = mark
    return "".join(axis)


def _watts(power_w: float) -> str:
    return f"{power_w / 1000:g} kW" if power_w >= 1000 else f"{power_w:g} W"


def _counts(state: State) -> Table:
    """The meter's counters, and how the bus and the conversation are doing."""
    bus, meter = state.bus_health, state.meter_health
    grid = Table.grid(expand=True)
    _add_pairs(grid, 3)
    for row in (
        (
            ("energy", state.text("energy_total_kwh")),
            ("by day", state.text("energy_total_t2_kwh")),
            ("by night", state.text("energy_total_t3_kwh")),
        ),
        (),
        (
            ("bus busy", _number(bus, "busy_percent", "%", 1)),
            ("round trip", _number(meter, "round_trip_ms", "ms", 1)),
            ("longest", _number(meter, "round_trip_max_ms", "ms", 1)),
        ),
        (
            ("lines", str(state.lines)),
            ("requests", _number(meter, "requests")),
            ("missed", _number(bus, "missed_slots")),
        ),
        (
            ("late", _number(meter, "late_replies")),
            ("timeouts", _number(meter, "timeouts")),
            ("wrong CRC", _number(meter, "checksum_errors")),
        ),
    ):
        grid.add_row(*_pairs(row))
    return grid


def _number(values: dict[str, float], name: str, unit: str = "", decimals: int = 0) -> str:
    return f"{values[name]:.{decimals}f} {unit}".rstrip() if name in values else "-"


def _add_pairs(grid: Table, count: int) -> None:
    """Columns for a label, its value and a gap, ``count`` times."""
    for _ in range(count):
        grid.add_column(no_wrap=True)
        grid.add_column(min_width=VALUE_COLUMNS, justify="right", no_wrap=True)
        grid.add_column(ratio=1)


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Text]:
    """The cells of such columns."""
    return [cell for label, value in pairs for cell in (Text(label, LABEL), Text(value, VALUE), Text())]


def _foot(state: State) -> Table:
    """The log's last line if there is one, else what is looked at; and the clock."""
    meter = state.meter
    what = Text(f"{meter.model.title} on {state.port}, {meter.settings}", LABEL)
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(Text(state.complaint, TROUBLE) if state.complaint else what, _clock(state))
    return grid


def _clock(state: State) -> Text:
    if not state.second:
        return Text("waiting for the first reading", LABEL)
    text = Text(time.strftime("%H:%M:%S", time.localtime(state.second)), VALUE)
    if state.house_offset_s is not None:
        in_house = datetime.fromtimestamp(state.second + state.house_offset_s, UTC)
        text.append(f", in the house {in_house:%H:%M}", LABEL)
    return text
