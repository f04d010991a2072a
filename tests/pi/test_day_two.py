"""What a household does later: a copy out of the house, new tokens, a new card, and the end of all of it.

| fault | test |
|---|---|
| a Pi is finished without a set, or with one that nobody has restored | test_the_first_set_is_proven |
| Compose mangles a secret of the contact point | test_what_a_contact_point_has_to_know_arrives_as_it_is |
| a store that is away breaks the run, or nobody is told | test_a_store_that_is_away_is_told_and_undoes_nothing |
| the copy begins with its timer, a day later | test_a_copy_is_made_at_once_and_its_timers_go_with_the_setting |
| a copy that is not wanted any more fails each day | likewise |
| readings are lost while tokens change | test_tokens_are_rotated_while_the_meter_is_read |
| an old token still opens, or one is in the output | likewise |
| ... or what looks for what InfluxDB lacks goes on with the old one | likewise |
| the token of a Telegraf that goes on with it is locked | test_a_token_that_is_in_use_is_not_locked |
| a mistyped password takes the place of the right one | test_a_wrong_password_of_the_sheet_changes_nothing |
| what was metered after the set that comes back is lost | test_what_was_metered_after_the_set_comes_out_of_the_journal |
| ... or that of the old card's journal, which was brought along | test_a_new_card_gets_everything_back_by_the_recovery_sheet |
| something is not on the new card that was on the old one | test_a_new_card_gets_everything_back_by_the_recovery_sheet |
| the copy's newest set becomes that of the empty house | likewise |
| what is to be deleted stays | test_all_of_it_can_be_deleted |
"""

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import waiting
from pi.house import SECRETS, House, failed_with

pytestmark = [pytest.mark.pi, pytest.mark.timeout(1800)]

STORE = "/srv/usb/store"
OFFSITE_TIMERS = ("wattline-backup-offsite.timer", "wattline-backup-offsite-check.timer")
RECONCILE = "wattline-backup-reconcile.service"
JOURNAL = "/var/lib/wattline/journal"
# What is younger is not in the journal yet, or left alone as being under way.
GROUP_S, UNDER_WAY_S = 15, 120
NAMES = ("telegraf", "grafana", "backup", "cost")
TOKEN = "pa$word#x ${HOME} $$ \"q' #b \\n \\ü end\\"  # noqa: S105 - everything that Compose may mean something by
MINE = "/etc/telegraf/telegraf.d/50-mine.conf"
DATABASE = "/var/lib/docker/volumes/wattline_grafana/_data/grafana.db"
MARK = (
    f"import sqlite3; d = sqlite3.connect('{DATABASE}'); d.execute('create table if not exists mine (x)'); d.commit()"
)
MARKED = f"import sqlite3; print(sqlite3.connect('{DATABASE}').execute('select count(*) from mine').fetchone())"  # noqa: S608 - both are ours


def backup(house: House, *words: str) -> str:
    return house.machine.run("wattline-backup", *words, within_s=600)


def sets(house: House) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(backup(house, "list", "--json"))["sets"]
    return listed


def offsite_stamps(house: House) -> list[str]:
    return [each["stamp"] for each in json.loads(backup(house, "offsite", "list", "--json"))["sets"]]


def is_enabled(house: House, unit: str) -> bool:
    return house.machine.try_to_run("systemctl", "is-enabled", unit).stdout.strip() == "enabled"


def secrets(house: House) -> dict[str, str]:
    told = house.machine.run("sh", "-c", f'cd {SECRETS}; for f in *; do printf "%s %s\\n" "$f" "$(cat "$f")"; done')
    return dict(line.split() for line in told.splitlines())


def opens(house: House, token: str) -> bool:
    words = f"curl --silent --output /dev/null --write-out '%{{http_code}}' --header 'Authorization: Token {token}'"
    return house.machine.run("sh", "-c", f"{words} 'http://127.0.0.1:8086/api/v2/buckets?limit=1'") == "200"


def with_offsite(house: House) -> None:
    """Set the copy out of the house up, where it is not."""
    house.machine.run("mkdir", "-p", str(Path(STORE).parent))
    played = house.play("--tags", "backup", backup_offsite_repository=STORE)
    assert played.ended_well, played.said


