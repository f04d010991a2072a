"""compose/influxdb/rotate against a real InfluxDB: new tokens, and no moment without one that works.

| fault | test |
|---|---|
| the old token is dead before the new one is in use, so readings are refused | test_the_old_tokens_work_until_they_are_locked |
| the old token still opens at the end | test_the_old_tokens_work_until_they_are_locked |
| a new token may do more than the old one, or less | test_the_new_tokens_may_do_what_the_old_ones_might |
| ... so that the backup's may no longer bring InfluxDB what it lacks of the journal | test_the_backups_token_may_reconcile_before_and_after |
| an interruption leaves a token that nobody knows and that opens | test_an_interrupted_rotation_is_finished_by_the_next |
| a second rotation finds the names of the first in its way | test_it_may_be_done_again_and_again |
| something secret is printed or stands on a command line | test_nothing_secret_is_printed_or_on_a_command_line |
| a slip of the pen locks | test_another_word_is_refused |
| without the operator's token it ends in a riddle | test_a_missing_operator_token_is_named |
"""

import json
import subprocess
import time

import pytest

from backup.journal_rig import FIELDS, day_of, write_journal
from stack.setup_rig import House
from wattline_backup.cli import main

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

NAMES = ("telegraf", "grafana", "backup", "cost")
NOTHING = "Everything was there; nothing was changed.\n"


@pytest.fixture(scope="module")
def shared_house(server, tmp_path_factory):
    house = House(server, tmp_path_factory.mktemp("house"))
    house.influxdb.start()
    yield house
    house.influxdb.stop()


@pytest.fixture
def house(shared_house):
    """An InfluxDB that is set up, whatever the test before has left."""
    shared_house.make_secrets()
    done(shared_house.set_up())
    done(shared_house.rotate("lock"))
    return shared_house


def done(run: subprocess.CompletedProcess[str]) -> str:
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def tokens_of(house: House) -> dict[str, str]:
    return {name: house.secret(f"influxdb_{name}_token") for name in NAMES}


def opens(house: House, token: str) -> bool:
    return house.influxdb.ask("GET", "/api/v2/buckets", token)[0] == 200


def test_the_old_tokens_work_until_they_are_locked(house):
    old = tokens_of(house)
    done(house.rotate("new"))
    new = tokens_of(house)
    assert all(new[name] != old[name] for name in NAMES)
    assert all(opens(house, token) for token in [*old.values(), *new.values()])
    assert house.influxdb.write("energy", old["telegraf"], "electricity,meter=house power_w=1") == 204
    assert done(house.rotate("lock")) == "4 old tokens are locked.\n"
    assert [opens(house, token) for token in old.values()] == [False] * len(NAMES)
    assert [opens(house, token) for token in new.values()] == [True] * len(NAMES)


def test_the_new_tokens_may_do_what_the_old_ones_might(house):
    before = house.tokens()
    done(house.rotate("new"))
    done(house.rotate("lock"))
    assert house.tokens() == before
    assert done(house.set_up()) == NOTHING


def test_the_backups_token_may_reconcile_before_and_after(house, tmp_path, monkeypatch, capsys):
    """It reads and writes energy and host; each run reads the token anew."""
    begin = int(time.time()) // 3600 * 3600 - 7200
    monkeypatch.setenv("INFLUX_HOST", house.influxdb.url)
    monkeypatch.setenv("WATTLINE_BACKUP_TOKEN_FILE", str(house.secrets / "influxdb_backup_token"))
    for name in ("FOLDER", "JOURNAL"):
        monkeypatch.setenv(f"WATTLINE_BACKUP_{name}", str(tmp_path / name))

    def brought(start: int) -> int:
        write_journal(tmp_path / "JOURNAL", day_of(start, start + 600), began_s=start)
        assert main(["reconcile", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["missing"], told["remarks"]) == (0, [])
        assert told["days"]
        return told["filled"]

    values = 600 * len(FIELDS) + 60
    assert brought(begin) == values
    done(house.rotate("new"))
    done(house.rotate("lock"))
    assert brought(begin + 1200) == values


def test_it_may_be_done_again_and_again(house):
    done(house.rotate("new"))
    done(house.rotate("new"))
    assert done(house.rotate("lock")) == "8 old tokens are locked.\n"
    assert done(house.rotate("lock")) == "0 old tokens are locked.\n"


@pytest.mark.parametrize("calls", [0, 1, 2, 12, 15, 18, 21, 24])
def test_an_interrupted_rotation_is_finished_by_the_next(house, calls):
    before = house.tokens()
    assert house.rotate("new", calls=calls).returncode == 1
    assert opens(house, house.secret("influxdb_telegraf_token"))
    done(house.rotate("new"))
    assert house.rotate("lock", calls=4).returncode == 1
    done(house.rotate("lock"))
    assert house.tokens() == before
    assert all(opens(house, token) for token in tokens_of(house).values())


def test_nothing_secret_is_printed_or_on_a_command_line(house):
    secrets = {path.read_text() for path in house.secrets.iterdir()}
    told = house.calls.read_text() + done(house.rotate("new")) + house.calls.read_text()
    told += done(house.rotate("lock")) + house.calls.read_text()
    secrets |= {path.read_text() for path in house.secrets.iterdir()}
    assert "PATCH" in told
    assert not [secret for secret in secrets if secret in told]


def test_another_word_is_refused(house):
    refused = house.rotate("old")
    assert refused.returncode == 2
    assert refused.stderr == 'rotate: say "new" or, once the new tokens are in use, "lock".\n'


def test_a_missing_operator_token_is_named(house):
    path = house.secrets / "influxdb_operator_token"
    kept = path.read_text()
    path.write_text("")
    try:
        refused = house.rotate("new")
    finally:
        path.write_text(kept)
    assert refused.returncode == 1
    assert refused.stderr == f"rotate: {path}, the token of InfluxDB's operator, is missing or empty.\n"
