"""The whole export: what there is, then piece by piece into the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from wattline import __version__
from wattline.export import query, sink
from wattline.export.catalogue import Catalogue
from wattline.export.moment import DAY_S, Span, spans
from wattline.export.progress import Watcher
from wattline.export.server import Server
from wattline.export.table import Rows, Shape, schema

# A piece of a coarser bucket has about as many rows as a day of seconds.
PIECE_DAYS = {"energy_1m": 30, "energy_15m": 365, "energy_1d": 3650}


@dataclass(slots=True)
class Outcome:
    """What an export was: rows that were written, and falls of counters whose increase nobody knows."""

    rows: int = 0
    falls: int = 0


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be exported.

    Attributes:
        server: where from.
        begin, end: seconds since 1970; the end does not belong to it.
        shape: of the table.
    """

    server: Server
    begin: int
    end: int
    shape: Shape

    def write(self, catalogue: Catalogue, name: str, form: str, watcher: Watcher) -> Outcome:
        """Write the table into the file ``name``.

        Raises:
            ExportError: InfluxDB is away or refuses, or the file cannot be written. The file is then as it was before.
        """
        columns = schema(self.shape, catalogue.fields, self._about())
        outcome = Outcome()
        with sink.opened(name) as file, sink.writer(form, file, columns) as writer:
            for rows in self._pieces(catalogue, columns, outcome, watcher):
                writer.write(rows)
        return outcome

    def _pieces(
        self, catalogue: Catalogue, columns: pa.Schema, outcome: Outcome, watcher: Watcher
    ) -> Iterator[pa.Table]:
        """The rows in the order of days, and in a day meter by meter."""
        makers = {meter: Rows(self.shape, columns, meter, newest) for meter, newest in catalogue.newest.items()}
        total_s, done_s = (self.end - self.begin) * len(makers), 0
        for span in self._spans():
            for meter, maker in makers.items():
                fields = catalogue.fields_of(meter)
                answer = self.server.rows(query.readings(meter, fields, span, self.shape.every_s))
                rows = maker.of(answer, fields, span)
                # The day before the range only tells where the counters stood.
                if span.begin >= self.begin:
                    done_s += span.end - span.begin
                    if rows.num_rows:
                        outcome.rows += rows.num_rows
                        yield rows
                watcher.at(done_s, total_s, outcome.rows)
        outcome.falls = sum(maker.increases.falls for maker in makers.values())

    def _spans(self) -> Iterator[Span]:
        zone = ZoneInfo(self.shape.zone)
        if self.shape.increases:
            yield from spans(self.begin - DAY_S, self.begin, zone)
        days = 1 if self.shape.every_s else PIECE_DAYS.get(self.server.bucket, 1)
        yield from spans(self.begin, self.end, zone, days)

    def _about(self) -> dict[str, object]:
        begin, end = (datetime.fromtimestamp(second, UTC).isoformat() for second in (self.begin, self.end))
        return {
            "wattline": __version__,
            "bucket": self.server.bucket,
            "from": begin,
            "to": end,
            "timezone": self.shape.zone,
            "every_s": self.shape.every_s,
        }
