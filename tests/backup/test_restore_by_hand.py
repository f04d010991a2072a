"""What the text tells people to type without wattline, typed as it stands, against a real InfluxDB.

| fault | test |
|---|---|
| a command of the text does not work, or a point is missing after it | test_one_bucket, test_the_whole_server |
| a damaged file is not seen | test_a_damaged_file_is_seen |
| it takes more than five commands | test_five_commands_each |
"""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from backup.restore_rig import DAYS, Database, Desk, day, household
from wattline_backup.sets import Set

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]
TEXT = (Path(__file__).parents[2] / "backup" / "README.md").read_text().partition("### By hand")[2]
PLACES, ONE_BUCKET, WHOLE_SERVER = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def typed(commands: str, server: Callable[[str], str], chosen: Set, to: Database, token_file: Path) -> tuple[int, str]:
    """Exit code and output of the commands, one after the other until one fails."""
    own = {"PATH": f"{Path(server('influx')).parent}:{os.environ['PATH']}", "HOME": str(token_file.parent)}
    own |= {"SET": str(chosen.path), "INFLUX_HOST": to.url, "TOKEN_FILE": str(token_file)}
    command = ["sh", "-eu", "-c", commands]
    ended = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_five_commands_each() -> None:
    assert [len(commands.splitlines()) for commands in (ONE_BUCKET, WHOLE_SERVER)] == [5, 5]
    assert re.findall(r"(\w+)=", PLACES) == ["SET", "INFLUX_HOST", "TOKEN_FILE"]


def test_one_bucket(database: Database, desk: Desk, server: Callable[[str], str]) -> None:
    points = household(day(0), day(DAYS))
    database.write(points)
    stored = desk.at(database).make_set(database)
    code, told = typed(ONE_BUCKET, server, stored, database, desk.token_file)
    assert code == 0, told
    assert database.points("energy_restored") == points
    assert database.buckets()["energy_restored"]["retentionRules"][0]["everySeconds"] == 0
    database.tokens_work()


def test_the_whole_server(own_database, desk: Desk, server: Callable[[str], str]) -> None:
    source = own_database("house")
    points = household(day(0), day(DAYS))
    source.write(points)
    stored = desk.at(source).make_set(source)
    blank = own_database("blank", is_set_up=False)
    code, told = typed(WHOLE_SERVER, server, stored, blank, desk.token_file)
    assert code == 0, told
    blank.token, blank.telegraf, blank.grafana = source.token, source.telegraf, source.grafana
    assert blank.points() == points
    blank.tokens_work()


@pytest.mark.parametrize("commands", [ONE_BUCKET, WHOLE_SERVER])
def test_a_damaged_file_is_seen(database: Database, desk: Desk, server: Callable[[str], str], commands: str) -> None:
    database.write(household(day(0), day(DAYS)))
    stored = desk.at(database).make_set(database)
    file = stored.path / stored.index.shards[1].file
    content = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(content[:-100])
    code, told = typed(commands, server, stored, database, desk.token_file)
    assert code != 0
    assert "unexpected end of file" in told
    assert set(database.buckets()) == {"energy"}
