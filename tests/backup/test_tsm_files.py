"""What InfluxDB counts of its shards.

| fault | test |
|---|---|
| a shard that gets its first file while InfluxDB gathers its numbers stops the run, or counts as unchanged | test_a_shard_in_the_making_fits_nothing |
| after a restore of everything, the files of a shard that is gone count for the one that has its number now | test_a_number_that_two_shards_had |
| other numbers, or a shard without any file, are taken for files | test_only_files_count |
"""

from wattline_backup.tsm_files import NONE, TsmFiles, counted_files


def metric(what: str, shard: int, value: float, bucket: str = "b1") -> str:
    """A line as InfluxDB 2.9.1 writes it."""
    labels = (
        f'bucket="{bucket}",engine="tsm1",id="{shard}",path="/data/{bucket}/{shard}",walPath="/wal/{bucket}/{shard}"'
    )
    return f"storage_tsm_files_{what}{{{labels}}} {value:g}\n"


def test_a_shard_in_the_making_fits_nothing() -> None:
    """InfluxDB gathers ``total`` and ``disk_bytes`` one after the other, in either order."""
    whole = metric("total", 1, 2) + metric("disk_bytes", 1, 1.5e6)
    for half in (metric("total", 2, 1), metric("disk_bytes", 2, 900)):
        found = counted_files(half + whole)
        assert found[1] == TsmFiles(2, 1_500_000)
        assert found[2] != NONE
        assert 0 in (found[2].count, found[2].size)


def test_a_number_that_two_shards_had() -> None:
    gone = metric("total", 1, 0, "old") + metric("disk_bytes", 1, 700, "old")
    live = metric("total", 1, 1, "new") + metric("disk_bytes", 1, 800, "new")
    assert counted_files(gone + live) == counted_files(live + gone) == {1: TsmFiles(1, 800)}


def test_only_files_count() -> None:
    other = metric("total", 1, 3).replace("tsm_files_total", "shard_series")
    assert counted_files(other + metric("total", 4, 0) + metric("disk_bytes", 4, 0)) == {}
