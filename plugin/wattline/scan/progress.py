"""How the search goes, as plain lines."""

import time
from collections.abc import Callable

from wattline.bus.settings import LineSettings
from wattline.scan.order import NEAR, Step
from wattline.scan.search import Found

# So often a line says where the search is, where nothing can be drawn.
EVERY_S = 10.0


def found_line(found: Found, *, has_settings: bool) -> str:
    """What was found, in a sentence."""
    place = f"Address {found.address}" + (f" at {found.settings}" if has_settings else "")
    if not found.best:
        what = "too much is garbled to tell what" if found.is_given_up else "no model fits"
        return f"{place}: something answers, but {what}."
    others = "".join(f" or {each.model.name}" for each in found.others)
    return f"{place}: {found.best.model.title} ({found.best.model.name}{others})."


def doubled_line(settings: LineSettings, address: int, *, has_settings: bool) -> str:
    """That two meters seem to have one address, in a sentence."""
    place = f"Address {address}" + (f" at {settings}" if has_settings else "")
    return f"{place}: garbled bytes come from there alone, as from two meters at once."


def asking_line(settings: LineSettings, address: int, *, has_settings: bool) -> str:
    """That somebody is being asked what it is, in a sentence."""
    place = f"Address {address}" + (f" at {settings}" if has_settings else "")
    return f"{place} answers, and is still asked what it is."


def time_left(seconds: float) -> str:
    """Seconds for people."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def place_of(step: Step, *, has_settings: bool) -> str:
    """Where the search is."""
    return (f"{step.settings}, " if has_settings else "") + f"address {step.address}"


class Lines:
    """Tells how the search goes in lines.

    Args:
        say: takes a line.
        has_settings: whether the line settings are ours to choose.
        monotonic: seconds of a clock that never steps.
    """

    def __init__(
        self, say: Callable[[str], None], *, has_settings: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._has_settings = has_settings
        self._monotonic = monotonic
        self._said_s = float("-inf")
        self._is_told_end = self._is_told_far = False

    def at(self, step: Step, done_s: float, total_s: float) -> None:
        """Say where the search is, now and then."""
        if not self._is_told_end:
            self._is_told_end = True
            self._say("Ctrl-C ends the search and prints what it has found, with the line for Telegraf.")
        if step.address > NEAR and not self._is_told_far:
            self._is_told_far = True
            self._say(f"Addresses 1 to {NEAR} are done, where meters usually are; the others follow.")
        if self._is_due():
            place = place_of(step, has_settings=self._has_settings)
            self._say(f"Searching: {place}; about {time_left(total_s - done_s)} left.")

    def asking(self, settings: LineSettings, address: int) -> None:
        """Say now and then that somebody is still asked what it is."""
        if self._is_due():
            self._say(asking_line(settings, address, has_settings=self._has_settings))

    def found(self, found: Found) -> None:
        """Say who was found."""
        self._say(found_line(found, has_settings=self._has_settings))

    def doubled(self, settings: LineSettings, address: int) -> None:
        """Say where two meters seem to be."""
        self._say(doubled_line(settings, address, has_settings=self._has_settings))

    def _is_due(self) -> bool:
        """Whether the last line that said where the search is was long enough ago."""
        if self._monotonic() - self._said_s < EVERY_S:
            return False
        self._said_s = self._monotonic()
        return True
