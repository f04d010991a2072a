"""How the search goes, as a bar on a terminal."""

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn

from wattline.bar import LiveBar
from wattline.bus.settings import LineSettings
from wattline.scan.order import Step
from wattline.scan.progress import doubled_line, found_line, place_of, time_left
from wattline.scan.search import Found


class Bar(LiveBar):
    """A bar with the time left; what is found is printed above it.

    Args:
        has_settings: whether the line settings are ours to choose.
        console: where to draw; stderr unless given.
    """

    def __init__(self, *, has_settings: bool, console: Console | None = None) -> None:
        self._has_settings = has_settings
        left = TextColumn("{task.fields[left]} left, Ctrl-C ends it")
        columns = (TextColumn("{task.description:28}"), BarColumn(), TaskProgressColumn(), left)
        super().__init__(*columns, console=console, left="")

    def at(self, step: Step, done_s: float, total_s: float) -> None:
        """Move the bar, if it is due."""
        if self.is_due():
            place = place_of(step, has_settings=self._has_settings)
            self.move(description=place, completed=done_s, total=total_s, left=time_left(total_s - done_s))

    def asking(self, settings: LineSettings, address: int) -> None:
        """Say beside the bar that somebody is asked what it is, if that is due."""
        if self.is_due():
            place = f"{settings}, address" if self._has_settings else "address"
            self.move(description=f"{place} {address} answers")

    def found(self, found: Found) -> None:
        """Print who was found."""
        self.say(found_line(found, has_settings=self._has_settings))

    def doubled(self, settings: LineSettings, address: int) -> None:
        """Print where two meters seem to be."""
        self.say(doubled_line(settings, address, has_settings=self._has_settings))
