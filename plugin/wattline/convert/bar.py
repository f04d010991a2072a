"""How far a conversion is, as a bar on a terminal, drawn with rich."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from wattline.convert.progress import millions

EVERY_S = 0.2


class Bar:
    """A bar with the time left on stderr; what is said is printed above it. A context manager.

    Args:
        console: where to draw; stderr unless given.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description:22}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            auto_refresh=False,
            transient=True,
            # Standard output is where the lines go.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task("", total=None)
        self._drawn_s = float("-inf")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def at(self, done_bytes: int, total_bytes: int, lines: int) -> None:
        """Move the bar, five times a second at most."""
        if time.monotonic() - self._drawn_s < EVERY_S:
            return
        self._drawn_s = time.monotonic()
        self._progress.update(
            self._task, description=millions(lines), completed=done_bytes, total=total_bytes or None, refresh=True
        )

    def say(self, sentence: str) -> None:
        """Print something above the bar."""
        self._progress.console.print(sentence, highlight=False, markup=False)
