"""What the role telegraf writes, judged by Telegraf and systemd, without a machine.

| fault | test |
|---|---|
| what the playbook writes is another configuration than the one that is documented | test_the_files_are_those_of_the_checkout |
| a comment that a person needs is lost | test_no_comment_of_the_meters_file_is_lost |
| a comment tells of another way to set things up | test_what_is_said_of_a_set_up_by_hand_is_not_said |
| nobody sees whose a file is | test_each_file_says_whose_it_is |
| Telegraf refuses what the playbook writes | test_telegraf_takes_what_is_written |
| a gateway or a second meter is not read, or reads what another does | test_each_port_is_a_process_with_its_own_meters |
| no journal is kept, or more or less of it than was said | test_each_port_keeps_a_journal |
| ... or one where there is to be none | test_no_journal_is_kept_where_there_is_to_be_none |
| ... or Telegraf may not write it, or others may read it | test_the_journal_belongs_to_telegraf_alone |
| what the playbook leaves unsaid of it is not what the plugin does | test_what_is_not_said_of_the_journal_is_what_holds |
| the adapter is looked for under a name that it does not have | test_the_port_is_where_the_adapter_is |
| the token, or what the heartbeat calls, is where others read it | test_no_secret_is_written_where_others_read_it |
| the buffer takes the memory of a small Pi, or less than it could | test_the_buffer_fits_the_meters_and_the_memory |
| a sink is fed otherwise than it is documented, or though it is switched off | test_each_sink_is_fed_as_it_is_documented |
| what waits for sinks takes the memory of a small Pi | test_what_waits_for_the_sinks_fits_the_memory |
| a process outgrows its limit because its buffer does | test_the_limit_of_memory_has_room_for_the_buffer |
| a word of the drop-in is misspelt | test_systemd_takes_the_drop_in |
| the service may do more than it needs, without a reason | test_the_service_is_closed_as_far_as_it_can_be |
| a plugin that hangs is not back within a minute | test_a_plugin_that_hangs_is_back_within_a_minute |
| the plugin is killed at once where Telegraf dies, and what it holds is lost | test_the_plugin_is_asked_to_end_where_telegraf_dies |
| Telegraf is killed every half minute where nobody feeds the watchdog | test_no_watchdog_where_there_is_nothing_to_feed_it |
"""

import configparser
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import WANTED_SINKS
from wattline import cli
from wattline.journal.limits import Limits

# All households are played before the first test.
pytestmark = pytest.mark.timeout(240)

CHECKOUT = Path(__file__).parents[2]
ROLE = CHECKOUT / "ansible" / "roles" / "telegraf"
SOURCE = CHECKOUT / "telegraf" / "telegraf.d"
TELEGRAF_FILES = {"telegraf.conf", "10-meters.conf", "20-host.conf", "30-backup.conf", "90-influxdb.conf"}
# Ten times systemd's exposure. The network costs 1.2, devices, /proc and the users of this machine 1.2: see the reasons there.
EXPOSURE_LIMIT = 25
# InfluxData's service, as far as the drop-in meets it. Its program is one that there is.
UNIT = """
[Service]
Type=notify
NotifyAccess=all
User=daemon
ExecStart=/bin/true
"""
GATEWAYS = [
    {"port": "socket://192.168.1.50:4196", "meters": ["garage=orno-we515@1,role=load"]},
    {"port": "modbus-tcp://192.168.1.51:502", "meters": ["küche=eastron-sdm120@1", "bad=eastron-sdm120@2"]},
    {"port": "auto", "meters": ["grid=rainforest-raven"]},
]
PROGRAM = ["/opt/wattline/bin/wattline", "run"]
JOURNAL = ["--journal", "/var/lib/wattline/journal"]
DEVICE = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
HEARTBEAT = "https://example.org/secret-of-the-house?a=b&c"
SINKS = {
    "sinks_enabled": "yes",
    "sinks_mariadb": "mysql://u@h/d",
    "sinks_postgresql": "postgres://u@h/d",
    "sinks_mqtt": "mqtt://h",
}
BUFFERS = {(900, 1): 86_400, (900, 5): 144_000, (1850, 5): 288_000, (3790, 5): 432_000, (7900, 20): 1_116_000}


