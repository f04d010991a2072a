"""A counter's readings of years, put in in any order and taken out in the order of time."""

import zlib
from array import array
from collections import OrderedDict
from collections.abc import Iterator

DAY_S = 86_400
# Pages that are kept open: the pieces of an export are days on end, and two of them meet at a joint.
OPEN_PAGES = 3
_NOTHING = -1
_EMPTY = array("i", [_NOTHING]) * DAY_S


class Shelf:
    """One whole number, 0 to 2**31 - 1, for any second of any day.

    Why it is needed: a wrap can be told only from the reading before it, and an export begins with the shard of any
    year. A day is a page of 86 400 numbers, and packed it takes some ten kilobytes, since a counter stands still most
    of the time: 4 MB a year for each counter, and a third of a megabyte for each page that is open.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[int, array[int]] = OrderedDict()
        self._packed: dict[int, bytes] = {}
        self.highest = 0
        """The highest number ever put in."""

    def put(self, second: int, number: int) -> bool:
        """Keep ``number`` for ``second`` since 1970; returns whether that second had none before."""
        day, at = divmod(second, DAY_S)
        page = self._open.get(day)
        if page is None:
            page = self._page(day)
        is_new = page[at] == _NOTHING
        page[at] = number
        self.highest = max(self.highest, number)
        return is_new

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Each second that has a number, and the number, in the order of time."""
        for day in sorted(self._open.keys() | self._packed.keys()):
            page = self._open[day] if day in self._open else _unpacked(self._packed[day])
            begin = day * DAY_S
            for at, number in enumerate(page):
                if number != _NOTHING:
                    yield begin + at, number

    def _page(self, day: int) -> "array[int]":
        page = _unpacked(self._packed.pop(day)) if day in self._packed else _EMPTY[:]
        self._open[day] = page
        if len(self._open) > OPEN_PAGES:
            oldest, full = self._open.popitem(last=False)
            self._packed[oldest] = zlib.compress(full.tobytes(), 1)
        return page


def _unpacked(packed: bytes) -> "array[int]":
    page = array("i")
    page.frombytes(zlib.decompress(packed))
    return page
