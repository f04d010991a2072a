"""`compose/influx` and `compose/influxdb/remake` where there is Docker: in a container of the stack.

A program in the place of Docker writes down its words and runs the container's command here, with what the service
`setup` has: the CLI, the address, the time zone, and the secrets in a folder.

| fault | test |
|---|---|
| it works for hours without a word, since a container has no terminal | test_it_tells_how_far_it_is |
| its help is taken for a day | test_it_tells_its_words |
| the token stands on a command line | test_no_token_stands_on_a_command_line |
| words are torn, or stdin does not arrive | test_what_is_written_can_be_queried |
| days are cut in another zone than that of .env | test_a_range_is_made_anew_in_the_zone_of_the_household |
| the CLI of this machine asks with an old server's token | test_a_cli_and_a_token_of_this_machine_change_nothing |
| Docker without its Compose plugin answers with what its help is called | test_docker_without_compose_is_as_good_as_none |
| with neither there is no word of it | test_with_neither_docker_nor_a_cli_a_sentence_says_so |
"""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.conftest import Stack

pytestmark = [pytest.mark.chain, pytest.mark.timeout(120)]
COMPOSE = Path(__file__).parents[2] / "compose"


def run(docker: Path, command: str, stdin: str = "", **environment: str) -> str:
    own = {"PATH": f"{docker / 'bin'}:/usr/bin:/bin"} | environment
    done = subprocess.run(
        shlex.split(command), env=own, input=stdin, capture_output=True, text=True, check=False, cwd=docker
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_written_can_be_queried(docker: Path, stack: Stack) -> None:
    lines = "electricity,meter=house,role=grid power_w=130 1764000000000000000\n"
    run(docker, f"{COMPOSE}/influx write --bucket energy --file /dev/stdin", lines)
    query = 'from(bucket: "energy") |> range(start: 0) |> filter(fn: (r) => r._field == "power_w")'
    assert "130" in run(docker, f"{COMPOSE}/influx query --raw {shlex.quote(query)}")
    assert stack.points("energy", meter="house") == {1_764_000_000: {"power_w": 130.0}}


def test_a_range_is_made_anew_in_the_zone_of_the_household(docker: Path, stack: Stack) -> None:
    """2025-11-25 begins in Adelaide at 13:30 of the day before, by universal time."""
    midnight = 1_763_991_000
    lines = (
        f"electricity,meter=house,role=grid energy_total_kwh={100 + n / 8} {midnight + 60 * n}" for n in range(120)
    )
    stack.write(lines)
    run(docker, f"{COMPOSE}/influxdb/remake 2025-11-25 2025-11-26")
    assert list(stack.points("energy_1d", meter="house")) == [midnight]


def test_a_cli_and_a_token_of_this_machine_change_nothing(docker: Path, stack: Stack) -> None:
    """As in the shell of whoever has just moved in, where both are the old system's."""
    path = f"{docker / 'bin'}:{Path(stack._influx).parent}:/usr/bin:/bin"
    own = {"PATH": path, "INFLUX_TOKEN": "of-the-old-server"}
    run(docker, f"{COMPOSE}/influxdb/remake 2025-11-25 2025-11-26", **own)
    assert "setup" in (docker / "words").read_text()


def test_it_tells_how_far_it_is(docker: Path, stack: Stack) -> None:
    own = {"PATH": f"{docker / 'bin'}:/usr/bin:/bin"}
    for words, count in ((["--show"], 3), ([], 0)):
        command = [COMPOSE / "influxdb" / "remake", *words, "2025-11-25", "2025-11-26"]
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=True)
        assert done.stderr.count("done") == count


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_it_tells_its_words(word: str) -> None:
    done = subprocess.run([COMPOSE / "influxdb" / "remake", word], capture_output=True, text=True, check=True)
    assert "  remake [--here] [--show] START [STOP]\n" in done.stdout
    assert done.stdout.endswith("2 the words were wrong.\n")


def test_with_neither_docker_nor_a_cli_a_sentence_says_so(tmp_path: Path) -> None:
    """Also on a machine that has Docker: the PATH leads to what the script needs to begin, and to no more."""
    for name in ("env", "sh", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    own = {"PATH": str(tmp_path)}
    command = [COMPOSE / "influxdb" / "remake", "2025-11-25"]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("remake: there is no influx CLI on this machine")


def test_docker_without_compose_is_as_good_as_none(tmp_path: Path) -> None:
    for name in ("env", "sh", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "docker").write_text("#!/bin/sh\necho \"Run 'docker --help' for more information\" >&2; exit 1\n")
    (tmp_path / "docker").chmod(0o755)
    for program, words in (("influx", "query"), ("influxdb/remake", "2025-11-25"), ("influxdb/rotate", "grafana")):
        done = subprocess.run(
            [COMPOSE / program, words], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        assert done.stderr.count("\n") == 1
        assert "docker compose" in done.stderr


def test_no_token_stands_on_a_command_line(docker: Path, stack: Stack) -> None:
    run(docker, f"{COMPOSE}/influx query 'buckets()'")
    run(docker, f"{COMPOSE}/influxdb/remake 2025-11-25 2025-11-26")
    said = (docker / "words").read_text()
    assert said.count("--entrypoint") == 2
    assert stack.token not in said
