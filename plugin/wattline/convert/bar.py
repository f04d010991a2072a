"""How far a conversion is, as a bar on a terminal."""

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from wattline.bar import LiveBar
from wattline.convert.progress import millions


class Bar(LiveBar):
    """A bar with the time left.

    Args:
        console: where to draw; stderr unless given.
    """

    def __init__(self, console: Console | None = None) -> None:
        columns = (TextColumn("{task.description:22}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        super().__init__(*columns, console=console)

    def at(self, done_bytes: int, total_bytes: int, lines: int) -> None:
        """Move the bar, if it is due."""
        if self.is_due():
            self.move(description=millions(lines), completed=done_bytes, total=total_bytes or None)
