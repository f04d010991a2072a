"""Readings in MariaDB and in PostgreSQL, each of them once, whatever dies on the way.

| fault | test |
|---|---|
| power and energies of one second, which a stick tells apart, push each other out, or a repeat changes what is there | test_the_points_of_one_second_are_one_row |
| a value, a time or a tag is another one in the table; absence is a number | test_a_reading_is_a_row_at_the_decimals_of_its_meter |
| the tables of old are others, their queries give something else | test_the_queries_of_old_work |
| ... or the rows that they had are lost | test_tables_that_are_there_are_gone_on_with |
| an update of the tables loses what comes meanwhile, or a new field | test_an_update_of_the_tables_costs_nothing |
| the server is killed in the middle of a batch, many times | test_every_second_is_there_once_though_the_server_is_killed |
| the server hangs, or the sink; it is away; is away when the sink starts | test_the_metering_goes_on_while_one_hangs, test_what_came_while_the_server_was_away_arrives |
| the sink is killed | test_a_killed_sink_costs_no_more_than_it_had_taken |
| the sink is away | test_what_came_while_the_sink_was_away_arrives |
| a line that the tables cannot hold stops all that come after it | test_nothing_odd_stops_what_comes_after_it |
"""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from database import line, wait_until
from sinks.servers import MariaDB, PostgreSQL, SqlServer
from wattline.mqtt.decimals import Decimals

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

SINKS = Path(__file__).parents[2] / "telegraf" / "sinks"
BEGIN = 1_790_000_000
COUNT = "SELECT count(*) FROM electricity"
DEMANDS = "SELECT count(*) FROM instantaneous_demand"
# max_undelivered_metrics of the sinks.
TAKEN = 500


def reading(second: int, *, power_w: float = 1500, meter: str = "grid", **tags: str) -> str:
    """A reading of the second BEGIN + ``second``."""
    return line(BEGIN + second, {"power_w": power_w}, meter=meter, **tags) + "0" * 9


# Those of a server run one after the other, beside those of the other.
BY_SERVER = [
    pytest.param(kind, id=kind.name, marks=pytest.mark.xdist_group(kind.name)) for kind in (MariaDB, PostgreSQL)
]


