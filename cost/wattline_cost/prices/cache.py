"""What was read of a file of prices, so that it is not parsed again.

A year of Italian quarter-hours is seven hundred files and fifty megabytes of XML, for a few hundred kilobytes of prices.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from wattline_cost.prices.source import Price

# Another number when what is kept would be read otherwise.
FORM = 3


class Cache:
    """Keeps the prices of files.

    Args:
        folder: holds a small file for each; it is made when there is something to keep. None: nothing is kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def prices(self, path: Path, how: str, parse: Callable[[bytes], Iterable[Price]]) -> list[Price]:
        """The prices of the file ``path``: those that were kept, if it has not changed since, else those that ``parse`` reads.

        Args:
            path: the file.
            how: what ``parse`` depends on beside the file's bytes.
            parse: from these to prices.

        Raises:
            OSError: the file cannot be read.
            SourceError: as ``parse``.
        """
        if self._folder is None:
            return list(parse(path.read_bytes()))
        status = path.stat()
        mark = [FORM, status.st_size, status.st_mtime_ns]
        kept = self._folder / f"{hashlib.sha256(f'{path.absolute()}|{how}'.encode()).hexdigest()[:32]}.json"
        prices = _kept(kept, mark)
        if prices is None:
            prices = list(parse(path.read_bytes()))
            self._keep(kept, mark, prices)
        return prices

    def _keep(self, kept: Path, mark: list[int], prices: list[Price]) -> None:
        content = {"mark": mark, "prices": [[price.start_s, price.stop_s, str(price.per_kwh)] for price in prices]}
        beside = kept.with_suffix(f".{os.getpid()}")
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(content, separators=(",", ":")))
            beside.replace(kept)
        except OSError:
            # On a full or foreign disk all of it works as well, and takes its time again.
            with suppress(OSError):
                beside.unlink()


def _kept(path: Path, mark: list[int]) -> list[Price] | None:
    try:
        content = json.loads(path.read_bytes())
        if content["mark"] != mark:
            return None
        return [Price(start_s, stop_s, Decimal(per_kwh)) for start_s, stop_s, per_kwh in content["prices"]]
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError):
        # Not there, or cut off by a power cut: then it is read anew.
        return None
