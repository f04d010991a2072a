"""mariadb.sql on the tables of python-raven, which have no key; and as its head says it for MySQL.

No MySQL can be had on the machines where this is built: MariaDB takes the same words.

| fault | test |
|---|---|
| the repeater reads an old table whole every three seconds | test_the_newest_rows_of_an_old_table_are_found_by_an_index |
| what is left for MySQL has words that MySQL does not know, or is no schema any more | test_mysql_is_spared_what_it_does_not_know |
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.servers import DATABASE, MariaDB

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120), pytest.mark.xdist_group("mariadb")]

SINKS = Path(__file__).parents[2] / "telegraf" / "sinks"
SCHEMA = (SINKS / "mariadb.sql").read_text()
OLD_TABLE = (
    "CREATE TABLE instantaneous_demand (time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, demand INT(11) NOT NULL, "
    "multiplier INT(11) NOT NULL, divisor INT(11) NOT NULL, run TEXT NOT NULL, hash VARCHAR(100) NOT NULL)"
)
ROWS = 20_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[MariaDB]:
    with MariaDB(tmp_path_factory.mktemp("mariadb"), pytestconfig) as server:
        server.set_up()
        server.query(f"CREATE DATABASE {DATABASE}", database="")
        # The engine that MySQL has by itself.
        server.query(SCHEMA)
        yield server


@pytest.fixture
def database(server: MariaDB) -> MariaDB:
    """It, with the old table and a row for every quarter of a minute of four days."""
    server.query(f"DROP DATABASE {DATABASE}; CREATE DATABASE {DATABASE}", database="")
    server.query(OLD_TABLE)
    server.query(
        f"INSERT INTO instantaneous_demand SELECT NOW() - INTERVAL seq * 15 SECOND, 1, 1, 1000, 'r', 'h' FROM seq_1_to_{ROWS}"  # noqa: S608 - our own number
    )
    return server


def test_the_newest_rows_of_an_old_table_are_found_by_an_index(database: MariaDB) -> None:
    """And there is one only, however often the tables are made."""
    for _ in range(2):
        database.query(SCHEMA)
    (query,) = re.findall(r'query = "(SELECT .*)"', (SINKS / "repeater.conf").read_text())
    ((_, _, table, access, _, key, *_, rows, _),) = database.query(f"EXPLAIN {query}")
    assert [table, access, key] == ["instantaneous_demand", "range", "time"]
    assert int(rows) < ROWS / 10
    assert len(database.query("SHOW INDEX FROM instantaneous_demand")) == 1


def test_mysql_is_spared_what_it_does_not_know(database: MariaDB) -> None:
    """The command in the head of mariadb.sql, on the old table."""
    (command,) = re.findall(r"^--   (sed .*) \| sudo mysql", SCHEMA, re.MULTILINE)
    said = subprocess.run(["sh", "-c", command], cwd=SINKS, capture_output=True, text=True, check=True).stdout
    words = "\n".join(row for row in said.splitlines() if not row.startswith("--"))
    assert not re.search(r"(COLUMN|INDEX|PLUGIN) IF NOT EXISTS|OR REPLACE", words)
    database.query(said)
    database.query("INSERT INTO electricity_in (time, meter, role, power_w) VALUES (NOW(), 'grid', 'grid', 7)")
    assert database.number("SELECT count(*) FROM instantaneous_demand WHERE demand = 7") == 1
    assert len(database.query("SHOW INDEX FROM instantaneous_demand")) == 1
