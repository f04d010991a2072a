"""What sticks have written, and what it means: the golden folders of ``cases``, one for each thing that is known of them.

``stream.bin`` is what came, ``expected.lines`` what is made of it, ``expected.counts`` what is left out and why (no such
file: nothing), ``words`` the meters that are read. The numbers are those that makers and other programs have published;
the addresses are invented. Cases 1 to 35 are sound, m01 to m16 torn, the others of our own.

| fault | test |
|---|---|
| a number, a sign, a scale, a time, a text is read wrongly | test_a_stream_means_these_lines |
| a torn fragment costs its neighbour, or is given | the same, m01 to m16 |
| how the bytes are cut changes what is read | test_the_pieces_make_no_difference |
| a line is none, or has a word that is not in the vocabulary | test_each_line_is_sound |
| a key comes out | test_no_key_comes_out |
| a case is not read by the command | test_the_command_prints_the_same |
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from rainforest.golden import CASES, counts, interpreter_of, lines
from wattline import cli

FOLDERS = sorted(CASES.iterdir())
KEYS = ("5ec2e7", "4711", "0815")

every_case = pytest.mark.parametrize("case", FOLDERS, ids=lambda case: case.name)


def expected_lines(case: Path) -> list[str]:
    return (case / "expected.lines").read_text().splitlines()


def expected_counts(case: Path) -> dict[str, int]:
    file = case / "expected.counts"
    return (
        {name: int(count) for name, _, count in (row.partition("=") for row in file.read_text().split())}
        if file.exists()
        else {}
    )


def stream(case: Path) -> bytes:
    return (case / "stream.bin").read_bytes()


@every_case
def test_a_stream_means_these_lines(case: Path) -> None:
    interpreter = interpreter_of(case)

    assert lines(interpreter, stream(case)) == expected_lines(case)
    assert counts(interpreter) == expected_counts(case)


@every_case
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_pieces_make_no_difference(case: Path, size: int) -> None:
    interpreter = interpreter_of(case)

    assert lines(interpreter, stream(case), size) == expected_lines(case)
    assert counts(interpreter) == expected_counts(case)


@every_case
def test_each_line_is_sound(case: Path, parsed: Callable[[str], dict]) -> None:
    for line in expected_lines(case):
        parsed(line)


@every_case
def test_no_key_comes_out(case: Path) -> None:
    assert [line for line in expected_lines(case) for key in KEYS if key in line] == []


def test_the_command_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES / "38-several-meters"

    assert cli.main(["rainforest", "replay", str(case / "stream.bin"), *(case / "words").read_text().split()]) == 0
    assert capsys.readouterr().out.splitlines() == expected_lines(case)


def test_each_case_that_is_known_is_there() -> None:
    names = {folder.name.partition("-")[0] for folder in FOLDERS}

    assert {f"{number:02}" for number in range(1, 36)} | {f"m{number:02}" for number in range(1, 16)} <= names
