"""Where the simulator is read: a pseudo-terminal, by its own path or a link, or a TCP port."""

import errno
import os
import socket
import termios
import tty
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Protocol

from wattline.bus.settings import BAUD_RATES
from wattline.errors import PortError

_BAUD_OF_CODE = {getattr(termios, f"B{baud}"): baud for baud in BAUD_RATES}
_SPEED_FIELD = 5


class Endpoint(Protocol):
    """What the simulator needs of a port. A channel is one client of it."""

    port: str
    """What to give to ``wattline run``; another one may come with ``open``."""

    def open(self) -> None:
        """Be there. Raises PortError."""

    def close(self) -> None:
        """Be gone, as an adapter that is pulled out."""

    def filenos(self) -> list[int]:
        """What to wait for."""

    def channels(self) -> list[int]:
        """The clients that are there."""

    def receive(self, fileno: int) -> tuple[int, bytes]:
        """The channel and the bytes that came, none where nothing came or the client has gone."""

    def send(self, channel: int, data: bytes) -> None:
        """Write at once; what nobody takes is lost, as on a wire."""

    def baud(self) -> int | None:
        """The speed that the client has set; None where the port has none, 0 where no meter has it."""


class PseudoTerminal:
    """A pseudo-terminal.

    Args:
        link: the link that shall lead to it; none unless given.
    """

    def __init__(self, link: Path | None = None) -> None:
        self.port = ""
        self._link = link
        self._master = self._terminal = -1
        self._path = ""

    def open(self) -> None:
        """Make the pseudo-terminal and its link.

        Raises:
            PortError: the link cannot be made.
        """
        self._master, self._terminal = os.openpty()
        os.set_blocking(self._master, False)
        # Held open, so that the settings outlast a client and a read of the master does not fail without one.
        tty.setraw(self._terminal)
        # Its speed stays the kernel's 38400, so that a client that forgets to set one is not answered, as in the field.
        self._path = os.ttyname(self._terminal)
        if self._link:
            try:
                _link(self._link, self._path)
            except PortError:
                self._close_terminal()
                raise
        self.port = str(self._link or self._path)

    def close(self) -> None:
        """Take the link and the pseudo-terminal away; a client meets a hang-up."""
        if self._master < 0:
            return
        if self._link:
            with suppress(OSError):
                if str(self._link.readlink()) == self._path:
                    self._link.unlink()
        self._close_terminal()

    def _close_terminal(self) -> None:
        os.close(self._master)
        os.close(self._terminal)
        self._master = self._terminal = -1

    def filenos(self) -> list[int]:
        """The master, while it is there."""
        return [self._master] if self._master >= 0 else []

    def channels(self) -> list[int]:
        """The one that there may be, while the terminal is there."""
        return [0] if self._master >= 0 else []

    def receive(self, fileno: int) -> tuple[int, bytes]:
        """What the one client, channel 0, has written."""
        with suppress(BlockingIOError):
            return 0, os.read(fileno, 4096)
        return 0, b""

    def send(self, channel: int, data: bytes) -> None:  # noqa: ARG002 (one client: the only channel is 0)
        """Hand bytes to whoever reads."""
        with suppress(BlockingIOError):
            if self._master >= 0:
                os.write(self._master, data)

    def baud(self) -> int | None:
        """The speed that the client has set, 0 where no meter has it."""
        return _BAUD_OF_CODE.get(termios.tcgetattr(self._master)[_SPEED_FIELD], 0)


def _link(link: Path, path: str) -> None:
    """Let ``link`` lead to ``path``; only a link that a simulator left behind, to a terminal that is gone, is replaced."""
    new = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        if os.path.lexists(link) and not (link.is_symlink() and str(link.readlink()).startswith("/dev/pts/")):
            raise PortError(f"The link {link} cannot be made: something else has that name; choose another.")
        if link.exists() and str(old := link.readlink()) != path:
            raise PortError(
                f"The link {link} leads to {old}, which is in use: end the simulator there, or choose another name."
            )
        new.symlink_to(path)
        new.replace(link)
    except OSError as error:
        raise PortError(f"The link {link} cannot be made: {error.strerror}.") from error


class TcpPort:
    """A TCP port that carries the frames of the serial line as they are.

    Args:
        host: the name or address to listen on.
        port: 0 takes a free one, which stays the same from then on.
    """

    def __init__(self, host: str, port: int) -> None:
        self.port = ""
        self._host = host
        self._number = port
        self._listener: socket.socket | None = None
        self._clients: dict[int, socket.socket] = {}
        self._channels = count(1)

    def open(self) -> None:
        """Listen.

        Raises:
            PortError: the host is unknown or the port is taken.
        """
        try:
            family, _, _, _, address = socket.getaddrinfo(self._host, self._number, type=socket.SOCK_STREAM)[0]
            self._listener = socket.create_server(address[:2], family=family)
        except socket.gaierror as error:
            raise PortError(f"Nothing can listen on {self._host}:{self._number}: {error.strerror}.") from error
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise PortError(f"Nothing can listen on {self._host}:{self._number}: {reason}.") from error
        self._listener.setblocking(False)
        self._number = self._listener.getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.port = f"socket://{host}:{self._number}"

    def close(self) -> None:
        """Close every connection, and refuse new ones."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._listener:
            self._listener.close()
            self._listener = None

    def filenos(self) -> list[int]:
        """The listener and the clients."""
        listener = [self._listener.fileno()] if self._listener else []
        return listener + [client.fileno() for client in self._clients.values()]

    def channels(self) -> list[int]:
        """The clients that are there."""
        return list(self._clients)

    def receive(self, fileno: int) -> tuple[int, bytes]:
        """What a client has sent; a new client has sent nothing yet."""
        if self._listener and fileno == self._listener.fileno():
            self._accept(self._listener)
            return 0, b""
        channel = next(channel for channel, client in self._clients.items() if client.fileno() == fileno)
        try:
            data = self._clients[channel].recv(4096)
        except BlockingIOError:
            return channel, b""
        except OSError:
            data = b""
        if not data:
            self._clients.pop(channel).close()
        return channel, data

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionError):
            client, _ = listener.accept()
            client.setblocking(False)
            # Each character is to leave when it has come, not when a packet is full.
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[next(self._channels)] = client

    def send(self, channel: int, data: bytes) -> None:
        """Hand bytes to a client that is still there."""
        client = self._clients.get(channel)
        if client:
            try:
                client.send(data)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN}:
                    raise
                self._clients.pop(channel).close()

    def baud(self) -> int | None:
        """TCP has no speed."""
        return None
