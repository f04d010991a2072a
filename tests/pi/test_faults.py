"""What goes wrong while the playbook is played is told in a sentence, and costs no reading; the next run makes it good.

| fault | test |
|---|---|
| a meter's word is wrong | test_a_broken_meter_word_is_refused_before_anything_is_changed |
| ... and nobody asks preflight | test_a_broken_meter_word_never_takes_effect_whatever_the_tags |
| a meter that is silent passes by the readings of the others | test_a_silent_meter_is_told_at_the_end |
| no adapter is plugged in | test_a_missing_adapter_is_told_with_what_there_is |
| a stick that is to be found is not there, or a gateway's device is the adapter's | test_the_devices_of_gateways_are_looked_at |
| Docker with somebody's containers is replaced, since nobody asks preflight | test_a_docker_of_others_is_left_alone_whatever_the_tags |
| too little space to begin with | test_a_small_card_is_told_before_anything_is_changed |
| the card is full in the middle | test_a_full_disk_in_the_middle_leaves_the_metering_alone |
| a file of the user's that Telegraf does not take | test_a_broken_file_of_telegrafs_never_takes_effect |
| the network dies during an upgrade | test_an_image_that_cannot_be_fetched_leaves_the_metering_alone |
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pi import versions
from pi.house import House, failed_with

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1200)]

MINE = "/etc/telegraf/telegraf.d/50-mine.conf"


@pytest.fixture
def metering(house: House) -> Iterator[House]:
    """The finished Pi, which meters before, during and after the test."""
    house.wait_for_reading(time.time() - 20)
    began = time.time()
    yield house
    assert house.longest_gap_s(began, time.time()) <= 2


def test_a_broken_meter_word_is_refused_before_anything_is_changed(metering: House) -> None:
    played = metering.play(wattline_meters=["house=orno-we515@1", "garage=orno-we551@2"])

    failed_with(played, "orno-we551", "orno-we515")
    assert not played.changed, played.changes


def test_a_broken_meter_word_never_takes_effect_whatever_the_tags(metering: House) -> None:
    played = metering.play("--tags", "telegraf", wattline_meters=["house=orno-we515@1", "garage=orno-we551@2"])

    failed_with(played, "wattline does not take the words of the meters", "orno-we551")
    assert not played.changed, played.changes


def test_a_silent_meter_is_told_at_the_end(house: House) -> None:
    played = house.play(
        "--tags", "telegraf,finish", wattline_meters=["house=orno-we515@1", "shed=orno-we515@9"], finish_patience_s="30"
    )

    assert played.ended_well, played.said
    last_words = " ".join(played.said.split("Say where everything is")[1].split())
    assert "No reading of shed since" in last_words
    assert "No reading of house" not in last_words
    healed = house.play("--tags", "telegraf,finish")
    assert healed.ended_well, healed.said


def test_a_missing_adapter_is_told_with_what_there_is(house: House) -> None:
    house.machine.run("systemctl", "stop", "rig-meter")
    try:
        played = house.play()
    finally:
        house.machine.run("systemctl", "start", "rig-meter")

    failed_with(played, "adapter")
    assert not played.changed, played.changes
    house.wait_for_reading(time.time())


def test_the_devices_of_gateways_are_looked_at(metering: House) -> None:
    adapter = metering.machine.run("readlink", "-f", "/dev/ttyRS485").strip()
    stick = {"port": "auto", "meters": ["grid=rainforest-raven"]}
    other = {"port": adapter, "meters": ["garage=orno-we515@2"]}

    played = metering.play("--tags", "preflight", wattline_gateways=[stick, other])

    failed_with(played, "no Rainforest stick is plugged in", f"has the port {adapter}, which is the adapter of")
    assert not played.changed, played.changes


def test_a_docker_of_others_is_left_alone_whatever_the_tags(metering: House) -> None:
    image = metering.machine.run("docker", "images", "--quiet").split()[0]
    metering.machine.run("docker", "create", "--name", "pihole", image)
    try:
        played = metering.play("--tags", "docker", docker_provider="docker")
    finally:
        metering.machine.run("docker", "rm", "pihole")

    failed_with(played, "would replace docker.io", "the containers pihole do not belong to wattline")
    assert not played.changed, played.changes


def test_a_small_card_is_told_before_anything_is_changed(metering: House) -> None:
    played = metering.play(preflight_disk_mb=10_000_000, preflight_disk_upgrade_mb=10_000_000)

    failed_with(played, "10000000 MB")
    assert not played.changed, played.changes


def test_a_full_disk_in_the_middle_leaves_the_metering_alone(metering: House, tmp_path: Path) -> None:
    metering.machine.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/opt/wattline/wheels")
    try:
        played = metering.play("--tags", "plugin,telegraf", tree=versions.newer(tmp_path / "newer"))
    finally:
        metering.machine.run("umount", "/opt/wattline/wheels")

    failed_with(played, "No space left on device")
    healed = metering.play("--tags", "plugin,telegraf")
    assert healed.ended_well, healed.said


def test_a_broken_file_of_telegrafs_never_takes_effect(metering: House) -> None:
    started = metering.machine.run("systemctl", "show", "--property=ActiveEnterTimestamp", "telegraf")
    metering.machine.run("sh", "-c", f"cat >{MINE}", text='[[inputs.cpu]]\n  percpu = "perhaps"\n')
    try:
        played = metering.play("--tags", "telegraf", telegraf_watchdog_s=31)
        failed_with(played, "50-mine.conf", "PerCPU")
        assert metering.machine.run("systemctl", "show", "--property=ActiveEnterTimestamp", "telegraf") == started
    finally:
        metering.machine.run("rm", MINE)

    healed = metering.play("--tags", "telegraf")
    assert healed.ended_well, healed.said


def test_an_image_that_cannot_be_fetched_leaves_the_metering_alone(metering: House) -> None:
    metering.machine.run("systemctl", "stop", "rig-mirror")
    try:
        played = metering.play("--tags", "stack", stack_grafana_image="127.0.0.1:5000/grafana/grafana:12.4.4")
    finally:
        metering.machine.run("systemctl", "start", "rig-mirror")

    failed_with(played, "The container grafana was not started from the image 127.0.0.1:5000/grafana/grafana:12.4.4.")
    healed = metering.play("--tags", "stack")
    assert healed.ended_well, healed.said
