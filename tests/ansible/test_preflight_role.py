"""Role preflight's judgement: for each obstacle its sentence, and none where nothing is in the way.

| fault | test |
|---|---|
| a sound machine is refused | test_a_sound_machine_has_no_obstacle |
| an obstacle is not told, or not what to do | test_each_obstacle_is_told_with_what_to_do |
| only the first of several is told | test_all_obstacles_are_told_at_once |
| wattline's own sentence about a word gets lost, or where the word stands | test_wrong_words_are_told_with_their_place |
| what is only unwise stops the playbook | test_what_is_only_unwise_is_a_warning |
| somebody's Docker is replaced by `-t docker`, which plays no preflight | test_role_docker_looks_by_itself_whose_docker_it_replaces |
| an obstacle has no test | test_every_check_is_tested |
"""

import json
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play

SEEN = {
    "architecture": "arm64",
    "is_overlay": False,
    "free_mb": 25_000,
    "has_wattline": False,
    "missing_files": [],
    "held": [],
    "taken": [],
    "docker_answers": False,
    "docker_packages": {"docker": [], "debian": []},
    "strange_containers": [],
    "dpkg_holders": [],
    "dpkg_is_broken": False,
    "is_under_voltage": False,
    "grabbers": [],
}
NO_STICK = "wattline_gateways has the port auto, and no Rainforest stick is plugged in."
ADAPTER = {
    "trouble": "",
    "gateway_devices": [],
    "gateway_troubles": [],
    "kind": "usb",
    "identity": {"idVendor": "1a86"},
}
PLANNED = {"rc": 0, "item": {"port": ""}, "stdout": json.dumps({"meters": [{"meter": "house", "parity": "E"}]})}
COLLECTIONS = json.dumps({"/a": {"community.docker": {"version": "5.4.0"}}, "/b": {"ansible.posix": {}}})
DOCKERS = {"docker": ["docker-ce"], "debian": ["docker.io"]}
OLD_GRAFANA = {"address": "0.0.0.0:3000", "by": "the container old-grafana"}


def wrong(port: str, sentence: str) -> dict[str, Any]:
    """What comes of words that `wattline plan` refuses."""
    return {"rc": 2, "item": {"port": port}, "stdout": "", "stderr": f"wattline: {sentence}"}


def machine(adapter: dict[str, Any] | None = None, results: list[Any] | None = None, **seen: Any) -> dict[str, Any]:
    """What the tasks of the role have found out about a machine that is sound but for what is said."""
    return {
        "__preflight_distribution": "Debian",
        "__preflight_release": "trixie",
        "__preflight_memory_mb": 1850,
        "__preflight_look": {"stdout": json.dumps(SEEN | seen)},
        "__preflight_time": {"stdout": "yes"},
        "__preflight_collections": {"stdout": COLLECTIONS},
        "__preflight_plans": {"results": [PLANNED] if results is None else results},
        "__wattline_adapter": ADAPTER | (adapter or {}),
        "__wattline_adapter_device": "/dev/ttyX",
    }


