"""Serial devices as pyserial opens them, and what it does not tell about one that it cannot open."""

import errno
import fcntl
import os
import stat
import termios
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import serial

from wattline.bus.settings import LineSettings
from wattline.errors import PortError, PortInUseError
from wattline.ports import who_may

WRITE_TIMEOUT_S = 1.0

# Character device majors of the slave side of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt).
PSEUDO_TERMINALS = range(136, 144)


class Opener(Protocol):
    """How a port is opened: by its name and line settings."""

    def __call__(self, name: str, settings: LineSettings) -> serial.Serial:
        """The open port; raises PortError."""


class _Device(serial.Serial):
    """A local device, kept to ourselves, whose settings hold or are an error."""

    def open(self) -> None:
        super().open()
        # flock, which pyserial takes, is only advice. On a pseudo-terminal this flag would outlive us for as long as
        # the other side lives, and lock out our own next start.
        if self.fd is not None and not self._is_pseudo_terminal():
            fcntl.ioctl(self.fd, termios.TIOCEXCL)

    def _reconfigure_port(self, force_update: bool = False) -> None:
        try:
            super()._reconfigure_port(force_update)  # type: ignore[misc] # pyserial's, but not in its stubs
        except termios.error as error:
            # Linux says EINVAL where nothing changed though something was to: so on a pseudo-terminal, which drops the
            # parity bit, from its second opening on with 8E1, the setting of most meters.
            if error.args[0] != errno.EINVAL:
                raise
        # It says nothing where only some of it changed.
        if not self._holds_settings():
            raise serial.SerialException(f"its driver does not take {self.baudrate} 8{self.parity}{self.stopbits}")

    def _holds_settings(self) -> bool:
        if self.fd is None:
            return False
        _, _, cflag, _, input_speed, output_speed, _ = termios.tcgetattr(self.fd)
        parity = {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}[self.parity]
        return (
            input_speed == output_speed == getattr(termios, f"B{self.baudrate}")
            and cflag & termios.CSIZE == termios.CS8
            and bool(cflag & termios.CSTOPB) == (self.stopbits == serial.STOPBITS_TWO)
            and (cflag & (termios.PARENB | termios.PARODD) == parity or self._is_pseudo_terminal())
        )

    def _is_pseudo_terminal(self) -> bool:
        return self.fd is not None and os.major(os.fstat(self.fd).st_rdev) in PSEUDO_TERMINALS


def open_serial(name: str, settings: LineSettings) -> serial.Serial:
    """Open a device path, ``socket://``, ``rfc2217://`` or ``modbus-tcp://HOST:PORT`` for reads that never block.

    Raises:
        PortError: it cannot be opened; the sentence says why.
        PortInUseError: another process has the device; the sentence says which.
    """
    is_remote = name.startswith("rfc2217://")
    port: serial.Serial
    try:
        if name.startswith("modbus-tcp://"):
            # Not pyserial's, but it has all of a port that is used.
            return cast("serial.Serial", import_module("wattline.bus.mbap").ModbusTcp(name))
        if is_remote:
            # Imported by whom it serves alone: it costs a megabyte.
            port = import_module("wattline.bus.remote").Remote()
        elif "://" in name:
            port = serial.serial_for_url(name, do_not_open=True)
        else:
            port = _Device(exclusive=True)
        port.port = name
        port.baudrate, port.parity, port.stopbits = settings.baud, settings.parity, settings.stop
        # pyserial's RFC 2217 refuses any write timeout; its socket has one of 5 s.
        port.timeout, port.write_timeout = 0, None if is_remote else WRITE_TIMEOUT_S
        port.open()
    except (OSError, ValueError, termios.error) as error:
        cause = _cause(error)
        if "://" not in name and getattr(cause, "errno", None) in (errno.EAGAIN, errno.EBUSY):
            raise PortInUseError(f"{name} is in use by {_holder(name)}; stop that first.") from error
        raise PortError(_why(name, settings, error, cause)) from error
    return port


def open_by_hand(name: str, settings: LineSettings) -> serial.Serial:
    """As ``open_serial``, for the commands that a person types while Telegraf may have the port.

    Raises:
        PortError: as there; of a port in use it says how the usual holder is stopped.
    """
    try:
        return open_serial(name, settings)
    except PortInUseError as error:
        # Telegraf starts a `wattline run` that was killed again, so it is Telegraf that must be stopped.
        advice = "stop it first, for example with `sudo systemctl stop telegraf`."
        raise PortInUseError(f"{str(error).rpartition('; ')[0]}; {advice}") from error


def _cause(error: Exception) -> BaseException:
    """The system's error, which pyserial wraps into its own, with the name of the port and the number of the error."""
    return error.__context__ if isinstance(error.__context__, OSError | termios.error) else error


def _why(name: str, settings: LineSettings, error: Exception, cause: BaseException) -> str:
    reason, number = cause.args[-1], getattr(cause, "errno", None)
    if isinstance(error, ValueError):
        return f"{name} does not take {settings} ({reason}); give the meter and the gateway settings that both have."
    if "://" in name:
        return f"{name} does not answer ({reason}); check the gateway and the address."
    if number in (errno.EACCES, errno.EPERM):
        return f"{name} may not be read and written by this user, {who_may(name)}"
    if not Path(name).exists():
        return f"There is no {name}; is the adapter plugged in? `ls -l /dev/serial/by-id/` shows those that are."
    return f"{name} cannot be opened as a serial port ({reason})."


def _holder(name: str) -> str:
    try:
        status = Path(name).stat()
    except OSError:
        # It was pulled out a moment ago.
        return "another process"
    pids = [*_lock_holders(status), *_open_by(status)]
    if not pids:
        return "another process, which the system does not name"
    try:
        command = Path(f"/proc/{pids[0]}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = ""
    return f"process {pids[0]} ({command or 'its command is hidden'})"


def _lock_holders(status: os.stat_result) -> Iterator[int]:
    """The processes that hold a lock on a file, by /proc/locks: ``1: FLOCK ADVISORY WRITE pid major:minor:inode ...``."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place and int(words[4]) > 0:
            yield int(words[4])


def _open_by(device: os.stat_result) -> Iterator[int]:
    """The processes that have a device open, as far as this user may see."""
    for process in Path("/proc").glob("[0-9]*"):
        pid = int(process.name)
        if pid != os.getpid() and any(_is_same(descriptor, device) for descriptor in _descriptors(process)):
            yield pid


def _descriptors(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        # Another user's, or it has ended.
        return []


def _is_same(descriptor: Path, device: os.stat_result) -> bool:
    try:
        status = descriptor.stat()
    except OSError:
        # Closed meanwhile.
        return False
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == device.st_rdev
