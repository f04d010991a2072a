"""A house is lost, and comes back from the off-site copy: a real InfluxDB, restic, and the stock influx CLI.

| fault                                                             | test                                         |
|-------------------------------------------------------------------|----------------------------------------------|
| what comes back from off-site is not what `influx restore` reads  | test_a_lost_house_comes_back_by_stock_tools  |
| ... or the commands on the recovery sheet are not the right ones  | the same: it runs them as they are printed   |
"""

import os
import subprocess
from pathlib import Path

import pytest

from backup.offsite_rig import House, program
from database import line
from stack.conftest import Stack

pytestmark = [pytest.mark.chain, pytest.mark.timeout(180)]

SECOND = 1_764_000_000


def readings(influxdb: Stack) -> list[tuple[str, str, str]]:
    rows = influxdb.query('from(bucket: "energy") |> range(start: 0)')
    return sorted((row["_time"], row["_field"], row["_value"]) for row in rows)


def test_a_lost_house_comes_back_by_stock_tools(server, tmp_path, pytestconfig):
    """Every point and every token, by the commands of the sheet, where nothing is left but the sheet."""
    restic = Path(program("restic", debian=True)).parent
    names = ("first", "second")
    for name in names:
        (tmp_path / name).mkdir()
    first, second = (Stack(server("influxd"), server("influx"), tmp_path / name, pytestconfig) for name in names)
    (tmp_path / "disk").mkdir()
    with first, second:
        first.start()
        first.set_up()
        for hour in range(48):
            first.write([line(SECOND + hour * 3600 + each, {"power_w": 100.0 + each}) for each in range(50)])
        house = House(tmp_path / "house", restic, str(tmp_path / "disk" / "copy"), outer={"INFLUX_HOST": first.url})
        house.secret("token", first.token)
        house.done("offsite", "init")
        house.done("run")
        house.done("offsite", "copy")
        before, sheet = readings(first), house.done("recovery-sheet")
        first.stop()
        assert len(before) == 48 * 50

        # A blank machine, and the page.
        second.token = first.token
        second.start()
        second.set_up()
        recovery = tmp_path / "recovery"
        recovery.mkdir()
        (recovery / "password").write_text(below(sheet, "PASSWORD OF THE OFF-SITE COPY"))
        (recovery / "token").write_text(below(sheet, "TOKEN OF INFLUXDB'S OPERATOR"))
        commands = f"set -eu\n{between(sheet, '     export RESTIC_REPOSITORY', '     In set/house')}"
        commands += between(sheet, "     INFLUX_TOKEN=", "     or, with wattline").replace(
            "http://127.0.0.1:8086", second.url
        )
        path = f"{restic}:{Path(server('influx')).parent}:/usr/bin:/bin"
        own = {"PATH": path, "HOME": str(recovery), "INFLUX_CONFIGS_PATH": str(recovery / "none")}
        ended = subprocess.run(
            ["sh", "-c", commands], cwd=recovery, env=own, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert readings(second) == before


def below(sheet: str, title: str) -> str:
    """The value under a title, which goes on where a line ends in a backslash."""
    lines = iter(sheet.splitlines())
    next(text for text in lines if text.startswith(title))
    value = next(lines).strip()
    while value.endswith("\\"):
        value = value[:-1] + next(lines).strip()
    return value


def between(sheet: str, first: str, after: str) -> str:
    """The commands from the line that begins with ``first`` to the one before ``after``."""
    begin = sheet.index(first)
    text = sheet[begin : sheet.index(after, begin)]
    return "".join(f"{each.removeprefix('     ')}{os.linesep}" for each in text.splitlines())
