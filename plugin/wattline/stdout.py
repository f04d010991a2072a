"""Standard output as the commands print to it: what it does not take is one sentence, and no bug.

``wattline run`` does not print; its lines go through ``output``.
"""

import io
import os
import sys
from typing import TYPE_CHECKING

from wattline.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Descriptor(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            # Whoever read it has seen enough, which is no trouble.
            raise
        except OSError as error:
            give_up()
            raise OutputError(f"Lines cannot be written to standard output: {error.strerror}.") from error


def guard() -> None:
    """Put such a one in the place of ``sys.stdout``, where the process has one."""
    plain = sys.stdout
    if isinstance(plain, io.TextIOWrapper):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Descriptor(plain.fileno(), "w", closefd=False)),
            plain.encoding,
            plain.errors,
            line_buffering=plain.line_buffering,
            write_through=plain.write_through,
        )


def flush() -> None:
    """Write what waits, so that a full disk or a reader who has left is met here, and not at the exit of Python.

    Raises:
        OutputError: it cannot be written.
    """
    if sys.stdout is not None:  # It is None where the process was started without one.
        sys.stdout.flush()


def give_up() -> None:
    """Let what is printed go nowhere. Python would complain once more when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
