"""compose/make-secrets: made once, readable by those who need them and by nobody else.

| fault | test |
|---|---|
| a secret can be guessed, or is the same in two houses | test_no_two_secrets_are_alike |
| InfluxDB or the set-up refuses what was made | test_the_secrets_are_strong_and_plain |
| a second run replaces a secret, and locks everybody out | test_what_is_there_is_never_changed |
| ... or does not make what is missing | test_what_is_missing_is_made |
| ... or is empty, so that everybody knows it | test_what_a_power_cut_left_empty_is_made_anew |
| another user of the machine reads them; a container that needs one cannot | test_each_is_read_by_those_who_need_it |
| ... though it has sudo, and root alone should | test_with_root_for_an_owner_nobody_else_reads_them |
| modes that were changed by hand, or by a copy, stay wrong | test_modes_are_put_right |
| a value is printed | test_no_secret_is_printed |
| a user who cannot give files to the containers gets secrets that nobody can read | test_a_user_who_cannot_hand_them_over_is_told |
| an interrupted run leaves half a secret | test_a_run_that_is_interrupted_leaves_no_half_a_secret |
"""

import os
import stat
import subprocess

import pytest

from stack.composition import FOLDER

SCRIPT = FOLDER / "make-secrets"
RANDOM = {"influxdb_admin_password", "influxdb_operator_token", "grafana_admin_password", "grafana_secret_key"}
EMPTY = {f"influxdb_{name}_token" for name in ("telegraf", "backup", "grafana", "cost")}
OF_GRAFANA = {"grafana_admin_password", "grafana_secret_key", "influxdb_grafana_token"}
OWNER = 1000
IS_ROOT = os.geteuid() == 0


