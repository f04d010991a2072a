"""What one meter on a bus asks for: the time that it needs, and the time that is kept for learning about it.

What becomes of it among others is told in ``test_many_meters.py``.

| fault                                                              | test                                             |
|--------------------------------------------------------------------|--------------------------------------------------|
| time is kept for trials of a meter that nobody has heard yet       | test_time_is_kept_for_trials_while_a_meter_is_new |
| ... or of one that was known for long, for ever                    | the same                                         |
| ... and none where a read was cut, so that it is never whole again | test_time_is_kept_for_trials_after_a_cut         |
| a meter that is away takes its share of the second                 | test_who_is_away_needs_nothing                   |
| a sweep that fills the slot leaves no time to learn shorter ones   | test_every_second_of_full_slots_is_left_to_a_trial |
| ... or leaves it though there is time, or though none can begin    | the same                                         |
| a slot that no trial could have is lost all the same               | test_a_slot_that_a_trial_cannot_have_waits_for_it |
"""

import math
from collections.abc import Callable
from types import SimpleNamespace

import minimalmodbus
import pytest

from virtual import Street, VirtualPort
from wattline.bus.member import NEW_S, Member
from wattline.bus.modbus import Modbus
from wattline.bus.rest import SILENT_SLOTS
from wattline.bus.timetable import Share
from wattline.bus.turns import Load
from wattline.clock import Slot
from wattline.words import parse_meters

NOTHING_SLOW = Share([], [])
Join = Callable[[Street], Member]


def slot(second: int) -> Slot:
    return Slot(second * 10**9, float(second), second + 0.95)


@pytest.fixture
def join(monkeypatch: pytest.MonkeyPatch) -> Join:
    """Makes the meter of a street a member of a bus."""

    def begin(street: Street) -> Member:
        monkeypatch.setattr(minimalmodbus, "time", SimpleNamespace(monotonic=street.monotonic, sleep=street.wait))
        monkeypatch.setattr(minimalmodbus, "_latest_read_times", {})
        port = VirtualPort("virtual", street, street.opener, street.monotonic)
        port.open()
        (meter,) = parse_meters(street.words)
        return Member(meter, Modbus(port), 1, monotonic=street.monotonic)

    return begin


@pytest.fixture
def street() -> Street:
    return Street("house=orno-we515@1")


@pytest.fixture
def member(join: Join, street: Street) -> Member:
    return join(street)


def sweep(street: Street, member: Member, second: int) -> None:
    street.until(second)
    member.sweep(slot(second), second + 0.95, NOTHING_SLOW)
    member.end(slot(second))


def keeps_time(member: Member, second: int) -> bool:
    """Whether it does, when there is a trial to keep it for."""
    member.session.needs = SimpleNamespace(load=lambda _longest_slow_s=None: Load(0.5), trial_s=lambda _now_s: 0.3)
    return member.load(slot(second), math.inf).trial_s > 0


def test_time_is_kept_for_trials_while_a_meter_is_new(street: Street, member: Member) -> None:
    """Two minutes from when it was first heard; what is not learnt by then is learnt when there happens to be time."""
    street["house"].is_on = False
    sweep(street, member, 1)
    assert member.load(slot(2), math.inf).trial_s == 0
    street["house"].is_on = True
    for second in (50, 90):
        sweep(street, member, second)
    assert [second for second in range(50, 400) if keeps_time(member, second)] == list(range(50, 170))
    assert NEW_S == 120


def test_time_is_kept_for_trials_after_a_cut(street: Street, member: Member) -> None:
    """As long again, since what was cut may be tried again."""
    sweep(street, member, 1)
    assert not keeps_time(member, 1000)
    member.session.failures.cut_s = 1000.0
    assert [second for second in range(1000, 1400) if keeps_time(member, second)] == list(range(1000, 1120))


def test_who_is_away_needs_nothing(street: Street, member: Member) -> None:
    sweep(street, member, 1)
    assert member.load(slot(2), math.inf).fast_s > 0.1
    street["house"].is_on = False
    for second in range(2, 2 + SILENT_SLOTS):
        assert member.load(slot(second), math.inf) != Load()
        sweep(street, member, second)
    assert member.load(slot(10), math.inf) == Load()
    assert member.wants(slot(10)).fast_s == 0


@pytest.mark.parametrize(
    ("fast_s", "trial_s", "can_begin", "is_left"),
    [
        (0.9, 0.3, True, True),
        (0.66, 0.3, True, True),
        (0.64, 0.3, True, False),
        (0.9, 0.0, True, False),
        (0.9, 0.3, False, False),
    ],
    ids=["full", "just too full", "just not full", "nothing to try", "cannot begin"],
)
def test_every_second_of_full_slots_is_left_to_a_trial(
    member: Member, fast_s: float, trial_s: float, *, can_begin: bool, is_left: bool
) -> None:
    """If it can begin; and as long as there is one."""
    asked: list[int] = []
    member.session.needs = SimpleNamespace(
        load=lambda _longest_slow_s=None: Load(fast_s), trial_s=lambda _now_s: trial_s
    )
    member.session.try_wider = lambda _slot, _others_s: can_begin
    member.session.begin = lambda slot, *_, **__: SimpleNamespace(
        read=lambda parts, *_: parts and asked.append(int(slot.began_s))
    )
    for second in range(1, 41):
        member.sweep(slot(second), second + 0.95, NOTHING_SLOW)
    assert asked == [second for second in range(1, 41) if second % 2 or not is_left]


def test_a_slot_that_a_trial_cannot_have_waits_for_it(member: Member) -> None:
    """While an earlier trial waits for its proven reads, the sweeps go on; the first slot after that is left to the next."""
    member.session.needs = SimpleNamespace(load=lambda _longest_slow_s=None: Load(0.9), trial_s=lambda _now_s: 0.3)
    begun: list[int] = []
    member.session.try_wider = lambda slot, _others_s: slot.began_s >= 6 and not begun.append(int(slot.began_s))
    for second in range(1, 13):
        member.sweep(slot(second), second + 0.95, NOTHING_SLOW)
    assert begun == [6, 8, 10, 12]
