"""Lines are written in batches, and one that InfluxDB cannot take keeps no other out.

| fault | test |
|---|---|
| a line that is none keeps its batch out, or the run | test_a_line_that_is_none_keeps_no_other_out |
| a batch that is too large for what is between ends the run | test_a_batch_that_is_too_large_is_halved |
| ... or a line that is too large alone is tried for ever, or passed over in silence | test_a_line_that_is_too_large_alone_is_told |
"""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from backup.journal_rig import FIELDS, everything, reading
from backup.restore_rig import Database
from wattline.influxdb.errors import RefusedError
from wattline.influxdb.flux import Bucket, bucket_of
from wattline_backup.reconcile.fill import Filler
from wattline_backup.server import Server

BUCKET = Bucket("energy", "1", "2")


class Narrow:
    """What takes no batch of more than so many bytes, before they are packed."""

    def __init__(self, most_bytes: int) -> None:
        self.taken: list[str] = []
        self._most_bytes = most_bytes

    @contextmanager
    def request(self, _method: str, _path: str, *, body: bytes, headers: Mapping[str, str]) -> Iterator[None]:
        assert headers["Content-Encoding"] == "gzip"
        text = gzip.decompress(body)
        if len(text) > self._most_bytes:
            raise RefusedError("It is too large.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self.taken += text.decode().splitlines()
        yield


def filled(server: object, lines: list[str], bucket: Bucket = BUCKET) -> Filler:
    filler = Filler(server, {"energy": bucket})  # type: ignore[arg-type]  # of which no more is asked
    for line in lines:
        filler.put("energy", line)
    filler.finish()
    return filler


@pytest.mark.chain
@pytest.mark.timeout(60)
def test_a_line_that_is_none_keeps_no_other_out(database: Database) -> None:
    server = Server(database.url, database.token, "the test")
    lines = [reading(second) for second in range(1_900_000_000, 1_900_000_040)]
    filler = filled(
        server, [*lines[:17], "electricity,meter=house power_w= 5", *lines[17:]], bucket_of(server, "energy")
    )
    server.close()
    assert len(everything(database, "energy")) == len(lines) * len(FIELDS)
    assert filler.written == len(lines)
    assert len(filler.refusals) == 1


def test_a_batch_that_is_too_large_is_halved() -> None:
    server, lines = Narrow(1000), [reading(second) for second in range(100)]
    filler = filled(server, lines)
    assert server.taken == lines
    assert (filler.written, filler.refusals) == (100, [])


def test_a_line_that_is_too_large_alone_is_told() -> None:
    server, lines = Narrow(1000), [reading(second) for second in range(10)]
    filler = filled(server, [*lines[:5], "x" * 2000, *lines[5:]])
    assert server.taken == lines
    assert filler.refusals == ["It is too large."]
