"""compose/influxdb/setup against a real InfluxDB: whatever is there before, afterwards all is as it has to be.

| fault | test |
|---|---|
| something is missing or otherwise after the first run | test_a_new_server_gets_all_of_it |
| a second run changes something, or says that it did | test_a_second_run_changes_nothing |
| an interruption at any point leaves what the next run cannot finish | test_an_interrupted_run_is_finished_by_the_next |
| a bucket is missing | test_a_missing_bucket_is_made |
| ... or is kept too long or too short, or has the server's own shards | test_a_bucket_that_differs_is_put_right |
| what somebody kept in `host` before, or chose to keep longer, is thrown away | test_what_somebody_keeps_longer_in_host_is_not_forgotten |
| a deleted bucket leaves tokens that open nothing | test_tokens_follow_a_bucket_that_was_made_anew |
| a token is lost, unknown to the server, or was made and never written down | test_a_token_that_is_of_no_use_is_made_anew |
| a token may do more than its user needs, or less | test_each_token_may_do_what_its_user_needs_and_no_more |
| a task was changed, paused or is there twice | test_a_task_that_differs_is_put_right |
| the household's time zone is not in the tasks, or the old one stays | test_the_tasks_get_the_time_zone_of_the_household |
| a task under another name is made anew at each run | test_a_task_with_another_name_than_its_file_is_refused |
| something secret is printed or stands on a command line | test_nothing_secret_is_printed_or_on_a_command_line |
| a file with a secret can be read by others | test_nobody_else_may_read_the_tokens |
| another shard length than the file's words need is refused by the server | test_readings_are_kept_as_long_as_the_household_says |
| a slip of the pen in .env does something else, or half of it | test_a_wrong_word_is_refused_before_anything_is_made |
| a server that is somebody else's, or a lost operator token, ends in a riddle | test_a_server_that_is_not_ours_is_named, test_an_empty_secret_is_named |
| a server that is still starting ends it | test_a_server_that_is_still_starting_is_waited_for |
| a contract of no watts is taken | test_a_contract_without_power_is_refused |
| a server without our organisation cannot be set up | test_a_server_without_the_organisation_gets_it |
| without secrets there is a password that everybody knows | test_the_set_up_has_no_default_secret |
| a wrong time zone is found out by a task that fails every hour | test_a_wrong_time_zone_is_refused_before_it_is_in_a_task |
| an upgrade's tasks are made beside the old ones | test_an_upgrade_brings_the_tasks_with_it |
"""

import stat
import subprocess
import threading

import pytest

from stack.setup_rig import House

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

BUCKETS = {
    "energy": (0, 14),
    "energy_1m": (0, 28),
    "energy_15m": (0, 364),
    "energy_1d": (0, 3640),
    "cost": (0, 364),
    "host": (30, 7),
}
TOKENS = {
    "wattline telegraf": ["write energy", "write host"],
    "wattline grafana": sorted(f"read {name}" for name in BUCKETS),
    "wattline cost": ["read cost", "read energy_15m", "read energy_1d", "write cost"],
}
TASK = """import "timezone"

option task = {name: "energy_1d", every: 1h}
option location = timezone.location(name: "Europe/Rome")

// Quotes ", a back slash \\, a tab \t, <, > and &, and the sign for degrees, °.
from(bucket: "energy_15m")
    |> range(start: -task.every)
    |> to(bucket: "energy_1d")
"""
NOTHING = "Everything was there; nothing was changed.\n"


@pytest.fixture
def empty_house(server, tmp_path):
    """An InfluxDB that nobody has set up."""
    house = House(server, tmp_path)
    (house.tasks / "energy_1d.flux").write_text(TASK)
    house.influxdb.start()
    yield house
    house.influxdb.stop()


@pytest.fixture(scope="module")
def shared_house(server, tmp_path_factory):
    house = House(server, tmp_path_factory.mktemp("house"))
    house.influxdb.start()
    yield house
    house.influxdb.stop()


@pytest.fixture
def house(shared_house):
    """An InfluxDB that is set up: what a test spoils, the set-up of the next one mends."""
    (shared_house.tasks / "energy_1d.flux").write_text(TASK)
    shared_house.make_secrets()
    done(shared_house.set_up())
    return shared_house


