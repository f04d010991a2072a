"""A bar on a terminal, drawn with rich, for what takes minutes."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn

EVERY_S = 0.2


class LiveBar:
    """A bar on stderr; what is said is printed above it. A context manager.

    Args:
        columns: what it shows.
        console: where to draw; stderr unless given.
        fields: what the columns show besides, before anything was done.
    """

    def __init__(self, *columns: ProgressColumn, console: Console | None = None, **fields: Any) -> None:
        self._progress = Progress(
            *columns,
            console=console or Console(stderr=True),
            auto_refresh=False,
            transient=True,
            # Standard output is for the result, and may be a file.
            redirect_stdout=False,
        )
        self._task = self._progress.add_task("", total=None, **fields)
        self._drawn_s = float("-inf")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def is_due(self) -> bool:
        """Whether it is time to move the bar: five times a second at most."""
        if time.monotonic() - self._drawn_s < EVERY_S:
            return False
        self._drawn_s = time.monotonic()
        return True

    def move(self, **how: Any) -> None:
        """Draw the bar anew."""
        self._progress.update(self._task, refresh=True, **how)

    def say(self, sentence: str) -> None:
        """Print something above the bar."""
        self._progress.console.print(sentence, highlight=False, markup=False)
