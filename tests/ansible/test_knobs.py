"""Knobs that cannot be what they are, each in a sentence, before any machine is asked anything.

| fault | test |
|---|---|
| a wrong knob passes, and breaks something minutes later | test_a_wrong_knob_is_told |
| a right one is refused | test_a_right_knob_is_not, test_what_is_usual_is_right |
| only the first of several is told | test_all_are_told_at_once |
| a switch or a number on the command line, which is a text, is refused | test_texts_of_the_command_line_are_as_good |
| a name that is misspelt does nothing, and nobody is told | test_a_misspelt_name_is_told_with_the_nearest |
| sinks are switched on, and none is named | test_sinks_without_a_place_are_told |
| a sink that cannot let anybody in is taken | test_a_password_of_nobody_is_told |
| a sink is half said, and nobody is told; or a whole one is remarked on | test_half_said_sinks_are_remarked_on |
| a variable of the household's own, or of a role, is called misspelt | test_other_variables_are_left_alone |
| what a secret knob says is shown | test_nothing_secret_is_shown |
| a role is played by its tag, and the knobs are not judged | test_knobs_are_judged_whatever_the_tags |
| a Pi that is away hides a misspelt knob | test_an_unreachable_machine_is_asked_nothing_first |
| Ansible hands over something else than was said | test_the_knobs_arrive_as_they_were_said |
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ANSIBLE, ROLES, play, play_book, script

wrong = script("preflight", "wrong_knobs", "filter_plugins")
addresses = script("preflight", "wrong_addresses", "filter_plugins")
sinks = script("preflight", "half_said_sinks", "filter_plugins")
USUAL: dict[str, Any] = yaml.safe_load((ANSIBLE / "group_vars/all.yml").read_text())
CONTACTS = sorted(path.stem for path in (ANSIBLE.parent / "grafana/contact-points").glob("*.yaml"))
GATEWAY = {"port": "socket://192.168.1.50:4196", "meters": ["garage=orno-we515@1"]}
SECRET = "the-secret-of-the-house"  # noqa: S105

WRONG: list[tuple[str, Any]] = [
    ("wattline_meters", "house=orno-we515@1"),
    ("wattline_meters", {"house": "orno-we515@1"}),
    ("wattline_meters", None),
    ("wattline_meters", [1]),
    ("wattline_meters", ["house=orno-we515@1", "grid=rainforest-emu2,role=grid"]),
    ("wattline_adapter", ""),
    ("wattline_gateways", GATEWAY),
    ("wattline_site", "a\nb"),
    ("wattline_timezone", "Mars/Olympus"),
    ("wattline_timezone", "../etc"),
    ("wattline_contract_power_w", "3 kW"),
    ("wattline_contract_power_w", -5),
    ("wattline_contract_power_w", 0),
    ("wattline_journal", "perhaps"),
    ("wattline_journal_days", 0),
    ("wattline_journal_days", 3651),
    ("wattline_journal_mb", 0),
    ("wattline_journal_mb", "lots"),
    ("preflight_memory_mb", "lots"),
    ("preflight_clock", "perhaps"),
    ("host_enabled", "maybe"),
    ("host_journal_max", "lots"),
    ("docker_provider", "podman"),
    ("docker_key_fingerprint", "abc"),
    ("docker_major", "latest"),
    ("docker_major", "20"),
    ("stack_influxdb_image", ""),
    ("stack_influxdb_image", "influx db:2.9"),
    ("stack_influxdb_image", "influxdb:3-core"),
    ("stack_influxdb_image", "influxdb"),
    ("stack_influxdb_image", "influxdb:latest"),
    ("stack_influxdb_image", "influxdb:1.8"),
    ("stack_grafana_image", "grafana/grafana: 12"),
    ("stack_raw_retention", "abc"),
    ("stack_raw_retention", "30m"),
    ("stack_raw_retention", 400),
    ("stack_grafana_address", "3000"),
    ("stack_grafana_address", "0.0.0.0:99999"),
    ("stack_grafana_address", "localhost:3000"),
    ("stack_grafana_address", "127.0.0.1:8086"),
    ("stack_grafana_address", "::1:3000"),
    ("stack_grafana_url", "pi:3000"),
    ("stack_grafana_url", None),
    ("stack_alert_contact", "telegrm"),
    ("stack_alert_environment", ["a"]),
    ("stack_alert_environment", {"A": "a\nb"}),
    ("stack_alert_environment", {"A B": "a"}),
    ("telegraf_version", "latest"),
    ("telegraf_key_fingerprint", "AAAA"),
    ("telegraf_watchdog_s", "soon"),
    ("telegraf_watchdog_s", 1),
    ("telegraf_watchdog_s", -3),
    ("telegraf_heartbeat_url", "nonsense"),
    ("sinks_enabled", "maybe"),
    ("sinks_mariadb", "telegraf@tcp(192.168.1.2:3306)/energychannel"),
    ("sinks_mariadb", "mysql://192.168.1.2/energychannel"),
    ("sinks_mariadb", "mysql://telegraf@192.168.1.2"),
    ("sinks_postgresql", "mysql://telegraf@192.168.1.2/energychannel"),
    ("sinks_postgresql", f"postgres://telegraf:{SECRET}@192.168.1.2/energychannel"),
    ("sinks_mqtt", "192.168.1.2"),
    ("sinks_mqtt", "mqtt://192.168.1.2/wattline"),
    ("sinks_mqtt_prefix", "watt line"),
    ("sinks_mqtt_prefix", "wattline/#"),
    ("sinks_mqtt_prefix", ""),
    ("sinks_mqtt_discovery", "perhaps"),
    ("sinks_mqtt", "mqtt://192.168.1.2:0"),
    ("sinks_mqtt", "mqtt://192.168.1.2:65536"),
    ("sinks_mariadb", "mysql://telegraf@192.168.1.2:99999/energychannel"),
    ("sinks_postgresql", "postgres://telegraf@[fd00::2]:70000/energychannel"),
    ("sinks_passwords", SECRET),
    ("sinks_passwords", {"mqtt": None}),
    ("sinks_passwords", {"mqtt": True}),
    ("sinks_passwords", {"mqtt": [SECRET]}),
    ("sinks_passwords", {"mysql": SECRET}),
    ("sinks_passwords", {"mqtt": f"{SECRET}\n"}),
    ("sinks_passwords", {"mqtt": "   "}),
    ("sinks_mqtt", 1883),
    ("backup_folder", "relative"),
    ("backup_folder", ""),
    ("backup_folder", "/"),
    ("backup_folder", "/home"),
    ("backup_keep_newest", "many"),
    ("backup_keep_newest", 0),
    ("backup_keep_hourly", -1),
    ("backup_keep_yearly", "some"),
    ("backup_files", "/etc/hosts"),
    ("backup_files", ["notes"]),
    ("backup_offsite_repository", "nowhere"),
    ("backup_offsite_repository", "s3:"),
    ("backup_offsite_repository", "rest:https://192.168.1.2/house"),
    ("backup_offsite_repository", f"rest:http://house:{SECRET}@192.168.1.2/"),
    ("backup_offsite_repository", f"s3:https://key:{SECRET}@store.example.org/my-house"),
    ("backup_offsite_repository", f"sftp:house:{SECRET}@192.168.1.2:/srv/copy"),
    ("backup_offsite_repository", f"sftp://house:{SECRET}@192.168.1.2//srv/copy"),
    ("backup_offsite_repository", f"sftp:house:/{SECRET}@192.168.1.2:/srv/copy"),
    ("backup_offsite_repository", f"s3:https://key:a/{SECRET}@store.example.org/my-house"),
    ("backup_offsite_repository", "s3:https://store.example.org/house\ns3:https://store.example.org/other"),
    ("backup_offsite_credentials", "x"),
    ("finish_patience_s", "x"),
    ("finish_patience_s", 0),
]
RIGHT: list[tuple[str, Any]] = [
    ("wattline_meters", []),
    ("wattline_gateways", [GATEWAY]),
    ("wattline_site", 'my "home" $HOME, küche'),
    ("wattline_timezone", "Europe/Rome"),
    ("wattline_journal_days", "30"),
    ("wattline_journal_mb", 1_000_000),
    ("docker_major", 29),
    ("stack_influxdb_image", "127.0.0.1:5000/influxdb:2.9.1-alpine"),
    ("stack_influxdb_image", "registry.example.org/mirror/influxdb:2.7"),
    ("stack_influxdb_image", f"influxdb@sha256:{'a' * 64}"),
    ("stack_raw_retention", 0),
    ("stack_raw_retention", "400d"),
    ("stack_raw_retention", "52w"),
    ("stack_grafana_address", "[::]:3000"),
    ("stack_grafana_address", "192.168.1.9:80"),
    ("stack_grafana_url", "https://energy.example.org/grafana"),
    ("stack_alert_contact", "telegram"),
    ("stack_alert_environment", {"GF_SMTP_PASSWORD": "pa$word#x \"q' \\", "PORT": 25}),
    ("telegraf_version", 1.39),
    ("telegraf_watchdog_s", 0),
    ("sinks_mariadb", "mysql://telegraf@db.example.org:3307/energy-channel"),
    ("sinks_postgresql", "postgres://telegraf@[fd00::2]:5432/energychannel"),
    ("sinks_mqtt", "mqtt://192.168.1.2"),
    ("sinks_mqtt", "mqtts://wattline@broker.example.org:8883"),
    ("sinks_mqtt", "mqtt://broker:65535"),
    ("sinks_mqtt_prefix", "street-7/wattline"),
    ("sinks_passwords", {"mqtt": "pa$word#x \"q' \\", "mariadb": 1234}),
    ("backup_folder", "/mnt/disk/wattline"),
    ("backup_folder", "/backups"),
    ("backup_keep_newest", "all"),
    ("backup_keep_hourly", 0),
    ("backup_files", ["/home/pi/my notes"]),
    ("backup_offsite_repository", "s3:https://s3.eu-south-1.amazonaws.com/my-house"),
    ("backup_offsite_repository", "/srv/usb/store"),
    ("backup_offsite_repository", "azure:sets:/"),
    ("backup_offsite_repository", "gs:my-house:/sets"),
    ("backup_offsite_repository", "sftp:pi@[fd00::2]:/srv/copy"),
    ("backup_offsite_repository", "sftp://pi@nas.local:2222//srv/copy"),
    ("backup_offsite_repository", "sftp:nas.local:/home/me@work/copy"),
    ("backup_offsite_repository", "sftp:nas.local:copy"),
    ("backup_offsite_repository", "s3:https://store.example.org:9000/house/me@work"),
    ("backup_offsite_repository", "s3:s3.amazonaws.com/house"),
]


def told(**said: Any) -> list[str]:
    sentences: list[str] = wrong.wrong_knobs(USUAL | said, USUAL, CONTACTS)
    return sentences + list(addresses.wrong_addresses(USUAL | said))


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_knob_is_told(name: str, value: Any) -> None:
    (sentence,) = told(**{name: value})
    assert re.fullmatch(rf"{name}( is .+, and)? has to be .+\.", sentence), sentence


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_right_knob_is_not(name: str, value: Any) -> None:
    assert told(**{name: value}) == []


def test_what_is_usual_is_right() -> None:
    assert told() == []
    assert set(wrong.RULES) | set(addresses.SERVERS) | {addresses.REPOSITORY} <= USUAL.keys()


def test_texts_of_the_command_line_are_as_good() -> None:
    plain = {name: value for name, value in USUAL.items() if not isinstance(value, list | dict)}
    assert told(**{name: str(value) for name, value in plain.items()}) == []
    assert told(**{name: str(value).lower() for name, value in plain.items() if isinstance(value, bool)}) == []


def test_all_are_told_at_once() -> None:
    assert len(told(wattline_site="a\nb", backup_folder="", stack_alert_contact="telegrm", wattline_metres=[])) == 4
    assert told(stack_alert_contact="telegrm") == [
        "stack_alert_contact is telegrm, and has to be empty, email, ntfy, telegram or webhook."
    ]


def test_a_misspelt_name_is_told_with_the_nearest() -> None:
    assert told(wattline_metres=["x"]) == ["There is no knob wattline_metres: the nearest is wattline_meters."]
    assert told(backup_keep_newst=1) == ["There is no knob backup_keep_newst: the nearest is backup_keep_newest."]


def test_sinks_without_a_place_are_told() -> None:
    for switch in (True, "yes"):
        (sentence,) = sinks.impossible_sinks(USUAL | {"sinks_enabled": switch})
        assert sentence.startswith("sinks_enabled is true, and no sink is named: ")
    assert sinks.impossible_sinks(USUAL | {"sinks_enabled": True, "sinks_mqtt": "mqtt://broker"}) == []
    assert sinks.impossible_sinks(USUAL) == sinks.doubtful_sinks(USUAL) == []


@pytest.mark.parametrize("switch", [True, False])
def test_a_password_of_nobody_is_told(switch: bool) -> None:
    said = USUAL | {"sinks_enabled": switch, "sinks_mqtt": "mqtts://broker:8883", "sinks_passwords": {"mqtt": SECRET}}
    (sentence,) = sinks.impossible_sinks(said)
    assert "write mqtts://USER@... there" in sentence
    assert SECRET not in sentence
    assert sinks.impossible_sinks(said | {"sinks_mqtt": "mqtt://wattline@broker"}) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            {"sinks_enabled": False},
            "sinks_enabled is false, so that what sinks_mariadb and sinks_mqtt say does nothing",
        ),
        ({"sinks_enabled": "no", "sinks_mariadb": ""}, "so that what sinks_mqtt says does nothing"),
        ({"sinks_mariadb": ""}, "a password of mariadb, and sinks_mariadb is empty"),
        ({"sinks_passwords": {"mqtt": 0}}, "sinks_mariadb says a user, and sinks_passwords has no password of mariadb"),
        ({"sinks_passwords": {"mariadb": "", "mqtt": "x"}}, "sinks_passwords has no password of mariadb"),
    ],
)
def test_half_said_sinks_are_remarked_on(said: dict[str, Any], words: str) -> None:
    whole = {"sinks_enabled": True, "sinks_mariadb": "mysql://u@h/d", "sinks_mqtt": "mqtt://u@h"}
    whole |= {"sinks_passwords": {"mariadb": SECRET, "mqtt": SECRET}}
    assert sinks.doubtful_sinks(USUAL | whole) == []
    (sentence,) = sinks.doubtful_sinks(USUAL | whole | said)
    assert words in sentence
    assert SECRET not in sentence
    assert sinks.impossible_sinks(USUAL | whole | said) == []


def test_other_variables_are_left_alone() -> None:
    tasks = [task for path in ROLES.glob("*/tasks/*.yml") for task in yaml.safe_load(path.read_text())]
    facts = {name for task in tasks for name in task.get("ansible.builtin.set_fact", {})}
    asked = {
        name
        for path in ROLES.glob("*/meta/argument_specs.yml")
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name in spec.get("options", {})
    }
    own = {name: "x" for name in (facts | asked) - USUAL.keys() if not name.startswith("__")} | {
        "host_name": "x",
        "wattline_secret_of_mine": "x",
    }
    assert told(**own) == []


def test_nothing_secret_is_shown() -> None:
    said = {"telegraf_heartbeat_url": SECRET, "stack_alert_environment": {"A": f"{SECRET}\n"}}
    said |= {"sinks_mqtt": f"mqtt://wattline:{SECRET}@broker", "sinks_passwords": {"broker": SECRET}}
    said |= {"backup_offsite_repository": f"rest:http://house:{SECRET}@192.168.1.2/"}
    sentences = told(**said, backup_offsite_credentials={"a b": SECRET})
    assert len(sentences) == 6
    # One that is a text in the place of a table.
    sentences += told(
        **dict.fromkeys(("sinks_passwords", "backup_offsite_credentials", "stack_alert_environment"), SECRET)
    )
    assert len(sentences) == 9
    assert SECRET not in "".join(sentences)


def test_knobs_are_judged_whatever_the_tags() -> None:
    (play_of_site,) = yaml.safe_load((ANSIBLE / "site.yml").read_text())
    (first,) = play_of_site["pre_tasks"]
    assert (first["tags"], first["ansible.builtin.import_role"]) == (
        "always",
        {"name": "preflight", "tasks_from": "facts"},
    )
    assert (
        yaml.safe_load((ROLES / "preflight/tasks/facts.yml").read_text())[0]["ansible.builtin.import_tasks"]
        == "knobs.yml"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("playbook", ["site.yml", "rotate.yml", "restore.yml"])
def test_an_unreachable_machine_is_asked_nothing_first(tmp_path: Path, playbook: str) -> None:
    """A misspelt knob is told though nothing answers where the Pi should be."""
    knobs = {"ansible_host": "127.0.0.1", "ansible_port": 1, "wattline_metres": [], "ansible_become_password": "x"}
    with pytest.raises(AssertionError, match="There is no knob wattline_metres"):
        play_book(tmp_path, ANSIBLE / playbook, {"pi": knobs})


@pytest.mark.timeout(120)
def test_the_knobs_arrive_as_they_were_said(tmp_path: Path) -> None:
    judge = {"ansible.builtin.include_role": {"name": "preflight", "tasks_from": "knobs"}}
    tasks = [{"block": [judge], "rescue": [{"ansible.builtin.debug": {"msg": "refused"}}]}]
    hosts = {
        "right": {"restore_set": "x", "wattline_note_of_mine": "{{ inventory_hostname }}"},
        "wrong": {"wattline_metres": []},
    }

    # One of each kind, since Ansible's values are of types of its own.
    wrong_kinds = {"finish_patience_s": "x", "wattline_meters": "x", "stack_alert_environment": 1, "host_reboot": "x"}
    extra = wrong_kinds | {"stack_grafana_url": None, "telegraf_watchdog_s": "-3"}

    extra |= {"wattline_gateways": [{"port": "Auto", "meters": ["grid=rainforest-raven"]}]}
    said = " ".join(play(tmp_path, tasks, hosts, f"-e{json.dumps(extra)}", "-ehost_enabled=no").split())

    # The two come in either order.
    told_to = dict(re.findall(r"fatal: \[(\w+)\]: FAILED! (.*?)(?=\[ERROR\]|TASK)", said))
    assert all("telegraf_watchdog_s is -3, and has to be a number of seconds" in part for part in told_to.values())
    assert "wattline_gateways has the port Auto" in told_to["right"]
    del extra["wattline_gateways"]
    assert not [name for name in extra if f"- {name}" not in told_to["right"]]
    assert ["There is no knob wattline_metres" in told_to[host] for host in hosts] == [False, True]
    assert "host_enabled" not in said