def test_the_first_set_is_proven(house: House) -> None:
    assert sets(house)[0]["verified_how"] == "restore"


def test_what_a_contact_point_has_to_know_arrives_as_it_is(house: House) -> None:
    said = {"WATTLINE_ALERT_WEBHOOK_URL": "http://127.0.0.1:9/", "WATTLINE_ALERT_WEBHOOK_TOKEN": TOKEN}

    played = house.play("--tags", "stack", stack_alert_contact="webhook", stack_alert_environment=said)

    assert played.ended_well, played.said
    told = house.machine.run("docker", "inspect", "--format", "{{json .Config.Env}}", "wattline-grafana-1")
    assert f"WATTLINE_ALERT_WEBHOOK_TOKEN={TOKEN}" in json.loads(told)
    assert not house.play("--tags", "stack", stack_alert_contact="webhook", stack_alert_environment=said).changed


def test_a_store_that_is_away_is_told_and_undoes_nothing(house: House) -> None:
    away = house.play("--tags", "backup,finish", backup_offsite_repository="/srv/away/disk/store")

    assert away.ended_well, away.said
    last_words = " ".join(away.said.split("Say where everything is")[1].split())
    assert "The copy out of the house is not at work yet." in last_words
    assert "There is no folder /srv/away/disk" in last_words
    assert all(is_enabled(house, timer) for timer in OFFSITE_TIMERS)


def test_a_copy_is_made_at_once_and_its_timers_go_with_the_setting(house: House) -> None:
    with_offsite(house)
    assert len(offsite_stamps(house)) == 1
    assert house.machine.run("stat", "--format", "%a", "/etc/wattline/offsite_password").strip() == "600"
    again = house.play("--tags", "backup", backup_offsite_repository=STORE)
    assert not again.changed, again.changes

    without = house.play("--tags", "backup")

    assert without.ended_well, without.said
    assert not any(is_enabled(house, timer) for timer in OFFSITE_TIMERS)


def test_tokens_are_rotated_while_the_meter_is_read(house: House) -> None:
    old = secrets(house)
    began = house.wait_for_reading(time.time())

    rotated = house.play(book="rotate.yml")

    assert rotated.ended_well, rotated.said
    assert house.longest_gap_s(began, time.time()) <= 10
    new = secrets(house)
    assert {name for name in old if old[name] != new[name]} == {f"influxdb_{name}_token" for name in NAMES}
    assert not any(opens(house, old[f"influxdb_{name}_token"]) for name in NAMES)
    assert all(opens(house, new[f"influxdb_{name}_token"]) for name in NAMES)
    assert not [name for name, secret in (old | new).items() if secret in rotated.said]
    house.machine.run("systemctl", "start", RECONCILE)
    again = house.play("--tags", "stack,telegraf")
    assert not again.changed, again.changes


def test_a_token_that_is_in_use_is_not_locked(house: House) -> None:
    """Whether its part is switched off, or left out on the way."""
    began, old = house.wait_for_reading(time.time()), secrets(house)

    off = house.play(book="rotate.yml", telegraf_enabled=False)
    failed_with(off, "No new tokens were made, since telegraf_enabled is off")
    assert not off.changed, off.changes
    assert secrets(house) == old
    left_out = house.play("--skip-tags", "telegraf,finish", book="rotate.yml")
    failed_with(left_out, "Telegraf runs with an old token still, so that none was locked")
    assert opens(house, old["influxdb_telegraf_token"])

    healed = house.play(book="rotate.yml")
    assert healed.ended_well, healed.said
    assert not opens(house, old["influxdb_telegraf_token"])
    assert house.longest_gap_s(began, time.time()) <= 10


def test_what_was_metered_after_the_set_comes_out_of_the_journal(house: House) -> None:
    """But what is younger than two minutes, which the timer brings, and what the start of Telegraf costs."""
    backup(house, "run")
    saved = time.time()
    house.wait_for_reading(saved)

    restored = house.play("-e", "restore_password=", book="restore.yml")

    assert restored.ended_well, restored.said
    assert house.machine.run("systemctl", "is-active", RECONCILE.replace("service", "timer")).strip() == "active"
    ended = time.time()
    waiting.until(lambda: time.time() > ended + UNDER_WAY_S, UNDER_WAY_S + 10)
    house.machine.run("systemctl", "start", RECONCILE)
    assert house.longest_gap_s(saved, ended) <= 10