def done(run: subprocess.CompletedProcess[str]) -> str:
    """What the set-up printed; it came to its end and complained of nothing."""
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def is_whole(house: House) -> None:
    """Asserts that all is there."""
    assert house.buckets() == BUCKETS
    tokens = house.tokens()
    assert tokens.pop("admin's Token") == tokens.pop("wattline backup")
    assert tokens == TOKENS
    for name in ("telegraf", "grafana", "backup", "cost"):
        assert house.influxdb.ask("GET", "/api/v2/buckets", house.secret(f"influxdb_{name}_token"))[0] == 200
    assert [(task["name"], task["status"], task["flux"]) for task in house.stored_tasks()] == [
        ("energy_1d", "active", TASK.rstrip("\n"))
    ]


def test_a_new_server_gets_all_of_it(empty_house):
    printed = done(empty_house.set_up())
    is_whole(empty_house)
    assert "Made the user admin and the organisation home." in printed


def test_a_second_run_changes_nothing(house):
    before = {path.name: path.read_text() for path in house.secrets.iterdir()}
    assert done(house.set_up()) == NOTHING
    is_whole(house)
    assert {path.name: path.read_text() for path in house.secrets.iterdir()} == before


@pytest.mark.parametrize("calls", [0, 1, 5, 9, 20, 23, 26, 31, 34, 37])
def test_an_interrupted_run_is_finished_by_the_next(empty_house, calls):
    interrupted = empty_house.set_up(calls=calls)
    assert interrupted.returncode == 1
    assert interrupted.stderr.endswith("what is done already stays.\n")
    done(empty_house.set_up())
    is_whole(empty_house)
    assert done(empty_house.set_up()) == NOTHING


@pytest.mark.parametrize("name", BUCKETS)
def test_a_missing_bucket_is_made(house, name):
    house.delete(f"/api/v2/buckets/{house.bucket_id(name)}")
    assert f"Bucket {name}: not there; now " in done(house.set_up())
    is_whole(house)


@pytest.mark.parametrize(
    ("name", "kept_days", "shard_days"),
    [
        ("energy", 30, 1),
        ("energy_1m", 90, 28),
        ("energy_15m", 0, 7),
        ("energy_1d", 0, 364),
        ("cost", 60, 7),
        ("host", 10, 1),
    ],
)
def test_a_bucket_that_differs_is_put_right(house, name, kept_days, shard_days):
    rule = {"type": "expire", "everySeconds": kept_days * 86400, "shardGroupDurationSeconds": shard_days * 86400}
    house.patch(f"/api/v2/buckets/{house.bucket_id(name)}", {"retentionRules": [rule]})
    assert house.buckets()[name] == (kept_days, shard_days)
    assert f"Bucket {name}: kept " in done(house.set_up())
    is_whole(house)


@pytest.mark.parametrize("kept_days", [0, 400])
def test_what_somebody_keeps_longer_in_host_is_not_forgotten(house, kept_days):
    rule = {"type": "expire", "everySeconds": kept_days * 86400, "shardGroupDurationSeconds": 7 * 86400}
    house.patch(f"/api/v2/buckets/{house.bucket_id('host')}", {"retentionRules": [rule]})
    assert done(house.set_up()) == NOTHING
    assert house.buckets()["host"] == (kept_days, 7)


def test_tokens_follow_a_bucket_that_was_made_anew(house):
    telegraf = house.secret("influxdb_telegraf_token")
    house.delete(f"/api/v2/buckets/{house.bucket_id('host')}")
    done(house.set_up())
    assert house.influxdb.ask("GET", "/api/v2/buckets", telegraf)[0] == 401
    assert house.influxdb.write("host", house.secret("influxdb_telegraf_token"), "cpu usage=1") == 204


@pytest.mark.parametrize(
    ("name", "content"), [("telegraf", None), ("grafana", ""), ("backup", "unknown"), ("cost", None)]
)
def test_a_token_that_is_of_no_use_is_made_anew(house, name, content):
    path = house.secrets / f"influxdb_{name}_token"
    lost = path.read_text()
    path.unlink() if content is None else path.write_text(content)
    assert f'Made a token, "wattline {name}"' in done(house.set_up())
    assert house.influxdb.ask("GET", "/api/v2/buckets", lost)[0] == 401, "the lost one still opens"
    is_whole(house)


