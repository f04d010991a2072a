"""Who is asked in a slot, and how the turns follow what the meters need: with stand-ins that need what they are told to.

What comes of it on a line is told in ``test_many_meters.py``.

| fault                                                         | test                                               |
|---------------------------------------------------------------|----------------------------------------------------|
| a bus that has become too full goes on losing the last meter  | test_turns_grow_within_ten_seconds                 |
| turns are reckoned anew in every slot                         | the same                                           |
| meters that need less are read in turns for ever              | test_turns_shrink_at_once_where_there_is_room_to_spare |
| ... or turns go to and fro where they only just fit           | test_turns_shrink_after_a_minute_where_it_only_just_does |
| ... or a minute is lost though all is learnt                  | test_turns_that_were_for_trials_shrink_at_once_when_these_are_over |
| ... or after a minute that was not one                        | test_a_minute_in_which_it_did_not_fit_does_not_count |
| a meter that is gone keeps the others from their seconds      | test_whoever_goes_or_comes_back_is_heeded_at_once  |
| a meter that is read every ten seconds counts as ten          | test_a_meter_with_an_interval_counts_by_its_share  |
| ... or waits for its turn besides its interval                | the same                                           |
| two meters that are away cost two timeouts                    | test_one_of_those_who_are_away_is_asked            |
| a long slow read costs everybody every other second            | test_a_slow_read_is_cut_rather_than_a_round_made_longer |
| of meters with intervals the last one never has a word        | test_of_those_who_take_what_is_left_who_waits_longest_is_first |
| who went without is put off again                             | test_who_went_without_is_asked_first_and_who_is_silent_last |
"""

import math
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from wattline.bus.rota import SURE_S, TURNS_S, Rota
from wattline.bus.turns import USABLE_SHARE, Load
from wattline.clock import Slot

# A slow read can be cut into so many.
PIECES = 3


@dataclass
class Mate:
    """In the place of a member."""

    name: str
    fast_s: float = 0.4
    own_s: int = 0
    trial_s: float = 0.0
    slow_s: float = 0.0
    is_away: bool = False
    until_s: float = 0.0
    is_silent: bool = False
    went_without: bool = False
    passed_over: int = 0
    since_s: float = 0.0
    longest_slow_s: float = math.inf
    reckoned: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.round_s = float(self.own_s or 1)

    @property
    def meter(self) -> SimpleNamespace:
        return SimpleNamespace(name=self.name, interval_s=self.own_s or None)

    @property
    def rest(self) -> SimpleNamespace:
        return SimpleNamespace(is_away=self.is_away, until_s=self.until_s, is_over=lambda now_s: now_s >= self.until_s)

    def load(self, slot: Slot, longest_slow_s: float) -> Load:
        self.reckoned.append(int(slot.began_s))
        if self.is_away:
            return Load()
        pieces = max(1, min(PIECES, math.ceil(self.slow_s / max(longest_slow_s, 0.001))))
        return Load(self.fast_s, pieces * (self.slow_s / pieces,) if self.slow_s else (), trial_s=self.trial_s)

    def limit_slow_reads(self, longest_slow_s: float) -> None:
        self.longest_slow_s = longest_slow_s

    def is_due(self, slot: Slot) -> bool:
        return not self.own_s or int(slot.began_s) % self.own_s == 0

    def waits_since_s(self, _slot: Slot) -> float:
        return self.since_s

    def is_last(self, _slot: Slot) -> bool:
        return self.is_silent


class Line:
    """A bus of stand-ins, second after second."""

    def __init__(self, *mates: Mate) -> None:
        self.mates = mates
        self.second = 99
        self._rota = Rota("line", mates, 1)

    def play(self, seconds: int = 1) -> list[list[str]]:
        """Who is asked in each of the next ``seconds``."""
        asked = []
        for _ in range(seconds):
            self.second += 1
            slot = Slot(self.second * 10**9, float(self.second), self.second + 0.95)
            asked.append([mate.name for mate in self._rota.whose_turn(slot)])
        return asked

    def seconds_until(self, round_s: float, most: int = 200) -> int:
        """How many seconds pass until a round takes ``round_s``."""
        for number in range(most):
            if self._rota.round_s == round_s:
                return number
            self.play()
        raise AssertionError(f"a round still takes {self._rota.round_s} s")


@pytest.fixture
def line() -> Line:
    line = Line(Mate("a"), Mate("b"))
    assert line.play(3) == 3 * [["a", "b"]]
    return line


def needs(line: Line, fast_s: float) -> None:
    for mate in line.mates:
        mate.fast_s = fast_s


def test_turns_grow_within_ten_seconds(line: Line) -> None:
    """And no sooner, since what a meter needs moves from read to read while it is learnt."""
    needs(line, 0.6)
    assert line.seconds_until(2) == TURNS_S - 2
    assert sorted(line.play(2)) == [["a"], ["b"]]
    assert [mate.round_s for mate in line.mates] == [2, 2]
    assert sorted(set(line.mates[0].reckoned)) == [100, 110]
    assert TURNS_S == 10


def test_turns_shrink_at_once_where_there_is_room_to_spare(line: Line) -> None:
    needs(line, 0.6)
    line.play(20)
    needs(line, USABLE_SHARE / 2 / 1.06)
    assert line.seconds_until(1) <= TURNS_S


