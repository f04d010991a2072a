"""A folder into which somebody puts files of prices."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from wattline_cost.errors import SourceError
from wattline_cost.local_days import day_start_s, day_stop_s
from wattline_cost.prices import gme, table
from wattline_cost.prices.cache import Cache
from wattline_cost.prices.source import Price, Source
from wattline_cost.tariff.model import Contract, Files, SourceSettings

SUFFIXES = {Files.GME: (".xml", ".zip"), Files.TABLE: (".csv",)}
READERS: Mapping[Files, Callable[[bytes, str, SourceSettings], Iterator[Price]]] = {
    Files.GME: gme.read,
    Files.TABLE: table.read,
}

# Where a second day stands behind it, as in the name of an archive of a month, it is not all of it.
_DAY = re.compile(r"(20[0-9]{6})[^0-9](?!.*20[0-9]{6}).*\.(?:xml|zip)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _File:
    """A file, and the day that its name begins with, as GME names those of one day: what is not asked for is not opened.

    Attributes:
        path: of it.
        start_s: the first second of the day; None where the name says none.
        stop_s: the first second after it.
    """

    path: Path
    start_s: int | None = None
    stop_s: int = 0

    def may_hold(self, start_s: int, stop_s: int) -> bool:
        """Whether a price that holds from ``start_s`` on and before ``stop_s`` may be in it."""
        return self.start_s is None or (self.start_s < stop_s and start_s < self.stop_s)


def sources_of(contract: Contract, cache: Cache) -> dict[str, Source]:
    """The sources of a contract by their names."""
    return {name: Folder(name, settings, cache) for name, settings in contract.sources.items()}


class Folder:
    """The prices of the files in a folder, as they are when it is asked first.

    A file that cannot be read leaves its times without a price, and files that contradict each other those of which they do; what
    is wrong is said in ``faults``, and the rest is given. So whoever mends a file has its prices the next time.

    Args:
        name: of the source, for the sentences.
        settings: of it.
        cache: keeps what was read.
    """

    def __init__(self, name: str, settings: SourceSettings, cache: Cache) -> None:
        self._name = name
        self._settings = settings
        self._cache = cache
        self._length_s = 60 * settings.minutes
        self._unread: list[_File] | None = None
        self._told: dict[int, tuple[Price, Path]] = {}
        self._doubtful_s: set[int] = set()
        self._prices: list[Price] = []
        self._faults: dict[tuple[Path, Path], SourceError] = {}

    @property
    def faults(self) -> Sequence[SourceError]:
        """As ``Source.faults``: one for each file, and one for each two that contradict each other."""
        return list(self._faults.values())

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        """As ``Source.prices``."""
        if self._unread is None:
            self._unread = self._listed()
        wanted = [file for file in self._unread if file.may_hold(start_s, stop_s)]
        if wanted:
            self._unread = [file for file in self._unread if not file.may_hold(start_s, stop_s)]
            for file in wanted:
                self._read(file)
            self._leave_out_overlaps()
            certain_s = sorted(self._told.keys() - self._doubtful_s)
            self._prices = [self._told[at_s][0] for at_s in certain_s]
        first = bisect_right(self._prices, start_s - self._length_s, key=_start_s)
        last = bisect_left(self._prices, stop_s, key=_start_s)
        return self._prices[first:last]

    def _listed(self) -> list[_File]:
        folder = self._settings.folder
        try:
            found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES[self._settings.files])
        except OSError as error:
            self._faults[folder, folder] = SourceError(
                f"The folder {str(folder)!r} of the source {self._name!r} cannot be read ({error.strerror}); make it, or "
                "say another in the contract."
            )
            return []
        return [_file(path, self._settings.zone) for path in found]

    def _read(self, file: _File) -> None:
        """Take what ``file`` says, all of it or nothing."""
        path, settings = file.path, self._settings
        try:
            found = self._cache.prices(
                path, repr(settings), lambda data: READERS[settings.files](data, str(path), settings)
            )
        except OSError as error:
            self._faults[path, path] = SourceError(f"{path}: The file of prices cannot be read ({error.strerror}).")
            return
        except SourceError as error:
            self._faults[path, path] = error
            return
        if other := next((price for price in found if not file.may_hold(price.start_s, price.stop_s)), None):
            said = datetime.fromtimestamp(other.start_s, settings.zone).date()
            self._faults[path, path] = SourceError(
                f"{path}: It has prices of {said}, which is another day than its name says; rename it."
            )
            return
        for price in found:
            self._take(price, path)

    def _take(self, price: Price, path: Path) -> None:
        known, where = self._told.setdefault(price.start_s, (price, path))
        if known != price:
            self._doubt(
                [price.start_s],
                (path, where),
                f"It says {price.per_kwh} for a kilowatt-hour at {_told(price.start_s)}, and {where} says {known.per_kwh}; remove "
                "the one that is wrong.",
            )

    def _leave_out_overlaps(self) -> None:
        for first_s, next_s in pairwise(sorted(self._told)):
            if next_s - first_s < self._length_s:
                self._doubt(
                    [first_s, next_s],
                    (self._told[next_s][1], self._told[first_s][1]),
                    f"The price at {_told(next_s)} begins before the one at {_told(first_s)} has held for the "
                    f"{self._settings.minutes} minutes that the source {self._name!r} says; check 'minutes' in the contract.",
                )

    def _doubt(self, starts_s: Iterable[int], files: tuple[Path, Path], sentence: str) -> None:
        """Leave out the prices that begin then, and say why; of the same two files once."""
        self._doubtful_s.update(starts_s)
        self._faults.setdefault(files, SourceError(f"{files[0]}: {sentence}"))


def _start_s(price: Price) -> int:
    return price.start_s


def _file(path: Path, zone: ZoneInfo) -> _File:
    match = _DAY.fullmatch(path.name)
    try:
        day = datetime.strptime(match[1], "%Y%m%d").date() if match else None
    except ValueError:
        day = None
    if day is None:
        return _File(path)
    return _File(path, day_start_s(day, zone), day_stop_s(day, zone))


def _told(start_s: int) -> str:
    return f"{datetime.fromtimestamp(start_s, UTC):%Y-%m-%dT%H:%MZ}"
