"""What the role cost writes, read by wattline-cost itself, without a machine.

| fault | test |
|---|---|
| wattline-cost understands something else than was said | test_the_settings_arrive_as_they_were_said |
| a word is written that nobody reads | test_each_word_is_one_that_the_example_explains |
| today's cost is handed to a publisher that there is not, or to none | test_the_cost_is_published_where_readings_are |
| a unit is put in place that there is not, or one is forgotten | test_each_unit_is_put_in_place |
| by hand it works on other settings than by timer, or nobody can say others | test_the_command_has_the_settings_of_the_timer |
| whoever removes wattline and keeps the readings loses the contracts, or the timer stays | test_an_end_keeps_the_contracts_and_nothing_else |
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play
from wattline_cost.settings import Settings, settings

pytestmark = pytest.mark.timeout(120)

CHECKOUT = Path(__file__).parents[2]
ROLE = ROLES / "cost"
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "usual": {"sinks_wanted": []},
    "with mqtt": {"sinks_wanted": ["mqtt"], "wattline_site": "the sea's house"},
    "with a table": {"sinks_wanted": ["mariadb"]},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The settings of each household."""
    folder = tmp_path_factory.mktemp("written")
    files = {name: folder / name.replace(" ", "-") for name in HOUSEHOLDS}
    tasks = [
        {
            "ansible.builtin.template": {
                "src": f"{ROLE}/templates/wattline-cost.j2",
                "dest": str(files[name]),
                "mode": "0600",
            },
            "vars": {"role_path": str(ROLE)} | said,
        }
        for name, said in HOUSEHOLDS.items()
    ]
    play(folder, tasks, {"pi": {}}, role="cost")
    return files


def environment(file: Path) -> dict[str, str]:
    """The words of the file, as a shell reads them."""
    program = ["sh", "-c", 'set -a; . "$0"; env -0', str(file)]
    told = subprocess.run(program, env={"PATH": "/usr/bin:/bin"}, check=True, capture_output=True, text=True).stdout
    return dict(word.split("=", 1) for word in told.split("\0") if word.startswith(("WATTLINE_", "INFLUX_")))


def settings_of(file: Path) -> Settings:
    return settings(environment(file))


def test_the_settings_arrive_as_they_were_said(written: dict[str, Path]) -> None:
    usual = settings_of(written["usual"])
    assert usual.token_file == Path("/opt/wattline/compose/secrets/influxdb_cost_token")
    assert usual.tariffs == Path("/etc/wattline/tariffs")
    assert usual.site == "home"
    assert settings_of(written["with mqtt"]).site == "the sea's house"


def test_each_word_is_one_that_the_example_explains(written: dict[str, Path]) -> None:
    example = (CHECKOUT / "cost" / "wattline-cost.example").read_text()
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert set().union(*(environment(file) for file in written.values())) <= explained


def test_the_cost_is_published_where_readings_are(written: dict[str, Path]) -> None:
    """At the place at which Telegraf brings them, too."""
    core = (CHECKOUT / "telegraf" / "telegraf.d" / "93-mqtt.conf.example").read_text()
    (url,) = re.findall(r'^  url = "(.*)"$', core, re.MULTILINE)
    publishers = {name: settings_of(file).publisher for name, file in written.items()}
    assert publishers == {"usual": "", "with mqtt": url, "with a table": ""}


def test_each_unit_is_put_in_place() -> None:
    units = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__cost_units"]
    assert sorted(units) == sorted(path.name for path in (CHECKOUT / "cost" / "systemd").iterdir())


def test_the_command_has_the_settings_of_the_timer(tmp_path: Path) -> None:
    """And what the caller says goes first."""
    (tmp_path / "settings").write_text("WATTLINE_SITE=home\nWATTLINE_COST_TARIFFS=/etc/wattline/tariffs\n")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$WATTLINE_SITE $WATTLINE_COST_TARIFFS $*"\n')
    program.chmod(0o755)
    text = (ROLE / "files" / "wattline-cost").read_text()
    text = text.replace("/etc/default/wattline-cost", str(tmp_path / "settings"))
    command = tmp_path / "command"
    command.write_text(text.replace("/opt/wattline/bin/wattline-cost", str(program)))
    said = {"PATH": "/usr/bin:/bin", "WATTLINE_COST_TARIFFS": "/tmp/mine"}  # noqa: S108 - a name
    told = subprocess.run(
        ["sh", command, "bill", "--month", "2026-10"], env=said, capture_output=True, text=True, check=True
    )
    assert told.stdout == "home /tmp/mine bill --month 2026-10\n"


def test_an_end_keeps_the_contracts_and_nothing_else() -> None:
    uninstall = ROLES / "uninstall"
    known = yaml.safe_load((uninstall / "vars/main.yml").read_text())
    assert "tariffs" in known["__uninstall_kept"]
    gone = known["__uninstall_paths"]
    assert {"/etc/default/wattline-cost", "/usr/local/sbin/wattline-cost", "/var/lib/wattline-cost"} <= set(gone)
    services = (uninstall / "tasks/services.yml").read_text()
    assert '"wattline-cost.*"' in services
    assert "stamp-wattline-cost.timer" in services
