"""Who is told how far something has come: a bar on a terminal, else nobody, since a timer's journal wants the end alone."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wattline.bar import LiveBar


class Watcher(Protocol):
    """Is told how far something has come."""

    def move(self, what: str, done: int, total: int) -> None:
        """``what`` is at ``done`` of ``total``."""

    def say(self, sentence: str) -> None:
        """Something that is worth a line."""


class Quiet:
    """Says what is worth a line, on standard error, and draws nothing."""

    def move(self, what: str, done: int, total: int) -> None:
        """Not told."""

    def say(self, sentence: str) -> None:
        """Print a line."""
        print(sentence, file=sys.stderr, flush=True)


def watcher() -> AbstractContextManager[Watcher]:
    """A bar where standard error is a terminal and rich is installed."""
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return _bar() if is_terminal and _has_rich() else nullcontext(Quiet())


def _has_rich() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415 - costs the hourly run 2 ms

    return find_spec("rich") is not None


@contextmanager
def _bar() -> Iterator[Watcher]:
    # Drawn with rich, which only the extra `tui` brings.
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - a timer draws none

    from wattline.bar import LiveBar  # noqa: PLC0415 - likewise

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with LiveBar(*columns) as bar:
        yield _OnBar(bar)


class _OnBar:
    def __init__(self, bar: "LiveBar") -> None:
        self._bar = bar
        self._what = ""

    def move(self, what: str, done: int, total: int) -> None:
        """Draw, five times a second at most."""
        if what != self._what or done == total or self._bar.is_due():
            self._what = what
            self._bar.move(description=what, completed=done, total=total)

    def say(self, sentence: str) -> None:
        """Print it above the bar."""
        self._bar.say(sentence)
