"""A network that is away during the first run.

| fault | test |
|---|---|
| the first run fails without a word on why | test_a_first_run_without_a_network_is_made_good_by_the_next |
| ... and what it left behind stops the next | likewise |
"""

import time
from collections.abc import Callable

import pytest

from pi.house import House, failed_with

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]


def test_a_first_run_without_a_network_is_made_good_by_the_next(another_house: Callable[[str], House]) -> None:
    house = another_house("wattline-test-network")
    house.machine.run("systemctl", "stop", "rig-mirror")

    failed_with(house.play(), "127.0.0.1:5000")

    house.machine.run("systemctl", "start", "rig-mirror")
    healed = house.play()
    assert healed.ended_well, healed.said
    house.wait_for_reading(time.time() - 20)
    house.machine.down()