def test_each_token_may_do_what_its_user_needs_and_no_more(house):
    names = ("telegraf", "grafana", "backup", "cost")
    telegraf, grafana, backup, cost = (house.secret(f"influxdb_{name}_token") for name in names)
    for bucket in BUCKETS:
        writes = house.influxdb.write(bucket, telegraf, "electricity,meter=house power_w=1")
        assert writes == (204 if bucket in {"energy", "host"} else 403), bucket
        assert house.influxdb.write(bucket, grafana, "electricity,meter=house power_w=1") == 403, bucket
        flux = f'from(bucket: "{bucket}") |> range(start: -1h) |> filter(fn: (r) => r.meter == "house") |> last()'
        assert house.influxdb.query(flux, telegraf)[0] == 404, bucket
        status, rows = house.influxdb.query(flux, grafana)
        assert (status, len(rows)) == (200, 1 if bucket in {"energy", "host"} else 0), bucket
        may_read = bucket in {"energy_15m", "energy_1d", "cost"}
        assert house.influxdb.query(flux, cost)[0] == (200 if may_read else 404), bucket
        writes = house.influxdb.write(bucket, cost, "cost_1d,contract=house cost=1")
        deletes = delete(house, bucket, cost)
        assert (writes, deletes) == ((204, 204) if bucket == "cost" else (403, 403)), bucket
    for token, status in ((telegraf, 401), (grafana, 401), (cost, 401), (backup, 200)):
        assert house.influxdb.ask("GET", "/api/v2/backup/metadata", token)[0] == status
        assert (house.influxdb.ask("GET", "/api/v2/users", token)[1].find(b"admin") >= 0) == (status == 200)


def delete(house: House, bucket: str, token: str) -> int:
    """The status of a deletion of what no bucket has."""
    body = b'{"start": "2020-01-01T00:00:00Z", "stop": "2020-01-02T00:00:00Z"}'
    headers = {"Content-Type": "application/json"}
    return house.influxdb.ask("POST", f"/api/v2/delete?org=home&bucket={bucket}", token, body, **headers)[0]


def test_a_task_that_differs_is_put_right(house):
    def spoil_and_mend(change):
        change(house.stored_tasks()[0])
        printed = done(house.set_up())
        is_whole(house)
        return printed

    up_to_date = "Brought the task energy_1d up to date.\n"
    changed = TASK.replace("-task.every", "-2h")
    assert spoil_and_mend(lambda task: house.patch(f"/api/v2/tasks/{task['id']}", {"flux": changed})) == up_to_date
    assert spoil_and_mend(lambda task: house.patch(f"/api/v2/tasks/{task['id']}", {"status": "inactive"})) == up_to_date
    assert spoil_and_mend(lambda task: house.delete(f"/api/v2/tasks/{task['id']}")) == "Made the task energy_1d.\n"
    spoil_and_mend(lambda task: house.post("/api/v2/tasks", {"orgID": task["orgID"], "flux": TASK}))


def test_an_upgrade_brings_the_tasks_with_it(house):
    old = house.stored_tasks()[0]["id"]
    (house.tasks / "energy_1d.flux").write_text(TASK + "// a newer one\n")
    assert done(house.set_up()) == "Brought the task energy_1d up to date.\n"
    (task,) = house.stored_tasks()
    assert (task["id"], task["flux"]) == (old, TASK + "// a newer one")


def test_the_tasks_get_the_time_zone_of_the_household(house):
    assert "remake --days" in done(house.set_up(WATTLINE_TIMEZONE="Asia/Kolkata"))
    (task,) = house.stored_tasks()
    assert 'timezone.location(name: "Asia/Kolkata")' in task["flux"]
    assert "Rome" not in task["flux"]
    assert done(house.set_up(WATTLINE_TIMEZONE="Asia/Kolkata")) == NOTHING
    done(house.set_up(WATTLINE_TIMEZONE="Europe/Rome"))
    is_whole(house)


def test_a_task_with_another_name_than_its_file_is_refused(house):
    (house.tasks / "energy_1h.flux").write_text(TASK)
    try:
        run = house.set_up()
    finally:
        (house.tasks / "energy_1h.flux").unlink()
    assert run.returncode == 1
    assert 'energy_1h.flux does not call its task "energy_1h"' in run.stderr


def test_nothing_secret_is_printed_or_on_a_command_line(empty_house):
    first = empty_house.set_up()
    calls = empty_house.calls.read_text()
    second = empty_house.set_up()
    seen = first.stdout + first.stderr + calls + second.stdout + second.stderr + empty_house.calls.read_text()
    assert calls.count("influx auth create") == 4
    for path in empty_house.secrets.iterdir():
        assert len(path.read_text()) > 40
        assert path.read_text() not in seen, path.name