@pytest.fixture(scope="module", params=BY_SERVER)
def server_of_all(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[SqlServer]:
    """A server with the user of the sink."""
    server = request.param(tmp_path_factory.mktemp(request.param.name), pytestconfig)
    with server:
        server.set_up()
        yield server


@pytest.fixture
def database(server_of_all: SqlServer) -> SqlServer:
    """It, running, with the tables of the sink, which are empty."""
    server_of_all.empty((SINKS / f"{server_of_all.name}.sql").read_text())
    return server_of_all


@pytest.fixture
def sink(rig: Any, database: SqlServer) -> Any:
    """The sink of ``database``, not started."""
    return rig.sink(database.name, database.environment)


def missing(database: SqlServer, seconds: int) -> int:
    """How many of the ``seconds`` are in no row; each is in one row at most, of both tables."""
    rows, demands = database.number(COUNT), database.number(DEMANDS)
    distinct = database.number("SELECT count(DISTINCT time) FROM instantaneous_demand")
    assert rows == demands == distinct
    return seconds - rows


def test_a_reading_is_a_row_at_the_decimals_of_its_meter(rig: Any, database: SqlServer, sink: Any) -> None:
    """No value has more decimals than the meter shows: it is 230.1, and not 230.125."""
    sink.start()
    core = rig.core(sink)
    shown = [(229 + n / 10, -40 + 7 * n, 1234 + n / 100) for n in range(12)]
    for second, (volts, watts, kwh) in enumerate(shown):
        values = {"voltage_v": round(volts * 16) / 16, "power_w": watts, "energy_total_kwh": round(kwh * 128) / 128}
        core.add(line(BEGIN + second, values, meter="house", site="home", run="winter", run_id="a-b") + "0" * 9)
    wait_until("all rows are there", lambda: database.number(COUNT) == len(shown), 30)
    instant = {"mariadb": "TIMESTAMPDIFF(SECOND, '1970-01-01', time)", "postgresql": "extract(epoch FROM time)::bigint"}
    columns = "site, meter, role, run, run_id, voltage_v, power_w, energy_total_kwh, current_a"
    rows = database.query(f"SELECT {instant[database.name]}, {columns} FROM electricity ORDER BY time")  # noqa: S608 - our own words
    learner = Decimals()
    null = {"mariadb": "NULL", "postgresql": ""}[database.name]
    for second, (row, (volts, watts, kwh)) in enumerate(zip(rows, shown, strict=True)):
        assert row[:6] == [str(BEGIN + second), "home", "house", "grid", "winter", "a-b"]
        assert float(row[7]) == watts
        assert row[9] == null
        # As wattline itself rounds, from the first value on.
        read = {"voltage_v": round(volts * 16) / 16, "energy_total_kwh": round(kwh * 128) / 128}
        assert {"voltage_v": float(row[6]), "energy_total_kwh": float(row[8])} == learner.shown("house", read)
        if second >= 8:  # learnt by then
            assert [float(row[6]), float(row[8])] == [round(volts, 1), round(kwh, 2)]


def test_the_points_of_one_second_are_one_row(rig: Any, database: SqlServer, sink: Any) -> None:
    """Whichever comes first, in one batch or in several; what comes twice stays what it was, and is no demand again."""
    sink.start()
    core = rig.core(sink)

    def energy(second: int, kwh: float) -> str:
        return line(BEGIN + second, {"energy_import_kwh": kwh}, meter="grid") + "0" * 9

    core.add(reading(1, power_w=100), energy(2, 5.5), reading(3, power_w=300), energy(3, 6.5))
    wait_until("the first are there", lambda: database.number(COUNT) == 3, 30)
    core.add(energy(1, 4.5), reading(2, power_w=200, run="winter", run_id="u"), reading(9, power_w=900))
    wait_until("the next are there", lambda: database.number(COUNT) == 4, 30)
    core.add(reading(1, power_w=111), energy(1, 99), reading(2, power_w=222), energy(8, 8.5))
    wait_until("the last is there", lambda: database.number(COUNT) == 5, 30)
    null = {"mariadb": "NULL", "postgresql": ""}[database.name]
    rows = database.query("SELECT power_w, energy_import_kwh, run FROM electricity ORDER BY time")
    expected = [["100", "4.5", null], ["200", "5.5", "winter"], ["300", "6.5", null], [null, "8.5", null]]
    assert rows == [*expected, ["900", null, null]]
    demands = database.query("SELECT demand, run FROM instantaneous_demand ORDER BY time")
    assert demands == [["100", ""], ["200", "winter"], ["300", ""], ["900", ""]]


def test_the_queries_of_old_work(rig: Any, database: SqlServer, sink: Any) -> None:
    sink.start()
    core = rig.core(sink)
    core.add(f'run_info,port=/dev/ttyUSB0 name="winter",id="u-u-i-d",meter_id="00:11" {BEGIN}{"0" * 9}')
    core.add(
        reading(1, power_w=1234, run="winter", run_id="u-u-i-d"),
        reading(2, power_w=-350, run="winter", run_id="u-u-i-d"),
    )
    # What is no grid meter has no place in a table without a column for the meter.
    core.add(reading(2, power_w=7, meter="roof", role="solar"))
    wait_until(
        "all rows are there",
        lambda: database.number(COUNT) == 3 and database.number("SELECT count(*) FROM run_info"),
        30,
    )
    newest = "SELECT * FROM instantaneous_demand WHERE time = (SELECT MAX(time) FROM instantaneous_demand)"
    ((when, *row),) = database.query(newest)
    assert row == ["-350", "1", "1000", "winter", "u-u-i-d"]
    # The server's clock is in India, and so are the times that it shows.
    assert when.startswith("2026-09-21 19:43:22")
    kilowatts = "SELECT demand * multiplier / divisor * 1.0 FROM instantaneous_demand WHERE demand <> -1 ORDER BY time"
    assert float(database.query(kilowatts.replace("demand *", "demand * 1.0 *"))[0][0]) == 1.234
    assert database.query("SELECT name, hash, meter_id FROM run_info") == [["winter", "u-u-i-d", "00:11"]]


def test_tables_that_are_there_are_gone_on_with(rig: Any, database: SqlServer, sink: Any) -> None:
    """As the old program had them: no key, no index; and its rows of a failure, too. The schema may run again."""
    kind = {"mariadb": "TIMESTAMP", "postgresql": "timestamptz"}[database.name]
    number = {"mariadb": "INT(11)", "postgresql": "integer"}[database.name]
    database.query("DROP TABLE instantaneous_demand")
    database.query(
        "CREATE TABLE instantaneous_demand (time "
        f"{kind} NOT NULL DEFAULT CURRENT_TIMESTAMP, demand {number} NOT NULL, multiplier {number} NOT NULL, divisor {number} NOT NULL, "
        "run TEXT NOT NULL, hash VARCHAR(100) NOT NULL)"
    )
    database.query(
        "INSERT INTO instantaneous_demand (demand, multiplier, divisor, run, hash) VALUES (-1, -1, -1, 'old', 'o'), (-1, -1, -1, 'old', 'o')"
    )
    database.query((SINKS / f"{database.name}.sql").read_text())
    sink.start()
    rig.core(sink).add(reading(1), reading(2))
    wait_until("the rows are there", lambda: database.number(DEMANDS) == 4, 30)


def test_an_update_of_the_tables_costs_nothing(rig: Any, database: SqlServer, sink: Any) -> None:
    """While readings come; a column that the tables of an older wattline do not have is there afterwards."""
    schema = (SINKS / f"{database.name}.sql").read_text()
    sink.start_as_systemd()
    core = rig.core(sink)
    for update in range(10):
        core.add(*(reading(second) for second in range(update * 300, update * 300 + 300)))
        wait_until("it writes", lambda update=update: database.number(COUNT) > update * 300, 60)
        for table in ("electricity", "electricity_in"):
            database.query(f"ALTER TABLE {table} DROP COLUMN frequency_hz")
        database.query(schema)
    core.add(reading(3000, power_w=1), line(BEGIN + 3001, {"power_w": 1, "frequency_hz": 50}, meter="grid") + "0" * 9)
    wait_until("all rows are there", lambda: database.number(COUNT) == 3002, 60)
    assert missing(database, 3002) == 0
    assert database.number("SELECT count(*) FROM electricity WHERE frequency_hz = 50") == 1


def test_every_second_is_there_once_though_the_server_is_killed(rig: Any, database: SqlServer, sink: Any) -> None:
    """With its power and its energy, which come apart."""
    sink.start_as_systemd()
    core, dice, seconds, kills = rig.core(sink), random.Random(1), 0, 0
    while kills < 25:
        for second in range(seconds, seconds + 400):
            both = [reading(second), line(BEGIN + second, {"energy_import_kwh": second}, meter="grid") + "0" * 9]
            core.add(*(both if second % 2 else both[::-1]))
        seconds += 400
        held = database.number(COUNT)
        wait_until("it writes", lambda held=held: database.number(COUNT) > held, 60)
        time.sleep(dice.uniform(0, 0.3))  # somewhere in the batches that follow
        database.kill()
        kills += 1
        database.start()
        sink.start_as_systemd()
    whole = f"{COUNT} WHERE power_w IS NOT NULL AND energy_import_kwh IS NOT NULL"
    wait_until("all rows are there", lambda: database.number(whole) >= seconds, 120)
    assert missing(database, seconds) == 0


@pytest.mark.parametrize("who", ["server", "sink"])
def test_the_metering_goes_on_while_one_hangs(rig: Any, database: SqlServer, sink: Any, who: str) -> None:
    """Another output of the first Telegraf gets its readings as ever, and afterwards nothing is missing."""
    sink.start_as_systemd()
    other = rig.folder / "other"
    core = rig.core(sink, f'[[outputs.file]]\n  files = ["{other}"]\n  flush_interval = "1s"\n')
    core.add(reading(0))
    wait_until("it writes", lambda: database.number(COUNT) == 1, 30)
    hung = {"server": database, "sink": sink}[who].process
    hung.send_signal(signal.SIGSTOP)
    for second in range(1, 2001):
        core.add(reading(second))
        if second % 200 == 0:
            began = time.monotonic()
            wait_until("the other has it", lambda second=second: other.read_text().count("\n") > second, 10)
            assert time.monotonic() - began < 5
    hung.send_signal(signal.SIGCONT)
    wait_until("all rows are there", lambda: database.number(COUNT) == 2001, 120)
    assert missing(database, 2001) == 0


def test_what_came_while_the_server_was_away_arrives(rig: Any, database: SqlServer, sink: Any) -> None:
    """An hour of readings; and the sink does not stay up without its server, which is no loss either."""
    database.kill()
    core = rig.core(sink)
    sink.start()
    core.add(*(reading(second) for second in range(3600)))
    wait_until("the sink gives up", lambda: not sink.is_alive, 60)
    database.start()
    sink.start_as_systemd()
    wait_until("all rows are there", lambda: database.number(COUNT) == 3600, 120)
    assert missing(database, 3600) == 0


def test_a_killed_sink_costs_no_more_than_it_had_taken(rig: Any, database: SqlServer, sink: Any) -> None:
    """While the server hangs it has taken all that it ever takes; that is the worst moment."""
    sink.start_as_systemd()
    core = rig.core(sink)
    core.add(reading(0))
    wait_until("it writes", lambda: database.number(COUNT) == 1, 30)
    database.hang()
    core.add(*(reading(second) for second in range(1, 3001)))
    wait_until("it takes no more", lambda: "429" in core.log, 60)
    assert sink.process
    sink.process.kill()
    sink.process.wait()
    database.go_on()
    sink.start_as_systemd()
    core.add(reading(3001))
    newest = database.query("SELECT max(time) FROM electricity")
    wait_until("it goes on", lambda: database.query("SELECT max(time) FROM electricity") != newest, 60)
    last = {"mariadb": f"FROM_UNIXTIME({BEGIN + 3001})", "postgresql": f"to_timestamp({BEGIN + 3001})"}[database.name]
    wait_until("the last is there", lambda: database.number(f"{DEMANDS} WHERE time = {last}"), 60)
    assert 0 < missing(database, 3002) <= TAKEN


def test_a_sink_that_is_killed_while_all_is_well_costs_seconds(rig: Any, database: SqlServer, sink: Any) -> None:
    """Five kills, at eighty readings a second: each costs at most what comes between two writes, and half a second for a busy machine."""
    sink.start_as_systemd()
    core, dice, seconds, at_once, pause_s = rig.core(sink), random.Random(2), 0, 20, 0.25
    for _ in range(5):
        until = time.monotonic() + dice.uniform(1, 2)
        while time.monotonic() < until:
            core.add(*(reading(seconds + n) for n in range(at_once)))
            seconds += at_once
            time.sleep(pause_s)  # the time itself is waited for
        sink.process.kill()
        sink.process.wait()
        sink.start_as_systemd()
    core.add(reading(seconds))
    last = {"mariadb": f"FROM_UNIXTIME({BEGIN + seconds})", "postgresql": f"to_timestamp({BEGIN + seconds})"}
    wait_until("the last is there", lambda: database.number(f"{DEMANDS} WHERE time = {last[database.name]}"), 60)
    lost = missing(database, seconds + 1)
    print(f"lost {lost} of {seconds} readings by five kills")
    assert lost <= 5 * (rig.flush_s + 0.5) * at_once / pause_s


def test_what_came_while_the_sink_was_away_arrives(rig: Any, database: SqlServer, sink: Any) -> None:
    core = rig.core(sink)
    core.add(*(reading(second) for second in range(3600)))
    wait_until("the first Telegraf complains", lambda: "connection refused" in core.log, 30)
    sink.start_as_systemd()
    wait_until("all rows are there", lambda: database.number(COUNT) == 3600, 120)
    assert missing(database, 3600) == 0


def test_nothing_odd_stops_what_comes_after_it(rig: Any, database: SqlServer, sink: Any) -> None:
    sink.start_as_systemd()
    core, end = rig.core(sink), "0" * 9
    core.add(
        f"electricity,meter=grid,role=grid,host=pi,colour=blue power_w=1,field_of_tomorrow=3 {BEGIN}{end}",
        f"electricity,meter=grid,role=grid field_of_tomorrow=3 {BEGIN + 1}{end}",
        reading(2, run="x" * 300, run_id="y" * 300),
        reading(3, meter="m" * 300),
        reading(4, power_w=1e300),
        f"electricity power_w=5 {BEGIN + 5}{end}",
        f'run_info,port=p id="{"z" * 300}" {BEGIN}{end}',
        f'run_info,port=p id="only" {BEGIN}{end}',
        reading(6),
    )
    last = {"mariadb": f"FROM_UNIXTIME({BEGIN + 6})", "postgresql": f"to_timestamp({BEGIN + 6})"}[database.name]
    wait_until("the last is there", lambda: database.number(f"{DEMANDS} WHERE time = {last}"), 30)
