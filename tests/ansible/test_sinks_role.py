"""Role sinks: what it writes and what it takes away, as Ansible makes it on this machine.

| fault | test |
|---|---|
| a sink is looked for at another server, or by another user | test_each_sink_has_its_server_user_and_password |
| a password with odd characters is another one when the service reads it | likewise |
| a file has what another sink's alone should know, or all may read it | test_a_file_has_what_its_services_need |
| an option of the publisher is lost | test_the_publisher_has_its_options |
| a sink that is switched off stays, or takes another's files with it | test_what_goes_is_what_nothing_needs |
| what somebody set up by hand is taken away | test_what_the_playbook_did_not_bring_stays |
| a service is not started anew by what it takes up | test_a_service_takes_up_all_that_is_written_for_it |
| a service that ends at once is not told, or with a command that is folded | test_what_does_not_stay_up_is_told |
| ... or one that has run for a while, or runs by then, is | test_what_stays_up_is_found_out |
| a service that waits for a server that is not there passes for one that hands on | test_what_has_not_reached_its_server_is_told, test_whether_a_server_was_reached_is_found_out |
| a service may do more than it needs | test_the_services_are_closed |

`tests/pi` plays it.
"""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from ansible_scripts import ROLES, WANTED_SINKS, play

pytestmark = pytest.mark.timeout(240)

