"""Where the files of a journal are, and how they are called."""

import os
import re
import zlib
from pathlib import Path

SUFFIX = ".journal"
FILE_BYTES = 256 * 1024
"""The size of a file: about three quarters of an hour of one meter."""

# What a person reads easily, and no file system takes amiss; what else there is in a port's name is written in hexadecimal.
_PLAIN = re.compile(r"[^A-Za-z0-9:@_.-]")
_NAME = re.compile(r"[0-9]{8,}")
# Of the 255 that a name may have.
_LONGEST = 200


def folder_name(port: str) -> str:
    """The name of the folder of ``port``, another one for each; ``/dev/ttyRS485`` has ``+dev+ttyRS485``."""
    name = _PLAIN.sub(lambda match: "+" if match[0] == "/" else _hexadecimal(match[0]), port)
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    # A tilde is in no name else.
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}~{zlib.crc32(os.fsencode(port)):08x}"


def _hexadecimal(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(character))


def path_of(folder: Path, number: int) -> Path:
    """The file with this number."""
    return folder / f"{number:08}{SUFFIX}"


def number_of(path: Path) -> int:
    """The number of a file of a journal; 0 of any other."""
    return int(path.stem) if path.suffix == SUFFIX and _NAME.fullmatch(path.stem) else 0


def numbers_in(folder: Path) -> list[int]:
    """The numbers of the files in the folder of a port, the oldest first.

    Raises:
        OSError: it cannot be read.
    """
    return sorted(number for path in folder.iterdir() if (number := number_of(path)))