def test_nobody_else_may_read_the_tokens(house):
    modes = {path.name: stat.filemode(path.stat().st_mode) for path in house.secrets.iterdir()}
    assert {name for name, mode in modes.items() if mode != "-rw-------"} == {
        "grafana_admin_password",
        "grafana_secret_key",
        "influxdb_grafana_token",
    }


@pytest.mark.parametrize(
    ("words", "kept_days", "shard_days"),
    [("0", 0, 14), ("400d", 400, 14), ("52w", 364, 14), ("28d", 28, 14), ("27d", 27, 1), ("1d", 1, 1)],
)
def test_readings_are_kept_as_long_as_the_household_says(house, words, kept_days, shard_days):
    done(house.set_up(WATTLINE_RAW_RETENTION=words))
    assert house.buckets() == BUCKETS | {"energy": (kept_days, shard_days)}


@pytest.mark.parametrize("words", ["5y", "400", "d", "0d", "1d2w", "-3d", "2 d", "36h", "inf"])
def test_a_wrong_word_is_refused_before_anything_is_made(tmp_path, server, words):
    """Not even the server is needed."""
    run = House(server, tmp_path).set_up(WATTLINE_RAW_RETENTION=words)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"setup: WATTLINE_RAW_RETENTION={words} is no time to keep readings: "
        "write 0 (for ever), or days or weeks such as 400d or 52w.\n"
    )


@pytest.mark.parametrize("zone", ["Europe/Rom", 'Europe/Rome"', "UTC|s", "Rome, Europe"])
def test_a_wrong_time_zone_is_refused_before_it_is_in_a_task(house, zone):
    run = house.set_up(WATTLINE_TIMEZONE=zone)
    assert run.returncode == 2
    assert f"WATTLINE_TIMEZONE={zone} is not " in run.stderr
    is_whole(house)


@pytest.mark.parametrize("watts", ["0", "03000", "3 kW", "-1", "3000.5"])
def test_a_contract_without_power_is_refused(server, tmp_path, watts):
    run = House(server, tmp_path).set_up(WATTLINE_CONTRACT_POWER_W=watts)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"WATTLINE_CONTRACT_POWER_W={watts} is no power" in run.stderr


def test_a_server_without_the_organisation_gets_it(empty_house):
    """As one that was set up for something else, or half."""
    house = empty_house
    done(house.set_up())
    (organisation,) = house.influxdb.get("/api/v2/orgs", house.operator)["orgs"]
    house.patch(f"/api/v2/orgs/{organisation['id']}", {"name": "casa"})
    assert "Made the organisation home." in done(house.set_up())
    assert house.influxdb.write("host", house.secret("influxdb_telegraf_token"), "cpu usage=1") == 204
    assert done(house.set_up()) == NOTHING


def test_a_server_that_is_not_ours_is_named(house):
    path = house.secrets / "influxdb_operator_token"
    ours = path.read_text()
    path.write_text("another")
    run = house.set_up()
    path.write_text(ours)
    assert run.returncode == 1
    assert "InfluxDB does not know the token in " in run.stderr
    is_whole(house)


def test_an_empty_secret_is_named(empty_house):
    (empty_house.secrets / "influxdb_admin_password").write_text("")
    run = empty_house.set_up()
    assert run.returncode == 1
    assert "influxdb_admin_password is missing or empty: compose/make-secrets makes it." in run.stderr


def test_a_secret_that_would_need_quoting_is_named(empty_house):
    (empty_house.secrets / "influxdb_admin_password").write_text('a"b\\c')
    run = empty_house.set_up()
    assert run.returncode == 1
    assert "holds other characters than letters, digits and _=.-" in run.stderr


def test_a_server_that_is_still_starting_is_waited_for(server, tmp_path):
    house = House(server, tmp_path)
    (house.tasks / "energy_1d.flux").write_text(TASK)
    late = threading.Timer(1.5, house.influxdb.start)
    late.start()
    try:
        done(house.set_up())
        is_whole(house)
    finally:
        late.join()
        house.influxdb.stop()


def test_the_set_up_has_no_default_secret(server, tmp_path):
    """An InfluxDB without secrets lets nobody in, and stays as it was."""
    house = House(server, tmp_path)
    for path in house.secrets.iterdir():
        path.unlink()
    house.influxdb.start()
    try:
        assert house.set_up().returncode == 1
        assert house.influxdb.get("/api/v2/setup", token="")["allowed"] is True
    finally:
        house.influxdb.stop()
