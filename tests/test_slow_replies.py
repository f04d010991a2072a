"""Meters that take long to prepare a long reply, and short ones not, on a virtual clock: no real time passes.

| fault | test |
|---|---|
| short replies in time hide that a long one is always late: its meter is asked too early for good, and collides with its neighbours | test_a_slow_long_read_costs_the_neighbours_nothing |
| ... and its counters, each read by itself, have no time | test_counters_are_read_beside_a_slow_long_read |
| a meter becomes slower for good, and its late replies are taken for quick ones to the question once more: it is asked too early, or after ever longer pauses | test_a_meter_that_becomes_slower_for_good_is_waited_for |
| the time of a long read is reckoned for short ones too, so that meters take turns for nothing | test_short_reads_are_not_reckoned_as_slow_as_long_ones |
"""

from collections.abc import Callable
from itertools import pairwise

import pytest

from test_many_meters import Live, gaps, told
from virtual import Ask, Replies, Street

# Hundreds of seconds of a virtual line take some of a busy machine's.
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def slow_to(register: int, slow_s: float, quick_s: float = 0.015) -> Callable[[Ask], Replies]:
    """A meter that prepares a reply with this register for long, and others not."""
    return lambda ask: [
        (slow_s if register in range(ask.first, ask.first + ask.count) else quick_s, ask.reply()),
    ]


def slow_above(registers: int, slow_s: float, quick_s: float = 0.02) -> Callable[[Ask], Replies]:
    """A meter that prepares a reply of more registers for long, and shorter ones not."""
    return lambda ask: [(slow_s if ask.count > registers else quick_s, ask.reply())]


def oldest_s(fields: dict[int, set[str]], name: str, last: int) -> int:
    """The longest time between two readings of a field."""
    slots = [slot for slot, those in sorted(fields.items()) if name in those]
    return max(later - earlier for earlier, later in pairwise([0, *slots, last]))


@pytest.mark.parametrize("is_wire", [True, False], ids=["wire", "gateway"])
@pytest.mark.parametrize(
    ("behaves", "round_s"), [(slow_to(0x12, 0.415), 1), (slow_above(40, 0.4), 2)], ids=["by register", "by length"]
)
def test_a_slow_long_read_costs_the_neighbours_nothing(
    live: Live, behaves: Callable[[Ask], Replies], round_s: int, is_wire: bool
) -> None:
    """The first read of the 517 has 46 registers, those of its counters have 48: beside two slow ones a second is full."""
    street = Street("house=orno-we517@1", "wp=orno-we515@2", is_wire=is_wire)
    street["house"].behaves = behaves
    seen = live(street, 170)
    given = {
        name: [slot for slot in of_meter.slots(20, 170) if "power_w" in of_meter.fields[slot]]
        for name, of_meter in seen.items()
    }
    assert [of_meter.wrong for of_meter in seen.values()] == [[], []]
    assert gaps(given["wp"]) <= {1, 2}
    assert gaps([slot for slot in given["wp"] if slot >= 100]) == {round_s}
    # Every fourth of its own turns may be left to a trial until all is learnt.
    assert len(given["house"]) > 50


def test_counters_are_read_beside_a_slow_long_read(live: Live) -> None:
    street = Street("house=orno-we517@1", is_wire=True)
    street["house"].behaves = slow_to(0x12, 0.415)
    seen = live(street, 200)["house"]
    assert seen.wrong == []
    counters = {row.field for row in street["house"].meter.model.rows if row.pace == "slow"}
    ages = {name: oldest_s(seen.fields, name, 200) for name in counters}
    assert max(ages.values()) <= 35, ages


def test_short_reads_are_not_reckoned_as_slow_as_long_ones(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """One sweep of both takes 0.66 s, and their slow reads 54 to 121 ms."""
    street = Street("s=eastron-sdm630@1", "c=chint-ddsu666@3,stop=1", is_wire=True)
    street["s"].behaves = slow_above(40, 0.4)
    seen = live(street, 180)
    for name, of_meter in seen.items():
        assert of_meter.wrong == []
        assert gaps(of_meter.slots(30, 180)) == {1}, (name, told(caplog, "each"))


@pytest.mark.parametrize("is_wire", [True, False], ids=["wire", "gateway"])
@pytest.mark.parametrize("slow_s", [0.14, 0.18, 0.25])
@pytest.mark.parametrize(
    "words",
    [["b=chint-ddsu666@2", "ws=bg-etech-ws100@3"], ["b=chint-ddsu666@2"], ["b=orno-we515@2", "n=eastron-sdm230@3"]],
    ids=["two", "alone", "others"],
)
def test_a_meter_that_becomes_slower_for_good_is_waited_for(
    live: Live, words: list[str], slow_s: float, is_wire: bool
) -> None:
    """On a wire it is deaf while it prepares a reply, so the question once more is not heard, and the one reply comes behind it."""
    street = Street(*words, is_wire=is_wire)
    street["b"].behaves = lambda ask: [(slow_s if ask.heard_s >= 60 else 0.02, ask.reply())]
    seen = live(street, 120)
    powers = {name: [slot for slot in of.slots(60) if "power_w" in of.fields[slot]] for name, of in seen.items()}
    assert all(len(slots) >= 61 - 5 for slots in powers.values()), powers
    health = seen["b"].health
    assert health["pause_ms"] == 0
    assert health["timeout_ms"] >= 1.2 * 1000 * slow_s
    assert health["round_trip_max_ms"] >= 1000 * slow_s
