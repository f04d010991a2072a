"""When the next record is written: so that another program's sync brings the change in the inode along.

| fault | test |
|---|---|
| a record stays where only the file system's own timer brings its change, at 12 KiB each | test_a_record_in_no_company_is_followed_by_one_that_comes_earlier |
| ... or one that is in company is moved away from it | test_in_company_it_stays |
| more than ten seconds pass between two records | both, and test_any_course_keeps_to_ten_seconds |
| where nobody else syncs, records come ever more often | test_where_nobody_syncs_it_is_tried_a_turn_long_and_then_rarely |
| a file system that tells nothing, or a folder that is not there, ends the journal | test_where_nothing_is_told_it_is_ten_seconds |
"""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattline.journal.pace import GROUP_S, MOVES, REST, Pace

EARLIER_S = GROUP_S - GROUP_S / MOVES


class Kernel:
    """What it tells of the disk that ``folder`` is on."""

    def __init__(self, folder: Path) -> None:
        number = folder.stat().st_dev
        (folder / "devices").mkdir()
        (folder / "mmcblk0p2").mkdir()
        (folder / "devices" / f"{os.major(number)}:{os.minor(number)}").symlink_to(folder / "mmcblk0p2")
        (folder / "journals" / "mmcblk0p2-8").mkdir(parents=True)
        self.info = folder / "journals" / "mmcblk0p2-8" / "info"
        self.transactions = self.asked = 0
        self.pace = Pace(folder, folder / "devices", folder / "journals")

    def wait_s(self, unasked: int, asked: int = 2) -> float:
        """After so many transactions more."""
        self.transactions, self.asked = self.transactions + unasked + asked, self.asked + asked
        self.info.write_text(
            f"{self.transactions} transactions ({self.asked} requested), each up to 5461 blocks\naverage: \n"
        )
        return self.pace.wait_s()


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def test_in_company_it_stays(kernel: Kernel) -> None:
    assert [kernel.wait_s(unasked) for unasked in (5, 0, 0, 0)] == [GROUP_S] * 4


def test_a_record_in_no_company_is_followed_by_one_that_comes_earlier(kernel: Kernel) -> None:
    waits = [kernel.wait_s(unasked) for unasked in (0, 1, 1, 0, 0, 1, 0)]
    assert waits == [GROUP_S, EARLIER_S, EARLIER_S, GROUP_S, GROUP_S, EARLIER_S, GROUP_S]


def test_where_nobody_syncs_it_is_tried_a_turn_long_and_then_rarely(kernel: Kernel) -> None:
    kernel.wait_s(0)
    turn = [kernel.wait_s(1, asked=0) for _ in range(MOVES + 1 + REST)]
    assert turn == [EARLIER_S] * MOVES + [GROUP_S] * (1 + REST)
    assert sum(turn[:MOVES]) % GROUP_S == 0
    assert kernel.wait_s(1, asked=0) == EARLIER_S


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=200))
def test_any_course_keeps_to_ten_seconds(course: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kernel = Kernel(Path(folder))
        assert all(EARLIER_S <= kernel.wait_s(*step) <= GROUP_S for step in course)


def test_where_nothing_is_told_it_is_ten_seconds(kernel: Kernel, tmp_path: Path) -> None:
    kernel.wait_s(0)
    for text in ("", "nonsense", "12"):
        kernel.info.write_text(text)
        assert kernel.pace.wait_s() == GROUP_S
    kernel.info.unlink()
    assert kernel.pace.wait_s() == GROUP_S
    assert Pace(tmp_path / "not there", tmp_path / "devices", tmp_path / "journals").wait_s() == GROUP_S
    assert kernel.wait_s(7) == GROUP_S, "what is told anew says nothing of the last record"
