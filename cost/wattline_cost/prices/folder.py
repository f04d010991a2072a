"""A folder into which somebody puts files of prices."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
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

_DAY = re.compile(r"(20[0-9]{6})[^0-9].*\.xml", re.IGNORECASE)


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
        self._starts_s: list[int] = []
        self._told: dict[int, tuple[Price, Path]] = {}

    def prices(self, start_s: int, stop_s: int) -> Sequence[Price]:
        """As ``Source.prices``.

        Raises:
            SourceError: the folder or a file in it cannot be read, or two prices are told of the same time.
        """
        if self._unread is None:
            self._unread = self._listed()
        wanted = [file for file in self._unread if file.may_hold(start_s, stop_s)]
        if wanted:
            for file in wanted:
                self._read(file)
            self._starts_s = sorted(self._told)
            self._refuse_overlaps()
            # Not before: what is refused is so again when it is asked for again.
            self._unread = [file for file in self._unread if not file.may_hold(start_s, stop_s)]
        first = bisect_right(self._starts_s, start_s - self._length_s)
        last = bisect_left(self._starts_s, stop_s)
        return [self._told[at_s][0] for at_s in self._starts_s[first:last]]

    def _listed(self) -> list[_File]:
        folder = self._settings.folder
        try:
            found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES[self._settings.files])
        except OSError as error:
            raise SourceError(
                f"The folder {str(folder)!r} of the source {self._name!r} cannot be read ({error.strerror}); make it, or "
                "say another in the contract."
            ) from error
        return [_file(path, self._settings.zone) for path in found]

    def _read(self, file: _File) -> None:
        path, settings = file.path, self._settings
        try:
            found = self._cache.prices(
                path, repr(settings), lambda data: READERS[settings.files](data, str(path), settings)
            )
        except OSError as error:
            raise SourceError(f"{path}: The file of prices cannot be read ({error.strerror}).") from error
        for price in found:
            if not file.may_hold(price.start_s, price.stop_s):
                said = datetime.fromtimestamp(price.start_s, settings.zone).date()
                raise SourceError(
                    f"{path}: It has prices of {said}, which is another day than its name says; rename it."
                )
            self._take(price, path)

    def _take(self, price: Price, path: Path) -> None:
        known, where = self._told.setdefault(price.start_s, (price, path))
        if known is not price and known != price:
            raise SourceError(
                f"{path}: It says {price.per_kwh} for a kilowatt-hour at {_told(price.start_s)}, and {where} says "
                f"{known.per_kwh}; remove the one that is wrong."
            )

    def _refuse_overlaps(self) -> None:
        for first_s, next_s in pairwise(self._starts_s):
            if next_s - first_s < self._length_s:
                raise SourceError(
                    f"{self._told[next_s][1]}: The price at {_told(next_s)} begins before the one at {_told(first_s)} has held "
                    f"for the {self._settings.minutes} minutes that the source {self._name!r} says; check 'minutes' in the "
                    "contract."
                )


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
