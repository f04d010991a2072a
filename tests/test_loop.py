"""The loop that conducts, on virtual clocks: what goes out when, and what wattline reports of itself.

| fault                                                    | test                                                        |
|----------------------------------------------------------|-------------------------------------------------------------|
| readings wait for what can be done after them            | test_readings_are_out_before_the_rest_of_the_slot_is_used   |
| the self-metrics come more often or more rarely          | test_self_metrics_come_every_ten_seconds                    |
| ... or only while a meter answers                        | test_a_source_that_says_nothing_is_reported_all_the_same    |
| they count wrong                                         | test_the_bus_is_reported_with_what_happened                 |
| ... or use words that are not in the vocabulary          | the same                                                    |
| a person is told old news, or of other slots              | test_the_sentence_for_a_person_is_made_every_ten_seconds    |
| a doubtful clock is not told                             | test_readings_that_go_out_marked_are_told_in_a_self_metric  |
| held readings wait for the next slot, an hour away       | test_held_readings_go_out_while_a_slot_is_waited_for        |
| ... or are lost at the end though the clock is right     | test_held_readings_go_out_at_the_end                        |
| the end within a read is an error, or leaves half a slot | test_the_end_within_a_slot_is_an_end_like_any_other         |
| a bug is swallowed, or leaves the port open              | test_a_bug_comes_out_and_the_source_is_closed               |
| what speaks unasked is not listened to between slots     | test_the_source_is_attended_to_every_few_seconds            |
| the name of the run is not told                          | test_a_run_is_told_with_the_first_readings                  |
| the journal lacks a line, or has another                 | test_the_journal_has_what_goes_out                          |
| ... or has a held reading with a false stamp, or early   | test_what_was_held_is_kept_when_it_goes_out                 |
| ... or the second of an absent one is that of no slot    | the same                                                    |
| ... or nothing of readings that were given up            | test_readings_that_are_given_up_are_told_to_the_journal     |
| ... or nothing of a clock that was set back              | test_a_clock_that_is_set_back_is_told_to_the_journal        |
| its state is not reported                                | test_the_journal_is_reported_where_there_is_one             |
"""

import pytest

from wattline import fields
from wattline.clock import Clock
from wattline.hold import Hold
from wattline.loop import Loop
from wattline.reading import Absence, Point, Reason
from wattline.runs import Run
from wattline.stop import Stopped

NS = 1_000_000_000
NOW_NS = 1_900_000_000 * NS + NS // 2


class World:
    """Both clocks, the flag that ends everything, timesyncd's folder, and all that the loop conducts.

    Args:
        folder: of timesyncd.
        slots: after so many the process is asked to end.
        sweeps_s: how long the sweeps last, one after the other; then they last 0.1 s.
    """

    def __init__(self, folder, interval_s=1, slots=25, longest_s=600, sweeps_s=(), *, run=None, journal=None):
        self.folder = folder
        self.uptime_s = 100.0
        self.stepped_ns = 0
        self.is_set = False
        self.slots = slots
        self.sweeps_s = list(sweeps_s)
        self.events = []
        self.lines = []
        self.written = self.dropped = self.attended = 0
        clock = Clock(interval_s, self, self.wall_ns, self.monotonic)
        hold = Hold(longest_s, folder, self.wall_ns, self.monotonic)
        self.loop = Loop(clock, self, hold, self, "/dev/ttyMeter", run=run, journal=journal)

    def monotonic(self):
        return self.uptime_s

    def wall_ns(self):
        return NOW_NS + self.stepped_ns + round((self.uptime_s - 100) * NS)

    def wait(self, seconds):
        self.uptime_s += max(seconds, 0) + 1e-6
        self.happen()
        return self.is_set

    def happen(self):
        """For tests to change."""

    # The source.

    speaks_unasked = False

    def poll(self, slot):
        self.events.append("poll")
        self.uptime_s += self.sweeps_s.pop(0) if self.sweeps_s else 0.1
        return self.readings(slot)

    def readings(self, slot):
        return [Point(fields.ELECTRICITY, {"meter": "house"}, {"power_w": 7.0}, slot.time_ns)]

    def absences(self, slot):
        return [Absence({"roof": Reason.SILENT}, slot.time_ns)] if slot.time_ns // NS % 2 else []

    def idle(self, _slot):
        self.events.append("idle")
        self.slots -= 1
        self.is_set = self.slots <= 0

    def attend(self):
        self.attended += 1

    def meter_id(self):
        return ""

    def report(self, slot):
        return [Point(fields.METER_HEALTH, {"meter": "house", "model": "m"}, {"polls": 1.0}, slot.time_ns)]

    def health(self):
        return {"busy_percent": 5.0}

    def status(self):
        return "1 of 1 meters answer (house 7 W)"

    def close(self):
        self.events.append("close")

    # The output.

    def put(self, lines):
        self.events += ["put"] if lines else []
        self.lines += lines
        self.written += len(lines)

    def __len__(self):
        return 3


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "timesync"


