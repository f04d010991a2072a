"""The live view, drawn with rich on one screen, from 80 x 24 on."""

import time
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from wattline.watch import several, single
from wattline.watch.cells import LABEL, TROUBLE, clock_of, complaint_of, foot
from wattline.watch.look import Look
from wattline.watch.state import State

WIDEST_SINGLE, WIDEST_SEVERAL = 120, 100
# The frame and its padding.
FRAME_COLUMNS = 6
# Between what is looked at and the clock.
GAP_COLUMNS = 2


def show(moments: Iterator[Sequence[str]], state: State, look: Look) -> None:
    """Draw what is known at each of ``moments``, with the lines that came until then; leave a sentence behind."""
    console = Console()
    began_s = time.monotonic()

    def drawn() -> RenderableType:
        return picture(state, look, console.width, console.height)

    with Live(drawn(), console=console, screen=True, auto_refresh=False) as live:
        for lines in moments:
            for line in lines:
                state.take(line)
            # Also when no line came: a complaint may have, and what was read grows old.
            state.look_at(int(time.time()))
            live.update(drawn(), refresh=True)
    took_s = time.monotonic() - began_s
    counted = f"{state.lines} lines came from `wattline run` in {took_s:.0f} s."
    console.print(f"{counted} {look.farewell}".rstrip(), highlight=False)


def picture(state: State, look: Look, columns: int, lines: int) -> RenderableType:
    """The whole screen, ``columns`` wide and ``lines`` high at the most."""
    is_single = len(state.meters) == 1
    width = min(columns, WIDEST_SINGLE if is_single else max(several.narrowest(state) + FRAME_COLUMNS, WIDEST_SEVERAL))
    parts: list[RenderableType] = []
    if not is_single:
        parts += several.parts(state, width - FRAME_COLUMNS, lines)
    elif columns >= single.LEAST_COLUMNS and lines >= single.least_lines(state.meters[0]):
        parts += single.parts(state, width - FRAME_COLUMNS, lines, look.names)
    if not parts:
        return Text(_too_small(state, columns, lines), TROUBLE)
    clock = clock_of(state)
    if state.second and not state.is_old:
        clock.append(look.clock(state.second), LABEL)
    body = [piece for part in parts for piece in (Text(), part)]
    return Panel(
        Group(*body, complaint_of(state), foot(_what(state, width - FRAME_COLUMNS - GAP_COLUMNS - len(clock)), clock)),
        title=f"[bold]wattline[/] · {look.title}",
        title_align="left",
        border_style=LABEL,
        padding=(0, 2),
        width=width,
    )


def _what(state: State, columns: int) -> str:
    """What is looked at, in so many ``columns``: the settings go first, then the folder of the port, and at last the port."""
    short = f"…/{state.port.rpartition('/')[2]}"
    if len(state.meters) > 1:
        subject, settings = f"{len(state.meters)} meters", ""
    else:
        meter = state.meters[0].meter
        subject, settings = meter.model.title, "" if state.is_stick else f", {meter.settings}"
    forms = (f"{subject} on {state.port}{settings}", f"{subject} on {state.port}", f"{subject} on {short}", subject)
    return next((form for form in forms if len(form) <= columns), forms[-1])


def _too_small(state: State, columns: int, lines: int) -> str:
    said = f"This window of {columns} x {lines} is too small; it takes "
    if len(state.meters) == 1:
        return f"{said}{single.LEAST_COLUMNS} x {single.least_lines(state.meters[0])}."
    wanted_columns, wanted_lines = several.least_window(state)
    return f"{said}{wanted_columns + FRAME_COLUMNS} x {wanted_lines}, or fewer meters at a time."