def meters(number: int) -> list[str]:
    return [f"m{n}=orno-we515@{n}" for n in range(1, number + 1)]


# Households, by what they say in their inventory.
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "gateways": {
        "wattline_meters": ["house=orno-we515@1", "roof=orno-we515@2,scale=200/5"],
        "wattline_gateways": GATEWAYS,
    },
    "gateways alone": {"wattline_meters": [], "wattline_gateways": GATEWAYS},
    "no meters": {"wattline_meters": []},
    "no journal": {"wattline_journal": "no", "wattline_gateways": GATEWAYS},
    "small journal": {"wattline_journal_days": "30", "wattline_journal_mb": 64, "wattline_gateways": GATEWAYS[:1]},
    "no udev": {"wattline_port": DEVICE},
    "heartbeat": {"telegraf_heartbeat_url": HEARTBEAT},
    "all sinks": SINKS,
    "sinks off": SINKS | {"sinks_enabled": "no"},
    "postgresql": SINKS | {"sinks_mariadb": "", "sinks_mqtt": ""},
    "all sinks, 900 MB": SINKS | {"__telegraf_memory_mb": 900},
    **{
        f"{count} meters, {memory_mb} MB": {"__telegraf_memory_mb": memory_mb, "wattline_meters": meters(count)}
        for memory_mb, count in BUFFERS
    },
}

Written = dict[str, str]


def needed(program: str, path: str | None, sentence: str) -> str:
    found = shutil.which(program, path=path)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return found


