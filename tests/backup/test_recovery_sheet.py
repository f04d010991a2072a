"""The page that must live outside the house.

| fault                                                      | test                                                         |
|------------------------------------------------------------|--------------------------------------------------------------|
| something that opens the copy is not on it                 | test_all_that_opens_the_copy_stands_on_it                    |
| a long value cannot be typed from it                       | test_a_value_of_any_length_can_be_read_back                  |
| it is wider than paper                                     | the same                                                     |
| it is longer than a page                                   | test_it_fits_a_page                                          |
| somebody confirms without having it                        | test_it_is_confirmed_by_the_number_at_its_foot               |
| ... or one that was printed before the password changed    | test_another_secret_is_another_number                        |
| ... or a password changes afterwards, and nobody is told    | test_another_password_asks_for_another_page                  |
| ... or a line of the credentials moves, and a new page is wanted | test_the_order_of_the_credentials_is_no_other_number |
| a timer confirms it                                        | test_without_a_terminal_it_is_not_confirmed                  |
| nobody is reminded                                         | test_nobody_is_left_in_peace_before_it_is_confirmed          |
| a page without a secret on it is taken for whole           | test_a_secret_that_cannot_be_read_is_told                    |
"""

import json
import os
import pty
import re
import select
import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.offsite_rig import PASSWORD, TOKEN, House
from wattline_backup.sheet import COLUMNS, Confirmed, Secret, Sheet, confirmed, nag
from wattline_backup.state import State

VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=400)


@pytest.fixture
def house(tmp_path) -> House:
    """It needs no restic for this."""
    key = tmp_path / "google.json"
    key.write_text('{\n  "private_key": "of the Pi"\n}')
    credentials = {
        "AZURE_ACCOUNT_NAME": "wattlinehouse",
        "AZURE_ACCOUNT_SAS": "sp=racwdl&sig=abc",
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
    }
    return House(tmp_path / "house", tmp_path, "azure:sets:/", credentials)


def test_all_that_opens_the_copy_stands_on_it(house):
    sheet = house.done("recovery-sheet")
    for each in (
        "azure:sets:/",
        PASSWORD,
        TOKEN,
        "AZURE_ACCOUNT_NAME=wattlinehouse",
        "AZURE_ACCOUNT_SAS='sp=racwdl&sig=abc'",
    ):
        assert f"\n  {each}\n" in sheet
    assert '"private_key": "of the Pi"' in sheet
    assert 'export GOOGLE_APPLICATION_CREDENTIALS="$PWD/google.json"' in sheet
    assert max(map(len, sheet.splitlines())) <= COLUMNS
    assert re.search(r"WATTLINE RECOVERY SHEET +\d{4}-\d\d-\d\d, \S+\n", sheet)
    for command in ("restic restore latest", "influx restore --full", "recovery-sheet --confirm"):
        assert command in sheet


@given(st.lists(VALUES, min_size=1, max_size=4), VALUES)
def test_a_value_of_any_length_can_be_read_back(values, repository):
    page = Sheet("pi", tuple(Secret(f"V{number}", value) for number, value in enumerate(values)), f"s3:{repository}")
    lines = page.text(date(2026, 11, 26)).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    for number, value in enumerate(values):
        at = next(place for place, text in enumerate(lines) if text.startswith(f"V{number} "))
        read = lines[at + 1].removeprefix("  ")
        while read.endswith("\\"):
            at += 1
            read = read[:-1] + lines[at + 1].removeprefix("  ")
        assert read == value


def test_it_fits_a_page(house):
    house.give({name: house.credentials[name] for name in ("AZURE_ACCOUNT_NAME", "AZURE_ACCOUNT_SAS")})
    assert len(house.done("recovery-sheet").splitlines()) <= 66


