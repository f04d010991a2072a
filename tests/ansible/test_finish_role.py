"""Role finish: what it asks, and what it says at the end, as Ansible makes it on this machine.

| fault | test |
|---|---|
| one meter's reading passes for all of them, or another's for one | test_each_meter_without_a_reading_is_told_with_its_port |
| a stick that stays silent is searched as a bus is | test_of_a_silent_stick_another_command_tells |
| a command is folded, and cannot be copied | test_no_command_is_so_long_that_ansible_folds_it |
| what a role left to be said at the end is not said | test_what_the_parts_have_left_to_say_is_said |
| a meter that is read every ten minutes is called silent after one | test_the_slowest_meter_is_waited_for |
| Grafana is asked where it does not listen | test_grafana_is_asked_where_it_listens |
| a person is sent to an address that does not answer | likewise |
| a switch said as a text is taken for its opposite | test_switches_may_be_texts |

`tests/pi` asks a real InfluxDB.
"""

import json
from typing import Any

import pytest

from ansible_scripts import ROLES, play

pytestmark = pytest.mark.timeout(240)

GATEWAY = {"port": "socket://192.168.1.50:4196", "meters": ["garage=orno-we515@1,interval=10m"]}
STICK = {"port": "auto", "meters": ["grid=rainforest-raven"]}
ANSWER = {"stdout": ",result,table,meter\r\n,_result,0,house\r\n,,0,house\r\n,,0,stranger\r\n"}
METERS = {
    "wattline_meters": ["house=orno-we515@1", "shed=orno-we515@2,interval=90s"],
    "wattline_gateways": [GATEWAY],
    "__finish_first": ANSWER,
}
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "three meters": METERS,
    "a stick": {"wattline_meters": [], "wattline_gateways": [STICK]},
    "the second answer": METERS | {"__finish_others": {"stdout": ANSWER["stdout"] + ",,0,shed\r\n"}},
    "one answer": METERS | {"__finish_others": {"skipped": True}},
    "an address": {"stack_grafana_address": "192.168.1.9:3001"},
    "the Pi alone": {"stack_grafana_address": "127.0.0.1:3000"},
    "version 6": {"stack_grafana_address": "[::]:3000"},
    "a name": {"stack_grafana_url": "https://energy.example.org"},
    "nothing": {"stack_enabled": "false", "telegraf_enabled": "no", "backup_enabled": "false"},
    "remarks": {"sinks_remarks": ["No sink.", "sudo sink"], "backup_remarks": ["No copy."]},
    "texts": METERS | {"stack_enabled": "yes", "telegraf_enabled": "true", "finish_patience_s": "300"},
}
TOLD = {
    "asked": "{{ __finish_grafana_asked }}",
    "grafana": "{{ __finish_grafana }}",
    "silent": "{{ __finish_silent }}",
    "slowest_s": "{{ __finish_slowest_s }}",
    "word": f"{{{{ lookup('ansible.builtin.template', '{ROLES}/finish/templates/word.j2') or '' }}}}",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the role would ask and say in each household."""
    folder = tmp_path_factory.mktemp("finish")
    tasks = [
        {
            "ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": f"{folder}/{name}"},
            "vars": {"told": TOLD, "wattline_port": "/dev/ttyRS485", "__finish_first": {"stdout": ""}} | said,
        }
        for name, said in HOUSEHOLDS.items()
    ]
    play(folder, tasks, {"pi.local": {}}, role="finish")
    return {name: json.loads((folder / name).read_text()) for name in HOUSEHOLDS}


def test_each_meter_without_a_reading_is_told_with_its_port(told: dict[str, dict[str, Any]]) -> None:
    assert told["usual"]["silent"] == ["house"]
    assert told["three meters"]["silent"] == told["one answer"]["silent"] == ["shed", "garage"]
    assert told["the second answer"]["silent"] == ["garage"]
    word = told["three meters"]["word"].splitlines()
    for meter, port in {"shed": "/dev/ttyRS485", "garage": GATEWAY["port"]}.items():
        told_at = word.index(f"No reading of {meter} since Telegraf started. What answers is found out by:")
        assert word[told_at + 1 : told_at + 4] == [
            "sudo systemctl stop telegraf",
            f"sudo wattline scan {port}",
            "sudo systemctl start telegraf",
        ]


def test_of_a_silent_stick_another_command_tells(told: dict[str, dict[str, Any]]) -> None:
    word = told["a stick"]["word"]
    assert "No reading of grid since Telegraf started." in word
    assert "\nsudo wattline read auto grid=rainforest-raven\n" in word


def test_no_command_is_so_long_that_ansible_folds_it(told: dict[str, dict[str, Any]]) -> None:
    """It folds at 80 characters, of which it takes six."""
    lines = {line for household in told.values() for line in household["word"].splitlines()}
    commands = {line for line in lines if line.startswith("sudo ")}
    assert len(commands) >= 4
    assert {line for line in commands if len(line) > 74} == set()


def test_what_the_parts_have_left_to_say_is_said(told: dict[str, dict[str, Any]]) -> None:
    assert told["remarks"]["word"].splitlines()[-3:] == ["No sink.", "sudo sink", "No copy."]


def test_the_slowest_meter_is_waited_for(told: dict[str, dict[str, Any]]) -> None:
    assert int(told["usual"]["slowest_s"]) == 0
    assert int(told["three meters"]["slowest_s"]) == 600


def test_grafana_is_asked_where_it_listens(told: dict[str, dict[str, Any]]) -> None:
    assert (told["usual"]["asked"], told["usual"]["grafana"]) == ("127.0.0.1:3000", "http://pi.local:3000")
    assert (told["version 6"]["asked"], told["version 6"]["grafana"]) == ("127.0.0.1:3000", "http://pi.local:3000")
    assert told["an address"]["asked"] == "192.168.1.9:3001"
    assert told["an address"]["grafana"] == "http://192.168.1.9:3001"
    assert told["the Pi alone"]["asked"] == "127.0.0.1:3000"
    assert told["a name"]["grafana"] == "https://energy.example.org"


def test_switches_may_be_texts(told: dict[str, dict[str, Any]]) -> None:
    assert told["nothing"]["word"].strip() == ""
    assert told["texts"]["word"].startswith("Grafana: ")
