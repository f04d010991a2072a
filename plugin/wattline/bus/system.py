"""Meters on a bus as what hangs on a port.

What talks to the port is loaded when it is talked to: to check words, as the playbook does on a controller, needs Python
alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattline.bus.attendance import due_s, offsets_s
from wattline.errors import WordError
from wattline.ports import AUTO, check_port
from wattline.reading import Point
from wattline.stop import Stop
from wattline.systems import Conditions
from wattline.words import Meter, check_addresses, check_intervals

if TYPE_CHECKING:
    from wattline.bus.bus import Bus


@dataclass(frozen=True, slots=True)
class ModbusSystem:
    """Meters on a bus."""

    meters: Sequence[Meter]
    speaks_unasked: bool = False

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

    def dues_s(self, interval_s: int) -> dict[str, int]:
        """The name of each meter to the seconds from one reading that is due to the next."""
        return {meter.name: due_s(meter, interval_s) for meter in self.meters}

    def offsets_s(self, interval_s: int) -> dict[str, int]:
        """The name of each meter to the second of these at which it is due, counted from 1970 on."""
        return offsets_s(self.meters, interval_s)

    def source(self, port: str, conditions: Conditions) -> "Bus":
        """The bus."""
        from wattline.bus.bus import Bus  # noqa: PLC0415 - needs minimalmodbus
        from wattline.bus.learning import Trying  # noqa: PLC0415 - needs minimalmodbus
        from wattline.bus.port import Port  # noqa: PLC0415 - needs pyserial

        trying = Trying.NOTHING if conditions.is_proven else Trying.ALL
        return Bus(Port(port, conditions.stop), self.meters, conditions.interval_s, trying=trying)

    def read(self, port: str, stop: Stop) -> tuple[list[Point], str]:
        """One reading of each meter, and a complaint about those that said nothing."""
        from wattline.bus.once import read_meters  # noqa: PLC0415 - needs minimalmodbus

        return read_meters(self.meters, port, stop)
