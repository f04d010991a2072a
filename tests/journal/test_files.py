"""The names of a journal.

| fault | test |
|---|---|
| two ports share a folder | test_each_port_has_a_folder_of_its_own |
| a name is none for the file system, or leads elsewhere | the same |
| a person cannot tell whose folder it is | test_a_folder_tells_its_port |
| a file that is not of the journal is taken for one | test_other_files_are_none |
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.journal.files import folder_name, number_of, numbers_in, path_of

ports = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.text("/.+%2BFE~a", min_size=1)


@given(st.lists(ports | ports.map(lambda port: port * 40), min_size=2, max_size=2, unique=True))
def test_each_port_has_a_folder_of_its_own(two: list[str]) -> None:
    one, other = map(folder_name, two)
    assert one != other
    for name in (one, other):
        assert name not in {"", ".", ".."}
        assert "/" not in name
        assert len(name.encode()) < 256


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("/dev/ttyRS485", "+dev+ttyRS485"),
        ("auto", "auto"),
        ("modbus-tcp://192.168.1.9:502", "modbus-tcp:++192.168.1.9:502"),
        ("./tty port", "%2E+tty%20port"),
    ],
)
def test_a_folder_tells_its_port(port: str, name: str) -> None:
    assert folder_name(port) == name


def test_other_files_are_none(tmp_path: Path) -> None:
    for name in ("00000001.journal", "00000010.journal", "100000000.journal", "1.journal", "00000002.new", "notes.txt"):
        (tmp_path / name).touch()
    assert numbers_in(tmp_path) == [1, 10, 100000000]
    assert path_of(tmp_path, 10).name == "00000010.journal"
    assert number_of(tmp_path / "1.journal") == 0
