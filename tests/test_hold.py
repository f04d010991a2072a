"""Points wait while the clock is wrong, and get their right stamps: with virtual clocks and a faked /run/systemd/timesync.

| fault                                                   | test                                                          |
|---------------------------------------------------------|---------------------------------------------------------------|
| readings wait where nobody will ever say "synchronised" | test_without_timesyncd_the_clock_is_believed                  |
| readings go out with the time of the last shutdown      | test_readings_wait_and_get_the_time_at_which_they_were_read   |
| ... the first one, during which the clock was set       | test_a_clock_set_during_the_first_sweep_stamps_it_right       |
| ... or a later one                                      | test_a_step_during_a_sweep_stamps_it_right                    |
| ... since timesyncd started later than wattline         | test_a_timesyncd_that_starts_later_is_waited_for              |
| readings wait again though the clock is right           | test_a_timesyncd_that_is_started_anew_is_still_believed       |
| a right clock that was only unsure moves stamps         | test_a_clock_that_was_right_all_along_moves_no_stamp          |
| a stamp is wrong after some order of step and file      | test_each_stamp_is_the_second_in_which_it_was_read            |
| two slots get one stamp                                 | test_two_slots_in_one_second_are_one                          |
| what is held waits for the next slot, an hour away      | test_held_readings_need_no_slot_to_go_out                     |
| readings wait for ever                                  | test_after_ten_minutes_readings_go_out_marked                 |
| the wait is another than was asked for                  | test_the_wait_is_as_long_as_asked                             |
| ... or shorter the second time                          | test_the_patience_is_as_long_the_next_time                    |
| ... or a little, where none was asked for               | test_no_wait_is_none_at_all                                   |
| ... and is marked though it was synchronised at last    | test_a_clock_that_is_synchronised_late_is_believed_from_then  |
| a clock that cannot be right is believed                | test_a_clock_older_than_the_release_is_never_believed         |
| ... after the patience is over                          | test_patience_does_not_make_an_old_clock_right                |
| ... or the memory fills while it is waited for          | test_the_oldest_are_discarded_while_the_clock_is_too_old      |
| the end keeps quiet about what is lost                  | test_the_end_says_what_is_lost                                |
| a time of the meter's own is moved with this clock       | test_the_meters_own_time_is_no_matter_of_this_clock           |
| ... or lost with a slot that is given up                | the same                                                      |
| what was read before its slot gets the slot's second    | test_what_was_read_before_its_slot_stays_before_it            |
| the log says the same each second                       | test_each_state_is_told_once                                  |
"""

import logging
import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattline import RELEASED_ON
from wattline.clock import STEP_S, Clock, Slot
from wattline.hold import Hold
from wattline.log import LOG
from wattline.reading import Point

NS = 1_000_000_000
RELEASED_S = int(datetime.combine(date.fromisoformat(RELEASED_ON), datetime.min.time(), UTC).timestamp())
NOW_S = RELEASED_S + 100 * 86_400
# The last shutdown was an hour before the start, and not on a whole second of the true time.
BEHIND_S = 3600.6


class World:
    """Both clocks and timesyncd's folder; time passes only when told to."""

    def __init__(self, folder) -> None:
        self.uptime_s = 7.0
        self.wall_s = float(NOW_S)
        self.folder = folder

    def monotonic(self) -> float:
        return self.uptime_s

    def wall_ns(self) -> int:
        return round(self.wall_s * NS)

    def hold(self, *longest_s: float) -> Hold:
        return Hold(*longest_s, timesync=self.folder, wall_ns=self.wall_ns, monotonic=self.monotonic)

    def start_timesyncd(self) -> None:
        self.folder.mkdir()

    def synchronise(self, step_s: float = 0.0) -> None:
        self.wall_s += step_s
        (self.folder / "synchronized").touch()

    def sleep(self, seconds: float) -> None:
        self.uptime_s += seconds
        self.wall_s += seconds

    def slot(self) -> Slot:
        """A slot that begins at the next whole second."""
        second = math.floor(self.wall_s) + 1
        self.sleep(second - self.wall_s)
        return Slot(second * NS, self.uptime_s, self.uptime_s + 0.95)

    def read(self, hold: Hold, sweep_s: float = 0.1) -> list[tuple[int, int]]:
        """One slot: which slots went out, each by its number and its second."""
        slot = self.slot()
        number = slot.time_ns // NS
        self.sleep(sweep_s)
        return seconds(hold.through(slot, [Point("electricity", {}, {"power_w": float(number)}, slot.time_ns)]))


