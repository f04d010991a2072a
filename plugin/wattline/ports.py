"""The word that names the port, checked before it is touched."""

import os
import re
import stat
from pathlib import Path

from wattline.errors import WordError

PORTS = "a device such as /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT or modbus-tcp://HOST:PORT"

# Links to the devices, by maker, kind and serial number.
BY_ID = Path("/dev/serial/by-id")

_URL = re.compile(r"(?:socket|rfc2217|modbus-tcp)://(?:\[[^\]]+\]|[^][:/?#@\s]+):([0-9]{1,5})")
# Behind these a gateway keeps its line settings to itself.
_PACKETS = "modbus-tcp://"
_WITHOUT_SETTINGS = ("socket://", _PACKETS)


def sets_line(port: str) -> bool:
    """Whether baud, parity and stop bits can be set through ``port``, and so tell two meters of one address apart."""
    return not port.startswith(_WITHOUT_SETTINGS)


def is_packets(port: str) -> bool:
    """Whether replies come whole through ``port``, as packets of a network, and not character by character."""
    return port.startswith(_PACKETS)


def lasting_name(port: str, folder: Path = BY_ID) -> str:
    """The name of a device that is the same after the next start; ``port`` itself where there is none in ``folder``."""
    if "://" in port or Path(port).is_symlink():
        return port
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return port
    return next((str(link) for link in links if link.resolve() == Path(port)), port)


def check_port(port: str) -> None:
    """Refuse a port that can never be opened; one that is only missing may still be plugged in.

    Raises:
        WordError: the port is no serial port, or this user may not use it.
    """
    if not port:
        raise WordError("The port is empty; give one such as /dev/ttyUSB0.")
    if "://" in port:
        _check_url(port)
    else:
        _check_device(port)


def _check_url(port: str) -> None:
    address, mark, options = port.partition("?")
    if mark:
        # pyserial has some: one lets it write to stderr, where every line must have its level.
        raise WordError(f"The port {port!r} has options behind it, which no port takes; leave {mark + options!r} away.")
    match = _URL.fullmatch(address)
    if not (match and 1 <= int(match[1]) <= 65535):
        raise WordError(f"The port {port!r} must be {PORTS}, with PORT a number from 1 to 65535.")


def _check_device(port: str) -> None:
    path = Path(port)
    try:
        is_device = stat.S_ISCHR(path.stat().st_mode)
        may_be_used = os.access(path, os.R_OK | os.W_OK)
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_absolute():
            meant = f"; perhaps /dev/{port} is meant" if port.startswith("tty") or Path("/dev", port).exists() else ""
            raise WordError(f"The port {port!r} must be {PORTS}{meant}.") from None
        return
    except PermissionError:
        is_device, may_be_used = True, False
    except OSError as error:
        raise WordError(f"The port {port!r} cannot be one ({error.strerror}); it must be {PORTS}.") from error
    if not is_device:
        raise WordError(f"The port {port!r} is no serial device; give one such as /dev/ttyUSB0.")
    if not may_be_used:
        raise WordError(
            f"The port {port!r} may not be read and written by this user; add the user to the group dialout and start anew."
        )
