"""After InfluxDB was restored from a set, the journal brings what came after it.

| fault | test |
|---|---|
| what came after the set stays lost, since it was there once | test_what_came_after_the_set_comes_back |
| ... or its numbers do, of days that are over | likewise |
| a second run writes it all again | likewise |
"""

from datetime import UTC, datetime

import pytest

from backup.journal_rig import JournalDesk, everything, reading, store, write_journal
from backup.restore_rig import Database

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

HOUR_S, DAY_S = 3600, 86_400
# A midnight in Rome.
START = int(datetime(2026, 2, 9, 23, tzinfo=UTC).timestamp())
NUMBERS = """from(bucket: "energy_1d") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
    |> filter(fn: (r) => r._measurement == "wattline_completeness" and r._field == "stored")"""


def hours_of_three_days() -> list[int]:
    return [START + day * DAY_S + hour * HOUR_S for day in range(3) for hour in (10, 15)]


def numbers(database: Database) -> list[tuple[str, str]]:
    return sorted((row["_time"], row["_value"]) for row in database.query(NUMBERS))


def test_what_came_after_the_set_comes_back(house: JournalDesk, database: Database) -> None:
    """The set is of the first day; two were metered, and counted, since."""
    lines = [reading(second) for hour in hours_of_three_days() for second in range(hour, hour + 600)]
    write_journal(house.journal, lines, began_s=START + 10 * HOUR_S)
    store(database, lines[:900])
    chosen = house.desk.make_set(database)
    store(database, lines[900:])
    house.now_s = START + 3 * DAY_S
    house.reconcile()
    before = [everything(database, bucket) for bucket in ("energy", "host")], numbers(database)
    assert len(before[1]) == 3

    house.desk.restored(chosen.stamp, "--all", "--yes")
    assert (len(everything(database, "energy")), numbers(database)) == (900 * 3, [])
    told = house.reconcile()

    assert told["filled"] == len(lines) * 3 - 900 * 3
    assert ([everything(database, bucket) for bucket in ("energy", "host")], numbers(database)) == before
    again = house.reconcile()
    assert (again["lines"], again["days"]) == (0, 0)