def play(household: str) -> dict[str, Any]:
    """A play that says what the role would write."""
    template = "{{ lookup('ansible.builtin.template', templates ~ '/' ~ (item | basename) ~ '.j2') }}"
    told = {"household": household, "name": "{{ item | basename }}", "text": template}
    variables = {"environment": "{{ __telegraf_environment }}", "heartbeat": "{{ __telegraf_heartbeat_environment }}"}
    own = {"templates": f"{ROLE}/templates", "__telegraf_source": str(SOURCE)}
    own |= {"__telegraf_memory_mb": 1850, "wattline_port": "/dev/ttyRS485", "sinks_wanted": WANTED_SINKS}
    return {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [f"{CHECKOUT}/ansible/group_vars/all.yml", f"{ROLE}/vars/main.yml"],
        "tasks": [
            {
                "ansible.builtin.debug": {"msg": told},
                "loop": "{{ __telegraf_files }}",
                "vars": own | HOUSEHOLDS[household],
            },
            *(
                {
                    "ansible.builtin.debug": {"msg": {"household": household, "name": name, "text": text}},
                    "vars": own | HOUSEHOLDS[household],
                }
                for name, text in variables.items()
            ),
        ],
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """What ansible-core makes of the role's templates for each household: texts by their files' names."""
    path = os.pathsep.join([f"{os.environ.get('WATTLINE_ANSIBLE', '')}/bin", os.environ["PATH"]])
    program = needed("ansible-playbook", path, "ansible-playbook is not here; WATTLINE_ANSIBLE names its environment.")
    folder = tmp_path_factory.mktemp("plays")
    (folder / "plays.yml").write_text(json.dumps([play(household) for household in HOUSEHOLDS]))
    format_of_results = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_CALLBACK_FORMAT_PRETTY": "False"}
    result = subprocess.run(
        [program, "-i", "localhost,", folder / "plays.yml"],
        env={**os.environ, **format_of_results, "ANSIBLE_NOCOLOR": "1"},
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    texts: dict[str, Written] = {household: {} for household in HOUSEHOLDS}
    for line in re.findall(r"^ok: .*=> (\{.*\})$", result.stdout, flags=re.MULTILINE):
        told = json.loads(line)["msg"]
        texts[told["household"]][told["name"]] = told["text"]
    return texts


def drop_in(text: str) -> configparser.SectionProxy:
    """The words of the section [Service]; of one that stands there several times the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
    parser.read_string(text)
    return parser["Service"]


def execds(household: Written) -> list[dict[str, Any]]:
    return tomllib.loads(household["10-meters.conf"])["inputs"].get("execd", [])


def test_the_files_are_those_of_the_checkout(written: dict[str, Written]) -> None:
    """With the knobs at their defaults nothing differs but where the token is."""
    usual = written["usual"]
    assert set(usual) == TELEGRAF_FILES | {"50-wattline.conf", "environment", "heartbeat"}
    for name in TELEGRAF_FILES - {"telegraf.conf", "90-influxdb.conf"}:
        assert tomllib.loads(usual[name]) == tomllib.loads((SOURCE / name).read_text()), name
    assert tomllib.loads(usual["telegraf.conf"]) == tomllib.loads((SOURCE.parent / "telegraf.conf").read_text())
    ours, documented = (
        tomllib.loads(text) for text in (usual["90-influxdb.conf"], (SOURCE / "90-influxdb.conf").read_text())
    )
    assert ours.pop("secretstores") == {"systemd": [{"id": "systemd"}]}
    for output in documented["outputs"]["influxdb_v2"]:
        output["token"] = "@{systemd:influx_token}"  # noqa: S105  # says where it is
    assert ours == documented


def test_each_file_says_whose_it_is(written: dict[str, Written]) -> None:
    for name, text in (written["heartbeat"] | written["all sinks"]).items():
        assert "wattline's playbook owns this file." in text or name == "environment", name
        assert "\n\n\n" not in text, name


def test_no_comment_of_the_meters_file_is_lost(written: dict[str, Written]) -> None:
    """What a second meter and a gateway need is said in the words of the inventory, the rest as it is."""
    text = written["usual"]["10-meters.conf"]
    kept = (SOURCE / "10-meters.conf").read_text().split("\n## A second meter")[0]
    comments = [line.strip() for line in kept.splitlines() if line.strip().startswith("##")]
    lost = [line for line in comments if line not in text]
    assert lost == ["## After a change: sudo systemctl restart telegraf"]
    assert all(
        word in text for word in ("wattline_meters", "wattline_gateways", "--tags preflight,telegraf", "modbus-tcp://")
    )


def test_what_is_said_of_a_set_up_by_hand_is_not_said(written: dict[str, Written]) -> None:
    text = "".join([*written["heartbeat"].values(), *written["all sinks"].values()])
    assert not [word for word in ("runuser", "INFLUX_TOKEN", "credstore", "To use it:") if word in text]


@pytest.mark.parametrize(
    "household", ["usual", "gateways", "small journal", "no journal", "heartbeat", "all sinks", "20 meters, 7900 MB"]
)
def test_telegraf_takes_what_is_written(
    written: dict[str, Written], server: Callable[[str], str], household: str, tmp_path: Path
) -> None:
    """But for the credential, for which it asks systemd: tests/pi has one."""
    texts = dict(written[household])
    variables = dict(
        re.findall(r'^([A-Z_]+)="(.*)"$', texts.pop("environment") + texts.pop("heartbeat"), flags=re.MULTILINE)
    )
    del texts["50-wattline.conf"]
    for name, text in texts.items():
        (tmp_path / name).write_text(
            re.sub(r"\[\[secretstores.*\n.*\n", "", text).replace("@{systemd:influx_token}", "t")
        )
    result = subprocess.run(
        [server("telegraf"), "config", "check", "--strict-env-handling", "--config-directory", tmp_path],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, re.findall("[EW]! .*", result.stderr)) == (0, [])


def test_each_port_is_a_process_with_its_own_meters(written: dict[str, Written]) -> None:
    program = [*PROGRAM, *JOURNAL]
    adapter = [*program, "${WATTLINE_PORT:-/dev/ttyRS485}", "house=orno-we515@1", "roof=orno-we515@2,scale=200/5"]
    others = [[*program, gateway["port"], *gateway["meters"]] for gateway in GATEWAYS]
    assert [execd["command"] for execd in execds(written["gateways"])] == [adapter, *others]
    assert [execd["command"] for execd in execds(written["gateways alone"])] == others
    (documented,) = execds(written["usual"])
    for execd in execds(written["gateways"]):
        assert execd | {"command": []} == documented | {"command": []}


def test_each_port_keeps_a_journal(written: dict[str, Written]) -> None:
    bounds = ["--journal-days", "30", "--journal-mb", "64"]
    commands = [execd["command"] for execd in execds(written["small journal"])]
    assert [words[: len(words) - 2] for words in commands] == [[*PROGRAM, *JOURNAL, *bounds]] * 2
    for words in commands:
        cli.parser_of("run").parse(words[2:])


def test_no_journal_is_kept_where_there_is_to_be_none(written: dict[str, Written]) -> None:
    off = written["no journal"]
    assert [execd["command"][:3] for execd in execds(off)] == [
        [*PROGRAM, port] for port in ("${WATTLINE_PORT:-/dev/ttyRS485}", *(gateway["port"] for gateway in GATEWAYS))
    ]
    assert "StateDirectory" not in drop_in(off["50-wattline.conf"])
    assert "/var/lib/wattline" not in off["50-wattline.conf"]


def test_the_journal_belongs_to_telegraf_alone(written: dict[str, Written]) -> None:
    """systemd makes it, lets the service write it, and gives it to its user."""
    service = drop_in(written["usual"]["50-wattline.conf"])
    assert f"/var/lib/{service['StateDirectory']}" == JOURNAL[1]
    assert service["StateDirectoryMode"] == "0700"
    assert service["UMask"] == "0077"


def test_what_is_not_said_of_the_journal_is_what_holds() -> None:
    usual = yaml.safe_load((CHECKOUT / "ansible/group_vars/all.yml").read_text())
    assert Limits(usual["wattline_journal_days"], usual["wattline_journal_mb"]) == Limits()


def test_the_port_is_where_the_adapter_is(written: dict[str, Written]) -> None:
    assert 'WATTLINE_PORT="/dev/ttyRS485"' in written["usual"]["environment"]
    assert f'WATTLINE_PORT="{DEVICE}"' in written["no udev"]["environment"]


def test_no_secret_is_written_where_others_read_it(written: dict[str, Written]) -> None:
    assert [name for name, text in written["heartbeat"].items() if HEARTBEAT in text] == ["heartbeat"]
    assert "95-heartbeat.conf" in written["heartbeat"]
    assert "95-heartbeat.conf" not in written["usual"]


@pytest.mark.parametrize(("memory_mb", "count"), BUFFERS)
def test_the_buffer_fits_the_meters_and_the_memory(written: dict[str, Written], memory_mb: int, count: int) -> None:
    """A day, or the 144 000 points a GB that 90-influxdb.conf reckons with."""
    text = written[f"{count} meters, {memory_mb} MB"]["90-influxdb.conf"]
    energy, host = tomllib.loads(text)["outputs"]["influxdb_v2"]
    assert (energy["metric_buffer_limit"], host["metric_buffer_limit"]) == (BUFFERS[memory_mb, count], 16_200)


@pytest.mark.parametrize(
    ("household", "limit_mb"), [("usual", 264), ("5 meters, 900 MB", 312), ("5 meters, 1850 MB", 432)]
)
def test_the_limit_of_memory_has_room_for_the_buffer(
    written: dict[str, Written], household: str, limit_mb: int
) -> None:
    service = drop_in(written[household]["50-wattline.conf"])
    assert int(service["MemoryMax"].removesuffix("M")) == limit_mb
    collected_mb = int(service["Environment"].removeprefix("GOMEMLIMIT=").removesuffix("MiB"))
    assert limit_mb - collected_mb == 64, "32 MB for the plugin, 32 MB for what Go does not count"


def outputs(household: Written) -> dict[str, dict[str, Any]]:
    """Those that feed the sinks."""
    texts = [
        tomllib.loads(household[name])["outputs"] for name in ("92-sinks.conf", "93-mqtt.conf") if name in household
    ]
    return {output["alias"]: output for text in texts for kind in text.values() for output in kind}


def test_each_sink_is_fed_as_it_is_documented(written: dict[str, Written]) -> None:
    documented = {
        "92-sinks.conf": re.sub("(?m)^# ", "", (SOURCE / "92-sinks.conf.example").read_text()),
        "93-mqtt.conf": (SOURCE / "93-mqtt.conf.example").read_text(),
    }
    assert outputs(written["all sinks"]) == outputs(documented)
    assert set(outputs(written["postgresql"])) == {"sink-postgresql"}
    assert "93-mqtt.conf" not in written["postgresql"]
    assert set(written["sinks off"]) == set(written["usual"])


def test_what_waits_for_the_sinks_fits_the_memory(written: dict[str, Written]) -> None:
    """All of them together no more than the database has."""
    buffers = {output["metric_buffer_limit"] for output in outputs(written["all sinks, 900 MB"]).values()}
    assert buffers == {48_000}
    limits = [
        drop_in(written[name]["50-wattline.conf"]) for name in ("usual", "all sinks", "all sinks, 900 MB", "sinks off")
    ]
    assert [limit["MemoryMax"] for limit in limits] == ["264M", "480M", "384M", "264M"]
    assert limits[1]["Environment"] == "GOMEMLIMIT=416MiB"


@pytest.fixture
def analyze(written: dict[str, Written], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """systemd-analyze on the service with the drop-in."""
    program = needed("systemd-analyze", None, "systemd-analyze is not here; on Debian the package systemd has it.")
    unit = tmp_path / "telegraf.service"
    unit.write_text(UNIT + written["usual"]["50-wattline.conf"])

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
        return subprocess.run([program, *words, unit], env=own, capture_output=True, text=True, check=False)

    return ask


def test_systemd_takes_the_drop_in(analyze: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = analyze("verify", "--man=no")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_service_is_closed_as_far_as_it_can_be(
    analyze: Callable[..., subprocess.CompletedProcess[str]], written: dict[str, Written]
) -> None:
    result = analyze("security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}", "--no-pager")
    assert result.returncode == 0, result.stdout
    reasons = "\n".join(re.findall("^#.*", written["usual"]["50-wattline.conf"], flags=re.MULTILINE))
    left_open = set(re.findall(r"^✗ (\w+)=", result.stdout, flags=re.MULTILINE))
    # What no service that works for a household can close.
    left_open -= {"RootDirectory", "PrivateNetwork", "RestrictAddressFamilies", "NotifyAccess", "SupplementaryGroups"}
    assert left_open
    assert not [word for word in left_open if word not in reasons]


def test_a_plugin_that_hangs_is_back_within_a_minute(written: dict[str, Written]) -> None:
    """All that is waited for, and ten seconds for Telegraf and the plugin to start on a slow Pi."""
    service = drop_in(written["usual"]["50-wattline.conf"])
    waits = [int(service[word].removesuffix("s")) for word in ("WatchdogSec", "TimeoutStopSec", "RestartSec")]
    assert waits[0] == 30
    assert sum(waits) + 10 <= 60
    assert service["Restart"] == "always"


def test_the_plugin_is_asked_to_end_where_telegraf_dies(written: dict[str, Written]) -> None:
    """By the package's unit only Telegraf is; tests/pi tries what comes of it."""
    assert {drop_in(household["50-wattline.conf"])["KillMode"] for household in written.values()} == {"control-group"}


def test_no_watchdog_where_there_is_nothing_to_feed_it(written: dict[str, Written]) -> None:
    assert drop_in(written["no meters"]["50-wattline.conf"])["WatchdogSec"] == "0"
    assert drop_in(written["gateways alone"]["50-wattline.conf"])["WatchdogSec"] == "30"
