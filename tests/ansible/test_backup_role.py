"""What the role backup writes, read by wattline-backup itself and by systemd, without a machine.

| fault | test |
|---|---|
| wattline-backup understands something else than was said | test_the_settings_arrive_as_they_were_said |
| a word is written that nobody reads | test_each_word_is_one_that_the_example_explains |
| what a house needs to begin again is not in a set | test_a_set_holds_what_a_house_needs_to_begin_again |
| a set wants files of a part that is not on this machine, and fails each hour | likewise |
| a secret is where everybody may read it | test_nothing_secret_is_written_where_all_may_read |
| the units may not write where the sets lie | test_the_units_may_write_where_the_sets_lie |
| a timer is started that there is not, or one is forgotten | test_each_timer_is_started |
| one goes on that has nothing to do, and fails each time | test_a_timer_is_started_where_it_has_something_to_do |
| the journal is looked for elsewhere than it is kept, or by another tag than Telegraf's | test_the_journal_is_looked_for_where_it_is_kept |
| sets that belong onto a disk fill the card | test_the_place_of_a_disk_that_is_not_mounted_is_refused |
| by hand it works on other settings than by timer | test_the_command_has_the_settings_of_the_timers |
| ... or nobody can say others | test_what_the_caller_says_goes_first |
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_scripts import ROLES, play
from wattline_backup.proof.influxd import Container
from wattline_backup.settings import Settings, settings

pytestmark = pytest.mark.timeout(120)

CHECKOUT = Path(__file__).parents[2]
ROLE = ROLES / "backup"
GRAFANA = "/var/lib/docker/volumes/wattline_grafana/_data/grafana.db"
SECRET = "the-key-of-the-store"  # noqa: S105
OFFSITE = {
    "backup_offsite_repository": "s3:https://s3.eu-south-1.amazonaws.com/my-house",
    "backup_offsite_credentials": {"AWS_SECRET_ACCESS_KEY": SECRET},
}
HOUSEHOLDS: dict[str, dict[str, Any]] = {
    "usual": {},
    "wide": {
        "backup_folder": "/srv/a disk's/wattline",
        "backup_files": ["/home/pi/my notes", "/etc/fstab"],
        "backup_keep_newest": 3,
        "backup_keep_hourly": "all",
        "backup_keep_yearly": 7,
        "wattline_timezone": "Europe/Rome",
    },
    "off-site": OFFSITE,
    "disk": {"backup_folder": "/mnt/disk/wattline", "backup_offsite_repository": "/srv/usb/store"},
    "telegraf alone": {"stack_enabled": False},
    "stack alone": {"telegraf_enabled": False},
    "no journal": {"wattline_journal": "no"},
    "elsewhere": {"wattline_site": 'the villa\'s "küche" $HOME'},
}
OFFSITE_TIMERS = {"wattline-backup-offsite.timer", "wattline-backup-offsite-check.timer"}
JOURNAL_TIMER = "wattline-backup-reconcile.timer"
TEMPLATES = ("wattline-backup", "folders.conf")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each household, with what the role's templates are there."""
    folder = tmp_path_factory.mktemp("written")
    for household in HOUSEHOLDS:
        (folder / household).mkdir()
    own = {"role_path": str(ROLE), "__backup_grafana": GRAFANA}
    own |= yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    tasks = [
        {
            "ansible.builtin.template": {
                "src": f"{ROLE}/templates/{name}.j2",
                "dest": f"{folder}/{household}/{name}",
                "mode": "0600",
            },
            "vars": own | said,
        }
        for household, said in HOUSEHOLDS.items()
        for name in TEMPLATES
    ]
    told = "{{ {'on': __backup_wanted_timers, 'off': __backup_other_timers} | to_json }}"
    tasks += [
        {
            "ansible.builtin.copy": {"content": told, "dest": f"{folder}/{household}/timers", "mode": "0600"},
            "vars": own | said,
        }
        for household, said in HOUSEHOLDS.items()
    ]
    play(folder, tasks, {"pi": {}}, role="backup")
    return folder


def environment(folder: Path, household: str) -> dict[str, str]:
    """The words of the file, as a shell reads them."""
    program = ["sh", "-c", 'set -a; . "$0"; env -0', str(folder / household / "wattline-backup")]
    told = subprocess.run(program, env={"PATH": "/usr/bin:/bin"}, check=True, capture_output=True, text=True).stdout
    return dict(word.split("=", 1) for word in told.split("\0") if word.startswith(("WATTLINE_", "INFLUX_")))


def settings_of(folder: Path, household: str) -> Settings:
    return settings(environment(folder, household))


def test_the_settings_arrive_as_they_were_said(written: Path) -> None:
    usual = settings_of(written, "usual")
    assert usual.folder == Path("/var/backups/wattline")
    assert usual.token_file == Path("/opt/wattline/compose/secrets/influxdb_backup_token")
    assert usual.outcome == Path("/var/lib/wattline-backup/outcome.lp")
    assert usual.house.grafana == Path(GRAFANA)
    assert usual.scratch == Container("influxdb:2.9.1-alpine")
    assert usual.zone is None
    assert usual.policy == settings({}).policy

    wide = settings_of(written, "wide")
    assert wide.folder == Path("/srv/a disk's/wattline")
    assert (wide.policy.newest, wide.policy.hourly, wide.policy.yearly) == (3, None, 7)
    assert str(wide.zone) == "Europe/Rome"
    assert {Path("/home/pi/my notes"), Path("/etc/fstab")} <= set(wide.house.files)


