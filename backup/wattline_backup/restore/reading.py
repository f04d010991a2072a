"""Files of a set, read while they are sent: what the disk refuses is the disk's fault, and not the server's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from wattline_backup.errors import SetError


class Body:
    """A file as the body of a request.

    Args:
        file: open, to be read from its beginning.
        path: where it is.
        size: how many bytes it has to have. Who promised them and sends fewer is waited for, for minutes.
    """

    def __init__(self, file: IO[bytes], path: Path, size: int) -> None:
        self._file, self._path, self._left = file, path, size

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            SetError: the disk does not give them, or the file ends before it should.
        """
        with blamed(self._path):
            piece = self._file.read(size)
        self._left -= len(piece)
        if not piece and size and self._left > 0:
            raise SetError(
                f"{self._path} was cut off while it was read, and lacks {self._left} bytes: restore an older set, or this one out "
                "of the off-site copy."
            )
        return piece


def as_file(body: Body) -> IO[bytes]:
    """It, for who asks a file for nothing but its next bytes."""
    return cast("IO[bytes]", body)


@contextmanager
def opened(path: Path, size: int) -> Iterator[Body]:
    """A file of a set, to be sent, of so many bytes.

    Raises:
        SetError: the disk does not give it.
    """
    with blamed(path):
        file = path.open("rb")
    with file:
        yield Body(file, path, size)


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """What the disk refuses in here is told of that file.

    Raises:
        SetError: it refused something.
    """
    try:
        yield
    except OSError as error:
        raise SetError(
            f"{path} cannot be read ({error.strerror}): restore an older set, or this one out of the off-site copy."
        ) from error
