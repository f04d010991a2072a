"""Another version takes over while the meter is read every second.

| fault | test |
|---|---|
| an upgrade costs more than ten seconds of readings | test_an_upgrade_from_the_previous_commit_costs_ten_seconds_at_most |
| the plugin goes on as it was | likewise |
| versions pile up on the card | likewise |
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pi import versions
from pi.house import House

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]


def test_an_upgrade_from_the_previous_commit_costs_ten_seconds_at_most(
    another_house: Callable[[str], House], tmp_path: Path
) -> None:
    house = another_house("wattline-test-upgrade")
    before = house.play(tree=versions.previous(tmp_path / "previous"))
    assert before.ended_well, before.said
    assert "0.0.9" in house.machine.run("/opt/wattline/bin/wattline", "--version")
    began = house.wait_for_reading(time.time())

    upgraded = house.play()

    assert upgraded.ended_well, upgraded.said
    assert "0.0.9" not in house.machine.run("/opt/wattline/bin/wattline", "--version")
    assert (
        house.machine.run("readlink", "--canonicalize", "/opt/wattline/bin/wattline").split("/")[4]
        in house.command_line()
    )
    assert house.longest_gap_s(began, time.time()) <= 10
    assert len(house.machine.run("ls", "/opt/wattline/versions").split()) == 2
    house.machine.down()
