"""One meter on the whole screen: its power large and as a chart, its lines, its counters, its health."""

import re
from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from wattline.fields import LINES
from wattline.watch.cells import LABEL, add_pairs, bar_lines, number, pairs, power_style, price_of, value_style
from wattline.watch.chart import large, round_top
from wattline.watch.state import MeterState, State

LEAST_COLUMNS, LEAST_CHART_LINES, MOST_CHART_LINES = 80, 3, 16
# What stands around the chart: the frame, the power, the axis, the health, the foot, and the empty lines between.
OTHER_LINES = 15
# The scale beside the chart.
SCALE_COLUMNS = 8
DIGITS_COLUMNS, UNIT_COLUMNS = 19, 7
SCALE_LEAST_W = 500.0
TICK = 20
PAIRS = 3

_TARIFF = re.compile(r"energy_(total|import|export)_(t[1-4])_kwh")
_ENERGIES = {"energy_total_kwh": "energy", "energy_import_kwh": "import", "energy_export_kwh": "export"}
_OF_A_LINE = ("voltage_{}_v", "current_{}_a", "power_{}_w", "power_factor_{}")


def least_lines(meter: MeterState) -> int:
    """The lines that a window needs at least: those of the tariffs, which come once they have counted, may be left out."""
    return OTHER_LINES + LEAST_CHART_LINES + 1 + _line_lines(meter)


