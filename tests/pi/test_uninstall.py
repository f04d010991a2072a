"""What is taken away leaves no trace but the data.

| fault | test |
|---|---|
| a package, file, user or unit is left behind | test_nothing_is_left_but_the_data |
| something that was there before is taken away too | likewise |
| the readings go with it | likewise |
| a second time fails, or takes more | test_a_second_time_has_nothing_to_do |
"""

import pytest

from pi.house import House

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]

# What may stay: the readings and all that opens them, and what a working Debian itself writes and forgets.
DATA = ("/opt/wattline", "/var/backups", "/var/lib/docker", "/var/lib/containerd")


def test_nothing_is_left_but_the_data(house: House, traces: dict[str, str]) -> None:
    taken_away = house.play("-e", "uninstall_data=keep", book="uninstall.yml")
    assert taken_away.ended_well, taken_away.said

    after = house.machine.traces()
    for kind, before in traces.items():
        left = set(after[kind].splitlines()) ^ set(before.splitlines())
        assert not [line for line in left if not line.startswith(DATA)], kind
    assert "influxd.bolt" in house.machine.run("ls", "/var/lib/docker/volumes/wattline_influxdb/_data")
    assert "influxdb_operator_token" in house.machine.run("find", "/opt/wattline")


def test_a_second_time_has_nothing_to_do(house: House) -> None:
    again = house.play("-e", "uninstall_data=keep", book="uninstall.yml")

    assert again.ended_well, again.said
    assert not again.changed, again.changes
