"""Seven houses side by side on one InfluxDB, each with its own meters, plugin, journal and Telegraf, and its own misfortune.

All live through the same three parts: InfluxDB is there; it is gone, with kill -9; it is back, Telegraf writes what it has
and is stopped, and `reconcile` runs. What befalls each of them stands at the head of ``stories.py``. An hour of metering is
compressed: what can happen to a second depends on where it lies in the ten seconds of the journal and of Telegraf, and each
part is several of those.

| fault | test |
|---|---|
| nothing was lost to begin with, so that nothing is proven | test_telegraf_alone_loses_what_it_held |
| a metered second is not in the database in the end | test_each_metered_second_is_in_the_database |
| ... but the last ten before a power cut, and no more than those | the same |
| a value is another one, a point is there twice or beside its second | test_what_is_stored_is_what_the_meter_said |
| a line of the journal is not there as it stands, or another one of its second is | test_what_the_journal_has_is_stored_as_it_stands |
| the number does not say so | test_the_number_says_exactly_that |
| a second run writes again | test_a_second_run_has_nothing_to_do |
| a full disk is not told, or ends the journal for good | test_a_full_disk_costs_the_journal_alone |
| a torn journal is not told, or what follows is not kept | test_a_torn_journal_is_gone_on_with |
| of a second that was metered twice the first value stays | test_of_what_was_metered_twice_the_later_value_stands |
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from line_protocol_parser import parse_line

from chain.lane import Lane
from chain.stories import STORIES, Story, power
from chain.sums import CUTS_SHORT, FAST, NS, Points, Sum
from database import wait_until
from wattline.journal.notes import is_note
from wattline_backup.reconcile.work import Result

pytestmark = [pytest.mark.chain, pytest.mark.timeout(600)]

HOUR_S = 3600
REASONS = ("silent", "unbelieved", "busy", "port", "clock", "lost", "off")
HOUSES = [story.__name__ for story in STORIES]


@dataclass
class House:
    """What was where when all was over.

    Attributes:
        lane: with all that was done to it.
        before, after: the sums of its meters before it was reconciled, and afterwards.
        stored, kept: what InfluxDB and the journal have of each meter.
        numbers: those of ``wattline_completeness``, of each meter.
        cut_s: up to which second they are told.
        first, second: what came of reconciling.
    """

    lane: Lane
    before: dict[str, Sum] = field(default_factory=dict)
    after: dict[str, Sum] = field(default_factory=dict)
    stored: dict[str, Points] = field(default_factory=dict)
    kept: dict[str, dict[int, dict[str, float]]] = field(default_factory=dict)
    numbers: dict[str, Counter[str]] = field(default_factory=dict)
    cut_s: int = 0
    first: Result = field(default_factory=Result)
    second: Result = field(default_factory=Result)


@pytest.fixture(scope="module")
def houses(
    server: Callable[[str], str],
    influxdb: Any,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[dict[str, House]]:
    """Lived once for all tests of this module."""
    folder, program = tmp_path_factory.mktemp("houses"), server("telegraf")
    with ExitStack() as stack, ThreadPoolExecutor(len(STORIES)) as pool:
        lanes = {
            story: stack.enter_context(Lane(story.__name__, influxdb, program, folder, pytestconfig, **options))
            for story, options in STORIES.items()
        }
        try:
            live(influxdb, lanes, pool)
        finally:
            if not influxdb.is_alive:
                influxdb.start()
        yield {story.__name__: judged(lane) for story, lane in lanes.items()}


def live(influxdb: Any, lanes: Mapping[Callable[[Lane], Story], Lane], pool: ThreadPoolExecutor) -> None:
    """The three parts."""
    for lane in lanes.values():
        lane.start()
    stories = [story(lane) for story, lane in lanes.items()]
    list(pool.map(next, stories))
    lanes[power].cut_power(influxdb)
    list(pool.map(lambda story: next(story, None), stories))
    influxdb.start()
    back_s = time.time()
    list(pool.map(lambda lane: end(lane, back_s), lanes.values()))


def end(lane: Lane, back_s: float) -> None:
    """Telegraf writes what it has, and is stopped."""

    def is_stored() -> bool:
        newest_s = (max(points, default=0) / NS for points in lane.stored().values())
        return all(second > back_s for second in newest_s)

    if lane.site == "clock":
        # By its clock the seconds do not tell; two flushes do.
        lane.meter(2 * 10 + 2)
    else:
        wait_until(f"the Telegraf of {lane.site} has caught up", is_stored, 120)
    lane.stop_telegraf()


def judged(lane: Lane) -> House:
    """Reconcile when the hour is over, since in a running one equal numbers are not doubted yet."""
    house = House(lane, before=lane.sum_up())
    house.cut_s = (int(time.time()) // HOUR_S + 1) * HOUR_S
    house.first, house.second = (lane.reconcile(house.cut_s) for _ in range(2))
    house.after, house.stored, house.kept, house.numbers = lane.sum_up(), lane.stored(), lane.kept(), lane.numbers()
    return house


@pytest.fixture(params=HOUSES)
def house(request: pytest.FixtureRequest, houses: dict[str, House]) -> House:
    """Each of them."""
    return houses[str(request.param)]


@pytest.mark.parametrize("name", ["away", "telegraf", "both", "power"])
def test_telegraf_alone_loses_what_it_held(houses: dict[str, House], name: str) -> None:
    for found in houses[name].before.values():
        assert len(found.missing) >= {"away": 20, "telegraf": 5, "both": 30, "power": 10}[name]


def test_each_metered_second_is_in_the_database(house: House) -> None:
    """What was given out in the moment of a kill may be in nobody's hands yet. All but a few of what the meter said was metered."""
    kills = sum(event.kind in CUTS_SHORT for event in house.lane.events)
    for found in house.after.values():
        assert found.missing == set()
        assert found.cut_short <= 2 * kills
        assert found.unread <= 2 * kills + found.stored / 4
        assert len(found.allowed) <= (2 * 11 if house.lane.site == "power" else 0)
        assert found.stored >= 70


