"""What the simulated stick really told, so that a test can compare it with what a reader made of it."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from wattline.simulate.rainforest.meter import Raw
from wattline.simulate.truth import KEPT, TruthFile


@dataclass(frozen=True, slots=True)
class Told:
    """What the stick has written of its meter, before any fault.

    Attributes:
        kind: of the fragment.
        utc_s: its stamp, in seconds since 1970.
        raw: what the meter showed.
        faults: what was made of it.
    """

    kind: str
    utc_s: int
    raw: Raw
    faults: tuple[str, ...]


class Truth:
    """Keeps the last 50 000 entries in memory, and appends each to a file.

    Args:
        path: the file, one JSON object a line; none unless given.

    Raises:
        PortError: it cannot be written.

    Attributes:
        entries: the oldest first.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: deque[Told] = deque(maxlen=KEPT)
        self._file = TruthFile(path)

    def tell(self, told: Told) -> None:
        """Keep an entry."""
        self.entries.append(told)
        self._file.write(told)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
