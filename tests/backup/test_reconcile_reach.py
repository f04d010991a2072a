"""What a bucket keeps no more is neither missing nor written, and numbers that were told of it stand.

| fault | test |
|---|---|
| true days become missing ones, since InfluxDB has let their readings go | test_what_a_bucket_keeps_no_more_is_not_missing |
| ... and are written all the same, and refused, each day | likewise |
| ... or what it keeps still is given up with them | test_what_it_keeps_still_is_brought |
| the other bucket, which keeps all, is given up with it | likewise |
| the number of a day that its own bucket keeps no more is refused at each run | test_a_number_that_is_kept_no_more_is_not_written |
"""

import time
from collections.abc import Iterable

import pytest

from backup.journal_rig import FIELDS, JournalDesk, bus, everything, reading, store, write_journal
from backup.restore_rig import Database

HOUR_S, DAY_S = 3600, 86_400
KEPT_S = 3 * DAY_S


def keep(database: Database, bucket: str, seconds: int) -> None:
    """Set how long a bucket keeps its points, and let go of what is older, as InfluxDB does with whole shards."""
    rule = {"type": "expire", "everySeconds": seconds, "shardGroupDurationSeconds": DAY_S}
    database.ask("PATCH", f"buckets/{database.buckets()[bucket]['id']}", {"retentionRules": [rule]})
    database.delete(0, int(time.time()) - seconds, bucket)


def metered(house: JournalDesk) -> list[str]:
    """A journal of ten minutes a day, five days long up to two hours ago; InfluxDB knows what time it is itself."""
    house.now_s = int(time.time())
    begin_s = (house.now_s // HOUR_S - 2) * HOUR_S - 5 * DAY_S
    lines = [line for day in range(6) for line in _ten_minutes(begin_s + day * DAY_S)]
    write_journal(house.journal, lines, began_s=begin_s)
    return lines


def _ten_minutes(begin_s: int) -> Iterable[str]:
    return (line for second in range(begin_s, begin_s + 600) for line in (reading(second), bus(second)))


def told(house: JournalDesk) -> dict[str, tuple[int, int]]:
    """Of each day what was metered and what is stored, in this month and the one before."""
    months = {time.strftime("%Y-%m", time.gmtime(house.now_s - days * DAY_S)) for days in (0, 6)}
    days = [day for month in months for day in house.completeness(month)]
    return {day["day"]: (day["metered"], day["stored"]) for day in days if day["metered"]}


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_what_a_bucket_keeps_no_more_is_not_missing(house: JournalDesk, database: Database) -> None:
    store(database, metered(house))
    house.reconcile()
    before = told(house)
    keep(database, "energy", KEPT_S)
    after = house.reconcile()
    assert (after["lines"], after["missing"], after["remarks"]) == (0, 0, [])
    assert told(house) == before
    assert len(before) == 6


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_what_it_keeps_still_is_brought(house: JournalDesk, database: Database) -> None:
    """InfluxDB has nothing at all, and nothing is remembered."""
    metered(house)
    keep(database, "energy", KEPT_S)
    after = house.reconcile()
    assert (after["missing"], after["remarks"]) == (0, [])
    assert len(everything(database, "energy")) == 3 * 600 * len(FIELDS)
    assert len(everything(database, "host")) == 6 * 600
    assert all(metered == stored for metered, stored in told(house).values())


@pytest.mark.chain
@pytest.mark.timeout(120)
def test_a_number_that_is_kept_no_more_is_not_written(house: JournalDesk, database: Database) -> None:
    store(database, metered(house))
    keep(database, "energy_1d", KEPT_S)
    after = house.reconcile()
    assert (after["missing"], after["remarks"]) == (0, [])
    assert 2 <= len(told(house)) <= 4