def test_what_is_stored_is_what_the_meter_said(house: House) -> None:
    for found in house.after.values():
        assert found.wrong == []


def test_what_the_journal_has_is_stored_as_it_stands(house: House) -> None:
    for meter, points in house.kept.items():
        assert len(points) >= 20
        stored = house.stored[meter]
        assert {stamp: fields for stamp, fields in points.items() if not fields.items() <= stored[stamp].items()} == {}


def test_the_number_says_exactly_that(house: House) -> None:
    """Due from the begin of the first process on; what is not metered has a reason, and adds up.

    Why a second was not metered while the disk was full, nobody knows; that InfluxDB has it, is known. What InfluxDB has and the
    journal has not is known by its fullest field, so a reading that is not whole, as on a busy machine, may be told as none.
    """
    begins = [note["at"] for note in house.lane.notes() if "began" in note]
    unkept = unkept_seconds(house)
    for meter, numbers in house.numbers.items():
        stored, kept = house.stored[meter], house.kept[meter]
        partial = len([stamp for stamp, fields in stored.items() if stamp not in kept and FAST - fields.keys()])
        assert numbers["metered"] == numbers["stored"]
        assert len(stored) - partial <= numbers["stored"] <= len(stored)
        assert numbers["due"] == house.cut_s - min(begins)
        assert numbers["due"] == numbers["metered"] + sum(numbers[reason] for reason in REASONS)
        assert 0 <= numbers["lost"] - len(unkept - seconds(stored)) <= partial


def unkept_seconds(house: House) -> set[int]:
    """Those in which the journal's disk took nothing."""
    lost = [(int(str(note["since"])), int(str(note["at"]))) for note in house.lane.notes() if "lost" in note]
    assert len(lost) == (house.lane.site == "disk")
    return {second for since, at in lost for second in range(since, at + 1)}


def seconds(points: Points) -> set[int]:
    return {stamp // NS for stamp in points}


def test_a_second_run_has_nothing_to_do(house: House) -> None:
    assert (house.first.missing, house.first.remarks) == (0, [])
    assert (house.second.filled, house.second.missing, house.second.lines) == (0, 0, 0)


def test_a_full_disk_costs_the_journal_alone(houses: dict[str, House]) -> None:
    """It is off for a while, which InfluxDB has, and on again."""
    house = houses["disk"]
    unkept, kept, stored = unkept_seconds(house), seconds(house.kept["house"]), seconds(house.stored["house"])
    assert len(unkept & stored - kept) > 50
    assert len(unkept & kept) <= 3, "of the first and the last of it"
    assert max(kept) > max(unkept)


def test_a_torn_journal_is_gone_on_with(houses: dict[str, House]) -> None:
    house = houses["power"]
    assert house.lane.telegraf.log.count("ends within a record, as after a power cut") == 1
    begins = [int(str(note["at"])) for note in house.lane.notes() if "began" in note]
    assert len(set(begins)) == 3
    kept = [stamp // NS for stamp in house.kept["house"]]
    for begin, until in zip(begins, [*begins[1:], house.cut_s], strict=True):
        assert [second for second in kept if begin <= second < until]


def test_of_what_was_metered_twice_the_later_value_stands(houses: dict[str, House]) -> None:
    """InfluxDB had the first, and the second was with the Telegraf that was killed, so that the numbers were equal."""
    house = houses["clock"]
    points = [parse_line(line) for line in house.lane.lines() if not is_note(line)]
    powers: dict[int, list[float]] = {}
    for point in points:
        if point["measurement"] == "electricity" and "power_w" in point["fields"]:
            powers.setdefault(point["time"], []).append(point["fields"]["power_w"])
    twice = {stamp: values for stamp, values in powers.items() if len(values) > 1 and values[0] != values[-1]}
    assert len(twice) >= 8
    assert {stamp: values[-1] for stamp, values in twice.items()} == {
        stamp: house.stored["house"][stamp]["power_w"] for stamp in twice
    }
    assert max(powers) - min(powers) > (HOUR_S - 60) * NS
