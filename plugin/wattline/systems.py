"""What may hang on a port: a bus of meters that are asked, or a stick that speaks by itself.

The commands know what both can: be checked against the port, be a source for the loop, be read once, be shown. The rooms
of each are loaded where it is named, since a Pi need not keep both in its memory.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from wattline.errors import WordError
from wattline.loop import Source
from wattline.rainforest.models import is_stick
from wattline.reading import Point
from wattline.stop import Stop
from wattline.words import meters_of


class Shown(Protocol):
    """A quantity as people are shown it."""

    @property
    def field(self) -> str:
        """A name of ``fields.ELECTRICITY_FIELDS``."""

    @property
    def decimals(self) -> int:
        """Digits behind the point."""


class Table(Protocol):
    """What a model is for whoever shows its meters."""

    @property
    def title(self) -> str:
        """Maker and model."""

    @property
    def rows(self) -> Sequence[Shown]:
        """What it measures."""

    @property
    def phases(self) -> int:
        """1 or 3."""


class Metered(Protocol):
    """A meter for whoever shows it."""

    @property
    def name(self) -> str:
        """The user's name."""

    @property
    def model(self) -> Table:
        """Its model."""

    @property
    def settings(self) -> object:
        """The settings of its line, for people."""

    @property
    def interval_s(self) -> int:
        """Seconds from reading to reading; 0 for those of the port."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How ``wattline run`` is to read.

    Attributes:
        stop: ends every wait.
        interval_s: seconds from slot to slot.
        is_proven: whether nothing is tried beyond what is known to be answered.
        believes: whether the wall clock is right.
        record: the file that keeps all that a stick says.
    """

    stop: Stop
    interval_s: int
    is_proven: bool
    believes: Callable[[], bool]
    record: Path | None = None


class System(Protocol):
    """What hangs on a port."""

    @property
    def speaks_unasked(self) -> bool:
        """Whether it is a stick."""

    @property
    def meters(self) -> Sequence[Metered]:
        """The meters that the words named."""

    def check(self, port: str, interval_s: int = 1) -> None:
        """Refuse what cannot be, before the port is touched. Raises WordError."""

    def dues_s(self, interval_s: int) -> dict[str, int]:
        """The name of each meter to the seconds from one reading that is due to the next; 0 where none ever is."""

    def offsets_s(self, interval_s: int) -> dict[str, int]:
        """The name of each meter to the second of these at which it is due, counted from 1970 on; not there is 0."""

    def source(self, port: str, conditions: Conditions) -> Source:
        """It as a source of points, the port closed."""

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """One reading of each meter, and a complaint about those that said nothing. Raises PortError, Stopped."""


def system_of(arguments: argparse.Namespace) -> System:
    """What the words of a command line say that hangs on its port.

    Raises:
        WordError: a word is wrong, or both kinds are named.
    """
    sticks = [word for word in arguments.meters if is_stick(word)]
    if not sticks:
        return cast("System", import_module("wattline.bus.system").ModbusSystem(meters_of(arguments)))
    others = [word for word in arguments.meters if word not in sticks]
    if others:
        raise WordError(
            f"{sticks[0]!r} is a stick and {others[0]!r} a meter on RS485; each needs a port and a `wattline run` of its own."
        )
    meters = import_module("wattline.rainforest.words").parse_stick_meters(arguments.meters)
    return cast("System", import_module("wattline.rainforest.system").StickSystem(meters))