# By a word of the sentence: the machine, and beside it the knobs of its household.
OBSTACLES: dict[str, dict[str, Any]] = {
    "needs 9.9 or newer": machine() | {"__preflight_core": "9.9"},
    "community.docker is missing": machine() | {"__preflight_collections": {"stdout": '{"/b": {"ansible.posix": {}}}'}},
    "here in version 4.6.1, and 4.7 or newer": machine()
    | {"__preflight_collections": {"stdout": '{"/b": {"community.docker": {"version": "4.6.1"}}}'}},
    "made for Raspberry Pi OS bookworm and trixie": machine() | {"__preflight_release": "bullseye"},
    "write the 64-bit Raspberry Pi OS Lite": machine(architecture="armhf"),
    "This machine has 430 MB of memory": machine() | {"__preflight_memory_mb": 430},
    "3000 MB are free on the card, and 4000": machine(free_mb=3000),
    "900 MB are free on the card, and 1000": machine(free_mb=900, has_wattline=True),
    "/nowhere of backup_files is not on this machine": machine(missing_files=["/nowhere"]),
    "turn the overlay file system off": machine(is_overlay=True),
    "for five minutes by process 7 (apt)": machine(dpkg_holders=["process 7 (apt)"]),
    "sudo dpkg --configure -a": machine(dpkg_is_broken=True),
    "sets preflight_clock to false": machine() | {"__preflight_time": {"stdout": "no"}},
    "There is no meter": machine() | {"wattline_meters": []},
    "No USB serial adapter": machine({"trouble": "No USB serial adapter is plugged in."}),
    "/dev/ttyX is in use by process 9 (old)": machine(held=[{"device": "/dev/ttyX", "by": "process 9 (old)"}]),
    "the port auto, and no Rainforest stick": machine({"gateway_troubles": [NO_STICK]}),
    "has no parity bit, and house needs one": machine({"kind": "mini-uart"}),
    "0.0.0.0:3000 is taken by the container old-grafana": machine(taken=[OLD_GRAFANA]),
    "would replace docker.io, and the containers pihole": machine(
        docker_packages=DOCKERS, docker_answers=True, strange_containers=["pihole"]
    ),
    "docker_provider is existing": machine() | {"docker_provider": "existing"},
    "bookworm's packages have no Compose": machine() | {"docker_provider": "debian", "__preflight_release": "bookworm"},
}
SOUND: dict[str, dict[str, Any]] = {
    "blank": machine(),
    "bookworm": machine() | {"__preflight_release": "bookworm"},
    "a PC": machine(architecture="amd64"),
    "finished": machine(
        free_mb=3000, has_wattline=True, docker_answers=True, docker_packages={"docker": ["docker-ce"]}
    ),
    "existing": machine(docker_answers=True, docker_packages=DOCKERS, strange_containers=["pihole"])
    | {"docker_provider": "existing"},
    "no internet": machine() | {"preflight_clock": False, "__preflight_time": {"skipped": True}},
    "no stack": machine() | {"stack_enabled": False, "__preflight_collections": {"stdout": ""}},
    "Debian's collection": machine()
    | {"__preflight_collections": {"stdout": '{"/b": {"community.docker": {"version": "4.7.0"}}}'}},
    "galaxy silent": machine() | {"__preflight_collections": {"stdout": "", "rc": 1}},
    "without parity": machine(
        {"kind": "mini-uart"}, [PLANNED | {"stdout": '{"meters": [{"meter": "house", "parity": "N"}]}'}]
    ),
    "gateways": machine({"kind": "", "identity": {}}, [PLANNED | {"item": {"port": "socket://a:1"}}])
    | {"wattline_meters": [], "wattline_gateways": [{"port": "socket://a:1", "meters": ["house=orno-we515@1"]}]},
}
WORDS = {
    "words": machine(
        results=[wrong("", "There is no model 'x'."), PLANNED, wrong("socket://a:1", "The address is 999.")]
    )
}
HELD = [{"device": device, "by": "process 9 (old)"} for device in ("/dev/ttyX", "/dev/ttyY")]
SEVERAL = {
    "several": machine(architecture="armhf", free_mb=1, taken=[OLD_GRAFANA], held=HELD) | {"__preflight_memory_mb": 430}
}
UNWISE = {"unwise": machine(is_under_voltage=True, grabbers=["brltty"])}
HOUSEHOLDS = OBSTACLES | SOUND | WORDS | SEVERAL | UNWISE

Told = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What the role says of each machine."""
    folder = tmp_path_factory.mktemp("preflight")
    answer = {"answer": {"obstacles": "{{ __preflight_obstacles }}", "warnings": "{{ __preflight_warnings }}"}}
    files = {name: folder / f"{number}.json" for number, name in enumerate(HOUSEHOLDS)}
    tasks = [
        {
            "ansible.builtin.copy": {"content": "{{ answer | to_json }}", "dest": str(path)},
            "vars": HOUSEHOLDS[name] | answer | {"wattline_is_container": False},
        }
        for name, path in files.items()
    ]
    play(folder, tasks, {"pi": {}}, role="preflight")
    return {name: json.loads(path.read_text()) for name, path in files.items()}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("words", OBSTACLES)
def test_each_obstacle_is_told_with_what_to_do(told: Told, words: str) -> None:
    (sentence,) = told[words]["obstacles"]
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", SOUND)
def test_a_sound_machine_has_no_obstacle(told: Told, name: str) -> None:
    assert told[name] == {"obstacles": [], "warnings": []}


@pytest.mark.timeout(240)
def test_all_obstacles_are_told_at_once(told: Told) -> None:
    assert len(told["several"]["obstacles"]) == 5
    (held,) = [sentence for sentence in told["several"]["obstacles"] if "in use" in sentence]
    assert held.startswith("/dev/ttyX is in use by process 9 (old) and /dev/ttyY is in use by process 9 (old): a port")


@pytest.mark.timeout(240)
def test_wrong_words_are_told_with_their_place(told: Told) -> None:
    assert told["words"]["obstacles"] == [
        "wattline_meters: There is no model 'x'.",
        "wattline_gateways, socket://a:1: The address is 999.",
    ]


@pytest.mark.timeout(240)
def test_what_is_only_unwise_is_a_warning(told: Told) -> None:
    assert told["unwise"]["obstacles"] == []
    assert [sentence.split(",")[0] for sentence in told["unwise"]["warnings"]] == [
        "The Pi says that its supply is too weak: take the maker's own power supply and a short",
        "brltty is installed",
    ]


def test_role_docker_looks_by_itself_whose_docker_it_replaces() -> None:
    """With `-t docker` preflight is not played."""
    first, *_ = yaml.safe_load((ROLES / "docker/tasks/main.yml").read_text())
    assert first["ansible.builtin.include_role"] == {"name": "preflight", "tasks_from": "docker"}
    look, stop = yaml.safe_load((ROLES / "preflight/tasks/docker.yml").read_text())
    assert (look["register"], stop["when"]) == ("__preflight_look", "not __preflight_may_replace")
    assert stop["ansible.builtin.fail"]["msg"] == "{{ __preflight_docker_of_others }}"


def test_every_check_is_tested() -> None:
    checks = yaml.safe_load((ROLES / "preflight/vars/main.yml").read_text())["__preflight_checks"]
    # Two of the machines are short of the same: space on the card.
    assert len(checks) == len(OBSTACLES) - 1