def test_a_value_can_be_checked_by_what_stands_behind_it(house):
    (number,) = re.findall(r"^PASSWORD .*# (\w+)$", house.done("recovery-sheet"), re.MULTILINE)
    said = subprocess.run(
        ["sh", "-c", f"printf %s '{PASSWORD}' | sha256sum"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith(number)


def typed(house: House, answer: str) -> tuple[int, str]:
    """Confirm on a terminal, and type ``answer``; gives the exit code and all that was said."""
    child, terminal = pty.fork()
    if not child:
        os.execve(house.words()[0], house.words("recovery-sheet", "--confirm"), house.environment)  # noqa: S606 - as meant
    said = b""
    while b"put away: " not in said and select.select([terminal], [], [], 20)[0]:
        said += os.read(terminal, 1000)
    os.write(terminal, f"{answer}\n".encode())
    try:
        while piece := os.read(terminal, 1000):
            said += piece
    except OSError:
        # Linux says so when the other end of a terminal has closed.
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.decode()


def number_of(house: House) -> str:
    return house.done("recovery-sheet").split()[-1]


def test_it_is_confirmed_by_the_number_at_its_foot(house):
    code, said = typed(house, "12345678")
    assert code == 1
    assert "is not the number of the recovery sheet" in said
    assert State(house.folder.path).confirmed_sheet_s is None
    code, said = typed(house, number_of(house))
    assert code == 0, said
    assert State(house.folder.path).confirmed_sheet_s is not None


def test_another_secret_is_another_number(house):
    number = number_of(house)
    house.secret("password", "another")
    assert typed(house, number)[0] == 1


def test_the_order_of_the_credentials_is_no_other_number(house):
    number = number_of(house)
    house.give(dict(reversed(house.credentials.items())))
    assert number_of(house) == number


def test_without_a_terminal_it_is_not_confirmed(house):
    ended = house.run("recovery-sheet", "--confirm")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--yes" in ended.stderr
    assert State(house.folder.path).confirmed_sheet_s is None
    house.done("recovery-sheet", "--confirm", "--yes")
    told = json.loads(house.done("recovery-sheet", "--json"))
    assert told["confirmed_s"] == State(house.folder.path).confirmed_sheet_s
    assert PASSWORD not in json.dumps(told)


def test_yes_alone_is_a_wrong_word(house):
    assert house.run("recovery-sheet", "--yes").returncode == 2


def test_nobody_is_left_in_peace_before_it_is_confirmed():
    assert "wattline-backup recovery-sheet" in nag(Confirmed.NEVER)
    assert nag(Confirmed.AS_IT_IS) == ""


def test_another_password_asks_for_another_page(house, monkeypatch):
    """What cannot be read at the moment, or is not known here, is no other password."""
    state = State(house.folder.path)

    def now() -> Confirmed:
        state.load()
        return confirmed(state, house.home / "token")

    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    assert now() is Confirmed.NEVER
    house.done("recovery-sheet", "--confirm", "--yes")
    assert now() is Confirmed.AS_IT_IS
    house.secret("password", "another")
    assert now() is Confirmed.AS_IT_WAS
    (house.home / "password").unlink()
    assert now() is Confirmed.AS_IT_IS
    house.secret("password", "another")
    monkeypatch.setenv("WATTLINE_OFFSITE_REPOSITORY", "")
    assert now() is Confirmed.AS_IT_IS
    house.done("recovery-sheet", "--confirm", "--yes")
    monkeypatch.setenv("WATTLINE_OFFSITE_REPOSITORY", "azure:sets:/")
    assert now() is Confirmed.AS_IT_IS


def test_a_secret_that_cannot_be_read_is_told(house):
    (house.home / "token").unlink()
    assert house.refused("recovery-sheet").startswith(
        f"{house.home}/token belongs on the recovery sheet and cannot be read"
    )


def test_a_house_without_an_offsite_copy_is_told_so(house):
    house.outer = {"WATTLINE_OFFSITE_REPOSITORY": ""}
    ended = house.run("recovery-sheet")
    assert ended.returncode == 0
    assert TOKEN in ended.stdout
    assert "There is no off-site copy yet" in ended.stderr
    assert Path(house.home / "sets").exists() is False
