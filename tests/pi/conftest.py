"""The machines that the tests of the playbook share, and what has to be here for them."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from pi.house import House
from pi.machine import Built, Machine

# The tests of these share one machine and begin with it blank; what takes the system away comes last.
IN_THIS_ORDER = [
    "test_site.py",
    "test_ssh.py",
    "test_faults.py",
    "test_journal.py",
    "test_day_two.py",
    "test_uninstall.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules of the shared machine in their order, and in front of the others."""
    items.sort(
        key=lambda item: IN_THIS_ORDER.index(item.path.name) if item.path.name in IN_THIS_ORDER else len(IN_THIS_ORDER)
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin nothing after WATTLINE_PI_UNTIL, a time in seconds since 1970: a run of CI has so much time, and ends with a sum."""
    until_s = float(os.environ.get("WATTLINE_PI_UNTIL", "inf"))
    if time.time() > until_s:
        pytest.skip(f"There was no time left for {item.name}: WATTLINE_PI_UNTIL is over.")


class ByMachine(LoadScopeScheduling):
    """Side by side runs only what has machines of its own."""

    def _split_scope(self, nodeid: str) -> str:
        module = Path(nodeid.partition("::")[0]).name
        return "the shared machine" if module in IN_THIS_ORDER else module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByMachine:
    """For `pytest -n`."""
    return ByMachine(config, log)


def what_is_missing() -> str:
    """A sentence, if the tests cannot be run here."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return "No Docker daemon answers here, and the playbook is tried on a Pi in a container: install Docker and start it."
    made = Built()
    missing = [str(path) for path in (made.system, made.mirror, made.ansible) if not path.exists()]
    return f"{' and '.join(missing)} is not made; `make test-pi` makes it." if missing else ""


@pytest.fixture(scope="session", autouse=True)
def built() -> Built:
    """What `tests/pi/build` has made. Where it or Docker is missing the tests are skipped; in CI that is a failure."""
    if sentence := what_is_missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return Built()


@pytest.fixture(scope="session")
def another_house(built: Built) -> Iterator[Callable[[str], House]]:
    """Starts a blank Pi of a name, which goes with the tests."""
    with ExitStack() as stack:

        def start(name: str) -> House:
            machine = Machine(name)
            stack.callback(machine.down)
            machine.up(built)
            return House(machine, built)

        yield start


@pytest.fixture(scope="session")
def blank(another_house: Callable[[str], House]) -> House:
    """A Pi on which nothing was played yet."""
    return another_house("wattline-test-house")


@pytest.fixture(scope="session")
def traces() -> set[str]:
    """What was on the Pi before the playbook, once that has run."""
    return set()


@pytest.fixture(scope="session")
def house(blank: House, traces: set[str]) -> House:
    """The same Pi, finished by one run that nothing went before."""
    traces |= blank.machine.traces()
    first = blank.play()
    assert first.ended_well, first.said
    return blank