def test_each_word_is_one_that_the_example_explains(written: Path) -> None:
    example = (CHECKOUT / "backup" / "wattline-backup.example").read_text()
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert set().union(*(environment(written, household) for household in HOUSEHOLDS)) <= explained


def test_a_set_holds_what_a_house_needs_to_begin_again(written: Path) -> None:
    always = {"/etc/default/wattline-backup", "/etc/wattline"}
    telegraf = {"/etc/telegraf", "/etc/default/telegraf"}
    stack = {"/opt/wattline/compose", "/opt/wattline/grafana"}
    files = {name: {str(file) for file in settings_of(written, name).house.files} for name in HOUSEHOLDS}
    assert files["usual"] == always | telegraf | stack
    assert files["telegraf alone"] == always | telegraf
    assert files["stack alone"] == always | stack
    assert settings_of(written, "telegraf alone").house.grafana is None


def test_nothing_secret_is_written_where_all_may_read(written: Path) -> None:
    told = (written / "off-site" / "wattline-backup").read_text()
    assert OFFSITE["backup_offsite_repository"] in told
    assert SECRET not in told
    assert environment(written, "off-site")["WATTLINE_OFFSITE_CREDENTIALS"] == "/etc/wattline/offsite_credentials"
    assert "WATTLINE_OFFSITE_CREDENTIALS" not in environment(written, "disk")


def test_the_units_may_write_where_the_sets_lie(written: Path) -> None:
    lines = {name: (written / name / "folders.conf").read_text().splitlines()[-1] for name in HOUSEHOLDS}
    assert lines["usual"] == "ReadWritePaths="
    assert lines["wide"] == 'ReadWritePaths="-/srv/a disk\'s/wattline"'
    assert lines["disk"] == 'ReadWritePaths="-/srv/usb/store"'


def timers(folder: Path, household: str) -> tuple[set[str], set[str]]:
    """Those that are started, and those that are stopped."""
    told = json.loads((folder / household / "timers").read_text())
    return set(told["on"]), set(told["off"])


def test_each_timer_is_started(written: Path) -> None:
    units = {path.name for path in (CHECKOUT / "backup" / "systemd").glob("*.timer")}
    assert timers(written, "off-site") == (units, set())


@pytest.mark.parametrize(
    ("household", "off"),
    [
        ("usual", OFFSITE_TIMERS),
        ("disk", set()),
        ("telegraf alone", OFFSITE_TIMERS),
        ("stack alone", {*OFFSITE_TIMERS, JOURNAL_TIMER}),
        ("no journal", {*OFFSITE_TIMERS, JOURNAL_TIMER}),
    ],
)
def test_a_timer_is_started_where_it_has_something_to_do(written: Path, household: str, off: set[str]) -> None:
    on, stopped = timers(written, household)
    assert stopped == off
    assert not on & off


def test_the_journal_is_looked_for_where_it_is_kept(written: Path) -> None:
    kept = yaml.safe_load((ROLES / "telegraf/vars/main.yml").read_text())["__telegraf_journal"]
    deleted = yaml.safe_load((ROLES / "uninstall/vars/main.yml").read_text())["__uninstall_journal"]
    usual = settings_of(written, "usual")
    assert {str(usual.journal), str(settings({}).journal), deleted} == {kept}
    assert usual.remake == Path("/opt/wattline/compose/influxdb/remake")
    assert (CHECKOUT / "compose/influxdb/remake").exists()
    assert usual.site == "home"
    assert settings_of(written, "elsewhere").site == HOUSEHOLDS["elsewhere"]["wattline_site"]


def test_the_place_of_a_disk_that_is_not_mounted_is_refused(tmp_path: Path) -> None:
    place = "/mnt/wattline-no-disk/sets"
    said = play(
        tmp_path,
        [
            {
                "block": [{"ansible.builtin.include_role": {"name": "backup", "tasks_from": "settings"}}],
                "rescue": [{"ansible.builtin.debug": {"msg": "refused"}}],
            }
        ],
        {"pi": {}},
        f"-e{json.dumps({'backup_folder': place})}",
    )
    assert f"The backups are to lie in {place}, but no disk is mounted there" in " ".join(said.split())
    assert "changed=0" in said
    assert not Path(place).exists()


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """The command of people, with settings and a program of its own that tells what it was given."""
    (tmp_path / "settings").write_text("WATTLINE_BACKUP_FOLDER='/srv/a disk'\nWATTLINE_TIMEZONE=Europe/Rome\n")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$WATTLINE_BACKUP_FOLDER|$WATTLINE_TIMEZONE|$*"\n')
    program.chmod(0o755)
    text = (ROLE / "files" / "wattline-backup").read_text()
    text = text.replace("/etc/default/wattline-backup", f"{tmp_path}/settings")
    copy = tmp_path / "wattline-backup"
    copy.write_text(text.replace("/opt/wattline/bin/wattline-backup", str(program)))
    return copy


def call(command: Path, **environment: str) -> str:
    words = ["sh", str(command), "restore", "20261126T140503Z", "--all"]
    own = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(words, env=own, check=True, capture_output=True, text=True).stdout


def test_the_command_has_the_settings_of_the_timers(command: Path) -> None:
    assert call(command) == "/srv/a disk|Europe/Rome|restore 20261126T140503Z --all\n"


def test_what_the_caller_says_goes_first(command: Path) -> None:
    told = call(command, WATTLINE_BACKUP_FOLDER="/var/tmp/it's here", OTHER="a 'word'\n$(false)")  # noqa: S108
    assert told == "/var/tmp/it's here|Europe/Rome|restore 20261126T140503Z --all\n"  # noqa: S108