def of(world, parsed, measurement):
    """The points of a measurement: second since the start, fields."""
    points = [parsed(line) for line in world.lines]
    return [
        (point["time"] // NS - NOW_NS // NS - 1, point["fields"])
        for point in points
        if point["measurement"] == measurement
    ]


def test_readings_are_out_before_the_rest_of_the_slot_is_used(folder):
    world = World(folder, slots=3)
    world.loop.run()
    assert world.events == ["poll", "put", "idle"] * 3 + ["close"]


@pytest.mark.parametrize(
    ("interval_s", "slots", "expected"),
    [
        (1, 35, [0, 10, 20, 30]),
        # The first slot is wherever the start was, the others are multiples: 1 900 000 002 is one of 2 and 3.
        (2, 18, [0, 9, 19, 29]),
        (10, 4, [0, 9, 19, 29]),
        (60, 3, [0, 19, 79]),
    ],
)
def test_self_metrics_come_every_ten_seconds(folder, parsed, interval_s, slots, expected):
    """As near as the interval allows, the first with the first slot; with a longer interval each slot has them."""
    world = World(folder, interval_s, slots)
    world.loop.run()
    assert [second for second, _ in of(world, parsed, "wattline_bus")] == expected
    assert [second for second, _ in of(world, parsed, "wattline_meter")] == expected


def test_a_source_that_says_nothing_is_reported_all_the_same(folder, parsed):
    world = World(folder, slots=22)
    world.readings = lambda _slot: []
    world.loop.run()
    assert [second for second, _ in of(world, parsed, "wattline_bus")] == [0, 10, 20]
    assert of(world, parsed, "electricity") == []


def test_the_bus_is_reported_with_what_happened(folder, parsed):
    """Counters grow; the worst delay is that since the last report.

    The second sweep makes the third slot 0.3 s late, the fourth costs two slots, and the step a second of waiting.
    """
    world = World(folder, slots=25, sweeps_s=[0.1, 1.3, 0.1, 2.8])

    def step():
        if world.uptime_s > 107:
            world.stepped_ns = -3600 * NS

    world.happen = step
    world.loop.run()
    first, *others = [values for _, values in of(world, parsed, "wattline_bus")]
    assert first == pytest.approx(
        {
            "slots": 1,
            "missed_slots": 0,
            "start_delay_ms": 0,
            "clock_steps": 0,
            "clock_synchronised": 1,
            "readings_held": 0,
            "readings_discarded": 0,
            "lines_written": 0,
            "lines_waiting": 3,
            "lines_dropped": 0,
            "busy_percent": 5,
        }
    )
    assert [values["start_delay_ms"] for values in others] == [pytest.approx(300, abs=1), 0]
    assert {values["missed_slots"] for values in others} == {2}
    assert {values["clock_steps"] for values in others} == {1}
    assert [values["slots"] for values in others] == [8, 18]
    # What was put in the slots before: a reading each, and two points of self-metrics with the first.
    assert [values["lines_written"] for values in others] == [9, 21]


def test_the_sentence_for_a_person_is_made_every_ten_seconds(folder):
    """The fourth sweep costs two slots, and in the sixth nothing is read."""
    world = World(folder, slots=25, sweeps_s=[0.1, 0.1, 0.1, 2.8])
    readings, told = world.readings, []
    world.readings = lambda slot: [] if world.events.count("poll") == 6 else readings(slot)
    world.happen = lambda: told.append(world.loop.status) if world.loop.status not in told[-1:] else None
    world.loop.run()
    well = "/dev/ttyMeter: 1 of 1 meters answer (house 7 W); a reading in {} of the last {} seconds; "
    waiting = "3 lines wait for Telegraf to read them."
    first, *others = told
    assert first == "/dev/ttyMeter: no reading yet."
    assert others == [well.format(*counts) + waiting for counts in ((1, 1), (8, 11), (18, 21))]


def test_readings_that_go_out_marked_are_told_in_a_self_metric(folder, parsed):
    """Nobody said in time that the clock is right: `clock_synchronised` is 0, until somebody does."""
    folder.mkdir()
    world = World(folder, slots=52, longest_s=15)

    def synchronise():
        if world.uptime_s > 131:
            (folder / "synchronized").touch()

    world.happen = synchronise
    world.loop.run()
    reports = of(world, parsed, "wattline_bus")
    assert [(second, report["clock_synchronised"]) for second, report in reports] == [
        (0, 0),
        (10, 0),
        (20, 0),
        (30, 0),
        (40, 1),
        (50, 1),
    ]
    assert [report["readings_held"] for _, report in reports] == [0, 10, 0, 0, 0, 0]
    assert [second for second, _ in of(world, parsed, "electricity")] == list(range(52))


@pytest.mark.parametrize("interval_s", [60, 3600])
def test_held_readings_go_out_while_a_slot_is_waited_for(folder, parsed, interval_s):
    """A few seconds after the clock was set, and with the right time."""
    folder.mkdir()
    world = World(folder, interval_s)

    def synchronise():
        if world.uptime_s > 112 and not world.stepped_ns:
            world.stepped_ns = 86_400 * NS
            (folder / "synchronized").touch()
        world.is_set = world.uptime_s > 118

    world.happen = synchronise
    world.put = lambda lines: world.lines.extend((world.uptime_s, line) for line in lines)
    world.loop.run()
    ((at_s, line),) = [(at_s, line) for at_s, line in world.lines if line.startswith("electricity")]
    assert 112 < at_s < 118
    assert parsed(line)["time"] == NOW_NS + NS // 2 + 86_400 * NS


def test_held_readings_go_out_at_the_end(folder, parsed):
    """The clock was set after the last slot, and nothing need be lost."""
    folder.mkdir()
    world = World(folder, slots=5)

    def synchronise():
        if world.is_set:
            (folder / "synchronized").touch()

    idle = world.idle
    world.idle = lambda slot: (idle(slot), synchronise())
    world.loop.run()
    assert [second for second, _ in of(world, parsed, "electricity")] == [0, 1, 2, 3, 4]
    assert world.events[-2:] == ["put", "close"]


@pytest.mark.parametrize("where", ["poll", "idle"])
def test_the_end_within_a_slot_is_an_end_like_any_other(folder, parsed, where):
    """Of a slot that was not read to its end nothing goes out; of one that was, all."""
    world = World(folder)
    real = getattr(world, where)

    def stop_in_the_fifth(slot):
        if world.events.count("poll") == (5 if where == "idle" else 4):
            raise Stopped
        return real(slot)

    setattr(world, where, stop_in_the_fifth)
    world.loop.run()
    assert len(of(world, parsed, "electricity")) == (5 if where == "idle" else 4)
    assert world.events[-1] == "close"


@pytest.mark.parametrize("where", ["poll", "idle", "report", "health", "put"])
def test_a_bug_comes_out_and_the_source_is_closed(folder, where):
    world = World(folder)

    def stumble(*_):
        raise KeyError(where)

    setattr(world, where, stumble)
    with pytest.raises(KeyError, match=where):
        world.loop.run()
    assert world.events[-1] == "close"


def test_the_source_is_attended_to_every_few_seconds(folder):
    """However long the slots are: what a stick writes has to be taken before its port is full."""
    world = World(folder, interval_s=3600, slots=3)
    world.loop.run()

    assert 3600 / 6 < world.attended < 3 * 3600


def test_a_run_is_told_with_the_first_readings(folder, parsed):
    world = World(folder, slots=3, run=Run("winter", "/dev/ttyMeter", tags=True))
    world.loop.run()
    ((second, told),) = of(world, parsed, fields.RUN_INFO)
    readings = [point for point in map(parsed, world.lines) if point["measurement"] == fields.ELECTRICITY]

    assert (second, told["name"]) == (0, "winter")
    assert len(readings) == 3
    assert {point["tags"]["run_id"] for point in readings} == {told["id"]}


class Kept:
    """A journal in memory."""

    def __init__(self):
        self.lines, self.absent, self.given_up, self.set_back = [], [], [], []

    def put(self, lines):
        self.lines += lines

    def note_absences(self, absences):
        self.absent += absences

    def note_clock(self, slots):
        self.given_up.append(slots)

    def note_set_back(self, second):
        self.set_back.append((second, len(self.lines)))

    def health(self):
        return {"journal_on": 1.0}


def test_the_journal_has_what_goes_out(folder):
    kept = Kept()
    world = World(folder, slots=12, journal=kept)
    world.loop.run()
    assert kept.lines == world.lines
    first = NOW_NS // NS + 1
    assert [absence.time_ns // NS for absence in kept.absent] == list(range(first, first + 12, 2))


def test_what_was_held_is_kept_when_it_goes_out(folder, parsed):
    """The clock is a day behind, and set after ten seconds: absent readings are moved with those that came."""
    folder.mkdir()
    kept = Kept()
    world = World(folder, slots=20, journal=kept)

    def synchronise():
        if world.uptime_s > 110 and not world.stepped_ns:
            assert (kept.lines, kept.absent) == ([], [])
            world.stepped_ns = 86_400 * NS
            (folder / "synchronized").touch()

    world.happen = synchronise
    world.loop.run()
    assert kept.lines == world.lines
    readings = [parsed(line)["time"] for line in kept.lines if line.startswith(fields.ELECTRICITY)]
    absent = [absence.time_ns for absence in kept.absent]
    assert absent
    assert set(absent) <= set(readings)
    assert min(readings) > NOW_NS + 86_399 * NS


def test_readings_that_are_given_up_are_told_to_the_journal(folder):
    """Those that waited too long for the right time, and those that still wait at the end."""
    folder.mkdir()
    kept = Kept()
    world = World(folder, slots=20, longest_s=15, journal=kept)
    world.stepped_ns = -(1_800_000_000 * NS)
    world.loop.run()
    assert kept.lines == []
    assert sum(kept.given_up) == 20
    assert kept.given_up[:-1] == [1] * (len(kept.given_up) - 1)


@pytest.mark.parametrize("is_polling", [False, True])
def test_a_clock_that_is_set_back_is_told_to_the_journal(folder, parsed, is_polling):
    """Before the first line of the time that comes again, and with its second; a step forward is not told.

    The slot that is under way when it is set gets the new time as well.
    """
    kept = Kept()
    world = World(folder, slots=20, journal=kept)

    def step():
        if world.uptime_s > 110:
            world.stepped_ns = -3600 * NS
        if world.uptime_s > 115:
            world.stepped_ns = 0

    def readings(slot):
        step()
        return World.readings(world, slot)

    world.happen, world.readings = (lambda: None, readings) if is_polling else (step, world.readings)
    world.loop.run()
    ((second, lines_before),) = kept.set_back
    stamps = [parsed(line)["time"] // NS for line in kept.lines]
    assert second == min(stamps[lines_before:])
    assert second == NOW_NS // NS - 3600 + (11 if is_polling else 12)
    assert min(stamps[:lines_before]) > second + 3000


def test_the_journal_is_reported_where_there_is_one(folder, parsed):
    reports = []
    for journal in (None, Kept()):
        world = World(folder, slots=2, journal=journal)
        world.loop.run()
        reports += [values for _, values in of(world, parsed, "wattline_bus")]
    assert ["journal_on" in report for report in reports] == [False, True]
