"""The word that names the port, checked before it is touched."""

import grp
import os
import pwd
import re
import shlex
import stat
from pathlib import Path

from wattline.errors import WordError

AUTO = "auto"
"""The word in place of a port by which a stick is searched."""
STICK_PORTS = "behind a Rainforest stick also auto, which finds it"
PORTS = "a device such as /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT or modbus-tcp://HOST:PORT"

# Links to the devices, by maker, kind and serial number.
BY_ID = Path("/dev/serial/by-id")

_URL = re.compile(r"(?:socket|rfc2217|modbus-tcp)://(?:\[[^\]]+\]|[^][:/?#@\s]+):([0-9]{1,5})")
_GROUP_MAY = stat.S_IRGRP | stat.S_IWGRP
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
    """The name of a device that is the same after the next start, in whatever folder that is.

    It is the one in ``folder``; where there is none, or ``port`` is a link that somebody made, that of ``port`` itself.
    """
    if "://" in port:
        return port
    path = Path(port).absolute()
    try:
        links = [] if path.is_symlink() else sorted(folder.iterdir())
    except OSError:
        links = []
    return next((str(link) for link in links if link.resolve() == path), str(path))


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
        raise WordError(f"The port {port!r} may not be read and written by this user, {who_may(port)}")


def who_may(port: str) -> str:
    """The end of a sentence about a device that this user may not use: who may, and what makes this user one of them."""
    try:
        status = Path(port).stat()
    except OSError:
        return f"since a folder on the way to it is shut; `namei -l {shlex.quote(port)}` shows which."
    user = _user(os.geteuid())
    owner, group = _user(status.st_uid), _group(status.st_gid)
    # Who belongs to the group root may do more than read a meter.
    if status.st_gid and status.st_mode & _GROUP_MAY == _GROUP_MAY:
        joining = f"`sudo usermod -a -G {group} {user}`"
        return f"but by its group {group}; {joining}, then log out and in again, or restart the service."
    rights = f"{owner}:{group}, mode {stat.S_IMODE(status.st_mode):03o}"
    taking = f"`sudo chown {user} {shlex.quote(port)}`"
    return f"nor by a group ({rights}); {taking} helps until it is plugged in anew, a rule for udev for good."


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
