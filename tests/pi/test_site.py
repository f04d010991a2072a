"""A blank Pi becomes the finished system, and stays it.

| fault | test |
|---|---|
| check mode on a blank Pi fails, or changes something | test_check_mode_tells_what_would_happen_to_a_blank_pi |
| the first run fails, or no reading comes | test_one_run_makes_a_blank_pi_meter |
| a secret is told, or everybody may read it | test_the_second_run_changes_nothing, test_no_secret_lies_open |
| ... or the user of the Pi may, without sudo | test_the_user_of_the_pi_reads_no_secret |
| a run without need changes something | test_the_second_run_changes_nothing |
| check mode on a finished Pi fails, or would change something | test_check_mode_has_nothing_to_change_on_a_finished_pi |
| after a restart somebody has to start something | test_a_restarted_pi_meters_by_itself |
| a plugin that stands still is not noticed | test_a_plugin_that_stands_still_is_started_anew |
"""

import time

import pytest

from pi.house import SECRETS, House

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]


def test_check_mode_tells_what_would_happen_to_a_blank_pi(blank: House) -> None:
    before = blank.machine.traces()

    checked = blank.play("--check", "--diff")

    assert checked.ended_well, checked.said
    assert checked.changed > 0
    assert not blank.machine.traces() ^ before


def test_one_run_makes_a_blank_pi_meter(house: House) -> None:
    now = time.time()

    assert house.wait_for_reading(now - 20, within_s=20) < now + 20
    assert "ok" in house.machine.run("curl", "--silent", "--fail", "http://127.0.0.1:3000/api/health")
    assert house.machine.run("systemctl", "is-enabled", "telegraf", "docker").split() == ["enabled", "enabled"]
    assert "wattline-backup.timer" in house.machine.run("systemctl", "list-timers", "--no-pager")


def test_the_second_run_changes_nothing(house: House) -> None:
    second = house.play("-vvv", "--diff")

    assert second.ended_well, second.said
    assert not second.changed, second.changes

    secrets = house.machine.run("sh", "-c", f"for file in {SECRETS}/*; do cat $file; echo; done").split()
    assert len(secrets) >= 7
    assert not [secret for secret in secrets if secret in second.said]


def test_no_secret_lies_open(house: House) -> None:
    secrets = house.machine.run("sh", "-c", f"for file in {SECRETS}/*; do cat $file; echo; done")
    inspected = house.machine.run(
        "sh", "-c", "docker ps --quiet | xargs docker inspect; cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    )
    # What everybody may read, of what the playbook wrote.
    readable = house.machine.run(
        "sh", "-c", "find /etc /opt/wattline /var/lib/wattline-backup -xdev -type f -perm -o=r -size -1M -exec cat {} +"
    )

    assert not [secret for secret in secrets.split() if secret in inspected or secret in readable]


def test_the_user_of_the_pi_reads_no_secret(house: House) -> None:
    told = house.machine.try_to_run("runuser", "-u", "pi", "--", "sh", "-c", f"ls {SECRETS}; cat {SECRETS}/*token")

    assert told.returncode != 0
    assert not told.stdout


def test_check_mode_has_nothing_to_change_on_a_finished_pi(house: House) -> None:
    checked = house.play("--check", "--diff")

    assert checked.ended_well, checked.said
    assert not checked.changed, checked.changes


def test_a_restarted_pi_meters_by_itself(house: House) -> None:
    began = time.time()

    house.machine.restart()

    started = int(house.machine.run("stat", "--format=%Y", "/proc/1"))
    assert started > began - 1
    assert house.wait_for_reading(started, within_s=120) <= started + 60


def test_a_plugin_that_stands_still_is_started_anew(house: House) -> None:
    house.wait_for_reading(time.time())
    stood_still = time.time()
    house.machine.run("kill", "-STOP", str(house.plugin()))

    # The second in which it was stopped may have been read.
    assert house.wait_for_reading(stood_still + 2, within_s=90) <= stood_still + 60