def copy_folder(old: House, new: House, place: str) -> None:
    """What a disk does that is plugged into another Pi."""
    folder = str(Path(place).parent)
    packed = ["docker", "exec", old.machine.name, "tar", "-C", folder, "-cf", "-", Path(place).name]
    new.machine.run("mkdir", "-p", folder)
    with subprocess.Popen(packed, stdout=subprocess.PIPE) as giver:
        taken = ["docker", "exec", "--interactive", new.machine.name, "tar", "-C", folder, "-xf", "-"]
        subprocess.run(taken, stdin=giver.stdout, check=True)
    assert giver.returncode == 0


def test_a_wrong_password_of_the_sheet_changes_nothing(house: House) -> None:
    with_offsite(house)
    before = house.machine.run("cat", "/etc/wattline/offsite_password")

    refused = house.play("-e", "restore_password=mistyped", book="restore.yml", backup_offsite_repository=STORE)

    failed_with(refused, f"The password that was given does not open the off-site copy {STORE}")
    assert not refused.changed, refused.changes
    assert house.machine.run("cat", "/etc/wattline/offsite_password") == before


@pytest.fixture(scope="module")
def traces_of_the_card() -> set[str]:
    """What was on the new card before."""
    return set()


@pytest.fixture(scope="module")
def card(another_house: Callable[[str], House], traces_of_the_card: set[str]) -> House:
    """A Pi with a new card."""
    house = another_house("wattline-test-card")
    traces_of_the_card |= house.machine.traces()
    return house


def test_a_new_card_gets_everything_back_by_the_recovery_sheet(house: House, card: House) -> None:
    house.machine.run("sh", "-c", f"echo '[[inputs.mem]]' >{MINE}")
    house.machine.run("python3", "-c", MARK)
    with_offsite(house)
    saved = time.time()
    house.wait_for_reading(saved)
    backup(house, "run")
    backup(house, "verify", "--latest")
    backup(house, "offsite", "copy")
    newest = offsite_stamps(house)[-1]
    password = re.search(r"^PASSWORD OF THE OFF-SITE COPY.*\n *(\S+)", backup(house, "recovery-sheet"), re.MULTILINE)
    assert password
    copy_folder(house, card, STORE)
    house.wait_for_reading(saved + GROUP_S)
    copied = time.time()
    copy_folder(house, card, JOURNAL)
    # The users of another system have other numbers.
    card.machine.run("chown", "--recursive", "root:root", JOURNAL)

    restored = card.play("-e", f"restore_password={password[1]}", book="restore.yml", backup_offsite_repository=STORE)

    assert restored.ended_well, restored.said
    assert secrets(card) == secrets(house)
    assert set(house.seconds(0, saved)) <= set(card.seconds(0, saved))
    assert set(house.seconds(saved, copied - GROUP_S)) <= set(card.seconds(saved, copied - GROUP_S))
    assert card.machine.run("python3", "-c", MARKED).strip() == "(0,)"
    assert "[[inputs.mem]]" in card.machine.run("cat", MINE)
    card.wait_for_reading(time.time())
    assert offsite_stamps(card)[-1] == newest
    assert sets(card)[-1]["bytes"], "no set was made of what came back"
    assert not [name for name, secret in secrets(card).items() if secret in restored.said]
    again = card.play(backup_offsite_repository=STORE)
    assert not again.changed, again.changes


def test_all_of_it_can_be_deleted(card: House, traces_of_the_card: set[str]) -> None:
    card.machine.run("rm", "-r", "/srv/usb")

    deleted = card.play("-e", "uninstall_data=delete", book="uninstall.yml")

    assert deleted.ended_well, deleted.said
    # The household's own file stays, and is named.
    assert MINE in deleted.said
    card.machine.run("rm", "-r", "/etc/telegraf")
    assert card.machine.traces() == traces_of_the_card
    assert not card.machine.run("find", "/var/lib/docker", "-mindepth", "1").strip()
