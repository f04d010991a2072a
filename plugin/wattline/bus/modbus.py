"""One read of registers through minimalmodbus, with a class of its own for each way in which it can fail."""

from collections import defaultdict
from typing import TYPE_CHECKING, cast

import minimalmodbus

from wattline.bus import frames
from wattline.bus.port import Port
from wattline.bus.suspicion import Suspicion
from wattline.errors import ChecksumError, NoReplyError, ReadError, RefusedError, ShortReplyError, WrongReplyError

if TYPE_CHECKING:
    import serial

# A line of the log has 1 KiB.
SHOWN_BYTES = 255


class Modbus:
    """Asks meters for registers, one request at a time.

    Args:
        port: the port; it is opened by whoever sets its line settings.
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        self._suspicions: defaultdict[int, Suspicion] = defaultdict(Suspicion)
        self._instruments: dict[int, minimalmodbus.Instrument] = {}

    def suspicion_of(self, address: int) -> Suspicion:
        """The missing replies that carry ``address``, be it of one meter or of several at other line settings.

        A driver hands on what came with a wrong parity bit, and a gateway what it has kept for a while, after the line was
        set to another speed. So only the address tells meters apart.
        """
        return self._suspicions[address]

    def read(self, address: int, function: int, first: int, count: int) -> tuple[int, ...]:
        """Read ``count`` (1 to 125) registers from ``first`` on of the meter at ``address``.

        Args:
            address: the meter, 1 to 247.
            function: 3 (holding registers) or 4 (input registers).
            first: address of the first register, 0 to 65535.
            count: how many.

        Returns:
            The registers, each 0 to 65535.

        Raises:
            ReadError: of the class that says what was wrong.
            PortError: the port was lost.
            Stopped: the process was asked to end.
        """
        where = f"registers 0x{first:04X} to 0x{first + count - 1:04X} of address {address}"
        try:
            return tuple(self._instrument(address).read_registers(first, count, functioncode=function))
        except minimalmodbus.ModbusException as error:
            # minimalmodbus has no class for "acknowledge" (5) and takes it for a broken reply.
            if refusal := self.port.refusal:
                raise _refused(where, refusal) from error
            raise _failure(where, self.port, count) from error

    def _instrument(self, address: int) -> minimalmodbus.Instrument:
        instrument = self._instruments.get(address)
        if instrument is None:
            # minimalmodbus takes any object with the attributes of a serial port.
            instrument = minimalmodbus.Instrument(cast("serial.Serial", self.port), address)
            # What waits before a request is looked at by the port, not thrown away.
            instrument.clear_buffers_before_each_transaction = False
            self._instruments[address] = instrument
        return instrument


def _refused(where: str, frame: frames.Frame) -> RefusedError:
    error = RefusedError("", frame.code)
    error.args = (f"The meter refused to read {where}: code {frame.code}, {error.reason}.",)
    return error


def _failure(where: str, port: Port, count: int) -> ReadError:
    raw = port.raw
    expected = frames.REPLY_OVERHEAD_BYTES + 2 * count
    # Strays that came before the request are no reply to it.
    wrong = [stray.frame for stray in port.strays if stray.frame.data in raw]
    if wrong:
        frame = wrong[-1]
        return WrongReplyError(
            f"The reply to a read of {where} answers another question: "
            f"address {frame.address}, function {frame.function}, {frame.count} registers ({_shown(frame.data)})."
        )
    if not raw:
        return NoReplyError(f"No reply within {port.reply_timeout_s * 1000:.0f} ms to a read of {where}.")
    if len(raw) < expected:
        return ShortReplyError(
            f"The reply to a read of {where} stopped after {len(raw)} of {expected} bytes ({_shown(raw)})."
        )
    return ChecksumError(f"The reply to a read of {where} has a wrong CRC or is garbled ({_shown(raw)}).")


def _shown(data: bytes) -> str:
    rest = len(data) - SHOWN_BYTES
    return data[:SHOWN_BYTES].hex(" ") + (f" and {rest} bytes more" if rest > 0 else "")
