"""How many TSM files a shard has, and their bytes together: as a set has them, and as InfluxDB 2.9.1 counts them in its metrics."""

import re
from dataclasses import dataclass

from wattline_backup.index import Shard

# `storage_tsm_files_total{bucket="…",engine="tsm1",id="7",path="…",walPath="…"} 2`
METRIC = re.compile(r"^storage_tsm_files_(?P<what>total|disk_bytes)\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
SHARD_OF_METRIC = re.compile(r'(?:^|,)id="(\d+)"')


@dataclass(frozen=True, slots=True)
class TsmFiles:
    """The TSM files of a shard.

    Attributes:
        count: how many.
        size: their bytes together.
    """

    count: int
    size: int


NONE = TsmFiles(0, 0)


def stored_files(shard: Shard) -> TsmFiles:
    """Those that a set has of a shard."""
    return TsmFiles(len(shard.tsm), sum(member.size for member in shard.tsm))


def counted_files(metrics: str) -> dict[int, TsmFiles]:
    """Those of each shard of a server; a shard without any is not there.

    InfluxDB gathers the two numbers one after the other, so a shard that gets its first file meanwhile has one of them only:
    the other is 0 then, which fits nothing that is stored.

    Args:
        metrics: what the server answers to ``GET /metrics``.
    """
    found: dict[str, dict[str, int]] = {}
    for metric in METRIC.finditer(metrics):
        found.setdefault(metric["labels"], {})[metric["what"]] = int(float(metric["value"]))
    # After a restore of everything a number may belong to two shards, of which the old one has no file any more.
    return {
        int(shard[1]): TsmFiles(numbers.get("total", 0), numbers.get("disk_bytes", 0))
        for labels, numbers in found.items()
        if numbers.get("total") != 0 and (shard := SHARD_OF_METRIC.search(labels))
    }
