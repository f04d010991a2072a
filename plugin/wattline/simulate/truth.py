"""What the simulator really served, so that a test can compare it with what a reader made of it."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wattline.errors import PortError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KEPT = 50_000


@dataclass(slots=True)
class Served:
    """One reply that the simulator formed, and what became of it.

    Attributes:
        heard_wall_ns, heard_monotonic_ns: when the request's last character had come, on both clocks.
        meter, address: who was asked.
        function, first, count: what was asked.
        registers: what was served, before any fault; empty in a refusal.
        values: field to value of the rows that lie wholly in ``registers``, at the meter's decimals.
        refusal: the exception code; 0 where the meter did not refuse.
        faults: each as its kind and what was made of it, such as "late:412"; "collision" and "unplug" where the line
            destroyed the reply. Empty for a sound reply in time.
        sent_monotonic_ns: when its last byte was sent; None where none was, or not yet.
    """

    heard_wall_ns: int
    heard_monotonic_ns: int
    meter: str
    address: int
    function: int
    first: int
    count: int
    registers: tuple[int, ...]
    values: Mapping[str, float]
    refusal: int = 0
    faults: list[str] = field(default_factory=list)
    sent_monotonic_ns: int | None = None


class TruthFile:
    """A file that gets one JSON object a line.

    Args:
        path: the file; none unless given.

    Raises:
        PortError: it cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path:
            try:
                self._file = path.open("a", encoding="utf-8")
            except OSError as error:
                raise PortError(f"The truth cannot be written to {path}: {error.strerror}.") from error

    def write(self, entry: "DataclassInstance") -> None:
        """Append an entry."""
        if self._file:
            self._file.write(json.dumps(asdict(entry)) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None


class Truth:
    """Keeps the last 50 000 entries in memory, and appends each to a file once its fate is known.

    Args:
        path: the file, one JSON object a line; none unless given.

    Raises:
        PortError: it cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: deque[Served] = deque(maxlen=KEPT)
        self._open: dict[int, Served] = {}
        self._file = TruthFile(path)

    def formed(self, served: Served) -> None:
        """A reply was formed."""
        self.entries.append(served)
        self._open[id(served)] = served

    def settled(self, served: Served) -> None:
        """It was sent, or will never be."""
        if self._open.pop(id(served), None):
            self._file.write(served)

    def close(self) -> None:
        """Write what is still under way, and close the file."""
        for served in list(self._open.values()):
            self.settled(served)
        self._file.close()
