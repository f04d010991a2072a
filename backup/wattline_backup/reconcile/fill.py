"""Writing lines of the journal to InfluxDB, each batch acknowledged."""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from wattline.influxdb.errors import RefusedError
from wattline.influxdb.flux import Bucket
from wattline.journal.reader import read
from wattline_backup.reconcile.lines import HOUR_S, Tags, parts_of, with_tags
from wattline_backup.server import Server

BATCH_LINES = 5000
# A bad request is a batch for the sake of one line; and a proxy before InfluxDB may take none that is so large.
_ALL_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}

Wanted = Mapping[tuple[str, int], tuple[str, Tags, int]]
"""Series and hour -> the bucket that it goes to, the tags that Telegraf adds, and a number whose bits are its seconds."""

_NOTHING: tuple[str, Tags, int] = ("", frozenset(), 0)


def lines_of(files: Iterable[Path], wanted: Wanted) -> Iterator[tuple[str, str]]:
    """The lines of a journal that are written again, each with the name of its bucket.

    Args:
        files: that may have any of them; of a port in their order, since of two values of a second the later one counts.
        wanted: which.

    Raises:
        OSError: the journal cannot be read.
    """
    for path in files:
        for record in read(path):
            for line in record.lines:
                if parts := parts_of(line):
                    hour, second = divmod(parts.second, HOUR_S)
                    bucket, tags, seconds = wanted.get((parts.series, hour), _NOTHING)
                    if seconds >> second & 1:
                        yield bucket, with_tags(line, parts.series, tags)


class Filler:
    """Collects lines into batches and writes them.

    Args:
        server: InfluxDB.
        buckets: by name.

    Attributes:
        written: lines that were sent.
        refusals: what InfluxDB said of those that it did not take, each sentence once.
    """

    def __init__(self, server: Server, buckets: Mapping[str, Bucket]) -> None:
        self.written = 0
        self.refusals: list[str] = []
        self._server, self._buckets = server, buckets
        self._waiting: dict[str, list[str]] = {name: [] for name in buckets}

    def put(self, bucket: str, line: str) -> None:
        """Take a line; a batch that is full is written.

        Raises:
            ServerError: InfluxDB is away.
        """
        waiting = self._waiting[bucket]
        waiting.append(line)
        if len(waiting) >= BATCH_LINES:
            self._waiting[bucket] = []
            self._write(self._buckets[bucket], waiting)

    def finish(self) -> None:
        """Write what is left.

        Raises:
            ServerError: InfluxDB is away.
        """
        for name, waiting in self._waiting.items():
            if waiting:
                self._waiting[name] = []
                self._write(self._buckets[name], waiting)

    def _write(self, bucket: Bucket, lines: Sequence[str]) -> None:
        path = f"/api/v2/write?bucket={bucket.id}&orgID={bucket.organisation}&precision=ns"
        headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Encoding": "gzip"}
        body = gzip.compress("\n".join(lines).encode(), compresslevel=1)
        try:
            with self._server.request("POST", path, body=body, headers=headers):
                self.written += len(lines)
        except RefusedError as error:
            if error.status not in {*_ALL_REFUSED, HTTPStatus.UNPROCESSABLE_ENTITY}:
                raise
            # Unprocessable were some of the batch, and the rest was taken.
            if error.status in _ALL_REFUSED and len(lines) > 1:
                half = len(lines) // 2
                self._write(bucket, lines[:half])
                self._write(bucket, lines[half:])
            elif str(error) not in self.refusals:
                self.refusals.append(str(error))
