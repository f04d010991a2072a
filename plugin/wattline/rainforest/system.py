"""Meters behind a stick as what hangs on a port.

What talks to the port is loaded when it is talked to: to check words, as the playbook does on a controller, needs Python
alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattline.errors import WordError
from wattline.ports import AUTO, check_port
from wattline.rainforest.models import StickMeter
from wattline.reading import Point
from wattline.stop import Stop
from wattline.systems import Conditions

if TYPE_CHECKING:
    from wattline.rainforest.stick import Stick


@dataclass(frozen=True, slots=True)
class StickSystem:
    """Meters behind a stick."""

    meters: Sequence[StickMeter]
    speaks_unasked: bool = True

    def check(self, port: str, interval_s: int = 1) -> None:  # noqa: ARG002 (a stick speaks when it wants to)
        """Refuse what cannot be.

        Raises:
            WordError: the sentence says what.
        """
        if port.startswith("modbus-tcp://"):
            raise WordError(f"The port {port!r} speaks Modbus, and a stick does not; give socket://HOST:PORT.")
        if port != AUTO:
            check_port(port)

    def dues_s(self, interval_s: int) -> dict[str, int]:  # noqa: ARG002 (a stick speaks when it wants to)
        """The name of each meter to 0: nothing is due."""
        return {meter.name: 0 for meter in self.meters}

    def offsets_s(self, interval_s: int) -> dict[str, int]:  # noqa: ARG002 (likewise)
        """None: nothing is due."""
        return {}

    def source(self, port: str, conditions: Conditions) -> "Stick":
        """The stick.

        Raises:
            OutputError: the file of its recording cannot be written.
        """
        from wattline.rainforest.port import StickPort  # noqa: PLC0415 - needs pyserial
        from wattline.rainforest.record import Recorder  # noqa: PLC0415 - goes with the two beside it
        from wattline.rainforest.stick import Stick  # noqa: PLC0415 - needs pyserial

        recorder = Recorder(conditions.record) if conditions.record else None
        stick_port = StickPort(port, self.meters[0].model)
        return Stick(stick_port, self.meters, conditions.believes, recorder=recorder)

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """What the stick says in the time that a person waits, and a complaint about the meters of which it said nothing."""
        from wattline.rainforest.by_hand import read_stick  # noqa: PLC0415 - needs pyserial

        return read_stick(self.meters, port, stop)