def parts(state: State, columns: int, lines: int, names: Mapping[str, str]) -> list[Table | Text]:
    """What is shown of the only meter, from above.

    Args:
        state: what is known.
        columns: of the window, within its frame.
        lines: of the window, with its frame.
        names: field to what it is called where its usual name says too little.
    """
    (meter,) = state.meters
    free = 1 + lines - least_lines(meter)
    counters = list(_counters(meter, names))[: PAIRS * free]
    chart_lines = min(LEAST_CHART_LINES + free - -(-len(counters) // PAIRS), MOST_CHART_LINES)
    shown: list[Table | Text] = [_now(meter), _chart(state, meter, columns - SCALE_COLUMNS, chart_lines)]
    if meter.is_three_phase:
        shown.append(_lines(meter))
    return [*shown, _counts(state, meter, counters)]


def _now(meter: MeterState) -> Table:
    """The power, large, and beside it what belongs to it."""
    style = power_style(meter)
    power, _, unit = meter.power_text.partition(" ")
    digits = large(power.split(".")[0])
    grid = Table.grid(expand=True)
    width = max(DIGITS_COLUMNS, len(digits[0]))
    # Not justified by rich, which would move each line of a digit by the blanks at its end.
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(width=UNIT_COLUMNS)
    add_pairs(grid, 2)
    sides = (
        (("voltage", "voltage_v"), ("apparent", "apparent_power_va")),
        (("current", "current_a"), ("reactive", "reactive_power_var")),
        (("frequency", "frequency_hz"), ("factor", "power_factor")),
    )
    for line, mark, side in zip(digits, ("", "", unit), sides, strict=True):
        named = ((label if meter.has(field) else "", meter.text(field)) for label, field in side)
        shown = pairs(named, value_style(meter))
        grid.add_row(Text(line.rjust(width), style), Text(f" {mark}", style), *shown)
    return grid


def _chart(state: State, meter: MeterState, columns: int, lines: int) -> Text:
    """The power of the last slots, one column each; a slot that was not read is a gap."""
    values = meter.recent_w(columns, state.round_s)
    top = round_top(max((abs(value) for value in values if value is not None), default=0.0), SCALE_LEAST_W)
    scale = {0: _watts(top), lines // 2: _watts(top / 2)}
    text = Text(no_wrap=True)
    for row, bar in enumerate(bar_lines(values, top, lines)):
        text.append(f"{scale.get(row, ''):>{SCALE_COLUMNS - 2}} │", LABEL)
        text.append_text(bar)
        text.append("\n")
    slot_s = max(meter.interval_s, state.round_s)
    text.append(f"{'0 W':>{SCALE_COLUMNS - 2}} └{_time_axis(columns, slot_s)}", LABEL)
    return text


def _time_axis(columns: int, slot_s: int) -> str:
    """Seconds before now, each mark ending below its column."""
    axis = ["─"] * columns
    for ago in range(0, columns, TICK):
        mark = f" {-ago * slot_s} s" if ago else " now"
        end = columns - ago
        if end >= len(mark):
            axis[end - len(mark) : end] = mark
    return "".join(axis)


def _watts(power_w: float) -> str:
    return f"{power_w / 1000:g} kW" if power_w >= 1000 else f"{power_w:g} W"


# The lines of a three-phase meter.


def _line_lines(meter: MeterState) -> int:
    return len(LINES) + 1 if meter.is_three_phase else 0


def _lines(meter: MeterState) -> Table:
    """What it says of each line."""
    grid = Table.grid(expand=True)
    grid.add_column(width=4)
    for _ in _OF_A_LINE:
        grid.add_column(justify="right", ratio=1, no_wrap=True)
    for line in LINES:
        texts = [meter.text(name.format(line)) for name in _OF_A_LINE]
        texts[-1] = f"PF {texts[-1]}" if texts[-1] else ""
        grid.add_row(Text(line.upper(), LABEL), *(Text(text, value_style(meter)) for text in texts))
    return grid


# Counters and health.


def _counters(meter: MeterState, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The energies, and behind them of the tariffs those that ever counted."""
    fields = [row.field for row in meter.meter.model.rows]
    for field in fields:
        if field in _ENERGIES:
            yield names.get(field, _ENERGIES[field]), meter.text(field)
    for field in fields:
        if (tariff := _TARIFF.fullmatch(field)) and meter.values.get(field):
            yield names.get(field, f"{tariff[1]} {tariff[2]}"), meter.text(field)


def _counts(state: State, meter: MeterState, counters: Sequence[tuple[str, str]]) -> Table:
    """The meter's counters, and how the bus and the conversation are doing."""
    grid = Table.grid(expand=True)
    add_pairs(grid, PAIRS)
    for start in range(0, len(counters), PAIRS):
        grid.add_row(*pairs(counters[start : start + PAIRS], value_style(meter)))
    health = _of_stick(state, meter) if meter.is_behind_stick else _of_bus(state, meter)
    for row in ((), *health):
        grid.add_row(*pairs(row))
    return grid


def _of_bus(state: State, meter: MeterState) -> tuple[tuple[tuple[str, str], ...], ...]:
    bus, health = state.bus_health, meter.health
    return (
        (
            ("bus busy", number(bus, "busy_percent", "%", 1)),
            ("round trip", number(health, "round_trip_ms", "ms", 1)),
            ("longest", number(health, "round_trip_max_ms", "ms", 1)),
        ),
        (
            ("lines", str(state.lines)),
            ("requests", number(health, "requests")),
            ("missed", number(bus, "missed_slots")),
        ),
        (
            ("late", number(health, "late_replies")),
            ("timeouts", number(health, "timeouts")),
            ("wrong CRC", number(health, "checksum_errors")),
        ),
    )


def _of_stick(state: State, meter: MeterState) -> tuple[tuple[tuple[str, str], ...], ...]:
    stick = state.bus_health
    return (
        (
            ("radio link", number(meter.health, "link_percent", "%")),
            ("silence", number(stick, "silence_s", "s")),
            ("price", price_of(meter)),
        ),
        (
            ("lines", str(state.lines)),
            ("fragments", number(stick, "fragments")),
            ("torn", number(stick, "dropped_fragments")),
        ),
        (
            ("stale", number(stick, "stale_fragments")),
            ("unanswered", number(stick, "unanswered")),
            ("reopened", number(stick, "reopenings")),
        ),
    )