def test_turns_that_were_for_trials_shrink_at_once_when_these_are_over() -> None:
    """Also where it only just fits then; once."""
    line = Line(Mate("a", trial_s=0.2), Mate("b", trial_s=0.2))
    line.play(15)
    assert [mate.round_s for mate in line.mates] == [2, 2]
    for mate in line.mates:
        mate.trial_s = 0.0
    needs(line, USABLE_SHARE / 2 / 1.02)
    assert line.seconds_until(1) <= TURNS_S
    needs(line, 0.6)
    assert line.seconds_until(2) <= TURNS_S
    needs(line, USABLE_SHARE / 2 / 1.02)
    assert line.seconds_until(1) > SURE_S


def test_turns_shrink_after_a_minute_where_it_only_just_does(line: Line) -> None:
    needs(line, 0.6)
    line.play(20)
    needs(line, USABLE_SHARE / 2 / 1.04)
    assert SURE_S <= line.seconds_until(1) <= SURE_S + TURNS_S
    assert SURE_S == 60


def test_a_minute_in_which_it_did_not_fit_does_not_count(line: Line) -> None:
    """Whenever it does not, the minute begins anew."""
    for _ in range(5):
        needs(line, 0.6)
        line.play(20)
        needs(line, USABLE_SHARE / 2 / 1.04)
        asked = line.play(50)
        assert sorted(asked[-2:]) == [["a"], ["b"]]


def test_whoever_goes_or_comes_back_is_heeded_at_once() -> None:
    line = Line(Mate("a", 0.6), Mate("b", 0.6))
    line.play(5)
    line.mates[1].is_away, line.mates[1].until_s = True, 1000.0
    assert line.play(2) == [["a"], ["a"]]
    line.mates[1].is_away = False
    assert sorted(line.play(2)) == [["a"], ["b"]]


@pytest.mark.parametrize(("fast_s", "round_s"), [(0.09, 1), (0.11, 2)])
def test_a_meter_with_an_interval_counts_by_its_share(fast_s: float, round_s: float) -> None:
    """Ten meters that are read every ten seconds take of a second what one takes that is read in each."""
    slow = [Mate(f"slow{number}", fast_s, own_s=10) for number in range(10)]
    line = Line(*slow, Mate("a", 0.425), Mate("b", 0.425))
    line.play(20)
    assert line.seconds_until(round_s, most=1) == 0
    assert [mate.round_s for mate in slow] == 10 * [10]
    assert sum("slow0" in asked for asked in line.play(20)) == 2


@pytest.mark.parametrize(("slow_s", "round_s", "longest_s"), [(0.1, 1, 0.15), (0.4, 1, 0.15), (0.6, 2, math.inf)])
def test_a_slow_read_is_cut_rather_than_a_round_made_longer(slow_s: float, round_s: float, longest_s: float) -> None:
    """Two sweeps of 0.4 s leave 0.15 s, into which a third of 0.4 s fits, but not one of 0.6 s."""
    line = Line(Mate("a", slow_s=slow_s), Mate("b"))
    line.play(100)
    assert line.seconds_until(round_s, most=1) == 0
    assert [mate.longest_slow_s for mate in line.mates] == 2 * [pytest.approx(longest_s)]


def test_one_of_those_who_are_away_is_asked() -> None:
    """The one that has waited longest, when its time has come; where all are away, in every second."""
    line = Line(Mate("x", is_away=True, until_s=103), Mate("a"), Mate("y", is_away=True, until_s=102))
    assert line.play(4) == [["a"], ["a"], ["a", "y"], ["a", "y"]]
    line.mates[2].until_s = 110
    assert line.play() == [["a", "x"]]
    line.mates[1].is_away, line.mates[1].until_s = True, 120
    line.mates[0].until_s = 130
    assert line.play(2) == [["y"], ["y"]]


def test_of_those_who_take_what_is_left_who_waits_longest_is_first() -> None:
    """Else whoever is named last would have nothing, where they do not all fit; all the others come before them."""
    own = [Mate(f"own{since_s}", 0.1, own_s=10, is_silent=True, since_s=since_s) for since_s in (80.0, 70.0, 90.0)]
    assert Line(*own, Mate("a", 0.1)).play() == [["a", "own70.0", "own80.0", "own90.0"]]


def test_who_went_without_is_asked_first_and_who_is_silent_last() -> None:
    line = Line(Mate("a", 0.1, is_silent=True), Mate("b", 0.1), Mate("c", 0.1, went_without=True))
    assert line.play() == [["c", "b", "a"]]


@pytest.mark.parametrize(
    ("fast_s", "sentence"),
    [
        (0.0, "line: A slow read of a takes 1.00 s with the patience for it: too much for"),
        (
            0.1,
            "line: One sweep of a takes 0.10 s, and a slow read of it with the patience for it 1.00 s more: too much together",
        ),
    ],
    ids=["nothing moves", "something moves"],
)
def test_a_slow_read_that_fills_a_second_is_told(
    caplog: pytest.LogCaptureFixture, fast_s: float, sentence: str
) -> None:
    Line(Mate("a", fast_s=fast_s, slow_s=1.0)).play(20)
    assert [message.startswith(sentence) for message in caplog.messages] == [True]
