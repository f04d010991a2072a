"""The lines of plugin/README.md that bring a table of MySQL over, typed as they stand, from a real MariaDB into a real InfluxDB.

| fault | test |
|---|---|
| a line does not work as it stands, with Docker or without | test_the_lines_of_the_readme_bring_a_table_over |
| the hour that occurs twice, or a row without a value, is another one afterwards | likewise |
| the energy of a day is not what the counter says | likewise |
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sinks.servers import MariaDB, program
from stack.conftest import Stack

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]
CHECKOUT = Path(__file__).parents[2]
RECIPE = (CHECKOUT / "plugin" / "README.md").read_text().partition("#### Out of a table of MySQL\n")[2]
(LINES,) = re.findall(r"```sh\n(.*?)```", RECIPE.partition("\n## ")[0].partition("\n### ")[0], re.DOTALL)
WITHOUT_DOCKER = re.findall(r"`(influx write [^`]*)`", RECIPE)[0]
# A quarter of an hour from row to row, over the end of summer time in the night of 30 October 2022.
BEGIN_S, ROWS = 1_667_080_800, 16
SCHEMA = "CREATE TABLE readings (id INT AUTO_INCREMENT PRIMARY KEY, taken DATETIME, power FLOAT, total DOUBLE)"


@pytest.fixture
def old(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[MariaDB]:
    """The server of the old system, with its table."""
    folder = tmp_path / "mariadb"
    folder.mkdir()
    with MariaDB(folder, pytestconfig) as server:
        server.set_up()
        server.query("CREATE DATABASE old", database="")
        rows = [
            f"('{datetime.fromtimestamp(BEGIN_S + 900 * n, ZoneInfo('Europe/Rome')):%Y-%m-%d %H:%M:%S}',"
            f"{'NULL' if n == 3 else 400 + n}, {1000 + n / 8})"
            for n in range(ROWS)
        ]
        server.query(SCHEMA, database="old")
        server.query(f"INSERT INTO readings (taken, power, total) VALUES {','.join(rows)}", database="old")  # noqa: S608 - our own numbers
        yield server


@pytest.fixture
def programs(docker: Path, old: MariaDB) -> Path:
    """The folder of what the lines call: a stand-in for Docker, sudo without its rights, and the old server's client."""
    folder = docker / "bin"
    client = f"{program('mariadb')} --no-defaults --socket={old.folder}/s --user=root"
    for name, words in {"sudo": "", "mysql": client}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("has_docker", [True, False])
def test_the_lines_of_the_readme_bring_a_table_over(stack: Stack, programs: Path, *, has_docker: bool) -> None:
    lines = LINES.replace("compose/", f"{CHECKOUT}/compose/")
    # Up to now, as the text has it, would be years of nothing.
    lines = lines.replace("2022-11-25", "2022-10-29 2022-11-01")
    own = {"PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if not has_docker:
        (programs / "docker").unlink()
        fetched, converted, _, remade = lines.splitlines()
        lines = f"{fetched}\n{converted}\n{WITHOUT_DOCKER}\n{remade}"
        own |= {"PATH": f"{own['PATH']}:{Path(stack._influx).parent}", "HOME": str(programs)}
        own |= {"INFLUX_HOST": stack.url, "INFLUX_TOKEN": stack.token, "INFLUX_ORG": "home"}
    done = subprocess.run(
        ["sh", "-eu", "-c", lines], env=own, cwd=programs, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    found = stack.points("energy", meter="house", role="grid")
    seconds = [BEGIN_S + 900 * n for n in range(ROWS)]
    assert list(found) == seconds
    assert [found[second]["energy_total_kwh"] for second in seconds] == [1000 + n / 8 for n in range(ROWS)]
    powers = [found[second].get("power_w") for second in seconds]
    assert powers == [None if n == 3 else 400.0 + n for n in range(ROWS)]
    days = stack.points("energy_1d", meter="house")
    assert sum(day["consumption_kwh"] for day in days.values()) == pytest.approx((ROWS - 1) / 8)