def played(tmp_path, **programs: str) -> dict[str, str]:
    """An environment in which these programs are scripts."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def run(folder, environment=None) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", SCRIPT, folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20, env=environment)


@pytest.fixture
def as_owner(tmp_path):
    """As the user 1000 of a Pi, or as root; whoever runs the tests."""
    return None if IS_ROOT else played(tmp_path, id="echo 1000", chgrp="true")


def contents(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_no_two_secrets_are_alike(tmp_path, as_owner):
    for house in ("one", "two"):
        assert run(tmp_path / house, as_owner).returncode == 0
    values = [value for house in ("one", "two") for name, value in contents(tmp_path / house).items() if name in RANDOM]
    assert len(values) == len(set(values)) == 2 * len(RANDOM)


def test_the_secrets_are_strong_and_plain(tmp_path, as_owner):
    run(tmp_path / "secrets", as_owner)
    made = contents(tmp_path / "secrets")
    assert made.keys() == RANDOM | EMPTY
    for name in RANDOM:
        assert len(made[name]) == 48
        assert made[name].isalnum()
        assert made[name].isascii()
        assert any(map(str.isdigit, made[name]))
        assert any(map(str.islower, made[name]))
        assert any(map(str.isupper, made[name]))
    assert {made[name] for name in EMPTY} == {""}


def test_what_is_there_is_never_changed(tmp_path, as_owner):
    folder = tmp_path / "secrets"
    folder.mkdir()
    own = {"grafana_admin_password": "my own", "influxdb_telegraf_token": "filled in", "influxdb_backup_token": ""}
    for name, value in own.items():
        (folder / name).write_text(value)
    run(folder, as_owner)
    before = contents(folder)
    assert before | own == before
    again = run(folder, as_owner)
    assert (again.returncode, again.stdout) == (0, "")
    assert contents(folder) == before


def test_what_a_power_cut_left_empty_is_made_anew(tmp_path):
    """Grafana takes an empty password for the wish to have its own, which everybody knows."""
    subprocess.run([SCRIPT, tmp_path], check=True, capture_output=True)
    for name in RANDOM:
        (tmp_path / name).write_text("")
    subprocess.run([SCRIPT, tmp_path], check=True, capture_output=True)
    assert all(len((tmp_path / name).read_text()) > 40 for name in RANDOM)
    assert [(tmp_path / name).read_text() for name in EMPTY] == [""] * len(EMPTY)


def test_what_is_missing_is_made(tmp_path, as_owner):
    folder = tmp_path / "secrets"
    run(folder, as_owner)
    (folder / "grafana_secret_key").unlink()
    assert run(folder, as_owner).stdout == f"Made {folder}/grafana_secret_key.\n"
    assert contents(folder).keys() == RANDOM | EMPTY


def test_each_is_read_by_those_who_need_it(tmp_path, as_owner):
    folder = tmp_path / "secrets"
    run(folder, as_owner)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == (0o640 if path.name in OF_GRAFANA else 0o600), path.name
    if IS_ROOT:
        assert {(path.stat().st_uid, path.stat().st_gid) for path in (folder, *folder.iterdir())} == {(OWNER, OWNER)}


def test_with_root_for_an_owner_nobody_else_reads_them(tmp_path):
    """By .env beside the script, as the playbook writes it: the first user of a Pi would read them without sudo."""
    script = tmp_path / "make-secrets"
    script.write_bytes(SCRIPT.read_bytes())
    (tmp_path / ".env").write_text("WATTLINE_TIMEZONE=Europe/Rome\nWATTLINE_SECRETS_OWNER=0\n")
    environment = None if IS_ROOT else played(tmp_path, id="echo 1000")
    told = subprocess.run(["/bin/sh", script], capture_output=True, text=True, check=False, env=environment)
    if not IS_ROOT:
        assert "as user and group 0" in told.stderr
        return
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (tmp_path / "secrets").iterdir()} == {(0, 0)}


def test_modes_are_put_right(tmp_path, as_owner):
    folder = tmp_path / "secrets"
    run(folder, as_owner)
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o666)
    assert run(folder, as_owner).returncode == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600, 0o640}


def test_no_secret_is_printed(tmp_path, as_owner):
    printed = run(tmp_path / "secrets", as_owner)
    for name, value in contents(tmp_path / "secrets").items():
        assert not value or value not in printed.stdout + printed.stderr, name


@pytest.mark.parametrize(
    ("numbers", "is_refused"),
    [
        ({"-u": "1001", "-G": "1000 1001"}, True),
        ({"-u": "1000", "-G": "100 27"}, True),
        ({"-u": "1000", "-G": "27 1000"}, False),
    ],
)
def test_a_user_who_cannot_hand_them_over_is_told(tmp_path, numbers, is_refused):
    answers = " ".join(f"{option}) echo {number} ;;" for option, number in numbers.items())
    environment = played(tmp_path, id=f'case "$1" in {answers} -un) echo maria ;; esac', chgrp="true")
    told = run(tmp_path / "secrets", environment)
    assert told.returncode == (1 if is_refused else 0)
    assert (tmp_path / "secrets").exists() != is_refused
    if is_refused:
        assert told.stderr == (
            "The containers read the secrets as user and group 1000, and maria cannot give files to those: "
            "run this with sudo.\n"
        )


def test_on_a_mac_the_numbers_do_not_matter(tmp_path):
    environment = played(tmp_path, uname="echo Darwin", id="echo 501", chgrp="exit 1", chown="exit 1")
    assert run(tmp_path / "secrets", environment).returncode == 0


def test_a_run_that_is_interrupted_leaves_no_half_a_secret(tmp_path):
    folder = tmp_path / "secrets"
    environment = played(tmp_path, id="echo 1000", chgrp="true", ln="exit 1")
    assert run(folder, environment).returncode == 1
    assert not {path.name for path in folder.iterdir()} & RANDOM
    (tmp_path / "programs" / "ln").unlink()
    assert run(folder, environment).returncode == 0
    assert contents(folder).keys() == RANDOM | EMPTY
