"""A file of all that came, for a bug report: without keys, and good for ``wattline rainforest replay``."""

from pathlib import Path
from typing import BinaryIO

from wattline.errors import OutputError
from wattline.log import LOG
from wattline.rainforest.redact import Redactor

# No fragment that has this in it is well formed, so what was torn stays torn for whoever reads the recording.
OPENED = b"\r\n<!-- the port was opened -->\r\n"


class Recorder:
    """Appends a stream to a file.

    Args:
        path: the file.

    Raises:
        OutputError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._redactor = Redactor()
        try:
            self._file: BinaryIO | None = path.open("ab", buffering=0)
        except OSError as error:
            raise OutputError(f"The recording {path} cannot be written: {error.strerror}.") from error

    def write(self, data: bytes) -> None:
        """Keep ``data``, all that is not known to be no key masked; a full disk ends the recording, not the metering."""
        self._append(self._redactor.feed(data))

    def cut(self) -> None:
        """Mark that the port was opened: what comes now does not go on from what came last."""
        self._append(self._redactor.end() + OPENED)

    def close(self) -> None:
        """Keep the rest, and close the file."""
        self._append(self._redactor.end())
        if self._file:
            self._file.close()
            self._file = None

    def _append(self, data: bytes) -> None:
        if self._file and data:
            try:
                self._file.write(data)
            except OSError as error:
                LOG.error("The recording %s cannot be written: %s; it ends here.", self._path, error.strerror)
                self._file.close()
                self._file = None