def seconds(points: list[Point]) -> list[tuple[int, int]]:
    """The second that each point was read in, by the clock of that moment; and that of its stamp."""
    assert all(point.time_ns % NS == 0 for point in points)
    return [(int(point.fields["power_w"]), point.time_ns // NS) for point in points]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "timesync")


@pytest.fixture
def booted(world):
    """A Pi that has just started: the time of its last shutdown, and timesyncd at work."""
    world.start_timesyncd()
    world.wall_s -= BEHIND_S
    return world


@pytest.fixture
def said():
    """The sentences of the log, each with its level."""
    sentences = []

    class Listener(logging.Handler):
        def emit(self, record):
            sentences.append(f"{record.levelname[0]}! {record.getMessage()}")

    listener, level = Listener(), LOG.level
    LOG.addHandler(listener)
    LOG.setLevel(logging.DEBUG)
    yield sentences
    LOG.removeHandler(listener)
    LOG.setLevel(level)


# Believed.


def test_without_timesyncd_the_clock_is_believed(world, said):
    """Who else sets the clock, chrony or a person, leaves no file: each reading goes out at once as it was stamped."""
    hold = world.hold()

    assert [world.read(hold) for _ in range(3)] == [[(NOW_S + n, NOW_S + n)] for n in (1, 2, 3)]
    assert (hold.believes(), len(hold), hold.discarded) == (True, 0, 0)
    hold.close()
    assert said == []


def test_a_timesyncd_that_is_started_anew_is_still_believed(world):
    """Its folder vanishes and comes back without the file; what was synchronised once goes on running."""
    world.start_timesyncd()
    world.synchronise()
    hold = world.hold()
    assert world.read(hold)
    (world.folder / "synchronized").unlink()
    assert world.read(hold)
    world.folder.rmdir()
    assert world.read(hold)


def test_a_timesyncd_that_starts_later_is_waited_for(world):
    hold = world.hold()
    assert world.read(hold)
    world.start_timesyncd()
    assert world.read(hold) == []


# Held, and released.


def test_readings_wait_and_get_the_time_at_which_they_were_read(booted, said):
    """Those of before the step get the second in which they were read by the right clock; those of after it keep theirs."""
    hold = booted.hold()
    assert [booted.read(hold) for _ in range(3)] == [[], [], []]
    assert (hold.believes(), len(hold)) == (False, 3)
    booted.wall_s += BEHIND_S
    assert [booted.read(hold) for _ in range(2)] == [[], []]
    booted.synchronise()
    released = booted.read(hold)

    behind_s = int(BEHIND_S)
    wrong = [NOW_S - behind_s + n for n in (0, 1, 2)]
    assert released[:3] == [(second, second + behind_s) for second in wrong]
    assert [stamp - read for read, stamp in released[3:]] == [0, 0, 0]
    assert [stamp for _, stamp in released] == list(range(NOW_S, NOW_S + 6))
    assert (hold.believes(), len(hold), hold.discarded) == (True, 0, 0)
    assert said == [
        "W! The clock is not synchronised; readings wait for it, at most 600 s, and are stamped then.",
        "I! The clock is synchronised; readings go out with their right time, also those of 6 slots that waited.",
    ]


def test_a_clock_that_was_right_all_along_moves_no_stamp(world):
    """Also when it is corrected a little, as time servers do."""
    world.start_timesyncd()
    hold = world.hold()
    for _ in range(5):
        assert world.read(hold) == []
    world.synchronise(-0.2)
    assert all(read == stamp for read, stamp in world.read(hold))


def test_a_clock_set_during_the_first_sweep_stamps_it_right(booted):
    """Nothing waits yet and the clock is believed: the stamp that was meant is wrong all the same."""
    hold = booted.hold()
    slot = booted.slot()
    booted.sleep(0.2)
    booted.synchronise(BEHIND_S)

    (point,) = hold.through(slot, [Point("electricity", {}, {"power_w": 1.0}, slot.time_ns)])
    assert point.time_ns // NS == math.floor(slot.time_ns / NS + BEHIND_S)


@pytest.mark.parametrize("step_s", [7.0, -7.0, 0.5, 86_400.3])
def test_a_step_during_a_sweep_stamps_it_right(world, step_s):
    hold = world.hold()
    world.read(hold)
    slot = world.slot()
    world.sleep(0.2)
    world.wall_s += step_s

    (point,) = hold.through(slot, [Point("electricity", {}, {"power_w": 1.0}, slot.time_ns)])
    assert point.time_ns // NS == math.floor(slot.time_ns / NS + step_s)


def test_held_readings_need_no_slot_to_go_out(booted):
    """With a slot an hour, the clock is right long before the next one."""
    hold = booted.hold()
    assert hold.due() == []
    booted.read(hold)
    assert hold.due() == []
    booted.sleep(10)
    booted.synchronise(BEHIND_S)

    assert [stamp for _, stamp in seconds(hold.due())] == [NOW_S]
    assert hold.due() == []


def test_two_slots_in_one_second_are_one(booted):
    """A step may make two slots begin in one second. The later is kept, as a database would; the other is counted."""
    hold = booted.hold()
    booted.read(hold)
    booted.read(hold, sweep_s=0.01)
    # So the second slot began 0.2 s before the third.
    booted.synchronise(0.8)
    slot = booted.slot()
    (first, last) = hold.through(slot, [Point("electricity", {}, {"power_w": 3.0}, slot.time_ns)])

    assert last.fields["power_w"] == 3.0
    assert last.time_ns - first.time_ns == NS
    assert hold.discarded == 1


class Turning(World):
    """The world as the waits of a real ``Clock`` see it, with what happens at which uptime."""

    is_set = False

    def __init__(self, folder, events) -> None:
        super().__init__(folder)
        self.events = sorted(events, key=lambda event: event[0])

    def wait(self, seconds: float) -> bool:
        self.sleep(max(seconds, 0) + 1e-6)
        return False

    def sleep(self, seconds: float) -> None:
        end_s = self.uptime_s + seconds
        while self.events and self.events[0][0] <= end_s:
            at_s, happen = self.events.pop(0)
            super().sleep(max(0.0, at_s - self.uptime_s))
            happen()
        super().sleep(max(0.0, end_s - self.uptime_s))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    behind_s=st.floats(-3e6, 3e6),
    steps=st.lists(st.tuples(st.floats(7, 40), st.floats(-100, 100)), max_size=2),
    set_s=st.floats(7, 60),
    file_after_s=st.floats(0, 5),
    sweeps_s=st.lists(st.floats(0, 1.3), min_size=70, max_size=70),
)
def test_each_stamp_is_the_second_in_which_it_was_read(
    tmp_path_factory, *, behind_s, steps, set_s, file_after_s, sweeps_s
):
    """Whenever the clock is set, however often, in a sweep or in a wait, and whenever the file comes.

    Stamps ascend, none is given twice, and what is missing is counted.
    """
    world = Turning(tmp_path_factory.mktemp("run") / "timesync", [])
    start_s = world.uptime_s
    true_s = world.wall_s - start_s
    world.start_timesyncd()
    world.wall_s -= behind_s

    def set_right():
        world.wall_s = true_s + world.uptime_s

    def move(step_s):
        world.wall_s += step_s

    world.events = sorted(
        [(at_s, lambda step_s=step_s: move(step_s)) for at_s, step_s in steps if at_s < set_s]
        + [(set_s, set_right), (set_s + file_after_s, world.synchronise)],
        key=lambda event: event[0],
    )
    clock, hold = Clock(1, world, world.wall_ns, world.monotonic), world.hold()
    begun, stamped = {}, []
    for number, sweep_s in enumerate(sweeps_s):
        slot = clock.next_slot()
        begun[number] = world.uptime_s - slot.delay_s
        world.sleep(sweep_s)
        stamped += hold.through(slot, [Point("electricity", {}, {"power_w": float(number)}, slot.time_ns)])

    stamps = [point.time_ns // NS for point in stamped]
    assert stamps == sorted(set(stamps))
    assert len(stamped) == len(begun) - hold.discarded
    assert hold.discarded <= len(steps) + 1
    for point, stamp in zip(stamped, stamps, strict=True):
        late_s = begun[int(point.fields["power_w"])] + true_s - stamp
        assert -STEP_S - 1e-3 <= late_s < 1.0


# Patience.


def test_after_ten_minutes_readings_go_out_marked(booted, said):
    """All that waited goes out with the time that the clock shows, and so does what follows; the clock is not believed."""
    hold = booted.hold()
    waited = 0
    while not (released := booted.read(hold)):
        waited += 1
        assert len(hold) == waited
    assert waited == 600

    assert len(released) == 601
    assert all(read == stamp for read, stamp in released)
    assert [len(booted.read(hold)) for _ in range(3)] == [1, 1, 1]
    assert (hold.believes(), len(hold), hold.discarded) == (False, 0, 0)
    assert said[1:] == ["W! The clock was not synchronised in 600 s; readings go out with the time that it shows."]


@pytest.mark.parametrize(("longest_s", "slots"), [(0, 0), (1, 1), (3600, 3600)])
def test_the_wait_is_as_long_as_asked(booted, said, longest_s, slots):
    """With no wait at all nothing is held, and the log does not speak of waiting."""
    hold = booted.hold(longest_s)
    waited = 0
    while not booted.read(hold):
        waited += 1
    assert waited == slots
    assert [line for line in said if "readings wait" in line] == said[: slots > 0]


def test_no_wait_is_none_at_all(booted):
    """However quick the sweep was."""
    assert len(booted.read(booted.hold(0), sweep_s=0.0)) == 1


def test_the_patience_is_as_long_the_next_time(booted):
    """Where timesyncd is taken away and put back, the clock is doubted anew."""
    hold = booted.hold(3)
    while not booted.read(hold):
        pass
    booted.folder.rmdir()
    assert len(booted.read(hold)) == 1
    booted.start_timesyncd()
    assert [len(booted.read(hold)) for _ in range(4)] == [0, 0, 0, 4]


def test_a_clock_that_is_synchronised_late_is_believed_from_then(booted, said):
    hold = booted.hold(5)
    for _ in range(8):
        booted.read(hold)
    assert not hold.believes()
    booted.synchronise(BEHIND_S)
    ((read, stamp),) = booted.read(hold)

    assert hold.believes()
    assert read == stamp > NOW_S
    assert len(said) == 3
    assert said[2].startswith("I! The clock is synchronised;")


# A clock that cannot be right.


@pytest.mark.parametrize("timesyncd", ["none", "at work", "content"])
def test_a_clock_older_than_the_release_is_never_believed(world, said, timesyncd):
    """Whoever set it, and whatever was said of it; on the day of the release it may be right."""
    if timesyncd != "none":
        world.start_timesyncd()
    if timesyncd == "content":
        world.synchronise()
    world.wall_s = RELEASED_S - 100
    hold = world.hold(5)
    assert [booted for _ in range(90) if (booted := world.read(hold))] == []
    assert not hold.believes()
    assert said[0].startswith(f"E! The clock is older than this release ({RELEASED_ON}), so it is wrong;")

    world.wall_s = RELEASED_S
    assert hold.believes() == (timesyncd != "at work")
    assert world.read(hold)


def test_patience_does_not_make_an_old_clock_right(booted):
    """Readings went out marked; then the clock is set to 1970, and they wait."""
    hold = booted.hold(5)
    for _ in range(7):
        booted.read(hold)
    assert booted.read(hold)
    booted.wall_s = 3.0
    assert [booted.read(hold) for _ in range(20)] == [[]] * 20
    booted.wall_s = NOW_S
    booted.synchronise()
    stamps = [stamp for _, stamp in booted.read(hold)]
    assert stamps[-1] == NOW_S + 1
    assert stamps == list(range(stamps[0], NOW_S + 2))


def test_the_oldest_are_discarded_while_the_clock_is_too_old(booted):
    """As many slots wait as fit into the time; what comes then costs the oldest. When the clock is right, so is the rest."""
    hold = booted.hold(60)
    booted.wall_s = 1000.0
    for _ in range(200):
        assert booted.read(hold) == []
    assert (len(hold), hold.discarded) == (60, 140)
    # A gap, as when the port was away, makes several too old at once.
    booted.sleep(20)
    assert booted.read(hold) == []
    assert (len(hold), hold.discarded) == (40, 161)
    booted.sleep(30.4)
    booted.wall_s = NOW_S
    booted.synchronise()
    released = booted.read(hold)

    assert [read for read, _ in released[:-1]] == [*range(1162, 1201), 1221]
    assert [stamp for _, stamp in released] == [*range(NOW_S - 90, NOW_S - 51), NOW_S - 31, NOW_S + 1]
    assert hold.discarded == 161


# What is said.


def test_the_end_says_what_is_lost(booted, said):
    hold = booted.hold()
    hold.close()
    assert said == []
    for _ in range(7):
        booted.read(hold)
    hold.close()
    assert said[-1] == "W! The clock was not synchronised before the end; the readings of 7 slots are lost."
    booted.wall_s = 1000.0
    for _ in range(601):
        booted.read(hold)
    hold.close()
    assert said[-1] == "W! The clock was not synchronised before the end; the readings of 608 slots are lost."


def test_each_state_is_told_once(booted, said):
    """Too old, then in doubt, then given up, then right."""
    hold = booted.hold(60)
    for second, slots in ((1000, 30), (NOW_S - 9000, 70)):
        booted.wall_s = second
        for _ in range(slots):
            booted.read(hold)
    booted.synchronise()
    for _ in range(10):
        booted.read(hold)
    hold.close()
    assert [" ".join(line.split()[3:6]) for line in said] == [
        "is older than",
        "is not synchronised;",
        "was not synchronised",
        "is synchronised; readings",
    ]


def test_the_meters_own_time_is_no_matter_of_this_clock(booted):
    hold = booted.hold()
    first = booted.slot()
    own = Point("electricity", {"meter": "a"}, {"power_w": 1.0}, 5 * NS, is_own_time=True)
    here = Point("electricity", {"meter": "b"}, {"power_w": 2.0}, first.time_ns)
    assert hold.through(first, [own, here]) == []
    # Another slot in the same second, since the clock was set back in between.
    again = Slot(first.time_ns, first.began_s + 0.01, first.deadline_s)
    assert hold.through(again, [own, here]) == []
    booted.synchronise(BEHIND_S)

    points = hold.due()
    assert [point.time_ns for point in points if point.is_own_time] == [5 * NS, 5 * NS]
    (moved,) = [point for point in points if not point.is_own_time]
    assert moved.time_ns > first.time_ns
    assert hold.discarded == 1


def test_what_was_read_before_its_slot_stays_before_it(booted):
    hold = booted.hold()
    slot = booted.slot()
    before = Point("electricity", {}, {"power_w": 1.0}, slot.time_ns - 40 * NS)
    now = Point("electricity", {"meter": "b"}, {"power_w": 2.0}, slot.time_ns)
    assert hold.through(slot, [before, now]) == []
    booted.synchronise(BEHIND_S)

    times = [point.time_ns for point in hold.due()]
    assert times[1] - times[0] == 40 * NS
    assert times[1] > slot.time_ns
