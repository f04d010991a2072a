"""The script that makes what the tests of the playbook need: what it does where something is missing.

| fault | test |
|---|---|
| no interpreter for Ansible ends in a traceback | test_a_machine_without_a_python_for_ansible_is_told_so |
| a missing program ends in one | test_a_missing_program_is_named_with_its_package |
| two builds at once write the same file | test_a_second_build_waits_for_the_first |
| whoever only asks where things are has to wait | likewise |
| `make test-pi` without Docker ends in a traceback | test_a_machine_without_docker_is_told_so |
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SCRIPT = CHECKOUT / "tests/pi/build"
# What the script and tests/servers/build call before they make anything.
TOOLS = ["bash", "sh", "cat", "cut", "dirname", "env", "flock", "mkdir", "rm", "sha256sum", "sort", "tail"]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has the most necessary programs and an empty cache."""
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        tool = shutil.which(name)
        assert tool is not None
        (tmp_path / "bin" / name).symlink_to(tool)
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), "WATTLINE_CACHE": str(tmp_path / "cache")}


def build(machine: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], env=machine, check=False, capture_output=True, text=True, timeout=15)


def test_a_machine_without_a_python_for_ansible_is_told_so(machine: dict[str, str]) -> None:
    done = build(machine, "--ansible")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("tests/pi/build: ansible-core runs on Python 3.12 or newer")


def test_a_missing_program_is_named_with_its_package(machine: dict[str, str]) -> None:
    ansible = Path(build(machine, "--path").stdout.splitlines()[-1])
    (ansible / "bin").mkdir(parents=True)
    (ansible / "bin/ansible-lint").touch(0o755)

    done = build(machine)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("a blank Pi (Debian: apt-get install mmdebstrap).")


def test_a_second_build_waits_for_the_first(machine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cache/pi").mkdir(parents=True)
    with (tmp_path / "cache/pi/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([SCRIPT, "--ansible"], env=machine, stderr=subprocess.PIPE, text=True) as second:
            assert second.stderr is not None
            assert second.stderr.readline().startswith("Another build is at work in ")
            assert second.poll() is None
            assert build(machine, "--path").returncode == 0
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "Python 3.12 or newer" in second.stderr.read()


def test_a_machine_without_docker_is_told_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment |= {"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    venv = tmp_path / "venv"
    touched = ["--assume-old", f"{venv}/.test", "--assume-old", f"{venv}/.made"]
    words = ["make", "test-pi", f"VENV={venv}", *touched]

    done = subprocess.run(words, cwd=CHECKOUT, env=environment, check=False, capture_output=True, text=True, timeout=15)

    assert done.returncode != 0
    assert "No Docker daemon answers here" in done.stderr
