"""What is taken away leaves no trace but the data.

| fault | test |
|---|---|
| a package, file, user or unit is left behind | test_nothing_is_left_but_the_data |
| something that was there before is taken away too | likewise |
| the readings go with it | likewise |
| what stays belongs to a user that is gone, and so to the next one who comes | likewise |
| a second time fails, or takes more | test_a_second_time_has_nothing_to_do |
"""

import re

import pytest

from pi.house import House

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]

# What stays: the readings and their journal, what opens them, and what opens their copy out of the house.
DATA = re.compile(
    r"file (/opt/wattline(/compose(/secrets.*)?)?|/var/backups/wattline.*|/etc/wattline(/offsite_password)?"
    r"|/var/lib/wattline(/journal.*)?)"
)
# What the household of test_day_two has put there itself.
OF_THE_HOUSEHOLD = ["/srv/usb", "/etc/telegraf/telegraf.d/50-mine.conf"]


def test_nothing_is_left_but_the_data(house: House, traces: set[str]) -> None:
    house.machine.run("rm", "--recursive", "--force", *OF_THE_HOUSEHOLD)
    taken_away = house.play("-e", "uninstall_data=keep", book="uninstall.yml")
    assert taken_away.ended_well, taken_away.said

    different = house.machine.traces() ^ traces
    not_data = sorted(trace for trace in different if not DATA.fullmatch(trace))
    assert not not_data, "\n".join(not_data)
    assert "telegraf" not in house.machine.run("ls", "/var/cache/apt/archives")
    assert house.machine.run("find", "/var/lib/wattline", "-name", "*.journal")
    assert not house.machine.run("find", "/var/lib/wattline", "-not", "-user", "root")
    assert "influxd.bolt" in house.machine.run("ls", "/var/lib/docker/volumes/wattline_influxdb/_data")
    assert "influxdb_operator_token" in house.machine.run("ls", "/opt/wattline/compose/secrets")


def test_a_second_time_has_nothing_to_do(house: House) -> None:
    again = house.play("-e", "uninstall_data=keep", book="uninstall.yml")

    assert again.ended_well, again.said
    assert not again.changed, again.changes
