"""Several meters side by side: a column for each, as many beside each other as the window is wide, the others below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from wattline.fields import LINES
from wattline.watch.cells import LABEL, TROUBLE, VALUE, bar_lines, number, power_style, price_of, time_of, value_style
from wattline.watch.chart import round_top
from wattline.watch.state import MeterState, State

LABEL_COLUMNS, GAP_COLUMNS = 12, 2
ONE_PHASE_COLUMNS, THREE_PHASE_COLUMNS = 16, 26
SPARK_LINES = 2
SPARK_LEAST_W = 100.0
# The frame, the bus, the foot, and the empty lines between.
OTHER_LINES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        label: what stands before it.
        cell: what it shows of a meter.
        lines: its height.
        importance: rows of the least are left out first where the window is low; 0 is never left out.
    """

    label: str
    cell: Callable[[MeterState], Text]
    lines: int = 1
    importance: int = 0


def parts(state: State, columns: int, lines: int) -> list[Table | Text]:
    """What is shown of the meters, from above; nothing when the window is too small.

    Args:
        state: what is known.
        columns: of the window, within its frame.
        lines: of the window, with its frame.
    """
    beside = _beside(state, columns)
    bands = [state.meters[start : start + beside] for start in range(0, len(state.meters), beside or 1)]
    # What is left of the window makes the charts longer.
    width = (columns - LABEL_COLUMNS) // (beside or 1) - GAP_COLUMNS
    rows = _rows(state, width)
    while _needed(rows, bands) > lines and any(row.importance for row in rows):
        least = max(row.importance for row in rows)
        rows = [row for row in rows if row.importance < least]
    if not beside or _needed(rows, bands) > lines:
        return []
    return [*(_table(rows, band, width) for band in bands), _bus(state)]


def least_window(state: State) -> tuple[int, int]:
    """Columns, within the frame, and lines, with it, of a window that would do."""
    rows = [row for row in _rows(state, _width(state)) if not row.importance]
    return narrowest(state), _needed(rows, [state.meters])


def narrowest(state: State) -> int:
    """Columns that the meters need to stand beside each other, all of them."""
    return LABEL_COLUMNS + len(state.meters) * (GAP_COLUMNS + _width(state))


def _width(state: State) -> int:
    """Columns that each meter needs."""
    return THREE_PHASE_COLUMNS if any(meter.is_three_phase for meter in state.meters) else ONE_PHASE_COLUMNS


def _beside(state: State, columns: int) -> int:
    return min((columns - LABEL_COLUMNS) // (GAP_COLUMNS + _width(state)), len(state.meters))


def _needed(rows: Sequence[Row], bands: Sequence[Sequence[MeterState]]) -> int:
    # Each band has the meters' names above it and an empty line before it.
    return OTHER_LINES + len(bands) * (2 + sum(row.lines for row in rows))


def _rows(state: State, columns: int) -> list[Row]:
    """The rows that at least one of the meters has something for, the charts of so many ``columns``."""

    def spark(meter: MeterState) -> Text:
        return _spark(meter, state.round_s, columns)

    rows = [Row("power", _power), Row("", spark, SPARK_LINES)]
    for label, form, importance in (
        ("", "power{}_w", 2),
        ("voltage", "voltage{}_v", 0),
        ("current", "current{}_a", 0),
        ("factor", "power_factor{}", 4),
        ("frequency", "frequency{}_hz", 5),
    ):
        if label and any(meter.has(form.format("")) for meter in state.meters):
            rows.append(Row(label, _value(form.format("")), importance=importance))
        if any(meter.has(form.format("_l2")) for meter in state.meters):
            rows.append(Row("L1 L2 L3", _of_lines(form), importance=importance or 3))
    rows += [
        Row(label, _value(field), importance=importance)
        for label, field, importance in (
            ("energy", "energy_total_kwh", 0),
            ("import", "energy_import_kwh", 0),
            ("export", "energy_export_kwh", 0),
        )
        if any(meter.has(field) for meter in state.meters)
    ]
    if state.is_stick:
        return [
            *rows,
            Row("radio link", _health("link_percent", "%")),
            Row("price", lambda meter: Text(price_of(meter), VALUE)),
        ]
    return [
        *rows,
        Row("round trip", _health("round_trip_ms", "ms", 1), importance=6),
        Row("timeouts", _health("timeouts")),
        Row("wrong CRC", _health("checksum_errors"), importance=7),
        Row("late", _health("late_replies"), importance=8),
    ]


def _table(rows: Sequence[Row], meters: Sequence[MeterState], width: int) -> Table:
    grid = Table.grid(padding=(0, GAP_COLUMNS, 0, 0))
    grid.add_column(width=LABEL_COLUMNS - GAP_COLUMNS, no_wrap=True)
    for _ in meters:
        grid.add_column(width=width, justify="right", no_wrap=True, overflow="ellipsis")
    grid.add_row(Text(), *(Text(meter.meter.name, "bold underline") for meter in meters))
    for row in rows:
        grid.add_row(Text(row.label, LABEL), *(row.cell(meter) for meter in meters))
    return grid


def _bus(state: State) -> Text:
    """How the bus is doing, in one line."""
    bus = state.bus_health
    shown = (
        (("silence", number(bus, "silence_s", "s")), ("fragments", number(bus, "fragments")))
        if state.is_stick
        else (
            ("bus busy", number(bus, "busy_percent", "%", 1)),
            ("missed slots", number(bus, "missed_slots")),
            ("each meter every", number(bus, "round_s", "s")),
        )
    )
    text = Text(no_wrap=True, overflow="ellipsis")
    for label, value in (*shown, ("lines", str(state.lines))):
        text.append(f"{label} ", LABEL).append(f"{value}   ", VALUE)
    return text


# Cells.


def _power(meter: MeterState) -> Text:
    if meter.is_old:
        return Text(f"- since {time_of(meter.second)}", TROUBLE)
    return Text(meter.power_text, power_style(meter))


def _spark(meter: MeterState, slot_s: int, columns: int) -> Text:
    values = meter.recent_w(columns, slot_s)
    top = round_top(max((abs(value) for value in values if value is not None), default=0.0), SPARK_LEAST_W)
    return Text("\n").join(bar_lines(values, top, SPARK_LINES))


def _value(field: str) -> Callable[[MeterState], Text]:
    return lambda meter: Text(meter.text(field), value_style(meter))


def _of_lines(form: str) -> Callable[[MeterState], Text]:
    """The values of the three lines, with their unit once."""

    def cell(meter: MeterState) -> Text:
        texts = [meter.text(form.format(f"_{line}")) for line in LINES]
        if not all(texts):
            return Text()
        numbers, units = zip(*(text.partition(" ")[::2] for text in texts), strict=True)
        return Text(f"{' '.join(numbers)} {units[0]}".rstrip(), value_style(meter))

    return cell


def _health(name: str, unit: str = "", decimals: int = 0) -> Callable[[MeterState], Text]:
    return lambda meter: Text(number(meter.health, name, unit, decimals), VALUE)
