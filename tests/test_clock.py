"""Slots, on a wall clock and a monotonic clock that are virtual: no real time passes.

| fault                                             | test                                                             |
|---------------------------------------------------|------------------------------------------------------------------|
| the first reading waits for the hour              | test_the_first_slot_is_the_next_whole_second                     |
| ... because the clock steps, or the start is slow | test_the_first_slot_stays_the_next_whole_second                  |
| a slot off its second                             | test_slots_are_the_multiples_of_the_interval                     |
| slots drift against a slewed clock                | test_a_day_of_slots_does_not_drift                               |
| a slew is taken for a step                        | test_an_hour_on_a_slewed_clock_ends_on_the_hour                  |
| a late sweep delays, bursts, or is not counted    | test_a_late_sweep_misses_slots, test_a_long_sweep_is_not_made_up |
| ... or it is not told which seconds were missed   | the same                                                         |
| a sweep has no end, or ends in the next slot      | test_a_sweep_ends_within_its_interval                            |
| a step stretches the wait or causes a burst       | test_a_step_realigns_at_the_next_second                          |
| ... unnoticed until the end of a long wait        | test_a_step_within_an_hours_wait_is_followed                     |
| a small correction is taken for a step            | test_a_small_correction_is_followed                              |
| a busy machine is taken for a step                | test_a_process_put_aside_between_two_looks_saw_no_step           |
| the end is missed                                 | test_the_end_comes_within_the_wait                               |
| a loop that waits seems to hang                   | test_a_wait_of_an_hour_is_seen_to_turn                           |
| any of these in a combination                     | test_each_slot_begins_in_its_second, test_every_slot_is_begun_or_counted |
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattline.clock import LATEST_S, STEP_S, Clock, Slot

NS = 1_000_000_000
# 03:20:00.25 of some day: no multiple of an interval.
START_NS = 1_800_000_000 * NS + NS // 4
# What a wait of five seconds is off when the wall clock is slewed as fast as it may be.
HAIR_S = 0.003


class World:
    """Both clocks, and the ``Stop`` of the clock under test: time passes when someone waits, and in ``sweep``.

    Args:
        slew_ppm: how much too fast the wall clock runs.
    """

    def __init__(self, slew_ppm: int = 0) -> None:
        self.is_set = False
        self.steps = 0
        self.stepped_s = -math.inf
        self._slew_ppm = slew_ppm
        self._elapsed_ns = 0
        self._stepped_ns = 0
        self._events: list[tuple[int, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return 5000 + self._elapsed_ns / NS

    def wall_ns(self) -> int:
        return START_NS + self._stepped_ns + self._elapsed_ns + self._elapsed_ns * self._slew_ppm // 1_000_000

    @property
    def wall_s(self) -> float:
        return self.wall_ns() / NS

    def wait(self, seconds: float) -> bool:
        """Sleep, and wake a little late; or at the end."""
        self.sweep(max(seconds, 0) + 1e-6)
        return self.is_set

    def sweep(self, seconds: float) -> None:
        """Let time pass, with what happens meanwhile."""
        until_ns = self._elapsed_ns + math.ceil(seconds * NS)
        while self._events and self._events[0][0] <= until_ns and not self.is_set:
            self._elapsed_ns, happen = self._events.pop(0)
            happen()
        if not self.is_set:
            self._elapsed_ns = max(self._elapsed_ns, until_ns)

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let it happen in so many seconds."""
        self._events.append((self._elapsed_ns + round(seconds * NS), happen))
        self._events.sort(key=lambda event: event[0])

    def step(self, seconds: float) -> None:
        """Set the wall clock."""
        self.steps += 1
        self.stepped_s = self.monotonic()
        self._stepped_ns += round(seconds * NS)

    def end(self) -> None:
        self.is_set = True

    def clock(self, interval_s: int) -> Clock:
        return Clock(interval_s, self, self.wall_ns, self.monotonic)


def take(clock: Clock, count: int) -> list[Slot]:
    return [slot for _ in range(count) if (slot := clock.next_slot())]


def second(slot: Slot) -> int:
    assert slot.time_ns % NS == 0
    return slot.time_ns // NS


# In order.


@pytest.mark.parametrize("interval_s", [1, 7, 60, 3600])
def test_the_first_slot_is_the_next_whole_second(interval_s):
    world = World()
    (slot,) = take(world.clock(interval_s), 1)

    assert second(slot) == 1_800_000_001
    assert world.wall_s == pytest.approx(1_800_000_001, abs=HAIR_S)


