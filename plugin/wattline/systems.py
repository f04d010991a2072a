"""What may hang on a port: a bus of meters that are asked, or a stick that speaks by itself.

The commands know what both can: be checked against the port, be a source for the loop, be read once, be shown.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wattline.bus.bus import Bus
from wattline.bus.learning import Trying
from wattline.bus.once import read_meters
from wattline.bus.port import Port
from wattline.errors import WordError
from wattline.loop import Source
from wattline.ports import check_port
from wattline.rainforest.by_hand import read_stick
from wattline.rainforest.find import AUTO
from wattline.rainforest.models import StickMeter, is_stick
from wattline.rainforest.port import StickPort
from wattline.rainforest.record import Recorder
from wattline.rainforest.stick import Stick
from wattline.rainforest.words import parse_stick_meters
from wattline.reading import Point
from wattline.stop import Stop
from wattline.words import Meter, check_addresses, check_intervals, meters_of


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
        recorder: keeps all that a stick says.
    """

    stop: Stop
    interval_s: int
    is_proven: bool
    believes: Callable[[], bool]
    recorder: Recorder | None = None


class System(Protocol):
    """What hangs on a port."""

    @property
    def meters(self) -> Sequence[Metered]:
        """The meters that the words named."""

    def check(self, port: str, interval_s: int = 1) -> None:
        """Refuse what cannot be, before the port is touched. Raises WordError."""

    def source(self, port: str, conditions: Conditions) -> Source:
        """It as a source of points, the port closed."""

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """One reading of each meter, and a complaint about those that said nothing. Raises PortError, Stopped."""


@dataclass(frozen=True, slots=True)
class ModbusSystem:
    """Meters on a bus."""

    meters: Sequence[Meter]

    def check(self, port: str, interval_s: int = 1) -> None:
        """Refuse what cannot be.

        Raises:
            WordError: the sentence says what.
        """
        if port == AUTO:
            raise WordError(
                "The port 'auto' finds a Rainforest stick alone; for meters on RS485 give the adapter's name."
            )
        check_intervals(self.meters, interval_s)
        check_port(port)
        check_addresses(self.meters, port)

    def source(self, port: str, conditions: Conditions) -> Source:
        """The bus."""
        trying = Trying.NOTHING if conditions.is_proven else Trying.ALL
        return Bus(Port(port, conditions.stop), self.meters, conditions.interval_s, trying=trying)

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """One reading of each meter, and a complaint about those that said nothing."""
        return read_meters(self.meters, port, stop)


@dataclass(frozen=True, slots=True)
class StickSystem:
    """Meters behind a stick."""

    meters: Sequence[StickMeter]

    def check(self, port: str, interval_s: int = 1) -> None:  # noqa: ARG002 (a stick speaks when it wants to)
        """Refuse what cannot be.

        Raises:
            WordError: the sentence says what.
        """
        if port.startswith("modbus-tcp://"):
            raise WordError(f"The port {port!r} speaks Modbus, and a stick does not; give socket://HOST:PORT.")
        if port != AUTO:
            check_port(port)

    def source(self, port: str, conditions: Conditions) -> Source:
        """The stick."""
        stick_port = StickPort(port, self.meters[0].model)
        return Stick(stick_port, self.meters, conditions.believes, recorder=conditions.recorder)

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """What the stick says in the time that a person waits, and a complaint about the meters of which it said nothing."""
        return read_stick(self.meters, port, stop)


def system_of(arguments: argparse.Namespace) -> System:
    """What the words of a command line say that hangs on its port.

    Raises:
        WordError: a word is wrong, or both kinds are named.
    """
    sticks = [word for word in arguments.meters if is_stick(word)]
    if not sticks:
        return ModbusSystem(meters_of(arguments))
    others = [word for word in arguments.meters if word not in sticks]
    if others:
        raise WordError(
            f"{sticks[0]!r} is a stick and {others[0]!r} a meter on RS485; each needs a port and a `wattline run` of its own."
        )
    return StickSystem(parse_stick_meters(arguments.meters))
