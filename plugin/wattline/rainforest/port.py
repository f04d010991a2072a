"""The port of a stick: it comes and goes, and may come back in another socket."""

import socket
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from wattline.bus.device import Opener, open_serial
from wattline.errors import PortError, PortInUseError
from wattline.log import LOG
from wattline.ports import AUTO
from wattline.rainforest.find import Lister, UsbPort, is_same, on_device, same_stick, sticks, usb_ports
from wattline.rainforest.models import SETTINGS, StickModel

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
CONNECT_S = 3.0
# Seconds of the line at its full speed; what is more is left for the next turn.
MOST_BYTES = 256 * 1024
PIECE_BYTES = 4096

T = TypeVar("T")


class _TakenError(PortError):
    """Another device has the name of the stick's."""


class Stream(Protocol):
    """Bytes in both directions; a read never waits."""

    def read(self, size: int = 1) -> bytes:
        """What is there, at most ``size`` bytes; raises OSError when no more will come."""

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read at once; raises OSError when no more will come."""

    def write(self, data: bytes) -> int | None:
        """Send."""

    def close(self) -> None:
        """The end."""


class TcpStream:
    """A gateway in its transparent mode; what came before it closed is given first."""

    def __init__(self, name: str) -> None:
        address = urlsplit(name)
        self._socket = socket.create_connection((address.hostname, address.port), CONNECT_S)
        self._socket.setblocking(False)

    @property
    def in_waiting(self) -> int:
        """As many as a read may take."""
        return PIECE_BYTES

    def read(self, size: int = 1) -> bytes:
        """What is there; raises OSError when the gateway has closed the connection."""
        try:
            data = self._socket.recv(size)
        except BlockingIOError:
            return b""
        if not data:
            raise ConnectionResetError("the gateway has closed the connection")
        return data

    def write(self, data: bytes) -> int | None:
        """Send."""
        return self._socket.send(data)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def open_stream(name: str, opener: Opener = open_serial) -> Stream:
    """The stream of a device or a URL.

    Raises:
        PortError: it cannot be opened.
    """
    if not name.startswith("socket://"):
        return opener(name, SETTINGS)
    try:
        return TcpStream(name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PortError(f"{name} does not answer ({reason}); check the gateway and the address.") from error


class StickPort:
    """The port of one stick, opened when it is there.

    Args:
        name: as the user gave it; ``auto`` for the first stick that is found.
        model: the stick.
        opener: opens a device.
        lister: the ports on USB.
        monotonic: seconds of a clock that never steps.

    Attributes:
        device: where it was opened last.
        reopenings: times it was opened again.
        lost_s: when it was lost; None while it is open, or when it never was.
        is_stick: whether it is known that a stick is behind it, or nothing can be known; nothing else is written to.
    """

    def __init__(
        self,
        name: str,
        model: StickModel,
        opener: Opener = open_serial,
        lister: Lister = usb_ports,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.device = name, ""
        self.reopenings = 0
        self.lost_s: float | None = None
        self.is_stick = False
        self._model = model
        self._opener, self._lister, self._monotonic = opener, lister, monotonic
        self._stream: Stream | None = None
        self._known: UsbPort | None = None
        self._pause_s, self._try_again_s = FIRST_PAUSE_S, float("-inf")
        self._is_taken = False

    @property
    def is_open(self) -> bool:
        """Whether there is something to read from."""
        return self._stream is not None

    def open(self) -> None:
        """Open it.

        Raises:
            PortError: there is none, or it cannot be opened.
        """
        devices = self._devices()
        for device in devices:
            try:
                self._stream = open_stream(device, self._opener)
            except PortInUseError:
                # Of several sticks one may be another process's.
                if device == devices[-1]:
                    raise
                continue
            self._opened(device)
            return

    def ready(self) -> bool:
        """Whether it was opened by this very call, after trying to where it is closed and it is time to."""
        now_s = self._monotonic()
        if self._stream is not None or now_s < self._try_again_s:
            return False
        try:
            self.open()
        except PortError as error:
            self._lost(error)
            return False
        return True

    def read(self) -> bytes:
        """All that has come, without waiting; nothing where the port was lost, which is noticed here."""
        data = b""
        while len(data) < MOST_BYTES:
            piece = self._guarded(lambda port: port.read(max(1, port.in_waiting)))
            if not piece:
                break
            data += piece
        return data

    def heard(self) -> None:
        """What came can only be of a stick, whatever USB says of it."""
        if not self.is_stick:
            self.is_stick, self._known = True, on_device(self.device, self._lister())

    def write(self, data: bytes) -> bool:
        """Send ``data``; whether that was possible."""
        return self.is_stick and self._guarded(lambda port: port.write(data)) is not None

    def reopen(self, reason: str) -> None:
        """Close it, so that it is opened anew; ``reason`` ends the sentence for the log."""
        LOG.warning("%s: %s, so the port is opened anew.", self.name, reason)
        self.close()
        self._try_again_s = float("-inf")
        self.reopenings += 1

    def close(self) -> None:
        """Close the port; harmless when it is closed. What was not sent is not waited for."""
        port, self._stream = self._stream, None
        if port is not None:
            # If the device is gone, there is nothing left to close.
            with suppress(OSError, termios.error):
                port.close()

    def _devices(self) -> list[str]:
        """Where the stick may be: by its name, by its numbers, or as the very one that was there before."""
        if "://" in self.name:
            return [self.name]
        ports = list(self._lister())
        again = same_stick(self._known, ports) if self._known else None
        if self.name != AUTO:
            there = on_device(self.name, ports)
            if self._known is None or (there and is_same(self._known, there)):
                return [self.name]
            if there and again is None:
                raise _TakenError(
                    f"{self.name} is another device now, which is left alone; plug the stick in, it is found by whatever name."
                )
            return [again.device if again else self.name]
        found = [again] if again else sticks(self._model, ports)
        if not found:
            raise PortError(
                f"No {self._model.title} is plugged in; `ls -l /dev/serial/by-id/` shows what is. An EMU-2 needs a cable "
                "that carries data."
            )
        return [port.device for port in found]

    def _opened(self, device: str) -> None:
        if self.lost_s is not None:
            self.reopenings += 1
            where = "" if device in {self.name, self.device} else f", on {device} now"
            LOG.info("%s: The stick is back after %.0f s%s.", self.name, self._monotonic() - self.lost_s, where)
        elif self.name == AUTO and not self.device:
            LOG.info("%s: The %s is on %s.", self.name, self._model.title, device)
        self.device, self.lost_s, self._pause_s, self._is_taken = device, None, FIRST_PAUSE_S, False
        found = None if "://" in device else on_device(device, self._lister())
        if self._known is None or self.name == AUTO:
            # Of a network bridge, or a pseudo-terminal, USB knows nothing: there the user's word is all there is.
            self.is_stick = found is None or found in sticks(self._model, [found])
        else:
            self.is_stick = found is not None and is_same(self._known, found)
        self._known = found if found and self.is_stick else self._known

    def _lost(self, error: PortError) -> None:
        """Say once that the port is away, and when it is tried again; and once that another device has its name."""
        now_s = self._monotonic()
        self._try_again_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        if self.lost_s is None:
            self.lost_s = now_s
            LOG.error("%s It is tried again after 1 s, then ever more rarely, at least every 30 s.", error)
        elif isinstance(error, _TakenError) and not self._is_taken:
            LOG.warning("%s", error)
        else:
            LOG.debug("%s", error)
        self._is_taken = self._is_taken or isinstance(error, _TakenError)

    def _guarded(self, action: Callable[[Stream], T]) -> T | None:
        """Do one thing with the open port; a port that fails is closed and lost."""
        if self._stream is None:
            return None
        try:
            return action(self._stream)
        except (OSError, ValueError, termios.error) as error:
            self.close()
            self._lost(PortError(f"{self.device} was lost ({error})."))
            return None
