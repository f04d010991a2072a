"""How far an export is, as a bar on a terminal."""

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from wattline.bar import LiveBar
from wattline.convert.tally import grouped


class Bar(LiveBar):
    """A bar with the time left.

    Args:
        console: where to draw; stderr unless given.
    """

    def __init__(self, console: Console | None = None) -> None:
        columns = (TextColumn("{task.description:>17}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        super().__init__(*columns, console=console)

    def at(self, done_s: int, total_s: int, rows: int) -> None:
        """Move the bar, if it is due."""
        if self.is_due():
            self.move(description=f"{grouped(rows)} rows", completed=done_s, total=total_s)
