"""Serial devices as pyserial opens them, and what it does not tell about one that it cannot open."""

import errno
import fcntl
import os
import stat
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import serial

from wattline.bus.settings import LineSettings
from wattline.errors import PortError

WRITE_TIMEOUT_S = 1.0

# Character device majors of the slave side of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt).
PSEUDO_TERMINALS = range(136, 144)


class Opener(Protocol):
    """How a port is opened: by its name and line settings."""

    def __call__(self, name: str, settings: LineSettings) -> serial.Serial:
        """The open port; raises PortError."""


class _Device(serial.Serial):
    """A local device, kept to ourselves, on which parity need not hold."""

    def open(self) -> None:
        super().open()
        # flock, which pyserial takes, is only advice. On a pseudo-terminal this flag would outlive us for as long as
        # the other side lives, and lock out our own next start.
        if self.fd is not None and os.major(os.fstat(self.fd).st_rdev) not in PSEUDO_TERMINALS:
            fcntl.ioctl(self.fd, termios.TIOCEXCL)

    def _reconfigure_port(self, force_update: bool = False) -> None:
        try:
            super()._reconfigure_port(force_update)  # type: ignore[misc] # pyserial's, but not in its stubs
        except termios.error as error:
            # A pseudo-terminal drops the parity bit, and Linux then answers EINVAL if nothing else was to change: so
            # from its second opening on with 8E1, the setting of most meters.
            if error.args[0] != errno.EINVAL or not self._holds_all_but_parity():
                raise

    def _holds_all_but_parity(self) -> bool:
        if self.fd is None:
            return False
        _, _, cflag, _, input_speed, output_speed, _ = termios.tcgetattr(self.fd)
        speed = getattr(termios, f"B{self.baudrate}")
        two_stop_bits = bool(cflag & termios.CSTOPB)
        return (
            input_speed == output_speed == speed
            and cflag & termios.CSIZE == termios.CS8
            and two_stop_bits == (self.stopbits == serial.STOPBITS_TWO)
        )


def open_serial(name: str, settings: LineSettings) -> serial.Serial:
    """Open a device path, ``socket://HOST:PORT`` or ``rfc2217://HOST:PORT`` for reads that never block.

    Raises:
        PortError: it cannot be opened; the sentence says why and, for a device in use, by whom.
    """
    try:
        if "://" in name:
            port = serial.serial_for_url(name, do_not_open=True)
        else:
            port = _Device(exclusive=True)
            port.port = name
        port.baudrate, port.parity, port.stopbits = settings.baud, settings.parity, settings.stop
        port.timeout, port.write_timeout = 0, WRITE_TIMEOUT_S
        port.open()
    except (OSError, ValueError, termios.error) as error:
        raise PortError(_why(name, error)) from error
    return port


def _why(name: str, error: Exception) -> str:
    if "://" in name:
        return f"{name} does not answer ({error}); check the gateway and the address."
    if not Path(name).exists():
        return f"There is no {name}; is the adapter plugged in? `ls -l /dev/serial/by-id/` shows those that are."
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EBUSY):
        return f"{name} is in use by {_holder(name)}; stop that first."
    if number in (errno.EACCES, errno.EPERM):
        return f"{name} may not be read and written by this user; add the user to the group dialout and start anew."
    return f"{name} cannot be opened as a serial port ({error})."


def _holder(name: str) -> str:
    pids = [*_lock_holders(name), *_open_by(name)]
    if not pids:
        return "another process, which the system does not name"
    try:
        command = Path(f"/proc/{pids[0]}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = ""
    return f"process {pids[0]} ({command or 'its command is hidden'})"


def _lock_holders(name: str) -> Iterator[int]:
    """The processes that hold a lock on ``name``, by /proc/locks: ``1: FLOCK ADVISORY WRITE pid major:minor:inode ...``."""
    status = Path(name).stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place and int(words[4]) > 0:
            yield int(words[4])


def _open_by(name: str) -> Iterator[int]:
    """The processes that have ``name`` open, as far as this user may see."""
    device = Path(name).stat().st_rdev
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            status = descriptor.stat()
        except OSError:
            continue
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == device and int(descriptor.parts[2]) != os.getpid():
            yield int(descriptor.parts[2])