@pytest.mark.parametrize(("moved_s", "slow_s"), [(3.5, 0), (-3.5, 0), (0, 0.7), (0, 5.4)])
def test_the_first_slot_stays_the_next_whole_second(moved_s, slow_s):
    """Whether the clock steps before it, or the machine is slow to wake: it is no matter of the interval."""
    world = World()
    clock = world.clock(3600)
    world.after(0.5, lambda: world.step(moved_s))
    world.after(0.6, lambda: world.sweep(slow_s))
    (slot,) = take(clock, 1)

    assert world.wall_s == pytest.approx(1_800_000_000.85 + moved_s + slow_s, abs=1.0)
    assert second(slot) <= world.wall_s < second(slot) + LATEST_S
    assert clock.missed_slots == 0


@pytest.mark.parametrize("interval_s", [1, 2, 7, 10, 60, 600, 3600])
def test_slots_are_the_multiples_of_the_interval(interval_s):
    """Each begins at its second, is stamped with it, and tells when that was by the other clock."""
    world = World()
    clock = world.clock(interval_s)
    take(clock, 1)
    for number in range(1, 6):
        (slot,) = take(clock, 1)
        assert second(slot) == (1_800_000_001 // interval_s + number) * interval_s
        assert world.wall_s == pytest.approx(second(slot), abs=HAIR_S)
        assert world.monotonic() == pytest.approx(slot.began_s + slot.delay_s, abs=1e-5)
        assert 0 <= slot.delay_s < HAIR_S
    assert (clock.missed_slots, clock.steps) == (0, 0)


@pytest.mark.parametrize(("interval_s", "slew_ppm"), [(1, 500), (10, -500), (10, 500)])
def test_a_day_of_slots_does_not_drift(interval_s, slew_ppm):
    """The wall clock gains or loses 43 s, and every slot is still on its second."""
    world = World(slew_ppm)
    clock = world.clock(interval_s)
    slots = take(clock, 1 + 86_400 // interval_s)[1:]

    assert {second(after) - second(before) for before, after in pairwise(slots)} == {interval_s}
    assert max(slot.delay_s for slot in slots) < HAIR_S
    assert world.wall_s == pytest.approx(second(slots[-1]), abs=HAIR_S)
    assert (clock.missed_slots, clock.steps) == (0, 0)


@pytest.mark.parametrize("slew_ppm", [500, -500])
def test_an_hour_on_a_slewed_clock_ends_on_the_hour(slew_ppm):
    """In one wait the wall clock moves by 1.8 s, as much as a step, but not at once."""
    world = World(slew_ppm)
    clock = world.clock(3600)
    slots = take(clock, 4)[1:]

    assert [second(slot) % 3600 for slot in slots] == [0, 0, 0]
    assert {second(after) - second(before) for before, after in pairwise(slots)} == {3600}
    assert world.wall_s == pytest.approx(second(slots[-1]), abs=HAIR_S)
    assert (clock.missed_slots, clock.steps) == (0, 0)


# Late.


@pytest.mark.parametrize(
    ("interval_s", "sweep_s", "later_s", "delay_s", "missed"),
    [
        (1, 0.99, 1, 0.0, 0),
        (1, 1.4, 1, 0.4, 0),
        (1, 1.6, 2, 0.0, 1),
        (1, 2.3, 2, 0.3, 1),
        (1, 8.8, 9, 0.0, 8),
        (10, 10.4, 10, 0.4, 0),
        (10, 12.0, 20, 0.0, 1),
        (10, 29.0, 30, 0.0, 2),
    ],
)
def test_a_late_sweep_misses_slots(interval_s, sweep_s, later_s, delay_s, missed):
    """A slot begins up to half a second late; after that it is missed, counted, and the next one is on its second."""
    world = World()
    clock = world.clock(interval_s)
    before = take(clock, 2)[-1]
    world.sweep(sweep_s)
    (slot,) = take(clock, 1)

    assert second(slot) - second(before) == later_s
    assert slot.began_s - before.began_s == pytest.approx(later_s, abs=HAIR_S)
    assert slot.delay_s == pytest.approx(delay_s, abs=HAIR_S)
    assert clock.missed_slots == missed
    assert list(slot.missed) == list(range(second(before) + interval_s, second(slot), interval_s))


def test_a_long_sweep_is_not_made_up():
    """After a hundred seconds that were missed a slot comes each second, and no more."""
    world = World()
    clock = world.clock(1)
    take(clock, 1)
    world.sweep(100.6)
    slots = take(clock, 5)

    assert [second(slot) - 1_800_000_001 for slot in slots] == [101, 102, 103, 104, 105]
    assert all(after.began_s - before.began_s == pytest.approx(1) for before, after in pairwise(slots))
    assert clock.missed_slots == 100


@pytest.mark.parametrize(("interval_s", "sweep_s"), [(1, 0.95), (2, 1.9), (5, 4.75), (10, 5.0), (3600, 5.0)])
def test_a_sweep_ends_within_its_interval(interval_s, sweep_s):
    world = World()
    for slot in take(world.clock(interval_s), 2):
        assert slot.deadline_s - slot.began_s == pytest.approx(sweep_s)


# Steps.

STEPS_S = {
    "a time server sets it a little forwards": 0.3,
    "... and a little back": -0.3,
    "a whole second": 1.0,
    "a second back": -1.0,
    "forwards": 61.5,
    "back": -61.5,
    "a night's suspend, in which the monotonic clock stands still": 28_800.4,
    "a start without a battery": 86_400 * 5 + 0.77,
    "a far future is taken back": -86_400 * 4000 - 0.33,
}


@pytest.mark.parametrize("where", ["the sweep", "the wait"])
@pytest.mark.parametrize("step_s", STEPS_S.values(), ids=STEPS_S)
def test_a_step_realigns_at_the_next_second(step_s, where):
    """The wait lasts at most until the second that was waited for is over, and the one after that begins; none is missed."""
    world = World()
    clock = world.clock(1)
    take(clock, 3)
    world.after(0.2 if where == "the sweep" else 0.6, lambda: world.step(step_s))
    stepped_s = world.monotonic() + 0.2
    world.sweep(0.4)
    slots = take(clock, 5)

    assert world.wall_s == pytest.approx(second(slots[-1]), abs=HAIR_S)
    assert slots[0].began_s - stepped_s <= 2.0
    assert [second(slot) - second(slots[0]) for slot in slots] == [0, 1, 2, 3, 4]
    assert all(after.began_s - before.began_s == pytest.approx(1) for before, after in pairwise(slots))
    assert (clock.steps, clock.missed_slots) == (1, 0)


@pytest.mark.parametrize("step_s", [1200.5, -1200.5, 7200.0, -7200.0])
def test_a_step_within_an_hours_wait_is_followed(step_s):
    """The slot is on the hour of the clock as it is now, not of the clock as it was when the wait began."""
    world = World()
    clock = world.clock(3600)
    take(clock, 2)
    world.after(1800, lambda: world.step(step_s))
    began_s = world.monotonic()
    (slot,) = take(clock, 1)

    assert second(slot) % 3600 == 0
    assert world.wall_s == pytest.approx(second(slot), abs=HAIR_S)
    assert world.monotonic() - began_s <= 1800 + 3600
    assert (clock.steps, clock.missed_slots) == (1, 0)


@pytest.mark.parametrize("moved_s", [0.2, -0.2])
@pytest.mark.parametrize("moment_s", [0.1, 0.9])
def test_a_small_correction_is_followed(moved_s, moment_s):
    """It is no step: each second has its slot, none begins before its second, and the next is exact again."""
    world = World()
    clock = world.clock(1)
    before = take(clock, 2)[-1]
    world.after(moment_s, lambda: world.step(moved_s))
    (slot,) = take(clock, 1)
    begun_s = world.wall_s
    (following,) = take(clock, 1)

    assert [second(slot), second(following)] == [second(before) + 1, second(before) + 2]
    assert 0 <= begun_s - second(slot) < 0.2 + HAIR_S
    assert world.wall_s == pytest.approx(second(following), abs=HAIR_S)
    assert (clock.steps, clock.missed_slots) == (0, 0)


@pytest.mark.parametrize("look", ["wall_ns", "monotonic"])
def test_a_process_put_aside_between_two_looks_saw_no_step(look, monkeypatch):
    """The two clocks cannot be looked at in one moment; a busy machine may leave 0.4 s between the looks."""
    world = World()
    looks = 0
    real = getattr(world, look)

    def slow_look():
        nonlocal looks
        looks += 1
        if looks % 20 == 0:
            world.sweep(0.4)
        return real()

    monkeypatch.setattr(world, look, slow_look)
    clock = world.clock(1)
    slots = take(clock, 100)

    assert looks > 200
    assert clock.steps == 0
    assert [second(slot) - second(slots[0]) for slot in slots] == list(range(100))


# The end, and the watch.


@pytest.mark.parametrize("interval_s", [1, 3600])
def test_the_end_comes_within_the_wait(interval_s):
    """Whoever waits is woken; and nobody waits any more afterwards, nor gets a slot that is due."""
    world = World()
    clock = world.clock(interval_s)
    take(clock, 1)
    ended_s = world.monotonic() + 0.3
    world.after(0.3, world.end)

    assert clock.next_slot() is None
    assert world.monotonic() == pytest.approx(ended_s)
    world.is_set = False
    world.sweep(interval_s)
    world.is_set = True
    assert clock.next_slot() is None


def test_a_wait_of_an_hour_is_seen_to_turn():
    """At least each five seconds; and what can be done meanwhile is done as often, but not without a wait."""
    world = World()
    clock = world.clock(3600)
    seen = []
    take(clock, 2)
    slot = clock.next_slot(meanwhile=lambda: seen.append(clock.turned_s))

    assert slot
    assert len(seen) >= 720
    assert all(0 < after - before < 5.01 for before, after in pairwise([*seen, clock.turned_s]))
    world.sweep(3600)
    before = len(seen)
    assert clock.next_slot(meanwhile=lambda: seen.append(clock.turned_s))
    assert len(seen) == before


# Anything.

INTERVALS = st.sampled_from([1, 2, 3, 5, 7, 10, 60, 900, 3600])
# A loop that does not turn for longer is ended.
SWEEPS_S = st.one_of(st.floats(0, 1.2), st.floats(0, 31))
SLEWS_PPM = st.integers(-500, 500)
STEPS = st.one_of(st.floats(-3, 3), st.floats(-1e5, 1e5)).filter(lambda step_s: abs(step_s) > STEP_S + 0.02)


def expected_missed(slots: Sequence[Slot], interval_s: int) -> int:
    """The multiples of the interval that lie between the slots."""
    return sum((second(b) - 1) // interval_s - second(a) // interval_s for a, b in pairwise(slots))


@settings(max_examples=300)
@given(interval_s=INTERVALS, slew_ppm=SLEWS_PPM, sweeps_s=st.lists(SWEEPS_S, min_size=1, max_size=20))
def test_every_slot_is_begun_or_counted(interval_s, slew_ppm, sweeps_s):
    """Without a step: slots ascend, an interval apart or more, and each second that is left out is counted as missed."""
    world = World(slew_ppm)
    clock = world.clock(interval_s)
    slots, begun_s = [], []
    for sweep_s in sweeps_s:
        slots += take(clock, 1)
        begun_s.append(world.monotonic())
        world.sweep(sweep_s)

    assert clock.missed_slots == expected_missed(slots, interval_s)
    assert clock.missed_slots == sum(len(slot.missed) for slot in slots)
    assert all(second(before) < missed < second(slot) for before, slot in pairwise(slots) for missed in slot.missed)
    assert clock.steps == 0
    for (before, after), (before_s, after_s) in zip(pairwise(slots[1:]), pairwise(begun_s[1:]), strict=True):
        assert after.began_s - before.began_s >= interval_s * 0.999
        assert after_s - before_s >= interval_s * 0.999 - LATEST_S - 0.05


TURNS = st.lists(st.tuples(SWEEPS_S, st.none() | st.tuples(STEPS, st.floats(0, 1.5))), min_size=1, max_size=12)


@settings(max_examples=300)
@given(interval_s=INTERVALS, slew_ppm=SLEWS_PPM, turns=TURNS)
def test_each_slot_begins_in_its_second(interval_s, slew_ppm, turns):
    """Whatever sweeps last and the clock does: by the wall clock as it then is, a slot begins in the first half of its second.

    It is a multiple of the interval, but for the first; without a step two are an interval apart or more; and after a
    step none is waited for longer than the interval and the few seconds until the step is noticed.
    """
    world = World(slew_ppm)
    clock = world.clock(interval_s)
    last: Slot | None = None
    steps = 0
    for sweep_s, step in turns:
        asked_s = world.monotonic()
        (slot,) = take(clock, 1)
        assert -1e-6 <= world.wall_s - second(slot) <= LATEST_S + HAIR_S
        assert slot.delay_s <= LATEST_S
        assert world.monotonic() - max(asked_s, world.stepped_s) <= interval_s * 1.001 + min(interval_s, 5)
        if last:
            assert second(slot) % interval_s == 0
        if last and world.steps == steps:
            # The first slot of all may be nearer to the second.
            assert slot.began_s - last.began_s >= min(interval_s, second(slot) - second(last)) * 0.999
        last, steps = slot, world.steps
        if step:
            step_s, share = step
            world.after(share * interval_s, lambda step_s=step_s: world.step(step_s))
        world.sweep(sweep_s)
