"""What is remembered from run to run, in ``memory.json``.

Losing it costs a run that looks at all days once more, and reckons those that are stored anew: so it is found out which months
the contract of now has priced. The others stay as they are, also where readings come late, and are told.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from wattline.log import LOG
from wattline_cost.errors import CostError

NAME = "memory.json"
FORM = 2
"""Of the file; another is that of another wattline."""


@dataclass
class Known:
    """What is remembered of a contract.

    Attributes:
        content: of its file when it was priced last; ``terms.OTHERWISE`` from before the first write of a run that prices by other
            terms, or by hand, until all of it is stored.
        priced: by which terms each month was, as ``terms.mark`` tells them or ``terms.OTHERWISE``, by its first day as text. One that
            is not among them was priced by none, and is by those of now.
        looked_at: the day on which all days were looked at, and not the newest alone: the last one on which the clock was
            believed.
        decimals: of the counters of its meter, as far as they have shown.
    """

    content: str = ""
    priced: dict[str, str] = field(default_factory=dict)
    looked_at: date | None = None
    decimals: dict[str, int] = field(default_factory=dict)


class Memory:
    """Of all contracts, by their names.

    Args:
        folder: in which it lies; it is made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Known] = {}

    @contextmanager
    def alone(self) -> Iterator["Memory"]:
        """Be the only one, after the end of another; what was learnt is written down at the end, also of a failure.

        Raises:
            CostError: the folder cannot be used.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise CostError(
                f"{self._folder} cannot be used ({error.strerror}); WATTLINE_COST_STATE names it."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._known = self._load()
            try:
                yield self
            finally:
                self.write()
        finally:
            os.close(descriptor)

    def seen(self) -> "Memory":
        """The same as somebody else has left it, of which nothing is written down again."""
        self._known = self._load()
        return self

    def of(self, contract: str) -> Known:
        """What is known of a contract; to change it is to remember it."""
        return self._known.setdefault(contract, Known())

    def write(self) -> None:
        """Write it down.

        Raises:
            CostError: it cannot be written.
        """
        text = json.dumps(
            {"form": FORM, "contracts": {name: asdict(each) for name, each in self._known.items()}}, default=str
        )
        fresh = self._folder / (NAME + ".new")
        try:
            if self._read() == text:
                return
            with fresh.open("w") as file:
                file.write(text)
                file.flush()
                # What InfluxDB is told next may be on the card at once, and this has to be there before it.
                os.fsync(file.fileno())
            fresh.replace(self._folder / NAME)
        except OSError as error:
            raise CostError(f"{self._folder / NAME} cannot be written: {error.strerror}.") from error

    def _read(self) -> str:
        path = self._folder / NAME
        return path.read_text() if path.exists() else ""

    def _load(self) -> dict[str, Known]:
        try:
            text = self._read()
            return _contracts(json.loads(text)) if text else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            LOG.warning(
                "%s cannot be read (%s): all that is stored is compared with the contracts once more.",
                self._folder / NAME,
                error,
            )
            return {}


def _contracts(document: dict[str, Any]) -> dict[str, Known]:
    """Raises ValueError, TypeError, KeyError or AttributeError where it is none that was written here."""
    if document["form"] != FORM:
        raise ValueError(f"its form is {document['form']}, and not {FORM}")
    return {name: _known(each) for name, each in document["contracts"].items()}


def _known(document: dict[str, Any]) -> Known:
    looked_at = document["looked_at"]
    return Known(
        content=str(document["content"]),
        priced={str(month): str(terms) for month, terms in document["priced"].items()},
        looked_at=date.fromisoformat(looked_at) if looked_at is not None else None,
        decimals={str(name): int(count) for name, count in document["decimals"].items()},
    )