SINKS = ROLES.parents[1] / "telegraf" / "sinks"
PLACE: list[dict[str, Any]] = yaml.safe_load((ROLES / "sinks/tasks/place.yml").read_text())
# Ten times systemd's exposure. The network costs 1.1 of it.
EXPOSURE_LIMIT = 12
ODD = "pa$word#x \"q' \\ /@:%20é"
ALL = {
    "sinks_enabled": True,
    "sinks_mariadb": "mysql://telegraf@192.168.1.2/energychannel",
    "sinks_postgresql": "postgres://wattline@[fd00::2]:5433/energy",
    "sinks_mqtt": "mqtts://house@broker.example.org",
    "sinks_passwords": {"mariadb": ODD, "postgresql": ODD, "mqtt": ODD},
}
BROUGHT = {"content": base64.b64encode(b"mariadb\nmqtt\npostgresql\n").decode()}
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "off": {},
    "off again": ALL | {"sinks_enabled": "no", "__sinks_remembered": BROUGHT},
    "all": ALL,
    "all again": ALL | {"__sinks_remembered": BROUGHT},
    "mqtt alone": {"sinks_enabled": "yes", "sinks_mqtt": "mqtt://192.168.1.2"},
    "mqtt no more": ALL | {"sinks_mqtt": "", "__sinks_remembered": BROUGHT},
    "mqtt is left": {"sinks_enabled": True, "sinks_mqtt": "mqtt://192.168.1.2", "__sinks_remembered": BROUGHT},
    "mariadb no more": ALL | {"sinks_mariadb": "", "__sinks_remembered": BROUGHT},
    "options": ALL | {"sinks_mqtt_prefix": "street/7", "sinks_mqtt_discovery": "no", "sinks_mqtt_old_topics": "true"},
    "ended": ALL
    | {"__sinks_looked": {"stdout_lines": ["wattline-mqtt.service\r", "wattline-sink@postgresql.service\r", ""]}},
    "away": ALL
    | {"__sinks_unreached": {"stdout_lines": ["wattline-mqtt.service\r", "wattline-sink@mariadb.service\r", ""]}},
    "numbers": ALL | {"sinks_passwords": {"mariadb": 1234, "mqtt": 1234}},
}
(REMARKS,) = [
    task["ansible.builtin.set_fact"]["sinks_remarks"]
    for task in yaml.safe_load((ROLES / "sinks/tasks/look.yml").read_text())
    if "ansible.builtin.set_fact" in task
]
TOLD = {
    "on": "{{ sinks_wanted }}",
    **{
        name: f"{{{{ __sinks_{name} }}}}"
        for name in ("gone", "superfluous", "files", "unit_files", "environments", "taken_up_by", "unit_of")
    },
    **{
        name: f"{{{{ lookup('ansible.builtin.template', templates ~ '/wattline-{name}.j2') }}}}"
        for name in ("sink", "mqtt")
    },
    "remarks": REMARKS.replace("'remarks.j2'", "templates ~ '/remarks.j2'"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the role would do in each household."""
    folder = tmp_path_factory.mktemp("sinks")
    tasks = [
        {
            "ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": f"{folder}/{name}"},
            "vars": {
                "told": TOLD,
                "templates": f"{ROLES}/sinks/templates",
                "__sinks_remembered": {},
                "__sinks_looked": {"stdout_lines": []},
                "__sinks_unreached": {"stdout_lines": []},
                "sinks_wanted": WANTED_SINKS,
            }
            | said,
        }
        for name, said in HOUSEHOLDS.items()
    ]
    play(folder, tasks, {"pi": {}}, role="sinks")
    return {name: json.loads((folder / name).read_text()) for name in HOUSEHOLDS}


def words(text: str) -> dict[str, str]:
    """A file of variables, as systemd reads it: between double quotes a backslash says that the next letter is meant."""
    return dict(word.partition("=")[::2] for word in shlex.split(text, comments=True))


def test_each_sink_has_its_server_user_and_password(told: dict[str, dict[str, Any]]) -> None:
    """The driver of MariaDB takes what stands between the first colon and the last @; that of PostgreSQL reads a URL."""
    sink, mqtt = words(told["all"]["sink"]), words(told["all"]["mqtt"])
    assert sink["WATTLINE_MARIADB"] == f"telegraf:{ODD}@tcp(192.168.1.2:3306)/energychannel"
    url = urlsplit(sink["WATTLINE_POSTGRESQL"])
    assert (url.username, url.hostname, url.port, url.path) == ("wattline", "fd00::2", 5433, "/energy")
    assert unquote(url.password or "") == ODD
    assert mqtt["WATTLINE_MQTT"].split() == ["mqtts://house@broker.example.org", "--prefix", "wattline"]
    assert mqtt["WATTLINE_MQTT_PASSWORD"] == ODD
    assert words(told["numbers"]["sink"])["WATTLINE_MARIADB"].startswith("telegraf:1234@tcp(")
    assert words(told["numbers"]["mqtt"])["WATTLINE_MQTT_PASSWORD"] == "1234"  # noqa: S105 - of nobody


def test_a_file_has_what_its_services_need(told: dict[str, dict[str, Any]]) -> None:
    assert told["mqtt alone"]["environments"] == ["wattline-mqtt"]
    assert set(words(told["mqtt no more"]["sink"])) == {"WATTLINE_MARIADB", "WATTLINE_POSTGRESQL"}
    assert set(words(told["mariadb no more"]["sink"])) == {"WATTLINE_POSTGRESQL"}
    (task,) = [task for task in PLACE if "passwords" in task["name"]]
    assert task["ansible.builtin.template"]["mode"] == "0600"
    assert (task["no_log"], task["diff"]) == (True, False)


def test_what_does_not_stay_up_is_told(told: dict[str, dict[str, Any]]) -> None:
    """Ansible folds at 80 characters, of which it takes six."""
    lines = told["ended"]["remarks"]
    assert lines == [
        "wattline-mqtt does not stay up. Its last words say why:",
        "sudo journalctl -u wattline-mqtt -n 20",
        "wattline-sink@postgresql does not stay up. Its last words say why:",
        "sudo journalctl -u wattline-sink@postgresql -n 20",
    ]
    assert max(map(len, lines)) < 75
    assert told["all"]["remarks"] == []


def test_what_has_not_reached_its_server_is_told(told: dict[str, dict[str, Any]]) -> None:
    assert told["away"]["remarks"] == [
        "wattline-sink@mariadb runs, and has not reached the database at 192.168.1.2 yet:",
        "sudo journalctl -u wattline-sink@mariadb -n 20",
        "wattline-mqtt runs, and has not reached the broker at broker.example.org yet:",
        "sudo journalctl -u wattline-mqtt -n 20",
    ]


TO_DATABASE = 'ESTAB 0 0 192.168.1.9:40000 192.168.1.2:3306 users:(("telegraf",pid=7,fd=9))'


@pytest.mark.parametrize(
    ("unit", "state", "connections", "is_told"),
    [
        ("wattline-mqtt.service", "active Connected to the broker at h, port 1883.", "", False),
        ("wattline-mqtt.service", "active Waits for the broker at h, port 1883.", TO_DATABASE, True),
        ("wattline-mqtt.service", "active", "", False),
        ("wattline-mqtt.service", "activating", "", False),
        ("wattline-sink@mariadb.service", "active", TO_DATABASE, False),
        ("wattline-sink@mariadb.service", "active", TO_DATABASE.replace("pid=7", "pid=77"), True),
        ("wattline-sink@mariadb.service", "active", "", True),
    ],
)
def test_whether_a_server_was_reached_is_found_out(
    tmp_path: Path, unit: str, state: str, connections: str, is_told: bool
) -> None:
    """The state is with what wattline says of it. One that does not run is told by another sentence."""
    active, _, status = state.partition(" ")
    shown = f"*ActiveState*) echo {active} ;; *StatusText*) echo '{status}' ;; *MainPID*) echo 7 ;;"
    for name, text in {"systemctl": f"case $* in {shown} esac", "ss": f"echo '{connections}'"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    words = [ROLES / "sinks/files/not-reached", "1", unit]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(words, env=path, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ([unit] if is_told else [])


@pytest.mark.parametrize(
    ("states", "is_told"),
    [
        ("active", False),
        ("activating", True),
        ("failed", True),
        ("active active activating", True),
    ],
)
def test_what_stays_up_is_found_out(tmp_path: Path, states: str, is_told: bool) -> None:
    """systemctl is one that has another state each time it is asked, and the last for ever; each began just now."""
    (tmp_path / "states").write_text("\n".join(states.split()) + "\n")
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f"""#!/bin/sh
case $* in
*ActiveState*) head -1 {tmp_path}/states; [ $(wc -l <{tmp_path}/states) = 1 ] || sed -i 1d {tmp_path}/states ;;
*) echo @$(date +%s) ;;
esac
""")
    systemctl.chmod(0o755)
    began = time.monotonic()

    words = [ROLES / "sinks/files/stayed-up", "2", "wattline-mqtt.service"]
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(words, env=path, check=True, capture_output=True, text=True)

    assert done.stdout == ("wattline-mqtt.service\n" if is_told else "")
    assert is_told or time.monotonic() - began >= 2


def test_the_publisher_has_its_options(told: dict[str, dict[str, Any]]) -> None:
    options = words(told["options"]["mqtt"])["WATTLINE_MQTT"].split()[1:]
    assert options == ["--prefix", "street/7", "--no-discovery", "--old-topics"]


def test_what_goes_is_what_nothing_needs(told: dict[str, dict[str, Any]]) -> None:
    publisher = {"/etc/systemd/system/wattline-mqtt.service", "/etc/default/wattline-mqtt", "/opt/wattline-mqtt"}
    assert told["all again"]["gone"] == []
    assert told["mqtt no more"]["gone"] == ["mqtt"]
    assert set(told["mqtt no more"]["superfluous"]) == publisher
    assert set(told["mariadb no more"]["superfluous"]) == {
        f"/etc/wattline-sinks/mariadb.{kind}" for kind in ("conf", "sql")
    }
    left = set(told["mqtt is left"]["superfluous"])
    assert {"/etc/default/wattline-sink", "/etc/wattline-sinks/rounding.star"} <= left
    assert not left & {*publisher, "/etc/wattline-sinks/README.md"}
    written = {f"/etc/wattline-sinks/{name}" for name in told["all"]["files"]}
    written |= {f"/etc/systemd/system/{name}" for name in told["all"]["unit_files"]}
    written |= {f"/etc/default/{name}" for name in told["all"]["environments"]}
    assert written | publisher <= set(told["off again"]["superfluous"])


def test_what_the_playbook_did_not_bring_stays(told: dict[str, dict[str, Any]]) -> None:
    assert (told["off"]["on"], told["off"]["gone"]) == ([], [])


def test_a_service_takes_up_all_that_is_written_for_it(told: dict[str, dict[str, Any]]) -> None:
    """What the unit names, with what its configuration names."""
    for name in told["all"]["on"]:
        unit = (SINKS / re.sub("@.*[.]", "@.", told["all"]["unit_of"][name])).read_text().replace("%i", name)
        conf = SINKS / f"{name}.conf"
        text = unit + (conf.read_text() if conf.exists() else "")
        named = set(re.findall(r'^(?:EnvironmentFile=|ExecStart=|  script = ")([^\s"]+)', text, flags=re.MULTILINE))
        named |= set(re.findall(r"--config (\S+)", unit))
        assert named - {"/usr/bin/telegraf"} <= set(told["all"]["taken_up_by"][name])
        assert {path.removeprefix("/etc/wattline-sinks/") for path in named if "sinks/" in path} <= set(
            told["all"]["files"]
        )


@pytest.mark.parametrize("name", ["wattline-sink@.service", "wattline-mqtt.service"])
def test_the_services_are_closed(name: str, tmp_path: Path) -> None:
    """Their programs are ones that there are."""
    if (analyze := shutil.which("systemd-analyze")) is None:
        sentence = "systemd-analyze is not here; on Debian the package systemd has it."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    unit = tmp_path / name.replace("@", "@mariadb")
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", (SINKS / name).read_text()))
    for words in (["verify", "--man=no"], ["security", "--offline=yes", f"--threshold={EXPOSURE_LIMIT}", "--no-pager"]):
        result = subprocess.run([analyze, *words, unit], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, ""), result.stdout
