"""As people play: by ssh, as a user who gives a password to become root. The other tests go through Docker, without a terminal.

| fault | test |
|---|---|
| a run without need changes something, or starts Telegraf anew | test_a_run_by_ssh_changes_nothing_on_a_finished_pi |
| what a script says is lost in the words of the connection | test_a_broken_file_of_telegrafs_is_told_by_ssh |
"""

from collections.abc import Iterator
from functools import partial

import pytest

from pi.house import House, Played, failed_with
from pi.machine import Built

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]

MINE = "/etc/telegraf/telegraf.d/50-mine.conf"
LEFT_BY_SSH = (".ssh", ".ansible", ".sudo_as_admin_successful")


@pytest.fixture(scope="module")
def by_ssh(house: House, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[partial[Played]]:
    """Plays by ssh on the finished Pi."""
    inventory = house.machine.open_for_ssh(tmp_path_factory.mktemp("ssh"), built)
    yield partial(house.play, inventory=inventory)
    house.machine.run("rm", "-rf", *(f"/home/pi/{name}" for name in LEFT_BY_SSH))


def test_a_run_by_ssh_changes_nothing_on_a_finished_pi(house: House, by_ssh: partial[Played]) -> None:
    telegraf = house.machine.run("systemctl", "show", "--property=MainPID", "telegraf")

    played = by_ssh()

    assert played.ended_well, played.said
    assert not played.changed, played.changes
    assert house.machine.run("systemctl", "show", "--property=MainPID", "telegraf") == telegraf


def test_a_broken_file_of_telegrafs_is_told_by_ssh(house: House, by_ssh: partial[Played]) -> None:
    house.machine.run("sh", "-c", f"cat >{MINE}", text='[[inputs.cpu]]\n  percpu = "perhaps"\n')
    try:
        played = by_ssh("--tags", "telegraf")
    finally:
        house.machine.run("rm", MINE)

    failed_with(played, "50-mine.conf", "PerCPU")
    assert "Shared connection" not in played.said
