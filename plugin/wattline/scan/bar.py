"""How the search goes, as a bar on a terminal, drawn with rich."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from wattline.bus.settings import LineSettings
from wattline.scan.order import Step
from wattline.scan.progress import doubled_line, found_line, place_of, time_left
from wattline.scan.search import Found

EVERY_S = 0.2


class Bar:
    """A bar with the time left on stderr; what is found is printed above it. A context manager.

    Args:
        has_settings: whether the line settings are ours to choose.
        console: where to draw; stderr unless given.
    """

    def __init__(self, *, has_settings: bool, console: Console | None = None) -> None:
        self._has_settings = has_settings
        self._progress = Progress(
            TextColumn("{task.description:28}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]} left, Ctrl-C ends it"),
            console=console or Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, left="")
        self._drawn_s = float("-inf")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def at(self, step: Step, done_s: float, total_s: float) -> None:
        """Move the bar, five times a second at most."""
        if time.monotonic() - self._drawn_s < EVERY_S:
            return
        self._drawn_s = time.monotonic()
        self._progress.update(
            self._task,
            description=place_of(step, has_settings=self._has_settings),
            completed=done_s,
            total=total_s,
            left=time_left(total_s - done_s),
            refresh=True,
        )

    def found(self, found: Found) -> None:
        """Print who was found."""
        self._progress.console.print(found_line(found, has_settings=self._has_settings), highlight=False)

    def doubled(self, settings: LineSettings, address: int) -> None:
        """Print where two meters seem to be."""
        line = doubled_line(settings, address, has_settings=self._has_settings)
        self._progress.console.print(line, highlight=False)
